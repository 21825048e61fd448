/* The staged upload of anaconda-client: stage, form POST, commit, and the forms of odd clients. */
#include "web_fixture.h"

#include "base/limits.h"
#include "core/inspect.h"
#include "format/json.h"
#include "make_form.h"

#define FILE_PATH "alice/p/1/noarch/p-1-0.tar.bz2"

/* One upload that was staged. */
struct upload {
    struct site *s;
    const char *token;   /* header line of the owner */
    const char *target;  /* of the form POST */
    const char *dist_id; /* as a commit's body */
    struct str bytes;    /* of the package */
    struct str md5;      /* in base64 */
};

static const struct core_spec tiny = {
    .name = "p", .version = "1", .build = "0", .subdir = "noarch"};

static void stage(struct upload *u, const char *body)
{
    struct site *s = u->s;
    struct answer r = request_for(s, 200, "POST", "/api/stage/" FILE_PATH, u->token, str_of(body));
    struct str url = json_member(s, &r, "post_url");
    struct str base = str_fmt(s->core->mem, "http://" STR_FMT, STR_ARG(s->address));

    assert_true(str_starts(url, base));
    assert_true(json_is_object(json_object_get(json_body(s, &r), "form_data")));
    u->target = str_z(s->core->mem, str_from(url, base.len));
    u->dist_id = str_fmt(s->core->mem, "{\"dist_id\": \"" STR_FMT "\"}",
                         STR_ARG(json_member(s, &r, "dist_id")))
                     .ptr;
}

static struct upload begin(struct site *s, const char *stage_body)
{
    struct actor alice = core_user(s->core, "alice");
    struct upload u = {.s = s,
                       .token = with_token(s, make_token(s, &alice, "t", NULL)),
                       .bytes = core_package(s->core, &tiny)};

    u.md5 = form_md5(s->core->mem, u.bytes);
    (void)request_for(s, 200, "POST", "/api/package/alice/p", u.token, S("{}"));
    (void)request_for(s, 200, "POST", "/api/release/alice/p/1", u.token, S("{}"));
    stage(&u, stage_body);
    return u;
}

/* ---- forms ----------------------------------------------------------------------------------- */

static void add_file(struct buf *b, struct str bytes)
{
    form_part(b, "file", "; filename=\"noarch/p-1-0.tar.bz2\"", bytes);
}

static void add_length(struct upload *u, struct buf *b, size_t len)
{
    form_field(b, "Content-Length", str_fmt(u->s->core->mem, "%zu", len));
}

static struct answer post(struct upload *u, struct buf *b, const char *headers)
{
    struct answer r;

    assert_true(buf_ok(b));
    r = request(u->s, "POST", u->target, headers, buf_str(b));
    buf_clear(b);
    return r;
}

static struct answer post_form(struct upload *u, struct buf *b)
{
    form_end(b);
    return post(u, b, FORM_TYPE);
}

static void is_created(const struct answer *r)
{
    assert_int_equal(r->status, 201); /* 200 is a failure for the client */
    assert_str(r->body, "<PostResponse/>");
    assert_str(header(r, "Content-Type"), "application/xml");
}

static void is_accepted(struct upload *u, struct buf *b)
{
    struct answer r = post_form(u, b);

    is_created(&r);
}

static void is_refused(const struct answer *r, unsigned status, const char *code)
{
    struct str start = S("<Error><Code>");

    assert_int_equal(r->status, status);
    assert_str(header(r, "Content-Type"), "application/xml");
    assert_true(str_starts(r->body, start));
    assert_true(str_starts(str_from(r->body, start.len), str_of(code)));
}

static void is_malformed(struct upload *u, struct buf *b, const char *why)
{
    struct answer r = post_form(u, b);

    is_refused(&r, 400, "MalformedPOSTRequest");
    assert_true(body_has(&r, why));
}

static void is_committed(struct upload *u, const char *path)
{
    struct answer r =
        request_for(u->s, 200, "POST", str_fmt(u->s->core->mem, "/api/commit/%s", path).ptr,
                    u->token, str_of(u->dist_id));

    assert_true(str_ends(json_member(u->s, &r, "url"), S("/conda/alice")));
    assert_str(json_member(u->s, &r, "basename"), "noarch/p-1-0.tar.bz2");
    r = get_for(u->s, 200, "/conda/alice/noarch/p-1-0.tar.bz2", "");
    assert_true(str_eq(r.body, u->bytes));
}

/* As clients of today do it. */
static void the_usual_form_is_accepted(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct upload u = begin(*state, "{\"distribution_type\": \"conda\", \"description\": null, "
                                    "\"attrs\": {}, \"dependencies\": null, \"channels\": []}");

    add_length(&u, &b, u.bytes.len);
    form_field(&b, "Content-MD5", u.md5);
    add_file(&b, u.bytes);
    is_accepted(&u, &b);
    is_committed(&u, FILE_PATH); /* channels: [] is the label main */
}

static void the_forms_of_old_and_odd_clients_are_accepted(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct upload u = begin(*state, "");
    struct str md5 = u.md5;

    for (int i = 0; i < 7; i++) {
        stage(&u, "{}");
        switch (i) {
        case 0: /* Python 3 before 1.8.0 ends the digest with a line feed */
            form_field(&b, "Content-MD5", str_fmt(u.s->core->mem, STR_FMT "\n", STR_ARG(md5)));
            add_file(&b, u.bytes);
            break;
        case 1: /* the file first: what is said of it afterwards counts */
            add_file(&b, u.bytes);
            form_field(&b, "Content-MD5", md5);
            add_length(&u, &b, u.bytes.len);
            break;
        case 2: /* fields that nobody asked for, twice, and empty */
            form_field(&b, "key", S("a/b"));
            form_field(&b, "key", S(""));
            form_field(&b, "Content-MD5", S(""));
            form_field(&b, "x-amz-\xc3\xa4", S("\x01\x02"));
            add_file(&b, u.bytes);
            form_field(&b, "success_action_status", S("201"));
            break;
        case 3: /* only the file, with a type of its own */
            form_part(&b, "file", "; filename=\"x\"\r\nContent-Type: application/octet-stream",
                      u.bytes);
            break;
        case 4: /* no file name */
            form_field(&b, "file", u.bytes);
            break;
        case 5: /* a file name outside ASCII */
            form_part(&b, "file", "; filename=\"\xc3\xa4\"", u.bytes);
            break;
        default:
            form_field(&b, "Content-Length", str_fmt(u.s->core->mem, " %zu\r\n", u.bytes.len));
            add_file(&b, u.bytes);
        }
        is_accepted(&u, &b);
    }
    is_committed(&u, FILE_PATH);
}

/* 1.6.6 to 1.10 send their token along, other programs a cookie: the ticket alone counts. */
static void credentials_of_the_form_are_not_looked_at(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct upload u = begin(*state, "");
    const char *const headers[] = {u.token, "Authorization: Basic !!!\r\n",
                                   "Authorization: token x\r\nAccept: application/json\r\n",
                                   "Cookie: terrarium_session=x\r\n"};

    for (size_t i = 0; i < COUNT(headers); i++) {
        struct answer r;

        stage(&u, "{}");
        add_file(&b, u.bytes);
        form_end(&b);
        r = post(&u, &b, lines(u.s, headers[i], FORM_TYPE));
        is_created(&r);
        assert_false(text_has(log_line(u.s), " who="));
    }
}

/* The ticket survives each of them: the client may try again. */
static void broken_forms_are_told_apart(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(8 * MIB);
    struct upload u = begin(*state, "");
    static const char *const types[] = {FORM_TYPE, FORM_TYPE,
                                        "Content-Type: application/x-www-form-urlencoded\r\n",
                                        "Content-Type: multipart/form-data\r\n", ""};
    char *long_field = arena_array(u.s->core->mem, char, LIMIT_FORM_FIELD + 1);
    struct answer r;

    assert_non_null(long_field);
    add_length(&u, &b, u.bytes.len);
    is_malformed(&u, &b, "it has no part named");
    form_field(&b, "File", u.bytes); /* names are not folded */
    is_malformed(&u, &b, "it has no part named");
    add_file(&b, u.bytes);
    add_file(&b, u.bytes);
    is_malformed(&u, &b, "it has two files");
    form_field(&b, "Content-Length", S("many"));
    add_file(&b, u.bytes);
    is_malformed(&u, &b, "Content-Length is not a number");
    memset(long_field, 'x', LIMIT_FORM_FIELD + 1);
    form_field(&b, "x", (struct str){long_field, LIMIT_FORM_FIELD + 1});
    add_file(&b, u.bytes);
    is_malformed(&u, &b, "a field is too long");
    for (int i = 0; i <= LIMIT_FORM_FIELDS; i++)
        form_field(&b, "x", S(""));
    add_file(&b, u.bytes);
    r = post_form(&u, &b);
    is_refused(&r, 413, "EntityTooLarge");
    assert_true(body_has(&r, "more than 64 parts"));
    buf_addz(&b, "a preamble\r\n");
    add_file(&b, u.bytes);
    is_malformed(&u, &b, "does not begin with its boundary");
    add_file(&b, u.bytes);                      /* cut off before its end */
    for (size_t i = 0; i < COUNT(types); i++) { /* then no body at all */
        buf_addz(&b, i > 1 ? "file=x" : "");
        r = post(&u, &b, types[i]);
        is_refused(&r, 400, "MalformedPOSTRequest");
    }
    add_file(&b, u.bytes);
    is_accepted(&u, &b);
    is_committed(&u, FILE_PATH);
}

/* InvalidDigest is what makes the client speak of checksums. */
static void other_bytes_than_declared_are_refused(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct upload u = begin(*state, "");
    static const char *const digests[] = {"1B2M2Y8AsgTpgAmY7PhCfg==", "nonsense", "AAAA",
                                          "1B2M2Y8AsgTpgAmY7PhCfg"};
    struct answer r;

    for (size_t i = 0; i < COUNT(digests); i++) {
        form_field(&b, "Content-MD5", str_of(digests[i]));
        add_file(&b, u.bytes);
        r = post_form(&u, &b);
        is_refused(&r, 400, "InvalidDigest");
    }
    add_length(&u, &b, u.bytes.len + 1);
    add_file(&b, u.bytes);
    r = post_form(&u, &b);
    is_refused(&r, 400, "InvalidDigest");
    stage(&u, "{\"sha256\": \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}");
    add_file(&b, u.bytes);
    r = post_form(&u, &b);
    is_refused(&r, 400, "InvalidDigest");
    add_file(&b, S("")); /* that was the digest of nothing */
    is_accepted(&u, &b);
    (void)request_for(u.s, 400, "POST", "/api/commit/" FILE_PATH, u.token, str_of(u.dist_id));
    assert_int_equal(CORE_NUMBER(u.s->core, "SELECT COUNT(*) FROM file"), 0);
}

static void a_ticket_is_good_for_one_file(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct upload u = begin(*state, "");
    struct answer r;

    add_file(&b, u.bytes);
    is_accepted(&u, &b);
    add_file(&b, u.bytes);
    r = post_form(&u, &b);
    is_refused(&r, 409, "OperationAborted");
    u.target = "/api/upload/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    add_file(&b, u.bytes);
    r = post_form(&u, &b);
    is_refused(&r, 404, "NoSuchUpload");
    assert_true(body_has(&r, "this upload is unknown or has expired; start it again"));
    assert_false(body_has(&r, "AAAA"));
    (void)get_for(u.s, 405, u.target, "");
}

static void a_file_over_the_limit_is_too_large(void **state)
{
    AUTO(buf_done) struct buf b = BUF_INIT(16 * MIB);
    struct upload u = begin(*state, "");
    char *large = arena_array(u.s->core->mem, char, 8 * MIB);
    struct answer r;

    assert_non_null(large);
    u.s->core->config.upload_max = (int64_t)u.bytes.len;
    add_file(&b, u.bytes);
    is_accepted(&u, &b);
    stage(&u, "{}");
    u.s->core->config.upload_max = (int64_t)u.bytes.len - 1;
    add_file(&b, u.bytes); /* told by the file's own size */
    r = post_form(&u, &b);
    is_refused(&r, 413, "EntityTooLarge");
    add_file(&b, (struct str){large, 8 * MIB}); /* told by the size of the request */
    r = post_form(&u, &b);
    is_refused(&r, 413, "EntityTooLarge");
}

/* ---- stage and commit ------------------------------------------------------------------------ */

static void stage_answers_at_the_address_that_was_asked(void **state)
{
    struct upload u = begin(*state, "");
    struct answer r = request_for(u.s, 200, "POST", "/api/stage/" FILE_PATH,
                                  lines(u.s, "Host: pkgs.example.org:8443\r\n", u.token), S("{}"));

    assert_true(str_starts(json_member(u.s, &r, "post_url"),
                           S("http://pkgs.example.org:8443/api/upload/")));
    assert_int_equal(json_object_size(json_body(u.s, &r)), 3);
    assert_int_equal(json_object_size(json_object_get(json_body(u.s, &r), "form_data")), 0);
    u.s->core->config.public_url = S("https://pkgs.example.org");
    r = request_for(u.s, 200, "POST", "/api/stage/" FILE_PATH, u.token, S("{}"));
    assert_true(
        str_starts(json_member(u.s, &r, "post_url"), S("https://pkgs.example.org/api/upload/")));
}

static void stage_and_commit_refuse_with_these_statuses(void **state)
{
    static const struct {
        unsigned status;
        const char *target, *body;
    } cases[] = {
        {404, "/api/stage/alice/q/1/noarch/q-1-0.conda", "{}"},
        {404, "/api/stage/alice/p/2/noarch/p-2-0.conda", "{}"},
        {400, "/api/stage/alice/p/1/p-1-0.conda", "{}"},
        {400, "/api/stage/alice/p/1/noarch/q-1-0.conda", "{}"},
        {422, "/api/stage/" FILE_PATH, "{\"channels\": \"main\"}"},
        {400, "/api/stage/" FILE_PATH, "{\"distribution_type\": \"pypi\"}"},
        {422, "/api/commit/" FILE_PATH, "{}"},
        {422, "/api/commit/" FILE_PATH, "{\"dist_id\": 5}"},
        {404, "/api/commit/" FILE_PATH, "{\"dist_id\": \"x\"}"},
    };
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct upload u = begin(*state, "");
    struct site *s = u.s;
    struct answer r;

    for (size_t i = 0; i < COUNT(cases); i++)
        (void)request_for(s, cases[i].status, "POST", cases[i].target, u.token,
                          str_of(cases[i].body));
    r = request_for(s, 400, "POST", "/api/commit/" FILE_PATH, u.token, str_of(u.dist_id));
    assert_true(body_has(&r, "have not been received yet"));
    add_file(&b, u.bytes);
    is_accepted(&u, &b);
    (void)request_for(s, 404, "POST", "/api/commit/alice/p/1/noarch/p-1-1.tar.bz2", u.token,
                      str_of(u.dist_id));
    is_committed(&u, "alice/p/1/noarch/p%2D1-0.tar%2Ebz2"); /* quoted, as newer clients do */
    (void)request_for(s, 404, "POST", "/api/commit/" FILE_PATH, u.token, str_of(u.dist_id));
    r = request_for(s, 409, "POST", "/api/stage/" FILE_PATH, u.token, S("{}"));
    assert_true(body_has(&r, "exists already"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(the_usual_form_is_accepted),
        WITH_PUBLISHING(the_forms_of_old_and_odd_clients_are_accepted),
        WITH_SITE(credentials_of_the_form_are_not_looked_at),
        WITH_PUBLISHING(broken_forms_are_told_apart),
        WITH_PUBLISHING(other_bytes_than_declared_are_refused),
        WITH_SITE(a_ticket_is_good_for_one_file),
        WITH_SITE(a_file_over_the_limit_is_too_large),
        WITH_SITE(stage_answers_at_the_address_that_was_asked),
        WITH_PUBLISHING(stage_and_commit_refuse_with_these_statuses),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
