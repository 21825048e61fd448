/* job.h: rows of the jobs that run from time to time, and who has which. Times are the clock's of
 * whoever wrote them. */
#ifndef STORE_JOB_H
#define STORE_JOB_H
#include "base/arena.h"
#include "store/db.h"

struct job_row {
    int64_t due_ms;
    struct str holder; /* who is at it; empty: nobody */
    int64_t lease_ms;  /* until when it is the holder's; 0 without one */
    int64_t ended_ms;  /* the end of the last run; 0: there was none */
    struct str problem;
};
/* Unless there is one of this name. */
enum err_code job_create(struct tx *tx, struct str name, int64_t due_ms, struct err *err) MUST_USE;
enum err_code job_find(struct tx *tx, struct arena *mem, struct str name, struct job_row *ret,
                       struct err *err) MUST_USE; /* ERR_NOT_FOUND */

/* The row becomes the holder's if it still is as it was seen: of several who saw that it may be
 * taken, one gets it. */
enum err_code job_take(struct tx *tx, struct str name, const struct job_row *seen,
                       struct str holder, int64_t lease_ms, bool *ret_taken,
                       struct err *err) MUST_USE;

/* These change nothing, and say so in *ret_held, if the row is not the holder's any more. */
enum err_code job_renew(struct tx *tx, struct str name, struct str holder, int64_t lease_ms,
                        bool *ret_held, struct err *err) MUST_USE;
/* The run has ended: due_ms, ended_ms and problem of row are kept, and nobody holds it. */
enum err_code job_end(struct tx *tx, struct str name, struct str holder, const struct job_row *row,
                      bool *ret_held, struct err *err) MUST_USE;
/* The run was cut short: as due as before, and nobody holds it. */
enum err_code job_give_back(struct tx *tx, struct str name, struct str holder, bool *ret_held,
                            struct err *err) MUST_USE;

#endif
