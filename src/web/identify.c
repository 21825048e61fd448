#include "web/identify.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "core/session.h"
#include "core/suspension.h"
#include "core/throttle.h"
#include "core/token.h"
#include "core/token_end.h"
#include "core/token_use.h"
#include "format/fields.h"
#include "web/routes.h"

/* ---- what was presented ---- */

static void drop_segments(struct path *p, size_t at, size_t n)
{
    for (size_t i = at; i + n < p->count; i++)
        p->seg[i] = p->seg[i + n];
    p->count -= n;
}

/* First parts of addresses that may follow a token. */
static bool takes_path_tokens(struct str first)
{
    return str_eq(first, S("conda")) || str_eq(first, S("cran")) || str_eq(first, S("badges")) ||
           str_eq(first, S("api"));
}

/* "/conda/t/X/owner/..." */
static bool has_token_inside(const struct path *p)
{
    return p->count > 0 && (str_eq(p->seg[0], S("conda")) || str_eq(p->seg[0], S("cran")));
}

static void take_path_token(struct call *c)
{
    struct path *p = &c->path;
    size_t at = has_token_inside(p) ? 1 : 0;

    if (p->count < at + 2 || !str_eq(p->seg[at], S("t")))
        return;
    c->credential = CRED_PATH_TOKEN;
    c->secret = p->seg[at + 1];
    drop_segments(p, at, 2);
    if (at == 0 && p->count > 0 && !takes_path_tokens(p->seg[0])) {
        /* "/t/X/owner/...": rattler puts the token before the whole path of a host. Two segments
         * were taken out, so there is room for one. */
        for (size_t i = p->count; i > 0; i--)
            p->seg[i] = p->seg[i - 1];
        p->seg[0] = S("conda");
        p->count++;
    }
}

static enum err_code read_basic(struct call *c, struct str rest, struct err *err)
{
    struct str user, password;

    if (!field_basic(c->mem, rest, &user, &password))
        return fail(err, ERR_UNAUTHENTICATED, "the Authorization header is not well-formed Basic");
    c->ambient = true;
    c->credential = CRED_TOKEN;
    if (token_looks_right(password)) {
        c->secret = password;
    } else if (token_looks_right(user)) {
        c->secret = user;
    } else {
        c->credential = CRED_PASSWORD;
        c->user = user;
        c->secret = password;
    }
    return OK;
}

static enum err_code read_authorization(struct call *c, struct str header, struct err *err)
{
    struct str scheme, rest;

    if (!field_authorization(header, &scheme, &rest))
        return fail(err, ERR_UNAUTHENTICATED, "the Authorization header is malformed");
    if (str_eq_nocase(scheme, S("basic")))
        return read_basic(c, rest, err);
    /* Not quoted: those who leave the scheme out have their token in its place. */
    if (!str_eq_nocase(scheme, S("token")) && !str_eq_nocase(scheme, S("bearer")))
        return fail(err, ERR_UNAUTHENTICATED,
                    "the Authorization header begins with no known scheme; "
                    "use \"Bearer TOKEN\", \"token TOKEN\" or Basic");
    c->credential = CRED_TOKEN;
    c->secret = rest;
    return OK;
}

/* The headers in which tools for quetz and Artifactory put their token. */
static void read_key(struct call *c)
{
    static const char *const names[] = {"X-API-Key", "X-JFrog-Art-Api"};

    for (size_t i = 0; i < COUNT(names) && c->credential == CRED_NONE; i++) {
        c->secret = http_header(c->ex, names[i]);
        if (c->secret.len)
            c->credential = CRED_KEY;
    }
}

void identify_read(struct call *c)
{
    struct str header = http_header(c->ex, "Authorization");
    struct str cookie;

    take_path_token(c);
    if (c->credential != CRED_NONE)
        return;
    if (header.len) {
        if (read_authorization(c, header, &c->credential_err))
            c->credential = CRED_MALFORMED;
        return;
    }
    cookie = http_header(c->ex, "Cookie");
    if (cookie.len && field_cookie(cookie, S(SESSION_COOKIE), &c->secret) && c->secret.len) {
        c->credential = CRED_SESSION;
        c->ambient = true;
        return;
    }
    read_key(c);
}

/* ---- whose it is ---- */

struct cached_actor {
    struct shared shared;
    struct actor actor;
    int64_t expires_ms; /* 0: never */
    char text[];        /* the bytes of the actor's strings */
};

static void cached_actor_free(struct shared *s)
{
    mem_free(s);
}

static struct str pack(char **at, struct str s)
{
    struct str copy = {*at, s.len};

    if (s.len)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return copy;
}

static struct cached_actor *cached_actor_new(const struct actor *a, int64_t expires_ms)
{
    struct cached_actor *ca =
        mem_get(sizeof *ca + a->login.len + a->token_name.len + a->scopes.len + a->limits.len);
    char *at;

    if (!ca)
        return NULL;
    shared_init(&ca->shared, cached_actor_free);
    ca->expires_ms = expires_ms;
    ca->actor = *a;
    ca->actor.remote = S(""); /* of a request, not of a person */
    at = ca->text;
    ca->actor.login = pack(&at, a->login);
    ca->actor.token_name = pack(&at, a->token_name);
    ca->actor.scopes = pack(&at, a->scopes);
    ca->actor.limits = pack(&at, a->limits);
    return ca;
}

static struct str actor_key(const struct call *c, uint8_t out[SHA256_LEN + 1])
{
    digest_sha256(c->secret, out);
    out[SHA256_LEN] = c->credential == CRED_SESSION;
    return (struct str){(const char *)out, SHA256_LEN + 1};
}

static void unref(void *p)
{
    shared_unref(p);
}

/* Each use of a token counts, and tells of its end. Runs twice for a request that was not answered
 * from memory: no harm. */
static void notice_use(struct call *c, int64_t expires_ms)
{
    if (!c->actor.token_id)
        return;
    token_uses_note(c->app->token_uses, c->actor.token_id, c->ex->remote,
                    http_header(c->ex, "User-Agent"));
    if (!token_end_is_near(c->app, expires_ms))
        return;
    c->ex->extra_value = token_end_text(c->mem, c->actor.token_name, expires_ms);
    c->ex->extra_name = c->ex->extra_value.ptr ? "Conda-Token-Warning" : NULL;
}

bool identify_cached(struct call *c)
{
    uint8_t key[SHA256_LEN + 1];
    struct cached_actor *ca;
    bool fresh;

    if (c->credential == CRED_NONE)
        return true;
    /* Whether a key is looked at, only the route can tell. */
    if (c->credential & (CRED_PASSWORD | CRED_MALFORMED | CRED_KEY))
        return false;
    ca = cache_get(c->web->actors, actor_key(c, key), c->generation);
    if (!ca)
        return false;
    fresh = ca->expires_ms == 0 || ca->expires_ms > clock_now_ms();
    if (!fresh || !arena_defer(c->mem, unref, ca)) {
        shared_unref(ca);
        return false;
    }
    c->actor = ca->actor;
    c->actor.remote = c->ex->remote;
    notice_use(c, ca->expires_ms);
    return true;
}

static enum err_code load_session(struct call *c, int64_t *ret_expires_ms, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    return rc ? rc : session_identify(tx, c->mem, c->secret, &c->actor, ret_expires_ms, err);
}

/* A session that is used must be seen to be: it is asked for again after a while. */
static int64_t remember_until(const struct call *c, int64_t expires_ms)
{
    int64_t soon = clock_now_ms() + SESSION_SEEN_MS;

    return c->credential == CRED_SESSION && expires_ms > soon ? soon : expires_ms;
}

static enum err_code check_suspension(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    return rc ? rc : suspension_check(tx, c->mem, c->actor.account_id, err);
}

static enum err_code load_secret(struct call *c, struct err *err)
{
    int64_t expires_ms = 0;
    uint8_t key[SHA256_LEN + 1];
    struct cached_actor *ca;
    enum err_code rc =
        c->credential == CRED_SESSION
            ? load_session(c, &expires_ms, err)
            : token_identify(c->app, c->mem, c->secret, c->ex->remote, &c->actor, &expires_ms, err);

    if (rc == ERR_UNAUTHENTICATED && c->credential != CRED_SESSION) {
        enum err_code limited = throttle_take(c->app, THROTTLE_TOKEN, c->ex->remote, err);
        return limited ? limited : rc;
    }
    if (rc || (rc = check_suspension(c, err)))
        return rc;
    c->actor.remote = c->ex->remote;
    if (c->credential == CRED_SESSION)
        session_touch(c->app, &c->actor);
    ca = cached_actor_new(&c->actor, remember_until(c, expires_ms));
    if (ca)
        cache_put(c->web->actors, actor_key(c, key), c->generation, ca, sizeof *ca);
    shared_unref(ca);
    notice_use(c, expires_ms);
    return OK;
}

enum err_code identify_load(struct call *c, struct err *err)
{
    enum err_code rc = OK;

    c->actor = (struct actor){0};
    if (c->credential == CRED_KEY)
        c->credential = c->route->creds & CRED_KEY ? CRED_TOKEN : CRED_NONE;
    if (c->route->creds == CRED_IGNORED) {
        c->credential = CRED_NONE;
    } else if (c->credential == CRED_MALFORMED) {
        *err = c->credential_err;
        return err->code;
    } else if (c->credential != CRED_NONE && !(c->route->creds & c->credential)) {
        /* A browser's cookie comes along with everything: it does no harm where it does not count.
         */
        if (c->credential != CRED_SESSION)
            return fail(err, ERR_UNAUTHENTICATED,
                        "this address does not accept this kind of credentials%s",
                        c->credential == CRED_PASSWORD ? "; use an access token" : "");
        c->credential = CRED_NONE;
    }
    if (c->credential == CRED_PASSWORD)
        rc = session_check_password(c->app, c->mem, c->user, c->secret, c->ex->remote, &c->actor,
                                    err);
    else if (!identify_cached(c))
        rc = load_secret(c, err);
    /* Who comes with an ended session is a visitor like any other; only what needs somebody
     * tells of it. */
    if (rc == ERR_UNAUTHENTICATED && c->credential == CRED_SESSION &&
        access_is_for_visitors(c->route->right)) {
        c->credential = CRED_NONE;
        rc = OK;
    }
    c->actor.remote = c->ex->remote;
    return rc;
}
