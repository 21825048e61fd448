/* db_pg_change.h: the changes that a node has announced and not yet finished, and which of the
 * other nodes have acknowledged each. Internal to store/. */
#ifndef STORE_DB_PG_CHANGE_H
#define STORE_DB_PG_CHANGE_H
#include <pthread.h>

#include "base/common.h"

/* Nodes whose acknowledgements of one change are kept; those of more are waited out. */
#define PG_PEERS_MAX 64

struct pg_change;
struct pg_changes {
    pthread_mutex_t lock; /* guards the list and what it holds */
    struct pg_change *first;
};

/* Another node that may still trust what was before a change, and for how long at most. */
struct pg_peer {
    uint64_t node;
    int64_t left_ms;
};

void pg_changes_init(struct pg_changes *l);
void pg_changes_done(struct pg_changes *l); /* all must have been removed */

/* From now on acknowledgements of this number are kept. False: out of memory, they are not. */
bool pg_changes_add(struct pg_changes *l, uint64_t number) MUST_USE;
/* Those of unknown numbers do nothing: they come late. */
void pg_changes_acknowledge(struct pg_changes *l, uint64_t number, uint64_t node);
/* Until each peer has acknowledged the change, or its time from now is over. */
void pg_changes_wait(struct pg_changes *l, uint64_t number, const struct pg_peer *peers,
                     size_t count);
void pg_changes_remove(struct pg_changes *l, uint64_t number); /* or one that was never added */

#endif
