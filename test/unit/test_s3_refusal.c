#include "unit.h"

#include "blob/s3_refusal.h"

struct example {
    long status;
    const char *code;
    enum s3_subject subject;
    enum err_code expected;
    bool again;
};

static void check(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct example *e = &examples[i];
        struct s3_refusal r = {.status = e->status};
        struct s3_verdict verdict;

        (void)snprintf(r.code, sizeof(r.code), "%s", e->code);
        verdict = s3_refusal_judge(&r, e->subject);
        if (verdict.code != e->expected || verdict.again != e->again)
            print_error("%ld \"%s\" of subject %d is %s%s\n", e->status, e->code, (int)e->subject,
                        err_slug(verdict.code), verdict.again ? ", again" : "");
        assert_int_equal(verdict.code, e->expected);
        assert_int_equal(verdict.again, e->again);
    }
}

static void absent_is_only_what_s3_calls_absent(void **state)
{
    static const struct example examples[] = {
        {404, "NoSuchKey", S3_OBJECT, ERR_NOT_FOUND, false},
        {404, "NoSuchBucket", S3_BUCKET, ERR_NOT_FOUND, false},
        {404, "", S3_OBJECT_HEAD, ERR_NOT_FOUND, false}, /* an answer to HEAD has no more */
        {404, "", S3_OBJECT, ERR_IO, false},             /* some proxy's */
        {404, "", S3_BUCKET, ERR_IO, false},
        {404, "NotFound", S3_OBJECT, ERR_IO, false},
        {404, "NoSuchBucket", S3_OBJECT, ERR_IO, false},
        {404, "NoSuchUpload", S3_OBJECT, ERR_IO, false},
        {404, "NoSuchKey", S3_BUCKET, ERR_IO, false},
        {400, "NoSuchKey", S3_OBJECT, ERR_IO, false},
        {410, "NoSuchKey", S3_OBJECT, ERR_IO, false},
        {410, "", S3_OBJECT_HEAD, ERR_IO, false},
    };

    (void)state;
    check(examples, COUNT(examples));
}

static void wrong_credentials_are_wrong_the_next_time_too(void **state)
{
    static const struct example examples[] = {
        {401, "", S3_OBJECT_HEAD, ERR_DENIED, false},
        {403, "", S3_OBJECT_HEAD, ERR_DENIED, false},
        {403, "AccessDenied", S3_OBJECT, ERR_DENIED, false},
        {403, "RequestTimeTooSkewed", S3_BUCKET, ERR_DENIED, false},
        {403, "WhoKnows", S3_OBJECT, ERR_DENIED, false},
        {400, "ExpiredToken", S3_OBJECT, ERR_DENIED, false},
        {400, "InvalidToken", S3_BUCKET, ERR_DENIED, false},
        {400, "TokenRefreshRequired", S3_OBJECT, ERR_DENIED, false},
        {400, "InvalidAccessKeyId", S3_OBJECT, ERR_DENIED, false},
        {400, "SignatureDoesNotMatch", S3_BUCKET, ERR_DENIED, false},
    };

    (void)state;
    check(examples, COUNT(examples));
}

static void full_is_told_by_status_or_by_code(void **state)
{
    static const struct example examples[] = {
        {507, "", S3_OBJECT, ERR_NO_SPACE, false},
        {507, "InsufficientStorage", S3_OBJECT, ERR_NO_SPACE, false},
        {403, "QuotaExceeded", S3_OBJECT, ERR_NO_SPACE, false},
        {400, "XMinioAdminBucketQuotaExceeded", S3_OBJECT, ERR_NO_SPACE, false},
        {503, "XMinioStorageFull", S3_OBJECT, ERR_NO_SPACE, false},
        {400, "QuotaExceededNot", S3_OBJECT, ERR_IO, false},
    };

    (void)state;
    check(examples, COUNT(examples));
}

static void damage_on_the_way_is_worth_another_try(void **state)
{
    static const struct example examples[] = {
        {400, "BadDigest", S3_OBJECT, ERR_IO, true},
        {400, "XAmzContentSHA256Mismatch", S3_OBJECT, ERR_IO, true},
        {400, "XAmzContentChecksumMismatch", S3_OBJECT, ERR_IO, true},
        {400, "IncompleteBody", S3_OBJECT, ERR_IO, true},
    };

    (void)state;
    check(examples, COUNT(examples));
}

static void what_passes_is_worth_another_try(void **state)
{
    static const struct example examples[] = {
        {408, "", S3_OBJECT, ERR_BUSY, true},
        {429, "", S3_OBJECT, ERR_BUSY, true},
        {429, "TooManyRequests", S3_BUCKET, ERR_BUSY, true},
        {500, "InternalError", S3_OBJECT, ERR_BUSY, true},
        {500, "", S3_OBJECT_HEAD, ERR_BUSY, true},
        {502, "", S3_OBJECT, ERR_BUSY, true},
        {503, "SlowDown", S3_OBJECT, ERR_BUSY, true},
        {504, "", S3_BUCKET, ERR_BUSY, true},
        {599, "", S3_OBJECT, ERR_BUSY, true},
        {400, "RequestTimeout", S3_OBJECT, ERR_BUSY, true},
        {409, "OperationAborted", S3_OBJECT, ERR_BUSY, true},
        {400, "SlowDown", S3_OBJECT, ERR_BUSY, true},
        {400, "ServiceUnavailable", S3_OBJECT, ERR_BUSY, true},
        {400, "InternalError", S3_OBJECT, ERR_BUSY, true},
    };

    (void)state;
    check(examples, COUNT(examples));
}

static void all_else_makes_no_sense(void **state)
{
    static const struct example examples[] = {
        {300, "", S3_OBJECT, ERR_IO, false},
        {301, "PermanentRedirect", S3_BUCKET, ERR_IO, false},
        {304, "", S3_OBJECT, ERR_IO, false},
        {307, "TemporaryRedirect", S3_OBJECT, ERR_IO, false},
        {400, "", S3_OBJECT, ERR_IO, false},
        {400, "InvalidRequest", S3_OBJECT, ERR_IO, false},
        {400, "slowdown", S3_OBJECT, ERR_IO, false}, /* codes are written in one way */
        {405, "MethodNotAllowed", S3_OBJECT, ERR_IO, false},
        {409, "BucketNotEmpty", S3_BUCKET, ERR_IO, false},
        {411, "MissingContentLength", S3_OBJECT, ERR_IO, false},
        {412, "PreconditionFailed", S3_OBJECT, ERR_IO, false},
        {416, "InvalidRange", S3_OBJECT, ERR_IO, false},
        {499, "", S3_OBJECT, ERR_IO, false},
        {501, "NotImplemented", S3_OBJECT, ERR_IO, false},
        {505, "", S3_OBJECT, ERR_IO, false},
    };

    (void)state;
    check(examples, COUNT(examples));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_is_only_what_s3_calls_absent),
        cmocka_unit_test(wrong_credentials_are_wrong_the_next_time_too),
        cmocka_unit_test(full_is_told_by_status_or_by_code),
        cmocka_unit_test(damage_on_the_way_is_worth_another_try),
        cmocka_unit_test(what_passes_is_worth_another_try),
        cmocka_unit_test(all_else_makes_no_sense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
