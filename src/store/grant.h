/* grant.h: what somebody may do with what another account has, as its rows say; and the rows of
 * collaborators. The rule that reads them is core/access. */
#ifndef STORE_GRANT_H
#define STORE_GRANT_H
#include "store/db.h"
#include "store/group.h"

/* One reason to be let in. */
struct grant {
    struct str group;      /* its name; empty: a collaborator */
    struct str permission; /* "read", "write", "admin" */
};
struct grant_list {
    struct grant *rows;
    size_t count;
};
/* The grants of a user for a package of an owner: by groups of all packages, by groups that name
 * it, as its collaborator; also of a package in the trash. package_id 0: for one that is not there
 * yet. Texts lie in mem. */
enum err_code grant_list(struct tx *tx, struct arena *mem, int64_t owner_id, int64_t user_id,
                         int64_t package_id, struct grant_list *ret, struct err *err) MUST_USE;
struct number_list {
    int64_t *items;
    size_t count;
};
/* The private packages of an owner that a user was let into one by one: by groups that name them,
 * as their collaborator. Their numbers, ascending, in mem. */
enum err_code grant_packages(struct tx *tx, struct arena *mem, int64_t owner_id, int64_t user_id,
                             struct number_list *ret, struct err *err) MUST_USE;
/* The same of everybody's private packages, and whose each of them is. And the accounts all of
 * whose packages the user sees as a member of a group. */
enum err_code grant_packages_anywhere(struct tx *tx, struct arena *mem, int64_t user_id,
                                      struct number_list *ret_packages,
                                      struct number_list *ret_owners, struct err *err) MUST_USE;
enum err_code grant_accounts(struct tx *tx, struct arena *mem, int64_t user_id,
                             struct number_list *ret, struct err *err) MUST_USE;
/* Is the user in any group of the owner? */
enum err_code grant_is_member(struct tx *tx, int64_t owner_id, int64_t user_id, bool *ret_is,
                              struct err *err) MUST_USE;

/* Makes or changes the row. */
enum err_code collaborator_put(struct tx *tx, int64_t package_id, int64_t user_id,
                               struct str permission, struct err *err) MUST_USE;
/* *ret_changed (may be NULL): there was one. */
enum err_code collaborator_delete(struct tx *tx, int64_t package_id, int64_t user_id,
                                  bool *ret_changed, struct err *err) MUST_USE;
/* Of all packages of the owner, those in the trash too: nobody comes back with them. */
enum err_code collaborator_delete_all(struct tx *tx, int64_t owner_id, int64_t user_id,
                                      struct err *err) MUST_USE;
/* By login; text: the permission. */
enum err_code collaborator_list(struct tx *tx, struct arena *mem, int64_t package_id,
                                struct named_text_list *ret, struct err *err) MUST_USE;

#endif
