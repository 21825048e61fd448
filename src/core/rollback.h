/* rollback.h: gives a channel back the files that it had: a new state like an earlier one. */
#ifndef CORE_ROLLBACK_H
#define CORE_ROLLBACK_H
#include "app.h"
#include "core/actor.h"
#include "store/file.h"

struct rollback_report {
    int64_t generation;       /* that shows it; 0: nothing had to change */
    int64_t gained, lost;     /* files that carry the label again, or no more */
    struct name_list missing; /* "noarch/x-1.0-0.conda": listed then, removed since */
};
/* Makes the conda files that carry a label those that did in a generation (moment.h). Files that
 * were removed since stay removed: they are told. Packages, accesses and other labels stay as they
 * are. The report lies in mem. ERR_NOT_FOUND: no such label or state; ERR_INVALID: `to` means
 * nothing; ERR_DENIED: the label is locked, or not for this token. */
enum err_code rollback_label(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str label, struct str to,
                             struct rollback_report *ret, struct err *err) MUST_USE;

#endif
