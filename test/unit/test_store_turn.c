#include "unit.h"

#include <stdatomic.h>
#include <unistd.h>

#include "store/turn.h"

enum { WAITERS = 8, ROUNDS = 500 };

struct queue {
    struct turn turn;
    int order[WAITERS]; /* turn */
    int served;         /* turn */
    long counter;       /* turn */
    atomic_int coming;
};
struct waiter {
    struct queue *q;
    int number;
    pthread_t thread;
};

static void *wait_and_note(void *arg)
{
    struct waiter *w = arg;

    atomic_fetch_add(&w->q->coming, 1);
    if (turn_take(&w->q->turn, 60000)) {
        w->q->order[w->q->served++] = w->number;
        turn_give(&w->q->turn);
    }
    return NULL;
}

static void those_who_wait_are_served_in_the_order_of_their_coming(void **state)
{
    struct queue q = {.served = 0};
    struct waiter w[WAITERS];

    (void)state;
    turn_init(&q.turn);
    assert_true(turn_take(&q.turn, 0));
    for (int i = 0; i < WAITERS; i++) {
        w[i] = (struct waiter){.q = &q, .number = i};
        assert_int_equal(pthread_create(&w[i].thread, NULL, wait_and_note, &w[i]), 0);
        while (atomic_load(&q.coming) <= i)
            (void)usleep(100);
        (void)usleep(20000); /* from the mark to its place in the queue */
    }
    turn_give(&q.turn);
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(q.order[i], i);
    turn_done(&q.turn);
}

static void *count_up(void *arg)
{
    struct waiter *w = arg;

    for (int i = 0; i < ROUNDS; i++)
        if (turn_take(&w->q->turn, 60000)) {
            w->q->counter++;
            turn_give(&w->q->turn);
        }
    return NULL;
}

static void one_at_a_time_has_the_turn(void **state)
{
    struct queue q = {.counter = 0};
    struct waiter w[WAITERS];

    (void)state;
    turn_init(&q.turn);
    for (int i = 0; i < WAITERS; i++) {
        w[i] = (struct waiter){.q = &q};
        assert_int_equal(pthread_create(&w[i].thread, NULL, count_up, &w[i]), 0);
    }
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
    assert_int_equal(q.counter, WAITERS * ROUNDS);
    turn_done(&q.turn);
}

static void *give_up(void *arg)
{
    struct waiter *w = arg;

    w->number = turn_take(&w->q->turn, 30);
    return NULL;
}

static void waiting_ends_after_the_given_time(void **state)
{
    struct queue q = {.served = 0};
    struct waiter w[2] = {{.q = &q, .number = -1}, {.q = &q, .number = -1}};
    int64_t start;

    (void)state;
    turn_init(&q.turn);
    assert_true(turn_take(&q.turn, 0));
    start = turn_now_ms();
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&w[i].thread, NULL, give_up, &w[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
    assert_int_equal(w[0].number, false);
    assert_int_equal(w[1].number, false);
    assert_true(turn_now_ms() - start >= 30);
    turn_give(&q.turn);
    /* Those who gave up left the queue: the lock is free, not handed to a waiter of the past. */
    assert_true(turn_take(&q.turn, 0));
    turn_give(&q.turn);
    turn_done(&q.turn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_wait_are_served_in_the_order_of_their_coming),
        cmocka_unit_test(one_at_a_time_has_the_turn),
        cmocka_unit_test(waiting_ends_after_the_given_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
