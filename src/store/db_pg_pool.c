/* db_pg_pool.c: a queue of waiters, each with its own condition, to whom connections are handed. */
#include "store/db_pg_pool.h"

#include <assert.h>

#include "store/turn.h"

struct pg_waiter {
    pthread_cond_t cond;
    bool served;
    struct pg_conn *conn; /* once served; NULL: may open one */
    struct pg_waiter *next;
};

static void must(int rc)
{
    assert(rc == 0); /* these calls fail only when misused */
    (void)rc;
}

void pg_pool_init(struct pg_pool *p, int max, int wait_ms)
{
    *p = (struct pg_pool){.max = max, .wait_ms = wait_ms};
    p->last = &p->first;
    must(pthread_mutex_init(&p->lock, NULL));
}

void pg_pool_done(struct pg_pool *p)
{
    pg_pool_drop_idle(p);
    assert(p->count == 0 && !p->first);
    must(pthread_mutex_destroy(&p->lock));
}

static void leave_queue(struct pg_pool *p, struct pg_waiter *self)
{
    struct pg_waiter **at = &p->first;

    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    if (!*at)
        p->last = at;
}

/* With the lock held. */
static bool wait_in_queue(struct pg_pool *p, struct pg_conn **ret_conn)
{
    struct pg_waiter self = {.served = false};
    int64_t deadline = turn_now_ms() + p->wait_ms;
    bool in_time = true;

    turn_cond_init(&self.cond);
    *p->last = &self;
    /* cppcheck-suppress autoVariables ; self leaves the queue before it ends */
    p->last = &self.next;
    while (!self.served && in_time)
        in_time = turn_cond_wait(&self.cond, &p->lock, deadline);
    if (!self.served)
        leave_queue(p, &self);
    must(pthread_cond_destroy(&self.cond));
    *ret_conn = self.conn;
    return self.served;
}

bool pg_pool_take(struct pg_pool *p, struct pg_conn **ret_conn)
{
    struct pg_conn *c = NULL;
    bool got = true;

    must(pthread_mutex_lock(&p->lock));
    if (p->idle) { /* then nobody waits */
        c = p->idle;
        p->idle = c->next;
    } else if (p->count < p->max) {
        p->count++;
    } else {
        got = wait_in_queue(p, &c);
    }
    must(pthread_mutex_unlock(&p->lock));
    *ret_conn = c;
    return got;
}

void pg_pool_give(struct pg_pool *p, struct pg_conn *c)
{
    struct pg_waiter *next;

    must(pthread_mutex_lock(&p->lock));
    next = p->first;
    if (next) {
        p->first = next->next;
        if (!p->first)
            p->last = &p->first;
        next->conn = c;
        next->served = true;
        must(pthread_cond_signal(&next->cond));
    } else if (c) {
        c->next = p->idle;
        p->idle = c;
    } else {
        p->count--;
    }
    must(pthread_mutex_unlock(&p->lock));
}

void pg_pool_drop_idle(struct pg_pool *p)
{
    struct pg_conn *c;

    must(pthread_mutex_lock(&p->lock));
    c = TAKE(p->idle);
    for (struct pg_conn *at = c; at; at = at->next)
        p->count--;
    must(pthread_mutex_unlock(&p->lock));
    while (c) {
        struct pg_conn *next = c->next;

        pg_conn_close(c);
        c = next;
    }
}

void pg_pool_set_wait(struct pg_pool *p, int wait_ms)
{
    must(pthread_mutex_lock(&p->lock));
    p->wait_ms = wait_ms;
    must(pthread_mutex_unlock(&p->lock));
}
