/* Projects: uploads that name no release. */
#include "core_fixture.h"

#include "core/package.h"
#include "core/project.h"

static struct staged stage(struct core *f, const struct actor *actor)
{
    struct staged staged = {0};

    must(f, project_stage(&f->app, f->mem, actor, S("alice"), S("fit"), S("fit.tar"), &staged,
                          &f->err));
    return staged;
}

static void each_upload_is_a_release_of_its_own(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;
    struct staged one, two;
    struct file_row first, second;

    must(f, package_create(&f->app, f->mem, &alice, S("alice"), S("fit"), S(""), NULL, &package,
                           &f->err));
    one = stage(f, &alice);
    must(f, core_send(f, one.ticket, S("one")));
    must(f, project_commit(&f->app, f->mem, &alice, S("alice"), S("fit"), one.dist_id, &first,
                           &f->err));
    assert_str(first.type, "project");
    assert_str(first.basename, "fit.tar");
    assert_int_equal(first.version.len, 17);
    two = stage(f, &alice); /* perhaps in the same second */
    must(f, core_send(f, two.ticket, S("two")));
    must(f, project_commit(&f->app, f->mem, &alice, S("alice"), S("fit"), two.dist_id, &second,
                           &f->err));
    assert_false(str_eq(first.version, second.version));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 2);
    assert_true(str_eq(core_read_blob(f, second.sha256), S("two")));
}

static void a_handle_is_of_one_project(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;
    struct staged staged;
    struct file_row file;

    must_fail(f,
              project_stage(&f->app, f->mem, &alice, S("alice"), S("fit"), S("fit.tar"), &staged,
                            &f->err),
              ERR_NOT_FOUND, "there is no package \"alice/fit\"");
    must(f, package_create(&f->app, f->mem, &alice, S("alice"), S("fit"), S(""), NULL, &package,
                           &f->err));
    must(f, package_create(&f->app, f->mem, &alice, S("alice"), S("other"), S(""), NULL, &package,
                           &f->err));
    must_fail(
        f, project_stage(&f->app, f->mem, &alice, S("alice"), S("fit"), S("a/b"), &staged, &f->err),
        ERR_INVALID, "\"a/b\"");
    staged = stage(f, &alice);
    must_fail(f,
              project_commit(&f->app, f->mem, &alice, S("alice"), S("fit"), staged.dist_id, &file,
                             &f->err),
              ERR_INVALID, "have not been received yet");
    must(f, core_send(f, staged.ticket, S("one")));
    must_fail(f,
              project_commit(&f->app, f->mem, &alice, S("alice"), S("other"), staged.dist_id, &file,
                             &f->err),
              ERR_NOT_FOUND, "there is no staged upload");
    must_fail(
        f, project_commit(&f->app, f->mem, &alice, S("alice"), S("fit"), S("none"), &file, &f->err),
        ERR_NOT_FOUND, "there is no staged upload \"none\" of the project \"fit\"");
    must(f, project_commit(&f->app, f->mem, &alice, S("alice"), S("fit"), staged.dist_id, &file,
                           &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(each_upload_is_a_release_of_its_own),
        WITH_CORE(a_handle_is_of_one_project),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
