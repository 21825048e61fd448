/* conn.h: a connection and the exchange on it; for the adapter's own files only.
 *
 *   http.c      the server: its sockets, its threads, its end
 *   exchange.c  the steps of one exchange, and who does them
 *   body.c      bytes of a body on their way to a buffer or a sink
 *   pieces.c    bytes of an answer on their way from a source
 *
 * A connection belongs to its event thread. While it is suspended in the library it belongs to
 * the worker that has it; resuming gives it back. Only a streamed body is moved by both at the
 * same time, under body.lock; and a worker that fetches a piece of an answer does not know the
 * connection but to resume it. */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/work.h"
#include "http/guard.h"
#include "http/http.h"
#include "http/reaper.h"

struct http_server {
    struct http_app app;
    struct work_pool *work;
    const struct log *log;
    struct reaper *reaper;
    struct MHD_Daemon *daemon;
    int listen_fd;
    char address[80];
    _Atomic uint64_t last_id;
    _Atomic long open;    /* exchanges that have begun and not finished */
    _Atomic long at_work; /* how many a worker has or will resume, and pieces being fetched */
    atomic_bool draining; /* http_close was called: no connection is kept */
    atomic_bool cutting;  /* nothing new is given to workers */
    pthread_mutex_t lock; /* for quiet */
    pthread_cond_t quiet; /* while draining: open or at_work has come down to 0 */
};

/* Takes part in at_work. False when the server is being cut: then close the connection. */
bool server_begin_work(struct http_server *s) MUST_USE;
void server_end_work(struct http_server *s);
/* count: open or at_work. */
void server_count_down(struct http_server *s, _Atomic long *count);

enum body_mode { BODY_DROP, BODY_WHOLE, BODY_STREAM };
struct body {
    enum body_mode mode;
    uint64_t dropped;
    struct buf whole;
    /* Streams: the event thread fills one buffer while a worker empties the other. */
    bool streamed;        /* even if the rest is dropped by now */
    pthread_mutex_t lock; /* guards the rest, and ex.body_err of a stream */
    struct work_item item;
    char *filling, *draining;
    size_t fill_len, drain_len, cap;
    bool busy;      /* a worker has draining, and a reference to the connection */
    bool held;      /* suspended until filling can be taken */
    bool ended;     /* suspended until everything is drained and run() has returned */
    bool failed;    /* the sink's or our refusal: nothing more for the sink */
    bool abandoned; /* the client is gone: the worker finishes the exchange */
};

/* Where the library will call us next. */
enum stage {
    STAGE_HEADERS, /* with the headers, for the first time */
    STAGE_DECIDED, /* the same call again, after prepare() */
    STAGE_EARLY,   /* the same call again, after run(): answer instead of asking for the body */
    STAGE_BODY     /* with bytes of the body, or at its end */
};

struct http_conn {
    struct http_exchange ex;
    struct http_server *server;
    struct MHD_Connection *mhd;
    atomic_int refs; /* the library's, and a streaming worker's */
    struct watch watch;
    char remote[64];

    /* Of the current exchange: */
    enum stage stage;
    const char *target_at; /* in the library's buffer */
    struct guard_framing framing;
    bool begun;    /* the application knows of it: finish() is due */
    bool ran;      /* there is nobody left to ask for an answer */
    bool answered; /* by us, past the library */
    struct work_item item;
    void (*job)(struct http_conn *c);
    struct body body;
};

struct http_conn *conn_new(struct http_server *s) MUST_USE;
void conn_ref(struct http_conn *c);
void conn_unref(struct http_conn *c);

/* --- exchange.c --- */
/* uri: the target in the library's buffer. False when out of memory; then finish it. */
bool exchange_open(struct http_conn *c, struct MHD_Connection *mhd, const char *uri) MUST_USE;
/* The library's access handler, for c's current stage. */
enum MHD_Result exchange_step(struct http_conn *c, const char *method, const char *version,
                              const char *data, size_t *size);
/* run() by whoever has the connection. */
void exchange_run(struct http_conn *c);
/* run() on a worker, the connection being suspended until then. */
enum MHD_Result exchange_run_on_worker(struct http_conn *c);
/* Sends the answer past the library, which takes none while a body is coming. */
void exchange_answer_raw(struct http_conn *c);
/* The last thing that happens to an exchange. */
void exchange_finish(struct http_conn *c);

/* --- body.c --- */
/* Chooses what to do with the body that is about to come. */
void body_open(struct http_conn *c);
/* Takes bytes off data; *size: how many are there, and how many could not be taken yet. */
enum MHD_Result body_take(struct http_conn *c, const char *data, size_t *size);
/* All has come: completes ex.body, and has run() called on a worker. */
enum MHD_Result body_end(struct http_conn *c);
/* The client is gone. True: a worker has bytes of it, and will call exchange_finish(). */
bool body_abandon(struct http_conn *c);
void body_done(struct http_conn *c);

#endif
