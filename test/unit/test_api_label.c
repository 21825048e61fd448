/* The labels of an account with their counts, and the files of one, page by page. */
#include "web_fixture.h"

#include "core/inspect.h"

static const char *publisher(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");
    struct core_spec spec = {.name = "p", .version = "1", .build = "0", .subdir = "noarch"};

    (void)core_publish(s->core, &alice, &spec);
    spec.version = "2";
    (void)core_publish(s->core, &alice, &spec);
    CORE_CHANGE(s->core, "UPDATE file SET uploaded_ms = 1000");
    return with_token(s, make_token(s, &alice, "t", NULL));
}

static void labels_are_counted(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r;

    for (int i = 0; i < 2; i++) /* again: it is there */
        (void)request_for(s, 204, "PUT", "/api/v1/labels/alice/Rel/1", token, S(""));
    (void)request_for(s, 400, "PUT", "/api/v1/labels/alice/rel/lock", token, S(""));
    r = get_for(s, 200, "/api/v1/labels/alice", "");
    assert_str(r.body,
               "{\"labels\":[{\"files\":2,\"locked\":false,\"name\":\"main\",\"packages\":1}]}");
    r = get_for(s, 200, "/api/v1/labels/alice", token);
    assert_str(r.body, "{\"labels\":["
                       "{\"files\":2,\"locked\":false,\"name\":\"main\",\"packages\":1},"
                       "{\"files\":0,\"locked\":false,\"name\":\"rel/1\",\"packages\":0}]}");
    (void)get_for(s, 404, "/api/v1/labels/nobody", "");
}

static void files_come_page_by_page(void **state)
{
    struct site *s = *state;
    struct answer r;
    struct str next;

    (void)publisher(s);
    r = get_for(s, 200, "/api/v1/labels/alice/main?limit=1", "");
    assert_true(
        body_has(&r, "\"basename\":\"noarch/p-2-0.tar.bz2\",\"id\":2,\"labels\":[\"main\"]"));
    assert_true(body_has(&r, "\"uploaded\":\"1970-01-01T00:00:01"));
    next = json_member(s, &r, "next");
    r = get_for(
        s, 200,
        str_fmt(s->core->mem, "/api/v1/labels/alice/main?before=" STR_FMT, STR_ARG(next)).ptr, "");
    assert_true(body_has(&r, "p-1-0.tar.bz2"));
    assert_false(body_has(&r, "p-2-0.tar.bz2"));
    assert_true(json_is_null(json_object_get(json_body(s, &r), "next")));
    (void)get_for(s, 404, "/api/v1/labels/alice/none", "");
    (void)get_for(s, 422, "/api/v1/labels/alice/main?before=-1", "");
    (void)get_for(s, 422, "/api/v1/labels/alice/main?limit=1001", "");
    (void)get_for(s, 422, "/api/v1/labels/alice/main?after=1", "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(labels_are_counted),
        WITH_PUBLISHING(files_come_page_by_page),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
