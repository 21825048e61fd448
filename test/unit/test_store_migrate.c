#include "store_fixture.h"

#include "store/migrate.h"

/* A database of version 1, for which a later program brings two steps. */
#define STEP_2                                                                                     \
    {                                                                                              \
        2, "shelf", "CREATE TABLE shelf (n BIGINT NOT NULL);"                                      \
    }
#define STEP_3                                                                                     \
    {                                                                                              \
        3, "books", "CREATE TABLE book (n BIGINT NOT NULL); INSERT INTO shelf VALUES (7);"         \
    }
#define END                                                                                        \
    {                                                                                              \
        0, NULL, NULL                                                                              \
    }

static const struct stmt shelf = {"shelf", "SELECT n FROM shelf", "", "i"};
static const struct stmt versions = {
    "versions", "SELECT version, name FROM schema_version ORDER BY version", "", "it"};

static struct migration first(void)
{
    return migrations[0];
}

static int64_t version_of(struct fixture *f)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct tx *tx = begin(f, TX_READ);
    int64_t last = 0;

    must(f, db_query(tx, &versions, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows)) {
        assert_int_equal(rows_int(rows, 0), last + 1); /* no gaps */
        last = rows_int(rows, 0);
    }
    must(f, rows_error(rows, &f->err));
    rows_endp(&rows);
    tx_endp(&tx);
    return last;
}

static void fresh_database_gets_all_steps(void **state)
{
    struct fixture *f = *state;
    int64_t known = 0;

    while (migrations[known].version)
        known++;
    assert_true(known >= 1);
    assert_string_equal(migrations[0].name, "initial");
    assert_int_equal(version_of(f), known);
}

static void current_database_is_left_alone(void **state)
{
    struct fixture *f = *state;
    uint64_t before = db_generation(f->db);
    struct tx *writer = begin(f, TX_WRITE);
    struct fixture other = *f;

    /* Opening does not even wait for the writer. */
    must(f, db_open(fixture_url(f), false, NULL, &other.db, &other.err));
    db_close(other.db);
    tx_endp(&writer);
    assert_int_equal(db_generation(f->db), before);
}

/* From here on with databases made for the purpose: only where there is a file to throw away. */
static bool own_file(const struct fixture *f)
{
    if (fixture_is_sqlite(f) && !getenv("TERRARIUM_TEST_DB_URL"))
        return true;
    print_message("skipped: needs a database that can be thrown away\n");
    skip();
    return false;
}

static void older_database_gets_the_steps_it_lacks(void **state)
{
    const struct migration later[] = {first(), STEP_2, STEP_3, END};
    struct fixture *f = *state;
    struct rows *rows = NULL;
    struct tx *tx;

    if (!own_file(f))
        return;
    tx = begin(f, TX_WRITE);
    (void)add_account(f, tx, "alice");
    commit(f, &tx);
    assert_int_equal(version_of(f), 1);
    must(f, migrate(f->db, later, &f->err));
    assert_int_equal(version_of(f), 3);
    tx = begin(f, TX_WRITE);
    must(f, db_one(tx, &shelf, DB_NO_ARGS, &rows, &f->err));
    assert_int_equal(rows_int(rows, 0), 7);
    assert_false(rows_next(rows)); /* once */
    rows_endp(&rows);
    struct account_row alice = {0};
    must(f, account_by_login(tx, f->mem, S("alice"), &alice, &f->err));
    tx_endp(&tx);
    must(f, migrate(f->db, later, &f->err)); /* again: nothing to do */
}

static void newer_database_is_refused_naming_both_versions(void **state)
{
    const struct migration later[] = {first(), STEP_2, STEP_3, END};
    struct fixture *f = *state;

    if (!own_file(f))
        return;
    must(f, migrate(f->db, later, &f->err));
    close_database(f);
    assert_int_equal(db_open(fixture_url(f), true, NULL, &f->db, &f->err), ERR_INVALID);
    assert_null(f->db);
    assert_string_equal(f->err.msg, "the database has schema version 3, this program knows "
                                    "versions up to 1: it was written by a newer program");
}

static void failed_step_leaves_the_version_before_it(void **state)
{
    const struct migration broken[] = {
        first(),
        STEP_2,
        {3, "broken", "CREATE TABLE book (n BIGINT); CREATE TABLE shelf (n INT);"},
        END};
    const struct migration repaired[] = {first(), STEP_2, STEP_3, END};
    struct fixture *f = *state;

    if (!own_file(f))
        return;
    assert_int_equal(migrate(f->db, broken, &f->err), ERR_IO);
    assert_true(str_starts(str_of(f->err.msg), S("migration 003_broken: database: table shelf "
                                                 "already exists")));
    assert_int_equal(version_of(f), 2);
    must(f, migrate(f->db, repaired, &f->err)); /* of the broken one not even a part is there */
    assert_int_equal(version_of(f), 3);
}

static int open_fresh(struct fixture *f)
{
    must(f, db_open(fixture_url(f), true, NULL, &f->db, &f->err));
    close_database(f);
    return 0;
}

static void processes_that_open_a_fresh_folder_at_once_all_succeed(void **state)
{
    struct fixture *f = *state;
    pid_t children[4];

    for (int round = 0; round < 5; round++) {
        (void)snprintf(f->url, sizeof(f->url), "sqlite://%s/%d.db", f->folder, round);
        for (size_t i = 0; i < COUNT(children); i++)
            children[i] = start_child(open_fresh, f);
        for (size_t i = 0; i < COUNT(children); i++)
            assert_int_equal(exit_status_of(children[i]), 0);
    }
    must(f, db_open(fixture_url(f), false, NULL, &f->db, &f->err));
    assert_int_equal(version_of(f), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(fresh_database_gets_all_steps),
        WITH_DATABASE(current_database_is_left_alone),
        WITH_DATABASE(older_database_gets_the_steps_it_lacks),
        WITH_DATABASE(newer_database_is_refused_naming_both_versions),
        WITH_DATABASE(failed_step_leaves_the_version_before_it),
        WITH_PLACE(processes_that_open_a_fresh_folder_at_once_all_succeed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
