/* dispatch.c: the corridor of every request: decode the path once, take the secrets out, find the
 * row, identify, ask core/access, run the handler, log. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config.h"
#include "format/json.h"
#include "store/db.h"
#include "web/identify.h"
#include "web/refused.h"
#include "web/reply.h"
#include "web/resource.h"
#include "web/routes.h"
#include "web/sight.h"
#include "web/web.h"

/* What the read caches may hold: room for the documents of some hundred busy channels, and for
 * more callers than one server has at a time. */
#define RESOURCES_MAX     65536
#define RESOURCES_BYTES   (64 * MIB)
#define ACTORS_MAX        65536
#define ACTORS_BYTES      (16 * MIB)
#define SIGHTS_MAX        65536
#define SIGHTS_BYTES      (16 * MIB)
#define COLLISION_RETRIES 5

enum err_code web_open(struct app *app, struct web **ret_web, struct err *err)
{
    struct web *w = mem_new(struct web);

    if (!w)
        return fail(err, ERR_NOMEM, "out of memory");
    w->app = app;
    if (address_nets_parse(app->config->trusted_proxies, &w->proxies, err)) {
        web_close(w);
        return err->code;
    }
    w->resources = cache_open(RESOURCES_MAX, RESOURCES_BYTES);
    w->actors = cache_open(ACTORS_MAX, ACTORS_BYTES);
    w->sights = cache_open(SIGHTS_MAX, SIGHTS_BYTES);
    if (!w->resources || !w->actors || !w->sights) {
        web_close(w);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    *ret_web = w;
    return OK;
}

void web_close(struct web *w)
{
    if (!w)
        return;
    cache_close(w->resources);
    cache_close(w->actors);
    cache_close(w->sights);
    mem_free(w);
}

void web_drain(struct web *w)
{
    atomic_store(&w->draining, true);
}

struct str call_base_url(const struct call *c)
{
    struct str host = http_header(c->ex, "Host");

    if (c->app->config->public_url.len)
        return c->app->config->public_url;
    return str_fmt(c->mem, "http://" STR_FMT, STR_ARG(host));
}

enum err_code call_json(struct call *c, json_t **ret_object, struct err *err)
{
    struct str body = str_trim(c->ex->body).len ? c->ex->body : S("{}");
    enum err_code rc = json_parse_object(body, ret_object, err);
    /* The parser's message ends with what stands at the mistake: it may be part of a password. */
    char *quote = rc ? strstr(err->msg, " near '") : NULL;

    if (quote)
        *quote = '\0';
    return rc;
}

/* ---- begin: on the event thread ---- */

/* What is kept in memory for whoever has one of these scopes, as far as he sees it: by the first
 * part of its address, which the owner follows. */
static bool is_kept(const struct call *c, unsigned *ret_scopes)
{
    static const struct {
        const char *first;
        unsigned scopes;
    } kept[] = {
        {"conda", SCOPE_CONDA_DOWNLOAD}, {"cran", SCOPE_CRAN_DOWNLOAD}, {"badges", SCOPES_GLANCE}};

    for (size_t i = 0; c->path.count >= 2 && i < COUNT(kept); i++)
        if (str_eq(c->path.seg[0], str_of(kept[i].first))) {
            *ret_scopes = kept[i].scopes;
            return true;
        }
    return false;
}

/* A request answered from memory alone: for what anybody with this kind of credentials may read and
 * that was read before. */
static bool answer_from_memory(struct call *c)
{
    static const struct access_object nothing = {.owner = {NULL, 0}};
    unsigned scopes = 0;
    struct str key;

    if ((c->ex->method != HTTP_GET && c->ex->method != HTTP_HEAD) || !is_kept(c, &scopes) ||
        !identify_cached(c))
        return false;
    if (access_check(c->app, c->mem, &c->actor, RIGHT_ANYONE, scopes, &nothing, NULL) ||
        !sight_cached(c, c->path.seg[1]))
        return false;
    key = resource_key(c);
    return key.ptr && resource_answer_cached(c, key);
}

/* The address that limits, records and logs are about. */
static struct str client_of(const struct web *w, struct http_exchange *ex)
{
    char *out = w->proxies.count ? arena_alloc(ex->mem, ADDRESS_TEXT_MAX, 1) : NULL;
    struct str forwarded = out ? http_header_list(ex, "X-Forwarded-For") : S("");

    return out && forwarded.len ? address_behind(&w->proxies, ex->remote, forwarded, out)
                                : ex->remote;
}

/* "/conda/alice@gen-12/...": alice's channel as it was. No login has an "@". */
static void take_moment(struct call *c)
{
    struct str rest, owner;

    if (c->path.count < 2 || !str_eq(c->path.seg[0], S("conda")))
        return;
    rest = c->path.seg[1];
    if (str_cut(&rest, '@', &owner) && owner.len && rest.len) {
        c->path.seg[1] = owner;
        c->moment = rest;
    }
}

static enum http_next on_begin(void *ctx, struct http_exchange *ex)
{
    struct web *w = ctx;
    struct call *c = arena_new(ex->mem, struct call);
    struct err err = {0};
    enum err_code rc;

    if (!c)
        return HTTP_ANSWER; /* no response: the adapter closes */
    *c = (struct call){.web = w, .app = w->app, .ex = ex, .mem = ex->mem};
    ex->app = c;
    ex->remote = client_of(w, ex);
    c->actor.remote = ex->remote;
    c->generation = db_generation(w->app->db);
    rc = path_parse(ex->mem, ex->target, &c->path, &err);
    c->path_ok = rc == OK;
    if (rc) {
        reply_error(c, rc == ERR_TOO_BIG ? 414 : 0, &err);
        return HTTP_ANSWER;
    }
    identify_read(c);
    take_moment(c);
    return answer_from_memory(c) ? HTTP_ANSWER : HTTP_WORK;
}

/* ---- prepare: on a worker, before the body ---- */

/* A browser sends the cookie along wherever a request comes from, and a token or password that it
 * was once given for Basic: changes must come from our own pages, or from a client that names no
 * origin at all, and so is no browser. Whoever brings a token in another way proves itself by
 * that. */
static enum err_code check_origin(const struct call *c, struct err *err)
{
    struct str origin = http_header(c->ex, "Origin"), rest = origin;
    struct str scheme;

    if (origin.len == 0 || c->ex->method == HTTP_GET || c->ex->method == HTTP_HEAD ||
        (!c->ambient && (c->credential & (CRED_TOKEN | CRED_PATH_TOKEN))))
        return OK;
    if (str_eq(origin, call_base_url(c)))
        return OK;
    if (str_cut(&rest, ':', &scheme) && str_starts(rest, S("//")) &&
        str_eq(str_from(rest, 2), http_header(c->ex, "Host")))
        return OK;
    return fail(err, ERR_DENIED, "a page of \"" STR_FMT "\" may not act for you here",
                STR_ARG(origin));
}

static void add_error_headers(struct call *c, unsigned status, const struct err *err,
                              struct str allow)
{
    struct str seconds = err->retry_s ? str_fmt(c->mem, "%u", err->retry_s) : S("");
    bool ok = seconds.ptr;

    if (!c->ex->response)
        return;
    ok = ok && http_response_header(c->ex->response, "Retry-After", seconds);
    if (ok && allow.len)
        ok = http_response_header(c->ex->response, "Allow", allow);
    /* Not for the web API: a browser would open its own password window. */
    if (ok && status == 401 && c->path_ok &&
        !(c->path.count > 1 && str_eq(c->path.seg[1], S("v1"))))
        ok = http_response_header(c->ex->response, "WWW-Authenticate",
                                  S("Basic realm=\"Terrarium\""));
    if (!ok) {
        shared_unref(c->ex->response);
        c->ex->response = NULL;
    }
}

static void log_failure(const struct call *c, const struct err *err)
{
    if (err->code == ERR_IO || err->code == ERR_NO_SPACE || err->code == ERR_NOMEM)
        log_err(&c->app->log, LOG_ERROR, "request_failed", err);
    else if (err->code == ERR_BUSY || err->code == ERR_COLLISION)
        log_err(&c->app->log, LOG_WARN, "request_failed", err);
    else
        log_err(&c->app->log, LOG_DEBUG, "request_refused", err);
}

static void answer_error(struct call *c, const struct err *err, struct str allow)
{
    unsigned status = allow.len ? 405 : reply_status(err->code);

    log_failure(c, err);
    refused_record(c, err);
    reply_error(c, allow.len ? 405 : 0, err);
    add_error_headers(c, status, err, allow);
}

static enum err_code check_access(struct call *c, struct err *err)
{
    const struct access_object object = {.owner = call_param(c, "owner"),
                                         .package = call_param(c, "package"),
                                         .group = call_param(c, "group")};

    return access_check(c->app, c->mem, &c->actor, c->route->right, c->route->scope, &object, err);
}

static enum err_code admit(struct call *c, struct str *ret_allow, struct err *err)
{
    const struct route *r;
    enum err_code rc = routes_match(c, ret_allow, err);

    if (rc)
        return rc;
    r = c->route;
    if ((rc = identify_load(c, err)) || (rc = check_origin(c, err)) || (rc = check_access(c, err)))
        return rc;
    if (r->open) {
        c->ex->plan = (struct http_plan){.body = HTTP_BODY_STREAM, .sink = r->sink};
        return r->open(c, &c->ex->plan.body_max, err);
    }
    c->ex->plan = (struct http_plan){.body = r->body_max ? HTTP_BODY_BUFFER : HTTP_BODY_NONE,
                                     .body_max = r->body_max};
    return OK;
}

static void on_prepare(void *ctx, struct http_exchange *ex)
{
    struct call *c = ex->app;
    struct str allow = {0};
    struct err err = {0};

    (void)ctx;
    if (admit(c, &allow, &err))
        answer_error(c, &err, allow);
}

/* ---- run: on a worker, with the body ---- */

/* A transaction that another one was in the way of has left nothing behind, and may well come
 * through now. Not for streams: their bytes have gone by. */
static enum err_code run_route(struct call *c, struct err *err)
{
    enum err_code rc = c->route->run(c, err);

    for (int again = 0; rc == ERR_COLLISION && !c->route->open && again < COLLISION_RETRIES;
         again++) {
        *err = (struct err){0};
        rc = c->route->run(c, err);
    }
    return rc;
}

static void on_run(void *ctx, struct http_exchange *ex)
{
    struct call *c = ex->app;
    struct err err = ex->body_err;

    (void)ctx;
    if (err.code == OK)
        err.code = run_route(c, &err);
    if (err.code != OK) /* and whatever was made of an answer until then is none */
        answer_error(c, &err, S(""));
}

/* ---- finish: the log line ---- */

/* Our secrets are 32 or more letters and digits of either case in a row; digests have no capitals,
 * and no sensible name is like that. */
static bool looks_secret(struct str s)
{
    enum { SECRET_RUN = 32 };
    size_t run = 0;
    bool capital = false;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool upper = c >= 'A' && c <= 'Z';
        bool part = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        run = part ? run + 1 : 0;
        capital = part && (capital || upper);
        if (run >= SECRET_RUN && capital)
            return true;
    }
    return false;
}

/* A path as it may be logged: what was decoded, without tokens (taken out before), tickets and
 * set-up codes, and without the query. Whatever looks like a secret is masked wherever it is. */
static struct str loggable_path(struct call *c)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_PATH * 2);
    const struct path *p = &c->path;

    if (!c->path_ok)
        return S("-");
    for (size_t i = 0; i < p->count; i++) {
        bool secret = (i == 1 && str_eq(p->seg[0], S("setup"))) ||
                      (i == 2 && str_eq(p->seg[1], S("upload"))) ||
                      (i > 0 && str_eq(p->seg[i - 1], S("t"))) || looks_secret(p->seg[i]);
        buf_addc(&b, '/');
        buf_add(&b, secret ? S("***") : p->seg[i]);
    }
    if (p->trailing_slash || p->count == 0)
        buf_addc(&b, '/');
    return buf_ok(&b) ? str_dup(c->mem, buf_str(&b)) : S("-");
}

static void on_finish(void *ctx, struct http_exchange *ex)
{
    struct web *w = ctx;
    struct call *c = ex->app;
    struct log_line l;
    unsigned status = ex->response ? http_response_status(ex->response) : 0;
    bool bodiless = ex->method == HTTP_HEAD || status == 304;

    log_begin(&l, &w->app->log, LOG_INFO, "request");
    log_u64(&l, "id", ex->id);
    log_str(&l, "remote", ex->remote);
    log_str(&l, "method", ex->method_text);
    log_str(&l, "path", c ? loggable_path(c) : S("-"));
    log_u64(&l, "status", status);
    log_u64(&l, "bytes", ex->response && !bodiless ? http_response_size(ex->response) : 0);
    log_u64(&l, "received", ex->body_size);
    log_ms(&l, "ms", clock_mono_us() - ex->started_us);
    if (c && c->actor.login.len)
        log_str(&l, "who", c->actor.login);
    if (c && c->actor.token_name.len)
        log_str(&l, "token", c->actor.token_name);
    if (ex->aborted)
        log_str(&l, "aborted", S("yes"));
    log_end(&l);
}

static struct http_response *on_refuse(void *ctx, struct http_exchange *ex, unsigned status,
                                       const struct err *err)
{
    (void)ctx;
    (void)ex;
    return reply_problem(status, err, NULL);
}

struct http_app web_http_app(struct web *w)
{
    return (struct http_app){.ctx = w,
                             .begin = on_begin,
                             .prepare = on_prepare,
                             .run = on_run,
                             .finish = on_finish,
                             .refuse = on_refuse};
}
