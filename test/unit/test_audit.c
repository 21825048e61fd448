/* The row of the security log. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/audit.h"

static void a_row_tells_who_what_and_from_where(void **state)
{
    struct core *f = *state;
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct actor actor = {.account_id = 42,
                          .login = S("alice"),
                          .token_id = 3,
                          .token_name = S("ci"),
                          .scopes = S("api"),
                          .remote = S("192.0.2.7")};
    int64_t before = clock_now_ms();

    must(f, audit_add(tx, &actor, "file.create", S("alice/x"), S("detail"), &f->err));
    must(f, tx_commit(&tx, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 1);
    assert_str(CORE_TEXT(f, "SELECT actor_id || '|' || actor || '|' || token_name || '|' || remote "
                            "|| '|' || action || '|' || object || '|' || detail FROM audit"),
               "42|alice|ci|192.0.2.7|file.create|alice/x|detail");
    assert_true(CORE_NUMBER(f, "SELECT time_ms FROM audit") >= before);
    assert_true(CORE_NUMBER(f, "SELECT time_ms FROM audit") <= clock_now_ms());
}

static void nobody_is_number_zero_without_a_name(void **state)
{
    struct core *f = *state;
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct actor nobody = {0};

    must(f, audit_add(tx, &nobody, "session.refused", S(""), S(""), &f->err));
    must(f, tx_commit(&tx, &f->err));
    assert_str(CORE_TEXT(f, "SELECT actor_id || '|' || actor || '|' || remote FROM audit"), "0||");
}

static void the_row_is_about_the_account_of_the_object(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);

    must(f, audit_add_of(tx, &bob, alice.account_id, "a", S("o"), S(""), &f->err));
    must(f, audit_add(tx, &bob, "b", S("o"), S(""), &f->err));
    must(f, audit_add_of(tx, &bob, 0, "c", S("o"), S(""), &f->err));
    must(f, tx_commit(&tx, &f->err));
    assert_str(CORE_TEXT(f, "SELECT actor || ' ' || action || ' ' || account_id || ' ' || account "
                            "FROM audit ORDER BY id"),
               "bob a 1 alice, bob b 2 bob, bob c 0 ");
}

static void the_row_goes_with_its_transaction(void **state)
{
    struct core *f = *state;
    struct tx *tx = core_begin(f, TX_WRITE);
    struct actor nobody = {0};

    must(f, audit_add(tx, &nobody, "x", S("y"), S(""), &f->err));
    tx_endp(&tx);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 0);
}

static void an_object_that_memory_was_short_for_is_no_row(void **state)
{
    struct core *f = *state;
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct actor nobody = {0};

    must_fail(f, audit_add(tx, &nobody, "x", (struct str){0}, S(""), &f->err), ERR_NOMEM,
              "out of memory");
    must(f, tx_commit(&tx, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_row_tells_who_what_and_from_where),
        WITH_CORE(nobody_is_number_zero_without_a_name),
        WITH_CORE(the_row_is_about_the_account_of_the_object),
        WITH_CORE(the_row_goes_with_its_transaction),
        WITH_CORE(an_object_that_memory_was_short_for_is_no_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
