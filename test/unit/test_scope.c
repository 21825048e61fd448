/* What each named scope contains, and how lists of them are stored. */
#include "unit.h"

#include <stdio.h>

#include "base/limits.h"
#include "core/scope.h"

enum { R = SCOPE_API_READ, W = SCOPE_API_WRITE, C = SCOPE_CONDA_DOWNLOAD };

static int setup(void **state)
{
    *state = arena_open(MIB);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    arena_close(*state);
    return 0;
}

static void broader_scopes_contain_narrower_ones(void **state)
{
    static const struct {
        const char *scopes;
        unsigned allowed;
    } cases[] = {
        {"all", R | W | C},
        {"api", R | W},
        {"api:read", R},
        {"api:write", W}, /* writing alone does not let one list what is there */
        {"conda", C},
        {"conda:download", C},
        {"repos", C},
        {"api:read conda", R | C},
        {"api:read api:write", R | W},
        {"all conda", R | W | C},
        {"forgotten", 0}, /* a name that a later program no longer knows allows nothing */
        {"forgotten api:read", R},
        {"api:", 0},
        {"API:READ", 0},
        {" ", 0},
        {"", R | W | C}, /* none named: everything */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (unsigned needed = 0; needed <= (R | W | C); needed++) {
            bool expected = (needed & ~cases[i].allowed) == 0;

            if (scope_allows(str_of(cases[i].scopes), needed) != expected)
                print_error("\"%s\", needed %u\n", cases[i].scopes, needed);
            assert_int_equal(scope_allows(str_of(cases[i].scopes), needed), expected);
        }
}

static void an_atom_that_no_name_has_is_refused(void **state)
{
    (void)state;
    assert_false(scope_allows(S("all"), 1u << 10));
}

static void names_are_sorted_and_each_is_described(void **state)
{
    const char *before = "";
    size_t n = 0;

    (void)state;
    for (const struct scope_name *s = scope_names; s->name; s++, n++) {
        assert_true(strcmp(before, s->name) < 0);
        assert_true(strlen(s->description) > 0);
        assert_true(s->atoms != 0);
        before = s->name;
    }
    assert_int_equal(n, 8);
}

static void a_joined_list_is_sorted_without_repeats(void **state)
{
    const struct str names[] = {S("repos"), S("api:read"), S("conda"), S("api:read")};
    struct str joined;
    struct err err;

    assert_int_equal(scope_join(*state, names, COUNT(names), &joined, &err), OK);
    assert_str(joined, "api:read conda repos");
}

static void an_empty_list_stays_empty(void **state)
{
    struct str joined = S("x");
    struct err err;

    assert_int_equal(scope_join(*state, NULL, 0, &joined, &err), OK);
    assert_str(joined, "");
    assert_non_null(joined.ptr);
}

static void an_unknown_name_is_refused_and_told(void **state)
{
    static const char *const unknown[] = {"admin", "", "api:read conda", "All", "api:"};

    for (size_t i = 0; i < COUNT(unknown); i++) {
        const struct str names[] = {S("api"), str_of(unknown[i])};
        struct str joined = S("untouched"), said;
        struct err err = {0};

        assert_int_equal(scope_join(*state, names, 2, &joined, &err), ERR_UNPROCESSABLE);
        assert_string_equal(err.field, "scopes");
        said = str_fmt(*state, "scope \"%s\" is not known; GET /api/scopes lists all", unknown[i]);
        assert_string_equal(err.msg, said.ptr);
        assert_str(joined, "untouched");
    }
}

static void joining_fails_without_memory(void **state)
{
    struct arena *tiny = arena_open(1);
    const struct str names[] = {S("api")};
    struct str joined = S("untouched");
    struct err err;

    (void)state;
    assert_non_null(tiny);
    assert_int_equal(scope_join(tiny, names, 1, &joined, &err), ERR_NOMEM);
    assert_str(joined, "untouched");
    arena_close(tiny);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broader_scopes_contain_narrower_ones),
        cmocka_unit_test(an_atom_that_no_name_has_is_refused),
        cmocka_unit_test(names_are_sorted_and_each_is_described),
        CASE(a_joined_list_is_sorted_without_repeats),
        CASE(an_empty_list_stays_empty),
        CASE(an_unknown_name_is_refused_and_told),
        CASE(joining_fails_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
