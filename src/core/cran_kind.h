/* cran_kind.h: packages of R, source and binary, see core/kind.h.
 *
 * The type is "r", as anaconda-client says. A file stands in a tree of a CRAN-like repository
 * (format/cran_name), whose index its subdir names: "cran/src/contrib". A basename without folders
 * is put where CRAN has such packages; "bin/windows/contrib/4.2/x_1.0.zip" says where it belongs.
 */
#ifndef CORE_CRAN_KIND_H
#define CORE_CRAN_KIND_H
#include "core/kind.h"

extern const struct kind cran_kind;

#endif
