/* blob_s3.c: blobs as objects of a bucket. */
#include "blob/blob_engine.h"

static enum err_code s3_open(const struct blob_place *place, enum blob_use use,
                             struct blob_store **ret_store, struct err *err)
{
    (void)place, (void)use, (void)ret_store;
    return fail(err, ERR_INVALID, "S3 is not built in yet");
}

const struct blob_engine blob_s3 = {.open = s3_open};
