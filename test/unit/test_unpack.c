#include "unit.h"

#include <zstd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rand.h"
#include "format/unpack.h"
#include "make_archive.h"

/* Gives bytes in pieces of a fixed size; fails at its end if told to. */
struct pieces {
    struct str rest;
    size_t size;
    bool broken;
};

static enum err_code next_piece(void *ctx, struct str *ret_piece, struct err *err)
{
    struct pieces *p = ctx;

    *ret_piece = str_sub(p->rest, 0, p->size);
    p->rest = str_from(p->rest, p->size);
    return p->broken && !ret_piece->len ? fail(err, ERR_IO, "the disk is gone") : OK;
}

static enum err_code drain(struct unpack *u, struct buf *out, struct err *err)
{
    struct str piece = {0};
    enum err_code rc;

    do {
        rc = unpack_next(u, &piece, err);
        if (!rc)
            buf_add(out, piece);
    } while (!rc && piece.len);
    return rc;
}

static enum err_code unpack_pieces(enum unpack_format format, struct pieces pieces, struct buf *out,
                                   struct err *err)
{
    AUTO(unpack_closep) struct unpack *u = NULL;
    struct unpack_source from = {&pieces, next_piece};
    enum err_code rc = unpack_open(format, &from, out->max, &u, err);

    return rc ? rc : drain(u, out, err);
}

struct fixture {
    struct arena *a;
    struct str plain;                  /* larger than any buffer between */
    struct str packed[UNPACK_FORMATS]; /* by enum unpack_format */
};

static int enter(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    char *noise;

    f->a = arena_open(256 * MIB);
    noise = arena_alloc(f->a, 400 * KIB, 1);
    rand_bytes(noise, 400 * KIB); /* does not pack, so that pieces are many */
    f->plain = make_joined(f->a, (struct str){noise, 400 * KIB}, make_run(f->a, 'a', 600 * KIB));
    f->packed[UNPACK_ZSTD] = make_zstd(f->a, f->plain);
    f->packed[UNPACK_BZIP2] = make_bzip2(f->a, f->plain);
    f->packed[UNPACK_GZIP] = make_gzip(f->a, f->plain);
    *state = f;
    return 0;
}

static int leave(void **state)
{
    struct fixture *f = *state;

    arena_close(f->a);
    mem_free(f);
    return 0;
}

static void content_does_not_depend_on_how_the_input_is_cut(void **state)
{
    static const size_t sizes[] = {1, 3, 1000, 131072, SIZE_MAX};
    const struct fixture *f = *state;

    for (int format = 0; format < UNPACK_FORMATS; format++)
        for (size_t i = 0; i < COUNT(sizes); i++) {
            AUTO(buf_done) struct buf out = BUF_INIT(f->plain.len);
            struct pieces in = {f->packed[format], sizes[i], false};

            assert_int_equal(unpack_pieces((enum unpack_format)format, in, &out, NULL), OK);
            assert_true(str_eq(buf_str(&out), f->plain));
        }
}

static void frames_one_after_the_other_are_one_content(void **state)
{
    const struct fixture *f = *state;
    struct str parts[UNPACK_FORMATS] = {
        make_joined(f->a, make_zstd(f->a, S("one ")), make_zstd(f->a, S("two"))),
        make_joined(f->a, make_bzip2(f->a, S("one ")), make_bzip2(f->a, S("two"))),
        make_joined(f->a, make_gzip(f->a, S("one ")), make_gzip(f->a, S("two")))};

    for (int format = 0; format < UNPACK_FORMATS; format++) {
        AUTO(buf_done) struct buf out = BUF_INIT(KIB);
        struct pieces in = {parts[format], 5, false};

        assert_int_equal(unpack_pieces((enum unpack_format)format, in, &out, NULL), OK);
        assert_str(buf_str(&out), "one two");
    }
}

static void skippable_zstd_frames_are_skipped(void **state)
{
    const struct fixture *f = *state;
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);
    struct str skip = S("\x50\x2a\x4d\x18\3\0\0\0xyz");
    struct pieces in = {make_joined(f->a, skip, make_zstd(f->a, S("one"))), SIZE_MAX, false};

    assert_int_equal(unpack_pieces(UNPACK_ZSTD, in, &out, NULL), OK);
    assert_str(buf_str(&out), "one");
}

/* The decoder takes the last block's input before there is room for all of its output. */
static void content_held_back_at_the_end_is_not_lost(void **state)
{
    const struct fixture *f = *state;
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct str first = str_sub(f->plain, 0, 100000), last = str_from(f->plain, 910000);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_outBuffer to = {arena_alloc(f->a, MIB, 1), MIB, 0};
    ZSTD_inBuffer from = {first.ptr, first.len, 0};
    struct pieces in;

    assert_non_null(to.dst);
    assert_int_equal(ZSTD_compressStream2(c, &to, &from, ZSTD_e_flush), 0);
    from = (ZSTD_inBuffer){last.ptr, last.len, 0};
    assert_int_equal(ZSTD_compressStream2(c, &to, &from, ZSTD_e_end), 0);
    (void)ZSTD_freeCCtx(c);
    in = (struct pieces){{to.dst, to.pos}, SIZE_MAX, false};
    assert_int_equal(unpack_pieces(UNPACK_ZSTD, in, &out, NULL), OK);
    assert_true(str_eq(buf_str(&out), make_joined(f->a, first, last)));
}

static void every_cut_is_noticed(void **state)
{
    const struct fixture *f = *state;
    struct str packed[UNPACK_FORMATS] = {make_zstd(f->a, S("some content")),
                                         make_bzip2(f->a, S("some content")),
                                         make_gzip(f->a, S("some content"))};

    for (int format = 0; format < UNPACK_FORMATS; format++)
        for (size_t len = 0; len < packed[format].len; len++) {
            AUTO(buf_done) struct buf out = BUF_INIT(KIB);
            struct pieces in = {str_sub(packed[format], 0, len), SIZE_MAX, false};
            enum err_code rc = unpack_pieces((enum unpack_format)format, in, &out, NULL);

            assert_int_equal(rc, ERR_INVALID);
        }
}

static void bytes_after_the_end_are_refused(void **state)
{
    const struct fixture *f = *state;
    struct str tails[] = {S("x"), S("BZ"), S("\x1f\x8b"), S("trailing junk, longer than a header"),
                          S("\0\0\0\0")};

    for (int format = 0; format < UNPACK_FORMATS; format++)
        for (size_t i = 0; i < COUNT(tails); i++)
            for (size_t size = 1; size < 64; size += 60) {
                AUTO(buf_done) struct buf out = BUF_INIT(MIB);
                struct pieces in = {make_joined(f->a, f->packed[format], tails[i]), size, false};
                enum err_code rc = unpack_pieces((enum unpack_format)format, in, &out, NULL);

                assert_int_equal(rc, ERR_INVALID);
            }
}

static void other_formats_are_not_guessed(void **state)
{
    const struct fixture *f = *state;
    struct str others[] = {S(""), S("plain text"), S("\x78\x9c\x4b\x04\0\0\x62\0\x62"), /* zlib */
                           make_tar(f->a, NULL, 0)};

    for (int format = 0; format < UNPACK_FORMATS; format++) {
        struct pieces swapped = {f->packed[(format + 1) % UNPACK_FORMATS], SIZE_MAX, false};
        AUTO(buf_done) struct buf out = BUF_INIT(MIB);

        assert_int_equal(unpack_pieces((enum unpack_format)format, swapped, &out, NULL),
                         ERR_INVALID);
        for (size_t i = 0; i < COUNT(others); i++) {
            struct pieces in = {others[i], SIZE_MAX, false};

            assert_int_equal(unpack_pieces((enum unpack_format)format, in, &out, NULL),
                             ERR_INVALID);
        }
    }
}

static void zstd_of_before_version_1_is_refused(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);
    struct err err = {0};

    (void)state;
    for (char first = 0x22; first <= 0x27; first++) {
        char bytes[] = {first, '\xb5', '\x2f', '\xfd', 0, 0, 0, 0};
        struct pieces in = {{bytes, sizeof(bytes)}, SIZE_MAX, false};

        assert_int_equal(unpack_pieces(UNPACK_ZSTD, in, &out, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "before version 1.0"));
    }
}

static void content_over_the_maximum_is_refused(void **state)
{
    const struct fixture *f = *state;

    for (int format = 0; format < UNPACK_FORMATS; format++) {
        AUTO(buf_done) struct buf out = BUF_INIT(f->plain.len - 1);
        struct pieces in = {f->packed[format], SIZE_MAX, false};
        struct err err = {0};

        assert_int_equal(unpack_pieces((enum unpack_format)format, in, &out, &err), ERR_TOO_BIG);
        assert_string_equal(err.msg, "unpacks to more than 1023999 bytes");
    }
}

static void ceiling_grows_with_the_file_and_does_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(unpack_ceiling(0), LIMIT_INFO_TOTAL);
    assert_int_equal(unpack_ceiling(1000), LIMIT_INFO_TOTAL + 200000);
    assert_true(unpack_ceiling(UINT64_MAX / 200) == UINT64_MAX);
    assert_true(unpack_ceiling(UINT64_MAX) == UINT64_MAX);
}

static void too_large_a_zstd_window_is_refused_before_it_is_allocated(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);
    struct err err = {0};
    struct pieces in = {S("\x28\xb5\x2f\xfd\x00\x90\1\0\0"), SIZE_MAX, false}; /* 2^28 */

    (void)state;
    assert_int_equal(unpack_pieces(UNPACK_ZSTD, in, &out, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "a zstd frame asks for a window over 2^27 bytes");
    in.rest = S("\x28\xb5\x2f\xfd\x00\x88\1\0\0"); /* 2^27, as real packages ask for */
    assert_int_equal(unpack_pieces(UNPACK_ZSTD, in, &out, &err), OK);
}

static void failures_of_the_source_are_passed_on(void **state)
{
    const struct fixture *f = *state;

    for (int format = 0; format < UNPACK_FORMATS; format++) {
        AUTO(buf_done) struct buf out = BUF_INIT(4 * MIB);
        struct pieces in = {str_sub(f->packed[format], 0, 1000), 10, true};
        struct err err = {0};

        assert_int_equal(unpack_pieces((enum unpack_format)format, in, &out, &err), ERR_IO);
        assert_string_equal(err.msg, "the disk is gone");
    }
}

static void the_end_may_be_asked_for_again(void **state)
{
    const struct fixture *f = *state;

    for (int format = 0; format < UNPACK_FORMATS; format++) {
        AUTO(buf_done) struct buf out = BUF_INIT(4 * MIB);
        AUTO(unpack_closep) struct unpack *u = NULL;
        struct str bytes = f->packed[format], piece = S("?");
        struct unpack_source from = unpack_source_mem(&bytes);

        assert_int_equal(unpack_open((enum unpack_format)format, &from, 4 * MIB, &u, NULL), OK);
        assert_int_equal(drain(u, &out, NULL), OK);
        assert_int_equal(unpack_next(u, &piece, NULL), OK);
        assert_int_equal(piece.len, 0);
    }
}

static void a_damaged_checksum_or_size_of_gzip_is_noticed(void **state)
{
    const struct fixture *f = *state;
    struct str packed = make_gzip(f->a, S("some content"));

    for (size_t back = 1; back <= 8; back++) {
        AUTO(buf_done) struct buf out = BUF_INIT(KIB);
        size_t at = packed.len - back;
        struct str wrong =
            make_patched(f->a, packed, at, 1, (unsigned char)packed.ptr[at] ^ UINT64_C(1));
        struct pieces in = {wrong, SIZE_MAX, false};
        struct err err = {0};

        assert_int_equal(unpack_pieces(UNPACK_GZIP, in, &out, &err), ERR_INVALID);
        assert_string_equal(err.msg, back <= 4 ? "damaged gzip data: incorrect length check"
                                               : "damaged gzip data: incorrect data check");
    }
}

static void a_lack_of_memory_is_told(void **state)
{
    static const long allocations[UNPACK_FORMATS] = {2, 1, 4};
    const struct fixture *f = *state;

    for (int format = 0; format < UNPACK_FORMATS; format++)
        for (long n = 1; n <= allocations[format]; n++) {
            AUTO(buf_done) struct buf out = BUF_INIT(4 * MIB);
            struct pieces in = {f->packed[format], SIZE_MAX, false};
            enum err_code rc;

            mem_fail_at(n);
            rc = unpack_pieces((enum unpack_format)format, in, &out, NULL);
            mem_fail_at(0);
            assert_int_equal(rc, ERR_NOMEM);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_does_not_depend_on_how_the_input_is_cut),
        cmocka_unit_test(frames_one_after_the_other_are_one_content),
        cmocka_unit_test(skippable_zstd_frames_are_skipped),
        cmocka_unit_test(content_held_back_at_the_end_is_not_lost),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(other_formats_are_not_guessed),
        cmocka_unit_test(zstd_of_before_version_1_is_refused),
        cmocka_unit_test(content_over_the_maximum_is_refused),
        cmocka_unit_test(ceiling_grows_with_the_file_and_does_not_overflow),
        cmocka_unit_test(too_large_a_zstd_window_is_refused_before_it_is_allocated),
        cmocka_unit_test(failures_of_the_source_are_passed_on),
        cmocka_unit_test(the_end_may_be_asked_for_again),
        cmocka_unit_test(a_damaged_checksum_or_size_of_gzip_is_noticed),
        cmocka_unit_test(a_lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
