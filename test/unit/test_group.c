#include "store_fixture.h"

static void group_is_found_by_its_organization_and_name(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), other = add_account(f, tx, "other");
    int64_t id = add_group(f, tx, acme, "devs", "write", false);
    struct group_row got = {0};

    must(f, group_find(tx, f->mem, acme, S("devs"), &got, &f->err));
    assert_int_equal(got.id, id);
    assert_int_equal(got.account_id, acme);
    assert_str(got.organization, "acme");
    assert_str(got.name, "devs");
    assert_str(got.permission, "write");
    assert_false(got.all_packages);
    assert_int_equal(got.members, 0);
    assert_int_equal(got.packages, 0);
    assert_int_equal(group_find(tx, f->mem, other, S("devs"), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(group_find(tx, f->mem, acme, S("dev"), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(got.id, id);
    must(f, group_delete(tx, id, &f->err));
    assert_int_equal(group_find(tx, f->mem, acme, S("devs"), &got, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void group_name_is_unique_within_its_organization(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), other = add_account(f, tx, "other"), id = 0;
    const struct group_row again = {.account_id = acme, .name = S("devs"), .permission = S("read")};

    (void)add_group(f, tx, acme, "devs", "write", false);
    (void)add_group(f, tx, other, "devs", "write", false);
    assert_int_equal(group_insert(tx, &again, 1, &id, &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.msg, "group \"devs\" exists already");
    assert_int_equal(id, 0);
    tx_endp(&tx);
}

static void members_come_and_go(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), bob = add_account(f, tx, "bob"),
            alice = add_account(f, tx, "alice");
    int64_t id = add_group(f, tx, acme, "devs", "write", true);
    struct named_text_list members = {0};
    struct group_row got;
    bool changed = false, is = true;

    must(f, group_has_member(tx, id, bob, &is, &f->err));
    assert_false(is);
    must(f, group_add_member(tx, id, bob, &changed, &f->err));
    assert_true(changed);
    must(f, group_add_member(tx, id, bob, &changed, &f->err));
    assert_false(changed);
    must(f, group_add_member(tx, id, alice, NULL, &f->err));
    must(f, group_has_member(tx, id, bob, &is, &f->err));
    assert_true(is);
    must(f, group_members(tx, f->mem, id, &members, &f->err));
    assert_int_equal(members.count, 2);
    assert_str(members.rows[0].name, "alice");
    assert_str(members.rows[1].name, "bob");
    must(f, group_find(tx, f->mem, acme, S("devs"), &got, &f->err));
    assert_int_equal(got.members, 2);
    assert_true(got.all_packages);
    must(f, group_remove_member(tx, id, bob, &changed, &f->err));
    assert_true(changed);
    must(f, group_remove_member(tx, id, bob, &changed, &f->err));
    assert_false(changed);
    must(f, group_has_member(tx, id, bob, &is, &f->err));
    assert_false(is);
    tx_endp(&tx);
}

static void packages_come_and_go_with_what_they_are_of(void **state)
{
    static const struct view everything = {.widest = ACCESS_PRIVATE};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme");
    int64_t numpy = add_package(f, tx, acme, "numpy"), attrs = add_package(f, tx, acme, "attrs");
    struct group_row group = {.id = add_group(f, tx, acme, "devs", "write", false),
                              .account_id = acme};
    struct named_text_list packages = {0};
    bool changed = false;

    must(f, group_add_package(tx, &group, numpy, &changed, &f->err));
    assert_true(changed);
    must(f, group_add_package(tx, &group, numpy, &changed, &f->err));
    assert_false(changed);
    must(f, group_add_package(tx, &group, attrs, NULL, &f->err));
    must(f, group_packages(tx, f->mem, group.id, &everything, &packages, &f->err));
    assert_int_equal(packages.count, 2);
    assert_str(packages.rows[0].name, "attrs");
    assert_str(packages.rows[1].name, "numpy");
    assert_str(packages.rows[1].text, "A summary.");
    must(f, group_remove_package(tx, group.id, attrs, &changed, &f->err));
    assert_true(changed);
    must(f, package_delete(tx, numpy, &f->err));
    must(f, group_packages(tx, f->mem, group.id, &everything, &packages, &f->err));
    assert_int_equal(packages.count, 0);
    tx_endp(&tx);
}

static void packages_that_a_view_hides_are_not_listed(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme");
    const struct group_row group = {.id = add_group(f, tx, acme, "devs", "write", false),
                                    .account_id = acme};
    static const struct {
        const char *name;
        enum access_level access;
    } packages[] = {{"d", ACCESS_PRIVATE},
                    {"c", ACCESS_PUBLIC},
                    {"b", ACCESS_AUTHENTICATED},
                    {"a", ACCESS_PRIVATE}};
    int64_t id, last = 0;
    const struct {
        struct view view;
        const char *names;
    } cases[] = {
        {{.widest = ACCESS_PUBLIC}, "c"},
        {{.widest = ACCESS_AUTHENTICATED}, "bc"},
        {{.widest = ACCESS_PRIVATE}, "abcd"},
        {{ACCESS_PUBLIC, &last, 1}, "ac"},
    };

    for (size_t i = 0; i < COUNT(packages); i++) {
        id = add_package_with(f, tx, acme, packages[i].name, packages[i].access);
        must(f, group_add_package(tx, &group, id, NULL, &f->err));
        last = id;
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct named_text_list list = {0};

        must(f, group_packages(tx, f->mem, group.id, &cases[i].view, &list, &f->err));
        assert_int_equal(list.count, strlen(cases[i].names));
        for (size_t n = 0; n < list.count; n++)
            assert_int_equal(list.rows[n].name.ptr[0], cases[i].names[n]);
    }
    tx_endp(&tx);
}

static void package_of_another_organization_is_refused(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), other = add_account(f, tx, "other");
    int64_t theirs = add_package(f, tx, other, "numpy");
    const struct group_row group = {.id = add_group(f, tx, acme, "devs", "write", false),
                                    .account_id = acme};

    assert_int_equal(group_add_package(tx, &group, theirs, NULL, &f->err), ERR_INVALID);
    tx_endp(&tx);
}

static void groups_are_listed_by_organization_and_by_member(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), zoo = add_account(f, tx, "zoo"),
            bob = add_account(f, tx, "bob");
    int64_t owners = add_group(f, tx, zoo, "owners", "admin", true);
    struct group_list list = {0};

    (void)add_group(f, tx, acme, "writers", "write", true);
    must(f,
         group_add_member(tx, add_group(f, tx, acme, "devs", "read", false), bob, NULL, &f->err));
    must(f, group_add_member(tx, owners, bob, NULL, &f->err));
    must(f, group_list(tx, f->mem, acme, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "devs");
    assert_int_equal(list.rows[0].members, 1);
    assert_str(list.rows[1].name, "writers");
    must(f, group_list_by_member(tx, f->mem, bob, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].organization, "acme");
    assert_str(list.rows[0].name, "devs");
    assert_str(list.rows[1].organization, "zoo");
    assert_str(list.rows[1].name, "owners");
    must(f, group_list_by_member(tx, f->mem, acme, &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

static void all_members_are_listed_with_their_groups(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), other = add_account(f, tx, "other"),
            bob = add_account(f, tx, "bob"), alice = add_account(f, tx, "alice");
    int64_t owners = add_group(f, tx, acme, "owners", "admin", true),
            devs = add_group(f, tx, acme, "devs", "write", true);
    struct named_text_list list = {0};

    must(f, group_add_member(tx, add_group(f, tx, other, "x", "read", true), bob, NULL, &f->err));
    must(f, group_add_member(tx, owners, bob, NULL, &f->err));
    must(f, group_add_member(tx, devs, bob, NULL, &f->err));
    must(f, group_add_member(tx, devs, alice, NULL, &f->err));
    must(f, group_all_members(tx, f->mem, acme, &list, &f->err));
    assert_int_equal(list.count, 3);
    assert_str(list.rows[0].name, "alice");
    assert_str(list.rows[0].text, "devs");
    assert_str(list.rows[1].name, "bob");
    assert_str(list.rows[1].text, "devs");
    assert_str(list.rows[2].name, "bob");
    assert_str(list.rows[2].text, "owners");
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(group_is_found_by_its_organization_and_name),
        WITH_DATABASE(group_name_is_unique_within_its_organization),
        WITH_DATABASE(members_come_and_go),
        WITH_DATABASE(packages_come_and_go_with_what_they_are_of),
        WITH_DATABASE(packages_that_a_view_hides_are_not_listed),
        WITH_DATABASE(package_of_another_organization_is_refused),
        WITH_DATABASE(groups_are_listed_by_organization_and_by_member),
        WITH_DATABASE(all_members_are_listed_with_their_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
