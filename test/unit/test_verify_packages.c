/* The newest version of a package, as its row says and as its files give. */
#include "core_fixture.h"

#include "core/inspect.h"
#include "core/verify_packages.h"

static void publish(struct core *f, const struct actor *actor, const char *name,
                    const char *version)
{
    const struct core_spec spec = {name, version, "0", "noarch", NULL, NULL, NULL};

    (void)core_publish(f, actor, &spec);
}

static void note(void *ctx, struct str package, struct str says, struct str should)
{
    struct buf *b = ctx;

    buf_add(b, package);
    buf_addf(b, " " STR_FMT " " STR_FMT "\n", STR_ARG(says), STR_ARG(should));
}

static void assert_latest(struct core *f, uint64_t packages, const char *expected)
{
    AUTO(buf_done) struct buf b = BUF_INIT(65536);
    uint64_t count = 0;

    must(f, verify_latest(&f->app, note, &b, &count, &f->err));
    assert_str(buf_str(&b), expected);
    assert_int_equal(count, packages);
}

static void a_site_without_packages_is_in_order(void **state)
{
    assert_latest(*state, 0, "");
}

static void what_publish_and_remove_leave_is_in_order(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");

    publish(f, &alice, "x", "1.9");
    publish(f, &alice, "x", "1.10");
    publish(f, &alice, "x", "1.2");
    publish(f, &bob, "x", "3.0");
    publish(f, &bob, "y", "1.0");
    assert_latest(f, 3, "");
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.10"), &f->err));
    must(f, release_remove(&f->app, f->mem, &bob, S("bob"), S("y"), S("1.0"), &f->err));
    assert_latest(f, 3, "");
}

static void a_wrong_newest_version_is_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    publish(f, &alice, "x", "1.9");
    publish(f, &alice, "x", "1.10");
    publish(f, &alice, "y", "1.0");
    publish(f, &alice, "z", "1.0");
    CORE_CHANGE(f, "UPDATE package SET latest_version = '1.9' WHERE name = 'x'");
    CORE_CHANGE(f, "UPDATE package SET latest_version = '' WHERE name = 'z'");
    assert_latest(f, 3, "alice/x 1.9 1.10\nalice/z  1.0\n");
    CORE_CHANGE(f, "UPDATE package SET latest_version = '2.0'");
    CORE_CHANGE(f, "DELETE FROM file WHERE filename LIKE 'y-%'");
    assert_latest(f, 3, "alice/x 2.0 1.10\nalice/y 2.0 \nalice/z 2.0 1.0\n");
}

static void of_equal_versions_either_may_be_named(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    publish(f, &alice, "x", "1.0.0");
    publish(f, &alice, "x", "1.0");
    publish(f, &alice, "x", "0.9");
    CORE_CHANGE(f, "UPDATE package SET latest_version = '1.0'");
    assert_latest(f, 1, "");
    CORE_CHANGE(f, "UPDATE package SET latest_version = '1.0.0'");
    assert_latest(f, 1, "");
    CORE_CHANGE(f, "UPDATE package SET latest_version = '0.9'");
    {
        AUTO(buf_done) struct buf b = BUF_INIT(65536);
        uint64_t count = 0;

        must(f, verify_latest(&f->app, note, &b, &count, &f->err));
        assert_true(str_starts(buf_str(&b), S("alice/x 0.9 1.0")));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_site_without_packages_is_in_order),
        WITH_INSPECTOR(what_publish_and_remove_leave_is_in_order),
        WITH_INSPECTOR(a_wrong_newest_version_is_told),
        WITH_INSPECTOR(of_equal_versions_either_may_be_named),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
