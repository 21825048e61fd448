/* The hidden command that a server starts as its helper. */
#include "unit.h"

#include <unistd.h>

#include "cli_run.h"

static void without_a_server_it_ends_with_a_failure(void **state)
{
    struct cli_run r;

    (void)state;
    (void)close(3); /* its control socket would be there */
    CLI_RUN(&r, "", "inspector");
    assert_int_not_equal(r.status, 0);
    cli_run_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_server_it_ends_with_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
