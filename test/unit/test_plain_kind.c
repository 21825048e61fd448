/* Files that are kept as they are, through the whole of an upload. */
#include "core_fixture.h"

#include "core/package.h"
#include "core/plain_kind.h"

static enum err_code publish(struct core *f, const struct actor *actor, const char *version,
                             const char *basename, const char *bytes, struct file_row *ret)
{
    const struct file_path path = {S("alice"), S("Report"), str_of(version), str_of(basename)};
    const struct stage_request req = {
        .type = S("file"), .description = S("a table"), .sha256 = core_sha256(f, str_of(bytes))};
    struct package_row package;
    struct release_row release;
    struct staged staged;
    enum err_code rc;

    must(f, package_create(&f->app, f->mem, actor, path.owner, path.package, S(""), NULL, &package,
                           &f->err));
    must(f, release_create(&f->app, f->mem, actor, path.owner, path.package, path.version, NULL,
                           &release, &f->err));
    rc = publish_stage(&f->app, f->mem, actor, &path, &req, &staged, &f->err);
    if (!rc)
        rc = core_send(f, staged.ticket, str_of(bytes));
    if (!rc)
        rc = publish_commit(&f->app, f->mem, actor, &path, staged.dist_id, ret, &f->err);
    return rc;
}

static void a_release_has_names_of_its_own(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row one, two, again;
    const struct file_path path = {S("alice"), S("report"), S("1"), S("my table.csv")};

    f->config.reuse_removed_names = false;
    must(f, publish(f, &alice, "1", "my table.csv", "a;b", &one));
    assert_str(one.type, "file");
    assert_str(one.name_key, "report/1/my table.csv");
    assert_str(one.filename, "my table.csv");
    assert_str(one.subdir, "");
    assert_str(one.record, "{}");
    assert_str(one.description, "a table");
    must(f, publish(f, &alice, "1", "my table.csv", "a;b", &again));
    assert_int_equal(again.id, one.id);
    must_fail(f, publish(f, &alice, "1", "my table.csv", "c;d", &two), ERR_CONFLICT,
              "exists already, with other content");
    must(f, publish(f, &alice, "2", "my table.csv", "c;d", &two));
    assert_true(two.id != one.id);
    assert_str(CORE_TEXT(f, "SELECT latest_version FROM package"), "2");
    /* Whatever capital letters the URL has. */
    must(f, file_remove(&f->app, f->mem, &alice, &path, &one, &f->err));
    must_fail(f, publish(f, &alice, "1", "my table.csv", "a;b", &two), ERR_CONFLICT,
              "stays reserved");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc"), 0); /* in no index */
    core_check_bytes(f);
}

static void names_that_are_no_file_names_are_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row file;

    must_fail(f, publish(f, &alice, "1", "a/b.csv", "a", &file), ERR_INVALID,
              "file name \"a/b.csv\" is not allowed");
    must_fail(f, publish(f, &alice, "1", ".profile", "a", &file), ERR_INVALID,
              "not beginning with");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_release_has_names_of_its_own),
        WITH_INSPECTOR(names_that_are_no_file_names_are_refused),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
