/* scope.h: what an access token is limited to. Broader scopes contain narrower ones. */
#ifndef CORE_SCOPE_H
#define CORE_SCOPE_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The atoms that routes ask for; a named scope is a set of them. */
enum scope {
    SCOPE_NONE = 0, /* no scope needed */
    SCOPE_API_READ = 1 << 0,
    SCOPE_API_WRITE = 1 << 1,
    SCOPE_API_GROUPS = 1 << 2,
    SCOPE_CONDA_DOWNLOAD = 1 << 3,
    SCOPE_CONDA_UPLOAD = 1 << 4,
    SCOPE_PYPI_DOWNLOAD = 1 << 5,
    SCOPE_PYPI_UPLOAD = 1 << 6,
    SCOPE_CRAN_DOWNLOAD = 1 << 7,
    SCOPE_CRAN_UPLOAD = 1 << 8,
    SCOPE_FILES_DOWNLOAD = 1 << 9,
    SCOPE_FILES_UPLOAD = 1 << 10,

    /* Needs that several scopes meet. Which kind of files it is that is published is told apart
     * in core/publish (kind_check_scope). */
    SCOPES_UPLOAD = SCOPE_CONDA_UPLOAD | SCOPE_PYPI_UPLOAD | SCOPE_CRAN_UPLOAD | SCOPE_FILES_UPLOAD,
    SCOPES_PUBLISH = SCOPE_API_WRITE | SCOPES_UPLOAD,
    SCOPES_GLANCE = SCOPE_API_READ | SCOPE_CONDA_DOWNLOAD | SCOPE_PYPI_DOWNLOAD |
                    SCOPE_CRAN_DOWNLOAD | SCOPE_FILES_DOWNLOAD, /* see what there is, in any way */
    SCOPES_LOOK = SCOPE_API_READ | SCOPES_UPLOAD, /* what an upload looks at before and after */
};

struct scope_name {
    const char *name;
    unsigned atoms;
    const char *description;
};
/* All named scopes, sorted by name; ends with a NULL name. */
extern const struct scope_name scope_names[];

/* Joins names into the blank-separated, sorted form that is stored. An empty list is the empty
 * string: everything. ERR_UNPROCESSABLE (field "scopes") for an unknown name. */
enum err_code scope_join(struct arena *mem, const struct str *names, size_t count,
                         struct str *ret_scopes, struct err *err) MUST_USE;

/* Does a stored scope list hold one of the atoms that meet a route's need? Always if it needs none.
 */
bool scope_allows(struct str scopes, unsigned one_of);

#endif
