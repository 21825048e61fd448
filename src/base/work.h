/* work.h: a fixed pool of threads for work that may block (database, disk, passwords). */
#ifndef BASE_WORK_H
#define BASE_WORK_H
#include "base/common.h"

struct work_pool;

/* An item of work, embedded in its owner; it must stay valid until fn has been called. */
struct work_item {
    struct work_item *next;
    void (*fn)(struct work_item *self);
};

/* threads: 1 to 256. queue_max: most items waiting. NULL when out of memory or threads. */
struct work_pool *work_open(unsigned threads, size_t queue_max) MUST_USE;
/* Runs everything queued, then stops and frees. Accepts NULL. Nothing may be queued any more,
 * but by the items themselves, with work_continue(). */
void work_close(struct work_pool *p);
/* False when the queue is full: the caller answers ERR_BUSY. */
bool work_submit(struct work_pool *p, struct work_item *item) MUST_USE;
/* As work_submit, but never refused: for the next step of something already admitted. */
void work_continue(struct work_pool *p, struct work_item *item);

#endif
