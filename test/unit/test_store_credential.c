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
        .limits = S("label:dev"),
        .hostname = S("host"),
        .remote = S("192.0.2.2"),
        .created_ms = 30,
        .expires_ms = 40,
    };
}

/* Its number, once it is there. */
static int64_t id_of(struct fixture *f, struct tx *tx, int64_t account, const char *name)
{
    int64_t id = 0;

    must(f, token_id_by_name(tx, account, str_of(name), &id, &f->err));
    return id;
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
    assert_str(got.limits, "label:dev");
    assert_int_equal(got.refused_ms, 0);
    assert_int_equal(got.created_ms, 30);
    assert_int_equal(got.expires_ms, 40);
    must(f, token_revoke(tx, got.id, 50, &f->err));
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
    struct credential_row found;
    int64_t id = 0;

    assert_int_equal(token_id_by_name(tx, alice, S("ci"), &id, &f->err), ERR_NOT_FOUND);
    assert_string_equal(f->err.msg, "there is no token \"ci\"");
    must(f, token_insert(tx, &a, &f->err));
    must(f, token_insert(tx, &b, &f->err));
    must(f, token_id_by_name(tx, alice, S("ci"), &id, &f->err));
    must(f, token_find(tx, f->mem, a.hash, &found, &f->err));
    assert_int_equal(id, found.id);
    assert_int_equal(token_id_by_name(tx, alice, S("CI"), &id, NULL), ERR_NOT_FOUND);
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
    assert_str(list.rows[1].limits, "label:dev");
    assert_int_equal(list.rows[1].last_used_ms, 0);
    assert_int_equal(list.rows[1].account_id, alice);
    assert_int_equal(list.rows[1].created_ms, 30);
    assert_int_equal(list.rows[1].expires_ms, 40);
    must(f, token_revoke(tx, list.rows[1].id, 50, &f->err));
    must(f, token_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.count, 1);
    must(f, token_list(tx, f->mem, bob, &list, &f->err));
    assert_int_equal(list.count, 1);
    tx_endp(&tx);
}

static void the_latest_use_is_kept(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct token_row row = token_of(f, alice, 'a', "ci");
    static const int64_t times[] = {20, 30, 10, 30};
    struct token_list list = {0};
    int64_t id;

    must(f, token_insert(tx, &row, &f->err));
    id = id_of(f, tx, alice, "ci");
    for (size_t i = 0; i < COUNT(times); i++)
        must(f,
             token_set_used(tx, id, times[i], str_fmt(f->mem, "from %zu", i), S("pip"), &f->err));
    must(f, token_set_used(tx, id + 1, 50, S("x"), S("pip"), &f->err)); /* gone */
    must(f, token_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.rows[0].last_used_ms, 30);
    assert_str(list.rows[0].last_used_from, "from 1");
    assert_str(list.rows[0].last_used_by, "pip");
    tx_endp(&tx);
}

static void a_revoked_token_leaves_what_it_was(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct token_row row = token_of(f, alice, 'a', "ci");
    struct revoked_token_row got = {0};
    struct token_list list = {0};
    bool any = true;
    int64_t id;

    must(f, token_insert(tx, &row, &f->err));
    id = id_of(f, tx, alice, "ci");
    assert_int_equal(revoked_token_find(tx, f->mem, row.hash, &got, NULL), ERR_NOT_FOUND);
    must(f, token_revoke(tx, id, 50, &f->err));
    must(f, token_revoke(tx, id, 60, &f->err)); /* is one no more */
    must(f, revoked_token_find(tx, f->mem, row.hash, &got, &f->err));
    assert_int_equal(got.id, id);
    assert_int_equal(got.account_id, alice);
    assert_int_equal(got.refused_ms, 0);
    assert_str(got.login, "alice");
    assert_str(got.name, "ci");
    must(f, token_list(tx, f->mem, alice, &list, &f->err));
    assert_int_equal(list.count, 0);
    must(f, token_insert(tx,
                         &(struct token_row){
                             .hash = hash_of(f->mem, 'b'), .account_id = alice, .name = S("ci")},
                         &f->err));
    must(f, revoked_token_any(tx, 49, &any, &f->err));
    assert_false(any);
    must(f, revoked_token_any(tx, 50, &any, &f->err));
    assert_true(any);
    must(f, revoked_token_sweep(tx, 50, 10, &f->err));
    assert_int_equal(revoked_token_find(tx, f->mem, row.hash, &got, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void refusals_are_noted_once_in_a_while(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    struct token_row a = token_of(f, alice, 'a', "a"), b = token_of(f, alice, 'b', "b");
    struct credential_row living;
    struct revoked_token_row dead;
    int64_t ids[2];
    bool noted = false;

    must(f, token_insert(tx, &a, &f->err));
    must(f, token_insert(tx, &b, &f->err));
    ids[0] = id_of(f, tx, alice, "a");
    ids[1] = id_of(f, tx, alice, "b");
    must(f, token_revoke(tx, ids[1], 1, &f->err));
    for (int revoked = 0; revoked <= 1; revoked++) {
        int64_t id = ids[revoked];

        must(f, token_note_refusal(tx, id, revoked, 1000, 900, &noted, &f->err));
        assert_true(noted);
        must(f, token_note_refusal(tx, id, revoked, 1099, 999, &noted, &f->err));
        assert_false(noted);
        must(f, token_note_refusal(tx, id, revoked, 1100, 1000, &noted, &f->err));
        assert_true(noted);
        must(f, token_note_refusal(tx, id, !revoked, 9000, 8000, &noted, &f->err));
        assert_false(noted); /* it is not there */
    }
    must(f, token_find(tx, f->mem, a.hash, &living, &f->err));
    assert_int_equal(living.refused_ms, 1100);
    must(f, revoked_token_find(tx, f->mem, b.hash, &dead, &f->err));
    assert_int_equal(dead.refused_ms, 1100);
    tx_endp(&tx);
}

static void tokens_that_end_are_listed_until_their_owner_is_told(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice");
    static const int64_t ends[] = {0, 10, 20, 30, 40, 25};
    struct ending_token_list list;
    bool set = false;

    for (size_t i = 0; i < COUNT(ends); i++) {
        struct token_row row = token_of(f, alice, (char)('a' + i), str_fmt(f->mem, "t%zu", i).ptr);

        row.expires_ms = ends[i];
        must(f, token_insert(tx, &row, &f->err));
    }
    must(f, token_list_ending(tx, f->mem, 10, 30, 2, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "t2");
    assert_str(list.rows[0].login, "alice");
    assert_int_equal(list.rows[0].account_id, alice);
    assert_int_equal(list.rows[0].expires_ms, 20);
    assert_str(list.rows[1].name, "t5");
    must(f, token_set_warned(tx, list.rows[0].id, 5, &set, &f->err));
    assert_true(set);
    must(f, token_set_warned(tx, list.rows[0].id, 6, &set, &f->err));
    assert_false(set);
    must(f, token_list_ending(tx, f->mem, 10, 30, 9, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].name, "t5");
    assert_str(list.rows[1].name, "t3");
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
        WITH_DATABASE(the_latest_use_is_kept),
        WITH_DATABASE(a_revoked_token_leaves_what_it_was),
        WITH_DATABASE(refusals_are_noted_once_in_a_while),
        WITH_DATABASE(tokens_that_end_are_listed_until_their_owner_is_told),
        WITH_DATABASE(one_setup_code_holds_until_it_expires_or_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
