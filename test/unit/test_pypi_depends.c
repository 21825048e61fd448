#include "unit.h"

#include "base/limits.h"
#include "format/json.h"
#include "format/pypi_depends.h"

static void check(const char *text, const char *expected)
{
    AUTO(arena_closep) struct arena *a = arena_open(MIB);
    AUTO(json_decrefp) json_t *v = NULL;
    AUTO(buf_done) struct buf out = BUF_INIT(16 * KIB);
    struct pypi_headers h;

    assert_int_equal(pypi_headers_parse(a, str_of(text), &h, NULL), OK);
    assert_int_equal(pypi_depends(a, &h, &v, NULL), OK);
    json_canonical(&out, v);
    assert_str(buf_str(&out), expected);
}

static void nothing_depends_on_nothing(void **state)
{
    (void)state;
    check("Name: a\nRequires-Dist: UNKNOWN\n",
          "{\"depends\":[],\"environments\":[],\"extras\":[],\"has_dep_errors\":false}");
}

static void requirements_stand_under_what_they_are_for(void **state)
{
    (void)state;
    check("Requires-Dist: Zope.Interface (>=1.0, <2)\n"
          "Requires-Dist: b; extra == 'x'\n"
          "Requires-Dist: c; python_version < '3'\n"
          "Requires-Dist: d>1; extra == 'x'\n"
          "Requires: e\n",
          "{\"depends\":[{\"name\":\"zope-interface\",\"specs\":[[\">=\",\"1.0\"],[\"<\",\"2\"]]},"
          "{\"name\":\"e\",\"specs\":[]}],"
          "\"environments\":[{\"depends\":[{\"name\":\"c\",\"specs\":[]}],"
          "\"name\":\"python_version < '3'\"}],"
          "\"extras\":[{\"depends\":[{\"name\":\"b\",\"specs\":[]},"
          "{\"name\":\"d\",\"specs\":[[\">\",\"1\"]]}],\"name\":\"x\"}],"
          "\"has_dep_errors\":false}");
}

static void what_cannot_be_read_is_told_and_left_out(void **state)
{
    (void)state;
    check("Requires-Dist: pytz (>dev)\nRequires-Dist: a\n",
          "{\"depends\":[{\"name\":\"a\",\"specs\":[]}],\"environments\":[],\"extras\":[],"
          "\"has_dep_errors\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_depends_on_nothing),
        cmocka_unit_test(requirements_stand_under_what_they_are_for),
        cmocka_unit_test(what_cannot_be_read_is_told_and_left_out),
    };

    return cmocka_run_group_tests_name("pypi_depends", tests, NULL, NULL);
}
