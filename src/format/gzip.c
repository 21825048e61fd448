#include "format/gzip.h"

#include <assert.h>
#include <limits.h>
#include <zlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "format/unpack.h"
#include "format/zlib_memory.h"

#define ROOM (128 * KIB)

/* zlib's defaults, and a gzip header and trailer around the data. */
#define GZIP_AROUND (MAX_WBITS + 16)
#define MEM_LEVEL   8

static void free_room(char **room)
{
    mem_free(*room);
}

/* Appends piece. The buffer itself would not tell a broken maximum from a lack of memory. */
static enum err_code append(struct buf *out, struct str piece, struct err *err)
{
    if (piece.len > out->max - out->len)
        return fail(err, ERR_TOO_BIG, "larger than %zu bytes", out->max);
    buf_add(out, piece);
    return buf_ok(out) ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* Hands the next piece of the data over; zlib counts in unsigned ints. */
static int feed(z_stream *z, struct str *data)
{
    if (!z->avail_in && data->len) {
        struct str piece = str_sub(*data, 0, UINT_MAX);

        z->next_in = (z_const Bytef *)(uintptr_t)piece.ptr; /* it only reads there */
        z->avail_in = (uInt)piece.len;
        *data = str_from(*data, piece.len);
    }
    return data->len ? Z_NO_FLUSH : Z_FINISH;
}

static enum err_code pack_into(z_stream *z, struct str data, struct buf *out, struct err *err)
{
    AUTO(free_room) char *room = mem_get(ROOM);
    enum err_code rc = OK;
    int result = Z_OK;

    if (!room)
        return fail(err, ERR_NOMEM, "out of memory");
    while (!rc && result != Z_STREAM_END) {
        z->next_out = (Bytef *)room;
        z->avail_out = ROOM;
        result = deflate(z, feed(z, &data));
        assert(result == Z_OK || result == Z_STREAM_END); /* it always has room */
        rc = append(out, (struct str){room, ROOM - z->avail_out}, err);
    }
    return rc;
}

/* A failure leaves out as it was. */
static enum err_code undo_on_failure(enum err_code rc, struct buf *out, size_t before)
{
    if (rc) {
        out->len = before;
        out->failed = false;
    }
    return rc;
}

enum err_code gzip_pack(struct str data, int level, struct buf *out, struct err *err)
{
    z_stream z = {.zalloc = zlib_get, .zfree = zlib_free};
    size_t before = out->len;
    enum err_code rc;

    assert(level >= 1 && level <= 9);
    if (!buf_ok(out))
        return fail(err, ERR_NOMEM, "the buffer had failed before");
    if (deflateInit2(&z, level, Z_DEFLATED, GZIP_AROUND, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = pack_into(&z, data, out, err);
    (void)deflateEnd(&z); /* complains only of data that was not packed to the end */
    return undo_on_failure(rc, out, before);
}

enum err_code gzip_unpack(struct str data, struct buf *out, struct err *err)
{
    return unpack_buffer(UNPACK_GZIP, data, out, err);
}
