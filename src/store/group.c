#include "store/group.h"

#include "store/reader.h"
#include "store/statements.h"

#define GROUP                                                                                      \
    "SELECT g.id, g.account_id, a.login, g.name, g.permission, g.all_packages, "                   \
    "(SELECT COUNT(*) FROM group_member m WHERE m.group_id = g.id), "                              \
    "(SELECT COUNT(*) FROM group_package p WHERE p.group_id = g.id) "                              \
    "FROM org_group g JOIN account a ON a.id = g.account_id "
#define GROUP_TYPES "iitttiii"

enum {
    FIND,
    INSERT,
    DELETE,
    BY_ORGANIZATION,
    BY_MEMBER,
    MEMBERS,
    ALL_MEMBERS,
    PACKAGES,
    ADD_MEMBER,
    REMOVE_MEMBER,
    HAS_MEMBER,
    ADD_PACKAGE,
    REMOVE_PACKAGE
};
static const struct stmt stmts[] = {
    [FIND] = {"group_find", GROUP "WHERE g.account_id = $1 AND g.name = $2", "it", GROUP_TYPES},
    [INSERT] = {"group_insert",
                "INSERT INTO org_group (account_id, name, permission, all_packages, created_ms) "
                "VALUES ($1, $2, $3, $4, $5) RETURNING id",
                "ittii", "i"},
    [DELETE] = {"group_delete", "DELETE FROM org_group WHERE id = $1", "i", ""},
    [BY_ORGANIZATION] = {"group_by_organization", GROUP "WHERE g.account_id = $1 ORDER BY g.name",
                         "i", GROUP_TYPES},
    [BY_MEMBER] = {"group_by_member",
                   GROUP "JOIN group_member mine ON mine.group_id = g.id "
                         "WHERE mine.account_id = $1 ORDER BY a.login, g.name",
                   "i", GROUP_TYPES},
    [MEMBERS] = {"group_members",
                 "SELECT a.login, a.name FROM group_member m JOIN account a ON a.id = m.account_id "
                 "WHERE m.group_id = $1 ORDER BY a.login",
                 "i", "tt"},
    [ALL_MEMBERS] = {"group_all_members",
                     "SELECT a.login, g.name FROM org_group g "
                     "JOIN group_member m ON m.group_id = g.id "
                     "JOIN account a ON a.id = m.account_id "
                     "WHERE g.account_id = $1 ORDER BY a.login, g.name",
                     "i", "tt"},
    [PACKAGES] = {"group_packages",
                  "SELECT p.id, p.access, p.name, p.summary FROM group_package g "
                  "JOIN package p ON p.id = g.package_id WHERE g.group_id = $1 ORDER BY p.name",
                  "i", "ittt"},
    [ADD_MEMBER] = {"group_add_member",
                    "INSERT INTO group_member (group_id, account_id) VALUES ($1, $2) "
                    "ON CONFLICT DO NOTHING",
                    "ii", ""},
    [REMOVE_MEMBER] = {"group_remove_member",
                       "DELETE FROM group_member WHERE group_id = $1 AND account_id = $2", "ii",
                       ""},
    [HAS_MEMBER] = {"group_has_member",
                    "SELECT COUNT(*) FROM group_member WHERE group_id = $1 AND account_id = $2",
                    "ii", "i"},
    [ADD_PACKAGE] = {"group_add_package",
                     "INSERT INTO group_package (group_id, account_id, package_id) "
                     "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                     "iii", ""},
    [REMOVE_PACKAGE] = {"group_remove_package",
                        "DELETE FROM group_package WHERE group_id = $1 AND package_id = $2", "ii",
                        ""},
};
const struct stmt_list group_statements = {stmts, COUNT(stmts)};

/* --- groups -------------------------------------------------------------------------------- */

static enum err_code read_group(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct group_row row = {0};

    row.id = reader_int(&r);
    row.account_id = reader_int(&r);
    row.organization = reader_text(&r);
    row.name = reader_text(&r);
    row.permission = reader_text(&r);
    row.all_packages = reader_bool(&r);
    row.members = reader_int(&r);
    row.packages = reader_int(&r);
    *(struct group_row *)ret = row;
    return reader_end(&r, err);
}

enum err_code group_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str name,
                         struct group_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct group_row row = {0};
    enum err_code code =
        db_one(tx, &stmts[FIND], DB_ARGS(db_int(account_id), db_text(name)), &rows, err);

    if (code == OK)
        code = read_group(rows, mem, &row, err);
    if (code == OK)
        *ret = row;
    return code;
}

enum err_code group_insert(struct tx *tx, const struct group_row *row, int64_t now_ms,
                           int64_t *ret_id, struct err *err)
{
    enum err_code code =
        db_insert(tx, &stmts[INSERT],
                  DB_ARGS(db_int(row->account_id), db_text(row->name), db_text(row->permission),
                          db_int(row->all_packages), db_int(now_ms)),
                  ret_id, err);

    if (code == ERR_CONFLICT)
        return fail(err, code, "group \"" STR_FMT "\" exists already", STR_ARG(row->name));
    return code;
}

enum err_code group_delete(struct tx *tx, int64_t id, struct err *err)
{
    return db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(id)), NULL, err);
}

static enum err_code list(struct tx *tx, struct arena *mem, const struct stmt *s, int64_t key,
                          struct group_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, s, DB_ARGS(db_int(key)), read_group, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct group_list){found.rows, found.count};
    return code;
}

enum err_code group_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct group_list *ret, struct err *err)
{
    return list(tx, mem, &stmts[BY_ORGANIZATION], account_id, ret, err);
}

enum err_code group_list_by_member(struct tx *tx, struct arena *mem, int64_t account_id,
                                   struct group_list *ret, struct err *err)
{
    return list(tx, mem, &stmts[BY_MEMBER], account_id, ret, err);
}

/* --- members and packages ------------------------------------------------------------------ */

static enum err_code read_named_text(struct rows *rows, struct arena *mem, void *ret,
                                     struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct named_text *row = ret;

    row->name = reader_text(&r);
    row->text = reader_text(&r);
    return reader_end(&r, err);
}

enum err_code named_texts(struct tx *tx, struct arena *mem, const struct stmt *s, int64_t key,
                          struct named_text_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, s, DB_ARGS(db_int(key)), read_named_text,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct named_text_list){found.rows, found.count};
    return code;
}

enum err_code group_members(struct tx *tx, struct arena *mem, int64_t id,
                            struct named_text_list *ret, struct err *err)
{
    return named_texts(tx, mem, &stmts[MEMBERS], id, ret, err);
}

static enum err_code add_package(struct rows *rows, struct arena *mem, const struct view *view,
                                 struct named_text_list *list, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    int64_t package_id = reader_int(&r);
    enum access_level access = reader_access(&r);
    struct named_text row;
    enum err_code code;

    row.name = reader_text(&r);
    row.text = reader_text(&r);
    code = reader_end(&r, err);
    if (code || !view_shows(view, access, package_id))
        return code;
    list->rows = arena_room(mem, list->rows, list->count, sizeof(*list->rows));
    if (!list->rows)
        return fail(err, ERR_NOMEM, "out of memory");
    list->rows[list->count++] = row;
    return OK;
}

enum err_code group_all_members(struct tx *tx, struct arena *mem, int64_t account_id,
                                struct named_text_list *ret, struct err *err)
{
    return named_texts(tx, mem, &stmts[ALL_MEMBERS], account_id, ret, err);
}

enum err_code group_packages(struct tx *tx, struct arena *mem, int64_t id, const struct view *view,
                             struct named_text_list *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct named_text_list list = {0};
    enum err_code code = db_query(tx, &stmts[PACKAGES], DB_ARGS(db_int(id)), &rows, err);

    while (code == OK && rows_next(rows))
        code = add_package(rows, mem, view, &list, err);
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        *ret = list;
    return code;
}

static enum err_code change(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, bool *ret_changed, struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, s, args, nargs, &changes, err);

    if (code == OK && ret_changed)
        *ret_changed = changes > 0;
    return code;
}

enum err_code group_add_member(struct tx *tx, int64_t id, int64_t account_id, bool *ret_changed,
                               struct err *err)
{
    return change(tx, &stmts[ADD_MEMBER], DB_ARGS(db_int(id), db_int(account_id)), ret_changed,
                  err);
}

enum err_code group_remove_member(struct tx *tx, int64_t id, int64_t account_id, bool *ret_changed,
                                  struct err *err)
{
    return change(tx, &stmts[REMOVE_MEMBER], DB_ARGS(db_int(id), db_int(account_id)), ret_changed,
                  err);
}

enum err_code group_has_member(struct tx *tx, int64_t id, int64_t account_id, bool *ret_is,
                               struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[HAS_MEMBER], DB_ARGS(db_int(id), db_int(account_id)), &rows, err);

    if (code == OK)
        *ret_is = rows_int(rows, 0) > 0;
    return code;
}

enum err_code group_add_package(struct tx *tx, const struct group_row *group, int64_t package_id,
                                bool *ret_changed, struct err *err)
{
    return change(tx, &stmts[ADD_PACKAGE],
                  DB_ARGS(db_int(group->id), db_int(group->account_id), db_int(package_id)),
                  ret_changed, err);
}

enum err_code group_remove_package(struct tx *tx, int64_t id, int64_t package_id, bool *ret_changed,
                                   struct err *err)
{
    return change(tx, &stmts[REMOVE_PACKAGE], DB_ARGS(db_int(id), db_int(package_id)), ret_changed,
                  err);
}
