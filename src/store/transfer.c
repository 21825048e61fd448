#include "store/transfer.h"

#include "store/db_engine.h"
#include "store/reader.h"
#include "store/statements.h"

#define TRANSFER                                                                                   \
    "SELECT t.id, t.package_id, p.account_id, t.target_id, t.offerer_id, o.login, p.name, "        \
    "a.login, f.login, p.access, t.created_ms FROM transfer t "                                    \
    "JOIN package p ON p.id = t.package_id JOIN account o ON o.id = p.account_id "                 \
    "JOIN account a ON a.id = t.target_id JOIN account f ON f.id = t.offerer_id "
#define TRANSFER_TYPES "iiiiittttti"
#define NEWEST_FIRST   "ORDER BY t.created_ms DESC, t.id DESC"

enum {
    INSERT,
    FIND,
    FIND_BY_PACKAGE,
    DELETE,
    LIST_TO,
    LIST_FROM,
    LABELS,
    RELABEL,
    CLASH,
    CLASH_RETIRED,
    RETIRE_NAMES,
    DROP_GROUPS,
    DROP_COLLABORATORS,
    MOVE_PACKAGE,
    MOVE_FILES
};
static const struct stmt stmts[] = {
    [INSERT] = {"transfer_insert",
                "INSERT INTO transfer (package_id, target_id, offerer_id, created_ms) "
                "VALUES ($1, $2, $3, $4) RETURNING id",
                "iiii", "i"},
    [FIND] = {"transfer_find", TRANSFER "WHERE t.id = $1 AND t.created_ms >= $2", "ii",
              TRANSFER_TYPES},
    [FIND_BY_PACKAGE] = {"transfer_find_by_package",
                         TRANSFER "WHERE t.package_id = $1 AND t.created_ms >= $2", "ii",
                         TRANSFER_TYPES},
    [DELETE] = {"transfer_delete", "DELETE FROM transfer WHERE package_id = $1", "i", ""},
    [LIST_TO] = {"transfer_list_to",
                 TRANSFER
                 "WHERE t.created_ms >= $1 AND (t.target_id = $2 OR t.target_id IN "
                 "(SELECT g.account_id FROM org_group g "
                 "JOIN group_member m ON m.group_id = g.id WHERE m.account_id = $2)) " NEWEST_FIRST,
                 "ii", TRANSFER_TYPES},
    [LIST_FROM] =
        {"transfer_list_from",
         TRANSFER
         "WHERE t.created_ms >= $1 AND (t.offerer_id = $2 OR p.account_id = $2) " NEWEST_FIRST,
         "ii", TRANSFER_TYPES},
    [LABELS] = {"transfer_labels",
                "SELECT l.id, l.name, l.locked FROM label l WHERE l.id IN "
                "(SELECT fl.label_id FROM file f JOIN file_label fl ON fl.file_id = f.id "
                "WHERE f.package_id = $1) ORDER BY l.name",
                "i", "iti"},
    [RELABEL] = {"transfer_relabel",
                 "UPDATE file_label SET label_id = $1 WHERE label_id = $2 AND file_id IN "
                 "(SELECT id FROM file WHERE package_id = $3)",
                 "iii", ""},
    [CLASH] = {"transfer_clash",
               "SELECT f.basename FROM file f JOIN file g ON g.type = f.type "
               "AND g.name_key = f.name_key WHERE f.package_id = $1 AND g.account_id = $2 "
               "ORDER BY f.basename LIMIT 1",
               "ii", "t"},
    [CLASH_RETIRED] = {"transfer_clash_retired",
                       "SELECT f.basename FROM file f JOIN retired_name r ON r.type = f.type "
                       "AND r.name_key = f.name_key WHERE f.package_id = $1 AND r.account_id = $2 "
                       "AND r.sha256 <> f.sha256 ORDER BY f.basename LIMIT 1",
                       "ii", "t"},
    [RETIRE_NAMES] = {"transfer_retire_names",
                      "INSERT INTO retired_name (account_id, type, name_key, sha256, retired_ms) "
                      "SELECT f.account_id, f.type, f.name_key, f.sha256, CAST($1 AS BIGINT) "
                      "FROM file f WHERE f.package_id = $2 "
                      "ON CONFLICT (account_id, type, name_key) DO UPDATE SET "
                      "sha256 = excluded.sha256, retired_ms = excluded.retired_ms",
                      "ii", ""},
    [DROP_GROUPS] = {"transfer_drop_groups", "DELETE FROM group_package WHERE package_id = $1", "i",
                     ""},
    [DROP_COLLABORATORS] = {"transfer_drop_collaborators",
                            "DELETE FROM collaborator WHERE package_id = $1 AND (account_id = $2 "
                            "OR account_id IN (SELECT m.account_id FROM org_group g "
                            "JOIN group_member m ON m.group_id = g.id WHERE g.account_id = $3))",
                            "iii", ""},
    [MOVE_PACKAGE] = {"transfer_move_package", "UPDATE package SET account_id = $1 WHERE id = $2",
                      "ii", ""},
    [MOVE_FILES] = {"transfer_move_files", "UPDATE file SET account_id = $1 WHERE package_id = $2",
                    "ii", ""},
};
const struct stmt_list transfer_statements = {stmts, COUNT(stmts)};

/* ---- offers ---- */

enum err_code transfer_insert(struct tx *tx, int64_t package_id, int64_t target_id,
                              int64_t offerer_id, int64_t now_ms, int64_t *ret_id, struct err *err)
{
    enum err_code code = db_insert(
        tx, &stmts[INSERT],
        DB_ARGS(db_int(package_id), db_int(target_id), db_int(offerer_id), db_int(now_ms)), ret_id,
        err);

    return code == ERR_CONFLICT ? fail(err, code, "the package is offered already") : code;
}

static enum err_code read_transfer(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct transfer_row row = {0};
    enum err_code code;

    row.id = reader_int(&r);
    row.package_id = reader_int(&r);
    row.owner_id = reader_int(&r);
    row.target_id = reader_int(&r);
    row.offerer_id = reader_int(&r);
    row.owner = reader_text(&r);
    row.package = reader_text(&r);
    row.target = reader_text(&r);
    row.offerer = reader_text(&r);
    row.access = reader_access(&r);
    row.created_ms = reader_int(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct transfer_row *)ret = row;
    return code;
}

static enum err_code find(struct tx *tx, struct arena *mem, const struct stmt *s, int64_t id,
                          int64_t since_ms, struct transfer_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_ARGS(db_int(id), db_int(since_ms)), &rows, err);

    return code ? code : read_transfer(rows, mem, ret, err);
}

enum err_code transfer_find(struct tx *tx, struct arena *mem, int64_t id, int64_t since_ms,
                            struct transfer_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[FIND], id, since_ms, ret, err);
}

enum err_code transfer_find_by_package(struct tx *tx, struct arena *mem, int64_t package_id,
                                       int64_t since_ms, struct transfer_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[FIND_BY_PACKAGE], package_id, since_ms, ret, err);
}

enum err_code transfer_delete(struct tx *tx, int64_t package_id, struct err *err)
{
    return db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(package_id)), NULL, err);
}

static enum err_code list(struct tx *tx, struct arena *mem, const struct stmt *s,
                          int64_t account_id, int64_t since_ms, struct transfer_list *ret,
                          struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, s, DB_ARGS(db_int(since_ms), db_int(account_id)),
                                     read_transfer, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct transfer_list){found.rows, found.count};
    return code;
}

enum err_code transfer_list_to(struct tx *tx, struct arena *mem, int64_t account_id,
                               int64_t since_ms, struct transfer_list *ret, struct err *err)
{
    return list(tx, mem, &stmts[LIST_TO], account_id, since_ms, ret, err);
}

enum err_code transfer_list_from(struct tx *tx, struct arena *mem, int64_t account_id,
                                 int64_t since_ms, struct transfer_list *ret, struct err *err)
{
    return list(tx, mem, &stmts[LIST_FROM], account_id, since_ms, ret, err);
}

/* ---- the change ---- */

static enum err_code read_label(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct transfer_label *row = ret;

    row->id = reader_int(&r);
    row->name = reader_text(&r);
    row->locked = reader_bool(&r);
    return reader_end(&r, err);
}

enum err_code transfer_labels(struct tx *tx, struct arena *mem, int64_t package_id,
                              struct transfer_label_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[LABELS], DB_ARGS(db_int(package_id)),
                                     read_label, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct transfer_label_list){found.rows, found.count};
    return code;
}

enum err_code transfer_relabel(struct tx *tx, int64_t package_id, int64_t from_label,
                               int64_t to_label, struct err *err)
{
    return db_exec(tx, &stmts[RELABEL],
                   DB_ARGS(db_int(to_label), db_int(from_label), db_int(package_id)), NULL, err);
}

static enum err_code clash(struct tx *tx, struct arena *mem, const struct stmt *s,
                           int64_t package_id, int64_t account_id, struct str *ret_basename,
                           struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_ARGS(db_int(package_id), db_int(account_id)), &rows, err);

    if (code == ERR_NOT_FOUND) {
        *ret_basename = S("");
        return OK;
    }
    return code ? code : reader_row_text(rows, mem, ret_basename, err);
}

enum err_code transfer_clash(struct tx *tx, struct arena *mem, int64_t package_id,
                             int64_t account_id, struct str *ret_basename, struct err *err)
{
    return clash(tx, mem, &stmts[CLASH], package_id, account_id, ret_basename, err);
}

enum err_code transfer_clash_retired(struct tx *tx, struct arena *mem, int64_t package_id,
                                     int64_t account_id, struct str *ret_basename, struct err *err)
{
    return clash(tx, mem, &stmts[CLASH_RETIRED], package_id, account_id, ret_basename, err);
}

enum err_code transfer_retire_names(struct tx *tx, int64_t package_id, int64_t now_ms,
                                    struct err *err)
{
    return db_exec(tx, &stmts[RETIRE_NAMES], DB_ARGS(db_int(now_ms), db_int(package_id)), NULL,
                   err);
}

enum err_code transfer_drop_grants(struct tx *tx, int64_t package_id, int64_t owner_id,
                                   int64_t target_id, struct err *err)
{
    enum err_code code = db_exec(tx, &stmts[DROP_GROUPS], DB_ARGS(db_int(package_id)), NULL, err);

    if (code)
        return code;
    return db_exec(tx, &stmts[DROP_COLLABORATORS],
                   DB_ARGS(db_int(package_id), db_int(target_id), db_int(owner_id)), NULL, err);
}

/* Between the two updates the files refer to a package that is not there: references are judged at
 * the end. */
enum err_code transfer_move(struct tx *tx, int64_t package_id, int64_t account_id, struct err *err)
{
    static const char *const defer[] = {[DIALECT_SQLITE] = "PRAGMA defer_foreign_keys = ON",
                                        [DIALECT_PG] = "SET CONSTRAINTS ALL DEFERRED"};
    const struct db_val args[] = {db_int(account_id), db_int(package_id)};
    enum err_code code = tx_script(tx, defer[tx->db->engine->dialect], err);

    if (code == OK)
        code = db_exec(tx, &stmts[MOVE_PACKAGE], args, COUNT(args), NULL, err);
    if (code == OK)
        code = db_exec(tx, &stmts[MOVE_FILES], args, COUNT(args), NULL, err);
    return code == ERR_CONFLICT
               ? fail(err, code, "there is a package, or a file of one, with this name already")
               : code;
}
