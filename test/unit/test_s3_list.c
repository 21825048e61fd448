#include "s3_stub.h"

#include "base/limits.h"
#include "blob/s3_list.h"

#define ZEROS_61 "0000000000000000000000000000000000000000000000000000000000000"
/* Digests that differ in their last digit, and their keys. */
#define SHA(c)            "2c" ZEROS_61 c
#define KEY(c)            "site/2c/" SHA(c)
#define OBJECT(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size></Contents>"
#define FIRST_PAGE        "GET /bucket?list-type=2&prefix=site%2F2c%2F"
#define NEXT_PAGE(token)  "GET /bucket?continuation-token=" token "&list-type=2&prefix=site%2F2c%2F"

/* A page of objects; next: the token of the page behind it, or NULL. */
static void answer_objects(struct s3_stub *f, const char *objects, const char *next)
{
    struct str page = str_fmt(f->mem,
                              "<ListBucketResult>%s<IsTruncated>%s</IsTruncated>"
                              "<NextContinuationToken>%s</NextContinuationToken>"
                              "</ListBucketResult>",
                              objects, next ? "true" : "false", next ? next : "");

    assert_non_null(page.ptr);
    s3_stub_answer(f, 200, "", page);
}

/* What was told: the last digit of each digest and the size: "1:5 2:7 ". */
struct told {
    char text[200];
    size_t len;
    int left; /* calls until it fails once; below 0: never */
};

static enum err_code note(void *ctx, struct str sha256, uint64_t size, struct err *err)
{
    struct told *t = ctx;

    if (t->left-- == 0)
        return fail(err, ERR_TOO_BIG, "enough");
    assert_int_equal(sha256.len, SHA256_HEX);
    t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%c:%ju ",
                               sha256.ptr[SHA256_HEX - 1], (uintmax_t)size);
    return OK;
}

static enum err_code list(struct s3_stub *f, struct told *told)
{
    *told = (struct told){.left = -1};
    return s3_list_blobs(f->client, S("site/"), S("2c"), note, told, &f->err);
}

#define NONSENSE "S3 answers with nonsense when its bucket is listed"

static void assert_nonsense(struct s3_stub *f, enum err_code code)
{
    assert_int_equal(code, ERR_IO);
    assert_string_equal(f->err.msg, NONSENSE);
}

/* --- objects ------------------------------------------------------------------------------- */

static void pages_are_told_one_after_the_other(void **state)
{
    struct s3_stub *f = *state;
    struct told told;

    answer_objects(f, OBJECT(KEY("1"), "5") OBJECT(KEY("2"), "0"), "a+/=");
    answer_objects(f, OBJECT(KEY("3"), "9223372036854775807"), "b");
    answer_objects(f, OBJECT(KEY("f"), "7"), NULL);
    must(f, list(f, &told));
    assert_string_equal(told.text, "1:5 2:0 3:9223372036854775807 f:7 ");
    assert_string_equal(s3_stub_lines(f),
                        FIRST_PAGE ", " NEXT_PAGE("a%2B%2F%3D") ", " NEXT_PAGE("b"));
}

static void a_bucket_may_have_no_prefix(void **state)
{
    struct s3_stub *f = *state;
    struct told told = {.left = -1};

    answer_objects(f, OBJECT("2c/" SHA("1"), "5"), NULL);
    must(f, s3_list_blobs(f->client, S(""), S("2c"), note, &told, &f->err));
    assert_string_equal(told.text, "1:5 ");
    assert_string_equal(s3_stub_lines(f), "GET /bucket?list-type=2&prefix=2c%2F");
}

static void keys_of_others_are_left_alone(void **state)
{
    struct s3_stub *f = *state;
    struct told told;

    answer_objects(f,
                   OBJECT("site/2c/", "5")                /* a folder, as some tools do */
                   OBJECT("site/2c/" ZEROS_61 "000", "5") /* of another folder */
                   OBJECT("site/2c/2c" ZEROS_61, "5")     /* too short */
                   OBJECT(KEY("1") "0", "5")              /* too long */
                   OBJECT(KEY("A"), "5")                  /* no digit of ours */
                   OBJECT("site/2c-" SHA("1"), "5")       /* no folder */
                   OBJECT("site/2d/" SHA("1"), "5")       /* in the wrong folder */
                   OBJECT("site/2d/2d" ZEROS_61 "1", "5") /* not asked for */
                   OBJECT("mine/2c/" SHA("1"), "5")       /* not ours */
                   OBJECT("2c/" SHA("1"), "5")            /* shorter than the prefix */
                   OBJECT("site/site/2c/" SHA("1"), "5")  /* not ours either */
                   OBJECT(KEY("2"), "5") OBJECT("", "5"),
                   NULL);
    must(f, list(f, &told));
    assert_string_equal(told.text, "2:5 ");
}

static void digests_out_of_order_are_refused(void **state)
{
    struct s3_stub *f = *state;
    struct told told;

    answer_objects(f, OBJECT(KEY("2"), "5") OBJECT(KEY("1"), "5"), NULL);
    assert_nonsense(f, list(f, &told));
    assert_string_equal(told.text, "2:5 ");
    s3_stub_clear(f);
    answer_objects(f, OBJECT(KEY("1"), "5") OBJECT(KEY("1"), "5"), NULL);
    assert_nonsense(f, list(f, &told)); /* twice */
    s3_stub_clear(f);
    answer_objects(f, OBJECT(KEY("2"), "5"), "a");
    answer_objects(f, OBJECT(KEY("1"), "5"), NULL);
    assert_nonsense(f, list(f, &told)); /* on different pages */
    assert_string_equal(told.text, "2:5 ");
}

static void a_list_that_repeats_itself_is_refused(void **state)
{
    struct s3_stub *f = *state;
    struct told told;

    answer_objects(f, OBJECT(KEY("1"), "5"), "a");
    answer_objects(f, "", "a");
    assert_nonsense(f, list(f, &told));
    assert_string_equal(s3_stub_lines(f), FIRST_PAGE ", " NEXT_PAGE("a"));
}

static void a_list_of_empty_pages_is_given_up_at_the_ninth(void **state)
{
    struct s3_stub *f = *state;
    struct told told;

    for (int empty = 8; empty <= 9; empty++) {
        s3_stub_clear(f);
        for (int i = 0; i < empty; i++)
            answer_objects(f, "", str_fmt(f->mem, "%d", i).ptr);
        answer_objects(f, OBJECT(KEY("1"), "5"), "x");
        answer_objects(f, "", NULL);
        if (empty == 8)
            must(f, list(f, &told));
        else
            assert_nonsense(f, list(f, &told));
        assert_string_equal(told.text, empty == 8 ? "1:5 " : "");
    }
    assert_true(str_ends(str_of(s3_stub_lines(f)), S(NEXT_PAGE("7"))));
}

static void who_is_told_may_stop_it(void **state)
{
    struct s3_stub *f = *state;
    struct told told = {.left = 1};

    answer_objects(f, OBJECT(KEY("1"), "5") OBJECT(KEY("2"), "5") OBJECT(KEY("3"), "5"), "a");
    assert_int_equal(s3_list_blobs(f->client, S("site/"), S("2c"), note, &told, &f->err),
                     ERR_TOO_BIG);
    assert_string_equal(f->err.msg, "enough");
    assert_string_equal(told.text, "1:5 ");
    assert_string_equal(s3_stub_lines(f), FIRST_PAGE);
}

static void what_is_no_list_is_nonsense(void **state)
{
    struct s3_stub *f = *state;
    struct told told;
    char *token = str_z(f->mem, str_fmt(f->mem, "%08193d", 0)); /* 8 KiB and one */
    const struct str bodies[] = {
        S(""),
        S("<html>hello</html>"),
        S("<Error><Code>InternalError</Code></Error>"),
        S("<ListBucketResult>" OBJECT(KEY("1"), "-5") "</ListBucketResult>"),
        S("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
    };

    for (size_t i = 0; i < COUNT(bodies); i++) {
        s3_stub_clear(f);
        s3_stub_answer(f, 200, "", bodies[i]);
        assert_nonsense(f, list(f, &told));
        assert_string_equal(told.text, "");
        assert_string_equal(s3_stub_lines(f), FIRST_PAGE);
    }
    s3_stub_clear(f);
    answer_objects(f, "", token);
    answer_objects(f, "", NULL);
    assert_nonsense(f, list(f, &told));
    s3_stub_clear(f);
    answer_objects(f, "", token + 1);
    answer_objects(f, "", NULL);
    must(f, list(f, &told));
}

/* It was there, and ours, when the store was opened. */
static void a_bucket_that_is_gone_is_a_failure_of_the_server(void **state)
{
    struct s3_stub *f = *state;
    struct told told;
    size_t count = 99;

    s3_stub_answer(f, 404, "", S("<Error><Code>NoSuchBucket</Code></Error>"));
    assert_int_equal(list(f, &told), ERR_IO);
    s3_stub_assert_failure(f, "GET: it answers 404 NoSuchBucket");
    s3_stub_clear(f);
    s3_stub_answer(f, 403, "", S("<Error><Code>AccessDenied</Code></Error>"));
    assert_int_equal(s3_end_uploads(f->client, S("site/"), 0, &count, &f->err), ERR_IO);
    s3_stub_assert_failure(f, "GET: it answers 403 AccessDenied");
    s3_stub_clear(f);
    s3_stub_answer(f, 503, "", S(""));
    assert_int_equal(list(f, &told), ERR_BUSY);
    s3_stub_assert_failure(f, "GET: it answers 503 (tried 3 times)");
}

/* --- uploads in parts ---------------------------------------------------------------------- */

#define UPLOAD(key, id, time)                                                                      \
    "<Upload><Key>" key "</Key><UploadId>" id "</UploadId>"                                        \
    "<Initiated>" time "</Initiated></Upload>"
#define OLD     "2013-05-23T23:59:59.000Z"
#define NEW     "2013-05-24T00:00:00.000Z"
#define NEW_MS  INT64_C(1369353600000)
#define UPLOADS "GET /bucket?prefix=site%2F&uploads="
#define MORE    "GET /bucket?key-marker=site%2Fk&prefix=site%2F&upload-id-marker="
#define END_1   "DELETE /bucket/site/2c/" SHA("1") "?uploadId="
#define END_2   "DELETE /bucket/site/2c/" SHA("2") "?uploadId="

/* A page of uploads; next_key: after which the page behind it begins, or NULL. */
static void answer_uploads(struct s3_stub *f, const char *uploads, const char *next_key,
                           const char *next_id)
{
    struct str page =
        str_fmt(f->mem,
                "<ListMultipartUploadsResult>%s<IsTruncated>%s</IsTruncated>"
                "<NextKeyMarker>%s</NextKeyMarker><NextUploadIdMarker>%s</NextUploadIdMarker>"
                "</ListMultipartUploadsResult>",
                uploads, next_key ? "true" : "false", next_key ? next_key : "", next_id);

    assert_non_null(page.ptr);
    s3_stub_answer(f, 200, "", page);
}

static enum err_code end_uploads(struct s3_stub *f, size_t *ret_count)
{
    return s3_end_uploads(f->client, S("site/"), NEW_MS, ret_count, &f->err);
}

static void old_uploads_of_ours_are_ended(void **state)
{
    struct s3_stub *f = *state;
    size_t count = 99;

    answer_uploads(f,
                   UPLOAD(KEY("1"), "i/1", OLD) UPLOAD(KEY("1"), "i2", NEW)
                       UPLOAD("site/2c/other", "i3", OLD) UPLOAD("mine/2c/" SHA("1"), "i4", OLD)
                           UPLOAD("site/2d/2d" ZEROS_61 "1", "i5", "1970-01-01T00:00:00Z"),
                   NULL, "");
    s3_stub_answer(f, 204, "", S(""));
    s3_stub_answer(f, 404, "", S("<Error><Code>NoSuchUpload</Code></Error>")); /* just ended */
    must(f, end_uploads(f, &count));
    assert_int_equal(count, 2);
    assert_string_equal(s3_stub_lines(f),
                        UPLOADS ", " END_1 "i%2F1"
                                ", DELETE /bucket/site/2d/2d" ZEROS_61 "1?uploadId=i5");
    s3_stub_clear(f);
    answer_uploads(f, "", NULL, "");
    must(f, end_uploads(f, &count));
    assert_int_equal(count, 0);
}

static void pages_of_uploads_go_on_after_key_and_id(void **state)
{
    struct s3_stub *f = *state;
    size_t count = 99;

    answer_uploads(f, UPLOAD(KEY("1"), "i1", OLD), "site/k", "i&amp;1");
    s3_stub_answer(f, 204, "", S(""));
    answer_uploads(f, "", "site/k", "a"); /* the same key, another id */
    answer_uploads(f, "", "site/l", "");
    answer_uploads(f, UPLOAD(KEY("2"), "i2", OLD), NULL, "");
    s3_stub_answer(f, 204, "", S(""));
    must(f, end_uploads(f, &count));
    assert_int_equal(count, 2);
    assert_string_equal(
        s3_stub_lines(f), UPLOADS
        ", " END_1 "i1, " MORE "i%261&uploads=, " MORE "a&uploads=, "
        "GET /bucket?key-marker=site%2Fl&prefix=site%2F&upload-id-marker=&uploads=, " END_2 "i2");
}

static void pages_of_uploads_that_go_in_circles_are_refused(void **state)
{
    struct s3_stub *f = *state;
    size_t count;

    answer_uploads(f, "", "site/k", "i");
    assert_nonsense(f, end_uploads(f, &count)); /* the same again */
    assert_string_equal(s3_stub_lines(f), UPLOADS ", " MORE "i&uploads=");
    s3_stub_clear(f);
    answer_uploads(f, "", "site/k", "i");
    answer_uploads(f, "", "site/j", "i");
    assert_nonsense(f, end_uploads(f, &count)); /* back */
    assert_string_equal(s3_stub_lines(f), UPLOADS ", " MORE "i&uploads=");
}

static void an_upload_that_cannot_be_ended_ends_the_sweep(void **state)
{
    struct s3_stub *f = *state;
    size_t count = 99;

    answer_uploads(
        f, UPLOAD(KEY("1"), "i1", OLD) UPLOAD(KEY("2"), "i2", OLD) UPLOAD(KEY("3"), "i3", OLD),
        NULL, "");
    s3_stub_answer(f, 204, "", S(""));
    s3_stub_answer(f, 403, "", S("<Error><Code>AccessDenied</Code></Error>"));
    assert_int_equal(end_uploads(f, &count), ERR_DENIED);
    assert_int_equal(count, 99);
    s3_stub_assert_failure(f, "DELETE of " KEY("2") ": it answers 403 AccessDenied");
    assert_string_equal(s3_stub_lines(f), UPLOADS ", " END_1 "i1, " END_2 "i2");
}

static void what_is_no_list_of_uploads_is_nonsense(void **state)
{
    static const char *const bodies[] = {
        "",
        "<ListBucketResult></ListBucketResult>",
        "<ListMultipartUploadsResult>" UPLOAD(KEY("1"), "", OLD) "</ListMultipartUploadsResult>",
        "<ListMultipartUploadsResult>" UPLOAD(KEY("1"), "i", "now") "</ListMultipartUploadsResult>",
        "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>",
        ("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
         "<NextUploadIdMarker>i</NextUploadIdMarker></ListMultipartUploadsResult>"),
    };
    struct s3_stub *f = *state;
    size_t count;

    for (size_t i = 0; i < COUNT(bodies); i++) {
        s3_stub_clear(f);
        s3_stub_answer(f, 200, "", str_of(bodies[i]));
        assert_nonsense(f, end_uploads(f, &count));
        assert_string_equal(s3_stub_lines(f), UPLOADS);
    }
}

#define WITH_STUB(test) cmocka_unit_test_setup_teardown(test, s3_stub_enter, s3_stub_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STUB(pages_are_told_one_after_the_other),
        WITH_STUB(a_bucket_may_have_no_prefix),
        WITH_STUB(keys_of_others_are_left_alone),
        WITH_STUB(digests_out_of_order_are_refused),
        WITH_STUB(a_list_that_repeats_itself_is_refused),
        WITH_STUB(a_list_of_empty_pages_is_given_up_at_the_ninth),
        WITH_STUB(who_is_told_may_stop_it),
        WITH_STUB(what_is_no_list_is_nonsense),
        WITH_STUB(a_bucket_that_is_gone_is_a_failure_of_the_server),
        WITH_STUB(old_uploads_of_ours_are_ended),
        WITH_STUB(pages_of_uploads_go_on_after_key_and_id),
        WITH_STUB(pages_of_uploads_that_go_in_circles_are_refused),
        WITH_STUB(an_upload_that_cannot_be_ended_ends_the_sweep),
        WITH_STUB(what_is_no_list_of_uploads_is_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
