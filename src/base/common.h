/* common.h: attributes and macros that every module is written in. */
#ifndef BASE_COMMON_H
#define BASE_COMMON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/banned.h"

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define AUTO(fn)     __attribute__((cleanup(fn)))
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))

/* Hands ownership of a pointer out of an AUTO variable, which becomes NULL. */
#define TAKE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) take_ = (p);                                                                 \
        (p) = NULL;                                                                                \
        take_;                                                                                     \
    })

#endif
