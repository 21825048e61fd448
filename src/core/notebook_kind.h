/* notebook_kind.h: Jupyter notebooks (format/notebook), see core/kind.h.
 *
 * They are named within their release, like plain files. Its reader knows two more words than the
 * name of the kind, for core/preview: "ipynb/view" gives format/notebook_view in pieces, one for
 * each text, and "ipynb/picture" the bytes of the thumbnail. */
#ifndef CORE_NOTEBOOK_KIND_H
#define CORE_NOTEBOOK_KIND_H
#include "core/kind.h"

extern const struct kind ipynb_kind;

#endif
