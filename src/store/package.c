/* package.c: rows of packages and releases. */
#include "store/package.h"

#include "base/buf.h"
#include "store/reader.h"
#include "store/statements.h"

#define PACKAGE                                                                                    \
    "SELECT p.id, p.account_id, a.login, p.name, p.summary, p.attrs, p.latest_version, "           \
    "p.created_ms, p.updated_ms, p.access, p.edits, p.copied_from_id, p.copied_from "              \
    "FROM package p JOIN account a ON a.id = p.account_id "
#define PACKAGE_TYPES "iitttttiittIt"
#define RELEASE       "SELECT id, package_id, version, attrs, created_ms FROM release "
#define RELEASE_TYPES "iitti"

enum {
    PACKAGE_FIND,
    PACKAGE_TYPES_OF,
    PACKAGE_INSERT,
    PACKAGE_UPDATE,
    PACKAGE_SET_EDITS,
    PACKAGE_SET_SOURCE,
    PACKAGE_HIDE_SOURCE,
    PACKAGE_FIND_BY_ID,
    PACKAGE_DELETE,
    PACKAGE_LIST,
    PACKAGE_LIST_HIDDEN,
    PACKAGE_ACCESS_OF,
    PACKAGE_SET_ACCESS,
    PACKAGE_LEVELS,
    PACKAGE_RELEASED,
    PACKAGE_PLATFORMS,
    RELEASE_FIND,
    RELEASE_INSERT,
    RELEASE_UPDATE,
    RELEASE_DELETE,
    RELEASE_LIST
};
static const struct stmt stmts[] = {
    [PACKAGE_FIND] = {"package_find",
                      PACKAGE "WHERE a.login = lower($1) AND lower(p.name) = lower($2)", "tt",
                      PACKAGE_TYPES},
    [PACKAGE_TYPES_OF] = {"package_types_of",
                          "SELECT DISTINCT type FROM file WHERE package_id = $1 ORDER BY type", "i",
                          "t"},
    [PACKAGE_INSERT] =
        {"package_insert",
         "INSERT INTO package (account_id, name, access, summary, attrs, latest_version, "
         "created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, '', $6, $6) RETURNING id",
         "itttti", "i"},
    [PACKAGE_UPDATE] = {"package_update",
                        "UPDATE package SET summary = $1, attrs = $2, latest_version = $3, "
                        "updated_ms = $4 WHERE id = $5",
                        "tttii", ""},
    [PACKAGE_SET_EDITS] = {"package_set_edits", "UPDATE package SET edits = $1 WHERE id = $2", "ti",
                           ""},
    [PACKAGE_SET_SOURCE] = {"package_set_source",
                            "UPDATE package SET copied_from_id = $1, copied_from = $2 "
                            "WHERE id = $3",
                            "iti", ""},
    [PACKAGE_HIDE_SOURCE] = {"package_hide_source",
                             "UPDATE package SET copied_from = '' WHERE copied_from_id = $1", "i",
                             ""},
    [PACKAGE_FIND_BY_ID] = {"package_find_by_id", PACKAGE "WHERE p.id = $1", "i", PACKAGE_TYPES},
    [PACKAGE_DELETE] = {"package_delete", "DELETE FROM package WHERE id = $1", "i", ""},
    [PACKAGE_LIST] = {"package_list", PACKAGE "WHERE p.account_id = $1 ORDER BY p.name", "i",
                      PACKAGE_TYPES},
    [PACKAGE_LIST_HIDDEN] = {"package_list_hidden",
                             PACKAGE "WHERE p.account_id = $1 AND p.access <> 'public' "
                                     "ORDER BY p.name",
                             "i", PACKAGE_TYPES},
    [PACKAGE_ACCESS_OF] = {"package_access_of",
                           "SELECT p.id, p.access FROM package p JOIN account a "
                           "ON a.id = p.account_id "
                           "WHERE a.login = lower($1) AND lower(p.name) = lower($2)",
                           "tt", "it"},
    [PACKAGE_SET_ACCESS] = {"package_set_access", "UPDATE package SET access = $1 WHERE id = $2",
                            "ti", ""},
    [PACKAGE_LEVELS] = {"package_levels",
                        "SELECT access FROM package WHERE account_id = $1 "
                        "UNION SELECT access FROM label WHERE account_id = $1",
                        "i", "t"},
    [PACKAGE_RELEASED] = {"package_released",
                          "SELECT COALESCE(MAX(f.uploaded_ms), 0) FROM release r "
                          "JOIN file f ON f.release_id = r.id "
                          "WHERE r.package_id = $1 AND r.version = $2",
                          "it", "i"},
    [PACKAGE_PLATFORMS] = {"package_platforms",
                           "SELECT DISTINCT subdir FROM file WHERE package_id = $1 "
                           "AND type = 'conda' ORDER BY subdir",
                           "i", "t"},
    [RELEASE_FIND] = {"release_find", RELEASE "WHERE package_id = $1 AND version = $2", "it",
                      RELEASE_TYPES},
    [RELEASE_INSERT] = {"release_insert",
                        "INSERT INTO release (package_id, version, attrs, created_ms) "
                        "VALUES ($1, $2, $3, $4) RETURNING id",
                        "itti", "i"},
    [RELEASE_UPDATE] = {"release_update", "UPDATE release SET attrs = $1 WHERE id = $2", "ti", ""},
    [RELEASE_DELETE] = {"release_delete", "DELETE FROM release WHERE id = $1", "i", ""},
    [RELEASE_LIST] = {"release_list", RELEASE "WHERE package_id = $1 ORDER BY created_ms, id", "i",
                      RELEASE_TYPES},
};
const struct stmt_list package_statements = {stmts, COUNT(stmts)};

/* Runs an UPDATE or DELETE of one row by its number. */
static enum err_code change(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, s, args, nargs, &changes, err);

    if (code)
        return code;
    return changes ? OK : fail(err, ERR_NOT_FOUND, "not found (%s)", s->name);
}

/* --- packages ------------------------------------------------------------------------------ */

/* types are read by package_types: a query within this one would be one more open statement. */
static enum err_code read_package(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct package_row row = {.types = S("")};

    row.id = reader_int(&r);
    row.account_id = reader_int(&r);
    row.owner = reader_text(&r);
    row.name = reader_text(&r);
    row.summary = reader_text(&r);
    row.attrs = reader_text(&r);
    row.latest_version = reader_text(&r);
    row.created_ms = reader_int(&r);
    row.updated_ms = reader_int(&r);
    row.access = reader_access(&r);
    row.edits = reader_text(&r);
    row.copied_from_id = reader_int(&r);
    row.copied_from = reader_text(&r);
    *(struct package_row *)ret = row;
    return reader_end(&r, err);
}

/* Blank-separated. Joined here: engines have no common aggregate that concatenates. */
static enum err_code words(struct tx *tx, struct arena *mem, const struct stmt *s, int64_t id,
                           struct str *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct str all = S("");
    enum err_code code = db_query(tx, s, DB_ARGS(db_int(id)), &rows, err);

    while (code == OK && rows_next(rows)) {
        struct str word = rows_text(rows, 0);

        all = all.len ? str_fmt(mem, STR_FMT " " STR_FMT, STR_ARG(all), STR_ARG(word))
                      : str_dup(mem, word);
        if (!all.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        *ret = all;
    return code;
}

static enum err_code package_types(struct tx *tx, struct arena *mem, struct package_row *row,
                                   struct err *err)
{
    return words(tx, mem, &stmts[PACKAGE_TYPES_OF], row->id, &row->types, err);
}

enum err_code package_platforms(struct tx *tx, struct arena *mem, int64_t id, struct str *ret,
                                struct err *err)
{
    return words(tx, mem, &stmts[PACKAGE_PLATFORMS], id, ret, err);
}

enum err_code package_released(struct tx *tx, int64_t id, struct str version, int64_t *ret_ms,
                               struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[PACKAGE_RELEASED], DB_ARGS(db_int(id), db_text(version)), &rows, err);

    if (code == OK)
        *ret_ms = rows_int(rows, 0);
    return code;
}

static enum err_code find_package(struct tx *tx, struct arena *mem, const struct stmt *s,
                                  const struct db_val *args, size_t nargs, struct package_row *ret,
                                  struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct package_row row = {0};
    enum err_code code = db_one(tx, s, args, nargs, &rows, err);

    if (code == OK)
        code = read_package(rows, mem, &row, err);
    if (code == OK)
        code = package_types(tx, mem, &row, err);
    if (code == OK)
        *ret = row;
    return code;
}

enum err_code package_find(struct tx *tx, struct arena *mem, struct str owner, struct str name,
                           struct package_row *ret, struct err *err)
{
    return find_package(tx, mem, &stmts[PACKAGE_FIND], DB_ARGS(db_text(owner), db_text(name)), ret,
                        err);
}

enum err_code package_find_by_id(struct tx *tx, struct arena *mem, int64_t id,
                                 struct package_row *ret, struct err *err)
{
    return find_package(tx, mem, &stmts[PACKAGE_FIND_BY_ID], DB_ARGS(db_int(id)), ret, err);
}

enum err_code package_insert(struct tx *tx, int64_t account_id, struct str name,
                             enum access_level access, struct str summary, struct str attrs,
                             int64_t now_ms, int64_t *ret_id, struct err *err)
{
    enum err_code code =
        db_insert(tx, &stmts[PACKAGE_INSERT],
                  DB_ARGS(db_int(account_id), db_text(name), db_text(access_level_name(access)),
                          db_text(summary), db_text(attrs), db_int(now_ms)),
                  ret_id, err);

    if (code == ERR_CONFLICT)
        return fail(err, code, "package \"" STR_FMT "\" exists already", STR_ARG(name));
    return code;
}

enum err_code package_update(struct tx *tx, int64_t id, struct str summary, struct str attrs,
                             struct str latest_version, int64_t now_ms, struct err *err)
{
    return change(tx, &stmts[PACKAGE_UPDATE],
                  DB_ARGS(db_text(summary), db_text(attrs), db_text(latest_version), db_int(now_ms),
                          db_int(id)),
                  err);
}

enum err_code package_set_edits(struct tx *tx, int64_t id, struct str edits, struct err *err)
{
    return change(tx, &stmts[PACKAGE_SET_EDITS], DB_ARGS(db_text(edits), db_int(id)), err);
}

enum err_code package_set_source(struct tx *tx, int64_t id, int64_t copied_from_id,
                                 struct str copied_from, struct err *err)
{
    return change(tx, &stmts[PACKAGE_SET_SOURCE],
                  DB_ARGS(db_int(copied_from_id), db_text(copied_from), db_int(id)), err);
}

enum err_code package_hide_source(struct tx *tx, int64_t id, struct err *err)
{
    return db_exec(tx, &stmts[PACKAGE_HIDE_SOURCE], DB_ARGS(db_int(id)), NULL, err);
}

enum err_code package_delete(struct tx *tx, int64_t id, struct err *err)
{
    return change(tx, &stmts[PACKAGE_DELETE], DB_ARGS(db_int(id)), err);
}

static enum err_code list_packages(struct tx *tx, struct arena *mem, const struct stmt *s,
                                   int64_t account_id, struct package_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, s, DB_ARGS(db_int(account_id)), read_package,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct package_list){found.rows, found.count};
    return code;
}

enum err_code package_list(struct tx *tx, struct arena *mem, int64_t account_id,
                           struct package_list *ret, struct err *err)
{
    struct package_list list = {0};
    enum err_code code = list_packages(tx, mem, &stmts[PACKAGE_LIST], account_id, &list, err);

    for (size_t i = 0; code == OK && i < list.count; i++)
        code = package_types(tx, mem, &list.rows[i], err);
    if (code == OK)
        *ret = list;
    return code;
}

enum err_code package_access_of(struct tx *tx, struct str owner, struct str name, int64_t *ret_id,
                                enum access_level *ret_access, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct reader r;
    enum err_code code =
        db_one(tx, &stmts[PACKAGE_ACCESS_OF], DB_ARGS(db_text(owner), db_text(name)), &rows, err);

    if (code)
        return code;
    r = reader_of(rows, NULL);
    *ret_id = reader_int(&r);
    *ret_access = reader_access(&r);
    return reader_end(&r, err);
}

enum err_code package_set_access(struct tx *tx, int64_t id, enum access_level access,
                                 struct err *err)
{
    return change(tx, &stmts[PACKAGE_SET_ACCESS],
                  DB_ARGS(db_text(access_level_name(access)), db_int(id)), err);
}

enum err_code package_levels(struct tx *tx, int64_t account_id, bool ret_has[ACCESS_LEVELS],
                             struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    bool has[ACCESS_LEVELS] = {false};
    enum err_code code =
        db_query(tx, &stmts[PACKAGE_LEVELS], DB_ARGS(db_int(account_id)), &rows, err);

    while (code == OK && rows_next(rows)) {
        struct reader r = reader_of(rows, NULL);

        has[reader_access(&r)] = true;
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        memcpy(ret_has, has, sizeof has);
    return code;
}

enum err_code package_list_hidden(struct tx *tx, struct arena *mem, int64_t account_id,
                                  struct package_list *ret, struct err *err)
{
    return list_packages(tx, mem, &stmts[PACKAGE_LIST_HIDDEN], account_id, ret, err);
}

/* --- releases ------------------------------------------------------------------------------ */

static enum err_code read_release(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct release_row row = {0};
    enum err_code code;

    row.id = reader_int(&r);
    row.package_id = reader_int(&r);
    row.version = reader_text(&r);
    row.attrs = reader_text(&r);
    row.created_ms = reader_int(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct release_row *)ret = row;
    return code;
}

enum err_code release_find(struct tx *tx, struct arena *mem, int64_t package_id, struct str version,
                           struct release_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[RELEASE_FIND], DB_ARGS(db_int(package_id), db_text(version)), &rows, err);

    return code ? code : read_release(rows, mem, ret, err);
}

enum err_code release_insert(struct tx *tx, int64_t package_id, struct str version,
                             struct str attrs, int64_t now_ms, int64_t *ret_id, struct err *err)
{
    enum err_code code = db_insert(
        tx, &stmts[RELEASE_INSERT],
        DB_ARGS(db_int(package_id), db_text(version), db_text(attrs), db_int(now_ms)), ret_id, err);

    if (code == ERR_CONFLICT)
        return fail(err, code, "release \"" STR_FMT "\" exists already", STR_ARG(version));
    return code;
}

enum err_code release_update(struct tx *tx, int64_t id, struct str attrs, struct err *err)
{
    return change(tx, &stmts[RELEASE_UPDATE], DB_ARGS(db_text(attrs), db_int(id)), err);
}

enum err_code release_delete(struct tx *tx, int64_t id, struct err *err)
{
    return change(tx, &stmts[RELEASE_DELETE], DB_ARGS(db_int(id)), err);
}

enum err_code release_list(struct tx *tx, struct arena *mem, int64_t package_id,
                           struct release_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[RELEASE_LIST], DB_ARGS(db_int(package_id)),
                                     read_release, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct release_list){found.rows, found.count};
    return code;
}
