/* trash.h: rows of what was removed and may be put back.
 *
 * Rows are moved by the database, whole: what a file's row holds, this program need not have in
 * memory. Everything here happens in the transaction that removes or puts back. */
#ifndef STORE_TRASH_H
#define STORE_TRASH_H
#include "base/arena.h"
#include "store/db.h"
#include "store/file.h"
#include "store/label.h"

/* One removal: of a file, a release or a package. */
struct trash_row {
    int64_t id, account_id;
    struct str owner;                      /* joined */
    struct str kind;                       /* "file", "release", "package" */
    int64_t package_id;                    /* that the package has, or had */
    struct str package, version, basename; /* the last two may be empty, as the kind is */
    int64_t files, size;                   /* how many, and the bytes of all of them */
    struct str remover;                    /* login; empty: the server by itself */
    struct str reason;                     /* the rule of retention; empty: somebody's wish */
    int64_t removed_ms, due_ms;            /* from due_ms on it is gone */
};

/* ---- keeping ---- */

/* The item, empty as yet; its files and size are what trash_keep_files finds. */
enum err_code trash_insert(struct tx *tx, const struct trash_row *row, int64_t *ret_id,
                           struct err *err) MUST_USE;
/* Copies, before they are deleted: a package's row, whom it lets in, whose favorite it is, how
 * often it was downloaded, and its rules of retention. */
enum err_code trash_keep_package(struct tx *tx, int64_t id, int64_t package_id,
                                 struct err *err) MUST_USE;
/* The releases and files of a package; release_id, file_id: of that one alone, unless 0. */
enum err_code trash_keep_files(struct tx *tx, int64_t id, int64_t package_id, int64_t release_id,
                               int64_t file_id, struct err *err) MUST_USE;

/* ---- looking ---- */

/* What is due is not found any more. ERR_NOT_FOUND. */
enum err_code trash_find(struct tx *tx, struct arena *mem, int64_t account_id, int64_t id,
                         int64_t now_ms, struct trash_row *ret, struct err *err) MUST_USE;
struct trash_list {
    struct trash_row *rows;
    size_t count;
};
/* Those of an account with numbers below before_id, the newest first; without what is due. user_id:
 * of the packages alone that this user was let into, to change them; 0: all. */
enum err_code trash_list(struct tx *tx, struct arena *mem, int64_t account_id, int64_t before_id,
                         int64_t now_ms, int64_t user_id, int64_t max, struct trash_list *ret,
                         struct err *err) MUST_USE;
/* Has this package anything in the trash? */
enum err_code trash_has(struct tx *tx, int64_t package_id, bool *ret_has, struct err *err) MUST_USE;
/* The files of an item: id, type, name_key, basename, subdir, filename,
 * version, sha256, size; by basename.
 */
enum err_code trash_files(struct tx *tx, struct arena *mem, int64_t id, struct file_list *ret,
                          struct err *err) MUST_USE;
/* The labels of its files, each once, as they are now; id 0: there is none (any more). By name. */
enum err_code trash_labels(struct tx *tx, struct arena *mem, int64_t id, struct label_list *ret,
                           struct err *err) MUST_USE;
/* The first of its files whose name another one has. ERR_NOT_FOUND: none. */
enum err_code trash_taken(struct tx *tx, struct arena *mem, int64_t id, struct str *ret_basename,
                          struct err *err) MUST_USE;
/* The first of its files whose name another file had that was removed later, and which stays
 * reserved for that. ERR_NOT_FOUND: none. */
enum err_code trash_retired(struct tx *tx, struct arena *mem, int64_t id, struct str *ret_basename,
                            struct err *err) MUST_USE;

/* ---- putting back ---- */

/* The package of an item, with all that was kept of it; groups and users that are gone stay out. */
enum err_code trash_return_package(struct tx *tx, const struct trash_row *item,
                                   struct err *err) MUST_USE;
/* Its releases, unless the package has them, its files, their labels, which must be there by now,
 * and their names, which are not reserved any more. */
enum err_code trash_return_files(struct tx *tx, const struct trash_row *item,
                                 struct err *err) MUST_USE;
/* The row and whatever is left with it, without regard to bytes: after it was put back. */
enum err_code trash_delete(struct tx *tx, int64_t id, struct err *err) MUST_USE;

/* ---- moving ---- */

/* What was removed of a package is another account's from now on, as the package is. */
enum err_code trash_move(struct tx *tx, int64_t package_id, int64_t account_id,
                         struct err *err) MUST_USE;

/* ---- sweeping ---- */

/* From now on it is gone; it is swept with the next. */
enum err_code trash_expire(struct tx *tx, int64_t id, struct err *err) MUST_USE;
/* The same of all that was removed of a package; version: of that release, unless empty. */
enum err_code trash_expire_all(struct tx *tx, int64_t package_id, struct str version,
                               struct err *err) MUST_USE;
/* The item that is due for longest, with at least its id and owner. account_id: of that one, unless
 * 0. ERR_NOT_FOUND: none. */
enum err_code trash_next_due(struct tx *tx, struct arena *mem, int64_t account_id, int64_t now_ms,
                             struct trash_row *ret, struct err *err) MUST_USE;
/* Removes at most max files of an item, and sets their bytes aside (index_garbage); once there are
 * none, the item too (*ret_gone), and whatever else the trash has of a package that is gone with
 * it is due. */
enum err_code trash_sweep(struct tx *tx, struct arena *mem, const struct trash_row *item,
                          int64_t max, bool *ret_gone, struct err *err) MUST_USE;

#endif
