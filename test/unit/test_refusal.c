#include "core_fixture.h"

#include "core/refusal.h"
#include "core/throttle.h"

static void a_refusal_is_on_record_and_leaves_the_caches_alone(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    uint64_t before = db_generation(f->app.db);

    bob.token_name = S("ci");
    must(f, refusal_add(&f->app, &bob, alice.account_id, "access.denied", S("alice/p"), S("why"),
                        &f->err));
    assert_str(CORE_TEXT(f,
                         "SELECT account || '|' || actor || '|' || token_name || '|' || remote || "
                         "'|' || action || '|' || object || '|' || detail FROM audit"),
               "alice|bob|ci|192.0.2.1|access.denied|alice/p|why");
    assert_int_equal(db_generation(f->app.db), before);
}

static void what_has_no_name_has_an_empty_one(void **state)
{
    struct core *f = *state;
    struct actor nobody = {.remote = S("192.0.2.1")};

    must(f,
         refusal_add(&f->app, &nobody, 0, "account.refused", (struct str){0}, S("why"), &f->err));
    assert_str(CORE_TEXT(f, "SELECT object || '|' || account_id FROM audit"), "|0");
}

static void the_reason_goes_on_to_the_caller(void **state)
{
    struct core *f = *state;
    struct actor nobody = {.remote = S("192.0.2.1")};
    struct err why = {0};

    (void)!fail_limited(&why, 7, "too many");
    must_fail(f, refusal_tell(&f->app, &nobody, 0, "x.refused", S("x"), &why, &f->err), ERR_LIMITED,
              "too many");
    assert_int_equal(f->err.retry_s, 7);
    assert_str(CORE_TEXT(f, "SELECT detail FROM audit"), "too many");
}

/* One a second, asked for again and again until there is room for the second. */
static void the_next_says_how_many_were_left_out(void **state)
{
    struct core *f = *state;
    struct actor nobody = {.remote = S("192.0.2.1")};
    int64_t rows = 0, added = 0;

    f->app.throttle = throttle_open();
    assert_non_null(f->app.throttle);
    f->config.refusal_rate = (struct rate_rule){1, 1};
    for (; rows < 2; added++) {
        must(f, refusal_add(&f->app, &nobody, 0, "x.refused", S("x"), S("why"), &f->err));
        rows = CORE_NUMBER(f, "SELECT COUNT(*) FROM audit");
    }
    assert_true(added > 2);
    assert_str(CORE_TEXT(f, "SELECT detail FROM audit ORDER BY id DESC LIMIT 1"),
               str_fmt(f->mem,
                       "why (and %lld more from this address since the last that stands here)",
                       (long long)added - 2)
                   .ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_refusal_is_on_record_and_leaves_the_caches_alone),
        WITH_CORE(what_has_no_name_has_an_empty_one),
        WITH_CORE(the_reason_goes_on_to_the_caller),
        WITH_CORE(the_next_says_how_many_were_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
