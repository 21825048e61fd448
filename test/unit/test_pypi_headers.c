#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "format/pypi_headers.h"

static int enter(void **state)
{
    *state = arena_open(16 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static struct pypi_headers parsed(struct arena *a, struct str text)
{
    struct pypi_headers h = {0};

    assert_int_equal(pypi_headers_parse(a, text, &h, NULL), OK);
    return h;
}

static struct str value_of(const struct pypi_headers *h, const char *name)
{
    struct str value = {0};

    assert_int_equal(pypi_headers_find(h, str_of(name), &value), 1);
    return value;
}

static void headers_and_body_are_told_apart(void **state)
{
    struct pypi_headers h = parsed(*state, S("Name: a\nVersion:1.0\n\nWords.\n\nMore: no\n"));

    assert_int_equal(h.count, 2);
    assert_str(h.items[0].name, "Name");
    assert_str(value_of(&h, "name"), "a");
    assert_str(value_of(&h, "VERSION"), "1.0");
    assert_str(h.body, "Words.\n\nMore: no\n");
}

static void lines_end_in_any_way(void **state)
{
    struct pypi_headers h = parsed(*state, S("A: 1\r\nB: 2\rC: 3\n\r\nbody\r\n"));

    assert_int_equal(h.count, 3);
    assert_str(value_of(&h, "B"), "2");
    assert_str(h.body, "body\n");
}

static void folded_lines_belong_to_the_header_before(void **state)
{
    struct pypi_headers h = parsed(*state, S(" lost\nA: 1\n  2\n\t3\n \nB:\n x\n"));

    assert_int_equal(h.count, 2);
    assert_str(value_of(&h, "A"), "1\n  2\n\t3\n ");
    assert_str(value_of(&h, "B"), "\n x");
    assert_str(h.body, "");
}

static void first_line_that_is_no_header_begins_the_body(void **state)
{
    assert_str(parsed(*state, S("A: 1\nno header\nB: 2\n")).body, "no header\nB: 2\n");
    assert_int_equal(parsed(*state, S("A: 1\nb c: 2\n")).count, 1);
    assert_int_equal(parsed(*state, S("\xc3\xa4: 1\n")).count, 0);
    assert_int_equal(parsed(*state, S("")).count, 0);
    assert_int_equal(parsed(*state, S("A:")).count, 1);
}

static void header_without_a_name_is_left_out(void **state)
{
    struct pypi_headers h = parsed(*state, S(": 1\n 2\nA: 1\n"));

    assert_int_equal(h.count, 1);
    assert_str(value_of(&h, "A"), "1");
}

static void of_several_the_first_is_found_and_all_are_counted(void **state)
{
    struct pypi_headers h = parsed(*state, S("A: 1\na: 2\n"));
    struct str value = S("none");

    assert_int_equal(pypi_headers_find(&h, S("A"), &value), 2);
    assert_str(value, "1");
    assert_int_equal(pypi_headers_find(&h, S("B"), &value), 0);
    assert_str(value, "1"); /* untouched */
}

static void what_is_not_utf8_is_latin1(void **state)
{
    struct pypi_headers h = parsed(*state, S("A: \xe4\n\n\xff\n"));

    assert_str(value_of(&h, "A"), "\xc3\xa4");
    assert_str(h.body, "\xc3\xbf\n");
    h = parsed(*state, S("A: \xc3\xa4\n"));
    assert_str(value_of(&h, "A"), "\xc3\xa4");
}

static void more_headers_than_allowed_are_refused(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(MIB);
    struct pypi_headers h;
    struct err err;

    for (size_t i = 0; i < LIMIT_PYPI_HEADERS; i++)
        buf_addz(&text, "A: 1\n");
    assert_int_equal(pypi_headers_parse(*state, buf_str(&text), &h, NULL), OK);
    assert_int_equal(h.count, LIMIT_PYPI_HEADERS);
    buf_addz(&text, "A: 1\n");
    assert_int_equal(pypi_headers_parse(*state, buf_str(&text), &h, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "more than 10000 header lines");
}

static void values_become_one_line(void **state)
{
    assert_str(pypi_header_line(*state, S("a")), "a");
    assert_str(pypi_header_line(*state, S(" a  \n   b\n\t\n c \n")), "a b c");
    assert_str(pypi_header_line(*state, S("a\x1b[0m\x7f\tb")), "a [0m  b");
    assert_str(pypi_header_line(*state, S("")), "");
}

static void values_become_lines_without_what_folding_added(void **state)
{
    assert_str(pypi_header_lines(*state, S("a\n        b\n          c\n        \n        d")),
               "a\nb\n  c\n\nd");
    assert_str(pypi_header_lines(*state, S("a\n       |b\n       |  c")), "a\nb\n  c");
    assert_str(pypi_header_lines(*state, S("a\n  b\x00\x1b")), "a\nb");
    assert_str(pypi_body_lines(*state, S("a\n        b\tc\x01\n")), "a\n        b\tc");
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *small = arena_open(8);
    struct pypi_headers h;

    (void)state;
    assert_int_equal(pypi_headers_parse(small, S("A: 1\nB: 2\n"), &h, NULL), ERR_NOMEM);
    assert_null(pypi_header_line(small, S("a value of some length")).ptr);
    assert_null(pypi_header_lines(small, S("a value of some length")).ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_and_body_are_told_apart),
        cmocka_unit_test(lines_end_in_any_way),
        cmocka_unit_test(folded_lines_belong_to_the_header_before),
        cmocka_unit_test(first_line_that_is_no_header_begins_the_body),
        cmocka_unit_test(header_without_a_name_is_left_out),
        cmocka_unit_test(of_several_the_first_is_found_and_all_are_counted),
        cmocka_unit_test(what_is_not_utf8_is_latin1),
        cmocka_unit_test(more_headers_than_allowed_are_refused),
        cmocka_unit_test(values_become_one_line),
        cmocka_unit_test(values_become_lines_without_what_folding_added),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("pypi_headers", tests, enter, leave);
}
