/* pypi_depends.h: the requirements of a Python distribution, as anaconda-client tells them.
 *
 * The form is older than most of the metadata that it is made of, and keeps less: whoever needs
 * all goes by the Requires-Dist lines themselves. */
#ifndef FORMAT_PYPI_DEPENDS_H
#define FORMAT_PYPI_DEPENDS_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "format/pypi_headers.h"

/* {"has_dep_errors": some line could not be read,
 *  "depends": [{"name": "requests", "specs": [[">=", "2.0"]]}],
 *  "extras": [{"name": "net", "depends": [...]}],            requirements of an optional feature
 *  "environments": [{"name": "os_name == \"nt\"", "depends": [...]}]}       ... of a marker
 * out of the fields Requires-Dist, and Requires of metadata 1.1. Names are normalised. A new value.
 * ERR_NOMEM. */
enum err_code pypi_depends(struct arena *mem, const struct pypi_headers *h, json_t **ret,
                           struct err *err) MUST_USE;

#endif
