#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "format/charset.h"

static void names_are_found_in_every_spelling(void **state)
{
    static const struct {
        const char *name;
        enum charset is;
    } cases[] = {{"UTF-8", CHARSET_UTF8},        {"utf8", CHARSET_UTF8},
                 {"ASCII", CHARSET_UTF8},        {"latin1", CHARSET_LATIN1},
                 {"Latin-1", CHARSET_LATIN1},    {"ISO-8859-1", CHARSET_LATIN1},
                 {"iso8859-1", CHARSET_LATIN1},  {"ISO_8859-2", CHARSET_LATIN2},
                 {"latin2", CHARSET_LATIN2},     {"latin-9", CHARSET_LATIN9},
                 {"ISO8859-15", CHARSET_LATIN9}, {"windows-1252", CHARSET_LATIN1}};
    static const char *const others[] = {"",       "latin",  "latin11",    "latin7",
                                         "UTF-16", "KOI8-R", "iso-8859-16"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum charset is = (enum charset)99;

        assert_true(charset_find(str_of(cases[i].name), &is));
        assert_int_equal(is, cases[i].is);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        enum charset is;

        assert_false(charset_find(str_of(others[i]), &is));
    }
}

static void assert_decodes(enum charset from, const char *in, const char *out)
{
    AUTO(buf_done) struct buf b = BUF_INIT(KIB);

    assert_int_equal(charset_decode(from, str_of(in), &b, NULL), OK);
    assert_str(buf_str(&b), out);
}

static void each_encoding_becomes_utf_8(void **state)
{
    (void)state;
    assert_decodes(CHARSET_UTF8, "caf\xc3\xa9 \xf0\x9f\x8c\xb1", "caf\xc3\xa9 \xf0\x9f\x8c\xb1");
    assert_decodes(CHARSET_LATIN1, "caf\xe9 \x80 \x93x\x94 \xff", "café € “x” ÿ");
    assert_decodes(CHARSET_LATIN2, "\xa1\xb3\xe8\xff", "Ąłč˙");
    assert_decodes(CHARSET_LATIN9, "\xa4\xa6\xbc\xe9", "€ŠŒé");
}

static void bytes_that_stand_for_nothing_are_refused(void **state)
{
    static const struct {
        enum charset from;
        const char *in, *why;
    } cases[] = {{CHARSET_UTF8, "a\nb\nc\xe9", "line 3 is not UTF-8"},
                 {CHARSET_LATIN1, "a\n\x81", "line 2: byte 0x81 stands for no character"},
                 {CHARSET_LATIN2, "\x80", "line 1: byte 0x80 stands for no character"},
                 {CHARSET_LATIN9, "\x9f", "line 1: byte 0x9f stands for no character"}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buf_done) struct buf b = BUF_INIT(KIB);
        struct err err = {0};

        buf_addz(&b, "before");
        assert_int_equal(charset_decode(cases[i].from, str_of(cases[i].in), &b, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].why);
        assert_str(buf_str(&b), "before");
    }
}

static void limits_and_a_lack_of_memory_are_told(void **state)
{
    AUTO(buf_done) struct buf small = BUF_INIT(3), large = BUF_INIT(KIB);
    enum err_code rc;

    (void)state;
    assert_int_equal(charset_decode(CHARSET_LATIN1, S("\xe9\xe9"), &small, NULL), ERR_TOO_BIG);
    assert_int_equal(small.len, 0);
    assert_int_equal(charset_decode(CHARSET_UTF8, S("abcd"), &small, NULL), ERR_TOO_BIG);
    mem_fail_at(1);
    rc = charset_decode(CHARSET_LATIN1, S("\xe9\xe9"), &large, NULL);
    mem_fail_at(0);
    assert_int_equal(rc, ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_in_every_spelling),
        cmocka_unit_test(each_encoding_becomes_utf_8),
        cmocka_unit_test(bytes_that_stand_for_nothing_are_refused),
        cmocka_unit_test(limits_and_a_lack_of_memory_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
