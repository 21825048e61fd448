/* told.h: who was told that something has no files (core/told_empty). */
#ifndef STORE_TOLD_H
#define STORE_TOLD_H
#include "store/db.h"

struct told_key {
    int64_t package_id, release_id; /* release_id 0: the package itself */
    int64_t account_id;             /* who was told */
};
/* Once more: the later time. */
enum err_code told_put(struct tx *tx, const struct told_key *key, int64_t now_ms,
                       struct err *err) MUST_USE;
/* *ret_was: told, and after that time. */
enum err_code told_find(struct tx *tx, const struct told_key *key, int64_t after_ms, bool *ret_was,
                        struct err *err) MUST_USE;
enum err_code told_delete(struct tx *tx, const struct told_key *key, struct err *err) MUST_USE;
/* What the account was told of the package and this release of it, up to that time. */
enum err_code told_delete_until(struct tx *tx, const struct told_key *key, int64_t until_ms,
                                struct err *err) MUST_USE;
/* All that anybody was told up to that time. */
enum err_code told_expire(struct tx *tx, int64_t until_ms, struct err *err) MUST_USE;

#endif
