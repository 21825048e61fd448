/* s3_upload.h: files into a bucket, in one piece or in parts. Internal to blob/. */
#ifndef BLOB_S3_UPLOAD_H
#define BLOB_S3_UPLOAD_H
#include "base/limits.h"
#include "blob/s3_client.h"

struct s3_parts {
    uint64_t single_max; /* files up to this size go in one request */
    uint64_t size;       /* of a part, at least; larger for files of more than 10,000 of them */
};
/* Half a minute at 2 MB/s is what one failure may cost. */
#define S3_PARTS ((struct s3_parts){.single_max = 64 * MIB, .size = 32 * MIB})

/* The size of what is stored under a key. ERR_NOT_FOUND. */
enum err_code s3_head(struct s3_client *c, struct str key, uint64_t *ret_size,
                      struct err *err) MUST_USE;

struct s3_file {
    int fd;
    uint64_t size;
    struct str sha256; /* of all of it, in hex */
};
/* Stores the file under the key, durably, replacing what is there. The server compares each piece
 * with its digest. On failure no part of it is left, as far as the server can be reached. */
enum err_code s3_upload(struct s3_client *c, const struct s3_parts *parts, struct str key,
                        const struct s3_file *file, struct err *err) MUST_USE;

/* Ends an upload in parts. One that is over already is fine. */
enum err_code s3_upload_abort(struct s3_client *c, struct str key, struct str upload_id,
                              struct err *err) MUST_USE;

#endif
