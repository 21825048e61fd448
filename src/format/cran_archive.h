/* cran_archive.h: what is inside an R package, read with limits.
 *
 * Runs in the sandboxed child of core/inspect: it may read the one descriptor and use memory, and
 * nothing else. It unpacks, and interprets nothing: that is cran_desc's. */
#ifndef FORMAT_CRAN_ARCHIVE_H
#define FORMAT_CRAN_ARCHIVE_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/cran_name.h"

struct cran_archive {
    struct str description; /* the bytes of PACKAGE/DESCRIPTION; never empty */
    bool compiled;          /* there are files in PACKAGE/src/ */
};

/* fd: readable and seekable; size: its bytes. file: the name under which it is uploaded: a gzip
 * compressed tar archive, or a ZIP file if it ends in ".zip". The text lies in mem. ERR_INVALID:
 * not a well-formed package, and why; ERR_TOO_BIG: over a limit of limits.h; ERR_NOMEM; ERR_IO.
 *
 * Everything must lie in the one folder that is named as the package, and there must be exactly one
 * DESCRIPTION right in it, whose name no other member has in another case. Refused are links, which
 * R CMD build never leaves in a package, and backslashes, which are folders to some clients; and
 * whatever format/tar, format/zip and format/unpack refuse, such as "..", devices, archives that
 * readers could see differently, and bombs. */
enum err_code cran_archive_read(struct arena *mem, int fd, uint64_t size,
                                const struct cran_filename *file, struct cran_archive *ret,
                                struct err *err) MUST_USE;

#endif
