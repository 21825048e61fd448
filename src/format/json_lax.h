/* json_lax.h: JSON as Python's json.dump writes it, with a bound on what it costs in memory.
 *
 * Notebooks are written by it, and may so hold NaN, Infinity and -Infinity, which are no JSON. They
 * are read as null. A NUL in a string, as programs print them, is read as U+FFFD. In everything
 * else it is json_parse(). */
#ifndef FORMAT_JSON_LAX_H
#define FORMAT_JSON_LAX_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The value lives as long as mem. ERR_TOO_BIG when the text has more than max_values values, which
 * is known before any is made: a value takes up to 130 bytes besides its text. */
enum err_code json_lax_parse(struct arena *mem, struct str text, size_t max_values,
                             const json_t **ret_value, struct err *err) MUST_USE;

#endif
