/* survey.c: the rows that name bytes, the channels, the packages. */
#include "store/survey.h"

#include <assert.h>

#include "base/text.h"
#include "store/reader.h"
#include "store/statements.h"

/* The numbers of the kinds in the first column are those of enum named_kind. */
enum {
    NAMED,
    FILE_SUBJECT,
    TRASH_SUBJECT,
    UPLOAD_SUBJECT,
    DOC_SUBJECT,
    CHUNK_SUBJECT,
    PAST_SUBJECT,
    CHANNELS,
    SUBDIRS,
    VERSIONS
};
static const struct stmt stmts[] = {
    [NAMED] = {"survey_named",
               "SELECT CAST(0 AS BIGINT), id, sha256, md5, size, CAST(0 AS BIGINT) FROM file "
               "WHERE sha256 >= $1 AND sha256 < $2 UNION ALL "
               "SELECT CAST(1 AS BIGINT), id, sha256, md5, size, CAST(0 AS BIGINT) FROM upload "
               "WHERE sha256 >= $1 AND sha256 < $2 UNION ALL "
               "SELECT CAST(2 AS BIGINT), id, sha256, '', size, modified_ms FROM index_doc "
               "WHERE sha256 >= $1 AND sha256 < $2 AND composed = 0 UNION ALL "
               "SELECT CAST(5 AS BIGINT), id, sha256, '', size, newest_ms FROM index_chunk "
               "WHERE sha256 >= $1 AND sha256 < $2 UNION ALL "
               "SELECT CAST(6 AS BIGINT), id, sha256, '', size, newest_ms FROM index_past_chunk "
               "WHERE sha256 >= $1 AND sha256 < $2 UNION ALL "
               "SELECT CAST(3 AS BIGINT), id, sha256, '', CAST(0 AS BIGINT), CAST(0 AS BIGINT) "
               "FROM index_garbage WHERE sha256 >= $1 AND sha256 < $2 UNION ALL "
               "SELECT CAST(4 AS BIGINT), id, sha256, md5, size, CAST(0 AS BIGINT) FROM trash_file "
               "WHERE sha256 >= $1 AND sha256 < $2 UNION ALL "
               "SELECT CAST(3 AS BIGINT), id, sha256, '', CAST(0 AS BIGINT), CAST(0 AS BIGINT) "
               "FROM blob_mark WHERE sha256 >= $1 AND sha256 < $2",
               "tt", "iittii"},
    /* $2 to $5: what the row is to say still. */
    [FILE_SUBJECT] = {"survey_file_subject",
                      "SELECT a.login, p.name, r.version, f.basename FROM file f "
                      "JOIN account a ON a.id = f.account_id JOIN package p ON p.id = f.package_id "
                      "JOIN release r ON r.id = f.release_id "
                      "WHERE f.id = $1 AND f.sha256 = $2 AND f.size = $3 AND f.md5 = $4",
                      "itit", "tttt"},
    [TRASH_SUBJECT] = {"survey_trash_subject",
                       "SELECT a.login, t.package, r.version, f.basename FROM trash_file f "
                       "JOIN account a ON a.id = f.account_id JOIN trash t ON t.id = f.trash_id "
                       "JOIN trash_release r ON r.trash_id = f.trash_id AND r.id = f.release_id "
                       "WHERE f.id = $1 AND f.sha256 = $2 AND f.size = $3 AND f.md5 = $4",
                       "itit", "tttt"},
    [UPLOAD_SUBJECT] = {"survey_upload_subject",
                        "SELECT a.login, p.name, r.version, u.basename FROM upload u "
                        "JOIN account a ON a.id = u.account_id "
                        "JOIN package p ON p.id = u.package_id "
                        "JOIN release r ON r.id = u.release_id "
                        "WHERE u.id = $1 AND u.sha256 = $2 AND u.size = $3 AND u.md5 = $4",
                        "itit", "tttt"},
    [DOC_SUBJECT] = {"survey_doc_subject",
                     "SELECT a.login, d.label, d.subdir, d.name FROM index_doc d "
                     "JOIN account a ON a.id = d.account_id "
                     "WHERE d.id = $1 AND d.sha256 = $2 AND d.size = $3 AND d.modified_ms = $4",
                     "itii", "tttt"},
    [CHUNK_SUBJECT] =
        {"survey_chunk_subject",
         "SELECT a.login, l.label, l.subdir, l.name FROM index_chunk c "
         "JOIN index_list l ON l.id = c.list_id JOIN account a ON a.id = l.account_id "
         "WHERE c.id = $1 AND c.sha256 = $2 AND c.size = $3 AND c.newest_ms = $4",
         "itii", "tttt"},
    [PAST_SUBJECT] = {"survey_past_subject",
                      "SELECT a.login, l.label, l.subdir, l.name FROM index_past_chunk c "
                      "JOIN index_list l ON l.id = c.list_id JOIN account a ON a.id = l.account_id "
                      "WHERE c.id = $1 AND c.sha256 = $2 AND c.size = $3 AND c.newest_ms = $4",
                      "itii", "tttt"},
    [CHANNELS] = {"survey_channels",
                  "SELECT a.id, a.login, c.label FROM account a JOIN ("
                  "SELECT l.account_id AS account_id, l.name AS label FROM label l WHERE EXISTS "
                  "(SELECT 1 FROM file_label fl WHERE fl.label_id = l.id) UNION "
                  "SELECT account_id, label FROM index_doc WHERE retired_ms IS NULL"
                  ") c ON c.account_id = a.id",
                  "", "itt"},
    [SUBDIRS] =
        {"survey_subdirs",
         "SELECT f.subdir FROM file f WHERE f.account_id = $1 AND f.subdir <> '' AND EXISTS "
         "(SELECT 1 FROM file_label fl JOIN label l ON l.id = fl.label_id "
         "WHERE fl.file_id = f.id AND l.account_id = f.account_id AND l.name = $2) UNION "
         "SELECT subdir FROM index_doc WHERE account_id = $1 AND label = $2 "
         "AND retired_ms IS NULL AND subdir <> ''",
         "it", "t"},
    [VERSIONS] = {"survey_versions",
                  "SELECT p.id, a.login, p.name, p.latest_version, r.version FROM package p "
                  "JOIN account a ON a.id = p.account_id LEFT JOIN release r "
                  "ON r.package_id = p.id AND EXISTS "
                  "(SELECT 1 FROM file f WHERE f.release_id = r.id) ORDER BY p.id",
                  "", "itttT"},
};
const struct stmt_list survey_statements = {stmts, COUNT(stmts)};

/* --- rows that name bytes ------------------------------------------------------------------ */

/* Sorted here, because the order of a database need not be that of bytes. */
static int named_cmp(const void *a, const void *b)
{
    const struct named_row *x = a, *y = b;
    int by_digest = memcmp(x->sha256, y->sha256, SHA256_HEX);

    if (by_digest)
        return by_digest;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* False: the database holds what its own checks forbid. */
static bool copy_hex(struct str hex, size_t len, char *out)
{
    if (hex.len != len)
        return false;
    memcpy(out, hex.ptr, len);
    out[len] = '\0';
    return true;
}

static enum err_code read_named(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct named_row row = {
        .kind = (enum named_kind)rows_int(rows, 0),
        .id = rows_int(rows, 1),
        .size = rows_int(rows, 4),
        .modified_ms = rows_int(rows, 5),
    };
    struct str sha256 = rows_text(rows, 2), md5 = rows_text(rows, 3);

    (void)mem; /* the digests lie in the row */
    if (!copy_hex(sha256, SHA256_HEX, row.sha256) || (md5.len && !copy_hex(md5, MD5_HEX, row.md5)))
        return fail(err, ERR_IO, "the database holds \"" STR_FMT "\" in place of a digest",
                    STR_ARG(sha256));
    *(struct named_row *)ret = row;
    return OK;
}

enum err_code survey_named(struct tx *tx, struct arena *mem, struct str first_digits,
                           struct named_list *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct reader_list found;
    char after[3]; /* ends the range: "ab" to "ac", "af" to "ag", which is past "aff..." */
    enum err_code code;

    assert(text_is_hex(first_digits, 2));
    after[0] = first_digits.ptr[0];
    after[1] = first_digits.ptr[1] == '9' ? 'a' : (char)(first_digits.ptr[1] + 1);
    after[2] = '\0';
    code = db_query_long(tx, &stmts[NAMED], DB_ARGS(db_text(first_digits), db_text(str_of(after))),
                         &rows, err);
    if (code == OK)
        code = reader_rest(rows, mem, read_named, sizeof(*ret->rows), &found, err);
    if (code)
        return code;
    if (found.count)
        qsort(found.rows, found.count, sizeof(*ret->rows), named_cmp);
    *ret = (struct named_list){found.rows, found.count};
    return OK;
}

/* Columns: login, package, version, basename. kind: of the row. */
static struct str file_subject(struct arena *mem, struct rows *rows, enum named_kind kind)
{
    struct str login = rows_text(rows, 0), package = rows_text(rows, 1),
               version = rows_text(rows, 2), basename = rows_text(rows, 3);

    return str_fmt(mem, "%s" STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT,
                   kind == NAMED_TRASH ? "trash: " : "", STR_ARG(login), STR_ARG(package),
                   STR_ARG(version), STR_ARG(basename));
}

struct str survey_document_path(struct arena *mem, struct str owner, struct str label,
                                struct str subdir, struct str name)
{
    bool is_main = str_eq(label, S("main"));

    return str_fmt(mem, STR_FMT "%s" STR_FMT "/" STR_FMT "%s" STR_FMT, STR_ARG(owner),
                   is_main ? "" : "/label/", STR_ARG(is_main ? S("") : label), STR_ARG(subdir),
                   subdir.len ? "/" : "", STR_ARG(name));
}

/* Columns: login, label, subdir, name. */
static struct str doc_subject(struct arena *mem, struct rows *rows)
{
    return survey_document_path(mem, rows_text(rows, 0), rows_text(rows, 1), rows_text(rows, 2),
                                rows_text(rows, 3));
}

enum err_code survey_subject(struct tx *tx, struct arena *mem, const struct named_row *row,
                             struct str *ret_subject, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct db_val id = db_int(row->id), sha256 = db_text(str_of(row->sha256)),
                  size = db_int(row->size);
    static const int of_kind[] = {[NAMED_FILE] = FILE_SUBJECT,   [NAMED_UPLOAD] = UPLOAD_SUBJECT,
                                  [NAMED_DOC] = DOC_SUBJECT,     [NAMED_TRASH] = TRASH_SUBJECT,
                                  [NAMED_CHUNK] = CHUNK_SUBJECT, [NAMED_PAST] = PAST_SUBJECT};
    bool is_doc = row->kind == NAMED_DOC || row->kind == NAMED_CHUNK || row->kind == NAMED_PAST;
    struct str subject;
    enum err_code code;

    assert(row->kind != NAMED_GARBAGE);
    code = db_one(
        tx, &stmts[of_kind[row->kind]],
        DB_ARGS(id, sha256, size, is_doc ? db_int(row->modified_ms) : db_text(str_of(row->md5))),
        &rows, err);
    if (code)
        return code;
    subject = is_doc ? doc_subject(mem, rows) : file_subject(mem, rows, row->kind);
    if (!subject.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_subject = subject;
    return OK;
}

/* --- channels ------------------------------------------------------------------------------ */

static int channel_cmp(const void *a, const void *b)
{
    const struct surveyed_channel *x = a, *y = b;
    int by_owner = str_cmp(x->owner, y->owner);

    return by_owner ? by_owner : str_cmp(x->label, y->label);
}

static enum err_code read_channel(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct surveyed_channel *row = ret;

    row->account_id = reader_int(&r);
    row->owner = reader_text(&r);
    row->label = reader_text(&r);
    return reader_end(&r, err);
}

enum err_code survey_channels(struct tx *tx, struct arena *mem, struct surveyed_channels *ret,
                              struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct reader_list found;
    enum err_code code = db_query_long(tx, &stmts[CHANNELS], DB_NO_ARGS, &rows, err);

    if (code == OK)
        code = reader_rest(rows, mem, read_channel, sizeof(*ret->rows), &found, err);
    if (code)
        return code;
    if (found.count)
        qsort(found.rows, found.count, sizeof(*ret->rows), channel_cmp);
    *ret = (struct surveyed_channels){found.rows, found.count};
    return OK;
}

static int subdir_cmp(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

enum err_code survey_subdirs(struct tx *tx, struct arena *mem, int64_t account_id, struct str label,
                             struct surveyed_subdirs *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, &stmts[SUBDIRS], DB_ARGS(db_int(account_id), db_text(label)),
                    reader_row_text, sizeof(*ret->items), &found, err);

    if (code)
        return code;
    if (found.count)
        qsort(found.rows, found.count, sizeof(*ret->items), subdir_cmp);
    *ret = (struct surveyed_subdirs){found.rows, found.count};
    return OK;
}

/* --- packages ------------------------------------------------------------------------------ */

enum err_code survey_versions(struct tx *tx, struct rows **ret_rows, struct err *err)
{
    return db_query_long(tx, &stmts[VERSIONS], DB_NO_ARGS, ret_rows, err);
}
