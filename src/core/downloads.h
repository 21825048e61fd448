/* downloads.h: how often files are downloaded: by whom it is not asked, by what kind of client it
 * is.
 *
 * A download is counted in memory, on whatever thread answers it, and added to the rows now and
 * then: a write for each would cost more than most of them. What is not written yet when a process
 * is killed is lost, a minute's downloads at most; a server that is told to stop loses none. */
#ifndef CORE_DOWNLOADS_H
#define CORE_DOWNLOADS_H
#include "app.h"
#include "base/err.h"
#include "base/str.h"

struct downloads;
/* max: so many counters, each of one file, day and kind of client, are kept between two flushes; of
 * what is beyond, nothing is. NULL when out of memory. */
#define DOWNLOAD_COUNTERS ((size_t)1 << 18) /* 16 MB: of a node that sends 4,000 files a second */
struct downloads *downloads_open(size_t max) MUST_USE;
void downloads_close(struct downloads *d); /* accepts NULL */

/* Counts one download of a file, today (UTC). agent: the request's User-Agent; its kind of client
 * is that of token_use_client. Never blocks for longer than a moment; any thread. Where the server
 * does not serve, nothing is counted. */
void downloads_count(struct app *app, int64_t file_id, int64_t package_id, struct str agent);
/* The same of another day, in days since 1970-01-01. */
void downloads_count_on(struct downloads *d, int64_t file_id, int64_t package_id, int64_t day,
                        struct str agent);

/* Adds to the rows what was counted since the last time. What fails is counted again; what could
 * not be counted, because there was no room, is told to the log. Changes nothing that is cached. */
enum err_code downloads_flush(struct app *app, struct err *err) MUST_USE;

#endif
