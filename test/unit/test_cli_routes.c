/* `terrarium routes`. */
#include "unit.h"

#include <jansson.h>
#include <string.h>

#include "cli_run.h"

static void the_table_is_printed_as_json(void **state)
{
    json_t *table;
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "routes");
    assert_int_equal(r.status, 0);
    table = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(table);
    json_decref(table);
    cli_run_done(&r);
}

static void it_takes_no_arguments(void **state)
{
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "routes", "web");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.out, "");
    cli_run_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_printed_as_json),
        cmocka_unit_test(it_takes_no_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
