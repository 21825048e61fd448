#include "core_fixture.h"

#include "core/environment.h"
#include "format/json.h"

static void channels_of_this_server_are_known(void **state)
{
    struct core *f = *state;
    static const struct {
        const char *base, *channel, *account, *label; /* account NULL: another server's */
    } cases[] = {
        {"http://h:1", "Acme", "acme", "main"},
        {"http://h:1", "acme/", "acme", "main"},
        {"http://h:1", "acme/label/Dev/x", "acme", "dev/x"},
        {"http://h:1", "acme/linux-64", "acme", "main"},
        {"http://h:1", "acme/label/dev/noarch", "acme", "dev"},
        {"http://h:1", "https://H:1/conda/acme", "acme", "main"},
        {"http://h:1/", "http://h:1/conda/acme/label/dev", "acme", "dev"},
        {"http://h:1", "http://h:1/t/***/acme", "acme", "main"},
        {"http://h:1", "http://h:1/t/x/conda/acme", "acme", "main"},
        {"http://h:1", "http://h:1/conda/t/x/acme/osx-64/", "acme", "main"},
        {"http://h:1", "http://***@h:1/conda/acme", "acme", "main"},
        {"http://h:1", "http://h/conda/acme", NULL, NULL},
        {"http://h:1", "http://h:1.evil/conda/acme", NULL, NULL},
        {"http://h:1", "http://evil/h:1/conda/acme", NULL, NULL},
        {"http://h:1", "http://h:1@evil/conda/acme", NULL, NULL},
        {"http://h:1", "http://h:1", NULL, NULL},
        {"http://h:1", "http://h:1/conda/", NULL, NULL},
        {"http://h:1", "http://h:1/t/x", NULL, NULL},
        {"http://h:1", "acme/other", NULL, NULL},
        {"http://h:1", "acme/label/", NULL, NULL},
        {"http://h:1", "acme/label/a b", NULL, NULL},
        {"http://h:1", "", NULL, NULL},
        {"", "http://h/acme", NULL, NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str account, label;
        bool ours = environment_channel(f->mem, str_of(cases[i].base), str_of(cases[i].channel),
                                        &account, &label);

        if (ours != (cases[i].account != NULL))
            print_error("%s\n", cases[i].channel);
        assert_int_equal(ours, cases[i].account != NULL);
        if (ours) {
            assert_str(account, cases[i].account);
            assert_str(label, cases[i].label);
        }
    }
}

static void assert_told(struct core *f, const struct actor *who, const char *environment,
                        const char *expected)
{
    AUTO(json_decrefp) json_t *v = NULL;
    AUTO(buf_done) struct buf out = BUF_INIT(64 * 1024);
    const struct environment_question q = {who, S("alice"), S("http://h"), ACCESS_PUBLIC};

    must(f, json_parse_object(str_of(environment), &v, &f->err));
    must(f, environment_resolve(&f->app, f->mem, &q, v, &f->err));
    json_canonical(&out, v);
    assert_str(buf_str(&out), expected);
}

#define FOUND_AS(state)                                                                            \
    "\"here\":{\"owner\":\"alice\",\"package\":\"x\",\"platforms\":[\"noarch\"],"                  \
    "\"state\":\"" state "\",\"version\":\"1.0\"}"
#define FOUND FOUND_AS("present")

static void requirements_are_met_as_far_as_the_asker_sees(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct core_spec spec = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};

    (void)core_publish(f, &alice, &spec);
    assert_told(f, &bob, "{\"channels\":[\"alice\",\"other\",3],\"entries\":[{\"spec\":\"x\"}]}",
                "{\"channels\":[{\"account\":\"alice\",\"channel\":\"alice\",\"label\":\"main\"},"
                "{\"channel\":\"other\"}],\"entries\":[{" FOUND ",\"spec\":\"x\"}]}");
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("x"), ACCESS_PRIVATE,
                                  &f->err));
    assert_told(f, &alice, "{\"channels\":[\"alice\"],\"entries\":[{\"spec\":\"x >=1\"}]}",
                "{\"channels\":[{\"account\":\"alice\",\"channel\":\"alice\",\"label\":\"main\"}],"
                "\"entries\":[{" FOUND_AS("hidden") ",\"spec\":\"x >=1\"}]}");
    assert_told(f, &bob,
                "{\"channels\":[\"alice\"],\"entries\":[{\"spec\":\"x\"},{\"spec\":\"y\"}]}",
                "{\"channels\":[{\"account\":\"alice\",\"channel\":\"alice\",\"label\":\"main\"}],"
                "\"entries\":[{\"here\":{\"state\":\"absent\"},\"spec\":\"x\"},"
                "{\"here\":{\"state\":\"absent\"},\"spec\":\"y\"}]}");
}

static void odd_environments_do_no_harm(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    assert_told(f, &alice, "{}", "{\"channels\":[]}");
    assert_told(f, &alice, "{\"channels\":3,\"entries\":[1,null,{}]}",
                "{\"channels\":[],\"entries\":[1,null,{\"here\":{\"state\":\"elsewhere\"}}]}");
    assert_told(
        f, &alice,
        "{\"channels\":[],\"entries\":[{\"locked\":true,\"channel\":\"alice\",\"spec\":3},"
        "{\"locked\":true,\"channel\":\"alice\",\"spec\":\"x\"},"
        "{\"manager\":\"pip\"},{\"spec\":\"<\"}]}",
        "{\"channels\":[],\"entries\":["
        "{\"channel\":\"alice\",\"here\":{\"state\":\"absent\"},\"locked\":true,\"spec\":3},"
        "{\"channel\":\"alice\",\"here\":{\"state\":\"absent\"},\"locked\":true,\"spec\":\"x\"},"
        "{\"here\":{\"state\":\"elsewhere\"},\"manager\":\"pip\"},"
        "{\"here\":{\"state\":\"elsewhere\"},\"spec\":\"<\"}]}");
}

/* Thousands of requirements are looked up; the rest is said not to be. */
static void there_is_an_end_to_looking_up(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    AUTO(json_decrefp) json_t *v = NULL;
    const struct environment_question q = {&alice, S("alice"), S("http://h"), ACCESS_PUBLIC};
    json_t *entries = json_array();
    const json_t *last;

    for (int i = 0; i < 5001; i++)
        json_add(&entries, json_pack("{s:s}", "spec", "x"));
    v = json_pack("{s:o}", "entries", entries);
    must(f, environment_resolve(&f->app, f->mem, &q, v, &f->err));
    last = json_object_get(json_array_get(entries, 4999), "here");
    assert_str(json_get_str(last, "state"), "elsewhere");
    last = json_object_get(json_array_get(entries, 5000), "here");
    assert_str(json_get_str(last, "state"), "unknown");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(channels_of_this_server_are_known),
        WITH_INSPECTOR(requirements_are_met_as_far_as_the_asker_sees),
        WITH_CORE(odd_environments_do_no_harm),
        WITH_CORE(there_is_an_end_to_looking_up),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
