/* gc.h: removes bytes that nothing names any more.
 *
 * Always after the commit that dropped the last row, never before: a crash in between leaves an
 * orphan, not a row without its bytes. The check and the removal share one write transaction,
 * which keeps them apart from an upload that brings the same bytes back. */
#ifndef CORE_GC_H
#define CORE_GC_H
#include "app.h"
#include "base/err.h"
#include "base/str.h"

/* Removes those of the digests (hex) that no file or pending upload uses. After a failure some are
 * left: orphans harm nobody, and a caller whose own work is committed goes on. */
enum err_code gc_blobs(struct app *app, const struct str *sha256, size_t count, struct err *err);

#endif
