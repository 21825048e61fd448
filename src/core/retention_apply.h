/* retention_apply.h: moves what the rules of core/retention let go to the trash; once a day by
 * itself, and whenever somebody asks for it.
 *
 * A failure while it is decided what goes means that nothing does: all packages of the account are
 * looked at before the first file is removed. Each step then decides anew, in the transaction that
 * removes, so that what has come since, or was given a locked label, stays. */
#ifndef CORE_RETENTION_APPLY_H
#define CORE_RETENTION_APPLY_H
#include "core/job.h"
#include "core/retention.h"

/* What went. */
struct retention_sum {
    int64_t files, size;
};
/* Applies the rules now. On a failure, *ret is what went before it. ERR_NOT_FOUND; ERR_CONFLICT: it
 * cannot be decided what goes, which is left with the account (retention_state). */
enum err_code retention_apply(struct app *app, struct arena *mem, const struct actor *actor,
                              const struct retention_place *at, struct retention_sum *ret,
                              struct err *err) MUST_USE;
/* The same for every account, one after the other. A failure that is an account's own is left with
 * it and on record, and the others have their turn. */
enum err_code retention_apply_all(struct app *app, struct job_run *run, struct err *err) MUST_USE;

#endif
