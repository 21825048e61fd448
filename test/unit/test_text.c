#include "unit.h"

#include "base/limits.h"
#include "base/text.h"

static int open_arena(void **state)
{
    *state = arena_open(MIB);
    return *state ? 0 : -1;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

static void hex_goes_both_ways(void **state)
{
    char out[9];
    unsigned char bytes[4] = {0};

    (void)state;
    text_hex("\x00\xff\x1a\x80", 4, out);
    assert_string_equal(out, "00ff1a80");
    assert_true(text_unhex(S("00fF1A80"), bytes, 4));
    assert_memory_equal(bytes, "\x00\xff\x1a\x80", 4);
    text_hex("", 0, out);
    assert_string_equal(out, "");
}

static void malformed_hex_is_refused_and_writes_nothing(void **state)
{
    unsigned char bytes[2] = {7, 7};

    (void)state;
    assert_false(text_unhex(S("00f"), bytes, 2));
    assert_false(text_unhex(S("00ff0"), bytes, 2));
    assert_false(text_unhex(S("00fg"), bytes, 2));
    assert_false(text_unhex(S("00 f"), bytes, 2));
    assert_false(text_unhex(S("0x00"), bytes, 2));
    assert_false(text_unhex(S("00ff00"), bytes, 2));
    assert_int_equal(bytes[0], 7);
    assert_int_equal(bytes[1], 7);
}

static void stored_digests_are_lower_case(void **state)
{
    (void)state;
    assert_true(text_is_hex(S("0123456789abcdef"), 16));
    assert_false(text_is_hex(S("0123456789abcdef"), 15));
    assert_false(text_is_hex(S("ABCD"), 4));
    assert_false(text_is_hex(S("abcg"), 4));
    assert_false(text_is_hex(S("ab`d"), 4));
    assert_false(text_is_hex(S("ab:d"), 4));
}

static void base64_examples_of_rfc_4648(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xfb\xff\xbf", "+/+/"}};

    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct str decoded = text_unbase64(*state, str_of(pairs[i][1]));

        assert_str(text_base64(*state, str_of(pairs[i][0])), pairs[i][1]);
        assert_non_null(decoded.ptr);
        assert_str(decoded, pairs[i][0]);
    }
}

static void base64_goes_round_for_every_byte_and_length(void **state)
{
    char bytes[256];

    for (size_t i = 0; i < 256; i++)
        bytes[i] = (char)i;
    for (size_t len = 0; len <= 256; len++) {
        struct str s = {bytes + 256 - len, len};

        assert_true(str_eq(text_unbase64(*state, text_base64(*state, s)), s));
    }
}

static void base64_that_is_not_canonical_is_refused(void **state)
{
    static const char *const bad[] = {"Zg",   "Zg=",    "Z",         "Zm9vY",    "====",
                                      "=",    "Z===",   "Zh==", /* a bit is left over */
                                      "Zm9=", "Zm9v\n", "Zm 9",      "Zg==Zg==", "Zm9v====",
                                      "Z=g=", "-_-_",   "Zm9v Zm9v", "Zm9\xff"};

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_null(text_unbase64(*state, str_of(bad[i])).ptr);
    assert_null(text_unbase64(*state, S("Zm9\0")).ptr);
    for (size_t len = 5; len < 8; len++) /* good letters follow, but they are not ours */
        assert_null(text_unbase64(*state, str_sub(S("Zm9vZm9v"), 0, len)).ptr);
}

static void percent_is_decoded_once(void **state)
{
    assert_str(text_unpercent(*state, S("a%2Fb%2fc"), false), "a/b/c");
    assert_str(text_unpercent(*state, S("%252F"), false), "%2F");
    assert_str(text_unpercent(*state, S("a+b"), false), "a+b");
    assert_str(text_unpercent(*state, S("a+b%2B"), true), "a b+");
    assert_true(str_eq(text_unpercent(*state, S("%00%ff"), false), S("\0\xff")));
    assert_non_null(text_unpercent(*state, S(""), false).ptr);
}

static void malformed_escape_is_refused(void **state)
{
    static const char *const bad[] = {"%",    "%4",   "a%",  "%zz",  "%4g",
                                      "%%41", "% 41", "%-1", "abc%2"};

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_null(text_unpercent(*state, str_of(bad[i]), false).ptr);
    assert_null(text_unpercent(*state, str_sub(S("%41"), 0, 2), false).ptr);
}

static void only_unreserved_and_kept_characters_stay(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(1000);

    (void)state;
    text_percent(&b, S("aZ09-._~/ %+\xc3\xa4"), "");
    assert_str(buf_str(&b), "aZ09-._~%2F%20%25%2B%C3%A4");
    buf_clear(&b);
    text_percent(&b, S("a/b c:\0"), "/:");
    assert_str(buf_str(&b), "a/b%20c:%00");
}

static void percent_goes_round_for_every_byte(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(1000);
    char bytes[256];

    for (size_t i = 0; i < 256; i++)
        bytes[i] = (char)i;
    text_percent(&b, (struct str){bytes, 256}, "/");
    assert_true(str_eq(text_unpercent(*state, buf_str(&b), false), (struct str){bytes, 256}));
}

static void well_formed_utf8_is_accepted(void **state)
{
    static const char *const good[] = {
        "",
        "abc\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(text_is_utf8(str_of(good[i])));
    assert_true(text_is_utf8(S("a\0b")));
}

static void malformed_utf8_is_refused(void **state)
{
    static const char *const bad[] = {
        "\x80",             /* continuation first */
        "\xc3",             /* cut */
        "\xe2\x82",         /* cut */
        "\xf0\x9f\x98",     /* cut */
        "\xc3\x28",         /* no continuation */
        "\xe2\x82\x28",     /* no continuation */
        "\xf0\x9f\x98\xc0", /* no continuation */
        "\xc0\xaf",         /* overlong "/" */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xed\xbf\xbf",     /* surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
        "ok\xff",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(text_is_utf8(str_of(bad[i])));
}

/* Exactly the 1,112,064 scalar values of Unicode are valid as one character. */
static void every_sequence_of_four_bytes_is_judged_rightly(void **state)
{
    size_t three = 0, four = 0, two = 0;

    (void)state;
    for (unsigned first = 0xc0; first < 0x100; first++) {
        for (unsigned rest = 0; rest < 1U << 18; rest++) {
            char s[4] = {(char)first, (char)(0x80 | rest >> 12), (char)(0x80 | (rest >> 6 & 63)),
                         (char)(0x80 | (rest & 63))};

            four += text_is_utf8((struct str){s, 4});
            if (rest < 1U << 12) {
                s[1] = s[2];
                s[2] = s[3];
                three += text_is_utf8((struct str){s, 3});
            }
            if (rest < 1U << 6) {
                s[1] = (char)(0x80 | rest);
                two += text_is_utf8((struct str){s, 2});
            }
        }
    }
    assert_int_equal(two, 0x800 - 0x80);
    assert_int_equal(three, 0x10000 - 0x800 - 0x800);
    assert_int_equal(four, 0x110000 - 0x10000);
}

static void control_characters_are_found(void **state)
{
    (void)state;
    assert_true(text_has_control(S("a\nb")));
    assert_true(text_has_control(S("\0")));
    assert_true(text_has_control(S("\x1f")));
    assert_true(text_has_control(S("x\x7f")));
    assert_false(text_has_control(S(" ~\x80\xff")));
    assert_false(text_has_control(S("")));
}

static void markup_is_escaped(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(1000);

    (void)state;
    text_html(&b, S("<a href=\"x\" b='y'>&amp;\n\xc3\xa4"));
    assert_str(buf_str(&b), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;\n\xc3\xa4");
}

static void xml_has_no_forbidden_characters(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(1000);

    (void)state;
    text_xml(&b, S("<\0\x01\t\n\r\x0b\x1f\x7f&>"));
    assert_str(buf_str(&b), "&lt;??\t\n\r???&amp;&gt;");
}

static void urls_are_shown_without_their_secrets(void **state)
{
    static const char *const pairs[][2] = {
        {"postgresql://u:secret@h:5432/d?sslmode=require",
         "postgresql://u:***@h:5432/d?sslmode=require"},
        {"postgresql://u@h/d", "postgresql://u@h/d"},
        {"postgresql:///d?host=/tmp/a:b&user=u", "postgresql:///d?host=/tmp/a:b&user=u"},
        {"postgresql:///d?password=secret&sslpassword=secret&x=1",
         "postgresql:///d?password=***&sslpassword=***&x=1"},
        {"postgresql://u:se@c/r?et@h/d", "postgresql://u:***@h/d"},
        {"postgresql://:secret@h", "postgresql://:***@h"},
        {"sqlite:///a/b", "sqlite:///a/b"},
        {"not a url", "not a url"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        AUTO(buf_done) struct buf b = BUF_INIT(1000);

        text_url_masked(&b, str_of(pairs[i][0]));
        assert_str(buf_str(&b), pairs[i][1]);
    }
}

static void known_answers_of_crc32(void **state)
{
    (void)state;
    assert_int_equal(text_crc32(S("")), 0);
    assert_int_equal(text_crc32(S("123456789")), 0xcbf43926);
    assert_int_equal(text_crc32(S("The quick brown fox jumps over the lazy dog")), 0x414fa339);
    assert_int_equal(text_crc32(S("\0\xff")), 0x6cdbfd72);
}

static void results_over_the_cap_are_null(void **state)
{
    AUTO(arena_closep) struct arena *a = arena_open(2);

    (void)state;
    assert_null(text_base64(a, S("abc")).ptr);
    assert_null(text_unbase64(a, S("Zm9v")).ptr);
    assert_null(text_unpercent(a, S("abc"), false).ptr);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(malformed_hex_is_refused_and_writes_nothing),
        cmocka_unit_test(stored_digests_are_lower_case),
        WITH_ARENA(base64_examples_of_rfc_4648),
        WITH_ARENA(base64_goes_round_for_every_byte_and_length),
        WITH_ARENA(base64_that_is_not_canonical_is_refused),
        WITH_ARENA(percent_is_decoded_once),
        WITH_ARENA(malformed_escape_is_refused),
        cmocka_unit_test(only_unreserved_and_kept_characters_stay),
        WITH_ARENA(percent_goes_round_for_every_byte),
        cmocka_unit_test(well_formed_utf8_is_accepted),
        cmocka_unit_test(malformed_utf8_is_refused),
        cmocka_unit_test(every_sequence_of_four_bytes_is_judged_rightly),
        cmocka_unit_test(control_characters_are_found),
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(xml_has_no_forbidden_characters),
        cmocka_unit_test(urls_are_shown_without_their_secrets),
        cmocka_unit_test(known_answers_of_crc32),
        cmocka_unit_test(results_over_the_cap_are_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
