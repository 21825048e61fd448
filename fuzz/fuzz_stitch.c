/* Pieces decode to their texts wherever they stand, and damaged blocks give no more than is asked
 * for. Input: 3 bytes, where the rest is cut and what size it claims to have as blocks; the rest.
 */
#include <assert.h>

#include "base/limits.h"
#include "format/gzip.h"
#include "format/stitch.h"
#include "format/zstd.h"

#define TEXT_MAX (64 * KIB)
#define ROOM     (4 * TEXT_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct document {
    struct buf text, zstd, gzip;
    struct gzip_sum sum;
};

static void add(struct document *d, struct str text)
{
    uint32_t crc;

    buf_add(&d->text, text);
    if (zstd_piece(text, &d->zstd, NULL) || gzip_piece(text, &d->gzip, &crc, NULL))
        abort();
    gzip_sum_add(&d->sum, crc, text.len);
}

static void add_stored(struct document *d, struct str text)
{
    buf_add(&d->text, text);
    zstd_stored(text, &d->zstd);
    gzip_stored(text, &d->gzip);
    gzip_sum_text(&d->sum, text);
}

/* What comes second stands behind each of the others once. */
static void check_document(struct str first, struct str second)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(ROOM);
    struct document d = {.text = BUF_INIT(ROOM), .zstd = BUF_INIT(ROOM), .gzip = BUF_INIT(ROOM)};

    zstd_head(2 * (first.len + second.len) + 1, &d.zstd);
    gzip_head(&d.gzip);
    add(&d, first);
    add(&d, second);
    add_stored(&d, S(","));
    add(&d, second);
    add_stored(&d, first);
    zstd_end(&d.zstd);
    gzip_end(d.sum, &d.gzip);
    if (zstd_unpack(buf_str(&d.zstd), &plain, NULL))
        abort();
    assert(str_eq(buf_str(&plain), buf_str(&d.text)));
    buf_clear(&plain);
    if (gzip_unpack(buf_str(&d.gzip), &plain, NULL))
        abort();
    assert(str_eq(buf_str(&plain), buf_str(&d.text)));
    buf_done(&d.text);
    buf_done(&d.zstd);
    buf_done(&d.gzip);
}

static void check_read(struct str blocks, size_t text_size)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(STITCH_TEXT_MAX);
    enum err_code rc = zstd_piece_read(blocks, text_size, &plain, NULL);

    assert(rc == OK || rc == ERR_INVALID || rc == ERR_TOO_BIG);
    assert(plain.len == (rc ? 0 : text_size) && buf_ok(&plain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size}, text;
    size_t number;

    if (size < 3)
        return 0;
    number = (size_t)data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16;
    bytes = str_from(bytes, 3);
    check_read(bytes, number);
    text = str_sub(bytes, 0, TEXT_MAX);
    check_document(str_sub(text, 0, number % (text.len + 1)),
                   str_from(text, number % (text.len + 1)));
    return 0;
}
