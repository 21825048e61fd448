/* unpack.c: zstd through libzstd, because only it enforces a limit on windows; bzip2 through
 * libarchive, whose filter is told to be bzip2 and not to guess; gzip through zlib, because
 * libarchive's filter does not compare the checksum. */
#include "format/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/limits.h"
#include "base/mem.h"
#include "format/zlib_memory.h"

#define PIECE (128 * KIB) /* zstd's own block size */

/* zlib's windowBits: the largest window, and a gzip header and trailer around the data. */
#define GZIP_ONLY (MAX_WBITS + 16)

/* What is packed in frames, one after the other, is decoded by steps of the same kind. */
struct frames {
    struct str in; /* packed bytes not looked at yet */
    bool inside;   /* a frame has begun and not ended */
    bool any;      /* one has begun at all */
    char *out;     /* PIECE bytes */
    /* Decodes some of in, moves it on, and sets *ret_len to the bytes now in out. */
    enum err_code (*step)(struct unpack *u, size_t *ret_len, struct err *err);
    const char *name; /* of the format */
};
struct bzip2_side {
    struct archive *archive;
    uint64_t handed;    /* packed bytes handed to it in all */
    enum err_code rc;   /* why the source failed, if it did ... */
    struct err failure; /* ... because libarchive cannot carry it */
};
struct gzip_side {
    z_stream stream;
    bool open;  /* stream is zlib's to free */
    bool ended; /* a member has ended: what follows may be another */
};

struct unpack {
    enum unpack_format format;
    struct unpack_source from;
    uint64_t max, produced;
    struct frames frames; /* of zstd and gzip */
    ZSTD_DCtx *zstd;
    struct gzip_side gzip;
    struct bzip2_side bzip2;
};

static enum err_code next_of_mem(void *ctx, struct str *ret_piece, struct err *err)
{
    struct str *bytes = ctx;

    (void)err; /* cannot fail */
    *ret_piece = *bytes;
    *bytes = (struct str){0};
    return OK;
}

struct unpack_source unpack_source_mem(struct str *bytes)
{
    return (struct unpack_source){bytes, next_of_mem};
}

/* Saturates: a size from outside may be anything. */
uint64_t unpack_ceiling(uint64_t packed_size)
{
    uint64_t max;

    if (__builtin_mul_overflow(packed_size, LIMIT_UNPACK_RATIO, &max) ||
        __builtin_add_overflow(max, LIMIT_INFO_TOTAL, &max))
        return UINT64_MAX;
    return max;
}

/* ---- zstd and gzip --------------------------------------------------------------------------- */

static enum err_code check_end(const struct frames *f, struct err *err)
{
    if (!f->any)
        return fail(err, ERR_INVALID, "empty where %s data should be", f->name);
    if (f->inside)
        return fail(err, ERR_INVALID, "the %s data is cut off", f->name);
    return OK;
}

static enum err_code next_of_frames(struct unpack *u, struct str *ret_piece, struct err *err)
{
    struct frames *f = &u->frames;
    enum err_code rc = OK;
    size_t len = 0;

    while (!rc) {
        /* Inside a frame the decoder may hold content back without needing more input. */
        if (f->inside || f->in.len)
            rc = f->step(u, &len, err);
        if (rc)
            break;
        if (len) {
            *ret_piece = (struct str){f->out, len};
            break;
        }
        if (f->in.len)
            continue;
        rc = u->from.next(u->from.ctx, &f->in, err);
        if (!rc && !f->in.len) {
            *ret_piece = (struct str){0};
            return check_end(f, err);
        }
    }
    return rc;
}

/* ---- zstd ------------------------------------------------------------------------------------ */

static enum err_code fail_zstd(size_t result, struct err *err)
{
    ZSTD_ErrorCode code = ZSTD_getErrorCode(result);

    if (code == ZSTD_error_memory_allocation)
        return fail(err, ERR_NOMEM, "out of memory");
    if (code == ZSTD_error_frameParameter_windowTooLarge)
        return fail(err, ERR_TOO_BIG, "a zstd frame asks for a window over 2^%d bytes",
                    LIMIT_ZSTD_WINDOW_LOG);
    return fail(err, ERR_INVALID, "damaged zstd data: %s", ZSTD_getErrorName(result));
}

/* libzstd may be built to read the formats of before 1.0 too, with decoders that nobody looks
 * after. It knows them by the first four bytes of one piece of input, as is done here. */
static bool is_legacy_zstd(struct str in)
{
    return in.len >= 4 && in.ptr[0] >= 0x22 && in.ptr[0] <= 0x27 &&
           str_starts(str_from(in, 1), S("\xb5\x2f\xfd"));
}

static enum err_code step_zstd(struct unpack *u, size_t *ret_len, struct err *err)
{
    struct frames *f = &u->frames;
    ZSTD_inBuffer in = {f->in.ptr, f->in.len, 0};
    ZSTD_outBuffer out = {f->out, PIECE, 0};
    size_t result;

    if (!f->inside && is_legacy_zstd(f->in))
        return fail(err, ERR_INVALID, "zstd data in a format of before version 1.0");
    f->any = true;
    result = ZSTD_decompressStream(u->zstd, &out, &in);
    if (ZSTD_isError(result))
        return fail_zstd(result, err);
    if (!in.pos && !out.pos && f->in.len)
        return fail(err, ERR_INVALID, "damaged zstd data: no progress");
    f->inside = result != 0;
    f->in = str_from(f->in, in.pos);
    *ret_len = out.pos;
    return OK;
}

static enum err_code open_zstd(struct unpack *u, struct err *err)
{
    u->frames = (struct frames){.out = mem_get(PIECE), .step = step_zstd, .name = "zstd"};
    u->zstd = ZSTD_createDCtx();
    if (!u->zstd || !u->frames.out ||
        ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, LIMIT_ZSTD_WINDOW_LOG)))
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

/* ---- gzip ------------------------------------------------------------------------------------ */

static enum err_code fail_gzip(const struct gzip_side *g, int result, struct err *err)
{
    if (result == Z_MEM_ERROR)
        return fail(err, ERR_NOMEM, "out of memory");
    if (g->ended && g->stream.total_in <= 2) /* not even the magic number of a header */
        return fail(err, ERR_INVALID, "bytes after the end of the gzip data");
    return fail(err, ERR_INVALID, "damaged gzip data: %s",
                g->stream.msg ? g->stream.msg : "unknown reason");
}

static enum err_code step_gzip(struct unpack *u, size_t *ret_len, struct err *err)
{
    struct frames *f = &u->frames;
    z_stream *z = &u->gzip.stream;
    size_t len = f->in.len < UINT_MAX ? f->in.len : UINT_MAX;
    int result;

    if (!f->inside)
        (void)inflateReset(z); /* fails only for a stream that is not open */
    f->inside = f->any = true;
    z->next_in = (z_const Bytef *)(uintptr_t)f->in.ptr; /* it only reads there */
    z->avail_in = (uInt)len;
    z->next_out = (Bytef *)f->out;
    z->avail_out = PIECE;
    result = inflate(z, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) /* wants more input */
        return fail_gzip(&u->gzip, result, err);
    f->in = str_from(f->in, len - z->avail_in);
    *ret_len = PIECE - z->avail_out;
    if (result == Z_STREAM_END) {
        f->inside = false;
        u->gzip.ended = true;
    }
    return OK;
}

static enum err_code open_gzip(struct unpack *u, struct err *err)
{
    u->frames = (struct frames){.out = mem_get(PIECE), .step = step_gzip, .name = "gzip"};
    u->gzip.stream.zalloc = zlib_get;
    u->gzip.stream.zfree = zlib_free;
    if (!u->frames.out || inflateInit2(&u->gzip.stream, GZIP_ONLY) != Z_OK)
        return fail(err, ERR_NOMEM, "out of memory");
    u->gzip.open = true;
    return OK;
}

/* ---- bzip2 ----------------------------------------------------------------------------------- */

static la_ssize_t hand_over(struct archive *a, void *ctx, const void **ret)
{
    struct unpack *u = ctx;
    struct str piece = {0};

    u->bzip2.rc = u->from.next(u->from.ctx, &piece, &u->bzip2.failure);
    if (u->bzip2.rc) {
        archive_set_error(a, EIO, "reading failed");
        return ARCHIVE_FATAL;
    }
    u->bzip2.handed += piece.len;
    *ret = piece.ptr;
    return (la_ssize_t)piece.len;
}

static enum err_code fail_bzip2(const struct bzip2_side *b, struct err *err)
{
    const char *why = archive_error_string(b->archive);

    if (b->rc) {
        if (err)
            *err = b->failure;
        return b->rc;
    }
    if (archive_errno(b->archive) == ENOMEM)
        return fail(err, ERR_NOMEM, "out of memory");
    if (archive_errno(b->archive) == EILSEQ) /* what it says when there is no content at all */
        return fail(err, ERR_INVALID, "not bzip2 data, or its first block is damaged");
    return fail(err, ERR_INVALID, "damaged bzip2 data: %s", why ? why : "unknown reason");
}

static enum err_code open_bzip2(struct unpack *u, struct err *err)
{
    struct bzip2_side *b = &u->bzip2;
    struct archive_entry *content;

    b->archive = archive_read_new();
    if (!b->archive || archive_read_support_format_raw(b->archive) != ARCHIVE_OK ||
        archive_read_append_filter(b->archive, ARCHIVE_FILTER_BZIP2) != ARCHIVE_OK)
        return fail(err, ERR_NOMEM, "out of memory");
    if (archive_read_open(b->archive, u, NULL, hand_over, NULL) != ARCHIVE_OK ||
        archive_read_next_header(b->archive, &content) != ARCHIVE_OK)
        return fail_bzip2(b, err);
    return OK;
}

/* The filter ends quietly at anything that does not begin like a stream; it has not used up the
 * packed bytes then. */
static enum err_code check_end_bzip2(struct unpack *u, struct err *err)
{
    struct str piece = {0};
    enum err_code rc = OK;

    if ((uint64_t)archive_filter_bytes(u->bzip2.archive, -1) == u->bzip2.handed)
        rc = u->from.next(u->from.ctx, &piece, err);
    else
        rc = fail(err, ERR_INVALID, "not bzip2 data, or bytes after the end of it");
    if (!rc && piece.len)
        rc = fail(err, ERR_INVALID, "bytes after the end of the bzip2 data");
    return rc;
}

static enum err_code next_bzip2(struct unpack *u, struct str *ret_piece, struct err *err)
{
    const void *part = NULL;
    la_int64_t offset;
    size_t len = 0;
    int result = ARCHIVE_OK;

    while (result == ARCHIVE_OK && !len)
        result = archive_read_data_block(u->bzip2.archive, &part, &len, &offset);
    if (result != ARCHIVE_OK && result != ARCHIVE_EOF)
        return fail_bzip2(&u->bzip2, err);
    if (result == ARCHIVE_EOF) {
        *ret_piece = (struct str){0};
        return check_end_bzip2(u, err);
    }
    *ret_piece = (struct str){part, len};
    return OK;
}

/* ---- All ------------------------------------------------------------------------------------- */

static enum err_code open_side(struct unpack *u, struct err *err)
{
    switch (u->format) {
    case UNPACK_ZSTD:
        return open_zstd(u, err);
    case UNPACK_BZIP2:
        return open_bzip2(u, err);
    case UNPACK_GZIP:
        return open_gzip(u, err);
    case UNPACK_FORMATS:
        break;
    }
    assert(false); /* there is no other */
    return ERR_INVALID;
}

enum err_code unpack_open(enum unpack_format format, const struct unpack_source *from, uint64_t max,
                          struct unpack **ret, struct err *err)
{
    AUTO(unpack_closep) struct unpack *u = mem_new(struct unpack);
    enum err_code rc;

    if (!u)
        return fail(err, ERR_NOMEM, "out of memory");
    u->format = format;
    u->from = *from;
    u->max = max;
    rc = open_side(u, err);
    if (!rc)
        *ret = TAKE(u);
    return rc;
}

void unpack_close(struct unpack *u)
{
    if (!u)
        return;
    (void)ZSTD_freeDCtx(u->zstd);              /* accepts NULL, always succeeds */
    (void)archive_read_free(u->bzip2.archive); /* the same; nothing to save */
    if (u->gzip.open)
        (void)inflateEnd(&u->gzip.stream); /* the same, of an open stream */
    mem_free(u->frames.out);
    mem_free(u);
}

void unpack_closep(struct unpack **u)
{
    unpack_close(*u);
}

enum err_code unpack_next(struct unpack *u, struct str *ret_piece, struct err *err)
{
    struct str piece = {0};
    enum err_code rc =
        u->format == UNPACK_BZIP2 ? next_bzip2(u, &piece, err) : next_of_frames(u, &piece, err);

    if (rc)
        return rc;
    if (piece.len > u->max - u->produced)
        return fail(err, ERR_TOO_BIG, "unpacks to more than %llu bytes",
                    (unsigned long long)u->max);
    u->produced += piece.len;
    *ret_piece = piece;
    return OK;
}

static enum err_code append_all(struct unpack *u, struct buf *out, struct err *err)
{
    struct str piece = {0};
    enum err_code rc;

    do {
        rc = unpack_next(u, &piece, err);
        if (!rc)
            buf_add(out, piece);
        if (!rc && !buf_ok(out))
            rc = fail(err, ERR_NOMEM, "out of memory");
    } while (!rc && piece.len);
    return rc;
}

enum err_code unpack_buffer(enum unpack_format format, struct str packed, struct buf *out,
                            struct err *err)
{
    AUTO(unpack_closep) struct unpack *u = NULL;
    struct unpack_source from = unpack_source_mem(&packed);
    size_t before = out->len;
    enum err_code rc;

    if (!buf_ok(out))
        return fail(err, ERR_NOMEM, "the buffer had failed before");
    rc = unpack_open(format, &from, out->max - out->len, &u, err);
    if (!rc)
        rc = append_all(u, out, err);
    if (rc) {
        out->len = before;
        out->failed = false;
    }
    return rc;
}
