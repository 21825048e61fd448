/* gate.h: how many may do something costly at once, and how many may wait for it.
 *
 * One bound for the whole process, so a gate is a static variable: GATE_INIT. */
#ifndef BASE_GATE_H
#define BASE_GATE_H
#include <pthread.h>

#include "base/common.h"

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t left;
    int parallel, waiting_max; /* constant */
    int busy, waiting;         /* under lock */
};
#define GATE_INIT(parallel_, waiting_max_)                                                         \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER,                       \
        .parallel = (parallel_), .waiting_max = (waiting_max_)                                     \
    }

/* Waits for a place if need be. False, at once, when as many wait as may. */
bool gate_enter(struct gate *g) MUST_USE;
void gate_leave(struct gate *g);

#endif
