/* Who may publish to a package may not publish to its namesakes by that alone. */
#include "core_fixture.h"

#include "core/namesake.h"
#include "make_archive.h"
#include "store/grant.h"

#define SDIST "Metadata-Version: 2.1\nName: my-pkg\nVersion: 1.0\n"

static struct str sdist(struct core *f)
{
    return make_gzip(f->mem, MAKE_TAR(f->mem, {.name = "d/PKG-INFO", .data = S(SDIST)}));
}

static enum err_code stage(struct core *f, const struct actor *actor, const struct file_path *path,
                           struct staged *ret)
{
    const struct stage_request req = {.type = S("pypi"), .sha256 = core_sha256(f, sdist(f))};

    return publish_stage(&f->app, f->mem, actor, path, &req, ret, &f->err);
}

static enum err_code publish(struct core *f, const struct actor *actor,
                             const struct file_path *path)
{
    struct staged staged;
    struct file_row row;
    enum err_code rc = stage(f, actor, path, &staged);

    if (!rc)
        rc = core_send(f, staged.ticket, sdist(f));
    return rc ? rc : publish_commit(&f->app, f->mem, actor, path, staged.dist_id, &row, &f->err);
}

static void let_in(struct core *f, const struct actor *user, const char *package)
{
    struct tx *tx = core_begin(f, TX_WRITE);
    struct package_row row;

    must(f, package_find(tx, f->mem, S("alice"), str_of(package), &row, &f->err));
    must(f, collaborator_put(tx, row.id, user->account_id, S("write"), &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static void who_may_publish_to_one_spelling_may_not_to_the_others(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct file_path hers = {S("alice"), S("my-pkg"), S("1.0"), S("my_pkg-1.0.tar.gz")};
    const struct file_path his = {S("alice"), S("my_pkg"), S("1.0"), S("my.pkg-1.0.tar.gz")};
    const struct file_path other = {S("alice"), S("my_pk"), S("1.0"), S("my_pk-1.0.tar.gz")};
    struct staged staged;

    core_release(f, &alice, &hers);
    core_release(f, &alice, &his);
    core_release(f, &alice, &other);
    let_in(f, &bob, "my_pkg");
    let_in(f, &bob, "my_pk");
    must(f, publish(f, &alice, &hers));
    must_fail(f, stage(f, &bob, &his, &staged), ERR_DENIED,
              "\"bob\" may not publish files of the project \"my-pkg\" of \"alice\"");
    must(f, stage(f, &bob, &other, &staged)); /* no namesake */
    let_in(f, &bob, "my-pkg");
    must(f, publish(f, &bob, &his));
}

static void a_token_is_held_to_its_limits(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), limited = alice;
    const struct file_path one = {S("alice"), S("my-pkg"), S("1.0"), S("my_pkg-1.0.tar.gz")};
    const struct file_path two = {S("alice"), S("my_pkg"), S("1.0"), S("my.pkg-1.0.tar.gz")};
    struct staged staged;

    core_release(f, &alice, &two);
    core_release(f, &alice, &one);
    must(f, publish(f, &alice, &one));
    limited.token_id = 1;
    limited.token_name = S("ci");
    limited.limits = S("package:alice/my_pkg");
    must_fail(f, stage(f, &limited, &two, &staged), ERR_DENIED, "under another spelling");
    limited.limits = S("package:alice/my_pkg package:alice/my-pkg");
    must(f, stage(f, &limited, &two, &staged));
}

/* Both were staged while neither had a file. */
static void the_last_of_two_at_the_same_time_is_asked_again(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct file_path hers = {S("alice"), S("my-pkg"), S("1.0"), S("my_pkg-1.0.tar.gz")};
    const struct file_path his = {S("alice"), S("my_pkg"), S("1.0"), S("my.pkg-1.0.tar.gz")};
    struct file_row row = {.type = S("pypi"), .name_key = S("my-pkg/my.pkg-1.0.tar.gz")};
    struct namesakes before;
    struct package_row package;
    struct staged staged;
    struct tx *tx;

    core_release(f, &alice, &hers);
    core_release(f, &alice, &his);
    let_in(f, &bob, "my_pkg");
    must(f, stage(f, &bob, &his, &staged));
    must(f, core_send(f, staged.ticket, sdist(f)));

    tx = core_begin(f, TX_READ);
    must(f, package_find(tx, f->mem, S("alice"), S("my_pkg"), &package, &f->err));
    tx_endp(&tx);
    tx = NULL;
    row.account_id = package.account_id;
    row.package_id = package.id;
    must(f, namesakes_check(&f->app, f->mem, &bob, kind_find(S("pypi")), S("alice"), &row, &before,
                            &f->err));
    assert_int_equal(before.others.count, 0);
    must(f, publish(f, &alice, &hers));

    tx = core_begin(f, TX_WRITE);
    must_fail(f, namesakes_check_again(tx, f->mem, &before, &f->err), ERR_BUSY,
              "were published under another spelling of its name meanwhile");
    tx_endp(&tx);
    must_fail(f, publish_commit(&f->app, f->mem, &bob, &his, staged.dist_id, &row, &f->err),
              ERR_DENIED, "under another spelling of its name");
}

static void kinds_without_projects_have_no_namesakes(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct file_row row = {.type = S("conda"), .name_key = S("noarch/x-1-0.conda")};
    struct namesakes n;
    struct tx *tx;

    must(f, namesakes_check(&f->app, f->mem, &alice, kind_find(S("conda")), S("alice"), &row, &n,
                            &f->err));
    assert_int_equal(n.others.count, 0);
    tx = core_begin(f, TX_READ);
    must(f, namesakes_check_again(tx, f->mem, &n, &f->err));
    tx_endp(&tx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(who_may_publish_to_one_spelling_may_not_to_the_others),
        WITH_INSPECTOR(a_token_is_held_to_its_limits),
        WITH_INSPECTOR(the_last_of_two_at_the_same_time_is_asked_again),
        WITH_INSPECTOR(kinds_without_projects_have_no_namesakes),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
