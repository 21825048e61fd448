#include "s3_stub.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "blob/s3_upload.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

#define BEGUN                                                                                      \
    "<InitiateMultipartUploadResult><UploadId>up/1&amp;</UploadId>"                                \
    "</InitiateMultipartUploadResult>"
#define COMPLETED   "<CompleteMultipartUploadResult/>"
#define ERROR(code) "<Error><Code>" code "</Code><Message>not for us</Message></Error>"

/* The requests of an upload of three parts. */
#define BEGIN    "POST /bucket/key?uploads="
#define PUT_1    "PUT /bucket/key?partNumber=1&uploadId=up%2F1%26"
#define PUT_2    "PUT /bucket/key?partNumber=2&uploadId=up%2F1%26"
#define PUT_3    "PUT /bucket/key?partNumber=3&uploadId=up%2F1%26"
#define COMPLETE "POST /bucket/key?uploadId=up%2F1%26"
#define HEAD     "HEAD /bucket/key"
#define ABORT    "DELETE /bucket/key?uploadId=up%2F1%26"
#define SENT     BEGIN ", " PUT_1 ", " PUT_2 ", " PUT_3

enum { SIZE = 2 * 1024 * 1024 + 5 };

/* A file of that size whose parts of a MiB are told from each other. */
static struct s3_file file_of(struct s3_stub *f, size_t size)
{
    struct s3_file file = {.fd = memfd_create("sent", MFD_CLOEXEC), .size = size};
    char *bytes = arena_alloc(f->mem, size + 1, 1), sha256[SHA256_HEX + 1];

    assert_true(file.fd >= 0 && bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)('a' + i / MIB);
    must(f, fs_write_all(file.fd, (struct str){bytes, size}, &f->err));
    digest_sha256_hex((struct str){bytes, size}, sha256);
    file.sha256 = str_dup(f->mem, str_of(sha256));
    return file;
}

/* Uploads a file of that size; in parts of a MiB if it has more than one. */
static enum err_code upload(struct s3_stub *f, size_t size)
{
    static const struct s3_parts parts = {.single_max = MIB, .size = MIB};
    const struct s3_file file = file_of(f, size);
    enum err_code code = s3_upload(f->client, &parts, S("key"), &file, &f->err);

    (void)close(file.fd);
    return code;
}

/* Answers to all that comes before the completion. */
static void take_three_parts(struct s3_stub *f)
{
    s3_stub_answer(f, 200, "", S(BEGUN));
    s3_stub_answer(f, 200, "ETag: \"one\"\r\n", S(""));
    s3_stub_answer(f, 200, "ETag: two<&>\r\n", S(""));
    s3_stub_answer(f, 200, "ETag: \"3\"\r\n", S(""));
}

/* --- in one piece -------------------------------------------------------------------------- */

static void sizes_are_told(void **state)
{
    struct s3_stub *f = *state;
    uint64_t size = 99;

    s3_stub_answer(f, 404, "", S(""));
    s3_stub_cut(f, 200, "", 12345, S(""));
    assert_int_equal(s3_head(f->client, S("a/key"), &size, &f->err), ERR_NOT_FOUND);
    assert_int_equal(size, 99);
    must(f, s3_head(f->client, S("a/key"), &size, &f->err));
    assert_int_equal(size, 12345);
    assert_string_equal(s3_stub_lines(f), "HEAD /bucket/a/key, HEAD /bucket/a/key");
}

static void a_small_file_is_one_request(void **state)
{
    static const size_t sizes[] = {0, 1, MIB};
    struct s3_stub *f = *state;

    s3_stub_answer(f, 200, "", S(""));
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct stub_request rq;
        char sha256[SHA256_HEX + 1];

        must(f, upload(f, sizes[i]));
        rq = s3_stub_request(f, i);
        assert_int_equal(rq.body.len, sizes[i]);
        digest_sha256_hex(rq.body, sha256);
        assert_str(stub_header(&rq, "x-amz-content-sha256"), sha256);
    }
    assert_string_equal(s3_stub_lines(f), "PUT /bucket/key, PUT /bucket/key, PUT /bucket/key");
}

static void a_small_file_that_is_refused_fails(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 403, "", S(ERROR("QuotaExceeded")));
    assert_int_equal(upload(f, 5), ERR_NO_SPACE);
    s3_stub_assert_failure(f, "PUT of key: it answers 403 QuotaExceeded");
    s3_stub_clear(f);
    s3_stub_answer(f, 400, "", S(ERROR("XAmzContentSHA256Mismatch")));
    s3_stub_answer(f, 200, "", S(""));
    must(f, upload(f, 5)); /* damaged on the way */
    assert_string_equal(s3_stub_lines(f), "PUT /bucket/key, PUT /bucket/key");
}

/* The server ends a connection that it had kept: libcurl sends the request again by itself. */
static void a_connection_that_was_kept_too_long_is_no_failure(void **state)
{
    struct s3_stub *f = *state;

    f->options.timing.tries = 1;
    s3_stub_reopen(f);
    s3_stub_answer(f, 200, "", S(""));
    s3_stub_hang_up(f);
    s3_stub_answer(f, 200, "", S(""));
    must(f, upload(f, 5));
    must(f, upload(f, 5));
    assert_str(s3_stub_request(f, 2).body, "aaaaa");
    assert_int_equal(atomic_load(&f->connections), 2);
}

static void a_file_shorter_than_told_is_not_stored(void **state)
{
    static const struct s3_parts parts = {.single_max = MIB, .size = MIB};
    struct s3_stub *f = *state;
    struct s3_file file = file_of(f, 5);

    file.size = 6;
    assert_int_equal(s3_upload(f->client, &parts, S("key"), &file, &f->err), ERR_IO);
    s3_stub_assert_failure(f, "PUT of key: the file to be sent cannot be read");
    assert_string_equal(s3_stub_lines(f), ""); /* no whole request */
    file.size = MIB + 1;
    s3_stub_answer(f, 200, "", S(BEGUN));
    s3_stub_answer(f, 204, "", S(""));
    assert_int_equal(s3_upload(f->client, &parts, S("key"), &file, &f->err), ERR_IO);
    assert_string_equal(f->err.msg, "a received file cannot be read");
    assert_string_equal(s3_stub_lines(f), BEGIN ", " ABORT);
    (void)close(file.fd);
}

/* --- in parts ------------------------------------------------------------------------------ */

static void a_large_file_is_put_together_from_parts(void **state)
{
    struct s3_stub *f = *state;

    take_three_parts(f);
    s3_stub_answer(f, 200, "", S(COMPLETED));
    s3_stub_cut(f, 200, "", SIZE, S(""));
    must(f, upload(f, SIZE));
    assert_string_equal(s3_stub_lines(f), SENT ", " COMPLETE ", " HEAD);
    for (size_t i = 1; i <= 3; i++) {
        struct stub_request rq = s3_stub_request(f, i);
        char sha256[SHA256_HEX + 1];

        assert_int_equal(rq.body.len, i < 3 ? MIB : 5);
        assert_int_equal(rq.body.ptr[0], 'a' + (char)i - 1);
        assert_int_equal(rq.body.ptr[rq.body.len - 1], 'a' + (char)i - 1);
        digest_sha256_hex(rq.body, sha256);
        assert_str(stub_header(&rq, "x-amz-content-sha256"), sha256);
    }
    assert_str(s3_stub_request(f, 0).body, "");
    assert_str(s3_stub_request(f, 4).body,
               "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
               "<Part><PartNumber>1</PartNumber><ETag>&quot;one&quot;</ETag></Part>"
               "<Part><PartNumber>2</PartNumber><ETag>two&lt;&amp;&gt;</ETag></Part>"
               "<Part><PartNumber>3</PartNumber><ETag>&quot;3&quot;</ETag></Part>"
               "</CompleteMultipartUpload>");
}

static void a_part_that_failed_is_sent_again(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 200, "", S(BEGUN));
    s3_stub_answer(f, 200, "ETag: \"one\"\r\n", S(""));
    s3_stub_answer(f, 503, "ETag: \"no\"\r\n", S(ERROR("SlowDown")));
    s3_stub_answer(f, 200, "ETag: \"two\"\r\n", S(""));
    s3_stub_answer(f, 200, "", S(COMPLETED));
    s3_stub_cut(f, 200, "", MIB + 1, S(""));
    must(f, upload(f, MIB + 1));
    assert_string_equal(s3_stub_lines(f),
                        BEGIN ", " PUT_1 ", " PUT_2 ", " PUT_2 ", " COMPLETE ", " HEAD);
    assert_str(s3_stub_request(f, 3).body, "b");
}

/* 10,001 of the smallest would be needed. The file is a hole. */
static void parts_are_larger_when_there_would_be_too_many(void **state)
{
    static const struct s3_parts parts = {.single_max = MIB, .size = MIB};
    AUTO(fd_closep) int fd = memfd_create("sparse", MFD_CLOEXEC);
    const struct s3_file file = {fd, 10000 * MIB + 1, S(EMPTY_SHA256)};
    struct s3_stub *f = *state;

    assert_int_equal(ftruncate(fd, (off_t)file.size), 0);
    s3_stub_answer(f, 200, "", S(BEGUN));
    s3_stub_answer(f, 403, "", S(ERROR("AccessDenied")));
    assert_int_equal(s3_upload(f->client, &parts, S("key"), &file, &f->err), ERR_DENIED);
    assert_int_equal(s3_stub_request(f, 1).body.len, 2 * MIB);
}

static void an_upload_whose_part_is_refused_is_ended(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 200, "", S(BEGUN));
    s3_stub_answer(f, 200, "ETag: \"one\"\r\n", S(""));
    s3_stub_answer(f, 507, "", S(""));
    s3_stub_answer(f, 204, "", S(""));
    assert_int_equal(upload(f, SIZE), ERR_NO_SPACE);
    s3_stub_assert_failure(f, "PUT of key: it answers 507");
    assert_string_equal(s3_stub_lines(f), BEGIN ", " PUT_1 ", " PUT_2 ", " ABORT);
    s3_stub_clear(f);
    s3_stub_answer(f, 200, "", S(BEGUN));
    s3_stub_answer(f, 507, "", S(""));
    s3_stub_answer(f, 500, "", S("")); /* to the end, which is swept some day */
    assert_int_equal(upload(f, SIZE), ERR_NO_SPACE);
    s3_stub_assert_failure(f, "PUT of key: it answers 507");
    assert_string_equal(s3_stub_lines(f), BEGIN ", " PUT_1 ", " ABORT);
}

static void a_part_without_an_etag_ends_the_upload(void **state)
{
    struct s3_stub *f = *state;

    s3_stub_answer(f, 200, "", S(BEGUN));
    s3_stub_answer(f, 200, "", S(""));
    assert_int_equal(upload(f, SIZE), ERR_IO);
    assert_string_equal(f->err.msg, "S3 answers without an ETag when a part is sent");
    assert_string_equal(s3_stub_lines(f), BEGIN ", " PUT_1 ", " ABORT);
}

static void an_upload_without_an_id_is_not_begun(void **state)
{
    struct s3_stub *f = *state;
    const struct str bodies[] = {
        S(""),
        S("<html>hello</html>"),
        S(ERROR("InternalError")),
        S("<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>"),
        str_fmt(f->mem,
                "<InitiateMultipartUploadResult><UploadId>%04097d</UploadId>"
                "</InitiateMultipartUploadResult>",
                0),
    };

    for (size_t i = 0; i < COUNT(bodies); i++) {
        s3_stub_clear(f);
        s3_stub_answer(f, 200, "", bodies[i]);
        assert_int_equal(upload(f, SIZE), ERR_IO);
        assert_string_equal(f->err.msg, "S3 answers with nonsense when an upload is begun");
        assert_string_equal(s3_stub_lines(f), BEGIN);
    }
    s3_stub_clear(f);
    s3_stub_answer(f, 403, "", S(ERROR("AccessDenied")));
    assert_int_equal(upload(f, SIZE), ERR_DENIED);
    assert_string_equal(s3_stub_lines(f), BEGIN);
}

/* --- completion ---------------------------------------------------------------------------- */

static void a_completion_that_fails_after_all_is_seen(void **state)
{
    struct s3_stub *f = *state;

    take_three_parts(f);
    s3_stub_answer(f, 200, "", S("  \n" ERROR("InternalError"))); /* blanks, while it worked */
    s3_stub_answer(f, 404, "", S(""));
    s3_stub_answer(f, 204, "", S(""));
    assert_int_equal(upload(f, SIZE), ERR_BUSY);
    assert_string_equal(f->err.msg, "S3 did not put the parts together: InternalError");
    assert_string_equal(s3_stub_lines(f), SENT ", " COMPLETE ", " HEAD ", " ABORT);
    s3_stub_clear(f);
    take_three_parts(f);
    s3_stub_answer(f, 200, "", S(""));
    s3_stub_cut(f, 200, "", SIZE - 1, S("")); /* of another time */
    s3_stub_answer(f, 204, "", S(""));
    assert_int_equal(upload(f, SIZE), ERR_BUSY);
    assert_string_equal(f->err.msg, "S3 did not put the parts together: it answers with nonsense");
    assert_string_equal(s3_stub_lines(f), SENT ", " COMPLETE ", " HEAD ", " ABORT);
}

/* The answer to the first completion was lost, and the second finds nothing to complete. */
static void a_completion_whose_answer_was_lost_is_one(void **state)
{
    struct s3_stub *f = *state;

    take_three_parts(f);
    s3_stub_cut(f, 200, "", 100, S(""));
    s3_stub_answer(f, 404, "", S(ERROR("NoSuchUpload")));
    s3_stub_cut(f, 200, "", SIZE, S(""));
    must(f, upload(f, SIZE));
    assert_string_equal(s3_stub_lines(f), SENT ", " COMPLETE ", " COMPLETE ", " HEAD);
}

/* Two requests that are not patient fail meanwhile, each after a second of silence. */
static void *fail_and_answer(void *arg)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    const struct s3_request rq = {.method = S("GET"), .key = S("other"), .once = true};
    struct s3_stub *f = arg;
    bool failed = true;

    s3_stub_answer_late(f, 4, S("HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n"));
    for (int i = 0; i < 2; i++)
        failed = failed && s3_client_send(f->client, &rq, &answer, NULL, NULL) == ERR_BUSY;
    s3_stub_answer_late(f, 4, S(COMPLETED));
    return failed ? f : NULL;
}

static void a_completion_may_take_longer_than_other_answers(void **state)
{
    struct s3_stub *f = *state;
    pthread_t other;
    void *failed = NULL;

    assert_int_equal(sizeof(COMPLETED) - 1, 32);
    f->options.timing.tries = f->options.timing.slow_seconds = 1;
    s3_stub_reopen(f);
    take_three_parts(f);
    for (int i = 0; i < 3; i++)
        s3_stub_say(f, S(""));
    s3_stub_cut(f, 200, "", SIZE, S(""));
    assert_int_equal(pthread_create(&other, NULL, fail_and_answer, f), 0);
    must(f, upload(f, SIZE));
    assert_int_equal(pthread_join(other, &failed), 0);
    assert_non_null(failed);
    assert_string_equal(s3_stub_lines(f),
                        SENT ", " COMPLETE ", GET /bucket/other, GET /bucket/other, " HEAD);
}

static void an_upload_that_was_ended_by_others_has_failed(void **state)
{
    struct s3_stub *f = *state;

    take_three_parts(f);
    s3_stub_answer(f, 404, "", S(ERROR("NoSuchUpload")));
    s3_stub_answer(f, 404, "", S(""));
    s3_stub_answer(f, 404, "", S(ERROR("NoSuchUpload")));
    assert_int_equal(upload(f, SIZE), ERR_IO);
    s3_stub_assert_failure(f, "POST of key: it answers 404 NoSuchUpload");
    assert_string_equal(s3_stub_lines(f), SENT ", " COMPLETE ", " HEAD ", " ABORT);
}

static void what_is_not_there_after_its_completion_has_failed(void **state)
{
    struct s3_stub *f = *state;

    take_three_parts(f);
    s3_stub_answer(f, 200, "", S(COMPLETED));
    s3_stub_cut(f, 200, "", 5, S(""));
    s3_stub_answer(f, 204, "", S(""));
    assert_int_equal(upload(f, SIZE), ERR_IO);
    assert_string_equal(f->err.msg, "S3 stores 5 bytes of 2097157");
    s3_stub_clear(f);
    take_three_parts(f);
    s3_stub_answer(f, 200, "", S(COMPLETED));
    s3_stub_answer(f, 404, "", S(""));
    assert_int_equal(upload(f, SIZE), ERR_IO);
    s3_stub_assert_failure(f, "HEAD of key: it answers 404");
    s3_stub_clear(f);
    take_three_parts(f);
    s3_stub_answer(f, 200, "", S(COMPLETED));
    s3_stub_answer(f, 503, "", S(""));
    assert_int_equal(upload(f, SIZE), ERR_BUSY);
    s3_stub_assert_failure(f, "HEAD of key: it answers 503 (tried 3 times)");
}

static void an_upload_that_is_over_may_be_ended(void **state)
{
    static const struct {
        int status;
        enum err_code expected;
        const char *body;
    } cases[] = {
        {204, OK, ""},
        {404, OK, ERROR("NoSuchUpload")},
        {404, OK, ERROR("NoSuchKey")},
        {404, ERR_IO, ""}, /* some proxy's */
        {404, ERR_IO, ERROR("NoSuchBucket")},
        {403, ERR_DENIED, ERROR("AccessDenied")},
        {503, ERR_BUSY, ERROR("SlowDown")},
    };
    struct s3_stub *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        s3_stub_clear(f);
        s3_stub_answer(f, cases[i].status, "", str_of(cases[i].body));
        assert_int_equal(s3_upload_abort(f->client, S("key"), S("up/1&"), &f->err),
                         cases[i].expected);
        assert_string_equal(s3_stub_lines(f), ABORT); /* once */
    }
}

/* Each answer fits one request only, so that nothing may be tried twice. */
static void an_upload_without_memory_fails_and_leaves_nothing(void **state)
{
    struct s3_stub *f = *state;
    const struct s3_file file = file_of(f, SIZE);
    static const struct s3_parts parts = {.single_max = MIB, .size = MIB};
    enum err_code code;
    long n = 0;

    f->options.timing.tries = 1;
    s3_stub_reopen(f);
    do {
        s3_stub_clear(f);
        take_three_parts(f);
        s3_stub_answer(f, 200, "", S(COMPLETED));
        s3_stub_cut(f, 200, "", SIZE, S(""));
        s3_stub_cut(f, 204, "", 0, S(""));
        mem_fail_at(++n);
        code = s3_upload(f->client, &parts, S("key"), &file, NULL);
        assert_true(code == OK || code == ERR_NOMEM || code == ERR_IO);
    } while (n <= mem_count());
    mem_fail_at(0);
    assert_int_equal(code, OK);
    assert_true(n > 20);
    assert_string_equal(s3_stub_lines(f), SENT ", " COMPLETE ", " HEAD);
    (void)close(file.fd);
}

#define WITH_STUB(test) cmocka_unit_test_setup_teardown(test, s3_stub_enter, s3_stub_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STUB(sizes_are_told),
        WITH_STUB(a_small_file_is_one_request),
        WITH_STUB(a_small_file_that_is_refused_fails),
        WITH_STUB(a_connection_that_was_kept_too_long_is_no_failure),
        WITH_STUB(a_file_shorter_than_told_is_not_stored),
        WITH_STUB(a_large_file_is_put_together_from_parts),
        WITH_STUB(a_part_that_failed_is_sent_again),
        WITH_STUB(parts_are_larger_when_there_would_be_too_many),
        WITH_STUB(an_upload_whose_part_is_refused_is_ended),
        WITH_STUB(a_part_without_an_etag_ends_the_upload),
        WITH_STUB(an_upload_without_an_id_is_not_begun),
        WITH_STUB(a_completion_that_fails_after_all_is_seen),
        WITH_STUB(a_completion_whose_answer_was_lost_is_one),
        WITH_STUB(a_completion_may_take_longer_than_other_answers),
        WITH_STUB(an_upload_that_was_ended_by_others_has_failed),
        WITH_STUB(what_is_not_there_after_its_completion_has_failed),
        WITH_STUB(an_upload_that_is_over_may_be_ended),
        WITH_STUB(an_upload_without_memory_fails_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
