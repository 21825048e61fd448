#include "http_fixture.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/mem.h"

#define H "Host: a\r\n"

static struct http_fixture fx;
static struct reply r;
static struct str bytes; /* 3 MiB and a bit, no two blocks alike */

static int open_server(void **state)
{
    (void)state;
    fx = (struct http_fixture){0};
    fixture_open(&fx);
    return 0;
}

static int open_server_of_one_thread(void **state)
{
    (void)state;
    fx = (struct http_fixture){.options.threads = 1};
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

static int make_bytes(void **state)
{
    size_t len = 3 * MIB + 12345;
    char *p = mem_get(len);
    uint32_t x = 1;

    (void)state;
    for (size_t i = 0; i < len; i++) {
        x = x * 1103515245 + 12345;
        p[i] = (char)(x >> 16);
    }
    bytes = (struct str){p, len};
    return 0;
}

static int free_bytes(void **state)
{
    (void)state;
    mem_free((void *)(uintptr_t)bytes.ptr);
    return 0;
}

/* "length sha256", as the application answers. */
static void expect_answer_for(struct str sent)
{
    char hex[SHA256_HEX + 1], want[120];

    digest_sha256_hex(sent, hex);
    (void)snprintf(want, sizeof(want), "%zu %s", sent.len, hex);
    assert_int_equal(r.status, 200);
    assert_str(reply_body(&r), want);
}

static int begin_upload(const char *target, uint64_t length)
{
    int fd = client_open(&fx);
    char head[200];

    (void)snprintf(head, sizeof(head), "PUT %s HTTP/1.1\r\n" H "Content-Length: %ju\r\n\r\n",
                   target, (uintmax_t)length);
    client_sendz(fd, head);
    return fd;
}

static void check_kept(int fd)
{
    client_sendz(fd, "GET /memory HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, false, &r));
    assert_str(reply_body(&r), "memory");
}

static void stream_reaches_the_sink_whole_and_in_order(void **state)
{
    static const size_t sizes[] = {1,      100,        256 * 1024 - 1, 256 * 1024,
                                   262145, 512 * 1024, 600000,         3 * 1024 * 1024 + 12345};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        int fd = begin_upload("/stream", sizes[i]);

        client_send(fd, str_sub(bytes, 0, sizes[i]));
        assert_true(client_read(fd, false, &r));
        expect_answer_for(str_sub(bytes, 0, sizes[i]));
        check_kept(fd);
        (void)close(fd);
    }
    assert_int_equal(fx.sinks_at_once_max, 1);
    assert_int_equal(fx.aborts, 0);
}

static void small_stream_takes_one_call_of_the_sink(void **state)
{
    int fd = begin_upload("/stream", 200000);

    (void)state;
    client_send(fd, str_sub(bytes, 0, 200000));
    assert_true(client_read(fd, false, &r));
    assert_int_equal(fx.sinks, 1);
    (void)close(fd);
}

static void chunked_stream_reaches_the_sink(void **state)
{
    int fd = client_open(&fx);
    size_t at = 0;

    (void)state;
    client_sendz(fd, "PUT /stream HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t n = 1; at < 1000000; n = n * 3 + 1) {
        char size[32];

        if (n > 100000)
            n = 7;
        (void)snprintf(size, sizeof(size), "%zx\r\n", n);
        client_sendz(fd, size);
        client_send(fd, str_sub(bytes, at, n));
        client_sendz(fd, "\r\n");
        at += n;
    }
    client_sendz(fd, "0\r\n\r\n");
    assert_true(client_read(fd, false, &r));
    expect_answer_for(str_sub(bytes, 0, at));
    (void)close(fd);
}

static void many_streams_run_side_by_side(void **state)
{
    int fd[8];
    size_t step = 100000;

    (void)state;
    for (size_t i = 0; i < COUNT(fd); i++)
        fd[i] = begin_upload("/stream", 2000000);
    for (size_t at = 0; at < 2000000; at += step)
        for (size_t i = 0; i < COUNT(fd); i++)
            client_send(fd[i], str_sub(bytes, at + i, step));
    for (size_t i = 0; i < COUNT(fd); i++) {
        assert_true(client_read(fd[i], false, &r));
        expect_answer_for(str_sub(bytes, i, 2000000));
        (void)close(fd[i]);
    }
}

/* How much can be sent while the sink does not move: until the socket takes nothing for 200 ms. */
static size_t send_until_full(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    size_t sent = 0;

    while (poll(&p, 1, 200) == 1) {
        ssize_t n = send(fd, bytes.ptr, MIB, MSG_DONTWAIT | MSG_NOSIGNAL);

        assert_true(n > 0);
        sent += (size_t)n;
    }
    return sent;
}

static void slow_sink_holds_the_client_back(void **state)
{
    int fd = begin_upload("/slow", GIB);
    int small = 64 * 1024, other;
    size_t sent;

    (void)state;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    sent = send_until_full(fd);
    assert_true(sent >= 512 * KIB); /* two buffers */
    assert_true(sent < 16 * MIB);   /* and what the kernel keeps */
    other = client_open(&fx);
    check_kept(other); /* others are served meanwhile */
    (void)close(other);
    gate_open(&fx.gate);
    for (size_t left = GIB / 64 - sent; left;) { /* it goes on */
        struct str part = str_sub(bytes, 0, left);

        client_send(fd, part);
        left -= part.len;
    }
    (void)close(fd);
    await_count(&fx.aborts, 1);
}

static void held_stream_loses_nothing(void **state)
{
    int fd = begin_upload("/slow", bytes.len);

    (void)state;
    for (size_t at = 0; at < bytes.len; at += 100000) {
        if (at == 1000000)
            gate_open(&fx.gate);
        client_send(fd, str_sub(bytes, at, 100000));
    }
    assert_true(client_read(fd, false, &r));
    expect_answer_for(bytes);
    check_kept(fd);
    (void)close(fd);
}

static void refusing_sink_is_told_at_the_end(void **state)
{
    int fd = begin_upload("/fail", bytes.len);

    (void)state;
    client_send(fd, bytes);
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 507);
    assert_str(reply_body(&r), "sink is full");
    assert_int_equal(fx.sinks, 2); /* it was not called again */
    check_kept(fd);
    (void)close(fd);
}

/* The sink refuses in the middle of the body; the answer waits for its end. */
static void refusing_sink_of_a_slow_client_is_told_at_the_end(void **state)
{
    int fd = begin_upload("/fail", 2000000);

    (void)state;
    client_send(fd, str_sub(bytes, 0, 1000000));
    await_count(&fx.sinks, 2);
    assert_true(client_is_quiet(fd));
    client_send(fd, str_sub(bytes, 1000000, 1000000));
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 507);
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.last_body_size, 2000000);
    assert_int_equal(fx.sinks, 2);
    (void)close(fd);
}

static void client_that_leaves_while_the_sink_works_is_noticed(void **state)
{
    int fd = begin_upload("/slow", bytes.len);

    (void)state;
    client_send(fd, str_sub(bytes, 0, 300000));
    gate_await(&fx.gate, 1);
    client_abort(fd);
    ask(&fx, "GET /memory HTTP/1.1\r\n" H "\r\n", &r); /* the one event thread has been past it */
    ask(&fx, "GET /memory HTTP/1.1\r\n" H "\r\n", &r);
    await_count(&fx.finishes, 2);
    assert_int_equal(fx.aborts, 0); /* not while the sink has bytes of it */
    gate_open(&fx.gate);
    await_count(&fx.finishes, 3);
    assert_int_equal(fx.aborts, 1);
    assert_int_equal(fx.runs, 0);
}

static void client_that_leaves_while_held_is_noticed(void **state)
{
    int fd = begin_upload("/slow", GIB);

    (void)state;
    assert_true(send_until_full(fd) > 512 * KIB); /* so it is not read any more */
    gate_await(&fx.gate, 1);
    client_abort(fd);
    gate_open(&fx.gate);
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
}

/* --- buffered --------------------------------------------------------------------------------- */

static void buffered_body_is_whole(void **state)
{
    int fd = begin_upload("/buffer", BODY_MAX);

    (void)state;
    for (size_t at = 0; at < BODY_MAX; at += 100) {
        client_send(fd, str_sub(bytes, at, 100));
        (void)usleep(1000); /* a pace, not a wait: so that it arrives in pieces */
    }
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    assert_true(str_eq(reply_body(&r), str_sub(bytes, 0, BODY_MAX)));
    check_kept(fd);
    (void)close(fd);
}

static void announced_excess_is_refused(void **state)
{
    int fd = begin_upload("/buffer", BODY_MAX + 1);

    (void)state;
    client_send(fd, str_sub(bytes, 0, BODY_MAX + 1));
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 413);
    assert_str(reply_body(&r), "body is larger than 1000 bytes");
    check_kept(fd);
    (void)close(fd);
}

/* In two chunks, of BODY_MAX and `more` bytes. */
static unsigned status_of_chunks(int more)
{
    int fd = client_open(&fx);
    char size[16];

    client_sendz(fd, "PUT /buffer HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
    (void)snprintf(size, sizeof(size), "%x\r\n", BODY_MAX);
    client_sendz(fd, size);
    client_send(fd, str_sub(bytes, 0, BODY_MAX));
    if (more)
        client_sendz(fd, "\r\n1\r\nx");
    client_sendz(fd, "\r\n0\r\n\r\n");
    assert_true(client_read(fd, false, &r));
    (void)close(fd);
    return r.status;
}

static void unannounced_excess_is_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of_chunks(0), 200);
    assert_int_equal(status_of_chunks(1), 413);
}

/* --- dropped ---------------------------------------------------------------------------------- */

/* Sends up to `limit` bytes; the number that went before the connection was closed. */
static size_t flood(int fd, size_t limit)
{
    size_t sent = 0;

    while (sent < limit) {
        ssize_t n = send(fd, bytes.ptr, MIB, MSG_NOSIGNAL);

        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    return sent;
}

static void answer_comes_after_64_mib_of_an_unwanted_body(void **state)
{
    static const char *const targets[] = {"/refuse", "/work", "/buffer", "/fail"};
    static const unsigned statuses[] = {401, 200, 413, 507};

    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        int fd = begin_upload(targets[i], GIB);

        assert_int_equal(flood(fd, 63 * MIB), 63 * MIB);
        assert_true(client_is_quiet(fd));
        (void)flood(fd, 4 * MIB);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, statuses[i]);
        assert_str(reply_header(&r, "Connection"), "close");
        assert_true(client_is_closed(fd)); /* for reading; and it is not read for ever: */
        assert_true(flood(fd, GIB) < 100 * MIB);
        (void)close(fd);
    }
    await_count(&fx.finishes, (int)COUNT(targets));
    assert_int_equal(fx.aborts, 0); /* each was answered */
}

static void answer_comes_after_64_mib_of_chunks(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "PUT /refuse HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 65; i++) {
        client_sendz(fd, "100000\r\n");
        client_send(fd, str_sub(bytes, 0, MIB));
        client_sendz(fd, "\r\n");
    }
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 401);
    assert_str(reply_body(&r), "refused");
    client_sendz(fd, "0\r\n\r\n"); /* its end is not answered again */
    assert_true(client_is_closed(fd));
    (void)close(fd);
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(stream_reaches_the_sink_whole_and_in_order),
        test(small_stream_takes_one_call_of_the_sink),
        test(chunked_stream_reaches_the_sink),
        test(many_streams_run_side_by_side),
        test(slow_sink_holds_the_client_back),
        test(held_stream_loses_nothing),
        test(refusing_sink_is_told_at_the_end),
        test(refusing_sink_of_a_slow_client_is_told_at_the_end),
        cmocka_unit_test_setup_teardown(client_that_leaves_while_the_sink_works_is_noticed,
                                        open_server_of_one_thread, close_server),
        test(client_that_leaves_while_held_is_noticed),
        test(buffered_body_is_whole),
        test(announced_excess_is_refused),
        test(unannounced_excess_is_refused),
        test(answer_comes_after_64_mib_of_an_unwanted_body),
        test(answer_comes_after_64_mib_of_chunks),
    };

    return cmocka_run_group_tests(tests, make_bytes, free_bytes);
}
