/* What requests say of the files that they bring, in the query, in forms and in headers. */
#include "web_fixture.h"

#include "base/limits.h"
#include "core/inspect.h"
#include "format/json.h"
#include "make_form.h"

#define FORM "/api/v1/packages/alice/upload"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

/* Posts a form that ends well, and empties it. */
static struct answer post(struct site *s, const char *target, const char *token, struct buf *form)
{
    struct answer r;

    form_end(form);
    assert_true(buf_ok(form));
    r = request(s, "POST", target, lines(s, token, FORM_TYPE), buf_str(form));
    buf_clear(form);
    return r;
}

static void is_refused(struct site *s, const struct answer *r, unsigned status, const char *field,
                       const char *says)
{
    if (r->status != status || !body_has(r, says))
        print_error("%u: " STR_FMT "\n", r->status, STR_ARG(r->body));
    assert_int_equal(r->status, status);
    assert_true(body_has(r, says));
    if (field)
        assert_str(json_member(s, r, "field"), field);
    else
        assert_null(json_object_get(json_body(s, r), "field"));
}

/* Fields may stand before the file and behind it. */
static void a_form_says_what_it_likes_in_any_order(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    AUTO(buf_done) struct buf form = BUF_INIT(MIB);
    struct answer r;

    form_field(&form, "package", S("sales"));
    form_field(&form, "label", S("dev"));
    form_part(&form, "file", "; filename=\"numbers.csv\"", S("1,2"));
    form_field(&form, "label", S("Rc/1"));
    form_field(&form, "version", S("7"));
    form_field(&form, "type", S("file"));
    form_field(&form, "summary", S("A \"summary\"\r\nof lines"));
    form_field(&form, "description", S("Words."));
    form_field(&form, "access", S("private"));
    form_field(&form, "force", S("false"));
    form_field(&form, "sha256", core_sha256(s->core, S("1,2")));
    r = post(s, FORM, alice, &form);
    assert_int_equal(r.status, 201);
    assert_str(json_member(s, &r, "full_name"), "alice/sales/7/numbers.csv");
    assert_str(json_member(s, &r, "description"), "Words.");
    assert_true(body_has(&r, "\"labels\":[\"dev\",\"rc/1\"]"));
    assert_str(CORE_TEXT(s->core, "SELECT access || ' ' || summary FROM package"),
               "private A \"summary\"\r\nof lines");
}

static void the_query_says_the_same(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct answer r = request_for(
        s, 201, "PUT",
        "/api/v1/files/alice/n%20s.csv?package=sales&version=1%2b2&label=a&&label=b%2Fc&force=1"
        "&description=so+it+is",
        alice, S("1,2"));

    assert_str(json_member(s, &r, "full_name"), "alice/sales/1+2/n s.csv");
    assert_str(json_member(s, &r, "description"), "so it is");
    assert_true(body_has(&r, "\"labels\":[\"a\",\"b/c\"]"));
}

static void what_is_said_wrong_is_named(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    static const struct {
        const char *name, *value, *field, *says;
        unsigned status;
    } cases[] = {
        {"verson", "1", NULL, "\\\"verson\\\" is not known here; there are: package, version,",
         422},
        {"force", "maybe", "force", "force is true or false, not \\\"maybe\\\"", 422},
        {"type", "exe", "type", "\\\"exe\\\"", 400},
        {"package", "a b", "package", "\\\"a b\\\"", 400},
        {"label", "a b", "label", "a b", 400},
        {"access", "all", "access", "\\\"all\\\"", 422},
        {"version", "\xff", "version", "not well-formed", 422},
        {"sha256", "0", "sha256", "hexadecimal", 422},
    };
    AUTO(buf_done) struct buf form = BUF_INIT(MIB);
    struct answer r;

    for (size_t i = 0; i < COUNT(cases); i++) {
        form_field(&form, cases[i].name, str_of(cases[i].value));
        form_part(&form, "file", "; filename=\"n.csv\"", S("1,2"));
        r = post(s, FORM, alice, &form);
        is_refused(s, &r, cases[i].status, cases[i].field, cases[i].says);
    }
    form_field(&form, "type", S("file"));
    form_field(&form, "type", S("file"));
    r = post(s, FORM, alice, &form);
    is_refused(s, &r, 422, "type", "type is given twice");
    form_field(&form, "file", S("bytes"));
    r = post(s, FORM, alice, &form);
    is_refused(s, &r, 422, "file", "the file has no name");
    form_field(&form, "package", S("x"));
    r = post(s, FORM, alice, &form);
    is_refused(s, &r, 422, "file", "the form has no file; its field is called \\\"file\\\"");
    form_part(&form, "file", "; filename=\"n.csv\"", S("1"));
    form_part(&form, "file", "; filename=\"m.csv\"", S("2"));
    r = post(s, FORM, alice, &form);
    is_refused(s, &r, 422, "file", "more than 1 file");
    for (int i = 0; i < 22; i++)
        form_field(&form, "label", S("x"));
    r = post(s, FORM, alice, &form);
    is_refused(s, &r, 422, "label", "more than 20 labels");
    r = request(s, "POST", FORM, lines(s, alice, "Content-Type: application/json\r\n"), S("{}"));
    is_refused(s, &r, 400, NULL, "is not multipart/form-data");
    r = request(s, "POST", FORM, lines(s, alice, FORM_TYPE), S("--" FORM_BOUNDARY "\r\n"));
    is_refused(s, &r, 400, NULL, "cut off");
    r = request(s, "PUT", "/api/v1/files/alice/n.csv?label=%zz", alice, S("1"));
    is_refused(s, &r, 400, NULL, "escape");
    r = request(s, "PUT", "/api/v1/files/alice/", alice, S("1"));
    is_refused(s, &r, 422, "file", "no name");
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM package"), 0);
}

/* Whoever sends headers first is told before the body is. */
static void who_may_not_is_told_without_the_bytes(void **state)
{
    struct site *s = *state;
    const char *bob = token_of(s, "bob");
    const char *big = lines(s, bob, "Content-Length: 9000000000\r\nExpect: 100-continue\r\n");
    struct answer r;

    (void)core_user(s->core, "alice");
    r = request(s, "PUT", "/api/v1/files/alice/n.csv", big, S(""));
    assert_int_equal(r.status, 403);
    assert_str(json_member(s, &r, "error"), "\"bob\" may not publish or change \"alice/n\"");
    assert_true(has_header(&r, "Connection"));
}

/* The package that the right is on may be said behind the file. */
static void a_collaborator_may_name_his_package_last(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    AUTO(buf_done) struct buf form = BUF_INIT(MIB);
    struct answer r;

    (void)request_for(s, 201, "PUT", "/api/v1/files/alice/n.csv?package=sales", alice, S("1"));
    (void)request_for(s, 201, "PUT", "/api/packages/alice/sales/collaborators/bob", alice, S(""));
    form_part(&form, "file", "; filename=\"m.csv\"", S("2"));
    form_field(&form, "package", S("sales"));
    r = post(s, FORM, bob, &form);
    assert_int_equal(r.status, 201);
    form_part(&form, "file", "; filename=\"m.csv\"", S("2"));
    r = post(s, FORM, bob, &form);
    assert_int_equal(r.status, 403);
}

static void a_body_over_the_limit_is_refused(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    AUTO(buf_done) struct buf form = BUF_INIT(MIB);
    struct answer r;

    s->core->config.upload_max = 4;
    (void)request_for(s, 413, "PUT", "/api/v1/files/alice/n.csv", alice, S("12345"));
    form_part(&form, "file", "; filename=\"n.csv\"", S("12345"));
    r = post(s, FORM, alice, &form);
    is_refused(s, &r, 413, NULL, "larger than this server accepts (4 bytes)");
    (void)request_for(s, 201, "PUT", "/api/v1/files/alice/n.csv", alice, S("1234"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(a_form_says_what_it_likes_in_any_order),
        WITH_SITE(the_query_says_the_same),
        WITH_SITE(what_is_said_wrong_is_named),
        WITH_SITE(who_may_not_is_told_without_the_bytes),
        WITH_SITE(a_collaborator_may_name_his_package_last),
        WITH_SITE(a_body_over_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
