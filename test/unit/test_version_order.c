#include "unit.h"

#include "base/limits.h"
#include "format/version_order.h"

static int enter(void **state)
{
    *state = arena_open(MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static int order(struct arena *mem, const char *a, const char *b)
{
    struct version_order x, y;
    int n;

    assert_int_equal(version_order_of(mem, str_of(a), &x, NULL), OK);
    assert_int_equal(version_order_of(mem, str_of(b), &y, NULL), OK);
    n = version_order_cmp(&x, &y);
    assert_int_equal(version_order_cmp(&y, &x) < 0, n > 0);
    return (n > 0) - (n < 0);
}

static void newer_versions_follow_older_ones_of_every_kind(void **state)
{
    static const char *const rising[][2] = {
        {"1.9", "1.10"}, /* conda */
        {"1.0rc1", "1.0"},
        {"1!0.1", "2!0.1"}, /* epochs */
        {"1.0dev1", "1.0a1"},
        {"1.0", "1.0.post1"}, /* Python */
        {"3.1-152", "3.1-153"},
        {"7.3-5", "7.3-53.1"},                  /* R */
        {"2026.11.24.0025", "2026.11.24.0026"}, /* notebooks */
        {"1.0-alpha", "1.0"},
        {"nightly!", "0.1"}, /* what conda cannot read is oldest */
        {"a!b!c", "a!b!d"},
    };

    for (size_t i = 0; i < COUNT(rising); i++) {
        if (order(*state, rising[i][0], rising[i][1]) >= 0)
            print_error("%s %s\n", rising[i][0], rising[i][1]);
        assert_int_equal(order(*state, rising[i][0], rising[i][1]), -1);
    }
}

static void different_texts_may_be_equally_new(void **state)
{
    assert_int_equal(order(*state, "1.0", "1.0.0"), 0);
    assert_int_equal(order(*state, "1.0-2", "1.0.2"), 0);
    assert_int_equal(order(*state, "1.0RC1", "1.0rc1"), 0);
}

static void want_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *small = arena_open(64);
    struct version_order x;

    (void)state;
    assert_int_equal(version_order_of(small, S("1.2.3.4.5.6.7.8.9.10.11.12"), &x, NULL), ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newer_versions_follow_older_ones_of_every_kind),
        cmocka_unit_test(different_texts_may_be_equally_new),
        cmocka_unit_test(want_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
