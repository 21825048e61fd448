/* unpack.h: the content of a zstd, bzip2 or gzip stream, piece by piece and under a ceiling.
 *
 * All three allow several frames (streams, members) one after the other; nothing else may stand
 * before, between or after them, and the last one must be complete. */
#ifndef FORMAT_UNPACK_H
#define FORMAT_UNPACK_H
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum unpack_format { UNPACK_ZSTD, UNPACK_BZIP2, UNPACK_GZIP, UNPACK_FORMATS };

/* Where the packed bytes come from. *ret_piece is borrowed until the next call; empty at the end.
 */
struct unpack_source {
    void *ctx;
    enum err_code (*next)(void *ctx, struct str *ret_piece, struct err *err);
};

/* A source that gives one run of bytes, then ends. *bytes is emptied by the first call. */
struct unpack_source unpack_source_mem(struct str *bytes);

/* The most content that a packed file of this size may have: LIMIT_UNPACK_RATIO times as much, and
 * LIMIT_INFO_TOTAL besides. */
uint64_t unpack_ceiling(uint64_t packed_size);

struct unpack;
/* max: most bytes of content. The source and its ctx must outlive the reader. ERR_NOMEM; for bzip2,
 * which begins to read at once, also those of unpack_next(). */
enum err_code unpack_open(enum unpack_format format, const struct unpack_source *from, uint64_t max,
                          struct unpack **ret, struct err *err) MUST_USE;
void unpack_close(struct unpack *u); /* accepts NULL */
void unpack_closep(struct unpack **u);

/* The next piece of content, borrowed until the next call; empty once everything has ended well.
 * ERR_INVALID: damaged, cut off, empty, or followed by other bytes; ERR_TOO_BIG: over max, or a
 * window over LIMIT_ZSTD_WINDOW_LOG; ERR_NOMEM; and what the source fails with. */
enum err_code unpack_next(struct unpack *u, struct str *ret_piece, struct err *err) MUST_USE;

/* Appends the content of packed as a whole. ERR_TOO_BIG: over out's maximum; else as unpack_next().
 * A failure leaves out as it was. */
enum err_code unpack_buffer(enum unpack_format format, struct str packed, struct buf *out,
                            struct err *err) MUST_USE;

#endif
