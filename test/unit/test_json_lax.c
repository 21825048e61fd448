#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "format/json.h"
#include "format/json_lax.h"

static void check(const char *text, const char *canonical)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    const json_t *v = NULL;
    struct err err = {0};

    if (json_lax_parse(mem, str_of(text), 100, &v, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    json_canonical(&out, v);
    assert_str(buf_str(&out), canonical);
}

static void what_python_writes_is_read(void **state)
{
    (void)state;
    check("{\"a\": [1, NaN, -Infinity, Infinity], \"b\": NaN}",
          "{\"a\":[1,null,null,null],\"b\":null}");
    check("[\"NaN\", \"a\\\"NaN\", \"\\\\\", NaN]", "[\"NaN\",\"a\\\"NaN\",\"\\\\\",null]");
    check("NaN", "null");
    check("[\"a\\u0000b\", \"\\\\u0000\", NaN]", "[\"a\\ufffdb\",\"\\\\u0000\",null]");
    check("{\"Infinity\": 1}", "{\"Infinity\":1}");
}

static void other_text_is_refused_as_ever(void **state)
{
    static const struct {
        const char *text, *msg;
    } bad[] = {
        {"", "the JSON text is empty"},
        {"[nan]", "not valid JSON at line 1, column 4: invalid token near 'nan'"},
        {"{\"a\":1,\"a\":2}",
         "not valid JSON at line 1, column 10: duplicate object key near '\"a\"'"},
        {"[\"\\ud800\"]", NULL},
        {"[\"", NULL},
        {"[NaN", NULL},
        {"\"\\", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        AUTO(arena_closep) struct arena *mem = arena_open(MIB);
        const json_t *v = NULL;
        struct err err = {0};

        assert_int_equal(json_lax_parse(mem, str_of(bad[i].text), 100, &v, &err), ERR_INVALID);
        assert_null(v);
        if (bad[i].msg)
            assert_string_equal(err.msg, bad[i].msg);
    }
}

static void values_are_counted_before_they_are_made(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    const json_t *v = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(json_lax_parse(mem, S("[1,[2],{\"a,[{\":3}]"), 8, &v, &err), OK);
    assert_int_equal(json_lax_parse(mem, S("[[[[[[[[ no json"), 8, &v, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "the JSON text has 9 values; the limit is 8");
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64);
    const json_t *v = NULL;
    AUTO(buf_done) struct buf text = BUF_INIT(MIB);

    (void)state;
    buf_addz(&text, "[NaN");
    for (int i = 0; i < 1000; i++)
        buf_addc(&text, ' ');
    buf_addz(&text, "]");
    assert_int_equal(json_lax_parse(mem, buf_str(&text), 9, &v, NULL), ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_python_writes_is_read),
        cmocka_unit_test(other_text_is_refused_as_ever),
        cmocka_unit_test(values_are_counted_before_they_are_made),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
