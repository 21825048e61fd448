/* Signing up, and administering accounts. */
#include "core_fixture.h"

#include <pthread.h>

#include "base/mem.h"
#include "core/account.h"
#include "core/password.h"
#include "core/session.h"
#include "store/credential.h"

static const struct actor stranger = {.remote = {"192.0.2.1", 9}};

static struct signup form(const char *login)
{
    return (struct signup){
        .login = str_of(login),
        .email = S("someone@example.org"),
        .password = S("correct horse"),
        .password_again = S("correct horse"),
        .accept_terms = true,
    };
}

static enum err_code sign_up(struct core *f, const struct signup *in, struct signup_errors *errors)
{
    int64_t id = 0;

    return account_sign_up(&f->app, f->mem, &stranger, in, false, &id, errors, &f->err);
}

static int64_t accounts(struct core *f)
{
    return CORE_NUMBER(f, "SELECT COUNT(*) FROM account");
}

/* ---- signing up ------------------------------------------------------------------------------ */

static void a_good_form_makes_an_account_that_can_sign_in(void **state)
{
    struct core *f = *state;
    struct signup in = form("Alice.Smith-2_x");
    struct signup_errors errors = {.count = 3};
    struct actor who;
    int64_t id = 0;

    in.email = S("  Alice@Example.org ");
    f->config.terms_version = S("2026-09");
    must(f, account_sign_up(&f->app, f->mem, &stranger, &in, false, &id, &errors, &f->err));
    assert_int_equal(errors.count, 0);
    assert_str(CORE_TEXT(f, "SELECT login || '|' || kind || '|' || email || '|' || superuser || "
                            "'|' || terms_version FROM account"),
               "alice.smith-2_x|user|Alice@Example.org|0|2026-09");
    assert_str(CORE_TEXT(f, "SELECT actor_id || '|' || actor || '|' || remote || '|' || action || "
                            "'|' || object || '|' || detail FROM audit"),
               str_fmt(f->mem, "%lld|alice.smith-2_x|192.0.2.1|account.create|alice.smith-2_x|",
                       (long long)id)
                   .ptr);
    must(f, session_check_password(&f->app, f->mem, S("alice.smith-2_x"), S("correct horse"), S(""),
                                   &who, &f->err));
    assert_int_equal(who.account_id, id);
}

static void every_fault_is_told_at_once_in_the_order_of_the_form(void **state)
{
    struct core *f = *state;
    struct signup in = {.login = S("-"),
                        .email = S("nobody"),
                        .password = S("short"),
                        .password_again = S("shirt")};
    static const char *const fields[] = {"login", "email", "password", "password_again",
                                         "accept_terms"};
    struct signup_errors errors;

    must_fail(f, sign_up(f, &in, &errors), ERR_UNPROCESSABLE, "username \"-\" is not");
    assert_string_equal(f->err.field, "login");
    assert_int_equal(errors.count, SIGNUP_FIELDS);
    for (size_t i = 0; i < SIGNUP_FIELDS; i++) {
        assert_string_equal(errors.items[i].field, fields[i]);
        assert_true(errors.items[i].message.len > 10);
    }
    assert_int_equal(accounts(f), 0);
    assert_str(CORE_TEXT(f,
                         "SELECT actor || '|' || account || '|' || action || '|' || object || '|' "
                         "|| substr(detail, 1, 19) FROM audit"),
               "||account.refused|-|username \"-\" is not");
}

static void taken_names_stand_in_their_places_among_other_faults(void **state)
{
    struct core *f = *state;
    struct signup in = {.login = S("ALICE"),
                        .email = S("alice@EXAMPLE.org"),
                        .password = S("short"),
                        .password_again = S("short"),
                        .accept_terms = true};
    struct signup_errors errors;

    (void)core_user(f, "alice");
    must_fail(f, sign_up(f, &in, &errors), ERR_UNPROCESSABLE, "username \"alice\" is taken");
    assert_int_equal(errors.count, 3);
    assert_str(errors.items[0].message, "username \"alice\" is taken");
    assert_str(errors.items[1].message,
               "an account with the e-mail address \"alice@EXAMPLE.org\" exists");
    assert_string_equal(errors.items[2].field, "password");
    assert_int_equal(accounts(f), 1);
}

struct fault {
    const char *field, *login, *email, *password, *again;
    bool declined;
};

static void each_fault_alone_is_refused_under_its_field(void **state)
{
    struct core *f = *state;
    static const struct fault faults[] = {
        {.field = "login", .login = "a"},
        {.field = "login", .login = ".alice"},
        {.field = "login", .login = "_alice"},
        {.field = "login", .login = "al ice"},
        {.field = "login", .login = "al/ice"},
        {.field = "login", .login = "\xc3\xa4lice"},
        {.field = "login", .login = "alice\n"},
        {.field = "login", .login = "conda"},
        {.field = "login", .login = "API"},
        {.field = "login", .login = "linux-64"},
        {.field = "login", .login = "noarch"},
        {.field = "login", .login = "x.conda"},
        {.field = "login", .login = "x.tar.bz2"},
        {.field = "login",
         .login = "a234567890123456789012345678901234567890123456789012345678901"
                  "2345"},
        {.field = "login", .login = "bob"},
        {.field = "email", .email = ""},
        {.field = "email", .email = "alice"},
        {.field = "email", .email = "@example.org"},
        {.field = "email", .email = "alice@"},
        {.field = "email", .email = "alice@example"},
        {.field = "email", .email = "alice@.org"},
        {.field = "email", .email = "alice@example."},
        {.field = "email", .email = "a b@example.org"},
        {.field = "email", .email = "a@b@example.org"},
        {.field = "email", .email = "alice\r\n@example.org"},
        {.field = "email", .email = "BOB@example.ORG"},
        {.field = "password", .password = "short", .again = "short"},
        {.field = "password", .password = "password1", .again = "password1"},
        {.field = "password",
         .login = "alicesmith",
         .password = "AliceSmith",
         .again = "AliceSmith"},
        {.field = "password_again", .again = "Correct horse"},
        {.field = "password_again", .again = ""},
        {.field = "accept_terms", .declined = true},
    };

    (void)core_user(f, "bob");
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct signup in = form(faults[i].login ? faults[i].login : "alice");
        struct signup_errors errors;
        enum err_code code;

        if (faults[i].email)
            in.email = str_of(faults[i].email);
        if (faults[i].password)
            in.password = str_of(faults[i].password);
        if (faults[i].again)
            in.password_again = str_of(faults[i].again);
        in.accept_terms = !faults[i].declined;
        code = sign_up(f, &in, &errors);
        if (code != ERR_UNPROCESSABLE || errors.count != 1)
            print_error("fault %zu: code %d, %zu errors, %s\n", i, code, errors.count, f->err.msg);
        assert_int_equal(code, ERR_UNPROCESSABLE);
        assert_int_equal(errors.count, 1);
        assert_string_equal(errors.items[0].field, faults[i].field);
        assert_string_equal(f->err.field, faults[i].field);
    }
    assert_int_equal(accounts(f), 1);
}

static void closed_registration_refuses_all_but_administrators(void **state)
{
    struct core *f = *state;
    struct signup in = form("alice");
    struct actor admin = {.login = S("admin command")};
    struct signup_errors errors;
    int64_t id;

    f->config.registration = false;
    must_fail(f, sign_up(f, &in, &errors), ERR_DENIED, "registration is closed");
    assert_int_equal(errors.count, 0);
    assert_int_equal(accounts(f), 0);
    in.superuser = true;
    must(f, account_sign_up(&f->app, f->mem, &admin, &in, true, &id, &errors, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT superuser FROM account"), 1);
    assert_str(CORE_TEXT(f,
                         "SELECT actor || '|' || action || '|' || account || '|' || object || '|' "
                         "|| substr(detail, 1, 22) FROM audit ORDER BY id"),
               "|account.refused||alice|registration is closed, "
               "admin command|account.create|alice|alice|superuser");
}

/* ---- two at once ----------------------------------------------------------------------------- */

struct racer {
    struct core *f;
    struct arena *mem;
    struct signup in;
    pthread_barrier_t *start;
    struct signup_errors errors;
    struct err err;
    enum err_code code;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    int64_t id;

    (void)pthread_barrier_wait(r->start);
    r->code =
        account_sign_up(&r->f->app, r->mem, &stranger, &r->in, false, &id, &r->errors, &r->err);
    return NULL;
}

/* Both are judged before either is inserted, most of the time. */
static void run_race(struct core *f, struct racer racers[2], const char *field)
{
    pthread_barrier_t start;
    pthread_t threads[2];
    struct racer *loser;

    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (size_t i = 0; i < 2; i++) {
        racers[i].f = f;
        racers[i].start = &start;
        racers[i].mem = arena_open(1 << 20);
        assert_non_null(racers[i].mem);
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true((racers[0].code == OK) != (racers[1].code == OK));
    loser = &racers[racers[0].code == OK];
    assert_int_equal(loser->code, ERR_UNPROCESSABLE);
    assert_string_equal(loser->err.field, field);
    assert_int_equal(loser->errors.count, 1);
    assert_string_equal(loser->errors.items[0].field, field);
    assert_true(loser->errors.items[0].message.len > 0);
    for (size_t i = 0; i < 2; i++)
        arena_close(racers[i].mem);
    assert_int_equal(pthread_barrier_destroy(&start), 0);
}

static void of_two_who_take_one_login_at_once_one_gets_it(void **state)
{
    struct core *f = *state;
    struct racer racers[2] = {{.in = form("alice")}, {.in = form("ALICE")}};

    racers[1].in.email = S("other@example.org");
    run_race(f, racers, "login");
    assert_int_equal(accounts(f), 1);
    assert_str(CORE_TEXT(f, "SELECT action || '|' || account FROM audit ORDER BY action"),
               "account.create|alice, account.refused|");
}

static void of_two_who_take_one_address_at_once_one_gets_it(void **state)
{
    struct core *f = *state;
    struct racer racers[2] = {{.in = form("alice")}, {.in = form("bob")}};

    racers[1].in.email = S("SOMEONE@example.org");
    run_race(f, racers, "email");
    assert_int_equal(accounts(f), 1);
}

static enum err_code insert(struct core *f, const struct judged_signup *judged)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    int64_t id;

    return account_insert_signup(&f->app, tx, &stranger, judged, &id, &f->err);
}

/* Between judging and inserting, told without threads. */
static void a_name_taken_after_judging_is_told_by_field(void **state)
{
    struct core *f = *state;
    struct signup in = form("alice");
    struct judged_signup judged;
    struct signup_errors errors;

    must(f, account_validate_signup(&f->app, f->mem, &in, &judged, &errors, &f->err));
    (void)core_user(f, "alice");
    must_fail(f, insert(f, &judged), ERR_UNPROCESSABLE, "login \"alice\" is taken");
    assert_string_equal(f->err.field, "login");
    judged.in.login = S("bob");
    judged.in.email = S("ALICE@example.org");
    must_fail(f, insert(f, &judged), ERR_UNPROCESSABLE, "taken");
    assert_string_equal(f->err.field, "email");
}

/* ---- passwords and rights -------------------------------------------------------------------- */

static enum err_code identify(struct core *f, struct str secret)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct actor who;
    int64_t expires;

    return session_identify(tx, f->mem, secret, &who, &expires, &f->err);
}

static void a_new_password_ends_every_session_of_its_account_alone(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"), who,
                 admin = {.login = S("admin command")};
    struct str first, second, of_bob;
    uint64_t before;

    must(f, session_start(&f->app, f->mem, &alice, S("one"), &first, &f->err));
    must(f, session_start(&f->app, f->mem, &alice, S("two"), &second, &f->err));
    must(f, session_start(&f->app, f->mem, &bob, S("three"), &of_bob, &f->err));
    before = db_generation(f->app.db);
    must(f,
         account_reset_password(&f->app, f->mem, &admin, S("alice"), S("battery staple"), &f->err));
    assert_true(db_generation(f->app.db) > before);
    must_fail(f, identify(f, first), ERR_UNAUTHENTICATED, "the session has ended");
    must_fail(f, identify(f, second), ERR_UNAUTHENTICATED, "the session has ended");
    must(f, identify(f, of_bob));
    must(f, session_check_password(&f->app, f->mem, S("alice"), S("battery staple"), S(""), &who,
                                   &f->err));
    assert_str(CORE_TEXT(f, "SELECT actor || '|' || object || '|' || detail FROM audit WHERE "
                            "action = 'account.password'"),
               "admin command|alice|");
}

static void a_new_password_obeys_the_same_rule(void **state)
{
    struct core *f = *state;
    struct actor admin = {.login = S("admin command")};
    struct str before;

    (void)core_user(f, "alice");
    before = core_rows(f);
    must_fail(f, account_reset_password(&f->app, f->mem, &admin, S("alice"), S("short"), &f->err),
              ERR_UNPROCESSABLE, "5 characters");
    must_fail(
        f, account_reset_password(&f->app, f->mem, &admin, S("bob"), S("battery staple"), &f->err),
        ERR_NOT_FOUND, "there is no account \"bob\"");
    assert_true(str_eq(core_rows(f), before));
}

#define SUPERUSERS "SELECT login FROM account WHERE superuser = 1 ORDER BY login"

static void the_right_of_administrators_is_given_and_taken(void **state)
{
    struct core *f = *state;
    struct actor admin = {.login = S("admin command")};

    (void)core_user(f, "alice");
    (void)core_user(f, "carol");
    CORE_CHANGE(f, "UPDATE account SET superuser = 1 WHERE login = 'carol'");
    must(f, account_change_superuser(&f->app, f->mem, &admin, S("alice"), true, &f->err));
    assert_str(CORE_TEXT(f, SUPERUSERS), "alice, carol");
    must(f, account_change_superuser(&f->app, f->mem, &admin, S("alice"), false, &f->err));
    assert_str(CORE_TEXT(f, SUPERUSERS), "carol");
    assert_str(CORE_TEXT(f, "SELECT object || ' ' || detail FROM audit ORDER BY id"),
               "alice on, alice off");
    must_fail(f, account_change_superuser(&f->app, f->mem, &admin, S("bob"), true, &f->err),
              ERR_NOT_FOUND, "there is no account \"bob\"");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 2);
}

static void the_last_administrator_stays_one(void **state)
{
    struct core *f = *state;
    struct actor admin = {.login = S("admin command")};
    struct str before;

    (void)core_user(f, "alice");
    (void)core_user(f, "bob");
    must(f, account_change_superuser(&f->app, f->mem, &admin, S("alice"), true, &f->err));
    before = core_rows(f);
    must_fail(f, account_change_superuser(&f->app, f->mem, &admin, S("alice"), false, &f->err),
              ERR_CONFLICT,
              "\"alice\" is the last administrator of this server: make somebody else one first");
    assert_true(str_eq(core_rows(f), before));
    /* One who is shut out does not count, and may lose the right. */
    must(f, account_change_superuser(&f->app, f->mem, &admin, S("bob"), true, &f->err));
    CORE_CHANGE(f, "UPDATE account SET suspended_ms = 1 WHERE login = 'bob'");
    must_fail(f, account_change_superuser(&f->app, f->mem, &admin, S("alice"), false, &f->err),
              ERR_CONFLICT, "\"alice\" is the last administrator");
    must(f, account_change_superuser(&f->app, f->mem, &admin, S("bob"), false, &f->err));
    assert_str(CORE_TEXT(f, SUPERUSERS), "alice");
    /* Nobody signs in as an organization. */
    CORE_CHANGE(f, "UPDATE account SET kind = 'organization' WHERE login = 'bob'");
    must_fail(f, account_change_superuser(&f->app, f->mem, &admin, S("bob"), true, &f->err),
              ERR_NOT_FOUND, "\"bob\" is an organization, not a user");
}

/* ---- without memory -------------------------------------------------------------------------- */

/* Each allocation fails once. Either nothing happened, or all of it. */
static void signing_up_survives_every_failed_allocation(void **state)
{
    struct core *f = *state;
    struct signup in = form("alice");
    struct str before = core_rows(f);
    enum err_code code = ERR_NOMEM;
    long n = 0;

    while (code) {
        struct arena *mem;
        struct signup_errors errors;
        struct err err = {0};
        int64_t id = 0;

        mem_fail_at(++n);
        mem = arena_open(1 << 20);
        code = mem ? account_sign_up(&f->app, mem, &stranger, &in, false, &id, &errors, &err)
                   : ERR_NOMEM;
        mem_fail_at(0);
        arena_close(mem);
        if (code && code != ERR_NOMEM)
            print_error("allocation %ld: %s\n", n, err.msg);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(str_eq(core_rows(f), before), code != OK);
        assert_true(n < 1000);
    }
    assert_true(n > 3); /* something did fail */
    assert_int_equal(accounts(f), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_good_form_makes_an_account_that_can_sign_in),
        WITH_CORE(every_fault_is_told_at_once_in_the_order_of_the_form),
        WITH_CORE(taken_names_stand_in_their_places_among_other_faults),
        WITH_CORE(each_fault_alone_is_refused_under_its_field),
        WITH_CORE(closed_registration_refuses_all_but_administrators),
        WITH_CORE(of_two_who_take_one_login_at_once_one_gets_it),
        WITH_CORE(of_two_who_take_one_address_at_once_one_gets_it),
        WITH_CORE(a_name_taken_after_judging_is_told_by_field),
        WITH_CORE(a_new_password_ends_every_session_of_its_account_alone),
        WITH_CORE(a_new_password_obeys_the_same_rule),
        WITH_CORE(the_right_of_administrators_is_given_and_taken),
        WITH_CORE(the_last_administrator_stays_one),
        WITH_CORE(signing_up_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
