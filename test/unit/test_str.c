#include "unit.h"

#include "base/limits.h"
#include "base/str.h"

static const struct str null_str = {NULL, 0};

static void equality_is_of_bytes_and_length(void **state)
{
    (void)state;
    assert_true(str_eq(S("abc"), S("abc")));
    assert_false(str_eq(S("abc"), S("abd")));
    assert_false(str_eq(S("abc"), S("ab")));
    assert_true(str_eq(S("a\0b"), S("a\0b")));
    assert_false(str_eq(S("a\0b"), S("a\0c")));
    assert_true(str_eq(S(""), null_str));
    assert_str(str_of(NULL), "");
    assert_int_equal(str_of("four").len, 4);
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(S("Content-TYPE"), S("content-type")));
    assert_true(str_eq_nocase(S("AZaz"), S("azAZ")));
    assert_false(str_eq_nocase(S("["), S("{"))); /* they differ by the case bit alone */
    assert_false(str_eq_nocase(S("@"), S("`")));
    assert_false(str_eq_nocase(S("\xc3\x84"), S("\xc3\xa4"))); /* A and a with dots */
    assert_false(str_eq_nocase(S("ab"), S("abc")));
}

static void order_is_by_unsigned_bytes_then_length(void **state)
{
    (void)state;
    assert_true(str_cmp(S("a"), S("b")) < 0);
    assert_true(str_cmp(S("b"), S("a")) > 0);
    assert_true(str_cmp(S("a"), S("ab")) < 0);
    assert_true(str_cmp(S("ab"), S("a")) > 0);
    assert_true(str_cmp(S("\xff"), S("a")) > 0);
    assert_int_equal(str_cmp(S("ab"), S("ab")), 0);
    assert_int_equal(str_cmp(S(""), null_str), 0);
    assert_true(str_cmp(null_str, S("a")) < 0);
}

static void prefix_suffix_and_letter_are_found(void **state)
{
    (void)state;
    assert_true(str_starts(S("repodata.json"), S("repo")));
    assert_true(str_starts(S("repo"), S("")));
    assert_false(str_starts(S("rep"), S("repo")));
    assert_true(str_ends(S("repodata.json"), S(".json")));
    assert_false(str_ends(S("json"), S(".json")));
    assert_false(str_ends(S("repodata.jsonx"), S(".json")));
    assert_true(str_has(S("a/b"), '/'));
    assert_false(str_has(S("ab"), '/'));
    assert_false(str_has(null_str, '/'));
    assert_true(str_has(S("a\0"), '\0'));
}

static void slices_are_clipped(void **state)
{
    (void)state;
    assert_str(str_from(S("abc"), 1), "bc");
    assert_str(str_from(S("abc"), 3), "");
    assert_str(str_from(S("abc"), 4), "");
    assert_str(str_sub(S("abcdef"), 2, 3), "cde");
    assert_str(str_sub(S("abcdef"), 4, 100), "ef");
    assert_str(str_sub(S("abc"), SIZE_MAX, SIZE_MAX), "");
    assert_null(str_from(null_str, 5).ptr);
}

static void trim_takes_blanks_and_tabs_only(void **state)
{
    (void)state;
    assert_str(str_trim(S(" \t a b\t ")), "a b");
    assert_str(str_trim(S(" \t ")), "");
    assert_str(str_trim(S("\n a")), "\n a");
    assert_str(str_trim(null_str), "");
}

static void cut_splits_at_the_first_separator(void **state)
{
    struct str rest = S("a=b=c"), head = S("before");

    (void)state;
    assert_true(str_cut(&rest, '=', &head));
    assert_str(head, "a");
    assert_str(rest, "b=c");
    assert_false(str_cut(&rest, ';', &head));
    assert_str(head, "a");
    assert_str(rest, "b=c");
    rest = S("=");
    assert_true(str_cut(&rest, '=', &head));
    assert_str(head, "");
    assert_str(rest, "");
    rest = null_str;
    assert_false(str_cut(&rest, '=', &head));
}

static void one_variable_may_be_cut_into_itself(void **state)
{
    struct str s = S("numpy-1.0-0");

    (void)state;
    assert_true(str_cut_last(s, '-', &s, &(struct str){NULL, 0}));
    assert_str(s, "numpy-1.0");
}

static void cut_last_splits_at_the_last_separator(void **state)
{
    struct str head = S("h"), tail = S("t");

    (void)state;
    assert_true(str_cut_last(S("a-b-c"), '-', &head, &tail));
    assert_str(head, "a-b");
    assert_str(tail, "c");
    assert_false(str_cut_last(S("abc"), '-', &head, &tail));
    assert_str(head, "a-b");
    assert_str(tail, "c");
    assert_true(str_cut_last(S("a-"), '-', &head, &tail));
    assert_str(head, "a");
    assert_str(tail, "");
    assert_false(str_cut_last(null_str, '-', &head, &tail));
}

static void items_come_in_order_and_empty_ones_count(void **state)
{
    struct str rest = S("a,,b,"), item;

    (void)state;
    assert_true(str_next(&rest, ',', &item));
    assert_str(item, "a");
    assert_true(str_next(&rest, ',', &item));
    assert_str(item, "");
    assert_true(str_next(&rest, ',', &item));
    assert_str(item, "b");
    assert_true(str_next(&rest, ',', &item));
    assert_str(item, "");
    assert_false(str_next(&rest, ',', &item));
    assert_null(rest.ptr);
    rest = S("");
    assert_true(str_next(&rest, ',', &item));
    assert_false(str_next(&rest, ',', &item));
}

static void number_is_read(void **state)
{
    uint64_t v = 7;

    (void)state;
    assert_true(str_u64(S("0"), 0, &v));
    assert_int_equal(v, 0);
    assert_true(str_u64(S("0042"), 42, &v));
    assert_int_equal(v, 42);
    assert_true(str_u64(S("18446744073709551615"), UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
}

static void what_is_no_number_in_range_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "-1",
                                      "0x",
                                      "1a",
                                      "1\n2",
                                      "1.0",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    uint64_t v = 7;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(str_u64(str_of(bad[i]), UINT64_MAX, &v));
    assert_false(str_u64(S("43"), 42, &v));
    assert_false(str_u64(S("1\0"), 42, &v));
    assert_false(str_u64(null_str, 42, &v));
    assert_int_equal(v, 7); /* outputs stay untouched on failure */
}

static void copies_are_independent(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(MIB);
    char text[] = "AbC[";
    struct str copy = str_dup(a, str_of(text));
    struct str lower = str_lower(a, str_of(text));
    char *z = str_z(a, str_sub(str_of(text), 0, 2));

    (void)state;
    memset(text, 'x', 4);
    assert_str(copy, "AbC[");
    assert_str(lower, "abc[");
    assert_string_equal(z, "Ab");
    assert_non_null(str_dup(a, null_str).ptr);
    assert_string_equal(str_z(a, null_str), "");
}

static void formatted_text_has_its_exact_length(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(MIB);
    struct str s = str_fmt(a, "%s/%d", "linux-64", 42);

    (void)state;
    assert_str(s, "linux-64/42");
    assert_int_equal(s.len, 11);
    assert_str(str_fmt(a, "%s", ""), "");
}

static void copies_over_the_cap_are_null(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(3);

    (void)state;
    assert_null(str_dup(a, S("four")).ptr);
    assert_null(str_lower(a, S("four")).ptr);
    assert_null(str_fmt(a, "four").ptr);
    assert_null(str_z(a, S("abc")));
    assert_non_null(str_dup(a, S("abc")).ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_is_of_bytes_and_length),
        cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
        cmocka_unit_test(order_is_by_unsigned_bytes_then_length),
        cmocka_unit_test(prefix_suffix_and_letter_are_found),
        cmocka_unit_test(slices_are_clipped),
        cmocka_unit_test(trim_takes_blanks_and_tabs_only),
        cmocka_unit_test(cut_splits_at_the_first_separator),
        cmocka_unit_test(one_variable_may_be_cut_into_itself),
        cmocka_unit_test(cut_last_splits_at_the_last_separator),
        cmocka_unit_test(items_come_in_order_and_empty_ones_count),
        cmocka_unit_test(number_is_read),
        cmocka_unit_test(what_is_no_number_in_range_is_refused),
        cmocka_unit_test(copies_are_independent),
        cmocka_unit_test(formatted_text_has_its_exact_length),
        cmocka_unit_test(copies_over_the_cap_are_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
