/* work.c: threads around one queue. */
#include "base/work.h"

#include <assert.h>
#include <pthread.h>

#include "base/mem.h"

#define THREADS_MAX 256

struct work_pool {
    pthread_mutex_t lock; /* guards first, last, queued, closing */
    pthread_cond_t more;  /* an item was queued, or the pool is closing */
    struct work_item *first, *last;
    size_t queued, queue_max;
    bool closing;
    unsigned threads;
    pthread_t thread[THREADS_MAX];
};

static void lock(struct work_pool *p)
{
    if (pthread_mutex_lock(&p->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct work_pool *p)
{
    if (pthread_mutex_unlock(&p->lock))
        abort(); /* cannot fail, as above */
}

/* Takes the oldest item, waiting for one; NULL once the pool is closing and the queue empty.
 * Call with the lock held. */
static struct work_item *take(struct work_pool *p)
{
    struct work_item *item;

    while (!p->first && !p->closing)
        if (pthread_cond_wait(&p->more, &p->lock))
            abort(); /* cannot fail, as above */
    item = p->first;
    if (!item)
        return NULL;
    p->first = item->next;
    if (!p->first)
        p->last = NULL;
    p->queued--;
    return item;
}

static void *run(void *arg)
{
    struct work_pool *p = arg;
    struct work_item *item;

    lock(p);
    while ((item = take(p))) {
        unlock(p);
        item->fn(item); /* the item may be gone afterwards */
        lock(p);
    }
    unlock(p);
    return NULL;
}

/* Call with the lock held. */
static void append(struct work_pool *p, struct work_item *item)
{
    item->next = NULL;
    if (p->last)
        p->last->next = item;
    else
        p->first = item;
    p->last = item;
    p->queued++;
    (void)pthread_cond_signal(&p->more); /* cannot fail */
}

struct work_pool *work_open(unsigned threads, size_t queue_max)
{
    struct work_pool *p;

    assert(threads >= 1 && threads <= THREADS_MAX);
    p = mem_new(struct work_pool);
    if (!p)
        return NULL;
    p->queue_max = queue_max;
    if (pthread_mutex_init(&p->lock, NULL) || pthread_cond_init(&p->more, NULL))
        abort(); /* cannot fail on Linux with default attributes */
    for (; p->threads < threads; p->threads++) {
        if (pthread_create(&p->thread[p->threads], NULL, run, p)) {
            work_close(p);
            return NULL;
        }
    }
    return p;
}

void work_close(struct work_pool *p)
{
    if (!p)
        return;
    lock(p);
    p->closing = true;
    (void)pthread_cond_broadcast(&p->more); /* cannot fail */
    unlock(p);
    for (unsigned i = 0; i < p->threads; i++)
        if (pthread_join(p->thread[i], NULL))
            abort(); /* only if a worker closes its own pool */
    assert(!p->first);
    (void)pthread_cond_destroy(&p->more); /* nobody waits any more */
    (void)pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

bool work_submit(struct work_pool *p, struct work_item *item)
{
    bool room;

    lock(p);
    room = p->queued < p->queue_max && !p->closing;
    if (room)
        append(p, item);
    unlock(p);
    return room;
}

void work_continue(struct work_pool *p, struct work_item *item)
{
    lock(p);
    append(p, item);
    unlock(p);
}
