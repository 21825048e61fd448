/* buf.h: a growable byte buffer on the heap, born with its maximum size.
 *
 * The writer is sticky: after an overflow or a failed allocation every further call does
 * nothing, and buf_ok() at the end tells. Use as `AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_X);`
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include "base/common.h"
#include "base/str.h"

struct buf {
    char *ptr;
    size_t len, cap, max;
    bool failed;
};
#define BUF_INIT(max_) ((struct buf){.max = (max_)})

void buf_done(struct buf *b); /* frees; the buffer is as after BUF_INIT */
bool buf_ok(const struct buf *b) MUST_USE;
struct str buf_str(const struct buf *b); /* borrowed until the next change */
void buf_clear(struct buf *b);           /* empties, keeps the memory, clears the failure */

void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_addz(struct buf *b, const char *z);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_add_u64(struct buf *b, uint64_t v);
/* Room for n bytes at the end, or NULL (and failed); commit what was written with buf_commit. */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
/* Gives the memory away (free with mem_free), a NUL following the bytes; the buffer is as after
 * BUF_INIT. NULL if failed. */
char *buf_take(struct buf *b, size_t *ret_len);

#endif
