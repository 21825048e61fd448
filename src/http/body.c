/* body.c: bodies, dropped, buffered or streamed.
 *
 * A body that nobody wants is read all the same, up to DROP_MAX: most clients send all of it
 * before they look at the answer, and closing earlier would reset the connection under them. */
#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "http/conn.h"

#define STREAM_BUFFER (256 * KIB)
#define DROP_MAX      (64 * MIB)
/* After the answer was sent all the same, as much again for the client to notice it. */
#define LINGER_MAX (2 * DROP_MAX)

static void lock(struct body *b)
{
    if (pthread_mutex_lock(&b->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct body *b)
{
    if (pthread_mutex_unlock(&b->lock))
        abort(); /* cannot fail, as above */
}

/* Call with the lock held, or while nothing streams. */
static void body_fail(struct http_conn *c, const struct err *err)
{
    if (c->body.failed)
        return; /* the first reason is the one to tell */
    c->body.failed = true;
    c->ex.body_err = *err;
}

static void refuse_size(struct http_conn *c)
{
    struct err err = {0};

    (void)fail(&err, ERR_TOO_BIG, "body is larger than %ju bytes", (uintmax_t)c->ex.plan.body_max);
    body_fail(c, &err);
    c->body.mode = BODY_DROP;
}

static void refuse_memory(struct http_conn *c)
{
    struct err err = {0};

    (void)fail(&err, ERR_NOMEM, "out of memory");
    body_fail(c, &err);
    c->body.mode = BODY_DROP;
}

static void open_stream(struct http_conn *c)
{
    struct body *b = &c->body;

    b->cap = STREAM_BUFFER;
    if (!c->framing.chunked && c->framing.length < b->cap)
        b->cap = (size_t)c->framing.length;
    b->filling = mem_resize(NULL, b->cap); /* not zeroed: it is large, and filled before use */
    if (!b->filling) {
        refuse_memory(c);
        return;
    }
    b->mode = BODY_STREAM;
    b->streamed = true;
}

void body_open(struct http_conn *c)
{
    const struct http_plan *plan = &c->ex.plan;

    assert(c->body.mode == BODY_DROP && !c->body.filling);
    if (c->ex.response || plan->body == HTTP_BODY_NONE)
        return;
    if (!c->framing.chunked && c->framing.length > plan->body_max) {
        refuse_size(c);
    } else if (plan->body == HTTP_BODY_STREAM) {
        open_stream(c);
    } else {
        c->body.whole = BUF_INIT((size_t)plan->body_max);
        c->body.mode = BODY_WHOLE;
    }
}

/* --- streams: the worker's side ----------------------------------------------------------------
 */

/* Call with the lock held. The event thread has nothing in its hands, or is suspended. */
static void swap_buffers(struct body *b)
{
    char *full = b->filling;

    b->filling = b->draining;
    b->draining = full;
    b->drain_len = b->fill_len;
    b->fill_len = 0;
}

static void drain(struct http_conn *c)
{
    struct body *b = &c->body;
    struct str chunk = {b->draining, b->drain_len};
    struct err err = {0};

    b->drain_len = 0;
    if (chunk.len && c->ex.plan.sink(&c->ex, chunk, &err) != OK) {
        lock(b);
        body_fail(c, &err);
        unlock(b);
    }
}

/* Decides under the lock what comes after a drained buffer. */
enum next { NEXT_BUFFER, NEXT_RUN, NEXT_FINISH, NEXT_LEAVE };
static enum next next_of(struct http_conn *c)
{
    struct body *b = &c->body;
    enum next next = NEXT_LEAVE;

    lock(b);
    if (b->abandoned) {
        next = NEXT_FINISH;
    } else if ((b->held || b->ended) && b->fill_len &&
               !b->failed) { /* suspended: fill_len is ours */
        swap_buffers(b);
        next = NEXT_BUFFER;
    } else if (b->ended) {
        next = NEXT_RUN;
    } else {
        b->busy = false;
    }
    if (b->held && next != NEXT_FINISH) {
        b->held = false;
        MHD_resume_connection(c->mhd); /* if NEXT_BUFFER, busy keeps the exchange from ending */
    }
    unlock(b);
    return next;
}

static void run_and_resume(struct http_conn *c)
{
    exchange_run(c);
    lock(&c->body);
    c->body.busy = false;
    unlock(&c->body);
    MHD_resume_connection(c->mhd);
}

static void stream_work(struct work_item *item)
{
    struct http_conn *c =
        (struct http_conn *)(void *)((char *)item - offsetof(struct http_conn, body.item));
    struct http_server *s = c->server;
    enum next next;

    do {
        drain(c);
        next = next_of(c);
    } while (next == NEXT_BUFFER);
    if (next == NEXT_RUN)
        run_and_resume(c);
    else if (next == NEXT_FINISH)
        exchange_finish(c);
    conn_unref(c);
    server_end_work(s);
}

/* --- streams: the event thread's side ----------------------------------------------------------
 */

/* Call with the lock held and no worker busy; at_work was begun. */
static void start_worker(struct http_conn *c)
{
    c->body.busy = true;
    conn_ref(c);
    c->body.item.fn = stream_work;
    work_continue(c->server->work, &c->body.item); /* it was admitted with prepare() */
}

enum handover { HANDED, HELD, HANDOVER_FAILED };

/* Gives the full buffer to a worker, or suspends the connection until one takes it. */
static enum handover hand_over(struct http_conn *c)
{
    struct body *b = &c->body;
    enum handover result = HANDED;

    if (!b->draining)
        b->draining = mem_resize(NULL, b->cap);
    lock(b);
    if (!b->draining) {
        refuse_memory(c);
    } else if (b->busy) {
        b->held = true;
        watch_set(&c->watch, WATCH_BUSY);
        MHD_suspend_connection(c->mhd);
        result = HELD;
    } else if (server_begin_work(c->server)) {
        swap_buffers(b);
        start_worker(c);
    } else {
        result = HANDOVER_FAILED;
    }
    unlock(b);
    return result;
}

static enum MHD_Result stream_take(struct http_conn *c, const char *data, size_t *size)
{
    struct body *b = &c->body;
    bool failed;

    lock(b);
    failed = b->failed;
    unlock(b);
    if (failed)
        b->mode = BODY_DROP;
    while (*size && b->mode == BODY_STREAM) {
        size_t room = b->cap - b->fill_len, n = *size < room ? *size : room;

        if (!room) {
            enum handover result = hand_over(c);

            if (result != HANDED)
                return result == HELD ? MHD_YES : MHD_NO;
            continue;
        }
        memcpy(b->filling + b->fill_len, data, n);
        b->fill_len += n;
        data += n;
        *size -= n;
    }
    *size = 0;
    return MHD_YES;
}

/* Suspends until a worker has drained what is left and has called run(). */
static enum MHD_Result stream_end(struct http_conn *c)
{
    struct body *b = &c->body;
    enum MHD_Result result = MHD_YES;

    lock(b);
    if (b->busy || server_begin_work(c->server)) {
        b->ended = true;
        watch_set(&c->watch, WATCH_BUSY);
        MHD_suspend_connection(c->mhd);
        if (!b->busy)
            start_worker(c); /* with nothing in draining: it goes on to what is in filling */
    } else {
        result = MHD_NO;
    }
    unlock(b);
    return result;
}

/* --- all bodies --------------------------------------------------------------------------------
 */

static enum MHD_Result drop(struct http_conn *c, size_t *size)
{
    struct body *b = &c->body;

    if (b->dropped + *size > DROP_MAX && !c->answered) {
        if (!c->ex.response && !c->ran)
            return body_end(c); /* called again with the same bytes */
        exchange_answer_raw(c);
    }
    b->dropped += *size;
    *size = 0;
    return b->dropped > LINGER_MAX ? MHD_NO : MHD_YES;
}

enum MHD_Result body_take(struct http_conn *c, const char *data, size_t *size)
{
    struct body *b = &c->body;
    size_t had = *size;
    enum MHD_Result result = MHD_YES;

    watch_set(&c->watch, WATCH_BODY);
    if (b->mode != BODY_DROP && c->ex.body_size + had > c->ex.plan.body_max) {
        lock(b);
        refuse_size(c);
        unlock(b);
    }
    if (b->mode == BODY_STREAM) {
        result = stream_take(c, data, size);
    } else if (b->mode == BODY_WHOLE) {
        buf_add(&b->whole, (struct str){data, had});
        if (!buf_ok(&b->whole))
            refuse_memory(c);
        *size = 0;
    } else {
        result = drop(c, size);
    }
    c->ex.body_size += had - *size;
    atomic_store_explicit(&c->watch.received, c->ex.body_size, memory_order_relaxed);
    return result;
}

static void keep_whole(struct http_conn *c)
{
    size_t len;
    char *bytes = buf_take(&c->body.whole, &len);

    if (!bytes) {
        refuse_memory(c);
    } else if (!arena_defer(c->ex.mem, mem_free, bytes)) {
        mem_free(bytes);
        refuse_memory(c);
    } else {
        c->ex.body = (struct str){bytes, len};
    }
}

enum MHD_Result body_end(struct http_conn *c)
{
    if (c->body.streamed)
        return stream_end(c);
    if (c->body.mode == BODY_WHOLE)
        keep_whole(c);
    return exchange_run_on_worker(c);
}

bool body_abandon(struct http_conn *c)
{
    bool busy;

    lock(&c->body);
    busy = c->body.busy;
    c->body.abandoned = busy;
    if (busy)
        c->mhd = NULL; /* and with it the headers */
    unlock(&c->body);
    return busy;
}

void body_done(struct http_conn *c)
{
    struct body *b = &c->body;

    buf_done(&b->whole);
    mem_free(b->filling);
    mem_free(b->draining);
    b->filling = b->draining = NULL;
    b->fill_len = b->drain_len = 0;
    b->mode = BODY_DROP;
    b->dropped = 0;
    b->streamed = b->busy = b->held = b->ended = b->failed = b->abandoned = false;
}
