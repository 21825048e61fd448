/* notification.h: rows of what somebody should know of. */
#ifndef STORE_NOTIFICATION_H
#define STORE_NOTIFICATION_H
#include "base/arena.h"
#include "store/db.h"

/* As many are kept for each account; older ones go when new ones come. */
#define NOTIFICATIONS_KEPT 200

struct notification_row {
    int64_t id;
    struct str kind;       /* "added_to_group" */
    struct str parameters; /* JSON object of texts */
    int64_t created_ms;
    int64_t read_ms; /* 0: not read yet */
};
/* Ignores row->id and row->read_ms: it is unread. */
enum err_code notification_insert(struct tx *tx, int64_t account_id,
                                  const struct notification_row *row, struct err *err) MUST_USE;
struct notification_list {
    struct notification_row *rows;
    size_t count;
};
/* Newest first. */
enum err_code notification_list(struct tx *tx, struct arena *mem, int64_t account_id,
                                struct notification_list *ret, struct err *err) MUST_USE;
/* Of this account alone; id 0: all of them. What was read before keeps its time. *ret_changed: any
 * was unread. */
enum err_code notification_read(struct tx *tx, int64_t account_id, int64_t id, int64_t now_ms,
                                bool *ret_changed, struct err *err) MUST_USE;

#endif
