#include "http_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define H "Host: a\r\n"

static struct http_fixture fx;
static struct reply r;

static int open_server(void **state)
{
    (void)state;
    fx = (struct http_fixture){.options = {.min_rate = 512}};
    fixture_open(&fx);
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    reply_done(&r);
    fixture_close(&fx);
    return 0;
}

static void close_now(unsigned seconds)
{
    http_close(fx.server, seconds);
    fx.server = NULL;
}

/* --- addresses -------------------------------------------------------------------------------- */

static void taken_port_is_told(void **state)
{
    (void)state;
    assert_true(str_starts(http_address(fx.server), S("127.0.0.1:")));
    assert_false(str_ends(http_address(fx.server), S(":0")));
}

static void address_in_use_is_an_error(void **state)
{
    struct http_app app = {0};
    struct http_options opt = {.listen = http_address(fx.server)};
    struct http_server *s = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(http_open(&opt, fx.work, &fx.log, &app, &s, &err), ERR_IO);
    assert_null(s);
    assert_true(str_starts(str_of(err.msg), S("cannot listen on 127.0.0.1:")));
}

static void malformed_addresses_are_refused(void **state)
{
    static const char *const bad[] = {
        "",           "8080",  "127.0.0.1", ":8080",  "::1:8080", "127.0.0.1:http", "localhost:80",
        "127.0.0.1:", "[::1]", "1.2.3:x",   "[::1:80"};
    struct http_app app = {0};
    struct http_server *s = NULL;
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct http_options opt = {.listen = str_of(bad[i])};

        assert_int_equal(http_open(&opt, fx.work, &fx.log, &app, &s, &err), ERR_INVALID);
    }
    assert_null(s);
}

static void ipv6_and_one_thread_are_served(void **state)
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    (void)state;
    fx = (struct http_fixture){.options = {.listen = S("[::1]:0"), .threads = 1}};
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
        print_message("no IPv6 here\n");
        skip();
    }
    (void)close(fd);
    fixture_open(&fx);
    assert_true(str_starts(http_address(fx.server), S("[::1]:")));
    addr.sin6_port = htons(fx.port);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    client_sendz(fd, "GET /work HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    (void)close(fd);
    await_count(&fx.finishes, 1);
    assert_string_equal(fx.last_remote, "::1");
}

/* --- what must not get through (RFC 9112) ----------------------------------------------------- */

/* Sends bytes and expects the status, and the end of the connection. 0: closed without answer. */
static void expect_refusal(struct str request, unsigned status)
{
    int fd = client_open(&fx);

    client_send(fd, request);
    if (status) {
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, status);
        assert_str(reply_header(&r, "Connection"), "close");
    } else {
        assert_false(client_read(fd, false, &r));
    }
    (void)close(fd);
}

#define refused(status, text) expect_refusal(S(text), status)
#define POST                  "POST /buffer HTTP/1.1\r\n" H

/* In our form: the reason is the body. The guard's own tests have every case; these prove that
 * the library's buffer looks as the guard believes. */
static void guard_stands_before_the_application(void **state)
{
    (void)state;
    refused(400, POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_str(reply_body(&r), "both Content-Length and Transfer-Encoding");
    refused(400, POST "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd");
    refused(400, POST "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd");
    refused(501, POST "Transfer-Encoding: xchunked\r\n\r\n");
    refused(501, POST "Transfer-Encoding: chunked, chunked\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\n\r\n");
    assert_str(reply_body(&r), "no Host");
    refused(400, "GET /memory HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\n" H "X : y\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\n" H "X: a\0b\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\n" H "X: a\0\0Y: b\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\n" H "\0GET /x HTTP/1.1\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\n" H "X: a\x01\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\nHost: a\n\r\n");
    refused(400, "GET /memory\0x HTTP/1.1\r\n" H "\r\n");
    refused(400, "GET /mem ory HTTP/1.1\r\n" H "\r\n");
    refused(400, "GET  /memory HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(fx.begins, 0);
}

/* These never reach us. The form of the answers is the library's, and it closes. */
static void library_refuses_the_rest(void **state)
{
    (void)state;
    refused(400, POST "Content-Length: +5\r\n\r\nhello");
    refused(400, POST "Content-Length: 5abc\r\n\r\nhello");
    refused(400, POST "Content-Length: 5, 5\r\n\r\nhello");
    refused(400, POST "Content-Length:\r\n\r\nhello");
    refused(413, POST "Content-Length: 99999999999999999999\r\n\r\nhello");
    refused(400, "GET /memory HTTP/1.1\r\n" H "X\r\n\r\n");
    refused(400, "GET /memory HTTP/1.1\r\n" H "X\0Y: z\r\n\r\n");
    refused(400, "GET /memory\r\n" H "\r\n");
    refused(400, "GET /memory http/1.1\r\n" H "\r\n");
    refused(505, "GET /memory HTTP/2.0\r\n" H "\r\n");
    refused(0, "\x16\x03\x01\x02\r\n\r\n"); /* TLS */
    assert_int_equal(fx.begins, 0);
    assert_int_equal(fx.refusals, 0);
}

static void large_headers_are_refused(void **state)
{
    AUTO(buf_done) struct buf request = BUF_INIT(MIB);

    (void)state;
    buf_addz(&request, "GET /memory HTTP/1.1\r\n" H "X: ");
    for (size_t i = 0; i < LIMIT_HEADERS; i++)
        buf_addc(&request, 'y');
    buf_addz(&request, "\r\n\r\n");
    expect_refusal(buf_str(&request), 431);
    assert_str(reply_body(&r), "headers are too large");
    for (size_t i = 0; i < 64 * KIB; i++) /* more than the library can hold */
        buf_addc(&request, 'y');
    request.len -= 64 * KIB + 4;
    for (size_t i = 0; i < 64 * KIB; i++)
        buf_addc(&request, 'y');
    expect_refusal(buf_str(&request), 431);
    assert_true(str_starts(reply_body(&r), S("<html>")));

    buf_clear(&request);
    buf_addz(&request, "GET /");
    for (size_t i = 0; i < 9 * KIB; i++)
        buf_addc(&request, 'y');
    buf_addz(&request, " HTTP/1.1\r\n" H "\r\n");
    expect_refusal(buf_str(&request), 414);
    assert_str(reply_body(&r), "target is too long");
}

/* The library would keep a record of each, and hang. */
static void queries_of_many_fields_are_served(void **state)
{
    AUTO(buf_done) struct buf request = BUF_INIT(MIB);

    (void)state;
    buf_addz(&request, "GET /memory?");
    for (size_t i = 0; i < 3000; i++)
        buf_addz(&request, "a&");
    buf_addz(&request, " HTTP/1.1\r\n" H "X-Test: found\r\n\r\n");
    buf_addc(&request, '\0');
    ask(&fx, request.ptr, &r);
    assert_int_equal(r.status, 200);
    await_count(&fx.finishes, 1);
    assert_true(str_starts(str_of(fx.last_target), S("/memory?a&a&")));
    assert_string_equal(fx.last_header, "found");
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void late_headers_and_idle_connections_are_cut(void **state)
{
    uint64_t begun = clock_mono_us();
    int idle, half, kept;

    (void)state;
    fx = (struct http_fixture){.options = {.header_seconds = 1, .idle_seconds = 3}};
    fixture_open(&fx);
    idle = client_open(&fx);
    half = client_open(&fx);
    kept = client_open(&fx);
    client_sendz(half, "GET /memory HTTP/1.1\r\nHost: a\r\n");
    client_sendz(kept, "GET /memory HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(kept, false, &r));
    assert_false(client_read(idle, false, &r));
    assert_false(client_read(half, false, &r));
    assert_true(clock_mono_us() - begun < 2900000);
    assert_false(client_read(kept, false, &r));
    assert_true(clock_mono_us() - begun > 2500000);
    (void)close(idle);
    (void)close(half);
    (void)close(kept);
}

static void work_is_not_cut(void **state)
{
    int fd;

    (void)state;
    fx = (struct http_fixture){.options = {.header_seconds = 1, .idle_seconds = 1}};
    fixture_open(&fx);
    fd = client_open(&fx);
    client_sendz(fd, "GET /gate HTTP/1.1\r\n" H "\r\n");
    (void)usleep(2500000);
    gate_open(&fx.gate);
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    (void)close(fd);
}

/* --- the end ---------------------------------------------------------------------------------- */

struct closing {
    pthread_t thread;
    unsigned seconds;
    atomic_bool done;
};

static void *close_in_thread(void *arg)
{
    struct closing *c = arg;

    close_now(c->seconds);
    atomic_store(&c->done, true);
    return NULL;
}

static void begin_closing(struct closing *c, unsigned seconds)
{
    *c = (struct closing){.seconds = seconds};
    assert_int_equal(pthread_create(&c->thread, NULL, close_in_thread, c), 0);
    (void)usleep(200000);
    assert_false(atomic_load(&c->done));
}

static bool can_connect(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons(fx.port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool yes = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;

    (void)close(fd);
    return yes;
}

static void requests_in_flight_finish(void **state)
{
    int fd = client_open(&fx), idle = client_open(&fx);
    struct closing c;

    (void)state;
    client_sendz(idle, "GET /memory HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(idle, false, &r));
    await_count(&fx.finishes, 1);
    (void)usleep(50000); /* the connection is known to be idle */
    client_sendz(fd, "GET /gate HTTP/1.1\r\n" H "\r\n");
    gate_await(&fx.gate, 1);
    begin_closing(&c, 10);
    assert_false(can_connect());
    assert_true(client_is_closed(idle));
    gate_open(&fx.gate);
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    assert_str(reply_body(&r), "worked");
    assert_str(reply_header(&r, "Connection"), "close");
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    assert_int_equal(fx.aborts, 0);
    (void)close(fd);
    (void)close(idle);
}

static void upload_in_flight_finishes(void **state)
{
    int fd = client_open(&fx);
    struct closing c;

    (void)state;
    client_sendz(fd, "PUT /stream HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nabc");
    await_count(&fx.prepares, 1);
    begin_closing(&c, 10);
    client_sendz(fd, "def");
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    assert_true(str_starts(reply_body(&r), S("6 bef57ec7f53a6d40")));
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    (void)close(fd);
}

static void request_over_the_time_is_cut(void **state)
{
    int fd = client_open(&fx);
    uint64_t begun;

    (void)state;
    client_sendz(fd, "PUT /stream HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nabc");
    await_count(&fx.prepares, 1);
    begun = clock_mono_us();
    close_now(1);
    assert_true(clock_mono_us() - begun < 3000000);
    assert_int_equal(fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    assert_false(client_read(fd, false, &r));
    (void)close(fd);
}

/* What a worker has is waited for, but not answered any more. */
static void work_over_the_time_is_waited_for(void **state)
{
    int get = client_open(&fx), put = client_open(&fx);
    struct closing c;

    (void)state;
    client_sendz(get, "GET /gate HTTP/1.1\r\n" H "\r\n");
    client_sendz(put, "PUT /slow HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc");
    gate_await(&fx.gate, 2);
    begin_closing(&c, 0);
    gate_open(&fx.gate);
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    assert_int_equal(fx.finishes, 2);
    assert_int_equal(fx.aborts, 2);
    assert_false(client_read(get, false, &r));
    assert_false(client_read(put, false, &r));
    (void)close(get);
    (void)close(put);
}

static void idle_server_closes_at_once(void **state)
{
    uint64_t begun = clock_mono_us();
    int fd = client_open(&fx);

    (void)state;
    assert_true(client_is_quiet(fd));
    close_now(10);
    assert_true(clock_mono_us() - begun < 2000000);
    assert_true(client_is_closed(fd));
    (void)close(fd);
    http_close(NULL, 1);
}

static void connections_over_the_limit_wait(void **state)
{
    int fd[4];

    (void)state;
    fx = (struct http_fixture){.options = {.connections_max = 2}};
    fixture_open(&fx);
    for (size_t i = 0; i < COUNT(fd); i++)
        fd[i] = client_open(&fx);
    for (size_t i = 0; i < COUNT(fd); i++) {
        client_sendz(fd[i], "GET /memory HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
        assert_true(client_read(fd[i], false, &r));
        assert_int_equal(r.status, 200);
        (void)close(fd[i]);
    }
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
/* Opens its own server. */
#define own(name) cmocka_unit_test_teardown(name, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(taken_port_is_told),
        test(address_in_use_is_an_error),
        test(malformed_addresses_are_refused),
        own(ipv6_and_one_thread_are_served),
        test(guard_stands_before_the_application),
        test(library_refuses_the_rest),
        test(large_headers_are_refused),
        test(queries_of_many_fields_are_served),
        own(late_headers_and_idle_connections_are_cut),
        own(work_is_not_cut),
        test(requests_in_flight_finish),
        test(upload_in_flight_finishes),
        test(request_over_the_time_is_cut),
        test(work_over_the_time_is_waited_for),
        test(idle_server_closes_at_once),
        own(connections_over_the_limit_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
