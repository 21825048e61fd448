/* pypi_zip.h: the ZIP files among Python distributions: wheels, eggs, some source distributions. */
#ifndef FORMAT_PYPI_ZIP_H
#define FORMAT_PYPI_ZIP_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/zip.h"

/* Reads the framing (zip.h) and then every member through, under a ceiling for all of them: their
 * content is what the headers say. ERR_INVALID, ERR_TOO_BIG, ERR_NOMEM; what the source fails
 * with. */
enum err_code pypi_zip_open(struct arena *mem, const struct zip_source *from, struct zip *ret,
                            struct err *err) MUST_USE;

/* The content of a member, in mem. ERR_TOO_BIG: over max; else as zip_content(). */
enum err_code pypi_zip_text(struct arena *mem, const struct zip_source *from,
                            const struct zip_member *m, size_t max, struct str *ret,
                            struct err *err) MUST_USE;

#endif
