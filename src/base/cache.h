/* cache.h: a bounded, thread-safe map from bytes to shared immutable objects, valid for one
 * generation.
 *
 * A value is stored together with the generation of the data it was computed from; a lookup
 * under any other generation misses. So a change of rights or content empties every cache at
 * once by moving the generation (store/db.h), and no cache needs to know what changed. */
#ifndef BASE_CACHE_H
#define BASE_CACHE_H
#include "base/common.h"
#include "base/str.h"

/* Embedded as the FIRST member of every cached object. Starts with one reference (the maker's). */
struct shared {
    _Atomic long refs;
    void (*destroy)(struct shared *self); /* called once, when the last reference is gone */
};
void shared_init(struct shared *s, void (*destroy)(struct shared *));
void *shared_ref(void *object);  /* returns object; accepts NULL */
void shared_unref(void *object); /* accepts NULL */

struct cache;
/* max_bytes: of all keys and objects together, as cache_put is told. When either is reached, the
 * whole shard (of at most 16) of a new entry is emptied: simple, and rare. */
struct cache *cache_open(size_t max_entries, size_t max_bytes) MUST_USE;
void cache_close(struct cache *c);

/* The object stored under key at exactly this generation, with a new reference; else NULL. */
void *cache_get(struct cache *c, struct str key, uint64_t generation) MUST_USE;
/* Stores a reference of its own to object, which takes about so many bytes; the caller keeps its
 * own. Replaces what is there
 * under key, unless that is of a newer generation. Forgets quietly if memory is short: a cache
 * may always miss. */
void cache_put(struct cache *c, struct str key, uint64_t generation, void *object, size_t bytes);

#endif
