/* chance.h: numbers that look random and are the same in each run. A test that fails prints the
 * seed (chance_tell in its teardown); TERRARIUM_TEST_SEED is another one to begin with. */
#ifndef TEST_CHANCE_H
#define TEST_CHANCE_H
#include "unit.h"

struct chance {
    uint64_t seed, state;
    size_t step; /* kept up by the test, to be told */
    bool over;   /* the test came to its end */
};

static inline void chance_begin(struct chance *c, uint64_t seed)
{
    const char *given = getenv("TERRARIUM_TEST_SEED");

    if (given)
        assert_true(str_u64(str_of(given), UINT64_MAX - 1, &seed));
    *c = (struct chance){.seed = seed, .state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15)};
}

static inline uint64_t chance_next(struct chance *c)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return c->state >> 11;
}

/* One of 0 to n - 1. */
static inline size_t chance_below(struct chance *c, size_t n)
{
    return (size_t)(chance_next(c) % n);
}

static inline bool chance_one_in(struct chance *c, size_t n)
{
    return chance_below(c, n) == 0;
}

static inline void chance_tell(const struct chance *c)
{
    if (c->seed && !c->over)
        print_error("TERRARIUM_TEST_SEED=%llu, step %zu\n", (unsigned long long)c->seed, c->step);
}

#endif
