/* choice.h: what somebody names of an owner, to be changed: one file, or all files of a release, of
 * a package, or of the account. Never is more meant than what was named. */
#ifndef CORE_CHOICE_H
#define CORE_CHOICE_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/account.h"
#include "store/file.h"

/* Where the names end, everything below is meant: without a version all of the package, without a
 * package all of the account. */
struct choice {
    struct str package, version, basename;
};
/* "acme/tool/1.0", in mem; ptr NULL: out of memory. */
struct str choice_name(struct arena *mem, struct str owner, const struct choice *c);

/* Which of several choices cannot be, and why: all of them at once, for whoever made them. */
struct choice_error {
    struct choice_error *next;
    size_t index;
    struct str message;
};
struct choice_errors {
    struct choice_error *head, *last;
};
/* Is e about the choice, so that the others can be looked at as well? Then it is added, and *first
 * becomes the first of all. Else (the disk, the memory) *first is e. */
bool choice_errors_add(struct choice_errors *errors, struct arena *mem, size_t index,
                       const struct err *e, struct err *first) MUST_USE;
/* At the end: what `first` came to is err, and what is returned. OK: it came to nothing. */
enum err_code choice_errors_end(const struct err *first, struct err *err) MUST_USE;

struct choices {
    struct str owner; /* login, in lower case */
    const struct choice *items;
    size_t count;
};
/* May the actor change what is chosen (core/access, RIGHT_WRITE)? Before any transaction. Also
 * judges the form: a part is named only with what it is part of (ERR_UNPROCESSABLE). */
enum err_code choices_check(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct choices *in, struct choice_errors *ret_errors,
                            struct err *err) MUST_USE;
/* The files: *ret has in->count sets, in mem. ERR_NOT_FOUND, in the words for what is not there,
 * also of a package that the view does not show (NULL: that of who sees everything). */
enum err_code choices_find(struct tx *tx, struct arena *mem, const struct account_row *owner,
                           const struct choices *in, const struct view *view, struct file_set **ret,
                           struct choice_errors *ret_errors, struct err *err) MUST_USE;

#endif
