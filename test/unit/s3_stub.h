/* s3_stub.h: a server on a loopback port that answers as a test has scripted it: cut, late, wrong
 * or not at all, as no healthy server does. It takes one request at a time, and remembers them. */
#ifndef TEST_S3_STUB_H
#define TEST_S3_STUB_H
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "blob/s3_client.h"

struct stub_request {
    struct str method, target, head, body; /* borrowed until s3_stub_clear */
    char *memory;                          /* the stub's own: they lie in it */
    int fd;
};
/* The value of a header; empty if it was not sent. */
struct str stub_header(const struct stub_request *rq, const char *name);

struct stub_answer {
    struct str bytes;
    bool closes; /* the connection, when they are sent */
};

enum {
    STUB_SCRIPT_MAX = 32,
    STUB_REQUESTS_MAX = 128,
    STUB_CONNECTIONS_MAX = 16,
    STUB_BODY_MAX = 16 * 1024 * 1024
};

struct s3_stub {
    struct arena *mem;
    struct s3_options options; /* those of the client: three tries, hardly a pause */
    struct s3_client *client;  /* of the bucket "bucket" on the server, by path */
    struct s3_answer answer;   /* to what was sent last */
    struct s3_refusal refusal;
    struct err err;

    /* The server's. */
    int listener;
    atomic_uint connections; /* ever */
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t came;  /* a request */
    struct stub_answer script[STUB_SCRIPT_MAX];
    struct stub_request requests[STUB_REQUESTS_MAX];
    size_t scripted, count;
};

/* Setup and teardown; the state is the stub. */
int s3_stub_enter(void **state);
int s3_stub_leave(void **state);
/* The client anew, with the options as they are now. */
void s3_stub_reopen(struct s3_stub *f);

#define must(f, call)                                                                              \
    do {                                                                                           \
        enum err_code code_ = (call);                                                              \
        if (code_)                                                                                 \
            print_error("%s: %s\n", #call, (f)->err.msg);                                          \
        assert_int_equal(code_, OK);                                                               \
    } while (0)

/* The client sends a request, given by its fields. */
#define SEND(f, ...)                                                                               \
    s3_client_send((f)->client, &(const struct s3_request){__VA_ARGS__}, &(f)->answer,             \
                   &(f)->refusal, &(f)->err)

/* The script: the n-th request gets the n-th answer, and all later ones get the last.
 * answer: a whole one. cut: the same, but its head announces so many bytes, and the connection ends
 * after those of the body. say: any bytes, that live as long as the test; who gets no whole answer
 * then waits. headers: lines, each with its "\r\n". */
void s3_stub_answer(struct s3_stub *f, int status, const char *headers, struct str body);
void s3_stub_cut(struct s3_stub *f, int status, const char *headers, uint64_t announced,
                 struct str body);
void s3_stub_say(struct s3_stub *f, struct str bytes);
void s3_stub_hang_up(struct s3_stub *f); /* without an answer */
/* Forgets the script and the requests. */
void s3_stub_clear(struct s3_stub *f);

/* Waits for the request of this number, whose answer was to say nothing, and answers it now. */
void s3_stub_answer_late(struct s3_stub *f, size_t number, struct str bytes);

struct stub_request s3_stub_request(struct s3_stub *f, size_t number); /* from 0 on */
/* Method, target and range of all requests: "PUT /a, GET /b bytes=0-", in mem. */
const char *s3_stub_lines(struct s3_stub *f);
/* The last failure was the client's, with this message behind the address of the bucket. */
void s3_stub_assert_failure(struct s3_stub *f, const char *expected);

#endif
