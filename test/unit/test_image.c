#include "unit.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/image.h"

#define PNG_HEAD   "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define SEGMENT    "\xff\xe0\0\x06JFIF"                /* APP0 of 6 bytes */
#define FRAME(tag) "\xff" tag "\0\x11\x08\0\x05\0\x07" /* 7 x 5 */

static void sizes_are_read_from_the_bytes(void **state)
{
    const struct {
        struct str bytes;
        enum image_type type;
        uint32_t width, height;
        const char *mime;
    } cases[] = {
        {S(PNG_HEAD "\0\0\x01\x02\0\0\0\x03"), IMAGE_PNG, 258, 3, "image/png"},
        {S("GIF89a\x02\x01\x03\0"), IMAGE_GIF, 258, 3, "image/gif"},
        {S("GIF87a\x01\0\x01\0"), IMAGE_GIF, 1, 1, "image/gif"},
        {S("\xff\xd8" FRAME("\xc0")), IMAGE_JPEG, 7, 5, "image/jpeg"},
        {S("\xff\xd8" SEGMENT FRAME("\xc2")), IMAGE_JPEG, 7, 5, "image/jpeg"},
        {S("\xff\xd8" SEGMENT "\xff\xff\xff" FRAME("\xc1")), IMAGE_JPEG, 7, 5, "image/jpeg"},
        {S("\xff\xd8\xff\xc4\0\x02" FRAME("\xcf")), IMAGE_JPEG, 7, 5, "image/jpeg"},
        {S("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x07\0\x05\x40"), IMAGE_WEBP, 7, 5,
         "image/webp"},
        {S("RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x06\x00\x01\0"), IMAGE_WEBP, 7, 5, "image/webp"},
        {S("RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x06\0\0\x04\0\0"), IMAGE_WEBP, 7, 5, "image/webp"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct image got = {0};

        assert_int_equal(image_parse(cases[i].bytes, &got, NULL), OK);
        assert_int_equal(got.type, cases[i].type);
        assert_int_equal(got.width, cases[i].width);
        assert_int_equal(got.height, cases[i].height);
        assert_ptr_equal(got.bytes.ptr, cases[i].bytes.ptr);
        assert_int_equal(got.bytes.len, cases[i].bytes.len);
        assert_string_equal(image_mime(got.type), cases[i].mime);
    }
}

static void other_bytes_are_no_image(void **state)
{
    const struct str bad[] = {
        S(""),
        S("<svg xmlns='http://www.w3.org/2000/svg'/>"),
        S("<script>"),
        S("\x89PNG\r\n\x1a\n"),
        S("\x89PNG\r\n\x1a\n\0\0\0\x0dJUNK"),
        S("GIF88a\x01\0\x01\0"),
        S("RIFF\0\0\0\0WAVEfmt "),
        S("BM\0\0"),
        S("\0\0\x01\0"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct image got = {.width = 9};
        struct err err = {0};

        assert_int_equal(image_parse(bad[i], &got, &err), ERR_INVALID);
        assert_string_equal(err.msg, "not a PNG, JPEG, GIF or WebP image");
        assert_int_equal(got.width, 9);
    }
}

static void image_without_a_size_is_refused(void **state)
{
    const struct str bad[] = {
        S(PNG_HEAD "\0\0\0\0\0\0\0\x03"),
        S(PNG_HEAD "\0\0\0\x01"),
        S("GIF89a\x01\0"),
        S("\xff\xd8\xff"),
        S("\xff\xd8\xff\xe0\0\x01"),            /* a segment shorter than its length */
        S("\xff\xd8" SEGMENT "\xff\xda\0\x02"), /* a scan before any frame */
        S("\xff\xd8\xff\xe0\xff\xff"),
        S("RIFF\0\0\0\0WEBPVP8 "),
        S("RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f"),
        S("RIFF\0\0\0\0WEBPVP8X\0\0\0\0"),
        S("RIFF\0\0\0\0WEBPXXXX"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct image got;
        struct err err = {0};

        assert_int_equal(image_parse(bad[i], &got, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "does not tell its size"));
    }
}

static void image_of_too_many_pixels_is_refused(void **state)
{
    struct image got;
    struct err err = {0};

    (void)state;
    /* 8,000 x 8,000 is the limit, and one row more is over it */
    assert_int_equal(image_parse(S(PNG_HEAD "\0\0\x1f\x40\0\0\x1f\x40"), &got, &err), OK);
    assert_int_equal(image_parse(S(PNG_HEAD "\0\0\x1f\x40\0\0\x1f\x41"), &got, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "an image of 8000 x 8001 pixels is over the limit of 64 million");
    assert_int_equal(image_parse(S(PNG_HEAD "\xff\xff\xff\xff\xff\xff\xff\xff"), &got, &err),
                     ERR_TOO_BIG);
}

static void base64_may_be_broken_into_lines(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct image got = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(image_parse_base64(mem, S("R0lG\nODlh \r\nAQAB\tAA==\n"), &got, &err), OK);
    assert_int_equal(got.type, IMAGE_GIF);
    assert_true(str_eq(got.bytes, S("GIF89a\x01\0\x01\0")));
    assert_int_equal(image_parse_base64(mem, S("\"><script>"), &got, &err), ERR_INVALID);
    assert_string_equal(err.msg, "not an image in base64");
    assert_int_equal(image_parse_base64(mem, S(""), &got, &err), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_from_the_bytes),
        cmocka_unit_test(other_bytes_are_no_image),
        cmocka_unit_test(image_without_a_size_is_refused),
        cmocka_unit_test(image_of_too_many_pixels_is_refused),
        cmocka_unit_test(base64_may_be_broken_into_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
