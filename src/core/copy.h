/* copy.h: files of one owner's label under a label of another owner, or of the same.
 *
 * No bytes are copied: both rows name the same. What is copied stands by itself from then on,
 * whatever becomes of its source; it keeps the time at which it was first uploaded. A package that
 * is made for it has the source's attributes, and is never seen by more people than the source. */
#ifndef CORE_COPY_H
#define CORE_COPY_H
#include "core/choice.h"

/* Where the target has a file of this name already: with the same bytes it gets the label, in each
 * mode; with others ... */
enum copy_mode {
    COPY_STRICT,  /* nothing is copied at all */
    COPY_REPLACE, /* it is replaced, under all labels that it has; and the attributes of package and
                     release become those of the source */
    COPY_UPDATE,  /* it stays as it is; and attributes are added that package and release lack */
};
struct copy_request {
    struct choices files; /* of the source; a file, or all of a release or package with the label */
    struct str from_label;
    struct str to_owner; /* empty: the actor */
    struct str to_label; /* made when there is none */
    enum copy_mode mode;
};
struct copied {
    struct str package, version, basename;
    enum copy_result {
        COPY_MADE,
        COPY_REPLACED,
        COPY_LABELLED, /* the same bytes were there */
        COPY_KEPT,     /* with the label, too */
        COPY_SKIPPED,  /* COPY_UPDATE: other bytes were there */
    } result;
};
struct copied_list {
    struct copied *rows; /* in mem */
    size_t count;
};
/* All or nothing, in one transaction with the target's indexes and audit rows. May be called by
 * anybody: asks for the right to write the target's packages, and shows no more of the source than
 * the actor sees. ERR_NOT_FOUND; ERR_CONFLICT: COPY_STRICT, or a name that is reserved;
 * ERR_DENIED: also, a label is locked; ERR_TOO_BIG: the target has no room. What is wrong with
 * choices is in *ret_errors. */
enum err_code copy_files(struct app *app, struct arena *mem, const struct actor *actor,
                         const struct copy_request *in, struct copied_list *ret,
                         struct choice_errors *ret_errors, struct err *err) MUST_USE;

#endif
