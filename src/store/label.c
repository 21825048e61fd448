#include "store/label.h"

#include "store/reader.h"
#include "store/statements.h"

#define LABEL       "SELECT l.id, l.name, l.locked, l.access FROM "
#define LABEL_TYPES "itit"

/* A statement for each level of struct file_set: what is between head and tail picks its files,
 * which are f. place: of the set's number among the parameters. */
#define BY_LEVEL(first, name, head, place, tail, params, cols)                                     \
    [(first) +                                                                                     \
        OF_ACCOUNT] = {name "_of_account", head "f.account_id = " place tail, params, cols},       \
        [(first) +                                                                                 \
            OF_PACKAGE] = {name "_of_package", head "f.package_id = " place tail, params, cols},   \
        [(first) +                                                                                 \
            OF_RELEASE] = {name "_of_release", head "f.release_id = " place tail, params, cols},   \
        [(first) + OF_FILE] = {name "_of_file", head "f.id = " place tail, params, cols}

enum {
    ADD,
    FIND,
    ATTACH,
    ATTACH_SET,
    DETACH_SET = ATTACH_SET + FILE_LEVELS,
    PLACES = DETACH_SET + FILE_LEVELS,
    HOLDERS = PLACES + FILE_LEVELS,
    LOCKED = HOLDERS + FILE_LEVELS,
    ATTACH_COPY = LOCKED + FILE_LEVELS,
    WIDEN,
    WIDEN_ALL,
    PACKAGES,
    SET_LOCKED,
    DELETE,
    COUNTS,
    LIST,
    LIST_BY_FILE,
    ON_PACKAGE
};
static const struct stmt stmts[] = {
    /* Nobody knows of it before a file carries it. */
    [ADD] = {"label_add",
             "INSERT INTO label (account_id, name, access) VALUES ($1, $2, 'private') "
             "ON CONFLICT (account_id, name) DO NOTHING",
             "it", ""},
    [FIND] = {"label_find", LABEL "label l WHERE l.account_id = $1 AND l.name = $2", "it",
              LABEL_TYPES},
    [ATTACH] = {"label_attach",
                "INSERT INTO file_label (file_id, label_id) VALUES ($1, $2) "
                "ON CONFLICT (file_id, label_id) DO NOTHING",
                "ii", ""},
    BY_LEVEL(ATTACH_SET, "label_attach",
             "INSERT INTO file_label (file_id, label_id) SELECT f.id, CAST($1 AS BIGINT) "
             "FROM file f WHERE ",
             "$2", " ON CONFLICT (file_id, label_id) DO NOTHING", "ii", ""),
    BY_LEVEL(DETACH_SET, "label_detach",
             "DELETE FROM file_label WHERE label_id = $1 AND file_id IN "
             "(SELECT f.id FROM file f WHERE ",
             "$2", ")", "ii", ""),
    BY_LEVEL(PLACES, "label_places",
             "SELECT DISTINCT f.subdir, p.access FROM file f "
             "JOIN file_label fl ON fl.file_id = f.id AND fl.label_id = $1 "
             "JOIN package p ON p.id = f.package_id WHERE ",
             "$2", "", "ii", "tt"),
    BY_LEVEL(HOLDERS, "label_holders",
             "SELECT DISTINCT f.package_id FROM file f "
             "JOIN file_label fl ON fl.file_id = f.id AND fl.label_id = $1 WHERE ",
             "$2", "", "ii", "i"),
    BY_LEVEL(LOCKED, "label_locked",
             LABEL "file f JOIN file_label fl ON fl.file_id = f.id "
                   "JOIN label l ON l.id = fl.label_id AND l.locked = 1 WHERE ",
             "$1", " ORDER BY l.name LIMIT 1", "i", LABEL_TYPES),
    [ATTACH_COPY] = {"label_attach_copy",
                     "INSERT INTO file_label (file_id, label_id) "
                     "SELECT fl.file_id, CAST($1 AS BIGINT) FROM file_label fl "
                     "WHERE fl.label_id = $2 ON CONFLICT (file_id, label_id) DO NOTHING",
                     "ii", ""},
    [WIDEN] = {"label_widen", "UPDATE label SET access = $1 WHERE id = $2 AND access <> 'public'",
               "ti", ""},
    [WIDEN_ALL] = {"label_widen_all",
                   "UPDATE label SET access = $1 WHERE access <> 'public' AND id IN "
                   "(SELECT fl.label_id FROM file_label fl JOIN file f ON f.id = fl.file_id "
                   "WHERE f.package_id = $2)",
                   "ti", ""},
    [PACKAGES] = {"label_packages",
                  "SELECT DISTINCT f.package_id FROM file_label fl JOIN file f "
                  "ON f.id = fl.file_id WHERE fl.label_id = $1",
                  "i", "i"},
    [SET_LOCKED] = {"label_set_locked", "UPDATE label SET locked = $1 WHERE id = $2", "ii", ""},
    [DELETE] = {"label_delete", "DELETE FROM label WHERE id = $1", "i", ""},
    [COUNTS] = {"label_counts",
                "SELECT fl.label_id, f.package_id, p.access, COUNT(*) FROM file f "
                "JOIN file_label fl ON fl.file_id = f.id JOIN package p ON p.id = f.package_id "
                "WHERE f.account_id = $1 GROUP BY fl.label_id, f.package_id, p.access "
                "ORDER BY fl.label_id",
                "i", "iiti"},
    [LIST] = {"label_list", LABEL "label l WHERE l.account_id = $1 ORDER BY l.name", "i",
              LABEL_TYPES},
    [LIST_BY_FILE] = {"label_list_by_file",
                      LABEL "file_label fl JOIN label l ON l.id = fl.label_id "
                            "WHERE fl.file_id = $1 ORDER BY l.name",
                      "i", LABEL_TYPES},
    [ON_PACKAGE] = {"label_on_package",
                    "SELECT COUNT(*) FROM (SELECT f.id FROM file f "
                    "JOIN file_label c ON c.file_id = f.id JOIN label l ON l.id = c.label_id "
                    "WHERE f.package_id = $1 "
                    "AND replace($2, ' ' || l.name || ' ', '') <> $2 LIMIT 1) AS found",
                    "it", "i"},
};
const struct stmt_list label_statements = {stmts, COUNT(stmts)};

static const struct label_row main_label = {.name = {"main", 4}, .access = ACCESS_PUBLIC};

/* "main" is every channel's own, so nothing is told by it. */
static enum err_code read_label(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct label_row row = {0};
    enum err_code code;

    row.id = reader_int(&r);
    row.name = reader_text(&r);
    row.locked = reader_bool(&r);
    row.access = reader_access(&r);
    if (str_eq(row.name, main_label.name))
        row.access = main_label.access;
    code = reader_end(&r, err);
    if (code == OK)
        *(struct label_row *)ret = row;
    return code;
}

enum err_code label_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str name,
                         struct label_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[FIND], DB_ARGS(db_int(account_id), db_text(name)), &rows, err);

    if (code == ERR_NOT_FOUND && str_eq(name, main_label.name)) {
        *ret = main_label;
        return OK;
    }
    return code ? code : read_label(rows, mem, ret, err);
}

enum err_code label_ensure(struct tx *tx, int64_t account_id, struct str name, int64_t *ret_id,
                           struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_exec(tx, &stmts[ADD], DB_ARGS(db_int(account_id), db_text(name)), NULL, err);

    if (code == OK)
        code = db_one(tx, &stmts[FIND], DB_ARGS(db_int(account_id), db_text(name)), &rows, err);
    if (code == OK)
        *ret_id = rows_int(rows, 0);
    return code;
}

/* Sets the access of labels that are not public; nothing is narrower than private. */
static enum err_code widen(struct tx *tx, const struct stmt *s, int64_t id,
                           enum access_level access, struct err *err)
{
    if (access == ACCESS_PRIVATE)
        return OK;
    return db_exec(tx, s, DB_ARGS(db_text(access_level_name(access)), db_int(id)), NULL, err);
}

enum err_code label_attach(struct tx *tx, int64_t file_id, int64_t label_id,
                           enum access_level access, struct err *err)
{
    enum err_code code =
        db_exec(tx, &stmts[ATTACH], DB_ARGS(db_int(file_id), db_int(label_id)), NULL, err);

    return code ? code : widen(tx, &stmts[WIDEN], label_id, access, err);
}

enum err_code label_attach_set(struct tx *tx, const struct file_set *files, int64_t label_id,
                               int64_t *ret_changes, struct err *err)
{
    return db_exec(tx, &stmts[ATTACH_SET + files->level],
                   DB_ARGS(db_int(label_id), db_int(files->id)), ret_changes, err);
}

enum err_code label_detach_set(struct tx *tx, const struct file_set *files, int64_t label_id,
                               int64_t *ret_changes, struct err *err)
{
    return db_exec(tx, &stmts[DETACH_SET + files->level],
                   DB_ARGS(db_int(label_id), db_int(files->id)), ret_changes, err);
}

enum err_code label_attach_copy(struct tx *tx, int64_t from_id, int64_t to_id, int64_t *ret_changes,
                                struct err *err)
{
    return db_exec(tx, &stmts[ATTACH_COPY], DB_ARGS(db_int(to_id), db_int(from_id)), ret_changes,
                   err);
}

enum err_code label_widen_one(struct tx *tx, int64_t label_id, enum access_level access,
                              struct err *err)
{
    return widen(tx, &stmts[WIDEN], label_id, access, err);
}

enum err_code label_widen(struct tx *tx, int64_t package_id, enum access_level access,
                          struct err *err)
{
    return widen(tx, &stmts[WIDEN_ALL], package_id, access, err);
}

enum err_code label_shown(struct tx *tx, const struct label_row *label, const struct view *view,
                          bool *ret_shown, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    bool shown = label->access <= view->widest;
    enum err_code code = OK;

    if (!shown && view->also_count)
        code = db_query(tx, &stmts[PACKAGES], DB_ARGS(db_int(label->id)), &rows, err);
    /* Those of the widest access and less would have widened the label. */
    while (code == OK && rows && !shown && rows_next(rows))
        shown = view_shows(view, ACCESS_PRIVATE, rows_int(rows, 0));
    if (code == OK && rows)
        code = rows_error(rows, err);
    if (code == OK)
        *ret_shown = shown;
    return code;
}

/* ---- what carries it ---- */

static enum err_code read_place(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct label_place *place = ret;

    place->subdir = reader_text(&r);
    place->access = reader_access(&r);
    return reader_end(&r, err);
}

enum err_code label_places(struct tx *tx, struct arena *mem, const struct file_set *files,
                           int64_t label_id, struct label_places *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[PLACES + files->level],
                                     DB_ARGS(db_int(label_id), db_int(files->id)), read_place,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct label_places){found.rows, found.count};
    return code;
}

static enum err_code read_number(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    (void)mem, (void)err;
    *(int64_t *)ret = rows_int(rows, 0);
    return OK;
}

enum err_code label_holders(struct tx *tx, struct arena *mem, const struct file_set *files,
                            int64_t label_id, struct label_holders *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[HOLDERS + files->level],
                                     DB_ARGS(db_int(label_id), db_int(files->id)), read_number,
                                     sizeof(*ret->packages), &found, err);

    if (code == OK)
        *ret = (struct label_holders){found.rows, found.count};
    return code;
}

enum err_code label_find_locked(struct tx *tx, struct arena *mem, const struct file_set *files,
                                struct label_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[LOCKED + files->level], DB_ARGS(db_int(files->id)), &rows, err);

    return code ? code : read_label(rows, mem, ret, err);
}

enum err_code label_set_locked(struct tx *tx, int64_t id, bool locked, struct err *err)
{
    return db_exec(tx, &stmts[SET_LOCKED], DB_ARGS(db_int(locked), db_int(id)), NULL, err);
}

enum err_code label_delete(struct tx *tx, int64_t id, struct err *err)
{
    return db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(id)), NULL, err);
}

/* The rows of one label follow one another. */
enum err_code label_count_all(struct tx *tx, struct arena *mem, int64_t account_id,
                              const struct view *view, struct label_counts *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct label_counts counts = {0};
    enum err_code code = db_query(tx, &stmts[COUNTS], DB_ARGS(db_int(account_id)), &rows, err);

    while (code == OK && rows_next(rows)) {
        struct reader r = reader_of(rows, NULL);
        int64_t label_id = reader_int(&r), package_id = reader_int(&r);
        enum access_level access = reader_access(&r);

        if (!view_shows(view, access, package_id))
            continue;
        if (!counts.count || counts.rows[counts.count - 1].label_id != label_id) {
            counts.rows = arena_room(mem, counts.rows, counts.count, sizeof(*counts.rows));
            if (!counts.rows)
                return fail(err, ERR_NOMEM, "out of memory");
            counts.rows[counts.count++] = (struct label_count){.label_id = label_id};
        }
        counts.rows[counts.count - 1].files += reader_int(&r);
        counts.rows[counts.count - 1].packages++;
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        *ret = counts;
    return code;
}

/* ---- lists ---- */

static enum err_code list_labels(struct tx *tx, struct arena *mem, const struct stmt *s, int64_t id,
                                 struct label_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, s, DB_ARGS(db_int(id)), read_label, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct label_list){found.rows, found.count};
    return code;
}

/* "main" at its place in the order, where no file made it a row yet. */
static enum err_code add_main(struct arena *mem, struct label_list *list, struct err *err)
{
    size_t at = 0;

    while (at < list->count && str_cmp(list->rows[at].name, main_label.name) < 0)
        at++;
    if (at < list->count && str_eq(list->rows[at].name, main_label.name))
        return OK;
    list->rows = arena_room(mem, list->rows, list->count, sizeof(*list->rows));
    if (!list->rows)
        return fail(err, ERR_NOMEM, "out of memory");
    memmove(&list->rows[at + 1], &list->rows[at], (list->count - at) * sizeof(*list->rows));
    list->rows[at] = main_label;
    list->count++;
    return OK;
}

enum err_code label_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct label_list *ret, struct err *err)
{
    struct label_list list = {0};
    enum err_code code = list_labels(tx, mem, &stmts[LIST], account_id, &list, err);

    if (code == OK)
        code = add_main(mem, &list, err);
    if (code == OK)
        *ret = list;
    return code;
}

enum err_code label_list_by_file(struct tx *tx, struct arena *mem, int64_t file_id,
                                 struct label_list *ret, struct err *err)
{
    return list_labels(tx, mem, &stmts[LIST_BY_FILE], file_id, ret, err);
}

enum err_code label_on_package(struct tx *tx, struct arena *mem, int64_t package_id,
                               struct str labels, bool *ret_is, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct str words = str_fmt(mem, " " STR_FMT " ", STR_ARG(labels));
    enum err_code code = words.ptr ? db_one(tx, &stmts[ON_PACKAGE],
                                            DB_ARGS(db_int(package_id), db_text(words)), &rows, err)
                                   : fail(err, ERR_NOMEM, "out of memory");

    if (code == OK)
        *ret_is = rows_int(rows, 0) > 0;
    return code;
}
