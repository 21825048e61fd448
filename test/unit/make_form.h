/* make_form.h: bodies of form POSTs for tests, part by part, so that they can be wrong on purpose.
 */
#ifndef TEST_MAKE_FORM_H
#define TEST_MAKE_FORM_H
#include "base/buf.h"

#define FORM_BOUNDARY "0123456789abcdef0123456789abcdef"
#define FORM_TYPE     "Content-Type: multipart/form-data; boundary=" FORM_BOUNDARY "\r\n"

/* more: what follows the name in the part's headers ("; filename=...", "\r\nContent-Type: ..."),
 * or "". */
void form_part(struct buf *form, const char *name, const char *more, struct str value);
void form_field(struct buf *form, const char *name, struct str value);
void form_end(struct buf *form); /* the closing boundary */

/* The value of Content-MD5 for these bytes. */
struct str form_md5(struct arena *mem, struct str bytes);

#endif
