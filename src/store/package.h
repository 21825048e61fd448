/* package.h: rows of packages and releases. attrs: JSON object text, what pages and `show` print.
 */
#ifndef STORE_PACKAGE_H
#define STORE_PACKAGE_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

struct package_row {
    int64_t id, account_id;
    struct str owner, name;    /* owner: the account's login */
    struct str summary;        /* may be empty */
    struct str attrs;          /* "{}" at least */
    struct str types;          /* blank-separated, sorted: "conda"; derived from the files */
    struct str latest_version; /* of the newest file; may be empty */
    int64_t created_ms, updated_ms;
    enum access_level access;
    struct str edits;       /* "{}" at least: members of attrs that its owner has set */
    int64_t copied_from_id; /* 0: it is no copy, or of a package that is gone */
    struct str copied_from; /* "acme/tool", as that was called; empty: that was not public */
};
enum err_code package_find(struct tx *tx, struct arena *mem, struct str owner, struct str name,
                           struct package_row *ret, struct err *err) MUST_USE;
enum err_code package_insert(struct tx *tx, int64_t account_id, struct str name,
                             enum access_level access, struct str summary, struct str attrs,
                             int64_t now_ms, int64_t *ret_id,
                             struct err *err) MUST_USE; /* ERR_CONFLICT */
enum err_code package_update(struct tx *tx, int64_t id, struct str summary, struct str attrs,
                             struct str latest_version, int64_t now_ms, struct err *err) MUST_USE;
enum err_code package_set_edits(struct tx *tx, int64_t id, struct str edits,
                                struct err *err) MUST_USE;
enum err_code package_set_source(struct tx *tx, int64_t id, int64_t copied_from_id,
                                 struct str copied_from, struct err *err) MUST_USE;
/* What was copied from this package no longer tells its name. */
enum err_code package_hide_source(struct tx *tx, int64_t id, struct err *err) MUST_USE;
enum err_code package_find_by_id(struct tx *tx, struct arena *mem, int64_t id,
                                 struct package_row *ret, struct err *err) MUST_USE;
enum err_code package_delete(struct tx *tx, int64_t id,
                             struct err *err) MUST_USE; /* releases and files go with it */
/* Its number and who may see it: all that a check of rights needs. ERR_NOT_FOUND. */
enum err_code package_access_of(struct tx *tx, struct str owner, struct str name, int64_t *ret_id,
                                enum access_level *ret_access, struct err *err) MUST_USE;
/* The caller brings the indexes up to it. */
enum err_code package_set_access(struct tx *tx, int64_t id, enum access_level access,
                                 struct err *err) MUST_USE;
/* Which levels the packages of an account have, or its labels, which stay when those go. */
enum err_code package_levels(struct tx *tx, int64_t account_id, bool ret_has[ACCESS_LEVELS],
                             struct err *err) MUST_USE;
struct package_list {
    struct package_row *rows;
    size_t count;
};
enum err_code package_list(struct tx *tx, struct arena *mem, int64_t account_id,
                           struct package_list *ret, struct err *err) MUST_USE; /* by name */
/* Those that are not public, by name; without types. */
enum err_code package_list_hidden(struct tx *tx, struct arena *mem, int64_t account_id,
                                  struct package_list *ret, struct err *err) MUST_USE;

/* When the last file of a version came; 0: it has none. */
enum err_code package_released(struct tx *tx, int64_t id, struct str version, int64_t *ret_ms,
                               struct err *err) MUST_USE;
/* The subdirs of its conda packages: blank-separated, sorted. */
enum err_code package_platforms(struct tx *tx, struct arena *mem, int64_t id, struct str *ret,
                                struct err *err) MUST_USE;

struct release_row {
    int64_t id, package_id;
    struct str version, attrs;
    int64_t created_ms;
};
enum err_code release_find(struct tx *tx, struct arena *mem, int64_t package_id, struct str version,
                           struct release_row *ret, struct err *err) MUST_USE;
enum err_code release_insert(struct tx *tx, int64_t package_id, struct str version,
                             struct str attrs, int64_t now_ms, int64_t *ret_id,
                             struct err *err) MUST_USE; /* ERR_CONFLICT */
enum err_code release_update(struct tx *tx, int64_t id, struct str attrs, struct err *err) MUST_USE;
enum err_code release_delete(struct tx *tx, int64_t id, struct err *err) MUST_USE;
struct release_list {
    struct release_row *rows;
    size_t count;
};
enum err_code release_list(struct tx *tx, struct arena *mem, int64_t package_id,
                           struct release_list *ret, struct err *err) MUST_USE; /* oldest first */

#endif
