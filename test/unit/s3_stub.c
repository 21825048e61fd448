/* s3_stub.c: see s3_stub.h. The server's thread takes its memory from libc itself: a test that
 * makes the n-th allocation fail means one of the client's. */
#include "s3_stub.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

#define HEAD_MAX (16 * KIB)

/* What only a wrong test does. */
static void insist(bool holds)
{
    if (!holds)
        abort();
}

static void lock(struct s3_stub *f)
{
    insist(!pthread_mutex_lock(&f->lock));
}

static void unlock(struct s3_stub *f)
{
    insist(!pthread_mutex_unlock(&f->lock));
}

/* --- requests ------------------------------------------------------------------------------ */

struct str stub_header(const struct stub_request *rq, const char *name)
{
    struct str rest = rq->head, line, key;

    while (str_next(&rest, '\n', &line)) {
        if (str_ends(line, S("\r")))
            line.len--;
        if (str_cut(&line, ':', &key) && str_eq_nocase(key, str_of(name)))
            return str_trim(line);
    }
    return S("");
}

/* False if the connection ends before. */
static bool receive(int fd, struct stub_request *ret)
{
    char *bytes = malloc(HEAD_MAX);
    struct stub_request rq = {.fd = fd};
    uint64_t length = 0;
    size_t len = 0;
    struct str rest;

    for (insist(bytes != NULL); len < 4 || memcmp(bytes + len - 4, "\r\n\r\n", 4) != 0; len++)
        if (len == HEAD_MAX || recv(fd, bytes + len, 1, 0) != 1) {
            free(bytes);
            return false;
        }
    rq.head = (struct str){bytes, len};
    (void)str_u64(stub_header(&rq, "content-length"), STUB_BODY_MAX, &length);
    rq.memory = realloc(bytes, len + length + 1);
    insist(rq.memory != NULL);
    rq.memory[len + length] = '\0'; /* for tests that look for words */
    if (length && recv(fd, rq.memory + len, length, MSG_WAITALL) != (ssize_t)length) {
        free(rq.memory);
        return false;
    }
    rest = rq.head = (struct str){rq.memory, len};
    rq.body = (struct str){rq.memory + len, length};
    insist(str_cut(&rest, ' ', &rq.method) && str_cut(&rest, ' ', &rq.target));
    *ret = rq;
    return true;
}

/* --- the server's thread ------------------------------------------------------------------- */

static struct stub_answer take_note(struct s3_stub *f, const struct stub_request *rq)
{
    struct stub_answer answer;

    lock(f);
    insist(f->count < STUB_REQUESTS_MAX && f->scripted);
    answer = f->script[f->count < f->scripted ? f->count : f->scripted - 1];
    f->requests[f->count++] = *rq;
    insist(!pthread_cond_broadcast(&f->came));
    unlock(f);
    return answer;
}

/* False if the other side has closed it. */
static bool send_all(int fd, struct str bytes)
{
    ssize_t n = 1;

    for (; bytes.len && n > 0; bytes = str_from(bytes, (size_t)n))
        n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    return n > 0;
}

/* False if the connection is over. */
static bool serve_one(struct s3_stub *f, int fd)
{
    struct stub_request rq;
    struct stub_answer answer;

    if (!receive(fd, &rq))
        return false;
    answer = take_note(f, &rq);
    return send_all(fd, answer.bytes) && !answer.closes;
}

static void *serve(void *arg)
{
    struct s3_stub *f = arg;
    struct pollfd fds[1 + STUB_CONNECTIONS_MAX] = {{.fd = f->listener, .events = POLLIN}};
    nfds_t count = 1;

    for (;;) {
        insist(poll(fds, count, -1) > 0);
        for (nfds_t i = count - 1; i > 0; i--)
            if (fds[i].revents && !serve_one(f, fds[i].fd)) {
                (void)close(fds[i].fd);
                fds[i] = fds[--count];
            }
        if (fds[0].revents) {
            int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);

            if (fd < 0)
                break; /* it was shut down */
            insist(count < COUNT(fds));
            fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
            atomic_fetch_add(&f->connections, 1);
        }
    }
    while (--count)
        (void)close(fds[count].fd);
    return NULL;
}

/* --- for tests ----------------------------------------------------------------------------- */

/* The port on which it listens. */
static unsigned open_server(struct s3_stub *f)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    insist(!bind(f->listener, (const struct sockaddr *)&at, len) &&
           !listen(f->listener, STUB_CONNECTIONS_MAX) &&
           !getsockname(f->listener, (struct sockaddr *)&at, &len) &&
           !pthread_mutex_init(&f->lock, NULL) && !pthread_cond_init(&f->came, NULL) &&
           !pthread_create(&f->thread, NULL, serve, f));
    return ntohs(at.sin_port);
}

int s3_stub_enter(void **state)
{
    struct s3_stub *f = mem_new(struct s3_stub);

    insist(f && setenv("no_proxy", "*", 1) == 0); /* libcurl reads it */
    f->mem = arena_open(256 * MIB);
    insist(f->mem != NULL);
    f->answer = S3_ANSWER_INIT;
    f->options = (struct s3_options){
        .address = {.root = S("/bucket")},
        .who = {S("the-key-id"), S("the-secret"), S(""), S("us-east-1")},
        .timing = {3, .pause_ms = 1, .pause_max_ms = 2, .connect_ms = 5000, .slow_seconds = 20},
        .connections = 2};
    f->options.address.host = str_fmt(f->mem, "127.0.0.1:%u", open_server(f));
    f->options.address.base = str_fmt(f->mem, "http://%s", f->options.address.host.ptr);
    s3_stub_reopen(f);
    *state = f;
    return 0;
}

int s3_stub_leave(void **state)
{
    struct s3_stub *f = *state;

    s3_client_close(f->client); /* and with it the connections */
    insist(!shutdown(f->listener, SHUT_RDWR) && !pthread_join(f->thread, NULL));
    (void)close(f->listener);
    s3_stub_clear(f);
    insist(!pthread_cond_destroy(&f->came) && !pthread_mutex_destroy(&f->lock));
    s3_answer_done(&f->answer);
    arena_close(f->mem);
    mem_free(f);
    return 0;
}

void s3_stub_reopen(struct s3_stub *f)
{
    s3_client_close(f->client);
    f->client = s3_client_open(&f->options);
    insist(f->client != NULL);
}

static void add(struct s3_stub *f, struct str bytes, bool closes)
{
    lock(f);
    insist(bytes.ptr && f->scripted < STUB_SCRIPT_MAX);
    f->script[f->scripted++] = (struct stub_answer){bytes, closes};
    unlock(f);
}

#define ANSWER "HTTP/1.1 %d Whatever\r\n%sContent-Length: %ju\r\n\r\n%.*s"

void s3_stub_answer(struct s3_stub *f, int status, const char *headers, struct str body)
{
    add(f, str_fmt(f->mem, ANSWER, status, headers, (uintmax_t)body.len, (int)body.len, body.ptr),
        false);
}

void s3_stub_cut(struct s3_stub *f, int status, const char *headers, uint64_t announced,
                 struct str body)
{
    add(f, str_fmt(f->mem, ANSWER, status, headers, (uintmax_t)announced, (int)body.len, body.ptr),
        true);
}

void s3_stub_say(struct s3_stub *f, struct str bytes)
{
    add(f, bytes, false);
}

void s3_stub_hang_up(struct s3_stub *f)
{
    add(f, S(""), true);
}

void s3_stub_clear(struct s3_stub *f)
{
    lock(f);
    for (size_t i = 0; i < f->count; i++)
        free(f->requests[i].memory);
    f->count = f->scripted = 0;
    unlock(f);
}

void s3_stub_answer_late(struct s3_stub *f, size_t number, struct str bytes)
{
    lock(f);
    while (f->count <= number)
        insist(!pthread_cond_wait(&f->came, &f->lock));
    (void)send_all(f->requests[number].fd, bytes);
    unlock(f);
}

struct stub_request s3_stub_request(struct s3_stub *f, size_t number)
{
    struct stub_request rq;
    bool there;

    lock(f);
    there = number < f->count;
    rq = f->requests[there ? number : 0];
    unlock(f);
    assert_true(there);
    return rq;
}

const char *s3_stub_lines(struct s3_stub *f)
{
    AUTO(buf_done) struct buf lines = BUF_INIT(MIB);

    lock(f);
    for (size_t i = 0; i < f->count; i++) {
        const struct stub_request *rq = &f->requests[i];
        struct str range = stub_header(rq, "range");

        buf_addf(&lines, "%s%.*s %.*s%s%.*s", i ? ", " : "", (int)rq->method.len, rq->method.ptr,
                 (int)rq->target.len, rq->target.ptr, range.len ? " " : "", (int)range.len,
                 range.ptr);
    }
    unlock(f);
    insist(buf_ok(&lines));
    return str_z(f->mem, buf_str(&lines));
}

void s3_stub_assert_failure(struct s3_stub *f, const char *expected)
{
    struct str base = f->options.address.base;
    struct str begin = str_fmt(f->mem, "S3 at " STR_FMT "/bucket, ", STR_ARG(base));

    assert_true(str_starts(str_of(f->err.msg), begin));
    assert_string_equal(f->err.msg + begin.len, expected);
}
