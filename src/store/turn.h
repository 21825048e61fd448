/* turn.h: a lock that serves those who wait in the order of their coming. Internal to store/.
 *
 * A plain mutex lets a thread that unlocks and locks again pass all the sleepers, for as long as
 * it likes; a writer of the database must not be overtaken that way. */
#ifndef STORE_TURN_H
#define STORE_TURN_H
#include <pthread.h>

#include "base/common.h"

struct turn_waiter;
struct turn {
    pthread_mutex_t mutex; /* guards the fields below; never held while waiting */
    bool taken;
    struct turn_waiter *first, **last;
};

void turn_init(struct turn *t); /* t must not move afterwards */
void turn_done(struct turn *t);
/* False when timeout_ms passed before the turn came. */
bool turn_take(struct turn *t, int64_t timeout_ms) MUST_USE;
void turn_give(struct turn *t);

/* Waits on cond (made by turn_cond_init) until deadline_ms of turn_now_ms: false once past. */
void turn_cond_init(pthread_cond_t *cond);
int64_t turn_now_ms(void);
bool turn_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms) MUST_USE;

#endif
