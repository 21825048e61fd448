/* anaconda-client's labels: the statuses it goes by, and bodies that mean more than they say. */
#include "web_fixture.h"

#include "core/inspect.h"

static const struct core_spec tiny = {
    .name = "p", .version = "1", .build = "0", .subdir = "noarch"};

/* alice with one file; the header line of her token. */
static const char *publisher(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");

    (void)core_publish(s->core, &alice, &tiny);
    return with_token(s, make_token(s, &alice, "t", NULL));
}

static void each_change_is_201_without_a_body(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    static const struct {
        const char *method, *path, *body;
    } steps[] = {
        {"POST", "rel/x", "{\"package\": \"p\", \"version\": null, \"basename\": null}"},
        {"POST", "rel/x/copy/rel/y", ""},
        {"POST", "rel/y/lock", ""},
        {"DELETE", "rel/y/lock", "{}"},
        {"DELETE", "rel/x", "{\"package\": \"p\"}"},
        {"DELETE", "rel/y", "{\"package\": null, \"version\": null, \"basename\": null}"},
        {"DELETE", "rel/x", ""},
    };

    for (size_t i = 0; i < COUNT(steps); i++) {
        struct answer r = request_for(
            s, 201, steps[i].method,
            str_fmt(s->core->mem, "/api/channels/alice/%s", steps[i].path).ptr,
            lines(s, token, "Content-Type: application/json\r\n"), str_of(steps[i].body));

        assert_str(r.body, "");
    }
    assert_str(CORE_TEXT(s->core, "SELECT name FROM label"), "main");
    assert_str(CORE_TEXT(s->core, "SELECT l.name FROM file_label fl JOIN label l "
                                  "ON l.id = fl.label_id"),
               "main");
}

static void a_label_shows_its_files(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r = get_for(s, 200, "/api/channels/Alice/MAIN", "");

    assert_str(r.body, "{\"files\":[{\"full_name\":\"alice/p/1/noarch/p-1-0.tar.bz2\"}],"
                       "\"is_locked\":false,\"name\":\"main\"}");
    (void)request_for(s, 201, "POST", "/api/channels/alice/main/lock", token, S(""));
    (void)request_for(s, 403, "DELETE", "/api/package/alice/p", token, S(""));
    r = get_for(s, 200, "/api/channels/alice", "");
    assert_str(r.body, "{\"main\":{\"is_locked\":true}}");
    r = get_for(s, 404, "/api/channels/alice/none", "");
    assert_str(json_member(s, &r, "error"), "\"alice\" has no label \"none\"");
}

/* Nothing may look as if all files were meant. */
static void what_is_named_wrongly_is_422(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    static const char *const bodies[] = {"{\"package\": \"\"}", "{\"packages\": \"p\"}",
                                         "{\"package\": [\"p\"]}", "{\"version\": \"1\"}",
                                         "{\"package\": \"p\", \"basename\": \"x\"}"};

    for (size_t i = 0; i < COUNT(bodies); i++) {
        (void)request_for(s, 422, "POST", "/api/channels/alice/dev", token, str_of(bodies[i]));
        (void)request_for(s, 422, "DELETE", "/api/channels/alice/main", token, str_of(bodies[i]));
    }
    (void)request_for(s, 409, "DELETE", "/api/channels/alice/main", token, S("{}"));
    (void)request_for(s, 400, "DELETE", "/api/channels/alice/main", token, S("[]"));
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM file_label"), 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(each_change_is_201_without_a_body),
        WITH_PUBLISHING(a_label_shows_its_files),
        WITH_PUBLISHING(what_is_named_wrongly_is_422),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
