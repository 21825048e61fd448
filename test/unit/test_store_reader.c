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
        items = reader_room(f->mem, items, n, sizeof(*items));
        assert_non_null(items);
        items[n] = (int)n;
    }
    for (size_t n = 0; n < 1000; n++)
        assert_int_equal(items[n], n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(columns_are_copied_from_left_to_right),
        WITH_DATABASE(full_memory_is_told_at_the_end),
        WITH_PLACE(array_has_room_for_one_more_and_keeps_what_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
