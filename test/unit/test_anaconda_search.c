/* `anaconda search`: a list without pages, with the keys that the client prints. */
#include "web_fixture.h"

#include "core/inspect.h"

static void the_client_gets_a_list(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct core_spec spec = {.name = "numpy", .version = "1", .build = "0", .subdir = "noarch"};
    struct answer r;
    json_t *list, *only;

    (void)core_publish(s->core, &alice, &spec);
    r = get_for(s, 200, "/api/search?name=num", "");
    list = json_body(s, &r);
    assert_int_equal(json_array_size(list), 1);
    only = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(only, "full_name")), "alice/numpy");
    assert_string_equal(json_string_value(json_object_get(only, "latest_version")), "1");
    assert_true(body_has(&r, "\"conda_platforms\":[\"noarch\"]"));
    assert_true(body_has(&r, "\"package_types\":[\"conda\"]"));
    assert_true(body_has(&r, "\"owner\":{\"login\":\"alice\"}"));
    r = get_for(s, 200, "/api/search?name=num&type=conda&platform=noarch", "");
    assert_true(body_has(&r, "\"alice/numpy\""));
    r = get_for(s, 200, "/api/search?name=num&platform=linux-64", "");
    assert_str(r.body, "[]");
}

/* More than one page of the search, which goes on by itself. */
static void several_pages_come_as_one_list(void **state)
{
    enum { MANY = 101 };
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer r;

    for (int i = 0; i < MANY; i++) {
        struct file_path path = {
            .owner = S("alice"), .package = str_fmt(s->core->mem, "many%d", i), .version = S("1")};

        core_release(s->core, &alice, &path);
    }
    r = get_for(s, 200, "/api/search?name=many", "");
    assert_int_equal(json_array_size(json_body(s, &r)), MANY);
}

static void what_cannot_be_understood_is_refused(void **state)
{
    struct site *s = *state;

    (void)get_for(s, 422, "/api/search?name=x&type=tapestry", "");
    (void)get_for(s, 422, "/api/search?q=x", "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(the_client_gets_a_list),
        WITH_SITE(several_pages_come_as_one_list),
        WITH_SITE(what_cannot_be_understood_is_refused),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
