#include "store/space.h"

#include "store/reader.h"
#include "store/statements.h"

/* The bytes that a row of an account or its trash names, by their digest. */
#define NAMED(sha256, account)                                                                     \
    "EXISTS (SELECT 1 FROM file f WHERE f.sha256 = " sha256 " AND f.account_id = " account ") "
#define NAMED_IN_TRASH(sha256, account)                                                            \
    "EXISTS (SELECT 1 FROM trash_file t WHERE t.sha256 = " sha256 " AND t.account_id = " account   \
    ") "
/* Every digest of each account, once. */
#define BLOBS                                                                                      \
    "(SELECT account_id, sha256, size FROM file UNION "                                            \
    "SELECT account_id, sha256, size FROM trash_file) b "

/* Those of a package and of what the trash has of it. */
#define OF_PACKAGE(package)                                                                        \
    "(SELECT f.sha256, f.size FROM file f WHERE f.package_id = " package " UNION "                 \
    "SELECT f.sha256, f.size FROM trash_file f JOIN trash t ON t.id = f.trash_id "                 \
    "WHERE t.package_id = " package ") b "

enum { ADD, DROP, HAS, MOVE_OUT, MOVE_IN, FIND, SET_QUOTA, COUNT_ANEW, TYPES, TRASH, WRONG };
static const struct stmt stmts[] = {
    [ADD] = {"space_add_blob",
             "INSERT INTO account_space (account_id, used) "
             "SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT) WHERE NOT " NAMED(
                 "$3", "$1") "AND NOT " NAMED_IN_TRASH("$3", "$1") "ON CONFLICT (account_id) "
                                                                   "DO UPDATE SET used = "
                                                                   "account_space.used + "
                                                                   "excluded.used",
             "iit", ""},
    [DROP] = {"space_drop_blob",
              "UPDATE account_space SET used = used - $1 WHERE account_id = $2 AND NOT " NAMED(
                  "$3", "$2") "AND NOT " NAMED_IN_TRASH("$3", "$2"),
              "iit", ""},
    [HAS] = {"space_has_blob",
             "SELECT 1 FROM file WHERE sha256 = $1 AND account_id = $2 UNION ALL "
             "SELECT 1 FROM trash_file WHERE sha256 = $1 AND account_id = $2 LIMIT 1",
             "ti", "i"},
    [MOVE_OUT] = {"space_move_out",
                  "UPDATE account_space SET used = used - COALESCE((SELECT "
                  "CAST(SUM(b.size) AS BIGINT) FROM " OF_PACKAGE("$1") "WHERE NOT " NAMED(
                      "b.sha256",
                      "account_space.account_id") "AND NOT " NAMED_IN_TRASH("b.sha256",
                                                                            "account_space.account_"
                                                                            "id") "), 0) "
                                                                                  "WHERE "
                                                                                  "account_id = $2",
                  "ii", ""},
    [MOVE_IN] =
        {"space_move_in",
         "INSERT INTO account_space (account_id, used) SELECT CAST($1 AS BIGINT), "
         "COALESCE(CAST(SUM(b.size) AS BIGINT), 0) FROM " OF_PACKAGE(
             "$2") "WHERE NOT EXISTS (SELECT 1 FROM file f WHERE f.sha256 = b.sha256 "
                   "AND f.account_id = $1 AND f.package_id <> $2) AND NOT EXISTS "
                   "(SELECT 1 FROM trash_file f JOIN trash t ON t.id = f.trash_id "
                   "WHERE f.sha256 = b.sha256 AND f.account_id = $1 AND t.package_id <> $2) "
                   "ON CONFLICT (account_id) DO UPDATE SET used = account_space.used + "
                   "excluded.used",
         "ii", ""},
    [FIND] = {"space_find", "SELECT used, quota FROM account_space WHERE account_id = $1", "i",
              "iI"},
    [SET_QUOTA] = {"space_set_quota",
                   "INSERT INTO account_space (account_id, used, quota) VALUES ($1, 0, $2) "
                   "ON CONFLICT (account_id) DO UPDATE SET quota = excluded.quota",
                   "iI", ""},
    [COUNT_ANEW] = {"space_count_anew",
                    "UPDATE account_space SET used = COALESCE((SELECT CAST(SUM(b.size) AS BIGINT) "
                    "FROM " BLOBS "WHERE b.account_id = account_space.account_id), 0) "
                    "WHERE account_id = $1",
                    "i", ""},
    [TYPES] = {"space_list_types",
               "SELECT type, COUNT(*), CAST(SUM(size) AS BIGINT) FROM file WHERE account_id = $1 "
               "GROUP BY type ORDER BY type",
               "i", "tii"},
    [TRASH] = {"space_of_trash",
               "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM trash_file "
               "WHERE account_id = $1",
               "i", "ii"},
    [WRONG] = {"space_list_wrong",
               "SELECT a.login, COALESCE(s.used, 0), COALESCE(c.bytes, 0) FROM account a "
               "LEFT JOIN account_space s ON s.account_id = a.id "
               "LEFT JOIN (SELECT b.account_id, CAST(SUM(b.size) AS BIGINT) AS bytes FROM " BLOBS
               "GROUP BY b.account_id) c ON c.account_id = a.id "
               "WHERE COALESCE(s.used, 0) <> COALESCE(c.bytes, 0) ORDER BY a.login",
               "", "tii"},
};
const struct stmt_list space_statements = {stmts, COUNT(stmts)};

enum err_code space_add_blob(struct tx *tx, int64_t account_id, struct str sha256, int64_t size,
                             struct err *err)
{
    return db_exec(tx, &stmts[ADD], DB_ARGS(db_int(account_id), db_int(size), db_text(sha256)),
                   NULL, err);
}

enum err_code space_drop_blob(struct tx *tx, int64_t account_id, struct str sha256, int64_t size,
                              struct err *err)
{
    return db_exec(tx, &stmts[DROP], DB_ARGS(db_int(size), db_int(account_id), db_text(sha256)),
                   NULL, err);
}

enum err_code space_has_blob(struct tx *tx, int64_t account_id, struct str sha256, bool *ret_has,
                             struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[HAS], DB_ARGS(db_text(sha256), db_int(account_id)), &rows, err);

    if (code != OK && code != ERR_NOT_FOUND)
        return code;
    *ret_has = code == OK;
    return OK;
}

enum err_code space_move(struct tx *tx, int64_t package_id, int64_t from_id, int64_t to_id,
                         struct err *err)
{
    enum err_code code =
        db_exec(tx, &stmts[MOVE_OUT], DB_ARGS(db_int(package_id), db_int(from_id)), NULL, err);

    return code ? code
                : db_exec(tx, &stmts[MOVE_IN], DB_ARGS(db_int(to_id), db_int(package_id)), NULL,
                          err);
}

enum err_code space_find(struct tx *tx, int64_t account_id, struct space_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[FIND], DB_ARGS(db_int(account_id)), &rows, err);

    if (code == ERR_NOT_FOUND) {
        *ret = (struct space_row){.quota = -1}; /* it never had a file */
        return OK;
    }
    if (code == OK)
        *ret = (struct space_row){rows_int(rows, 0), rows_null(rows, 1) ? -1 : rows_int(rows, 1)};
    return code;
}

enum err_code space_set_quota(struct tx *tx, int64_t account_id, int64_t quota, struct err *err)
{
    enum err_code code =
        db_exec(tx, &stmts[SET_QUOTA],
                DB_ARGS(db_int(account_id), quota < 0 ? db_null() : db_int(quota)), NULL, err);

    return code ? code : db_exec(tx, &stmts[COUNT_ANEW], DB_ARGS(db_int(account_id)), NULL, err);
}

static enum err_code read_share(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct space_share *row = ret;

    row->type = reader_text(&r);
    row->files = reader_int(&r);
    row->bytes = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code space_list_types(struct tx *tx, struct arena *mem, int64_t account_id,
                               struct space_share_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[TYPES], DB_ARGS(db_int(account_id)),
                                     read_share, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct space_share_list){found.rows, found.count};
    return code;
}

enum err_code space_of_trash(struct tx *tx, int64_t account_id, struct space_share *ret,
                             struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[TRASH], DB_ARGS(db_int(account_id)), &rows, err);

    if (code == OK)
        *ret = (struct space_share){S(""), rows_int(rows, 0), rows_int(rows, 1)};
    return code;
}

static enum err_code read_fault(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct space_fault *row = ret;

    row->login = reader_text(&r);
    row->used = reader_int(&r);
    row->counted = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code space_list_wrong(struct tx *tx, struct arena *mem, struct space_fault_list *ret,
                               struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[WRONG], DB_NO_ARGS, read_fault,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct space_fault_list){found.rows, found.count};
    return code;
}
