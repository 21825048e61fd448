/* routes.h: every URL of the server is a row of one table; a handler has no other entrance. */
#ifndef WEB_ROUTES_H
#define WEB_ROUTES_H
#include "core/access.h"
#include "core/scope.h"
#include "web/call.h"

enum error_form {
    ERRORS_PROBLEM /* RFC 9457, with `error` */,
    ERRORS_XML /* S3's, for form posts */,
    ERRORS_HTML,
    ERRORS_TEXT /* two lines, for tools that show them, or take them for what they asked for */
};

struct route {
    enum http_method method; /* GET also answers HEAD */
    /* Segments: literal, "{name}" for one, "{name...}" for the rest (which may be empty), or,
     * before a literal, for everything up to the last one of that word (which may not). A "/" at
     * the end: only paths that end so. */
    const char *pattern;
    unsigned creds;   /* set of enum credential that are accepted */
    enum right right; /* on the account in the parameter "owner", where there is one */
    unsigned scope;   /* atoms of enum scope: a token needs one of them */
    size_t body_max;  /* buffered body; 0: none, or streamed to sink */
    enum error_form errors;
    enum err_code (*run)(struct call *c, struct err *err);
    const char *operation; /* operationId in docs/openapi.yaml */
    /* Streaming only: open() before the body, sink() for each piece, then run(). */
    enum err_code (*open)(struct call *c, uint64_t *ret_body_max, struct err *err);
    enum err_code (*sink)(struct http_exchange *ex, struct str chunk, struct err *err);
};

/* Finds the row for c->path and the method, and fills c->route and c->params. ERR_NOT_FOUND: no
 * such URL; ERR_INVALID: the URL exists, but not for this method: *ret_allow is then the value of
 * Allow (RFC 9110 15.5.6). */
enum err_code routes_match(struct call *c, struct str *ret_allow, struct err *err) MUST_USE;

#endif
