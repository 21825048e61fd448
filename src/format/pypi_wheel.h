/* pypi_wheel.h: what a wheel must be for every installer to see the same in it.
 *
 * Its members are read through once, so that each is what the headers say (zip_content.h). Beside
 * the framing of the archive the rules are those that PyPI has, or that pip and uv have and tell
 * too late: one .dist-info folder, named like the file; in it METADATA, WHEEL of version 1, and a
 * RECORD in which every file is listed; the licence files that the metadata names; no command with
 * a path in its name. Files that RECORD lists and that are absent harm nobody, and neither do wrong
 * hashes: no installer compares them. */
#ifndef FORMAT_PYPI_WHEEL_H
#define FORMAT_PYPI_WHEEL_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/pypi_filename.h"
#include "format/zip.h"

/* *ret_metadata: the bytes of METADATA, in mem. ERR_INVALID: refused, and why; ERR_TOO_BIG: over a
 * limit of limits.h; ERR_NOMEM; what the source fails with. */
enum err_code pypi_wheel_read(struct arena *mem, const struct zip_source *from,
                              const struct pypi_filename *file, struct str *ret_metadata,
                              struct err *err) MUST_USE;

#endif
