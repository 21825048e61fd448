#include "store_fixture.h"

static void inserted_account_is_found_by_login_number_and_email(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct account_row row = account_of(f, "alice"), got = {0};
    int64_t id = 0;

    row.name = S("Alice Ä");
    row.company = S("c");
    row.location = S("l");
    row.url = S("u");
    row.description = S("d");
    row.superuser = true;
    must(f, account_insert(tx, &row, S("7"), &id, &f->err));
    commit(f, &tx);
    tx = begin(f, TX_READ);
    must(f, account_by_login(tx, f->mem, S("alice"), &got, &f->err));
    tx_endp(&tx); /* the texts outlive it */
    assert_int_equal(got.id, id);
    assert_str(got.login, "alice");
    assert_str(got.kind, "user");
    assert_str(got.email, "alice@Example.org");
    assert_str(got.password_hash, "$argon2id$");
    assert_str(got.name, "Alice Ä");
    assert_str(got.company, "c");
    assert_str(got.location, "l");
    assert_str(got.url, "u");
    assert_str(got.description, "d");
    assert_true(got.superuser);
    assert_int_equal(got.created_ms, 1000);
    tx = begin(f, TX_READ);
    must(f, account_by_id(tx, f->mem, id, &got, &f->err));
    assert_str(got.login, "alice");
    must(f, account_by_email(tx, f->mem, S("ALICE@example.ORG"), &got, &f->err));
    assert_int_equal(got.id, id);
    tx_endp(&tx);
}

static void absent_account_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct account_row got = {.id = 77};

    assert_int_equal(account_by_login(tx, f->mem, S("bob"), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(account_by_id(tx, f->mem, 1, &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(account_by_email(tx, f->mem, S(""), &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(got.id, 77);
    tx_endp(&tx);
}

static void logins_are_one_in_any_case(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct account_row got = {0};

    (void)add_account(f, tx, "Alice");
    must(f, account_by_login(tx, f->mem, S("aLICE"), &got, &f->err));
    assert_str(got.login, "alice");
    tx_endp(&tx);
}

static void taken_login_or_email_is_a_conflict_that_names_its_field(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct account_row row = account_of(f, "alice");
    int64_t id = 0;

    (void)add_account(f, tx, "alice");
    row.email = S("other@example.org");
    assert_int_equal(account_insert(tx, &row, S("1"), &id, &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.field, "login");
    assert_string_equal(f->err.msg, "login \"alice\" is taken");
    row.login = S("bob");
    row.email = S("Alice@EXAMPLE.org");
    assert_int_equal(account_insert(tx, &row, S("1"), &id, &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.field, "email");
    assert_int_equal(id, 0);
    row.email = S("bob@example.org");
    must(f, account_insert(tx, &row, S("1"), &id, &f->err)); /* nothing was spoilt */
    tx_endp(&tx);
}

static void any_number_of_accounts_may_have_no_email(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    for (int i = 0; i < 3; i++) {
        struct account_row row = account_of(f, "x");
        int64_t id = 0;

        row.login = str_fmt(f->mem, "robot%d", i);
        row.email = S("");
        must(f, account_insert(tx, &row, S("1"), &id, &f->err));
    }
    tx_endp(&tx);
}

static void organizations_may_have_anybody_s_email(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct account_row row = account_of(f, "acme"), got = {0};
    int64_t id = 0, alice;

    row.kind = S("organization");
    row.email = S("Alice@example.org");
    must(f, account_insert(tx, &row, S("1"), &id, &f->err));
    assert_int_equal(account_by_email(tx, f->mem, row.email, &got, NULL), ERR_NOT_FOUND);
    alice = add_account(f, tx, "alice"); /* has the same */
    must(f, account_by_login(tx, f->mem, S("acme"), &got, &f->err));
    assert_str(got.email, "Alice@example.org");
    assert_str(got.package_creators, "writers");
    row.login = S("beta");
    must(f, account_insert(tx, &row, S("1"), &id, &f->err));
    must(f, account_by_email(tx, f->mem, row.email, &got, &f->err));
    assert_int_equal(got.id, alice);
    tx_endp(&tx);
}

static void profile_changes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct account_row row = {.id = alice,
                              .name = S("n"),
                              .company = S("c"),
                              .location = S("l"),
                              .url = S("u"),
                              .description = S("d"),
                              .package_creators = S("owners")},
                       got = {0};

    must(f, account_set_profile(tx, &row, &f->err));
    must(f, account_by_id(tx, f->mem, alice, &got, &f->err));
    assert_str(got.name, "n");
    assert_str(got.company, "c");
    assert_str(got.location, "l");
    assert_str(got.url, "u");
    assert_str(got.description, "d");
    assert_str(got.package_creators, "owners");
    assert_str(got.password_hash, "$argon2id$");
    must(f, account_by_id(tx, f->mem, bob, &got, &f->err));
    assert_str(got.name, "A Name");
    tx_endp(&tx);
}

static void retired_login_is_nobody_s_until_it_is_freed(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct account_row row = account_of(f, "alice");
    int64_t id = add_account(f, tx, "alice");
    bool is = true;

    must(f, login_is_retired(tx, S("alice"), &is, &f->err));
    assert_false(is);
    must(f, account_delete(tx, id, &f->err));
    must(f, login_retire(tx, S("Alice"), S("user"), 1000, &f->err));
    must(f, login_is_retired(tx, S("ALICE"), &is, &f->err));
    assert_true(is);
    assert_int_equal(account_insert(tx, &row, S("1"), &id, &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.field, "login");
    assert_string_equal(f->err.msg,
                        "login \"alice\" belonged to a deleted user and stays reserved");
    must(f, login_free(tx, S("alice"), &is, &f->err));
    assert_true(is);
    must(f, login_free(tx, S("alice"), &is, &f->err));
    assert_false(is);
    must(f, account_insert(tx, &row, S("1"), &id, &f->err));
    tx_endp(&tx);
}

static void password_and_rank_change(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), count = -1;
    struct account_row got = {0};

    (void)add_account(f, tx, "bob");
    must(f, account_count_superusers(tx, &count, &f->err));
    assert_int_equal(count, 0);
    must(f, account_set_password(tx, alice, S("new"), &f->err));
    must(f, account_set_superuser(tx, alice, true, &f->err));
    must(f, account_by_id(tx, f->mem, alice, &got, &f->err));
    assert_str(got.password_hash, "new");
    assert_true(got.superuser);
    must(f, account_count_superusers(tx, &count, &f->err));
    assert_int_equal(count, 1);
    must(f, account_by_login(tx, f->mem, S("bob"), &got, &f->err));
    assert_str(got.password_hash, "$argon2id$");
    assert_false(got.superuser);
    must(f, account_set_superuser(tx, alice, false, &f->err));
    must(f, account_count_superusers(tx, &count, &f->err));
    assert_int_equal(count, 0);
    assert_int_equal(account_set_password(tx, 999, S("x"), NULL), ERR_NOT_FOUND);
    assert_int_equal(account_set_superuser(tx, 999, true, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void suspension_is_kept_and_told(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob"), count = -1;
    struct account_row got = {0};

    must(f, account_set_superuser(tx, alice, true, &f->err));
    must(f, account_set_superuser(tx, bob, true, &f->err));
    must(f, account_by_id(tx, f->mem, alice, &got, &f->err));
    assert_int_equal(got.suspended_ms, 0);
    must(f, account_set_suspended(tx, alice, 1234, &f->err));
    must(f, account_by_login(tx, f->mem, S("alice"), &got, &f->err));
    assert_int_equal(got.suspended_ms, 1234);
    must(f, account_count_active_superusers(tx, &count, &f->err));
    assert_int_equal(count, 1);
    must(f, account_count_superusers(tx, &count, &f->err));
    assert_int_equal(count, 2);
    must(f, account_set_suspended(tx, alice, 0, &f->err));
    must(f, account_count_active_superusers(tx, &count, &f->err));
    assert_int_equal(count, 2);
    assert_int_equal(account_set_suspended(tx, 999, 1, NULL), ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void list_is_by_login_and_holds_no_password(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct account_list list = {0};

    must(f, account_list(tx, f->mem, &list, &f->err));
    assert_int_equal(list.count, 0);
    for (int i = 19; i >= 0; i--)
        (void)add_account(f, tx, str_fmt(f->mem, "user%02d%c", i, '\0').ptr);
    must(f, account_list(tx, f->mem, &list, &f->err));
    assert_int_equal(list.count, 20);
    for (size_t i = 0; i < list.count; i++) {
        char login[32];

        (void)snprintf(login, sizeof(login), "user%02zu", i);
        assert_str(list.rows[i].login, login);
        assert_str(list.rows[i].password_hash, "");
    }
    tx_endp(&tx);
}

static void numbers_are_never_used_again(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t first = add_account(f, tx, "alice"), second;

    must(f, tx_script(tx, "DELETE FROM account", &f->err));
    second = add_account(f, tx, "alice");
    assert_true(second > first);
    tx_endp(&tx);
}

/* Opens, inserts, reads, commits and closes. */
static enum err_code insert_from_scratch(struct fixture *f, const struct account_row *row)
{
    AUTO(db_closep) struct db *db = NULL;
    AUTO(tx_endp) struct tx *tx = NULL;
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    struct account_row got = {0};
    int64_t id = 0;
    enum err_code code = mem ? OK : ERR_NOMEM;

    if (code == OK)
        code = db_open(fixture_url(f), false, NULL, &db, &f->err);
    if (code == OK)
        code = tx_begin(db, TX_WRITE, &tx, &f->err);
    if (code == OK)
        code = account_insert(tx, row, S("1"), &id, &f->err);
    if (code == OK)
        code = account_by_id(tx, mem, id, &got, &f->err);
    if (code == OK)
        code = tx_commit(&tx, &f->err);
    return code;
}

static size_t count_accounts(struct fixture *f)
{
    struct account_list list = {0};
    struct tx *tx;

    must(f, db_open(fixture_url(f), false, NULL, &f->db, &f->err));
    tx = begin(f, TX_READ);
    must(f, account_list(tx, f->mem, &list, &f->err));
    tx_endp(&tx);
    db_closep(&f->db);
    return list.count;
}

static void each_failed_allocation_is_reported_and_leaves_no_row(void **state)
{
    struct fixture *f = *state;
    size_t inserted = 0;
    bool fired = true;
    long n = 0;

    db_closep(&f->db);
    while (fired) {
        struct account_row row = account_of(f, "alice");
        enum err_code code;

        row.login = str_fmt(f->mem, "user%ld", ++n);
        row.email = S("");
        mem_fail_at(n);
        code = insert_from_scratch(f, &row);
        fired = mem_count() >= n;
        mem_fail_at(0);
        /* The watch on other processes and the quick look at the version get along without. */
        assert_true(code == OK || (fired && code == ERR_NOMEM));
        inserted += code == OK;
        assert_int_equal(count_accounts(f), inserted);
    }
    assert_true(n > 12);
    assert_true(inserted <= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(inserted_account_is_found_by_login_number_and_email),
        WITH_DATABASE(absent_account_is_not_found),
        WITH_DATABASE(logins_are_one_in_any_case),
        WITH_DATABASE(taken_login_or_email_is_a_conflict_that_names_its_field),
        WITH_DATABASE(any_number_of_accounts_may_have_no_email),
        WITH_DATABASE(organizations_may_have_anybody_s_email),
        WITH_DATABASE(profile_changes),
        WITH_DATABASE(retired_login_is_nobody_s_until_it_is_freed),
        WITH_DATABASE(password_and_rank_change),
        WITH_DATABASE(suspension_is_kept_and_told),
        WITH_DATABASE(list_is_by_login_and_holds_no_password),
        WITH_DATABASE(numbers_are_never_used_again),
        WITH_DATABASE(each_failed_allocation_is_reported_and_leaves_no_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
