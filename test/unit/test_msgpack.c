/* MessagePack: every encoding is the smallest one, and objects have one order. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/json.h"
#include "format/msgpack.h"

/* The first bytes of a buffer, as hex. */
static void assert_begins(const struct buf *b, const char *expected)
{
    size_t n = strlen(expected) / 2;
    char *hex = calloc(1, 2 * n + 1);

    assert_non_null(hex);
    assert_true(buf_ok(b));
    assert_true(b->len >= n);
    text_hex(b->ptr, n, hex);
    assert_string_equal(hex, expected);
    free(hex);
}

static void assert_hex(const struct buf *b, const char *expected)
{
    assert_begins(b, expected);
    assert_int_equal(b->len, strlen(expected) / 2);
}

static void integers_take_the_fewest_bytes(void **state)
{
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {
        {0, "00"},
        {127, "7f"},
        {128, "cc80"},
        {255, "ccff"},
        {256, "cd0100"},
        {65535, "cdffff"},
        {65536, "ce00010000"},
        {4294967295, "ceffffffff"},
        {4294967296, "cf0000000100000000"},
        {1700000000000, "cf0000018bcfe56800"},
        {INT64_MAX, "cf7fffffffffffffff"},
        {-1, "ff"},
        {-32, "e0"},
        {-33, "d0df"},
        {-128, "d080"},
        {-129, "d1ff7f"},
        {-32768, "d18000"},
        {-32769, "d2ffff7fff"},
        {INT32_MIN, "d280000000"},
        {(int64_t)INT32_MIN - 1, "d3ffffffff7fffffff"},
        {INT64_MIN, "d38000000000000000"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = BUF_INIT(KIB);

        mp_int(&b, cases[i].value);
        assert_hex(&b, cases[i].hex);
        buf_done(&b);
    }
}

static void lengths_take_the_fewest_bytes(void **state)
{
    static const struct {
        size_t len;
        const char *str, *bin, *map, *array;
    } cases[] = {
        {0, "a0", "c400", "80", "90"},
        {15, "af", "c40f", "8f", "9f"},
        {16, "b0", "c410", "de0010", "dc0010"},
        {31, "bf", "c41f", "de001f", "dc001f"},
        {32, "d920", "c420", "de0020", "dc0020"},
        {255, "d9ff", "c4ff", "de00ff", "dc00ff"},
        {256, "da0100", "c50100", "de0100", "dc0100"},
        {65535, "daffff", "c5ffff", "deffff", "dcffff"},
        {65536, "db00010000", "c600010000", "df00010000", "dd00010000"},
    };
    char *bytes = calloc(1, 65536);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str s = {bytes, cases[i].len};
        struct buf b = BUF_INIT(MIB);

        mp_str(&b, s);
        assert_begins(&b, cases[i].str);
        assert_int_equal(b.len, strlen(cases[i].str) / 2 + s.len);
        buf_clear(&b);
        mp_bin(&b, s);
        assert_begins(&b, cases[i].bin);
        assert_int_equal(b.len, strlen(cases[i].bin) / 2 + s.len);
        buf_clear(&b);
        mp_map(&b, s.len);
        assert_hex(&b, cases[i].map);
        buf_clear(&b);
        mp_array(&b, s.len);
        assert_hex(&b, cases[i].array);
        buf_done(&b);
    }
    free(bytes);
}

static void single_values_are_single_bytes(void **state)
{
    struct buf b = BUF_INIT(KIB);

    (void)state;
    mp_nil(&b);
    mp_bool(&b, false);
    mp_bool(&b, true);
    mp_str(&b, S("abc"));
    mp_bin(&b, S("\x01\xff"));
    assert_hex(&b, "c0c2c3a3616263c40201ff");
    buf_done(&b);
}

static void what_no_encoding_can_hold_fails_the_buffer(void **state)
{
    struct str huge = {"", (size_t)UINT32_MAX + 1};
    void (*const by_text[])(struct buf *, struct str) = {mp_str, mp_bin};
    void (*const by_count[])(struct buf *, size_t) = {mp_map, mp_array};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct buf b = BUF_INIT(KIB);

        by_text[i](&b, huge);
        assert_false(buf_ok(&b));
        assert_int_equal(b.len, 0);
        buf_clear(&b);
        by_count[i](&b, huge.len);
        assert_false(buf_ok(&b));
        buf_done(&b);
    }
}

static json_t *parse(const char *text)
{
    json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

    assert_non_null(v);
    return v;
}

static void members_are_sorted_by_code_point_at_every_level(void **state)
{
    /* U+E000 comes before U+1F600, though not in UTF-16. */
    json_t *v = parse("{\"b\":{\"z\":1,\"a\":[{\"y\":2,\"x\":3}]},\"a\":null,"
                      "\"\\ud83d\\ude00\":4,\"\\ue000\":5,\"B\":6,\"bb\":7,\"\":8}");
    struct buf b = BUF_INIT(KIB);

    (void)state;
    mp_json(&b, v);
    assert_hex(&b, "87"                         /* seven members */
                   "a008"                       /* "" */
                   "a14206"                     /* "B" */
                   "a161c0"                     /* "a" */
                   "a16282a1619182a17803a17902" /* "b": "a": [{"x", "y"}], */
                   "a17a01"                     /*      "z" */
                   "a2626207"                   /* "bb" */
                   "a3ee808005"                 /* U+E000 */
                   "a4f09f988004");             /* U+1F600 */
    buf_done(&b);
    json_decref(v);
}

static void every_json_type_has_its_encoding(void **state)
{
    json_t *v = parse("[null,true,false,-1,1.5,\"\\u00e9\",[],{}]");
    struct buf b = BUF_INIT(KIB);

    (void)state;
    mp_json(&b, v);
    assert_hex(&b, "98c0c3c2ffcb3ff8000000000000a2c3a99080");
    buf_done(&b);
    json_decref(v);
}

static void listed_hex_members_become_bytes_and_no_others(void **state)
{
    static const char *const keys[] = {"md5", "odd", "size", "text", NULL};
    json_t *v = parse("{\"md5\":\"00ffAb\",\"name\":\"cafe\",\"odd\":\"abc\",\"size\":5,"
                      "\"text\":\"xyzw\",\"z\":{\"md5\":\"00\"}}");
    struct buf b = BUF_INIT(KIB);

    (void)state;
    mp_json_hex(&b, v, keys);
    assert_hex(&b, "86"
                   "a36d6435c40300ffab"
                   "a46e616d65a463616665"
                   "a36f6464a3616263"
                   "a473697a6505"
                   "a474657874a478797a77"
                   "a17a81a36d6435a23030");
    buf_done(&b);
    json_decref(v);
}

static void lack_of_memory_shows_in_the_buffer(void **state)
{
    json_t *v = parse("{\"a\":{\"b\":1},\"c\":[1,2,3]}");
    struct buf b = BUF_INIT(KIB);
    long needed;

    (void)state;
    mem_fail_at(0);
    mp_json(&b, v);
    needed = mem_count();
    assert_true(buf_ok(&b));
    assert_true(needed >= 3);
    for (long n = 1; n <= needed; n++) {
        buf_done(&b);
        mem_fail_at(n);
        mp_json(&b, v);
        mem_fail_at(0);
        assert_false(buf_ok(&b));
    }
    buf_done(&b);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_take_the_fewest_bytes),
        cmocka_unit_test(lengths_take_the_fewest_bytes),
        cmocka_unit_test(single_values_are_single_bytes),
        cmocka_unit_test(what_no_encoding_can_hold_fails_the_buffer),
        cmocka_unit_test(members_are_sorted_by_code_point_at_every_level),
        cmocka_unit_test(every_json_type_has_its_encoding),
        cmocka_unit_test(listed_hex_members_become_bytes_and_no_others),
        cmocka_unit_test(lack_of_memory_shows_in_the_buffer),
    };

    return cmocka_run_group_tests_name("msgpack", tests, NULL, NULL);
}
