#include "store_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/clock.h"

enum { PUT, ADD, SET, GET, ALL, LONG, COUNTER, VALUES, DELETE, CHILD, INSERT_ID };
static const struct stmt stmts[] = {
    [PUT] = {"put", "INSERT INTO scratch (k, n) VALUES ($1, $2)", "ti", ""},
    [ADD] = {"add", "UPDATE scratch SET n = n + $1", "i", ""},
    [SET] = {"set", "UPDATE scratch SET n = $1", "i", ""},
    [GET] = {"get", "SELECT n FROM scratch WHERE k = $1", "t", "i"},
    [ALL] = {"all", "SELECT k, n FROM scratch ORDER BY k", "", "ti"},
    [LONG] = {"long", "SELECT k, n FROM scratch WHERE n >= $1 ORDER BY k", "i", "ti"},
    [COUNTER] = {"counter", "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM scratch", "", "i"},
    [VALUES] = {"values",
                "INSERT INTO scratch (k, n, t, b) VALUES ($1, $2, $3, $4) RETURNING n, t, b",
                "tITB", "ITB"},
    [DELETE] = {"delete", "DELETE FROM scratch WHERE n >= $1", "i", ""},
    [CHILD] = {"child",
               "INSERT INTO package (account_id, name, summary, attrs, latest_version, "
               "created_ms, updated_ms) VALUES ($1, 'x', '', '{}', '', 0, 0)",
               "i", ""},
    [INSERT_ID] = {"insert_id", "INSERT INTO scratch (k, n) VALUES ($1, $2) RETURNING n", "ti",
                   "i"},
};

static const char *scratch_table(const struct fixture *f)
{
    return fixture_is_sqlite(f)
               ? "CREATE TABLE scratch (k TEXT PRIMARY KEY, n BIGINT CHECK (n <> -13), t TEXT, "
                 "b BLOB)"
               : "CREATE TABLE scratch (k TEXT COLLATE \"C\" PRIMARY KEY, "
                 "n BIGINT CHECK (n <> -13), t TEXT, b BYTEA)";
}

static int open_scratch(void **state)
{
    struct fixture *f;

    if (fixture_open(state))
        return -1;
    f = *state;
    run_script(f, scratch_table(f));
    return 0;
}
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, open_scratch, fixture_close)

/* In a child, which opens the database for itself. */
static int make_scratch(struct fixture *f)
{
    must(f, db_open(fixture_url(f), true, NULL, &f->db, &f->err));
    fixture_empty(f);
    run_script(f, scratch_table(f));
    return 0;
}

static void put(struct fixture *f, struct tx *tx, const char *k, int64_t n)
{
    must(f, db_exec(tx, &stmts[PUT], DB_ARGS(db_text(str_of(k)), db_int(n)), NULL, &f->err));
}

static int64_t sum(struct fixture *f, struct tx *tx)
{
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(tx, &stmts[COUNTER], DB_NO_ARGS, &rows, &f->err));
    return rows_int(rows, 0);
}

/* What a transaction of its own sees. */
static int64_t sum_now(struct fixture *f)
{
    struct tx *tx = begin(f, TX_READ);
    int64_t n = sum(f, tx);

    tx_endp(&tx);
    return n;
}

/* --- opening ------------------------------------------------------------------------------- */

static void url_of_an_unknown_kind_is_refused(void **state)
{
    static const char *const urls[] = {
        "", "x", "sqlite", "sqlite:", "sqlite:/", "mysql://x/y", "/var/lib/x.db"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(urls); i++) {
        assert_int_equal(db_open(str_of(urls[i]), true, NULL, &f->db, &f->err), ERR_INVALID);
        assert_null(f->db);
    }
    assert_string_equal(f->err.msg,
                        "\"/var/lib/x.db\" is not the URL of a database of a known kind");
    assert_int_equal(db_open(S("postgresq://u:secret@host/db"), true, NULL, &f->db, &f->err),
                     ERR_INVALID);
    assert_string_equal(f->err.msg, "the URL is not that of a database of a known kind");
}

static void committed_rows_are_there_after_reopening(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    put(f, tx, "a", 5);
    commit(f, &tx);
    db_closep(&f->db);
    must(f, db_open(fixture_url(f), false, NULL, &f->db, &f->err));
    assert_int_equal(sum_now(f), 5);
}

/* --- transactions -------------------------------------------------------------------------- */

static void ended_transaction_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    put(f, tx, "a", 5);
    assert_int_equal(sum(f, tx), 5);
    tx_endp(&tx);
    assert_null(tx);
    assert_int_equal(sum_now(f), 0);
    tx_endp(&tx); /* again: nothing */
}

static void transaction_with_a_failed_statement_can_only_be_rolled_back(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    put(f, tx, "a", 5);
    assert_int_equal(db_exec(tx, &stmts[PUT], DB_ARGS(db_text(S("a")), db_int(6)), NULL, &f->err),
                     ERR_CONFLICT);
    assert_int_equal(db_exec(tx, &stmts[PUT], DB_ARGS(db_text(S("b")), db_int(6)), NULL, &f->err),
                     ERR_IO);
    assert_string_equal(f->err.msg, "an earlier statement of the transaction failed (put)");
    assert_int_equal(tx_commit(&tx, &f->err), ERR_IO);
    assert_null(tx);
    assert_string_equal(f->err.msg,
                        "the transaction was rolled back: a statement in it had failed");
    assert_int_equal(sum_now(f), 0);
    tx = begin(f, TX_WRITE); /* the next one is not affected */
    put(f, tx, "a", 7);
    commit(f, &tx);
    assert_int_equal(sum_now(f), 7);
}

static void not_found_does_not_fail_a_transaction(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct rows *rows = NULL;

    assert_int_equal(db_one(tx, &stmts[GET], DB_ARGS(db_text(S("a"))), &rows, &f->err),
                     ERR_NOT_FOUND);
    assert_null(rows);
    put(f, tx, "a", 5);
    commit(f, &tx);
    assert_int_equal(sum_now(f), 5);
}

static void read_transaction_sees_one_state(void **state)
{
    struct fixture *f = *state;
    struct tx *reader = begin(f, TX_READ), *writer;

    assert_int_equal(sum(f, reader), 0);
    writer = begin(f, TX_WRITE);
    put(f, writer, "a", 5);
    assert_int_equal(sum(f, reader), 0);
    assert_int_equal(sum_now(f), 0); /* not committed: nobody sees it */
    commit(f, &writer);
    assert_int_equal(sum(f, reader), 0);
    assert_int_equal(sum_now(f), 5);
    tx_endp(&reader);
}

static void read_transaction_cannot_write(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);

    assert_int_equal(db_exec(tx, &stmts[PUT], DB_ARGS(db_text(S("a")), db_int(1)), NULL, &f->err),
                     ERR_IO);
    tx_endp(&tx);
    tx = begin(f, TX_WRITE); /* the reader took nothing with it */
    put(f, tx, "a", 5);
    commit(f, &tx);
}

static void read_transaction_may_be_committed(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);

    assert_int_equal(sum(f, tx), 0);
    commit(f, &tx);
}

/* --- statements and values ----------------------------------------------------------------- */

static void values_come_back_as_they_went(void **state)
{
    static const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    static const char bytes[] = {0, 1, (char)0xff, '\'', 0};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    for (size_t i = 0; i < COUNT(numbers); i++) {
        AUTO(rows_endp) struct rows *rows = NULL;
        struct str text = S("it's \"ä\" %_\\ \n");

        must(f, db_one(tx, &stmts[VALUES],
                       DB_ARGS(db_text(str_fmt(f->mem, "%zu", i)), db_int(numbers[i]),
                               db_text(text), db_bytes((struct str){bytes, sizeof(bytes)})),
                       &rows, &f->err));
        assert_true(rows_int(rows, 0) == numbers[i]);
        assert_true(str_eq(rows_text(rows, 1), text));
        assert_int_equal(rows_bytes(rows, 2).len, sizeof(bytes));
        assert_memory_equal(rows_bytes(rows, 2).ptr, bytes, sizeof(bytes));
        assert_false(rows_null(rows, 0));
    }
    tx_endp(&tx);
}

static void nothing_and_the_empty_text_differ(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct rows *rows = NULL;

    must(f, db_one(tx, &stmts[VALUES], DB_ARGS(db_text(S("a")), db_null(), db_null(), db_null()),
                   &rows, &f->err));
    assert_true(rows_null(rows, 0) && rows_null(rows, 1) && rows_null(rows, 2));
    assert_int_equal(rows_int(rows, 0), 0);
    assert_null(rows_text(rows, 1).ptr);
    assert_null(rows_bytes(rows, 2).ptr);
    rows_endp(&rows);
    must(f, db_one(tx, &stmts[VALUES],
                   DB_ARGS(db_text((struct str){0}), db_int(0), db_text((struct str){0}),
                           db_bytes((struct str){0})),
                   &rows, &f->err));
    assert_false(rows_null(rows, 1) || rows_null(rows, 2));
    assert_non_null(rows_text(rows, 1).ptr);
    assert_int_equal(rows_text(rows, 1).len, 0);
    assert_non_null(rows_bytes(rows, 2).ptr);
    assert_int_equal(rows_bytes(rows, 2).len, 0);
    rows_endp(&rows);
    assert_int_equal(db_text_or_null(S("")).type, DB_NULL);
    assert_int_equal(db_text_or_null(S("x")).type, DB_TEXT);
    tx_endp(&tx);
}

static void text_with_a_nul_is_refused(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    assert_int_equal(db_exec(tx, &stmts[PUT], DB_ARGS(db_text((struct str){"a\0b", 3}), db_int(1)),
                             NULL, &f->err),
                     ERR_INVALID);
    tx_endp(&tx);
}

static void rows_come_one_by_one_until_the_end(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct rows *rows = NULL;
    int64_t changes = -1;

    for (int i = 0; i < 5; i++)
        put(f, tx, str_fmt(f->mem, "k%d%c", i, '\0').ptr, i);
    must(f, db_query(tx, &stmts[ALL], DB_NO_ARGS, &rows, &f->err));
    for (int i = 0; i < 5; i++) {
        assert_true(rows_next(rows));
        assert_int_equal(rows_text(rows, 0).ptr[1], '0' + i);
        assert_int_equal(rows_int(rows, 1), i);
    }
    assert_false(rows_next(rows));
    assert_false(rows_next(rows));
    assert_int_equal(rows_error(rows, NULL), OK);
    rows_endp(&rows);
    assert_null(rows);
    must(f, db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(2)), &changes, &f->err));
    assert_int_equal(changes, 3);
    must(f, db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(2)), &changes, &f->err));
    assert_int_equal(changes, 0);
    must(f, db_exec(tx, &stmts[ALL], DB_NO_ARGS, &changes, &f->err));
    assert_int_equal(changes, 0);
    tx_endp(&tx);
}

static void insert_gives_the_returned_number(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t id = 0;

    must(f, db_insert(tx, &stmts[INSERT_ID], DB_ARGS(db_text(S("a")), db_int(41)), &id, &f->err));
    assert_int_equal(id, 41);
    assert_int_equal(
        db_insert(tx, &stmts[INSERT_ID], DB_ARGS(db_text(S("a")), db_int(42)), &id, &f->err),
        ERR_CONFLICT);
    assert_int_equal(id, 41);
    tx_endp(&tx);
}

static void statement_may_run_within_itself(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct rows *outer = NULL;
    int pairs = 0;

    for (int i = 0; i < 4; i++)
        put(f, tx, str_fmt(f->mem, "%d%c", i, '\0').ptr, i);
    must(f, db_query(tx, &stmts[ALL], DB_NO_ARGS, &outer, &f->err));
    while (rows_next(outer)) {
        AUTO(rows_endp) struct rows *inner = NULL;

        must(f, db_query(tx, &stmts[ALL], DB_NO_ARGS, &inner, &f->err));
        while (rows_next(inner))
            pairs++;
    }
    rows_endp(&outer);
    assert_int_equal(pairs, 16);
    tx_endp(&tx);
}

static void violated_rules_have_codes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    assert_int_equal(db_exec(tx, &stmts[PUT], DB_ARGS(db_text(S("a")), db_int(-13)), NULL, &f->err),
                     ERR_INVALID);
    tx_endp(&tx);
    tx = begin(f, TX_WRITE);
    assert_int_equal(db_exec(tx, &stmts[CHILD], DB_ARGS(db_int(999)), NULL, &f->err), ERR_INVALID);
    tx_endp(&tx);
}

static void more_statements_than_are_kept_can_be_used(void **state)
{
    static struct stmt many[600]; /* statements outlive the database */
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    put(f, tx, "a", 5);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < COUNT(many); i++) {
            AUTO(rows_endp) struct rows *rows = NULL;

            many[i] = stmts[GET];
            must(f, db_one(tx, &many[i], DB_ARGS(db_text(S("a"))), &rows, &f->err));
            assert_int_equal(rows_int(rows, 0), 5);
        }
    tx_endp(&tx);
}

/* --- long results -------------------------------------------------------------------------- */

/* Keys in the order of their numbers. */
static void put_numbered(struct fixture *f, struct tx *tx, int from, int to)
{
    for (int i = from; i < to; i++) {
        char k[8];

        (void)snprintf(k, sizeof(k), "%04d", i);
        put(f, tx, k, i);
    }
}

static void long_result_of_any_length_is_complete(void **state)
{
    static const int lengths[] = {0, 1, 499, 500, 501, 1000, 1003};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int there = 0;

    for (size_t i = 0; i < COUNT(lengths); i++) {
        AUTO(rows_endp) struct rows *rows = NULL;
        int seen = 0;

        put_numbered(f, tx, there, lengths[i]);
        there = lengths[i];
        must(f, db_query_long(tx, &stmts[LONG], DB_ARGS(db_int(0)), &rows, &f->err));
        while (rows_next(rows))
            assert_int_equal(rows_int(rows, 1), seen++);
        must(f, rows_error(rows, &f->err));
        assert_int_equal(seen, there);
    }
    tx_endp(&tx);
}

static void statements_run_during_a_long_result(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct rows *outer = NULL, *inner = NULL;
    int64_t seen = 0;

    put_numbered(f, tx, 0, 900);
    must(f, db_query_long(tx, &stmts[LONG], DB_ARGS(db_int(0)), &outer, &f->err));
    must(f, db_query_long(tx, &stmts[LONG], DB_ARGS(db_int(2)), &inner, &f->err));
    while (rows_next(outer)) {
        AUTO(rows_endp) struct rows *row = NULL;

        if (seen < 898) { /* two of the same, side by side */
            assert_true(rows_next(inner));
            assert_int_equal(rows_int(inner, 1), seen + 2);
        }
        must(f, db_one(tx, &stmts[GET], DB_ARGS(db_text(rows_text(outer, 0))), &row, &f->err));
        assert_int_equal(rows_int(row, 0), seen++);
    }
    assert_int_equal(seen, 900);
    rows_endp(&inner);
    rows_endp(&outer);
    put(f, tx, "x", 1);
    commit(f, &tx);
}

static void long_result_may_be_left_early(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);

    put_numbered(f, tx, 0, 700);
    for (int i = 0; i < 3; i++) {
        AUTO(rows_endp) struct rows *rows = NULL;

        must(f, db_query_long(tx, &stmts[LONG], DB_ARGS(db_int(0)), &rows, &f->err));
        for (int64_t n = 0; n < 10; n++) {
            assert_true(rows_next(rows));
            assert_int_equal(rows_int(rows, 1), n);
        }
    }
    put(f, tx, "x", 1);
    commit(f, &tx);
    assert_int_equal(sum_now(f), 699 * 700 / 2 + 1);
}

/* --- mistakes of the program --------------------------------------------------------------- */

static void too_few_arguments(struct fixture *f, struct tx *tx)
{
    (void)!db_exec(tx, &stmts[PUT], DB_ARGS(db_text(S("a"))), NULL, &f->err);
}

static void argument_of_another_type(struct fixture *f, struct tx *tx)
{
    (void)!db_exec(tx, &stmts[PUT], DB_ARGS(db_text(S("a")), db_text(S("1"))), NULL, &f->err);
}

static void nothing_where_there_must_be_something(struct fixture *f, struct tx *tx)
{
    (void)!db_exec(tx, &stmts[PUT], DB_ARGS(db_text(S("a")), db_null()), NULL, &f->err);
}

static void read_column(struct fixture *f, struct tx *tx, bool as_text, int col)
{
    AUTO(rows_endp) struct rows *rows = NULL;

    if (db_one(tx, &stmts[COUNTER], DB_NO_ARGS, &rows, &f->err))
        return;
    if (as_text)
        (void)rows_text(rows, col);
    else
        (void)rows_int(rows, col);
}

static void column_of_another_type(struct fixture *f, struct tx *tx)
{
    read_column(f, tx, true, 0);
}

static void column_out_of_range(struct fixture *f, struct tx *tx)
{
    read_column(f, tx, false, 1);
}

static void commit_with_open_rows(struct fixture *f, struct tx *tx)
{
    struct rows *rows = NULL;

    if (db_query(tx, &stmts[ALL], DB_NO_ARGS, &rows, &f->err) == OK)
        (void)!tx_commit(&tx, &f->err);
}

static void mistakes_of_the_program_end_it(void **state)
{
    static void (*const mistakes[])(struct fixture *, struct tx *) = {
        too_few_arguments,      argument_of_another_type, nothing_where_there_must_be_something,
        column_of_another_type, column_out_of_range,      commit_with_open_rows,
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(mistakes); i++) {
        int status = 0;
        pid_t pid = fork(); /* the child opens the database for itself */

        if (pid == 0) {
            (void)make_scratch(f);
            (void)signal(SIGABRT, SIG_DFL);
            (void)close(2);
            mistakes[i](f, begin(f, TX_WRITE));
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

/* --- the generation ------------------------------------------------------------------------ */

static void generation_moves_with_each_commit_that_wrote(void **state)
{
    struct fixture *f = *state;
    uint64_t before = db_generation(f->db);
    struct tx *tx = begin(f, TX_WRITE);

    put(f, tx, "a", 1);
    assert_int_equal(db_generation(f->db), before);
    commit(f, &tx);
    assert_int_equal(db_generation(f->db), before + 1);
    (void)usleep(250000); /* the watch does not take our commit for one of others */
    assert_int_equal(db_generation(f->db), before + 1);
}

static void generation_stays_without_a_change(void **state)
{
    struct fixture *f = *state;
    uint64_t before = db_generation(f->db);
    struct tx *tx = begin(f, TX_WRITE);

    put(f, tx, "a", 1);
    tx_endp(&tx); /* rolled back */
    tx = begin(f, TX_WRITE);
    must(f, db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(0)), NULL, &f->err)); /* deletes nothing */
    commit(f, &tx);
    tx = begin(f, TX_READ);
    assert_int_equal(sum(f, tx), 0);
    commit(f, &tx);
    assert_int_equal(db_generation(f->db), before);
    (void)usleep(250000);
    assert_int_equal(db_generation(f->db), before);
}

/* Waits at most a second: a busy machine is not what this measures. */
static bool generation_leaves(struct fixture *f, uint64_t before)
{
    for (int i = 0; i < 1000 && db_generation(f->db) == before; i++)
        (void)usleep(1000);
    return db_generation(f->db) != before;
}

static void generation_moves_with_a_commit_of_another_connection(void **state)
{
    struct fixture *f = *state;
    struct fixture other = *f;
    uint64_t before = db_generation(f->db);
    struct tx *tx;

    must(f, db_open(fixture_url(f), false, NULL, &other.db, &other.err));
    (void)usleep(250000);
    assert_int_equal(db_generation(f->db), before); /* opening changed nothing */
    tx = begin(&other, TX_WRITE);
    put(&other, tx, "a", 1);
    commit(&other, &tx);
    assert_true(generation_leaves(f, before));
    db_close(other.db);
}

static void add_one(struct fixture *f, bool quiet)
{
    struct tx *tx = begin(f, TX_WRITE);

    if (quiet)
        tx_quiet(tx);
    must(f, db_exec(tx, &stmts[ADD], DB_ARGS(db_int(1)), NULL, &f->err));
    commit(f, &tx);
}

static void quiet_commit_leaves_the_generation_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    uint64_t before;

    put(f, tx, "a", 1);
    commit(f, &tx);
    before = db_generation(f->db);
    add_one(f, true);
    assert_int_equal(sum_now(f), 2);
    assert_int_equal(db_generation(f->db), before);
    (void)usleep(250000); /* nor does the watch take it for a commit of others */
    assert_int_equal(db_generation(f->db), before);
    add_one(f, false); /* the next transaction is not quiet */
    assert_int_equal(db_generation(f->db), before + 1);
}

struct quiet {
    struct fixture f;
    atomic_bool stop;
};

static void *commit_quietly(void *arg)
{
    struct quiet *q = arg;

    while (!atomic_load(&q->stop)) {
        add_one(&q->f, true);
        (void)usleep(500); /* lets the others write too */
    }
    return NULL;
}

static void quiet_commits_hide_no_commit_of_another_connection(void **state)
{
    struct fixture *f = *state;
    struct fixture other = *f;
    struct quiet quiet = {.f = *f};
    struct tx *tx = begin(f, TX_WRITE);
    pthread_t thread;

    put(f, tx, "a", 1);
    commit(f, &tx);
    must(f, db_open(fixture_url(f), false, NULL, &other.db, &other.err));
    assert_int_equal(pthread_create(&thread, NULL, commit_quietly, &quiet), 0);
    for (int i = 0; i < 100; i++) {
        uint64_t before = db_generation(f->db);

        add_one(&other, false);
        assert_true(generation_leaves(f, before));
    }
    atomic_store(&quiet.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    db_close(other.db);
}

static void generation_is_cheap_to_ask(void **state)
{
    struct fixture *f = *state;
    uint64_t start, us, seen = 0;

    start = clock_mono_us();
    for (int i = 0; i < 1000000; i++)
        seen |= db_generation(f->db);
    us = clock_mono_us() - start;
    print_message("1,000,000 calls took %llu us\n", (unsigned long long)us);
    assert_true(seen != 0 && us < 2000000); /* a few tens of ms; room for sanitizers */
}

/* --- threads ------------------------------------------------------------------------------- */

enum { THREADS = 6, ROUNDS = 40 };

static void *add_many(void *arg)
{
    struct fixture f = *(struct fixture *)arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct tx *tx = begin(&f, TX_WRITE);

        (void)sum(&f, tx); /* what is read must still hold when it is written */
        must(&f, db_exec(tx, &stmts[ADD], DB_ARGS(db_int(1)), NULL, &f.err));
        commit(&f, &tx);
    }
    return NULL;
}

static void *watch_sums(void *arg)
{
    struct fixture f = *(struct fixture *)arg;
    int64_t last = 0;

    while (last < (int64_t)THREADS * ROUNDS) {
        struct tx *tx = begin(&f, TX_READ);
        int64_t n = sum(&f, tx);

        assert_true(n >= last);
        assert_int_equal(sum(&f, tx), n);
        (void)db_generation(f.db);
        tx_endp(&tx);
        last = n;
    }
    return NULL;
}

static void writers_of_many_threads_lose_nothing(void **state)
{
    struct fixture *f = *state;
    pthread_t writers[THREADS], readers[2];
    struct tx *tx = begin(f, TX_WRITE);
    uint64_t before;

    put(f, tx, "a", 0);
    commit(f, &tx);
    before = db_generation(f->db);
    for (size_t i = 0; i < COUNT(readers); i++)
        assert_int_equal(pthread_create(&readers[i], NULL, watch_sums, f), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, add_many, f), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    for (size_t i = 0; i < COUNT(readers); i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(sum_now(f), THREADS * ROUNDS);
    assert_int_equal(db_generation(f->db), before + THREADS * ROUNDS);
}

struct adder {
    struct fixture f;
    struct str part; /* ptr NULL: everything */
};

/* Adds to what it has read: who reads at the same time would undo it. */
static void *read_and_set(void *arg)
{
    struct adder *a = arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct tx *tx = NULL;

        if (a->part.ptr)
            must(&a->f, tx_begin_part(a->f.db, a->part, &tx, &a->f.err));
        else
            must(&a->f, tx_begin(a->f.db, TX_WRITE, &tx, &a->f.err));
        must(&a->f, db_exec(tx, &stmts[SET], DB_ARGS(db_int(sum(&a->f, tx) + 1)), NULL, &a->f.err));
        commit(&a->f, &tx);
    }
    return NULL;
}

static void writers_of_a_part_and_of_everything_lose_nothing(void **state)
{
    static const struct str parts[] = {{"alice", 5}, {"Alice", 5}, {"alice", 5}, {NULL, 0}};
    struct fixture *f = *state;
    struct adder adders[COUNT(parts)];
    pthread_t threads[COUNT(parts)];
    struct tx *tx = begin(f, TX_WRITE);

    put(f, tx, "a", 0);
    commit(f, &tx);
    for (size_t i = 0; i < COUNT(parts); i++) {
        adders[i] = (struct adder){.f = *f, .part = parts[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, read_and_set, &adders[i]), 0);
    }
    for (size_t i = 0; i < COUNT(parts); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(sum_now(f), (int64_t)COUNT(parts) * ROUNDS);
}

static void transaction_of_a_part_is_a_transaction(void **state)
{
    struct fixture *f = *state;
    uint64_t before = db_generation(f->db);
    struct tx *tx = begin_part(f, "alice");

    put(f, tx, "a", 5);
    tx_endp(&tx);
    assert_int_equal(sum_now(f), 0);
    assert_int_equal(db_generation(f->db), before);
    tx = begin_part(f, "a/name with % and ' of any length: \xc3\xa4");
    put(f, tx, "a", 7);
    commit(f, &tx);
    assert_int_equal(sum_now(f), 7);
    assert_int_equal(db_generation(f->db), before + 1);
}

static void lock_lasts_until_its_transaction_ends(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        struct tx *tx = i == 2 ? begin_part(f, "alice") : begin(f, TX_WRITE);
        bool claimed = false;

        must(f, tx_claim(tx, S("blob/ab"), &claimed, &f->err)); /* nobody else has it any more */
        assert_true(claimed);
        must(f, tx_share(tx, S("blob/ab"), &f->err)); /* its own claim is in nobody's way */
        must(f, tx_share(tx, S("blob/cd"), &f->err));
        claimed = false;
        must(f, tx_claim(tx, S("blob/cd"), &claimed, &f->err)); /* nor what it alone shares */
        assert_true(claimed);
        if (i == 0)
            tx_endp(&tx);
        else
            commit(f, &tx);
    }
}

static void failed_transaction_takes_no_locks(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    bool claimed = false;

    put(f, tx, "a", 5);
    assert_int_equal(db_exec(tx, &stmts[PUT], DB_ARGS(db_text(S("a")), db_int(6)), NULL, &f->err),
                     ERR_CONFLICT);
    assert_int_equal(tx_share(tx, S("x"), &f->err), ERR_IO);
    assert_int_equal(tx_claim(tx, S("x"), &claimed, &f->err), ERR_IO);
    assert_false(claimed);
    tx_endp(&tx);
}

struct late {
    struct fixture f;
    atomic_bool got;
};

static void *read_late(void *arg)
{
    struct late *late = arg;
    struct tx *tx = begin(&late->f, TX_READ);

    atomic_store(&late->got, true);
    tx_endp(&tx);
    return NULL;
}

static void reader_past_the_pool_waits_for_one_to_come_back(void **state)
{
    struct fixture *f = *state;
    struct late late = {.f = *f};
    struct tx *tx[64];
    size_t count = fixture_is_sqlite(f) ? 64 : 24; /* the engines' defaults */
    pthread_t thread;

    for (size_t i = 0; i < count; i++) {
        tx[i] = begin(f, TX_READ);
        assert_int_equal(sum(f, tx[i]), 0);
    }
    assert_int_equal(pthread_create(&thread, NULL, read_late, &late), 0);
    (void)usleep(50000);
    assert_false(atomic_load(&late.got));
    tx_endp(&tx[17]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&late.got));
    for (size_t i = 0; i < count; i++)
        tx_endp(&tx[i]);
}

/* --- processes ----------------------------------------------------------------------------- */

static int add_from_a_process(struct fixture *f)
{
    must(f, db_open(fixture_url(f), false, NULL, &f->db, &f->err));
    (void)add_many(f);
    db_closep(&f->db);
    return 0;
}

static int put_counter(struct fixture *f)
{
    struct tx *tx;

    (void)make_scratch(f);
    tx = begin(f, TX_WRITE);
    put(f, tx, "a", 0);
    commit(f, &tx);
    db_closep(&f->db);
    return 0;
}

static void writers_of_several_processes_lose_nothing(void **state)
{
    struct fixture *f = *state;
    pid_t children[3];

    assert_int_equal(exit_status_of(start_child(put_counter, f)), 0);
    for (size_t i = 0; i < COUNT(children); i++)
        children[i] = start_child(add_from_a_process, f);
    for (size_t i = 0; i < COUNT(children); i++)
        assert_int_equal(exit_status_of(children[i]), 0);
    must(f, db_open(fixture_url(f), false, NULL, &f->db, &f->err));
    assert_int_equal(sum_now(f), 3 * ROUNDS);
}

/* A committed row, then one of a transaction that never ends. */
static int write_and_hang(struct fixture *f)
{
    struct tx *tx;

    (void)make_scratch(f);
    tx = begin(f, TX_WRITE);
    put(f, tx, "a", 1);
    commit(f, &tx);
    tx = begin(f, TX_WRITE);
    put(f, tx, "b", 2);
    (void)kill(getpid(), SIGKILL);
    return 0;
}

static void transaction_of_a_killed_process_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct tx *tx;

    assert_int_equal(exit_status_of(start_child(write_and_hang, f)), -1);
    must(f, db_open(fixture_url(f), false, NULL, &f->db, &f->err));
    assert_int_equal(sum_now(f), 1);
    tx = begin(f, TX_WRITE); /* and holds no lock */
    put(f, tx, "b", 3);
    commit(f, &tx);
    assert_int_equal(sum_now(f), 4);
}

#ifdef TERRARIUM_FAULTS
static int commit_with_a_fault(struct fixture *f)
{
    struct tx *tx;

    (void)make_scratch(f);
    (void)setenv("TERRARIUM_FAULT", "db.commit:1:EIO", 1);
    tx = begin(f, TX_WRITE);
    put(f, tx, "a", 1);
    if (tx_commit(&tx, &f->err) != ERR_IO || tx)
        return 2;
    if (sum_now(f) != 0)
        return 3;
    tx = begin(f, TX_WRITE);
    put(f, tx, "a", 4);
    commit(f, &tx);
    db_closep(&f->db);
    return 0;
}

static void failed_commit_is_rolled_back(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(exit_status_of(start_child(commit_with_a_fault, f)), 0);
    must(f, db_open(fixture_url(f), false, NULL, &f->db, &f->err));
    assert_int_equal(sum_now(f), 4);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(url_of_an_unknown_kind_is_refused),
        WITH_SCRATCH(committed_rows_are_there_after_reopening),
        WITH_SCRATCH(ended_transaction_leaves_nothing),
        WITH_SCRATCH(transaction_with_a_failed_statement_can_only_be_rolled_back),
        WITH_SCRATCH(not_found_does_not_fail_a_transaction),
        WITH_SCRATCH(read_transaction_sees_one_state),
        WITH_SCRATCH(read_transaction_cannot_write),
        WITH_SCRATCH(read_transaction_may_be_committed),
        WITH_SCRATCH(values_come_back_as_they_went),
        WITH_SCRATCH(nothing_and_the_empty_text_differ),
        WITH_SCRATCH(text_with_a_nul_is_refused),
        WITH_SCRATCH(rows_come_one_by_one_until_the_end),
        WITH_SCRATCH(insert_gives_the_returned_number),
        WITH_SCRATCH(statement_may_run_within_itself),
        WITH_SCRATCH(violated_rules_have_codes),
        WITH_SCRATCH(more_statements_than_are_kept_can_be_used),
        WITH_SCRATCH(long_result_of_any_length_is_complete),
        WITH_SCRATCH(statements_run_during_a_long_result),
        WITH_SCRATCH(long_result_may_be_left_early),
        WITH_PLACE(mistakes_of_the_program_end_it),
        WITH_SCRATCH(generation_moves_with_each_commit_that_wrote),
        WITH_SCRATCH(generation_stays_without_a_change),
        WITH_SCRATCH(generation_moves_with_a_commit_of_another_connection),
        WITH_SCRATCH(quiet_commit_leaves_the_generation_as_it_is),
        WITH_SCRATCH(quiet_commits_hide_no_commit_of_another_connection),
        WITH_SCRATCH(generation_is_cheap_to_ask),
        WITH_SCRATCH(writers_of_many_threads_lose_nothing),
        WITH_SCRATCH(writers_of_a_part_and_of_everything_lose_nothing),
        WITH_SCRATCH(transaction_of_a_part_is_a_transaction),
        WITH_SCRATCH(lock_lasts_until_its_transaction_ends),
        WITH_SCRATCH(failed_transaction_takes_no_locks),
        WITH_SCRATCH(reader_past_the_pool_waits_for_one_to_come_back),
        WITH_PLACE(writers_of_several_processes_lose_nothing),
        WITH_PLACE(transaction_of_a_killed_process_leaves_nothing),
#ifdef TERRARIUM_FAULTS
        WITH_PLACE(failed_commit_is_rolled_back),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
