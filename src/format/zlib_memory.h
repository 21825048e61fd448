/* zlib_memory.h: zlib's memory from base/mem, so that tests can let it run out. Internal to
 * format/: the zalloc and zfree of a z_stream, whose opaque is not used. */
#ifndef FORMAT_ZLIB_MEMORY_H
#define FORMAT_ZLIB_MEMORY_H
#include "base/mem.h"

static inline void *zlib_get(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return mem_get((size_t)count * size);
}

static inline void zlib_free(void *opaque, void *p)
{
    (void)opaque;
    mem_free(p);
}

#endif
