/* pypi_sdist.h: what a source distribution must be: one folder that holds everything, and PKG-INFO
 * right in it.
 *
 * Nothing of it is ever run, so a source distribution without PKG-INFO is refused. The PKG-INFO
 * of .egg-info folders and of test data further down is not looked at. */
#ifndef FORMAT_PYPI_SDIST_H
#define FORMAT_PYPI_SDIST_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/unpack.h"
#include "format/zip.h"

/* *ret_metadata: the bytes of PKG-INFO, in mem. ERR_INVALID: refused, and why: beside what tar.h
 * and zip.h refuse, sparse members, links that lead out of the folder, a PKG-INFO that is a link or
 * there twice; ERR_TOO_BIG, ERR_NOMEM; what the source fails with. */
enum err_code pypi_sdist_read_tar(struct arena *mem, struct unpack *from, struct str *ret_metadata,
                                  struct err *err) MUST_USE;
enum err_code pypi_sdist_read_zip(struct arena *mem, const struct zip_source *from,
                                  struct str *ret_metadata, struct err *err) MUST_USE;

#endif
