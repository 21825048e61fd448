#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include "unit.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/db_pg_pool.h"

enum { LONG = 20000 }; /* ms: longer than a test may take */

/* A connection to nowhere. */
static struct pg_conn *new_conn(void)
{
    struct pg_conn *c = mem_new(struct pg_conn);

    assert_non_null(c);
    return c;
}

static struct pg_conn *take(struct pg_pool *p)
{
    struct pg_conn *c = NULL;

    assert_true(pg_pool_take(p, &c));
    return c;
}

static void last_one_used_is_the_next(void **state)
{
    struct pg_pool p;
    struct pg_conn *a = new_conn(), *b = new_conn();

    (void)state;
    pg_pool_init(&p, 5, LONG);
    assert_null(take(&p)); /* may open one */
    assert_null(take(&p));
    pg_pool_give(&p, a);
    pg_pool_give(&p, b);
    assert_ptr_equal(take(&p), b);
    assert_ptr_equal(take(&p), a);
    pg_pool_give(&p, a);
    pg_pool_give(&p, b);
    pg_pool_done(&p);
}

static void no_more_are_opened_than_may_be(void **state)
{
    struct pg_pool p;
    struct pg_conn *c = NULL;
    uint64_t start = clock_mono_us();

    (void)state;
    pg_pool_init(&p, 2, 50);
    assert_null(take(&p));
    assert_null(take(&p));
    assert_false(pg_pool_take(&p, &c)); /* waits, and gets none */
    assert_true(clock_mono_us() - start >= 49000);
    pg_pool_give(&p, NULL); /* one could not be opened */
    assert_null(take(&p));
    pg_pool_give(&p, new_conn());
    pg_pool_give(&p, NULL);
    pg_pool_done(&p);
}

static void dropped_ones_leave_room(void **state)
{
    struct pg_pool p;

    (void)state;
    pg_pool_init(&p, 2, 50);
    assert_null(take(&p));
    assert_null(take(&p));
    pg_pool_give(&p, new_conn());
    pg_pool_give(&p, new_conn());
    pg_pool_drop_idle(&p);
    assert_null(take(&p));
    assert_null(take(&p));
    pg_pool_give(&p, NULL);
    pg_pool_give(&p, NULL);
    pg_pool_done(&p);
}

/* --- waiting ------------------------------------------------------------------------------- */

struct waiter {
    struct pg_pool *pool;
    atomic_int *served; /* how many were before */
    int place;          /* in which it was served */
    bool got;
    struct pg_conn *conn;
};

static void *wait_for_one(void *arg)
{
    struct waiter *w = arg;

    w->got = pg_pool_take(w->pool, &w->conn);
    w->place = atomic_fetch_add(w->served, 1);
    return NULL;
}

/* The end of the queue, which moves with each that joins. */
static const void *queue_end(struct pg_pool *p)
{
    const void *end;

    assert_int_equal(pthread_mutex_lock(&p->lock), 0);
    end = p->last;
    assert_int_equal(pthread_mutex_unlock(&p->lock), 0);
    return end;
}

static pthread_t start_waiter(struct waiter *w)
{
    const void *before = queue_end(w->pool);
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, wait_for_one, w), 0);
    while (queue_end(w->pool) == before)
        (void)usleep(1000);
    return thread;
}

static void connections_go_to_those_who_wait_longest(void **state)
{
    struct pg_pool p;
    atomic_int served = 0;
    struct waiter w[3];
    struct pg_conn *conns[] = {new_conn(), NULL, new_conn()}; /* NULL: leave to open one */
    pthread_t threads[3];

    (void)state;
    pg_pool_init(&p, 3, LONG);
    for (int i = 0; i < 3; i++)
        assert_null(take(&p));
    for (int i = 0; i < 3; i++) {
        w[i] = (struct waiter){.pool = &p, .served = &served};
        threads[i] = start_waiter(&w[i]);
    }
    for (int i = 0; i < 3; i++) {
        pg_pool_give(&p, conns[i]);
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(w[i].got);
        assert_int_equal(w[i].place, i);
        assert_ptr_equal(w[i].conn, conns[i]);
    }
    for (int i = 0; i < 3; i++)
        pg_pool_give(&p, conns[i]);
    pg_pool_done(&p);
}

static void one_who_gave_up_is_not_served(void **state)
{
    struct pg_pool p;
    atomic_int served = 0;
    struct waiter w[2];
    pthread_t threads[2];

    (void)state;
    pg_pool_init(&p, 1, 100);
    assert_null(take(&p));
    w[0] = (struct waiter){.pool = &p, .served = &served};
    threads[0] = start_waiter(&w[0]);
    pg_pool_set_wait(&p, LONG);
    w[1] = w[0];
    threads[1] = start_waiter(&w[1]);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_false(w[0].got);
    pg_pool_give(&p, NULL);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    assert_true(w[1].got);
    pg_pool_give(&p, NULL);
    pg_pool_done(&p);
}

enum { THREADS = 8, ROUNDS = 2000 };

struct many {
    struct pg_pool pool;
    atomic_int out, most;
};

static void *take_and_give(void *arg)
{
    struct many *m = arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct pg_conn *c = NULL;
        int out;

        assert_true(pg_pool_take(&m->pool, &c));
        out = atomic_fetch_add(&m->out, 1) + 1;
        for (int most = atomic_load(&m->most);
             most < out && !atomic_compare_exchange_weak(&m->most, &most, out);)
            ;
        if (!c)
            c = new_conn();
        if (i % 100 == 99) { /* now and then one is lost */
            pg_conn_close(c);
            c = NULL;
        }
        (void)atomic_fetch_sub(&m->out, 1);
        pg_pool_give(&m->pool, c);
        if (i % 500 == 499)
            pg_pool_drop_idle(&m->pool);
    }
    return NULL;
}

static void threads_never_have_more_than_there_are(void **state)
{
    struct many m = {.out = 0};
    pthread_t threads[THREADS];

    (void)state;
    pg_pool_init(&m.pool, 3, LONG);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &m), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_in_range(atomic_load(&m.most), 1, 3);
    pg_pool_done(&m.pool); /* aborts if the count were wrong */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_one_used_is_the_next),
        cmocka_unit_test(no_more_are_opened_than_may_be),
        cmocka_unit_test(dropped_ones_leave_room),
        cmocka_unit_test(connections_go_to_those_who_wait_longest),
        cmocka_unit_test(one_who_gave_up_is_not_served),
        cmocka_unit_test(threads_never_have_more_than_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
