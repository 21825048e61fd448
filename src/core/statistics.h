/* statistics.h: downloads as people look at them: over time, and told apart.
 *
 * Time is cut into days, weeks (which begin on Monday, ISO 8601) or months, all UTC. */
#ifndef CORE_STATISTICS_H
#define CORE_STATISTICS_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "store/access_level.h"
#include "store/download.h"

/* What was asked for; empty texts: not asked for. */
struct statistics_request {
    struct str from, to; /* dates; both are within */
    struct str by;       /* "day" (default), "week", "month" */
    struct str group;    /* "version", "platform", "client", "file"; of a package alone */
};

enum { STATISTICS_DAYS_MAX = 3660, STATISTICS_SERIES_MAX = 50 };

/* From the first day to the last, in pieces. `from` that is asked for goes back to where its week
 * or month begins; without it there are 30 days, 12 weeks or 12 months. */
struct statistics_time {
    struct download_span span;
    struct str by;
    int64_t *starts; /* the first day of each piece */
    size_t count;
};
/* today: a day since 1970-01-01, the default of `to`. Lies in mem. ERR_UNPROCESSABLE names the
 * field that cannot be understood. */
enum err_code statistics_time_read(struct arena *mem, const struct statistics_request *req,
                                   int64_t today, struct statistics_time *ret,
                                   struct err *err) MUST_USE;

struct statistics_series {
    enum { SERIES_GROUP, SERIES_REST, SERIES_REMOVED } kind;
    struct str name; /* of the group */
    int64_t sum;
    int64_t *counts; /* one for each piece of time */
};
struct package_statistics {
    struct statistics_time time;
    int64_t total;                /* that the package ever had */
    struct statistics_series all; /* of all groups together */
    /* The STATISTICS_SERIES_MAX largest groups, the largest first. Then, where there are any, those
     * of all smaller ones (SERIES_REST), and those of files that are gone (SERIES_REMOVED), whose
     * version and platform nobody knows any more. */
    struct statistics_series *series;
    size_t series_count;
};
enum err_code statistics_of_package(struct tx *tx, struct arena *mem, int64_t package_id,
                                    const struct statistics_request *req, int64_t today,
                                    struct package_statistics *ret, struct err *err) MUST_USE;

struct account_statistics {
    struct statistics_time time;
    int64_t total;
    struct statistics_series all;
    struct downloaded_package_list packages; /* those with the most first */
};
/* Of those packages of the account that the view shows; req->group is left out of account. */
enum err_code statistics_of_account(struct tx *tx, struct arena *mem, int64_t account_id,
                                    const struct view *view, const struct statistics_request *req,
                                    int64_t today, struct account_statistics *ret,
                                    struct err *err) MUST_USE;

/* "2026-09-01" of a day since 1970-01-01, in out[CLOCK_TEXT_MAX]. */
struct str statistics_date(int64_t day, char *out);

#endif
