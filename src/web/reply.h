/* reply.h: answers in the forms that clients expect. Each sets c->ex->response. */
#ifndef WEB_REPLY_H
#define WEB_REPLY_H
#include "web/call.h"

/* Content-Security-Policy of every page of ours: it may do nothing but be read, and post a form
 * back to us. */
#define REPLY_PAGE_POLICY                                                                          \
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors "   \
    "'none'; base-uri 'none'"

/* Bytes of a media type; never cached. */
enum err_code reply_bytes(struct call *c, unsigned status, const char *type, struct str body,
                          struct err *err) MUST_USE;
enum err_code reply_empty(struct call *c, unsigned status, struct err *err) MUST_USE;
/* Takes the reference of v; a NULL v (json_pack without memory) is ERR_NOMEM. */
enum err_code reply_json(struct call *c, unsigned status, json_t *v, struct err *err) MUST_USE;
/* A page of our own HTML; title and body (trusted markup, escaped by the caller). */
enum err_code reply_html(struct call *c, unsigned status, struct str title, struct str body,
                         struct err *err) MUST_USE;
/* Adds "Set-Cookie" of a session to the answer; an empty secret ends the cookie. */
enum err_code reply_cookie(struct call *c, struct str secret, int64_t max_age_seconds,
                           struct err *err) MUST_USE;

/* The HTTP status of a failure (one table for the whole program). */
unsigned reply_status(enum err_code code);
/* A failure in the form that the route promises: problem+json (RFC 9457) with `error` for
 * anaconda-client, S3's XML, a page, or text. status 0: that of the code. Never fails: without
 * memory the response stays NULL and the adapter closes. */
void reply_error(struct call *c, unsigned status, const struct err *e);
/* As reply_error, with the refused fields of a form, each named (a JSON array; takes the
 * reference). */
void reply_field_errors(struct call *c, const struct err *e, json_t *fields);
/* What is wrong with which part of the request (a JSON array; takes the reference): `errors` of the
 * failure that the handler returns. */
void reply_note_errors(struct call *c, json_t *items);
/* The problem+json body alone, shareable, for answers kept in a cache. NULL without memory. */
struct http_response *reply_problem(unsigned status, const struct err *e, json_t *fields) MUST_USE;
/* The same as two lines of plain text, the first without a colon: R with curl reads it as package
 * data, and then must stumble. */
struct http_response *reply_text_error(unsigned status, const struct err *e) MUST_USE;

#endif
