/* gc.h: removes bytes that nothing names any more.
 *
 * Always after the commit that dropped the last row, never before: a crash in between leaves an
 * orphan, not a row without its bytes. Each removal claims its digest (store/file.h) in a
 * transaction of its own, which keeps it apart from whoever brings the same bytes back, on all
 * nodes; a claim is never held longer than one removal takes, because publishers wait for it. */
#ifndef CORE_GC_H
#define CORE_GC_H
#include "app.h"
#include "base/err.h"
#include "base/str.h"

/* Removes those of the digests (hex) that no row names and no transaction holds. What was held is
 * left, as are some after a failure: orphans harm nobody, and a caller whose own work is committed
 * goes on. */
enum err_code gc_blobs(struct app *app, const struct str *sha256, size_t count, struct err *err);

/* Removes some of the bytes that were set aside: documents of indexes that were replaced a while
 * ago, and what deleted accounts had. *ret_more: there may be more of them. */
enum err_code gc_discarded(struct app *app, bool *ret_more, struct err *err) MUST_USE;

struct gc_options {
    int64_t older_than_ms;    /* uploads in parts (blob_sweep) that began so long ago are ended */
    bool dry_run;             /* only looks */
    bool (*go_on)(void *ctx); /* false: end soon, with OK; NULL: always true */
    void *ctx;
};
#define GC_ABANDONED_MS (INT64_C(24) * 3600 * 1000)
struct gc_report {
    uint64_t blobs, bytes; /* orphans that were removed, or would be */
    uint64_t kept;         /* not removed: claimed by nobody, but named or held by then */
    uint64_t uploads;      /* uploads in parts that were ended */
};
/* Looks through the whole store for blobs that no row names, whatever left them there, and removes
 * them. Safe at any time, beside uploads on every node. */
enum err_code gc_orphans(struct app *app, const struct gc_options *options,
                         struct gc_report *ret_report, struct err *err) MUST_USE;

#endif
