/* exchange.c: one exchange from its request line to its end.
 *
 * The library calls exchange_step() with the headers, then with bytes of the body, then at its
 * end. An answer given with the headers makes it close the connection, so a decision taken there
 * is kept until the end, unless the client would not send its body without our "100 Continue". */
#include <assert.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/limits.h"
#include "http/conn.h"
#include "http/wire.h"

/* --- names ------------------------------------------------------------------------------------ */

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER"};

const char *http_method_name(enum http_method m)
{
    return method_names[m];
}

static enum http_method method_of(struct str text)
{
    for (size_t m = 0; m < HTTP_OTHER; m++)
        if (str_eq(text, str_of(method_names[m])))
            return (enum http_method)m;
    return HTTP_OTHER;
}

struct str http_header(const struct http_exchange *ex, const char *name)
{
    const struct http_conn *c = ex->conn;
    const char *value;
    size_t len;

    if (!c->mhd || MHD_lookup_connection_value_n(c->mhd, MHD_HEADER_KIND, name, strlen(name),
                                                 &value, &len) != MHD_YES)
        return (struct str){"", 0};
    return str_trim((struct str){value, len});
}

struct header_list {
    struct arena *mem;
    struct str name, value;
};

static enum MHD_Result add_value(void *ctx, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    struct header_list *l = ctx;
    size_t have = l->value.len;
    char *joined;

    (void)kind;
    if (!str_eq_nocase((struct str){name, name_len}, l->name))
        return MHD_YES;
    joined = arena_alloc(l->mem, have + 1 + value_len, 1);
    if (joined) {
        if (have)
            memcpy(joined, l->value.ptr, have);
        joined[have] = ',';
        if (value_len)
            memcpy(joined + have + 1, value, value_len);
    }
    /* Without the comma before the first. */
    l->value = joined ? (struct str){joined, have + 1 + value_len} : (struct str){0};
    return joined ? MHD_YES : MHD_NO;
}

struct str http_header_list(const struct http_exchange *ex, const char *name)
{
    struct header_list l = {.mem = ex->mem, .name = str_of(name), .value = {"", 0}};
    const struct http_conn *c = ex->conn;

    if (c->mhd)
        (void)MHD_get_connection_values_n(c->mhd, MHD_HEADER_KIND, add_value, &l);
    return l.value.len ? str_from(l.value, 1) : l.value;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Asks the application for an answer of ours. */
static void refuse(struct http_conn *c, unsigned status, const struct err *err)
{
    const struct http_app *app = &c->server->app;

    c->begun = true;
    c->ran = true;
    c->ex.response = app->refuse(app->ctx, &c->ex, status, err);
    /* Without the header the client comes back too soon; that is all. */
    if (c->ex.response && status == 503)
        (void)!http_response_header(c->ex.response, "Retry-After", S("2"));
}

static bool ensure_response(struct http_conn *c)
{
    struct err err = {0};

    if (!c->ex.response) {
        (void)fail(&err, ERR_NOMEM, "no answer was made");
        refuse(c, 500, &err);
    }
    return c->ex.response != NULL;
}

/* What is said to one caller is not for caches that several share. */
static void add_extra(struct http_exchange *ex)
{
    struct http_response *own = ex->extra_name ? http_response_own(ex->response) : NULL;

    if (own && http_response_header(own, "Cache-Control", S("private")) &&
        http_response_header(own, ex->extra_name, ex->extra_value)) {
        http_response_unrefp(&ex->response);
        ex->response = own;
    } else {
        http_response_unrefp(&own);
    }
}

/* Chunked bodies end with trailers that the library parses as leniently as headers, and that the
 * guard does not see: no further request is read from such a connection. */
static bool must_close(const struct http_conn *c)
{
    return c->framing.chunked || atomic_load_explicit(&c->server->draining, memory_order_relaxed);
}

static enum MHD_Result answer(struct http_conn *c)
{
    if (!ensure_response(c))
        return MHD_NO;
    add_extra(&c->ex);
    /* As if the client had asked for it. If it fails the connection is kept: no harm when
     * draining, and cut by closing it at once otherwise. */
    if (must_close(c) &&
        MHD_set_connection_value(c->mhd, MHD_HEADER_KIND, "Connection", "close") != MHD_YES)
        return MHD_NO;
    http_response_attach(c->ex.response, c);
    watch_set(&c->watch, WATCH_ANSWER);
    return MHD_queue_response(c->mhd, http_response_status(c->ex.response),
                              http_response_mhd(c->ex.response));
}

void exchange_answer_raw(struct http_conn *c)
{
    AUTO(buf_done) struct buf text = BUF_INIT(256 * KIB);

    c->answered = true;
    if (!ensure_response(c))
        return;
    add_extra(&c->ex);
    http_response_print(c->ex.response, &text);
    /* Nothing else was sent on this connection for a while, so the socket takes all of it or the
     * client does not read. Either way it is the client's last chance. */
    if (buf_ok(&text))
        (void)!send(c->watch.fd, text.ptr, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(c->watch.fd, SHUT_WR); /* it may be closed by the peer already */
}

/* --- work ------------------------------------------------------------------------------------- */

static void conn_work(struct work_item *item)
{
    struct http_conn *c =
        (struct http_conn *)(void *)((char *)item - offsetof(struct http_conn, item));
    struct http_server *s = c->server;

    c->job(c);
    MHD_resume_connection(c->mhd); /* from here on c may be gone */
    server_end_work(s);
}

static void refuse_busy(struct http_conn *c)
{
    struct err err = {0};

    (void)fail(&err, ERR_BUSY, "too many requests are waiting");
    refuse(c, 503, &err);
}

/* admitted: an earlier job of the same exchange was, so this one is never refused. */
static enum MHD_Result give_to_worker(struct http_conn *c, void (*job)(struct http_conn *c),
                                      bool admitted)
{
    struct http_server *s = c->server;

    if (!server_begin_work(s))
        return MHD_NO;
    watch_set(&c->watch, WATCH_BUSY);
    MHD_suspend_connection(c->mhd); /* first: the worker may be done before we return */
    c->job = job;
    c->item.fn = conn_work;
    if (admitted) {
        work_continue(s->work, &c->item);
    } else if (!work_submit(s->work, &c->item)) {
        refuse_busy(c);
        MHD_resume_connection(c->mhd);
        server_end_work(s);
    }
    return MHD_YES;
}

void exchange_run(struct http_conn *c)
{
    const struct http_app *app = &c->server->app;

    c->ran = true;
    app->run(app->ctx, &c->ex);
}

enum MHD_Result exchange_run_on_worker(struct http_conn *c)
{
    return give_to_worker(c, exchange_run, true);
}

/* One trip is enough for requests without a body. */
static void prepare(struct http_conn *c)
{
    const struct http_app *app = &c->server->app;

    app->prepare(app->ctx, &c->ex);
    if (!c->framing.has_body && !c->ex.response)
        exchange_run(c);
}

/* --- steps ------------------------------------------------------------------------------------ */

static enum MHD_Result guard_one(void *ctx, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    guard_header(ctx, (struct str){name, name_len}, (struct str){value ? value : "", value_len});
    return MHD_YES;
}

/* 0, or the status to refuse with. */
static unsigned check_headers(struct http_conn *c, const char *method, const char *version,
                              struct err *err)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct guard g;

    assert(info); /* the library has the headers, or it would not call us */
    guard_begin(&g, str_of(method), c->target_at, c->ex.target, str_of(version));
    (void)MHD_get_connection_values_n(c->mhd, MHD_HEADER_KIND, guard_one, &g); /* their number */
    return guard_end(&g, info->header_size, &c->framing, err);
}

static bool set_method(struct http_conn *c, const char *method)
{
    struct str text = str_of(method);

    c->ex.method = method_of(text);
    /* The library's copy may go before finish() is called on a worker. */
    c->ex.method_text =
        c->ex.method == HTTP_OTHER ? str_dup(c->ex.mem, text) : str_of(method_names[c->ex.method]);
    return c->ex.method_text.ptr != NULL;
}

/* What is to be done with the body is known now. */
static enum MHD_Result on_decided(struct http_conn *c)
{
    c->stage = STAGE_BODY;
    /* The library would say "100 Continue" even when there is nothing to send, and then take the
     * next request for the body. */
    if (!c->framing.has_body)
        return c->framing.expects_continue ? answer(c) : MHD_YES;
    body_open(c);
    if (c->body.mode == BODY_DROP && c->framing.expects_continue) {
        if (c->ex.response || c->ran)
            return answer(c);
        c->stage = STAGE_EARLY;
        return exchange_run_on_worker(c);
    }
    watch_set(&c->watch, WATCH_BODY);
    return MHD_YES;
}

static enum MHD_Result on_headers(struct http_conn *c, const char *method, const char *version)
{
    const struct http_app *app = &c->server->app;
    struct err err = {0};
    unsigned status;

    if (!set_method(c, method))
        return MHD_NO;
    status = check_headers(c, method, version, &err);
    if (status) {
        refuse(c, status, &err);
        return answer(c); /* at once, and closing: nobody knows where this request ends */
    }
    c->begun = true;
    c->stage = STAGE_DECIDED;
    if (app->begin(app->ctx, &c->ex) == HTTP_WORK)
        return give_to_worker(c, prepare, false);
    c->ran = true;
    return on_decided(c);
}

static enum MHD_Result on_end(struct http_conn *c)
{
    if (c->answered)
        return MHD_NO; /* past the library: it must not answer again */
    if (!c->ex.response && !c->ran)
        return body_end(c);
    return answer(c);
}

enum MHD_Result exchange_step(struct http_conn *c, const char *method, const char *version,
                              const char *data, size_t *size)
{
    if (*size)
        return body_take(c, data, size);
    switch (c->stage) {
    case STAGE_HEADERS:
        return on_headers(c, method, version);
    case STAGE_DECIDED:
        return on_decided(c);
    case STAGE_EARLY:
        return answer(c);
    case STAGE_BODY:
        break;
    }
    return on_end(c);
}

/* --- life ------------------------------------------------------------------------------------- */

bool exchange_open(struct http_conn *c, struct MHD_Connection *mhd, const char *uri)
{
    struct http_server *s = c->server;

    atomic_fetch_add(&s->open, 1);
    c->mhd = mhd;
    c->target_at = uri;
    c->stage = STAGE_HEADERS;
    c->begun = c->ran = c->answered = false;
    c->framing = (struct guard_framing){0};
    c->ex = (struct http_exchange){
        .mem = arena_open(LIMIT_REQUEST_MEMORY),
        .id = atomic_fetch_add_explicit(&s->last_id, 1, memory_order_relaxed) + 1,
        .method = HTTP_OTHER,
        .remote = str_of(c->remote),
        .started_us = clock_mono_us(),
        .conn = c,
    };
    watch_set(&c->watch, WATCH_HEADERS);
    if (!c->ex.mem)
        return false;
    c->ex.target = str_dup(c->ex.mem, str_of(uri));
    return c->ex.target.ptr != NULL;
}

void exchange_finish(struct http_conn *c)
{
    struct http_server *s = c->server;

    if (c->begun)
        s->app.finish(s->app.ctx, &c->ex);
    body_done(c);
    http_response_unrefp(&c->ex.response);
    arena_closep(&c->ex.mem);
    server_count_down(s, &s->open);
}
