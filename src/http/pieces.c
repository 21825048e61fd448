/* pieces.c: one buffer that goes from a worker, who fills it, to the event thread, which empties
 * it into the library's block, and back. */
#include "http/pieces.h"

#include <assert.h>

#include "base/cache.h"
#include "base/mem.h"
#include "http/conn.h"

enum piece_state {
    PIECE_NONE,   /* not asked for */
    PIECE_COMING, /* a worker has the buffer, and a reference to us */
    PIECE_READY,  /* the event thread has it */
    PIECE_FAILED  /* there will be no more */
};

struct pieces {
    struct shared shared;
    struct http_source source; /* a reference to its object is ours */
    uint64_t offset, size;     /* what of it is sent */
    size_t cap;                /* bytes of a piece */

    /* Of pieces_attach(), before anything is fetched. */
    struct http_server *server;
    struct MHD_Connection *mhd;
    struct watch *watch; /* for the event thread only */
    uint64_t id;         /* of the exchange */

    pthread_mutex_t lock; /* guards the next three */
    enum piece_state state;
    bool awaited; /* the connection is suspended until the piece is there */
    bool dropped; /* the library is through with us */

    /* The worker's while the piece is coming, else the event thread's. */
    struct work_item item;
    char *piece;
    uint64_t at;       /* where in the body it begins */
    size_t len, taken; /* of these, how many the library has */
};

static void lock(struct pieces *p)
{
    if (pthread_mutex_lock(&p->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct pieces *p)
{
    if (pthread_mutex_unlock(&p->lock))
        abort(); /* cannot fail, as above */
}

/* By whoever gives up the last reference: a worker, or the thread that frees the response. */
static void pieces_free(struct shared *self)
{
    struct pieces *p = (struct pieces *)self;

    shared_unref(p->source.object);
    (void)pthread_mutex_destroy(&p->lock);
    mem_free(p->piece);
    mem_free(p);
}

struct pieces *pieces_new(const struct http_source *source, uint64_t offset, uint64_t size)
{
    struct pieces *p = mem_new(struct pieces);

    assert(source->object && size && offset + size > offset);
    if (!p)
        return NULL;
    shared_init(&p->shared, pieces_free);
    if (pthread_mutex_init(&p->lock, NULL))
        abort(); /* cannot fail on Linux with default attributes */
    p->source = *source;
    (void)shared_ref(source->object);
    p->offset = offset;
    p->size = size;
    p->cap = size < HTTP_PIECE ? (size_t)size : HTTP_PIECE;
    return p;
}

void pieces_attach(struct pieces *p, struct http_conn *c)
{
    assert(!p->mhd); /* its state is that of one body on its way */
    p->server = c->server;
    p->mhd = c->mhd;
    p->watch = &c->watch;
    p->id = c->ex.id;
}

size_t pieces_block(const struct pieces *p)
{
    return p->cap;
}

void pieces_drop(void *ctx)
{
    struct pieces *p = ctx;

    lock(p);
    p->dropped = true;
    unlock(p);
    shared_unref(p);
}

/* --- the worker's side ------------------------------------------------------------------------ */

static void log_failure(const struct pieces *p, const struct err *err)
{
    struct log_line l;

    log_begin(&l, p->server->log, LOG_ERROR, "body_failed");
    log_u64(&l, "id", p->id);
    log_str(&l, "error", str_of(err_slug(err->code)));
    log_str(&l, "msg", str_of(err->msg));
    if (err->file) {
        log_str(&l, "file", str_of(err->file));
        log_u64(&l, "line", (uint64_t)err->line);
    }
    log_end(&l);
}

static bool is_dropped(struct pieces *p)
{
    bool dropped;

    lock(p);
    dropped = p->dropped;
    unlock(p);
    return dropped;
}

static bool fetch(struct pieces *p)
{
    struct err err = {0};
    enum err_code code;

    if (is_dropped(p))
        return false; /* while this waited for a worker: nobody wants the bytes */
    if (!p->piece)
        p->piece = mem_resize(NULL, p->cap); /* not zeroed: it is large, and filled before use */
    code = p->piece ? p->source.read(p->source.object, p->offset + p->at, p->len, p->piece, &err)
                    : fail(&err, ERR_NOMEM, "out of memory");
    if (code)
        log_failure(p, &err);
    return code == OK;
}

static void fetch_work(struct work_item *item)
{
    struct pieces *p = (struct pieces *)(void *)((char *)item - offsetof(struct pieces, item));
    struct http_server *s = p->server;
    bool ok = fetch(p), resume;

    lock(p);
    p->state = ok ? PIECE_READY : PIECE_FAILED;
    resume = p->awaited;
    p->awaited = false;
    unlock(p);
    if (resume) /* nobody else does, so the connection is still there */
        MHD_resume_connection(p->mhd);
    shared_unref(p);
    server_end_work(s); /* last: then the server may be gone */
}

/* --- the event thread's side ------------------------------------------------------------------ */

/* Call with the lock held and the piece before taken. A server that is being cut begins nothing
 * new: then the body ends here. */
static void begin_fetch(struct pieces *p)
{
    uint64_t left = p->size - p->at;

    if (!server_begin_work(p->server)) {
        p->state = PIECE_FAILED;
        return;
    }
    p->len = left < p->cap ? (size_t)left : p->cap;
    p->taken = 0;
    p->state = PIECE_COMING;
    (void)shared_ref(p); /* the worker's */
    p->item.fn = fetch_work;
    work_continue(p->server->work, &p->item); /* never refused: a connection has one at most */
}

/* The state of the piece that is wanted now; if it is COMING, the connection is suspended. */
static enum piece_state look(struct pieces *p)
{
    enum piece_state state;

    lock(p);
    if (p->state == PIECE_NONE)
        begin_fetch(p);
    state = p->state;
    if (state == PIECE_COMING) {
        p->awaited = true; /* and suspended before the worker can see it */
        watch_set(p->watch, WATCH_BUSY);
        MHD_suspend_connection(p->mhd);
    }
    unlock(p);
    return state;
}

static void next_piece(struct pieces *p)
{
    p->at += p->len;
    lock(p);
    p->state = PIECE_NONE;
    if (p->at < p->size)
        begin_fetch(p);
    unlock(p);
}

ssize_t pieces_read(void *ctx, uint64_t pos, char *out, size_t max)
{
    struct pieces *p = ctx;
    enum piece_state state = look(p);
    size_t n;

    if (state != PIECE_READY)
        return state == PIECE_COMING ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
    assert(pos == p->at + p->taken); /* the library wants each byte once, in order */
    watch_set(p->watch, WATCH_ANSWER);
    n = p->len - p->taken < max ? p->len - p->taken : max;
    memcpy(out, p->piece + p->taken, n);
    p->taken += n;
    if (p->taken == p->len)
        next_piece(p);
    return (ssize_t)n;
}
