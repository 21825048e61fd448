/* reaper.c: a list of connections under one lock, which also keeps descriptors from being closed
 * (and given to somebody else) while they are looked at. */
#include "http/reaper.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

/* TCP_CLOSE_WAIT of <netinet/tcp.h>, whose struct tcp_info is too old to be used here. */
#define CLOSE_WAIT 8
#define PHASE_BITS 3
#define PHASE_MASK ((1u << PHASE_BITS) - 1)

struct reaper {
    struct reaper_limits limits;
    pthread_mutex_t lock; /* guards all below, and the list's members' links */
    pthread_cond_t stop;
    bool stopping, started;
    struct watch *first;
    pthread_t thread;
};

static void lock(struct reaper *r)
{
    if (pthread_mutex_lock(&r->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct reaper *r)
{
    if (pthread_mutex_unlock(&r->lock))
        abort(); /* cannot fail, as above */
}

static enum watch_phase phase_of(uint64_t state)
{
    return (enum watch_phase)(state & PHASE_MASK);
}

void watch_set(struct watch *w, enum watch_phase phase)
{
    uint64_t state = atomic_load_explicit(&w->state, memory_order_relaxed);

    if (phase_of(state) == phase)
        return;
    atomic_store_explicit(&w->state, ((state >> PHASE_BITS) + 1) << PHASE_BITS | (uint64_t)phase,
                          memory_order_relaxed);
}

/* --- one look --------------------------------------------------------------------------------- */

/* What the kernel knows of a connection; zeros if nothing. */
static struct tcp_info tcp_state(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);

    (void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len); /* fails if it is gone already */
    return info;
}

/* What a connection in this phase must make more of. */
static uint64_t progress(const struct watch *w, enum watch_phase phase)
{
    if (phase == WATCH_BODY)
        return atomic_load_explicit(&w->received, memory_order_relaxed);
    if (phase == WATCH_IDLE)
        return tcp_state(w->fd).tcpi_bytes_received;
    if (phase == WATCH_ANSWER)
        return tcp_state(w->fd).tcpi_bytes_acked;
    return 0;
}

/* A phase seen for the first time. A request that began while we saw the connection idle has
 * been on its way since then. */
static void restart(struct watch *w, uint64_t state, uint64_t now_us)
{
    enum watch_phase phase = phase_of(state);

    if (!(w->began && phase == WATCH_HEADERS))
        w->since_us = now_us;
    w->seen = state;
    w->began = w->closed = false;
    w->baseline = progress(w, phase);
}

/* Is the next request's head overdue? Its first bytes are noticed by the kernel's count. */
static bool idle_overdue(const struct reaper *r, struct watch *w, uint64_t now_us)
{
    if (!w->began) {
        w->began = progress(w, WATCH_IDLE) != w->baseline;
        w->since_us = now_us;
        return false;
    }
    return now_us - w->since_us >= r->limits.header_us;
}

/* Was the window that ends now too slow? */
static bool rate_too_low(const struct reaper *r, struct watch *w, uint64_t now_us)
{
    uint64_t took_us = now_us - w->since_us, bytes;

    if (took_us < r->limits.window_us)
        return false;
    bytes = progress(w, phase_of(w->seen));
    if (bytes - w->baseline < r->limits.min_rate * (took_us / 1000000))
        return true;
    w->baseline = bytes;
    w->since_us = now_us;
    return false;
}

/* Has the peer closed its side at least one look ago, and all of its bytes been taken since? */
static bool peer_is_gone(struct watch *w)
{
    uint64_t received = atomic_load_explicit(&w->received, memory_order_relaxed);
    bool closed_before = w->closed && w->closed_at == received;

    w->closed = tcp_state(w->fd).tcpi_state == CLOSE_WAIT;
    w->closed_at = received;
    return w->closed && closed_before;
}

static bool is_overdue(const struct reaper *r, struct watch *w, uint64_t now_us)
{
    uint64_t state = atomic_load_explicit(&w->state, memory_order_relaxed);

    if (state != w->seen) {
        restart(w, state, now_us);
        return false;
    }
    switch (phase_of(state)) {
    case WATCH_HEADERS:
        return now_us - w->since_us >= r->limits.header_us || peer_is_gone(w);
    case WATCH_IDLE:
        return idle_overdue(r, w, now_us) || peer_is_gone(w);
    case WATCH_BODY:
        return rate_too_low(r, w, now_us) || peer_is_gone(w);
    case WATCH_ANSWER:
        return rate_too_low(r, w, now_us);
    case WATCH_BUSY:
        break;
    }
    return false;
}

static void cut(struct watch *w)
{
    (void)shutdown(w->fd, SHUT_RDWR); /* it may be closed by the peer already */
}

void reaper_tick(struct reaper *r, uint64_t now_us)
{
    lock(r);
    for (struct watch *w = r->first; w; w = w->next)
        if (is_overdue(r, w, now_us))
            cut(w);
    unlock(r);
}

void reaper_cut(struct reaper *r, bool only_idle)
{
    lock(r);
    for (struct watch *w = r->first; w; w = w->next)
        if (!only_idle || phase_of(atomic_load(&w->state)) == WATCH_IDLE)
            cut(w);
    unlock(r);
}

/* --- life ------------------------------------------------------------------------------------- */

void reaper_add(struct reaper *r, struct watch *w, int fd)
{
    w->fd = fd;
    atomic_store(&w->state, WATCH_HEADERS);
    w->seen = WATCH_HEADERS;
    w->since_us = clock_mono_us();
    lock(r);
    w->prev = NULL;
    w->next = r->first;
    if (r->first)
        r->first->prev = w;
    r->first = w;
    unlock(r);
}

void reaper_remove(struct reaper *r, struct watch *w)
{
    lock(r);
    if (w->prev)
        w->prev->next = w->next;
    else
        r->first = w->next;
    if (w->next)
        w->next->prev = w->prev;
    unlock(r);
}

/* Waits for a second, or for the end (true). */
static bool wait_second(struct reaper *r)
{
    struct timespec until;
    bool stopping;

    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail */
    until.tv_sec++;
    lock(r);
    while (!r->stopping && !pthread_cond_timedwait(&r->stop, &r->lock, &until))
        ;
    stopping = r->stopping;
    unlock(r);
    return stopping;
}

static void *run(void *arg)
{
    struct reaper *r = arg;

    while (!wait_second(r))
        reaper_tick(r, clock_mono_us());
    return NULL;
}

struct reaper *reaper_open(const struct reaper_limits *limits)
{
    struct reaper *r = mem_new(struct reaper);
    pthread_condattr_t monotonic;

    if (!r)
        return NULL;
    r->limits = *limits;
    if (pthread_mutex_init(&r->lock, NULL) || pthread_condattr_init(&monotonic) ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) ||
        pthread_cond_init(&r->stop, &monotonic))
        abort(); /* cannot fail on Linux */
    (void)pthread_condattr_destroy(&monotonic);
    return r;
}

bool reaper_start(struct reaper *r)
{
    r->started = !pthread_create(&r->thread, NULL, run, r);
    return r->started;
}

void reaper_close(struct reaper *r)
{
    if (!r)
        return;
    lock(r);
    r->stopping = true;
    (void)pthread_cond_broadcast(&r->stop); /* cannot fail */
    unlock(r);
    if (r->started && pthread_join(r->thread, NULL))
        abort(); /* only if the thread closed itself */
    (void)pthread_cond_destroy(&r->stop);
    (void)pthread_mutex_destroy(&r->lock);
    mem_free(r);
}
