/* Who was told that something has no files. */
#include "store/told.h"

#include "store_fixture.h"

static bool was_told(struct fixture *f, struct tx *tx, struct told_key key, int64_t after_ms)
{
    bool was = false;

    must(f, told_find(tx, &key, after_ms, &was, &f->err));
    return was;
}

static void what_was_told_is_found_until_it_is_too_long_ago(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    const struct told_key release = {t.package, t.release, t.account};
    const struct told_key package = {t.package, 0, t.account};
    const struct told_key other = {t.package, t.release, add_account(f, tx, "bob")};

    must(f, told_put(tx, &release, 100, &f->err));
    assert_true(was_told(f, tx, release, 99));
    assert_false(was_told(f, tx, release, 100));
    assert_false(was_told(f, tx, package, 0));
    assert_false(was_told(f, tx, other, 0));
    must(f, told_put(tx, &release, 200, &f->err));
    assert_true(was_told(f, tx, release, 199));
    must(f, told_put(tx, &other, 201, &f->err));
    must(f, told_expire(tx, 200, &f->err));
    assert_false(was_told(f, tx, release, 0));
    assert_true(was_told(f, tx, other, 0));
    must(f, told_delete(tx, &other, &f->err));
    assert_false(was_told(f, tx, other, 0));
    tx_endp(&tx);
}

static void what_was_told_up_to_a_time_is_taken_back_of_release_and_package(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t second = add_release(f, tx, t.package, "9.9");
    const struct told_key release = {t.package, t.release, t.account};
    const struct told_key package = {t.package, 0, t.account};
    const struct told_key beside = {t.package, second, t.account};
    const struct told_key other = {t.package, t.release, add_account(f, tx, "bob")};

    must(f, told_put(tx, &package, 100, &f->err));
    must(f, told_put(tx, &release, 101, &f->err));
    must(f, told_put(tx, &beside, 100, &f->err));
    must(f, told_put(tx, &other, 100, &f->err));
    must(f, told_delete_until(tx, &release, 100, &f->err));
    assert_false(was_told(f, tx, package, 0));
    assert_true(was_told(f, tx, release, 0));
    assert_true(was_told(f, tx, beside, 0));
    assert_true(was_told(f, tx, other, 0));
    must(f, told_delete_until(tx, &release, 101, &f->err));
    assert_false(was_told(f, tx, release, 0));
    tx_endp(&tx);
}

static void it_goes_with_the_package_and_the_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t bob = add_account(f, tx, "bob");
    const struct told_key mine = {t.package, 0, t.account}, bobs = {t.package, 0, bob};

    must(f, told_put(tx, &mine, 100, &f->err));
    must(f, told_put(tx, &bobs, 100, &f->err));
    must(f, account_delete(tx, bob, &f->err));
    assert_false(was_told(f, tx, bobs, 0));
    assert_true(was_told(f, tx, mine, 0));
    must(f, package_delete(tx, t.package, &f->err));
    assert_false(was_told(f, tx, mine, 0));
    tx_endp(&tx);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(what_was_told_is_found_until_it_is_too_long_ago),
        WITH_DB(what_was_told_up_to_a_time_is_taken_back_of_release_and_package),
        WITH_DB(it_goes_with_the_package_and_the_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
