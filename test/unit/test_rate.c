#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/rate.h"

static const struct rate_rule ten_a_minute = {10, 60};
enum { START = 1000000, GAP = 6000 };

static int open_table(void **state)
{
    *state = rate_open();
    return *state ? 0 : -1;
}

static int close_table(void **state)
{
    rate_close(*state);
    return 0;
}
#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, open_table, close_table)

/* How many of n are let through at that time. */
static int taken(struct rate_table *t, const char *key, struct rate_rule rule, uint64_t now, int n)
{
    struct rate_verdict v;
    int count = 0;

    for (int i = 0; i < n; i++)
        count += rate_take(t, str_of(key), rule, now, &v);
    return count;
}

static void as_many_as_the_rule_says_go_through_at_once(void **state)
{
    struct rate_table *t = *state;
    struct rate_verdict v;

    assert_int_equal(taken(t, "a", ten_a_minute, START, 100), 10);
    assert_false(rate_take(t, S("a"), ten_a_minute, START, &v));
    assert_int_equal(v.wait_ms, GAP);
    assert_false(rate_take(t, S("a"), ten_a_minute, START + GAP - 1, &v));
    assert_int_equal(v.wait_ms, 1);
    assert_true(rate_take(t, S("a"), ten_a_minute, START + GAP, &v));
    assert_false(rate_take(t, S("a"), ten_a_minute, START + GAP, &v));
}

static void then_one_each_time_the_gap_has_passed(void **state)
{
    struct rate_table *t = *state;
    int through = 0;

    assert_int_equal(taken(t, "a", ten_a_minute, START, 10), 10);
    for (uint64_t ms = 0; ms <= 60000; ms += 100)
        through += taken(t, "a", ten_a_minute, START + ms, 1);
    assert_int_equal(through, 10);
    assert_int_equal(taken(t, "a", ten_a_minute, START + 60000 + 60000, 100), 10);
}

static void keys_count_apart(void **state)
{
    struct rate_table *t = *state;

    assert_int_equal(taken(t, "a", ten_a_minute, START, 20), 10);
    assert_int_equal(taken(t, "b", ten_a_minute, START, 20), 10);
    assert_int_equal(taken(t, "", ten_a_minute, START, 20), 10);
}

static void a_count_of_zero_is_no_limit(void **state)
{
    assert_int_equal(taken(*state, "a", (struct rate_rule){0, 60}, START, 1000), 1000);
}

static void what_is_given_back_may_be_taken_again(void **state)
{
    struct rate_table *t = *state;

    rate_give_back(t, S("a"), ten_a_minute); /* of nothing: nothing */
    assert_int_equal(taken(t, "a", ten_a_minute, START, 20), 10);
    rate_give_back(t, S("a"), ten_a_minute);
    rate_give_back(t, S("a"), ten_a_minute);
    assert_int_equal(taken(t, "a", ten_a_minute, START, 20), 2);
    for (int i = 0; i < 50; i++)
        rate_give_back(t, S("a"), ten_a_minute);
    assert_int_equal(taken(t, "a", ten_a_minute, START, 20), 10);
}

static void what_is_forgotten_begins_anew(void **state)
{
    struct rate_table *t = *state;

    rate_forget(t, S("a"));
    assert_int_equal(taken(t, "a", ten_a_minute, START, 20), 10);
    rate_forget(t, S("a"));
    assert_int_equal(taken(t, "a", ten_a_minute, START, 20), 10);
}

static void how_many_were_missed_is_told_to_the_next(void **state)
{
    struct rate_table *t = *state;
    struct rate_verdict v;

    assert_int_equal(taken(t, "a", ten_a_minute, START, 10 + 37), 10);
    assert_true(rate_take(t, S("a"), ten_a_minute, START + GAP, &v));
    assert_int_equal(v.missed, 37);
    assert_true(rate_take(t, S("a"), ten_a_minute, START + 2 * GAP, &v));
    assert_int_equal(v.missed, 0);
}

/* 200,000 keys in a table of 65,536: the one that has counted most is not driven out. */
static void a_flood_of_keys_does_not_free_one_that_waits(void **state)
{
    struct rate_table *t = *state;
    struct rate_rule rare = {10, 3600};
    char key[16];

    assert_int_equal(taken(t, "victim", rare, START, 20), 10);
    for (int i = 0; i < 200000; i++) {
        (void)snprintf(key, sizeof(key), "%d", i);
        assert_int_equal(taken(t, key, rare, START, 1), 1);
    }
    assert_int_equal(taken(t, "victim", rare, START, 20), 0);
}

/* Though it takes the place of another key, of which some were missed. (A few may be taken for a
 * key that was there: see rate.h.) */
static void of_a_new_key_none_were_missed(void **state)
{
    struct rate_table *t = *state;
    struct rate_rule one = {1, 60};
    struct rate_verdict v;
    char key[16];
    int wrong = 0;

    for (int i = 0; i < 200000; i++) {
        (void)snprintf(key, sizeof(key), "old%d", i);
        (void)taken(t, key, one, START, 2);
    }
    for (int i = 0; i < 200000; i++) {
        (void)snprintf(key, sizeof(key), "new%d", i);
        wrong += !rate_take(t, str_of(key), one, START + 60000, &v) || v.missed;
    }
    assert_true(wrong < 10);
}

static void odd_rules_never_let_more_through(void **state)
{
    struct rate_table *t = *state;
    struct rate_verdict v;

    assert_int_equal(taken(t, "a", (struct rate_rule){7, 60}, START, 20), 7);
    assert_false(rate_take(t, S("a"), (struct rate_rule){7, 60}, START, &v));
    assert_int_equal(v.wait_ms, 8572); /* 60000 / 7, upwards */
    assert_int_equal(taken(t, "b", (struct rate_rule){1, 86400}, START, 5), 1);
    assert_int_equal(taken(t, "b", (struct rate_rule){1, 86400}, START + 86399999, 5), 0);
    assert_int_equal(taken(t, "b", (struct rate_rule){1, 86400}, START + 86400000, 5), 1);
    assert_int_equal(taken(t, "c", (struct rate_rule){60000, 60}, START, 70000), 60000);
}

struct crowd {
    struct rate_table *table;
    atomic_int through;
};

static void *push(void *ctx)
{
    struct crowd *c = ctx;

    atomic_fetch_add(&c->through,
                     taken(c->table, "a", (struct rate_rule){1000, 3600}, START, 1000));
    return NULL;
}

static void threads_together_take_no_more(void **state)
{
    struct crowd crowd = {.table = *state};
    pthread_t threads[4];

    assert_int_equal(taken(crowd.table, "a", (struct rate_rule){1000, 3600}, START, 1), 1);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, push, &crowd), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&crowd.through), 999);
}

static void rules_are_read_and_printed(void **state)
{
    static const struct {
        const char *text;
        struct rate_rule rule;
    } good[] = {{"10/minute", {10, 60}},
                {"1000/second", {1000, 1}},
                {"1/hour", {1, 3600}},
                {"5/day", {5, 86400}},
                {"0", {0, 60}}};
    static const char *const bad[] = {"",           "10",      "/minute",   "10/",
                                      "1.5/minute", "10/week", "10 /hour",  "1001/second",
                                      "10/Minute",  "-1/hour", "10/minute "};
    struct rate_rule rule = {1, 2};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        AUTO(buf_done) struct buf b = BUF_INIT(100);

        assert_true(rate_rule_parse(str_of(good[i].text), &rule));
        assert_int_equal(rule.count, good[i].rule.count);
        assert_int_equal(rule.period_s, good[i].rule.period_s);
        rate_rule_print(&b, rule);
        assert_str(buf_str(&b), good[i].text);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(rate_rule_parse(str_of(bad[i]), &rule));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(as_many_as_the_rule_says_go_through_at_once),
        WITH_TABLE(then_one_each_time_the_gap_has_passed),
        WITH_TABLE(keys_count_apart),
        WITH_TABLE(a_count_of_zero_is_no_limit),
        WITH_TABLE(what_is_given_back_may_be_taken_again),
        WITH_TABLE(what_is_forgotten_begins_anew),
        WITH_TABLE(how_many_were_missed_is_told_to_the_next),
        WITH_TABLE(a_flood_of_keys_does_not_free_one_that_waits),
        WITH_TABLE(of_a_new_key_none_were_missed),
        WITH_TABLE(odd_rules_never_let_more_through),
        WITH_TABLE(threads_together_take_no_more),
        cmocka_unit_test(rules_are_read_and_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
