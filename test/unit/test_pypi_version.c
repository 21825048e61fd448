#include "unit.h"

#include "base/limits.h"
#include "format/pypi_version.h"

static int enter(void **state)
{
    *state = arena_open(4 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static const struct pypi_version *version(struct arena *a, const char *text)
{
    const struct pypi_version *v = NULL;
    struct err err = {0};

    if (pypi_version_parse(a, str_of(text), &v, &err))
        print_error("%s\n", err.msg);
    assert_non_null(v);
    return v;
}

/* The examples of PEP 440, and what packaging 26.3 makes of them. */
static void versions_have_one_normal_spelling(void **state)
{
    static const struct {
        const char *text, *normal;
    } cases[] = {
        {"1.0", "1.0"},
        {"v1.0", "1.0"},
        {"1.00.007", "1.0.7"},
        {"0!1.0", "1.0"},
        {"02!1.0", "2!1.0"},
        {"1.0-alpha.1", "1.0a1"},
        {"1.0ALPHA", "1.0a0"},
        {"1.0.b2", "1.0b2"},
        {"1.0_beta-2", "1.0b2"},
        {"1.0c3", "1.0rc3"},
        {"1.0-pre3", "1.0rc3"},
        {"1.0preview3", "1.0rc3"},
        {"1.0-1", "1.0.post1"},
        {"1.0.rev4", "1.0.post4"},
        {"1.0r4", "1.0.post4"},
        {"1.0post", "1.0.post0"},
        {"1.0dev", "1.0.dev0"},
        {"1.0-dev_5", "1.0.dev5"},
        {"1a1.post2.dev3", "1a1.post2.dev3"},
        {"1a-2", "1a2"},
        {"1a--2", "1a0.post2"},
        {"1a.dev1", "1a0.dev1"},
        {"1.0+Ubuntu-1", "1.0+ubuntu.1"},
        {"1.0+007.a_b", "1.0+7.a.b"},
        {"20260501123456789012345678901234567890", "20260501123456789012345678901234567890"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buf_done) struct buf out = BUF_INIT(KIB);

        pypi_version_add(&out, version(*state, cases[i].text));
        assert_str(buf_str(&out), cases[i].normal);
    }
}

static void what_is_no_version_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "v",
                                      "a",
                                      "1.",
                                      ".1",
                                      "1..0",
                                      "1.0x",
                                      "2010i",
                                      "1.0-",
                                      "1.0+",
                                      "1.0+-a",
                                      "1.0+a-",
                                      "!1",
                                      "1!",
                                      "1!2!3",
                                      "1.0 a1",
                                      " 1.0",
                                      "1.0\n",
                                      "1.0*",
                                      "1.0.*",
                                      "1.0ab",
                                      "1.0+a..b",
                                      "1.0+\xc3\xa4",
                                      "1.0rca",
                                      "1.0.dev1.post2",
                                      "--1"};

    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct pypi_version *v = NULL;
        struct err err = {0};

        if (!pypi_version_parse(*state, str_of(bad[i]), &v, &err))
            print_error("\"%s\" was read\n", bad[i]);
        assert_null(v);
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.msg, "PEP 440"));
    }
}

static void long_versions_are_refused(void **state)
{
    char text[LIMIT_PYPI_VERSION + 1];
    const struct pypi_version *v;
    struct err err;

    memset(text, '1', sizeof(text));
    assert_int_equal(pypi_version_parse(*state, (struct str){text, LIMIT_PYPI_VERSION}, &v, NULL),
                     OK);
    assert_int_equal(pypi_version_parse(*state, (struct str){text, sizeof(text)}, &v, &err),
                     ERR_INVALID);
    assert_non_null(strstr(err.msg, "is longer than 128 bytes"));
}

/* Rising ranks; equal rank: one version. In the order of packaging 26.3. */
static const struct {
    int rank;
    const char *text;
} ordered[] = {
    {0, "0.9"},
    {1, "1.0.dev1"},
    {2, "1.0.dev2"},
    {2, "1.0dev02"},
    {3, "1.0a1.dev3"},
    {4, "1.0a1"},
    {5, "1.0a1.post1.dev1"},
    {6, "1.0a1.post1"},
    {7, "1.0a2"},
    {8, "1.0a10"},
    {9, "1.0b1"},
    {10, "1.0rc1"},
    {10, "1.0c1"},
    {11, "1.0"},
    {11, "1"},
    {11, "1.0.0"},
    {11, "v1.00"},
    {12, "1.0+a"},
    {13, "1.0+a.b"},
    {14, "1.0+a.1"},
    {15, "1.0+ab"},
    {16, "1.0+1"},
    {16, "1.0+01"},
    {17, "1.0+1.a"},
    {18, "1.0+10"},
    {19, "1.0.post1.dev2"},
    {20, "1.0.post1"},
    {20, "1.0-1"},
    {21, "1.0.1.dev1"},
    {22, "1.0.1"},
    {23, "1.9"},
    {24, "1.10"},
    {25, "99999999999999999999"},
    {26, "100000000000000000000"},
    {27, "1!0.1"},
    {28, "2!0.1"},
};

static void every_pair_stands_in_order(void **state)
{
    for (size_t i = 0; i < COUNT(ordered); i++)
        for (size_t j = 0; j < COUNT(ordered); j++) {
            int order = pypi_version_cmp(version(*state, ordered[i].text),
                                         version(*state, ordered[j].text));
            int expected = ordered[i].rank - ordered[j].rank;

            if ((order > 0) != (expected > 0) || (order < 0) != (expected < 0))
                print_error("%s and %s: %d\n", ordered[i].text, ordered[j].text, order);
            assert_int_equal((order > 0) - (order < 0), (expected > 0) - (expected < 0));
        }
}

static void final_versions_are_told_from_those_before(void **state)
{
    assert_true(pypi_version_is_final(version(*state, "1.0")));
    assert_true(pypi_version_is_final(version(*state, "1.0.post1+local")));
    assert_false(pypi_version_is_final(version(*state, "1.0rc1")));
    assert_false(pypi_version_is_final(version(*state, "1.0.post1.dev1")));
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *small = arena_open(64);
    const struct pypi_version *v;

    (void)state;
    assert_int_equal(pypi_version_parse(small, S("1.0"), &v, NULL), ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_have_one_normal_spelling),
        cmocka_unit_test(what_is_no_version_is_refused),
        cmocka_unit_test(long_versions_are_refused),
        cmocka_unit_test(every_pair_stands_in_order),
        cmocka_unit_test(final_versions_are_told_from_those_before),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("pypi_version", tests, enter, leave);
}
