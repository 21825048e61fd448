/* s3_refusal.h: what it means that an S3 server refuses a request. Pure. */
#ifndef BLOB_S3_REFUSAL_H
#define BLOB_S3_REFUSAL_H
#include "base/err.h"
#include "blob/s3_xml.h"

struct s3_refusal {
    long status;                /* of HTTP, 300 or above; 0: there was no answer */
    char code[S3_CODE_MAX + 1]; /* say "NoSuchUpload"; may be empty: answers to HEAD have none */
};

enum s3_subject { S3_BUCKET, S3_OBJECT, S3_OBJECT_HEAD };

struct s3_verdict {
    enum err_code code;
    bool again; /* the same request may succeed soon */
};
struct s3_verdict s3_refusal_judge(const struct s3_refusal *r, enum s3_subject subject);

#endif
