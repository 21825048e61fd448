/* audit.c: rows of the audit log. Each reading walks an index backwards from a place in it, and at
 * most AUDIT_WINDOW rows far; what the filters say is judged on the way. */
#include "store/audit.h"

#include "base/common.h"
#include "store/reader.h"
#include "store/statements.h"

#define COLUMNS                                                                                    \
    "id, time_ms, actor_id, actor, token_name, remote, action, object, detail, account_id, "       \
    "account"
#define COLUMN_TYPES                                                                               \
    "iiitttttt"                                                                                    \
    "it"

/* The rows to look at, newest first. */
#define WINDOW(columns, owner, many)                                                               \
    "SELECT " columns " FROM audit WHERE (time_ms, id) < ($1, $2) AND time_ms >= $3 " owner        \
    "ORDER BY time_ms DESC, id DESC " many
#define OF_ACCOUNT "AND account_id = $4 "
#define PASSING(action, prefix, actor, object, remote, max)                                        \
    ") AS seen WHERE (" action " = '' OR action = " action ") AND (" prefix                        \
    " = '' OR substr(action, 1, length(" prefix ")) = " prefix ") AND (" actor                     \
    " = '' OR actor = " actor ") AND (" object " = '' OR object = " object ") AND (" remote        \
    " = '' OR remote = " remote ") ORDER BY time_ms DESC, id DESC LIMIT " max
#define FROM_SEEN "SELECT " COLUMNS " FROM ("

enum { INSERT, LIST, LIST_OF, END, END_OF };
static const struct stmt stmts[] = {
    [INSERT] = {"audit_insert",
                "INSERT INTO audit (time_ms, actor_id, actor, token_name, remote, action, object, "
                "detail, account_id, account) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                "COALESCE((SELECT login FROM account WHERE id = $9), ''))",
                "iitttttti", ""},
    [LIST] = {"audit_list",
              FROM_SEEN WINDOW(COLUMNS, "", "LIMIT $4")
                  PASSING("$5", "$6", "$7", "$8", "$9", "$10"),
              "iiiittttti", COLUMN_TYPES},
    [LIST_OF] = {"audit_list_of",
                 FROM_SEEN WINDOW(COLUMNS, OF_ACCOUNT, "LIMIT $5")
                     PASSING("$6", "$7", "$8", "$9", "$10", "$11"),
                 "iiiiittttti", COLUMN_TYPES},
    [END] = {"audit_end", WINDOW("time_ms, id", "", "LIMIT 1 OFFSET $4"), "iiii", "ii"},
    [END_OF] = {"audit_end_of", WINDOW("time_ms, id", OF_ACCOUNT, "LIMIT 1 OFFSET $5"), "iiiii",
                "ii"},
};
const struct stmt_list audit_statements = {stmts, COUNT(stmts)};

enum err_code audit_insert(struct tx *tx, const struct audit_row *row, struct err *err)
{
    return db_exec(tx, &stmts[INSERT],
                   DB_ARGS(db_int(row->time_ms), db_int(row->actor_id), db_text(row->actor),
                           db_text(row->token_name), db_text(row->remote), db_text(row->action),
                           db_text(row->object), db_text(row->detail), db_int(row->account_id)),
                   NULL, err);
}

/* --- reading ------------------------------------------------------------------------------- */

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct audit_row row = {0};

    row.id = reader_int(&r);
    row.time_ms = reader_int(&r);
    row.actor_id = reader_int(&r);
    row.actor = reader_text(&r);
    row.token_name = reader_text(&r);
    row.remote = reader_text(&r);
    row.action = reader_text(&r);
    row.object = reader_text(&r);
    row.detail = reader_text(&r);
    row.account_id = reader_int(&r);
    row.account = reader_text(&r);
    *(struct audit_row *)ret = row;
    return reader_end(&r, err);
}

/* The arguments of a statement: where it begins and how far it goes; then the filters. */
enum { ARGS_MAX = 11 };
struct args {
    struct db_val vals[ARGS_MAX];
    size_t count;
};

static void add(struct args *a, struct db_val v)
{
    a->vals[a->count++] = v;
}

static struct args window_args(const struct audit_filter *f, int64_t many)
{
    struct args a = {.count = 0};

    add(&a, db_int(f->before_ms));
    add(&a, db_int(f->before_id));
    add(&a, db_int(f->since_ms));
    if (f->account_id)
        add(&a, db_int(f->account_id));
    add(&a, db_int(many));
    return a;
}

static bool is_open(const struct audit_filter *f)
{
    return !f->action.len && !f->actor.len && !f->object.len && !f->remote.len;
}

static enum err_code read_rows(struct tx *tx, struct arena *mem, const struct audit_filter *f,
                               int64_t max, struct audit_list *ret, struct err *err)
{
    bool prefix = str_ends(f->action, S("."));
    /* Where every row passes, no more are looked at than are wanted. */
    struct args a = window_args(f, is_open(f) && max < AUDIT_WINDOW ? max : AUDIT_WINDOW);
    struct reader_list found;
    enum err_code code;

    add(&a, db_text(prefix ? S("") : f->action));
    add(&a, db_text(prefix ? f->action : S("")));
    add(&a, db_text(f->actor));
    add(&a, db_text(f->object));
    add(&a, db_text(f->remote));
    add(&a, db_int(max));
    code = reader_list(tx, mem, &stmts[f->account_id ? LIST_OF : LIST], a.vals, a.count, read_row,
                       sizeof(*ret->rows), &found, err);
    if (code == OK)
        *ret = (struct audit_list){.rows = found.rows, .count = found.count};
    return code;
}

/* Where the window ended, if it did before the log does. */
static enum err_code find_end(struct tx *tx, const struct audit_filter *f, struct audit_list *ret,
                              struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct args a = window_args(f, AUDIT_WINDOW - 1);
    enum err_code code =
        db_one(tx, &stmts[f->account_id ? END_OF : END], a.vals, a.count, &rows, err);

    if (code == ERR_NOT_FOUND)
        return OK;
    if (code == OK) {
        ret->more = true;
        ret->next_ms = rows_int(rows, 0);
        ret->next_id = rows_int(rows, 1);
    }
    return code;
}

enum err_code audit_list(struct tx *tx, struct arena *mem, const struct audit_filter *filter,
                         int64_t max, struct audit_list *ret, struct err *err)
{
    struct audit_list found = {0};
    enum err_code code = read_rows(tx, mem, filter, max + 1, &found, err);

    if (code == OK && found.count > (size_t)max) {
        found.count = (size_t)max;
        found.more = true;
        found.next_ms = found.rows[max - 1].time_ms;
        found.next_id = found.rows[max - 1].id;
    } else if (code == OK && !(is_open(filter) && max < AUDIT_WINDOW)) {
        code = find_end(tx, filter, &found, err);
    }
    if (code == OK)
        *ret = found;
    return code;
}
