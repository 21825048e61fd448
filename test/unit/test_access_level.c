/* What the levels are called, and which packages a view shows. */
#include "unit.h"

#include "base/common.h"
#include "store/access_level.h"

static void levels_have_the_names_that_they_are_read_by(void **state)
{
    static const char *const names[ACCESS_LEVELS] = {"public", "authenticated", "private"};
    enum access_level got;

    (void)state;
    for (unsigned i = 0; i < ACCESS_LEVELS; i++) {
        assert_str(access_level_name((enum access_level)i), names[i]);
        got = (enum access_level)((i + 1) % ACCESS_LEVELS);
        assert_true(access_level_parse(str_of(names[i]), &got));
        assert_int_equal(got, i);
    }
}

static void other_names_are_no_level(void **state)
{
    static const char *const names[] = {"", "Public", "public ", "publi", "privates", "everybody"};
    enum access_level got = ACCESS_AUTHENTICATED;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_false(access_level_parse(str_of(names[i]), &got));
    assert_int_equal(got, ACCESS_AUTHENTICATED); /* untouched */
}

/* Rows: how wide the view is. Columns: the access of the package. */
static void a_view_shows_what_is_no_wider_than_itself(void **state)
{
    static const bool shown[ACCESS_LEVELS][ACCESS_LEVELS] = {
        [ACCESS_PUBLIC] = {true, false, false},
        [ACCESS_AUTHENTICATED] = {true, true, false},
        [ACCESS_PRIVATE] = {true, true, true},
    };

    (void)state;
    for (unsigned v = 0; v < ACCESS_LEVELS; v++) {
        const struct view view = {.widest = (enum access_level)v};

        for (unsigned a = 0; a < ACCESS_LEVELS; a++)
            assert_int_equal(view_shows(&view, (enum access_level)a, 5), shown[v][a]);
    }
}

static void chosen_packages_are_shown_too(void **state)
{
    static const int64_t also[] = {3, 5, INT64_C(1) << 40};
    const struct view view = {ACCESS_PUBLIC, also, COUNT(also)};
    const struct view fewer = {ACCESS_PUBLIC, also, 2};

    (void)state;
    for (size_t i = 0; i < COUNT(also); i++)
        assert_true(view_shows(&view, ACCESS_PRIVATE, also[i]));
    assert_false(view_shows(&view, ACCESS_PRIVATE, 2));
    assert_false(view_shows(&view, ACCESS_PRIVATE, 4));
    assert_false(view_shows(&view, ACCESS_PRIVATE, also[2] + 1));
    assert_false(view_shows(&fewer, ACCESS_PRIVATE, also[2]));
    assert_true(view_shows(&view, ACCESS_AUTHENTICATED, 5));
    assert_false(view_shows(&view, ACCESS_AUTHENTICATED, 4));
    assert_true(view_shows(&view, ACCESS_PUBLIC, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_have_the_names_that_they_are_read_by),
        cmocka_unit_test(other_names_are_no_level),
        cmocka_unit_test(a_view_shows_what_is_no_wider_than_itself),
        cmocka_unit_test(chosen_packages_are_shown_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
