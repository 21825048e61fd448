/* group.h: rows of the groups of organizations: their members and their packages. */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

struct group_row {
    int64_t id, account_id;  /* the organization */
    struct str organization; /* its login */
    struct str name;         /* lower case: "owners" */
    struct str permission;   /* "read", "write", "admin" */
    bool all_packages;
    int64_t members, packages; /* how many; packages that were chosen */
};
/* Texts of results lie in mem. ERR_NOT_FOUND when absent. */
enum err_code group_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str name,
                         struct group_row *ret, struct err *err) MUST_USE;
/* Ignores what is counted, and the numbers but account_id. ERR_CONFLICT when the name is taken. */
enum err_code group_insert(struct tx *tx, const struct group_row *row, int64_t now_ms,
                           int64_t *ret_id, struct err *err) MUST_USE;
enum err_code group_delete(struct tx *tx, int64_t id, struct err *err) MUST_USE;

struct group_list {
    struct group_row *rows;
    size_t count;
};
/* Those of an organization, by name. */
enum err_code group_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct group_list *ret, struct err *err) MUST_USE;
/* Those that a user is in, by organization and name. */
enum err_code group_list_by_member(struct tx *tx, struct arena *mem, int64_t account_id,
                                   struct group_list *ret, struct err *err) MUST_USE;

/* Logins, or names of packages, with a text for people. */
struct named_text {
    struct str name, text;
};
struct named_text_list {
    struct named_text *rows;
    size_t count;
};
/* Those of a statement with one number and two columns of text. For store/ alone. */
enum err_code named_texts(struct tx *tx, struct arena *mem, const struct stmt *s, int64_t key,
                          struct named_text_list *ret, struct err *err) MUST_USE;
/* By login; text: the user's name. */
enum err_code group_members(struct tx *tx, struct arena *mem, int64_t id,
                            struct named_text_list *ret, struct err *err) MUST_USE;
/* Of all groups of an organization, by login and group; text: the group's name. */
enum err_code group_all_members(struct tx *tx, struct arena *mem, int64_t account_id,
                                struct named_text_list *ret, struct err *err) MUST_USE;
/* Those that the view shows, by name; text: the package's summary. */
enum err_code group_packages(struct tx *tx, struct arena *mem, int64_t id, const struct view *view,
                             struct named_text_list *ret, struct err *err) MUST_USE;

/* Adding what is there and removing what is not are no failures: *ret_changed (may be NULL) tells.
 */
enum err_code group_add_member(struct tx *tx, int64_t id, int64_t account_id, bool *ret_changed,
                               struct err *err) MUST_USE;
enum err_code group_remove_member(struct tx *tx, int64_t id, int64_t account_id, bool *ret_changed,
                                  struct err *err) MUST_USE;
enum err_code group_has_member(struct tx *tx, int64_t id, int64_t account_id, bool *ret_is,
                               struct err *err) MUST_USE;
enum err_code group_add_package(struct tx *tx, const struct group_row *group, int64_t package_id,
                                bool *ret_changed, struct err *err) MUST_USE;
enum err_code group_remove_package(struct tx *tx, int64_t id, int64_t package_id, bool *ret_changed,
                                   struct err *err) MUST_USE;

#endif
