/* db_pg_pool.h: the connections of one process to PostgreSQL: so many, and who comes first gets the
 * next. Internal to store/. */
#ifndef STORE_DB_PG_POOL_H
#define STORE_DB_PG_POOL_H
#include <pthread.h>

#include "store/db_pg_conn.h"

struct pg_waiter;
struct pg_pool {
    int max;
    pthread_mutex_t lock;
    int wait_ms;                     /* lock */
    int count;                       /* lock: idle, in use, or being opened */
    struct pg_conn *idle;            /* lock: the last one used first */
    struct pg_waiter *first, **last; /* lock */
};

void pg_pool_init(struct pg_pool *p, int max, int wait_ms); /* p must not move afterwards */
void pg_pool_done(struct pg_pool *p);                       /* none may be in use */

/* An idle connection, or the leave to open one (*ret_conn NULL). False: none came free in time. */
bool pg_pool_take(struct pg_pool *p, struct pg_conn **ret_conn) MUST_USE;
/* Back for whoever waits longest. c NULL: the one taken is closed, or could not be opened. */
void pg_pool_give(struct pg_pool *p, struct pg_conn *c);
/* Closes all that are idle. */
void pg_pool_drop_idle(struct pg_pool *p);
void pg_pool_set_wait(struct pg_pool *p, int wait_ms);

#endif
