/* db_pg_change.c: a short list under one lock; each change has its own condition, so that an
 * acknowledgement wakes only who waits for it. */
#include "store/db_pg_change.h"

#include <assert.h>
#include <poll.h>

#include "base/mem.h"
#include "store/turn.h"

struct pg_change {
    struct pg_change *next;
    uint64_t number;
    pthread_cond_t acknowledged;
    uint64_t nodes[PG_PEERS_MAX]; /* that have acknowledged */
    size_t count;
};

static void lock(struct pg_changes *l)
{
    if (pthread_mutex_lock(&l->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct pg_changes *l)
{
    if (pthread_mutex_unlock(&l->lock))
        abort(); /* cannot fail, as above */
}

void pg_changes_init(struct pg_changes *l)
{
    (void)pthread_mutex_init(&l->lock, NULL); /* cannot fail with default attributes */
    l->first = NULL;
}

void pg_changes_done(struct pg_changes *l)
{
    assert(!l->first);
    (void)pthread_mutex_destroy(&l->lock);
}

/* With the lock held. */
static struct pg_change **find(struct pg_changes *l, uint64_t number)
{
    struct pg_change **at = &l->first;

    while (*at && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

bool pg_changes_add(struct pg_changes *l, uint64_t number)
{
    struct pg_change *c = mem_new(struct pg_change);

    if (!c)
        return false;
    c->number = number;
    turn_cond_init(&c->acknowledged);
    lock(l);
    c->next = l->first;
    l->first = c;
    unlock(l);
    return true;
}

void pg_changes_acknowledge(struct pg_changes *l, uint64_t number, uint64_t node)
{
    struct pg_change *c;

    lock(l);
    c = *find(l, number);
    if (c && c->count < PG_PEERS_MAX) {
        c->nodes[c->count++] = node;
        (void)pthread_cond_signal(&c->acknowledged); /* cannot fail */
    }
    unlock(l);
}

/* c may be NULL. With the lock held. */
static bool has_acknowledged(const struct pg_change *c, uint64_t node)
{
    for (size_t i = 0; c && i < c->count; i++)
        if (c->nodes[i] == node)
            return true;
    return false;
}

/* The time of the last of those that have not acknowledged. With the lock held. */
static int64_t left_ms(const struct pg_change *c, const struct pg_peer *peers, size_t count)
{
    int64_t most = 0;

    for (size_t i = 0; i < count; i++)
        if (peers[i].left_ms > most && !has_acknowledged(c, peers[i].node))
            most = peers[i].left_ms;
    return most;
}

void pg_changes_wait(struct pg_changes *l, uint64_t number, const struct pg_peer *peers,
                     size_t count)
{
    int64_t start_ms = turn_now_ms(), until_ms;
    bool in_time = true;
    struct pg_change *c;

    lock(l);
    c = *find(l, number);
    until_ms = start_ms + left_ms(c, peers, count);
    while (c && in_time && turn_now_ms() < until_ms) {
        in_time = turn_cond_wait(&c->acknowledged, &l->lock, until_ms);
        until_ms = start_ms + left_ms(c, peers, count);
    }
    unlock(l);
    if (c)
        return;
    for (int64_t left; (left = until_ms - turn_now_ms()) > 0;) /* nobody can tell us */
        (void)poll(NULL, 0, (int)left);
}

void pg_changes_remove(struct pg_changes *l, uint64_t number)
{
    struct pg_change **at, *c;

    lock(l);
    at = find(l, number);
    c = *at;
    if (c)
        *at = c->next;
    unlock(l);
    if (!c)
        return;
    (void)pthread_cond_destroy(&c->acknowledged);
    mem_free(c);
}
