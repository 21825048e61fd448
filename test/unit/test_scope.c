/* What each named scope contains, and how lists of them are stored. */
#include "unit.h"

#include <stdio.h>

#include "base/limits.h"
#include "core/scope.h"

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

/* clang-format off */
/* Every need that a route has or will have, and who meets it: read a column from top to bottom. */
static const unsigned needs[] = {
    SCOPE_API_READ,      SCOPE_API_WRITE,    SCOPE_API_GROUPS,     SCOPES_LOOK,
    SCOPES_PUBLISH,      SCOPE_CONDA_DOWNLOAD, SCOPE_CONDA_UPLOAD, SCOPE_PYPI_DOWNLOAD,
    SCOPE_PYPI_UPLOAD,   SCOPE_CRAN_DOWNLOAD, SCOPE_CRAN_UPLOAD,   SCOPE_FILES_DOWNLOAD,
    SCOPE_FILES_UPLOAD,
};

static void each_scope_meets_the_needs_it_is_for_and_no_other(void **state)
{
    static const struct {
        const char *scopes;
        const char *met; /* one letter for each of needs: x or - */
    } cases[] = {
        /*             read, write, groups; look, publish; down and up: conda, pypi, cran, files */
        {"all",              "xxx" "xx" "xx" "xx" "xx" "xx"},
        {"api",              "xxx" "xx" "--" "--" "--" "--"},
        {"api:modify-group", "--x" "--" "--" "--" "--" "--"},
        {"api:read",         "x--" "x-" "--" "--" "--" "--"},
        {"api:write",        "-x-" "-x" "--" "--" "--" "--"},
        {"conda",            "---" "--" "x-" "--" "--" "--"},
        {"conda:download",   "---" "--" "x-" "--" "--" "--"},
        {"conda:upload",     "---" "xx" "-x" "--" "--" "--"},
        {"cran",             "---" "--" "--" "--" "x-" "--"},
        {"cran:download",    "---" "--" "--" "--" "x-" "--"},
        {"cran:upload",      "---" "xx" "--" "--" "-x" "--"},
        {"files",            "---" "--" "--" "--" "--" "x-"},
        {"files:download",   "---" "--" "--" "--" "--" "x-"},
        {"files:upload",     "---" "xx" "--" "--" "--" "-x"},
        {"pypi",             "---" "xx" "--" "xx" "--" "--"},
        {"pypi:download",    "---" "--" "--" "x-" "--" "--"},
        {"pypi:upload",      "---" "xx" "--" "-x" "--" "--"},
        {"repos",            "---" "xx" "x-" "xx" "x-" "x-"},
        /* several are all of them together */
        {"api:read conda",   "x--" "x-" "x-" "--" "--" "--"},
        {"api:read api:write", "xx-" "xx" "--" "--" "--" "--"},
        {"all conda",        "xxx" "xx" "xx" "xx" "xx" "xx"},
        /* a name that a later program no longer knows allows nothing */
        {"forgotten",        "---" "--" "--" "--" "--" "--"},
        {"forgotten api:read", "x--" "x-" "--" "--" "--" "--"},
        {"api:",             "---" "--" "--" "--" "--" "--"},
        {"API:READ",         "---" "--" "--" "--" "--" "--"},
        {" ",                "---" "--" "--" "--" "--" "--"},
        /* none named: everything */
        {"",                 "xxx" "xx" "xx" "xx" "xx" "xx"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char met[COUNT(needs) + 1] = "";

        for (size_t n = 0; n < COUNT(needs); n++)
            met[n] = scope_allows(str_of(cases[i].scopes), needs[n]) ? 'x' : '-';
        if (strcmp(met, cases[i].met) != 0)
            print_error("\"%s\"\n", cases[i].scopes);
        assert_string_equal(met, cases[i].met);
        assert_true(scope_allows(str_of(cases[i].scopes), SCOPE_NONE));
    }
    for (size_t i = 0; scope_names[i].name; i++) /* the table above begins with all there are */
        assert_string_equal(scope_names[i].name, cases[i].scopes);
}

/* Each is the prefix of those that it contains, but for what must be named to be given. */
static void broader_scopes_contain_narrower_ones(void **state)
{
    static const char *const contained[][2] = {
        {"all", "api"},
        {"all", "repos"},
        {"all", "conda:upload"},
        {"all", "cran:upload"},
        {"all", "files:upload"},
        {"api", "api:read"},
        {"api", "api:write"},
        {"api", "api:modify-group"},
        {"repos", "conda"},
        {"repos", "pypi"},
        {"repos", "cran"},
        {"repos", "files"},
        {"conda", "conda:download"},
        {"pypi", "pypi:download"},
        {"pypi", "pypi:upload"},
        {"cran", "cran:download"},
        {"files", "files:download"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(contained); i++)
        for (size_t n = 0; n < COUNT(needs); n++)
            if (scope_allows(str_of(contained[i][1]), needs[n]))
                assert_true(scope_allows(str_of(contained[i][0]), needs[n]));
}

static void an_atom_that_no_name_has_is_refused(void **state)
{
    (void)state;
    assert_false(scope_allows(S("all"), 1u << 20));
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
    assert_int_equal(n, 18);
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
        cmocka_unit_test(each_scope_meets_the_needs_it_is_for_and_no_other),
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
