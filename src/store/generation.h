/* generation.h: rows of the states that an account's channels had, each with what changed in it. */
#ifndef STORE_GENERATION_H
#define STORE_GENERATION_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

/* Of one account, numbered from 1 on. */
struct generation_row {
    int64_t number, made_ms;
    struct str actor; /* login; empty: the server itself */
};
struct generation_list {
    struct generation_row *rows;
    size_t count;
};
/* A file that came, went or changed; filename empty: any of the subdir. */
struct generation_change {
    int64_t number;
    struct str label, subdir, package, filename;
};
struct generation_change_list {
    struct generation_change *rows;
    size_t count;
};

/* The number of the newest one; 0: there is none. */
enum err_code generation_newest(struct tx *tx, int64_t account_id, int64_t *ret_number,
                                struct err *err) MUST_USE;
/* Makes it, unless it is there. */
enum err_code generation_ensure(struct tx *tx, int64_t account_id, int64_t number, int64_t now_ms,
                                struct err *err) MUST_USE;
enum err_code generation_set_actor(struct tx *tx, int64_t account_id, int64_t number,
                                   struct str actor, struct err *err) MUST_USE;
enum err_code generation_add_change(struct tx *tx, int64_t account_id,
                                    const struct generation_change *change,
                                    struct err *err) MUST_USE;
/* ERR_NOT_FOUND. */
enum err_code generation_find(struct tx *tx, struct arena *mem, int64_t account_id, int64_t number,
                              struct generation_row *ret, struct err *err) MUST_USE;
/* The one that was the newest at a moment. ERR_NOT_FOUND: there was none. */
enum err_code generation_at(struct tx *tx, struct arena *mem, int64_t account_id, int64_t ms,
                            struct generation_row *ret, struct err *err) MUST_USE;
/* Up to max of those with numbers below `before`, the newest first. */
enum err_code generation_page(struct tx *tx, struct arena *mem, int64_t account_id, int64_t before,
                              int64_t max, struct generation_list *ret, struct err *err) MUST_USE;
/* The one with the lowest number; none: count 0. */
enum err_code generation_oldest(struct tx *tx, struct arena *mem, int64_t account_id,
                                struct generation_list *ret, struct err *err) MUST_USE;
/* Up to max changes of one, in their order. */
enum err_code generation_changes(struct tx *tx, struct arena *mem, int64_t account_id,
                                 int64_t number, int64_t max, struct generation_change_list *ret,
                                 struct err *err) MUST_USE;
/* Removes those that were followed by another one before a moment, up to max: their states cannot
 * be had any more. */
enum err_code generation_sweep(struct tx *tx, int64_t before_ms, int64_t max, int64_t *ret_count,
                               struct err *err) MUST_USE;

/* From this generation on, fewer may see the package. */
enum err_code generation_hide(struct tx *tx, int64_t account_id, struct str package, int64_t number,
                              struct err *err) MUST_USE;
/* The packages that are hidden since a generation after this one, with their access now; private,
 * and package_id 0, if they are gone. */
struct generation_hidden_list {
    struct generation_hidden {
        struct str package; /* in lower case, as names of conda packages are */
        int64_t package_id;
        enum access_level access;
    } * rows;
    size_t count;
};
enum err_code generation_hidden_after(struct tx *tx, struct arena *mem, int64_t account_id,
                                      int64_t number, struct generation_hidden_list *ret,
                                      struct err *err) MUST_USE;

#endif
