/* /api/v1: who may see a package. */
#include "web_fixture.h"

#define TOOL   "/api/package/alice/tool"
#define ACCESS "/api/v1/packages/alice/tool/access"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

static void an_access_holds_from_the_next_request(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct answer r = request_for(s, 200, "POST", TOOL, alice, S("{}"));

    assert_str(json_member(s, &r, "access"), "public");
    (void)request_for(s, 204, "PUT", ACCESS, alice, S("{\"access\": \"authenticated\"}"));
    (void)get_for(s, 404, TOOL, "");
    r = get_for(s, 200, TOOL, bob);
    assert_str(json_member(s, &r, "access"), "authenticated");
    (void)request_for(s, 204, "PUT", ACCESS, alice, S("{\"access\": \"private\"}"));
    r = get_for(s, 404, TOOL, bob);
    assert_str(json_member(s, &r, "error"), "there is no package \"alice/tool\"");
    r = get_for(s, 200, TOOL, alice);
    assert_str(json_member(s, &r, "access"), "private");
}

static void what_is_no_access_is_told_with_its_field(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct answer r;

    (void)request_for(s, 200, "POST", TOOL, alice, S("{}"));
    r = request_for(s, 422, "PUT", ACCESS, alice, S("{\"access\": \"secret\"}"));
    assert_str(json_member(s, &r, "field"), "access");
    assert_str(json_member(s, &r, "error"),
               "access \"secret\" is not \"public\", \"authenticated\" or \"private\"");
    r = request_for(s, 422, "PUT", ACCESS, alice, S("{}"));
    assert_str(json_member(s, &r, "field"), "access");
    r = get_for(s, 200, TOOL, "");
    assert_str(json_member(s, &r, "access"), "public");
}

static void who_may_not_say_it_learns_nothing(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct str body = S("{\"access\": \"public\"}");
    struct answer hidden, absent;

    (void)request_for(s, 200, "POST", TOOL, alice, S("{\"access\": \"private\"}"));
    (void)request_for(s, 401, "PUT", ACCESS, "", body);
    hidden = request_for(s, 403, "PUT", ACCESS, bob, body);
    absent = request_for(s, 403, "PUT", "/api/v1/packages/alice/none/access", bob, body);
    assert_str(hidden.body, absent.body.ptr);
    (void)request_for(s, 404, "PUT", "/api/v1/packages/alice/none/access", alice, body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(an_access_holds_from_the_next_request),
        WITH_SITE(what_is_no_access_is_told_with_its_field),
        WITH_SITE(who_may_not_say_it_learns_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
