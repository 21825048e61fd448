/* conda_notices.h: notices.json, what a channel tells those who install from it (CEP 6). */
#ifndef INDEX_CONDA_NOTICES_H
#define INDEX_CONDA_NOTICES_H
#include "base/arena.h"
#include "base/buf.h"
#include "store/db.h"

/* As many of an account are there at most, besides deleted ones: the document then stays under the
 * 1 MiB that clients read of it. */
#define CONDA_NOTICES_MAX 100

/* Appends the document of an account: what it has published and what has not ended by now_ms, the
 * newest first; the same for all its labels and for every caller. *ret_until_ms: when the first of
 * them ends, and the document is another one; 0: none does. */
enum err_code conda_notices_write(struct tx *tx, struct arena *mem, int64_t account_id,
                                  int64_t now_ms, struct buf *out, int64_t *ret_until_ms,
                                  struct err *err) MUST_USE;

#endif
