/* cran_built.h: where a package of R belongs: whether it is a source or a binary, and of what. */
#ifndef FORMAT_CRAN_BUILT_H
#define FORMAT_CRAN_BUILT_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/cran_name.h"

/* What R CMD INSTALL --build notes in a DESCRIPTION:
 * "R 4.1.1; aarch64-apple-darwin20; 2022-04-06 00:14:41 UTC; unix". Parts borrowed. */
struct cran_built {
    struct str r_version; /* "4.1" */
    struct str platform;  /* "aarch64-apple-darwin20"; empty: nothing in it was compiled */
    bool windows;
};
/* ERR_INVALID: not of that form. */
enum err_code cran_built_parse(struct str in, struct cran_built *ret, struct err *err) MUST_USE;

/* Does a package with these fields (cran_desc_parse) belong in this tree? Sources must not be
 * binaries; a binary must be of the tree's system and version of R. ERR_INVALID. */
enum err_code cran_built_check(const json_t *fields, const struct cran_tree *tree,
                               struct err *err) MUST_USE;

/* The tree in which CRAN has a package like this, in mem. ERR_INVALID: there is none, or more than
 * one, and how to choose. ERR_NOMEM. */
enum err_code cran_built_tree(struct arena *mem, const json_t *fields,
                              const struct cran_filename *file, struct str *ret_path,
                              struct err *err) MUST_USE;

#endif
