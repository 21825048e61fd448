/* /api/v1: downloads over time, of packages and of accounts. */
#include "web_fixture.h"

#include "core/inspect.h"
#include "core/package.h"

#define PACKAGE "/conda/alice/noarch/p-1-0.tar.bz2"
#define STATS   "/api/v1/packages/alice/p/downloads"
#define ACCOUNT "/api/v1/accounts/alice/downloads"

static struct actor publish_tiny(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");

    (void)core_publish(s->core, &alice,
                       &(struct core_spec){"p", "1", "0", "noarch", NULL, NULL, NULL});
    return alice;
}

static void downloads_are_told_by_kind_of_client(void **state)
{
    struct site *s = *state;
    struct answer r;

    (void)publish_tiny(s);
    for (int i = 0; i < 3; i++)
        (void)get_for(s, 200, PACKAGE, "User-Agent: conda/24.1.2\r\n");
    (void)get_for(s, 200, PACKAGE, "User-Agent: pixi/0.40.0\r\n");
    (void)downloads(s);
    CORE_CHANGE(s->core, "UPDATE package_download SET day = 20697"); /* 2026-09-01 */
    r = get_for(s, 200, STATS "?from=2026-08-31&to=2026-09-02&group=client", "");
    assert_str(r.body,
               "{\"by\":\"day\",\"counts\":[0,4,0],\"dates\":[\"2026-08-31\",\"2026-09-01\","
               "\"2026-09-02\"],\"downloads\":4,\"from\":\"2026-08-31\",\"group\":\"client\","
               "\"owner\":\"alice\",\"package\":\"p\",\"series\":[{\"counts\":[0,3,0],"
               "\"downloads\":3,\"kind\":\"group\",\"name\":\"conda\"},{\"counts\":[0,1,0],"
               "\"downloads\":1,\"kind\":\"group\",\"name\":\"pixi\"}],\"to\":\"2026-09-02\","
               "\"total\":4}");
    r = get_for(s, 200, STATS "?from=2026-08-31&to=2026-08-31", "");
    assert_str(r.body, "{\"by\":\"day\",\"counts\":[0],\"dates\":[\"2026-08-31\"],\"downloads\":0,"
                       "\"from\":\"2026-08-31\",\"group\":null,\"owner\":\"alice\","
                       "\"package\":\"p\",\"series\":[],\"to\":\"2026-08-31\",\"total\":4}");
    r = get_for(s, 422, STATS "?by=hour", "");
    assert_str(json_member(s, &r, "field"), "by");
    (void)get_for(s, 422, STATS "?since=2026-08-31", "");
    (void)get_for(s, 404, "/api/v1/packages/alice/q/downloads", "");
}

static void an_account_tells_of_what_the_caller_sees(void **state)
{
    struct site *s = *state;
    struct actor alice = publish_tiny(s), bob = core_user(s->core, "bob");
    const char *hers = with_token(s, make_token(s, &alice, "t", NULL)),
               *his = with_token(s, make_token(s, &bob, "t", NULL));
    struct answer r;

    must(s->core, package_change_access(&s->core->app, s->core->mem, &alice, S("alice"), S("p"),
                                        ACCESS_PRIVATE, &s->core->err));
    (void)get_for(s, 200, PACKAGE, hers);
    (void)downloads(s);
    (void)get_for(s, 404, STATS, "");
    (void)get_for(s, 404, STATS, his);
    r = get_for(s, 200, STATS, hers);
    assert_true(body_has(&r, "\"total\":1}"));
    r = get_for(s, 200, ACCOUNT, his);
    assert_true(body_has(&r, "\"downloads\":0,"));
    assert_true(body_has(&r, "\"packages\":[],"));
    assert_true(body_has(&r, "\"total\":0}"));
    r = get_for(s, 200, ACCOUNT "?by=month", hers);
    assert_true(body_has(&r, "\"packages\":[{\"access\":\"private\",\"downloads\":1,"
                             "\"name\":\"p\",\"total\":1}],"));
    assert_true(body_has(&r, ",1],\"dates\":"));
    (void)get_for(s, 422, ACCOUNT "?group=client", "");
    (void)get_for(s, 404, "/api/v1/accounts/nobody/downloads", "");
}

/* Where people look at packages, they see the sums. */
static void packages_and_files_have_their_sums(void **state)
{
    struct site *s = *state;
    struct answer r;

    (void)publish_tiny(s);
    (void)get_for(s, 200, PACKAGE, "");
    (void)get_for(s, 200, PACKAGE, "");
    assert_int_equal(downloads(s), 2);
    r = get_for(s, 200, "/api/dist/alice/p/1/noarch/p-1-0.tar.bz2", "");
    assert_true(body_has(&r, "\"ndownloads\":2"));
    r = get_for(s, 200, "/api/packages/alice", "");
    assert_true(body_has(&r, "\"ndownloads\":2"));
    assert_true(body_has(&r, "\"favorites\":0"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(downloads_are_told_by_kind_of_client),
        WITH_PUBLISHING(an_account_tells_of_what_the_caller_sees),
        WITH_PUBLISHING(packages_and_files_have_their_sums),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
