#include "base/rate.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/rand.h"

/* A cell's state: 24 bits of the key's hash, and 40 bits of milliseconds: when all that was counted
 * will have been worked off (34 years of a clock that began with the machine). 0: never used. */
#define TIME_BITS 40
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)

enum { WAYS = 4, SETS = 16384 };

struct cell {
    _Atomic uint64_t state;
    _Atomic uint32_t missed; /* since the last that was let through */
};
struct rate_table {
    unsigned char secret[crypto_shorthash_KEYBYTES];
    struct cell cells[SETS][WAYS];
};

/* ---- rules ---- */

static const struct {
    const char *name;
    uint32_t seconds;
} periods[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};

bool rate_rule_parse(struct str text, struct rate_rule *ret)
{
    struct str period = text, number;
    uint64_t count;

    if (str_eq(text, S("0"))) {
        *ret = (struct rate_rule){0, 60};
        return true;
    }
    if (!str_cut(&period, '/', &number))
        return false;
    for (size_t i = 0; i < COUNT(periods); i++)
        if (str_eq(period, str_of(periods[i].name))) {
            if (!str_u64(number, UINT64_C(1000) * periods[i].seconds, &count))
                return false;
            *ret = (struct rate_rule){(uint32_t)count, periods[i].seconds};
            return true;
        }
    return false;
}

void rate_rule_print(struct buf *out, struct rate_rule rule)
{
    for (size_t i = 0; rule.count && i < COUNT(periods); i++)
        if (periods[i].seconds == rule.period_s)
            buf_addf(out, "%u/%s", rule.count, periods[i].name);
    if (!rule.count)
        buf_addz(out, "0");
}

/* ---- the table ---- */

struct rate_table *rate_open(void)
{
    struct rate_table *t = mem_new(struct rate_table);

    if (t)
        rand_bytes(t->secret, sizeof t->secret);
    return t;
}

void rate_close(struct rate_table *t)
{
    mem_free(t);
}

/* Where a key is, or would be. */
struct place {
    struct cell *cell;
    uint64_t state; /* that was seen there */
    uint64_t tag;   /* of the key, in its place within a state */
    bool found;
};

static uint64_t time_of(uint64_t state)
{
    return state & TIME_MASK;
}

/* The key's cell; else the one that is free for the longest time, or will be the first to be. */
static struct place look(struct rate_table *t, struct str key)
{
    struct place best = {.cell = NULL};
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t bits;
    struct cell *set;

    (void)crypto_shorthash(hash, (const unsigned char *)key.ptr, key.len, t->secret);
    memcpy(&bits, hash, sizeof bits);
    set = t->cells[bits % SETS];
    best.tag = bits & ~TIME_MASK;
    for (size_t i = 0; i < WAYS; i++) {
        uint64_t state = atomic_load(&set[i].state);

        best.found = state && (state & ~TIME_MASK) == best.tag;
        if (best.found || !best.cell || time_of(state) < time_of(best.state)) {
            best.cell = &set[i];
            best.state = state;
        }
        if (best.found)
            break;
    }
    return best;
}

static uint64_t gap_ms(struct rate_rule rule)
{
    return ((uint64_t)rule.period_s * 1000 + rule.count - 1) / rule.count;
}

bool rate_take(struct rate_table *t, struct str key, struct rate_rule rule, uint64_t now_ms,
               struct rate_verdict *ret)
{
    uint64_t gap, most, due;
    struct place p;

    *ret = (struct rate_verdict){0};
    if (!rule.count)
        return true;
    gap = gap_ms(rule);
    most = gap * (rule.count - 1);
    assert(now_ms && now_ms + most + gap < TIME_MASK);
    do {
        p = look(t, key);
        due = p.found && time_of(p.state) > now_ms ? time_of(p.state) : now_ms;
        if (due - now_ms > most) {
            atomic_fetch_add(&p.cell->missed, 1);
            ret->wait_ms = due - now_ms - most;
            return false;
        }
    } while (!atomic_compare_exchange_weak(&p.cell->state, &p.state, p.tag | (due + gap)));
    ret->missed = atomic_exchange(&p.cell->missed, 0);
    if (!p.found)
        ret->missed = 0; /* those were of the key that was here before */
    return true;
}

void rate_give_back(struct rate_table *t, struct str key, struct rate_rule rule)
{
    struct place p;

    if (!rule.count)
        return;
    do {
        p = look(t, key);
        if (!p.found || time_of(p.state) <= gap_ms(rule))
            return;
    } while (!atomic_compare_exchange_weak(&p.cell->state, &p.state, p.state - gap_ms(rule)));
}

void rate_forget(struct rate_table *t, struct str key)
{
    struct place p;

    do {
        p = look(t, key);
        if (!p.found)
            return;
    } while (!atomic_compare_exchange_weak(&p.cell->state, &p.state, p.tag | 1));
}
