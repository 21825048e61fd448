/* What packages and releases become where files are copied to. Attributes, access, and what is told
 * of the source, are in test_copy.c, with the copies that they come by. */
#include "core_fixture.h"

#include "core/copy_package.h"
#include "core/inspect.h"
#include "store/account.h"

static const struct core_spec spec = {
    .name = "x", .version = "1.0", .build = "0", .subdir = "noarch"};
static const struct view everybody = {.widest = ACCESS_PUBLIC};

struct scene {
    struct actor alice, bob;
    struct account_row owner; /* of the target */
    struct file_row file;     /* of alice's */
};

static struct scene make_scene(struct core *f)
{
    struct scene s = {.alice = core_user(f, "alice"), .bob = core_user(f, "bob")};
    AUTO(tx_endp) struct tx *tx = NULL;

    s.file = core_publish(f, &s.alice, &spec);
    tx = core_begin(f, TX_READ);
    must(f, account_by_login(tx, f->mem, S("bob"), &s.owner, &f->err));
    CORE_CHANGE(f, "DELETE FROM audit");
    return s;
}

static struct copy_target target_of(struct core *f, const struct scene *s, struct tx *tx,
                                    enum copy_mode mode)
{
    return (struct copy_target){.app = &f->app,
                                .tx = tx,
                                .mem = f->mem,
                                .actor = &s->bob,
                                .owner = &s->owner,
                                .view = &everybody,
                                .mode = mode};
}

static void what_is_lacking_is_made_once(void **state)
{
    struct core *f = *state;
    struct scene s = make_scene(f);
    struct tx *tx = core_begin(f, TX_WRITE);
    struct copy_target t = target_of(f, &s, tx, COPY_UPDATE);
    struct copy_package *first = NULL, *again = NULL;
    struct release_row release, same;

    must(f, copy_package_find(&t, s.file.package_id, &first, &f->err));
    must(f, copy_package_find(&t, s.file.package_id, &again, &f->err));
    assert_ptr_equal(first, again);
    assert_str(first->target.owner, "bob");
    assert_str(first->source.owner, "alice");
    must(f, copy_release_find(&t, first, &s.file, &release, &f->err));
    must(f, copy_release_find(&t, first, &s.file, &same, &f->err));
    assert_int_equal(release.id, same.id);
    assert_int_equal(release.package_id, first->target.id);
    must(f, copy_package_refresh(&t, &f->err));
    must(f, tx_commit(&tx, &f->err));
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object FROM audit ORDER BY id"),
               "package.create bob/x, release.create bob/x/1.0");
    /* And what is there is found, by whatever copy comes next. */
    tx = core_begin(f, TX_WRITE);
    t = target_of(f, &s, tx, COPY_STRICT);
    must(f, copy_package_find(&t, s.file.package_id, &again, &f->err));
    must(f, copy_release_find(&t, again, &s.file, &same, &f->err));
    assert_int_equal(release.id, same.id);
    tx_endp(&tx);
}

static void a_source_that_was_hidden_meanwhile_is_tried_again(void **state)
{
    struct core *f = *state;
    struct scene s = make_scene(f);
    struct tx *tx;
    struct copy_target t;
    struct copy_package *package = NULL;

    must(f, package_change_access(&f->app, f->mem, &s.alice, S("alice"), S("x"), ACCESS_PRIVATE,
                                  &f->err));
    tx = core_begin(f, TX_WRITE);
    t = target_of(f, &s, tx, COPY_STRICT);
    must_fail(f, copy_package_find(&t, s.file.package_id, &package, &f->err), ERR_COLLISION,
              "was hidden while it was copied");
    assert_null(package);
    tx_endp(&tx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(what_is_lacking_is_made_once),
        WITH_INSPECTOR(a_source_that_was_hidden_meanwhile_is_tried_again),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
