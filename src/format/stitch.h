/* stitch.h: one zstd frame, or one gzip member, made of pieces that were compressed each by itself.
 *
 * A document that is kept as chunks is sent as head, chunks, and end, without being compressed
 * again: what changes costs the compression of one chunk. A piece means the same wherever it
 * stands: for zstd that is proved of each when it is made (below), for gzip it follows from the
 * format.
 *
 * zstd (RFC 8878): of what crosses the border of a block, a piece that begins as a frame of its own
 * uses only the three repeat offsets that precede it. A piece is decoded once after blocks that set
 * them to point at bytes that are not in its text; if its text comes out, it never asked for them.
 * gzip (RFC 1951, 1952): deflate carries nothing over but its window and the position of a bit; a
 * piece begins with an empty window and ends at a whole byte.
 *
 * A zstd frame made so has no checksum: none of the whole follows from those of its parts. */
#ifndef FORMAT_STITCH_H
#define FORMAT_STITCH_H
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

/* The longest text of one piece. */
#define STITCH_TEXT_MAX (2 * MIB)

/* ---- zstd ---- */

/* Appends the blocks of a text, none of which is the last of a frame: nothing for an empty text,
 * and never more than zstd_stored_size() of it. Equal texts give equal bytes, for a version of
 * libzstd. Text with a byte 0xFF (which UTF-8 has not) is kept as it is.
 * ERR_TOO_BIG: the text is over STITCH_TEXT_MAX, or the blocks over out's maximum; ERR_NOMEM. A
 * failure leaves out as it was. */
enum err_code zstd_piece(struct str text, struct buf *out, struct err *err) MUST_USE;
/* Appends the text of one or more pieces, which is text_size bytes. ERR_INVALID: the blocks are
 * damaged, one is the last of a frame, or they have another size; ERR_TOO_BIG: text_size is over
 * out's maximum; ERR_NOMEM. A failure leaves out as it was. */
enum err_code zstd_piece_read(struct str blocks, size_t text_size, struct buf *out,
                              struct err *err) MUST_USE;
#define ZSTD_HEAD_SIZE 14
/* What a frame of so many bytes of text begins with, and what each ends with. Decoders need a
 * window of 1 MiB; RFC 8878 asks them to take 8. */
void zstd_head(uint64_t text_size, struct buf *out);
void zstd_end(struct buf *out);
#define ZSTD_END_SIZE 3
/* Appends a text that is not worth compressing as a piece, of any size; zstd_stored_size() of it.
 * Whether there was room, buf_ok() tells, as of all here that return nothing. */
void zstd_stored(struct str text, struct buf *out);
uint64_t zstd_stored_size(uint64_t text_size);

/* ---- gzip ---- */

/* What the end of a member must know of its text. */
struct gzip_sum {
    uint32_t crc;
    uint64_t size;
};
/* Appends the deflate blocks of a text, ending at a whole byte; *ret_crc is the text's CRC-32. An
 * empty text has none. Equal texts give equal bytes, for a version of zlib. Errors as of
 * zstd_piece(). */
enum err_code gzip_piece(struct str text, struct buf *out, uint32_t *ret_crc,
                         struct err *err) MUST_USE;
#define GZIP_HEAD_SIZE 10
#define GZIP_END_SIZE  10
void gzip_head(struct buf *out);
/* Appends the last block and the trailer. */
void gzip_end(struct gzip_sum sum, struct buf *out);
void gzip_stored(struct str text, struct buf *out);
uint64_t gzip_stored_size(uint64_t text_size);
/* The sum of a text followed by another. Start with {0}. */
void gzip_sum_add(struct gzip_sum *sum, uint32_t crc, uint64_t size);
void gzip_sum_text(struct gzip_sum *sum, struct str text);

#endif
