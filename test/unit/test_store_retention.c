/* Rows of the rules by which files are kept. */
#include "store_fixture.h"

#include "store/retention.h"
#include "store/upload.h"

#define RULES "{\"rules\":[]}"

static void rules_are_put_replaced_and_dropped(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct str rules;
    bool changed = false;

    assert_int_equal(retention_of_account(tx, f->mem, t.account, &rules, &f->err), ERR_NOT_FOUND);
    assert_int_equal(retention_of_package(tx, f->mem, t.package, &rules, &f->err), ERR_NOT_FOUND);
    must(f, retention_put_account(tx, t.account, S("a"), 1, &changed, &f->err));
    assert_true(changed);
    must(f, retention_put_account(tx, t.account, S("a"), 2, &changed, &f->err));
    assert_false(changed);
    must(f, retention_put_account(tx, t.account, S("b"), 3, &changed, &f->err));
    assert_true(changed);
    must(f, retention_of_account(tx, f->mem, t.account, &rules, &f->err));
    assert_str(rules, "b");
    must(f, retention_put_account(tx, t.account, S(""), 4, &changed, &f->err));
    assert_true(changed);
    must(f, retention_put_account(tx, t.account, S(""), 5, &changed, &f->err));
    assert_false(changed);
    must(f, retention_put_package(tx, t.package, S("c"), 6, &changed, &f->err));
    must(f, retention_of_package(tx, f->mem, t.package, &rules, &f->err));
    assert_str(rules, "c");
    must(f, retention_put_package(tx, t.package, S(""), 7, &changed, &f->err));
    assert_true(changed);
    assert_int_equal(retention_of_package(tx, f->mem, t.package, &rules, &f->err), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void packages_have_their_own_rules_or_their_accounts(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t bob = add_account(f, tx, "bob");
    struct retention_list list;
    struct retention_row row;
    bool changed;

    (void)add_package(f, tx, t.account, "zlib");
    (void)add_package(f, tx, bob, "other");
    must(f, retention_list(tx, f->mem, t.account, S(""), 10, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "numpy");
    assert_str(list.rows[0].rules, "");
    must(f, retention_put_account(tx, t.account, S("all"), 1, &changed, &f->err));
    must(f, retention_put_package(tx, t.package, S("own"), 1, &changed, &f->err));
    must(f, retention_list(tx, f->mem, t.account, S(""), 10, &list, &f->err));
    assert_str(list.rows[0].rules, "own");
    assert_true(list.rows[0].own);
    assert_str(list.rows[1].rules, "all");
    assert_false(list.rows[1].own);
    must(f, retention_list(tx, f->mem, t.account, S("numpy"), 10, &list, &f->err));
    assert_int_equal(list.count, 1);
    must(f, retention_list(tx, f->mem, t.account, S(""), 1, &list, &f->err));
    assert_int_equal(list.count, 1);
    must(f, retention_find(tx, f->mem, t.account, S("zlib"), &row, &f->err));
    assert_str(row.rules, "all");
    assert_int_equal(retention_find(tx, f->mem, bob, S("zlib"), &row, &f->err), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void accounts_with_rules_are_found_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t bob = add_account(f, tx, "bob"), carl = add_account(f, tx, "carl"), id = 0;
    struct str login;
    bool changed;

    assert_int_equal(retention_next_account(tx, f->mem, 0, &id, &login, &f->err), ERR_NOT_FOUND);
    must(f, retention_put_account(tx, carl, S(RULES), 1, &changed, &f->err));
    must(f, retention_put_package(tx, t.package, S(RULES), 1, &changed, &f->err));
    must(f, retention_next_account(tx, f->mem, 0, &id, &login, &f->err));
    assert_str(login, "alice");
    assert_int_equal(id, t.account);
    must(f, retention_next_account(tx, f->mem, id, &id, &login, &f->err));
    assert_str(login, "carl");
    assert_true(bob < carl);
    assert_int_equal(retention_next_account(tx, f->mem, id, &id, &login, &f->err), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void labels_of_a_packages_files_are_listed_by_file(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row row = file_of(f, t.account, t.package, t.release, "noarch/numpy-1.0-0.conda");
    int64_t one = add_file(f, tx, &row), label;
    struct retention_label_list labels;

    row = file_of(f, t.account, t.package, t.release, "linux-64/numpy-1.0-0.conda");
    (void)add_file(f, tx, &row);
    must(f, retention_labels(tx, f->mem, t.package, &labels, &f->err));
    assert_int_equal(labels.count, 0);
    must(f, label_ensure(tx, t.account, S("main"), &label, &f->err));
    must(f, label_attach(tx, one, label, ACCESS_PUBLIC, &f->err));
    must(f, label_ensure(tx, t.account, S("dev"), &label, &f->err));
    must(f, label_attach(tx, one, label, ACCESS_PUBLIC, &f->err));
    commit(f, &tx);
    run_script(f, "UPDATE label SET locked = 1 WHERE name = 'main'");
    tx = begin(f, TX_READ);
    must(f, retention_labels(tx, f->mem, t.package, &labels, &f->err));
    assert_int_equal(labels.count, 2);
    assert_int_equal(labels.rows[0].file_id, one);
    assert_str(labels.rows[0].label.name, "dev");
    assert_false(labels.rows[0].label.locked);
    assert_str(labels.rows[1].label.name, "main");
    assert_true(labels.rows[1].label.locked);
    tx_endp(&tx);
}

static void only_an_empty_release_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row row = file_of(f, t.account, t.package, t.release, "noarch/numpy-1.0-0.conda");
    int64_t file = add_file(f, tx, &row);
    const struct upload_row upload = {.ticket_hash = hash_of(f->mem, 't'),
                                      .dist_id = S("d"),
                                      .account_id = t.account,
                                      .uploader_id = t.account,
                                      .package_id = t.package,
                                      .release_id = t.release,
                                      .type = S("conda"),
                                      .basename = S("noarch/numpy-1.0-1.conda"),
                                      .declared_sha256 = S(""),
                                      .attrs = S("{}"),
                                      .labels = S("[]"),
                                      .description = S(""),
                                      .expires_ms = 10};
    struct upload_row found;
    bool gone = true;

    must(f, retention_drop_release(tx, t.release, &gone, &f->err));
    assert_false(gone);
    must(f, upload_insert(tx, &upload, &f->err));
    must(f, file_delete(tx, file, &f->err));
    must(f, retention_drop_release(tx, t.release, &gone, &f->err));
    assert_false(gone);
    must(f, upload_by_dist_id(tx, f->mem, S("d"), 1, &found, &f->err));
    must(f, upload_delete(tx, found.id, &f->err));
    must(f, retention_drop_release(tx, t.release, &gone, &f->err));
    assert_true(gone);
    tx_endp(&tx);
}

static void the_last_run_is_remembered(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct retention_run run = {10, 2, 30, S("why")};

    assert_int_equal(retention_run_find(tx, f->mem, t.account, &run, &f->err), ERR_NOT_FOUND);
    must(f, retention_run_put(tx, t.account, &run, &f->err));
    run = (struct retention_run){.ended_ms = 11, .problem = S("")};
    must(f, retention_run_put(tx, t.account, &run, &f->err));
    run = (struct retention_run){0};
    must(f, retention_run_find(tx, f->mem, t.account, &run, &f->err));
    assert_int_equal(run.ended_ms, 11);
    assert_int_equal(run.files, 0);
    assert_str(run.problem, "");
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(rules_are_put_replaced_and_dropped),
        WITH_DATABASE(packages_have_their_own_rules_or_their_accounts),
        WITH_DATABASE(accounts_with_rules_are_found_one_after_the_other),
        WITH_DATABASE(labels_of_a_packages_files_are_listed_by_file),
        WITH_DATABASE(only_an_empty_release_is_dropped),
        WITH_DATABASE(the_last_run_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
