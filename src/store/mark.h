/* mark.h: the row that names the mark of the blob store (core/mark.h). */
#ifndef STORE_MARK_H
#define STORE_MARK_H
#include "base/arena.h"
#include "store/db.h"

/* The digest of the mark, in mem. ERR_NOT_FOUND: there is none yet. */
enum err_code mark_find(struct tx *tx, struct arena *mem, struct str *ret_sha256,
                        struct err *err) MUST_USE;
enum err_code mark_insert(struct tx *tx, struct str sha256, struct err *err) MUST_USE;
enum err_code mark_delete(struct tx *tx, struct err *err) MUST_USE;

#endif
