#include "store_fixture.h"

#include "store/group.h"
#include "store/mail.h"

static const struct stmt mails = {
    "mails", "SELECT recipient, kind, params, created_ms, sent_ms FROM mail_outbox", "", "tttiI"};

static void mail_waits_until_it_is_sent(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    const struct mail_row row = {S("a@example.org"), S("token.expires"), S("{}"), 7},
                          nobody = {S(""), S("token.expires"), S("{}"), 7};
    struct rows *rows = NULL;

    must(f, mail_insert(tx, &row, &f->err));
    must(f, db_query(tx, &mails, DB_NO_ARGS, &rows, &f->err));
    assert_true(rows_next(rows));
    assert_str(rows_text(rows, 0), "a@example.org");
    assert_str(rows_text(rows, 1), "token.expires");
    assert_str(rows_text(rows, 2), "{}");
    assert_int_equal(rows_int(rows, 3), 7);
    assert_true(rows_null(rows, 4));
    assert_false(rows_next(rows));
    rows_endp(&rows);
    assert_int_not_equal(mail_insert(tx, &nobody, &f->err), OK);
    tx_endp(&tx);
}

static int64_t add(struct fixture *f, struct tx *tx, const char *login, const char *kind,
                   const char *email)
{
    const struct account_row row = {
        .login = str_of(login), .kind = str_of(kind), .email = str_of(email)};
    int64_t id = 0;

    must(f, account_insert(tx, &row, S("1"), &id, &f->err));
    return id;
}

static void mail_goes_to_the_user_or_to_all_owners(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t bob = add(f, tx, "bob", "user", "B@example.org"),
            alice = add(f, tx, "alice", "user", "a@example.org"),
            carol = add(f, tx, "carol", "user", ""), dave = add(f, tx, "dave", "user", "d@x.org"),
            acme = add(f, tx, "acme", "organization", "acme@example.org"), owners, staff;
    struct address_list list = {0};

    owners = add_group(f, tx, acme, "owners", "admin", true);
    staff = add_group(f, tx, acme, "staff", "admin", false);
    must(f, group_add_member(tx, owners, bob, NULL, &f->err));
    must(f, group_add_member(tx, owners, alice, NULL, &f->err));
    must(f, group_add_member(tx, owners, carol, NULL, &f->err));
    must(f, group_add_member(tx, staff, dave, NULL, &f->err));
    must(f, mail_addresses(tx, f->mem, bob, &list, &f->err));
    assert_int_equal(list.count, 1);
    assert_str(list.items[0], "B@example.org");
    must(f, mail_addresses(tx, f->mem, acme, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.items[0], "B@example.org");
    assert_str(list.items[1], "a@example.org");
    must(f, mail_addresses(tx, f->mem, carol, &list, &f->err));
    assert_int_equal(list.count, 0);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(mail_waits_until_it_is_sent),
        WITH_DATABASE(mail_goes_to_the_user_or_to_all_owners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
