#include "format/zstd.h"

#include <assert.h>
#include <zstd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "format/unpack.h"

/* The encoder's output depends on the room it is given. It always gets the same amount here, so
 * that equal data gives equal bytes whatever the state of the caller's buffer. */
#define ROOM (128 * KIB)

static void free_cctx(ZSTD_CCtx **c)
{
    (void)ZSTD_freeCCtx(*c); /* accepts NULL, always succeeds */
}

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

static enum err_code pack_into(ZSTD_CCtx *c, struct str data, struct buf *out, struct err *err)
{
    AUTO(free_room) char *room = mem_get(ROOM);
    ZSTD_inBuffer in = {data.ptr, data.len, 0};
    enum err_code rc = OK;
    size_t left = 1;

    if (!room)
        return fail(err, ERR_NOMEM, "out of memory");
    while (!rc && left) {
        ZSTD_outBuffer piece = {room, ROOM, 0};

        left = ZSTD_compressStream2(c, &piece, &in, ZSTD_e_end);
        if (ZSTD_isError(left))
            return fail(err, ERR_NOMEM, "could not compress: %s", ZSTD_getErrorName(left));
        rc = append(out, (struct str){room, piece.pos}, err);
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

enum err_code zstd_pack(struct str data, int level, struct buf *out, struct err *err)
{
    AUTO(free_cctx) ZSTD_CCtx *c = ZSTD_createCCtx();
    size_t before = out->len;

    assert(level >= 1 && level <= 19);
    if (!buf_ok(out))
        return fail(err, ERR_NOMEM, "the buffer had failed before");
    /* The content size is in the frame header by default, a checksum is not. */
    if (!c || ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(c, data.len)))
        return fail(err, ERR_NOMEM, "out of memory");
    return undo_on_failure(pack_into(c, data, out, err), out, before);
}

enum err_code zstd_unpack(struct str data, struct buf *out, struct err *err)
{
    return unpack_buffer(UNPACK_ZSTD, data, out, err);
}
