/* pypi_version.h: versions of Python distributions (PEP 440): reading, writing, ordering. */
#ifndef FORMAT_PYPI_VERSION_H
#define FORMAT_PYPI_VERSION_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct pypi_version; /* in the arena */

/* Takes every spelling that PEP 440 knows ("v1.0-alpha.1"), without blanks around it. Numbers may
 * have any number of digits. ERR_INVALID: not a version, or longer than LIMIT_PYPI_VERSION bytes;
 * ERR_NOMEM. */
enum err_code pypi_version_parse(struct arena *mem, struct str s, const struct pypi_version **ret,
                                 struct err *err) MUST_USE;

/* Appends the normal spelling ("1.0a1"), as packaging.version.Version prints it. */
void pypi_version_add(struct buf *out, const struct pypi_version *v);

/* The order of PEP 440: <0, 0, >0. 0 means that it is one version, though maybe in two spellings:
 * "1.0" and "1.0.0" too. */
int pypi_version_cmp(const struct pypi_version *a, const struct pypi_version *b);

/* Neither a pre-release nor a development release. */
bool pypi_version_is_final(const struct pypi_version *v);

#endif
