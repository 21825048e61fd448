#include "store_fixture.h"

#include "store/db_sqlite_conn.h"

static const struct stmt one = {"one", "SELECT id FROM account WHERE id = $1", "i", "i"};
static const struct stmt add = {"add",
                                "INSERT INTO setup_code (id, hash, expires_ms) "
                                "VALUES (1, zeroblob(32), $1)",
                                "i", ""};

/* A database file of its own, whatever the suite runs on. */
static int own_database(void **state)
{
    struct fixture *f;

    if (fixture_place(state))
        return -1;
    f = *state;
    (void)snprintf(f->url, sizeof(f->url), "sqlite://%s/terrarium.db", f->folder);
    must(f, db_open(fixture_url(f), true, NULL, &f->db, &f->err));
    return 0;
}
#define OWN_DATABASE(test) cmocka_unit_test_setup_teardown(test, own_database, fixture_close)

static struct conn *conn_of(struct fixture *f, enum conn_use use)
{
    struct conn *c = NULL;

    must(f, conn_open(f->url + sizeof("sqlite://") - 1, use, &c, &f->err));
    return c;
}

static void missing_file_is_not_created(void **state)
{
    struct fixture *f = *state;
    struct conn *c = NULL;

    assert_int_equal(conn_open("/tmp/nowhere/at/all.db", CONN_WRITE, &c, &f->err), ERR_NOT_FOUND);
    assert_string_equal(f->err.msg,
                        "database \"/tmp/nowhere/at/all.db\": No such file or directory");
    assert_null(c);
    conn_close(NULL);
}

static void statement_that_does_not_fit_its_signature_is_found(void **state)
{
    static const struct {
        struct stmt stmt;
        const char *why;
    } wrong[] = {
        {{"params", "SELECT id FROM account WHERE id = $1", "", "i"}, "number of parameters"},
        {{"more", "SELECT id FROM account WHERE id = $1", "ii", "i"}, "number of parameters"},
        {{"cols", "SELECT id, login FROM account", "", "i"}, "number of columns"},
        {{"order", "SELECT id FROM account WHERE id = $2 AND login = $1", "ti", "i"},
         "parameters do not first appear in order"},
        {{"name", "SELECT id FROM account WHERE id = :id", "i", "i"},
         "parameters do not first appear in order"},
        {{"table", "SELECT id FROM acount", "", "i"}, "no such table: acount"},
        {{"quotes", "SELECT id FROM account WHERE login = \"alice\"", "", "i"},
         "no such column: alice"},
    };
    struct fixture *f = *state;
    struct conn *c = conn_of(f, CONN_READ);

    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct prepared *p = NULL;

        assert_int_not_equal(conn_check(c, &wrong[i].stmt, &f->err), OK);
        assert_non_null(strstr(f->err.msg, wrong[i].why));
        assert_non_null(strstr(f->err.msg, wrong[i].stmt.name));
        assert_int_not_equal(conn_take(c, &wrong[i].stmt, &p, &f->err), OK);
        assert_null(p);
    }
    must(f, conn_check(c, &one, &f->err));
    assert_int_equal(c->prepared_count, 0);
    conn_close(c);
}

static void statement_is_prepared_once(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_of(f, CONN_READ);
    struct prepared *p = NULL, *inner = NULL, *again = NULL;

    must(f, conn_take(c, &one, &p, &f->err));
    must(f, conn_take(c, &one, &inner, &f->err)); /* while the first is in use */
    assert_ptr_not_equal(inner, p);
    conn_give(inner);
    conn_give(p);
    must(f, conn_take(c, &one, &again, &f->err));
    assert_ptr_equal(again, p);
    assert_int_equal(c->prepared_count, 1);
    conn_give(again);
    conn_close(c);
}

static void statement_given_back_holds_no_values_and_no_lock(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_of(f, CONN_WRITE);
    struct prepared *p = NULL;
    char *sql;

    must(f, conn_run(c, "INSERT INTO setup_code VALUES (1, zeroblob(32), 5)", &f->err));
    must(f, conn_take(c, &add, &p, &f->err));
    assert_int_equal(sqlite3_bind_int64(p->handle, 1, 77), SQLITE_OK);
    assert_int_equal(sqlite3_step(p->handle), SQLITE_CONSTRAINT_PRIMARYKEY);
    assert_int_equal(conn_fail(c, "add", &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.msg, "database: UNIQUE constraint failed: setup_code.id (add)");
    conn_give(p);
    assert_true(sqlite3_get_autocommit(c->sqlite));
    sql = sqlite3_expanded_sql(p->handle);
    assert_non_null(strstr(sql, "zeroblob(32), NULL)"));
    sqlite3_free(sql);
    must(f, conn_run(c, "DELETE FROM setup_code", &f->err));
    conn_close(c);
}

static void reading_connection_refuses_to_write(void **state)
{
    struct fixture *f = *state;

    for (int use = CONN_READ; use <= CONN_WATCH; use++) {
        struct conn *c = conn_of(f, (enum conn_use)use);
        enum err_code code = conn_run(c, "DELETE FROM account", &f->err);

        assert_int_equal(code, use == CONN_WRITE ? OK : ERR_IO);
        conn_close(c);
    }
}

static void watch_does_not_wait_for_a_lock(void **state)
{
    struct fixture *f = *state;
    struct conn *writer = conn_of(f, CONN_WRITE), *watch = conn_of(f, CONN_WATCH);

    must(f, conn_run(writer, "BEGIN IMMEDIATE", &f->err));
    assert_int_equal(conn_run(watch, "PRAGMA query_only=OFF; BEGIN IMMEDIATE", &f->err), ERR_BUSY);
    conn_close(watch);
    conn_close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN_DATABASE(missing_file_is_not_created),
        OWN_DATABASE(statement_that_does_not_fit_its_signature_is_found),
        OWN_DATABASE(statement_is_prepared_once),
        OWN_DATABASE(statement_given_back_holds_no_values_and_no_lock),
        OWN_DATABASE(reading_connection_refuses_to_write),
        OWN_DATABASE(watch_does_not_wait_for_a_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
