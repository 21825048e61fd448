/* blob.h: immutable bytes under the name of their SHA-256, in one of two interchangeable stores: a
 * folder (blob_fs.c), or a bucket of an S3 server (blob_s3.c) with a local folder beside it, where
 * uploads are received and what was read is kept for the next time.
 *
 * Order of a put: blob_writer_open, write ..., blob_writer_sync (bytes are durable), then in the
 * write transaction that names them: file_hold_blob (store/file.h), blob_writer_publish (they are
 * there under their digest for certain), rows, commit. Putting bytes that are there already is no
 * error. Removing is done under file_claim_blob. Any thread; what waits for a disk or an S3 server
 * blocks: workers only, unless said otherwise.
 *
 * ERR_BUSY: the S3 server does not answer, or answers that it is overloaded, after several tries.
 * ERR_IO: it, or the disk, answers with nonsense or a failure. */
#ifndef BLOB_BLOB_H
#define BLOB_BLOB_H
#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"

struct blob_store;
struct blob_writer;

struct blob_id {
    char sha256[SHA256_HEX + 1]; /* lower-case hex */
    char md5[MD5_HEX + 1];       /* set by a writer */
    uint64_t size;
};

struct blob_place {
    const char *dir; /* the store, or (S3) what is local of it; created if absent */
    struct str url;  /* empty: dir is the store; else "s3://bucket" or "s3://bucket/prefix" */
    /* The rest is for S3; strings may be empty. */
    struct str endpoint;        /* "https://s3.example.org:9000"; empty: AWS, by region */
    struct str public_endpoint; /* the same as clients reach it, for links; empty: endpoint */
    struct str region;          /* empty: "us-east-1" */
    struct str key_id, secret, session_token; /* copied; session_token may be empty */
    bool path_style;    /* https://endpoint/bucket/key, not https://bucket.endpoint/key */
    uint64_t cache_max; /* bytes of local copies; 0: none are kept */
};

/* SERVE: leftovers of writers that a crash cut short are removed from dir, so only the holder of
 * the data folder's lock may do so. COMMAND: beside a running server. Opening an S3 store asks the
 * server for the bucket: ERR_NOT_FOUND if there is none, ERR_DENIED for wrong credentials. */
enum blob_use { BLOB_COMMAND, BLOB_SERVE };
enum err_code blob_open(const struct blob_place *place, enum blob_use use,
                        struct blob_store **ret_store, struct err *err) MUST_USE;
void blob_close(struct blob_store *b);
void blob_closep(struct blob_store **b);

/* After a failed write or sync the writer can only be closed. A failed publish may have made the
 * bytes visible, but not durable: no row may name them. */
enum err_code blob_writer_open(struct blob_store *b, struct blob_writer **ret_w,
                               struct err *err) MUST_USE;
enum err_code blob_writer_write(struct blob_writer *w, struct str chunk, struct err *err) MUST_USE;
enum err_code blob_writer_sync(struct blob_writer *w, struct blob_id *ret_id,
                               struct err *err) MUST_USE;
/* Between the two: a descriptor of the caller's that can read the bytes and nothing else, for who
 * must judge them before anybody else finds them. */
enum err_code blob_writer_reader(struct blob_writer *w, int *ret_fd, struct err *err) MUST_USE;
enum err_code blob_writer_publish(struct blob_writer *w, struct err *err) MUST_USE;
void blob_writer_close(struct blob_writer *w); /* drops what was not published; accepts NULL */
void blob_writer_closep(struct blob_writer **w);

/* open + write + sync + publish of bytes in memory. Skips the work if they are there already. */
enum err_code blob_put(struct blob_store *b, struct str data, struct blob_id *ret_id,
                       struct err *err) MUST_USE;

/* ERR_NOT_FOUND when absent. */
enum err_code blob_stat(struct blob_store *b, struct str sha256, uint64_t *ret_size,
                        struct err *err) MUST_USE;
/* A readable descriptor of the caller's with all the bytes. S3: of the local copy, which is made
 * now (and checked against the digest) if there is none; it works even if no copies are kept.
 * ERR_NOT_FOUND when absent. */
enum err_code blob_get(struct blob_store *b, struct str sha256, int *ret_fd, uint64_t *ret_size,
                       struct err *err) MUST_USE;
/* All the bytes, in mem. ERR_TOO_BIG when there are more than max. */
enum err_code blob_read(struct blob_store *b, struct arena *mem, struct str sha256, size_t max,
                        struct str *ret_bytes, struct err *err) MUST_USE;
/* Exactly len bytes from offset on, without a local copy. Bytes past the end are ERR_INVALID. Of
 * parts nobody can tell whether they are what the digest says. */
enum err_code blob_read_at(struct blob_store *b, struct str sha256, uint64_t offset, size_t len,
                           char *out, struct err *err) MUST_USE;

/* Do reads go over the network? Then whoever sends a large blob should read it in pieces
 * (blob_read_at) or send its reader there (blob_link). */
bool blob_is_remote(const struct blob_store *b);
/* Path of a file that holds the bytes, NUL-terminated, in mem. A folder's: whether or not it
 * exists, and without blocking. S3: of the local copy, made now if there is none; it may be dropped
 * again when space is needed, so a reader who finds it gone asks again. ERR_NOT_FOUND when sha256
 * is no digest, or (S3) absent; ERR_TOO_BIG (S3) when no copy is kept of so many bytes. */
enum err_code blob_path(struct blob_store *b, struct arena *mem, struct str sha256,
                        struct str *ret_path, struct err *err) MUST_USE;
/* A presigned URL, in mem, by which anybody may read the bytes for so many seconds (1 to 604800).
 * type and disposition (may be empty) are the headers of the answer. Does not block. ERR_INVALID
 * unless the store is remote. */
enum err_code blob_link(struct blob_store *b, struct arena *mem, struct str sha256,
                        unsigned seconds, struct str type, struct str disposition,
                        struct str *ret_url, struct err *err) MUST_USE;

enum err_code blob_remove(struct blob_store *b, struct str sha256,
                          struct err *err) MUST_USE; /* absent: OK */

/* Calls fn for each blob whose digest begins with these two digits ("00" to "ff"), in order of the
 * digests; stops at its first failure. Blobs that come or go meanwhile may be told or not. */
typedef enum err_code blob_list_fn(void *ctx, struct str sha256, uint64_t size, struct err *err);
enum err_code blob_list(struct blob_store *b, struct str first_digits, blob_list_fn *fn, void *ctx,
                        struct err *err) MUST_USE;
/* S3: ends uploads in parts that began before then and were never completed; *ret_count of them.
 * A folder: nothing to do (opening it to serve has removed what a crash left). */
enum err_code blob_sweep(struct blob_store *b, int64_t before_ms, size_t *ret_count,
                         struct err *err) MUST_USE;

#endif
