#include "unit.h"

#include "base/limits.h"
#include "blob/s3_address.h"

static int enter(void **state)
{
    *state = arena_open(MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static void bucket_and_prefix_are_told_apart(void **state)
{
    static const struct {
        const char *url, *bucket, *prefix;
    } cases[] = {
        {"s3://bucket", "bucket", ""},
        {"s3://bucket/", "bucket", ""},
        {"s3://my.bucket-1_2/a", "my.bucket-1_2", "a"},
        {"s3://bucket/a/b c+d/", "bucket", "a/b c+d"},
        {"s3://bucket/.a/..b", "bucket", ".a/..b"},
    };
    struct str bucket, prefix;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(s3_bucket_parse(*state, str_of(cases[i].url), &bucket, &prefix, NULL), OK);
        assert_str(bucket, cases[i].bucket);
        assert_str(prefix, cases[i].prefix);
    }
}

static void names_that_no_bucket_has_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "bucket",
        "http://bucket",
        "s3://",
        "s3:///a",
        "s3://ab",
        "s3://a/b",
        "s3://-bucket",
        "s3://bucket.",
        "s3://buc ket",
        "s3://bucket?x",
        "s3://bucket//",
        "s3://bucket//a",
        "s3://bucket/a//b",
        "s3://bucket/./a",
        "s3://bucket/a/..",
        "s3://bucket/a\nb",
        "s3://bucket/\xff",
        "s3://x123456789x123456789x123456789x123456789x123456789x123456789x123",
    };
    struct str bucket = S("before"), prefix = S("before");

    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(s3_bucket_parse(*state, str_of(wrong[i]), &bucket, &prefix, NULL),
                         ERR_INVALID);
    assert_str(bucket, "before");
    assert_str(prefix, "before");
}

static void requests_go_to_the_endpoint_by_path_or_by_host(void **state)
{
    static const struct {
        const char *endpoint, *region, *bucket;
        bool path_style;
        const char *base, *host, *root;
    } cases[] = {
        {"http://localhost:9000", "us-east-1", "b-1", true, "http://localhost:9000",
         "localhost:9000", "/b-1"},
        {"https://S3.Example.org/", "r", "b-1", true, "https://s3.example.org", "s3.example.org",
         "/b-1"},
        {"https://s3.example.org:443", "r", "b-1", false, "https://b-1.s3.example.org",
         "b-1.s3.example.org", ""},
        {"http://s3.example.org:443", "r", "b-1", false, "http://b-1.s3.example.org:443",
         "b-1.s3.example.org:443", ""},
        {"http://127.0.0.1:80", "r", "b_1", true, "http://127.0.0.1", "127.0.0.1", "/b_1"},
        {"http://[::1]:8333", "r", "b-1", true, "http://[::1]:8333", "[::1]:8333", "/b-1"},
        {"https://[2001:db8::1]", "r", "b-1", true, "https://[2001:db8::1]", "[2001:db8::1]",
         "/b-1"},
        {"", "eu-west-1", "b-1", true, "https://s3.eu-west-1.amazonaws.com",
         "s3.eu-west-1.amazonaws.com", "/b-1"},
        {"", "cn-north-1", "b-1", false, "https://b-1.s3.cn-north-1.amazonaws.com.cn",
         "b-1.s3.cn-north-1.amazonaws.com.cn", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct s3_where where = {.endpoint = str_of(cases[i].endpoint),
                                       .region = str_of(cases[i].region),
                                       .bucket = str_of(cases[i].bucket),
                                       .path_style = cases[i].path_style};
        struct s3_address a;

        assert_int_equal(s3_address_make(*state, &where, &a, NULL), OK);
        assert_str(a.base, cases[i].base);
        assert_str(a.host, cases[i].host);
        assert_str(a.root, cases[i].root);
    }
}

static void endpoints_that_are_more_or_less_are_refused(void **state)
{
    static const char *const wrong[] = {
        "s3.example.org",
        "ftp://s3.example.org",
        "file:///etc/passwd",
        "http://",
        "http://:80",
        "http://host:",
        "http://host:0",
        "http://host:65536",
        "http://host:8o",
        "http://host/path",
        "http://host?x",
        "http://host#x",
        "http://user:secret@host",
        "http://ho st",
        "http://host\r\nX: y",
        "http://[::1",
        "http://[]",
        "http://[::1]x",
        "http://[host]",
        "http://-host",
    };
    struct s3_where where = {.region = S("us-east-1"), .bucket = S("bucket"), .path_style = true};
    struct s3_address a;
    struct err err;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        where.endpoint = str_of(wrong[i]);
        assert_int_equal(s3_address_make(*state, &where, &a, &err), ERR_INVALID);
        assert_null(strstr(err.msg, "secret"));
    }
    where.endpoint = S("");
    where.region = S("us-east-1.evil.example/");
    assert_int_equal(s3_address_make(*state, &where, &a, &err), ERR_INVALID);
    where.region = S("");
    assert_int_equal(s3_address_make(*state, &where, &a, &err), ERR_INVALID);
}

static void buckets_that_are_no_host_name_need_a_path(void **state)
{
    struct s3_where where = {.region = S("us-east-1"), .bucket = S("bucket_1")};
    struct s3_address a;

    assert_int_equal(s3_address_make(*state, &where, &a, NULL), ERR_INVALID);
    where.path_style = true;
    assert_int_equal(s3_address_make(*state, &where, &a, NULL), OK);
    where =
        (struct s3_where){.endpoint = S("http://[::1]"), .region = S("r"), .bucket = S("bucket")};
    assert_int_equal(s3_address_make(*state, &where, &a, NULL), ERR_INVALID);
}

static void paths_are_encoded_once(void **state)
{
    const struct s3_address by_path = {.root = S("/b")}, by_host = {.root = S("")};

    assert_str(s3_address_path(*state, &by_path, S("a b/+%/\xc3\xa9~")), "/b/a%20b/%2B%25/%C3%A9~");
    assert_str(s3_address_path(*state, &by_path, S("")), "/b");
    assert_str(s3_address_path(*state, &by_host, S("k")), "/k");
    assert_str(s3_address_path(*state, &by_host, S("")), "/");
}

static void each_failed_allocation_is_reported(void **state)
{
    const struct s3_where where = {.region = S("us-east-1"), .bucket = S("bucket")};
    enum err_code code = ERR_NOMEM;
    size_t cap = 0;

    (void)state;
    while (code) {
        AUTO(arena_closep) struct arena *tight = arena_open(++cap);
        struct s3_address a;

        assert_non_null(tight);
        code = s3_address_make(tight, &where, &a, NULL);
        assert_true(code == OK || code == ERR_NOMEM);
    }
    assert_true(cap > 30);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(bucket_and_prefix_are_told_apart),
        WITH_ARENA(names_that_no_bucket_has_are_refused),
        WITH_ARENA(requests_go_to_the_endpoint_by_path_or_by_host),
        WITH_ARENA(endpoints_that_are_more_or_less_are_refused),
        WITH_ARENA(buckets_that_are_no_host_name_need_a_path),
        WITH_ARENA(paths_are_encoded_once),
        WITH_ARENA(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
