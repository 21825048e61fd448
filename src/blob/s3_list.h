/* s3_list.h: what a bucket holds of ours. Internal to blob/.
 *
 * prefix: what all keys begin with, empty or with a "/" at its end; a key of ours is prefix, "ab/",
 * and a digest that begins with ab. All others are left alone. */
#ifndef BLOB_S3_LIST_H
#define BLOB_S3_LIST_H
#include "blob/blob.h"
#include "blob/s3_client.h"

/* As blob_list. A server that tells keys out of order is ERR_IO. */
enum err_code s3_list_blobs(struct s3_client *c, struct str prefix, struct str first_digits,
                            blob_list_fn *fn, void *ctx, struct err *err) MUST_USE;
/* As blob_sweep. */
enum err_code s3_end_uploads(struct s3_client *c, struct str prefix, int64_t before_ms,
                             size_t *ret_count, struct err *err) MUST_USE;

#endif
