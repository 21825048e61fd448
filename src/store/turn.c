/* turn.c: a queue of waiters, each with its own condition, woken by name. */
#include "store/turn.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

struct turn_waiter {
    pthread_cond_t cond;
    bool served;
    struct turn_waiter *next;
};

static void must(int rc)
{
    assert(rc == 0); /* these calls fail only when misused */
    (void)rc;
}

void turn_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    must(pthread_condattr_init(&attr));
    must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    must(pthread_cond_init(cond, &attr));
    must(pthread_condattr_destroy(&attr));
}

int64_t turn_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool turn_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                             .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    int rc = pthread_cond_timedwait(cond, mutex, &until);

    assert(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}

void turn_init(struct turn *t)
{
    must(pthread_mutex_init(&t->mutex, NULL));
    t->taken = false;
    t->first = NULL;
    t->last = &t->first;
}

void turn_done(struct turn *t)
{
    assert(!t->taken && !t->first);
    must(pthread_mutex_destroy(&t->mutex));
}

static void leave_queue(struct turn *t, struct turn_waiter *self)
{
    struct turn_waiter **at = &t->first;

    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    if (!*at)
        t->last = at;
}

/* With the mutex held. */
static bool wait_in_queue(struct turn *t, int64_t timeout_ms)
{
    struct turn_waiter self = {.served = false};
    int64_t deadline = turn_now_ms() + timeout_ms;
    bool in_time = true;

    turn_cond_init(&self.cond);
    *t->last = &self;
    /* cppcheck-suppress autoVariables ; self leaves the queue before it ends */
    t->last = &self.next;
    while (!self.served && in_time)
        in_time = turn_cond_wait(&self.cond, &t->mutex, deadline);
    if (!self.served)
        leave_queue(t, &self);
    must(pthread_cond_destroy(&self.cond));
    return self.served;
}

bool turn_take(struct turn *t, int64_t timeout_ms)
{
    bool got = true;

    must(pthread_mutex_lock(&t->mutex));
    if (t->taken)
        got = wait_in_queue(t, timeout_ms);
    else
        t->taken = true;
    must(pthread_mutex_unlock(&t->mutex));
    return got;
}

void turn_give(struct turn *t)
{
    struct turn_waiter *next;

    must(pthread_mutex_lock(&t->mutex));
    assert(t->taken);
    next = t->first;
    if (next) { /* the lock stays taken: it goes straight to the next in line */
        t->first = next->next;
        if (!t->first)
            t->last = &t->first;
        next->served = true;
        must(pthread_cond_signal(&next->cond));
    } else {
        t->taken = false;
    }
    must(pthread_mutex_unlock(&t->mutex));
}
