/* space.h: how many bytes an account has stored, and how many it may.
 *
 * The bytes of an account's files and of those in its trash count, each digest once, whatever else
 * names them. The sum is kept as files come and go, so that an upload costs the same in an account
 * of any size; space_list_wrong counts anew. */
#ifndef STORE_SPACE_H
#define STORE_SPACE_H
#include "base/arena.h"
#include "store/db.h"

/* For whoever changes rows of files: before one is added, and after one is gone. No effect while
 * another file of the account, or one in its trash, has the same bytes. */
enum err_code space_add_blob(struct tx *tx, int64_t account_id, struct str sha256, int64_t size,
                             struct err *err) MUST_USE;
enum err_code space_drop_blob(struct tx *tx, int64_t account_id, struct str sha256, int64_t size,
                              struct err *err) MUST_USE;
/* Are these bytes counted already? */
enum err_code space_has_blob(struct tx *tx, int64_t account_id, struct str sha256, bool *ret_has,
                             struct err *err) MUST_USE;

/* For whoever moves a package, with what the trash has of it, to another account; afterwards. */
enum err_code space_move(struct tx *tx, int64_t package_id, int64_t from_id, int64_t to_id,
                         struct err *err) MUST_USE;

struct space_row {
    int64_t used;
    int64_t quota; /* 0: as much as there is; -1: as the settings say */
};
enum err_code space_find(struct tx *tx, int64_t account_id, struct space_row *ret,
                         struct err *err) MUST_USE;
/* quota: as above. Counts the account's bytes anew, too. */
enum err_code space_set_quota(struct tx *tx, int64_t account_id, int64_t quota,
                              struct err *err) MUST_USE;

/* Files, and the sum of their sizes. */
struct space_share {
    struct str type; /* "conda" */
    int64_t files, bytes;
};
struct space_share_list {
    struct space_share *rows;
    size_t count;
};
/* By type. */
enum err_code space_list_types(struct tx *tx, struct arena *mem, int64_t account_id,
                               struct space_share_list *ret, struct err *err) MUST_USE;
/* What is in the trash; without a type. */
enum err_code space_of_trash(struct tx *tx, int64_t account_id, struct space_share *ret,
                             struct err *err) MUST_USE;

/* Accounts of which the sum is not what their rows give. */
struct space_fault {
    struct str login;
    int64_t used, counted;
};
struct space_fault_list {
    struct space_fault *rows;
    size_t count;
};
enum err_code space_list_wrong(struct tx *tx, struct arena *mem, struct space_fault_list *ret,
                               struct err *err) MUST_USE; /* by login */

#endif
