#include "store/grant.h"

#include "store/reader.h"
#include "store/statements.h"

enum {
    GRANTS,
    PACKAGES,
    ANYWHERE,
    ACCOUNTS,
    IS_MEMBER,
    PUT,
    DELETE,
    DELETE_ALL,
    DELETE_TRASHED,
    LIST
};
static const struct stmt stmts[] = {
    [GRANTS] = {"grant_list",
                "SELECT g.name, g.permission FROM org_group g "
                "JOIN group_member m ON m.group_id = g.id JOIN account u ON u.id = m.account_id "
                "WHERE g.account_id = $1 AND m.account_id = $2 AND u.suspended_ms = 0 AND "
                "(g.all_packages = 1 OR EXISTS "
                "(SELECT 1 FROM group_package p WHERE p.group_id = g.id AND p.package_id = $3) OR "
                "EXISTS (SELECT 1 FROM trash_group_package p WHERE p.group_id = g.id "
                "AND p.package_id = $3)) "
                "UNION ALL SELECT '', c.permission FROM collaborator c "
                "JOIN account u ON u.id = c.account_id "
                "WHERE c.package_id = $3 AND c.account_id = $2 AND u.suspended_ms = 0 "
                "UNION ALL SELECT '', c.permission FROM trash_collaborator c "
                "JOIN account u ON u.id = c.account_id "
                "WHERE c.package_id = $3 AND c.account_id = $2 AND u.suspended_ms = 0",
                "iii", "tt"},
    [PACKAGES] = {"grant_packages",
                  "SELECT gp.package_id FROM group_member m "
                  "JOIN org_group g ON g.id = m.group_id "
                  "JOIN group_package gp ON gp.group_id = g.id "
                  "JOIN package p ON p.id = gp.package_id "
                  "WHERE g.account_id = $1 AND m.account_id = $2 AND p.access = 'private' "
                  "UNION SELECT c.package_id FROM collaborator c "
                  "JOIN package p ON p.id = c.package_id "
                  "WHERE p.account_id = $1 AND c.account_id = $2 AND p.access = 'private' "
                  "ORDER BY 1",
                  "ii", "i"},
    [ANYWHERE] = {"grant_packages_anywhere",
                  "SELECT p.id, p.account_id FROM group_member m "
                  "JOIN group_package gp ON gp.group_id = m.group_id "
                  "JOIN package p ON p.id = gp.package_id "
                  "WHERE m.account_id = $1 AND p.access = 'private' "
                  "UNION SELECT p.id, p.account_id FROM collaborator c "
                  "JOIN package p ON p.id = c.package_id "
                  "WHERE c.account_id = $1 AND p.access = 'private' ORDER BY 1",
                  "i", "ii"},
    [ACCOUNTS] = {"grant_accounts",
                  "SELECT DISTINCT g.account_id FROM group_member m "
                  "JOIN org_group g ON g.id = m.group_id JOIN account u ON u.id = m.account_id "
                  "WHERE m.account_id = $1 AND g.all_packages = 1 AND u.suspended_ms = 0 "
                  "ORDER BY 1",
                  "i", "i"},
    [IS_MEMBER] = {"grant_is_member",
                   "SELECT COUNT(*) FROM org_group g JOIN group_member m ON m.group_id = g.id "
                   "JOIN account u ON u.id = m.account_id "
                   "WHERE g.account_id = $1 AND m.account_id = $2 AND u.suspended_ms = 0",
                   "ii", "i"},
    [PUT] = {"collaborator_put",
             "INSERT INTO collaborator (package_id, account_id, permission) VALUES ($1, $2, $3) "
             "ON CONFLICT (package_id, account_id) DO UPDATE SET permission = excluded.permission",
             "iit", ""},
    [DELETE] = {"collaborator_delete",
                "DELETE FROM collaborator WHERE package_id = $1 AND account_id = $2", "ii", ""},
    [DELETE_ALL] = {"collaborator_delete_all",
                    "DELETE FROM collaborator WHERE account_id = $1 AND package_id IN "
                    "(SELECT id FROM package WHERE account_id = $2)",
                    "ii", ""},
    [DELETE_TRASHED] = {"collaborator_delete_trashed",
                        "DELETE FROM trash_collaborator WHERE account_id = $1 AND package_id IN "
                        "(SELECT p.id FROM trash_package p JOIN trash t ON t.id = p.trash_id "
                        "WHERE t.account_id = $2)",
                        "ii", ""},
    [LIST] = {"collaborator_list",
              "SELECT a.login, c.permission FROM collaborator c JOIN account a "
              "ON a.id = c.account_id WHERE c.package_id = $1 ORDER BY a.login",
              "i", "tt"},
};
const struct stmt_list grant_statements = {stmts, COUNT(stmts)};

static enum err_code read_grant(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct grant *row = ret;

    row->group = reader_text(&r);
    row->permission = reader_text(&r);
    return reader_end(&r, err);
}

enum err_code grant_list(struct tx *tx, struct arena *mem, int64_t owner_id, int64_t user_id,
                         int64_t package_id, struct grant_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[GRANTS],
                                     DB_ARGS(db_int(owner_id), db_int(user_id), db_int(package_id)),
                                     read_grant, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct grant_list){found.rows, found.count};
    return code;
}

static enum err_code read_number(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    int64_t *number = ret;

    *number = reader_int(&r);
    return reader_end(&r, err);
}

static enum err_code numbers(struct tx *tx, struct arena *mem, const struct stmt *s,
                             const struct db_val *args, size_t nargs, struct number_list *ret,
                             struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, s, args, nargs, read_number, sizeof(*ret->items), &found, err);

    if (code == OK)
        *ret = (struct number_list){found.rows, found.count};
    return code;
}

enum err_code grant_packages(struct tx *tx, struct arena *mem, int64_t owner_id, int64_t user_id,
                             struct number_list *ret, struct err *err)
{
    return numbers(tx, mem, &stmts[PACKAGES], DB_ARGS(db_int(owner_id), db_int(user_id)), ret, err);
}

struct owned {
    int64_t package_id, owner_id;
};

static enum err_code read_owned(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct owned *owned = ret;

    owned->package_id = reader_int(&r);
    owned->owner_id = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code grant_packages_anywhere(struct tx *tx, struct arena *mem, int64_t user_id,
                                      struct number_list *ret_packages,
                                      struct number_list *ret_owners, struct err *err)
{
    struct reader_list found;
    const struct owned *rows;
    int64_t *packages, *owners;
    enum err_code code = reader_list(tx, mem, &stmts[ANYWHERE], DB_ARGS(db_int(user_id)),
                                     read_owned, sizeof(*rows), &found, err);

    if (code)
        return code;
    rows = found.rows;
    packages = arena_array(mem, int64_t, found.count + 1);
    owners = arena_array(mem, int64_t, found.count + 1);
    if (!packages || !owners)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < found.count; i++) {
        packages[i] = rows[i].package_id;
        owners[i] = rows[i].owner_id;
    }
    *ret_packages = (struct number_list){packages, found.count};
    *ret_owners = (struct number_list){owners, found.count};
    return OK;
}

enum err_code grant_accounts(struct tx *tx, struct arena *mem, int64_t user_id,
                             struct number_list *ret, struct err *err)
{
    return numbers(tx, mem, &stmts[ACCOUNTS], DB_ARGS(db_int(user_id)), ret, err);
}

enum err_code grant_is_member(struct tx *tx, int64_t owner_id, int64_t user_id, bool *ret_is,
                              struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[IS_MEMBER], DB_ARGS(db_int(owner_id), db_int(user_id)), &rows, err);

    if (code == OK)
        *ret_is = rows_int(rows, 0) > 0;
    return code;
}

enum err_code collaborator_put(struct tx *tx, int64_t package_id, int64_t user_id,
                               struct str permission, struct err *err)
{
    return db_exec(tx, &stmts[PUT],
                   DB_ARGS(db_int(package_id), db_int(user_id), db_text(permission)), NULL, err);
}

enum err_code collaborator_delete(struct tx *tx, int64_t package_id, int64_t user_id,
                                  bool *ret_changed, struct err *err)
{
    int64_t changes = 0;
    enum err_code code =
        db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(package_id), db_int(user_id)), &changes, err);

    if (code == OK && ret_changed)
        *ret_changed = changes > 0;
    return code;
}

enum err_code collaborator_delete_all(struct tx *tx, int64_t owner_id, int64_t user_id,
                                      struct err *err)
{
    const struct db_val args[] = {db_int(user_id), db_int(owner_id)};
    enum err_code code = db_exec(tx, &stmts[DELETE_ALL], args, COUNT(args), NULL, err);

    return code ? code : db_exec(tx, &stmts[DELETE_TRASHED], args, COUNT(args), NULL, err);
}

enum err_code collaborator_list(struct tx *tx, struct arena *mem, int64_t package_id,
                                struct named_text_list *ret, struct err *err)
{
    return named_texts(tx, mem, &stmts[LIST], package_id, ret, err);
}
