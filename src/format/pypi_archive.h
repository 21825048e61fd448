/* pypi_archive.h: what is inside a Python distribution of any kind, read with limits.
 *
 * Runs in the sandboxed child of core/inspect: it may read the one descriptor and use memory, and
 * nothing else. It judges the archive and finds its metadata; pypi_meta reads that. */
#ifndef FORMAT_PYPI_ARCHIVE_H
#define FORMAT_PYPI_ARCHIVE_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/pypi_filename.h"

/* fd: readable and seekable; size: its bytes. file: the name under which it is uploaded.
 * *ret_metadata: the exact bytes of METADATA (wheels) or PKG-INFO, in mem. ERR_INVALID: not a
 * well-formed distribution, and why: see pypi_wheel.h and pypi_sdist.h; an egg needs its
 * EGG-INFO/PKG-INFO. ERR_TOO_BIG: over a limit of limits.h; ERR_NOMEM; ERR_IO. */
enum err_code pypi_archive_read(struct arena *mem, int fd, uint64_t size,
                                const struct pypi_filename *file, struct str *ret_metadata,
                                struct err *err) MUST_USE;

#endif
