#include "format/image.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/text.h"

static uint32_t byte_at(struct str s, size_t at)
{
    return at < s.len ? (unsigned char)s.ptr[at] : 0;
}

static uint32_t u16_big(struct str s, size_t at)
{
    return byte_at(s, at) << 8 | byte_at(s, at + 1);
}

static uint32_t u32_big(struct str s, size_t at)
{
    return u16_big(s, at) << 16 | u16_big(s, at + 2);
}

static uint32_t u16_little(struct str s, size_t at)
{
    return byte_at(s, at) | byte_at(s, at + 1) << 8;
}

static uint32_t u24_little(struct str s, size_t at)
{
    return u16_little(s, at) | byte_at(s, at + 2) << 16;
}

/* Each fills type and size, and is false when the bytes are not of its format. A size that the
 * bytes do not reach is 0, which nobody takes for a size. */

/* PNG, 11.2.2: the first chunk is IHDR, 13 bytes long. */
static bool read_png(struct str s, struct image *ret)
{
    if (!str_starts(s, S("\x89PNG\r\n\x1a\n\0\0\0\rIHDR")))
        return false;
    *ret = (struct image){.type = IMAGE_PNG, .width = u32_big(s, 16), .height = u32_big(s, 20)};
    return true;
}

static bool read_gif(struct str s, struct image *ret)
{
    if (!str_starts(s, S("GIF87a")) && !str_starts(s, S("GIF89a")))
        return false;
    *ret = (struct image){.type = IMAGE_GIF, .width = u16_little(s, 6), .height = u16_little(s, 8)};
    return true;
}

/* ITU T.81, table B.1: SOF0 to SOF15 without DHT (c4), JPG (c8) and DAC (cc). */
static bool is_frame(uint32_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* ITU T.81, B.1.1: segments of a marker and a length, up to the one that begins the frame. */
static bool read_jpeg(struct str s, struct image *ret)
{
    if (!str_starts(s, S("\xff\xd8\xff")))
        return false;
    *ret = (struct image){.type = IMAGE_JPEG};
    for (size_t at = 2; at + 9 <= s.len && byte_at(s, at) == 0xff;) {
        uint32_t marker = byte_at(s, at + 1), size = u16_big(s, at + 2);

        if (marker == 0xff) { /* fill bytes may stand before any marker */
            at++;
        } else if (is_frame(marker)) {
            ret->height = u16_big(s, at + 5);
            ret->width = u16_big(s, at + 7);
            return true;
        } else if (size < 2) {
            return true;
        } else {
            at += 2 + size;
        }
    }
    return true;
}

/* RFC 9649: lossy, lossless and extended have their sizes at different places. */
static bool read_webp(struct str s, struct image *ret)
{
    struct str kind = str_sub(s, 12, 4);

    if (!str_starts(s, S("RIFF")) || !str_eq(str_sub(s, 8, 4), S("WEBP")))
        return false;
    *ret = (struct image){.type = IMAGE_WEBP};
    if (str_eq(kind, S("VP8 ")) && str_eq(str_sub(s, 23, 3), S("\x9d\x01\x2a"))) {
        ret->width = u16_little(s, 26) & 0x3fff;
        ret->height = u16_little(s, 28) & 0x3fff;
    } else if (str_eq(kind, S("VP8L")) && byte_at(s, 20) == 0x2f && s.len >= 25) {
        uint32_t bits = u24_little(s, 21) | byte_at(s, 24) << 24;

        ret->width = (bits & 0x3fff) + 1;
        ret->height = (bits >> 14 & 0x3fff) + 1;
    } else if (str_eq(kind, S("VP8X")) && s.len >= 30) {
        ret->width = u24_little(s, 24) + 1;
        ret->height = u24_little(s, 27) + 1;
    }
    return true;
}

enum err_code image_parse(struct str bytes, struct image *ret, struct err *err)
{
    struct image got;

    if (!read_png(bytes, &got) && !read_jpeg(bytes, &got) && !read_gif(bytes, &got) &&
        !read_webp(bytes, &got))
        return fail(err, ERR_INVALID, "not a PNG, JPEG, GIF or WebP image");
    if (!got.width || !got.height)
        return fail(err, ERR_INVALID, "the %s image does not tell its size", image_mime(got.type));
    if ((uint64_t)got.width * got.height > LIMIT_IMAGE_PIXELS)
        return fail(err, ERR_TOO_BIG,
                    "an image of %" PRIu32 " x %" PRIu32 " pixels is over the limit of %d million",
                    got.width, got.height, (int)(LIMIT_IMAGE_PIXELS / 1000000));
    got.bytes = bytes;
    *ret = got;
    return OK;
}

enum err_code image_parse_base64(struct arena *mem, struct str text, struct image *ret,
                                 struct err *err)
{
    char *packed = arena_alloc(mem, text.len ? text.len : 1, 1);
    struct str bytes;
    size_t n = 0;

    if (!packed)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < text.len; i++)
        if (!str_has(S(" \t\r\n"), text.ptr[i]))
            packed[n++] = text.ptr[i];
    bytes = text_unbase64(mem, (struct str){packed, n});
    if (!bytes.ptr)
        return fail(err, ERR_INVALID, "not an image in base64");
    return image_parse(bytes, ret, err);
}

const char *image_mime(enum image_type type)
{
    static const char *const names[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};

    return names[type];
}
