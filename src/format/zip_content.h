/* zip_content.h: what is in a member of a ZIP file (zip.h), under a ceiling.
 *
 * Read are members that are stored or deflated. A deflated one must end exactly where its packed
 * bytes end, and either must have the size and the CRC that its headers say: then no two readers
 * can see different content. */
#ifndef FORMAT_ZIP_CONTENT_H
#define FORMAT_ZIP_CONTENT_H
#include "base/buf.h"
#include "base/err.h"
#include "format/zip.h"

/* Appends the content of a member that zip_read() found in this source. ERR_INVALID: another
 * method, damaged, or not what the headers say; ERR_TOO_BIG: over out's maximum; ERR_NOMEM; what
 * the source fails with. After a failure out holds what it held before. */
enum err_code zip_content(const struct zip_source *from, const struct zip_member *m,
                          struct buf *out, struct err *err) MUST_USE;

/* Judges the content as zip_content() does, and keeps nothing of it. */
enum err_code zip_verify(const struct zip_source *from, const struct zip_member *m,
                         struct err *err) MUST_USE;

#endif
