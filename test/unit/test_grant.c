#include "store_fixture.h"

#include "store/grant.h"

/* "group:permission" of each, in order. */
static struct str grants(struct fixture *f, struct tx *tx, int64_t owner, int64_t user,
                         int64_t package)
{
    struct grant_list list = {0};
    struct str all = S("");

    must(f, grant_list(tx, f->mem, owner, user, package, &list, &f->err));
    for (size_t i = 0; i < list.count; i++)
        all = str_fmt(f->mem, STR_FMT "%s" STR_FMT ":" STR_FMT, STR_ARG(all), i ? " " : "",
                      STR_ARG(list.rows[i].group), STR_ARG(list.rows[i].permission));
    return all;
}

static void each_reason_to_be_let_in_is_told(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), other = add_account(f, tx, "other"),
            bob = add_account(f, tx, "bob");
    int64_t numpy = add_package(f, tx, acme, "numpy"), attrs = add_package(f, tx, acme, "attrs");
    int64_t all = add_group(f, tx, acme, "all", "read", true),
            some = add_group(f, tx, acme, "some", "admin", false);
    const struct group_row row = {.id = some, .account_id = acme};
    bool is = true;

    assert_str(grants(f, tx, acme, bob, numpy), "");
    must(f, grant_is_member(tx, acme, bob, &is, &f->err));
    assert_false(is);
    must(f, group_add_member(tx, all, bob, NULL, &f->err));
    must(f, group_add_member(tx, some, bob, NULL, &f->err));
    must(f, group_add_package(tx, &row, numpy, NULL, &f->err));
    assert_str(grants(f, tx, acme, bob, attrs), "all:read");
    assert_str(grants(f, tx, acme, bob, 0), "all:read");
    must(f, collaborator_put(tx, numpy, bob, S("read"), &f->err));
    must(f, collaborator_put(tx, numpy, bob, S("write"), &f->err));
    must(f, group_remove_member(tx, all, bob, NULL, &f->err));
    assert_str(grants(f, tx, acme, bob, attrs), "");
    must(f, group_remove_member(tx, some, bob, NULL, &f->err));
    assert_str(grants(f, tx, acme, bob, numpy), ":write");
    must(f, grant_is_member(tx, acme, bob, &is, &f->err));
    assert_false(is); /* a collaborator is none */
    must(f, group_add_member(tx, some, bob, NULL, &f->err));
    must(f, grant_is_member(tx, acme, bob, &is, &f->err));
    assert_true(is);
    must(f, grant_is_member(tx, other, bob, &is, &f->err));
    assert_false(is);
    must(f, collaborator_delete(tx, numpy, bob, NULL, &f->err));
    assert_str(grants(f, tx, acme, bob, numpy), "some:admin");
    assert_str(grants(f, tx, other, bob, numpy), "");
    tx_endp(&tx);
}

static void a_suspended_user_is_granted_nothing_until_resumed(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), bob = add_account(f, tx, "bob"),
            ann = add_account(f, tx, "ann"), numpy = add_package(f, tx, acme, "numpy"),
            all = add_group(f, tx, acme, "all", "admin", true);
    bool is = true;

    must(f, group_add_member(tx, all, bob, NULL, &f->err));
    must(f, group_add_member(tx, all, ann, NULL, &f->err));
    must(f, collaborator_put(tx, numpy, bob, S("write"), &f->err));
    must(f, account_set_suspended(tx, bob, 1000, &f->err));
    assert_str(grants(f, tx, acme, bob, numpy), "");
    must(f, grant_is_member(tx, acme, bob, &is, &f->err));
    assert_false(is);
    assert_str(grants(f, tx, acme, ann, numpy), "all:admin");
    must(f, account_set_suspended(tx, bob, 0, &f->err));
    assert_str(grants(f, tx, acme, bob, numpy), "all:admin :write");
    must(f, grant_is_member(tx, acme, bob, &is, &f->err));
    assert_true(is);
    tx_endp(&tx);
}

/* Numbers of the private packages that a user was let into one by one, as text. */
static struct str chosen(struct fixture *f, struct tx *tx, int64_t owner, int64_t user)
{
    struct number_list list = {0};
    struct str all = S("");

    must(f, grant_packages(tx, f->mem, owner, user, &list, &f->err));
    for (size_t i = 0; i < list.count; i++)
        all =
            str_fmt(f->mem, STR_FMT "%s%lld", STR_ARG(all), i ? " " : "", (long long)list.items[i]);
    return all;
}

static void private_packages_are_told_that_somebody_was_let_into(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), other = add_account(f, tx, "other"),
            bob = add_account(f, tx, "bob"), eve = add_account(f, tx, "eve");
    int64_t one = add_package_with(f, tx, acme, "one", ACCESS_PRIVATE),
            open = add_package_with(f, tx, acme, "open", ACCESS_PUBLIC),
            users = add_package_with(f, tx, acme, "users", ACCESS_AUTHENTICATED),
            two = add_package_with(f, tx, acme, "two", ACCESS_PRIVATE),
            theirs = add_package_with(f, tx, other, "theirs", ACCESS_PRIVATE);
    const struct group_row some = {.id = add_group(f, tx, acme, "some", "read", false),
                                   .account_id = acme},
                           more = {.id = add_group(f, tx, acme, "more", "admin", false),
                                   .account_id = acme};
    const int64_t in_some[] = {two, open, users, one};
    struct str both = str_fmt(f->mem, "%lld %lld", (long long)one, (long long)two);

    assert_str(chosen(f, tx, acme, bob), "");
    must(f, collaborator_put(tx, two, bob, S("read"), &f->err));
    must(f, collaborator_put(tx, users, bob, S("read"), &f->err));
    must(f, collaborator_put(tx, theirs, bob, S("write"), &f->err));
    assert_str(chosen(f, tx, acme, bob), str_fmt(f->mem, "%lld", (long long)two).ptr);
    for (size_t i = 0; i < COUNT(in_some); i++)
        must(f, group_add_package(tx, &some, in_some[i], NULL, &f->err));
    must(f, group_add_package(tx, &more, one, NULL, &f->err));
    assert_str(chosen(f, tx, acme, bob), str_fmt(f->mem, "%lld", (long long)two).ptr);
    must(f, group_add_member(tx, some.id, bob, NULL, &f->err));
    must(f, group_add_member(tx, more.id, bob, NULL, &f->err));
    assert_true(str_eq(chosen(f, tx, acme, bob), both)); /* each once, ascending */
    assert_str(chosen(f, tx, acme, eve), "");
    assert_str(chosen(f, tx, other, bob), str_fmt(f->mem, "%lld", (long long)theirs).ptr);
    must(f, package_set_access(tx, one, ACCESS_AUTHENTICATED, &f->err));
    assert_str(chosen(f, tx, acme, bob), str_fmt(f->mem, "%lld", (long long)two).ptr);
    tx_endp(&tx);
}

static void collaborators_are_listed_and_go_with_their_package(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), bob = add_account(f, tx, "bob"),
            alice = add_account(f, tx, "alice"), numpy = add_package(f, tx, acme, "numpy");
    struct named_text_list list = {0};
    bool changed = false;

    must(f, collaborator_put(tx, numpy, bob, S("read"), &f->err));
    must(f, collaborator_put(tx, numpy, alice, S("write"), &f->err));
    must(f, collaborator_list(tx, f->mem, numpy, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "alice");
    assert_str(list.rows[0].text, "write");
    assert_str(list.rows[1].name, "bob");
    assert_str(list.rows[1].text, "read");
    must(f, collaborator_delete(tx, numpy, bob, &changed, &f->err));
    assert_true(changed);
    must(f, collaborator_delete(tx, numpy, bob, &changed, &f->err));
    assert_false(changed);
    must(f, package_delete(tx, numpy, &f->err));
    must(f, collaborator_list(tx, f->mem, numpy, &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

static void a_collaborator_of_everything_of_an_owner_goes_at_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t acme = add_account(f, tx, "acme"), other = add_account(f, tx, "other"),
            bob = add_account(f, tx, "bob"), alice = add_account(f, tx, "alice");
    int64_t numpy = add_package(f, tx, acme, "numpy"), attrs = add_package(f, tx, acme, "attrs"),
            theirs = add_package(f, tx, other, "numpy");

    must(f, collaborator_put(tx, numpy, bob, S("write"), &f->err));
    must(f, collaborator_put(tx, attrs, bob, S("write"), &f->err));
    must(f, collaborator_put(tx, theirs, bob, S("write"), &f->err));
    must(f, collaborator_put(tx, numpy, alice, S("write"), &f->err));
    must(f, collaborator_delete_all(tx, acme, bob, &f->err));
    assert_str(grants(f, tx, acme, bob, numpy), "");
    assert_str(grants(f, tx, acme, bob, attrs), "");
    assert_str(grants(f, tx, other, bob, theirs), ":write");
    assert_str(grants(f, tx, acme, alice, numpy), ":write");
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(each_reason_to_be_let_in_is_told),
        WITH_DATABASE(a_suspended_user_is_granted_nothing_until_resumed),
        WITH_DATABASE(private_packages_are_told_that_somebody_was_let_into),
        WITH_DATABASE(collaborators_are_listed_and_go_with_their_package),
        WITH_DATABASE(a_collaborator_of_everything_of_an_owner_goes_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
