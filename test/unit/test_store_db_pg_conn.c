#include "pg_fixture.h"

#include "store/db_pg_conn.h"

static const struct stmt one = {"one", "SELECT n FROM scratch WHERE k = $1", "t", "i"};

static struct pg_conn *conn_of(struct fixture *f)
{
    struct pg_settings *settings = arena_new(f->mem, struct pg_settings);
    struct pg_conn *c = NULL;

    assert_non_null(settings);
    *settings = (struct pg_settings){.conninfo = f->url, .statement_ms = 4321, .lock_ms = 1234};
    must(f, pg_conn_open(settings, &c, &f->err));
    return c;
}

static enum err_code open_url(struct fixture *f, const char *url)
{
    const struct pg_settings settings = {
        .conninfo = str_z(f->mem, str_of(url)), .statement_ms = 1000, .lock_ms = 1000};
    struct pg_conn *c = NULL;
    enum err_code code = pg_conn_open(&settings, &c, &f->err);

    if (code == OK)
        pg_conn_close(c);
    else
        assert_null(c);
    return code;
}

/* --- without a server ---------------------------------------------------------------------- */

static void sqlstates_have_codes(void **state)
{
    static const struct {
        const char *state;
        enum err_code code;
    } cases[] = {
        {"23505", ERR_CONFLICT},  {"23503", ERR_INVALID},   {"23514", ERR_INVALID},
        {"23502", ERR_INVALID},   {"22021", ERR_INVALID},   {"22003", ERR_INVALID},
        {"40001", ERR_COLLISION}, {"40P01", ERR_COLLISION}, {"55P03", ERR_BUSY},
        {"57014", ERR_BUSY},      {"53300", ERR_BUSY},      {"57P01", ERR_BUSY},
        {"57P02", ERR_BUSY},      {"57P03", ERR_BUSY},      {"57P05", ERR_BUSY},
        {"25P03", ERR_BUSY},      {"08006", ERR_BUSY},      {"08P01", ERR_BUSY},
        {"53100", ERR_NO_SPACE},  {"53200", ERR_NOMEM},     {"54000", ERR_TOO_BIG},
        {"42P01", ERR_IO},        {"25006", ERR_IO},        {"XX000", ERR_IO},
        {"40003", ERR_IO},        {"55000", ERR_IO},        {"", ERR_IO},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(pg_code_of(cases[i].state), cases[i].code);
}

static void server_that_is_not_there_is_busy(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(open_url(f, "postgresql://u:secret@/db?host=/nowhere/at/all"), ERR_BUSY);
    assert_non_null(strstr(f->err.msg, "database: connection to server on socket "
                                       "\"/nowhere/at/all/.s.PGSQL.5432\" failed: No such file"));
    assert_null(strstr(f->err.msg, "secret"));
    /* Of several each is named, and the advice of libpq is left out. */
    assert_int_equal(open_url(f, "postgresql://u:secret@/db?host=/nowhere/a,/nowhere/b"), ERR_BUSY);
    assert_non_null(strstr(f->err.msg, "/nowhere/a/"));
    assert_non_null(strstr(f->err.msg, "; connection to server on socket \"/nowhere/b/"));
    assert_null(strstr(f->err.msg, "Is the server running"));
    pg_conn_close(NULL);
}

/* --- with one ------------------------------------------------------------------------------ */

static void connection_is_set_up(void **state)
{
    static const char *const settings[] = {
        "SELECT current_setting('statement_timeout') = '4321ms'",
        "SELECT current_setting('lock_timeout') = '1234ms'",
        "SELECT current_setting('idle_in_transaction_session_timeout') = '10min'",
    };
    struct fixture *f = pg_fixture(state);
    struct pg_conn *c = conn_of(f);

    for (size_t i = 0; i < COUNT(settings); i++) {
        bool yes = false;

        must(f, pg_conn_ask(c, settings[i], "test", &yes, &f->err));
        assert_true(yes);
    }
    assert_true(pg_conn_reusable(c));
    pg_conn_close(c);
}

static void database_that_is_not_there_is_named(void **state)
{
    struct fixture *f = pg_fixture(state);

    assert_int_equal(open_url(f, pg_url_with(f, f->url, "dbname=no_such_database").ptr), ERR_BUSY);
    assert_non_null(strstr(f->err.msg, "database \"no_such_database\" does not exist"));
}

/* One who lets everybody in does not ask for it. */
static void password_is_in_no_message(void **state)
{
    struct fixture *f = pg_fixture(state);
    struct str url = pg_url_with(f, f->url, "dbname=no_such_database&password=secret");

    assert_int_equal(open_url(f, url.ptr), ERR_BUSY);
    assert_non_null(strstr(f->err.msg, "FATAL:"));
    assert_null(strstr(f->err.msg, "secret"));
}

static void encoding_of_the_client_must_be_utf8(void **state)
{
    struct fixture *f = pg_fixture(state);

    assert_int_equal(open_url(f, pg_url_with(f, f->url, "client_encoding=LATIN1").ptr),
                     ERR_INVALID);
    assert_string_equal(f->err.msg, "database: its client_encoding is LATIN1, and must be UTF8");
}

static void database_in_another_encoding_is_refused(void **state)
{
    struct fixture *f = pg_fixture(state);
    struct str made =
        pg_aside_run(f, "CREATE DATABASE test_terrarium_ascii TEMPLATE template0 "
                        "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'");

    if (made.len) {
        print_message("skipped: cannot create a database: %s\n", made.ptr);
        skip();
    }
    assert_int_equal(
        open_url(f, pg_url_with(f, f->url, "dbname=test_terrarium_ascii&client_encoding=UTF8").ptr),
        ERR_INVALID);
    assert_str(pg_aside_run(f, "DROP DATABASE test_terrarium_ascii"), "");
    assert_string_equal(f->err.msg, "database: its server_encoding is SQL_ASCII, and must be UTF8");
}

static void statement_that_does_not_fit_its_signature_is_found(void **state)
{
    static const struct {
        struct stmt stmt;
        const char *why;
    } wrong[] = {
        {{"params", "SELECT n FROM scratch WHERE k = $1", "", "i"}, "number of parameters"},
        {{"more", "SELECT n FROM scratch WHERE k = $1", "ti", "i"}, "number of parameters"},
        {{"cols", "SELECT n, k FROM scratch", "", "i"}, "number of columns"},
        {{"fewer", "DELETE FROM scratch", "", "i"}, "number of columns"},
        {{"type", "SELECT k FROM scratch", "", "i"}, "type of a column"},
        {{"sum", "SELECT SUM(n) FROM scratch", "", "i"}, "type of a column"},
        {{"bytes", "SELECT k FROM scratch", "", "b"}, "type of a column"},
        {{"param", "SELECT n FROM scratch WHERE k = $1", "i", "i"}, "operator does not exist"},
        {{"table", "SELECT n FROM scrat", "", "i"}, "relation \"scrat\" does not exist"},
    };
    struct fixture *f = pg_fixture(state);
    struct pg_conn *c = conn_of(f);

    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_not_equal(pg_conn_check(c, &wrong[i].stmt, &f->err), OK);
        assert_non_null(strstr(f->err.msg, wrong[i].why));
        assert_non_null(strstr(f->err.msg, wrong[i].stmt.name));
    }
    must(f, pg_conn_check(c, &one, &f->err));
    assert_int_equal(c->prepared_count, 0);
    pg_conn_close(c);
}

static void result_that_does_not_fit_its_signature_is_found(void **state)
{
    static const struct stmt wrong = {"wrong", "SELECT k FROM scratch", "", "i"};
    struct fixture *f = pg_fixture(state);
    struct pg_conn *c = conn_of(f);
    PGresult *result = NULL;

    assert_int_equal(pg_conn_query(c, &wrong, NULL, &result, &f->err), ERR_INVALID);
    assert_null(result);
    pg_conn_close(c);
}

static void statement_is_prepared_once(void **state)
{
    struct fixture *f = pg_fixture(state);
    struct pg_conn *c = conn_of(f);
    bool yes = false;

    for (int i = 0; i < 3; i++) {
        PGresult *result = NULL;

        must(f, pg_conn_query(c, &one, &(struct db_val){.type = DB_TEXT, .s = S("a")}, &result,
                              &f->err));
        assert_int_equal(PQntuples(result), 0);
        PQclear(result);
    }
    assert_int_equal(c->prepared_count, 1);
    must(f,
         pg_conn_ask(c, "SELECT count(*) = 1 FROM pg_prepared_statements", "test", &yes, &f->err));
    assert_true(yes);
    pg_conn_close(c);
}

static void unexpected_failure_spoils_the_connection(void **state)
{
    struct fixture *f = pg_fixture(state);
    struct pg_conn *c = conn_of(f);

    /* What a rule of the data forbids is expected. */
    must(f, pg_conn_run(c, "INSERT INTO scratch VALUES ('a', 1)", "test", &f->err));
    assert_int_equal(pg_conn_run(c, "INSERT INTO scratch VALUES ('a', 1)", "put", &f->err),
                     ERR_CONFLICT);
    assert_string_equal(f->err.msg, "database: duplicate key value violates unique constraint "
                                    "\"scratch_pkey\" (put)");
    assert_true(pg_conn_reusable(c));
    assert_int_equal(pg_conn_run(c, "SELECT nothing", "test", &f->err), ERR_IO);
    assert_false(pg_conn_reusable(c));
    pg_conn_close(c);
}

static void connection_in_a_transaction_is_not_reusable(void **state)
{
    struct fixture *f = pg_fixture(state);
    struct pg_conn *c = conn_of(f);

    must(f, pg_conn_run(c, "BEGIN", "test", &f->err));
    assert_false(pg_conn_reusable(c));
    must(f, pg_conn_run(c, "ROLLBACK", "test", &f->err));
    assert_true(pg_conn_reusable(c));
    pg_conn_close(c);
}

static void broken_connection_is_busy_and_lost(void **state)
{
    struct fixture *f = pg_fixture(state);
    struct pg_conn *c = conn_of(f);

    assert_false(pg_conn_lost(c));
    assert_str(pg_aside_run(
                   f, str_fmt(f->mem, "SELECT pg_terminate_backend(%d)", PQbackendPID(c->pq)).ptr),
               "t");
    assert_int_equal(pg_conn_run(c, "SELECT 1", "test", &f->err), ERR_BUSY);
    assert_true(pg_conn_lost(c));
    assert_false(pg_conn_reusable(c));
    assert_int_equal(pg_conn_run(c, "SELECT 1", "again", &f->err), ERR_BUSY);
    pg_conn_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sqlstates_have_codes),
        WITH_PLACE(server_that_is_not_there_is_busy),
        WITH_PG(connection_is_set_up),
        WITH_PG(database_that_is_not_there_is_named),
        WITH_PG(password_is_in_no_message),
        WITH_PG(encoding_of_the_client_must_be_utf8),
        WITH_PG(database_in_another_encoding_is_refused),
        WITH_PG(statement_that_does_not_fit_its_signature_is_found),
        WITH_PG(result_that_does_not_fit_its_signature_is_found),
        WITH_PG(statement_is_prepared_once),
        WITH_PG(unexpected_failure_spoils_the_connection),
        WITH_PG(connection_in_a_transaction_is_not_reusable),
        WITH_PG(broken_connection_is_busy_and_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
