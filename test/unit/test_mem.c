#include "unit.h"

#include "base/mem.h"

static void memory_is_zeroed(void **state)
{
    unsigned char *p = mem_get(1000);

    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(p[i], 0);
    mem_free(p);
}

static void zero_bytes_are_not_out_of_memory(void **state)
{
    void *p = mem_get(0);

    (void)state;
    assert_non_null(p);
    p = mem_resize(p, 0);
    assert_non_null(p);
    mem_free(p);
}

static void an_impossible_size_is_refused(void **state)
{
    (void)state;
    assert_null(mem_get(SIZE_MAX));
    assert_null(mem_dup("x", SIZE_MAX));
}

static void resize_keeps_the_content(void **state)
{
    char *p = mem_dup("abc", 3);

    (void)state;
    p = mem_resize(p, 100000);
    assert_non_null(p);
    assert_memory_equal(p, "abc", 4);
    mem_free(p);
}

static void copy_ends_with_nul(void **state)
{
    char *p = mem_dup("abcdef", 3);

    (void)state;
    assert_string_equal(p, "abc");
    mem_free(p);
    p = mem_dup(NULL, 0);
    assert_string_equal(p, "");
    mem_free(p);
}

static void exactly_the_nth_allocation_fails(void **state)
{
    void *first, *second, *third;

    (void)state;
    mem_fail_at(2);
    first = mem_get(1);
    second = mem_get(1);
    third = mem_get(1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_int_equal(mem_count(), 3);
    mem_free(first);
    mem_free(third);
    mem_fail_at(0);
}

static void failed_resize_leaves_the_old_memory(void **state)
{
    char *p = mem_dup("abc", 3);

    (void)state;
    mem_fail_at(1);
    assert_null(mem_resize(p, 10));
    mem_fail_at(0);
    assert_string_equal(p, "abc");
    mem_free(p);
}

static void count_begins_anew(void **state)
{
    (void)state;
    mem_fail_at(0);
    assert_int_equal(mem_count(), 0);
    mem_free(mem_get(1));
    mem_free(mem_dup("x", 1));
    mem_free(mem_resize(NULL, 5));
    assert_int_equal(mem_count(), 3);
    mem_fail_at(0);
    assert_int_equal(mem_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed),
        cmocka_unit_test(zero_bytes_are_not_out_of_memory),
        cmocka_unit_test(an_impossible_size_is_refused),
        cmocka_unit_test(resize_keeps_the_content),
        cmocka_unit_test(copy_ends_with_nul),
        cmocka_unit_test(exactly_the_nth_allocation_fails),
        cmocka_unit_test(failed_resize_leaves_the_old_memory),
        cmocka_unit_test(count_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
