#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "format/gzip.h"
#include "make_archive.h"

static int enter(void **state)
{
    *state = arena_open(64 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static void what_is_packed_unpacks_to_the_same(void **state)
{
    struct arena *a = *state;
    struct str texts[] = {S(""), S("x"), make_run(a, 'a', MIB), make_run(a, 'b', 131072)};
    static const int levels[] = {1, 6, 9};

    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t k = 0; k < COUNT(levels); k++) {
            AUTO(buf_done) struct buf packed = BUF_INIT(MIB), plain = BUF_INIT(MIB);

            assert_int_equal(gzip_pack(texts[i], levels[k], &packed, NULL), OK);
            assert_int_equal(gzip_unpack(buf_str(&packed), &plain, NULL), OK);
            assert_true(str_eq(buf_str(&plain), texts[i]));
        }
}

/* RFC 1952 2.3: no optional field, no time; what is in it depends on nothing but the data. */
static void header_has_neither_name_nor_time(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    (void)state;
    assert_int_equal(gzip_pack(S("text"), 6, &b, NULL), OK);
    assert_true(str_eq(str_sub(buf_str(&b), 0, 10), S("\x1f\x8b\x08\0\0\0\0\0\0\3")));
}

static void equal_data_gives_equal_bytes_in_any_buffer(void **state)
{
    AUTO(buf_done) struct buf fresh = BUF_INIT(MIB), used = BUF_INIT(2 * MIB);
    struct str text = make_joined(*state, make_run(*state, 'a', 300000), S("the end"));

    assert_int_equal(gzip_pack(text, 9, &fresh, NULL), OK);
    buf_add(&used, make_run(*state, 'x', 777));
    assert_int_equal(gzip_pack(text, 9, &used, NULL), OK);
    assert_true(str_eq(str_from(buf_str(&used), 777), buf_str(&fresh)));
}

static void content_may_reach_the_maximum_of_the_buffer_exactly(void **state)
{
    AUTO(buf_done) struct buf packed = BUF_INIT(MIB), exact = BUF_INIT(70000), tight;
    struct str text = make_run(*state, 'a', 70000);

    assert_int_equal(gzip_pack(text, 6, &packed, NULL), OK);
    assert_int_equal(gzip_unpack(buf_str(&packed), &exact, NULL), OK);
    tight = BUF_INIT(packed.len);
    assert_int_equal(gzip_pack(text, 6, &tight, NULL), OK);
}

static void a_failure_leaves_the_buffer_as_it_was(void **state)
{
    AUTO(buf_done) struct buf packed = BUF_INIT(MIB), small = BUF_INIT(1000);
    struct str text = make_run(*state, 'a', 998);
    struct str cut;

    assert_int_equal(gzip_pack(text, 6, &packed, NULL), OK);
    buf_addz(&small, "abc");
    assert_int_equal(gzip_unpack(buf_str(&packed), &small, NULL), ERR_TOO_BIG);
    assert_str(buf_str(&small), "abc");
    small.max = KIB + 3;
    cut = str_sub(buf_str(&packed), 0, packed.len - 1);
    assert_int_equal(gzip_unpack(cut, &small, NULL), ERR_INVALID);
    assert_int_equal(gzip_unpack(S("not gzip"), &small, NULL), ERR_INVALID);
    assert_int_equal(gzip_unpack(S(""), &small, NULL), ERR_INVALID);
    assert_str(buf_str(&small), "abc");
    small.max = 10;
    assert_int_equal(gzip_pack(text, 6, &small, NULL), ERR_TOO_BIG);
    assert_str(buf_str(&small), "abc");
    assert_true(buf_ok(&small));
}

static void several_members_unpack_to_one_content(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);
    struct str two = make_joined(*state, make_gzip(*state, S("one ")), make_gzip(*state, S("two")));

    assert_int_equal(gzip_unpack(two, &out, NULL), OK);
    assert_str(buf_str(&out), "one two");
}

static void every_lack_of_memory_is_told(void **state)
{
    struct str text = make_run(*state, 'a', 100000);

    for (long n = 1;; n++) {
        AUTO(buf_done) struct buf packed = BUF_INIT(MIB), plain = BUF_INIT(MIB);
        enum err_code rc;

        mem_fail_at(n);
        rc = gzip_pack(text, 6, &packed, NULL);
        if (!rc)
            rc = gzip_unpack(buf_str(&packed), &plain, NULL);
        mem_fail_at(0);
        if (!rc) {
            assert_true(n > 3);
            return;
        }
        assert_int_equal(rc, ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_unpacks_to_the_same),
        cmocka_unit_test(header_has_neither_name_nor_time),
        cmocka_unit_test(equal_data_gives_equal_bytes_in_any_buffer),
        cmocka_unit_test(content_may_reach_the_maximum_of_the_buffer_exactly),
        cmocka_unit_test(a_failure_leaves_the_buffer_as_it_was),
        cmocka_unit_test(several_members_unpack_to_one_content),
        cmocka_unit_test(every_lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
