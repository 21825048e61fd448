#include "s3_stub.h"

#include <curl/curl.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define ZEROS(f, n)  str_fmt((f)->mem, "%0*d", (int)(n), 0)
#define GET_ONCE     "GET /bucket/key"
#define GET_TWICE    GET_ONCE ", " GET_ONCE
#define GET_THRICE   GET_TWICE ", " GET_ONCE
#define CHUNKED      "Transfer-Encoding: chunked\r\n\r\n"
#define SLOW_DOWN    "<Error><Code>SlowDown</Code><Message>the-secret is slow</Message></Error>"
#define NO_SUCH_KEY  "<Error><Code>NoSuchKey</Code><Key>the-secret</Key></Error>"

static void allow_tries(struct s3_stub *f, unsigned tries)
{
    f->options.timing.tries = tries;
    s3_stub_reopen(f);
}

/* --- objects ------------------------------------------------------------------------------- */

/* Where the bytes of an object go. */
static struct {
    char bytes[64]; /* the first of them */
    size_t len;
    uint64_t total;
    unsigned begun, written;
    bool begin_fails, write_fails;
} sunk;

static enum err_code sunk_begin(void *ctx, uint64_t total, struct err *err)
{
    (void)ctx;
    sunk.total = total;
    sunk.begun++;
    return sunk.begin_fails ? fail(err, ERR_TOO_BIG, "%d is too much", (int)total) : OK;
}

static enum err_code sunk_write(void *ctx, struct str chunk, struct err *err)
{
    (void)ctx;
    sunk.written++;
    if (sunk.len < sizeof(sunk.bytes))
        (void)snprintf(sunk.bytes + sunk.len, sizeof(sunk.bytes) - sunk.len, STR_FMT,
                       STR_ARG(chunk));
    sunk.len += chunk.len;
    return sunk.write_fails ? fail(err, ERR_NO_SPACE, "the disk is full") : OK;
}

static const struct s3_sink sink = {sunk_begin, sunk_write, NULL};

static enum err_code get_part(struct s3_stub *f, uint64_t first, uint64_t len)
{
    sunk.total = sunk.len = sunk.begun = sunk.written = 0;
    memset(sunk.bytes, 0, sizeof(sunk.bytes));
    return SEND(f, .method = S("GET"), .key = S("key"), .sink = &sink, .first = first, .len = len);
}

static enum err_code get(struct s3_stub *f)
{
    return get_part(f, 0, 0);
}

static void assert_sunk(const char *expected, unsigned begun)
{
    assert_string_equal(sunk.bytes, expected);
    assert_int_equal(sunk.begun, begun);
}

static void an_object_is_read_whole(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 200, "", S("hello"));
    s3_stub_answer(f, 200, "", S(""));
    must(f, get(f));
    assert_sunk("hello", 1);
    assert_int_equal(sunk.total, 5);
    must(f, get(f));
    assert_sunk("", 1);
    assert_int_equal(sunk.total, 0);
    assert_int_equal(sunk.written, 0);
    assert_string_equal(s3_stub_lines(f), GET_TWICE);
}

static void a_part_is_read_by_its_range(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 206, "Content-Range: bytes 2-7/11\r\n", S("llo wo"));
    s3_stub_answer(f, 206, "content-range:bytes 10-10/11 \r\n", S("d"));
    must(f, get_part(f, 2, 6));
    assert_sunk("llo wo", 1);
    assert_int_equal(sunk.total, 11);
    must(f, get_part(f, 10, 1));
    assert_sunk("d", 1);
    assert_string_equal(s3_stub_lines(f), GET_ONCE " bytes=2-7, " GET_ONCE " bytes=10-10");
}

static void a_cut_body_goes_on_where_it_was(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_cut(f, 200, "", 11, S("hello"));
    s3_stub_answer(f, 503, "", S(SLOW_DOWN)); /* no reason to begin again */
    s3_stub_answer(f, 206, "Content-Range: bytes 5-10/11\r\n", S(" world"));
    must(f, get(f));
    assert_sunk("hello world", 2);
    assert_int_equal(sunk.total, 11);
    assert_string_equal(s3_stub_lines(f),
                        GET_ONCE ", " GET_ONCE " bytes=5-, " GET_ONCE " bytes=5-");
    s3_stub_clear(f);
    s3_stub_cut(f, 206, "Content-Range: bytes 2-7/11\r\n", 6, S("ll"));
    s3_stub_cut(f, 206, "Content-Range: bytes 4-7/11\r\n", 4, S("o"));
    s3_stub_answer(f, 206, "Content-Range: bytes 5-7/11\r\n", S(" wo"));
    must(f, get_part(f, 2, 6));
    assert_sunk("llo wo", 3);
    assert_string_equal(s3_stub_lines(f),
                        GET_ONCE " bytes=2-7, " GET_ONCE " bytes=4-7, " GET_ONCE " bytes=5-7");
}

/* Of 10 MiB one comes at a time, to a client that gives up at the second failure, or after 800 ms;
 * the nine pauses take 900 at least, none of them more than 200. */
static void progress_begins_the_count_of_failures_anew(void **state)
{
    struct s3_stub *f = *state;
    struct str mib = ZEROS(f, MIB);

    f->options.timing = (struct s3_timing){2, 200, 200, .patience_ms = 800};
    s3_stub_reopen(f);
    for (size_t i = 0; i < 10; i++) {
        struct str range =
            str_fmt(f->mem, "Content-Range: bytes %zu-10485759/10485760\r\n", i * MIB);

        s3_stub_cut(f, i ? 206 : 200, range.ptr, (10 - i) * MIB, mib);
    }
    must(f, get(f));
    assert_int_equal(sunk.len, 10 * MIB);
    assert_int_equal(sunk.begun, 10);
    s3_stub_clear(f);
    s3_stub_cut(f, 200, "", 11, S("hello"));
    s3_stub_cut(f, 206, "Content-Range: bytes 5-10/11\r\n", 6, S(" w"));
    assert_int_equal(get(f), ERR_BUSY);     /* a few bytes are no progress */
    assert_int_equal(f->refusal.status, 0); /* and this is no refusal */
    assert_sunk("hello w", 2);
}

static void answers_with_other_bytes_than_the_range_are_refused(void **state)
{
    static const struct {
        int status;
        const char *headers, *body;
    } wrong[] = {
        {206, "Content-Range: bytes 3-7/11\r\n", "lo wo"},
        {206, "Content-Range: bytes 3-8/11\r\n", "lo wor"},
        {206, "Content-Range: bytes 0-5/11\r\n", "hello "},
        {206, "Content-Range: bytes 2-6/11\r\n", "llo w"},
        {206, "Content-Range: bytes 2-8/11\r\n", "llo wor"},
        {206, "Content-Range: bytes 2-7/11\r\n", "llo w"},
        {206, "Content-Range: bytes 2-7/7\r\n", "llo wo"},
        {206, "Content-Range: bytes 2-1/2\r\n", ""},
        {206, "Content-Range: bytes 2-7/*\r\n", "llo wo"},
        {206, "Content-Range: bytes 2-7\r\n", "llo wo"},
        {206, "Content-Range: 2-7/11\r\n", "llo wo"},
        {206, "Content-Range: bytes 7-2/11\r\n", "llo wo"},
        {206, "Content-Range: bytes 2-7/18446744073709551627\r\n", "llo wo"},
        {206, "", "llo wo"},
        {200, "Content-Range: bytes 2-7/11\r\n", "llo wo"},
        {200, "", "hello world"},
        {204, "", ""},
    };
    struct s3_stub *f = *state;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        s3_stub_clear(f);
        s3_stub_answer(f, wrong[i].status, wrong[i].headers, str_of(wrong[i].body));
        assert_int_equal(get_part(f, 2, 6), ERR_IO);
        s3_stub_assert_failure(f, "GET of key: it answers with other bytes than it was asked for "
                                  "(tried 3 times)");
        assert_sunk("", 0);
    }
}

static void another_object_than_the_one_begun_is_refused(void **state)
{
    struct s3_stub *f = *state;

    allow_tries(f, 2);
    s3_stub_answer(f, 206, "Content-Range: bytes 0-4/5\r\n", S("hello"));
    assert_int_equal(get(f), ERR_IO); /* all were asked for */
    s3_stub_clear(f);
    s3_stub_say(f, S("HTTP/1.1 200 OK\r\n" CHUNKED "5\r\nhello\r\n0\r\n\r\n"));
    assert_int_equal(get(f), ERR_IO); /* how many are there? */
    assert_sunk("", 0);
    s3_stub_clear(f);
    s3_stub_cut(f, 200, "", 11, S("hello"));
    s3_stub_answer(f, 206, "Content-Range: bytes 5-11/12\r\n", S(" worlds"));
    assert_int_equal(get(f), ERR_IO);
    assert_sunk("hello", 1);
    s3_stub_clear(f);
    s3_stub_cut(f, 200, "", 11, S("hello"));
    s3_stub_answer(f, 200, "", S("hello world")); /* by a server without ranges */
    assert_int_equal(get(f), ERR_IO);
    assert_sunk("hello", 1);
}

static void bodies_of_another_length_than_announced_are_refused(void **state)
{
#define PART "HTTP/1.1 206 OK\r\nContent-Range: bytes 2-7/11\r\n" CHUNKED
    struct s3_stub *f = *state;

    allow_tries(f, 1);
    s3_stub_say(f, S(PART "6\r\nllo wo\r\n0\r\n\r\n"));
    must(f, get_part(f, 2, 6));
    assert_sunk("llo wo", 1);
    s3_stub_clear(f);
    s3_stub_say(f, S(PART "7\r\nllo wor\r\n0\r\n\r\n"));
    assert_int_equal(get_part(f, 2, 6), ERR_IO);
    s3_stub_assert_failure(f, "GET of key: it sends more bytes than it announced");
    assert_sunk("", 1);
    s3_stub_clear(f);
    s3_stub_say(f, S(PART "5\r\nllo w\r\n0\r\n\r\n"));
    assert_int_equal(get_part(f, 2, 6), ERR_BUSY);
    s3_stub_assert_failure(f, "GET of key: it sends fewer bytes than it announced");
}

static void nothing_more_is_asked_for_when_all_bytes_are_there(void **state)
{
#define ALL "Content-Range: bytes 2-7/11\r\nTransfer-Encoding: chunked\r\n"
    struct s3_stub *f = *state;

    s3_stub_cut(f, 206, ALL, 6, S("6\r\nllo wo\r\n")); /* its last chunk is missing */
    must(f, get_part(f, 2, 6));
    assert_sunk("llo wo", 1);
    assert_string_equal(s3_stub_lines(f), GET_ONCE " bytes=2-7");
    s3_stub_clear(f);
    s3_stub_cut(f, 206, ALL, 6, S("6\r\nllo wo\r\n1\r\nr\r\n0\r\n\r\n"));
    assert_int_equal(get_part(f, 2, 6), ERR_IO);
    s3_stub_assert_failure(f, "GET of key: it sends more bytes than it announced");
    assert_sunk("llo wo", 1);
}

static void bytes_past_the_end_are_refused(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 206, "Content-Range: bytes 2-4/5\r\n", S("llo"));
    assert_int_equal(get_part(f, 2, 4), ERR_INVALID);
    s3_stub_assert_failure(f, "GET of key: bytes past the end are asked for");
    s3_stub_clear(f);
    s3_stub_answer(f, 416, "", S("<Error><Code>InvalidRange</Code></Error>"));
    assert_int_equal(get_part(f, 5, 1), ERR_INVALID);
    s3_stub_assert_failure(f, "GET of key: it answers 416 InvalidRange");
    assert_sunk("", 0);
    assert_string_equal(s3_stub_lines(f), GET_ONCE " bytes=5-5");
    assert_int_equal(get(f), ERR_IO); /* which asks for no range */
    s3_stub_clear(f);
    s3_stub_cut(f, 200, "", 11, S("hello"));
    s3_stub_answer(f, 416, "", S(""));
    assert_int_equal(get(f), ERR_IO); /* the rest of what was announced */
}

static void a_failure_of_the_sink_ends_the_request(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 200, "", S("hello"));
    sunk.begin_fails = true;
    assert_int_equal(get(f), ERR_TOO_BIG);
    assert_string_equal(f->err.msg, "5 is too much");
    assert_int_equal(sunk.written, 0);
    sunk.begin_fails = false;
    sunk.write_fails = true;
    assert_int_equal(get(f), ERR_NO_SPACE);
    assert_string_equal(f->err.msg, "the disk is full");
    assert_int_equal(f->err.code, ERR_NO_SPACE);
    assert_int_equal(sunk.written, 1);
    sunk.write_fails = false;
    assert_string_equal(s3_stub_lines(f), GET_TWICE);
}

/* --- failures ------------------------------------------------------------------------------ */

static void what_passes_is_tried_again(void **state)
{
    struct s3_stub *f = *state;

    allow_tries(f, 6);
    s3_stub_hang_up(f);
    s3_stub_answer(f, 500, "", S(""));
    s3_stub_answer(f, 503, "", S(SLOW_DOWN));
    s3_stub_answer(f, 429, "Retry-After: 1\r\n", S("<html>"));
    s3_stub_cut(f, 200, "", 5, S(""));
    s3_stub_answer(f, 200, "", S("hello"));
    must(f, get(f));
    assert_sunk("hello", 1);
    assert_string_equal(s3_stub_lines(f), GET_THRICE ", " GET_THRICE);
}

static void it_gives_up_in_the_end_and_says_what_it_was_told(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 500, "", S(""));
    s3_stub_answer(f, 503, "", S(SLOW_DOWN));
    assert_int_equal(SEND(f, .method = S("GET"), .key = S("key")), ERR_BUSY);
    s3_stub_assert_failure(f, "GET of key: it answers 503 SlowDown (tried 3 times)");
    assert_int_equal(f->refusal.status, 503);
    assert_string_equal(f->refusal.code, "SlowDown");
    assert_string_equal(s3_stub_lines(f), GET_THRICE);
    assert_int_equal(SEND(f, .method = S("GET"), .key = S("key"), .once = true), ERR_BUSY);
    s3_stub_assert_failure(f, "GET of key: it answers 503 SlowDown");
    assert_string_equal(s3_stub_lines(f), GET_THRICE ", " GET_ONCE);
    s3_stub_clear(f);
    s3_stub_answer(f, 503, "", S(SLOW_DOWN));
    s3_stub_hang_up(f);
    assert_int_equal(SEND(f, .method = S("GET"), .key = S("key")), ERR_BUSY);
    assert_int_equal(f->refusal.status, 0); /* no answer */
    assert_string_equal(f->refusal.code, "");
}

static void refusals_are_judged_and_told_without_the_servers_text(void **state)
{
    static const struct {
        const char *method, *key;
        int status;
        enum err_code expected;
        const char *body, *message;
    } cases[] = {
        {"GET", "k", 404, ERR_NOT_FOUND, NO_SUCH_KEY, "GET of k: it answers 404 NoSuchKey"},
        {"GET", "k", 404, ERR_IO, "<html>no the-secret</html>", "GET of k: it answers 404"},
        {"GET", "", 404, ERR_IO, NO_SUCH_KEY, "GET: it answers 404 NoSuchKey"},
        {"GET", "", 404, ERR_NOT_FOUND, "<Error><Code>NoSuchBucket</Code></Error>",
         "GET: it answers 404 NoSuchBucket"},
        {"HEAD", "k", 404, ERR_NOT_FOUND, "", "HEAD of k: it answers 404"},
        {"DELETE", "k", 403, ERR_DENIED, "<Error><Code>AccessDenied</Code></Error>",
         "DELETE of k: it answers 403 AccessDenied"},
        {"GET", "k", 403, ERR_DENIED, "<Error><Code>the-secret &amp; more</Code></Error>",
         "GET of k: it answers 403"},
        {"POST", "k", 403, ERR_NO_SPACE, "<Error><Code>QuotaExceeded</Code></Error>",
         "POST of k: it answers 403 QuotaExceeded"},
        {"GET", "k", 400, ERR_IO, "<Error><Code>InvalidArgument</Code></Error>",
         "GET of k: it answers 400 InvalidArgument"},
        {"GET", "k", 307, ERR_IO, "<Error><Code>TemporaryRedirect</Code></Error>",
         "GET of k: it answers 307 TemporaryRedirect, which is not followed: another endpoint or "
         "region is meant"},
    };
    struct s3_stub *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        s3_stub_clear(f);
        s3_stub_answer(f, cases[i].status, "Location: /bucket/other\r\n", str_of(cases[i].body));
        assert_int_equal(SEND(f, .method = str_of(cases[i].method), .key = str_of(cases[i].key)),
                         cases[i].expected);
        s3_stub_assert_failure(f, cases[i].message);
        assert_null(strchr(s3_stub_lines(f), ',')); /* one request */
    }
}

static void what_is_no_http_is_nonsense(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_say(f, S("220 mail.example.org ESMTP\r\n"));
    assert_int_equal(get(f), ERR_IO);
    s3_stub_assert_failure(f, str_fmt(f->mem,
                                      "GET of key: it answers with nonsense (%s) (tried 3 times)",
                                      curl_easy_strerror(CURLE_UNSUPPORTED_PROTOCOL))
                                  .ptr);
}

static void answers_over_8_mib_are_refused(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 200, "", ZEROS(f, 8 * MIB));
    must(f, SEND(f, .method = S("GET")));
    assert_int_equal(f->answer.body.len, 8 * MIB);
    s3_stub_clear(f);
    s3_stub_answer(f, 200, "", ZEROS(f, 8 * MIB + 1));
    assert_int_equal(SEND(f, .method = S("GET"), .once = true), ERR_IO);
    s3_stub_clear(f);
    s3_stub_answer(f, 403, "", ZEROS(f, 8 * MIB + 1));
    assert_int_equal(SEND(f, .method = S("GET")), ERR_DENIED);
    s3_stub_assert_failure(f, "GET: it answers 403");
}

static void a_server_that_falls_silent_has_failed(void **state)
{
    struct s3_stub *f = *state;

    f->options.timing.slow_seconds = 1;
    allow_tries(f, 2);
    s3_stub_say(f, S("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello"));
    s3_stub_answer(f, 206, "Content-Range: bytes 5-10/11\r\n", S(" world"));
    must(f, get(f));
    assert_sunk("hello world", 2);
    s3_stub_clear(f);
    f->options.timing.patience_ms = 500; /* over by then */
    s3_stub_reopen(f);
    s3_stub_say(f, S(""));
    assert_int_equal(get(f), ERR_BUSY);
    assert_string_equal(s3_stub_lines(f), GET_ONCE);
}

static void a_port_where_nobody_listens_is_busy(void **state)
{
    struct s3_stub *f = *state;

    f->options.address.base = S("http://127.0.0.1:0");
    s3_stub_reopen(f);
    assert_int_equal(get(f), ERR_BUSY);
    s3_stub_assert_failure(f, str_fmt(f->mem, "GET of key: %s (tried 3 times)",
                                      curl_easy_strerror(CURLE_COULDNT_CONNECT))
                                  .ptr);
}

/* --- what is sent -------------------------------------------------------------------------- */

/* The time of a request, which was sent a moment ago. */
static int64_t time_of(struct str stamp)
{
    char text[S3_STAMP_LEN + 1] = "";
    int64_t now_ms = clock_now_ms() + 1000;

    for (int i = 0; i < 120 && !str_eq(stamp, str_of(text)); i++) {
        now_ms -= 1000;
        s3_stamp(now_ms, text);
    }
    assert_str(stamp, text);
    return now_ms;
}

static const struct s3_fields none = {NULL, 0};

/* The request has the signature of what was received, which covers these headers and the body. */
static void assert_signed(struct s3_stub *f, size_t number, struct s3_fields params,
                          const char *names)
{
    AUTO(buf_done) struct buf expected = BUF_INIT(8 * KIB);
    struct stub_request rq = s3_stub_request(f, number);
    struct str path = rq.target, rest = path, names_left = str_of(names), name;
    struct s3_field headers[S3_FIELDS_MAX];
    char sha256[SHA256_HEX + 1];
    struct s3_message m = {.method = rq.method, .params = params, .headers = {headers, 0}};

    digest_sha256_hex(rq.body, sha256);
    assert_str(stub_header(&rq, "x-amz-content-sha256"), sha256);
    m.payload = str_of(sha256);
    (void)str_cut(&rest, '?', &path);
    m.path = path;
    while (str_next(&names_left, ';', &name))
        headers[m.headers.count++] = (struct s3_field){name, stub_header(&rq, str_z(f->mem, name))};
    s3_sign(&expected, &f->options.who, &m, time_of(stub_header(&rq, "x-amz-date")));
    assert_true(buf_ok(&expected) && str_eq(stub_header(&rq, "authorization"), buf_str(&expected)));
}

static void requests_name_the_object_and_are_signed(void **state)
{
    const struct s3_field params[] = {{S("uploadId"), S("a+b/c=&d")}, {S("partNumber"), S("7")}};
    const struct s3_fields sent = {params, COUNT(params)};
    struct s3_stub *f = *state;
    struct stub_request rq;

    s3_stub_answer(f, 206, "Content-Range: bytes 2-3/5\r\n", S("ll"));
    must(f, SEND(f, .method = S("DELETE"), .key = S("a b/../\xc3\xa4+~%"), .params = sent));
    must(f, get_part(f, 2, 2));
    must(f, SEND(f, .method = S("GET")));
    assert_string_equal(
        s3_stub_lines(f),
        "DELETE /bucket/a%20b/../%C3%A4%2B~%25?partNumber=7&uploadId=a%2Bb%2Fc%3D%26d, "
        "GET /bucket/key bytes=2-3, GET /bucket");
    assert_signed(f, 0, sent, "host;x-amz-content-sha256;x-amz-date");
    assert_signed(f, 1, none, "host;range;x-amz-content-sha256;x-amz-date");
    assert_signed(f, 2, none, "host;x-amz-content-sha256;x-amz-date");
    rq = s3_stub_request(f, 0);
    assert_str(stub_header(&rq, "host"), f->options.address.host.ptr);
    assert_str(stub_header(&rq, "user-agent"), "terrarium/" TERRARIUM_VERSION);
    assert_str(stub_header(&rq, "x-amz-security-token"), "");
    f->options.who.session_token = ZEROS(f, 2 * KIB);
    s3_stub_reopen(f);
    must(f, SEND(f, .method = S("GET")));
    rq = s3_stub_request(f, 3);
    assert_true(str_eq(stub_header(&rq, "x-amz-security-token"), f->options.who.session_token));
    assert_signed(f, 3, none, "host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
}

static void the_size_of_an_object_is_asked_for(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_cut(f, 200, "", 10 * GIB, S(""));
    s3_stub_cut(f, 200, "", 0, S(""));
    s3_stub_say(f, S("HTTP/1.1 200 OK\r\n\r\n"));
    must(f, SEND(f, .method = S("HEAD"), .key = S("key")));
    assert_int_equal(f->answer.length, 10 * GIB);
    must(f, SEND(f, .method = S("HEAD"), .key = S("key")));
    assert_int_equal(f->answer.length, 0);
    assert_int_equal(SEND(f, .method = S("HEAD"), .key = S("key"), .once = true), ERR_IO);
    s3_stub_assert_failure(f, "HEAD of key: it does not tell the size");
    assert_string_equal(s3_stub_lines(f), "HEAD /bucket/key, HEAD /bucket/key, HEAD /bucket/key");
}

#define PUT_HELLO(f, fd, offset_)                                                                  \
    SEND(f, .method = S("PUT"), .key = S("key"), .fd = (fd), .offset = (offset_), .size = 5,       \
         .sha256 = S(HELLO_SHA256))

static void bytes_of_a_file_are_sent_and_again_from_their_start(void **state)
{
    AUTO(fd_closep) int fd = memfd_create("sent", MFD_CLOEXEC);
    struct s3_stub *f = *state;

    must(f, fs_write_all(fd, S("say hello world"), &f->err));
    s3_stub_answer(f, 500, "ETag: \"no\"\r\n", S(""));
    s3_stub_answer(f, 200, "etag:  \"5d41\" \r\n", S(""));
    s3_stub_say(f, S("HTTP/1.1 100 Continue\r\nETag: \"no\"\r\n\r\n"
                     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    must(f, PUT_HELLO(f, fd, 4));
    assert_string_equal(f->answer.etag, "\"5d41\"");
    must(f, PUT_HELLO(f, fd, 4));
    assert_string_equal(f->answer.etag, "");
    assert_string_equal(s3_stub_lines(f), "PUT /bucket/key, PUT /bucket/key, PUT /bucket/key");
    for (size_t i = 0; i < 3; i++) {
        struct stub_request rq = s3_stub_request(f, i);

        assert_str(rq.body, "hello");
        assert_str(stub_header(&rq, "expect"), "");
        assert_signed(f, i, none, "content-type;host;x-amz-content-sha256;x-amz-date");
    }
}

static void documents_are_sent_even_if_they_are_empty(void **state)
{
    struct s3_stub *f = *state;
    struct stub_request rq;

    s3_stub_answer(f, 200, "", S("<b/>"));
    must(f, SEND(f, .method = S("POST"), .key = S("key"), .document = S("<a>1</a>")));
    assert_str(buf_str(&f->answer.body), "<b/>");
    must(f, SEND(f, .method = S("POST"), .key = S("key"), .patient = true));
    assert_str(buf_str(&f->answer.body), "<b/>");
    assert_str(s3_stub_request(f, 0).body, "<a>1</a>");
    assert_signed(f, 0, none, "content-type;host;x-amz-content-sha256;x-amz-date");
    rq = s3_stub_request(f, 1);
    assert_str(stub_header(&rq, "content-length"), "0");
    assert_signed(f, 1, none, "content-type;host;x-amz-content-sha256;x-amz-date");
}

static void etags_are_kept_up_to_a_size(void **state)
{
    struct s3_stub *f = *state;
    struct str etag = ZEROS(f, S3_ETAG_MAX + 1), most = str_sub(etag, 0, S3_ETAG_MAX);

    s3_stub_answer(f, 200, str_fmt(f->mem, "ETag: " STR_FMT "\r\n", STR_ARG(most)).ptr, S(""));
    s3_stub_answer(f, 200, str_fmt(f->mem, "ETag: " STR_FMT "\r\n", STR_ARG(etag)).ptr, S(""));
    must(f, SEND(f, .method = S("GET"), .key = S("key")));
    assert_true(str_eq(str_of(f->answer.etag), most));
    must(f, SEND(f, .method = S("GET"), .key = S("key")));
    assert_string_equal(f->answer.etag, "");
}

static void a_request_without_memory_fails_and_leaves_nothing(void **state)
{
    struct s3_stub *f = *state;
    enum err_code code = ERR_NOMEM;
    long n = 0;

    s3_stub_answer(f, 206, "Content-Range: bytes 2-7/11\r\n", S("llo wo"));
    for (; code; mem_fail_at(0)) {
        mem_fail_at(++n);
        code = get_part(f, 2, 6);
        assert_true(code == OK || code == ERR_NOMEM);
    }
    assert_sunk("llo wo", 1);
    assert_true(n > 5);
    assert_string_equal(s3_stub_lines(f), GET_ONCE " bytes=2-7");
}

#define WITH_STUB(test) cmocka_unit_test_setup_teardown(test, s3_stub_enter, s3_stub_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STUB(an_object_is_read_whole),
        WITH_STUB(a_part_is_read_by_its_range),
        WITH_STUB(a_cut_body_goes_on_where_it_was),
        WITH_STUB(progress_begins_the_count_of_failures_anew),
        WITH_STUB(answers_with_other_bytes_than_the_range_are_refused),
        WITH_STUB(another_object_than_the_one_begun_is_refused),
        WITH_STUB(bodies_of_another_length_than_announced_are_refused),
        WITH_STUB(nothing_more_is_asked_for_when_all_bytes_are_there),
        WITH_STUB(bytes_past_the_end_are_refused),
        WITH_STUB(a_failure_of_the_sink_ends_the_request),
        WITH_STUB(what_passes_is_tried_again),
        WITH_STUB(it_gives_up_in_the_end_and_says_what_it_was_told),
        WITH_STUB(refusals_are_judged_and_told_without_the_servers_text),
        WITH_STUB(what_is_no_http_is_nonsense),
        WITH_STUB(answers_over_8_mib_are_refused),
        WITH_STUB(a_server_that_falls_silent_has_failed),
        WITH_STUB(a_port_where_nobody_listens_is_busy),
        WITH_STUB(requests_name_the_object_and_are_signed),
        WITH_STUB(the_size_of_an_object_is_asked_for),
        WITH_STUB(bytes_of_a_file_are_sent_and_again_from_their_start),
        WITH_STUB(documents_are_sent_even_if_they_are_empty),
        WITH_STUB(etags_are_kept_up_to_a_size),
        WITH_STUB(a_request_without_memory_fails_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
