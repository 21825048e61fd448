/* /api/v1: founding and leaving an organization. */
#include "web_fixture.h"

#define ORGANIZATIONS "/api/v1/organizations"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

static void who_founds_one_is_answered_its_login(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct answer r = request_for(
        s, 201, "POST", ORGANIZATIONS, alice,
        S("{\"login\": \"Acme\", \"name\": \"Acme Inc.\", \"email\": \"a@b.example\"}"));

    assert_str(r.body, "{\"login\":\"acme\"}");
    r = get_for(s, 200, "/api/user/acme", "");
    assert_str(json_member(s, &r, "name"), "Acme Inc.");
    assert_false(body_has(&r, "a@b.example"));
    r = request_for(s, 422, "POST", ORGANIZATIONS, alice, S("{\"login\": \"acme\"}"));
    assert_str(json_member(s, &r, "field"), "login");
    r = request_for(s, 422, "POST", ORGANIZATIONS, alice, S("{}"));
    assert_str(json_member(s, &r, "field"), "login");
}

static void who_leaves_is_in_no_group_any_more(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct answer r;

    (void)request_for(s, 201, "POST", ORGANIZATIONS, alice, S("{\"login\": \"acme\"}"));
    (void)request_for(s, 403, "DELETE", ORGANIZATIONS "/acme/membership", bob, S(""));
    (void)request_for(s, 204, "PUT", "/api/group/acme/owners/members/bob", alice, S(""));
    (void)request_for(s, 204, "DELETE", ORGANIZATIONS "/acme/membership", alice, S(""));
    (void)get_for(s, 403, "/api/groups/acme", alice);
    r = request_for(s, 409, "DELETE", ORGANIZATIONS "/acme/membership", bob, S(""));
    assert_str(json_member(s, &r, "error"),
               "\"acme\" would be left without an owner: add another one first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(who_founds_one_is_answered_its_login),
        WITH_SITE(who_leaves_is_in_no_group_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
