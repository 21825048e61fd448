/* s3_refusal.c: statuses and codes of S3 servers, AWS's and others'. */
#include "blob/s3_refusal.h"

static bool is_one_of(struct str code, const char *const *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(code, str_of(codes[i])))
            return true;
    return false;
}

/* "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull" ... */
static bool is_full(long status, struct str code)
{
    return status == 507 || str_ends(code, S("QuotaExceeded")) || str_ends(code, S("StorageFull"));
}

static bool is_denied(long status, struct str code)
{
    static const char *const codes[] = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired",
                                        "InvalidAccessKeyId", "SignatureDoesNotMatch"};

    return status == 401 || status == 403 || is_one_of(code, codes, COUNT(codes));
}

/* Not every 404 says so: a proxy in front answers with it too. */
static bool is_absent(long status, struct str code, enum s3_subject subject)
{
    if (status != 404)
        return false;
    if (subject == S3_BUCKET)
        return str_eq(code, S("NoSuchBucket"));
    return subject == S3_OBJECT_HEAD || str_eq(code, S("NoSuchKey"));
}

/* Refused because of what happened to the bytes on the way. */
static bool is_damaged(struct str code)
{
    static const char *const codes[] = {"BadDigest", "XAmzContentSHA256Mismatch",
                                        "XAmzContentChecksumMismatch", "IncompleteBody"};

    return is_one_of(code, codes, COUNT(codes));
}

static bool is_passing(long status, struct str code)
{
    static const char *const codes[] = {"SlowDown", "RequestTimeout", "OperationAborted",
                                        "ServiceUnavailable", "InternalError"};

    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505) ||
           is_one_of(code, codes, COUNT(codes));
}

struct s3_verdict s3_refusal_judge(const struct s3_refusal *r, enum s3_subject subject)
{
    const struct str code = str_of(r->code);

    if (is_full(r->status, code))
        return (struct s3_verdict){ERR_NO_SPACE, false};
    if (is_absent(r->status, code, subject))
        return (struct s3_verdict){ERR_NOT_FOUND, false};
    if (is_denied(r->status, code))
        return (struct s3_verdict){ERR_DENIED, false};
    if (is_damaged(code))
        return (struct s3_verdict){ERR_IO, true};
    if (is_passing(r->status, code))
        return (struct s3_verdict){ERR_BUSY, true};
    return (struct s3_verdict){ERR_IO, false};
}
