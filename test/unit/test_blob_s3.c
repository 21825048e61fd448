/* What only the S3 store does: with a stub that misbehaves, and with a server, if there is one. */
#include <curl/curl.h> /* first: it uses what banned.h bans */

#include "blob_fixture.h"
#include "s3_stub.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "blob/blob_s3.h"

#define HELLO_KEY   "/bucket/p/2c/" HELLO_SHA256
#define OPENED      "GET /bucket?list-type=2&max-keys=1&prefix=p%2F"
#define NO_OBJECTS  "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
#define ERROR(code) "<Error><Code>" code "</Code><Message>the-secret</Message></Error>"
#define PART        (5 * MIB) /* S3 takes no smaller ones */

/* In tries and parts that a test has time for. */
static enum err_code try_to_open(struct blobs *f, enum blob_use use)
{
    const struct blob_s3_tuning tuning = {
        .timing = {2, .pause_ms = 1, .pause_max_ms = 2, .connect_ms = 5000, .slow_seconds = 20},
        .parts = {.single_max = PART, .size = PART}};

    blob_closep(&f->store);
    return blob_s3_open(&f->place, use, &tuning, &f->store, &f->err);
}

static void open_again(struct blobs *f, enum blob_use use)
{
    must(f, try_to_open(f, use));
}

static void put(struct blobs *f, struct str data)
{
    struct blob_id id;

    must(f, blob_put(f->store, data, &id, &f->err));
}

/* --- settings ------------------------------------------------------------------------------ */

static void malformed_settings_are_refused_by_their_value_but_show_no_secret(void **state)
{
    const struct {
        struct blob_place place; /* what differs from good settings */
        const char *why;
    } cases[] = {
        {{.url = S("gs://bucket")}, "\"gs://bucket\" is not s3://bucket/prefix"},
        {{.url = S("s3://my bucket")}, "\"my bucket\" is not the name of a bucket"},
        {{.url = S("s3://bucket/a//b")}, "\"a//b\" cannot be what keys begin with"},
        {{.region = S("eu west")}, "\"eu west\" is not the name of a region"},
        {{.endpoint = S("http://k:the-secret@h")}, "an S3 endpoint is http[s]://host[:port]"},
        {{.public_endpoint = S("http://h/path")}, "an S3 endpoint is http[s]://host[:port]"},
        {{.key_id = S("a/b")}, "the S3 access key, its secret or its token is malformed"},
        {{.session_token = S("a\nb")}, "the S3 access key, its secret or its token is malformed"},
        {{.secret = {"", S3_SECRET_MAX + 1}}, "the S3 access key, its secret or its token is"},
        {{.key_id = S("")}, "S3 needs an access key and its secret"},
        {{.dir = ""}, "the path of the folder beside S3 is empty or too long"},
    };
    const struct blob_place good = {.dir = "/tmp", .url = S("s3://bucket"), .key_id = S("key")};
    struct blob_store *b = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct blob_place place = cases[i].place;

        place.dir = place.dir ? place.dir : good.dir;
        place.url = place.url.ptr ? place.url : good.url;
        place.key_id = place.key_id.ptr ? place.key_id : good.key_id;
        place.secret = place.secret.ptr ? place.secret : S("the-secret");
        assert_int_equal(blob_open(&place, BLOB_COMMAND, &b, &err), ERR_INVALID);
        assert_null(b);
        assert_non_null(strstr(err.msg, cases[i].why));
        assert_null(strstr(err.msg, "the-secret"));
    }
}

/* --- with a stub --------------------------------------------------------------------------- */

static struct s3_stub *stub;

/* The store is not open yet; the first answer is for its opening. */
static int enter_stub(void **state)
{
    struct blobs *f;
    void *it;

    if (s3_stub_enter(&it) || blobs_enter_folder(state))
        return -1;
    stub = it;
    f = *state;
    blob_closep(&f->store);
    f->place = (struct blob_place){.dir = f->dir,
                                   .url = S("s3://bucket/p"),
                                   .endpoint = stub->options.address.base,
                                   .key_id = stub->options.who.key_id,
                                   .secret = stub->options.who.secret,
                                   .path_style = true,
                                   .cache_max = MIB};
    s3_stub_answer(stub, 200, "", S(NO_OBJECTS));
    return 0;
}

static int leave_stub(void **state)
{
    void *it = stub;

    return blobs_leave(state) || s3_stub_leave(&it); /* the connections first */
}
#define WITH_STUB(test) cmocka_unit_test_setup_teardown(test, enter_stub, leave_stub)

static struct str link_of_hello(struct blobs *f)
{
    struct str url;

    must(f, blob_link(f->store, f->mem, S(HELLO_SHA256), 60, S(""), S(""), &url, &f->err));
    return url;
}

static void opening_asks_for_the_bucket_and_tells_what_is_wrong(void **state)
{
    const struct {
        struct str body;
        int status;
        enum err_code code;
        const char *why;
    } cases[] = {
        {S(ERROR("ExpiredToken")), 403, ERR_DENIED, "it answers 403 ExpiredToken"},
        {S(ERROR("PermanentRedirect")), 301, ERR_IO, "it answers 301 PermanentRedirect, which is"},
        {S(ERROR("SlowDown")), 503, ERR_BUSY, "it answers 503 SlowDown (tried 2 times)"},
        {S("<html>Welcome!</html>"), 200, ERR_IO, "what answers is no S3 server"},
    };
    struct blobs *f = *state;

    open_again(f, BLOB_SERVE);
    assert_string_equal(s3_stub_lines(stub), OPENED);
    for (size_t i = 0; i < COUNT(cases); i++) {
        s3_stub_clear(stub);
        s3_stub_answer(stub, cases[i].status, "", cases[i].body);
        assert_int_equal(try_to_open(f, BLOB_SERVE), cases[i].code);
        assert_null(f->store);
        assert_non_null(strstr(f->err.msg, cases[i].why));
        assert_null(strstr(f->err.msg, "the-secret"));
    }
}

static void session_token_is_sent_signed_and_a_part_of_links(void **state)
{
    struct blobs *f = *state;
    struct stub_request rq;

    f->place.session_token = S("to/ken+=");
    open_again(f, BLOB_SERVE);
    rq = s3_stub_request(stub, 0);
    assert_str(stub_header(&rq, "x-amz-security-token"), "to/ken+=");
    assert_non_null(strstr(str_z(f->mem, stub_header(&rq, "authorization")),
                           "/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;"
                           "x-amz-date;x-amz-security-token,"));
    assert_non_null(strstr(str_z(f->mem, link_of_hello(f)), "&X-Amz-Security-Token=to%2Fken%2B"));
}

static void assert_link_begins(struct blobs *f, struct str expected)
{
    assert_str(str_sub(link_of_hello(f), 0, expected.len), expected.ptr);
}

static void bucket_is_named_by_the_path_or_by_the_host(void **state)
{
    struct blobs *f = *state;
    struct str port = str_from(f->place.endpoint, strlen("http://127.0.0.1"));
    struct stub_request rq;

    open_again(f, BLOB_SERVE);
    assert_link_begins(f, str_fmt(f->mem, STR_FMT HELLO_KEY "?X-Amz-", STR_ARG(f->place.endpoint)));
    f->place.public_endpoint = S("https://files.Example.org:5");
    open_again(f, BLOB_SERVE);
    assert_link_begins(f, S("https://files.example.org:5" HELLO_KEY "?X-Amz-"));
    f->place.path_style = false;
    f->place.endpoint = str_fmt(f->mem, "http://localhost" STR_FMT, STR_ARG(port));
    open_again(f, BLOB_SERVE);
    assert_link_begins(f, S("https://bucket.files.example.org:5/p/2c/" HELLO_SHA256 "?X-"));
    f->place.public_endpoint = S("");
    open_again(f, BLOB_SERVE);
    assert_link_begins(f,
                       str_fmt(f->mem, "http://bucket.localhost" STR_FMT "/p/2c/", STR_ARG(port)));
    rq = s3_stub_request(stub, 3);
    assert_true(str_starts(stub_header(&rq, "host"), S("bucket.localhost:")));
    assert_str(rq.target, "/?list-type=2&max-keys=1&prefix=p%2F");
}

static void bytes_that_are_there_are_not_sent_again(void **state)
{
    struct blobs *f = *state;
    struct blob_writer *w = NULL;
    struct blob_id id;

    s3_stub_say(stub, S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    open_again(f, BLOB_SERVE);
    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_write(w, S("hello"), &f->err));
    must(f, blob_writer_sync(w, &id, &f->err));
    must(f, blob_writer_publish(w, &f->err));
    blob_writer_close(w);
    assert_string_equal(s3_stub_lines(stub), OPENED ", HEAD " HELLO_KEY ", HEAD " HELLO_KEY);
}

static void upload_that_s3_refuses_is_told_and_leaves_nothing(void **state)
{
    const struct {
        struct str body;
        int status;
        enum err_code code;
    } cases[] = {
        {S(ERROR("AccessDenied")), 403, ERR_IO}, /* nobody who uploads lacks a right */
        {S(ERROR("XMinioStorageFull")), 507, ERR_NO_SPACE},
    };
    struct blobs *f = *state;
    struct blob_id id = {.size = 99};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct blob_writer *w = NULL;

        s3_stub_clear(stub);
        s3_stub_answer(stub, 200, "", S(NO_OBJECTS));
        s3_stub_answer(stub, 404, "", S(""));
        s3_stub_answer(stub, cases[i].status, "", cases[i].body);
        open_again(f, BLOB_SERVE);
        must(f, blob_writer_open(f->store, &w, &f->err));
        must(f, blob_writer_write(w, S("hello"), &f->err));
        assert_int_equal(blob_writer_sync(w, &id, &f->err), cases[i].code);
        assert_null(strstr(f->err.msg, "the-secret"));
        assert_int_equal(blob_writer_sync(w, &id, &f->err), ERR_IO);
        assert_int_equal(id.size, 99);
        blob_writer_close(w);
        assert_int_equal(blobs_count(f, "tmp"), 0);
        assert_int_equal(blobs_count(f, "cache/2c"), 0);
    }
}

static void once_open_a_refusal_is_a_failure_of_the_server(void **state)
{
    struct blobs *f = *state;
    uint64_t size = 99;
    int fd = -1;

    s3_stub_answer(stub, 403, "", S(""));
    s3_stub_answer(stub, 404, "", S(ERROR("NoSuchBucket")));
    open_again(f, BLOB_SERVE);
    assert_int_equal(blob_stat(f->store, S(HELLO_SHA256), &size, &f->err), ERR_IO);
    assert_non_null(strstr(f->err.msg, "HEAD of p/2c/" HELLO_SHA256 ": it answers 403"));
    assert_int_equal(blob_get(f->store, S(HELLO_SHA256), &fd, &size, &f->err), ERR_IO);
    assert_non_null(strstr(f->err.msg, "it answers 404 NoSuchBucket"));
}

static void damaged_bytes_are_asked_for_again_and_never_handed_out(void **state)
{
    struct blobs *f = *state;
    struct str got;
    uint64_t size;
    int fd = -1;

    s3_stub_answer(stub, 200, "", S("jello")); /* to six requests: two for each call */
    open_again(f, BLOB_SERVE);
    assert_int_equal(blob_get(f->store, S(HELLO_SHA256), &fd, &size, &f->err), ERR_IO);
    assert_int_equal(blob_path(f->store, f->mem, S(HELLO_SHA256), &got, &f->err), ERR_IO);
    assert_int_equal(blob_read(f->store, f->mem, S(HELLO_SHA256), 9, &got, &f->err), ERR_IO);
    assert_string_equal(f->err.msg, "what S3 stores for " HELLO_SHA256 " has another digest");
    assert_int_equal(blobs_count(f, "cache/2c"), 0);
    assert_int_equal(blobs_count(f, "tmp"), 0);
    s3_stub_clear(stub); /* one answer is damaged on its way */
    s3_stub_answer(stub, 200, "", S("jello"));
    s3_stub_answer(stub, 200, "", S("hello"));
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    assert_string_equal(s3_stub_lines(stub), "GET " HELLO_KEY ", GET " HELLO_KEY);
}

static void copy_serves_while_the_server_is_away(void **state)
{
    struct blobs *f = *state;
    struct str got, path;
    uint64_t size;
    char part[3];

    s3_stub_answer(stub, 404, "", S(""));
    s3_stub_answer(stub, 200, "", S(""));
    s3_stub_hang_up(stub);
    open_again(f, BLOB_SERVE);
    put(f, S("hello"));
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
    must(f, blob_read(f->store, f->mem, S(HELLO_SHA256), 5, &got, &f->err));
    assert_str(got, "hello");
    must(f, blob_read_at(f->store, S(HELLO_SHA256), 1, 3, part, &f->err));
    assert_memory_equal(part, "ell", 3);
    must(f, blob_path(f->store, f->mem, S(HELLO_SHA256), &path, &f->err));
    assert_str(path, str_fmt(f->mem, "%s/cache/2c/" HELLO_SHA256, f->dir).ptr);
    assert_string_equal(s3_stub_lines(stub), OPENED ", HEAD " HELLO_KEY ", PUT " HELLO_KEY);
    assert_int_equal(blob_stat(f->store, S(HELLO_SHA256), &size, &f->err), ERR_BUSY);
    assert_int_equal(blob_read(f->store, f->mem, S(EMPTY_SHA256), 5, &got, &f->err), ERR_BUSY);
    assert_non_null(strstr(f->err.msg, " (tried 2 times)"));
    assert_int_equal(blob_remove(f->store, S(HELLO_SHA256), &f->err), ERR_BUSY);
    assert_int_equal(blobs_count(f, "cache/2c"), 0); /* it may be removed there */
}

static void *get_hello(void *arg)
{
    struct blobs f = *(struct blobs *)arg;

    blobs_assert_content(&f, HELLO_SHA256, S("hello"));
    return NULL;
}

static void many_who_want_the_same_cause_one_download(void **state)
{
    struct blobs *f = *state;
    pthread_t threads[6];

    s3_stub_answer(stub, 200, "", S("hello"));
    open_again(f, BLOB_SERVE);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_hello, f), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_string_equal(s3_stub_lines(stub), OPENED ", GET " HELLO_KEY);
}

/* --- with a server ------------------------------------------------------------------------- */

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, blobs_enter_s3, blobs_leave)

static struct blobs *server_of(void **state)
{
    blobs_skip_without_store(*state);
    return *state;
}

static char etag[S3_ETAG_MAX + 1]; /* of the last answer */

/* A request beside the store's, for a blob. PUT: of these bytes. */
static enum err_code ask(struct blobs *f, const char *method, const char *sha256, struct str data)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    AUTO(fd_closep) int fd = memfd_create("data", MFD_CLOEXEC);
    struct str rest = str_from(f->place.url, strlen("s3://")), bucket;
    struct s3_options options = {.address.base = f->place.endpoint,
                                 .address.host = str_from(f->place.endpoint, strlen("http://")),
                                 .who = {f->place.key_id, f->place.secret, S(""), S("us-east-1")},
                                 .timing = S3_TIMING,
                                 .connections = 1};
    struct s3_request rq = {.method = str_of(method), .fd = fd, .size = data.len};
    struct s3_client *client;
    char is[SHA256_HEX + 1];
    enum err_code code;

    assert_true(str_cut(&rest, '/', &bucket));
    must(f, fs_write_all(fd, data, &f->err));
    digest_sha256_hex(data, is);
    rq.sha256 = str_of(is);
    rq.key = str_fmt(f->mem, STR_FMT "/%.2s/%s", STR_ARG(rest), sha256, sha256);
    options.address.root = str_fmt(f->mem, "/" STR_FMT, STR_ARG(bucket));
    client = s3_client_open(&options);
    code = s3_client_send(client, &rq, &answer, NULL, &f->err);
    (void)snprintf(etag, sizeof(etag), "%s", answer.etag);
    s3_client_close(client);
    return code;
}

/* Puts other bytes under the digest of "hello". */
static void damage(struct blobs *f, struct str data)
{
    must(f, ask(f, "PUT", HELLO_SHA256, data));
}

static void server_keeps_a_blob_under_its_first_digits_and_its_digest(void **state)
{
    struct blobs *f = server_of(state);

    put(f, S("hello"));
    must(f, ask(f, "HEAD", HELLO_SHA256, S("")));
    assert_string_equal(etag, "\"" HELLO_MD5 "\"");
    must(f, blob_remove(f->store, S(HELLO_SHA256), &f->err));
    assert_int_equal(ask(f, "HEAD", HELLO_SHA256, S("")), ERR_NOT_FOUND);
}

static void wrong_bucket_and_wrong_credentials_are_told(void **state)
{
    struct blobs *f = server_of(state);
    const struct blob_place good = f->place;

    f->place.url = S("s3://no-such-bucket/p");
    assert_int_equal(try_to_open(f, BLOB_SERVE), ERR_NOT_FOUND);
    assert_non_null(strstr(f->err.msg, "/no-such-bucket, GET: it answers 404 NoSuchBucket"));
    f->place = good;
    f->place.secret = S("not-the-secret");
    assert_int_equal(try_to_open(f, BLOB_SERVE), ERR_DENIED);
    assert_null(strstr(f->err.msg, "not-the-secret"));
    f->place = good;
    f->place.key_id = S("NOTTHEKEY");
    assert_int_equal(try_to_open(f, BLOB_SERVE), ERR_DENIED);
    assert_null(strstr(f->err.msg, str_z(f->mem, good.secret)));
}

static void command_keeps_no_copy_and_leaves_no_file(void **state)
{
    struct blobs *f = server_of(state);
    AUTO(blob_writer_closep) struct blob_writer *w = NULL;
    struct str path;

    put(f, S("hello"));
    assert_int_equal(blobs_count(f, "cache/2c"), 1);
    assert_int_equal(close(open(str_fmt(f->mem, "%s/tmp/left", f->dir).ptr, O_CREAT, 0600)), 0);
    open_again(f, BLOB_COMMAND); /* beside a server, whose files it leaves alone */
    put(f, S(""));
    blobs_assert_content(f, EMPTY_SHA256, S(""));
    assert_int_equal(blob_path(f->store, f->mem, S(HELLO_SHA256), &path, &f->err), ERR_TOO_BIG);
    must(f, blob_writer_open(f->store, &w, &f->err));
    must(f, blob_writer_write(w, S("bytes"), &f->err));
    assert_int_equal(blobs_count(f, "tmp"), 1);
    assert_int_equal(blobs_count(f, "cache/e3"), 0);
    blob_writer_closep(&w);
    open_again(f, BLOB_SERVE);
    assert_int_equal(blobs_count(f, "tmp"), 0);
}

static void what_is_too_large_for_a_copy_is_read_all_the_same(void **state)
{
    struct blobs *f = server_of(state);
    struct str path;

    for (uint64_t max = 0; max < 20; max += 19) { /* "hello" needs 20 */
        f->place.cache_max = max;
        open_again(f, BLOB_SERVE);
        must(f, blob_remove(f->store, S(HELLO_SHA256), &f->err));
        put(f, S("hello"));
        blobs_assert_content(f, HELLO_SHA256, S("hello"));
        assert_int_equal(blob_path(f->store, f->mem, S(HELLO_SHA256), &path, &f->err), ERR_TOO_BIG);
        assert_string_equal(f->err.msg, "no local copy is kept of 5 bytes");
        assert_int_equal(blobs_count(f, "cache/2c"), 0);
        assert_int_equal(blobs_count(f, "tmp"), 0);
    }
    f->place.cache_max = 20;
    open_again(f, BLOB_SERVE);
    must(f, blob_path(f->store, f->mem, S(HELLO_SHA256), &path, &f->err));
    assert_int_equal(blobs_count(f, "cache/2c"), 1);
}

static void bytes_damaged_on_the_server_are_never_handed_out(void **state)
{
    struct blobs *f = server_of(state);
    struct str got;
    uint64_t size;
    int fd = -1;

    put(f, S("hello"));
    damage(f, S("jello"));
    open_again(f, BLOB_SERVE);
    blobs_assert_content(f, HELLO_SHA256, S("hello")); /* of the copy, which is found again */
    open_again(f, BLOB_COMMAND);
    assert_int_equal(blob_get(f->store, S(HELLO_SHA256), &fd, &size, &f->err), ERR_IO);
    assert_int_equal(blob_read(f->store, f->mem, S(HELLO_SHA256), 9, &got, &f->err), ERR_IO);
    damage(f, S("hell")); /* what has another size is mended when it comes again */
    put(f, S("hello"));
    blobs_assert_content(f, HELLO_SHA256, S("hello"));
}

static void large_file_goes_in_parts_and_comes_back_whole(void **state)
{
    struct blobs *f = server_of(state);
    const struct str whole = blobs_pattern(f, PART, 1), parts = blobs_pattern(f, 2 * PART + 1, 2);
    char sha256[SHA256_HEX + 1];

    f->place.cache_max = 0;
    open_again(f, BLOB_SERVE);
    put(f, whole);
    digest_sha256_hex(whole, sha256);
    must(f, ask(f, "HEAD", sha256, S("")));
    assert_null(strchr(etag, '-'));
    put(f, parts);
    digest_sha256_hex(parts, sha256);
    must(f, ask(f, "HEAD", sha256, S("")));
    assert_true(str_ends(str_of(etag), S("-3\""))); /* three parts */
    blobs_assert_content(f, sha256, parts);
}

/* --- links --------------------------------------------------------------------------------- */

struct page {
    long status;
    size_t len;
    char bytes[16], type[64], disposition[64];
};

static size_t take_bytes(char *ptr, size_t size, size_t count, void *ctx)
{
    struct page *p = ctx;

    for (size_t i = 0; i < size * count && p->len < sizeof(p->bytes); i++)
        p->bytes[p->len++] = ptr[i];
    return size * count;
}

/* As a browser does, without credentials. */
static struct page get_page(struct blobs *f, struct str url)
{
    struct page p = {.len = 0};
    struct curl_header *h;
    CURL *curl = curl_easy_init();

    assert_non_null(curl);
    assert_int_equal(curl_easy_setopt(curl, CURLOPT_URL, str_z(f->mem, url)), CURLE_OK);
    assert_int_equal(curl_easy_setopt(curl, CURLOPT_NOPROXY, "*"), CURLE_OK);
    assert_int_equal(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes), CURLE_OK);
    assert_int_equal(curl_easy_setopt(curl, CURLOPT_WRITEDATA, &p), CURLE_OK);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    assert_int_equal(curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &p.status), CURLE_OK);
    if (curl_easy_header(curl, "content-type", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        (void)snprintf(p.type, sizeof(p.type), "%s", h->value);
    if (curl_easy_header(curl, "content-disposition", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        (void)snprintf(p.disposition, sizeof(p.disposition), "%s", h->value);
    curl_easy_cleanup(curl);
    assert_int_equal(str_eq((struct str){p.bytes, p.len}, S("hello")), p.status == 200);
    return p;
}

static void link_is_read_by_anybody_with_its_type_and_disposition(void **state)
{
    struct blobs *f = server_of(state);
    const struct str type = S("application/x-conda; v=1"),
                     disposition = S("attachment; filename=\"a b+c&d%e.conda\"");
    struct str url, port = str_from(f->place.endpoint, strlen("http://127.0.0.1"));
    struct page p;

    put(f, S("hello"));
    must(f, blob_link(f->store, f->mem, S(HELLO_SHA256), 60, type, disposition, &url, &f->err));
    p = get_page(f, url);
    assert_int_equal(p.status, 200);
    assert_string_equal(p.type, type.ptr);
    assert_string_equal(p.disposition, disposition.ptr);
    assert_int_equal(get_page(f, link_of_hello(f)).status, 200); /* with none of them */
    f->place.public_endpoint = str_fmt(f->mem, "http://localhost" STR_FMT, STR_ARG(port));
    open_again(f, BLOB_SERVE);
    assert_link_begins(f, f->place.public_endpoint);
    assert_int_equal(get_page(f, link_of_hello(f)).status, 200);
}

#define LINK_AGE_S 600

static void link_is_refused_when_it_is_changed_or_its_time_is_over(void **state)
{
    struct blobs *f = server_of(state);
    static const char *const parts[] = {HELLO_SHA256, "X-Amz-Expires=6", "X-Amz-Signature="};
    struct str url = link_of_hello(f);

    put(f, S("hello"));
    for (size_t i = 0; i < COUNT(parts); i++) {
        char *wrong = str_z(f->mem, url), *at = strstr(wrong, parts[i]);

        assert_non_null(at);
        at += strlen(parts[i]) - (i == 0); /* the last digit of the key; those that follow */
        *at = *at == '1' ? '2' : '1';
        assert_int_equal(get_page(f, str_of(wrong)).status, 403);
    }
    assert_int_equal(get_page(f, url).status, 200);
    /* Made a while ago, by one that outlasts that, and by one that does not. */
    clock_shift(-LINK_AGE_S * 1000);
    must(f, blob_link(f->store, f->mem, S(HELLO_SHA256), LINK_AGE_S + 600, S(""), S(""), &url,
                      &f->err));
    assert_int_equal(get_page(f, url).status, 200);
    must(f,
         blob_link(f->store, f->mem, S(HELLO_SHA256), LINK_AGE_S - 1, S(""), S(""), &url, &f->err));
    clock_shift(0);
    assert_int_equal(get_page(f, url).status, 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_settings_are_refused_by_their_value_but_show_no_secret),
        WITH_STUB(opening_asks_for_the_bucket_and_tells_what_is_wrong),
        WITH_STUB(session_token_is_sent_signed_and_a_part_of_links),
        WITH_STUB(bucket_is_named_by_the_path_or_by_the_host),
        WITH_STUB(bytes_that_are_there_are_not_sent_again),
        WITH_STUB(upload_that_s3_refuses_is_told_and_leaves_nothing),
        WITH_STUB(once_open_a_refusal_is_a_failure_of_the_server),
        WITH_STUB(damaged_bytes_are_asked_for_again_and_never_handed_out),
        WITH_STUB(copy_serves_while_the_server_is_away),
        WITH_STUB(many_who_want_the_same_cause_one_download),
        WITH_SERVER(server_keeps_a_blob_under_its_first_digits_and_its_digest),
        WITH_SERVER(wrong_bucket_and_wrong_credentials_are_told),
        WITH_SERVER(command_keeps_no_copy_and_leaves_no_file),
        WITH_SERVER(what_is_too_large_for_a_copy_is_read_all_the_same),
        WITH_SERVER(bytes_damaged_on_the_server_are_never_handed_out),
        WITH_SERVER(large_file_goes_in_parts_and_comes_back_whole),
        WITH_SERVER(link_is_read_by_anybody_with_its_type_and_disposition),
        WITH_SERVER(link_is_refused_when_it_is_changed_or_its_time_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
