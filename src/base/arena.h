/* arena.h: memory of one request or job, freed as a whole.
 *
 * Memory goes to an arena, handles (descriptors, transactions) to AUTO(...), and long-lived
 * objects to their owner. An arena belongs to one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include "base/common.h"

struct arena;

/* cap: most bytes that all allocations together may take, padding included. NULL when out of
 * memory. */
struct arena *arena_open(size_t cap) MUST_USE;
void arena_close(struct arena *a); /* accepts NULL; runs the deferred calls, newest first */
void arena_closep(struct arena **a);

/* Zeroed memory; NULL when out of memory or over the cap. align: a power of two, at most 16. */
void *arena_alloc(struct arena *a, size_t size, size_t align) MUST_USE;
#define arena_new(a, T)      ((T *)arena_alloc((a), sizeof(T), _Alignof(T)))
#define arena_array(a, T, n) ((T *)arena_alloc_array((a), (n), sizeof(T), _Alignof(T)))
void *arena_alloc_array(struct arena *a, size_t n, size_t size, size_t align) MUST_USE;

/* An array that grows in an arena: items (NULL at first) with room for one more than count, or
 * NULL when out of memory. Always pass the same element size. */
void *arena_room(struct arena *mem, void *items, size_t count, size_t size) MUST_USE;

/* Calls fn(arg) when the arena closes. False when out of memory; then fn was not kept. */
bool arena_defer(struct arena *a, void (*fn)(void *), void *arg) MUST_USE;

#endif
