/* The corridor of every request: in which order it is judged, and what the log says of it. */
#include "web_fixture.h"

#include <unistd.h>

#include "base/limits.h"
#include "blob/blob.h"
#include "core/inspect.h"

#define JSON_BODY S("{\"public\": true}")

static const char *format(struct site *s, const char *pattern, const char *secret)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4096);

    for (const char *c = pattern; *c; c++) {
        if (*c == '@')
            buf_addz(&b, secret);
        else
            buf_addc(&b, *c);
    }
    return str_z(s->core->mem, buf_str(&b));
}

/* ---- the order of judgement ------------------------------------------------------------------ */

/* Each request has every fault from its own on: the first one decides. */
static void a_request_is_judged_in_order(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *cookie = with_cookie(s, make_cookie(s, &alice));
    const char *bad = "Authorization: nonsense!\r\nOrigin: http://evil.example\r\n";
    const char *reader = with_token(s, make_token(s, &alice, "reader", "api:read"));
    const char *evil = lines(s, cookie, "Origin: http://evil.example\r\n");
    struct answer r;

    r = request_for(s, 400, "BREW", "/api//package", bad, S("{"));
    assert_true(body_has(&r, "path has an empty"));
    r = request_for(s, 404, "BREW", "/api/nothing", bad, S("{"));
    assert_true(body_has(&r, "there is nothing at this address"));
    r = request_for(s, 405, "PUT", "/api/package/bob/p", bad, S("{"));
    assert_str(header(&r, "Allow"), "GET, HEAD, POST, PATCH, DELETE");
    r = request_for(s, 401, "POST", "/api/package/bob/p", bad, S("{"));
    assert_true(body_has(&r, "the Authorization header"));
    r = request_for(s, 403, "POST", "/api/package/bob/p", evil, S("{"));
    assert_true(body_has(&r, "may not act for you here"));
    r = request_for(s, 403, "POST", "/api/package/bob/p", reader, S("{"));
    assert_true(body_has(&r, "does not have the scope"));
    r = request_for(s, 403, "POST", "/api/package/bob/p", cookie, S("{"));
    assert_true(body_has(&r, "may not publish or change"));
    r = request_for(s, 400, "POST", "/api/package/alice/p", cookie, S("{"));
    (void)request_for(s, 200, "POST", "/api/package/alice/p", cookie, JSON_BODY);
}

/* Nobody makes us keep a body, or read what is in it, before we know that they may. */
static void rights_come_before_the_body(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = with_token(s, make_token(s, &alice, "t", NULL));
    char *large = arena_array(s->core->mem, char, 3 * MIB);
    struct str body = {large, 3 * MIB};

    assert_non_null(large);
    memset(large, ' ', body.len);
    (void)request_for(s, 401, "POST", "/api/package/alice/p", "", body);
    (void)request_for(s, 403, "POST", "/api/package/bob/p", token, body);
    (void)request_for(s, 413, "POST", "/api/package/alice/p", token, body);
    (void)request_for(s, 404, "POST", "/nothing", token, body);
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM package"), 0);
}

static void a_refused_request_changes_nothing(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice"), bob = core_user(s->core, "bob");
    const char *token = with_token(s, make_token(s, &alice, "t", NULL));
    const char *other = with_token(s, make_token(s, &bob, "t", NULL));
    const char *reader = with_token(s, make_token(s, &alice, "r", "api:read"));

    (void)request_for(s, 200, "POST", "/api/package/alice/p", token, JSON_BODY);
    (void)request_for(s, 200, "POST", "/api/release/alice/p/1", token, S("{}"));
    for (int i = 0; i < 3; i++) {
        const char *who = i == 0 ? "" : i == 1 ? other : reader;
        unsigned status = i == 0 ? 401 : 403;

        (void)request_for(s, status, "POST", "/api/package/alice/q", who, JSON_BODY);
        (void)request_for(s, status, "DELETE", "/api/package/alice/p", who, S(""));
        (void)request_for(s, status, "DELETE", "/api/release/alice/p/1", who, S(""));
        (void)request_for(s, status, "POST", "/api/stage/alice/p/1/noarch/p-1-0.conda", who,
                          S("{}"));
    }
    assert_str(CORE_TEXT(s->core,
                         "SELECT 'p ' || name FROM package UNION ALL SELECT 'r ' || version "
                         "FROM release UNION ALL SELECT 'u ' || basename FROM upload"),
               "p p, r 1");
}

/* By whom, by which token, on what, and to whose account. */
static void a_known_caller_who_is_denied_a_change_is_on_record(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice"), bob = core_user(s->core, "bob");
    const char *other = with_token(s, make_token(s, &bob, "t", NULL));
    const char *reader = with_token(s, make_token(s, &alice, "r", "api:read"));
    static const struct stmt forget = {"forget", "DELETE FROM audit", "", ""};

    core_change(s->core, &forget);
    (void)request_for(s, 403, "DELETE", "/api/package/Alice/p", other, S(""));
    (void)request_for(s, 403, "POST", "/api/group/alice/g", other, S("{}"));
    (void)request_for(s, 403, "POST", "/api/package/nobody/p", other, S("{}"));
    (void)request_for(s, 403, "DELETE", "/api/v1/sessions/1", reader, S(""));
    (void)request_for(s, 401, "DELETE", "/api/package/alice/p", "", S(""));
    (void)request_for(s, 403, "GET", "/api/v1/admin/security-log", other, S(""));
    assert_str(
        CORE_TEXT(s->core,
                  "SELECT account || '|' || actor || '|' || token_name || '|' || remote || "
                  "'|' || action || '|' || object || '|' || detail FROM audit ORDER BY id"),
        "alice|bob|t|127.0.0.1|access.denied|alice/p|removePackage: \"bob\" may not publish "
        "or change \"alice/p\", "
        "alice|bob|t|127.0.0.1|access.denied|alice/g|createGroup: \"bob\" may not administer "
        "\"alice\", "
        "|bob|t|127.0.0.1|access.denied|nobody/p|createPackage: \"bob\" may not publish or "
        "change \"nobody/p\", "
        "alice|alice|r|127.0.0.1|access.denied||endSession: the token \"r\" does not have the "
        "scope for this; it has: api:read");
}

/* ---- where a request may come from ----------------------------------------------------------- */

/* What a browser adds by itself (cookies, and Basic that it was once told) counts only for our own
 * pages. */
static void a_foreign_page_acts_for_nobody(void **state)
{
    struct site *s = *state;
    struct actor alice = sign_up(s, "alice");
    const char *token = make_token(s, &alice, "t", NULL);
    const char *own = str_fmt(s->core->mem, "http://" STR_FMT, STR_ARG(s->address)).ptr;
    const char *const origins[] = {"", own, "http://evil.example", "null", "http://evil:1/"};
    const struct {
        const char *headers;
        const char *target;
        bool ambient;
    } cases[] = {
        {with_cookie(s, make_cookie(s, &alice)), "/api/package/alice/p", true},
        {with_basic(s, "alice", token), "/api/package/alice/p", true},
        {with_basic(s, token, ""), "/api/package/alice/p", true},
        {with_basic(s, "alice", PASSWORD), "/api/authentications", true},
        {"", "/api/v1/session", true},
        {with_token(s, token), "/api/package/alice/p", false},
        {str_fmt(s->core->mem, "Authorization: Bearer %s\r\n", token).ptr, "/api/package/alice/p",
         false},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t j = 0; j < COUNT(origins); j++) {
            const char *origin =
                *origins[j] ? str_fmt(s->core->mem, "Origin: %s\r\n", origins[j]).ptr : "";
            struct answer r =
                request(s, "POST", cases[i].target, lines(s, cases[i].headers, origin),
                        S("{\"login\": \"x\", \"password\": \"y\"}"));

            assert_int_equal(r.status == 403, cases[i].ambient && j >= 2);
        }
}

static void reading_is_free_of_origins(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *cookie = with_cookie(s, make_cookie(s, &alice));

    (void)get_for(s, 200, "/api/user", lines(s, cookie, "Origin: http://evil.example\r\n"));
    (void)request_for(s, 200, "HEAD", "/api/user", lines(s, cookie, "Origin: null\r\n"), S(""));
}

/* Behind a proxy the browser's origin is the public address, whatever Host the proxy sends. */
static void the_public_address_is_our_own(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *cookie = with_cookie(s, make_cookie(s, &alice));

    s->core->config.public_url = S("https://pkgs.example.org");
    (void)request_for(s, 200, "POST", "/api/package/alice/p",
                      lines(s, cookie, "Origin: https://pkgs.example.org\r\n"), JSON_BODY);
    (void)request_for(s, 403, "POST", "/api/package/alice/q",
                      lines(s, cookie, "Origin: https://pkgs.example.org.evil.example\r\n"),
                      JSON_BODY);
}

/* ---- headers of errors ----------------------------------------------------------------------- */

static void a_challenge_comes_with_401_alone_and_never_to_our_pages(void **state)
{
    struct site *s = *state;
    static const struct {
        const char *method, *target, *headers;
        unsigned status;
        bool challenge;
    } cases[] = {
        {"GET", "/api/user", "", 401, true},
        {"HEAD", "/api/user", "", 401, true},
        {"GET", "/api/user", "Authorization: token x\r\n", 401, true},
        {"GET", "/conda/alice/noarch/repodata.json", "Authorization: x\r\n", 401, true},
        {"POST", "/api/authentications", "Authorization: Basic eDp5\r\n", 401, true},
        /* a browser would open its own password window over our page */
        {"GET", "/api/v1/session", "", 401, false},
        {"DELETE", "/api/v1/session", "Cookie: terrarium_session=x\r\n", 401, false},
        {"POST", "/api/v1/session", "Origin: http://evil\r\n", 403, false},
        {"GET", "/nothing", "", 404, false},
        {"PUT", "/api/user", "", 405, false},
        {"GET", "/api/..", "", 400, false},
        {"GET", "/api/user/nobody", "", 404, false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer r = request_for(s, cases[i].status, cases[i].method, cases[i].target,
                                      cases[i].headers, S(""));

        assert_int_equal(has_header(&r, "WWW-Authenticate"), cases[i].challenge);
        if (cases[i].challenge)
            assert_str(header(&r, "WWW-Authenticate"), "Basic realm=\"Terrarium\"");
        assert_int_equal(has_header(&r, "Allow"), cases[i].status == 405);
        assert_str(header(&r, "Cache-Control"), "no-store");
    }
}

/* ---- the log --------------------------------------------------------------------------------- */

/* "@" stands for a token. */
static void secrets_are_masked_wherever_they_stand(void **state)
{
    struct site *s = *state;
    static const char *const cases[][2] = {
        {"/t/@/conda/alice/noarch/repodata.json", "/conda/alice/noarch/repodata.json"},
        {"/t/@/alice/noarch/repodata.json", "/conda/alice/noarch/repodata.json"},
        {"/conda/t/@/alice/noarch/x", "/conda/alice/noarch/x"},
        {"/%74/@/alice/x", "/conda/alice/x"},
        {"/%63onda/%74/@/alice/x", "/conda/alice/x"},
        {"http://host/t/@/alice/x", "/conda/alice/x"},
        {"/t/short/alice/x", "/conda/alice/x"},
        {"/t/@", ""},
        {"/conda/t/@/", "/conda/"},
        {"/t/@/t/short/alice", "/conda/t/***/alice"},
        {"/prefix/t/short/alice/x", "/prefix/t/***/alice/x"},
        {"/conda/alice/t/short", "/conda/alice/t/***"},
        {"/T/@/alice", "/T/***/alice"},
        {"/conda/@/noarch/x", "/conda/***/noarch/x"},
        {"/conda/alice:@/x", "/conda/***/x"},
        {"/x/%2574r@", "/x/***"},
        {"/api/upload/short", "/api/upload/***"},
        {"/api/upload/short/more", "/api/upload/***/more"},
        {"/%61pi/%75pload/short", "/api/upload/***"},
        {"/setup/short", "/setup/***"},
        {"/setu%70/short/x", "/setup/***/x"},
        {"/api/user?token=@", "/api/user"},
        {"/?@", ""},
        {"/t/@/%2e%2e", "-"},
        {"//t/@", "-"},
        /* no secrets */
        {"/conda/alice/noarch/tr-1.0-0.conda", "/conda/alice/noarch/tr-1.0-0.conda"},
        {"/conda/a/noarch/shards/"
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.msgpack.zst",
         "/conda/a/noarch/shards/"
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.msgpack.zst"},
    };
    struct actor alice = core_user(s->core, "alice");
    const char *token = make_token(s, &alice, "t", NULL);

    s->core->app.log.level = LOG_DEBUG;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer r = get(s, format(s, cases[i][0], token), "");
        const char *wanted =
            str_fmt(s->core->mem, " path=%s status=%u ", *cases[i][1] ? cases[i][1] : "/", r.status)
                .ptr;

        if (!text_has(log_line(s), wanted))
            print_error("%s: " STR_FMT "\n", cases[i][0], STR_ARG(log_line(s)));
        assert_true(text_has(log_line(s), wanted));
    }
    assert_false(text_has(log_text(s), token + 3));
    assert_false(text_has(log_text(s), "short"));
}

/* A token in the wrong place of a header, a password, a cookie, a form. */
static void what_is_secret_in_a_request_is_in_no_line(void **state)
{
    struct site *s = *state;
    static const char secret[] = "tr-"
                                 "S3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3cr3";
    static const char *const headers[] = {"Authorization: @\r\n",
                                          "Authorization: token @\r\n",
                                          "Authorization: Bearer @\r\n",
                                          "Authorization: Basic @\r\n",
                                          "Authorization: token @ x\r\n",
                                          "Authorization: @ token\r\n",
                                          "Cookie: terrarium_session=@\r\n",
                                          "Referer: http://x/t/@/\r\n",
                                          "X-Token: @\r\n"};
    static const char *const broken[] = {"{\"password\": \"@", "{\"password\": \"@\" \"x\"}",
                                         "{\"password\": \"x\" \"@\"}", "{\"password\": @}"};

    s->core->app.log.level = LOG_DEBUG;
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct answer r = get_for(s, 401, "/api/user", format(s, headers[i], secret));

        assert_false(body_has(&r, secret));
    }
    for (size_t i = 0; i < COUNT(broken); i++) {
        struct answer r = request_for(s, 400, "POST", "/api/v1/session", "",
                                      str_of(format(s, broken[i], "S3cr3t-pw")));

        assert_true(body_has(&r, "not valid JSON at line 1, column "));
        assert_false(body_has(&r, "S3cr3t"));
    }
    (void)request_for(s, 401, "POST", "/api/v1/session", "",
                      str_of(format(s, "{\"login\": \"x\", \"password\": \"@\"}", secret)));
    (void)request_for(s, 401, "POST", "/api/authentications", with_basic(s, "x", secret), S("{}"));
    assert_false(text_has(log_text(s), "S3cr3t"));
    assert_true(text_has(log_text(s), "event=request_refused"));
}

static void a_line_says_who_did_what(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = with_token(s, make_token(s, &alice, "ci job", NULL));
    const char *cookie = with_cookie(s, make_cookie(s, &alice));
    struct answer r = request_for(s, 200, "POST", "/api/package/alice/p", token, JSON_BODY);
    const char *wanted = str_fmt(s->core->mem,
                                 " remote=127.0.0.1 method=POST path=/api/package/alice/p "
                                 "status=200 bytes=%zu received=16 ms=",
                                 r.body.len)
                             .ptr;

    assert_true(text_has(log_line(s), wanted));
    assert_true(str_ends(log_line(s), S(" who=alice token=\"ci job\"")));
    (void)request_for(s, 200, "HEAD", "/api/user", cookie, S(""));
    assert_true(
        text_has(log_line(s), " method=HEAD path=/api/user status=200 bytes=0 received=0 "));
    assert_true(str_ends(log_line(s), S(" who=alice")));
    (void)get_for(s, 404, "/a%20b%3Dc%22", "");
    assert_true(text_has(log_line(s), " path=\"/a b=c\\\"\" status=404 "));
    assert_false(text_has(log_line(s), " who="));
    (void)request_for(s, 404, "BREW", "/tea/", "", S(""));
    assert_true(text_has(log_line(s), " method=BREW path=/tea/ status=404 "));
}

/* The cause of our own trouble is in the log, and there alone. */
static void our_own_trouble_is_told_to_the_log(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct file_row file = core_publish(
        s->core, &alice,
        &(struct core_spec){.name = "p", .version = "1", .build = "0", .subdir = "noarch"});
    struct answer r;
    struct str blob;

    must(s->core, blob_path(s->core->app.blobs, s->core->mem, file.sha256, &blob, &s->core->err));
    assert_int_equal(unlink(blob.ptr), 0);
    r = get_for(s, 500, "/conda/alice/noarch/p-1-0.tar.bz2", "");
    assert_str(json_member(s, &r, "error"),
               "the server could not do this because of an internal error; its log tells more");
    assert_true(text_has(log_text(s), "level=error event=request_failed error=io"));
    assert_true(text_has(log_text(s), str_z(s->core->mem, file.sha256)));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(a_request_is_judged_in_order),
        WITH_SITE(rights_come_before_the_body),
        WITH_SITE(a_refused_request_changes_nothing),
        WITH_SITE(a_known_caller_who_is_denied_a_change_is_on_record),
        WITH_SITE(a_foreign_page_acts_for_nobody),
        WITH_SITE(reading_is_free_of_origins),
        WITH_SITE(the_public_address_is_our_own),
        WITH_SITE(a_challenge_comes_with_401_alone_and_never_to_our_pages),
        WITH_SITE(secrets_are_masked_wherever_they_stand),
        WITH_SITE(what_is_secret_in_a_request_is_in_no_line),
        WITH_SITE(a_line_says_who_did_what),
        WITH_PUBLISHING(our_own_trouble_is_told_to_the_log),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
