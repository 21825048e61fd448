/* blob_batch.h: several small blobs put at once. Each put waits for the disk, or for an S3 server,
 * and most of that time they can wait together. */
#ifndef BLOB_BLOB_BATCH_H
#define BLOB_BLOB_BATCH_H
#include "blob/blob.h"

struct blob_batch;
enum err_code blob_batch_open(struct blob_store *store, struct blob_batch **ret,
                              struct err *err) MUST_USE;
void blob_batch_close(struct blob_batch *b); /* drops what was not flushed; accepts NULL */
void blob_batch_closep(struct blob_batch **b);

/* Copies a blob, of which sha256 is the digest; it must be held already (file_hold_blob). Flushes
 * when there are many. */
enum err_code blob_batch_add(struct blob_batch *b, struct str sha256, struct str data,
                             struct err *err) MUST_USE;
/* The bytes of one that waits, borrowed until the next call; ptr NULL: it does not. */
struct str blob_batch_find(const struct blob_batch *b, struct str sha256);
/* When it returns OK, all are in the store, durable. After a failure some may be. */
enum err_code blob_batch_flush(struct blob_batch *b, struct err *err) MUST_USE;

#endif
