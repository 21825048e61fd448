#include "store/retention.h"

#include "store/reader.h"
#include "store/statements.h"

#define PACKAGE                                                                                    \
    "SELECT p.id, p.name, COALESCE(o.rules, a.rules), o.rules FROM package p "                     \
    "LEFT JOIN package_retention o ON o.package_id = p.id "                                        \
    "LEFT JOIN account_retention a ON a.account_id = p.account_id "
#define PACKAGE_TYPES "itTT"

enum {
    RULES_OF_ACCOUNT,
    RULES_OF_PACKAGE,
    PUT_ACCOUNT,
    PUT_PACKAGE,
    DROP_ACCOUNT,
    DROP_PACKAGE,
    LIST,
    ONE,
    LABELS,
    DROP_RELEASE,
    NEXT_ACCOUNT,
    RUN_FIND,
    RUN_PUT
};
static const struct stmt stmts[] = {
    [RULES_OF_ACCOUNT] = {"retention_of_account",
                          "SELECT rules FROM account_retention WHERE account_id = $1", "i", "t"},
    [RULES_OF_PACKAGE] = {"retention_of_package",
                          "SELECT rules FROM package_retention WHERE package_id = $1", "i", "t"},
    [PUT_ACCOUNT] = {"retention_put_account",
                     "INSERT INTO account_retention (account_id, rules, changed_ms) "
                     "VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE SET "
                     "rules = excluded.rules, changed_ms = excluded.changed_ms "
                     "WHERE account_retention.rules <> excluded.rules",
                     "iti", ""},
    [PUT_PACKAGE] = {"retention_put_package",
                     "INSERT INTO package_retention (package_id, rules, changed_ms) "
                     "VALUES ($1, $2, $3) ON CONFLICT (package_id) DO UPDATE SET "
                     "rules = excluded.rules, changed_ms = excluded.changed_ms "
                     "WHERE package_retention.rules <> excluded.rules",
                     "iti", ""},
    [DROP_ACCOUNT] = {"retention_drop_account",
                      "DELETE FROM account_retention WHERE account_id = $1", "i", ""},
    [DROP_PACKAGE] = {"retention_drop_package",
                      "DELETE FROM package_retention WHERE package_id = $1", "i", ""},
    [LIST] = {"retention_list",
              PACKAGE "WHERE p.account_id = $1 AND p.name > $2 ORDER BY p.name LIMIT $3", "iti",
              PACKAGE_TYPES},
    [ONE] = {"retention_find", PACKAGE "WHERE p.account_id = $1 AND p.name = $2", "it",
             PACKAGE_TYPES},
    [LABELS] = {"retention_labels",
                "SELECT fl.file_id, l.id, l.name, l.locked, l.access FROM file f "
                "JOIN file_label fl ON fl.file_id = f.id JOIN label l ON l.id = fl.label_id "
                "WHERE f.package_id = $1 ORDER BY fl.file_id, l.name",
                "i", "iitit"},
    [DROP_RELEASE] = {"retention_drop_release",
                      "DELETE FROM release WHERE id = $1 "
                      "AND NOT EXISTS (SELECT 1 FROM file WHERE release_id = $1) "
                      "AND NOT EXISTS (SELECT 1 FROM upload WHERE release_id = $1)",
                      "i", ""},
    [NEXT_ACCOUNT] = {"retention_next_account",
                      "SELECT a.id, a.login FROM account a WHERE a.id > $1 AND (EXISTS "
                      "(SELECT 1 FROM account_retention r WHERE r.account_id = a.id) OR EXISTS "
                      "(SELECT 1 FROM package_retention r JOIN package p ON p.id = r.package_id "
                      "WHERE p.account_id = a.id)) ORDER BY a.id LIMIT 1",
                      "i", "it"},
    [RUN_FIND] = {"retention_run_find",
                  "SELECT ended_ms, files, size, problem FROM retention_run WHERE account_id = $1",
                  "i", "iiit"},
    [RUN_PUT] = {"retention_run_put",
                 "INSERT INTO retention_run (account_id, ended_ms, files, size, problem) "
                 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id) DO UPDATE SET "
                 "ended_ms = excluded.ended_ms, files = excluded.files, size = excluded.size, "
                 "problem = excluded.problem",
                 "iiiit", ""},
};
const struct stmt_list retention_statements = {stmts, COUNT(stmts)};

static enum err_code read_rules(struct tx *tx, struct arena *mem, const struct stmt *s, int64_t id,
                                struct str *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_ARGS(db_int(id)), &rows, err);

    return code ? code : reader_row_text(rows, mem, ret, err);
}

enum err_code retention_of_account(struct tx *tx, struct arena *mem, int64_t account_id,
                                   struct str *ret_rules, struct err *err)
{
    return read_rules(tx, mem, &stmts[RULES_OF_ACCOUNT], account_id, ret_rules, err);
}

enum err_code retention_of_package(struct tx *tx, struct arena *mem, int64_t package_id,
                                   struct str *ret_rules, struct err *err)
{
    return read_rules(tx, mem, &stmts[RULES_OF_PACKAGE], package_id, ret_rules, err);
}

static enum err_code put(struct tx *tx, const struct stmt *s, const struct db_val *args,
                         size_t nargs, bool *ret_changed, struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, s, args, nargs, &changes, err);

    if (code == OK)
        *ret_changed = changes > 0;
    return code;
}

enum err_code retention_put_account(struct tx *tx, int64_t account_id, struct str rules,
                                    int64_t now_ms, bool *ret_changed, struct err *err)
{
    const struct db_val id = db_int(account_id);

    if (rules.len == 0)
        return put(tx, &stmts[DROP_ACCOUNT], &id, 1, ret_changed, err);
    return put(tx, &stmts[PUT_ACCOUNT], DB_ARGS(id, db_text(rules), db_int(now_ms)), ret_changed,
               err);
}

enum err_code retention_put_package(struct tx *tx, int64_t package_id, struct str rules,
                                    int64_t now_ms, bool *ret_changed, struct err *err)
{
    const struct db_val id = db_int(package_id);

    if (rules.len == 0)
        return put(tx, &stmts[DROP_PACKAGE], &id, 1, ret_changed, err);
    return put(tx, &stmts[PUT_PACKAGE], DB_ARGS(id, db_text(rules), db_int(now_ms)), ret_changed,
               err);
}

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct retention_row *row = ret;

    row->id = reader_int(&r);
    row->name = reader_text(&r);
    row->rules = reader_text(&r);
    row->own = !rows_null(rows, r.col++);
    return reader_end(&r, err);
}

enum err_code retention_list(struct tx *tx, struct arena *mem, int64_t account_id, struct str after,
                             int64_t max, struct retention_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, &stmts[LIST], DB_ARGS(db_int(account_id), db_text(after), db_int(max)),
                    read_row, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct retention_list){found.rows, found.count};
    return code;
}

enum err_code retention_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str name,
                             struct retention_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[ONE], DB_ARGS(db_int(account_id), db_text(name)), &rows, err);

    return code ? code : read_row(rows, mem, ret, err);
}

static enum err_code read_label(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct retention_label *row = ret;

    row->file_id = reader_int(&r);
    row->label.id = reader_int(&r);
    row->label.name = reader_text(&r);
    row->label.locked = reader_bool(&r);
    row->label.access = reader_access(&r);
    return reader_end(&r, err);
}

enum err_code retention_labels(struct tx *tx, struct arena *mem, int64_t package_id,
                               struct retention_label_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[LABELS], DB_ARGS(db_int(package_id)),
                                     read_label, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct retention_label_list){found.rows, found.count};
    return code;
}

enum err_code retention_drop_release(struct tx *tx, int64_t release_id, bool *ret_gone,
                                     struct err *err)
{
    return put(tx, &stmts[DROP_RELEASE], DB_ARGS(db_int(release_id)), ret_gone, err);
}

enum err_code retention_next_account(struct tx *tx, struct arena *mem, int64_t after_id,
                                     int64_t *ret_id, struct str *ret_login, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct reader r;
    int64_t id;
    struct str login;
    enum err_code code = db_one(tx, &stmts[NEXT_ACCOUNT], DB_ARGS(db_int(after_id)), &rows, err);

    if (code)
        return code;
    r = reader_of(rows, mem);
    id = reader_int(&r);
    login = reader_text(&r);
    code = reader_end(&r, err);
    if (code == OK) {
        *ret_id = id;
        *ret_login = login;
    }
    return code;
}

enum err_code retention_run_find(struct tx *tx, struct arena *mem, int64_t account_id,
                                 struct retention_run *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct retention_run run;
    struct reader r;
    enum err_code code = db_one(tx, &stmts[RUN_FIND], DB_ARGS(db_int(account_id)), &rows, err);

    if (code)
        return code;
    r = reader_of(rows, mem);
    run.ended_ms = reader_int(&r);
    run.files = reader_int(&r);
    run.size = reader_int(&r);
    run.problem = reader_text(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *ret = run;
    return code;
}

enum err_code retention_run_put(struct tx *tx, int64_t account_id, const struct retention_run *run,
                                struct err *err)
{
    return db_exec(tx, &stmts[RUN_PUT],
                   DB_ARGS(db_int(account_id), db_int(run->ended_ms), db_int(run->files),
                           db_int(run->size), db_text(run->problem)),
                   NULL, err);
}
