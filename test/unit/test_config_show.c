/* `terrarium config`. */
#include "unit.h"

#include <string.h>

#include "cli_run.h"

static void settings_are_printed_with_their_origins(void **state)
{
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "config", "--data", "/nonexistent", "--upload-max=1048576");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "data = /nonexistent    # flag --data\n"));
    assert_non_null(strstr(r.out, "upload_max = 1M    # flag --upload-max\n"));
    assert_non_null(strstr(r.out, "workers = 8    # default\n"));
    cli_run_done(&r);
}

static void the_example_is_printed_instead(void **state)
{
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "config", "--example");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "\n# largest file that is accepted\n"
                                  "# It takes a size from 1K to 1024T, as 512, 64K, 20G.\n"
                                  "# upload_max = 20G\n"));
    cli_run_done(&r);
}

static void a_wrong_setting_is_a_usage_error(void **state)
{
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "config", "--workers", "many");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.out, "");
    assert_string_equal(r.err, "terrarium: flag --workers: workers cannot be \"many\": it takes a "
                               "number from 1 to 256\n");
    cli_run_done(&r);
    CLI_RUN(&r, "", "config", "word");
    assert_int_equal(r.status, 2);
    cli_run_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_printed_with_their_origins),
        cmocka_unit_test(the_example_is_printed_instead),
        cmocka_unit_test(a_wrong_setting_is_a_usage_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
