/* stitch.c: zstd's pieces through libzstd's stable interface, gzip's through zlib.
 *
 * Compressors and decoders live for one call: a fresh one costs a few hundredths of the work, and
 * what a used one writes may depend on what it wrote before (libzstd salts the hashes of its match
 * finder, from 1.5.5 on).
 *
 * Why the proof of a zstd piece holds. Which repeat offset a sequence takes depends on its own
 * numbers only, never on the value (RFC 8878 3.1.1.5). So each sequence of a piece is either sure,
 * or copies from distance r - k, where r is an offset that preceded the piece and k at most the
 * count of sequences before it in the piece: a third of its position p, since each makes three
 * bytes at least. The poison in front of the piece is `far` bytes of 0xFF and a block of
 * POISON_TAIL more, which leaves all three offsets at `far`. The first sequence that is not sure
 * would copy its first byte from index POISON_TAIL + p + k, and far >= 1.5 * (size of the text) > p
 * + p / 3 keeps that inside the poison: 0xFF would come out, which the text has not. Tables cannot
 * be asked for either: in the frame that the piece was, there was nothing before it to define one.
 */
#include "format/stitch.h"

#include <assert.h>
#include <limits.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/mem.h"
#include "format/zlib_memory.h"

#define ZSTD_MAGIC       "\x28\xb5\x2f\xfd"
#define ZSTD_END         "\x01\0\0" /* an empty raw block, the last */
#define ZSTD_BLOCK_MAX   (128 * KIB)
#define ZSTD_BLOCK_HEAD  3
#define ZSTD_FRAME_HEAD  6 /* without a content size */
#define ZSTD_WINDOW_LOG  20
#define ZSTD_WINDOW(log) (((log)-10) << 3) /* RFC 8878 3.1.1.1.2 */

/* Digests make up most of a document, and short matches in them cost more than they save. */
#define ZSTD_LEVEL     9
#define ZSTD_MIN_MATCH 6

/* How often a piece that fails its proof is begun further on. Text made to fail is kept as it is.
 */
#define RESTARTS 2

#define GZIP_LEVEL     4
#define GZIP_RAW       (-MAX_WBITS) /* no header, no trailer */
#define GZIP_MEM_LEVEL 9
#define GZIP_STORE_MAX 65535
#define GZIP_STORE     5 /* bytes around stored text */

static void free_cctx(ZSTD_CCtx **c)
{
    (void)ZSTD_freeCCtx(*c); /* accepts NULL, always succeeds */
}

static void free_dctx(ZSTD_DCtx **d)
{
    (void)ZSTD_freeDCtx(*d); /* accepts NULL, always succeeds */
}

static void add_little_endian(uint64_t value, unsigned width, struct buf *out)
{
    char bytes[sizeof(value)];

    for (unsigned i = 0; i < width; i++)
        bytes[i] = (char)(value >> 8 * i & 0xff);
    buf_add(out, (struct str){bytes, width});
}

static uint64_t parts(uint64_t size, uint64_t part_max)
{
    return size / part_max + (size % part_max != 0);
}

static enum err_code check_room(const struct buf *out, size_t size, struct err *err)
{
    if (!buf_ok(out))
        return fail(err, ERR_NOMEM, "the buffer had failed before");
    if (size > out->max - out->len)
        return fail(err, ERR_TOO_BIG, "larger than %zu bytes", out->max);
    return OK;
}

static enum err_code check_text(struct str text, const struct buf *out, struct err *err)
{
    if (text.len > STITCH_TEXT_MAX)
        return fail(err, ERR_TOO_BIG, "%zu bytes are too long for one piece", text.len);
    return check_room(out, 0, err);
}

/* Room for size bytes, or NULL with the failure in *ret_rc; out is as it was. */
static char *reserve(struct buf *out, size_t size, enum err_code *ret_rc, struct err *err)
{
    char *room;

    *ret_rc = check_room(out, size, err);
    if (*ret_rc)
        return NULL;
    room = buf_reserve(out, size);
    if (!room) {
        out->failed = false;
        *ret_rc = fail(err, ERR_NOMEM, "out of memory");
    }
    return room;
}

/* All of piece, or nothing of it. */
static enum err_code append(struct buf *out, const struct buf *piece, struct err *err)
{
    enum err_code rc;
    char *room = reserve(out, piece->len, &rc, err);

    if (room && piece->len) {
        memcpy(room, piece->ptr, piece->len);
        buf_commit(out, piece->len);
    }
    return rc;
}

/* ---- zstd: blocks ---------------------------------------------------------------------------- */

enum block_type { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED, BLOCK_RESERVED };

/* RFC 8878 3.1.1.2. */
static void add_block_head(enum block_type type, size_t size, struct buf *out)
{
    add_little_endian(size << 3 | (size_t)type << 1, ZSTD_BLOCK_HEAD, out);
}

/* The length of the block that blocks begin with, its header counted; 0 if no whole one is there.
 */
static size_t block_len(struct str blocks)
{
    const unsigned char *head = (const unsigned char *)blocks.ptr;
    enum block_type type;
    size_t len;

    if (blocks.len < ZSTD_BLOCK_HEAD)
        return 0;
    len = (size_t)head[0] >> 3 | (size_t)head[1] << 5 | (size_t)head[2] << 13;
    type = (enum block_type)(head[0] >> 1 & 3);
    if (type == BLOCK_RESERVED)
        return 0;
    len = ZSTD_BLOCK_HEAD + (type == BLOCK_RLE ? 1 : len);
    return len <= blocks.len ? len : 0;
}

static bool is_last_block(struct str blocks)
{
    return blocks.ptr[0] & 1;
}

void zstd_head(uint64_t text_size, struct buf *out)
{
    buf_add(out, S(ZSTD_MAGIC "\xc0")); /* eight bytes of content size, nothing else */
    buf_addc(out, ZSTD_WINDOW(ZSTD_WINDOW_LOG));
    add_little_endian(text_size, 8, out);
}

void zstd_end(struct buf *out)
{
    buf_add(out, S(ZSTD_END));
}

uint64_t zstd_stored_size(uint64_t text_size)
{
    return text_size + ZSTD_BLOCK_HEAD * parts(text_size, ZSTD_BLOCK_MAX);
}

void zstd_stored(struct str text, struct buf *out)
{
    while (text.len) {
        struct str part = str_sub(text, 0, ZSTD_BLOCK_MAX);

        add_block_head(BLOCK_RAW, part.len, out);
        buf_add(out, part);
        text = str_from(text, part.len);
    }
}

/* ---- zstd: the proof ------------------------------------------------------------------------- */

#define POISON        "\xff"
#define POISON_TAIL   33 /* bytes of text of the block that sets the offsets */
#define POISON_WINDOW ZSTD_WINDOW(22)

static_assert(STITCH_TEXT_MAX + STITCH_TEXT_MAX / 2 + ZSTD_BLOCK_MAX < ((size_t)1 << 22) - 3,
              "the far offset of the poison fits its window, and 21 bits");

static size_t poison_far(size_t text_size)
{
    return (size_t)parts(text_size + text_size / 2 + 1, ZSTD_BLOCK_MAX) * ZSTD_BLOCK_MAX;
}

/* The block of three sequences (8 literals, then 3 bytes from distance far), which leaves the
 * repeat offsets at far; its text is POISON_TAIL bytes of poison. RFC 8878 3.1.1.3. */
static void add_poison_tail(size_t far, struct buf *out)
{
    unsigned code = 63U - (unsigned)__builtin_clzll(far + 3); /* 17 to 21 */
    uint64_t extra = far + 3 - ((uint64_t)1 << code);
    /* The offsets' extra bits; the tables and the other codes take none. A one ends them. */
    uint64_t bits = extra | extra << code | extra << 2 * code | (uint64_t)1 << 3 * code;
    unsigned width = 3 * code / 8 + 1;

    add_block_head(BLOCK_COMPRESSED, 7 + width, out);
    buf_add(out, S("\xc1" POISON)); /* 24 literals, all the same */
    buf_add(out, S("\x03\x54"));    /* 3 sequences; each table is of one code */
    buf_add(out, S("\x08"));        /* 8 literals */
    buf_addc(out, (char)code);
    buf_addc(out, 0); /* a match of 3 */
    add_little_endian(bits, width, out);
}

static void add_poisoned_frame(struct str blocks, size_t far, struct buf *out)
{
    buf_add(out, S(ZSTD_MAGIC "\0"));
    buf_addc(out, POISON_WINDOW);
    for (size_t done = 0; done < far; done += ZSTD_BLOCK_MAX) {
        add_block_head(BLOCK_RLE, ZSTD_BLOCK_MAX, out);
        buf_add(out, S(POISON));
    }
    add_poison_tail(far, out);
    buf_add(out, blocks);
    zstd_end(out);
}

static size_t first_difference(const char *a, const char *b, size_t len)
{
    size_t i = 0;

    if (!memcmp(a, b, len))
        return len;
    while (a[i] == b[i])
        i++;
    return i;
}

/* Decodes blocks after poison. *ret_good: how much of the text came out right; all: it is proved.
 * Without an answer that is worth a second try (no valid blocks) it is 0. */
static enum err_code prove(struct str blocks, struct str text, size_t *ret_good, struct err *err)
{
    size_t far = poison_far(text.len), plain_size = far + POISON_TAIL + text.len, got;
    AUTO(buf_done) struct buf frame = BUF_INIT(blocks.len + KIB), plain = BUF_INIT(plain_size);
    AUTO(free_dctx) ZSTD_DCtx *d = ZSTD_createDCtx();
    char *room = buf_reserve(&plain, plain_size);

    add_poisoned_frame(blocks, far, &frame);
    if (!d || !room || !buf_ok(&frame))
        return fail(err, ERR_NOMEM, "out of memory");
    got = ZSTD_decompressDCtx(d, room, plain_size, frame.ptr, frame.len);
    if (ZSTD_isError(got) && ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_good =
        got == plain_size ? first_difference(room + far + POISON_TAIL, text.ptr, text.len) : 0;
    return OK;
}

/* ---- zstd: pieces ---------------------------------------------------------------------------- */

static ZSTD_CCtx *open_cctx(void)
{
    AUTO(free_cctx) ZSTD_CCtx *c = ZSTD_createCCtx();

    if (!c || ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, ZSTD_LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_minMatch, ZSTD_MIN_MATCH)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, ZSTD_WINDOW_LOG)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 0)))
        return NULL;
    return TAKE(c);
}

/* Takes the header off a frame, and from its last block the mark of being it, or the block if it is
 * empty. False if it is no frame that can be part of ours. */
static bool open_frame(char *frame, size_t len, struct str *ret_blocks)
{
    size_t at = ZSTD_FRAME_HEAD, block;

    /* No flags, and a window that is not larger than that of zstd_head(). */
    if (len < ZSTD_FRAME_HEAD || frame[4] || (unsigned char)frame[5] > ZSTD_WINDOW(ZSTD_WINDOW_LOG))
        return false;
    for (;; at += block) {
        struct str rest = {frame + at, len - at};

        block = block_len(rest);
        if (!block)
            return false;
        if (!is_last_block(rest))
            continue;
        if (block < rest.len)
            return false;
        if (block > ZSTD_BLOCK_HEAD)
            at += block;
        frame[len - block] &= ~1;
        *ret_blocks = (struct str){frame + ZSTD_FRAME_HEAD, at - ZSTD_FRAME_HEAD};
        return true;
    }
}

/* Appends text as blocks; *ret_done: false if libzstd makes none that can be used. */
static enum err_code add_blocks(ZSTD_CCtx *c, struct str text, struct buf *out, bool *ret_done,
                                struct err *err)
{
    /* What libzstd writes depends on the room: equal texts get equal room. */
    size_t bound = ZSTD_compressBound(text.len), len;
    AUTO(buf_done) struct buf frame = BUF_INIT(bound);
    char *room = buf_reserve(&frame, bound);
    struct str blocks;

    if (!room)
        return fail(err, ERR_NOMEM, "out of memory");
    len = ZSTD_compress2(c, room, bound, text.ptr, text.len);
    if (ZSTD_isError(len))
        return fail(err, ERR_NOMEM, "could not compress: %s", ZSTD_getErrorName(len));
    *ret_done = open_frame(room, len, &blocks);
    if (!*ret_done)
        return OK;
    buf_add(out, blocks);
    return buf_ok(out) ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* Fills piece with blocks of text that are proved; leaves it empty if that does not come about. */
static enum err_code compress_proved(struct str text, struct buf *piece, struct err *err)
{
    AUTO(free_cctx) ZSTD_CCtx *c = open_cctx();
    size_t raw = 0, good = 0;
    enum err_code rc = OK;
    bool done = true;

    if (!c)
        return fail(err, ERR_NOMEM, "out of memory");
    for (unsigned i = 0; i <= RESTARTS && raw < text.len; i++) {
        buf_clear(piece);
        zstd_stored(str_sub(text, 0, raw), piece);
        rc = add_blocks(c, str_from(text, raw), piece, &done, err);
        if (!rc && done)
            rc = prove(buf_str(piece), text, &good, err);
        if (rc || !done || good == text.len)
            break;
        raw = 2 * good + 16; /* behind the sequence that asked for an offset before the piece */
    }
    if (good < text.len)
        buf_clear(piece);
    return rc;
}

enum err_code zstd_piece(struct str text, struct buf *out, struct err *err)
{
    size_t stored = (size_t)zstd_stored_size(text.len);
    AUTO(buf_done) struct buf piece = BUF_INIT(0);
    enum err_code rc = check_text(text, out, err);

    if (rc || !text.len)
        return rc;
    piece.max = stored + ZSTD_compressBound(text.len);
    if (!str_has(text, POISON[0]))
        rc = compress_proved(text, &piece, err);
    if (rc)
        return rc;
    if (!piece.len || piece.len > stored) {
        buf_clear(&piece);
        zstd_stored(text, &piece);
    }
    if (!buf_ok(&piece))
        return fail(err, ERR_NOMEM, "out of memory");
    return append(out, &piece, err);
}

static enum err_code check_blocks(struct str blocks, struct err *err)
{
    for (size_t len; blocks.len; blocks = str_from(blocks, len)) {
        len = block_len(blocks);
        if (!len || is_last_block(blocks))
            return fail(err, ERR_INVALID, "damaged zstd blocks");
    }
    return OK;
}

enum err_code zstd_piece_read(struct str blocks, size_t text_size, struct buf *out, struct err *err)
{
    AUTO(buf_done) struct buf frame = BUF_INIT(blocks.len + ZSTD_HEAD_SIZE + ZSTD_END_SIZE);
    AUTO(free_dctx) ZSTD_DCtx *d = NULL;
    enum err_code rc = check_blocks(blocks, err);
    size_t got;
    char *room;

    if (rc)
        return rc;
    room = reserve(out, text_size, &rc, err);
    if (!room)
        return rc;
    zstd_head(text_size, &frame);
    buf_add(&frame, blocks);
    zstd_end(&frame);
    d = ZSTD_createDCtx();
    if (!d || !buf_ok(&frame))
        return fail(err, ERR_NOMEM, "out of memory");
    got = ZSTD_decompressDCtx(d, room, text_size, frame.ptr, frame.len);
    if (ZSTD_isError(got) && ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
        return fail(err, ERR_NOMEM, "out of memory");
    if (ZSTD_isError(got))
        return fail(err, ERR_INVALID, "damaged zstd blocks: %s", ZSTD_getErrorName(got));
    if (got != text_size)
        return fail(err, ERR_INVALID, "zstd blocks of %zu bytes, not %zu", got, text_size);
    buf_commit(out, got);
    return OK;
}

/* ---- gzip ------------------------------------------------------------------------------------ */

static enum err_code deflate_whole(z_stream *z, struct str text, struct buf *piece, struct err *err)
{
    /* Of room for the flush's own block deflateBound() knows nothing. */
    size_t bound = deflateBound(z, text.len) + 16;
    int result;

    assert(bound < UINT_MAX);
    *piece = BUF_INIT(bound);
    z->next_out = (Bytef *)buf_reserve(piece, bound);
    if (!z->next_out)
        return fail(err, ERR_NOMEM, "out of memory");
    z->avail_out = (uInt)bound;
    z->next_in = (z_const Bytef *)(uintptr_t)text.ptr; /* it only reads there */
    z->avail_in = (uInt)text.len;
    result = deflate(z, Z_FULL_FLUSH);
    assert(result == Z_OK && !z->avail_in && z->avail_out); /* else more would follow */
    buf_commit(piece, bound - z->avail_out);
    return OK;
}

enum err_code gzip_piece(struct str text, struct buf *out, uint32_t *ret_crc, struct err *err)
{
    z_stream z = {.zalloc = zlib_get, .zfree = zlib_free};
    AUTO(buf_done) struct buf piece = BUF_INIT(0);
    enum err_code rc = check_text(text, out, err);

    if (!rc && text.len) {
        if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_RAW, GZIP_MEM_LEVEL,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            return fail(err, ERR_NOMEM, "out of memory");
        rc = deflate_whole(&z, text, &piece, err);
        (void)deflateEnd(&z); /* complains only of data that was not packed to the end */
        if (!rc)
            rc = append(out, &piece, err);
    }
    if (!rc)
        *ret_crc = (uint32_t)crc32_z(0, (const Bytef *)text.ptr, text.len);
    return rc;
}

void gzip_head(struct buf *out)
{
    buf_add(out, S("\x1f\x8b\x08\0\0\0\0\0\0\xff")); /* no name, no time, no system */
}

void gzip_end(struct gzip_sum sum, struct buf *out)
{
    buf_add(out, S("\x03\0")); /* an empty block of fixed codes, the last */
    add_little_endian(sum.crc, 4, out);
    add_little_endian(sum.size, 4, out); /* modulo 2^32 */
}

uint64_t gzip_stored_size(uint64_t text_size)
{
    return text_size + GZIP_STORE * parts(text_size, GZIP_STORE_MAX);
}

void gzip_stored(struct str text, struct buf *out)
{
    while (text.len) {
        struct str part = str_sub(text, 0, GZIP_STORE_MAX);

        buf_addc(out, 0);
        add_little_endian(part.len, 2, out);
        add_little_endian(~part.len, 2, out);
        buf_add(out, part);
        text = str_from(text, part.len);
    }
}

void gzip_sum_add(struct gzip_sum *sum, uint32_t crc, uint64_t size)
{
    sum->crc = (uint32_t)crc32_combine(sum->crc, crc, (z_off_t)size);
    sum->size += size;
}

void gzip_sum_text(struct gzip_sum *sum, struct str text)
{
    gzip_sum_add(sum, (uint32_t)crc32_z(0, (const Bytef *)text.ptr, text.len), text.len);
}
