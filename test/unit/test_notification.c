#include "store/notification.h"

#include "store_fixture.h"

static int64_t tell(struct fixture *f, struct tx *tx, int64_t account, const char *kind,
                    int64_t now_ms)
{
    struct notification_row row = {
        .kind = str_of(kind), .parameters = S("{}"), .created_ms = now_ms};
    struct notification_list list = {0};

    must(f, notification_insert(tx, account, &row, &f->err));
    must(f, notification_list(tx, f->mem, account, &list, &f->err));
    assert_str(list.rows[0].kind, kind);
    return list.rows[0].id;
}

static void each_account_has_its_own_newest_first(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct notification_list list = {0};

    must(f, notification_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.count, 0);
    (void)tell(f, tx, alice, "first", 1000);
    (void)tell(f, tx, bob, "other", 1500);
    (void)tell(f, tx, alice, "second", 2000);
    must(f, notification_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].kind, "second");
    assert_str(list.rows[0].parameters, "{}");
    assert_int_equal(list.rows[0].created_ms, 2000);
    assert_int_equal(list.rows[0].read_ms, 0);
    assert_str(list.rows[1].kind, "first");
    tx_endp(&tx);
}

static void what_was_read_keeps_its_time(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    int64_t first = tell(f, tx, alice, "first", 1000);
    struct notification_list list = {0};
    bool changed = true;

    (void)tell(f, tx, alice, "second", 2000);
    must(f, notification_read(tx, bob, first, 3000, &changed, &f->err));
    assert_false(changed); /* not his */
    must(f, notification_read(tx, alice, first, 3000, &changed, &f->err));
    assert_true(changed);
    must(f, notification_read(tx, alice, 0, 4000, &changed, &f->err));
    assert_true(changed);
    must(f, notification_read(tx, alice, 0, 5000, &changed, &f->err));
    assert_false(changed);
    must(f, notification_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.rows[0].read_ms, 4000);
    assert_int_equal(list.rows[1].read_ms, 3000);
    tx_endp(&tx);
}

static void the_oldest_go_when_there_are_too_many(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct notification_list list = {0};

    (void)tell(f, tx, bob, "other", 1);
    for (int i = 0; i < NOTIFICATIONS_KEPT + 2; i++)
        (void)tell(f, tx, alice, "news", 1000 + i);
    must(f, notification_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.count, NOTIFICATIONS_KEPT);
    assert_int_equal(list.rows[0].created_ms, 1000 + NOTIFICATIONS_KEPT + 1);
    assert_int_equal(list.rows[NOTIFICATIONS_KEPT - 1].created_ms, 1002);
    must(f, notification_list(tx, f->mem, bob, &list, &f->err));
    assert_int_equal(list.count, 1);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(each_account_has_its_own_newest_first),
        WITH_DATABASE(what_was_read_keeps_its_time),
        WITH_DATABASE(the_oldest_go_when_there_are_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
