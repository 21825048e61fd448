#include "web/reply.h"

#include "base/limits.h"
#include "base/text.h"
#include "core/session.h"
#include "format/json.h"
#include "web/routes.h"

static bool common_headers(struct http_response *r, const char *type)
{
    return (!type || http_response_header(r, "Content-Type", str_of(type))) &&
           http_response_header(r, "Cache-Control", S("no-store")) &&
           http_response_header(r, "X-Content-Type-Options", S("nosniff")) &&
           (http_response_status(r) != 503 || http_response_header(r, "Retry-After", S("5")));
}

static enum err_code set(struct call *c, struct http_response *r, bool headers_ok, struct err *err)
{
    if (!r || !headers_ok) {
        shared_unref(r);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    shared_unref(c->ex->response);
    c->ex->response = r;
    return OK;
}

enum err_code reply_bytes(struct call *c, unsigned status, const char *type, struct str body,
                          struct err *err)
{
    struct http_response *r = http_response_bytes(status, body);

    return set(c, r, r && common_headers(r, type), err);
}

enum err_code reply_empty(struct call *c, unsigned status, struct err *err)
{
    return reply_bytes(c, status, NULL, S(""), err);
}

enum err_code reply_json(struct call *c, unsigned status, json_t *v, struct err *err)
{
    AUTO(json_decrefp) json_t *owned = v;
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_INDEX_DOCUMENT);

    if (!owned)
        return fail(err, ERR_NOMEM, "out of memory");
    json_canonical(&b, owned);
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    return reply_bytes(c, status, "application/json", buf_str(&b), err);
}

enum err_code reply_html(struct call *c, unsigned status, struct str title, struct str body,
                         struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_REQUEST_MEMORY);
    struct http_response *r;

    buf_addz(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
                 "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    text_html(&b, title);
    buf_addz(&b, "</title></head>\n<body>\n<h1>");
    text_html(&b, title);
    buf_addz(&b, "</h1>\n");
    buf_add(&b, body);
    buf_addz(&b, "</body>\n</html>\n");
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    r = http_response_bytes(status, buf_str(&b));
    return set(
        c, r,
        r && common_headers(r, "text/html; charset=utf-8") &&
            http_response_header(r, "Content-Security-Policy", S(REPLY_PAGE_POLICY)) &&
            /* Not "no-referrer": it makes browsers send our own forms with "Origin: null". */
            http_response_header(r, "Referrer-Policy", S("same-origin")),
        err);
}

enum err_code reply_cookie(struct call *c, struct str secret, int64_t max_age_seconds,
                           struct err *err)
{
    const char *secure = str_starts(call_base_url(c), S("https://")) ? "; Secure" : "";
    struct str v = str_fmt(
        c->mem, SESSION_COOKIE "=" STR_FMT "; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
        STR_ARG(secret), (long long)max_age_seconds, secure);

    if (!v.ptr || !http_response_header(c->ex->response, "Set-Cookie", v))
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

unsigned reply_status(enum err_code code)
{
    static const unsigned status[ERR_CODE_MAX] = {
        [OK] = 200,
        [ERR_NOMEM] = 503,
        [ERR_IO] = 500,
        [ERR_INVALID] = 400,
        [ERR_UNPROCESSABLE] = 422,
        [ERR_TOO_BIG] = 413,
        [ERR_NOT_FOUND] = 404,
        [ERR_CONFLICT] = 409,
        [ERR_UNAUTHENTICATED] = 401,
        [ERR_DENIED] = 403,
        [ERR_LIMITED] = 429,
        [ERR_BUSY] = 503,
        [ERR_COLLISION] = 503,
        [ERR_NO_SPACE] = 507,
    };
    return status[code];
}

static const char *status_title(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 416:
        return "Range Not Satisfiable";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 507:
        return "Insufficient Storage";
    default:
        return "Internal Server Error";
    }
}

/* What a client may read of a failure: our own trouble is told to the log only. (Who is too busy
 * may name the database or the S3 server.) */
static const char *public_message(const struct err *e)
{
    if (e->code == ERR_IO)
        return "the server could not do this because of an internal error; its log tells more";
    if (e->code == ERR_BUSY || e->code == ERR_COLLISION)
        return "the server is too busy, or what it needs does not answer; try again in a moment";
    if (e->code == ERR_NOMEM)
        return "the server is short of memory; try again later";
    if (e->code == ERR_NO_SPACE)
        return "the server's disk is full; nothing was stored";
    return e->msg;
}

struct http_response *reply_problem(unsigned status, const struct err *e, json_t *fields)
{
    AUTO(json_decrefp) json_t *owned = fields;
    AUTO(json_decrefp) json_t *body = NULL;
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    const char *message = public_message(e);
    struct http_response *r;

    /* Messages quote outside bytes; what is not UTF-8 is told without its quote. */
    if (!text_is_utf8(str_of(message)))
        message = "the request holds bytes that are not UTF-8";
    body =
        json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", status_title(status),
                  "status", (int)status, "detail", message, "error", message);
    if (!body || (e->field && json_object_set_new(body, "field", json_string(e->field))) ||
        (owned && json_object_set(body, "errors", owned)))
        return NULL;
    json_canonical(&b, body);
    r = buf_ok(&b) ? http_response_bytes(status, buf_str(&b)) : NULL;
    if (r && !common_headers(r, "application/problem+json")) {
        shared_unref(r);
        return NULL;
    }
    return r;
}

/* S3's form of error, without a namespace: that is what anaconda-client reads (Code, Message). */
static void reply_xml(struct call *c, unsigned status, const struct err *e)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    const char *code = status == 413   ? "EntityTooLarge"
                       : status == 401 ? "AccessDenied"
                       : status == 403 ? "AccessDenied"
                       : status == 404 ? "NoSuchUpload"
                       : status == 400 ? "InvalidDigest"
                       : status == 409 ? "OperationAborted"
                       : status == 503 ? "SlowDown"
                       : status == 429 ? "SlowDown"
                                       : "InternalError";

    if (e->field && str_eq(str_of(e->field), S("form")))
        code = "MalformedPOSTRequest";
    buf_addf(&b, "<Error><Code>%s</Code><Message>", code);
    text_xml(&b, str_of(public_message(e)));
    buf_addz(&b, "</Message></Error>");
    if (reply_bytes(c, status, "application/xml", buf_ok(&b) ? buf_str(&b) : S(""), NULL))
        c->ex->response = NULL;
}

static void reply_error_page(struct call *c, unsigned status, const struct err *e)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    buf_addz(&b, "<p>");
    text_html(&b, str_of(public_message(e)));
    buf_addz(&b, "</p>\n");
    if (reply_html(c, status, str_of(status_title(status)), buf_str(&b), NULL))
        c->ex->response = NULL;
}

struct http_response *reply_text_error(unsigned status, const struct err *e)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    const char *message = public_message(e);
    struct http_response *r;

    if (!text_is_utf8(str_of(message)))
        message = "the request holds bytes that are not UTF-8";
    buf_addf(&b, "%s\n%s\n", status_title(status), message);
    r = buf_ok(&b) ? http_response_bytes(status, buf_str(&b)) : NULL;
    if (r && !common_headers(r, "text/plain; charset=utf-8")) {
        shared_unref(r);
        return NULL;
    }
    return r;
}

void reply_error(struct call *c, unsigned status, const struct err *e)
{
    enum error_form form = c->route ? c->route->errors : ERRORS_PROBLEM;

    if (!status)
        status = reply_status(e->code);
    if (e->code == ERR_UNPROCESSABLE && form == ERRORS_XML)
        status = 400;
    if (form == ERRORS_XML)
        reply_xml(c, status, e);
    else if (form == ERRORS_HTML)
        reply_error_page(c, status, e);
    else if (form == ERRORS_TEXT)
        (void)set(c, reply_text_error(status, e), true, NULL);
    else
        (void)set(c, reply_problem(status, e, json_incref(c->error_items)), true, NULL);
}

static void unref_json(void *p)
{
    json_decref(p);
}

void reply_note_errors(struct call *c, json_t *items)
{
    if (arena_defer(c->mem, unref_json, items))
        c->error_items = items;
    else
        json_decref(items);
}

void reply_field_errors(struct call *c, const struct err *e, json_t *fields)
{
    (void)set(c, reply_problem(reply_status(e->code), e, fields), true, NULL);
}
