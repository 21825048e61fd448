/* All rows of a database. */
#include "store/copy.h"

#include "store_fixture.h"

/* Every table of the schema is copied, or is known not to be: a new one must be thought of. */
static void no_table_is_forgotten(void **state)
{
    static const char *const left[] = {
        "node", "job", "index_garbage", "setup_code", "blob_mark", "schema_version", "told_empty"};
    static const struct stmt sqlite = {
        "tables",
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", "",
        "t"};
    static const struct stmt pg = {
        "tables", "SELECT tablename FROM pg_tables WHERE schemaname = 'public'", "", "t"};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    AUTO(rows_endp) struct rows *rows = NULL;
    size_t count = 0;

    must(f, db_query(tx, fixture_is_sqlite(f) ? &sqlite : &pg, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows)) {
        bool known = false;

        if (str_starts(rows_text(rows, 0), S("search_")))
            continue; /* derived: the target makes its own */
        for (size_t i = 0; i < copy_table_count; i++)
            known |= str_eq(rows_text(rows, 0), str_of(copy_table_name(i)));
        for (size_t i = 0; i < COUNT(left); i++)
            known |= str_eq(rows_text(rows, 0), str_of(left[i]));
        if (!known)
            print_error("the table \"" STR_FMT "\" is not copied\n", STR_ARG(rows_text(rows, 0)));
        assert_true(known);
        count++;
    }
    assert_int_equal(count, copy_table_count + COUNT(left));
    rows_endp(&rows);
    tx_endp(&tx);
}

/* And every column: a table that has more than are copied is noticed. */
static void no_column_is_forgotten(void **state)
{
    static const struct stmt sqlite = {"columns", "SELECT COUNT(*) FROM pragma_table_info($1)", "t",
                                       "i"};
    static const struct stmt pg = {
        "columns",
        "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name = $1",
        "t", "i"};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);

    for (size_t i = 0; i < copy_table_count; i++) {
        AUTO(rows_endp) struct rows *rows = NULL;
        struct str name = str_of(copy_table_name(i));

        must(f, db_one(tx, fixture_is_sqlite(f) ? &sqlite : &pg, DB_ARGS(db_text(name)), &rows,
                       &f->err));
        assert_int_equal(rows_int(rows, 0), copy_table_columns(i));
        rows_endp(&rows);
    }
    tx_endp(&tx);
}

static void a_sum_tells_every_change(void **state)
{
    static const struct stmt change = {"change", "UPDATE account SET name = 'Ann'", "", ""};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct copy_sum none, one, same, two;

    must(f, copy_sum(tx, 0, &none, &f->err));
    assert_int_equal(none.rows, 0);
    (void)add_account(f, tx, "alice");
    must(f, copy_sum(tx, 0, &one, &f->err));
    must(f, copy_sum(tx, 0, &same, &f->err));
    assert_int_equal(one.rows, 1);
    assert_string_not_equal(one.sha256, none.sha256);
    assert_string_equal(one.sha256, same.sha256);
    must(f, db_exec(tx, &change, DB_NO_ARGS, NULL, &f->err));
    must(f, copy_sum(tx, 0, &two, &f->err));
    assert_int_equal(two.rows, 1);
    assert_string_not_equal(two.sha256, one.sha256);
    tx_endp(&tx);
}

static void numbers_count_on_from_where_they_are_told(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t id = 0;

    must(f, tx_set_last_id(tx, "account", 41, &f->err));
    assert_int_equal(add_account(f, tx, "alice"), 42);
    must(f, tx_last_id(tx, "account", &id, &f->err));
    assert_int_equal(id, 42);
    must(f, tx_set_last_id(tx, "account", 0, &f->err));
    must(f, tx_last_id(tx, "account", &id, &f->err));
    assert_int_equal(id, 0);
    must(f, tx_set_last_id(tx, "account", 100, &f->err));
    tx_endp(&tx);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(no_table_is_forgotten),
        WITH_DB(no_column_is_forgotten),
        WITH_DB(a_sum_tells_every_change),
        WITH_DB(numbers_count_on_from_where_they_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
