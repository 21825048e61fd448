#include "store_fixture.h"

#include "store/job.h"

static int empty_database(void **state)
{
    if (fixture_open(state))
        return -1;
    run_script(*state, "DELETE FROM job");
    return 0;
}
#define WITH_JOBS(test) cmocka_unit_test_setup_teardown(test, empty_database, fixture_close)

static struct job_row row_of(struct fixture *f, struct tx *tx)
{
    struct job_row row;

    must(f, job_find(tx, f->mem, S("sweep"), &row, &f->err));
    return row;
}

static void assert_row(const struct job_row *row, int64_t due, const char *holder, int64_t lease)
{
    assert_int_equal(row->due_ms, due);
    assert_str(row->holder, holder);
    assert_int_equal(row->lease_ms, lease);
}

static bool take(struct fixture *f, struct tx *tx, const struct job_row *seen, const char *holder,
                 int64_t lease)
{
    bool taken = false;

    must(f, job_take(tx, S("sweep"), seen, str_of(holder), lease, &taken, &f->err));
    return taken;
}

static void new_job_is_due_and_free(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct job_row row;

    assert_int_equal(job_find(tx, f->mem, S("sweep"), &row, NULL), ERR_NOT_FOUND);
    must(f, job_create(tx, S("sweep"), 10, &f->err));
    row = row_of(f, tx);
    assert_row(&row, 10, "", 0);
    assert_int_equal(row.ended_ms, 0);
    assert_str(row.problem, "");
    tx_endp(&tx);
}

static void job_that_is_there_stays_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct job_row row;

    must(f, job_create(tx, S("sweep"), 10, &f->err));
    must(f, job_create(tx, S("sweep"), 20, &f->err));
    row = row_of(f, tx);
    assert_int_equal(row.due_ms, 10);
    tx_endp(&tx);
}

static void one_of_those_who_saw_it_takes_it(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct job_row seen, row;

    must(f, job_create(tx, S("sweep"), 10, &f->err));
    must(f, job_create(tx, S("other"), 10, &f->err));
    seen = row_of(f, tx);
    assert_true(take(f, tx, &seen, "a", 100));
    assert_false(take(f, tx, &seen, "b", 101));
    row = row_of(f, tx);
    assert_row(&row, 10, "a", 100);
    must(f, job_find(tx, f->mem, S("other"), &row, &f->err));
    assert_row(&row, 10, "", 0);
    tx_endp(&tx);
}

static void renewed_lease_cannot_be_taken_by_who_saw_the_old_one(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct job_row row;
    bool held = false;

    must(f, job_create(tx, S("sweep"), 10, &f->err));
    row = row_of(f, tx);
    assert_true(take(f, tx, &row, "a", 100));
    row = row_of(f, tx);
    must(f, job_renew(tx, S("sweep"), S("a"), 200, &held, &f->err));
    assert_true(held);
    assert_false(take(f, tx, &row, "b", 300));
    row = row_of(f, tx);
    assert_row(&row, 10, "a", 200);
    assert_true(take(f, tx, &row, "b", 300)); /* whether it may is for the caller to judge */
    must(f, job_renew(tx, S("sweep"), S("a"), 400, &held, &f->err));
    assert_false(held);
    row = row_of(f, tx);
    assert_row(&row, 10, "b", 300);
    tx_endp(&tx);
}

static void due_time_that_changed_tells_of_a_run_between(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct job_row seen, end = {.due_ms = 20, .ended_ms = 15};
    bool held = false;

    must(f, job_create(tx, S("sweep"), 10, &f->err));
    seen = row_of(f, tx);
    assert_true(take(f, tx, &seen, "a", 100));
    must(f, job_end(tx, S("sweep"), S("a"), &end, &held, &f->err));
    assert_false(take(f, tx, &seen, "b", 100));
    tx_endp(&tx);
}

static void end_frees_the_job_and_keeps_what_happened(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct job_row row, end = {.due_ms = 500, .ended_ms = 400, .problem = S("full")};
    bool held = true;

    must(f, job_create(tx, S("sweep"), 10, &f->err));
    row = row_of(f, tx);
    assert_true(take(f, tx, &row, "a", 100));
    must(f, job_end(tx, S("sweep"), S("b"), &end, &held, &f->err));
    assert_false(held);
    row = row_of(f, tx);
    assert_row(&row, 10, "a", 100);
    must(f, job_end(tx, S("sweep"), S("a"), &end, &held, &f->err));
    assert_true(held);
    row = row_of(f, tx);
    assert_row(&row, 500, "", 0);
    assert_int_equal(row.ended_ms, 400);
    assert_str(row.problem, "full");
    tx_endp(&tx);
}

static void job_that_is_given_back_is_as_due_as_before(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct job_row row;
    bool held = true;

    must(f, job_create(tx, S("sweep"), 10, &f->err));
    row = row_of(f, tx);
    assert_true(take(f, tx, &row, "a", 100));
    must(f, job_give_back(tx, S("sweep"), S("b"), &held, &f->err));
    assert_false(held);
    must(f, job_give_back(tx, S("sweep"), S("a"), &held, &f->err));
    assert_true(held);
    row = row_of(f, tx);
    assert_row(&row, 10, "", 0);
    assert_int_equal(row.ended_ms, 0);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(new_job_is_due_and_free),
        WITH_JOBS(job_that_is_there_stays_as_it_is),
        WITH_JOBS(one_of_those_who_saw_it_takes_it),
        WITH_JOBS(renewed_lease_cannot_be_taken_by_who_saw_the_old_one),
        WITH_JOBS(due_time_that_changed_tells_of_a_run_between),
        WITH_JOBS(end_frees_the_job_and_keeps_what_happened),
        WITH_JOBS(job_that_is_given_back_is_as_due_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
