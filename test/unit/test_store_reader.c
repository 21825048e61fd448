#include "store_fixture.h"

#include "store/reader.h"

static const struct stmt sample = {
    "sample", "SELECT 5, 'text', '', NULL, 1, $1, CAST(NULL AS BIGINT)", "b", "ittTibI"};

static void columns_are_copied_from_left_to_right(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct rows *rows = NULL;
    struct reader r;
    struct str text, bytes;

    must(f, db_one(tx, &sample, DB_ARGS(db_bytes(S("\0\1"))), &rows, &f->err));
    r = reader_of(rows, f->mem);
    assert_int_equal(reader_int(&r), 5);
    text = reader_text(&r);
    assert_str(reader_text(&r), "");
    assert_str(reader_text(&r), "");
    assert_true(reader_bool(&r));
    bytes = reader_bytes(&r);
    assert_int_equal(reader_int(&r), 0);
    must(f, reader_end(&r, &f->err));
    rows_endp(&rows);
    tx_endp(&tx);
    assert_str(text, "text"); /* outlives the row */
    assert_int_equal(bytes.len, 2);
    assert_memory_equal(bytes.ptr, "\0\1", 2);
}

static void full_memory_is_told_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct arena *small = arena_open(2 * KIB);
    struct account_row row = account_of(f, "alice"), got = {.id = 99};
    char *text = arena_alloc(f->mem, 100000, 1);
    int64_t id;

    assert_non_null(small);
    memset(text, 'x', 100000);
    row.description = (struct str){text, 100000};
    must(f, account_insert(tx, &row, S("1"), &id, &f->err));
    assert_int_equal(account_by_id(tx, small, id, &got, &f->err), ERR_NOMEM);
    assert_int_equal(got.id, 99);
    tx_endp(&tx);
    arena_close(small);
}

static void array_has_room_for_one_more_and_keeps_what_it_has(void **state)
{
    struct fixture *f = *state;
    int *items = NULL;

    for (size_t n = 0; n < 1000; n++) {
        items = arena_room(f->mem, items, n, sizeof(*items));
        assert_non_null(items);
        items[n] = (int)n;
    }
    for (size_t n = 0; n < 1000; n++)
        assert_int_equal(items[n], n);
}

/* The numbers from 1 to $1, of which $2 is the lowest number there is. */
#define NUMBERS                                                                                    \
    "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n "             \
    "WHERE i < CAST($1 AS BIGINT)), m (i) AS (SELECT CASE WHEN i = CAST($2 AS BIGINT) "            \
    "THEN -9223372036854775807 - 1 ELSE i END FROM n) "
static const struct stmt numbers = {"numbers", NUMBERS "SELECT i, CAST(i AS TEXT) FROM m", "ii",
                                    "it"};
/* The lowest number has no absolute value: its row is an error of the database. */
static const struct stmt absolutes = {"absolutes", NUMBERS "SELECT abs(i), '' FROM m", "ii", "it"};

struct number {
    int64_t value;
    struct str text;
};

static enum err_code read_number(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct number *row = ret;

    assert_int_equal(row->value, 0);
    row->value = reader_int(&r);
    row->text = reader_text(&r);
    return row->value < 0 ? fail(err, ERR_INVALID, "below 0") : reader_end(&r, err);
}

static enum err_code list_numbers(struct fixture *f, struct tx *tx, const struct stmt *s,
                                  int64_t last, int64_t lowest, struct reader_list *ret)
{
    return reader_list(tx, f->mem, s, DB_ARGS(db_int(last), db_int(lowest)), read_number,
                       sizeof(struct number), ret, &f->err);
}

static void assert_counted(struct fixture *f, const struct reader_list *list, size_t from,
                           size_t count)
{
    const struct number *items = list->rows;

    assert_int_equal(list->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(items[i].value, from + i);
        assert_true(str_eq(items[i].text, str_fmt(f->mem, "%zu", from + i)));
    }
}

static void all_rows_are_listed_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct reader_list found;

    for (int64_t last = 1; last <= 40; last++) {
        must(f, list_numbers(f, tx, &numbers, last, 0, &found));
        assert_counted(f, &found, 1, (size_t)last);
    }
    tx_endp(&tx);
}

static void list_of_no_rows_is_empty(void **state)
{
    static const struct stmt nothing = {"nothing", "SELECT 1, 'text' WHERE 1 = 0", "", "it"};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct reader_list found = {.count = 99};

    must(f, reader_list(tx, f->mem, &nothing, DB_NO_ARGS, read_number, sizeof(struct number),
                        &found, &f->err));
    assert_int_equal(found.count, 0);
    assert_null(found.rows);
    tx_endp(&tx);
}

static void rest_of_a_query_begins_where_it_stands(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct rows *rows = NULL;
    struct reader_list found;

    must(f, db_query_long(tx, &numbers, DB_ARGS(db_int(20), db_int(0)), &rows, &f->err));
    assert_true(rows_next(rows));
    assert_true(rows_next(rows));
    must(f, reader_rest(rows, f->mem, read_number, sizeof(struct number), &found, &f->err));
    assert_counted(f, &found, 3, 18);
    rows_endp(&rows);
    tx_endp(&tx);
}

static void list_is_untouched_when_a_row_is_refused(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct reader_list found = {.count = 99};

    assert_int_equal(list_numbers(f, tx, &numbers, 20, 12, &found), ERR_INVALID);
    assert_string_equal(f->err.msg, "below 0");
    assert_int_equal(list_numbers(f, tx, &numbers, 20, 20, &found), ERR_INVALID);
    assert_int_equal(found.count, 99);
    assert_null(found.rows);
    must(f, list_numbers(f, tx, &numbers, 20, 0, &found)); /* the rows were ended */
    assert_int_equal(found.count, 20);
    tx_endp(&tx);
}

static void list_is_untouched_when_the_database_fails(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct reader_list found = {.count = 99};

    assert_int_equal(list_numbers(f, tx, &absolutes, 20, 12, &found),
                     fixture_is_sqlite(f) ? ERR_IO : ERR_INVALID);
    assert_int_equal(list_numbers(f, tx, &numbers, 20, 0, &found), ERR_IO); /* cannot begin */
    assert_int_equal(found.count, 99);
    assert_null(found.rows);
    tx_endp(&tx);
}

static enum err_code ignore(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    (void)rows, (void)mem, (void)ret, (void)err;
    return OK;
}

static void list_is_untouched_when_memory_is_full(void **state)
{
    static const struct stmt given = {"given", "SELECT CAST($1 AS TEXT)", "t", "t"};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct arena *small = arena_open(8 * KIB);
    struct reader_list found = {.count = 99};
    char *text = arena_alloc(f->mem, 10000, 1);

    assert_non_null(small);
    assert_non_null(text);
    memset(text, 'x', 10000);
    /* A text does not fit. */
    assert_int_equal(reader_list(tx, small, &given, DB_ARGS(db_text((struct str){text, 10000})),
                                 reader_row_text, sizeof(struct str), &found, &f->err),
                     ERR_NOMEM);
    /* The rows do not. */
    assert_int_equal(reader_list(tx, small, &numbers, DB_ARGS(db_int(9), db_int(0)), ignore, 512,
                                 &found, &f->err),
                     ERR_NOMEM);
    assert_string_equal(f->err.msg, "out of memory");
    assert_int_equal(found.count, 99);
    assert_null(found.rows);
    tx_endp(&tx);
    arena_close(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(columns_are_copied_from_left_to_right),
        WITH_DATABASE(full_memory_is_told_at_the_end),
        WITH_PLACE(array_has_room_for_one_more_and_keeps_what_it_has),
        WITH_DATABASE(all_rows_are_listed_in_their_order),
        WITH_DATABASE(list_of_no_rows_is_empty),
        WITH_DATABASE(rest_of_a_query_begins_where_it_stands),
        WITH_DATABASE(list_is_untouched_when_a_row_is_refused),
        WITH_DATABASE(list_is_untouched_when_the_database_fails),
        WITH_DATABASE(list_is_untouched_when_memory_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
