#include "unit.h"

#include "base/limits.h"
#include "format/pypi_match.h"

/* As packaging 26 has them. */
static void versions_are_held_against_specifiers(void **state)
{
    static const struct {
        const char *specifiers, *yes, *no; /* lists of versions */
    } cases[] = {
        {"", "1 0.9 1!2", "1a1 1.dev0 x"},
        {"==1.2", "1.2 1.2.0 1.2+local", "1.2.1 1.2.post1 1!1.2"},
        {"==1.2+x", "1.2+x 1.2+X", "1.2 1.2+y"},
        {"==1.2.*", "1.2 1.2.3 1.2.post1", "1.20 1.3 1.1"},
        {"!=1.2.*", "1.3 1.20", "1.2.5"},
        {"!=1.2", "1.2.1 1.2.post1", "1.2 1.2.0 1.2+x"},
        {">=1.2", "1.2 1.10 1!0", "1.1"},
        {">1.2", "1.2.1 1.3", "1.2 1.2.post1 1.2+x"},
        {">1.2.post1", "1.2.post2", "1.2.post1 1.2"},
        {"<1.2", "1.1 1.1.post1", "1.2 1.2+x"},
        {"<=1.2", "1.2 1.2+x 0", "1.2.post1"},
        {"~=1.2.3", "1.2.3 1.2.10", "1.3 1.2.2"},
        {"~=1.2", "1.2 1.9", "2.0"},
        {"~=1!1.2", "1!1.9", "1.9 1!2"},
        {"~=1.2.post1", "1.2.post2 1.5", "1.2 2"},
        {"===1.2", "1.2", "1.2.0"},
        {">=1.2,<2,!=1.5", "1.2 1.9", "1.5 2"},
        {">=1.2rc1", "1.2rc1 1.2 1.3a1", "1.2b1"},
        {"<1.2rc1", "1.2b1 1.1", "1.2rc1 1.2"},
        {"<1.99", "1.98", "1.99a1 1.99 1.100"},
        {"==1.99.*", "1.99 1.99.1", "1.100 1.98"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        struct pypi_specifiers s = {0};

        assert_int_equal(pypi_specifiers_parse(mem, str_of(cases[i].specifiers), &s, NULL), OK);
        for (int fits = 0; fits <= 1; fits++) {
            struct str rest = str_of(fits ? cases[i].yes : cases[i].no), version;

            while (rest.len && str_next(&rest, ' ', &version)) {
                if (pypi_match(mem, &s, version) != fits)
                    print_error("%s, " STR_FMT "\n", cases[i].specifiers, STR_ARG(version));
                assert_int_equal(pypi_match(mem, &s, version), fits);
            }
        }
    }
}

static void lack_of_memory_fits_nothing(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB), *tiny = arena_open(16);
    struct pypi_specifiers s = {0};

    (void)state;
    assert_int_equal(pypi_specifiers_parse(mem, S("==1.2.*"), &s, NULL), OK);
    assert_true(pypi_match(mem, &s, S("1.2")));
    assert_false(pypi_match(tiny, &s, S("1.2")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_held_against_specifiers),
        cmocka_unit_test(lack_of_memory_fits_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
