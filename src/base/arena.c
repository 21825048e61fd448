/* arena.c: a list of blocks, each filled from its start; the arena lies in the first one. */
#include "base/arena.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"

#define ALIGN_MAX   16
#define BLOCK_FIRST (4 * KIB)
#define BLOCK_MAX   (256 * KIB)

/* Under AddressSanitizer unused bytes are poisoned and allocations kept apart, so that a read
 * or write past one of them is caught although all of them share a heap block. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define RED_ZONE       16
#define HIDE(p, len)   ASAN_POISON_MEMORY_REGION((p), (len))
#define REVEAL(p, len) ASAN_UNPOISON_MEMORY_REGION((p), (len))
#else
#define RED_ZONE       0
#define HIDE(p, len)   ((void)0)
#define REVEAL(p, len) ((void)0)
#endif

struct block {
    struct block *next;
    size_t size, used; /* of data */
    _Alignas(ALIGN_MAX) char data[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *arg;
};

struct arena {
    struct block *blocks; /* the one being filled comes first */
    struct deferred *deferred;
    size_t used, cap; /* bytes handed out with their padding, and the most of them */
    size_t next_size;
};

static struct block *block_open(size_t data_size)
{
    struct block *b;

    if (data_size > SIZE_MAX - sizeof(*b))
        return NULL;
    b = mem_get(sizeof(*b) + data_size);
    if (!b)
        return NULL;
    b->size = data_size;
    HIDE(b->data, b->size);
    return b;
}

/* Bytes to skip after the first `used` ones so that the next allocation is aligned. */
static size_t padding(size_t used, size_t align)
{
    return (align - used % align) % align;
}

/* The next size bytes of b, which must have room for them and the padding. */
static void *block_take(struct block *b, size_t size, size_t align)
{
    char *p = b->data + b->used + padding(b->used, align);

    b->used = (size_t)(p - b->data) + size;
    REVEAL(p, size);
    b->used = b->size - b->used > RED_ZONE ? b->used + RED_ZONE : b->size;
    return p;
}

static bool block_fits(const struct block *b, size_t size, size_t align)
{
    size_t room = b->size - b->used;
    size_t skip = padding(b->used, align);

    return skip <= room && size <= room - skip;
}

struct arena *arena_open(size_t cap)
{
    struct block *b = block_open(BLOCK_FIRST - sizeof(struct block));
    struct arena *a;

    if (!b)
        return NULL;
    a = block_take(b, sizeof(*a), ALIGN_MAX);
    a->blocks = b;
    a->cap = cap;
    a->next_size = 2 * BLOCK_FIRST;
    return a;
}

void arena_close(struct arena *a)
{
    struct block *b;

    if (!a)
        return;
    while (a->deferred) {
        struct deferred *d = a->deferred;

        a->deferred = d->next; /* before the call: it may defer more */
        d->fn(d->arg);
    }
    b = a->blocks;
    while (b) { /* a itself goes with one of them */
        struct block *next = b->next;

        mem_free(b);
        b = next;
    }
}

void arena_closep(struct arena **a)
{
    arena_close(*a);
    *a = NULL;
}

/* A new block that fits size bytes, linked in. A large allocation gets a block of its own
 * behind the first, which goes on being filled. */
static struct block *arena_grow(struct arena *a, size_t size)
{
    bool own = size > a->next_size / 4;
    struct block *b = block_open(own ? size : a->next_size - sizeof(*b));

    if (!b)
        return NULL;
    if (own) {
        b->next = a->blocks->next;
        a->blocks->next = b;
        return b;
    }
    b->next = a->blocks;
    a->blocks = b;
    if (a->next_size < BLOCK_MAX)
        a->next_size *= 2;
    return b;
}

void *arena_alloc(struct arena *a, size_t size, size_t align)
{
    size_t left = a->cap - a->used;
    struct block *b = a->blocks;
    size_t skip;

    assert(align && align <= ALIGN_MAX && !(align & (align - 1)));
    skip = padding(a->used, align); /* charged as if all lay in one run */
    if (size > left || skip > left - size)
        return NULL;
    if (RED_ZONE)
        align = ALIGN_MAX; /* poison has a grain of 8 bytes */
    if (!block_fits(b, size, align)) {
        b = arena_grow(a, size);
        if (!b)
            return NULL;
    }
    a->used += skip + size;
    return block_take(b, size, align);
}

void *arena_alloc_array(struct arena *a, size_t n, size_t size, size_t align)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        return NULL;
    return arena_alloc(a, total, align);
}

bool arena_defer(struct arena *a, void (*fn)(void *), void *arg)
{
    struct deferred *d = arena_new(a, struct deferred);

    if (!d)
        return false;
    *d = (struct deferred){.next = a->deferred, .fn = fn, .arg = arg};
    a->deferred = d;
    return true;
}

void *arena_room(struct arena *mem, void *items, size_t count, size_t size)
{
    size_t room = count ? 2 * count : 8;
    void *grown;

    /* Room is 8, 16, 32 ...: it is used up exactly when count is 0 or one of these. */
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
        return items;
    grown = arena_alloc_array(mem, room, size, 16);
    if (grown && count)
        memcpy(grown, items, count * size);
    return grown;
}
