#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/work.h"

#define ITEMS 2000

/* A gate that items wait at until the test opens it. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    unsigned waiting;
};
#define GATE_INIT                                                                                  \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER                     \
    }

static void gate_pass(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->waiting++;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void gate_await(struct gate *g, unsigned waiting)
{
    pthread_mutex_lock(&g->lock);
    while (g->waiting < waiting)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void gate_open(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

/* One kind of item for all tests. */
struct job {
    struct work_item item; /* first: fn gets its address */
    struct work_pool *pool;
    struct gate *gate;
    atomic_int *done;
    struct job *then; /* queued by the job itself */
    int order;        /* how many were done before it */
};

static void run_job(struct work_item *item)
{
    struct job *j = (struct job *)item;

    if (j->gate)
        gate_pass(j->gate);
    if (j->then)
        work_continue(j->pool, &j->then->item);
    j->order = atomic_fetch_add(j->done, 1);
}

static void every_item_runs_once(void **state)
{
    static struct job jobs[ITEMS];
    struct work_pool *p = work_open(4, ITEMS);
    atomic_int done = 0;

    (void)state;
    assert_non_null(p);
    for (int i = 0; i < ITEMS; i++) {
        jobs[i] = (struct job){.item.fn = run_job, .done = &done};
        assert_true(work_submit(p, &jobs[i].item));
    }
    work_close(p);
    assert_int_equal(done, ITEMS);
}

static void one_thread_keeps_the_order(void **state)
{
    static struct job jobs[100];
    struct work_pool *p = work_open(1, 100);
    atomic_int done = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        jobs[i] = (struct job){.item.fn = run_job, .done = &done};
        assert_true(work_submit(p, &jobs[i].item));
    }
    work_close(p);
    for (int i = 0; i < 100; i++)
        assert_int_equal(jobs[i].order, i);
}

static void threads_work_side_by_side(void **state)
{
    struct gate gate = GATE_INIT;
    atomic_int done = 0;
    struct job jobs[3];
    struct work_pool *p = work_open(3, 3);

    (void)state;
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i] = (struct job){.item.fn = run_job, .gate = &gate, .done = &done};
        assert_true(work_submit(p, &jobs[i].item));
    }
    gate_await(&gate, 3); /* hangs unless all three run at once */
    gate_open(&gate);
    work_close(p);
    assert_int_equal(done, 3);
}

static void full_queue_refuses_but_continues(void **state)
{
    struct gate gate = GATE_INIT;
    atomic_int done = 0;
    struct job blocker = {.item.fn = run_job, .gate = &gate, .done = &done};
    struct job jobs[4];
    struct work_pool *p = work_open(1, 2);

    (void)state;
    for (size_t i = 0; i < COUNT(jobs); i++)
        jobs[i] = (struct job){.item.fn = run_job, .done = &done};
    assert_true(work_submit(p, &blocker.item));
    gate_await(&gate, 1); /* the only thread is busy, the queue empty */
    assert_true(work_submit(p, &jobs[0].item));
    assert_true(work_submit(p, &jobs[1].item));
    assert_false(work_submit(p, &jobs[2].item));
    work_continue(p, &jobs[3].item);
    assert_false(work_submit(p, &jobs[2].item));
    gate_open(&gate);
    work_close(p);
    assert_int_equal(done, 4);
}

static void close_runs_what_running_items_still_continue(void **state)
{
    static struct job chain[50];
    atomic_int done = 0;
    struct work_pool *p = work_open(2, 1);

    (void)state;
    for (size_t i = 0; i < COUNT(chain); i++)
        chain[i] = (struct job){.item.fn = run_job,
                                .pool = p,
                                .done = &done,
                                .then = i + 1 < COUNT(chain) ? &chain[i + 1] : NULL};
    assert_true(work_submit(p, &chain[0].item));
    work_close(p);
    assert_int_equal(done, COUNT(chain));
}

static void *submit_many(void *arg)
{
    struct job *jobs = arg;

    for (int i = 0; i < ITEMS / 4; i++)
        while (!work_submit(jobs[i].pool, &jobs[i].item))
            ; /* full for a moment */
    return NULL;
}

static void many_threads_may_submit(void **state)
{
    static struct job jobs[ITEMS];
    struct work_pool *p = work_open(4, 16);
    struct gate gate = GATE_INIT;
    struct job last[4];
    pthread_t threads[4];
    atomic_int done = 0;

    (void)state;
    for (int i = 0; i < ITEMS; i++)
        jobs[i] = (struct job){.item.fn = run_job, .pool = p, .done = &done};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &jobs[i * ITEMS / 4]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++) {
        last[i] = (struct job){.item.fn = run_job, .gate = &gate, .done = &done};
        work_continue(p, &last[i].item);
    }
    gate_await(&gate, 4); /* hangs if a thread was lost on the way */
    gate_open(&gate);
    work_close(p);
    assert_int_equal(done, ITEMS + 4);
}

static void idle_pool_closes(void **state)
{
    (void)state;
    work_close(work_open(4, 0));
    work_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_runs_once),
        cmocka_unit_test(one_thread_keeps_the_order),
        cmocka_unit_test(threads_work_side_by_side),
        cmocka_unit_test(full_queue_refuses_but_continues),
        cmocka_unit_test(close_runs_what_running_items_still_continue),
        cmocka_unit_test(many_threads_may_submit),
        cmocka_unit_test(idle_pool_closes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
