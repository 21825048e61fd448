#include "unit.h"

#include "format/query.h"

static struct arena *mem;
static struct err err;

static int open_arena(void **state)
{
    (void)state;
    mem = arena_open(1 << 20);
    return mem ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(mem);
    return 0;
}

static enum err_code read_ab(const char *query, struct query_field fields[2])
{
    fields[0] = (struct query_field){"a", S("none")};
    fields[1] = (struct query_field){"bc", S("none")};
    return query_read(mem, str_of(query), fields, 2, &err);
}

static void fields_are_decoded_in_any_order(void **state)
{
    static const char *const good[][3] = {
        {"", "none", "none"},
        {"a=1", "1", "none"},
        {"bc=x&a=y", "y", "x"},
        {"a=", "none", "none"},
        {"a", "none", "none"},
        {"a=1=2", "1=2", "none"},
        {"a=%C3%A4+b%2B", "\u00e4 b+", "none"},
        {"%61=1", "1", "none"},
        {"&&a=1&", "1", "none"},
        {"a=1%262", "1&2", "none"},
    };
    struct query_field f[2];

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(read_ab(good[i][0], f), OK);
        assert_str(f[0].value, good[i][1]);
        assert_str(f[1].value, good[i][2]);
    }
}

static void what_is_not_understood_is_refused_by_name(void **state)
{
    static const struct {
        const char *query, *field, *says;
    } bad[] = {
        {"a=1&a=1", "a", "a is given twice"},
        {"bc=%", "bc", "bc is not well-formed text"},
        {"bc=%zz", "bc", "bc is not well-formed text"},
        {"bc=%ff", "bc", "bc is not well-formed text"},
        {"bc=%00", "bc", "bc is not well-formed text"},
        {"a=%0a", "a", "a is not well-formed text"},
        {"d=1", NULL, "\"d\" is no parameter of this address; there are: a, bc"},
        {"A=1", NULL, "\"A\" is no parameter of this address; there are: a, bc"},
        {"%zz=1", NULL, "there are: a, bc"},
        {"=1", NULL, "\"\" is no parameter"},
    };
    struct query_field f[2];

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(read_ab(bad[i].query, f), ERR_UNPROCESSABLE);
        assert_non_null(strstr(err.msg, bad[i].says));
        if (bad[i].field)
            assert_string_equal(err.field, bad[i].field);
        else
            assert_null(err.field);
    }
}

static void one_field_may_come_several_times(void **state)
{
    struct query_field f[] = {{"a", S("none")}, {"bc", S("")}};

    (void)state;
    assert_int_equal(query_read_many(mem, S("bc=x&a=1&bc=&bc=y%20z"), f, COUNT(f), &f[1], &err),
                     OK);
    assert_str(f[0].value, "1");
    assert_str(f[1].value, "x,y z");
    assert_int_equal(query_read_many(mem, S("bc=x&a=1&a=2"), f, COUNT(f), &f[1], &err),
                     ERR_UNPROCESSABLE);
    assert_string_equal(err.msg, "a is given twice");
}

static void pages_are_read_within_their_bounds(void **state)
{
    static const struct {
        const char *query, *field, *says;
    } bad[] = {
        {"before=x", "before", "before \"x\" is not what a page gave as \"next\""},
        {"before=-1", "before", "is not what a page gave"},
        {"limit=0", "limit", "limit \"0\" is not a number from 1 to 50"},
        {"limit=51", "limit", "limit \"51\" is not a number from 1 to 50"},
        {"limit=", NULL, NULL}, /* as if it were not there */
        {"offset=1", NULL, "offset"},
    };
    struct query_page page = {.limit = 10};

    (void)state;
    assert_int_equal(query_read_page(mem, S(""), 50, &page, &err), OK);
    assert_true(page.before == INT64_MAX && page.limit == 10);
    assert_int_equal(query_read_page(mem, S("limit=50&before=7"), 50, &page, &err), OK);
    assert_true(page.before == 7 && page.limit == 50);
    for (size_t i = 0; i < COUNT(bad); i++) {
        enum err_code rc = query_read_page(mem, str_of(bad[i].query), 50, &page, &err);

        assert_int_equal(rc, bad[i].says ? ERR_UNPROCESSABLE : OK);
        if (bad[i].says)
            assert_non_null(strstr(err.msg, bad[i].says));
        if (bad[i].field)
            assert_string_equal(err.field, bad[i].field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded_in_any_order),
        cmocka_unit_test(what_is_not_understood_is_refused_by_name),
        cmocka_unit_test(one_field_may_come_several_times),
        cmocka_unit_test(pages_are_read_within_their_bounds),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
