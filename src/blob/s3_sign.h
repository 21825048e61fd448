/* s3_sign.h: signatures of requests to S3 (AWS Signature Version 4). Pure: time is passed in.
 *
 * Texts go to buffers, whose buf_ok tells at the end whether there was memory for them. */
#ifndef BLOB_S3_SIGN_H
#define BLOB_S3_SIGN_H
#include "base/buf.h"
#include "base/digest.h"
#include "base/str.h"

struct s3_credentials {
    struct str key_id;
    struct str secret;        /* up to S3_SECRET_MAX bytes */
    struct str session_token; /* may be empty */
    struct str region;
};
#define S3_SECRET_MAX 1000

/* A query parameter (name of unreserved characters, value as it is meant: not encoded) or a header
 * (name in lower case, value without blanks around it). */
struct s3_field {
    struct str name, value;
};
struct s3_fields {
    const struct s3_field *items;
    size_t count; /* up to S3_FIELDS_MAX, of different names, in any order */
};
#define S3_FIELDS_MAX 16

struct s3_message {
    struct str method;
    struct str path;          /* "/bucket/key", percent-encoded once, as it is sent */
    struct s3_fields params;  /* of the query */
    struct s3_fields headers; /* all that are signed: at least host */
    struct str payload;       /* digest of the body, or "UNSIGNED-PAYLOAD" */
};

#define S3_STAMP_LEN 16
/* "20130524T000000Z", for x-amz-date. */
void s3_stamp(int64_t now_ms, char out[S3_STAMP_LEN + 1]);

/* Appends the parameters as a query, without the "?": encoded, and sorted as they are signed. */
void s3_query(struct buf *out, struct s3_fields params);

/* Appends the value of the header Authorization. The message must have the headers x-amz-date (of
 * the same time), x-amz-content-sha256, and x-amz-security-token if there is a session token. */
void s3_sign(struct buf *out, const struct s3_credentials *who, const struct s3_message *m,
             int64_t now_ms);

/* Appends the query of a link by which anybody may GET the path on that host for so many seconds
 * from now on. params: at most S3_FIELDS_MAX - 6. */
void s3_presign(struct buf *out, const struct s3_credentials *who, struct s3_field host_and_path,
                struct s3_fields params, unsigned seconds, int64_t now_ms);

#endif
