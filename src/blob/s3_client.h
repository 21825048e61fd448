/* s3_client.h: requests to one bucket: signed, sent, tried again, and judged.
 *
 * What may be gone the next time (no connection, a timeout, 5xx, 429, a body cut short, an answer
 * that does not fit) is tried again, with pauses that grow; then the failure is ERR_BUSY, or ERR_IO
 * for an answer that makes no sense. ERR_NOT_FOUND: no such key. ERR_NO_SPACE: a quota. ERR_DENIED:
 * refused. No message holds a credential, nor any text of the server's but the word of its <Code>.
 * No redirect is followed. Any thread. */
#ifndef BLOB_S3_CLIENT_H
#define BLOB_S3_CLIENT_H
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "blob/s3_address.h"
#include "blob/s3_refusal.h"
#include "blob/s3_sign.h"

/* When to give up. */
struct s3_timing {
    unsigned tries;        /* without progress */
    unsigned pause_ms;     /* after the first, doubled after each; half of it is chance */
    unsigned pause_max_ms; /* */
    unsigned connect_ms;   /* for a connection */
    unsigned slow_seconds; /* a transfer under 1 KiB/s for so long has failed */
    unsigned patience_ms;  /* no further try after so long without progress; 0: as many as tries */
};
#define S3_TIMING                                                                                  \
    ((struct s3_timing){.tries = 5,                                                                \
                        .pause_ms = 200,                                                           \
                        .pause_max_ms = 2000,                                                      \
                        .connect_ms = 5000,                                                        \
                        .slow_seconds = 15,                                                        \
                        .patience_ms = 30000})

struct s3_client;
struct s3_options {
    struct s3_address address; /* strings must outlive the client, here and below */
    struct s3_credentials who;
    struct s3_timing timing;
    unsigned connections; /* most at once; who needs more waits */
};
/* NULL when out of memory. */
struct s3_client *s3_client_open(const struct s3_options *options) MUST_USE;
void s3_client_close(struct s3_client *c); /* accepts NULL */

/* Who receives the bytes of an object. begin may be called again, with the same total, when a
 * transfer goes on; each byte is written once. Their failures end the request for good. */
struct s3_sink {
    enum err_code (*begin)(void *ctx, uint64_t total, struct err *err); /* size of the object */
    enum err_code (*write)(void *ctx, struct str chunk, struct err *err);
    void *ctx;
};

struct s3_request {
    struct str method; /* "GET", "HEAD", "PUT", "POST", "DELETE" */
    struct str key;    /* empty: the bucket itself */
    struct s3_fields params;
    bool patient; /* the server may think for minutes, in silence */
    bool once;    /* not worth a second try */

    /* GET of an object (sink->begin is set): len bytes from first on; len 0: all, first is 0.
     * ERR_INVALID if there are fewer. A transfer that is cut goes on where it was. */
    const struct s3_sink *sink;
    uint64_t first, len;

    /* PUT: size bytes of fd from offset on, whose SHA-256 (in hex) is given. */
    int fd;
    uint64_t offset, size;
    struct str sha256;
    /* POST: the document, may be empty. */
    struct str document;
};

#define S3_ETAG_MAX 200
struct s3_answer {
    uint64_t length;            /* of the object: HEAD */
    char etag[S3_ETAG_MAX + 1]; /* as it was sent, with quotes; may be empty */
    struct buf body;            /* of an answer other than an object; at most 8 MiB */
};
#define S3_ANSWER_INIT ((struct s3_answer){.body = BUF_INIT(8 * MIB)})
void s3_answer_done(struct s3_answer *a);

/* ret_refusal (may be NULL): what the last try was answered, for the few who must know more than an
 * error code. Set on failure. */
enum err_code s3_client_send(struct s3_client *c, const struct s3_request *rq,
                             struct s3_answer *ret, struct s3_refusal *ret_refusal,
                             struct err *err) MUST_USE;

#endif
