#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "format/pypi_requirement.h"

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

/* "op version, op version" */
static void check_specifiers(const struct pypi_specifiers *s, const char *expected)
{
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);

    for (size_t i = 0; i < s->count; i++)
        buf_addf(&out, "%s" STR_FMT " " STR_FMT, i ? ", " : "", STR_ARG(s->items[i].op),
                 STR_ARG(s->items[i].version));
    assert_str(buf_str(&out), expected);
}

static void specifiers_are_read(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {">=3.8", ">= 3.8"},
        {" >= 3.8 , != 3.9.* ,<4", ">= 3.8, != 3.9.*, < 4"},
        {"~=1.0,", "~= 1.0"},
        {"===any-thing", "=== any-thing"},
        {"==1.0.*", "== 1.0.*"},
        {">=3.6.*", ">= 3.6.*"}, /* published, and read by pip and uv */
        {"<=1,>0", "<= 1, > 0"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pypi_specifiers s;

        assert_int_equal(pypi_specifiers_parse(*state, str_of(cases[i].text), &s, NULL), OK);
        check_specifiers(&s, cases[i].expected);
    }
}

static void other_specifiers_are_refused(void **state)
{
    static const char *const bad[] = {
        "3.8", "12",          "=3.8", ">=",  "===",    ">=3.8;",  ">=3.8 x", ",>=3.8", ">=3,,<4",
        "=>3", ">=3.8\"><b>", "~3",   ">=a", ">= 3 8", ">=3.8\n", "*",       "==*"};

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct pypi_specifiers s;
        struct err err = {0};

        if (!pypi_specifiers_parse(*state, str_of(bad[i]), &s, &err))
            print_error("\"%s\" was read\n", bad[i]);
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.msg, "is not an operator"));
    }
}

static struct pypi_requirement parsed(struct arena *a, const char *text)
{
    struct pypi_requirement q = {0};
    struct err err = {0};

    if (pypi_requirement_parse(a, str_of(text), &q, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    return q;
}

static void requirements_are_taken_apart(void **state)
{
    struct pypi_requirement q =
        parsed(*state, " Requests [socks, x] >=2.0,<3 ; os_name == 'nt' and extra == \"net\" ");

    assert_str(q.name, "Requests");
    assert_str(q.extras, "socks, x");
    check_specifiers(&q.specifiers, ">= 2.0, < 3");
    assert_null(q.url.ptr);
    assert_str(q.marker, "os_name == 'nt' and extra == \"net\"");
    assert_str(q.extra, "net");
    q = parsed(*state, "zope.interface (>3.5.0)");
    check_specifiers(&q.specifiers, "> 3.5.0");
    assert_str(q.marker, "");
    assert_str(q.extra, "");
    assert_int_equal(parsed(*state, "a").specifiers.count, 0);
    assert_int_equal(parsed(*state, "a ()").specifiers.count, 0);
}

static void url_goes_up_to_a_blank(void **state)
{
    struct pypi_requirement q = parsed(*state, "a[b] @ https://h/p;q ; extra == 'x'");

    assert_str(q.url, "https://h/p;q");
    assert_str(q.extra, "x");
    assert_str(parsed(*state, "a@file:///x").url, "file:///x");
}

static void extra_is_found_where_one_is_asked_for(void **state)
{
    assert_str(parsed(*state, "a; extra=='x'").extra, "x");
    assert_str(parsed(*state, "a; extra  ==  \"x y\"").extra, "x y");
    assert_str(parsed(*state, "a; extra != 'x'").extra, "");
    assert_str(parsed(*state, "a; extra == 'x").extra, "");
    assert_str(parsed(*state, "a; extra ==").extra, "");
    assert_str(parsed(*state, "a; python_version < '3'").extra, "");
}

static void other_requirements_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "does not begin with the name of a project"},
        {">=1", "does not begin with the name of a project"},
        {"a-", "does not begin with the name of a project"},
        {"a[b", "has a \"[\" without a \"]\""},
        {"a (>1", "is not name[extras] versions; marker"},
        {"a (>1) >2", "is not name[extras] versions; marker"},
        {"a @ https://h >1", "is not name[extras] versions; marker"},
        {"a >dev", "requirement \"a >dev\": version specifier \">dev\" is not an operator"},
        {"a b", "is not an operator"},
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct pypi_requirement q;
        struct err err = {0};

        assert_int_equal(pypi_requirement_parse(*state, str_of(bad[i].text), &q, &err),
                         ERR_INVALID);
        if (!strstr(err.msg, bad[i].why))
            print_error("\"%s\": %s\n", bad[i].text, err.msg);
        assert_non_null(strstr(err.msg, bad[i].why));
    }
}

static void overlong_lines_are_refused(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(8 * KIB);
    struct pypi_requirement q;
    struct pypi_specifiers s;
    struct err err;

    buf_addz(&text, "a;");
    while (text.len <= 4096)
        buf_addc(&text, ' ');
    assert_int_equal(pypi_requirement_parse(*state, buf_str(&text), &q, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is too long"));
    assert_int_equal(pypi_specifiers_parse(*state, buf_str(&text), &s, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is too long"));
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *small = arena_open(16);
    struct pypi_requirement q;

    (void)state;
    assert_int_equal(pypi_requirement_parse(small, S("a>1"), &q, NULL), ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specifiers_are_read),
        cmocka_unit_test(other_specifiers_are_refused),
        cmocka_unit_test(requirements_are_taken_apart),
        cmocka_unit_test(url_goes_up_to_a_blank),
        cmocka_unit_test(extra_is_found_where_one_is_asked_for),
        cmocka_unit_test(other_requirements_are_refused),
        cmocka_unit_test(overlong_lines_are_refused),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("pypi_requirement", tests, enter, leave);
}
