/* mem.c: calloc and friends behind a counter that tests can trip. */
#include "base/mem.h"

#include <stdatomic.h>

/* The test seam is process-wide, as the heap is. Nothing is counted before the first
 * mem_fail_at(), so that threads of a server do not fight over the counter's cache line. */
static atomic_bool counting;
static atomic_long count;
static atomic_long fail_number;

static bool may_allocate(size_t size)
{
    if (size > PTRDIFF_MAX)
        return false;
    if (!atomic_load_explicit(&counting, memory_order_relaxed))
        return true;
    return atomic_fetch_add(&count, 1) + 1 != atomic_load(&fail_number);
}

void *mem_get(size_t size)
{
    if (!may_allocate(size))
        return NULL;
    return calloc(1, size ? size : 1);
}

void *mem_resize(void *p, size_t size)
{
    if (!may_allocate(size))
        return NULL;
    return realloc(p, size ? size : 1); /* realloc(p, 0) may free p */
}

void mem_free(void *p)
{
    free(p);
}

char *mem_dup(const void *p, size_t len)
{
    char *copy;

    if (len == SIZE_MAX)
        return NULL;
    copy = mem_get(len + 1);
    if (copy && len)
        memcpy(copy, p, len);
    return copy;
}

void mem_fail_at(long n)
{
    atomic_store(&count, 0);
    atomic_store(&fail_number, n);
    atomic_store(&counting, true);
}

long mem_count(void)
{
    return atomic_load(&count);
}
