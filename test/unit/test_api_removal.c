/* /api/v1: deleting users and organizations. */
#include "web_fixture.h"

#define PROOF(name) S("{\"name\": \"" name "\", \"password\": \"" PASSWORD "\"}")

static void an_organization_goes_by_session_and_password(void **state)
{
    struct site *s = *state;
    struct actor alice = sign_up(s, "alice");
    const char *cookie = with_cookie(s, make_cookie(s, &alice)),
               *token = with_token(s, make_token(s, &alice, "t", NULL));
    struct answer r;

    (void)request_for(s, 201, "POST", "/api/v1/organizations", token, S("{\"login\": \"acme\"}"));
    (void)request_for(s, 401, "DELETE", "/api/v1/organizations/acme", token, PROOF("acme"));
    r = request_for(s, 422, "DELETE", "/api/v1/organizations/acme", cookie, PROOF("ACME"));
    assert_str(json_member(s, &r, "field"), "name");
    r = request_for(s, 403, "DELETE", "/api/v1/organizations/acme", cookie,
                    S("{\"name\": \"acme\", \"password\": \"x\"}"));
    assert_str(json_member(s, &r, "error"), "this is not the password of \"alice\"");
    (void)get_for(s, 200, "/api/user/acme", "");
    (void)request_for(s, 204, "DELETE", "/api/v1/organizations/acme", cookie, PROOF("acme"));
    (void)get_for(s, 404, "/api/user/acme", "");
}

static void a_user_goes_with_his_cookie(void **state)
{
    struct site *s = *state;
    struct actor alice = sign_up(s, "alice"), bob = core_user(s->core, "bob");
    const char *cookie = with_cookie(s, make_cookie(s, &alice));
    struct answer r;

    r = request_for(s, 403, "DELETE", "/api/v1/accounts/alice",
                    with_cookie(s, make_cookie(s, &bob)), PROOF("alice"));
    r = request_for(s, 204, "DELETE", "/api/v1/accounts/Alice", cookie, PROOF("alice"));
    assert_true(text_has(header(&r, "Set-Cookie"), "terrarium_session=; "));
    (void)get_for(s, 401, "/api/user", cookie);
    (void)get_for(s, 404, "/api/user/alice", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(an_organization_goes_by_session_and_password),
        WITH_SITE(a_user_goes_with_his_cookie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
