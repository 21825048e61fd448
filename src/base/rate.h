/* rate.h: how often something may happen: counted by key, in a table of fixed size, without locks.
 *
 * The rule "10 in a minute" lets 10 through at once, and then one every 6 seconds (the generic cell
 * rate algorithm: of each key one point in time is kept). The table has room for 65,536 keys; when
 * it is full, a new key takes the place of one that is nearest to being free. Which keys share a
 * place depends on a secret of the table, so nobody can choose keys that drive out another's.
 *
 * Two keys are taken for one with a probability of 1 in 4,000,000, and two threads that begin the
 * same key in the same moment may be let through once too often: this bounds costs, it is no
 * ledger. */
#ifndef BASE_RATE_H
#define BASE_RATE_H
#include "base/buf.h"
#include "base/common.h"
#include "base/str.h"

struct rate_rule {
    uint32_t count;    /* 0: no limit */
    uint32_t period_s; /* at least 1 ms for each of them */
};
/* "10/minute"; "0": no limit. Periods are second, minute, hour and day; at most 1000 a second. */
bool rate_rule_parse(struct str text, struct rate_rule *ret);
void rate_rule_print(struct buf *out, struct rate_rule rule);

/* What else is known of a key after it was counted. */
struct rate_verdict {
    uint64_t wait_ms; /* of one that was not let through: how long until one will be */
    uint32_t missed;  /* of one that was let through: how many were not since the last that was */
};

struct rate_table;
struct rate_table *rate_open(void) MUST_USE; /* NULL when out of memory */
void rate_close(struct rate_table *t);       /* accepts NULL */

/* Counts one of the key, if the rule lets it through: is it? now_ms: of a clock that never goes
 * back; the same for all calls. Each key always comes with the same rule. Any thread. */
bool rate_take(struct rate_table *t, struct str key, struct rate_rule rule, uint64_t now_ms,
               struct rate_verdict *ret);
/* As if one less had been counted. */
void rate_give_back(struct rate_table *t, struct str key, struct rate_rule rule);
/* As if none had been counted. */
void rate_forget(struct rate_table *t, struct str key);

#endif
