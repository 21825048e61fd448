#include "http_fixture.h"

#include <unistd.h>

#define H "Host: a\r\n"

static struct http_fixture fx;
static struct reply r;

static int open_server(void **state)
{
    (void)state;
    fx = (struct http_fixture){0};
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

static void answer_from_memory_needs_no_worker(void **state)
{
    (void)state;
    ask(&fx, "GET /memory?x=y HTTP/1.1\r\n" H "X-Test:  a b \r\n\r\n", &r);
    assert_int_equal(r.status, 200);
    assert_str(reply_body(&r), "memory");
    await_count(&fx.finishes, 1);
    assert_string_equal(fx.calls, "begin finish ");
    assert_string_equal(fx.last_target, "/memory?x=y");
    assert_string_equal(fx.last_method, "GET");
    assert_string_equal(fx.last_remote, "127.0.0.1");
    assert_string_equal(fx.last_header, "a b");
}

static void values_of_a_repeated_header_are_a_list(void **state)
{
    (void)state;
    ask(&fx, "GET /memory HTTP/1.1\r\n" H "\r\n", &r);
    await_count(&fx.finishes, 1);
    assert_string_equal(fx.last_list, "");
    ask(&fx,
        "GET /memory HTTP/1.1\r\n" H "X-Test: a, b\r\nX: c\r\nx-test: d\r\nX-TEST:\r\n"
        "X-Test: e\r\n\r\n",
        &r);
    await_count(&fx.finishes, 2);
    assert_string_equal(fx.last_header, "a, b");
    assert_string_equal(fx.last_list, "a, b,d,,e");
}

static void work_goes_through_all_steps(void **state)
{
    (void)state;
    ask(&fx, "GET /work HTTP/1.1\r\n" H "\r\n", &r);
    assert_int_equal(r.status, 200);
    assert_str(reply_body(&r), "worked");
    await_count(&fx.finishes, 1);
    assert_string_equal(fx.calls, "begin prepare run finish ");
}

static void refusal_in_prepare_is_not_run(void **state)
{
    (void)state;
    ask(&fx, "GET /refuse HTTP/1.1\r\n" H "\r\n", &r);
    assert_int_equal(r.status, 401);
    assert_str(reply_body(&r), "refused");
    await_count(&fx.finishes, 1);
    assert_string_equal(fx.calls, "begin prepare finish ");
}

static void missing_answer_becomes_500(void **state)
{
    (void)state;
    ask(&fx, "GET /silent HTTP/1.1\r\n" H "\r\n", &r);
    assert_int_equal(r.status, 500);
    assert_str(reply_body(&r), "no answer was made");
    await_count(&fx.finishes, 1);
}

static void methods_are_told_apart(void **state)
{
    (void)state;
    assert_string_equal(http_method_name(HTTP_PATCH), "PATCH");
    ask(&fx, "PROPFIND /memory HTTP/1.1\r\n" H "\r\n", &r);
    assert_int_equal(r.status, 200);
    await_count(&fx.finishes, 1);
    assert_string_equal(fx.last_method, "PROPFIND");
    ask(&fx, "get /memory HTTP/1.1\r\n" H "\r\n", &r);
    await_count(&fx.finishes, 2);
    assert_string_equal(fx.last_method, "get");
}

static void connection_is_kept_whatever_the_answer(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    for (int i = 0; i < 3; i++) {
        client_sendz(fd, "GET /memory HTTP/1.1\r\n" H "\r\n");
        assert_true(client_read(fd, false, &r));
        client_sendz(fd, "GET /work HTTP/1.1\r\n" H "\r\n");
        assert_true(client_read(fd, false, &r));
        client_sendz(fd, "GET /refuse HTTP/1.1\r\n" H "\r\n");
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, 401);
        assert_null(reply_header(&r, "Connection").ptr);
    }
    assert_true(client_is_quiet(fd));
    (void)close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "GET /work HTTP/1.1\r\n" H "\r\n"
                     "POST /buffer HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"
                     "GET /memory HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, false, &r));
    assert_str(reply_body(&r), "worked");
    assert_true(client_read(fd, false, &r));
    assert_str(reply_body(&r), "abc");
    assert_true(client_read(fd, false, &r));
    assert_str(reply_body(&r), "memory");
    (void)close(fd);
}

static void close_is_obeyed(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "GET /memory HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
    assert_true(client_read(fd, false, &r));
    assert_str(reply_header(&r, "Connection"), "close");
    assert_true(client_is_closed(fd));
    (void)close(fd);

    fd = client_open(&fx);
    client_sendz(fd, "GET /memory HTTP/1.0\r\n\r\n");
    assert_true(client_read(fd, false, &r));
    assert_true(client_is_closed(fd));
    (void)close(fd);
}

static void head_has_the_length_and_no_body(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "HEAD /memory HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, true, &r));
    assert_int_equal(r.status, 200);
    assert_str(reply_header(&r, "Content-Length"), "6");
    assert_true(client_is_quiet(fd));
    client_sendz(fd, "GET /memory HTTP/1.1\r\n" H "\r\n"); /* nothing of it was left over */
    assert_true(client_read(fd, false, &r));
    assert_str(reply_body(&r), "memory");
    (void)close(fd);
}

static void answers_are_dated(void **state)
{
    (void)state;
    ask(&fx, "GET /memory HTTP/1.1\r\n" H "\r\n", &r);
    assert_int_equal(reply_header(&r, "Date").len, 29);
}

/* --- bodies and 100 Continue ------------------------------------------------------------------ */

static void waiting_client_is_told_to_continue(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "POST /buffer HTTP/1.1\r\n" H "Content-Length: 3\r\n"
                     "Expect: 100-continue\r\n\r\n");
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 100);
    client_sendz(fd, "abc");
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    assert_str(reply_body(&r), "abc");
    (void)close(fd);
}

/* Each of these answers instead of asking for the body, and closes: the client may send it all
 * the same. */
static void refused_client_is_not_told_to_continue(void **state)
{
    static const struct {
        const char *target;
        unsigned length, status;
    } cases[] = {{"/refuse", 3, 401},
                 {"/memory", 3, 200},
                 {"/work", 3, 200},
                 {"/buffer", BODY_MAX + 1, 413}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int fd = client_open(&fx);
        char request[200];

        (void)snprintf(request, sizeof(request),
                       "POST %s HTTP/1.1\r\n" H "Content-Length: %u\r\n"
                       "Expect: 100-continue\r\n\r\n",
                       cases[i].target, cases[i].length);
        client_sendz(fd, request);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, cases[i].status);
        assert_str(reply_header(&r, "Connection"), "close");
        assert_true(client_is_closed(fd));
        (void)close(fd);
    }
}

static void waiting_without_a_body_is_answered_at_once(void **state)
{
    static const char *const requests[] = {
        "GET /memory HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n",
        "GET /work HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n"
        "GET /work HTTP/1.1\r\n" H "\r\n",
        "PUT /buffer HTTP/1.1\r\n" H "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        int fd = client_open(&fx);

        client_sendz(fd, requests[i]);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, 200);
        assert_true(client_is_closed(fd));
        (void)close(fd);
    }
}

static void unwanted_body_is_read_before_the_answer(void **state)
{
    static const char *const targets[] = {"/refuse", "/memory", "/work"};
    static char bytes[500000];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < COUNT(targets); i++) {
        int fd = client_open(&fx);
        char head[200];

        (void)snprintf(head, sizeof(head), "PUT %s HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n",
                       targets[i], sizeof(bytes));
        client_sendz(fd, head);
        assert_true(client_is_quiet(fd));
        client_send(fd, (struct str){bytes, sizeof(bytes)});
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, i ? 200 : 401);
        client_sendz(fd, "GET /memory HTTP/1.1\r\n" H "\r\n"); /* the connection is in step */
        assert_true(client_read(fd, false, &r));
        assert_str(reply_body(&r), "memory");
        (void)close(fd);
    }
    await_count(&fx.finishes, 2 * (int)COUNT(targets));
    assert_int_equal(fx.aborts, 0);
}

static void empty_bodies_need_no_reading(void **state)
{
    (void)state;
    ask(&fx, "POST /buffer HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", &r);
    assert_int_equal(r.status, 200);
    assert_str(reply_body(&r), "");
    ask(&fx, "POST /buffer HTTP/1.1\r\n" H "\r\n", &r);
    assert_int_equal(r.status, 200);
    ask(&fx, "POST /buffer HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &r);
    assert_int_equal(r.status, 200);
}

/* Trailers are not looked at by the guard, so nothing may follow them. */
static void connection_ends_after_a_chunked_body(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "POST /buffer HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n"
                     "GET /memory HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, false, &r));
    assert_str(reply_body(&r), "abcde");
    assert_str(reply_header(&r, "Connection"), "close");
    assert_true(client_is_closed(fd));
    (void)close(fd);
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.begins, 1);
}

/* --- trouble ---------------------------------------------------------------------------------- */

static void guarded_request_is_answered_and_closed(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "POST /buffer HTTP/1.1\r\n" H "Content-Length: 4\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n"
                     "0\r\n\r\nGET /memory HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 400);
    assert_str(reply_body(&r), "both Content-Length and Transfer-Encoding");
    assert_str(reply_header(&r, "Connection"), "close");
    assert_true(client_is_closed(fd));
    (void)close(fd);
    await_count(&fx.finishes, 1);
    assert_string_equal(fx.calls, "refuse finish ");
}

static void client_that_leaves_during_work_is_noticed(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "GET /gate HTTP/1.1\r\n" H "\r\n");
    gate_await(&fx.gate, 1);
    client_abort(fd);
    gate_open(&fx.gate);
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    assert_string_equal(fx.calls, "begin prepare run finish ");
}

static void client_that_leaves_during_its_body_is_noticed(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "POST /buffer HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\nabc");
    await_count(&fx.prepares, 1);
    (void)close(fd);
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    assert_int_equal(fx.runs, 0);
}

static void client_that_leaves_during_its_headers_was_never_there(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "GET /memory HTTP/1.1\r\nHost: a\r\n");
    assert_true(client_is_quiet(fd));
    (void)close(fd);
    ask(&fx, "GET /memory HTTP/1.1\r\n" H "\r\n", &r);
    await_count(&fx.finishes, 1);
    assert_string_equal(fx.calls, "begin finish ");
}

static void malformed_chunks_abort_the_exchange(void **state)
{
    int fd = client_open(&fx);

    (void)state;
    client_sendz(fd, "POST /buffer HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 400);
    assert_true(client_is_closed(fd));
    (void)close(fd);
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    assert_int_equal(fx.runs, 0);
}

static void full_queue_is_answered_503(void **state)
{
    int a, b, c;

    (void)state;
    fixture_close(&fx);
    fx = (struct http_fixture){0};
    fixture_open_with(&fx, 1, 1);
    a = client_open(&fx);
    client_sendz(a, "GET /gate HTTP/1.1\r\n" H "\r\n");
    gate_await(&fx.gate, 1);
    b = client_open(&fx); /* waits in the queue */
    client_sendz(b, "GET /work HTTP/1.1\r\n" H "\r\n");
    await_count(&fx.begins, 2);
    (void)usleep(50000); /* begin() has returned and the queue is full */
    c = client_open(&fx);
    client_sendz(c, "PUT /work HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc");
    assert_true(client_read(c, false, &r));
    assert_int_equal(r.status, 503);
    assert_str(reply_header(&r, "Retry-After"), "2");
    assert_str(reply_body(&r), "too many requests are waiting");
    client_sendz(c, "GET /memory HTTP/1.1\r\n" H "\r\n"); /* event threads are free */
    assert_true(client_read(c, false, &r));
    assert_int_equal(r.status, 200);
    gate_open(&fx.gate);
    assert_true(client_read(a, false, &r));
    assert_int_equal(r.status, 200);
    assert_true(client_read(b, false, &r));
    assert_int_equal(r.status, 200);
    (void)close(a);
    (void)close(b);
    (void)close(c);
    await_count(&fx.finishes, 4);
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(answer_from_memory_needs_no_worker),
        test(values_of_a_repeated_header_are_a_list),
        test(work_goes_through_all_steps),
        test(refusal_in_prepare_is_not_run),
        test(missing_answer_becomes_500),
        test(methods_are_told_apart),
        test(connection_is_kept_whatever_the_answer),
        test(pipelined_requests_are_answered_in_order),
        test(close_is_obeyed),
        test(head_has_the_length_and_no_body),
        test(answers_are_dated),
        test(waiting_client_is_told_to_continue),
        test(refused_client_is_not_told_to_continue),
        test(waiting_without_a_body_is_answered_at_once),
        test(unwanted_body_is_read_before_the_answer),
        test(empty_bodies_need_no_reading),
        test(connection_ends_after_a_chunked_body),
        test(guarded_request_is_answered_and_closed),
        test(client_that_leaves_during_work_is_noticed),
        test(client_that_leaves_during_its_body_is_noticed),
        test(client_that_leaves_during_its_headers_was_never_there),
        test(malformed_chunks_abort_the_exchange),
        test(full_queue_is_answered_503),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
