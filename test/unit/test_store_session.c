#include "store_fixture.h"

#include "store/credential.h"
#include "store/session.h"

static void add_session(struct fixture *f, struct tx *tx, int64_t account, char hash,
                        int64_t created, int64_t expires)
{
    struct session_row row = {.hash = hash_of(f->mem, hash),
                              .account_id = account,
                              .created_ms = created,
                              .expires_ms = expires,
                              .remote = S("192.0.2.1"),
                              .agent = str_fmt(f->mem, "agent %c", hash)};

    must(f, session_insert(tx, &row, &f->err));
}

static struct session_list list(struct fixture *f, int64_t account)
{
    struct session_list found = {0};
    struct tx *tx = begin(f, TX_READ);

    must(f, session_list(tx, f->mem, account, 5000, &found, &f->err));
    tx_endp(&tx);
    return found;
}

static void sessions_of_an_account_are_listed_last_used_first(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct session_list found;

    add_session(f, tx, alice, 'a', 1000, 9000);
    add_session(f, tx, alice, 'b', 2000, 9000);
    add_session(f, tx, alice, 'c', 3000, 5000); /* over */
    add_session(f, tx, bob, 'd', 4000, 9000);
    commit(f, &tx);
    found = list(f, alice);
    assert_int_equal(found.count, 2);
    assert_str(found.rows[0].agent, "agent b");
    assert_int_equal(found.rows[0].created_ms, 2000);
    assert_int_equal(found.rows[0].seen_ms, 2000); /* when it was made */
    assert_str(found.rows[0].remote, "192.0.2.1");
    assert_str(found.rows[1].agent, "agent a");
}

static void a_use_is_noted_when_it_is_due(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct session_use use = {.now_ms = 1599, .every_ms = 600, .remote = S("192.0.2.1")};
    struct session_list found;
    bool due = true;

    add_session(f, tx, alice, 'a', 1000, 9000);
    add_session(f, tx, alice, 'b', 1100, 9000);
    commit(f, &tx);
    use.session_id = list(f, alice).rows[1].id;
    tx = begin(f, TX_WRITE);
    must(f, session_use_due(tx, &use, &due, &f->err));
    assert_false(due);
    use.now_ms = 1600;
    must(f, session_use_due(tx, &use, &due, &f->err));
    assert_true(due);
    use.now_ms = 1200;
    use.remote = S("192.0.2.2");
    must(f, session_use_due(tx, &use, &due, &f->err));
    assert_true(due);
    must(f, session_use_note(tx, &use, &f->err));
    must(f, session_use_due(tx, &use, &due, &f->err));
    assert_false(due);
    commit(f, &tx);
    found = list(f, alice);
    assert_int_equal(found.rows[0].id, use.session_id);
    assert_int_equal(found.rows[0].created_ms, 1000);
    assert_int_equal(found.rows[0].seen_ms, 1200);
    assert_str(found.rows[0].remote, "192.0.2.2");
}

static void only_a_session_of_the_account_is_removed(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), id;
    bool found = true;

    add_session(f, tx, alice, 'a', 1000, 9000);
    commit(f, &tx);
    id = list(f, alice).rows[0].id;
    tx = begin(f, TX_WRITE);
    must(f, session_delete_of(tx, bob, id, &found, &f->err));
    assert_false(found);
    must(f, session_delete_of(tx, alice, id, &found, &f->err));
    assert_true(found);
    must(f, session_delete_of(tx, alice, id, &found, &f->err));
    assert_false(found);
    commit(f, &tx);
    assert_int_equal(list(f, alice).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(sessions_of_an_account_are_listed_last_used_first),
        WITH_DATABASE(a_use_is_noted_when_it_is_due),
        WITH_DATABASE(only_a_session_of_the_account_is_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
