/* Several files removed at once: all or none. */
#include "core_fixture.h"

#include "core/file_remove.h"
#include "core/inspect.h"
#include "core/label.h"

#define SPEC(name_, version_, build_)                                                              \
    ((struct core_spec){                                                                           \
        .name = (name_), .version = (version_), .build = (build_), .subdir = "noarch"})
#define CHOICE(package_, version_, basename_)                                                      \
    ((struct choice){S(package_), S(version_), S(basename_)})

static enum err_code remove_files(struct core *f, const struct actor *actor,
                                  const struct choice *items, size_t count,
                                  struct choice_errors *ret)
{
    const struct choices in = {S("alice"), items, count};

    *ret = (struct choice_errors){0};
    return files_remove(&f->app, f->mem, actor, &in, ret, &f->err);
}

static void each_goes_to_the_trash(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row x = core_publish(f, &alice, &SPEC("x", "2.0", "0"));
    const struct choice some[] = {CHOICE("x", "2.0", "noarch/x-2.0-0.tar.bz2"),
                                  CHOICE("y", "1.0", "noarch/y-1.0-0.tar.bz2")};
    struct choice_errors errors;

    (void)core_publish(f, &alice, &SPEC("y", "1.0", "0"));
    must(f, remove_files(f, &alice, some, COUNT(some), &errors));
    assert_str(CORE_TEXT(f, "SELECT kind || ' ' || basename FROM trash ORDER BY id"),
               "file noarch/x-2.0-0.tar.bz2, file noarch/y-1.0-0.tar.bz2");
    assert_true(core_has_blob(f, x.sha256));
}

static void files_of_several_packages_go_together(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row x1 = core_publish(f, &alice, &SPEC("x", "1.0", "0")),
                    x2 = core_publish(f, &alice, &SPEC("x", "2.0", "0")),
                    y = core_publish(f, &alice, &SPEC("y", "1.0", "0"));
    const struct choice some[] = {CHOICE("x", "2.0", "noarch/x-2.0-0.tar.bz2"),
                                  CHOICE("y", "1.0", "noarch/y-1.0-0.tar.bz2")};
    struct choice_errors errors;

    f->config.trash_days = 0;
    CORE_CHANGE(f, "DELETE FROM audit");
    must(f, remove_files(f, &alice, some, COUNT(some), &errors));
    assert_str(CORE_TEXT(f, "SELECT basename FROM file"), "noarch/x-1.0-0.tar.bz2");
    assert_false(core_listed(f, "alice", "main", "noarch", "x-2.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_true(core_has_blob(f, x1.sha256));
    assert_false(core_has_blob(f, x2.sha256));
    assert_false(core_has_blob(f, y.sha256));
    /* Packages and releases stay, with what is newest in them now. */
    assert_str(CORE_TEXT(f, "SELECT name || '=' || latest_version FROM package ORDER BY name"),
               "x=1.0, y=");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 3);
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object FROM audit ORDER BY id"),
               "file.delete alice/x/2.0/noarch/x-2.0-0.tar.bz2, "
               "file.delete alice/y/1.0/noarch/y-1.0-0.tar.bz2");
    core_check_bytes(f);
}

static void one_that_cannot_go_keeps_all(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct choice x = CHOICE("x", "1.0", "noarch/x-1.0-0.tar.bz2"),
                        y = CHOICE("y", "1.0", "noarch/y-1.0-0.tar.bz2");
    const struct choice absent[] = {x, CHOICE("x", "1.0", "noarch/x-1.0-1.tar.bz2"),
                                    CHOICE("z", "1.0", "noarch/z")},
                        whole[] = {x, CHOICE("y", "", ""), CHOICE("y", "1.0", "")},
                        twice[] = {x, y, x}, both[] = {x, y};
    struct choice_errors errors;
    struct str before;

    (void)core_publish(f, &alice, &SPEC("x", "1.0", "0"));
    (void)core_publish(f, &alice, &SPEC("y", "1.0", "0"));
    before = core_rows(f);
    must_fail(f, remove_files(f, &alice, absent, COUNT(absent), &errors), ERR_NOT_FOUND,
              "there is no file \"alice/x/1.0/noarch/x-1.0-1.tar.bz2\"");
    assert_int_equal(errors.head->index, 1);
    assert_int_equal(errors.head->next->index, 2);
    must_fail(f, remove_files(f, &alice, whole, COUNT(whole), &errors), ERR_UNPROCESSABLE,
              "name each file that is to be removed");
    assert_int_equal(errors.head->index, 1);
    must_fail(f, remove_files(f, &alice, twice, COUNT(twice), &errors), ERR_UNPROCESSABLE,
              "this file is named twice");
    assert_int_equal(errors.head->index, 2);
    must_fail(f, remove_files(f, &bob, both, COUNT(both), &errors), ERR_DENIED, "may not");
    assert_true(str_eq(core_rows(f), before));
    must(f, label_lock(&f->app, f->mem, &alice, S("alice"), S("main"), true, &f->err));
    must_fail(f, remove_files(f, &alice, both, COUNT(both), &errors), ERR_DENIED,
              "the label \"main\" is locked");
    assert_int_equal(errors.head->index, 0);
    assert_int_equal(errors.head->next->index, 1);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(each_goes_to_the_trash),
        WITH_INSPECTOR(files_of_several_packages_go_together),
        WITH_INSPECTOR(one_that_cannot_go_keeps_all),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
