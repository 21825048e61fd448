/* What an account has stored: each digest once, whatever names it. */
#include "store_fixture.h"

#include "store/space.h"

static struct space_row space_of(struct fixture *f, struct tx *tx, int64_t account)
{
    struct space_row row;

    must(f, space_find(tx, account, &row, &f->err));
    return row;
}

static int64_t used(struct fixture *f, struct tx *tx, int64_t account)
{
    return space_of(f, tx, account).used;
}

/* A file of this basename, digest and size. */
static int64_t put(struct fixture *f, struct tx *tx, const struct tree *t, const char *basename,
                   char digest, int64_t size)
{
    struct file_row row = file_of(f, t->account, t->package, t->release, basename);

    row.sha256 = digest_of(f->mem, digest);
    row.size = size;
    return add_file(f, tx, &row);
}

static void each_digest_counts_once_while_a_file_has_it(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t one, two;
    bool has = true;

    assert_int_equal(used(f, tx, t.account), 0);
    must(f, space_has_blob(tx, t.account, digest_of(f->mem, '1'), &has, &f->err));
    assert_false(has);
    one = put(f, tx, &t, "noarch/x-1-0.conda", '1', 100);
    two = put(f, tx, &t, "linux-64/x-1-0.conda", '1', 100);
    (void)put(f, tx, &t, "noarch/y-1-0.conda", '2', 7);
    assert_int_equal(used(f, tx, t.account), 107);
    must(f, space_has_blob(tx, t.account, digest_of(f->mem, '1'), &has, &f->err));
    assert_true(has);
    must(f, file_delete(tx, one, &f->err));
    assert_int_equal(used(f, tx, t.account), 107);
    must(f, file_delete(tx, two, &f->err));
    assert_int_equal(used(f, tx, t.account), 7);
    tx_endp(&tx);
}

static void accounts_with_the_same_bytes_have_them_both(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree alice = add_tree(f, tx), bob = {.account = add_account(f, tx, "bob")};
    int64_t bobs;

    bob.package = add_package(f, tx, bob.account, "x");
    bob.release = add_release(f, tx, bob.package, "1.0");
    (void)put(f, tx, &alice, "noarch/x-1-0.conda", '1', 100);
    bobs = put(f, tx, &bob, "noarch/x-1-0.conda", '1', 100);
    assert_int_equal(used(f, tx, bob.account), 100);
    must(f, file_delete(tx, bobs, &f->err));
    assert_int_equal(used(f, tx, bob.account), 0);
    assert_int_equal(used(f, tx, alice.account), 100);
    tx_endp(&tx);
}

static void a_quota_is_given_and_taken_and_counts_anew(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);

    assert_int_equal(space_of(f, tx, t.account).quota, -1);
    (void)put(f, tx, &t, "noarch/x-1-0.conda", '1', 100);
    assert_int_equal(space_of(f, tx, t.account).quota, -1);
    commit(f, &tx);
    run_script(f, "UPDATE account_space SET used = 5");
    tx = begin(f, TX_WRITE);
    must(f, space_set_quota(tx, t.account, 1000, &f->err));
    assert_int_equal(space_of(f, tx, t.account).quota, 1000);
    assert_int_equal(used(f, tx, t.account), 100);
    must(f, space_set_quota(tx, t.account, 0, &f->err));
    assert_int_equal(space_of(f, tx, t.account).quota, 0);
    must(f, space_set_quota(tx, t.account, -1, &f->err));
    assert_int_equal(space_of(f, tx, t.account).quota, -1);
    tx_endp(&tx);
}

static void shares_are_told_by_type(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row row = file_of(f, t.account, t.package, t.release, "a/notes.ipynb");
    struct space_share_list types = {0};
    struct space_share trash;

    must(f, space_list_types(tx, f->mem, t.account, &types, &f->err));
    assert_int_equal(types.count, 0);
    row.type = S("ipynb");
    (void)add_file(f, tx, &row);
    (void)put(f, tx, &t, "noarch/x-1-0.conda", '1', 100);
    (void)put(f, tx, &t, "linux-64/x-1-0.conda", '1', 100);
    must(f, space_list_types(tx, f->mem, t.account, &types, &f->err));
    assert_int_equal(types.count, 2);
    assert_str(types.rows[0].type, "conda");
    assert_int_equal(types.rows[0].files, 2);
    assert_int_equal(types.rows[0].bytes, 200);
    assert_str(types.rows[1].type, "ipynb");
    assert_int_equal(types.rows[1].bytes, 123);
    must(f, space_of_trash(tx, t.account, &trash, &f->err));
    assert_int_equal(trash.files, 0);
    assert_int_equal(trash.bytes, 0);
    tx_endp(&tx);
}

static void a_sum_that_is_wrong_is_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct space_fault_list wrong = {0};

    (void)add_account(f, tx, "bob"); /* who has nothing */
    (void)put(f, tx, &t, "noarch/x-1-0.conda", '1', 100);
    (void)put(f, tx, &t, "linux-64/x-1-0.conda", '1', 100);
    must(f, space_list_wrong(tx, f->mem, &wrong, &f->err));
    assert_int_equal(wrong.count, 0);
    commit(f, &tx);
    run_script(f, "UPDATE account_space SET used = 99");
    tx = begin(f, TX_READ);
    must(f, space_list_wrong(tx, f->mem, &wrong, &f->err));
    assert_int_equal(wrong.count, 1);
    assert_str(wrong.rows[0].login, "alice");
    assert_int_equal(wrong.rows[0].used, 99);
    assert_int_equal(wrong.rows[0].counted, 100);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(each_digest_counts_once_while_a_file_has_it),
        WITH_DATABASE(accounts_with_the_same_bytes_have_them_both),
        WITH_DATABASE(a_quota_is_given_and_taken_and_counts_anew),
        WITH_DATABASE(shares_are_told_by_type),
        WITH_DATABASE(a_sum_that_is_wrong_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
