/* search_job.h: what the server does by itself for its searches. */
#ifndef CORE_SEARCH_JOB_H
#define CORE_SEARCH_JOB_H
#include "app.h"
#include "core/job.h"

/* Makes the rows of packages that have none of this program's form: those that were there before
 * it. Meanwhile they are not found, or as they were. Goes on where it was cut short. */
enum err_code search_fill(struct app *app, struct job_run *run, struct err *err) MUST_USE;
/* Has all rows made anew: the next search_fill, or this program's job, does it. */
enum err_code search_rebuild(struct app *app, struct err *err) MUST_USE;

/* Keeps the tables of what ranks first as small as they should be. smallest: how many packages the
 * smallest is to have, public ones and hidden ones; each other has ten times more. Tables that have
 * not grown to SEARCH_LEVEL_GROWTH times that are left alone. */
enum err_code search_trim(struct app *app, struct job_run *run, int64_t smallest,
                          struct err *err) MUST_USE;
#define SEARCH_LEVEL_SMALLEST 1000
#define SEARCH_LEVEL_GROWTH   3

#endif
