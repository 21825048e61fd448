#include "unit.h"

#include <sched.h>

#include "base/gate.h"

#define VISITORS 50

static struct gate narrow = GATE_INIT(2, VISITORS);
static int inside, most; /* under count_lock */
static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;

static void count(int by)
{
    pthread_mutex_lock(&count_lock);
    inside += by;
    most = inside > most ? inside : most;
    pthread_mutex_unlock(&count_lock);
}

static void *visit(void *arg)
{
    if (!gate_enter(&narrow))
        return arg;
    count(1);
    (void)sched_yield();
    count(-1);
    gate_leave(&narrow);
    return NULL;
}

static void no_more_than_allowed_are_inside(void **state)
{
    pthread_t threads[VISITORS];
    int refused = 0;
    void *ended;

    (void)state;
    for (int i = 0; i < VISITORS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &refused), 0);
    for (int i = 0; i < VISITORS; i++) {
        assert_int_equal(pthread_join(threads[i], &ended), 0);
        assert_null(ended);
    }
    assert_in_range(most, 1, 2);
    assert_int_equal(inside, 0);
}

static void who_finds_the_queue_full_is_turned_away(void **state)
{
    static struct gate g = GATE_INIT(1, 0);

    (void)state;
    assert_true(gate_enter(&g));
    assert_false(gate_enter(&g));
    gate_leave(&g);
    assert_true(gate_enter(&g));
    gate_leave(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_than_allowed_are_inside),
        cmocka_unit_test(who_finds_the_queue_full_is_turned_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
