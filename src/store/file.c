/* file.c: rows of files and of the names they leave behind. */
#include "store/file.h"

#include "base/digest.h"
#include "store/reader.h"
#include "store/space.h"
#include "store/statements.h"

/* texts: the three columns that can be long, or what stands in for them in lists. */
#define FILES(texts)                                                                               \
    "SELECT f.id, f.package_id, f.release_id, f.account_id, a.login, p.name, r.version, f.type, "  \
    "f.name_key, f.basename, f.subdir, f.filename, f.sha256, f.md5, f.size, f.record, " texts      \
    ", f.description, f.build_timestamp_ms, f.uploaded_ms, f.uploader_id, p.access, "              \
    "COALESCE(d.count, 0) "                                                                        \
    "FROM file f JOIN account a ON a.id = f.account_id JOIN package p ON p.id = f.package_id "     \
    "JOIN release r ON r.id = f.release_id LEFT JOIN download_total d ON d.file_id = f.id "
#define ALL_TEXTS  "f.run_exports, f.about, f.facts"
#define NO_TEXTS   "'', '', ''"
#define FILE_TYPES "iiiittttttttttitttttiiIti"

/* The columns FILE_CHANNEL_... */
#define CHANNEL                                                                                    \
    "SELECT f.filename, f.sha256, f.md5, f.size, f.record, f.run_exports, f.about, f.facts, "      \
    "f.uploaded_ms, f.build_timestamp_ms, f.subdir, p.name, r.version, p.id, p.access "
#define CHANNEL_TYPES "tttittttiitttit"
/* widest: the place of the widest access that is asked for. */
#define UP_TO(widest)                                                                              \
    "AND (p.access = 'public' OR p.access = " widest " OR " widest " = 'private') "
#define CARRIES                                                                                    \
    "EXISTS (SELECT 1 FROM file_label fl JOIN label l ON l.id = fl.label_id "                      \
    "WHERE fl.file_id = f.id AND l.account_id = f.account_id AND l.name = $2) "

/* The files of a set that carry a label. */
#define LABELLED_OF(level, name, column)                                                           \
    [LABELLED + (level)] = {name,                                                                  \
                            FILES(NO_TEXTS) "JOIN file_label fl ON fl.file_id = f.id AND "         \
                                            "fl.label_id = $1 WHERE " column                       \
                                            " = $2 ORDER BY f.uploaded_ms, f.id",                  \
                            "ii", FILE_TYPES}

enum {
    INSERT,
    FIND,
    FIND_IN_RELEASE,
    DELETE,
    PACKAGES_BELOW,
    BY_PACKAGE,
    BY_RELEASE,
    BY_ID,
    LABELLED,
    PAGE_OF_LABEL = LABELLED + FILE_LEVELS,
    NAMES,
    CHANNEL_SUBDIR,
    CHANNEL_ALL,
    CHANNEL_PACKAGES,
    CHANNEL_PACKAGE,
    CHANNEL_ANY,
    IN_CHANNEL,
    NAME_RETIRE,
    NAME_RETIRED,
    BLOB_USED
};
static const struct stmt stmts[] = {
    [INSERT] = {"file_insert",
                "INSERT INTO file (account_id, package_id, release_id, type, name_key, basename, "
                "subdir, filename, sha256, md5, size, record, run_exports, about, facts, "
                "description, build_timestamp_ms, uploaded_ms, uploader_id) VALUES ($1, $2, $3, "
                "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) "
                "RETURNING id",
                "iiitttttttitttttiiI", "i"},
    [FIND] = {"file_find",
              FILES(ALL_TEXTS) "WHERE f.account_id = $1 AND f.type = $2 AND f.name_key = $3", "itt",
              FILE_TYPES},
    [FIND_IN_RELEASE] = {"file_find_in_release",
                         FILES(ALL_TEXTS) "WHERE f.release_id = $1 AND f.basename = $2", "it",
                         FILE_TYPES},
    [DELETE] = {"file_delete", "DELETE FROM file WHERE id = $1 RETURNING account_id, sha256, size",
                "i", "iti"},
    /* "0" comes right after "/". */
    [PACKAGES_BELOW] = {"file_packages_below",
                        "SELECT DISTINCT p.name FROM file f JOIN package p ON p.id = f.package_id "
                        "WHERE f.account_id = $1 AND f.type = $2 AND f.name_key >= $3 || '/' "
                        "AND f.name_key < $3 || '0' AND f.package_id <> $4 ORDER BY p.name",
                        "itti", "t"},
    [BY_PACKAGE] = {"file_list_by_package",
                    FILES(NO_TEXTS) "WHERE f.package_id = $1 ORDER BY f.uploaded_ms, f.id", "i",
                    FILE_TYPES},
    [BY_RELEASE] = {"file_list_by_release",
                    FILES(NO_TEXTS) "WHERE f.release_id = $1 ORDER BY f.uploaded_ms, f.id", "i",
                    FILE_TYPES},
    [BY_ID] = {"file_find_by_id", FILES(ALL_TEXTS) "WHERE f.id = $1", "i", FILE_TYPES},
    LABELLED_OF(OF_ACCOUNT, "file_labelled_of_account", "f.account_id"),
    LABELLED_OF(OF_PACKAGE, "file_labelled_of_package", "f.package_id"),
    LABELLED_OF(OF_RELEASE, "file_labelled_of_release", "f.release_id"),
    LABELLED_OF(OF_FILE, "file_labelled_of_file", "f.id"),
    [PAGE_OF_LABEL] =
        {"file_page_of_label",
         FILES(NO_TEXTS) "JOIN file_label fl ON fl.file_id = f.id WHERE fl.label_id = $1 "
                         "AND fl.file_id < $2 " UP_TO("$3") "ORDER BY fl.file_id DESC LIMIT $4",
         "iiti", FILE_TYPES},
    [NAMES] = {"file_names",
               "SELECT p.id, p.access, p.name, r.version, f.basename FROM file_label fl "
               "JOIN file f ON f.id = fl.file_id JOIN package p ON p.id = f.package_id "
               "JOIN release r ON r.id = f.release_id WHERE fl.label_id = $1 "
               "ORDER BY p.name, r.version, f.basename, f.id",
               "i", "itttt"},
    /* Both walk along indexes in the order asked for: a channel is never sorted as a whole. */
    [CHANNEL_SUBDIR] = {"file_channel_subdir",
                        CHANNEL
                        "FROM file f JOIN package p ON p.id = f.package_id "
                        "JOIN release r ON r.id = f.release_id WHERE f.account_id = $1 AND " CARRIES
                        "AND f.subdir = $3 " UP_TO("$4") "ORDER BY f.filename",
                        "ittt", CHANNEL_TYPES},
    [CHANNEL_ALL] = {"file_channel_all",
                     CHANNEL "FROM package p JOIN release r ON r.package_id = p.id "
                             "JOIN file f ON f.release_id = r.id AND f.type = 'conda' "
                             "WHERE p.account_id = $1 AND " CARRIES UP_TO(
                                 "$3") "ORDER BY p.name, r.version, f.subdir, f.filename",
                     "itt", CHANNEL_TYPES},
    [CHANNEL_PACKAGES] = {"file_channel_packages",
                          CHANNEL "FROM package p JOIN file f ON f.package_id = p.id "
                                  "JOIN release r ON r.id = f.release_id "
                                  "WHERE p.account_id = $1 AND " CARRIES
                                  "AND f.subdir = $3 " UP_TO("$4") "ORDER BY p.name, f.filename",
                          "ittt", CHANNEL_TYPES},
    [CHANNEL_PACKAGE] = {"file_channel_package",
                         CHANNEL "FROM package p JOIN file f ON f.package_id = p.id "
                                 "JOIN release r ON r.id = f.release_id "
                                 "WHERE p.account_id = $1 AND " CARRIES
                                 "AND (f.subdir = $3 OR ($3 = '' AND f.type = 'conda')) "
                                 "AND p.name = $4 ORDER BY r.version, f.subdir, f.filename",
                         "ittt", CHANNEL_TYPES},
    [CHANNEL_ANY] = {"file_channel_any",
                     "SELECT 1 FROM package p JOIN file f ON f.package_id = p.id "
                     "WHERE p.account_id = $1 AND " CARRIES
                     "AND p.access = $3 AND (($4 = '' AND f.type = 'conda') OR "
                     "($4 <> '' AND f.subdir = $4)) LIMIT 1",
                     "ittt", "i"},
    [IN_CHANNEL] = {"file_in_channel",
                    "SELECT f.id, f.package_id, f.sha256, f.md5, f.size, f.uploaded_ms, p.access "
                    "FROM file f JOIN package p ON p.id = f.package_id "
                    "WHERE f.account_id = $1 AND " CARRIES "AND f.type = $3 AND f.name_key = $4",
                    "ittt", "iittiit"},
    [NAME_RETIRE] = {"file_name_retire",
                     "INSERT INTO retired_name (account_id, type, name_key, sha256, retired_ms) "
                     "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, type, name_key) "
                     "DO UPDATE SET sha256 = excluded.sha256, retired_ms = excluded.retired_ms",
                     "ittti", ""},
    [NAME_RETIRED] = {"file_name_retired",
                      "SELECT COUNT(*) FROM retired_name "
                      "WHERE account_id = $1 AND type = $2 AND name_key = $3",
                      "itt", "i"},
    [BLOB_USED] = {"file_blob_used",
                   "SELECT 1 FROM file WHERE sha256 = $1 UNION ALL "
                   "SELECT 1 FROM trash_file WHERE sha256 = $1 UNION ALL "
                   "SELECT 1 FROM upload WHERE sha256 = $1 UNION ALL "
                   "SELECT 1 FROM index_doc WHERE sha256 = $1 UNION ALL "
                   "SELECT 1 FROM index_chunk WHERE sha256 = $1 UNION ALL "
                   "SELECT 1 FROM index_past_chunk WHERE sha256 = $1 UNION ALL "
                   "SELECT 1 FROM index_garbage WHERE sha256 = $1 UNION ALL "
                   "SELECT 1 FROM blob_mark WHERE sha256 = $1 LIMIT 1",
                   "t", "i"},
};
const struct stmt_list file_statements = {stmts, COUNT(stmts)};

/* --- files --------------------------------------------------------------------------------- */

enum err_code file_insert(struct tx *tx, const struct file_row *row, int64_t *ret_id,
                          struct err *err)
{
    enum err_code code = space_add_blob(tx, row->account_id, row->sha256, row->size, err);

    if (code)
        return code;
    code = db_insert(tx, &stmts[INSERT],
                     DB_ARGS(db_int(row->account_id), db_int(row->package_id),
                             db_int(row->release_id), db_text(row->type), db_text(row->name_key),
                             db_text(row->basename), db_text(row->subdir), db_text(row->filename),
                             db_text(row->sha256), db_text(row->md5), db_int(row->size),
                             db_text(row->record), db_text(row->run_exports), db_text(row->about),
                             db_text(row->facts), db_text(row->description),
                             db_int(row->build_timestamp_ms), db_int(row->uploaded_ms),
                             row->uploader_id ? db_int(row->uploader_id) : db_null()),
                     ret_id, err);
    if (code == ERR_CONFLICT)
        return fail(err, code, "file \"" STR_FMT "\" exists already", STR_ARG(row->basename));
    return code;
}

static enum err_code read_file(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct file_row row = {0};
    enum err_code code;

    row.id = reader_int(&r);
    row.package_id = reader_int(&r);
    row.release_id = reader_int(&r);
    row.account_id = reader_int(&r);
    row.owner = reader_text(&r);
    row.package = reader_text(&r);
    row.version = reader_text(&r);
    row.type = reader_text(&r);
    row.name_key = reader_text(&r);
    row.basename = reader_text(&r);
    row.subdir = reader_text(&r);
    row.filename = reader_text(&r);
    row.sha256 = reader_text(&r);
    row.md5 = reader_text(&r);
    row.size = reader_int(&r);
    row.record = reader_text(&r);
    row.run_exports = reader_text(&r);
    row.about = reader_text(&r);
    row.facts = reader_text(&r);
    row.description = reader_text(&r);
    row.build_timestamp_ms = reader_int(&r);
    row.uploaded_ms = reader_int(&r);
    row.uploader_id = reader_int(&r);
    row.access = reader_access(&r);
    row.downloads = reader_int(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct file_row *)ret = row;
    return code;
}

enum err_code file_find(struct tx *tx, struct arena *mem, const struct file_name *name,
                        struct file_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(
        tx, &stmts[FIND],
        DB_ARGS(db_int(name->account_id), db_text(name->type), db_text(name->key)), &rows, err);

    return code ? code : read_file(rows, mem, ret, err);
}

enum err_code file_find_in_release(struct tx *tx, struct arena *mem, int64_t release_id,
                                   struct str basename, struct file_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[FIND_IN_RELEASE],
                                DB_ARGS(db_int(release_id), db_text(basename)), &rows, err);

    return code ? code : read_file(rows, mem, ret, err);
}

enum err_code file_delete(struct tx *tx, int64_t id, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    char sha256[SHA256_HEX + 1] = "";
    int64_t account_id, size;
    enum err_code code = db_one(tx, &stmts[DELETE], DB_ARGS(db_int(id)), &rows, err);

    if (code == ERR_NOT_FOUND)
        return fail(err, ERR_NOT_FOUND, "no file has the number %lld", (long long)id);
    if (code)
        return code;
    account_id = rows_int(rows, 0);
    (void)snprintf(sha256, sizeof sha256, STR_FMT, STR_ARG(rows_text(rows, 1)));
    size = rows_int(rows, 2);
    rows_endp(&rows);
    return space_drop_blob(tx, account_id, str_of(sha256), size, err);
}

enum err_code file_packages_below(struct tx *tx, struct arena *mem, const struct file_name *name,
                                  int64_t package_id, struct name_list *ret, struct err *err)
{
    const struct db_val args[] = {db_int(name->account_id), db_text(name->type), db_text(name->key),
                                  db_int(package_id)};
    struct reader_list list = {0};
    enum err_code code = reader_list(tx, mem, &stmts[PACKAGES_BELOW], args, COUNT(args),
                                     reader_row_text, sizeof(struct str), &list, err);

    if (code == OK)
        *ret = (struct name_list){list.rows, list.count};
    return code;
}

enum err_code file_find_by_id(struct tx *tx, struct arena *mem, int64_t id, struct file_row *ret,
                              struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[BY_ID], DB_ARGS(db_int(id)), &rows, err);

    return code ? code : read_file(rows, mem, ret, err);
}

static enum err_code list_files(struct tx *tx, struct arena *mem, const struct stmt *s,
                                const struct db_val *args, size_t nargs, struct file_list *ret,
                                struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, s, args, nargs, read_file, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct file_list){found.rows, found.count};
    return code;
}

enum err_code file_list_by_package(struct tx *tx, struct arena *mem, int64_t package_id,
                                   struct file_list *ret, struct err *err)
{
    return list_files(tx, mem, &stmts[BY_PACKAGE], DB_ARGS(db_int(package_id)), ret, err);
}

enum err_code file_list_by_release(struct tx *tx, struct arena *mem, int64_t release_id,
                                   struct file_list *ret, struct err *err)
{
    return list_files(tx, mem, &stmts[BY_RELEASE], DB_ARGS(db_int(release_id)), ret, err);
}

enum err_code file_list_labelled(struct tx *tx, struct arena *mem, const struct file_set *files,
                                 int64_t label_id, struct file_list *ret, struct err *err)
{
    return list_files(tx, mem, &stmts[LABELLED + files->level],
                      DB_ARGS(db_int(label_id), db_int(files->id)), ret, err);
}

enum err_code file_page_of_label(struct tx *tx, struct arena *mem, int64_t label_id, int64_t before,
                                 enum access_level widest, int64_t max, struct file_list *ret,
                                 struct err *err)
{
    return list_files(
        tx, mem, &stmts[PAGE_OF_LABEL],
        DB_ARGS(db_int(label_id), db_int(before), db_text(access_level_name(widest)), db_int(max)),
        ret, err);
}

enum err_code file_query_names(struct tx *tx, int64_t label_id, struct rows **ret_rows,
                               struct err *err)
{
    return db_query_long(tx, &stmts[NAMES], DB_ARGS(db_int(label_id)), ret_rows, err);
}

/* Is there a row? */
static enum err_code exists(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, bool *ret_exists, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, args, nargs, &rows, err);

    if (code != OK && code != ERR_NOT_FOUND)
        return code;
    *ret_exists = code == OK;
    return OK;
}

/* --- channels ------------------------------------------------------------------------------ */

enum err_code file_query_channel(struct tx *tx, int64_t account_id, struct str label,
                                 struct str subdir, enum access_level widest,
                                 struct rows **ret_rows, struct err *err)
{
    const struct db_val id = db_int(account_id), name = db_text(label),
                        access = db_text(access_level_name(widest));

    if (subdir.len)
        return db_query_long(tx, &stmts[CHANNEL_SUBDIR], DB_ARGS(id, name, db_text(subdir), access),
                             ret_rows, err);
    return db_query_long(tx, &stmts[CHANNEL_ALL], DB_ARGS(id, name, access), ret_rows, err);
}

enum err_code file_query_channel_packages(struct tx *tx, int64_t account_id, struct str label,
                                          struct str subdir, enum access_level widest,
                                          struct rows **ret_rows, struct err *err)
{
    return db_query_long(tx, &stmts[CHANNEL_PACKAGES],
                         DB_ARGS(db_int(account_id), db_text(label), db_text(subdir),
                                 db_text(access_level_name(widest))),
                         ret_rows, err);
}

enum err_code file_query_channel_package(struct tx *tx, int64_t account_id, struct str label,
                                         struct str subdir, struct str package,
                                         struct rows **ret_rows, struct err *err)
{
    return db_query_long(
        tx, &stmts[CHANNEL_PACKAGE],
        DB_ARGS(db_int(account_id), db_text(label), db_text(subdir), db_text(package)), ret_rows,
        err);
}

enum err_code file_channel_any(struct tx *tx, int64_t account_id, struct str label,
                               struct str subdir, enum access_level access, bool *ret_any,
                               struct err *err)
{
    return exists(tx, &stmts[CHANNEL_ANY],
                  DB_ARGS(db_int(account_id), db_text(label), db_text(access_level_name(access)),
                          db_text(subdir)),
                  ret_any, err);
}

enum err_code file_in_channel(struct tx *tx, struct arena *mem, const struct file_name *name,
                              struct str label, struct file_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct file_row row = {.account_id = name->account_id};
    struct reader r;
    enum err_code code = db_one(
        tx, &stmts[IN_CHANNEL],
        DB_ARGS(db_int(name->account_id), db_text(label), db_text(name->type), db_text(name->key)),
        &rows, err);

    if (code)
        return code;
    r = reader_of(rows, mem);
    row.id = reader_int(&r);
    row.package_id = reader_int(&r);
    row.sha256 = reader_text(&r);
    row.md5 = reader_text(&r);
    row.size = reader_int(&r);
    row.uploaded_ms = reader_int(&r);
    row.access = reader_access(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *ret = row;
    return code;
}

/* --- names and bytes ----------------------------------------------------------------------- */

enum err_code file_name_retire(struct tx *tx, const struct file_name *name, struct str sha256,
                               int64_t now_ms, struct err *err)
{
    return db_exec(tx, &stmts[NAME_RETIRE],
                   DB_ARGS(db_int(name->account_id), db_text(name->type), db_text(name->key),
                           db_text(sha256), db_int(now_ms)),
                   NULL, err);
}

enum err_code file_name_retired(struct tx *tx, const struct file_name *name, bool *ret_retired,
                                struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(
        tx, &stmts[NAME_RETIRED],
        DB_ARGS(db_int(name->account_id), db_text(name->type), db_text(name->key)), &rows, err);

    if (code == OK)
        *ret_retired = rows_int(rows, 0) > 0;
    return code;
}

enum err_code file_blob_used(struct tx *tx, struct str sha256, bool *ret_used, struct err *err)
{
    return exists(tx, &stmts[BLOB_USED], DB_ARGS(db_text(sha256)), ret_used, err);
}

/* Locks are many digests each, because a database has room for few thousands of them. */
#define BLOB_LOCK_MAX 8

static struct str blob_lock(struct str sha256, char out[BLOB_LOCK_MAX])
{
    (void)snprintf(out, BLOB_LOCK_MAX, "blob/%.2s", sha256.len >= 2 ? sha256.ptr : "");
    return str_of(out);
}

enum err_code file_hold_blob(struct tx *tx, struct str sha256, struct err *err)
{
    char name[BLOB_LOCK_MAX];

    return tx_share(tx, blob_lock(sha256, name), err);
}

enum err_code file_claim_blob(struct tx *tx, struct str sha256, bool *ret_claimed, struct err *err)
{
    char name[BLOB_LOCK_MAX];
    bool claimed = false, used = true;
    enum err_code code = tx_claim(tx, blob_lock(sha256, name), &claimed, err);

    if (code == OK && claimed)
        code = file_blob_used(tx, sha256, &used, err);
    if (code == OK)
        *ret_claimed = claimed && !used;
    return code;
}
