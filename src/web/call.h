/* call.h: one request on its way through dispatch, and what every handler gets. */
#ifndef WEB_CALL_H
#define WEB_CALL_H
#include <jansson.h>
#include <stdatomic.h>

#include "app.h"
#include "base/cache.h"
#include "core/actor.h"
#include "format/address.h"
#include "http/http.h"
#include "http/path.h"
#include "store/access_level.h"

struct route;

struct web {
    struct app *app;
    struct cache *resources;     /* canonical path -> struct resource */
    struct cache *actors;        /* hash of a secret -> struct cached_actor */
    struct cache *sights;        /* caller and owner -> struct cached_sight */
    struct address_nets proxies; /* of the setting trusted_proxies */
    atomic_bool draining;
};

/* How a request says who it is; also the set that a route accepts. */
enum credential {
    CRED_NONE = 0,
    CRED_SESSION = 1 << 0, /* cookie */
    CRED_TOKEN = 1 << 1,   /* Authorization: token X, Bearer X, Basic with X as user or password */
    CRED_PATH_TOKEN = 1 << 2, /* /t/X/ */
    CRED_PASSWORD = 1 << 3,   /* Basic user:password */
    CRED_IGNORED = 1 << 4,    /* whatever comes is not even looked at */
    CRED_MALFORMED = 1 << 5,  /* something that cannot be read; no route accepts it */
    CRED_KEY = 1 << 6, /* X-API-Key: X or X-JFrog-Art-Api: X; where no route accepts it, it is
                          not looked at. To whatever asks after identify_load, a CRED_TOKEN */
};

/* What the caller sees of the owner in the path (web/sight). */
struct sight {
    struct view view;
    struct str tag; /* the same for equal views only; empty: that of everybody */
};

#define CALL_PARAMS 4
struct call {
    struct web *web;
    struct app *app;
    struct http_exchange *ex;
    struct arena *mem;
    struct path path;               /* without the token that may have been in it */
    struct str moment;              /* "gen-12" of "/conda/alice@gen-12/", taken out of it, too */
    bool path_ok;                   /* the path could be decoded */
    const struct route *route;      /* NULL until matched */
    struct str params[CALL_PARAMS]; /* in the order of the pattern; logins in lower case */
    size_t param_count;
    enum credential credential; /* what was presented */
    struct str secret, user;    /* token or password or cookie; user of CRED_PASSWORD */
    bool ambient; /* a browser sends it by itself, whoever made it ask: a cookie, or Basic */
    struct err credential_err; /* of CRED_MALFORMED: what is wrong with it */
    struct actor actor;
    struct sight sight;  /* that of everybody until looked up */
    uint64_t generation; /* of the data, read before anything else: what may be cached under it */
    void *state;         /* of a handler that streams */
    json_t *error_items; /* of a failure: reply_note_errors; NULL: none */
    struct str owner, package; /* what is changed, where it is not what the path names */
};

/* Value of a named parameter of the route's pattern; empty when the pattern has none. */
struct str call_param(const struct call *c, const char *name);

/* "http://host:port" as the client reaches us: the setting public_url, or the request's Host. */
struct str call_base_url(const struct call *c);

/* The request's body as a JSON object; an empty body is {}. One reference. */
enum err_code call_json(struct call *c, json_t **ret_object, struct err *err) MUST_USE;

#endif
