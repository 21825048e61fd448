/* blob.h: immutable bytes under the name of their SHA-256. Interchangeable stores (blob_fs now).
 *
 * Order of a put: blob_writer_open, write ..., blob_writer_sync (bytes are on disk, not yet
 * visible), blob_writer_publish (visible under its digest, durable). Putting bytes that are there
 * already replaces them by the same bytes. Publishing and removing are done inside a write
 * transaction of store/, which orders them against each other. */
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

/* dir: created if absent. Leftovers of writers that a crash cut short are removed, so only the
 * holder of the data folder's lock may open for_writing. */
enum err_code blob_open(const char *dir, bool for_writing, struct blob_store **ret_store,
                        struct err *err) MUST_USE;
void blob_close(struct blob_store *b);
void blob_closep(struct blob_store **b);

/* After a failed write or sync the writer can only be closed. A failed publish may have made the
 * bytes visible, but not durable: no row may name them. */
enum err_code blob_writer_open(struct blob_store *b, struct blob_writer **ret_w,
                               struct err *err) MUST_USE;
enum err_code blob_writer_write(struct blob_writer *w, struct str chunk, struct err *err) MUST_USE;
enum err_code blob_writer_sync(struct blob_writer *w, struct blob_id *ret_id,
                               struct err *err) MUST_USE;
enum err_code blob_writer_publish(struct blob_writer *w, struct err *err) MUST_USE;
void blob_writer_close(struct blob_writer *w); /* drops what was not published; accepts NULL */
void blob_writer_closep(struct blob_writer **w);

/* open + write + sync + publish of bytes in memory. Skips the work if they are there already. */
enum err_code blob_put(struct blob_store *b, struct str data, struct blob_id *ret_id,
                       struct err *err) MUST_USE;

/* A readable descriptor of the caller's. ERR_NOT_FOUND when absent. */
enum err_code blob_get(struct blob_store *b, struct str sha256, int *ret_fd, uint64_t *ret_size,
                       struct err *err) MUST_USE;
/* The path of a blob's file, NUL-terminated, in mem (whether or not it exists): for http_entity.
 * ptr NULL when out of memory, or when sha256 is not a digest in lower-case hex. */
struct str blob_path(struct blob_store *b, struct arena *mem, struct str sha256);
enum err_code blob_remove(struct blob_store *b, struct str sha256,
                          struct err *err) MUST_USE; /* absent: OK */

#endif
