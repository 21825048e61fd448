/* Waiting for answers: of a server, of one that has gone, and of one that says nothing. */
#include "pg_fixture.h"

#include "store/db_pg_answer.h"
#include "store/turn.h"

/* The text of the first value of a result, which is cleared. */
static struct str first_of(struct fixture *f, PGresult *result)
{
    struct str text = S("(none)");

    assert_non_null(result);
    if (PQntuples(result))
        text = str_fmt(f->mem, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return text;
}

static void the_last_of_several_results_counts(void **state)
{
    struct fixture *f = pg_fixture(state);
    PGconn *pq = pg_aside(f);
    bool in_vain = false;

    assert_str(first_of(f, pg_answer(pq, PQsendQuery(pq, "SELECT 1; SELECT 2"), NULL, &in_vain)),
               "2");
    assert_str(first_of(f, pg_answer(pq, PQsendQuery(pq, "SELECT 3"), NULL, &in_vain)), "3");
    assert_false(in_vain);
    PQfinish(pq);
}

static void a_failure_is_a_result_and_ends_the_statements(void **state)
{
    struct fixture *f = pg_fixture(state);
    PGconn *pq = pg_aside(f);
    bool in_vain = false;
    PGresult *result =
        pg_answer(pq, PQsendQuery(pq, "SELECT 1; SELECT 1/0; SELECT 2"), NULL, &in_vain);

    assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "22012");
    PQclear(result);
    assert_int_equal(PQtransactionStatus(pq), PQTRANS_IDLE);
    PQfinish(pq);
}

static void what_was_not_sent_has_no_answer(void **state)
{
    struct fixture *f = pg_fixture(state);
    PGconn *pq = pg_aside(f);
    bool in_vain = false;

    assert_null(pg_answer(pq, 0, NULL, &in_vain));
    assert_false(in_vain);
    PQfinish(pq);
}

static void a_server_that_goes_is_not_waited_for(void **state)
{
    struct fixture *f = pg_fixture(state);
    PGconn *pq = pg_aside(f);
    bool in_vain = false;
    int sent = PQsendQuery(pq, "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)");
    PGresult *result = pg_answer(pq, sent, NULL, &in_vain);

    assert_int_not_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    assert_int_equal(PQstatus(pq), CONNECTION_BAD);
    assert_false(in_vain);
    PQfinish(pq);
}

/* Even the slowest statement is waited for, unless the server answers nobody. */
static void silence_ends_the_wait(void **state)
{
    struct fixture *f = pg_fixture(state);
    PGconn *pq = pg_aside(f);
    atomic_bool silent = false;
    bool in_vain = false;
    int64_t start = turn_now_ms();

    assert_str(
        first_of(f, pg_answer(pq, PQsendQuery(pq, "SELECT pg_sleep(1.2)"), &silent, &in_vain)), "");
    assert_false(in_vain);
    assert_true(turn_now_ms() - start >= 1200);
    atomic_store(&silent, true);
    start = turn_now_ms(); /* some seconds are given to whoever is slow */
    assert_null(pg_answer(pq, PQsendQuery(pq, "SELECT pg_sleep(60)"), &silent, &in_vain));
    assert_true(in_vain);
    assert_true(turn_now_ms() - start < 30000);
    PQfinish(pq);
}

/* Who can be answered at once is, whatever was found out before. */
static void an_answer_that_comes_counts_in_silence_too(void **state)
{
    struct fixture *f = pg_fixture(state);
    PGconn *pq = pg_aside(f);
    atomic_bool silent = true;
    bool in_vain = false;

    assert_str(first_of(f, pg_answer(pq, PQsendQuery(pq, "SELECT 7"), &silent, &in_vain)), "7");
    assert_false(in_vain);
    PQfinish(pq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PG(the_last_of_several_results_counts),
        WITH_PG(a_failure_is_a_result_and_ends_the_statements),
        WITH_PG(what_was_not_sent_has_no_answer),
        WITH_PG(a_server_that_goes_is_not_waited_for),
        WITH_PG(silence_ends_the_wait),
        WITH_PG(an_answer_that_comes_counts_in_silence_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
