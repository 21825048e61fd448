/* Indexes are made anew from the files, those that are meant and no others. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/inspect.h"
#include "core/rebuild.h"
#include "core/verify.h"

static const struct core_spec x1 = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
static const struct core_spec y1 = {"y", "1.0", "0", "noarch", NULL, NULL, NULL};

static int setup(void **state)
{
    struct actor alice, bob;
    struct core *f;

    if (core_open_inspecting(state))
        return -1;
    f = *state;
    alice = core_user(f, "alice");
    bob = core_user(f, "bob");
    core_publish(f, &alice, &x1);
    core_publish(f, &bob, &y1);
    core_mark_store(f);
    return 0;
}

static uint64_t rebuild(struct core *f, const char *owner, const char *label)
{
    struct rebuild_report report = {0};

    must(f, rebuild_indexes(&f->app, str_of(owner), str_of(label), &report, &f->err));
    return report.channels;
}

static void damage(struct core *f)
{
    CORE_CHANGE(f, "DELETE FROM index_chunk");
    CORE_CHANGE(f, "UPDATE index_list SET items = 0, chunks = 0, text_size = 0");
    CORE_CHANGE(f, "DELETE FROM index_doc WHERE name = 'repodata.json'");
}

static void what_is_right_stays_as_it_is(void **state)
{
    struct core *f = *state;
    struct str before = core_rows(f);

    assert_int_equal(rebuild(f, "", ""), 2);
    assert_true(str_eq(core_rows(f), before));
}

static void what_is_damaged_is_mended(void **state)
{
    struct core *f = *state;
    struct str x = core_document(f, "alice", "main", "noarch", "repodata.json");

    damage(f);
    assert_int_equal(rebuild(f, "", ""), 2);
    assert_true(str_eq(core_document(f, "alice", "main", "noarch", "repodata.json"), x));
    assert_true(core_listed(f, "bob", "main", "noarch", "y-1.0-0.tar.bz2"));
}

static void bytes_that_are_gone_are_put_again(void **state)
{
    struct core *f = *state;
    struct str sha256 = CORE_TEXT(f, "SELECT MIN(sha256) FROM index_chunk");

    must(f, blob_remove(f->app.blobs, sha256, &f->err));
    assert_int_equal(rebuild(f, "", ""), 2);
    assert_true(core_has_blob(f, sha256));
    core_check_bytes(f);
}

static void only_what_is_meant_is_made(void **state)
{
    struct core *f = *state;

    damage(f);
    assert_int_equal(rebuild(f, "Alice", ""), 1);
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(DISTINCT l.account_id) FROM index_list l "
                                    "JOIN index_chunk c ON c.list_id = l.id"),
                     1);
    assert_int_equal(rebuild(f, "bob", "main"), 1);
    assert_true(core_listed(f, "bob", "main", "noarch", "y-1.0-0.tar.bz2"));
}

static void a_channel_that_is_not_there_is_named(void **state)
{
    struct core *f = *state;
    struct rebuild_report report = {0};

    must_fail(f, rebuild_indexes(&f->app, S("carol"), S(""), &report, &f->err), ERR_NOT_FOUND,
              "there is no channel \"carol\"");
    must_fail(f, rebuild_indexes(&f->app, S("alice"), S("dev"), &report, &f->err), ERR_NOT_FOUND,
              "there is no channel \"alice/label/dev\"");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_close)
    const struct CMUnitTest tests[] = {
        TEST(what_is_right_stays_as_it_is),         TEST(what_is_damaged_is_mended),
        TEST(bytes_that_are_gone_are_put_again),    TEST(only_what_is_meant_is_made),
        TEST(a_channel_that_is_not_there_is_named),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
