#include "store/label.h"

#include "store/reader.h"
#include "store/statements.h"

#define LABEL       "SELECT l.id, l.name, l.locked, l.access FROM "
#define LABEL_TYPES "itit"

enum { ADD, FIND, ATTACH, WIDEN, WIDEN_ALL, PACKAGES, LIST, LIST_BY_FILE };
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
    [LIST] = {"label_list", LABEL "label l WHERE l.account_id = $1 ORDER BY l.name", "i",
              LABEL_TYPES},
    [LIST_BY_FILE] = {"label_list_by_file",
                      LABEL "file_label fl JOIN label l ON l.id = fl.label_id "
                            "WHERE fl.file_id = $1 ORDER BY l.name",
                      "i", LABEL_TYPES},
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
    list->rows = reader_room(mem, list->rows, list->count, sizeof(*list->rows));
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
