/* blob_s3.h: the S3 store, as tests open it. Internal to blob/. */
#ifndef BLOB_BLOB_S3_H
#define BLOB_BLOB_S3_H
#include "blob/blob.h"
#include "blob/s3_client.h"
#include "blob/s3_upload.h"

struct blob_s3_tuning {
    struct s3_timing timing;
    struct s3_parts parts;
};
/* As blob_open of a place with an URL, but less patient, or in smaller parts. */
enum err_code blob_s3_open(const struct blob_place *place, enum blob_use use,
                           const struct blob_s3_tuning *tuning, struct blob_store **ret_store,
                           struct err *err) MUST_USE;

#endif
