/* cran_documents.h: the documents of a CRAN-like tree: which there are, and how they are packed.
 *
 * A tree is a subdir "cran/src/contrib" or "cran/bin/SYSTEM/contrib/X.Y", so that none is taken for
 * a subdir of conda. Its documents: PACKAGES, PACKAGES.gz, PACKAGES.rds; of sources also
 * Meta/archive.rds and Meta/current.rds. */
#ifndef INDEX_CRAN_DOCUMENTS_H
#define INDEX_CRAN_DOCUMENTS_H
#include "index/conda_row.h"
#include "index/cran_packages.h"
#include "index/document_kind.h"

#define CRAN_SUBDIR "cran/" /* what subdirs of trees begin with */

bool cran_is_subdir(struct str subdir);
/* Media type of a document by its name; ptr NULL when no tree has one of this name. */
struct str cran_media_type(struct str name);

/* For documents.c: the documents of a tree, and the builder that they are made by. */
const struct document_kinds *cran_kinds_of(struct str subdir);
enum err_code cran_documents_open(struct str subdir, struct cran_packages **ret,
                                  struct err *err) MUST_USE;
enum err_code cran_documents_add(void *docs, const struct conda_row *row, struct err *err) MUST_USE;

#endif
