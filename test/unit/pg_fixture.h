/* pg_fixture.h: what the tests of the PostgreSQL engine begin with. Without TERRARIUM_TEST_DB_URL
 * of a PostgreSQL server they are skipped. */
#ifndef TEST_PG_FIXTURE_H
#define TEST_PG_FIXTURE_H
#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include "store_fixture.h"

static inline bool fixture_is_pg(void)
{
    return str_starts(str_of(getenv("TERRARIUM_TEST_DB_URL")), S("postgres"));
}

/* The fixture, in a test that needs PostgreSQL. */
static inline struct fixture *pg_fixture(void **state)
{
    if (!fixture_is_pg()) {
        print_message("skipped: TERRARIUM_TEST_DB_URL names no PostgreSQL\n");
        skip();
    }
    return *state;
}

static inline int pg_open_scratch(void **state)
{
    struct fixture *f;

    if (!fixture_is_pg())
        return fixture_place(state);
    if (fixture_open(state))
        return -1;
    f = *state;
    run_script(f, "CREATE TABLE scratch (k TEXT COLLATE \"C\" PRIMARY KEY, n BIGINT NOT NULL)");
    return 0;
}
#define WITH_PG(test) cmocka_unit_test_setup_teardown(test, pg_open_scratch, fixture_close)

/* A connection beside the engine's. */
static inline PGconn *pg_aside(const struct fixture *f)
{
    PGconn *pq = PQconnectdb(f->url);

    if (PQstatus(pq) != CONNECTION_OK)
        print_error("%s", PQerrorMessage(pq));
    assert_int_equal(PQstatus(pq), CONNECTION_OK);
    return pq;
}

/* One statement outside of all transactions; the text of its first value, in f->mem. */
static inline struct str pg_aside_run(struct fixture *f, const char *sql)
{
    PGconn *pq = pg_aside(f);
    PGresult *result = PQexec(pq, sql);
    bool has_row = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
    struct str text = S("");

    if (!has_row && PQresultStatus(result) != PGRES_COMMAND_OK &&
        PQresultStatus(result) != PGRES_TUPLES_OK)
        text = str_fmt(f->mem, "failed: %s", PQerrorMessage(pq));
    else if (has_row)
        text = str_fmt(f->mem, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(pq);
    return text;
}

/* url with one more parameter: "dbname=x". */
static inline struct str pg_url_with(struct fixture *f, const char *url, const char *parameter)
{
    return str_fmt(f->mem, "%s%c%s", url, strchr(url, '?') ? '&' : '?', parameter);
}

#endif
