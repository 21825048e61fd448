/* What lists of packages leave out. Each combination: test/api/test_api_packages.py. */
#include "web_fixture.h"

#include "core/inspect.h"

static size_t listed(struct site *s, const char *query)
{
    struct answer r =
        get_for(s, 200, str_fmt(s->core->mem, "/api/packages/alice?%s", query).ptr, "");

    return json_array_size(json_body(s, &r));
}

static void what_is_asked_must_be_true_of_it(void **state)
{
    static const struct {
        const char *query;
        size_t count;
    } cases[] = {
        {"", 1},
        {"type=conda&package_type=file&package_type=conda&platform=noarch&access=public", 1},
        {"package_type=file,conda", 1},
        {"package_type=file", 0},
        {"type=PyPI", 0},
        {"platform=linux-64", 0},
        {"access=private", 0},
    };
    const struct core_spec tiny = {.name = "p", .version = "1", .build = "0", .subdir = "noarch"};
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");

    (void)core_publish(s->core, &alice, &tiny);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(listed(s, cases[i].query), cases[i].count);
}

static void what_is_wrong_is_named(void **state)
{
    static const char *const cases[][2] = {
        {"type=x", "type"},         {"package_type=conda,", "package_type"},
        {"platform=x", "platform"}, {"access=x", "access"},
        {"type=r&type=r", "type"},
    };
    struct site *s = *state;

    (void)core_user(s->core, "alice");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer r =
            get_for(s, 422, str_fmt(s->core->mem, "/api/packages/alice?%s", cases[i][0]).ptr, "");

        assert_str(json_member(s, &r, "field"), cases[i][1]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_PUBLISHING(what_is_asked_must_be_true_of_it),
        WITH_SITE(what_is_wrong_is_named),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
