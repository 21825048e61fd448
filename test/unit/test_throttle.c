/* How often something may be tried. Periods are days: a test may take as long as it likes. */
#include "core_fixture.h"

#include "core/throttle.h"

static int open_limited(void **state)
{
    static const struct rate_rule three = {3, 86400}, five = {5, 86400}, eight = {8, 86400};
    struct core *f;

    if (core_open(state))
        return -1;
    f = *state;
    f->app.throttle = throttle_open();
    f->config.sign_in_rate = three;
    f->config.sign_in_address_rate = five;
    f->config.sign_in_account_rate = eight;
    f->config.sign_up_rate = three;
    f->config.token_rate = five;
    f->config.refusal_rate = three;
    return f->app.throttle ? 0 : -1;
}
#define WITH_LIMITS(test) cmocka_unit_test_setup_teardown(test, open_limited, core_close)

/* A try that fails, as far as it comes. */
static enum err_code fail_once(struct core *f, const char *remote, const char *account)
{
    struct throttle_try t = {.remote = str_of(remote)};
    enum err_code rc = throttle_try(&f->app, &t, &f->err);

    return rc ? rc : throttle_try_account(&f->app, &t, str_of(account), &f->err);
}

static int failures(struct core *f, const char *remote, const char *account, int tries)
{
    int count = 0;

    for (int i = 0; i < tries; i++)
        count += fail_once(f, remote, account) == OK;
    return count;
}

static void one_account_from_one_address(void **state)
{
    struct core *f = *state;

    assert_int_equal(failures(f, "192.0.2.1", "alice", 4), 3);
    assert_int_equal(fail_once(f, "192.0.2.1", "alice"), ERR_LIMITED);
    assert_true(f->err.retry_s > 86400 / 3 - 60 && f->err.retry_s <= 86400 / 3);
    assert_true(core_says(f, "too many failed sign-ins; try again in "));
    assert_int_equal(failures(f, "192.0.2.2", "alice", 4), 3);
    assert_int_equal(failures(f, "192.0.2.3", "bob", 4), 3);
}

/* What is refused for the account counts for the address all the same. */
static void one_address_with_any_account(void **state)
{
    struct core *f = *state;

    assert_int_equal(failures(f, "192.0.2.1", "a", 2) + failures(f, "192.0.2.1", "b", 2), 4);
    assert_int_equal(failures(f, "192.0.2.1", "c", 2), 1);
    assert_int_equal(failures(f, "192.0.2.2", "c", 2), 2);
}

/* Here 8: three addresses with 3 each are one too many. */
static void one_account_from_anywhere(void **state)
{
    struct core *f = *state;

    assert_int_equal(failures(f, "192.0.2.1", "alice", 3), 3);
    assert_int_equal(failures(f, "192.0.2.2", "alice", 3), 3);
    assert_int_equal(failures(f, "192.0.2.3", "alice", 3), 2);
    assert_int_equal(failures(f, "192.0.2.4", "alice", 3), 0);
    assert_int_equal(failures(f, "192.0.2.4", "bob", 2), 2);
}

static void a_right_password_frees_what_the_header_says(void **state)
{
    struct core *f = *state;
    struct throttle_try t = {.remote = S("192.0.2.1")};

    assert_int_equal(failures(f, "192.0.2.1", "alice", 2), 2);
    must(f, throttle_try(&f->app, &t, &f->err));
    must(f, throttle_try_account(&f->app, &t, S("alice"), &f->err));
    throttle_try_right(&f->app, &t);
    /* The account is free again from here, of the address 3 of 5 are left. */
    assert_int_equal(failures(f, "192.0.2.1", "alice", 9), 3);
    /* And of the account as such 3 of 8. */
    assert_int_equal(failures(f, "192.0.2.2", "alice", 3), 3);
    assert_int_equal(failures(f, "192.0.2.3", "alice", 3), 0);
}

static void what_was_no_try_counts_for_nothing(void **state)
{
    struct core *f = *state;

    for (int i = 0; i < 20; i++) {
        struct throttle_try t = {.remote = S("192.0.2.1")};

        must(f, throttle_try(&f->app, &t, &f->err));
        if (i % 2)
            must(f, throttle_try_account(&f->app, &t, S("alice"), &f->err));
        throttle_try_void(&f->app, &t);
    }
    assert_int_equal(failures(f, "192.0.2.1", "alice", 4), 3);
}

static int takes(struct core *f, enum throttle_kind kind, const char *remote, int tries)
{
    int count = 0;

    for (int i = 0; i < tries; i++)
        count += throttle_take(&f->app, kind, str_of(remote), &f->err) == OK;
    return count;
}

static void kinds_and_addresses_count_apart(void **state)
{
    struct core *f = *state;

    assert_int_equal(takes(f, THROTTLE_SIGN_UP, "192.0.2.1", 9), 3);
    assert_true(core_says(f, "too many accounts made from your address; try again in "));
    assert_int_equal(takes(f, THROTTLE_TOKEN, "192.0.2.1", 9), 5);
    assert_int_equal(takes(f, THROTTLE_SIGN_UP, "192.0.2.2", 9), 3);
    throttle_give_back(&f->app, THROTTLE_SIGN_UP, S("192.0.2.2"));
    assert_int_equal(takes(f, THROTTLE_SIGN_UP, "192.0.2.2", 9), 1);
}

static void an_ipv6_network_of_64_bits_is_one_address(void **state)
{
    struct core *f = *state;

    assert_int_equal(takes(f, THROTTLE_SIGN_UP, "2001:db8::1", 2), 2);
    assert_int_equal(takes(f, THROTTLE_SIGN_UP, "2001:db8::ffff:1", 2), 1);
    assert_int_equal(takes(f, THROTTLE_SIGN_UP, "2001:db8:0:1::1", 2), 2);
    assert_int_equal(takes(f, THROTTLE_SIGN_UP, "192.0.2.1", 2), 2);
    assert_int_equal(takes(f, THROTTLE_SIGN_UP, "::ffff:192.0.2.1", 2), 1);
}

static void what_was_not_put_on_record_is_counted(void **state)
{
    struct core *f = *state;
    uint32_t missed = 7;

    for (int i = 0; i < 10; i++) {
        assert_int_equal(throttle_record(&f->app, "a", S("192.0.2.1"), &missed), i < 3);
        assert_int_equal(missed, 0);
    }
    assert_true(throttle_record(&f->app, "b", S("192.0.2.1"), &missed));
    assert_true(throttle_record(&f->app, "a", S("192.0.2.2"), &missed));
}

static void without_a_server_nothing_is_limited(void **state)
{
    struct core *f = *state;
    struct throttle_try t = {.remote = S("192.0.2.1")};
    uint32_t missed;

    throttle_close(f->app.throttle);
    f->app.throttle = NULL;
    assert_int_equal(failures(f, "192.0.2.1", "alice", 50), 50);
    assert_int_equal(takes(f, THROTTLE_TOKEN, "192.0.2.1", 50), 50);
    for (int i = 0; i < 50; i++)
        assert_true(throttle_record(&f->app, "a", S("192.0.2.1"), &missed));
    throttle_give_back(&f->app, THROTTLE_TOKEN, S("192.0.2.1"));
    throttle_try_void(&f->app, &t);
    throttle_try_right(&f->app, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LIMITS(one_account_from_one_address),
        WITH_LIMITS(one_address_with_any_account),
        WITH_LIMITS(one_account_from_anywhere),
        WITH_LIMITS(a_right_password_frees_what_the_header_says),
        WITH_LIMITS(what_was_no_try_counts_for_nothing),
        WITH_LIMITS(kinds_and_addresses_count_apart),
        WITH_LIMITS(an_ipv6_network_of_64_bits_is_one_address),
        WITH_LIMITS(what_was_not_put_on_record_is_counted),
        WITH_LIMITS(without_a_server_nothing_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
