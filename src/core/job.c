/* job.c: the thread that runs what is due, and its leases. All changes of the rows are quiet: what
 * is cached anywhere does not depend on them. */
#include "core/job.h"

#include <assert.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rand.h"
#include "store/job.h"

enum {
    SECOND_MS = 1000,
    LEASE_MS = 60 * SECOND_MS,
    LOOK_MS = 30 * SECOND_MS,
    START_MS = 5 * SECOND_MS,
    RETRY_MS = 60 * SECOND_MS, /* at most, after a failure */
    BACK_OFF_MS = SECOND_MS,   /* the first pause while the database fails; doubled each time */
    SKEW_MS = 60 * SECOND_MS,  /* clocks that differ by more are wrong */
    COLLISIONS_MAX = 5,        /* in one run */
    SUFFIX_LEN = 8,
    HOLDER_MAX = NODE_NAME_MAX + SUFFIX_LEN + 2,
    PART_MAX = 80,
};

struct jobs_thread {
    struct app *app;
    const struct job *list;
    struct jobs_pace pace;
    char holder[HOLDER_MAX]; /* of this thread alone, even if two nodes have the same name */
    int64_t back_off_ms;     /* 0: the database answers */
    uint64_t *due_us;        /* clock_mono_us; of each job of the list, if it is done everywhere */
    pthread_mutex_t lock;    /* guards stopping */
    pthread_cond_t stop;
    bool stopping;
    pthread_t thread;
};

struct job_run {
    struct jobs_thread *thread;
    const struct job *job;
    uint64_t leased_us; /* clock_mono_us: just before the lease was taken or renewed */
    bool told;          /* job_go_on has said false */
};

static void lock(struct jobs_thread *t)
{
    if (pthread_mutex_lock(&t->lock))
        abort(); /* cannot fail: the mutex is initialised and not held by us */
}

static void unlock(struct jobs_thread *t)
{
    if (pthread_mutex_unlock(&t->lock))
        abort(); /* cannot fail, as above */
}

static bool is_stopping(struct jobs_thread *t)
{
    bool stopping;

    lock(t);
    stopping = t->stopping;
    unlock(t);
    return stopping;
}

static struct str me(const struct jobs_thread *t)
{
    return str_of(t->holder);
}

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- rows ------------------------------------------------------------------------------------- */

static enum err_code begin(struct jobs_thread *t, const struct job *job, struct tx **ret_tx,
                           struct err *err)
{
    char part[PART_MAX];
    enum err_code rc;

    (void)snprintf(part, sizeof(part), "job/%s", job->name);
    rc = tx_begin_part(t->app->db, str_of(part), ret_tx, err);
    if (rc == OK)
        tx_quiet(*ret_tx);
    return rc;
}

static enum err_code find(struct jobs_thread *t, struct arena *mem, const struct job *job,
                          struct job_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(t->app->db, TX_READ, &tx, err);

    return rc ? rc : job_find(tx, mem, str_of(job->name), ret, err);
}

static enum err_code create(struct jobs_thread *t, const struct job *job, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;

    if ((rc = begin(t, job, &tx, err)) ||
        (rc = job_create(tx, str_of(job->name), clock_now_ms(), err)))
        return rc;
    return tx_commit(&tx, err);
}

static enum err_code take(struct jobs_thread *t, const struct job *job, const struct job_row *seen,
                          bool *ret_taken, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t until = clock_now_ms() + t->pace.lease_ms;
    enum err_code rc;

    if ((rc = begin(t, job, &tx, err)) ||
        (rc = job_take(tx, str_of(job->name), seen, me(t), until, ret_taken, err)))
        return rc;
    return tx_commit(&tx, err);
}

static enum err_code renew(struct jobs_thread *t, const struct job *job, bool *ret_held)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t until = clock_now_ms() + t->pace.lease_ms;
    enum err_code rc;

    if ((rc = begin(t, job, &tx, NULL)) ||
        (rc = job_renew(tx, str_of(job->name), me(t), until, ret_held, NULL)))
        return rc;
    return tx_commit(&tx, NULL);
}

/* row NULL: the job was cut short. */
static enum err_code let_go(struct jobs_thread *t, const struct job *job, const struct job_row *row,
                            bool *ret_held, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct str name = str_of(job->name);
    enum err_code rc = begin(t, job, &tx, err);

    if (rc == OK)
        rc = row ? job_end(tx, name, me(t), row, ret_held, err)
                 : job_give_back(tx, name, me(t), ret_held, err);
    return rc ? rc : tx_commit(&tx, err);
}

/* --- one run ---------------------------------------------------------------------------------- */

/* A lease that cannot be renewed may be used up to two thirds: the rest is for the step that
 * follows, and for clocks that differ. */
static bool keep_lease(struct job_run *run)
{
    struct jobs_thread *t = run->thread;
    uint64_t now = clock_mono_us(), third = (uint64_t)t->pace.lease_ms * 1000 / 3;
    bool held = false;

    if (now - run->leased_us < third)
        return true;
    if (renew(t, run->job, &held))
        return clock_mono_us() - run->leased_us < 2 * third;
    run->leased_us = now;
    return held;
}

bool job_go_on(struct job_run *run)
{
    if (!run)
        return true;
    run->told =
        run->told || is_stopping(run->thread) || (!run->job->everywhere && !keep_lease(run));
    return !run->told;
}

static void log_failure(const struct job_run *run, const struct err *problem)
{
    struct log_line l;

    log_begin(&l, &run->thread->app->log, LOG_ERROR, "job_failed");
    log_str(&l, "job", str_of(run->job->name));
    log_str(&l, "error", str_of(err_slug(problem->code)));
    log_str(&l, "msg", str_of(problem->msg));
    if (problem->file) {
        log_str(&l, "file", str_of(problem->file));
        log_u64(&l, "line", (uint64_t)problem->line);
    }
    log_end(&l);
}

static void log_success(const struct job_run *run, uint64_t took_us)
{
    struct log_line l;

    log_begin(&l, &run->thread->app->log, LOG_DEBUG, run->told ? "job_cut_short" : "job_done");
    log_str(&l, "job", str_of(run->job->name));
    log_ms(&l, "ms", took_us);
    log_end(&l);
}

static enum err_code run_job(struct job_run *run, struct err *problem)
{
    uint64_t began = clock_mono_us();
    enum err_code rc;
    int tries = 0;

    do {
        rc = run->job->run(run->thread->app, run, problem);
    } while (rc == ERR_COLLISION && ++tries <= COLLISIONS_MAX && job_go_on(run));
    if (rc)
        log_failure(run, problem);
    else
        log_success(run, clock_mono_us() - began);
    return rc;
}

/* Runs a job that was taken. Fails only if the database does not take in that it has ended;
 * *ret_at: when to look at the job again. */
static enum err_code perform(struct job_run *run, int64_t *ret_at, struct err *err)
{
    struct jobs_thread *t = run->thread;
    int64_t interval = run->job->interval_ms, now;
    struct err problem = {0};
    struct job_row row = {0};
    bool held = false, cut;
    enum err_code rc = run_job(run, &problem);

    now = clock_now_ms();
    cut = rc == OK && run->told;
    row.due_ms = now + (rc ? min_of(interval, RETRY_MS) : interval);
    row.ended_ms = now;
    row.problem = str_of(rc ? problem.msg : "");
    if ((rc = let_go(t, run->job, cut ? NULL : &row, &held, err)))
        return rc;
    *ret_at = cut ? now : row.due_ms;
    if (held)
        return OK;
    *ret_at = now + t->pace.look_ms;
    log_msg(&t->app->log, LOG_WARN, "job_lost",
            "another node runs \"%s\": a step of it took too long here, or the clocks differ",
            run->job->name);
    return OK;
}

/* --- the thread ------------------------------------------------------------------------------- */

/* When the job may be taken. What is ours by its row was never let go, because the database failed
 * then: nobody is at it. A time further ahead than a working clock could have set must not keep the
 * job from running for ever. */
static int64_t open_at(const struct jobs_thread *t, const struct job *job,
                       const struct job_row *row, int64_t now)
{
    bool held = row->holder.len && !str_eq(row->holder, me(t));
    int64_t at = held && row->lease_ms > row->due_ms ? row->lease_ms : row->due_ms;
    int64_t longest = held ? t->pace.lease_ms : job->interval_ms;

    return at > now + longest + SKEW_MS ? now : at;
}

/* Looks at a job and runs it if it is due and free. *ret_at: when to look again. */
static enum err_code attend(struct jobs_thread *t, const struct job *job, int64_t *ret_at,
                            struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * KIB);
    struct job_run run = {.thread = t, .job = job};
    struct job_row row = {0};
    bool taken = false;
    int64_t now;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = find(t, mem, job, &row, err);
    if (rc == ERR_NOT_FOUND && !(rc = create(t, job, err)))
        rc = find(t, mem, job, &row, err);
    if (rc)
        return rc;
    now = clock_now_ms();
    *ret_at = open_at(t, job, &row, now);
    if (*ret_at > now)
        return OK;
    run.leased_us = clock_mono_us();
    if ((rc = take(t, job, &row, &taken, err)))
        return rc;
    *ret_at = now + t->pace.look_ms; /* if somebody was faster */
    return taken ? perform(&run, ret_at, err) : OK;
}

/* The same for a job that has no row. Its failures are those of the database, or as good as these.
 */
static enum err_code attend_here(struct jobs_thread *t, const struct job *job, int64_t *ret_at,
                                 struct err *err)
{
    struct job_run run = {.thread = t, .job = job};
    uint64_t *due_us = &t->due_us[job - t->list], now_us = clock_mono_us();
    enum err_code rc;

    if (*due_us <= now_us) {
        if ((rc = job->run(t->app, &run, err)))
            return rc;
        log_success(&run, clock_mono_us() - now_us);
        now_us = clock_mono_us();
        *due_us = now_us + (uint64_t)job->interval_ms * 1000;
    }
    *ret_at = clock_now_ms() + (int64_t)((*due_us - now_us) / 1000);
    return OK;
}

/* One line tells of an outage, however long. */
static int64_t back_off(struct jobs_thread *t, const struct err *err)
{
    if (t->back_off_ms == 0)
        log_err(&t->app->log, LOG_ERROR, "jobs_wait", err);
    t->back_off_ms = t->back_off_ms ? t->back_off_ms * 2 : BACK_OFF_MS;
    t->back_off_ms = min_of(t->back_off_ms, t->pace.look_ms);
    return t->back_off_ms;
}

/* Attends to each job; returns how long to sleep then. One that fails does not keep the others from
 * their turn. */
static int64_t work(struct jobs_thread *t)
{
    int64_t next = clock_now_ms() + t->pace.look_ms, now;
    struct err err = {0};
    bool failed = false;

    for (const struct job *job = t->list; job->name && !is_stopping(t); job++) {
        struct err *told = failed ? NULL : &err;
        int64_t at = 0;

        if (job->everywhere ? attend_here(t, job, &at, told) : attend(t, job, &at, told))
            failed = true;
        else
            next = min_of(next, at);
    }
    if (failed)
        return back_off(t, &err);
    t->back_off_ms = 0;
    now = clock_now_ms();
    if (next <= now)
        return 0;
    return min_of(next - now, t->pace.look_ms); /* the clock may have been set back meanwhile */
}

/* False: the end has come. */
static bool sleep_for(struct jobs_thread *t, int64_t ms)
{
    struct timespec until;
    bool stopping;

    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail */
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += (time_t)(ms / 1000) + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    lock(t);
    while (!t->stopping && !pthread_cond_timedwait(&t->stop, &t->lock, &until))
        ;
    stopping = t->stopping;
    unlock(t);
    return !stopping;
}

static void *run_thread(void *arg)
{
    struct jobs_thread *t = arg;
    uint32_t chance;
    int64_t pause;

    rand_bytes(&chance, sizeof(chance));
    pause = chance % t->pace.start_ms;
    while (sleep_for(t, pause))
        pause = work(t);
    return NULL;
}

/* --- life ------------------------------------------------------------------------------------- */

static struct jobs_pace pace_of(const struct jobs_pace *p)
{
    return (struct jobs_pace){
        .lease_ms = p->lease_ms ? p->lease_ms : LEASE_MS,
        .look_ms = p->look_ms ? p->look_ms : LOOK_MS,
        .start_ms = p->start_ms ? p->start_ms : START_MS,
    };
}

static void name_holder(struct jobs_thread *t, const char *node)
{
    char suffix[SUFFIX_LEN + 1];

    rand_text(suffix, SUFFIX_LEN);
    (void)snprintf(t->holder, sizeof(t->holder), "%.*s/%s", NODE_NAME_MAX, node, suffix);
}

static struct jobs_thread *thread_new(struct app *app, const struct job *list, const char *node,
                                      const struct jobs_pace *pace)
{
    struct jobs_thread *t = mem_new(struct jobs_thread);
    pthread_condattr_t monotonic;
    size_t count = 0;

    if (!t)
        return NULL;
    while (list[count].name)
        count++;
    t->due_us = mem_get((count + 1) * sizeof(*t->due_us));
    if (!t->due_us) {
        mem_free(t);
        return NULL;
    }
    t->app = app;
    t->list = list;
    t->pace = pace_of(pace);
    name_holder(t, node);
    if (pthread_mutex_init(&t->lock, NULL) || pthread_condattr_init(&monotonic) ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) ||
        pthread_cond_init(&t->stop, &monotonic))
        abort(); /* cannot fail on Linux */
    (void)pthread_condattr_destroy(&monotonic);
    return t;
}

static void thread_free(struct jobs_thread *t)
{
    (void)pthread_cond_destroy(&t->stop);
    (void)pthread_mutex_destroy(&t->lock);
    mem_free(t->due_us);
    mem_free(t);
}

enum err_code jobs_start_paced(struct app *app, const struct job *list, const char *node,
                               const struct jobs_pace *pace, struct jobs_thread **ret,
                               struct err *err)
{
    struct jobs_thread *t;

    for (const struct job *job = list; job->name; job++)
        assert(job->interval_ms > 0 && strlen(job->name) + sizeof("job/") <= PART_MAX);
    t = thread_new(app, list, node, pace);
    if (!t)
        return fail(err, ERR_NOMEM, "out of memory");
    if (pthread_create(&t->thread, NULL, run_thread, t)) {
        thread_free(t);
        return fail(err, ERR_NOMEM, "cannot start the thread of the jobs");
    }
    *ret = t;
    return OK;
}

enum err_code jobs_start(struct app *app, const struct job *list, const char *node,
                         struct jobs_thread **ret, struct err *err)
{
    static const struct jobs_pace defaults = {0};

    return jobs_start_paced(app, list, node, &defaults, ret, err);
}

void jobs_stop(struct jobs_thread *t)
{
    if (!t)
        return;
    lock(t);
    t->stopping = true;
    (void)pthread_cond_broadcast(&t->stop); /* cannot fail */
    unlock(t);
    if (pthread_join(t->thread, NULL))
        abort(); /* only if a job stopped its own thread */
    thread_free(t);
}
