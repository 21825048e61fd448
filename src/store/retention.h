/* retention.h: rows of the rules by which an account's files are kept, and of how they were
 * applied. What the rules mean is for core/retention. */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H
#include "base/arena.h"
#include "store/db.h"
#include "store/label.h"

/* Each: the rules as canonical JSON; ERR_NOT_FOUND: there are none. */
enum err_code retention_of_account(struct tx *tx, struct arena *mem, int64_t account_id,
                                   struct str *ret_rules, struct err *err) MUST_USE;
enum err_code retention_of_package(struct tx *tx, struct arena *mem, int64_t package_id,
                                   struct str *ret_rules, struct err *err) MUST_USE;
/* rules empty: none from now on. *ret_changed: they were others before. */
enum err_code retention_put_account(struct tx *tx, int64_t account_id, struct str rules,
                                    int64_t now_ms, bool *ret_changed, struct err *err) MUST_USE;
enum err_code retention_put_package(struct tx *tx, int64_t package_id, struct str rules,
                                    int64_t now_ms, bool *ret_changed, struct err *err) MUST_USE;

/* A package, and the rules that hold for it: its own, else its account's. */
struct retention_row {
    int64_t id;
    struct str name, rules; /* rules empty: none */
    bool own;
};
struct retention_list {
    struct retention_row *rows;
    size_t count;
};
/* Packages of an account by name: those with names after this one, at most max. */
enum err_code retention_list(struct tx *tx, struct arena *mem, int64_t account_id, struct str after,
                             int64_t max, struct retention_list *ret, struct err *err) MUST_USE;

/* The one of this name. ERR_NOT_FOUND. */
enum err_code retention_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str name,
                             struct retention_row *ret, struct err *err) MUST_USE;

/* A label of a file. */
struct retention_label {
    int64_t file_id;
    struct label_row label;
};
struct retention_label_list {
    struct retention_label *rows;
    size_t count;
};
/* Those of all files of a package, by the numbers of the files. */
enum err_code retention_labels(struct tx *tx, struct arena *mem, int64_t package_id,
                               struct retention_label_list *ret, struct err *err) MUST_USE;
/* Removes a release that has neither files nor uploads under way. *ret_gone: it was so. */
enum err_code retention_drop_release(struct tx *tx, int64_t release_id, bool *ret_gone,
                                     struct err *err) MUST_USE;

/* The next account, by number, that has rules, or of which a package has. ERR_NOT_FOUND: none. */
enum err_code retention_next_account(struct tx *tx, struct arena *mem, int64_t after_id,
                                     int64_t *ret_id, struct str *ret_login,
                                     struct err *err) MUST_USE;

/* How the rules of an account were last applied. */
struct retention_run {
    int64_t ended_ms, files, size; /* removed, and their bytes */
    struct str problem;            /* why it failed; empty: it did not */
};
enum err_code retention_run_find(struct tx *tx, struct arena *mem, int64_t account_id,
                                 struct retention_run *ret, struct err *err) MUST_USE;
enum err_code retention_run_put(struct tx *tx, int64_t account_id, const struct retention_run *run,
                                struct err *err) MUST_USE;

#endif
