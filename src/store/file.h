/* file.h: rows of files (distributions) and names once used. */
#ifndef STORE_FILE_H
#define STORE_FILE_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

struct file_row {
    int64_t id, package_id, release_id, account_id;
    struct str owner, package, version; /* joined; ignored by file_insert, like */
    enum access_level access;           /* that of the package */
    struct str type;                    /* "conda"; see core/kind */
    struct str name_key;    /* its name where names of its type are unique in an account */
    struct str basename;    /* "linux-64/x-1-0.conda": unique within the release */
    struct str subdir;      /* "linux-64": the part of an index that lists it; empty: none does */
    struct str filename;    /* "x-1-0.conda": under which it is downloaded */
    struct str sha256, md5; /* hex */
    int64_t size;
    struct str record;      /* canonical JSON of what its type says of it; of conda: the repodata
                               record without md5, sha256, size */
    struct str run_exports; /* canonical JSON, "{}" at least */
    struct str about;       /* canonical JSON, "{}" at least */
    struct str facts;       /* canonical JSON of what indexes need from the archive besides */
    struct str description;
    int64_t build_timestamp_ms; /* 0 when the package has none */
    int64_t uploaded_ms;        /* also indexed_timestamp (CEP 47): set once, never changed */
    int64_t uploader_id;        /* 0: unknown, or the account is gone */
    int64_t downloads;          /* ever; ignored by file_insert */
};
enum err_code file_insert(struct tx *tx, const struct file_row *row, int64_t *ret_id,
                          struct err *err) MUST_USE; /* ERR_CONFLICT: basename used */
/* What no two files may have in common. */
struct file_name {
    int64_t account_id;
    struct str type, key;
};
enum err_code file_find(struct tx *tx, struct arena *mem, const struct file_name *name,
                        struct file_row *ret, struct err *err) MUST_USE;
enum err_code file_find_in_release(struct tx *tx, struct arena *mem, int64_t release_id,
                                   struct str basename, struct file_row *ret,
                                   struct err *err) MUST_USE;
enum err_code file_delete(struct tx *tx, int64_t id, struct err *err) MUST_USE;

struct name_list {
    struct str *names;
    size_t count;
};
/* The packages, other than this one, that have files whose names begin with the key and a "/". By
 * name. */
enum err_code file_packages_below(struct tx *tx, struct arena *mem, const struct file_name *name,
                                  int64_t package_id, struct name_list *ret,
                                  struct err *err) MUST_USE;

/* Files that are named together. */
struct file_set {
    enum file_level { OF_ACCOUNT, OF_PACKAGE, OF_RELEASE, OF_FILE } level;
    int64_t id; /* of the account, the package, the release, the file */
};
#define FILE_LEVELS (OF_FILE + 1)

enum err_code file_find_by_id(struct tx *tx, struct arena *mem, int64_t id, struct file_row *ret,
                              struct err *err) MUST_USE;

/* Rows of a list come without run_exports, about and facts (empty): a package can have thousands
 * of files, and an about.json hundreds of kilobytes. */
struct file_list {
    struct file_row *rows;
    size_t count;
};
enum err_code file_list_by_package(struct tx *tx, struct arena *mem, int64_t package_id,
                                   struct file_list *ret,
                                   struct err *err) MUST_USE; /* oldest first */
enum err_code file_list_by_release(struct tx *tx, struct arena *mem, int64_t release_id,
                                   struct file_list *ret, struct err *err) MUST_USE;

/* Those of a set that carry a label, oldest first. */
enum err_code file_list_labelled(struct tx *tx, struct arena *mem, const struct file_set *files,
                                 int64_t label_id, struct file_list *ret, struct err *err) MUST_USE;
/* A page of what carries a label, the newest first: at most `max` files with numbers below
 * `before`, of packages with at most the `widest` access. */
enum err_code file_page_of_label(struct tx *tx, struct arena *mem, int64_t label_id, int64_t before,
                                 enum access_level widest, int64_t max, struct file_list *ret,
                                 struct err *err) MUST_USE;
/* All of it by names, as a cursor. Columns: FILE_NAME_*. */
enum {
    FILE_NAME_PACKAGE_ID,
    FILE_NAME_ACCESS,
    FILE_NAME_PACKAGE,
    FILE_NAME_VERSION,
    FILE_NAME_BASENAME
};
enum err_code file_query_names(struct tx *tx, int64_t label_id, struct rows **ret_rows,
                               struct err *err) MUST_USE;

/* Files of one channel subdir (account, label, subdir) whose packages have at most the `widest`
 * access, by filename: a cursor, because a channel can be larger than memory should be. subdir
 * empty: conda's of all subdirs, by (name, version, subdir). Columns: FILE_CHANNEL_*. */
enum {
    FILE_CHANNEL_FILENAME,
    FILE_CHANNEL_SHA256,
    FILE_CHANNEL_MD5,
    FILE_CHANNEL_SIZE,
    FILE_CHANNEL_RECORD,
    FILE_CHANNEL_RUN_EXPORTS,
    FILE_CHANNEL_ABOUT,
    FILE_CHANNEL_FACTS,
    FILE_CHANNEL_UPLOADED,
    FILE_CHANNEL_BUILT,
    FILE_CHANNEL_SUBDIR,
    FILE_CHANNEL_PACKAGE,
    FILE_CHANNEL_VERSION,
    FILE_CHANNEL_PACKAGE_ID,
    FILE_CHANNEL_ACCESS
};
enum err_code file_query_channel(struct tx *tx, int64_t account_id, struct str label,
                                 struct str subdir, enum access_level widest,
                                 struct rows **ret_rows, struct err *err) MUST_USE;
/* The same by package, and by filename within each. */
enum err_code file_query_channel_packages(struct tx *tx, int64_t account_id, struct str label,
                                          struct str subdir, enum access_level widest,
                                          struct rows **ret_rows, struct err *err) MUST_USE;
/* The same of one package, of any access. */
enum err_code file_query_channel_package(struct tx *tx, int64_t account_id, struct str label,
                                         struct str subdir, struct str package,
                                         struct rows **ret_rows, struct err *err) MUST_USE;
/* Has a channel a file of a package with exactly this access? subdir as above. */
enum err_code file_channel_any(struct tx *tx, int64_t account_id, struct str label,
                               struct str subdir, enum access_level access, bool *ret_any,
                               struct err *err) MUST_USE;
/* Is this file in this channel? Gives what a download needs: sha256, md5, size, uploaded_ms,
 * id, package_id, access. Whoever asks has to see whether it may be shown. */
enum err_code file_in_channel(struct tx *tx, struct arena *mem, const struct file_name *name,
                              struct str label, struct file_row *ret, struct err *err) MUST_USE;

/* A name that was used and removed: reserved unless the settings allow its reuse. */
enum err_code file_name_retire(struct tx *tx, const struct file_name *name, struct str sha256,
                               int64_t now_ms, struct err *err) MUST_USE;
enum err_code file_name_retired(struct tx *tx, const struct file_name *name, bool *ret_retired,
                                struct err *err) MUST_USE;

/* Does any row still use these bytes: a file, one in the trash, a pending upload, a document of an
 * index? (All are asked, because the bytes of an upload may happen, or be made, to equal those of a
 * document.) */
enum err_code file_blob_used(struct tx *tx, struct str sha256, bool *ret_used,
                             struct err *err) MUST_USE;

/* Keeps these bytes from being removed until tx ends. Before blob_put or blob_writer_publish. */
enum err_code file_hold_blob(struct tx *tx, struct str sha256, struct err *err) MUST_USE;
/* May these bytes be removed? Only if no row uses them and no other transaction holds them; then
 * nobody can hold them until tx ends. */
enum err_code file_claim_blob(struct tx *tx, struct str sha256, bool *ret_claimed,
                              struct err *err) MUST_USE;

#endif
