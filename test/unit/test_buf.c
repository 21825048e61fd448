#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"

static void pieces_are_joined(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(1000);

    (void)state;
    assert_str(buf_str(&b), "");
    assert_non_null(buf_str(&b).ptr);
    buf_add(&b, S("a"));
    buf_addc(&b, '-');
    buf_addz(&b, "bc");
    buf_addf(&b, "[%d|%s]", -5, "x");
    buf_add_u64(&b, 0);
    buf_add_u64(&b, UINT64_MAX);
    assert_true(buf_ok(&b));
    assert_str(buf_str(&b), "a-bc[-5|x]018446744073709551615");
}

static void maximum_can_be_filled_exactly(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(10);

    (void)state;
    buf_addf(&b, "%s", "0123456789");
    assert_true(buf_ok(&b));
    assert_str(buf_str(&b), "0123456789");
    buf_add(&b, S(""));
    buf_addf(&b, "%s", "");
    assert_true(buf_ok(&b));
    buf_addc(&b, 'x');
    assert_false(buf_ok(&b));
}

static void failure_is_sticky(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4);
    size_t len = 99;

    (void)state;
    buf_addz(&b, "abc");
    buf_addz(&b, "de"); /* one too many */
    assert_false(buf_ok(&b));
    buf_addc(&b, 'd'); /* would fit */
    buf_addf(&b, "d");
    buf_add_u64(&b, 1);
    assert_null(buf_reserve(&b, 1));
    buf_commit(&b, 1);
    assert_str(buf_str(&b), "abc");
    assert_null(buf_take(&b, &len));
    assert_int_equal(len, 99);
}

static void cleared_buffer_works_again(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4);

    (void)state;
    buf_addz(&b, "abcde");
    assert_false(buf_ok(&b));
    buf_clear(&b);
    assert_true(buf_ok(&b));
    buf_addz(&b, "abcd");
    assert_str(buf_str(&b), "abcd");
}

static void growth_is_geometric(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(1 << 20);

    (void)state;
    mem_fail_at(0);
    for (int i = 0; i < 1 << 20; i++)
        buf_addc(&b, (char)i);
    assert_true(buf_ok(&b));
    assert_in_range(mem_count(), 1, 20);
    assert_int_equal(b.cap, 1 << 20);
    for (int i = 0; i < 1 << 20; i++)
        assert_int_equal(b.ptr[i], (char)i);
    mem_fail_at(0);
}

static void huge_requests_are_refused(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(SIZE_MAX);

    (void)state;
    buf_addc(&b, 'x');
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    assert_false(buf_ok(&b));
    buf_clear(&b);
    assert_null(buf_reserve(&b, SIZE_MAX));
}

static void reserved_room_counts_once_committed(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(100);
    char *room;

    (void)state;
    buf_addz(&b, "ab");
    room = buf_reserve(&b, 50);
    assert_non_null(room);
    memset(room, 'c', 4);
    assert_str(buf_str(&b), "ab");
    buf_commit(&b, 3);
    assert_str(buf_str(&b), "abccc");
}

static void taken_memory_ends_with_nul(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(10);
    size_t len = 0;
    char *text;

    (void)state;
    buf_addz(&b, "0123456789");
    text = buf_take(&b, &len);
    assert_string_equal(text, "0123456789");
    assert_int_equal(len, 10);
    assert_null(b.ptr);
    assert_int_equal(b.len, 0);
    mem_free(text);
    text = buf_take(&b, &len); /* nothing was added: an empty text, not NULL */
    assert_string_equal(text, "");
    assert_int_equal(len, 0);
    mem_free(text);
}

static void out_of_memory_is_a_failure_that_keeps_the_content(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(100000);

    (void)state;
    buf_addz(&b, "abc");
    mem_fail_at(1);
    assert_null(buf_reserve(&b, 50000));
    mem_fail_at(0);
    assert_false(buf_ok(&b));
    assert_str(buf_str(&b), "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_joined),
        cmocka_unit_test(maximum_can_be_filled_exactly),
        cmocka_unit_test(failure_is_sticky),
        cmocka_unit_test(cleared_buffer_works_again),
        cmocka_unit_test(growth_is_geometric),
        cmocka_unit_test(huge_requests_are_refused),
        cmocka_unit_test(reserved_room_counts_once_committed),
        cmocka_unit_test(taken_memory_ends_with_nul),
        cmocka_unit_test(out_of_memory_is_a_failure_that_keeps_the_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
