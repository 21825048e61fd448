/* http_fixture.h: a real server on a loopback port with a small application, and a client that
 * speaks raw bytes. For the tests of src/http. */
#ifndef TEST_HTTP_FIXTURE_H
#define TEST_HTTP_FIXTURE_H
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/work.h"
#include "http/entity.h"
#include "http/http.h"

/* What the application does with a target:
 *   /memory...   begin() answers "memory" (any method; a body is dropped)
 *   /entity      begin() sends fx->entity
 *   /late        run() sends fx->entity
 *   /work...     no body wanted: prepare() sets nothing, run() answers "worked"
 *   /gate...     as /work, but run() waits until fx->gate is opened
 *   /refuse...   prepare() answers 401 "refused"
 *   /buffer...   body of at most BODY_MAX is buffered; run() answers it
 *   /stream...   body of at most STREAM_MAX goes to the sink; run() answers "<bytes> <hex sha256>"
 *   /slow...     as /stream, but the sink waits until fx->gate is opened
 *   /fail...     as /stream, but the sink refuses after FAIL_AFTER bytes
 *   /silent...   nobody sets a response
 * A header X-Want gives the answer the header X-Extra with its value.
 * A body_err is answered with 413 for ERR_TOO_BIG, else 507, and its message. */
#define BODY_MAX   1000
#define STREAM_MAX (1024 * MIB)
#define FAIL_AFTER (300 * KIB)

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    int waiting;
};
void gate_open(struct gate *g);
void gate_shut(struct gate *g);
void gate_await(struct gate *g, int waiting); /* until so many wait at it */

/* A source whose content is `bytes` again and again. Not on the heap: the last reference only
 * counts. */
struct fixture_source {
    struct shared shared;
    struct str bytes;
    struct gate *gate;  /* or NULL; each read waits at it ... */
    int pass;           /* ... after so many that do not */
    uint64_t fail_from; /* a read that goes beyond this offset fails; 0: none does */
    atomic_int reads, at_once, at_once_max, released;
    char ranges[512]; /* "offset+length " of each read; under the fixture's lock */
};
/* The test's reference, to be released with the entity or by itself. */
struct http_source fixture_source_init(struct fixture_source *s, struct str bytes);
/* Are these exactly the reads so far? */
bool fixture_source_read(struct fixture_source *s, const char *ranges);

struct http_fixture {
    struct http_options options;
    int log_fd; /* 0: standard error */
    struct work_pool *work;
    struct log log;
    struct http_server *server;
    struct http_entity *entity;
    uint16_t port;
    struct gate gate;
    /* The calls, and the last exchange that was finished. */
    atomic_int exchanges; /* begun, or refused before that */
    atomic_int begins, prepares, runs, finishes, refusals, aborts, sinks;
    atomic_int sinks_at_once, sinks_at_once_max;
    pthread_mutex_t lock;   /* guards the rest */
    pthread_cond_t counted; /* one of the counts has changed */
    char calls[256];        /* "begin prepare run finish " of all exchanges */
    char last_target[128], last_method[32], last_remote[64], last_header[64], last_list[64];
    uint64_t last_body_size;
};

/* threads, workers and queue: 0 for 2, 4 and 64. */
void fixture_open(struct http_fixture *fx);
void fixture_open_with(struct http_fixture *fx, unsigned workers, size_t queue_max);
void fixture_close(struct http_fixture *fx);    /* checks that each exchange begun was finished */
void await_count(atomic_int *count, int value); /* fails after 10 s */

/* --- client --- */

struct reply {
    unsigned status;
    char head[8192]; /* with the empty line */
    char *body;      /* of at most REPLY_BODY_MAX bytes, on the heap; freed by the next read */
    size_t body_len;
};
#define REPLY_BODY_MAX (4 * MIB)

int client_open(const struct http_fixture *fx);
void client_send(int fd, struct str bytes); /* all, or until the server is gone */
void client_sendz(int fd, const char *z);
/* The next answer. bodiless: of a HEAD request. False when the connection ended before it. */
bool client_read(int fd, bool bodiless, struct reply *r);
void reply_done(struct reply *r);
struct str reply_body(const struct reply *r);
struct str reply_header(const struct reply *r, const char *name); /* ptr == NULL: absent */
bool client_is_closed(int fd); /* waits a second for the end of the connection */
void client_abort(int fd);     /* closes with a reset */
bool client_is_quiet(int fd);  /* nothing comes within 200 ms, and the connection is open */

/* Sends a whole request on a new connection, reads one answer, closes. */
void ask(const struct http_fixture *fx, const char *request, struct reply *r);

#endif
