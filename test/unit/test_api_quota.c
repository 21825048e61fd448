/* /api/v1: what an account has stored, and how much it may. */
#include "web_fixture.h"

#include "core/inspect.h"

#define USAGE "/api/v1/accounts/alice/usage"
#define QUOTA "/api/v1/admin/accounts/alice/quota"

static const struct core_spec x = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};

static const char *token_for(struct site *s, const struct actor *who)
{
    return with_token(s, make_token(s, who, "t", NULL));
}

static void usage_is_told_to_the_owner(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice"), bob = core_user(s->core, "bob");
    const char *token = token_for(s, &alice);
    struct file_row file = core_publish(s->core, &alice, &x);
    struct answer r = get_for(s, 200, USAGE, token);
    struct str expected = str_fmt(
        s->core->mem,
        "{\"bytes\":%lld,\"files\":1,\"quota\":null,\"quota_of\":\"server\",\"trash\":{\"bytes\":0,"
        "\"files\":0},\"types\":{\"conda\":{\"bytes\":%lld,\"files\":1}}}",
        (long long)file.size, (long long)file.size);

    assert_str(r.body, expected.ptr);
    (void)get_for(s, 403, USAGE, token_for(s, &bob));
    (void)get_for(s, 401, USAGE, "");
}

static void a_superuser_gives_and_takes_a_quota(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice"), boss = core_user(s->core, "boss");
    const char *token = token_for(s, &alice), *admin = token_for(s, &boss);
    static const char *const bad[] = {"{}", "{\"quota\": -1}", "{\"quota\": \"1G\"}",
                                      "{\"quota\": 1.5}"};
    struct answer r;

    CORE_CHANGE(s->core, "UPDATE account SET superuser = 1 WHERE login = 'boss'");
    (void)request_for(s, 403, "PUT", QUOTA, token, S("{\"quota\": 5}"));
    (void)request_for(s, 204, "PUT", QUOTA, admin, S("{\"quota\": 5}"));
    r = get_for(s, 200, USAGE, token);
    assert_true(body_has(&r, "\"quota\":5,\"quota_of\":\"account\""));
    for (size_t i = 0; i < COUNT(bad); i++) {
        r = request_for(s, 422, "PUT", QUOTA, admin, str_of(bad[i]));
        assert_str(json_member(s, &r, "field"), "quota");
    }
    s->core->config.quota = 77;
    (void)request_for(s, 204, "PUT", QUOTA, admin, S("{\"quota\": null}"));
    r = get_for(s, 200, USAGE, token);
    assert_true(body_has(&r, "\"quota\":77,\"quota_of\":\"server\""));
    (void)request_for(s, 204, "PUT", QUOTA, admin, S("{\"quota\": 0}"));
    r = get_for(s, 200, USAGE, token);
    assert_true(body_has(&r, "\"quota\":null,\"quota_of\":\"account\""));
    (void)request_for(s, 404, "PUT", "/api/v1/admin/accounts/nobody/quota", admin,
                      S("{\"quota\": 5}"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(usage_is_told_to_the_owner),
        WITH_SITE(a_superuser_gives_and_takes_a_quota),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
