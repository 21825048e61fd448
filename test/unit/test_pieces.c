#include "http_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/conn.h"

#define H     "Host: a\r\n"
#define PIECE ((uint64_t)HTTP_PIECE)
#define MUCH  (64 * PIECE) /* more than the kernel takes for a client that does not read */

static struct http_fixture fx;
static struct fixture_source source;
static struct reply r;
static char *block; /* what the source repeats: no two pieces are alike */
static struct str bytes;

static int make_bytes(void **state)
{
    size_t len = 3 * MIB + 12345;
    uint32_t x = 1;

    (void)state;
    block = mem_get(len);
    for (size_t i = 0; i < len; i++) {
        x = x * 1103515245 + 12345;
        block[i] = (char)(x >> 16);
    }
    bytes = (struct str){block, len};
    return 0;
}

static int free_bytes(void **state)
{
    (void)state;
    mem_free(block);
    return 0;
}

/* A server whose entity has `size` bytes of the source, and its only reference. */
static void open_with(uint64_t size, unsigned workers)
{
    struct http_entity_desc d = {.etag = S("abc"), .content_type = S("text/plain"), .size = size};

    d.source = fixture_source_init(&source, bytes);
    fx.entity = http_entity_new(&d);
    assert_non_null(fx.entity);
    shared_unref(d.source.object);
    fixture_open_with(&fx, workers, 64);
}

static int prepare(void **state)
{
    (void)state;
    fx = (struct http_fixture){0};
    return 0;
}

static void close_now(unsigned seconds)
{
    http_close(fx.server, seconds);
    fx.server = NULL;
}

static void close_all(void)
{
    reply_done(&r);
    fixture_close(&fx);
    assert_int_equal(source.released, 1);
    assert_int_equal(source.at_once, 0);
}

static int close_server(void **state)
{
    (void)state;
    close_all();
    return 0;
}

/* --- client ----------------------------------------------------------------------------------- */

static void get(int fd, const char *target, const char *headers)
{
    char request[300];

    (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" H "%s\r\n", target, headers);
    client_sendz(fd, request);
}

/* Takes up to len bytes of a body, which must be those of the source from `from` on. How many
 * there were. */
static uint64_t take(int fd, uint64_t from, uint64_t len)
{
    static char got[64 * 1024];
    uint64_t done = 0;

    while (done < len) {
        size_t at = (size_t)((from + done) % bytes.len), max = bytes.len - at;
        ssize_t n;

        if (max > sizeof(got))
            max = sizeof(got);
        if (max > len - done)
            max = (size_t)(len - done);
        n = recv(fd, got, max, 0);
        if (n <= 0)
            break;
        assert_memory_equal(got, bytes.ptr + at, (size_t)n);
        done += (uint64_t)n;
    }
    return done;
}

static void expect_whole(int fd, uint64_t size)
{
    char length[32];

    assert_true(client_read(fd, true, &r));
    assert_int_equal(r.status, 200);
    (void)snprintf(length, sizeof(length), "%ju", (uintmax_t)size);
    assert_str(reply_header(&r, "Content-Length"), length);
    assert_int_equal(take(fd, 0, size), size);
}

/* One that asks for everything and takes the head alone, when nothing moves any more: one piece is
 * with the library, of which the kernel has taken a bit, and the next one is ready. */
static int client_that_stalls(void)
{
    int small = 64 * 1024, fd;

    /* Of the connections that it will accept. */
    assert_int_equal(setsockopt(fx.server->listen_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
                     0);
    fd = client_open(&fx);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    get(fd, "/entity", "");
    assert_true(client_read(fd, true, &r));
    await_count(&source.reads, 2);
    while (atomic_load(&fx.server->at_work))
        (void)usleep(1000);
    return fd;
}

/* Lets a client that has stalled take of its body until so much is at work: then a piece was just
 * handed over, the next one is asked for, and the kernel has no room for all of the first. */
static void take_until_at_work(int fd, long count)
{
    for (uint64_t at = 0; atomic_load(&fx.server->at_work) < count; at += 16 * KIB) {
        assert_true(at < 2 * PIECE);
        assert_int_equal(take(fd, at, 16 * KIB), 16 * KIB);
        (void)usleep(5000); /* a pace, not a wait: for the server to see the room */
    }
}

/* The read waits at the gate, the connection does not wait for it. */
static int client_that_stalls_while_a_piece_comes(void)
{
    int fd;

    source.gate = &fx.gate;
    source.pass = 2;
    fd = client_that_stalls();
    take_until_at_work(fd, 1);
    gate_await(&fx.gate, 1);
    return fd;
}

/* As if 31 seconds had passed, until somebody is found to be slow. */
static void reap(void)
{
    uint64_t now = clock_mono_us();

    for (int i = 0; i < 20 && !atomic_load(&fx.finishes); i++) {
        reaper_tick(fx.server->reaper, now);
        (void)usleep(20000);
        now += 31 * 1000000;
    }
}

static void check_served(const char *target)
{
    struct reply other = {0};
    char request[100];

    (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" H "\r\n", target);
    ask(&fx, request, &other);
    assert_int_equal(other.status, 200);
    reply_done(&other);
}

/* --- what is sent ----------------------------------------------------------------------------- */

static void whole_body_is_exact(void **state)
{
    static const uint64_t sizes[] = {
        1, 2, 1000, HTTP_PIECE - 1, PIECE, PIECE + 1, 2 * PIECE - 1, 2 * PIECE, 3 * PIECE, 5000001};
    static const char *const targets[] = {"/entity", "/late"};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        int fd;

        open_with(sizes[i], 2);
        fd = client_open(&fx);
        for (size_t t = 0; t < COUNT(targets); t++) {
            get(fd, targets[t], "");
            get(fd, "/memory", ""); /* pipelined: its answer begins where it must */
            expect_whole(fd, sizes[i]);
            assert_true(client_read(fd, false, &r));
            assert_str(reply_body(&r), "memory");
        }
        assert_int_equal(source.reads, 2 * ((sizes[i] + PIECE - 1) / PIECE));
        assert_int_equal(source.at_once_max, 1);
        (void)close(fd);
        await_count(&fx.finishes, 4);
        assert_int_equal(fx.aborts, 0);
        close_all();
        (void)prepare(state);
    }
}

static void range_is_read_from_where_it_begins(void **state)
{
    static const struct {
        const char *range, *reads;
        uint64_t first, len;
    } cases[] = {
        {"0-0", "0+1 ", 0, 1},
        {"1048575-1048575", "1048575+1 ", 1048575, 1},
        {"1048576-1048576", "1048576+1 ", 1048576, 1},
        {"1048575-1048576", "1048575+2 ", 1048575, 2},
        {"0-1048575", "0+1048576 ", 0, 1048576},
        {"0-1048576", "0+1048576 1048576+1 ", 0, 1048577},
        {"1-1048577", "1+1048576 1048577+1 ", 1, 1048577},
        {"1048576-2097151", "1048576+1048576 ", 1048576, 1048576},
        {"1000000-3145738", "1000000+1048576 2048576+1048576 3097152+48587 ", 1000000, 2145739},
        {"3145728-", "3145728+11 ", 3145728, 11},
        {"-1", "3145738+1 ", 3145738, 1},
        {"-1048577", "2097162+1048576 3145738+1 ", 2097162, 1048577},
        {"-99999999", "0+1048576 1048576+1048576 2097152+1048576 3145728+11 ", 0, 3145739}};
    int fd;

    (void)state;
    open_with(3 * PIECE + 11, 2);
    fd = client_open(&fx);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char header[64];

        source.ranges[0] = '\0'; /* nothing is under way */
        (void)snprintf(header, sizeof(header), "Range: bytes=%s\r\n", cases[i].range);
        get(fd, "/entity", header);
        assert_true(client_read(fd, true, &r));
        assert_int_equal(r.status, 206);
        assert_int_equal(take(fd, cases[i].first, cases[i].len), cases[i].len);
        assert_true(fixture_source_read(&source, cases[i].reads));
    }
    (void)close(fd);
}

static void head_and_the_like_read_nothing(void **state)
{
    int fd;

    (void)state;
    open_with(MUCH, 2);
    fd = client_open(&fx);
    client_sendz(fd, "HEAD /entity HTTP/1.1\r\n" H "\r\n");
    assert_true(client_read(fd, true, &r));
    assert_int_equal(r.status, 200);
    assert_str(reply_header(&r, "Content-Length"), "67108864");
    get(fd, "/entity", "If-None-Match: \"abc\"\r\n");
    assert_true(client_read(fd, true, &r));
    assert_int_equal(r.status, 304);
    get(fd, "/entity", "Range: bytes=67108864-\r\n");
    assert_true(client_read(fd, false, &r));
    assert_int_equal(r.status, 416);
    get(fd, "/memory", "");
    assert_true(client_read(fd, false, &r));
    assert_str(reply_body(&r), "memory");
    assert_int_equal(source.reads, 0);
    (void)close(fd);
}

/* --- when it is read -------------------------------------------------------------------------- */

static void head_does_not_wait_for_the_first_piece(void **state)
{
    int fd;

    (void)state;
    open_with(4 * PIECE, 2);
    source.gate = &fx.gate;
    fd = client_open(&fx);
    get(fd, "/entity", "");
    assert_true(client_read(fd, true, &r));
    assert_true(client_is_quiet(fd));
    gate_await(&fx.gate, 1);
    gate_open(&fx.gate);
    assert_int_equal(take(fd, 0, 4 * PIECE), 4 * PIECE);
    assert_int_equal(source.at_once_max, 1);
    (void)close(fd);
}

/* The second read waits; the first piece comes all the same, and nothing after it is asked for. */
static void one_piece_is_fetched_ahead_and_no_more(void **state)
{
    int fd;

    (void)state;
    open_with(4 * PIECE, 2);
    source.gate = &fx.gate;
    source.pass = 1;
    fd = client_open(&fx);
    get(fd, "/entity", "");
    assert_true(client_read(fd, true, &r));
    assert_int_equal(take(fd, 0, PIECE), PIECE);
    gate_await(&fx.gate, 1);
    assert_true(client_is_quiet(fd));
    assert_true(fixture_source_read(&source, "0+1048576 1048576+1048576 "));
    gate_open(&fx.gate);
    assert_int_equal(take(fd, PIECE, 3 * PIECE), 3 * PIECE);
    (void)close(fd);
}

static void client_that_reads_nothing_is_not_read_ahead_for(void **state)
{
    int fd;

    (void)state;
    open_with(MUCH, 2);
    fd = client_that_stalls();
    (void)usleep(200000);
    assert_int_equal(source.reads, 2);
    assert_int_equal(take(fd, 0, MUCH), MUCH);
    assert_int_equal(source.reads, 64);
    assert_int_equal(source.at_once_max, 1);
    (void)close(fd);
}

/* Each has more to get than the kernel takes, and reads none of it. */
static void slow_clients_leave_the_workers_free(void **state)
{
    int fd[64];

    (void)state;
    open_with(12 * PIECE, 2);
    for (size_t i = 0; i < COUNT(fd); i++) {
        fd[i] = client_open(&fx);
        get(fd[i], i % 2 ? "/late" : "/entity", "");
    }
    for (size_t i = 0; i < COUNT(fd); i++) {
        assert_true(client_read(fd[i], true, &r));
        assert_int_equal(take(fd[i], 0, 1), 1);
    }
    check_served("/work"); /* by one of the two workers */
    check_served("/memory");
    await_count(&fx.finishes, 2); /* nobody else's */
    for (size_t i = 0; i < COUNT(fd); i++) {
        assert_int_equal(take(fd[i], 1, 12 * PIECE - 1), 12 * PIECE - 1);
        (void)close(fd[i]);
    }
    await_count(&fx.finishes, 2 + (int)COUNT(fd));
    assert_int_equal(fx.aborts, 0);
    assert_true(source.at_once_max <= 2);
}

/* --- failures --------------------------------------------------------------------------------- */

/* Up to the failing piece, if the client is fast enough for all of it. */
static void failing_read_cuts_the_body(void **state)
{
    static const uint64_t whole[] = {0, 1, 2, 3}; /* pieces before it */

    (void)state;
    for (size_t i = 0; i < COUNT(whole); i++) {
        int fd;

        (void)prepare(state);
        fx.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        open_with(4 * PIECE, 2);
        source.fail_from = whole[i] * PIECE + 1;
        fd = client_open(&fx);
        get(fd, "/entity", "");
        assert_true(client_read(fd, true, &r));
        assert_int_equal(r.status, 200);
        assert_int_equal(take(fd, 0, 4 * PIECE), whole[i] * PIECE);
        assert_true(client_is_closed(fd));
        (void)close(fd);
        await_count(&fx.aborts, 1);
        await_count(&fx.finishes, 1);
        assert_int_equal(source.reads, whole[i] + 1); /* it is not tried again */
        (void)close(fx.log_fd);
        close_all();
    }
}

static void failing_read_is_logged(void **state)
{
    char path[] = "/tmp/terrarium-pieces-XXXXXX", line[1000];
    ssize_t len;
    int fd;

    (void)state;
    fx.log_fd = mkstemp(path);
    assert_true(fx.log_fd > 0);
    open_with(2 * PIECE, 2);
    source.fail_from = PIECE + 1;
    fd = client_open(&fx);
    get(fd, "/entity", "");
    assert_true(client_read(fd, true, &r));
    assert_int_equal(take(fd, 0, 2 * PIECE), PIECE);
    (void)close(fd);
    await_count(&fx.finishes, 1);
    len = pread(fx.log_fd, line, sizeof(line) - 1, 0);
    assert_true(len > 0);
    line[len] = '\0';
    assert_non_null(strstr(line, "body_failed id=1 error=io msg=\"source is gone\" file="));
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    (void)close(fx.log_fd);
    (void)unlink(path);
}

/* --- clients that leave ----------------------------------------------------------------------- */

/* The connection is suspended until the piece is there, and only then is it looked at. */
static void client_that_leaves_while_awaited_is_noticed(void **state)
{
    int fd;

    (void)state;
    open_with(MUCH, 2);
    source.gate = &fx.gate;
    fd = client_open(&fx);
    get(fd, "/entity", "");
    gate_await(&fx.gate, 1);
    client_abort(fd);
    check_served("/memory");
    await_count(&fx.finishes, 1); /* that one */
    gate_open(&fx.gate);
    await_count(&fx.finishes, 2);
    assert_int_equal(fx.aborts, 1);
}

/* It is finished at once; the worker has the last reference. */
static void client_that_leaves_while_a_piece_comes_is_noticed(void **state)
{
    int fd;

    (void)state;
    open_with(MUCH, 2);
    fd = client_that_stalls_while_a_piece_comes();
    client_abort(fd);
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    http_entity_unrefp(&fx.entity);
    assert_int_equal(source.released, 0);
    gate_open(&fx.gate);
    close_now(5);
    assert_int_equal(source.released, 1);
}

/* The only worker is elsewhere, and when it comes nobody wants the piece. */
static void piece_that_nobody_wants_is_not_read(void **state)
{
    int fd, busy, reads;

    (void)state;
    open_with(MUCH, 1);
    fd = client_that_stalls();
    busy = client_open(&fx);
    get(busy, "/gate", "");
    gate_await(&fx.gate, 1);
    reads = atomic_load(&source.reads);
    take_until_at_work(fd, 2);
    client_abort(fd);
    await_count(&fx.finishes, 1);
    gate_open(&fx.gate);
    assert_true(client_read(busy, false, &r));
    assert_str(reply_body(&r), "worked");
    (void)close(busy);
    close_now(5);
    assert_int_equal(source.reads, reads);
    assert_int_equal(fx.aborts, 1);
}

/* Whatever the moment at which they leave. */
static void clients_that_leave_at_any_time_leave_nothing_behind(void **state)
{
    (void)state;
    open_with(MUCH, 2);
    for (int i = 0; i < 100; i++) {
        int fd = client_open(&fx);

        get(fd, i % 2 ? "/late" : "/entity", "");
        assert_true(client_read(fd, true, &r));
        assert_int_equal(take(fd, 0, (uint64_t)i * 54321), i * 54321);
        if (i % 3)
            client_abort(fd);
        else
            (void)close(fd);
    }
    check_served("/work");
    await_count(&fx.finishes, 101);
    assert_int_equal(fx.aborts, 100);
}

static void slow_reader_is_cut(void **state)
{
    int fd;

    (void)state;
    fx.options.min_rate = 512;
    open_with(MUCH, 2);
    fd = client_that_stalls();
    reap();
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    assert_true(take(fd, 0, MUCH) < PIECE);
    (void)close(fd);
}

static void slow_reader_is_cut_while_a_piece_comes(void **state)
{
    int fd;

    (void)state;
    fx.options.min_rate = 512;
    open_with(MUCH, 2);
    fd = client_that_stalls_while_a_piece_comes();
    reap();
    await_count(&fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    gate_open(&fx.gate);
    (void)close(fd);
}

static void slow_source_is_not_the_clients_fault(void **state)
{
    int fd;

    (void)state;
    fx.options.min_rate = 512;
    fx.options.idle_seconds = 1;
    open_with(2 * PIECE, 2);
    source.gate = &fx.gate;
    fd = client_open(&fx);
    get(fd, "/entity", "");
    gate_await(&fx.gate, 1);
    reap();
    (void)usleep(1500000); /* over idle_seconds */
    assert_int_equal(fx.finishes, 0);
    gate_open(&fx.gate);
    expect_whole(fd, 2 * PIECE);
    (void)close(fd);
}

/* --- the server's end ------------------------------------------------------------------------- */

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

static void body_under_way_ends_before_the_server(void **state)
{
    struct closing c;
    int fd;

    (void)state;
    open_with(MUCH, 2);
    fd = client_that_stalls();
    begin_closing(&c, 10);
    assert_int_equal(take(fd, 0, MUCH), MUCH);
    (void)close(fd);
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    assert_int_equal(fx.finishes, 1);
    assert_int_equal(fx.aborts, 0);
}

static void body_over_the_time_is_cut(void **state)
{
    int fd;

    (void)state;
    open_with(MUCH, 2);
    fd = client_that_stalls();
    close_now(0);
    assert_int_equal(fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    assert_true(take(fd, 0, MUCH) < MUCH);
    (void)close(fd);
    http_entity_unrefp(&fx.entity);
    assert_int_equal(source.released, 1);
}

/* The piece that is awaited is waited for, but not sent any more. */
static void read_over_the_time_is_waited_for(void **state)
{
    struct closing c;
    int fd;

    (void)state;
    open_with(MUCH, 2);
    source.gate = &fx.gate;
    fd = client_open(&fx);
    get(fd, "/entity", "");
    gate_await(&fx.gate, 1);
    begin_closing(&c, 0);
    gate_open(&fx.gate);
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    assert_int_equal(fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    assert_int_equal(source.reads, 1);
    http_entity_unrefp(&fx.entity);
    assert_int_equal(source.released, 1);
    (void)close(fd);
}

static void read_ahead_over_the_time_is_waited_for(void **state)
{
    struct closing c;
    int fd, reads;

    (void)state;
    open_with(MUCH, 2);
    fd = client_that_stalls_while_a_piece_comes();
    reads = atomic_load(&source.reads);
    begin_closing(&c, 0);
    gate_open(&fx.gate);
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    assert_int_equal(fx.finishes, 1);
    assert_int_equal(fx.aborts, 1);
    assert_int_equal(source.reads, reads);
    http_entity_unrefp(&fx.entity);
    assert_int_equal(source.released, 1);
    (void)close(fd);
}

static void busy_server_is_closed_at_any_time(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd[8];

        (void)prepare(state);
        open_with(MUCH, 2);
        for (size_t n = 0; n < COUNT(fd); n++) {
            fd[n] = client_open(&fx);
            get(fd[n], n % 2 ? "/late" : "/entity", "");
        }
        (void)usleep((unsigned)(i * 500)); /* another moment each time */
        close_now(0);
        for (size_t n = 0; n < COUNT(fd); n++)
            (void)close(fd[n]);
        close_all();
    }
}

#define test(name) cmocka_unit_test_setup_teardown(name, prepare, close_server)
/* Closes its own servers. */
#define own(name) cmocka_unit_test_setup(name, prepare)

int main(void)
{
    const struct CMUnitTest tests[] = {
        own(whole_body_is_exact),
        test(range_is_read_from_where_it_begins),
        test(head_and_the_like_read_nothing),
        test(head_does_not_wait_for_the_first_piece),
        test(one_piece_is_fetched_ahead_and_no_more),
        test(client_that_reads_nothing_is_not_read_ahead_for),
        test(slow_clients_leave_the_workers_free),
        own(failing_read_cuts_the_body),
        test(failing_read_is_logged),
        test(client_that_leaves_while_awaited_is_noticed),
        test(client_that_leaves_while_a_piece_comes_is_noticed),
        test(piece_that_nobody_wants_is_not_read),
        test(clients_that_leave_at_any_time_leave_nothing_behind),
        test(slow_reader_is_cut),
        test(slow_reader_is_cut_while_a_piece_comes),
        test(slow_source_is_not_the_clients_fault),
        test(body_under_way_ends_before_the_server),
        test(body_over_the_time_is_cut),
        test(read_over_the_time_is_waited_for),
        test(read_ahead_over_the_time_is_waited_for),
        own(busy_server_is_closed_at_any_time),
    };

    return cmocka_run_group_tests(tests, make_bytes, free_bytes);
}
