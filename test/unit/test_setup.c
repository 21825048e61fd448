/* The one-time code that makes the first administrator. */
#include "core_fixture.h"

#include <pthread.h>

#include "base/clock.h"
#include "core/setup.h"

#define DAY_MS (INT64_C(86400) * 1000)

static struct signup form(const char *login)
{
    return (struct signup){
        .login = str_of(login),
        .email = S("root@example.org"),
        .password = S("correct horse"),
        .password_again = S("correct horse"),
        .accept_terms = true,
    };
}

static struct str begun(struct core *f)
{
    struct str code = {0};

    must(f, setup_begin(&f->app, f->mem, &code, &f->err));
    return code;
}

static enum err_code finish(struct core *f, struct str code, const struct signup *in,
                            struct signup_errors *errors)
{
    int64_t id;

    return setup_finish(&f->app, f->mem, code, in, S("192.0.2.1"), &id, errors, &f->err);
}

static void the_code_makes_an_administrator_once(void **state)
{
    struct core *f = *state;
    struct signup in = form("Root2"), again = form("second");
    struct signup_errors errors;
    struct str code = begun(f), before;

    assert_int_equal(code.len, 32);
    must(f, setup_check(&f->app, code, &f->err));
    must(f, finish(f, code, &in, &errors));
    assert_str(CORE_TEXT(f, "SELECT login || '|' || superuser FROM account"), "root2|1");
    assert_str(CORE_TEXT(f, "SELECT actor || '|' || remote || '|' || action || '|' || detail FROM "
                            "audit"),
               "root2|192.0.2.1|account.create|superuser");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM setup_code"), 0);
    before = CORE_TEXT(f, "SELECT login || '|' || superuser FROM account");
    again.email = S("other@example.org");
    must_fail(f, setup_check(&f->app, code, &f->err), ERR_NOT_FOUND, "was used already");
    must_fail(f, finish(f, code, &again, &errors), ERR_NOT_FOUND, "was used already");
    assert_true(str_eq(CORE_TEXT(f, "SELECT login || '|' || superuser FROM account"), before));
    /* Without the code, which may be nearly right. */
    assert_str(CORE_TEXT(f,
                         "SELECT actor_id || '|' || actor || '|' || account_id || '|' || remote "
                         "|| '|' || action || '|' || object || '|' || detail FROM audit WHERE id "
                         "> 1"),
               "0||0|192.0.2.1|setup.refused||this set-up link was used already, or is older than "
               "24 hours; restart the server for a new one");
}

static void the_code_is_stored_as_its_hash_for_a_day(void **state)
{
    struct core *f = *state;
    int64_t before = clock_now_ms();
    struct str code = begun(f);

    assert_true(str_eq(core_sha256(f, code), CORE_HEX(f, "SELECT hash FROM setup_code")));
    assert_true(CORE_NUMBER(f, "SELECT expires_ms FROM setup_code") >= before + DAY_MS);
    assert_true(CORE_NUMBER(f, "SELECT expires_ms FROM setup_code") <= clock_now_ms() + DAY_MS);
}

static void a_fresh_code_kills_the_older_one(void **state)
{
    struct core *f = *state;
    struct str old = begun(f), fresh = begun(f);

    must_fail(f, setup_check(&f->app, old, &f->err), ERR_NOT_FOUND, "was used already");
    must(f, setup_check(&f->app, fresh, &f->err));
}

static void an_expired_or_wrong_code_is_refused(void **state)
{
    struct core *f = *state;
    struct signup in = form("root2");
    struct signup_errors errors;
    struct str code = begun(f);

    must_fail(f, setup_check(&f->app, S(""), &f->err), ERR_NOT_FOUND, "older than 24 hours");
    must_fail(f, setup_check(&f->app, str_sub(code, 0, 31), &f->err), ERR_NOT_FOUND, "older");
    must_fail(f, finish(f, S("guess"), &in, &errors), ERR_NOT_FOUND, "older");
    CORE_CHANGE(f, "UPDATE setup_code SET expires_ms = 1");
    must_fail(f, setup_check(&f->app, code, &f->err), ERR_NOT_FOUND, "older than 24 hours");
    must_fail(f, finish(f, code, &in, &errors), ERR_NOT_FOUND, "older than 24 hours");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM account"), 0);
}

static void there_is_no_code_once_there_is_an_administrator(void **state)
{
    struct core *f = *state;
    struct str code = begun(f);

    (void)core_user(f, "alice");
    CORE_CHANGE(f, "UPDATE account SET superuser = 1");
    must_fail(f, setup_check(&f->app, code, &f->err), ERR_NOT_FOUND, "was used already");
    assert_str(begun(f), "");
}

static void a_refused_form_leaves_the_code_good(void **state)
{
    struct core *f = *state;
    struct signup in = form("x"), good = form("root2"), taken = form("alice");
    struct signup_errors errors;
    struct str code = begun(f);

    (void)core_user(f, "alice");
    must_fail(f, finish(f, code, &in, &errors), ERR_UNPROCESSABLE, "username \"x\"");
    assert_int_equal(errors.count, 1);
    must_fail(f, finish(f, code, &taken, &errors), ERR_UNPROCESSABLE, "is taken");
    assert_int_equal(errors.count, 1);
    must(f, finish(f, code, &good, &errors));
}

/* The form's own idea of who is an administrator, or of the registration, counts for nothing. */
static void closed_registration_does_not_matter(void **state)
{
    struct core *f = *state;
    struct signup in = form("root2");
    struct signup_errors errors;

    f->config.registration = false;
    must(f, finish(f, begun(f), &in, &errors));
    assert_int_equal(CORE_NUMBER(f, "SELECT superuser FROM account"), 1);
}

/* ---- two at once ----------------------------------------------------------------------------- */

struct racer {
    struct core *f;
    struct arena *mem;
    struct str code;
    struct signup in;
    pthread_barrier_t *start;
    struct signup_errors errors;
    struct err err;
    enum err_code result;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    int64_t id;

    (void)pthread_barrier_wait(r->start);
    r->result = setup_finish(&r->f->app, r->mem, r->code, &r->in, S(""), &id, &r->errors, &r->err);
    return NULL;
}

static void two_who_use_the_code_at_once_make_one_administrator(void **state)
{
    struct core *f = *state;
    struct racer racers[2] = {{.in = form("root1")}, {.in = form("root2")}};
    struct str code = begun(f);
    pthread_barrier_t start;
    pthread_t threads[2];

    racers[1].in.email = S("other@example.org");
    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (size_t i = 0; i < 2; i++) {
        racers[i].f = f;
        racers[i].code = code;
        racers[i].start = &start;
        racers[i].mem = arena_open(1 << 20);
        assert_non_null(racers[i].mem);
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        arena_close(racers[i].mem);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
    assert_true((racers[0].result == OK) != (racers[1].result == OK));
    assert_int_equal(racers[racers[0].result == OK].result, ERR_NOT_FOUND);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM account"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(the_code_makes_an_administrator_once),
        WITH_CORE(the_code_is_stored_as_its_hash_for_a_day),
        WITH_CORE(a_fresh_code_kills_the_older_one),
        WITH_CORE(an_expired_or_wrong_code_is_refused),
        WITH_CORE(there_is_no_code_once_there_is_an_administrator),
        WITH_CORE(a_refused_form_leaves_the_code_good),
        WITH_CORE(closed_registration_does_not_matter),
        WITH_CORE(two_who_use_the_code_at_once_make_one_administrator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
