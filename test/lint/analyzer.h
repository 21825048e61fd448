/* analyzer.h: included before every source by clang-tidy (tidy.py).
 *
 * The analyzer looks at one file at a time, so it does not know that err_set() returns the code
 * that it was given, and would follow paths on which a failure is a success. */
#ifndef LINT_ANALYZER_H
#define LINT_ANALYZER_H
#include <libpq-fe.h> /* before base/banned.h, as in the sources */

#include "base/err.h"

#undef fail
#define fail(e, code, ...) ((void)err_set((e), (code), __FILE__, __LINE__, __VA_ARGS__), (code))
#undef fail_field
#define fail_field(e, field_, ...)                                                                 \
    ((void)err_set_field((e), (field_),                                                            \
                         err_set((e), ERR_UNPROCESSABLE, __FILE__, __LINE__, __VA_ARGS__)),        \
     ERR_UNPROCESSABLE)
#undef fail_errno
#define fail_errno(e, ...) ((void)err_set_errno((e), __FILE__, __LINE__, __VA_ARGS__), ERR_IO)

#endif
