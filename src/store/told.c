#include "store/told.h"

#include "store/statements.h"

#define KEY   "package_id = $1 AND release_id = $2 AND account_id = $3"
#define KEY_T "iii"

enum { PUT, FIND, DELETE, DELETE_UNTIL, EXPIRE };
static const struct stmt stmts[] = {
    [PUT] = {"told_put",
             "INSERT INTO told_empty (package_id, release_id, account_id, told_ms) "
             "VALUES ($1, $2, $3, $4) ON CONFLICT (package_id, account_id, release_id) "
             "DO UPDATE SET told_ms = excluded.told_ms",
             KEY_T "i", ""},
    [FIND] = {"told_find", "SELECT COUNT(*) FROM told_empty WHERE " KEY " AND told_ms > $4",
              KEY_T "i", "i"},
    [DELETE] = {"told_delete", "DELETE FROM told_empty WHERE " KEY, KEY_T, ""},
    [DELETE_UNTIL] = {"told_delete_until",
                      "DELETE FROM told_empty WHERE package_id = $1 AND release_id IN (0, $2) "
                      "AND account_id = $3 AND told_ms <= $4",
                      KEY_T "i", ""},
    [EXPIRE] = {"told_expire", "DELETE FROM told_empty WHERE told_ms <= $1", "i", ""},
};
const struct stmt_list told_statements = {stmts, COUNT(stmts)};

#define KEY_ARGS(k) db_int((k)->package_id), db_int((k)->release_id), db_int((k)->account_id)

enum err_code told_put(struct tx *tx, const struct told_key *key, int64_t now_ms, struct err *err)
{
    return db_exec(tx, &stmts[PUT], DB_ARGS(KEY_ARGS(key), db_int(now_ms)), NULL, err);
}

enum err_code told_find(struct tx *tx, const struct told_key *key, int64_t after_ms, bool *ret_was,
                        struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[FIND], DB_ARGS(KEY_ARGS(key), db_int(after_ms)), &rows, err);

    if (code == OK)
        *ret_was = rows_int(rows, 0) > 0;
    return code;
}

enum err_code told_delete(struct tx *tx, const struct told_key *key, struct err *err)
{
    return db_exec(tx, &stmts[DELETE], DB_ARGS(KEY_ARGS(key)), NULL, err);
}

enum err_code told_delete_until(struct tx *tx, const struct told_key *key, int64_t until_ms,
                                struct err *err)
{
    return db_exec(tx, &stmts[DELETE_UNTIL], DB_ARGS(KEY_ARGS(key), db_int(until_ms)), NULL, err);
}

enum err_code told_expire(struct tx *tx, int64_t until_ms, struct err *err)
{
    return db_exec(tx, &stmts[EXPIRE], DB_ARGS(db_int(until_ms)), NULL, err);
}
