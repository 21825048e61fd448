#include "store/generation.h"

#include "store/reader.h"
#include "store/statements.h"

#define ROW   "SELECT number, made_ms, actor FROM generation WHERE account_id = $1 "
#define ROW_T "iit"

enum {
    NEWEST,
    ENSURE,
    SET_ACTOR,
    ADD_CHANGE,
    FIND,
    AT,
    PAGE,
    OLDEST,
    CHANGES,
    SWEEP,
    HIDE,
    HIDDEN
};
static const struct stmt stmts[] = {
    [NEWEST] = {"generation_newest",
                "SELECT COALESCE(MAX(number), 0) FROM generation WHERE account_id = $1", "i", "i"},
    [ENSURE] = {"generation_ensure",
                "INSERT INTO generation (account_id, number, made_ms, actor) "
                "VALUES ($1, $2, $3, '') ON CONFLICT (account_id, number) DO NOTHING",
                "iii", ""},
    [SET_ACTOR] = {"generation_set_actor",
                   "UPDATE generation SET actor = $1 WHERE account_id = $2 AND number = $3", "tii",
                   ""},
    [ADD_CHANGE] = {"generation_add_change",
                    "INSERT INTO generation_change (account_id, number, label, subdir, package, "
                    "filename) VALUES ($1, $2, $3, $4, $5, $6)",
                    "iitttt", ""},
    [FIND] = {"generation_find", ROW "AND number = $2", "ii", ROW_T},
    [AT] = {"generation_at", ROW "AND made_ms <= $2 ORDER BY number DESC LIMIT 1", "ii", ROW_T},
    [PAGE] = {"generation_page", ROW "AND number < $2 ORDER BY number DESC LIMIT $3", "iii", ROW_T},
    [OLDEST] = {"generation_oldest", ROW "ORDER BY number LIMIT 1", "i", ROW_T},
    [CHANGES] = {"generation_changes",
                 "SELECT number, label, subdir, package, filename FROM generation_change "
                 "WHERE account_id = $1 AND number = $2 ORDER BY id LIMIT $3",
                 "iii", "itttt"},
    [SWEEP] = {"generation_sweep",
               "DELETE FROM generation WHERE (account_id, number) IN (SELECT g.account_id, "
               "g.number FROM generation g WHERE EXISTS (SELECT 1 FROM generation n "
               "WHERE n.account_id = g.account_id AND n.number > g.number AND n.made_ms < $1) "
               "ORDER BY g.account_id, g.number LIMIT $2)",
               "ii", ""},
    [HIDE] = {"generation_hide",
              "INSERT INTO generation_hidden (account_id, package, number, package_id) "
              "VALUES ($1, lower($2), $3, (SELECT p.id FROM package p WHERE p.account_id = $1 "
              "AND lower(p.name) = lower($2))) ON CONFLICT (account_id, package) DO UPDATE SET "
              "number = excluded.number, package_id = excluded.package_id",
              "iti", ""},
    /* Another package that has the name now does not show what this one was. */
    [HIDDEN] = {"generation_hidden_after",
                "SELECT h.package, COALESCE(p.id, 0), COALESCE(p.access, 'private') "
                "FROM generation_hidden h LEFT JOIN package p ON p.id = h.package_id AND "
                "p.account_id = h.account_id WHERE h.account_id = $1 AND h.number > $2",
                "ii", "tit"},
};
const struct stmt_list generation_statements = {stmts, COUNT(stmts)};

enum err_code generation_newest(struct tx *tx, int64_t account_id, int64_t *ret_number,
                                struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[NEWEST], DB_ARGS(db_int(account_id)), &rows, err);

    if (code == OK)
        *ret_number = rows_int(rows, 0);
    return code;
}

enum err_code generation_ensure(struct tx *tx, int64_t account_id, int64_t number, int64_t now_ms,
                                struct err *err)
{
    return db_exec(tx, &stmts[ENSURE], DB_ARGS(db_int(account_id), db_int(number), db_int(now_ms)),
                   NULL, err);
}

enum err_code generation_set_actor(struct tx *tx, int64_t account_id, int64_t number,
                                   struct str actor, struct err *err)
{
    return db_exec(tx, &stmts[SET_ACTOR],
                   DB_ARGS(db_text(actor), db_int(account_id), db_int(number)), NULL, err);
}

enum err_code generation_add_change(struct tx *tx, int64_t account_id,
                                    const struct generation_change *change, struct err *err)
{
    return db_exec(tx, &stmts[ADD_CHANGE],
                   DB_ARGS(db_int(account_id), db_int(change->number), db_text(change->label),
                           db_text(change->subdir), db_text(change->package),
                           db_text(change->filename)),
                   NULL, err);
}

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct generation_row row;
    enum err_code code;

    row.number = reader_int(&r);
    row.made_ms = reader_int(&r);
    row.actor = reader_text(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct generation_row *)ret = row;
    return code;
}

static enum err_code find(struct tx *tx, struct arena *mem, const struct stmt *s,
                          int64_t account_id, int64_t value, struct generation_row *ret,
                          struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_ARGS(db_int(account_id), db_int(value)), &rows, err);

    return code ? code : read_row(rows, mem, ret, err);
}

enum err_code generation_find(struct tx *tx, struct arena *mem, int64_t account_id, int64_t number,
                              struct generation_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[FIND], account_id, number, ret, err);
}

enum err_code generation_at(struct tx *tx, struct arena *mem, int64_t account_id, int64_t ms,
                            struct generation_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[AT], account_id, ms, ret, err);
}

enum err_code generation_page(struct tx *tx, struct arena *mem, int64_t account_id, int64_t before,
                              int64_t max, struct generation_list *ret, struct err *err)
{
    struct reader_list found = {0};
    enum err_code code =
        reader_list(tx, mem, &stmts[PAGE], DB_ARGS(db_int(account_id), db_int(before), db_int(max)),
                    read_row, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct generation_list){found.rows, found.count};
    return code;
}

enum err_code generation_oldest(struct tx *tx, struct arena *mem, int64_t account_id,
                                struct generation_list *ret, struct err *err)
{
    struct reader_list found = {0};
    enum err_code code = reader_list(tx, mem, &stmts[OLDEST], DB_ARGS(db_int(account_id)), read_row,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct generation_list){found.rows, found.count};
    return code;
}

static enum err_code read_change(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct generation_change row;
    enum err_code code;

    row.number = reader_int(&r);
    row.label = reader_text(&r);
    row.subdir = reader_text(&r);
    row.package = reader_text(&r);
    row.filename = reader_text(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct generation_change *)ret = row;
    return code;
}

enum err_code generation_changes(struct tx *tx, struct arena *mem, int64_t account_id,
                                 int64_t number, int64_t max, struct generation_change_list *ret,
                                 struct err *err)
{
    struct reader_list found = {0};
    enum err_code code = reader_list(tx, mem, &stmts[CHANGES],
                                     DB_ARGS(db_int(account_id), db_int(number), db_int(max)),
                                     read_change, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct generation_change_list){found.rows, found.count};
    return code;
}

enum err_code generation_sweep(struct tx *tx, int64_t before_ms, int64_t max, int64_t *ret_count,
                               struct err *err)
{
    return db_exec(tx, &stmts[SWEEP], DB_ARGS(db_int(before_ms), db_int(max)), ret_count, err);
}

enum err_code generation_hide(struct tx *tx, int64_t account_id, struct str package, int64_t number,
                              struct err *err)
{
    return db_exec(tx, &stmts[HIDE], DB_ARGS(db_int(account_id), db_text(package), db_int(number)),
                   NULL, err);
}

static enum err_code read_hidden(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct generation_hidden row;
    enum err_code code;

    row.package = reader_text(&r);
    row.package_id = reader_int(&r);
    row.access = reader_access(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct generation_hidden *)ret = row;
    return code;
}

enum err_code generation_hidden_after(struct tx *tx, struct arena *mem, int64_t account_id,
                                      int64_t number, struct generation_hidden_list *ret,
                                      struct err *err)
{
    struct reader_list found = {0};
    enum err_code code =
        reader_list(tx, mem, &stmts[HIDDEN], DB_ARGS(db_int(account_id), db_int(number)),
                    read_hidden, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct generation_hidden_list){found.rows, found.count};
    return code;
}
