#include "unit.h"

#include "../../fuzz/guard_feed.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#define H "Host: a\r\n"
/* The library would not have asked the guard. */
#define REFUSED_BEFORE 1

static unsigned status_of(struct str head, struct guard_framing *f)
{
    char *text = mem_dup(head.ptr, head.len);
    unsigned status = 0;

    assert_non_null(text);
    if (!guard_feed(text, head.len, &status, f))
        status = REFUSED_BEFORE;
    mem_free(text);
    return status;
}

#define expect(status, head)                                                                       \
    do {                                                                                           \
        struct guard_framing framing_;                                                             \
        assert_int_equal(status_of(S(head), &framing_), status);                                   \
    } while (0)

static void ordinary_requests_pass(void **state)
{
    (void)state;
    expect(0, "GET / HTTP/1.1\r\n" H "\r\n");
    expect(0, "GET /a?b=c HTTP/1.1\r\n" H "\r\n");
    expect(0, "GET http://b/a HTTP/1.1\r\n" H "\r\n");
    expect(0, "OPTIONS * HTTP/1.1\r\nhost:a\r\n\r\n");
    expect(0, "GET / HTTP/1.0\r\n\r\n");
    expect(0, "GET /\xc3\xa4 HTTP/1.1\r\nHost: [::1]:80\r\nX: \xc3\xa4\t y \r\nEmpty:\r\n\r\n");
}

static void framing_is_told(void **state)
{
    struct guard_framing f;

    (void)state;
    assert_int_equal(status_of(S("PUT / HTTP/1.1\r\n" H "\r\n"), &f), 0);
    assert_false(f.has_body);
    assert_int_equal(status_of(S("PUT / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), &f), 0);
    assert_false(f.has_body);
    assert_int_equal(status_of(S("PUT / HTTP/1.1\r\n" H "content-length: 50\r\n"
                                 "Expect: 100-Continue\r\n\r\n"),
                               &f),
                     0);
    assert_true(f.has_body && f.expects_continue && !f.chunked);
    assert_int_equal(f.length, 50);
    assert_int_equal(status_of(S("PUT / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"), &f),
                     0);
    assert_true(f.has_body && f.chunked && !f.expects_continue);
    assert_int_equal(f.length, 0);
    assert_int_equal(status_of(S("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n"
                                 "Content-Length: 1\r\n\r\n"),
                               &f),
                     0);
    assert_false(f.expects_continue); /* HTTP/1.0 knows no interim answers */
}

static void two_opinions_on_the_length_are_refused(void **state)
{
    (void)state;
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
}

static void malformed_lengths_are_refused(void **state)
{
    (void)state;
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length: 5abc\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n");
    expect(400, "PUT / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n");
}

static void other_codings_are_refused(void **state)
{
    (void)state;
    expect(501, "PUT / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n");
    expect(501, "PUT / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n");
    expect(501, "PUT / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n");
    expect(501, "PUT / HTTP/1.1\r\n" H "Transfer-Encoding: chunked \r\n\r\n");
    expect(400, "PUT / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
}

static void host_must_be_there_once_and_plain(void **state)
{
    (void)state;
    expect(400, "GET / HTTP/1.1\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
    expect(400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\nHost: a\"><script>\r\n\r\n");
}

static void header_names_are_tokens(void **state)
{
    (void)state;
    expect(400, "GET / HTTP/1.1\r\n" H "X : b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X\t: b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H ": b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X(: b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "\xc3\xa4: b\r\n\r\n");
    expect(REFUSED_BEFORE, "GET / HTTP/1.1\r\n" H "X\r\n\r\n");
    expect(REFUSED_BEFORE, "GET / HTTP/1.1\r\n" H "X\0Y: b\r\n\r\n");
}

static void control_characters_are_refused(void **state)
{
    (void)state;
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n");
    expect(400, "GET /\x01 HTTP/1.1\r\n" H "\r\n");
    expect(400, "GET /\x7f HTTP/1.1\r\n" H "\r\n");
}

/* The library cuts values at a NUL, and takes a line that begins with one for the last. */
static void nuls_are_refused_wherever_they_hide(void **state)
{
    (void)state;
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\0\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\0\0b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\0\0Y: b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\0\0b\r\nY: c\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\0b\r\nY: c\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\0b\n\n"); /* as long as CR LF CR LF */
    expect(400, "GET / HTTP/1.0\0b\n\n");
    expect(400, "GET / HTTP/1.1\r\n" H "\0\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n" H "\0GET /x HTTP/1.1\r\n");
    expect(400, "GET /a\0b HTTP/1.1\r\n" H "\r\n");
    expect(400, "GET /a\0HTTP/1.1\0\0?b HTTP/1.1\r\n" H "\r\n");
    expect(400, "G\0T / HTTP/1.1\r\n" H "\r\n");
}

static void lines_end_with_cr_lf(void **state)
{
    (void)state;
    expect(400, "GET / HTTP/1.1\n" H "\r\n");
    expect(400, "GET / HTTP/1.1\r\nHost: a\n\r\n");
    expect(400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\nHost: a\r\n\n");
    expect(400, "GET / HTTP/1.1\nHost: a\n\n");
    expect(400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\nY: c\r\n\r\n");
}

static void folded_lines_are_refused(void **state)
{
    (void)state;
    expect(400, "GET / HTTP/1.1\r\n" H "X: a\r\n b: c\r\n\r\n");
    expect(400, "GET / HTTP/1.1\r\n X: a\r\n" H "\r\n");
}

static void request_line_has_single_blanks(void **state)
{
    (void)state;
    expect(400, "GET  / HTTP/1.1\r\n" H "\r\n");
    expect(400, "GET /a b HTTP/1.1\r\n" H "\r\n");
    expect(400, "G@T / HTTP/1.1\r\n" H "\r\n");
    expect(400, "GET /a#b HTTP/1.1\r\n" H "\r\n");
    expect(400, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" H "\r\n");
}

static void first_reason_is_told(void **state)
{
    const char *m = "GET\0", *t = "/\0", *v = "HTTP/1.1\0\0";
    struct guard_framing f;
    struct guard g;
    struct err err = {0};

    (void)state;
    /* Parts that do not lie behind each other, and no Host either. */
    guard_begin(&g, str_of(m), t, str_of(t), str_of(v));
    assert_int_equal(guard_end(&g, 10, &f, &err), 400);
    assert_string_equal(err.msg, "malformed request line");
    assert_int_equal(err.code, ERR_INVALID);
}

static void limits_are_exact(void **state)
{
    struct buf head = BUF_INIT(64 * KIB);
    struct guard_framing f;

    (void)state;
    buf_addz(&head, "GET / HTTP/1.1\r\n" H "X: ");
    while (head.len < LIMIT_HEADERS - 4)
        buf_addc(&head, 'y');
    buf_addz(&head, "\r\n\r\n");
    assert_int_equal(head.len, LIMIT_HEADERS);
    assert_int_equal(status_of(buf_str(&head), &f), 0);
    head.len -= 4;
    buf_addz(&head, "y\r\n\r\n");
    assert_int_equal(status_of(buf_str(&head), &f), 431);
    buf_done(&head);
}

static void long_targets_are_refused(void **state)
{
    static char text[3 * LIMIT_PATH];
    struct guard_framing f;
    struct guard g;
    struct err err = {0};
    struct str target = {text + 4, 2 * LIMIT_PATH + 1};

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "GET\0", 4);
    memcpy(text + 4 + target.len, "\0HTTP/1.1\0\0\0\0", 13);
    guard_begin(&g, str_of(text), target.ptr, target, str_of(text + 4 + target.len + 1));
    assert_int_equal(guard_end(&g, 4 + target.len + 13, &f, &err), 414);
    assert_int_equal(err.code, ERR_TOO_BIG);
    target.len--;
    memcpy(text + 4 + target.len, "\0HTTP/1.0\0\0\0\0", 13);
    guard_begin(&g, str_of(text), target.ptr, target, str_of(text + 4 + target.len + 1));
    assert_int_equal(guard_end(&g, 4 + target.len + 13, &f, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_requests_pass),
        cmocka_unit_test(framing_is_told),
        cmocka_unit_test(two_opinions_on_the_length_are_refused),
        cmocka_unit_test(malformed_lengths_are_refused),
        cmocka_unit_test(other_codings_are_refused),
        cmocka_unit_test(host_must_be_there_once_and_plain),
        cmocka_unit_test(header_names_are_tokens),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(nuls_are_refused_wherever_they_hide),
        cmocka_unit_test(lines_end_with_cr_lf),
        cmocka_unit_test(folded_lines_are_refused),
        cmocka_unit_test(request_line_has_single_blanks),
        cmocka_unit_test(first_reason_is_told),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(long_targets_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
