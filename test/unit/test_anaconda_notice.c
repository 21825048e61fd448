/* What channels tell, as it is asked for and written; and as conda reads it. */
#include "web_fixture.h"

#include "base/clock.h"

#define LIST  "/api/v1/accounts/alice/notices"
#define LATER "2999-01-01T00:00:00+00:00"
#define BODY  "{\"message\": \"Hi.\", \"expires_at\": \"" LATER "\"}"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

/* A new notice of alice's: its path under /api. */
static const char *create(struct site *s, const char *alice)
{
    struct answer r = request_for(s, 201, "POST", "/api/alice/notices", alice, S(BODY));

    return str_fmt(s->core->mem, "/api/alice/notices/" STR_FMT, STR_ARG(json_member(s, &r, "id")))
        .ptr;
}

static const char *at(struct site *s, const char *path, const char *tail)
{
    return str_fmt(s->core->mem, "%s%s", path, tail).ptr;
}

static long long total(struct site *s, const char *target, const char *headers)
{
    struct answer r = get_for(s, 200, target, headers);
    json_t *body = json_body(s, &r);

    return json_integer_value(json_object_get(body, "total_count"));
}

static void one_goes_through_its_life(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *one = create(s, alice);
    struct answer r = get_for(s, 200, one, alice);

    assert_str(json_member(s, &r, "status"), "draft");
    assert_str(json_member(s, &r, "level"), "info");
    assert_str(json_member(s, &r, "message"), "Hi.");
    assert_str(json_member(s, &r, "expires_at"), LATER);
    assert_true(str_starts(json_member(s, &r, "created_at"), S("20")));
    assert_true(str_ends(json_member(s, &r, "updated_at"), S("+00:00")));
    r = request_for(s, 200, "PATCH", one, alice, S("{\"level\": \"warning\", \"message\": null}"));
    assert_str(json_member(s, &r, "level"), "warning");
    r = request_for(s, 409, "POST", at(s, one, "/archive"), alice, S(""));
    r = request_for(s, 200, "POST", at(s, one, "/publish"), alice, S(""));
    assert_str(json_member(s, &r, "status"), "published");
    r = request_for(s, 200, "POST", at(s, one, "/archive"), alice, S(""));
    assert_str(json_member(s, &r, "status"), "archived");
    (void)request_for(s, 204, "DELETE", one, alice, S(""));
    (void)request_for(s, 404, "DELETE", one, alice, S(""));
    r = get_for(s, 200, one, alice);
    assert_str(json_member(s, &r, "status"), "deleted");
}

static void visitors_see_what_is_published(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    const char *draft = create(s, alice), *shown = create(s, alice);
    struct answer r, none = get_for(s, 404, "/api/alice/notices/none", bob);

    (void)request_for(s, 200, "POST", at(s, shown, "/publish"), alice, S(""));
    assert_str(json_member(s, &none, "error"), "there is no notice \"none\" of \"alice\"");
    r = get_for(s, 404, draft, bob);
    assert_true(body_has(&r, "there is no notice \\\""));
    (void)get_for(s, 404, draft, "");
    (void)get_for(s, 200, shown, "");
    assert_int_equal(total(s, LIST, alice), 2);
    assert_int_equal(total(s, LIST, bob), 1);
    assert_int_equal(total(s, LIST, ""), 1);
    assert_int_equal(total(s, LIST "?status=published", ""), 1);
    assert_int_equal(total(s, LIST "?status=draft", ""), 0);
    assert_int_equal(total(s, LIST "?status=draft", alice), 1);
    CORE_CHANGE(s->core, "UPDATE channel_notice SET expires_ms = 1000"); /* long ago */
    assert_int_equal(total(s, LIST, ""), 0);
    (void)get_for(s, 404, shown, "");
    (void)get_for(s, 200, shown, alice);
    assert_int_equal(total(s, LIST, alice), 2);
    (void)request_for(s, 403, "POST", LIST, bob, S(BODY));
    r = request_for(s, 403, "DELETE", shown, bob, S(""));
    assert_str(json_member(s, &r, "error"), "\"bob\" may not administer \"alice\"");
    (void)request_for(s, 401, "DELETE", shown, "", S(""));
    (void)get_for(s, 404, "/api/v1/accounts/nobody/notices", "");
}

static void pages_and_bodies_are_judged(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct answer r;

    for (int i = 0; i < 3; i++)
        (void)create(s, alice);
    r = get_for(s, 200, "/api/alice/notices?offset=1&limit=1", alice);
    assert_int_equal(json_array_size(json_object_get(json_body(s, &r), "items")), 1);
    assert_true(body_has(&r, "\"total_count\":3}"));
    r = get_for(s, 422, LIST "?limit=101", alice);
    assert_str(json_member(s, &r, "field"), "limit");
    (void)get_for(s, 422, LIST "?limit=0", alice);
    r = get_for(s, 422, LIST "?offset=-1", alice);
    assert_str(json_member(s, &r, "field"), "offset");
    r = get_for(s, 422, LIST "?status=gone", alice);
    assert_str(json_member(s, &r, "field"), "status");
    r = request_for(s, 422, "POST", LIST, alice, S("{\"message\": \"Hi.\"}"));
    assert_str(json_member(s, &r, "field"), "expires_at");
    r = request_for(s, 422, "POST", LIST, alice, S("{\"message\": \"\"}"));
    assert_str(json_member(s, &r, "field"), "message");
}

/* ---- notices.json ---------------------------------------------------------------------------- */

#define CHANNEL "/conda/alice/notices.json"
#define EMPTY   "{\"notices\":[]}"

static bool is_empty(struct site *s, const char *target)
{
    struct answer r = get_for(s, 200, target, "");

    return str_eq(r.body, S(EMPTY));
}

static void conda_is_told_what_is_published(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *one;
    struct answer r = get_for(s, 200, CHANNEL, ""), again;
    unsigned statements;

    assert_str(r.body, EMPTY);
    assert_str(header(&r, "Content-Type"), "application/json");
    assert_str(header(&r, "Cache-Control"), "public, max-age=0, must-revalidate");
    one = create(s, alice);
    assert_true(is_empty(s, CHANNEL));
    (void)request_for(s, 200, "POST", at(s, one, "/publish"), alice, S(""));
    again = get_for(s, 200, CHANNEL, "");
    assert_true(body_has(&again, "\"message\":\"Hi.\""));
    assert_false(str_eq(header(&r, "ETag"), header(&again, "ETag")));
    (void)get_for(s, 404, "/conda/alice/noarch/notices.json", "");
    (void)get_for(s, 404, "/conda/alice/label/none/notices.json", "");
    (void)get_for(s, 404, "/conda/nobody/notices.json", "");
    r = get_for(s, 200, "/conda/alice/label/main/notices.json", "");
    assert_true(str_eq(r.body, again.body));
    statements = sql_statements();
    (void)get_for(s, 200, CHANNEL, "");
    assert_int_equal(sql_statements(), statements);
    (void)request_for(s, 200, "POST", at(s, one, "/archive"), alice, S(""));
    assert_true(is_empty(s, CHANNEL));
}

/* An answer that is kept in memory ends with the notice, and caches are told no longer than that.
 */
static void a_notice_ends_by_itself(void **state)
{
    enum { LEFT_MS = 600000 };
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    int64_t end = clock_now_ms() + LEFT_MS - 1; /* less than 600 s at any moment */
    char text[CLOCK_TEXT_MAX];
    struct answer r;

    s->core->config.index_max_age = 3600;
    (void)request_for(s, 201, "POST", LIST, alice,
                      str_fmt(s->core->mem,
                              "{\"message\": \"Hi.\", \"expires_at\": \"%s\", \"status\": "
                              "\"published\"}",
                              clock_rfc3339(end, text).ptr));
    r = get_for(s, 200, CHANNEL, "");
    assert_true(body_has(&r, "\"message\":\"Hi.\""));
    /* As long as it lasts, less what this test has taken so far. */
    r = get_for(s, 200, CHANNEL, "");
    assert_true(str_starts(header(&r, "Cache-Control"), S("public, max-age=5")));
    clock_shift(LEFT_MS / 2);
    assert_false(is_empty(s, CHANNEL));
    clock_shift(LEFT_MS);
    assert_true(is_empty(s, CHANNEL));
    r = get_for(s, 200, CHANNEL, "");
    assert_str(header(&r, "Cache-Control"), "public, max-age=3600, must-revalidate");
    clock_shift(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(one_goes_through_its_life),   WITH_SITE(visitors_see_what_is_published),
        WITH_SITE(pages_and_bodies_are_judged), WITH_SITE(conda_is_told_what_is_published),
        WITH_SITE(a_notice_ends_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
