/* /api/v1: rules of retention. */
#include "web_fixture.h"

#include "core/inspect.h"

#define ACCOUNT "/api/v1/accounts/alice/retention"
#define PACKAGE "/api/v1/packages/alice/x/retention"
#define RULE    "{\"keep_newest\":1,\"per\":\"package\"}"

static const struct core_spec x1 = {"x", "1.0", "0", "noarch", NULL, NULL, NULL},
                              x2 = {"x", "2.0", "0", "noarch", NULL, NULL, NULL};

static const char *token_of(struct site *s, const char *login)
{
    struct actor who = core_user(s->core, login);

    (void)core_publish(s->core, &who, &x1);
    (void)core_publish(s->core, &who, &x2);
    return with_token(s, make_token(s, &who, "t", NULL));
}

static void rules_are_put_shown_and_deleted(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice"), *bob = token_of(s, "bob");
    struct str rules = S("{\"rules\": [{\"keep_newest\": 1}]}");
    struct answer r = get_for(s, 200, ACCOUNT, alice);

    assert_str(r.body, "{\"inherited\":false,\"last_run\":null,\"rules\":null}");
    (void)request_for(s, 204, "PUT", ACCOUNT, alice, rules);
    r = get_for(s, 200, ACCOUNT, alice);
    assert_str(r.body, "{\"inherited\":false,\"last_run\":null,\"rules\":[" RULE "]}");
    r = get_for(s, 200, PACKAGE, alice);
    assert_str(r.body, "{\"inherited\":true,\"last_run\":null,\"rules\":[" RULE "]}");
    (void)request_for(s, 204, "PUT", PACKAGE, alice, S("{\"rules\": []}"));
    r = get_for(s, 200, PACKAGE, alice);
    assert_str(r.body, "{\"inherited\":false,\"last_run\":null,\"rules\":[]}");
    (void)request_for(s, 204, "DELETE", PACKAGE, alice, S(""));
    (void)request_for(s, 204, "DELETE", ACCOUNT, alice, S(""));
    r = get_for(s, 200, PACKAGE, alice);
    assert_str(r.body, "{\"inherited\":false,\"last_run\":null,\"rules\":null}");
    r = request_for(s, 422, "PUT", ACCOUNT, alice, S("{\"rules\": [{\"keep\": 1}]}"));
    assert_str(json_member(s, &r, "field"), "rules");
    (void)request_for(s, 422, "PUT", ACCOUNT, alice, S(""));
    (void)request_for(s, 403, "PUT", ACCOUNT, bob, rules);
    (void)request_for(s, 403, "PUT", PACKAGE, bob, rules);
    (void)get_for(s, 403, ACCOUNT, bob);
}

static void a_preview_says_what_goes_and_why_the_rest_stays(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct answer r = request_for(s, 200, "POST", ACCOUNT "/preview", alice, S(""));
    json_t *body, *gone, *kept;

    assert_str(r.body, "{\"files\":0,\"keep\":[],\"next\":null,\"remove\":[],\"size\":0}");
    r = request_for(s, 200, "POST", PACKAGE "/preview", alice, S("{\"rules\": [" RULE "]}"));
    body = json_body(s, &r);
    gone = json_array_get(json_object_get(body, "remove"), 0);
    kept = json_array_get(json_object_get(body, "keep"), 0);
    assert_int_equal(json_integer_value(json_object_get(body, "files")), 1);
    assert_int_equal(json_integer_value(json_object_get(body, "size")),
                     json_integer_value(json_object_get(gone, "size")));
    assert_string_equal(json_string_value(json_object_get(gone, "file")), "noarch/x-1.0-0.tar.bz2");
    assert_string_equal(json_string_value(json_object_get(gone, "why")), "rule");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(gone, "rule"), "keep_newest")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(gone, "labels"), 0)),
                        "main");
    assert_int_equal(json_object_size(gone), 8);
    assert_string_equal(json_string_value(json_object_get(kept, "version")), "2.0");
    assert_string_equal(json_string_value(json_object_get(kept, "why")), "newest");
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM file"), 2);
    (void)request_for(s, 422, "POST", ACCOUNT "/preview?before=x", alice, S(""));
    r = request_for(s, 200, "POST", ACCOUNT "/preview?after=x", alice,
                    S("{\"rules\": [" RULE "]}"));
    assert_str(r.body, "{\"files\":0,\"keep\":[],\"next\":null,\"remove\":[],\"size\":0}");
}

static void a_run_says_how_much_went(void **state)
{
    struct site *s = *state;
    const char *alice = token_of(s, "alice");
    struct answer r;
    json_t *run;

    (void)request_for(s, 204, "PUT", ACCOUNT, alice, S("{\"rules\": [{\"keep_newest\": 1}]}"));
    r = request_for(s, 200, "POST", ACCOUNT "/run", alice, S(""));
    assert_int_equal(json_integer_value(json_object_get(json_body(s, &r), "files")), 1);
    r = request_for(s, 200, "POST", PACKAGE "/run", alice, S(""));
    assert_str(r.body, "{\"files\":0,\"size\":0}");
    r = get_for(s, 200, ACCOUNT, alice);
    run = json_object_get(json_body(s, &r), "last_run");
    assert_int_equal(json_integer_value(json_object_get(run, "files")), 1);
    assert_true(json_is_null(json_object_get(run, "problem")));
    assert_true(json_is_string(json_object_get(run, "ended")));
    CORE_CHANGE(s->core, "UPDATE file SET record = '['");
    (void)request_for(s, 409, "POST", ACCOUNT "/run", alice, S(""));
    r = get_for(s, 200, ACCOUNT, alice);
    run = json_object_get(json_body(s, &r), "last_run");
    assert_true(json_is_string(json_object_get(run, "problem")));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(rules_are_put_shown_and_deleted),
        WITH_PUBLISHING(a_preview_says_what_goes_and_why_the_rest_stays),
        WITH_PUBLISHING(a_run_says_how_much_went),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
