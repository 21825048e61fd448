/* job.h: work that the server does by itself from time to time, mostly once for all nodes.
 *
 * One thread on each serving node looks for jobs that are due. Who runs one takes a lease on its
 * row first: the others leave it alone until it is done, or until the lease is over because its
 * node died. A run that goes on renews its lease (job_go_on).
 *
 * Leases and due times are by the clocks of the nodes. Where these differ by some seconds, a job
 * begins that much earlier or later, and the job of a dead node is taken over that much earlier or
 * later. A lease that is renewed never has less than two thirds to run, so only clocks that differ
 * by more than half a minute, or a step of that length between two renewals, let a job run twice at
 * once. So each job must bear that, being run twice in a row, and being cut short anywhere. */
#ifndef CORE_JOB_H
#define CORE_JOB_H
#include "app.h"
#include "base/err.h"

struct job_run; /* of one job, now */

struct job {
    const char *name;    /* "sweep-uploads": the row's key, in logs */
    int64_t interval_ms; /* from the end of one run to the next */
    /* Works in steps of a few seconds at most and asks job_go_on before each. A failure is logged,
     * and the job tried again after at most a minute; ERR_COLLISION: at once. */
    enum err_code (*run)(struct app *app, struct job_run *run, struct err *err);
    /* About what this process has in memory: done by each node for itself, without a row or a
     * lease.
     */
    bool everywhere;
};
extern const struct job jobs[]; /* ends with name NULL */

/* False: return soon, with OK; what is left is for another run. The server wants to end, or the
 * job is not ours any more. Renews the lease when a third of it has passed, so no write transaction
 * may be open. run NULL: true; then a job may be run without a thread and a lease. */
bool job_go_on(struct job_run *run) MUST_USE;

struct jobs_thread;
/* list: as jobs[]. node: names this process in the leases. */
enum err_code jobs_start(struct app *app, const struct job *list, const char *node,
                         struct jobs_thread **ret, struct err *err) MUST_USE;
void jobs_stop(struct jobs_thread *t); /* waits for a running job; accepts NULL */

/* jobs_start at another pace. Zero: the default. */
struct jobs_pace {
    int64_t lease_ms; /* 60 s */
    int64_t look_ms; /* the longest time between two looks at the rows, which others change: 30 s */
    int64_t start_ms; /* the first look comes within this time, at random, lest all nodes knock at
                         once: 5 s */
};
enum err_code jobs_start_paced(struct app *app, const struct job *list, const char *node,
                               const struct jobs_pace *pace, struct jobs_thread **ret,
                               struct err *err) MUST_USE;

#endif
