#include "store_fixture.h"

#include "store/audit.h"

static const struct stmt all = {"all",
                                "SELECT time_ms, actor_id, actor, token_name, remote, action, "
                                "object, detail FROM audit ORDER BY id",
                                "", "iitttttt"};

static void audit_row_holds_who_what_and_where(void **state)
{
    struct fixture *f = *state;
    struct rows *rows = NULL;
    struct tx *tx = begin(f, TX_WRITE);
    struct audit_row row = {
        .actor_id = 4, /* of an account that need not exist any more */
        .actor = S("alice"),
        .token_name = S("ci"),
        .remote = S("192.0.2.1"),
        .action = S("file.create"),
        .object = S("alice/numpy/1.0/linux-64/numpy-1.0-0.conda"),
        .detail = S("d"),
        .time_ms = 1234,
    };

    must(f, audit_insert(tx, &row, &f->err));
    commit(f, &tx);
    tx = begin(f, TX_READ);
    must(f, db_one(tx, &all, DB_NO_ARGS, &rows, &f->err));
    assert_int_equal(rows_int(rows, 0), 1234);
    assert_int_equal(rows_int(rows, 1), 4);
    assert_str(rows_text(rows, 2), "alice");
    assert_str(rows_text(rows, 3), "ci");
    assert_str(rows_text(rows, 4), "192.0.2.1");
    assert_str(rows_text(rows, 5), "file.create");
    assert_str(rows_text(rows, 6), "alice/numpy/1.0/linux-64/numpy-1.0-0.conda");
    assert_str(rows_text(rows, 7), "d");
    assert_false(rows_next(rows));
    rows_endp(&rows);
    tx_endp(&tx);
}

static void audit_row_shares_the_fate_of_its_action(void **state)
{
    struct fixture *f = *state;
    struct rows *rows = NULL;
    struct tx *tx = begin(f, TX_WRITE);
    struct audit_row row = {.actor = S("admin command"), .action = S("account.create")};

    (void)add_account(f, tx, "alice");
    must(f, audit_insert(tx, &row, &f->err));
    tx_endp(&tx);
    tx = begin(f, TX_READ);
    assert_int_equal(db_one(tx, &all, DB_NO_ARGS, &rows, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void audit_row_without_an_action_is_refused(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct audit_row row = {.actor = S("x")};

    assert_int_equal(audit_insert(tx, &row, &f->err), ERR_INVALID);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(audit_row_holds_who_what_and_where),
        WITH_DATABASE(audit_row_shares_the_fate_of_its_action),
        WITH_DATABASE(audit_row_without_an_action_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
