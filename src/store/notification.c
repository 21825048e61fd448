#include "store/notification.h"

#include "store/reader.h"
#include "store/statements.h"

enum { INSERT, TRIM, LIST, READ };
static const struct stmt stmts[] = {
    [INSERT] = {"notification_insert",
                "INSERT INTO notification (account_id, kind, parameters, created_ms, read_ms) "
                "VALUES ($1, $2, $3, $4, NULL)",
                "itti", ""},
    [TRIM] = {"notification_trim",
              "DELETE FROM notification WHERE account_id = $1 AND id < (SELECT MIN(id) FROM "
              "(SELECT id FROM notification WHERE account_id = $1 ORDER BY id DESC LIMIT $2) kept)",
              "ii", ""},
    [LIST] = {"notification_list",
              "SELECT id, kind, parameters, created_ms, read_ms FROM notification "
              "WHERE account_id = $1 ORDER BY id DESC",
              "i", "ittiI"},
    [READ] = {"notification_read",
              "UPDATE notification SET read_ms = $1 WHERE account_id = $2 AND read_ms IS NULL "
              "AND (CAST($3 AS BIGINT) = 0 OR id = $3)",
              "iii", ""},
};
const struct stmt_list notification_statements = {stmts, COUNT(stmts)};

enum err_code notification_insert(struct tx *tx, int64_t account_id,
                                  const struct notification_row *row, struct err *err)
{
    enum err_code code = db_exec(tx, &stmts[INSERT],
                                 DB_ARGS(db_int(account_id), db_text(row->kind),
                                         db_text(row->parameters), db_int(row->created_ms)),
                                 NULL, err);

    if (code)
        return code;
    return db_exec(tx, &stmts[TRIM], DB_ARGS(db_int(account_id), db_int(NOTIFICATIONS_KEPT)), NULL,
                   err);
}

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct notification_row *row = ret;

    row->id = reader_int(&r);
    row->kind = reader_text(&r);
    row->parameters = reader_text(&r);
    row->created_ms = reader_int(&r);
    row->read_ms = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code notification_list(struct tx *tx, struct arena *mem, int64_t account_id,
                                struct notification_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[LIST], DB_ARGS(db_int(account_id)), read_row,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct notification_list){found.rows, found.count};
    return code;
}

enum err_code notification_read(struct tx *tx, int64_t account_id, int64_t id, int64_t now_ms,
                                bool *ret_changed, struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(
        tx, &stmts[READ], DB_ARGS(db_int(now_ms), db_int(account_id), db_int(id)), &changes, err);

    if (code == OK)
        *ret_changed = changes > 0;
    return code;
}
