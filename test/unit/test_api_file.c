/* Labels, copies and removals of several files in one request. */
#include "web_fixture.h"

#include "core/inspect.h"

#define CHOICE(version)                                                                            \
    "{\"package\": \"p\", \"version\": \"" version "\", \"basename\": \"noarch/p-" version         \
    "-0.tar.bz2\"}"

/* alice with p 1 and p 2; the header line of her token. */
static const char *publisher(struct site *s)
{
    struct actor alice = core_user(s->core, "alice");
    struct core_spec spec = {.name = "p", .version = "1", .build = "0", .subdir = "noarch"};

    (void)core_publish(s->core, &alice, &spec);
    spec.version = "2";
    (void)core_publish(s->core, &alice, &spec);
    return with_token(s, make_token(s, &alice, "t", NULL));
}

static struct answer post(struct site *s, unsigned status, const char *what, const char *token,
                          const char *body)
{
    return request_for(s, status, "POST", str_fmt(s->core->mem, "/api/v1/files/alice/%s", what).ptr,
                       token, str_of(body));
}

static void labels_change_together(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r =
        post(s, 200, "labels", token,
             "{\"files\": [" CHOICE("1") ", {\"package\": \"p\"}], \"add\": [\"Dev\"], "
                                         "\"remove\": [\"main\"]}");

    assert_str(r.body, "{\"files\":[{\"added\":1,\"basename\":\"noarch/p-1-0.tar.bz2\","
                       "\"package\":\"p\",\"removed\":1,\"version\":\"1\"},"
                       "{\"added\":1,\"basename\":null,\"package\":\"p\",\"removed\":1,"
                       "\"version\":null}]}");
    r = post(s, 422, "labels", token, "{\"files\": [" CHOICE("1") "]}");
    assert_str(json_member(s, &r, "field"), "add");
    (void)post(s, 422, "labels", token, "{\"files\": [], \"add\": [\"dev\"]}");
    (void)post(s, 422, "labels", token, "{\"files\": {}, \"add\": [\"dev\"]}");
    (void)post(s, 422, "labels", token, "{\"add\": [\"dev\"]}");
}

static void what_is_wrong_with_each_is_told(void **state)
{
    static const char *const what[] = {"labels", "copies", "removals"};
    struct site *s = *state;
    const char *token = publisher(s);

    for (size_t i = 0; i < COUNT(what); i++) {
        struct answer r = post(
            s, 404, what[i], token,
            "{\"files\": [" CHOICE("1") ", " CHOICE("8") ", " CHOICE("9") "], \"add\": [\"dev\"]}");

        assert_true(body_has(&r,
                             "\"errors\":[{\"detail\":\"there is no release \\\"alice/p/8\\\"\","
                             "\"index\":1},{\"detail\":\"there is no release "
                             "\\\"alice/p/9\\\"\",\"index\":2}]"));
    }
    assert_int_equal(CORE_NUMBER(s->core, "SELECT COUNT(*) FROM file_label"), 2);
}

static void copies_tell_what_was_done(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r =
        post(s, 200, "copies", token, "{\"files\": [" CHOICE("2") "], \"to_label\": \"dev\"}");

    assert_str(r.body, "{\"files\":[{\"basename\":\"noarch/p-2-0.tar.bz2\",\"package\":\"p\","
                       "\"result\":\"labelled\",\"version\":\"2\"}]}");
    r = post(s, 422, "copies", token, "{\"files\": [" CHOICE("2") "], \"mode\": \"force\"}");
    assert_str(json_member(s, &r, "field"), "mode");
}

static void removals_tell_what_is_gone(void **state)
{
    struct site *s = *state;
    const char *token = publisher(s);
    struct answer r = post(s, 200, "removals", token, "{\"files\": [" CHOICE("1") "]}");

    assert_str(r.body, "{\"files\":[{\"basename\":\"noarch/p-1-0.tar.bz2\",\"package\":\"p\","
                       "\"version\":\"1\"}]}");
    assert_str(CORE_TEXT(s->core, "SELECT filename FROM file"), "p-2-0.tar.bz2");
    (void)post(s, 422, "removals", token, "{\"files\": [{\"package\": \"p\"}]}");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(labels_change_together),
        WITH_PUBLISHING(what_is_wrong_with_each_is_told),
        WITH_PUBLISHING(copies_tell_what_was_done),
        WITH_PUBLISHING(removals_tell_what_is_gone),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
