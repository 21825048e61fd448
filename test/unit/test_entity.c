#include "http_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"

#define H    "Host: a\r\n"
#define WHEN INT64_C(784111777500) /* Sun, 06 Nov 1994 08:49:37.5 GMT */

static struct http_fixture fx;
static struct reply r;

static const struct http_entity_desc bytes_desc = {
    .etag = {"abc", 3},
    .modified_ms = WHEN,
    .content_type = {"text/plain", 10},
    .cache_control = {"public, max-age=30", 18},
    .vary = {"Accept-Encoding", 15},
    .bytes = {"0123456789", 10},
};

static void open_with(const struct http_entity_desc *d)
{
    fx = (struct http_fixture){0};
    fx.entity = http_entity_new(d);
    assert_non_null(fx.entity);
    fixture_open(&fx);
}

static int open_bytes(void **state)
{
    (void)state;
    open_with(&bytes_desc);
    return 0;
}

static char path[] = "/tmp/terrarium-entity-XXXXXX";

static int open_file(void **state)
{
    struct http_entity_desc d = bytes_desc;
    int fd;

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/terrarium-entity-XXXXXX");
    fd = mkstemp(path);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    (void)close(fd);
    d.bytes = (struct str){NULL, 0};
    d.file = str_of(path);
    d.size = 10;
    open_with(&d);
    return 0;
}

static struct fixture_source source;

/* The entity's reference is the only one. */
static int open_source(void **state)
{
    struct http_entity_desc d = bytes_desc;

    (void)state;
    d.source = fixture_source_init(&source, d.bytes);
    d.bytes = (struct str){NULL, 0};
    d.size = 10;
    open_with(&d);
    shared_unref(d.source.object);
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    reply_done(&r);
    fixture_close(&fx);
    (void)unlink(path);
    return 0;
}

static int close_source(void **state)
{
    (void)close_server(state);
    assert_int_equal(source.released, 1);
    return 0;
}

static void get(const char *headers)
{
    char request[1000];

    (void)snprintf(request, sizeof(request), "GET /entity HTTP/1.1\r\n" H "%s\r\n", headers);
    ask(&fx, request, &r);
}

/* The same for bytes, files and sources from here on. */

static void all_of_it_is_sent_with_its_headers(void **state)
{
    (void)state;
    get("");
    assert_int_equal(r.status, 200);
    assert_str(reply_body(&r), "0123456789");
    assert_str(reply_header(&r, "Content-Length"), "10");
    assert_str(reply_header(&r, "ETag"), "\"abc\"");
    assert_str(reply_header(&r, "Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_str(reply_header(&r, "Content-Type"), "text/plain");
    assert_str(reply_header(&r, "Cache-Control"), "public, max-age=30");
    assert_str(reply_header(&r, "Vary"), "Accept-Encoding");
    assert_str(reply_header(&r, "Accept-Ranges"), "bytes");
    assert_str(reply_header(&r, "X-Content-Type-Options"), "nosniff");
    assert_null(reply_header(&r, "Content-Encoding").ptr);
    assert_null(reply_header(&r, "Content-Disposition").ptr);
    assert_null(reply_header(&r, "Access-Control-Allow-Origin").ptr);
}

static void head_is_get_without_the_bytes(void **state)
{
    struct reply of_get = {0};
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "HEAD /entity HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, true, &r));
    assert_true(client_is_quiet(fd));
    client_sendz(fd, "GET /entity HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, false, &of_get));
    (void)close(fd);
    memset(strstr(r.head, "Date: "), '-', 35);
    memset(strstr(of_get.head, "Date: "), '-', 35);
    assert_string_equal(r.head, of_get.head);
    reply_done(&of_get);
    ask(&fx, "HEAD /entity HTTP/1.1\r\n" H "Range: bytes=1-2\r\n\r\n", &r);
    assert_int_equal(r.status, 200); /* ranges are defined for GET only */
}

static bool has_line(const char *line)
{
    return strstr(r.head, line) != NULL;
}

/* Whatever kind of answer it is, and only whoever it is for. */
static void a_header_for_one_caller_is_on_the_answer_to_that_caller(void **state)
{
    static const struct {
        const char *method, *headers;
        unsigned status;
    } cases[] = {
        {"GET", "", 200},
        {"HEAD", "", 200},
        {"GET", "Range: bytes=1-2\r\n", 206},
        {"GET", "Range: bytes=90-\r\n", 416},
        {"GET", "If-None-Match: \"abc\"\r\n", 304},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int wanted = 2; wanted-- > 0;) { /* with it, then without */
            char request[1000];
            int fd = client_open(&fx);

            (void)snprintf(request, sizeof(request), "%s /entity HTTP/1.1\r\n" H "%s%s\r\n",
                           cases[i].method, wanted ? "X-Want: for you\r\n" : "", cases[i].headers);
            client_sendz(fd, request);
            assert_true(client_read(fd, !strcmp(cases[i].method, "HEAD"), &r));
            (void)close(fd);
            assert_int_equal(r.status, cases[i].status);
            assert_int_equal(has_line("\r\nX-Extra: for you\r\n"), wanted);
            assert_int_equal(has_line("\r\nCache-Control: private\r\n"), wanted);
            if (cases[i].status == 200 && !strcmp(cases[i].method, "GET"))
                assert_str(reply_body(&r), "0123456789");
            if (cases[i].status != 416)
                assert_str(reply_header(&r, "ETag"), "\"abc\"");
        }
}

static void matching_tag_is_not_modified(void **state)
{
    static const char *const conditions[] = {
        "If-None-Match: \"abc\"\r\n", "If-None-Match: W/\"abc\"\r\n",
        "If-None-Match: *\r\n",       "If-None-Match: \"x\", \"abc\"\r\n",
        "if-none-match:\"abc\"\r\n",  "If-None-Match: \"abc\"\r\nRange: bytes=0-1\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(conditions); i++) {
        get(conditions[i]);
        assert_int_equal(r.status, 304);
    }
    assert_str(reply_header(&r, "ETag"), "\"abc\"");
    assert_str(reply_header(&r, "Cache-Control"), "public, max-age=30");
    assert_str(reply_header(&r, "Vary"), "Accept-Encoding");
    assert_null(reply_header(&r, "Content-Type").ptr);
    /* RFC 9110 8.6: none, or that of the 200. */
    assert_str(reply_header(&r, "Content-Length"), "10");
}

static void not_modified_has_no_body(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    for (int i = 0; i < 3; i++) {
        client_sendz(fd, "GET /entity HTTP/1.1\r\n" H "If-None-Match: \"abc\"\r\n\r\n");
        assert_true(client_read(fd, true, &r));
        assert_int_equal(r.status, 304);
    }
    assert_true(client_is_quiet(fd));
    (void)close(fd);
}

static void date_counts_only_without_a_tag(void **state)
{
    (void)state;
    get("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    assert_int_equal(r.status, 304);
    get("If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
    assert_int_equal(r.status, 304);
    get("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n");
    assert_int_equal(r.status, 200);
    get("If-Modified-Since: yesterday\r\n");
    assert_int_equal(r.status, 200);
    get("If-None-Match: \"x\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    assert_int_equal(r.status, 200);
}

static void one_range_is_sent_as_a_part(void **state)
{
    (void)state;
    get("Range: bytes=2-4\r\n");
    assert_int_equal(r.status, 206);
    assert_str(reply_body(&r), "234");
    assert_str(reply_header(&r, "Content-Range"), "bytes 2-4/10");
    assert_str(reply_header(&r, "Content-Length"), "3");
    assert_str(reply_header(&r, "ETag"), "\"abc\"");
    get("Range: bytes=7-\r\n");
    assert_str(reply_body(&r), "789");
    get("Range: bytes=-4\r\n");
    assert_str(reply_body(&r), "6789");
    get("Range: bytes=-99\r\n");
    assert_int_equal(r.status, 206);
    assert_str(reply_body(&r), "0123456789");
    assert_str(reply_header(&r, "Content-Range"), "bytes 0-9/10");
}

static void impossible_range_is_416(void **state)
{
    (void)state;
    get("Range: bytes=10-\r\n");
    assert_int_equal(r.status, 416);
    assert_str(reply_header(&r, "Content-Range"), "bytes */10");
    assert_str(reply_header(&r, "Content-Length"), "0");
}

static void several_ranges_give_everything(void **state)
{
    (void)state;
    get("Range: bytes=0-1,4-5\r\n");
    assert_int_equal(r.status, 200);
    assert_str(reply_body(&r), "0123456789");
    get("Range: lines=1-2\r\n");
    assert_int_equal(r.status, 200);
}

static void range_holds_only_for_the_same_version(void **state)
{
    (void)state;
    get("Range: bytes=2-4\r\nIf-Range: \"abc\"\r\n");
    assert_int_equal(r.status, 206);
    get("Range: bytes=2-4\r\nIf-Range: \"x\"\r\n");
    assert_int_equal(r.status, 200);
    get("Range: bytes=2-4\r\nIf-Range: W/\"abc\"\r\n");
    assert_int_equal(r.status, 200);
    get("Range: bytes=2-4\r\nIf-Range: *\r\n");
    assert_int_equal(r.status, 200);
    get("Range: bytes=2-4\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    assert_int_equal(r.status, 206);
    get("Range: bytes=2-4\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
    assert_int_equal(r.status, 200);
    get("Range: bytes=99-\r\nIf-Range: \"x\"\r\n");
    assert_int_equal(r.status, 200);
}

/* Apart from here. */

static void changed_file_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(truncate(path, 9), 0);
    get("");
    assert_int_equal(r.status, 500);
    get("If-None-Match: \"abc\"\r\n"); /* which does not look at the file */
    assert_int_equal(r.status, 304);
    (void)unlink(path);
    get("");
    assert_int_equal(r.status, 500);
    assert_true(memmem(r.body, r.body_len, "cannot open", 11) != NULL);
}

static void source_is_read_only_for_what_is_sent(void **state)
{
    (void)state;
    ask(&fx, "HEAD /entity HTTP/1.1\r\n" H "\r\n", &r);
    assert_int_equal(r.status, 200);
    get("If-None-Match: \"abc\"\r\n");
    assert_int_equal(r.status, 304);
    get("Range: bytes=10-\r\n");
    assert_int_equal(r.status, 416);
    assert_true(fixture_source_read(&source, ""));
    get("Range: bytes=2-4\r\n");
    assert_int_equal(r.status, 206);
    assert_true(fixture_source_read(&source, "2+3 "));
    assert_true(http_entity_memory(fx.entity) < 10 * KIB);
}

static void failing_source_is_not_sent(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    source.fail_from = 1;
    client_sendz(fd, "GET /entity HTTP/1.1\r\n" H "\r\n");
    assert_false(client_read(fd, false, &r));
    assert_int_equal(r.status, 200); /* too late for another */
    assert_int_equal(r.body_len, 0);
    (void)close(fd);
    await_count(&fx.aborts, 1);
}

static void every_described_header_is_sent(void **state)
{
    struct http_entity_desc d = bytes_desc;

    (void)state;
    d.modified_ms = 0;
    d.content_encoding = S("zstd");
    d.disposition = S("attachment; filename=\"x\"");
    d.vary = S("");
    d.cors = true;
    open_with(&d);
    get("");
    assert_null(reply_header(&r, "Last-Modified").ptr);
    assert_null(reply_header(&r, "Vary").ptr);
    assert_str(reply_header(&r, "Content-Encoding"), "zstd");
    assert_str(reply_header(&r, "Content-Disposition"), "attachment; filename=\"x\"");
    assert_str(reply_header(&r, "Access-Control-Allow-Origin"), "*");
    assert_str(reply_header(&r, "Access-Control-Expose-Headers"), "ETag");
    get("If-None-Match: \"abc\"\r\n");
    assert_str(reply_header(&r, "Access-Control-Allow-Origin"), "*");
    get("If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT\r\n"); /* there is no date to compare */
    assert_int_equal(r.status, 200);
}

static void empty_entity_is_fine(void **state)
{
    struct http_entity_desc d = bytes_desc;

    (void)state;
    d.bytes = S("");
    open_with(&d);
    get("");
    assert_int_equal(r.status, 200);
    assert_str(reply_header(&r, "Content-Length"), "0");
    get("Range: bytes=0-\r\n");
    assert_int_equal(r.status, 416);
    get("If-None-Match: \"abc\"\r\n");
    assert_int_equal(r.status, 304);
}

static void values_with_line_ends_make_no_entity(void **state)
{
    struct http_entity_desc d = bytes_desc;

    (void)state;
    d.disposition = S("a\r\nX: y");
    assert_null(http_entity_new(&d));
}

static void lack_of_memory_makes_no_entity(void **state)
{
    long n = 0;
    struct http_entity *e;

    (void)state;
    do {
        mem_fail_at(++n);
        e = http_entity_new(&bytes_desc);
    } while (!e);
    assert_true(n > 5 && n == mem_count() + 1);
    mem_fail_at(0);
    http_entity_unrefp(&e);
    assert_null(e);
}

static void lack_of_memory_keeps_no_source(void **state)
{
    struct http_entity_desc d = bytes_desc;
    struct http_entity *e;
    long n = 0;

    (void)state;
    d.source = fixture_source_init(&source, d.bytes);
    d.size = UINT64_C(1) << 40; /* none of it is held */
    do {
        mem_fail_at(++n);
        e = http_entity_new(&d);
    } while (!e);
    mem_fail_at(0);
    http_entity_unrefp(&e);
    assert_int_equal(source.released, 0);
    shared_unref(d.source.object);
    assert_int_equal(source.released, 1);
}

#define each(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, open_bytes, close_server),                               \
        cmocka_unit_test_setup_teardown(name, open_file, close_server),                            \
        cmocka_unit_test_setup_teardown(name, open_source, close_source)

int main(void)
{
    const struct CMUnitTest tests[] = {
        each(all_of_it_is_sent_with_its_headers),
        each(head_is_get_without_the_bytes),
        each(a_header_for_one_caller_is_on_the_answer_to_that_caller),
        each(matching_tag_is_not_modified),
        each(not_modified_has_no_body),
        each(date_counts_only_without_a_tag),
        each(one_range_is_sent_as_a_part),
        each(impossible_range_is_416),
        each(several_ranges_give_everything),
        each(range_holds_only_for_the_same_version),
        cmocka_unit_test_setup_teardown(changed_file_is_an_error, open_file, close_server),
        cmocka_unit_test_setup_teardown(source_is_read_only_for_what_is_sent, open_source,
                                        close_source),
        cmocka_unit_test_setup_teardown(failing_source_is_not_sent, open_source, close_source),
        cmocka_unit_test_teardown(every_described_header_is_sent, close_server),
        cmocka_unit_test_teardown(empty_entity_is_fine, close_server),
        cmocka_unit_test(values_with_line_ends_make_no_entity),
        cmocka_unit_test(lack_of_memory_makes_no_entity),
        cmocka_unit_test(lack_of_memory_keeps_no_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
