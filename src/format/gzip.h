/* gzip.h: one buffer to one gzip member and back (RFC 1952). */
#ifndef FORMAT_GZIP_H
#define FORMAT_GZIP_H
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends one member without name and time, so that equal data gives equal bytes. level: 1 to 9.
 * ERR_TOO_BIG: over out's maximum; ERR_NOMEM. A failure leaves out as it was. */
enum err_code gzip_pack(struct str data, int level, struct buf *out, struct err *err) MUST_USE;
/* Appends the content of the member(s), bounded by out's maximum. Errors as of unpack_next(). */
enum err_code gzip_unpack(struct str data, struct buf *out, struct err *err) MUST_USE;

#endif
