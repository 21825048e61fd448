/* Who has marked which package. */
#include "store/favorite.h"

#include "store/download.h"
#include "store_fixture.h"

static void marking_twice_changes_nothing_more(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t bob = add_account(f, tx, "bob"), count = -1;
    bool changed = false, has = true;

    must(f, favorite_has(tx, bob, t.package, &has, &f->err));
    assert_false(has);
    must(f, favorite_put(tx, bob, t.package, 5, &changed, &f->err));
    assert_true(changed);
    must(f, favorite_put(tx, bob, t.package, 6, &changed, &f->err));
    assert_false(changed);
    must(f, favorite_put(tx, t.account, t.package, 7, &changed, &f->err));
    assert_true(changed);
    must(f, favorite_has(tx, bob, t.package, &has, &f->err));
    assert_true(has);
    must(f, favorite_count(tx, t.package, &count, &f->err));
    assert_int_equal(count, 2);
    must(f, favorite_count_of(tx, bob, &count, &f->err));
    assert_int_equal(count, 1);
    must(f, favorite_delete(tx, bob, t.package, &changed, &f->err));
    assert_true(changed);
    must(f, favorite_delete(tx, bob, t.package, &changed, &f->err));
    assert_false(changed);
    must(f, favorite_count(tx, t.package, &count, &f->err));
    assert_int_equal(count, 1);
    tx_endp(&tx);
}

static void they_are_listed_with_what_one_wants_to_know(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t bob = add_account(f, tx, "bob"), second = add_package(f, tx, t.account, "scipy");
    const struct download_row row = {
        .package_id = second, .day = 1, .client = S("pip"), .count = 4};
    struct favorite_list list;
    bool changed;

    must(f, package_set_access(tx, second, ACCESS_PRIVATE, &f->err));
    must(f, package_update(tx, second, S("a summary"), S("{}"), S("2.0"), 99, &f->err));
    must(f, download_add_to_package(tx, &row, &f->err));
    must(f, favorite_put(tx, bob, t.package, 5, &changed, &f->err));
    must(f, favorite_put(tx, bob, second, 6, &changed, &f->err));
    must(f, favorite_put(tx, t.account, second, 7, &changed, &f->err));
    must(f, favorite_list(tx, f->mem, bob, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_true(str_eq(list.rows[0].name, S("scipy")));
    assert_true(str_eq(list.rows[0].owner, S("alice")));
    assert_int_equal(list.rows[0].owner_id, t.account);
    assert_int_equal(list.rows[0].package_id, second);
    assert_true(str_eq(list.rows[0].summary, S("a summary")));
    assert_true(str_eq(list.rows[0].latest_version, S("2.0")));
    assert_int_equal(list.rows[0].access, ACCESS_PRIVATE);
    assert_int_equal(list.rows[0].created_ms, 6);
    assert_int_equal(list.rows[0].updated_ms, 99);
    assert_int_equal(list.rows[0].favorites, 2);
    assert_int_equal(list.rows[0].downloads, 4);
    assert_true(str_eq(list.rows[1].name, S("numpy")));
    assert_int_equal(list.rows[1].favorites, 1);
    assert_int_equal(list.rows[1].downloads, 0);
    tx_endp(&tx);
}

static void they_go_with_the_package_and_with_who_marked_it(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t bob = add_account(f, tx, "bob"), carol = add_account(f, tx, "carol"), count = -1;
    bool changed;

    must(f, favorite_put(tx, bob, t.package, 5, &changed, &f->err));
    must(f, favorite_put(tx, carol, t.package, 5, &changed, &f->err));
    must(f, account_delete(tx, carol, &f->err));
    must(f, favorite_count(tx, t.package, &count, &f->err));
    assert_int_equal(count, 1);
    must(f, package_delete(tx, t.package, &f->err));
    must(f, favorite_count_of(tx, bob, &count, &f->err));
    assert_int_equal(count, 0);
    commit(f, &tx);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(marking_twice_changes_nothing_more),
        WITH_DB(they_are_listed_with_what_one_wants_to_know),
        WITH_DB(they_go_with_the_package_and_with_who_marked_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
