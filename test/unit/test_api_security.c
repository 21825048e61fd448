/* /api/v1: the security log, sessions, and the suspension of users. */
#include "web_fixture.h"

#include "core/account.h"

#define LOG "/api/v1/security-log"

static void the_log_is_paged_by_its_next(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = with_token(s, make_token(s, &alice, "one", NULL));
    struct answer r;

    (void)make_token(s, &alice, "two", NULL);
    r = get_for(s, 200, LOG "?limit=1", token);
    assert_true(body_has(&r, "\"object\":\"two\""));
    r = get_for(
        s, 200,
        str_fmt(s->core->mem, LOG "?limit=1&before=" STR_FMT, STR_ARG(json_member(s, &r, "next")))
            .ptr,
        token);
    assert_true(body_has(&r, "\"object\":\"one\""));
    assert_true(body_has(&r, "\"next\":null"));
    r = get_for(s, 200, LOG "?actor=bob", token);
    assert_str(r.body, "{\"events\":[],\"next\":null}");
    r = get_for(s, 422, LOG "?limit=x", token);
    assert_str(json_member(s, &r, "field"), "limit");
    r = get_for(s, 422, LOG "?limits=1", token);
    assert_true(body_has(&r, "\\\"limits\\\" is no parameter of this address"));
}

static void csv_links_to_the_next_page_with_its_filters(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = with_token(s, make_token(s, &alice, "one", NULL));
    struct answer r;
    struct str link, target;

    (void)make_token(s, &alice, "two", NULL);
    r = get_for(s, 200, LOG "?format=csv&limit=1&action=token.&actor=%61lice", token);
    assert_str(header(&r, "Content-Type"), "text/csv; charset=utf-8");
    link = header(&r, "Link");
    assert_true(str_starts(link, S("<?action=token.&actor=alice&before=")));
    assert_true(str_ends(link, S("&limit=1&format=csv>; rel=\"next\"")));
    assert_true(str_cut(&link, '>', &target));
    r = get_for(s, 200, str_fmt(s->core->mem, LOG STR_FMT, STR_ARG(str_from(target, 1))).ptr,
                token);
    assert_true(body_has(&r, "\"one\""));
    assert_false(has_header(&r, "Link"));
}

static void a_session_is_ended_by_its_number(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *one = with_cookie(s, make_cookie(s, &alice));
    const char *two = with_cookie(s, make_cookie(s, &alice));
    struct answer r = get_for(s, 200, "/api/v1/sessions", two);

    assert_int_equal(json_array_size(json_body(s, &r)), 2);
    (void)request_for(s, 404, "DELETE", "/api/v1/sessions/x", two, S(""));
    (void)request_for(s, 204, "DELETE", "/api/v1/sessions/1", two, S(""));
    (void)get_for(s, 401, "/api/user", one);
    (void)get_for(s, 200, "/api/user", two);
}

static void a_suspended_user_is_refused_at_once(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice"), boss = core_user(f, "boss");
    const char *token = with_token(s, make_token(s, &alice, "t", NULL)), *admin;
    struct answer r;

    must(f, account_change_superuser(&f->app, f->mem, &boss, S("boss"), true, &f->err));
    admin = with_token(s, make_token(s, &boss, "t", NULL));
    (void)get_for(s, 200, "/api/user", token);
    (void)request_for(s, 204, "PUT", "/api/v1/admin/users/Alice/suspension", admin, S(""));
    r = get_for(s, 401, "/api/user", token);
    assert_str(json_member(s, &r, "error"), "the account \"alice\" is suspended");
    (void)request_for(s, 204, "DELETE", "/api/v1/admin/users/alice/suspension", admin, S(""));
    (void)get_for(s, 200, "/api/user", token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(the_log_is_paged_by_its_next),
        WITH_SITE(csv_links_to_the_next_page_with_its_filters),
        WITH_SITE(a_session_is_ended_by_its_number),
        WITH_SITE(a_suspended_user_is_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
