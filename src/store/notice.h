/* notice.h: rows of what accounts tell those who install from their channels. (What is told to one
 * account is a notification.) */
#ifndef STORE_NOTICE_H
#define STORE_NOTICE_H
#include "base/arena.h"
#include "store/db.h"

struct notice_row {
    int64_t id;
    int64_t account_id;
    struct str uuid;          /* by which the outside names it */
    struct str status, level; /* "draft", "published", "archived", "deleted"; "info" ... */
    struct str message;
    int64_t expires_ms, created_ms, updated_ms;
};
struct notice_list {
    struct notice_row *rows;
    size_t count;
};

/* Ignores row->id. */
enum err_code notice_insert(struct tx *tx, const struct notice_row *row, struct err *err) MUST_USE;
/* Status, level, message, expires_ms and updated_ms of the row become those of the one with its
 * number. */
enum err_code notice_update(struct tx *tx, const struct notice_row *row, struct err *err) MUST_USE;
/* Of this account, of any status. ERR_NOT_FOUND. */
enum err_code notice_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str uuid,
                          struct notice_row *ret, struct err *err) MUST_USE;

struct notice_filter {
    int64_t account_id;
    struct str status; /* empty: any but "deleted" */
    int64_t ends_after_ms;
};
/* Newest first: at most limit of them, without the first offset ones. */
enum err_code notice_page(struct tx *tx, struct arena *mem, const struct notice_filter *filter,
                          int64_t offset, int64_t limit, struct notice_list *ret,
                          struct err *err) MUST_USE;
enum err_code notice_count(struct tx *tx, const struct notice_filter *filter, int64_t *ret_count,
                           struct err *err) MUST_USE;
/* Of those that are deleted, only so many stay, the newest. */
enum err_code notice_trim_deleted(struct tx *tx, int64_t account_id, int64_t kept,
                                  struct err *err) MUST_USE;

#endif
