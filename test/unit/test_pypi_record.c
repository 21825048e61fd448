#include "unit.h"

#include "base/limits.h"
#include "format/pypi_record.h"

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

static struct pypi_record parsed(struct arena *a, struct str text)
{
    struct pypi_record r = {0};

    assert_int_equal(pypi_record_parse(a, text, &r, NULL), OK);
    return r;
}

static void paths_are_found(void **state)
{
    struct pypi_record r =
        parsed(*state, S("b.py,sha256=x,4\r\na.py,,\n\na/c.py\na.dist-info/RECORD,,"));

    assert_int_equal(r.count, 4);
    assert_str(r.paths[0], "a.dist-info/RECORD");
    assert_str(r.paths[3], "b.py");
    assert_true(pypi_record_has(&r, S("a.py")));
    assert_true(pypi_record_has(&r, S("a/c.py")));
    assert_false(pypi_record_has(&r, S("a")));
    assert_false(pypi_record_has(&r, S("sha256=x")));
    assert_int_equal(parsed(*state, S("")).count, 0);
    r = parsed(*state, S(""));
    assert_false(pypi_record_has(&r, S("a")));
}

static void quoted_paths_are_read_as_csv_has_them(void **state)
{
    struct pypi_record r = parsed(*state, S("\"a,b.py\",\"x\",1\n\"a \"\"b\"\"\",,\n\"c\nd\",,\n"));

    assert_int_equal(r.count, 3);
    assert_true(pypi_record_has(&r, S("a,b.py")));
    assert_true(pypi_record_has(&r, S("a \"b\"")));
    assert_true(pypi_record_has(&r, S("c\nd")));
}

static void backslashes_count_as_slashes(void **state)
{
    struct pypi_record r = parsed(*state, S("a\\b.py,,\n"));

    assert_true(pypi_record_has(&r, S("a/b.py")));
}

static void open_quote_is_refused(void **state)
{
    struct pypi_record r;
    struct err err;

    assert_int_equal(pypi_record_parse(*state, S("a,,\n\"b,,\n"), &r, &err), ERR_INVALID);
    assert_string_equal(err.msg, "RECORD is not CSV: a quote is not closed");
}

static void commands_are_plain_names(void **state)
{
    static const char *const good[] = {
        "",
        "[console_scripts]\nPip3.11 = pip:main\n_a-b=c:d\n# ../x = y\n; /x = y\n",
        "[other.group]\n../x = a:b\napplication/json = c:d\n",
        "[gui_scripts]\r\nna\xc3\xafve = a:b\r\n",
        "[console_scripts]\nno delimiter\n",
    };
    static const char *const bad[] = {
        "[console_scripts]\n../x = a:b\n", "[console_scripts]\na/b=c\n",
        "[gui_scripts]\n.. = a:b\n",       "[ other ]\n[gui_scripts]\na\\b = a:b\n",
        "[console_scripts]\n = a:b\n",     "[console_scripts]\na b = c:d\n",
        "[console_scripts]\r/x = a:b\r",   "  [console_scripts]\n\t/x = a:b\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(pypi_check_commands(str_of(good[i]), NULL), OK);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {0};

        assert_int_equal(pypi_check_commands(str_of(bad[i]), &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "has a character other than"));
    }
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *small = arena_open(8);
    struct pypi_record r;

    (void)state;
    assert_int_equal(pypi_record_parse(small, S("a,,\nb,,\n"), &r, NULL), ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_found),
        cmocka_unit_test(quoted_paths_are_read_as_csv_has_them),
        cmocka_unit_test(backslashes_count_as_slashes),
        cmocka_unit_test(open_quote_is_refused),
        cmocka_unit_test(commands_are_plain_names),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("pypi_record", tests, enter, leave);
}
