#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "format/json.h"

static int open_arena(void **state)
{
    *state = arena_open(MIB);
    return *state ? 0 : -1;
}

static int close_arena(void **state)
{
    mem_fail_at(0);
    arena_close(*state);
    return 0;
}

static json_t *parsed(const char *text)
{
    struct err err = {0};
    json_t *v = NULL;

    if (json_parse(str_of(text), &v, &err))
        print_error("%s: %s\n", text, err.msg);
    assert_non_null(v);
    return v;
}

static void assert_refused(struct str text, const char *why)
{
    struct err err = {0};
    json_t *v = NULL;

    assert_int_equal(json_parse(text, &v, &err), ERR_INVALID);
    assert_null(v);
    if (!strstr(err.msg, why))
        print_error("\"%s\" does not say \"%s\"\n", err.msg, why);
    assert_non_null(strstr(err.msg, why));
}

/* --- parsing ------------------------------------------------------------------------------- */

static void malformed_text_is_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "empty"},
        {" ", "line 1"},
        {"not json", "line 1, column"},
        {"{\"a\":1\n,}", "line 2"},
        {"\xef\xbb\xbf{}", "byte order mark"},
        {"{} x", "end of file expected"},
        {"{}{}", "end of file expected"},
        {"{\"a\":1,\"a\":1}", "duplicate"},
        {"{\"a\":{\"b\":1,\"b\":2}}", "duplicate"},
        {"[NaN]", "invalid token"},
        {"[Infinity]", "invalid token"},
        {"[-Infinity]", "invalid token"},
        {"[1e999]", "64 bits"},
        {"[01]", "column"},
        {"[.5]", "column"},
        {"[1.]", "column"},
        {"[+1]", "column"},
        {"[1,]", "column"},
        {"{'a':1}", "column"},
        {"[\"\xe9\"]", "unable to decode"},
        {"[\"\xed\xa0\x80\"]", "unable to decode"},
        {"[\"\\ud800\"]", "Unicode"},
        {"[\"\\udc00\"]", "Unicode"},
        {"[\"\\ud800\\ud800\"]", "Unicode"},
        {"[\"a\\u0000b\"]", "\\u0000"},
        {"[\"a\nb\"]", "newline"},
        {"[\"a\tb\"]", "control character"},
        {"[\"abc", "premature end"},
        {"[\"\\x41\"]", "escape"},
        {"// a\n{}", "column"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(str_of(cases[i].text), cases[i].why);
    assert_refused(S("[1]\0"), "end of file expected");
    assert_refused(S("[\"a\0b\"]"), "control character");
    assert_refused(S("\xff\xfe{\0}\0"), "unable to decode");
}

static void integers_fit_in_64_bits(void **state)
{
    json_t *v = parsed("[9223372036854775807,-9223372036854775808,-0]");

    (void)state;
    assert_true(json_integer_value(json_array_get(v, 0)) == INT64_MAX);
    assert_true(json_integer_value(json_array_get(v, 1)) == INT64_MIN);
    assert_true(json_is_integer(json_array_get(v, 2)));
    json_decref(v);
    assert_refused(S("[9223372036854775808]"), "64 bits");
    assert_refused(S("[-9223372036854775809]"), "64 bits");
    assert_refused(S("10000000000000000000000000000000000000000"), "64 bits");
}

/* n times open, then n times close. */
static struct str nest(char *out, size_t n, char open, char close)
{
    memset(out, open, n);
    memset(out + n, close, n);
    return (struct str){out, 2 * n};
}

static void deep_nesting_is_refused(void **state)
{
    static char text[200000];
    json_t *v = NULL;

    (void)state;
    assert_int_equal(json_parse(nest(text, LIMIT_JSON_DEPTH, '[', ']'), &v, NULL), OK);
    json_decref(v);
    assert_refused(nest(text, LIMIT_JSON_DEPTH + 1, '[', ']'), "nested deeper than 64");
    assert_refused(nest(text, 100000, '[', ']'), "nested deeper than 64");
    assert_refused(nest(text, 100000, '{', '}'), "nested deeper than 64");
}

static void brackets_in_strings_are_not_nesting(void **state)
{
    char text[300] = "[\"\\\"";

    (void)state;
    memset(text + 4, '[', 200);
    memcpy(text + 204, "\\\\\",[]]", 8);
    json_decref(parsed(text));
}

static void scalars_may_stand_alone_but_not_as_objects(void **state)
{
    struct err err = {0};
    json_t *v = parsed("null");

    (void)state;
    json_decref(v);
    v = NULL;
    assert_int_equal(json_parse_object(S("[]"), &v, &err), ERR_INVALID);
    assert_string_equal(err.msg, "the JSON text is not an object");
    assert_null(v);
    assert_int_equal(json_parse_object(S("{\"a\":1}"), &v, &err), OK);
    assert_true(json_is_object(v));
    json_decref(v);
}

static void strings_are_borrowed(void **state)
{
    json_t *v = parsed("{\"a\":\"x\",\"n\":1}");

    (void)state;
    assert_str(json_get_str(v, "a"), "x");
    assert_null(json_get_str(v, "n").ptr);
    assert_null(json_get_str(v, "absent").ptr);
    assert_null(json_str(NULL).ptr);
    json_decref(v);
}

static void new_strings_are_utf8(void **state)
{
    json_t *v = json_of(S("\xc3\xa9"));

    (void)state;
    assert_str(json_str(v), "\xc3\xa9");
    json_decref(v);
    v = json_of((struct str){NULL, 0});
    assert_str(json_str(v), "");
    json_decref(v);
    assert_null(json_of(S("\xe9")));
}

/* --- canonical text ------------------------------------------------------------------------ */

static void assert_canonical(const char *text, const char *expected)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    json_t *v = parsed(text);

    json_canonical(&out, v);
    json_decref(v);
    assert_true(buf_ok(&out));
    assert_str(buf_str(&out), expected);
}

/* Every expected text was printed by CPython 3.11's
 * json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")). */
static void canonical_text_is_that_of_python(void **state)
{
    (void)state;
    assert_canonical("{ }", "{}");
    assert_canonical(" [ ] ", "[]");
    assert_canonical("[null, true, false, 0, -12, 9223372036854775807]",
                     "[null,true,false,0,-12,9223372036854775807]");
    assert_canonical("{\"b\":1,\"a\":{\"\\u00e9\":\"\\u20ac\",\"z\":[1,2,{}],\"Z\":[]},"
                     "\"\\ud834\\udd1e\":\"\\ud83d\\ude00\",\"\\uffff\":\"\\u007f\\u0080\","
                     "\"t\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001f\"}",
                     "{\"a\":{\"Z\":[],\"z\":[1,2,{}],\"\\u00e9\":\"\\u20ac\"},\"b\":1,"
                     "\"t\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\",\"\\uffff\":\"\\u007f\\u0080\","
                     "\"\\ud834\\udd1e\":\"\\ud83d\\ude00\"}");
    assert_canonical("\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"",
                     "\"gr\\u00fc\\u00df \\u20ac \\ud83d\\ude00\"");
}

/* As above. */
static void reals_are_written_as_python_does(void **state)
{
    static const char *const cases[][2] = {
        {"0.0", "0.0"},
        {"-0.0", "-0.0"},
        {"0.1", "0.1"},
        {"1.0", "1.0"},
        {"1e15", "1000000000000000.0"},
        {"1e16", "1e+16"},
        {"123456789012345680.0", "1.2345678901234568e+17"},
        {"1e-4", "0.0001"},
        {"1e-5", "1e-05"},
        {"5e-324", "5e-324"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"3.141592653589793", "3.141592653589793"},
        {"2.5e-10", "2.5e-10"},
        {"100.0", "100.0"},
        {"1e22", "1e+22"},
        {"1.5e300", "1.5e+300"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"9007199254740993.0", "9007199254740992.0"},
        {"12345.678", "12345.678"},
        {"1e100", "1e+100"},
        {"1600000000000.0", "1600000000000.0"},
        {"-1.25e-7", "-1.25e-07"},
        {"0.0001234", "0.0001234"},
        {"4.35", "4.35"},
        {"2.2250738585072014e-308", "2.2250738585072014e-308"},
        {"9999999999999998.0", "9999999999999998.0"},
        {"1E5", "100000.0"},
        {"0.5e1", "5.0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_canonical(cases[i][0], cases[i][1]);
}

static void literals_that_are_not_utf8_fail_the_buffer(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);

    (void)state;
    json_string_literal(&out, S("a\"b"));
    assert_true(buf_ok(&out));
    assert_str(buf_str(&out), "\"a\\\"b\"");
    json_string_literal(&out, S("\xc3"));
    assert_false(buf_ok(&out));
}

static void lack_of_room_or_memory_fails_the_buffer(void **state)
{
    AUTO(buf_done) struct buf small = BUF_INIT(5), out = BUF_INIT(MIB);
    json_t *v = parsed("{\"a\":{\"b\":[1,2]}}");
    long n = 0;

    (void)state;
    json_canonical(&small, v);
    assert_false(buf_ok(&small));
    do {
        buf_done(&out);
        mem_fail_at(++n);
        json_canonical(&out, v);
    } while (!buf_ok(&out));
    mem_fail_at(0);
    assert_true(n > 3); /* the buffer's and two objects' allocations failed in turn */
    assert_str(buf_str(&out), "{\"a\":{\"b\":[1,2]}}");
    json_decref(v);
}

/* --- bodies -------------------------------------------------------------------------------- */

struct body {
    struct str login;
    bool public;
    int64_t days;
    struct json_strs scopes;
    const json_t *attrs;
};
static const struct json_field body_fields[] = {
    {"login", JSON_T_STR, true, offsetof(struct body, login), 2, 5},
    {"public", JSON_T_BOOL, false, offsetof(struct body, public), 0, 0},
    {"days", JSON_T_INT, false, offsetof(struct body, days), 1, 365},
    {"scopes", JSON_T_STRS, false, offsetof(struct body, scopes), 0, 2},
    {"attrs", JSON_T_OBJECT, false, offsetof(struct body, attrs), 0, 0},
};

static enum err_code read_body(struct arena *mem, const char *text, struct body *body,
                               struct err *err)
{
    AUTO(json_decrefp) json_t *v = parsed(text);
    enum err_code code = json_read(v, body_fields, COUNT(body_fields), mem, body, err);

    if (!code && body->attrs)
        assert_ptr_equal(body->attrs, json_object_get(v, "attrs"));
    return code;
}

static void fields_are_filled_in(void **state)
{
    struct body body = {.days = 14};
    struct err err = {0};

    assert_int_equal(read_body(*state,
                               "{\"login\":\"ada\",\"public\":true,\"days\":365,\"new\":[],"
                               "\"scopes\":[\"a\",\"\"],\"attrs\":{\"x\":1}}",
                               &body, &err),
                     OK);
    assert_str(body.login, "ada");
    assert_true(body.public);
    assert_int_equal(body.days, 365);
    assert_int_equal(body.scopes.count, 2);
    assert_str(body.scopes.items[0], "a");
    assert_str(body.scopes.items[1], "");
    assert_non_null(body.attrs);
}

static void absent_and_null_fields_keep_their_defaults(void **state)
{
    struct body body = {.days = 14, .public = true};
    struct err err = {0};

    assert_int_equal(read_body(*state,
                               "{\"login\":\"ada\",\"public\":null,\"days\":null,\"scopes\":[]}",
                               &body, &err),
                     OK);
    assert_true(body.public);
    assert_int_equal(body.days, 14);
    assert_int_equal(body.scopes.count, 0);
    assert_null(body.attrs);
}

static void a_wrong_field_is_named_and_nothing_is_filled_in(void **state)
{
    static const struct {
        const char *text, *field, *msg;
    } cases[] = {
        {"{}", "login", "\"login\" is missing"},
        {"{\"login\":null}", "login", "\"login\" is missing"},
        {"{\"login\":1}", "login", "\"login\" must be a string"},
        {"{\"login\":\"a\"}", "login", "\"login\" must be 2 to 5 bytes long"},
        {"{\"login\":\"abcdef\"}", "login", "\"login\" must be 2 to 5 bytes long"},
        {"{\"login\":\"ada\",\"public\":1}", "public", "\"public\" must be true or false"},
        {"{\"login\":\"ada\",\"days\":0}", "days", "\"days\" must be an integer from 1 to 365"},
        {"{\"login\":\"ada\",\"days\":366}", "days", "\"days\" must be an integer from 1 to 365"},
        {"{\"login\":\"ada\",\"days\":2.0}", "days", "\"days\" must be an integer from 1 to 365"},
        {"{\"login\":\"ada\",\"days\":\"2\"}", "days", "\"days\" must be an integer from 1 to 365"},
        {"{\"login\":\"ada\",\"scopes\":\"a\"}", "scopes", "\"scopes\" must be a list of strings"},
        {"{\"login\":\"ada\",\"scopes\":[\"a\",1]}", "scopes",
         "\"scopes\" must be a list of strings"},
        {"{\"login\":\"ada\",\"scopes\":[\"a\",\"b\",\"c\"]}", "scopes",
         "\"scopes\" must have 0 to 2 items"},
        {"{\"login\":\"ada\",\"attrs\":[]}", "attrs", "\"attrs\" must be an object"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct body body = {.days = 14};
        struct err err = {0};

        assert_int_equal(read_body(*state, cases[i].text, &body, &err), ERR_UNPROCESSABLE);
        assert_string_equal(err.field, cases[i].field);
        assert_string_equal(err.msg, cases[i].msg);
        assert_null(body.login.ptr);
        assert_int_equal(body.days, 14);
    }
}

static void a_body_that_is_no_object_is_refused(void **state)
{
    struct body body = {0};
    struct err err = {0};

    assert_int_equal(read_body(*state, "[1]", &body, &err), ERR_UNPROCESSABLE);
    assert_int_equal(json_read(NULL, body_fields, COUNT(body_fields), *state, &body, &err),
                     ERR_UNPROCESSABLE);
}

static void a_body_over_the_arena_is_out_of_memory(void **state)
{
    struct arena *tiny = arena_open(3);
    struct body body = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(read_body(tiny, "{\"login\":\"adal\"}", &body, &err), ERR_NOMEM);
    assert_int_equal(read_body(tiny, "{\"login\":\"ab\",\"scopes\":[\"a\"]}", &body, &err),
                     ERR_NOMEM);
    arena_close(tiny);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

static void a_list_that_could_not_be_completed_is_no_list(void **state)
{
    json_t *list = json_array(), *object = json_object();

    (void)state;
    json_add(&list, json_integer(1));
    json_add(&list, json_integer(2));
    assert_int_equal(json_array_size(list), 2);
    json_add(&list, NULL);
    assert_null(list);
    json_add(&list, json_integer(3)); /* releases it: a leak checker would tell */
    assert_null(list);
    json_put(&object, S("key and more"), json_true());
    assert_true(json_is_true(json_object_get(object, "key and more")));
    json_put(&object, S("other"), NULL);
    assert_null(object);
    json_put(&object, S("third"), json_integer(3));
    assert_null(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(integers_fit_in_64_bits),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(brackets_in_strings_are_not_nesting),
        cmocka_unit_test(scalars_may_stand_alone_but_not_as_objects),
        cmocka_unit_test(strings_are_borrowed),
        cmocka_unit_test(new_strings_are_utf8),
        cmocka_unit_test(canonical_text_is_that_of_python),
        cmocka_unit_test(reals_are_written_as_python_does),
        cmocka_unit_test(literals_that_are_not_utf8_fail_the_buffer),
        cmocka_unit_test(lack_of_room_or_memory_fails_the_buffer),
        WITH_ARENA(fields_are_filled_in),
        WITH_ARENA(absent_and_null_fields_keep_their_defaults),
        WITH_ARENA(a_wrong_field_is_named_and_nothing_is_filled_in),
        WITH_ARENA(a_body_that_is_no_object_is_refused),
        cmocka_unit_test(a_body_over_the_arena_is_out_of_memory),
        cmocka_unit_test(a_list_that_could_not_be_completed_is_no_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
