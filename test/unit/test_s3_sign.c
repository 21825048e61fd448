/* The examples are those that AWS publishes in the API reference of S3, "Authenticating Requests":
 * their signatures are not ours to choose. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "blob/s3_sign.h"

#define MAY_24_2013 INT64_C(1369353600000)
#define HOST        "examplebucket.s3.amazonaws.com"
#define EMPTY       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SCOPE       "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"

static struct s3_credentials example(void)
{
    return (struct s3_credentials){.key_id = S("AKIAIOSFODNN7EXAMPLE"),
                                   .secret = S("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                                   .region = S("us-east-1")};
}

static void assert_authorization(const struct s3_message *m, const char *expected)
{
    AUTO(buf_done) struct buf out = BUF_INIT(4 * KIB);
    const struct s3_credentials who = example();

    s3_sign(&out, &who, m, MAY_24_2013);
    assert_true(buf_ok(&out));
    assert_str(buf_str(&out), expected);
}

static void get_of_a_range_is_signed_as_published(void **state)
{
    const struct s3_field headers[] = {
        {S("range"), S("bytes=0-9")},
        {S("x-amz-date"), S("20130524T000000Z")},
        {S("host"), S(HOST)},
        {S("x-amz-content-sha256"), S(EMPTY)},
    };
    const struct s3_message m = {.method = S("GET"),
                                 .path = S("/test.txt"),
                                 .headers = {headers, COUNT(headers)},
                                 .payload = S(EMPTY)};

    (void)state;
    assert_authorization(
        &m, "AWS4-HMAC-SHA256 Credential=" SCOPE
            ",SignedHeaders=host;range;x-amz-content-sha256;x-amz-date"
            ",Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void put_is_signed_as_published(void **state)
{
    const struct str payload =
        S("44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    const struct s3_field headers[] = {
        {S("date"), S("Fri, 24 May 2013 00:00:00 GMT")},
        {S("host"), S(HOST)},
        {S("x-amz-content-sha256"), payload},
        {S("x-amz-date"), S("20130524T000000Z")},
        {S("x-amz-storage-class"), S("REDUCED_REDUNDANCY")},
    };
    const struct s3_message m = {.method = S("PUT"),
                                 .path = S("/test%24file.text"),
                                 .headers = {headers, COUNT(headers)},
                                 .payload = payload};

    (void)state;
    assert_authorization(
        &m, "AWS4-HMAC-SHA256 Credential=" SCOPE
            ",SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class"
            ",Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static const struct s3_field usual_headers[] = {
    {{"host", 4}, {HOST, sizeof(HOST) - 1}},
    {{"x-amz-content-sha256", 20}, {EMPTY, SHA256_HEX}},
    {{"x-amz-date", 10}, {"20130524T000000Z", 16}},
};

static void parameter_without_value_is_signed_as_published(void **state)
{
    const struct s3_field lifecycle = {S("lifecycle"), S("")};
    const struct s3_message m = {.method = S("GET"),
                                 .path = S("/"),
                                 .params = {&lifecycle, 1},
                                 .headers = {usual_headers, COUNT(usual_headers)},
                                 .payload = S(EMPTY)};

    (void)state;
    assert_authorization(
        &m,
        "AWS4-HMAC-SHA256 Credential=" SCOPE ",SignedHeaders=host;x-amz-content-sha256;x-amz-date"
        ",Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void parameters_are_sorted_and_signed_as_published(void **state)
{
    const struct s3_field params[] = {{S("prefix"), S("J")}, {S("max-keys"), S("2")}};
    const struct s3_message m = {.method = S("GET"),
                                 .path = S("/"),
                                 .params = {params, COUNT(params)},
                                 .headers = {usual_headers, COUNT(usual_headers)},
                                 .payload = S(EMPTY)};

    (void)state;
    assert_authorization(
        &m,
        "AWS4-HMAC-SHA256 Credential=" SCOPE ",SignedHeaders=host;x-amz-content-sha256;x-amz-date"
        ",Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void link_is_signed_as_published(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(4 * KIB);
    const struct s3_credentials who = example();

    (void)state;
    s3_presign(&out, &who, (struct s3_field){S(HOST), S("/test.txt")}, (struct s3_fields){0}, 86400,
               MAY_24_2013);
    assert_true(buf_ok(&out));
    assert_str(buf_str(&out),
               "X-Amz-Algorithm=AWS4-HMAC-SHA256"
               "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
               "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
               "&X-Amz-Signature="
               "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void link_tells_the_session_token_and_what_the_answer_shall_say(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(4 * KIB);
    struct s3_credentials who = example();
    const struct s3_field params[] = {
        {S("response-content-type"), S("a/b")},
        {S("response-content-disposition"), S("attachment; filename=\"x y\"")},
    };

    (void)state;
    who.session_token = S("to+ken/=");
    s3_presign(&out, &who, (struct s3_field){S(HOST), S("/test.txt")},
               (struct s3_fields){params, COUNT(params)}, 1, MAY_24_2013);
    assert_true(buf_ok(&out));
    assert_str(buf_str(&out),
               "X-Amz-Algorithm=AWS4-HMAC-SHA256"
               "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
               "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=1"
               "&X-Amz-Security-Token=to%2Bken%2F%3D&X-Amz-SignedHeaders=host"
               "&response-content-disposition=attachment%3B%20filename%3D%22x%20y%22"
               "&response-content-type=a%2Fb&X-Amz-Signature="
               "a0c10c4b91819bd7380d6d601f8c2ddcdaa05f37c82d0d48bd12f1cc0bd937ad");
}

static void stamps_are_utc(void **state)
{
    char out[S3_STAMP_LEN + 1];

    (void)state;
    s3_stamp(MAY_24_2013, out);
    assert_string_equal(out, "20130524T000000Z");
    s3_stamp(INT64_C(1798761599999), out);
    assert_string_equal(out, "20261231T235959Z");
    s3_stamp(INT64_MAX, out); /* a clock gone mad */
    assert_string_equal(out, "19700101T000000Z");
}

static void queries_are_encoded_once(void **state)
{
    AUTO(buf_done) struct buf out = BUF_INIT(KIB);
    const struct s3_field params[] = {{S("uploads"), S("")},
                                      {S("prefix"), S("a/b c+d~e_f-g.h%41\xc3\xa9")},
                                      {S("Upper"), S("=&")}};

    (void)state;
    s3_query(&out, (struct s3_fields){params, COUNT(params)});
    assert_str(buf_str(&out), "Upper=%3D%26&prefix=a%2Fb%20c%2Bd~e_f-g.h%2541%C3%A9&uploads=");
}

static void each_failed_allocation_is_reported(void **state)
{
    const struct s3_credentials who = example();
    bool ok = false;
    long n = 0;

    (void)state;
    while (!ok) {
        AUTO(buf_done) struct buf out = BUF_INIT(4 * KIB);

        mem_fail_at(++n);
        s3_presign(&out, &who, (struct s3_field){S(HOST), S("/test.txt")}, (struct s3_fields){0},
                   86400, MAY_24_2013);
        mem_fail_at(0);
        ok = buf_ok(&out);
    }
    assert_true(n >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_of_a_range_is_signed_as_published),
        cmocka_unit_test(put_is_signed_as_published),
        cmocka_unit_test(parameter_without_value_is_signed_as_published),
        cmocka_unit_test(parameters_are_sorted_and_signed_as_published),
        cmocka_unit_test(link_is_signed_as_published),
        cmocka_unit_test(link_tells_the_session_token_and_what_the_answer_shall_say),
        cmocka_unit_test(stamps_are_utc),
        cmocka_unit_test(queries_are_encoded_once),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
