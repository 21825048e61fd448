#include "web_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/work.h"
#include "core/account.h"
#include "core/downloads.h"
#include "core/session.h"
#include "core/token.h"
#include "format/json.h"

#define PATIENCE_S  30 /* for what should take milliseconds, on a busy machine */
#define REQUEST_MAX (16 * MIB)

/* ---- counting statements --------------------------------------------------------------------- */

static atomic_uint statements;

static int count_statement(unsigned what, void *ctx, void *stmt, void *sql)
{
    (void)what;
    (void)ctx;
    (void)stmt;
    if (!str_eq(str_of(sql), S("PRAGMA data_version")))
        atomic_fetch_add(&statements, 1);
    return 0;
}

static int trace_connection(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
    (void)message;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, count_statement, NULL);
}

unsigned sql_statements(void)
{
    return atomic_load(&statements);
}

/* ---- the server ------------------------------------------------------------------------------ */

static void open_log(struct site *s)
{
    const char *path = str_fmt(s->core->mem, "%s/log", s->core->folder).ptr;

    assert_non_null(path);
    s->log_fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(s->log_fd >= 0);
    s->core->app.log = (struct log){.fd = s->log_fd, .level = LOG_INFO};
}

static int serve(void **state)
{
    struct site *s = calloc(1, sizeof(*s));
    struct http_options options = {.listen = S("127.0.0.1:0"),
                                   .threads = 1,
                                   .connections_max = 64,
                                   .header_seconds = PATIENCE_S,
                                   .idle_seconds = PATIENCE_S,
                                   .min_rate = 1};
    struct http_app http_app;

    assert_non_null(s);
    s->core = *state;
    s->fd = -1;
    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    open_log(s);
    s->core->app.work = work_open(SITE_WORKERS, 64);
    assert_non_null(s->core->app.work);
    s->core->app.downloads = downloads_open(DOWNLOAD_COUNTERS);
    assert_non_null(s->core->app.downloads);
    must(s->core, web_open(&s->core->app, &s->web, &s->core->err));
    http_app = web_http_app(s->web);
    must(s->core, http_open(&options, s->core->app.work, &s->core->app.log, &http_app, &s->http,
                            &s->core->err));
    s->address = http_address(s->http);
    *state = s;
    return 0;
}

int site_open(void **state)
{
    assert_int_equal(sqlite3_auto_extension((void (*)(void))trace_connection), SQLITE_OK);
    return core_open(state) ? -1 : serve(state);
}

int site_open_inspecting(void **state)
{
    assert_int_equal(sqlite3_auto_extension((void (*)(void))trace_connection), SQLITE_OK);
    return core_open_inspecting(state) ? -1 : serve(state);
}

int site_close(void **state)
{
    struct site *s = *state;
    void *core = s->core;

    if (s->fd >= 0)
        assert_int_equal(close(s->fd), 0);
    http_close(s->http, PATIENCE_S);
    web_close(s->web);
    assert_int_equal(close(s->log_fd), 0);
    free(s);
    return core_close(&core); /* stops the workers too */
}

/* ---- the client ------------------------------------------------------------------------------ */

static void dial(struct site *s)
{
    struct str port, host;
    uint64_t number;

    assert_true(str_cut_last(s->address, ':', &host, &port));
    assert_true(str_u64(port, UINT16_MAX, &number));
    s->fd = client_open(&(struct http_fixture){.port = (uint16_t)number});
}

static void drop_reply(void *reply)
{
    reply_done(reply);
}

static struct answer receive(struct site *s, bool bodiless)
{
    struct reply *r = arena_new(s->core->mem, struct reply);

    assert_non_null(r);
    assert_true(arena_defer(s->core->mem, drop_reply, r));
    assert_true(client_read(s->fd, bodiless, r));
    if (str_eq_nocase(reply_header(r, "Connection"), S("close"))) {
        assert_int_equal(close(s->fd), 0);
        s->fd = -1;
    }
    return (struct answer){r->status, reply_body(r), r};
}

struct answer request(struct site *s, const char *method, const char *target, const char *headers,
                      struct str body)
{
    AUTO(buf_done) struct buf b = BUF_INIT(REQUEST_MAX);

    buf_addf(&b, "%s %s HTTP/1.1\r\n%s", method, target, headers);
    if (!str_starts(str_of(headers), S("Host:")))
        buf_addf(&b, "Host: " STR_FMT "\r\n", STR_ARG(s->address));
    if (body.len)
        buf_addf(&b, "Content-Length: %zu\r\n", body.len);
    buf_addz(&b, "\r\n");
    buf_add(&b, body);
    assert_true(buf_ok(&b));
    if (s->fd < 0)
        dial(s);
    s->asked++;
    client_send(s->fd, buf_str(&b));
    return receive(s, !strcmp(method, "HEAD"));
}

struct answer get(struct site *s, const char *target, const char *headers)
{
    return request(s, "GET", target, headers, S(""));
}

struct answer request_for(struct site *s, unsigned status, const char *method, const char *target,
                          const char *headers, struct str body)
{
    struct answer r = request(s, method, target, headers, body);

    if (r.status != status)
        print_error("%s %s: %u, not %u\n%s" STR_FMT "\n", method, target, r.status, status,
                    r.reply->head, STR_ARG(r.body));
    assert_int_equal(r.status, status);
    return r;
}

struct answer get_for(struct site *s, unsigned status, const char *target, const char *headers)
{
    return request_for(s, status, "GET", target, headers, S(""));
}

struct str header(const struct answer *r, const char *name)
{
    return reply_header(r->reply, name);
}

bool has_header(const struct answer *r, const char *name)
{
    return header(r, name).ptr != NULL;
}

bool text_has(struct str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

bool body_has(const struct answer *r, const char *text)
{
    return text_has(r->body, text);
}

static void drop_json(void *v)
{
    json_decref(v);
}

json_t *json_body(struct site *s, const struct answer *r)
{
    json_t *v = NULL;

    must(s->core, json_parse(r->body, &v, &s->core->err));
    assert_true(arena_defer(s->core->mem, drop_json, v));
    return v;
}

struct str json_member(struct site *s, const struct answer *r, const char *key)
{
    return json_get_str(json_body(s, r), key);
}

/* ---- callers --------------------------------------------------------------------------------- */

struct actor sign_up(struct site *s, const char *login)
{
    struct core *f = s->core;
    struct signup in = {.login = str_of(login),
                        .email = str_fmt(f->mem, "%s@example.org", login),
                        .password = S(PASSWORD),
                        .password_again = S(PASSWORD),
                        .accept_terms = true};
    struct actor who = {.remote = S("192.0.2.1")};
    struct signup_errors errors;

    must(f, account_sign_up(&f->app, f->mem, &who, &in, true, &who.account_id, &errors, &f->err));
    who.login = in.login;
    return who;
}

const char *make_token(struct site *s, const struct actor *who, const char *name, const char *scope)
{
    struct core *f = s->core;
    struct str wanted = str_of(scope), token;
    struct token_request req = {
        .name = str_of(name), .scopes = &wanted, .scope_count = scope ? 1 : 0};

    must(f, token_create(&f->app, f->mem, who, &req, &token, &f->err));
    return str_z(f->mem, token);
}

const char *make_cookie(struct site *s, const struct actor *who)
{
    struct core *f = s->core;
    struct str secret;

    must(f, session_start(&f->app, f->mem, who, S("test"), &secret, &f->err));
    return str_z(f->mem, secret);
}

const char *with_token(struct site *s, const char *token)
{
    return str_fmt(s->core->mem, "Authorization: token %s\r\n", token).ptr;
}

const char *with_cookie(struct site *s, const char *secret)
{
    return str_fmt(s->core->mem, "Cookie: " SESSION_COOKIE "=%s\r\n", secret).ptr;
}

const char *with_basic(struct site *s, const char *user, const char *password)
{
    struct str pair = str_fmt(s->core->mem, "%s:%s", user, password);

    return str_fmt(s->core->mem, "Authorization: Basic " STR_FMT "\r\n",
                   STR_ARG(text_base64(s->core->mem, pair)))
        .ptr;
}

const char *lines(struct site *s, const char *first, const char *second)
{
    return str_fmt(s->core->mem, "%s%s", first, second).ptr;
}

/* ---- the log --------------------------------------------------------------------------------- */

static struct str read_log(struct site *s)
{
    struct str text = {0};
    const char *path = str_fmt(s->core->mem, "%s/log", s->core->folder).ptr;

    must(s->core, fs_read(s->core->mem, path, MIB, &text, &s->core->err));
    return text;
}

static unsigned count_requests(struct str text, struct str *ret_last)
{
    struct str line;
    unsigned n = 0;

    while (str_next(&text, '\n', &line)) {
        if (!text_has(line, " event=request "))
            continue;
        *ret_last = line;
        n++;
    }
    return n;
}

/* A line is written after its answer is out, so the last one may take a moment. */
static struct str wait_for_log(struct site *s, struct str *ret_last)
{
    uint64_t end = clock_mono_us() + PATIENCE_S * UINT64_C(1000000);
    struct str text;

    while (count_requests(text = read_log(s), ret_last) < s->asked) {
        assert_true(clock_mono_us() < end);
        (void)usleep(1000);
    }
    return text;
}

struct str log_line(struct site *s)
{
    struct str last = {0};

    (void)wait_for_log(s, &last);
    return last;
}

struct str log_text(struct site *s)
{
    struct str last;

    return wait_for_log(s, &last);
}

int64_t downloads(struct site *s)
{
    must(s->core, downloads_flush(&s->core->app, &s->core->err));
    return CORE_NUMBER(
        s->core, "SELECT COALESCE(CAST(SUM(count) AS BIGINT), 0) FROM package_download_total");
}
