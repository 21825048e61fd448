/* http_fixture.c: see http_fixture.h */
#include "http_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"

/* --- gate ------------------------------------------------------------------------------------- */

static void gate_pass(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->waiting++;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    g->waiting--;
    pthread_mutex_unlock(&g->lock);
}

static void gate_set(struct gate *g, bool open)
{
    pthread_mutex_lock(&g->lock);
    g->open = open;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

void gate_open(struct gate *g)
{
    gate_set(g, true);
}

void gate_shut(struct gate *g)
{
    gate_set(g, false);
}

void gate_await(struct gate *g, int waiting)
{
    pthread_mutex_lock(&g->lock);
    while (g->waiting < waiting)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

/* --- application ------------------------------------------------------------------------------ */

struct upload {
    struct digest *digest;
    uint64_t bytes;
};

static bool target_is(const struct http_exchange *ex, const char *start)
{
    return str_starts(ex->target, str_of(start));
}

static void count_up(struct http_fixture *fx, atomic_int *count)
{
    pthread_mutex_lock(&fx->lock);
    atomic_fetch_add(count, 1);
    pthread_cond_broadcast(&fx->counted);
    pthread_mutex_unlock(&fx->lock);
}

static void note(struct http_fixture *fx, const char *call, atomic_int *count)
{
    size_t len;

    pthread_mutex_lock(&fx->lock);
    len = strlen(fx->calls);
    (void)snprintf(fx->calls + len, sizeof(fx->calls) - len, "%s ", call);
    pthread_mutex_unlock(&fx->lock);
    count_up(fx, count);
}

static void send_entity(struct http_fixture *fx, struct http_exchange *ex)
{
    struct err err = {0};

    if (http_entity_send(ex, fx->entity, &err))
        ex->response = http_response_bytes(500, str_of(err.msg));
}

static enum http_next app_begin(void *ctx, struct http_exchange *ex)
{
    struct http_fixture *fx = ctx;

    note(fx, "begin", &fx->begins);
    atomic_fetch_add(&fx->exchanges, 1);
    if (http_header(ex, "X-Want").len) {
        ex->extra_name = "X-Extra";
        ex->extra_value = str_dup(ex->mem, http_header(ex, "X-Want"));
    }
    if (target_is(ex, "/memory")) {
        ex->response = http_response_bytes(200, S("memory"));
        return HTTP_ANSWER;
    }
    if (target_is(ex, "/entity")) {
        send_entity(fx, ex);
        return HTTP_ANSWER;
    }
    return HTTP_WORK;
}

static enum err_code app_sink(struct http_exchange *ex, struct str chunk, struct err *err);

static void close_digest(void *digest)
{
    digest_close(digest);
}

static void app_prepare(void *ctx, struct http_exchange *ex)
{
    struct http_fixture *fx = ctx;
    struct upload *u;

    note(fx, "prepare", &fx->prepares);
    if (target_is(ex, "/refuse")) {
        ex->response = http_response_bytes(401, S("refused"));
    } else if (target_is(ex, "/buffer")) {
        ex->plan = (struct http_plan){.body = HTTP_BODY_BUFFER, .body_max = BODY_MAX};
    } else if (target_is(ex, "/stream") || target_is(ex, "/slow") || target_is(ex, "/fail")) {
        u = arena_new(ex->mem, struct upload);
        u->digest = digest_open();
        assert_true(arena_defer(ex->mem, close_digest, u->digest));
        ex->app = u;
        ex->plan =
            (struct http_plan){.body = HTTP_BODY_STREAM, .body_max = STREAM_MAX, .sink = app_sink};
    }
}

/* The exchange does not lead to the fixture, and there is one at a time. */
static struct http_fixture *current;

static enum err_code app_sink(struct http_exchange *ex, struct str chunk, struct err *err)
{
    struct http_fixture *fx = current;
    struct upload *u = ex->app;
    int at_once = atomic_fetch_add(&fx->sinks_at_once, 1) + 1;

    if (at_once > atomic_load(&fx->sinks_at_once_max))
        atomic_store(&fx->sinks_at_once_max, at_once);
    count_up(fx, &fx->sinks);
    if (target_is(ex, "/slow"))
        gate_pass(&fx->gate);
    digest_add(u->digest, chunk);
    u->bytes += chunk.len;
    atomic_fetch_sub(&fx->sinks_at_once, 1);
    if (target_is(ex, "/fail") && u->bytes > FAIL_AFTER)
        return fail(err, ERR_NO_SPACE, "sink is full");
    return OK;
}

static struct http_response *stream_answer(struct http_exchange *ex)
{
    struct upload *u = ex->app;
    char sha256[SHA256_HEX + 1], md5[MD5_HEX + 1];

    assert_int_equal(u->bytes, ex->body_size);
    digest_finish(u->digest, sha256, md5);
    return http_response_bytes(200, str_fmt(ex->mem, "%ju %s", (uintmax_t)u->bytes, sha256));
}

static void app_run(void *ctx, struct http_exchange *ex)
{
    struct http_fixture *fx = ctx;

    note(fx, "run", &fx->runs);
    if (target_is(ex, "/gate"))
        gate_pass(&fx->gate);
    if (target_is(ex, "/silent"))
        return;
    if (ex->body_err.code)
        ex->response = http_response_bytes(ex->body_err.code == ERR_TOO_BIG ? 413 : 507,
                                           str_of(ex->body_err.msg));
    else if (ex->app)
        ex->response = stream_answer(ex);
    else if (target_is(ex, "/late"))
        send_entity(fx, ex);
    else if (target_is(ex, "/buffer"))
        ex->response = http_response_bytes(200, ex->body);
    else
        ex->response = http_response_bytes(200, S("worked"));
}

static void keep(char *out, size_t size, struct str s)
{
    (void)snprintf(out, size, STR_FMT, STR_ARG(s));
}

static void app_finish(void *ctx, struct http_exchange *ex)
{
    struct http_fixture *fx = ctx;

    pthread_mutex_lock(&fx->lock);
    keep(fx->last_target, sizeof(fx->last_target), ex->target);
    keep(fx->last_method, sizeof(fx->last_method), ex->method_text);
    keep(fx->last_remote, sizeof(fx->last_remote), ex->remote);
    keep(fx->last_header, sizeof(fx->last_header), http_header(ex, "x-test"));
    keep(fx->last_list, sizeof(fx->last_list), http_header_list(ex, "x-test"));
    fx->last_body_size = ex->body_size;
    pthread_mutex_unlock(&fx->lock);
    if (ex->aborted)
        count_up(fx, &fx->aborts);
    note(fx, "finish", &fx->finishes);
}

static struct http_response *app_refuse(void *ctx, struct http_exchange *ex, unsigned status,
                                        const struct err *err)
{
    struct http_fixture *fx = ctx;

    assert_non_null(ex->mem);
    note(fx, "refuse", &fx->refusals);
    if (status != 500 && status != 503) /* not yet known to begin() */
        atomic_fetch_add(&fx->exchanges, 1);
    return http_response_bytes(status, str_of(err->msg));
}

/* --- source ----------------------------------------------------------------------------------- */

static void source_released(struct shared *self)
{
    struct fixture_source *s = (struct fixture_source *)self;

    atomic_fetch_add(&s->released, 1);
}

static void note_read(struct fixture_source *s, uint64_t offset, size_t len)
{
    size_t used;

    pthread_mutex_lock(&current->lock);
    used = strlen(s->ranges);
    (void)snprintf(s->ranges + used, sizeof(s->ranges) - used, "%ju+%zu ", (uintmax_t)offset, len);
    pthread_mutex_unlock(&current->lock);
}

static enum err_code source_read(void *object, uint64_t offset, size_t len, char *out,
                                 struct err *err)
{
    struct fixture_source *s = object;
    int at_once = atomic_fetch_add(&s->at_once, 1) + 1;

    if (at_once > atomic_load(&s->at_once_max))
        atomic_store(&s->at_once_max, at_once);
    note_read(s, offset, len);
    count_up(current, &s->reads);
    if (s->gate && atomic_load(&s->reads) > s->pass)
        gate_pass(s->gate);
    for (size_t done = 0, n; done < len; done += n) {
        struct str part = str_from(s->bytes, (size_t)((offset + done) % s->bytes.len));

        n = part.len < len - done ? part.len : len - done;
        memcpy(out + done, part.ptr, n);
    }
    atomic_fetch_sub(&s->at_once, 1);
    if (s->fail_from && offset + len > s->fail_from)
        return fail(err, ERR_IO, "source is gone");
    return OK;
}

struct http_source fixture_source_init(struct fixture_source *s, struct str bytes)
{
    *s = (struct fixture_source){.bytes = bytes};
    shared_init(&s->shared, source_released);
    return (struct http_source){s, source_read, sizeof *s};
}

bool fixture_source_read(struct fixture_source *s, const char *ranges)
{
    bool same;

    pthread_mutex_lock(&current->lock);
    same = strcmp(s->ranges, ranges) == 0;
    if (!same)
        print_error("the reads were \"%s\"\n", s->ranges);
    pthread_mutex_unlock(&current->lock);
    return same;
}

/* --- server ----------------------------------------------------------------------------------- */

void fixture_open(struct http_fixture *fx)
{
    fixture_open_with(fx, 4, 64);
}

void fixture_open_with(struct http_fixture *fx, unsigned workers, size_t queue_max)
{
    struct http_app app = {fx, app_begin, app_prepare, app_run, app_finish, app_refuse};
    struct err err = {0};
    struct str host, port;
    uint64_t number = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    if (!fx->options.listen.len)
        fx->options.listen = S("127.0.0.1:0");
    if (!fx->options.threads)
        fx->options.threads = 2;
    if (!fx->options.connections_max)
        fx->options.connections_max = 100;
    if (!fx->options.header_seconds)
        fx->options.header_seconds = 10;
    if (!fx->options.idle_seconds)
        fx->options.idle_seconds = 20;
    fx->log = (struct log){.fd = fx->log_fd ? fx->log_fd : STDERR_FILENO, .level = LOG_ERROR};
    assert_int_equal(pthread_mutex_init(&fx->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&fx->counted, NULL), 0);
    assert_int_equal(pthread_mutex_init(&fx->gate.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&fx->gate.changed, NULL), 0);
    fx->work = work_open(workers, queue_max);
    assert_non_null(fx->work);
    current = fx;
    if (http_open(&fx->options, fx->work, &fx->log, &app, &fx->server, &err))
        print_error("%s\n", err.msg);
    assert_non_null(fx->server);
    assert_true(str_cut_last(http_address(fx->server), ':', &host, &port));
    assert_true(str_u64(port, UINT16_MAX, &number));
    fx->port = (uint16_t)number;
}

void fixture_close(struct http_fixture *fx)
{
    if (fx->server)
        http_close(fx->server, 5);
    work_close(fx->work);
    assert_int_equal(atomic_load(&fx->finishes), atomic_load(&fx->exchanges));
    (void)pthread_mutex_destroy(&fx->lock);
    (void)pthread_cond_destroy(&fx->counted);
    (void)pthread_mutex_destroy(&fx->gate.lock);
    (void)pthread_cond_destroy(&fx->gate.changed);
    http_entity_unrefp(&fx->entity);
}

void await_count(atomic_int *count, int value)
{
    struct timespec until;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
    until.tv_sec += 10;
    pthread_mutex_lock(&current->lock);
    while (atomic_load(count) < value &&
           pthread_cond_timedwait(&current->counted, &current->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&current->lock);
    assert_int_equal(atomic_load(count), value);
}

/* --- client ----------------------------------------------------------------------------------- */

int client_open(const struct http_fixture *fx)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons(fx->port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

void client_send(int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        bytes = str_from(bytes, (size_t)n);
    }
}

void client_sendz(int fd, const char *z)
{
    client_send(fd, str_of(z));
}

/* Byte by byte: what follows belongs to the body or to the next answer. */
static bool read_head(int fd, struct reply *r)
{
    size_t n = 0;

    while (n < sizeof(r->head) - 1) {
        if (recv(fd, r->head + n, 1, 0) != 1)
            return false;
        r->head[++n] = '\0';
        if (n >= 4 && !memcmp(r->head + n - 4, "\r\n\r\n", 4))
            return true;
    }
    return false;
}

struct str reply_header(const struct reply *r, const char *name)
{
    struct str rest = str_of(r->head), line, key;

    while (str_cut(&rest, '\n', &line))
        if (str_cut(&line, ':', &key) && str_eq_nocase(key, str_of(name)))
            return str_trim(str_sub(line, 0, line.len - 1));
    return (struct str){NULL, 0};
}

struct str reply_body(const struct reply *r)
{
    return (struct str){r->body, r->body_len};
}

void reply_done(struct reply *r)
{
    mem_free(r->body);
    *r = (struct reply){0};
}

bool client_read(int fd, bool bodiless, struct reply *r)
{
    uint64_t status = 0, length = 0;

    reply_done(r);
    if (!read_head(fd, r))
        return false;
    assert_true(str_starts(str_of(r->head), S("HTTP/1.1 ")));
    assert_true(str_u64(str_sub(str_of(r->head), 9, 3), 999, &status));
    r->status = (unsigned)status;
    if (bodiless || status < 200 || status == 204 || status == 304)
        return true;
    assert_true(str_u64(reply_header(r, "content-length"), REPLY_BODY_MAX, &length));
    r->body = mem_get(length + 1);
    while (r->body_len < length) {
        ssize_t n = recv(fd, r->body + r->body_len, length - r->body_len, 0);

        if (n <= 0)
            return false;
        r->body_len += (size_t)n;
    }
    return true;
}

bool client_is_closed(int fd)
{
    struct timeval patience = {.tv_sec = 1};
    char c;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    return recv(fd, &c, 1, 0) == 0;
}

void client_abort(int fd)
{
    struct linger at_once = {.l_onoff = 1};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    (void)close(fd);
}

bool client_is_quiet(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};

    return poll(&p, 1, 200) == 0;
}

void ask(const struct http_fixture *fx, const char *request, struct reply *r)
{
    int fd = client_open(fx);

    client_sendz(fd, request);
    assert_true(client_read(fd, str_starts(str_of(request), S("HEAD ")), r));
    (void)close(fd);
}
