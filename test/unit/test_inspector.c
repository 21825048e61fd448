/* The hidden command that a server starts as its helper. */
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "cli_run.h"

static void it_ends_when_the_server_is_gone(void **state)
{
    struct cli_run r;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_not_equal(pair[1], 3);      /* the lowest free descriptor was taken first */
    assert_int_equal(dup2(pair[0], 3), 3); /* the helper's end, where the server puts it */
    if (pair[0] != 3)
        assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[1]), 0);
    CLI_RUN(&r, "", "inspector");
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_when_the_server_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
