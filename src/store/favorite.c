#include "store/favorite.h"

#include "store/reader.h"
#include "store/statements.h"

enum { PUT, DELETE, HAS, COUNT_BY, COUNT_OF, LIST };
static const struct stmt stmts[] = {
    [PUT] = {"favorite_put",
             "INSERT INTO favorite (account_id, package_id, created_ms) VALUES ($1, $2, $3) "
             "ON CONFLICT (account_id, package_id) DO NOTHING",
             "iii", ""},
    [DELETE] = {"favorite_delete", "DELETE FROM favorite WHERE account_id = $1 AND package_id = $2",
                "ii", ""},
    [HAS] = {"favorite_has",
             "SELECT COUNT(*) FROM favorite WHERE account_id = $1 AND package_id = $2", "ii", "i"},
    [COUNT_BY] = {"favorite_count", "SELECT COUNT(*) FROM favorite WHERE package_id = $1", "i",
                  "i"},
    [COUNT_OF] = {"favorite_count_of", "SELECT COUNT(*) FROM favorite WHERE account_id = $1", "i",
                  "i"},
    [LIST] = {"favorite_list",
              "SELECT f.created_ms, p.id, p.account_id, a.login, p.name, p.summary, "
              "p.latest_version, p.access, p.updated_ms, "
              "(SELECT COUNT(*) FROM favorite g WHERE g.package_id = p.id), COALESCE(t.count, 0) "
              "FROM favorite f JOIN package p ON p.id = f.package_id "
              "JOIN account a ON a.id = p.account_id "
              "LEFT JOIN package_download_total t ON t.package_id = p.id "
              "WHERE f.account_id = $1 ORDER BY f.created_ms DESC, p.id DESC",
              "i", "iiitttttiii"},
};
const struct stmt_list favorite_statements = {stmts, COUNT(stmts)};

static enum err_code change(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, bool *ret_changed, struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, s, args, nargs, &changes, err);

    if (code == OK)
        *ret_changed = changes > 0;
    return code;
}

enum err_code favorite_put(struct tx *tx, int64_t account_id, int64_t package_id, int64_t now_ms,
                           bool *ret_changed, struct err *err)
{
    return change(tx, &stmts[PUT], DB_ARGS(db_int(account_id), db_int(package_id), db_int(now_ms)),
                  ret_changed, err);
}

enum err_code favorite_delete(struct tx *tx, int64_t account_id, int64_t package_id,
                              bool *ret_changed, struct err *err)
{
    return change(tx, &stmts[DELETE], DB_ARGS(db_int(account_id), db_int(package_id)), ret_changed,
                  err);
}

static enum err_code number(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, int64_t *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, args, nargs, &rows, err);

    if (code == OK)
        *ret = rows_int(rows, 0);
    return code;
}

enum err_code favorite_has(struct tx *tx, int64_t account_id, int64_t package_id, bool *ret_has,
                           struct err *err)
{
    int64_t count = 0;
    enum err_code code =
        number(tx, &stmts[HAS], DB_ARGS(db_int(account_id), db_int(package_id)), &count, err);

    if (code == OK)
        *ret_has = count > 0;
    return code;
}

enum err_code favorite_count(struct tx *tx, int64_t package_id, int64_t *ret_count, struct err *err)
{
    return number(tx, &stmts[COUNT_BY], DB_ARGS(db_int(package_id)), ret_count, err);
}

enum err_code favorite_count_of(struct tx *tx, int64_t account_id, int64_t *ret_count,
                                struct err *err)
{
    return number(tx, &stmts[COUNT_OF], DB_ARGS(db_int(account_id)), ret_count, err);
}

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct favorite_row *row = ret;

    row->created_ms = reader_int(&r);
    row->package_id = reader_int(&r);
    row->owner_id = reader_int(&r);
    row->owner = reader_text(&r);
    row->name = reader_text(&r);
    row->summary = reader_text(&r);
    row->latest_version = reader_text(&r);
    row->access = reader_access(&r);
    row->updated_ms = reader_int(&r);
    row->favorites = reader_int(&r);
    row->downloads = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code favorite_list(struct tx *tx, struct arena *mem, int64_t account_id,
                            struct favorite_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[LIST], DB_ARGS(db_int(account_id)), read_row,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct favorite_list){found.rows, found.count};
    return code;
}
