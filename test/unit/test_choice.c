/* What is named of an owner, and the files that it means. */
#include "core_fixture.h"

#include "core/choice.h"
#include "core/inspect.h"
#include "core/organization.h"
#include "store/account.h"

#define SPEC(name_, version_, build_)                                                              \
    ((struct core_spec){                                                                           \
        .name = (name_), .version = (version_), .build = (build_), .subdir = "noarch"})
#define CHOICE(package_, version_, basename_)                                                      \
    ((struct choice){S(package_), S(version_), S(basename_)})

static void a_choice_is_called_as_in_addresses(void **state)
{
    struct core *f = *state;

    assert_str(choice_name(f->mem, S("acme"), &CHOICE("", "", "")), "acme");
    assert_str(choice_name(f->mem, S("acme"), &CHOICE("x", "", "")), "acme/x");
    assert_str(choice_name(f->mem, S("acme"), &CHOICE("x", "1.0", "")), "acme/x/1.0");
    assert_str(choice_name(f->mem, S("acme"), &CHOICE("x", "1.0", "noarch/x-1.0-0.conda")),
               "acme/x/1.0/noarch/x-1.0-0.conda");
}

static void errors_are_added_in_their_order_until_one_is_of_no_choice(void **state)
{
    struct core *f = *state;
    struct choice_errors errors = {0};
    struct err e = {0}, first = {0};

    (void)fail(&e, ERR_NOT_FOUND, "one");
    assert_true(choice_errors_add(&errors, f->mem, 3, &e, &first));
    (void)fail(&e, ERR_DENIED, "two");
    assert_true(choice_errors_add(&errors, f->mem, 5, &e, &first));
    assert_int_equal(first.code, ERR_NOT_FOUND);
    assert_int_equal(errors.head->index, 3);
    assert_str(errors.head->message, "one");
    assert_int_equal(errors.head->next->index, 5);
    assert_str(errors.head->next->message, "two");
    assert_null(errors.head->next->next);
    (void)fail(&e, ERR_IO, "the disk");
    assert_false(choice_errors_add(&errors, f->mem, 6, &e, &first));
    assert_int_equal(first.code, ERR_IO);
    assert_string_equal(first.msg, "the disk");
    assert_null(errors.head->next->next);
}

static enum err_code check(struct core *f, const struct actor *actor, const struct choice *items,
                           size_t count, struct choice_errors *ret)
{
    const struct choices in = {S("acme"), items, count};

    *ret = (struct choice_errors){0};
    return choices_check(&f->app, f->mem, actor, &in, ret, &f->err);
}

/* alice owns acme with the packages x and y; carol may change x alone. */
static struct actor make_world(struct core *f, struct actor *ret_carol)
{
    struct actor alice = core_user(f, "alice");
    const struct new_organization acme = {S("acme"), S(""), S("")};
    struct package_row package;

    *ret_carol = core_user(f, "carol");
    must(f, organization_create(&f->app, f->mem, &alice, &acme, &f->err));
    must(f, package_create(&f->app, f->mem, &alice, S("acme"), S("x"), S(""), NULL, &package,
                           &f->err));
    must(f, package_create(&f->app, f->mem, &alice, S("acme"), S("y"), S(""), NULL, &package,
                           &f->err));
    must(f, collaborator_add(&f->app, f->mem, &alice, S("acme"), S("x"), S("carol"), S("write"),
                             &f->err));
    return alice;
}

static void each_package_of_the_choices_must_be_the_actors_to_change(void **state)
{
    struct core *f = *state;
    struct actor carol, alice = make_world(f, &carol), nobody = {.remote = S("192.0.2.1")};
    const struct choice some[] = {CHOICE("x", "", ""), CHOICE("x", "1.0", ""), CHOICE("y", "", ""),
                                  CHOICE("y", "2.0", ""), CHOICE("x", "", "")};
    const struct choice all = CHOICE("", "", "");
    struct choice_errors errors;

    must(f, check(f, &alice, some, COUNT(some), &errors));
    assert_null(errors.head);
    must(f, check(f, &alice, &all, 1, &errors));
    must(f, check(f, &carol, some, 2, &errors));
    must_fail(f, check(f, &carol, some, COUNT(some), &errors), ERR_DENIED,
              "\"carol\" may not publish or change \"acme/y\"");
    assert_int_equal(errors.head->index, 2);
    assert_int_equal(errors.head->next->index, 3);
    assert_null(errors.head->next->next);
    must_fail(f, check(f, &carol, &all, 1, &errors), ERR_DENIED,
              "\"carol\" may not publish or change anything under \"acme\"");
    must_fail(f, check(f, &nobody, some, 1, &errors), ERR_UNAUTHENTICATED, "sign in first");
    assert_null(errors.head);
}

static void what_is_named_is_named_with_what_it_is_part_of(void **state)
{
    struct core *f = *state;
    struct actor carol, alice = make_world(f, &carol);
    const struct choice version = CHOICE("", "1.0", ""), file = CHOICE("x", "", "noarch/x"),
                        both = CHOICE("", "", "noarch/x");
    struct choice_errors errors;

    must_fail(f, check(f, &alice, &version, 1, &errors), ERR_UNPROCESSABLE,
              "version \"1.0\" is of no package");
    assert_string_equal(f->err.field, "version");
    must_fail(f, check(f, &alice, &file, 1, &errors), ERR_UNPROCESSABLE,
              "file \"noarch/x\" is of no release");
    assert_string_equal(f->err.field, "basename");
    must_fail(f, check(f, &alice, &both, 1, &errors), ERR_UNPROCESSABLE, "is of no release");
}

static void the_files_of_choices_are_found_by_their_level(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row one = core_publish(f, &alice, &SPEC("x", "1.0", "0"));
    struct account_row account;
    const struct choice good[] = {CHOICE("", "", ""), CHOICE("x", "", ""), CHOICE("x", "1.0", ""),
                                  CHOICE("x", "1.0", "noarch/x-1.0-0.tar.bz2")},
                        bad[] = {CHOICE("x", "", ""), CHOICE("y", "", ""), CHOICE("x", "2.0", ""),
                                 CHOICE("x", "1.0", "noarch/x-1.0-1.tar.bz2")};
    const struct choices in = {S("alice"), good, COUNT(good)},
                         wrong = {S("alice"), bad, COUNT(bad)};
    const struct view everybody = {.widest = ACCESS_PUBLIC};
    struct choice_errors errors = {0};
    struct file_set *sets = NULL;
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    must(f, account_by_login(tx, f->mem, S("alice"), &account, &f->err));
    must(f, choices_find(tx, f->mem, &account, &in, NULL, &sets, &errors, &f->err));
    assert_null(errors.head);
    assert_int_equal(sets[0].level, OF_ACCOUNT);
    assert_int_equal(sets[0].id, account.id);
    assert_int_equal(sets[1].level, OF_PACKAGE);
    assert_int_equal(sets[1].id, one.package_id);
    assert_int_equal(sets[2].level, OF_RELEASE);
    assert_int_equal(sets[2].id, one.release_id);
    assert_int_equal(sets[3].level, OF_FILE);
    assert_int_equal(sets[3].id, one.id);
    must_fail(f, choices_find(tx, f->mem, &account, &wrong, NULL, &sets, &errors, &f->err),
              ERR_NOT_FOUND, "there is no package \"alice/y\"");
    assert_int_equal(errors.head->index, 1);
    assert_str(errors.head->next->message, "there is no release \"alice/x/2.0\"");
    assert_str(errors.head->next->next->message,
               "there is no file \"alice/x/1.0/noarch/x-1.0-1.tar.bz2\"");
    must(f, choices_find(tx, f->mem, &account, &in, &everybody, &sets, &errors, &f->err));
    tx_endp(&tx);
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("x"), ACCESS_PRIVATE,
                                  &f->err));
    tx = core_begin(f, TX_READ);
    must_fail(f, choices_find(tx, f->mem, &account, &in, &everybody, &sets, &errors, &f->err),
              ERR_NOT_FOUND, "there is no package \"alice/x\"");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_choice_is_called_as_in_addresses),
        WITH_CORE(errors_are_added_in_their_order_until_one_is_of_no_choice),
        WITH_CORE(each_package_of_the_choices_must_be_the_actors_to_change),
        WITH_CORE(what_is_named_is_named_with_what_it_is_part_of),
        WITH_INSPECTOR(the_files_of_choices_are_found_by_their_level),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
