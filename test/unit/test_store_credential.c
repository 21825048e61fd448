#include "store_fixture.h"

#include "store/credential.h"

static struct session_row session_of(struct fixture *f, int64_t account, char letter)
{
    return (struct session_row){
        .hash = hash_of(f->mem, letter),
        .account_id = account,
        .created_ms = 10,
        .expires_ms = 20,
        .remote = S("192.0.2.1"),
        .agent = S("Mozilla"),
    };
}

static struct token_row token_of(struct fixture *f, int64_t account, char letter, const char *name)
{
    return (struct token_row){
        .hash = hash_of(f->mem, letter),
        .account_id = account,
        .name = str_of(name),
        .scopes = S("conda:download api:read"),
        .hostname = S("host"),
        .remote = S("192.0.2.2"),
        .created_ms = 30,
        .expires_ms = 40,
    };
}

/* --- sessions ------------------------------------------------------------------------------ */

static void session_leads_to_its_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct session_row row = session_of(f, alice, 'a');
    struct credential_row got = {0};

    must(f, account_set_superuser(tx, alice, true, &f->err));
    must(f, session_insert(tx, &row, &f->err));
    must(f, session_find(tx, f->mem, row.hash, &got, &f->err));
    assert_true(got.id > 0);
    assert_int_equal(got.account_id, alice);
    assert_str(got.login, "alice");
    assert_true(got.superuser);
    assert_str(got.token_name, "");
    assert_str(got.scopes, "");
    assert_int_equal(got.created_ms, 10);
    assert_int_equal(got.expires_ms, 20);
    assert_int_equal(session_find(tx, f->mem, hash_of(f->mem, 'b'), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(session_find(tx, f->mem, S(""), &got, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static bool has_session(struct fixture *f, struct tx *tx, char letter)
{
    struct credential_row got;
    enum err_code code = session_find(tx, f->mem, hash_of(f->mem, letter), &got, &f->err);

    assert_true(code == OK || code == ERR_NOT_FOUND);
    return code == OK;
}

static void sessions_end_one_by_one_or_all_of_an_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");

    for (char c = 'a'; c <= 'f'; c++) {
        struct session_row row = session_of(f, c < 'e' ? alice : bob, c);

        row.expires_ms = c == 'd' ? 0 : 100 + c - 'a';
        must(f, session_insert(tx, &row, &f->err));
    }
    must(f, session_delete(tx, hash_of(f->mem, 'a'), &f->err));
    must(f, session_delete(tx, hash_of(f->mem, 'a'), &f->err)); /* gone already: fine */
    assert_false(has_session(f, tx, 'a'));
    assert_true(has_session(f, tx, 'b'));
    must(f, session_delete_all(tx, alice, &f->err));
    assert_false(has_session(f, tx, 'b'));
    assert_false(has_session(f, tx, 'c'));
    assert_false(has_session(f, tx, 'd'));
    assert_true(has_session(f, tx, 'e'));
    assert_true(has_session(f, tx, 'f'));
    tx_endp(&tx);
}

static bool any_expired(struct fixture *f, struct tx *tx, int64_t now_ms)
{
    bool any = false;

    must(f, session_any_expired(tx, now_ms, &any, &f->err));
    return any;
}

static void expired_sessions_are_noticed_and_swept_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");

    for (char c = 'a'; c <= 'd'; c++) {
        struct session_row row = session_of(f, alice, c);

        row.expires_ms = c == 'a' ? 0 : 200 - c; /* d is over first, a never */
        must(f, session_insert(tx, &row, &f->err));
    }
    assert_false(any_expired(f, tx, 200 - 'd' - 1));
    assert_true(any_expired(f, tx, 200 - 'd'));
    must(f, session_sweep(tx, 200 - 'c', 1, &f->err));
    assert_false(has_session(f, tx, 'd'));
    assert_true(has_session(f, tx, 'c'));
    must(f, session_sweep(tx, 200 - 'c', 5, &f->err));
    assert_false(has_session(f, tx, 'c'));
    assert_true(has_session(f, tx, 'b'));
    assert_false(any_expired(f, tx, 200 - 'c'));
    must(f, session_sweep(tx, 1000, 5, &f->err));
    assert_false(any_expired(f, tx, 1000));
    assert_false(has_session(f, tx, 'b'));
    assert_true(has_session(f, tx, 'a'));
    tx_endp(&tx);
}

static void secret_that_is_no_hash_is_refused(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct session_row row = session_of(f, add_account(f, tx, "alice"), 'a');

    row.hash = S("plain secret");
    assert_int_equal(session_insert(tx, &row, &f->err), ERR_INVALID);
    tx_endp(&tx);
}

/* --- tokens -------------------------------------------------------------------------------- */

static void token_leads_to_its_account_name_and_scopes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct token_row row = token_of(f, alice, 'a', "ci");
    struct credential_row got = {0};

    must(f, token_insert(tx, &row, &f->err));
    must(f, token_find(tx, f->mem, row.hash, &got, &f->err));
    assert_int_equal(got.account_id, alice);
    assert_str(got.login, "alice");
    assert_false(got.superuser);
    assert_str(got.token_name, "ci");
    assert_str(got.scopes, "conda:download api:read");
    assert_int_equal(got.created_ms, 30);
    assert_int_equal(got.expires_ms, 40);
    must(f, token_delete(tx, got.id, &f->err));
    assert_int_equal(token_find(tx, f->mem, row.hash, &got, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void token_names_are_unique_within_an_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct token_row a = token_of(f, alice, 'a', "ci"), b = token_of(f, bob, 'b', "ci"),
                     c = token_of(f, alice, 'c', "ci");
    bool taken = true;

    must(f, token_name_taken(tx, alice, S("ci"), &taken, &f->err));
    assert_false(taken);
    must(f, token_insert(tx, &a, &f->err));
    must(f, token_insert(tx, &b, &f->err));
    must(f, token_name_taken(tx, alice, S("ci"), &taken, &f->err));
    assert_true(taken);
    must(f, token_name_taken(tx, alice, S("CI"), &taken, &f->err));
    assert_false(taken);
    assert_int_equal(token_insert(tx, &c, &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.msg, "token \"ci\" exists already");
    tx_endp(&tx);
}

static void tokens_are_listed_and_removed_by_name(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct token_row rows[] = {token_of(f, alice, 'a', "z"), token_of(f, alice, 'b', "a"),
                               token_of(f, bob, 'c', "m")};
    struct token_list list = {0};

    for (size_t i = 0; i < COUNT(rows); i++)
        must(f, token_insert(tx, &rows[i], &f->err));
    must(f, token_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "a");
    assert_str(list.rows[1].name, "z");
    assert_str(list.rows[1].hash, "");
    assert_str(list.rows[1].hostname, "host");
    assert_str(list.rows[1].remote, "192.0.2.2");
    assert_str(list.rows[1].scopes, "conda:download api:read");
    assert_int_equal(list.rows[1].account_id, alice);
    assert_int_equal(list.rows[1].created_ms, 30);
    assert_int_equal(list.rows[1].expires_ms, 40);
    assert_int_equal(token_delete_by_name(tx, alice, S("m"), &f->err), ERR_NOT_FOUND);
    assert_string_equal(f->err.msg, "there is no token \"m\"");
    must(f, token_delete_by_name(tx, alice, S("z"), &f->err));
    must(f, token_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.count, 1);
    must(f, token_list(tx, f->mem, bob, &list, &f->err));
    assert_int_equal(list.count, 1);
    tx_endp(&tx);
}

/* --- the set-up code ----------------------------------------------------------------------- */

static bool code_holds(struct fixture *f, struct tx *tx, char letter, int64_t now)
{
    bool valid = true;

    must(f, setup_code_find(tx, hash_of(f->mem, letter), now, &valid, &f->err));
    return valid;
}

static void one_setup_code_holds_until_it_expires_or_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    assert_false(code_holds(f, tx, 'a', 0));
    must(f, setup_code_set(tx, hash_of(f->mem, 'a'), 100, &f->err));
    assert_true(code_holds(f, tx, 'a', 99));
    assert_false(code_holds(f, tx, 'a', 100));
    assert_false(code_holds(f, tx, 'b', 99));
    must(f, setup_code_set(tx, hash_of(f->mem, 'b'), 0, &f->err));
    assert_false(code_holds(f, tx, 'a', 50));
    assert_true(code_holds(f, tx, 'b', INT64_MAX)); /* 0: never */
    must(f, setup_code_clear(tx, &f->err));
    assert_false(code_holds(f, tx, 'b', 50));
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(session_leads_to_its_account),
        WITH_DATABASE(sessions_end_one_by_one_or_all_of_an_account),
        WITH_DATABASE(expired_sessions_are_noticed_and_swept_oldest_first),
        WITH_DATABASE(secret_that_is_no_hash_is_refused),
        WITH_DATABASE(token_leads_to_its_account_name_and_scopes),
        WITH_DATABASE(token_names_are_unique_within_an_account),
        WITH_DATABASE(tokens_are_listed_and_removed_by_name),
        WITH_DATABASE(one_setup_code_holds_until_it_expires_or_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
