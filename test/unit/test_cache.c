#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/cache.h"
#include "base/mem.h"

struct thing {
    struct shared shared;
    atomic_int *alive;
    int value;
};

static void destroy_thing(struct shared *s)
{
    struct thing *t = (struct thing *)s;

    atomic_fetch_sub(t->alive, 1);
    mem_free(t);
}

static struct thing *thing_new(atomic_int *alive, int value)
{
    struct thing *t = mem_new(struct thing);

    assert_non_null(t);
    shared_init(&t->shared, destroy_thing);
    t->alive = alive;
    t->value = value;
    atomic_fetch_add(alive, 1);
    return t;
}

/* Stores a new thing, whose only reference is then the cache's. */
static void put(struct cache *c, struct str key, uint64_t generation, atomic_int *alive, int value)
{
    struct thing *t = thing_new(alive, value);

    cache_put(c, key, generation, t, 0);
    shared_unref(t);
}

/* The value found, or -1. */
static int get(struct cache *c, struct str key, uint64_t generation)
{
    struct thing *t = cache_get(c, key, generation);
    int value = t ? t->value : -1;

    shared_unref(t);
    return value;
}

static void last_reference_destroys(void **state)
{
    atomic_int alive = 0;
    struct thing *t = thing_new(&alive, 1);

    (void)state;
    assert_ptr_equal(shared_ref(t), t);
    shared_unref(t);
    assert_int_equal(alive, 1);
    shared_unref(t);
    assert_int_equal(alive, 0);
    assert_null(shared_ref(NULL));
    shared_unref(NULL);
}

static void value_is_found_under_its_key_and_generation_only(void **state)
{
    atomic_int alive = 0;
    struct cache *c = cache_open(100, SIZE_MAX);

    (void)state;
    put(c, S("a\0b"), 5, &alive, 42);
    assert_int_equal(get(c, S("a\0b"), 5), 42);
    assert_int_equal(get(c, S("a\0b"), 4), -1);
    assert_int_equal(get(c, S("a\0b"), 6), -1);
    assert_int_equal(get(c, S("a\0c"), 5), -1);
    assert_int_equal(get(c, S("a"), 5), -1);
    assert_int_equal(get(c, S(""), 5), -1);
    put(c, S(""), 5, &alive, 7);
    assert_int_equal(get(c, S(""), 5), 7);
    cache_close(c);
    assert_int_equal(alive, 0);
}

static void newer_value_replaces_and_frees_the_older(void **state)
{
    atomic_int alive = 0;
    struct cache *c = cache_open(100, SIZE_MAX);

    (void)state;
    put(c, S("k"), 1, &alive, 1);
    put(c, S("k"), 2, &alive, 2);
    assert_int_equal(alive, 1);
    assert_int_equal(get(c, S("k"), 1), -1);
    assert_int_equal(get(c, S("k"), 2), 2);
    put(c, S("k"), 2, &alive, 3); /* the same generation: the last one stays */
    assert_int_equal(alive, 1);
    assert_int_equal(get(c, S("k"), 2), 3);
    cache_close(c);
}

static void late_value_of_an_older_generation_is_not_kept(void **state)
{
    atomic_int alive = 0;
    struct cache *c = cache_open(100, SIZE_MAX);

    (void)state;
    put(c, S("k"), 2, &alive, 2);
    put(c, S("k"), 1, &alive, 1);
    assert_int_equal(alive, 1);
    assert_int_equal(get(c, S("k"), 2), 2);
    assert_int_equal(get(c, S("k"), 1), -1);
    cache_close(c);
}

static void found_object_outlives_the_cache(void **state)
{
    atomic_int alive = 0;
    struct cache *c = cache_open(100, SIZE_MAX);
    struct thing *t;

    (void)state;
    put(c, S("k"), 1, &alive, 9);
    t = cache_get(c, S("k"), 1);
    put(c, S("k"), 2, &alive, 10);
    cache_close(c);
    assert_int_equal(alive, 1);
    assert_int_equal(t->value, 9);
    shared_unref(t);
    assert_int_equal(alive, 0);
}

static void number_of_entries_is_bounded(void **state)
{
    static const size_t sizes[] = {1, 2, 7, 16, 17, 100, 1000};
    atomic_int alive = 0;
    int most = 0;

    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        struct cache *c = cache_open(sizes[s], SIZE_MAX);

        for (int i = 0; i < 5000; i++) {
            put(c, (struct str){(char *)&i, sizeof(i)}, 1, &alive, i);
            assert_int_equal(get(c, (struct str){(char *)&i, sizeof(i)}, 1), i);
            assert_true((size_t)alive <= sizes[s]);
            most = alive > most ? alive : most;
        }
        cache_close(c);
        assert_int_equal(alive, 0);
    }
    assert_true(most > 700); /* of 1000: all shards are used */
}

static void bytes_are_bounded(void **state)
{
    const size_t budget = 100000; /* more than one entry: there are 16 shards */
    atomic_int alive = 0;
    struct cache *c = cache_open(1000, budget);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct thing *t = thing_new(&alive, i);

        cache_put(c, (struct str){(char *)&i, sizeof(i)}, 1, t, 1000);
        shared_unref(t);
        assert_int_equal(get(c, (struct str){(char *)&i, sizeof(i)}, 1), i);
        assert_true((size_t)alive * 1000 <= budget);
    }
    assert_true(alive > 10);
    for (int i = 0; i < 100; i++) { /* replacing does not add up */
        struct thing *t = thing_new(&alive, i);

        cache_put(c, S("same"), 1, t, 5000);
        shared_unref(t);
        assert_int_equal(get(c, S("same"), 1), i);
    }
    put(c, S("kept"), 1, &alive, 7);
    struct thing *huge = thing_new(&alive, 8);
    cache_put(c, S("kept"), 2, huge, budget); /* over a shard's share: not stored, nothing lost */
    shared_unref(huge);
    assert_int_equal(get(c, S("kept"), 2), -1);
    assert_int_equal(get(c, S("kept"), 1), 7);
    cache_close(c);
    assert_int_equal(alive, 0);
}

static void replacing_in_a_full_cache_empties_nothing(void **state)
{
    atomic_int alive = 0;
    struct cache *c = cache_open(1, SIZE_MAX);

    (void)state;
    put(c, S("k"), 1, &alive, 1);
    put(c, S("k"), 2, &alive, 2);
    assert_int_equal(get(c, S("k"), 2), 2);
    put(c, S("other"), 2, &alive, 3);
    assert_int_equal(get(c, S("k"), 2), -1);
    assert_int_equal(get(c, S("other"), 2), 3);
    cache_close(c);
}

static void cache_of_nothing_always_misses(void **state)
{
    atomic_int alive = 0;
    struct cache *c = cache_open(0, SIZE_MAX);

    (void)state;
    put(c, S("k"), 1, &alive, 1);
    assert_int_equal(get(c, S("k"), 1), -1);
    assert_int_equal(alive, 0);
    cache_close(c);
    cache_close(NULL);
}

static void short_memory_only_makes_it_miss(void **state)
{
    atomic_int alive = 0;
    struct thing *t = thing_new(&alive, 1);
    struct cache *c = NULL;
    long n = 0;

    (void)state;
    while (!c) {
        mem_fail_at(++n);
        c = cache_open(1000, SIZE_MAX);
    }
    assert_int_equal(n, 18); /* the cache and its 16 shards: each failure was reported */
    mem_fail_at(1);
    cache_put(c, S("k"), 1, t, 0);
    mem_fail_at(0);
    assert_int_equal(get(c, S("k"), 1), -1);
    shared_unref(t);
    assert_int_equal(alive, 0);
    cache_close(c);
}

struct crowd {
    struct cache *cache;
    atomic_int alive, wrong, hits;
};

static void *use_cache(void *arg)
{
    struct crowd *crowd = arg;

    for (int i = 0; i < 20000; i++) {
        int value = i * 31 % 97;
        struct str key = {(char *)&value, sizeof(value)};
        uint64_t generation = (uint64_t)(i / 5000);
        struct thing *t = cache_get(crowd->cache, key, generation);

        if (t) {
            atomic_fetch_add(&crowd->hits, 1);
            if (t->value != value)
                atomic_fetch_add(&crowd->wrong, 1);
            shared_unref(t);
        } else {
            put(crowd->cache, key, generation, &crowd->alive, value);
        }
    }
    return NULL;
}

static void many_threads_share_it(void **state)
{
    struct crowd crowd = {.cache = cache_open(64, SIZE_MAX)};
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_cache, &crowd), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    cache_close(crowd.cache);
    assert_int_equal(crowd.wrong, 0);
    assert_int_equal(crowd.alive, 0);
    assert_true(crowd.hits > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_reference_destroys),
        cmocka_unit_test(value_is_found_under_its_key_and_generation_only),
        cmocka_unit_test(newer_value_replaces_and_frees_the_older),
        cmocka_unit_test(late_value_of_an_older_generation_is_not_kept),
        cmocka_unit_test(found_object_outlives_the_cache),
        cmocka_unit_test(number_of_entries_is_bounded),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(replacing_in_a_full_cache_empties_nothing),
        cmocka_unit_test(cache_of_nothing_always_misses),
        cmocka_unit_test(short_memory_only_makes_it_miss),
        cmocka_unit_test(many_threads_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
