/* unit.h: what every unit test begins with. Include it first: cmocka wants certain headers
 * before it, and its macro fail() must give way to that of base/err.h. */
#ifndef TEST_UNIT_H
#define TEST_UNIT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail

#include <stdlib.h>

#include "base/str.h"

/* A struct str holds exactly the bytes of a NUL-terminated text. */
#define assert_str(actual, expected)                                                               \
    do {                                                                                           \
        struct str actual_ = (actual), expected_ = str_of(expected);                               \
        if (!str_eq(actual_, expected_))                                                           \
            print_error("is     \"" STR_FMT "\"\nshould be \"" STR_FMT "\"\n", STR_ARG(actual_),   \
                        STR_ARG(expected_));                                                       \
        assert_true(str_eq(actual_, expected_));                                                   \
    } while (0)

/* Where temporary folders are made. */
static inline const char *temp_root(void)
{
    const char *given = getenv("TMPDIR");

    return given && *given ? given : "/tmp";
}

#endif
