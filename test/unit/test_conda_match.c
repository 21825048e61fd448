#include "unit.h"

#include "base/limits.h"
#include "format/conda_match.h"

/* As conda's VersionSpec has them; all but the last four as py-rattler 0.28 too. */
static void versions_are_compared(void **state)
{
    static const struct {
        const char *spec, *yes, *no; /* lists of versions */
    } cases[] = {
        {"x", "1 2.0 0a1", ""},
        {"x *", "1 1!2", ""},
        {"x 1.2", "1.2 1.2.0 1.2.0.0", "1.2.1 1.2a1 1!1.2"},
        {"x ==1.2", "1.2 1.2.0", "1.2.1 1.2+x"},
        {"x=1.2", "1.2 1.2.3 1.2.0a1", "1.20 1.3 1.1"},
        {"x =1.2", "1.2 1.2.3", "1.20"},
        {"x=1.2=h1", "1.2 1.2.0", "1.2.3"},
        {"x=1.2.*=h1", "1.2 1.2.3", "1.3"},
        {"x 1.2.*", "1.2 1.2.3", "1.20 1.3"},
        {"x 1.2*", "1.2 1.2.3", "1.20 1.3"},
        {"x 1.2.*.*", "1.2 1.2.3", "1.3"},
        {"x !=1.2.*", "1.3 1.20", "1.2 1.2.3"},
        {"x !=1.2", "1.2.1 1.3", "1.2 1.2.0"},
        {"x >=1.2", "1.2 1.10 1!0", "1.1 1.2a1 1.2.dev0"},
        {"x >=1.2.*", "1.2 1.10", "1.1"},
        {"x <1.2", "1.1 1.2a1 1.2.dev0", "1.2 1.10"},
        {"x >1.2", "1.2.1 1.2.post1", "1.2 1.2.0"},
        {"x <=1.2", "1.2 1.2a1", "1.2.post1"},
        {"x ~=1.2.3", "1.2.3 1.2.10", "1.3 1.2.2 1.2"},
        {"x ~=1.2", "1.2 1.9", "2.0 1.1"},
        {"x >=1.2,<2", "1.2 1.10", "2 1.1"},
        {"x 1.1|>=2", "1.1 2 3", "1.2"},
        {"x <1|>=2,<3", "0.9 2.5", "1 3"},
        {"x[version='(>=1,<2)|3']", "1 1.5 3", "2 4"},
        {"x[version='(1|2),(2|3)']", "2", "1 3"},
        {"x 1.0.1_", "1.0.1_", "1.0.1"},
        {"x =1.2a", "1.2a1 1.2alpha", "1.2 1.2b1"},
        {"x =1.2+a.1", "1.2+a.1 1.2+a.1.5", "1.2 1.2+a.2"},
        {"x =1!1.2", "1!1.2.3", "1.2.3"},
        {"x =1.2.0", "1.2 1.2.0.5", "1.2.1 1.2a1"},
        {"x >1.2.*", "1.2.1 1.3", "1.2"},
        {"x ==1.2.*", "1.2", "1.2.1"},
        {"x <1.2.*", "1.1", "1.2"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        struct conda_spec spec = {0};

        assert_int_equal(conda_spec_parse(mem, str_of(cases[i].spec), &spec, NULL), OK);
        for (int fits = 0; fits <= 1; fits++) {
            struct str rest = str_of(fits ? cases[i].yes : cases[i].no), version;

            while (rest.len && str_next(&rest, ' ', &version)) {
                const struct conda_version *v = NULL;

                assert_int_equal(conda_version_parse(mem, version, &v, NULL), OK);
                if (conda_match_version(mem, &spec, v) != fits)
                    print_error("%s, " STR_FMT "\n", cases[i].spec, STR_ARG(version));
                assert_int_equal(conda_match_version(mem, &spec, v), fits);
            }
        }
    }
}

static void builds_are_compared(void **state)
{
    static const struct {
        const char *glob, *build;
        bool fits;
    } cases[] = {
        {"", "py38_0", true},
        {"*", "", true},
        {"py38_0", "py38_0", true},
        {"py38_0", "py38_1", false},
        {"py*", "py38_0", true},
        {"py*", "p", false},
        {"*_cpython", "0_cpython", true},
        {"*_cpython", "0_cpython2", false},
        {"*_*_*", "a_b_c", true},
        {"*_*_*", "a_b", false},
        {"a*b*c", "axxbyybzzc", true},
        {"a*b*c", "axxbyybzz", false},
        {"cuda*", "cpu", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct conda_spec spec = {.build = str_of(cases[i].glob)};

        assert_int_equal(conda_match_build(&spec, str_of(cases[i].build)), cases[i].fits);
    }
}

static void what_cannot_be_read_fits_nothing(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB), *tiny = arena_open(16);
    const char *const odd[] = {"(1", "1)", ">=", ">=a b", "((((((((((((((((((1", "1,"};
    const struct conda_version *v = NULL;
    struct conda_spec spec = {.version = S(">=1")};

    (void)state;
    assert_int_equal(conda_version_parse(mem, S("2"), &v, NULL), OK);
    assert_true(conda_match_version(mem, &spec, v));
    assert_false(conda_match_version(tiny, &spec, v));
    for (size_t i = 0; i < 2; i++) {
        spec.version = str_of(odd[i]);
        assert_false(conda_match_version(mem, &spec, v));
    }
    spec.version = str_of(odd[3]);
    assert_false(conda_match_version(mem, &spec, v));
    spec.version = str_of(odd[4]);
    assert_false(conda_match_version(mem, &spec, v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_compared),
        cmocka_unit_test(builds_are_compared),
        cmocka_unit_test(what_cannot_be_read_fits_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
