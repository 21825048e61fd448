#include "unit.h"

#include "base/clock.h"
#include "format/fields.h"

static struct arena *mem;

static int open_mem(void **state)
{
    (void)state;
    mem = arena_open((size_t)1 << 20);
    return mem ? 0 : -1;
}

static int close_mem(void **state)
{
    (void)state;
    arena_closep(&mem);
    return 0;
}

#define MALFORMED (-1)

static int64_t date(const char *s)
{
    int64_t ms = MALFORMED;

    return field_http_date(str_of(s), &ms) ? ms : MALFORMED;
}

static void three_forms_of_dates_are_read(void **state)
{
    (void)state;
    assert_int_equal(date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777000);
    assert_int_equal(date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777000);
    assert_int_equal(date("Sun Nov  6 08:49:37 1994"), 784111777000);
    assert_int_equal(date("Wed Nov 16 08:49:37 1994"), 784975777000);
    assert_int_equal(date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_int_equal(date("Tuesday, 01-Jan-69 00:00:00 GMT"), 3124224000000);
    assert_int_equal(date("Thu, 29 Feb 2024 23:59:60 GMT"), 1709251200000);
    assert_int_equal(date("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799000);
}

static void malformed_dates_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "sun, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Foo 1994 08:49:37 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 31 Nov 1994 08:49:37 GMT",
                                      "Thu, 29 Feb 2023 00:00:00 GMT",
                                      "Thu, 29 Feb 1900 00:00:00 GMT",
                                      "Sun, 06 Nov 1994 24:00:00 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:61 GMT",
                                      "Sun, 06 Nov 0000 08:49:37 GMT",
                                      "Sun Nov 6 08:49:37 1994",
                                      "784111777"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(date(bad[i]), MALFORMED);
}

static void own_dates_are_read_back(void **state)
{
    char text[CLOCK_TEXT_MAX];
    int64_t ms = 0;

    (void)state;
    for (int64_t day = -1; day < 60000; day += 13) {
        int64_t want = day * 86400000 + 45296000;

        assert_true(field_http_date(clock_http(want, text), &ms));
        assert_int_equal(ms, want);
    }
}

/* "first-last", "none" or "416". */
static struct str range(const char *s, uint64_t size)
{
    uint64_t first = 0, last = 0;

    switch (field_range(str_of(s), size, &first, &last)) {
    case RANGE_PART:
        return str_fmt(mem, "%ju-%ju", (uintmax_t)first, (uintmax_t)last);
    case RANGE_UNSATISFIABLE:
        return S("416");
    case RANGE_NONE:
        break;
    }
    return S("none");
}

static void moments_cover_what_they_name(void **state)
{
    static const struct {
        const char *text;
        int64_t first, last;
    } good[] = {
        {"1970-01-01", 0, 86399999},
        {"2024-02-29", 1709164800000, 1709251199999},
        {"2026-09-01T12:00:00Z", 1788264000000, 1788264000999},
        {"2026-09-01t12:00:00z", 1788264000000, 1788264000999},
        {"2026-09-01 14:00:00+02:00", 1788264000000, 1788264000999},
        {"2026-08-31T22:30:00-13:30", 1788264000000, 1788264000999},
        {"2026-09-01T12:00:00.5Z", 1788264000500, 1788264000599},
        {"2026-09-01T12:00:00.25Z", 1788264000250, 1788264000259},
        {"2026-09-01T12:00:00.123Z", 1788264000123, 1788264000123},
        {"2026-09-01T12:00:00.123987+00:00", 1788264000123, 1788264000123},
        {"1969-12-31T23:59:59.999Z", -1, -1},
    };
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-09",
                                      "2026-9-1",
                                      "2026-13-01",
                                      "2026-02-30",
                                      "2025-02-29",
                                      "0000-01-01",
                                      "2026-09-01T",
                                      "2026-09-01T12:00Z",
                                      "2026-09-01T12:00:00",
                                      "2026-09-01T24:00:00Z",
                                      "2026-09-01T12:60:00Z",
                                      "2026-09-01T12:00:00.Z",
                                      "2026-09-01T12:00:00+0200",
                                      "2026-09-01T12:00:00+24:00",
                                      "2026-09-01T12:00:00Zx",
                                      "2026-09-01x",
                                      " 2026-09-01",
                                      "2026-09-01 ",
                                      "01/09/2026",
                                      "now"};
    int64_t first, last;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(field_moment(str_of(good[i].text), &first, &last));
        assert_int_equal(first, good[i].first);
        assert_int_equal(last, good[i].last);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(field_moment(str_of(bad[i]), &first, &last));
}

static void one_range_is_read(void **state)
{
    (void)state;
    assert_str(range("bytes=0-0", 10), "0-0");
    assert_str(range("bytes=2-5", 10), "2-5");
    assert_str(range("bytes=2-", 10), "2-9");
    assert_str(range("bytes=2-99", 10), "2-9");
    assert_str(range("bytes=-3", 10), "7-9");
    assert_str(range("bytes=-10", 10), "0-9");
    assert_str(range("bytes=-11", 10), "0-9"); /* longer than the file: all of it */
    assert_str(range(" Bytes= 2-5 ", 10), "2-5");
    assert_str(range("bytes=2-99999999999999999999999", 10), "2-9");
    assert_str(range("bytes=-99999999999999999999999", 10), "0-9");
}

static void unsatisfiable_ranges_are_told(void **state)
{
    (void)state;
    assert_str(range("bytes=10-", 10), "416");
    assert_str(range("bytes=10-11", 10), "416");
    assert_str(range("bytes=-0", 10), "416");
    assert_str(range("bytes=0-", 0), "416");
    assert_str(range("bytes=99999999999999999999999-", 10), "416");
}

static void other_ranges_mean_everything(void **state)
{
    static const char *const others[] = {"",           "bytes",      "bytes=",        "bytes=-",
                                         "bytes=5-2",  "bytes=a-b",  "bytes=1-2,4-5", "lines=1-2",
                                         "bytes=1 -2", "bytes=+1-2", "bytes=1-2x",    "bytes=--1"};

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++)
        assert_str(range(others[i], 10), "none");
    assert_str(range("bytes=-5", 0), "none");
}

static void etags_are_found_in_lists(void **state)
{
    struct str list = S("\"a\", W/\"b\" ,\"c,d\"");

    (void)state;
    assert_true(field_etag_list_has(list, S("a"), true));
    assert_true(field_etag_list_has(list, S("a"), false));
    assert_true(field_etag_list_has(list, S("b"), true));
    assert_false(field_etag_list_has(list, S("b"), false));
    assert_true(field_etag_list_has(list, S("c,d"), false));
    assert_false(field_etag_list_has(list, S("c"), true));
    assert_false(field_etag_list_has(list, S(""), true));
    assert_true(field_etag_list_has(S(" * "), S("x"), false));
    assert_true(field_etag_list_has(S(",, \"x\""), S("x"), false));
}

static void malformed_etags_end_the_list(void **state)
{
    (void)state;
    assert_false(field_etag_list_has(S("a"), S("a"), true));
    assert_false(field_etag_list_has(S("\"a"), S("a"), true));
    assert_false(field_etag_list_has(S("w/\"a\""), S("a"), true));
    assert_false(field_etag_list_has(S("x, \"a\""), S("a"), true));
    assert_false(field_etag_list_has(S("\"x\" \"a\""), S("a"), true));
    assert_false(field_etag_list_has(S(""), S("a"), true));
}

static unsigned quality(const char *accept, const char *coding)
{
    return field_accepts_coding(str_of(accept), str_of(coding));
}

static void qualities_of_codings_are_read(void **state)
{
    (void)state;
    assert_int_equal(quality("deflate, gzip, br, zstd", "zstd"), 1000);
    assert_int_equal(quality("gzip;q=0.5, zstd;q=0.75", "gzip"), 500);
    assert_int_equal(quality("gzip;q=0.5, zstd;q=0.75", "zstd"), 750);
    assert_int_equal(quality("gzip ; q=0.125", "GZIP"), 125);
    assert_int_equal(quality("gzip;q=0", "gzip"), 0);
    assert_int_equal(quality("gzip;q=1.000", "gzip"), 1000);
    assert_int_equal(quality("gzip;q=1", "gzip"), 1000);
    assert_int_equal(quality("identity", "gzip"), 0);
    assert_int_equal(quality("", "gzip"), 0);
    assert_int_equal(quality("*", "gzip"), 1000);
    assert_int_equal(quality("*;q=0.1, gzip;q=0", "gzip"), 0);
    assert_int_equal(quality("gzip;q=0, *;q=0.1", "zstd"), 100);
}

static void malformed_qualities_count_as_refusal(void **state)
{
    (void)state;
    assert_int_equal(quality("gzip;q=1.001", "gzip"), 0);
    assert_int_equal(quality("gzip;q=2", "gzip"), 0);
    assert_int_equal(quality("gzip;q=0.1234", "gzip"), 0);
    assert_int_equal(quality("gzip;q=.5", "gzip"), 0);
    assert_int_equal(quality("gzip;x=1", "gzip"), 0);
    assert_int_equal(quality("gzip;q=", "gzip"), 0);
}

static void authorization_is_scheme_and_rest(void **state)
{
    struct str scheme, rest;

    (void)state;
    assert_true(field_authorization(S("Bearer abc"), &scheme, &rest));
    assert_str(scheme, "Bearer");
    assert_str(rest, "abc");
    assert_true(field_authorization(S(" token   a b \t"), &scheme, &rest));
    assert_str(scheme, "token");
    assert_str(rest, "a b");
    assert_true(field_authorization(S("Negotiate"), &scheme, &rest));
    assert_str(rest, "");
    assert_false(field_authorization(S(""), &scheme, &rest));
    assert_false(field_authorization(S("  "), &scheme, &rest));
    assert_false(field_authorization(S("Bearer=abc"), &scheme, &rest));
    assert_false(field_authorization(S("\"x\" y"), &scheme, &rest));
}

static void basic_credentials_are_decoded(void **state)
{
    struct str user, password;

    (void)state;
    assert_true(field_basic(mem, S("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), &user, &password));
    assert_str(user, "Aladdin");
    assert_str(password, "open sesame");
    assert_true(field_basic(mem, S("dTphOmI6"), &user, &password)); /* u:a:b: */
    assert_str(user, "u");
    assert_str(password, "a:b:");
    assert_true(field_basic(mem, S("Og=="), &user, &password));
    assert_str(user, "");
    assert_str(password, "");
}

static void basic_credentials_are_utf8_or_latin1(void **state)
{
    struct str user, password;

    (void)state;
    assert_true(field_basic(mem, S("dTrDpA=="), &user, &password)); /* u:ä as UTF-8 */
    assert_str(password, "\xc3\xa4");
    assert_true(field_basic(mem, S("dTrk"), &user, &password)); /* u:ä as Latin-1 */
    assert_str(password, "\xc3\xa4");
    assert_true(field_basic(mem, S("dTr/"), &user, &password));
    assert_str(password, "\xc3\xbf");
}

static void malformed_basic_credentials_are_refused(void **state)
{
    struct str user, password;

    (void)state;
    assert_false(field_basic(mem, S(""), &user, &password));
    assert_false(field_basic(mem, S("dXNlcg=="), &user, &password)); /* no ":" */
    assert_false(field_basic(mem, S("dTphOmI"), &user, &password));
    assert_false(field_basic(mem, S("!!!!"), &user, &password));
    assert_false(field_basic(mem, S("dTpiAA=="), &user, &password)); /* u:b NUL */
    assert_false(field_basic(mem, S("dTpiCg=="), &user, &password)); /* u:b LF */
}

static void cookies_are_found_by_name(void **state)
{
    struct str value;
    struct str s = S("a=1; session=\"x y\";b=;c=d=e");

    (void)state;
    assert_true(field_cookie(s, S("a"), &value));
    assert_str(value, "1");
    assert_true(field_cookie(s, S("session"), &value));
    assert_str(value, "x y");
    assert_true(field_cookie(s, S("b"), &value));
    assert_str(value, "");
    assert_true(field_cookie(s, S("c"), &value));
    assert_str(value, "d=e");
    assert_false(field_cookie(s, S("A"), &value));
    assert_false(field_cookie(s, S("sess"), &value));
    assert_false(field_cookie(S(""), S("a"), &value));
    assert_false(field_cookie(S("a"), S("a"), &value));
}

/* ptr == NULL: absent or malformed. */
static struct str param(const char *s, const char *name)
{
    struct str value = {0};

    return field_param(mem, str_of(s), str_of(name), &value) ? value : (struct str){0};
}

static void parameters_are_unquoted(void **state)
{
    (void)state;
    assert_str(param("text/html; charset=utf-8", "charset"), "utf-8");
    assert_str(param("text/html;charset=UTF-8 ; q=1", "Charset"), "UTF-8");
    assert_str(param("form-data; name=\"a;b\\\"c\\\\\"; filename=\"x.conda\"", "name"), "a;b\"c\\");
    assert_str(param("form-data; name=\"a;b\\\"c\\\\\"; filename=\"x.conda\"", "filename"),
               "x.conda");
    assert_str(param("x; a=\"\"", "a"), "");
    assert_str(param("x;; a=b;", "a"), "b");
    assert_str(param("x; a=\"\xc3\xa4\"", "a"), "\xc3\xa4");
}

static void malformed_parameters_are_refused(void **state)
{
    static const char *const bad[] = {"x",       "x; b=c",   "x; a",          "x; a=",
                                      "x; a=\"", "x; a =b",  "x; a=b c",      "x; a=b; a=c",
                                      "x; =b",   "x; a=b;d", "x; a=\"b\"c",   "x; a=\"b\\\"",
                                      "x; a=@",  "",         "x; a=\"\x01\"", "x; a=b; d=\""};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_null(param(bad[i], "a").ptr);
}

static void form_fields_are_decoded(void **state)
{
    struct str value;
    struct str body = S("a=1&b=x+y%26&a=2&&c");

    (void)state;
    assert_true(field_form(mem, body, S("a"), &value));
    assert_str(value, "1");
    assert_true(field_form(mem, body, S("b"), &value));
    assert_str(value, "x y&");
    assert_true(field_form(mem, body, S("c"), &value));
    assert_str(value, "");
    assert_false(field_form(mem, body, S("d"), &value));
    assert_false(field_form(mem, S("a=%"), S("a"), &value));
    assert_false(field_form(mem, S(""), S("a"), &value));
    assert_false(field_form(mem, (struct str){NULL, 0}, S("a"), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_forms_of_dates_are_read),
        cmocka_unit_test(malformed_dates_are_refused),
        cmocka_unit_test(own_dates_are_read_back),
        cmocka_unit_test(moments_cover_what_they_name),
        cmocka_unit_test(one_range_is_read),
        cmocka_unit_test(unsatisfiable_ranges_are_told),
        cmocka_unit_test(other_ranges_mean_everything),
        cmocka_unit_test(etags_are_found_in_lists),
        cmocka_unit_test(malformed_etags_end_the_list),
        cmocka_unit_test(qualities_of_codings_are_read),
        cmocka_unit_test(malformed_qualities_count_as_refusal),
        cmocka_unit_test(authorization_is_scheme_and_rest),
        cmocka_unit_test(basic_credentials_are_decoded),
        cmocka_unit_test(basic_credentials_are_utf8_or_latin1),
        cmocka_unit_test(malformed_basic_credentials_are_refused),
        cmocka_unit_test(cookies_are_found_by_name),
        cmocka_unit_test(parameters_are_unquoted),
        cmocka_unit_test(malformed_parameters_are_refused),
        cmocka_unit_test(form_fields_are_decoded),
    };

    return cmocka_run_group_tests(tests, open_mem, close_mem);
}
