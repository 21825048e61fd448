#include "unit.h"

#include <pthread.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/db_pg_change.h"
#include "store/turn.h"

enum { LONG_MS = 60000, SHORT_MS = 60, FAST_MS = 5000 };

static void acknowledgements_that_came_before_are_not_waited_for(void **state)
{
    const struct pg_peer peers[] = {{.node = 7, .left_ms = LONG_MS},
                                    {.node = 8, .left_ms = LONG_MS}};
    int64_t start = turn_now_ms();
    struct pg_changes l;

    (void)state;
    pg_changes_init(&l);
    assert_true(pg_changes_add(&l, 1));
    assert_true(pg_changes_add(&l, 2));
    pg_changes_acknowledge(&l, 1, 8);
    pg_changes_acknowledge(&l, 1, 7);
    pg_changes_acknowledge(&l, 3, 7); /* nobody's */
    pg_changes_wait(&l, 1, peers, COUNT(peers));
    assert_true(turn_now_ms() - start < FAST_MS);
    pg_changes_remove(&l, 1);
    pg_changes_remove(&l, 1);
    pg_changes_remove(&l, 2);
    pg_changes_done(&l);
}

static void nobody_is_waited_for_when_there_are_no_peers(void **state)
{
    int64_t start = turn_now_ms();
    struct pg_changes l;

    (void)state;
    pg_changes_init(&l);
    assert_true(pg_changes_add(&l, 1));
    pg_changes_wait(&l, 1, NULL, 0);
    pg_changes_wait(&l, 2, NULL, 0);
    assert_true(turn_now_ms() - start < FAST_MS);
    pg_changes_remove(&l, 1);
    pg_changes_done(&l);
}

static void a_peer_that_is_silent_is_waited_out(void **state)
{
    const struct pg_peer peers[] = {{.node = 7, .left_ms = LONG_MS},
                                    {.node = 8, .left_ms = SHORT_MS}};
    int64_t start = turn_now_ms();
    struct pg_changes l;

    (void)state;
    pg_changes_init(&l);
    assert_true(pg_changes_add(&l, 1));
    assert_true(pg_changes_add(&l, 2));
    pg_changes_acknowledge(&l, 1, 7);
    pg_changes_acknowledge(&l, 2, 8); /* of another change */
    pg_changes_wait(&l, 1, peers, COUNT(peers));
    assert_true(turn_now_ms() - start >= SHORT_MS);
    assert_true(turn_now_ms() - start < FAST_MS);
    pg_changes_remove(&l, 1);
    pg_changes_remove(&l, 2);
    pg_changes_done(&l);
}

static void a_change_that_was_never_added_is_waited_out(void **state)
{
    const struct pg_peer peers[] = {{.node = 7, .left_ms = SHORT_MS}};
    int64_t start = turn_now_ms();
    struct pg_changes l;

    (void)state;
    pg_changes_init(&l);
    mem_fail_at(1);
    assert_false(pg_changes_add(&l, 1));
    mem_fail_at(0);
    pg_changes_acknowledge(&l, 1, 7);
    pg_changes_wait(&l, 1, peers, COUNT(peers));
    assert_true(turn_now_ms() - start >= SHORT_MS);
    pg_changes_remove(&l, 1);
    pg_changes_done(&l);
}

static void acknowledgements_beyond_the_room_are_forgotten(void **state)
{
    const struct pg_peer kept = {.node = PG_PEERS_MAX, .left_ms = LONG_MS};
    const struct pg_peer forgotten = {.node = PG_PEERS_MAX + 1, .left_ms = SHORT_MS};
    int64_t start = turn_now_ms();
    struct pg_changes l;

    (void)state;
    pg_changes_init(&l);
    assert_true(pg_changes_add(&l, 1));
    for (uint64_t node = 1; node <= PG_PEERS_MAX + 1; node++)
        pg_changes_acknowledge(&l, 1, node);
    pg_changes_wait(&l, 1, &kept, 1);
    assert_true(turn_now_ms() - start < FAST_MS);
    start = turn_now_ms();
    pg_changes_wait(&l, 1, &forgotten, 1);
    assert_true(turn_now_ms() - start >= SHORT_MS);
    pg_changes_remove(&l, 1);
    pg_changes_done(&l);
}

static void *acknowledge_later(void *arg)
{
    (void)usleep(20000);
    pg_changes_acknowledge(arg, 1, 7);
    (void)usleep(20000);
    pg_changes_acknowledge(arg, 1, 8);
    return NULL;
}

static void the_last_acknowledgement_ends_the_wait(void **state)
{
    const struct pg_peer peers[] = {{.node = 7, .left_ms = LONG_MS},
                                    {.node = 8, .left_ms = LONG_MS}};
    int64_t start = turn_now_ms();
    struct pg_changes l;
    pthread_t thread;

    (void)state;
    pg_changes_init(&l);
    assert_true(pg_changes_add(&l, 1));
    assert_int_equal(pthread_create(&thread, NULL, acknowledge_later, &l), 0);
    pg_changes_wait(&l, 1, peers, COUNT(peers));
    assert_true(turn_now_ms() - start >= 40);
    assert_true(turn_now_ms() - start < FAST_MS);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pg_changes_remove(&l, 1);
    pg_changes_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledgements_that_came_before_are_not_waited_for),
        cmocka_unit_test(nobody_is_waited_for_when_there_are_no_peers),
        cmocka_unit_test(a_peer_that_is_silent_is_waited_out),
        cmocka_unit_test(a_change_that_was_never_added_is_waited_out),
        cmocka_unit_test(acknowledgements_beyond_the_room_are_forgotten),
        cmocka_unit_test(the_last_acknowledgement_ends_the_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
