/* download.h: rows of how often files were downloaded: by day and kind of client, and all together.
 *
 * What is known of a file goes with the file. Its package keeps what it ever had, for as long as it
 * is there itself. Days are counted from 1970-01-01, UTC. */
#ifndef STORE_DOWNLOAD_H
#define STORE_DOWNLOAD_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

/* Downloads of one file, on one day, by one kind of client. */
struct download_row {
    int64_t file_id, package_id, day;
    struct str client; /* "conda" */
    int64_t count;
};
/* Each adds to what is there, so that several nodes may; what is gone has no count, and that is no
 * failure. Where both are called in one transaction, all packages come before the files: who
 * removes a package has its row before those of its files. */
enum err_code download_add_to_package(struct tx *tx, const struct download_row *row,
                                      struct err *err) MUST_USE;
enum err_code download_add_to_file(struct tx *tx, const struct download_row *row,
                                   struct err *err) MUST_USE;

/* All that a package ever had. (What a file had stands in its row, store/file.h.) */
enum err_code download_total(struct tx *tx, int64_t package_id, int64_t *ret_total,
                             struct err *err) MUST_USE;

/* By what the downloads of a package are told apart. All but the first two know only of the files
 * that are still there. */
enum download_group {
    DOWNLOADS_ALL, /* the name is empty */
    DOWNLOADS_BY_CLIENT,
    DOWNLOADS_BY_VERSION,
    DOWNLOADS_BY_PLATFORM, /* the subdir; empty: it has none */
    DOWNLOADS_BY_FILE,     /* the basename */
};
#define DOWNLOAD_GROUPS (DOWNLOADS_BY_FILE + 1)

/* Whose downloads: on the days from the first to the last. */
struct download_span {
    int64_t first_day, last_day;
};

struct download_sum {
    struct str name;
    int64_t count;
};
struct download_sum_list {
    struct download_sum *rows;
    size_t count;
};
/* The groups that have the most, `max` of them, the largest first. */
enum err_code download_list_groups(struct tx *tx, struct arena *mem, enum download_group group,
                                   int64_t package_id, struct download_span span, int64_t max,
                                   struct download_sum_list *ret, struct err *err) MUST_USE;
/* Each group's downloads on each day that had any, in no order: columns DOWNLOAD_*. A cursor,
 * because a package may have thousands of files. */
enum { DOWNLOAD_NAME, DOWNLOAD_DAY, DOWNLOAD_COUNT };
enum err_code download_query_package(struct tx *tx, enum download_group group, int64_t package_id,
                                     struct download_span span, struct rows **ret_rows,
                                     struct err *err) MUST_USE;

/* Packages of an account: those with the most downloads on these days first, then by name. Whoever
 * asks has to see which may be shown. */
struct downloaded_package {
    int64_t id;
    enum access_level access;
    struct str name;
    int64_t total, count; /* ever, and on these days */
};
struct downloaded_package_list {
    struct downloaded_package *rows;
    size_t count;
};
enum err_code download_list_packages(struct tx *tx, struct arena *mem, int64_t account_id,
                                     struct download_span span, struct downloaded_package_list *ret,
                                     struct err *err) MUST_USE;
/* The downloads of each of them on each day that had any, in no order. */
enum {
    DOWNLOAD_ACCOUNT_PACKAGE_ID,
    DOWNLOAD_ACCOUNT_ACCESS,
    DOWNLOAD_ACCOUNT_DAY,
    DOWNLOAD_ACCOUNT_COUNT
};
enum err_code download_query_account(struct tx *tx, int64_t account_id, struct download_span span,
                                     struct rows **ret_rows, struct err *err) MUST_USE;

#endif
