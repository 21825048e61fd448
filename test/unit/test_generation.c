/* The states that an account's channels had, what changed in each, and what is hidden since. */
#include "store_fixture.h"

#include "store/generation.h"

static void make(struct fixture *f, struct tx *tx, int64_t account, int64_t number, int64_t ms)
{
    must(f, generation_ensure(tx, account, number, ms, &f->err));
}

static int64_t newest(struct fixture *f, struct tx *tx, int64_t account)
{
    int64_t number = -1;

    must(f, generation_newest(tx, account, &number, &f->err));
    return number;
}

/* "3 2 1", of those below a number. */
static struct str page(struct fixture *f, struct tx *tx, int64_t account, int64_t before,
                       int64_t max)
{
    struct generation_list list = {0};
    struct str text = S("");

    must(f, generation_page(tx, f->mem, account, before, max, &list, &f->err));
    for (size_t i = 0; i < list.count; i++)
        text = str_fmt(f->mem, STR_FMT "%s%lld", STR_ARG(text), i ? " " : "",
                       (long long)list.rows[i].number);
    return text;
}

/* The number of the one that was the newest at a moment; 0: there was none. */
static int64_t at(struct fixture *f, struct tx *tx, int64_t account, int64_t ms)
{
    struct generation_row row = {0};
    enum err_code code = generation_at(tx, f->mem, account, ms, &row, &f->err);

    assert_true(code == OK || code == ERR_NOT_FOUND);
    return code ? 0 : row.number;
}

static int64_t sweep(struct fixture *f, struct tx *tx, int64_t before_ms, int64_t max)
{
    int64_t count = -1;

    must(f, generation_sweep(tx, before_ms, max, &count, &f->err));
    return count;
}

static void each_account_counts_its_own(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct generation_row row = {0};

    assert_int_equal(newest(f, tx, alice), 0);
    make(f, tx, alice, 1, 10);
    make(f, tx, alice, 2, 20);
    make(f, tx, bob, 1, 15);
    assert_int_equal(newest(f, tx, alice), 2);
    assert_int_equal(newest(f, tx, bob), 1);
    make(f, tx, alice, 2, 99); /* it is there */
    must(f, generation_find(tx, f->mem, alice, 2, &row, &f->err));
    assert_int_equal(row.number, 2);
    assert_int_equal(row.made_ms, 20);
    assert_str(row.actor, "");
    must(f, generation_set_actor(tx, alice, 2, S("carol"), &f->err));
    must(f, generation_find(tx, f->mem, alice, 2, &row, &f->err));
    assert_str(row.actor, "carol");
    must(f, generation_find(tx, f->mem, alice, 1, &row, &f->err));
    assert_str(row.actor, "");
    assert_int_equal(generation_find(tx, f->mem, alice, 3, &row, NULL), ERR_NOT_FOUND);
    assert_int_equal(generation_find(tx, f->mem, bob, 2, &row, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void a_moment_has_the_newest_of_then(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");

    make(f, tx, alice, 1, 10);
    make(f, tx, alice, 2, 20);
    make(f, tx, alice, 3, 20); /* of the same millisecond */
    make(f, tx, bob, 1, 5);
    assert_int_equal(at(f, tx, alice, 9), 0);
    assert_int_equal(at(f, tx, alice, 10), 1);
    assert_int_equal(at(f, tx, alice, 19), 1);
    assert_int_equal(at(f, tx, alice, 20), 3);
    assert_int_equal(at(f, tx, alice, INT64_MAX), 3);
    assert_int_equal(at(f, tx, bob, 9), 1);
    tx_endp(&tx);
}

static void pages_begin_with_the_newest(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct generation_list oldest = {0};

    for (int64_t i = 1; i <= 5; i++)
        make(f, tx, alice, i, i);
    make(f, tx, bob, 9, 9);
    assert_str(page(f, tx, alice, INT64_MAX, 2), "5 4");
    assert_str(page(f, tx, alice, 4, 2), "3 2");
    assert_str(page(f, tx, alice, 2, 2), "1");
    assert_str(page(f, tx, alice, 1, 2), "");
    must(f, generation_oldest(tx, f->mem, alice, &oldest, &f->err));
    assert_int_equal(oldest.count, 1);
    assert_int_equal(oldest.rows[0].number, 1);
    must(f, generation_oldest(tx, f->mem, bob + 1, &oldest, &f->err));
    assert_int_equal(oldest.count, 0);
    tx_endp(&tx);
}

static void add_change(struct fixture *f, struct tx *tx, int64_t account, int64_t number,
                       const char *filename)
{
    const struct generation_change change = {number, S("main"), S("noarch"), S("x"),
                                             str_of(filename)};

    must(f, generation_add_change(tx, account, &change, &f->err));
}

static void changes_are_told_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct generation_change_list list = {0};

    make(f, tx, alice, 1, 10);
    make(f, tx, alice, 2, 20);
    add_change(f, tx, alice, 2, "z");
    add_change(f, tx, alice, 1, "other");
    add_change(f, tx, alice, 2, "a");
    add_change(f, tx, alice, 2, "");
    must(f, generation_changes(tx, f->mem, alice, 2, 9, &list, &f->err));
    assert_int_equal(list.count, 3);
    assert_str(list.rows[0].filename, "z");
    assert_str(list.rows[1].filename, "a");
    assert_str(list.rows[2].filename, "");
    assert_int_equal(list.rows[0].number, 2);
    assert_str(list.rows[0].label, "main");
    assert_str(list.rows[0].subdir, "noarch");
    assert_str(list.rows[0].package, "x");
    must(f, generation_changes(tx, f->mem, alice, 2, 2, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[1].filename, "a");
    must(f, generation_changes(tx, f->mem, alice, 3, 9, &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

static void what_was_followed_before_a_moment_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct generation_change_list changes = {0};

    for (int64_t i = 1; i <= 4; i++) {
        make(f, tx, alice, i, 10 * i);
        add_change(f, tx, alice, i, "x");
    }
    make(f, tx, bob, 1, 10); /* old, but nothing came after it */
    assert_int_equal(sweep(f, tx, 20, 9), 0);
    assert_int_equal(sweep(f, tx, 21, 9), 1); /* the first ended at 20 */
    assert_str(page(f, tx, alice, INT64_MAX, 9), "4 3 2");
    must(f, generation_changes(tx, f->mem, alice, 1, 9, &changes, &f->err));
    assert_int_equal(changes.count, 0);
    must(f, generation_changes(tx, f->mem, alice, 2, 9, &changes, &f->err));
    assert_int_equal(changes.count, 1);
    assert_int_equal(sweep(f, tx, INT64_MAX, 1), 1); /* the oldest goes first */
    assert_str(page(f, tx, alice, INT64_MAX, 9), "4 3");
    assert_int_equal(sweep(f, tx, INT64_MAX, 9), 1);
    assert_int_equal(sweep(f, tx, INT64_MAX, 9), 0);
    assert_str(page(f, tx, alice, INT64_MAX, 9), "4");
    assert_str(page(f, tx, bob, INT64_MAX, 9), "1");
    assert_int_equal(newest(f, tx, alice), 4); /* no number is used twice */
    tx_endp(&tx);
}

/* Chunks of a generation go when one after it replaced them long ago: so does the generation. */
static void a_clock_that_was_set_back_keeps_nothing_for_ever(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    make(f, tx, alice, 1, 10);
    make(f, tx, alice, 2, 500);
    make(f, tx, alice, 3, 20);
    make(f, tx, alice, 4, 600);
    assert_int_equal(sweep(f, tx, 21, 9), 2);
    assert_str(page(f, tx, alice, INT64_MAX, 9), "4 3");
    tx_endp(&tx);
}

static int by_package(const void *a, const void *b)
{
    const struct generation_hidden *x = a, *y = b;

    return str_cmp(x->package, y->package);
}

/* "x=id/private y=0/private": 0 for those that are gone. */
static struct str hidden(struct fixture *f, struct tx *tx, int64_t account, int64_t number)
{
    struct generation_hidden_list list = {0};
    struct str text = S("");

    must(f, generation_hidden_after(tx, f->mem, account, number, &list, &f->err));
    if (list.count)
        qsort(list.rows, list.count, sizeof list.rows[0], by_package);
    for (size_t i = 0; i < list.count; i++)
        text = str_fmt(f->mem, STR_FMT "%s" STR_FMT "=%s/" STR_FMT, STR_ARG(text), i ? " " : "",
                       STR_ARG(list.rows[i].package), list.rows[i].package_id ? "id" : "0",
                       STR_ARG(access_level_name(list.rows[i].access)));
    return text;
}

static void a_package_is_hidden_in_what_was_before(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");

    (void)add_package_with(f, tx, alice, "x", ACCESS_AUTHENTICATED);
    (void)add_package(f, tx, bob, "gone"); /* another's is not meant */
    must(f, generation_hide(tx, alice, S("x"), 3, &f->err));
    must(f, generation_hide(tx, alice, S("gone"), 5, &f->err));
    assert_str(hidden(f, tx, alice, 2), "gone=0/private x=id/authenticated");
    assert_str(hidden(f, tx, alice, 3), "gone=0/private");
    assert_str(hidden(f, tx, alice, 5), "");
    assert_str(hidden(f, tx, bob, 0), "");
    must(f, generation_hide(tx, alice, S("x"), 7, &f->err)); /* the later one counts */
    assert_str(hidden(f, tx, alice, 6), "x=id/authenticated");
    tx_endp(&tx);
}

static void nothing_is_left_of_an_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    make(f, tx, alice, 1, 10);
    add_change(f, tx, alice, 1, "x");
    must(f, generation_hide(tx, alice, S("x"), 1, &f->err));
    must(f, account_delete(tx, alice, &f->err));
    assert_int_equal(newest(f, tx, alice), 0);
    assert_str(hidden(f, tx, alice, 0), "");
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(each_account_counts_its_own),
        WITH_DATABASE(a_moment_has_the_newest_of_then),
        WITH_DATABASE(pages_begin_with_the_newest),
        WITH_DATABASE(changes_are_told_in_their_order),
        WITH_DATABASE(what_was_followed_before_a_moment_is_forgotten),
        WITH_DATABASE(a_clock_that_was_set_back_keeps_nothing_for_ever),
        WITH_DATABASE(a_package_is_hidden_in_what_was_before),
        WITH_DATABASE(nothing_is_left_of_an_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
