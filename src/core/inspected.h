/* inspected.h: what the sandboxed child found in a file: texts and flags, whose meaning is its
 * kind's (see the module that reads it). Outside bytes still: whoever gets them judges them. */
#ifndef CORE_INSPECTED_H
#define CORE_INSPECTED_H
#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

#define INSPECTED_TEXTS 6

struct inspected {
    uint32_t flags;
    struct str
        texts[INSPECTED_TEXTS]; /* each at most LIMIT_INFO_MEMBER; the first is never empty */
};

/* Reads the file on fd, of `size` bytes, that is uploaded under this name. It may read this one
 * descriptor and use memory, and nothing else. Texts lie in mem. ERR_INVALID: not a well-formed
 * file of the kind, and why; ERR_TOO_BIG: over a limit; ERR_NOMEM; ERR_IO. */
typedef enum err_code inspect_reader(struct arena *mem, int fd, uint64_t size, struct str kind,
                                     struct str filename, struct inspected *ret, struct err *err);

#endif
