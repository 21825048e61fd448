/* mem.h: the only door to the heap, so that tests can make the n-th allocation fail. */
#ifndef BASE_MEM_H
#define BASE_MEM_H
#include "base/common.h"

void *mem_get(size_t size) MUST_USE;               /* zeroed; NULL when out of memory */
void *mem_resize(void *p, size_t size) MUST_USE;   /* realloc; p stays valid on NULL */
void mem_free(void *p);                            /* accepts NULL */
char *mem_dup(const void *p, size_t len) MUST_USE; /* copy with a NUL added */
#define mem_new(T) ((T *)mem_get(sizeof(T)))

/* Test seam: the n-th allocation from now fails (0: never). Counts restart at each call.
 * Not for use while other threads run. */
void mem_fail_at(long n);
long mem_count(void); /* allocations since the last mem_fail_at() */

#endif
