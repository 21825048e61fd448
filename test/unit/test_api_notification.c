/* /api/v1: being told. */
#include "web_fixture.h"

#define NEWS "/api/v1/notifications"

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    return with_token(s, make_token(s, &who, "t", NULL));
}

static void news_are_listed_and_read(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct answer r = get_for(s, 200, NEWS, bob);
    long long id;

    assert_str(r.body, "{\"notifications\":[],\"unread\":0}");
    (void)request_for(s, 201, "POST", "/api/v1/organizations", alice, S("{\"login\": \"acme\"}"));
    (void)request_for(s, 204, "PUT", "/api/group/acme/owners/members/bob", alice, S(""));
    r = get_for(s, 200, NEWS, bob);
    id = CORE_NUMBER(s->core, "SELECT id FROM notification");
    assert_true(str_starts(r.body, S("{\"notifications\":[{\"created_at\":\"20")));
    assert_true(body_has(&r, "\"kind\":\"made_owner\",\"parameters\":{\"by\":\"alice\",\"owner\":"
                             "\"acme\"},\"read_at\":null}],\"unread\":1}"));
    (void)get_for(s, 401, NEWS, "");
    (void)request_for(s, 422, "POST", NEWS "/read", bob, S("{\"ids\": [true]}"));
    (void)request_for(s, 204, "POST", NEWS "/read", alice, S("{}"));
    r = get_for(s, 200, NEWS, bob);
    assert_true(body_has(&r, "\"unread\":1}"));
    (void)request_for(s, 204, "POST", NEWS "/read", bob,
                      str_fmt(s->core->mem, "{\"ids\": [%lld]}", id));
    r = get_for(s, 200, NEWS, bob);
    assert_true(body_has(&r, "\"unread\":0}"));
    assert_false(body_has(&r, "\"read_at\":null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(news_are_listed_and_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
