/* charset.h: text in the encodings that R packages declare -> UTF-8.
 *
 * Tables of its own: iconv() loads modules from disk, which differ between systems. */
#ifndef FORMAT_CHARSET_H
#define FORMAT_CHARSET_H
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum charset {
    CHARSET_UTF8,
    CHARSET_LATIN1, /* read as windows-1252, which has printable characters where ISO 8859-1 has
                       control characters: so do R on Windows, and browsers */
    CHARSET_LATIN2,
    CHARSET_LATIN9
};

/* By one of its usual names, in any case: "latin1", "ISO-8859-1", "ISO8859-1", "latin-1"...
 * "ASCII" counts as UTF-8. False: none of these four. */
bool charset_find(struct str name, enum charset *ret);

/* Appends text as UTF-8. ERR_INVALID: bytes that stand for nothing in this encoding, naming the
 * line; ERR_TOO_BIG: over out's maximum; ERR_NOMEM. A failure leaves out as it was. */
enum err_code charset_decode(enum charset from, struct str text, struct buf *out,
                             struct err *err) MUST_USE;

#endif
