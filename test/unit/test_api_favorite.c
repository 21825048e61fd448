/* /api/v1: packages that users have marked. */
#include "web_fixture.h"

#define TOOL  "/api/package/alice/tool"
#define MARK  "/api/v1/favorites/alice/tool"
#define OWN   "/api/v1/favorites"
#define HIS   "/api/v1/accounts/bob/favorites"
#define ADMIT "/api/v1/packages/alice/tool/access"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

static void a_favorite_is_listed_until_it_is_removed(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct answer r;

    (void)request_for(s, 200, "POST", TOOL, alice,
                      S("{\"public_attrs\": {\"summary\": \"a tool\"}}"));
    r = get_for(s, 200, TOOL, bob);
    assert_true(body_has(&r, "\"favorites\":0,"));
    assert_true(body_has(&r, "\"is_favorite\":false,"));
    (void)request_for(s, 401, "PUT", MARK, "", S(""));
    (void)request_for(s, 204, "PUT", MARK, bob, S(""));
    (void)request_for(s, 204, "PUT", MARK, bob, S(""));
    r = get_for(s, 200, OWN, bob);
    assert_true(body_has(&r, "[{\"access\":\"public\",\"favorites\":1,\"latest_version\":\"\","
                             "\"marked_at\":\"20"));
    assert_true(body_has(&r, "\"name\":\"tool\",\"ndownloads\":0,\"owner\":\"alice\","
                             "\"summary\":\"a tool\"}]"));
    r = get_for(s, 200, TOOL, bob);
    assert_true(body_has(&r, "\"favorites\":1,"));
    assert_true(body_has(&r, "\"is_favorite\":true,"));
    r = get_for(s, 200, TOOL, "");
    assert_true(body_has(&r, "\"is_favorite\":false,"));
    r = get_for(s, 200, OWN, alice);
    assert_str(r.body, "[]");
    (void)request_for(s, 204, "DELETE", MARK, bob, S(""));
    (void)request_for(s, 204, "DELETE", MARK, bob, S(""));
    r = get_for(s, 200, OWN, bob);
    assert_str(r.body, "[]");
    (void)request_for(s, 404, "PUT", "/api/v1/favorites/alice/none", bob, S(""));
    (void)get_for(s, 404, "/api/v1/accounts/nobody/favorites", "");
}

static void what_is_hidden_is_in_no_list(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct answer r, absent;

    (void)request_for(s, 200, "POST", TOOL, alice, S("{}"));
    (void)request_for(s, 204, "PUT", MARK, bob, S(""));
    r = get_for(s, 200, HIS, "");
    assert_true(body_has(&r, "\"name\":\"tool\""));
    (void)request_for(s, 204, "PUT", ADMIT, alice, S("{\"access\": \"private\"}"));
    assert_str(get_for(s, 200, HIS, "").body, "[]");
    assert_str(get_for(s, 200, HIS, bob).body, "[]");
    assert_str(get_for(s, 200, OWN, bob).body, "[]");
    r = get_for(s, 200, HIS, alice);
    assert_true(body_has(&r, "\"name\":\"tool\""));
    r = request_for(s, 404, "DELETE", MARK, bob, S(""));
    absent = request_for(s, 404, "DELETE", "/api/v1/favorites/alice/loot", bob, S(""));
    assert_int_equal(r.body.len, absent.body.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(a_favorite_is_listed_until_it_is_removed),
        WITH_SITE(what_is_hidden_is_in_no_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
