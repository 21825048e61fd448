/* zip_content.c: inflate by zlib, piece by piece, so that a lie about sizes costs no memory. */
#include "format/zip_content.h"

#include <assert.h>

#include <zlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "format/zlib_memory.h"

#define PIECE (64 * KIB)

#define RAW_DEFLATE (-MAX_WBITS) /* neither zlib's nor gzip's header and trailer */

/* One reading of a member. */
struct reading {
    const struct zip_source *from;
    const struct zip_member *m;
    struct buf *out; /* NULL: only looked at */
    uint64_t at;     /* offset of the next packed byte in the source ... */
    uint64_t left;   /* ... and how many there are still */
    uint64_t size;   /* of the content so far */
    uLong crc;
    char packed[PIECE], plain[PIECE];
};

static void reading_free(struct reading **r)
{
    mem_free(*r);
}

static enum err_code fail_member(const struct reading *r, const char *how, struct err *err)
{
    return fail(err, ERR_INVALID, "ZIP member \"" STR_FMT "\" %s", STR_ARG(r->m->name), how);
}

/* The next piece of packed bytes, empty at the end; valid until the next call. */
static enum err_code next_packed(struct reading *r, struct str *ret, struct err *err)
{
    size_t len = r->left < PIECE ? (size_t)r->left : PIECE;
    enum err_code rc = OK;

    if (len)
        rc = r->from->read(r->from->ctx, r->at, r->packed, len, err);
    if (rc)
        return rc;
    r->at += len;
    r->left -= len;
    *ret = (struct str){r->packed, len};
    return OK;
}

/* Takes a piece of content. What the headers promised is checked before it is kept. */
static enum err_code take(struct reading *r, struct str piece, struct err *err)
{
    if (piece.len > r->m->size - r->size)
        return fail_member(r, "is larger than it is said to be", err);
    r->size += piece.len;
    r->crc = crc32_z(r->crc, (const Bytef *)piece.ptr, piece.len);
    if (!r->out)
        return OK;
    buf_add(r->out, piece);
    if (!buf_ok(r->out))
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

static enum err_code read_stored(struct reading *r, struct err *err)
{
    struct str piece = {0};
    enum err_code rc;

    do {
        rc = next_packed(r, &piece, err);
        if (!rc)
            rc = take(r, piece, err);
    } while (!rc && piece.len);
    return rc;
}

/* Inflates what fits into r->plain; *ret_ended: the stream is complete. */
static enum err_code step(struct reading *r, z_stream *z, bool *ret_ended, struct err *err)
{
    int result;
    enum err_code rc;

    z->next_out = (Bytef *)r->plain;
    z->avail_out = PIECE;
    result = inflate(z, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR)
        return fail(err, ERR_NOMEM, "out of memory");
    if (result == Z_BUF_ERROR) /* it asks for more, and there is none */
        return fail_member(r, "is cut off", err);
    if (result != Z_OK && result != Z_STREAM_END)
        return fail(err, ERR_INVALID, "ZIP member \"" STR_FMT "\" is damaged: %s",
                    STR_ARG(r->m->name), z->msg ? z->msg : "unknown reason");
    rc = take(r, (struct str){r->plain, PIECE - z->avail_out}, err);
    if (!rc)
        *ret_ended = result == Z_STREAM_END;
    return rc;
}

static enum err_code inflate_all(struct reading *r, z_stream *z, struct err *err)
{
    bool ended = false;
    enum err_code rc = OK;

    while (!rc && !ended) {
        struct str piece = {0};

        if (!z->avail_in)
            rc = next_packed(r, &piece, err);
        if (rc)
            break;
        if (piece.len) {
            z->next_in = (Bytef *)r->packed;
            z->avail_in = (uInt)piece.len;
        }
        rc = step(r, z, &ended, err);
    }
    if (!rc && (z->avail_in || r->left))
        rc = fail_member(r, "has bytes after the end of its content", err);
    return rc;
}

static enum err_code read_deflated(struct reading *r, struct err *err)
{
    z_stream z = {.zalloc = zlib_get, .zfree = zlib_free};
    enum err_code rc;

    if (inflateInit2(&z, RAW_DEFLATE) != Z_OK)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = inflate_all(r, &z, err);
    (void)inflateEnd(&z); /* fails for streams that were never opened */
    return rc;
}

static enum err_code read_content(struct reading *r, struct err *err)
{
    enum err_code rc;

    if (r->m->method == ZIP_STORED)
        rc = read_stored(r, err);
    else if (r->m->method == ZIP_DEFLATED)
        rc = read_deflated(r, err);
    else
        rc = fail(err, ERR_INVALID,
                  "ZIP member \"" STR_FMT "\" is packed by method %u; only stored and deflated "
                  "ones are read",
                  STR_ARG(r->m->name), r->m->method);
    if (!rc && r->size != r->m->size)
        rc = fail_member(r, "is smaller than it is said to be", err);
    if (!rc && r->crc != r->m->crc32)
        rc = fail_member(r, "does not match its CRC", err);
    return rc;
}

static enum err_code read_member(const struct zip_source *from, const struct zip_member *m,
                                 struct buf *out, struct err *err)
{
    AUTO(reading_free) struct reading *r = mem_new(struct reading);

    if (!r)
        return fail(err, ERR_NOMEM, "out of memory");
    r->from = from;
    r->m = m;
    r->out = out;
    r->at = m->data_offset;
    r->left = m->packed_size;
    return read_content(r, err);
}

enum err_code zip_content(const struct zip_source *from, const struct zip_member *m,
                          struct buf *out, struct err *err)
{
    size_t before = out->len;
    enum err_code rc;

    assert(buf_ok(out));
    if (m->size > out->max - before)
        return fail(err, ERR_TOO_BIG, "\"" STR_FMT "\" is larger than %zu bytes", STR_ARG(m->name),
                    out->max);
    rc = read_member(from, m, out, err);
    if (rc) {
        out->len = before;
        out->failed = false;
    }
    return rc;
}

enum err_code zip_verify(const struct zip_source *from, const struct zip_member *m, struct err *err)
{
    return read_member(from, m, NULL, err);
}
