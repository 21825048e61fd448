/* reaper.h: cuts connections that hold resources without getting anywhere.
 *
 * libmicrohttpd's timeout starts again with every byte, so a client that sends or reads one byte
 * now and then would stay for ever. Here one thread looks at every connection each second:
 *   headers   complete within header_seconds of their first byte (of the connection, for its
 *             first request)
 *   body      at least min_rate bytes per second over each window
 *   answer    the peer has acknowledged at least as much
 *   a peer    that has closed its side while something is awaited from it, after a second: the
 *             library reads short, waits for the next edge, and misses an end that came with data
 * Time in which a worker of ours has the exchange does not count. A cut is shutdown(2): the
 * event thread that owns the connection sees it closed, and cleans up as for any other. */
#ifndef HTTP_REAPER_H
#define HTTP_REAPER_H
#include <stdatomic.h>

#include "base/common.h"

struct reaper_limits {
    uint64_t header_us;
    uint64_t window_us;
    uint64_t min_rate; /* bytes per second; 0: any */
};

enum watch_phase {
    WATCH_HEADERS, /* a request's headers are awaited, or a new connection's first byte */
    WATCH_IDLE,    /* between requests */
    WATCH_BODY,
    WATCH_BUSY, /* with a worker */
    WATCH_ANSWER
};

/* One connection, embedded in it. Zero, then reaper_add(). */
struct watch {
    struct watch *next, *prev; /* reaper's lock */
    int fd;
    _Atomic uint64_t state;    /* phase, and a count of its changes; written by the event thread */
    _Atomic uint64_t received; /* bytes of body */
    /* The reaper's own: what it saw last. */
    uint64_t seen, since_us, baseline;
    bool began;         /* idle: bytes of the next request have come */
    bool closed;        /* by the peer, at the last look, when ... */
    uint64_t closed_at; /* ... so many bytes of body had come */
};

struct reaper;
struct reaper *reaper_open(const struct reaper_limits *limits) MUST_USE; /* NULL: no memory */
bool reaper_start(struct reaper *r) MUST_USE; /* the thread; false when there is none to be had */
void reaper_close(struct reaper *r);          /* accepts NULL; no connection is watched any more */

void reaper_add(struct reaper *r, struct watch *w, int fd); /* in phase WATCH_HEADERS */
void reaper_remove(struct reaper *r, struct watch *w);      /* before its descriptor is closed */
/* By the connection's event thread. */
void watch_set(struct watch *w, enum watch_phase phase);

/* One look at all connections; the thread's, or a test's. */
void reaper_tick(struct reaper *r, uint64_t now_us);
/* Cuts the idle connections, or all. */
void reaper_cut(struct reaper *r, bool only_idle);

#endif
