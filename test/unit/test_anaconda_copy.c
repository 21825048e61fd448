/* `anaconda copy`: its three methods, both forms of its address, and what it is told. */
#include "web_fixture.h"

#include "core/inspect.h"

static const struct core_spec tiny = {
    .name = "p", .version = "1", .build = "0", .subdir = "noarch"};

#define LISTED "[{\"basename\":\"noarch/p-1-0.tar.bz2\",\"package\":\"p\",\"version\":\"1\"}]"

/* alice with one file, and bob, whose token it is. */
static const char *bobs_token(struct site *s)
{
    struct actor alice = core_user(s->core, "alice"), bob = core_user(s->core, "bob");

    (void)core_publish(s->core, &alice, &tiny);
    return with_token(s, make_token(s, &bob, "t", NULL));
}

static void both_forms_of_the_address_mean_the_release(void **state)
{
    static const char *const paths[] = {"p/1", "p/1/", "p/1/noarch/p-1-0.tar.bz2"};
    struct site *s = *state;
    const char *token = bobs_token(s);

    for (size_t i = 0; i < COUNT(paths); i++) {
        const char *path = str_fmt(s->core->mem, "/api/copy/package/alice/%s", paths[i]).ptr;
        struct answer r = request_for(s, 200, "POST", path, token, S("{\"to_owner\": null}"));

        assert_str(r.body, LISTED);
        (void)request_for(s, 201, "DELETE", "/api/package/bob/p", token, S(""));
    }
}

static void the_method_is_the_mode(void **state)
{
    struct site *s = *state;
    const char *token = bobs_token(s), *path = "/api/copy/package/alice/p/1/";
    struct actor bob = {.account_id = 2, .login = S("bob"), .remote = S("192.0.2.1")};
    struct core_spec other = tiny;
    struct answer r;

    other.filler = "other bytes";
    (void)core_publish(s->core, &bob, &other);
    r = request_for(s, 409, "POST", path, token, S(""));
    assert_true(body_has(&r, "exists already, with other content"));
    r = request_for(s, 200, "PATCH", path, token, S(""));
    assert_str(r.body, "[]");
    r = request_for(s, 200, "PUT", path, token, S(""));
    assert_str(r.body, LISTED);
    r = request_for(s, 200, "PATCH", path, token, S("")); /* there is nothing to add */
    assert_str(r.body, "[]");
    r = request_for(s, 200, "PATCH", path, token, S("{\"to_channel\": \"dev\"}"));
    assert_str(r.body, LISTED);
    r = request_for(s, 200, "POST", path, token, S("{\"to_owner\": \"BOB\"}"));
    assert_str(r.body, LISTED);
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(DISTINCT sha256) FROM file"), 1);
}

static void a_refusal_is_on_record_for_whom_it_was_about(void **state)
{
    struct site *s = *state;
    const char *token = bobs_token(s);
    struct answer r = request_for(s, 403, "POST", "/api/copy/package/bob/p/1/", token,
                                  S("{\"to_owner\": \"Alice\"}"));

    assert_str(json_member(s, &r, "error"), "\"bob\" may not publish or change \"alice/p\"");
    assert_str(CORE_TEXT(s->core, "SELECT account || ' ' || object FROM audit "
                                  "WHERE action = 'access.denied'"),
               "alice alice/p");
    (void)request_for(s, 422, "POST", "/api/copy/package/alice/p/1/", token,
                      S("{\"to_owner\": [\"bob\"]}"));
    (void)request_for(s, 401, "POST", "/api/copy/package/alice/p/1/", "", S("{}"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(both_forms_of_the_address_mean_the_release),
        WITH_PUBLISHING(the_method_is_the_mode),
        WITH_PUBLISHING(a_refusal_is_on_record_for_whom_it_was_about),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
