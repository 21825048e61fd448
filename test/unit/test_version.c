/* `terrarium version`. */
#include "unit.h"

#include <string.h>

#include "cli_run.h"

static void the_first_line_is_the_program_and_its_version(void **state)
{
    static const char first[] = "terrarium " TERRARIUM_VERSION "\n";
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "version");
    assert_int_equal(r.status, 0);
    assert_memory_equal(r.out, first, strlen(first));
    assert_non_null(strstr(r.out, "\nlibmicrohttpd "));
    assert_non_null(strstr(r.out, "\nsqlite 3."));
    cli_run_done(&r);
}

static void it_takes_no_arguments(void **state)
{
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "version", "--listen", "x:1");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.err, "terrarium: version takes no arguments\n"
                               "Try: terrarium version --help\n");
    cli_run_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_the_program_and_its_version),
        cmocka_unit_test(it_takes_no_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
