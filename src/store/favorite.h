/* favorite.h: rows of packages that somebody has marked to find them again. */
#ifndef STORE_FAVORITE_H
#define STORE_FAVORITE_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

/* Adding what is there and removing what is not are no failures: *ret_changed tells. */
enum err_code favorite_put(struct tx *tx, int64_t account_id, int64_t package_id, int64_t now_ms,
                           bool *ret_changed, struct err *err) MUST_USE;
enum err_code favorite_delete(struct tx *tx, int64_t account_id, int64_t package_id,
                              bool *ret_changed, struct err *err) MUST_USE;
enum err_code favorite_has(struct tx *tx, int64_t account_id, int64_t package_id, bool *ret_has,
                           struct err *err) MUST_USE;
/* How many accounts have marked the package; how many packages the account has marked. */
enum err_code favorite_count(struct tx *tx, int64_t package_id, int64_t *ret_count,
                             struct err *err) MUST_USE;
enum err_code favorite_count_of(struct tx *tx, int64_t account_id, int64_t *ret_count,
                                struct err *err) MUST_USE;

struct favorite_row {
    int64_t created_ms; /* when it was marked */
    int64_t package_id, owner_id;
    struct str owner, name, summary, latest_version; /* of the package; owner: the login */
    enum access_level access;
    int64_t updated_ms, favorites, downloads;
};
struct favorite_list {
    struct favorite_row *rows;
    size_t count;
};
/* All of an account, those marked last first. Whoever asks has to see which may be shown. */
enum err_code favorite_list(struct tx *tx, struct arena *mem, int64_t account_id,
                            struct favorite_list *ret, struct err *err) MUST_USE;

#endif
