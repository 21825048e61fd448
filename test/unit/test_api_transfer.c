/* /api/v1: packages that change their owner. */
#include "web_fixture.h"

#define TOOL   "/api/package/alice/tool"
#define GIVE   "/api/v1/packages/alice/tool/transfer"
#define OFFERS "/api/v1/transfers"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

static void a_package_is_given_to_an_organization_of_one_s_own(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct answer r;

    (void)request_for(s, 200, "POST", TOOL, alice, S("{}"));
    (void)request_for(s, 201, "POST", "/api/v1/organizations", alice, S("{\"login\": \"acme\"}"));
    (void)get_for(s, 200, TOOL, "");
    r = request_for(s, 200, "POST", GIVE, alice, S("{\"to\": \"acme\"}"));
    assert_str(r.body, "{\"from\":\"alice\",\"id\":null,\"package\":\"tool\","
                       "\"state\":\"transferred\",\"to\":\"acme\"}");
    (void)get_for(s, 404, TOOL, "");
    (void)get_for(s, 200, "/api/package/acme/tool", "");
    (void)request_for(s, 404, "POST", GIVE, alice, S("{\"to\": \"acme\"}"));
}

static void an_offer_is_listed_and_accepted(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob"), *eve = token_of(s, "eve");
    struct answer r;

    (void)request_for(s, 200, "POST", TOOL, alice, S("{}"));
    r = request_for(s, 201, "POST", GIVE, alice, S("{\"to\": \"Bob\"}"));
    assert_str(r.body, "{\"from\":\"alice\",\"id\":1,\"package\":\"tool\",\"state\":\"offered\","
                       "\"to\":\"bob\"}");
    r = get_for(s, 200, OFFERS, bob);
    assert_true(body_has(&r, "{\"incoming\":[{\"access\":\"public\",\"from\":\"alice\",\"id\":1,"
                             "\"offered_at\":\"20"));
    assert_true(body_has(&r, "\"offered_by\":\"alice\",\"package\":\"tool\",\"to\":\"bob\"}],"
                             "\"outgoing\":[]}"));
    r = get_for(s, 200, OFFERS, alice);
    assert_true(body_has(&r, "{\"incoming\":[],\"outgoing\":[{"));
    assert_str(get_for(s, 200, OFFERS, eve).body, "{\"incoming\":[],\"outgoing\":[]}");
    (void)request_for(s, 404, "POST", OFFERS "/1/accept", eve, S(""));
    (void)request_for(s, 404, "POST", OFFERS "/x/accept", bob, S(""));
    (void)request_for(s, 401, "POST", OFFERS "/1/accept", "", S(""));
    r = request_for(s, 200, "POST", OFFERS "/1/accept", bob, S(""));
    assert_str(r.body, "{\"from\":\"alice\",\"id\":null,\"package\":\"tool\","
                       "\"state\":\"transferred\",\"to\":\"bob\"}");
    (void)get_for(s, 200, "/api/package/bob/tool", "");
    (void)get_for(s, 404, TOOL, alice);
}

static void an_offer_is_declined(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob"), *eve = token_of(s, "eve");

    (void)request_for(s, 200, "POST", TOOL, alice, S("{}"));
    (void)request_for(s, 201, "POST", GIVE, alice, S("{\"to\": \"bob\"}"));
    (void)request_for(s, 404, "DELETE", OFFERS "/1", eve, S(""));
    (void)request_for(s, 404, "DELETE", OFFERS "/one", bob, S(""));
    (void)request_for(s, 204, "DELETE", OFFERS "/1", bob, S(""));
    (void)request_for(s, 404, "POST", OFFERS "/1/accept", bob, S(""));
    (void)get_for(s, 200, TOOL, "");
}

static void what_is_refused_names_its_field(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct answer r;

    (void)request_for(s, 200, "POST", TOOL, alice, S("{}"));
    r = request_for(s, 422, "POST", GIVE, alice, S("{\"to\": \"nobody\"}"));
    assert_str(json_member(s, &r, "field"), "to");
    r = request_for(s, 422, "POST", GIVE, alice, S("{}"));
    assert_str(json_member(s, &r, "field"), "to");
    (void)request_for(s, 409, "POST", GIVE, alice, S("{\"to\": \"alice\"}"));
    (void)request_for(s, 403, "POST", GIVE, bob, S("{\"to\": \"bob\"}"));
    (void)request_for(s, 401, "POST", GIVE, "", S("{\"to\": \"bob\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(a_package_is_given_to_an_organization_of_one_s_own),
        WITH_SITE(an_offer_is_listed_and_accepted),
        WITH_SITE(an_offer_is_declined),
        WITH_SITE(what_is_refused_names_its_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
