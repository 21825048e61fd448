/* label.h: labels of an account (lower case), and the files that carry them. That a label is locked
 * is kept here, and minded by core/label. */
#ifndef STORE_LABEL_H
#define STORE_LABEL_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"
#include "store/file.h"

struct label_row {
    int64_t id; /* 0: "main", which is there before any file makes it a row */
    struct str name;
    bool locked;
    enum access_level access; /* the widest that packages of its files ever had; of "main" public */
};
struct label_list {
    struct label_row *rows;
    size_t count;
};
/* The number of the label, which is made when there is none. */
enum err_code label_ensure(struct tx *tx, int64_t account_id, struct str name, int64_t *ret_id,
                           struct err *err) MUST_USE;
/* ERR_NOT_FOUND; never for "main". */
enum err_code label_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str name,
                         struct label_row *ret, struct err *err) MUST_USE;
/* Again: no effect. access: of the file's package, to which the label's widens. */
enum err_code label_attach(struct tx *tx, int64_t file_id, int64_t label_id,
                           enum access_level access, struct err *err) MUST_USE;
/* The same for all files of a set, without widening the label (label_places tells to what). */
enum err_code label_attach_set(struct tx *tx, const struct file_set *files, int64_t label_id,
                               int64_t *ret_changes, struct err *err) MUST_USE;
enum err_code label_detach_set(struct tx *tx, const struct file_set *files, int64_t label_id,
                               int64_t *ret_changes, struct err *err) MUST_USE;
/* Whatever carries one label carries the other, too. */
enum err_code label_attach_copy(struct tx *tx, int64_t from_id, int64_t to_id, int64_t *ret_changes,
                                struct err *err) MUST_USE;
/* Widens one label. */
enum err_code label_widen_one(struct tx *tx, int64_t label_id, enum access_level access,
                              struct err *err) MUST_USE;
/* Widens all labels of a package's files to its access. */
enum err_code label_widen(struct tx *tx, int64_t package_id, enum access_level access,
                          struct err *err) MUST_USE;
/* May whoever has this view know of the label? */
enum err_code label_shown(struct tx *tx, const struct label_row *label, const struct view *view,
                          bool *ret_shown, struct err *err) MUST_USE;
/* Where the files of a set are that carry a label: the subdirs, each once for each access that
 * their packages have there. */
struct label_place {
    struct str subdir;
    enum access_level access;
};
struct label_places {
    struct label_place *rows;
    size_t count;
};
enum err_code label_places(struct tx *tx, struct arena *mem, const struct file_set *files,
                           int64_t label_id, struct label_places *ret, struct err *err) MUST_USE;
/* The numbers of the packages of which files of a set carry a label. */
struct label_holders {
    int64_t *packages;
    size_t count;
};
enum err_code label_holders(struct tx *tx, struct arena *mem, const struct file_set *files,
                            int64_t label_id, struct label_holders *ret, struct err *err) MUST_USE;
/* The first, by name, of the locked labels that files of a set carry. ERR_NOT_FOUND. */
enum err_code label_find_locked(struct tx *tx, struct arena *mem, const struct file_set *files,
                                struct label_row *ret, struct err *err) MUST_USE;
enum err_code label_set_locked(struct tx *tx, int64_t id, bool locked, struct err *err) MUST_USE;
/* It is taken from the files that carry it. */
enum err_code label_delete(struct tx *tx, int64_t id, struct err *err) MUST_USE;

/* How many files of how many packages a view shows under each label that has any, by the number of
 * the label. */
struct label_count {
    int64_t label_id, files, packages;
};
struct label_counts {
    struct label_count *rows;
    size_t count;
};
enum err_code label_count_all(struct tx *tx, struct arena *mem, int64_t account_id,
                              const struct view *view, struct label_counts *ret,
                              struct err *err) MUST_USE;

/* Both by name; that of an account always holds "main". */
enum err_code label_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct label_list *ret, struct err *err) MUST_USE;
enum err_code label_list_by_file(struct tx *tx, struct arena *mem, int64_t file_id,
                                 struct label_list *ret, struct err *err) MUST_USE;

/* Does one of the package's files carry one of these labels, which are blank-separated? */
enum err_code label_on_package(struct tx *tx, struct arena *mem, int64_t package_id,
                               struct str labels, bool *ret_is, struct err *err) MUST_USE;

#endif
