/* survey.h: what those who look over everything walk along: the rows that name bytes, the channels,
 * the packages. Lists are whole and lie in mem. */
#ifndef STORE_SURVEY_H
#define STORE_SURVEY_H
#include "base/arena.h"
#include "base/digest.h"
#include "store/db.h"

/* A row that names bytes. Garbage, the replaced bytes of a document, has neither md5 nor size, and
 * nobody needs it; the mark of the store is told as such, because who needs it looks for it. */
enum named_kind {
    NAMED_FILE,
    NAMED_UPLOAD,
    NAMED_DOC,
    NAMED_GARBAGE,
    NAMED_TRASH,
    NAMED_CHUNK,
    NAMED_PAST
};
struct named_row {
    enum named_kind kind;
    int64_t id;
    char sha256[SHA256_HEX + 1];
    char md5[MD5_HEX + 1]; /* empty: the row has none */
    int64_t size;
    int64_t modified_ms; /* of a document, whose row can come to name other bytes; of a chunk, of
                            its newest item; else 0 */
};
struct named_list {
    struct named_row *rows;
    size_t count;
};
/* All rows that name bytes whose digest begins with these two digits ("00" to "ff"), in the order
 * of the digests: files, uploads with received bytes, documents (current and retired) and chunks
 * of their lists (current and past), garbage, files in the trash. */
enum err_code survey_named(struct tx *tx, struct arena *mem, struct str first_digits,
                           struct named_list *ret, struct err *err) MUST_USE;
/* What people call the row: "alice/x/1.0/noarch/x-1.0-0.conda", "alice/label/dev/noarch/rss.xml",
 * "trash: alice/x/1.0/noarch/x-1.0-0.conda".
 * ERR_NOT_FOUND when it is gone, or no longer says what *row does. Not for garbage. */
enum err_code survey_subject(struct tx *tx, struct arena *mem, const struct named_row *row,
                             struct str *ret_subject, struct err *err) MUST_USE;

/* "alice/noarch/rss.xml", "alice/label/dev/noarch/rss.xml": as in its URL. ptr NULL: no memory. */
struct str survey_document_path(struct arena *mem, struct str owner, struct str label,
                                struct str subdir, struct str name);

struct surveyed_channel {
    int64_t account_id;
    struct str owner, label;
};
struct surveyed_channels {
    struct surveyed_channel *rows;
    size_t count;
};
/* Every account and label that has files or current documents, by account and label. */
enum err_code survey_channels(struct tx *tx, struct arena *mem, struct surveyed_channels *ret,
                              struct err *err) MUST_USE;

struct surveyed_subdirs {
    struct str *items;
    size_t count;
};
/* The subdirs of a channel that have files or current documents, sorted; never "". */
enum err_code survey_subdirs(struct tx *tx, struct arena *mem, int64_t account_id, struct str label,
                             struct surveyed_subdirs *ret, struct err *err) MUST_USE;

/* Every package with each of its versions that has files, or once without; by the number of the
 * package: a cursor, because there are many. Columns: SURVEY_VERSION_*. */
enum {
    SURVEY_VERSION_PACKAGE_ID,
    SURVEY_VERSION_OWNER,
    SURVEY_VERSION_PACKAGE,
    SURVEY_VERSION_LATEST, /* what the package says */
    SURVEY_VERSION_VERSION /* NULL: it has no files */
};
enum err_code survey_versions(struct tx *tx, struct rows **ret_rows, struct err *err) MUST_USE;

#endif
