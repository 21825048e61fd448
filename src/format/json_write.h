/* json_write.h: JSON written straight to a buffer, for answers too large to be made as a tree.
 *
 * Members and items follow each other with commas by themselves; brackets are the caller's. */
#ifndef FORMAT_JSON_WRITE_H
#define FORMAT_JSON_WRITE_H
#include "base/buf.h"

void json_write_next(struct buf *out);                  /* a comma, unless it is the first */
void json_write_key(struct buf *out, const char *key);  /* the key needs no escapes */
void json_write_item(struct buf *out, struct str text); /* an item of a list; UTF-8 */
void json_write_text(struct buf *out, const char *key, struct str text);
void json_write_some(struct buf *out, const char *key, struct str text); /* unless it is empty */
void json_write_int(struct buf *out, const char *key, int64_t n);
void json_write_flag(struct buf *out, const char *key, bool on); /* only if it is on */

#endif
