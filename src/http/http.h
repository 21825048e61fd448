/* http.h: the server adapter. Turns connections into exchanges and moves bytes; knows nothing
 * of packages. Built on libmicrohttpd: one epoll thread per core, and a pool for what may block.
 *
 * The life of an exchange:
 *   begin    event thread   headers are there; answer from memory, or ask for a worker
 *   prepare  worker         who, may they, and how large may the body be; answer, or set a plan
 *   (body)                  buffered, or streamed to plan.sink on a worker in order
 *   run      worker         make the answer
 *   finish   event thread   the answer is out, or the client is gone; write the log line (on the
 *                           worker that has a sink() running when the client goes)
 * Headers that smuggle (two lengths, length and chunked, blank before a colon ...), missing Host
 * and requests over a limit are answered 400, 413, 414, 431 or 501 before begin (RFC 9112), see
 * guard.h. Of these, what libmicrohttpd itself finds malformed has an answer in its own words, and
 * begin, refuse and finish are not called for it.
 *
 * An answer that is decided before the body has come is kept until the body was read and dropped,
 * because most clients look at answers only then; after 64 MiB it is sent all the same and the
 * connection closed. Clients that wait for "100 Continue" get it at once. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H
#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/work.h"
#include "http/response.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};
const char *http_method_name(enum http_method m);

struct http_exchange;

enum http_body_mode { HTTP_BODY_NONE, HTTP_BODY_BUFFER, HTTP_BODY_STREAM };
struct http_plan {
    enum http_body_mode body; /* NONE: a body that comes all the same is read and dropped */
    uint64_t body_max;        /* bytes; more is ERR_TOO_BIG in body_err */
    /* STREAM: called on workers, one call at a time, in order, with up to 256 KiB. After a failure
     * the rest of the body is dropped and run() is called with body_err set. Event threads work on
     * the exchange at the same time: body_size, body_err and http_header() are not for sink(). */
    enum err_code (*sink)(struct http_exchange *ex, struct str chunk, struct err *err);
};

struct http_exchange {
    struct arena *mem; /* lives until finish() has returned */
    uint64_t id;       /* unique within this process */
    enum http_method method;
    struct str method_text;
    struct str target; /* as sent, undecoded; may hold secrets: never log it as it is */
    struct str remote; /* address of the peer, no port: "127.0.0.1" */
    uint64_t started_us;

    struct http_plan plan; /* set by prepare() */
    struct str body;       /* BUFFER: the whole body, in mem, once run() is called */
    uint64_t body_size;    /* bytes of body received */
    struct err body_err;   /* over the limit, or what the sink said */
    struct http_response
        *response; /* set by whoever answers; one reference, released after finish */
    /* A header for this exchange's answer, whoever makes it and whoever else is sent the same one;
     * set at any time before the answer is handed over. NULL: none. The value lies in mem. Left out
     * where memory is short. */
    const char *extra_name;
    struct str extra_value;
    void *app;              /* the application's own state */
    bool aborted;           /* at finish(): not all of the answer is out, because the client went
                               away, or the source of its bytes failed */
    struct http_conn *conn; /* the adapter's own */
};

enum http_next { HTTP_ANSWER, HTTP_WORK };
struct http_app {
    void *ctx;
    enum http_next (*begin)(void *ctx, struct http_exchange *ex); /* must not block */
    void (*prepare)(void *ctx, struct http_exchange *ex);
    void (*run)(void *ctx, struct http_exchange *ex);
    void (*finish)(void *ctx, struct http_exchange *ex);
    /* An answer of the adapter's own (400, 414, 431, 500, 501, 503 ...): makes the body that users
     * of this application expect. Called before begin (on an event thread) if the headers are at
     * fault, else after it; finish is called in any case. ex->mem is there; method and target may
     * be empty. The response must be a new one: a 503 gets a Retry-After header. NULL closes the
     * connection. */
    struct http_response *(*refuse)(void *ctx, struct http_exchange *ex, unsigned status,
                                    const struct err *err);
};

struct http_options {
    struct str listen; /* "127.0.0.1:8080", "[::1]:8080"; port 0: any free one */
    unsigned threads;  /* event threads; 0: one per core */
    unsigned connections_max;
    unsigned header_seconds; /* a request's headers must be complete within this time */
    unsigned idle_seconds;   /* keep-alive and stalled transfers */
    uint64_t min_rate;       /* bytes per second over 30 s, both ways; slower ones are cut */
};

struct http_server;
enum err_code http_open(const struct http_options *opt, struct work_pool *work, struct log *log,
                        const struct http_app *app, struct http_server **ret_server,
                        struct err *err) MUST_USE;
struct str http_address(
    const struct http_server *s); /* "127.0.0.1:8080", the port that was taken */
/* Stops listening, lets exchanges in flight finish for at most `seconds`, then cuts and frees.
 * What a worker is doing then is still waited for: nobody can take it from it. Accepts NULL. */
void http_close(struct http_server *s, unsigned seconds);

/* Value of a request header (first one, blanks trimmed), empty when absent. Names: any case.
 * Valid in begin, prepare, run and finish; empty in finish when the client is gone. */
struct str http_header(const struct http_exchange *ex, const char *name);
/* All values of a header that may come several times, in order, with "," between them (RFC 9110
 * 5.3), in the exchange's arena. ptr NULL when out of memory. */
struct str http_header_list(const struct http_exchange *ex, const char *name);

#endif
