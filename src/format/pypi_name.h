/* pypi_name.h: names of Python projects (PEP 508 for the grammar, PEP 503 for when two are one). */
#ifndef FORMAT_PYPI_NAME_H
#define FORMAT_PYPI_NAME_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Letters, digits, ".", "_" and "-" (all ASCII), a letter or digit at both ends; at most
 * LIMIT_PYPI_NAME bytes. ERR_INVALID with the value and the rule in the message. */
enum err_code pypi_check_name(struct str s, struct err *err) MUST_USE;

/* The one spelling by which indexes and clients know a project: lower case, each run of "-", "_"
 * and "." a single "-". ptr == NULL when out of memory. */
struct str pypi_normalise_name(struct arena *mem, struct str name);

/* Whether the normalised spellings of two names are equal. */
bool pypi_same_name(struct str a, struct str b);

#endif
