/* transfer.h: rows of packages that were offered to another owner; and what is changed in the rows
 * when a package changes its owner. The rule that uses them is core/transfer. */
#ifndef STORE_TRANSFER_H
#define STORE_TRANSFER_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

/* ---- offers ---- */

struct transfer_row {
    int64_t id, package_id, owner_id, target_id, offerer_id;
    struct str owner, package, target, offerer; /* logins, and the package's name */
    enum access_level access;                   /* of the package */
    int64_t created_ms;
};
struct transfer_list {
    struct transfer_row *rows;
    size_t count;
};
/* ERR_CONFLICT: the package is offered already. */
enum err_code transfer_insert(struct tx *tx, int64_t package_id, int64_t target_id,
                              int64_t offerer_id, int64_t now_ms, int64_t *ret_id,
                              struct err *err) MUST_USE;
/* Both leave out what was offered before since_ms. ERR_NOT_FOUND. */
enum err_code transfer_find(struct tx *tx, struct arena *mem, int64_t id, int64_t since_ms,
                            struct transfer_row *ret, struct err *err) MUST_USE;
enum err_code transfer_find_by_package(struct tx *tx, struct arena *mem, int64_t package_id,
                                       int64_t since_ms, struct transfer_row *ret,
                                       struct err *err) MUST_USE;
/* The offer of a package, if there is one. */
enum err_code transfer_delete(struct tx *tx, int64_t package_id, struct err *err) MUST_USE;
/* Offers to a user, or to an organization that he is a member of: the newest first, as below. */
enum err_code transfer_list_to(struct tx *tx, struct arena *mem, int64_t account_id,
                               int64_t since_ms, struct transfer_list *ret,
                               struct err *err) MUST_USE;
/* Offers that an account made, or of its packages. */
enum err_code transfer_list_from(struct tx *tx, struct arena *mem, int64_t account_id,
                                 int64_t since_ms, struct transfer_list *ret,
                                 struct err *err) MUST_USE;

/* ---- the change ---- */

/* The labels that files of a package carry. */
struct transfer_label {
    int64_t id;
    struct str name;
    bool locked;
};
struct transfer_label_list {
    struct transfer_label *rows;
    size_t count;
};
enum err_code transfer_labels(struct tx *tx, struct arena *mem, int64_t package_id,
                              struct transfer_label_list *ret, struct err *err) MUST_USE;
/* The files of a package carry one label in place of another. */
enum err_code transfer_relabel(struct tx *tx, int64_t package_id, int64_t from_label,
                               int64_t to_label, struct err *err) MUST_USE;

/* A file of the package whose name is another file's at the account, or is that of a file that was
 * removed there and had other bytes: *ret_basename is empty when there is none. */
enum err_code transfer_clash(struct tx *tx, struct arena *mem, int64_t package_id,
                             int64_t account_id, struct str *ret_basename,
                             struct err *err) MUST_USE;
enum err_code transfer_clash_retired(struct tx *tx, struct arena *mem, int64_t package_id,
                                     int64_t account_id, struct str *ret_basename,
                                     struct err *err) MUST_USE;
/* The names of all files of the package are retired at its owner. */
enum err_code transfer_retire_names(struct tx *tx, int64_t package_id, int64_t now_ms,
                                    struct err *err) MUST_USE;
/* Nobody has a right to the package any more by a group of its owner, nor as a collaborator who is
 * a member there; nor as a collaborator who is its next owner. */
enum err_code transfer_drop_grants(struct tx *tx, int64_t package_id, int64_t owner_id,
                                   int64_t target_id, struct err *err) MUST_USE;
/* The package and its files are another account's from now on. Its uploads must be gone, and its
 * labels are to follow. ERR_CONFLICT: the account has a package of this name, or a file of one. */
enum err_code transfer_move(struct tx *tx, int64_t package_id, int64_t account_id,
                            struct err *err) MUST_USE;

#endif
