/* label.h: the rules of labels: which files carry which. Names are folded to lower case.
 *
 * A locked label does not change: nothing gets it, nothing loses it, it is not removed, and what
 * carries it is neither removed nor replaced (ERR_DENIED, until somebody who administers the
 * owner's packages unlocks it). Whoever takes a file out, or gives it a label, asks here first.
 *
 * Each change: one transaction with the indexes that it touches and its audit rows. ERR_NOT_FOUND
 * with a message for what is not there. What is so already is no error, and leaves no trace. */
#ifndef CORE_LABEL_H
#define CORE_LABEL_H
#include "core/choice.h"
#include "store/label.h"

/* A label without files; again: no effect. ERR_INVALID: no name of a label; ERR_DENIED: the actor's
 * token is limited to others. */
enum err_code label_create(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str name, struct err *err) MUST_USE;
/* Takes it from all files, and it is gone. ERR_CONFLICT: "main" stays. */
enum err_code label_remove(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str name, struct err *err) MUST_USE;
enum err_code label_lock(struct app *app, struct arena *mem, const struct actor *actor,
                         struct str owner, struct str name, bool locked, struct err *err) MUST_USE;
/* Whatever carries `from` gets `to` as well, which is made when there is none. */
enum err_code label_copy(struct app *app, struct arena *mem, const struct actor *actor,
                         struct str owner, struct str from, struct str to,
                         struct err *err) MUST_USE;

/* Labels that the chosen files get, and others that they lose: to move a file is both. */
struct label_change {
    struct choices files;
    const struct str *add;
    size_t add_count;
    const struct str *remove;
    size_t remove_count;
};
struct label_changed {
    int64_t added, removed; /* how many files got, and lost, a label by one choice */
};
/* All or nothing; may be called by anybody, for whom it asks core/access. *ret has
 * in->files.count members, in mem. What is wrong with choices is in *ret_errors. ERR_UNPROCESSABLE,
 * too: a label both added and removed. A label that is added is made when there is none. */
enum err_code label_change(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct label_change *in, struct label_changed **ret,
                           struct choice_errors *ret_errors, struct err *err) MUST_USE;

/* Looks a label up, in whatever case, in any transaction: one that the view does not show is not
 * there. view NULL: that of who sees everything. */
enum err_code label_require(struct tx *tx, struct arena *mem, const struct account_row *owner,
                            struct str name, const struct view *view, struct label_row *ret,
                            struct err *err) MUST_USE;
/* May files of the set be removed, or replaced? In the transaction that does it. */
enum err_code label_check_removal(struct tx *tx, struct arena *mem, const struct file_set *files,
                                  struct err *err) MUST_USE;
/* May a file get this label, as far as locks go? One that has it may, to no effect. file_id 0: a
 * file that is not there yet. */
enum err_code label_check_gain(struct tx *tx, struct arena *mem, int64_t account_id,
                               struct str name, int64_t file_id, struct err *err) MUST_USE;
/* May the actor's token give the label to a file, and is it not locked? *ret: it, made when there
 * is none. In the transaction that does it. */
enum err_code label_open(struct tx *tx, struct arena *mem, const struct actor *actor,
                         int64_t account_id, struct str name, struct label_row *ret,
                         struct err *err) MUST_USE;

#endif
