#include "pg_fixture.h"

#include "store/db_pg_conn.h"

static void columns_of_all_types_are_read(void **state)
{
    static const struct stmt types = {
        "types",
        "SELECT CAST(-9223372036854775807 AS BIGINT), CAST(-5 AS INTEGER), CAST(-6 AS SMALLINT), "
        "true, false, CAST('n' AS NAME), CAST('v' AS VARCHAR(9)), CAST('c' AS CHAR(3)), 't', "
        "CAST('' AS BYTEA), '\\x00ff'::bytea",
        "", "iiiiittttbb"};
    struct fixture *f = pg_fixture(state);
    struct tx *tx = begin(f, TX_READ);
    struct rows *rows = NULL;

    for (int many = 0; many < 2; many++) { /* at once, and by a cursor */
        must(f, (many ? db_query_long : db_query)(tx, &types, DB_NO_ARGS, &rows, &f->err));
        assert_true(rows_next(rows));
        assert_true(rows_int(rows, 0) == -INT64_MAX);
        assert_true(rows_int(rows, 1) == -5);
        assert_true(rows_int(rows, 2) == -6);
        assert_int_equal(rows_int(rows, 3), 1);
        assert_int_equal(rows_int(rows, 4), 0);
        assert_str(rows_text(rows, 5), "n");
        assert_str(rows_text(rows, 6), "v");
        assert_str(rows_text(rows, 7), "c  ");
        assert_str(rows_text(rows, 8), "t");
        assert_int_equal(rows_bytes(rows, 9).len, 0);
        assert_int_equal(rows_bytes(rows, 10).len, 2);
        assert_memory_equal(rows_bytes(rows, 10).ptr, "\0\xff", 2);
        assert_false(rows_next(rows));
        rows_endp(&rows);
    }
    tx_endp(&tx);
}

static void nothing_where_the_signature_has_something_is_a_failure(void **state)
{
    static const struct stmt null = {
        "null", "SELECT n FROM (VALUES (CAST(1 AS BIGINT)), (NULL)) AS v (n)", "", "i"};
    struct fixture *f = pg_fixture(state);
    struct tx *tx = begin(f, TX_READ);
    struct rows *rows = NULL;

    must(f, db_query(tx, &null, DB_NO_ARGS, &rows, &f->err));
    assert_true(rows_next(rows));
    assert_false(rows_next(rows));
    assert_int_equal(rows_error(rows, &f->err), ERR_IO);
    assert_string_equal(f->err.msg, "database: column 0 of null is NULL");
    rows_endp(&rows);
    tx_endp(&tx);
}

static void changed_rows_are_counted(void **state)
{
    static const struct {
        struct stmt stmt;
        int64_t changes;
    } cases[] = {
        {{"insert", "INSERT INTO scratch VALUES ('a', 1), ('b', 2), ('c', 3)", "", ""}, 3},
        {{"again", "INSERT INTO scratch VALUES ('a', 1) ON CONFLICT (k) DO NOTHING", "", ""}, 0},
        {{"update", "UPDATE scratch SET n = n + 1 WHERE n >= 2 RETURNING n", "", "i"}, 2},
        {{"select", "SELECT n FROM scratch", "", "i"}, 0},
        {{"delete", "DELETE FROM scratch", "", ""}, 3},
        {{"delete_none", "DELETE FROM scratch", "", ""}, 0},
    };
    struct fixture *f = pg_fixture(state);
    struct tx *tx = begin(f, TX_WRITE);

    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t changes = -1;

        must(f, db_exec(tx, &cases[i].stmt, DB_NO_ARGS, &changes, &f->err));
        assert_int_equal(changes, cases[i].changes);
    }
    tx_endp(&tx);
}

/* A cursor lives on the server: pieces that were not asked for yet are not made. */
static void long_result_is_fetched_piece_by_piece(void **state)
{
    static const struct stmt made = {
        "made", "SELECT 100 / (1500 - n) FROM generate_series(1, 1500) AS n", "", "i"};
    struct fixture *f = pg_fixture(state);
    struct tx *tx = begin(f, TX_READ);
    struct rows *rows = NULL;
    int seen = 0;

    assert_int_equal(db_query(tx, &made, DB_NO_ARGS, &rows, &f->err), ERR_INVALID);
    tx_endp(&tx);
    tx = begin(f, TX_READ);
    must(f, db_query_long(tx, &made, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows))
        seen++;
    assert_int_equal(seen, 2 * PG_PIECE_ROWS); /* the third piece divides by zero */
    assert_int_equal(rows_error(rows, &f->err), ERR_INVALID);
    assert_string_equal(f->err.msg, "database: division by zero (made)");
    rows_endp(&rows);
    assert_int_equal(tx_commit(&tx, &f->err), ERR_IO);
}

static void cursor_ends_with_its_rows(void **state)
{
    static const struct stmt some = {"some", "SELECT n FROM generate_series(1, 10) AS n", "", "i"};
    static const struct stmt cursors = {
        "cursors", "SELECT COUNT(*) FROM pg_cursors WHERE name <> ''", "", "i"};
    struct fixture *f = pg_fixture(state);
    struct tx *tx = begin(f, TX_READ);
    struct rows *rows = NULL, *count = NULL;

    must(f, db_query_long(tx, &some, DB_NO_ARGS, &rows, &f->err));
    must(f, db_one(tx, &cursors, DB_NO_ARGS, &count, &f->err));
    assert_int_equal(rows_int(count, 0), 1);
    rows_endp(&count);
    rows_endp(&rows);
    must(f, db_one(tx, &cursors, DB_NO_ARGS, &count, &f->err));
    assert_int_equal(rows_int(count, 0), 0);
    rows_endp(&count);
    commit(f, &tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PG(columns_of_all_types_are_read),
        WITH_PG(nothing_where_the_signature_has_something_is_a_failure),
        WITH_PG(changed_rows_are_counted),
        WITH_PG(long_result_is_fetched_piece_by_piece),
        WITH_PG(cursor_ends_with_its_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
