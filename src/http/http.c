/* http.c: the server: its socket, its threads and its end. */
#include "http/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/conn.h"

#define BACKLOG   1024
#define WINDOW_US UINT64_C(30000000) /* over which the minimum rate is measured */
/* Of the library, per connection: the headers twice (as sent, and parsed). */
#define POOL (2 * LIMIT_HEADERS)

/* --- connections ------------------------------------------------------------------------------ */

struct http_conn *conn_new(struct http_server *s)
{
    struct http_conn *c = mem_new(struct http_conn);

    if (!c)
        return NULL;
    c->server = s;
    atomic_init(&c->refs, 1);
    if (pthread_mutex_init(&c->body.lock, NULL))
        abort(); /* cannot fail on Linux with default attributes */
    return c;
}

void conn_ref(struct http_conn *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void conn_unref(struct http_conn *c)
{
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    (void)pthread_mutex_destroy(&c->body.lock);
    mem_free(c);
}

static void print_remote(const struct sockaddr *addr, char *out, socklen_t out_len)
{
    const struct sockaddr_in6 *in6 = (const void *)addr;
    const struct sockaddr_in *in4 = (const void *)addr;

    /* An IPv4 peer of an IPv6 socket is named as on an IPv4 socket. */
    if (addr->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        (void)inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], out, out_len);
    else if (addr->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, out, out_len);
    else if (addr->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &in4->sin_addr, out, out_len);
}

static void *conn_started(struct http_server *s, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *addr =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct http_conn *c = conn_new(s);

    if (!c)
        return NULL; /* its requests will be refused */
    assert(fd && addr);
    print_remote(addr->client_addr, c->remote, sizeof(c->remote));
    reaper_add(s->reaper, &c->watch, fd->connect_fd);
    return c;
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = ctx;
    struct http_conn *c = *socket_context;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = conn_started(s, mhd);
    } else if (c) {
        reaper_remove(s->reaper, &c->watch);
        conn_unref(c);
        *socket_context = NULL;
    }
}

/* --- exchanges -------------------------------------------------------------------------------- */

/* Makes the query look empty to the library, which otherwise keeps a record of each of its fields
 * in the connection's pool, and hangs when that is full. Reading it is up to path.c. */
static void hide_query(const char *uri)
{
    char *query = strchr(uri, '?');

    if (query && query[1])
        query[1] = '\0';
}

static void *on_request_line(void *ctx, const char *uri, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_conn *c = info ? info->socket_context : NULL;

    (void)ctx;
    if (!c)
        return NULL;
    if (exchange_open(c, mhd, uri)) {
        hide_query(uri);
        return c;
    }
    exchange_finish(c);
    return NULL;
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *size, void **exchange)
{
    struct http_server *s = ctx;
    struct http_conn *c = *exchange;

    (void)mhd;
    (void)url; /* cut at "?" and at NULs; the exchange has its own copy of the target */
    if (!c || atomic_load_explicit(&s->cutting, memory_order_relaxed))
        return MHD_NO;
    return exchange_step(c, method, version, data, size);
}

static void on_completed(void *ctx, struct MHD_Connection *mhd, void **exchange,
                         enum MHD_RequestTerminationCode how)
{
    struct http_conn *c = *exchange;

    (void)ctx;
    (void)mhd;
    if (!c)
        return;
    *exchange = NULL;
    c->ex.aborted = how != MHD_REQUEST_TERMINATED_COMPLETED_OK && !c->answered;
    if (body_abandon(c))
        return;
    exchange_finish(c);
    watch_set(&c->watch, WATCH_IDLE);
}

/* The target is decoded by path.c, once. */
static size_t on_unescape(void *ctx, struct MHD_Connection *mhd, char *text)
{
    (void)ctx;
    (void)mhd;
    return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *ctx, const char *fmt, va_list args)
{
    const struct http_server *s = ctx;
    char text[256];

    if (s->log->level < LOG_DEBUG)
        return;
    (void)vsnprintf(text, sizeof(text), fmt, args); /* cut off if too long */
    text[strcspn(text, "\n")] = '\0';
    log_msg(s->log, LOG_DEBUG, "http", "%s", text);
}

/* --- work and its end ------------------------------------------------------------------------- */

static void lock(struct http_server *s)
{
    if (pthread_mutex_lock(&s->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct http_server *s)
{
    if (pthread_mutex_unlock(&s->lock))
        abort(); /* cannot fail, as above */
}

/* Under the lock while somebody waits: once that one has the lock and reads 0, nobody touches
 * the server any more. */
void server_count_down(struct http_server *s, _Atomic long *count)
{
    if (!atomic_load(&s->draining)) {
        atomic_fetch_sub(count, 1);
        return;
    }
    lock(s);
    if (atomic_fetch_sub(count, 1) == 1)
        (void)pthread_cond_broadcast(&s->quiet); /* cannot fail */
    unlock(s);
}

bool server_begin_work(struct http_server *s)
{
    atomic_fetch_add(&s->at_work, 1);
    if (!atomic_load(&s->cutting))
        return true;
    server_end_work(s);
    return false;
}

void server_end_work(struct http_server *s)
{
    server_count_down(s, &s->at_work);
}

/* Waits for *count to be 0, until the time is up. Looks again now and then, because a count may
 * have come down while nobody was known to be waiting. */
static void wait_for_none(struct http_server *s, _Atomic long *count, uint64_t until_us)
{
    lock(s);
    while (atomic_load(count) && clock_mono_us() < until_us) {
        struct timespec until;

        (void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail */
        until.tv_nsec += 20000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&s->quiet, &s->lock, &until); /* woken or not: look again */
    }
    unlock(s);
}

/* --- listening -------------------------------------------------------------------------------- */

/* "127.0.0.1:8080" or "[::1]:8080" into host and port, NUL-terminated. */
static bool split_address(struct str listen, char host[64], char port[8])
{
    struct str h, p;

    if (!str_cut_last(listen, ':', &h, &p))
        return false;
    if (str_starts(h, S("[")) && str_ends(h, S("]")))
        h = str_sub(h, 1, h.len - 2);
    else if (str_has(h, ':'))
        return false;
    if (!h.len || h.len >= 64 || !p.len || p.len >= 8)
        return false;
    memcpy(host, h.ptr, h.len);
    host[h.len] = '\0';
    memcpy(port, p.ptr, p.len);
    port[p.len] = '\0';
    return true;
}

static int bind_to(const struct addrinfo *ai)
{
    AUTO(fd_closep)
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    int one = 1, taken;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG))
        return -1;
    taken = fd;
    fd = -1;
    return taken;
}

/* The address that was really bound, as text. */
static void print_address(struct http_server *s)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof(addr);
    char host[64], port[8];

    if (getsockname(s->listen_fd, (struct sockaddr *)&addr, &len) ||
        getnameinfo((struct sockaddr *)&addr, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV))
        abort(); /* cannot fail for a bound socket and numeric output */
    (void)snprintf(s->address, sizeof(s->address), addr.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                   host, port);
}

static enum err_code open_socket(struct http_server *s, struct str listen, struct err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *ai = NULL;
    char host[64], port[8];

    if (!split_address(listen, host, port) || getaddrinfo(host, port, &hints, &ai))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not an address like 127.0.0.1:8080",
                    STR_ARG(listen));
    s->listen_fd = bind_to(ai);
    freeaddrinfo(ai);
    if (s->listen_fd < 0)
        return fail_errno(err, "cannot listen on " STR_FMT, STR_ARG(listen));
    print_address(s);
    return OK;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static enum err_code open_daemon(struct http_server *s, const struct http_options *opt,
                                 struct err *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = opt->threads ? opt->threads : cores > 0 ? (unsigned)cores : 1;
    /* The library splits the limit between the threads, and none may have 0. */
    unsigned limit = opt->connections_max > threads ? opt->connections_max : threads;

    /* Strictness 1 would make the library close without an answer where the guard gives one; it
     * tests for nothing that the guard does not. A pool of one thread is written 0. */
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, s, MHD_OPTION_LISTEN_SOCKET, s->listen_fd,
        MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0, MHD_OPTION_CONNECTION_LIMIT, limit,
        MHD_OPTION_CONNECTION_TIMEOUT, opt->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, s,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, s, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
    if (s->daemon)
        return OK;
    s->listen_fd = -1; /* the library has closed it in most cases; one must not close twice */
    return fail_errno(err, "cannot start the HTTP server");
}

static enum err_code open_parts(struct http_server *s, const struct http_options *opt,
                                struct err *err)
{
    struct reaper_limits limits = {.header_us = opt->header_seconds * UINT64_C(1000000),
                                   .window_us = WINDOW_US,
                                   .min_rate = opt->min_rate};
    enum err_code code = open_socket(s, opt->listen, err);

    if (code)
        return code;
    s->reaper = reaper_open(&limits);
    if (!s->reaper || !reaper_start(s->reaper))
        return fail(err, ERR_NOMEM, "out of memory or threads");
    return open_daemon(s, opt, err);
}

static void server_free(struct http_server *s)
{
    reaper_close(s->reaper);
    fd_closep(&s->listen_fd);
    (void)pthread_cond_destroy(&s->quiet);
    (void)pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

enum err_code http_open(const struct http_options *opt, struct work_pool *work, struct log *log,
                        const struct http_app *app, struct http_server **ret_server,
                        struct err *err)
{
    struct http_server *s = mem_new(struct http_server);
    pthread_condattr_t monotonic;
    enum err_code code;

    if (!s)
        return fail(err, ERR_NOMEM, "out of memory");
    s->app = *app;
    s->work = work;
    s->log = log;
    s->listen_fd = -1;
    if (pthread_mutex_init(&s->lock, NULL) || pthread_condattr_init(&monotonic) ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) ||
        pthread_cond_init(&s->quiet, &monotonic))
        abort(); /* cannot fail on Linux */
    (void)pthread_condattr_destroy(&monotonic);
    code = open_parts(s, opt, err);
    if (code)
        server_free(s);
    else
        *ret_server = s;
    return code;
}

struct str http_address(const struct http_server *s)
{
    return str_of(s->address);
}

void http_close(struct http_server *s, unsigned seconds)
{
    if (!s)
        return;
    atomic_store(&s->draining, true);
    (void)MHD_quiesce_daemon(s->daemon); /* gives back our socket, which we know */
    /* Refuses connections from now on; not closed, as a thread may be about to accept from it. */
    (void)shutdown(s->listen_fd, SHUT_RDWR); /* cannot fail for a listening socket */
    reaper_cut(s->reaper, true);
    wait_for_none(s, &s->open, clock_mono_us() + seconds * UINT64_C(1000000));
    /* Now nothing new begins. What a worker has cannot be taken from it, and the library must not
     * be stopped while a connection is suspended. */
    atomic_store(&s->cutting, true);
    reaper_cut(s->reaper, false);
    wait_for_none(s, &s->at_work, UINT64_MAX);
    MHD_stop_daemon(s->daemon);
    assert(!atomic_load(&s->open) && !atomic_load(&s->at_work));
    server_free(s);
}
