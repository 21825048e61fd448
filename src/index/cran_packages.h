/* cran_packages.h: the indexes of a CRAN-like tree, all from the same rows.
 *
 * PACKAGES, PACKAGES.gz and PACKAGES.rds list the newest version of each package, as CRAN does;
 * Meta/current.rds says of the same files how large and how old they are, Meta/archive.rds of all
 * others, which is how remotes finds them. R reads the first of the three that it gets and never
 * asks again within a session: so they are made together, and equal rows give equal bytes. */
#ifndef INDEX_CRAN_PACKAGES_H
#define INDEX_CRAN_PACKAGES_H
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* One file of the tree. Borrowed. */
struct cran_file {
    struct str filename, md5; /* "R6_2.5.1.tar.gz", hex */
    int64_t size, uploaded_ms;
    const json_t *fields; /* of its DESCRIPTION: as cran_desc_index() gives them */
};

struct cran_packages;
/* binary: of a tree of binaries, whose index has other columns. ERR_NOMEM. */
enum err_code cran_packages_open(bool binary, struct cran_packages **ret, struct err *err) MUST_USE;
void cran_packages_close(struct cran_packages *p); /* accepts NULL */
void cran_packages_closep(struct cran_packages **p);

/* In any order. ERR_NOMEM. */
enum err_code cran_packages_add(struct cran_packages *p, const struct cran_file *file,
                                struct err *err) MUST_USE;
/* After the last file, before the first document. */
void cran_packages_end(struct cran_packages *p);

/* Each appends one document; a failure shows in out. The .rds ones are not packed yet. */
void cran_packages_write(const struct cran_packages *p, struct buf *out);
void cran_packages_write_rds(const struct cran_packages *p, struct buf *out);
void cran_packages_write_current(const struct cran_packages *p, struct buf *out);
void cran_packages_write_archive(const struct cran_packages *p, struct buf *out);

#endif
