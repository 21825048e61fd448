/* move.h: everything from one pair of database and blob store into another: for migrations.
 *
 * Nobody may write to either meanwhile. The target is empty, or holds what an earlier run from the
 * same source has left when it was cut short: then it is gone on with. Until all is there and was
 * compared, the target carries a mark (core/mark.h) that no store has, so that no server starts on
 * half of a site. */
#ifndef CORE_MOVE_H
#define CORE_MOVE_H
#include "app.h"
#include "base/err.h"

struct move_progress {
    const char *step; /* "files", "rows", "comparing" */
    uint64_t blobs, blobs_all, bytes, bytes_all;
    int64_t rows; /* written, or there already */
    int64_t rows_all;
};
struct move_options {
    void (*progress)(void *ctx,
                     const struct move_progress *p); /* often, from one thread; or NULL */
    void *ctx;
};

/* Are servers running on this database? names: of some, for the message, in mem; empty: none seems
 * to. Takes about a second where there were any. */
enum err_code move_servers(struct app *app, struct arena *mem, struct str *ret_names,
                           struct err *err) MUST_USE;

/* from and to: opened with APP_MOVE. ERR_CONFLICT: the target is not empty; ERR_INVALID: a blob of
 * the source is missing or damaged, or the two sides differ in the end. */
enum err_code move_all(struct app *from, struct app *to, const struct move_options *options,
                       struct move_progress *ret_done, struct err *err) MUST_USE;

#endif
