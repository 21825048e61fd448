/* `terrarium rebuild`: what it says. */
#include "core_fixture.h"

#include "cli_run.h"
#include "core/inspect.h"

static const struct core_spec x1 = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};

static int setup(void **state)
{
    struct actor alice;

    if (core_open_inspecting(state))
        return -1;
    alice = core_user(*state, "alice");
    core_publish(*state, &alice, &x1);
    core_mark_store(*state);
    return 0;
}

static void assert_says(struct core *f, const char *word, int status, const char *out,
                        const char *err)
{
    struct cli_run r;

    CLI_RUN(&r, "", "rebuild", "--data", f->folder, "--db", str_z(f->mem, f->config.db), word);
    assert_string_equal(r.err, err);
    assert_string_equal(r.out, out);
    assert_int_equal(r.status, status);
    cli_run_done(&r);
}

static void it_says_how_many_it_made(void **state)
{
    struct core *f = *state;
    const char *one = "made the indexes of 1 channel anew\n";

    assert_says(f, NULL, 0, one, "");
    assert_says(f, "alice", 0, one, "");
    assert_says(f, "alice/label/main", 0, one, "");
    CORE_CHANGE(f, "DELETE FROM index_chunk");
    assert_says(f, "alice/main", 0, one, "");
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
}

static void a_channel_that_is_not_there_is_a_failure(void **state)
{
    assert_says(*state, "alice/label/dev", 1, "",
                "terrarium: there is no channel \"alice/label/dev\"\n");
}

static void it_takes_one_channel(void **state)
{
    struct core *f = *state;
    struct cli_run r;

    CLI_RUN(&r, "", "rebuild", "--data", f->folder, "alice", "bob");
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "rebuild takes one channel at most"));
    cli_run_done(&r);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_close)
    const struct CMUnitTest tests[] = {
        TEST(it_says_how_many_it_made),
        TEST(a_channel_that_is_not_there_is_a_failure),
        TEST(it_takes_one_channel),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
