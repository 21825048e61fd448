/* cache.c: hash tables with chaining, split into shards that are locked one by one.
 *
 * Keys come from outsiders, so they are hashed with SipHash under a random key: nobody can
 * prepare keys that fall into one chain. References are given back outside of the locks, since
 * destroying an object may take long. */
#include "base/cache.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/rand.h"

#define SHARDS_MAX 16

void shared_init(struct shared *s, void (*destroy)(struct shared *))
{
    atomic_init(&s->refs, 1);
    s->destroy = destroy;
}

void *shared_ref(void *object)
{
    struct shared *s = object;

    if (s) {
        long before = atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);

        assert(before > 0);
        (void)before;
    }
    return object;
}

void shared_unref(void *object)
{
    struct shared *s = object;
    long before;

    if (!s)
        return;
    /* Release: our writes come before. Acquire: the destroyer sees everybody's. */
    before = atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        s->destroy(s);
}

struct entry {
    struct entry *next;
    uint64_t hash, generation;
    void *object; /* one reference is ours */
    size_t bytes; /* of this, the key and the object */
    size_t key_len;
    char key[];
};

struct shard {
    pthread_mutex_t lock;  /* guards entries and the chains; never held with another lock */
    struct entry **chains; /* as many as the cache has chains per shard */
    size_t entries, bytes;
};

struct cache {
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    size_t shards, chains;         /* powers of two; chains per shard */
    size_t max_entries, max_bytes; /* per shard */
    struct shard shard[SHARDS_MAX];
};

/* The largest power of two up to n (1 for 0) and max, which is one. */
static size_t power_of_two(size_t n, size_t max)
{
    size_t p = 1;

    while (p < max && p <= n / 2)
        p *= 2;
    return p;
}

struct cache *cache_open(size_t max_entries, size_t max_bytes)
{
    struct cache *c = mem_new(struct cache);

    if (!c)
        return NULL;
    rand_bytes(c->hash_key, sizeof(c->hash_key));
    c->shards = power_of_two(max_entries, SHARDS_MAX);
    c->max_entries = max_entries / c->shards;
    c->max_bytes = max_bytes / c->shards;
    c->chains = power_of_two(c->max_entries, SIZE_MAX / 2 + 1);
    for (size_t i = 0; i < c->shards; i++)
        if (pthread_mutex_init(&c->shard[i].lock, NULL))
            abort(); /* cannot fail on Linux with default attributes */
    for (size_t i = 0; i < c->shards; i++) {
        if (c->chains <= SIZE_MAX / sizeof(struct entry *))
            c->shard[i].chains = mem_get(c->chains * sizeof(struct entry *));
        if (!c->shard[i].chains) {
            cache_close(c);
            return NULL;
        }
    }
    return c;
}

/* Takes all entries out of a shard, as one list. Call with the lock held. */
static struct entry *empty_shard(const struct cache *c, struct shard *s)
{
    struct entry *all = NULL;

    for (size_t i = 0; s->chains && i < c->chains; i++) {
        while (s->chains[i]) {
            struct entry *e = s->chains[i];

            s->chains[i] = e->next;
            e->next = all;
            all = e;
        }
    }
    s->entries = s->bytes = 0;
    return all;
}

static void free_entries(struct entry *e)
{
    while (e) {
        struct entry *next = e->next;

        shared_unref(e->object);
        mem_free(e);
        e = next;
    }
}

void cache_close(struct cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->shards; i++) {
        free_entries(empty_shard(c, &c->shard[i]));
        mem_free(c->shard[i].chains);
        (void)pthread_mutex_destroy(&c->shard[i].lock); /* nobody holds it any more */
    }
    mem_free(c);
}

static uint64_t hash_of(const struct cache *c, struct str key)
{
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t hash;

    static_assert(sizeof(out) == sizeof(hash), "the hash is kept as one number");
    (void)crypto_shorthash(out, (const unsigned char *)key.ptr, key.len, c->hash_key); /* 0 */
    memcpy(&hash, out, sizeof(hash));
    return hash;
}

/* Locks and returns the shard of a hash. */
static struct shard *lock_shard(struct cache *c, uint64_t hash)
{
    struct shard *s = &c->shard[hash & (c->shards - 1)];

    if (pthread_mutex_lock(&s->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
    return s;
}

static void unlock_shard(struct shard *s)
{
    if (pthread_mutex_unlock(&s->lock))
        abort(); /* cannot fail, as above */
}

/* Where the pointer to the entry of this key is, or the end of its chain. Lock held. */
static struct entry **find(const struct cache *c, struct shard *s, struct str key, uint64_t hash)
{
    /* The low bits chose the shard already. */
    struct entry **at = &s->chains[(hash / SHARDS_MAX) & (c->chains - 1)];

    while (*at && !((*at)->hash == hash && str_eq((struct str){(*at)->key, (*at)->key_len}, key)))
        at = &(*at)->next;
    return at;
}

void *cache_get(struct cache *c, struct str key, uint64_t generation)
{
    uint64_t hash = hash_of(c, key);
    struct shard *s = lock_shard(c, hash);
    struct entry *e = *find(c, s, key, hash);
    void *object = e && e->generation == generation ? shared_ref(e->object) : NULL;

    unlock_shard(s);
    return object;
}

static struct entry *entry_new(struct str key, uint64_t hash, uint64_t generation, void *object,
                               size_t bytes)
{
    struct entry *e;

    if (bytes > SIZE_MAX / 2 || key.len > SIZE_MAX / 2 - sizeof(*e))
        return NULL;
    e = mem_get(sizeof(*e) + key.len);
    if (!e)
        return NULL;
    e->hash = hash;
    e->generation = generation;
    e->object = shared_ref(object);
    e->bytes = bytes + sizeof(*e) + key.len;
    e->key_len = key.len;
    if (key.len)
        memcpy(e->key, key.ptr, key.len);
    return e;
}

/* Is there room for e, once the entry of its key (which may be NULL) has gone? Lock held. */
static bool has_room(const struct cache *c, const struct shard *s, const struct entry *e,
                     const struct entry *old)
{
    size_t bytes = s->bytes - (old ? old->bytes : 0);

    return (old || s->entries < c->max_entries) && e->bytes <= c->max_bytes &&
           bytes <= c->max_bytes - e->bytes;
}

/* Puts e in; returns the entries that had to go for it (or e itself). Call with the lock held. */
static struct entry *replace(const struct cache *c, struct shard *s, struct entry *e)
{
    struct str key = {e->key, e->key_len};
    struct entry **at = find(c, s, key, e->hash);
    struct entry *gone = *at;

    if (gone && gone->generation > e->generation)
        return e; /* its maker was slow, and the world has moved on */
    if (!has_room(c, s, e, gone)) {
        gone = empty_shard(c, s);
        at = find(c, s, key, e->hash);
    } else if (gone) {
        e->next = gone->next;
        gone->next = NULL;
        s->entries--;
        s->bytes -= gone->bytes;
    }
    s->entries++;
    s->bytes += e->bytes;
    *at = e;
    return gone;
}

void cache_put(struct cache *c, struct str key, uint64_t generation, void *object, size_t bytes)
{
    uint64_t hash = hash_of(c, key);
    struct entry *e = c->max_entries ? entry_new(key, hash, generation, object, bytes) : NULL;
    struct entry *gone;
    struct shard *s;

    if (!e || e->bytes > c->max_bytes) {
        free_entries(e);
        return;
    }
    s = lock_shard(c, hash);
    gone = replace(c, s, e);
    unlock_shard(s);
    free_entries(gone);
}
