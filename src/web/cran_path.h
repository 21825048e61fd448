/* cran_path.h: the URLs of CRAN-like repositories.
 *
 *     /cran/OWNER[/label/LABEL]/src/contrib/PACKAGES{,.gz,.rds}
 *     ...                      /src/contrib/Meta/archive.rds, current.rds
 *     ...                      /src/contrib/NAME_VERSION.tar.gz
 *     ...                      /src/contrib/Archive/NAME/NAME_VERSION.tar.gz
 *     ...                      /bin/SYSTEM[/FLAVOUR]/contrib/X.Y/... (the same)
 *     ...                      /web/packages/packages.rds (as src/contrib/PACKAGES.rds)
 *
 * Every version is at both places, since CRAN moves what is replaced, and clients look for it where
 * it was a moment ago. */
#ifndef WEB_CRAN_PATH_H
#define WEB_CRAN_PATH_H
#include "base/arena.h"
#include "base/err.h"
#include "http/path.h"

struct cran_path {
    struct str owner, label; /* "main" unless: */
    bool labelled;           /* the path has one */
    struct str tree;         /* "src/contrib" */
    struct str document;     /* "Meta/archive.rds"; empty: */
    struct str filename;     /* "R6_2.5.1.tar.gz" */
    bool archived;           /* asked for in Archive/ */
};
/* p: with "cran" first. Labels may hold "/", even names of trees: the tree that is nearest to the
 * end counts. Texts lie in mem or in p. ERR_NOT_FOUND: it is none of the above; ERR_NOMEM. */
enum err_code cran_path_parse(struct arena *mem, const struct path *p, struct cran_path *ret,
                              struct err *err) MUST_USE;

#endif
