#include "unit.h"

#include "base/limits.h"
#include "format/conda_version.h"

static int open_arena(void **state)
{
    *state = arena_open(16 * MIB);
    return *state ? 0 : -1;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

static const struct conda_version *version(struct arena *mem, const char *text)
{
    const struct conda_version *v = NULL;
    struct err err = {0};

    if (conda_version_parse(mem, str_of(text), &v, &err))
        print_error("%s\n", err.msg);
    assert_non_null(v);
    return v;
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

/* Rising ranks; equal rank: equal versions. conda 26.7 (VersionOrder) and py-rattler 0.28
 * (Version) agree on every pair of this table. */
static const struct {
    int rank;
    const char *text;
} ordered[] = {
    {0, "dev"},
    {1, "a"},
    {1, "0a"},
    {2, "r100"},
    {3, "v1.0"},
    {4, "0"},
    {4, "0.0"},
    {4, "0.0.0"},
    {4, "0+0"},
    {5, "0.4"},
    {5, "0.4.0"},
    {6, "0.4.1.rc"},
    {6, "0.4.1.RC"},
    {7, "0.4.1+local"},
    {8, "0.4.1+0.local"},
    {9, "0.4.1"},
    {9, "0.4.1+0"},
    {10, "0.4.1+1.local"},
    {11, "0.5a1"},
    {12, "0.5b3"},
    {13, "0.5C1"},
    {14, "0.5"},
    {15, "0.9.6"},
    {16, "0.960923"},
    {17, "post"},
    {17, "0post"},
    {18, "1.0devel"},
    {19, "1.0postgres"},
    {20, "1.0__"},
    {21, "1.0.0alpha1"},
    {22, "1.0.0beta1"},
    {23, "1.0.devel"},
    {24, "1.0"},
    {24, "1"},
    {24, "01.00"},
    {25, "1.0.post1.dev1"},
    {26, "1.0.1_"},
    {27, "1.0.1a"},
    {28, "1.0.1b"},
    {29, "1.0.1"},
    {29, "1.0_1"},
    {29, "1.0-1"},
    {30, "1.0.1.1"},
    {31, "1.0.2dev"},
    {32, "1.0.2.post"},
    {33, "1.0.2post"},
    {34, "1.1dev1"},
    {35, "1.1_"},
    {36, "1.1a1"},
    {37, "1.1.0dev1"},
    {37, "1.1.dev1"},
    {38, "1.1.a1"},
    {38, "1.1.0a1"},
    {39, "1.1.0rc1"},
    {39, "1.1.rc1"},
    {40, "1.1"},
    {40, "1.1.0"},
    {40, "1.1.0.0"},
    {41, "1.1.0post1"},
    {41, "1.1.post1"},
    {42, "1.1post1"},
    {43, "1.2g.beta15.rc"},
    {44, "1.2g.beta15.rd"},
    {45, "1.2g.beta15"},
    {46, "1.2g"},
    {47, "1.9"},
    {48, "1.10"},
    {49, "2.2.0rc1"},
    {50, "2.2.0.rc1"},
    {51, "2.2.0"},
    {52, "2.7.18"},
    {53, "3.1.1+dev"},
    {54, "3.1.1+a.b"},
    {54, "3.1.1+a_b"},
    {54, "3.1.1+a-b"},
    {55, "3.1.1+g1234abc"},
    {56, "3.1.1+g1234abd"},
    {57, "3.1.1+post1"},
    {58, "3.1.1+9"},
    {59, "3.1.1+10"},
    {60, "9.0"},
    {61, "10.0"},
    {62, "164.3095"},
    {63, "1996.07.12"},
    {64, "2021.10.8"},
    {65, "20210508.1"},
    {66, "20210508123456"},
    {67, "18446744073709551615"},
    {68, "1!0.4.1"},
    {69, "1!2.15.1_ALPHA"},
    {69, "1!2.15.1.alpha"},
    {70, "1!3.1.1.6"},
    {71, "1!164.3095"},
    {72, "2!0.4.1"},
};

static void versions_are_ordered_as_by_conda_and_rattler(void **state)
{
    for (size_t i = 0; i < COUNT(ordered); i++) {
        for (size_t j = 0; j < COUNT(ordered); j++) {
            const struct conda_version *a = version(*state, ordered[i].text);
            const struct conda_version *b = version(*state, ordered[j].text);
            int expected = sign(ordered[i].rank - ordered[j].rank);

            if (sign(conda_version_cmp(a, b)) != expected)
                print_error("%s and %s\n", ordered[i].text, ordered[j].text);
            assert_int_equal(sign(conda_version_cmp(a, b)), expected);
        }
    }
}

/* rattler puts "1.a_" before "1.a": here conda and CEP 33 are followed. */
static void a_trailing_underscore_belongs_to_the_letters_before_it(void **state)
{
    assert_true(conda_version_cmp(version(*state, "1.a"), version(*state, "1.a_")) < 0);
    assert_true(conda_version_cmp(version(*state, "1.a_"), version(*state, "1.aa")) < 0);
    assert_true(conda_version_cmp(version(*state, "1.0_"), version(*state, "1.0a")) < 0);
}

static void malformed_versions_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "a b",
        " 1",
        "1 ",
        "1..2",
        "1.",
        ".1",
        "_1",
        "-1",
        "1-",
        "a-",
        "1--2",
        "1-2_3",
        "1_2-3",
        "1.0__2",
        "1._2",
        "1._",
        "1.0_.1",
        "1.0-.1",
        "_",
        "__",
        "-",
        ".",
        "..",
        "1+",
        "+1",
        "1+2+3",
        "1+a_",
        "1+a-",
        "1+_",
        "1+_1",
        "1+a..b",
        "1+1.",
        "1.+1",
        "1!2!3",
        "!1",
        "1!",
        "a!1",
        "1!+2",
        "*",
        "1*",
        "1.*",
        "1,2",
        "1@2",
        "~1",
        "1/2",
        "1%2",
        "1\n",
        "1\t",
        "\xc3\xa9",
        "1.0_1-",
        "1-0_",
        "18446744073709551616",
        "1.99999999999999999999999",
        "99999999999999999999!1",
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct conda_version *v = NULL;
        struct err err = {0};

        if (!conda_version_parse(*state, str_of(bad[i]), &v, &err))
            print_error("\"%s\" is accepted\n", bad[i]);
        assert_null(v);
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.msg, "version"));
    }
    assert_int_equal(
        conda_version_parse(*state, S("1\0"), &(const struct conda_version *){NULL}, NULL),
        ERR_INVALID);
}

static void very_long_versions_are_refused(void **state)
{
    char text[257];
    const struct conda_version *v = NULL;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 ? '.' : '1';
    assert_int_equal(conda_version_parse(*state, (struct str){text, 255}, &v, NULL), OK);
    assert_int_equal(conda_version_cmp(v, v), 0);
    assert_int_equal(conda_version_parse(*state, (struct str){text, 257}, &v, NULL), ERR_INVALID);
}

static void the_input_need_not_outlive_the_version(void **state)
{
    char text[] = "1.0RC1";
    const struct conda_version *v = version(*state, text);

    memset(text, 'x', sizeof(text) - 1);
    assert_int_equal(conda_version_cmp(v, version(*state, "1.0rc1")), 0);
}

static void lack_of_memory_is_told(void **state)
{
    struct arena *tiny = arena_open(8);
    const struct conda_version *v = NULL;

    (void)state;
    assert_int_equal(conda_version_parse(tiny, S("1.0"), &v, NULL), ERR_NOMEM);
    assert_null(v);
    arena_close(tiny);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(versions_are_ordered_as_by_conda_and_rattler),
        WITH_ARENA(a_trailing_underscore_belongs_to_the_letters_before_it),
        WITH_ARENA(malformed_versions_are_refused),
        WITH_ARENA(very_long_versions_are_refused),
        WITH_ARENA(the_input_need_not_outlive_the_version),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
