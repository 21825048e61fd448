/* One job at a time, on one node at a time, whatever happens to the nodes. */
#include "store_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/fs.h"
#include "core/job.h"
#include "store/job.h"

/* What the jobs of a test do and see; shared by its nodes. */
struct world {
    struct fixture *f;
    atomic_int inside, overlaps, runs; /* runs: begun */
    atomic_int failures;               /* so many runs fail at first */
    atomic_int refusals;               /* how often job_go_on said no */
    _Atomic int64_t last_ms;           /* when the last run began */
    int64_t takes_ms;                  /* how long a run takes */
    bool endless;                      /* a run goes on until told otherwise */
    enum err_code failure;
    const char *script; /* is run in the first run, once it has begun */
};
struct node {
    struct app app; /* first: jobs are given it */
    struct world *world;
    struct jobs_thread *thread;
    atomic_int runs;
};

#define LOOK_MS 2
#define HOUR_MS (3600 * INT64_C(1000))
static const struct jobs_pace quick = {.look_ms = LOOK_MS, .start_ms = 1};

static int empty_database(void **state)
{
    if (fixture_open(state))
        return -1;
    run_script(*state, "DELETE FROM job");
    return 0;
}
#define WITH_JOBS(test) cmocka_unit_test_setup_teardown(test, empty_database, fixture_close)

/* --- jobs ---------------------------------------------------------------------------------- */

/* Works for so long, or until told to stop. */
static void pass_time(struct world *w, struct job_run *run)
{
    uint64_t began = clock_mono_us();

    while (w->endless || clock_mono_us() - began < (uint64_t)w->takes_ms * 1000) {
        if (!job_go_on(run)) {
            atomic_fetch_add(&w->refusals, 1);
            return;
        }
        (void)usleep(1000);
    }
}

static enum err_code work(struct app *app, struct job_run *run, struct err *err)
{
    struct node *node = (struct node *)app;
    struct world *w = node->world;
    enum err_code code = OK;

    if (atomic_fetch_add(&w->inside, 1) > 0)
        atomic_fetch_add(&w->overlaps, 1);
    atomic_store(&w->last_ms, clock_now_ms());
    atomic_fetch_add(&node->runs, 1);
    if (atomic_fetch_add(&w->runs, 1) == 0 && w->script)
        run_script(w->f, w->script);
    pass_time(w, run);
    if (atomic_load(&w->failures) > 0) {
        atomic_fetch_sub(&w->failures, 1);
        code = fail(err, w->failure, "the disk is gone");
    }
    atomic_fetch_sub(&w->inside, 1);
    return code;
}

static const struct job hourly[] = {{"work", HOUR_MS, work, false}, {NULL, 0, NULL, false}};
static const struct job constantly[] = {{"work", 1, work, false}, {NULL, 0, NULL, false}};

/* --- nodes --------------------------------------------------------------------------------- */

static void node_init(struct node *n, struct world *w)
{
    *n = (struct node){.world = w};
    n->app.db = w->f->db;
    n->app.log = (struct log){.fd = STDERR_FILENO, .level = LOG_ERROR};
}

static void start(struct node *n, const struct job *list, const struct jobs_pace *pace)
{
    struct fixture *f = n->world->f;

    must(f, jobs_start_paced(&n->app, list, "node", pace, &n->thread, &f->err));
}

/* Waits for at most 20 seconds: a busy machine is not what this measures. */
#define wait_until(what)                                                                           \
    do {                                                                                           \
        for (int i_ = 0; i_ < 20000 && !(what); i_++)                                              \
            (void)usleep(1000);                                                                    \
        assert_true(what);                                                                         \
    } while (0)

static struct job_row row_of(struct fixture *f)
{
    AUTO(tx_endp) struct tx *tx = begin(f, TX_READ);
    struct job_row row = {0};
    enum err_code code = job_find(tx, f->mem, S("work"), &row, &f->err);

    assert_true(code == OK || code == ERR_NOT_FOUND);
    return row;
}

/* The log of a node, instead of standard error. */
static void keep_log(struct node *n, enum log_level level)
{
    const char *path = str_fmt(n->world->f->mem, "%s/log", n->world->f->folder).ptr;

    n->app.log.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    n->app.log.level = level;
    assert_true(n->app.log.fd >= 0);
}

static struct str end_log(struct node *n)
{
    struct fixture *f = n->world->f;
    struct str text = {0};

    assert_int_equal(close(n->app.log.fd), 0);
    must(f, fs_read(f->mem, str_fmt(f->mem, "%s/log", f->folder).ptr, MIB, &text, &f->err));
    return str_of(str_z(f->mem, text));
}

static int times_in(struct str text, const char *word)
{
    int n = 0;

    for (const char *at = text.ptr; (at = strstr(at, word)); at++)
        n++;
    return n;
}

/* --- runs ---------------------------------------------------------------------------------- */

static void new_job_runs_soon_and_then_after_its_interval(void **state)
{
    struct world w = {.f = *state};
    struct node n;
    struct job_row row;

    node_init(&n, &w);
    start(&n, hourly, &quick);
    wait_until(row_of(w.f).ended_ms > 0);
    (void)usleep(20 * LOOK_MS * 1000);
    jobs_stop(n.thread);
    row = row_of(w.f);
    assert_int_equal(w.runs, 1);
    assert_int_equal(row.due_ms - row.ended_ms, HOUR_MS);
    assert_true(clock_now_ms() - row.ended_ms < 20000);
    assert_str(row.holder, "");
    assert_int_equal(row.lease_ms, 0);
    assert_str(row.problem, "");
}

static void job_runs_when_it_is_due_not_before(void **state)
{
    static const struct jobs_pace slow = {.look_ms = 20000, .start_ms = 1};
    struct world w = {.f = *state};
    struct tx *tx = begin(w.f, TX_WRITE);
    int64_t due = clock_now_ms() + 300;
    struct node n;

    must(w.f, job_create(tx, S("work"), due, &w.f->err));
    commit(w.f, &tx);
    node_init(&n, &w);
    start(&n, hourly, &slow);
    wait_until(w.runs == 1);
    jobs_stop(n.thread);
    assert_true(w.last_ms >= due);
    assert_true(w.last_ms < due + 10000); /* sleeps until then, and not until the next look */
}

static void each_job_of_the_list_runs(void **state)
{
    static const struct job several[] = {{"one", HOUR_MS, work, false},
                                         {"two", HOUR_MS, work, false},
                                         {"three", HOUR_MS, work, false},
                                         {NULL, 0, NULL, false}};
    struct world w = {.f = *state};
    struct node n;

    node_init(&n, &w);
    start(&n, several, &quick);
    wait_until(w.runs == 3);
    jobs_stop(n.thread);
    assert_int_equal(w.runs, 3);
}

/* Both nodes do it, each at its interval, and the database knows nothing of it. */
static void job_of_every_node_needs_no_row(void **state)
{
    static const struct job here[] = {{"work", HOUR_MS, work, true}, {NULL, 0, NULL, false}};
    struct world one = {.f = *state}, two = {.f = *state};
    struct node a, b;

    node_init(&a, &one);
    node_init(&b, &two);
    start(&a, here, &quick);
    start(&b, here, &quick);
    wait_until(one.runs == 1 && two.runs == 1);
    jobs_stop(a.thread);
    jobs_stop(b.thread);
    assert_int_equal(one.runs, 1);
    assert_int_equal(two.runs, 1);
    assert_int_equal(row_of(one.f).due_ms, 0); /* there is none */
}

static void runs_leave_the_generation_as_it_is(void **state)
{
    struct world w = {.f = *state};
    uint64_t before = db_generation(w.f->db);
    struct node n;

    node_init(&n, &w);
    start(&n, constantly, &quick);
    wait_until(w.runs >= 20);
    jobs_stop(n.thread);
    assert_int_equal(db_generation(w.f->db), before);
    (void)usleep(250000); /* nor is it taken for a change of others */
    assert_int_equal(db_generation(w.f->db), before);
}

static void job_may_run_without_a_thread(void **state)
{
    (void)state;
    assert_true(job_go_on(NULL));
}

/* --- several nodes ------------------------------------------------------------------------- */

/* Another node: with a connection of its own to the database. */
static void other_node_init(struct node *n, struct world *w)
{
    node_init(n, w);
    must(w->f, db_open(fixture_url(w->f), false, NULL, &n->app.db, &w->f->err));
}

static void two_nodes_never_run_a_job_at_once(void **state)
{
    struct world w = {.f = *state, .takes_ms = 1};
    struct node a, b;

    node_init(&a, &w);
    other_node_init(&b, &w);
    start(&a, constantly, &quick);
    start(&b, constantly, &quick);
    wait_until(w.runs >= 100 && a.runs > 0 && b.runs > 0);
    jobs_stop(a.thread);
    jobs_stop(b.thread);
    db_close(b.app.db);
    assert_int_equal(w.overlaps, 0);
}

static void long_job_of_a_living_node_stays_its_own(void **state)
{
    static const struct jobs_pace pace = {.lease_ms = 600, .look_ms = LOOK_MS, .start_ms = 1};
    struct world w = {.f = *state, .takes_ms = 2000};
    struct node a, b;

    node_init(&a, &w);
    other_node_init(&b, &w);
    start(&a, hourly, &pace);
    start(&b, hourly, &pace);
    wait_until(row_of(w.f).ended_ms > 0);
    jobs_stop(a.thread);
    jobs_stop(b.thread);
    db_close(b.app.db);
    assert_int_equal(w.runs, 1);
    assert_int_equal(w.refusals, 0);
}

/* As a node leaves it that died in a run. */
static void leave_held(struct fixture *f, int64_t due_ms, int64_t lease_ms)
{
    static const struct job_row fresh = {.due_ms = 1};
    struct tx *tx = begin(f, TX_WRITE);
    struct job_row row = {.due_ms = due_ms};
    bool ok = false;

    must(f, job_create(tx, S("work"), fresh.due_ms, &f->err));
    must(f, job_take(tx, S("work"), &fresh, S("dead/1"), 1, &ok, &f->err));
    must(f, job_end(tx, S("work"), S("dead/1"), &row, &ok, &f->err));
    must(f, job_take(tx, S("work"), &row, S("dead/1"), lease_ms, &ok, &f->err));
    assert_true(ok);
    commit(f, &tx);
}

static void job_of_a_dead_node_is_taken_over_when_its_lease_is_over(void **state)
{
    struct world w = {.f = *state};
    int64_t over = clock_now_ms() + 400;
    struct node n;

    leave_held(w.f, 1, over);
    node_init(&n, &w);
    start(&n, hourly, &quick);
    wait_until(w.runs == 1);
    jobs_stop(n.thread);
    assert_true(w.last_ms >= over);
}

static void job_that_another_node_took_is_left_to_it(void **state)
{
    static const struct jobs_pace pace = {.lease_ms = 30, .look_ms = LOOK_MS, .start_ms = 1};
    struct world w = {
        .f = *state,
        .endless = true,
    };
    struct node n;
    struct str log;

    w.script = str_fmt(w.f->mem, "UPDATE job SET holder = 'other/1', due_ms = 7, lease_ms = %lld",
                       (long long)clock_now_ms() + 50000)
                   .ptr;
    node_init(&n, &w);
    keep_log(&n, LOG_WARN);
    start(&n, hourly, &pace);
    wait_until(w.refusals == 1 && w.inside == 0);
    jobs_stop(n.thread);
    log = end_log(&n);
    assert_int_equal(times_in(log, "event=job_lost"), 1);
    assert_int_equal(times_in(log, "\n"), 1);
    assert_str(row_of(w.f).holder, "other/1");
    assert_int_equal(row_of(w.f).due_ms, 7);
    assert_int_equal(w.runs, 1);
}

static void holder_names_its_node_and_its_lease_runs(void **state)
{
    struct world w = {.f = *state, .endless = true};
    struct node n;
    struct job_row row;

    node_init(&n, &w);
    start(&n, hourly, &quick);
    wait_until(w.inside == 1);
    row = row_of(w.f);
    assert_true(str_starts(row.holder, S("node/")));
    assert_int_equal(row.holder.len, sizeof("node/") - 1 + 8);
    assert_in_range(row.lease_ms, clock_now_ms() + 30000, clock_now_ms() + 60000);
    jobs_stop(n.thread);
}

/* A server whose clock was wrong must not put a job off until the year 33658. */
static void time_that_cannot_be_does_not_stop_a_job(void **state)
{
    struct world w = {.f = *state};
    struct node n;

    leave_held(w.f, 1, INT64_C(1000000000000000));
    node_init(&n, &w);
    start(&n, hourly, &quick);
    wait_until(w.runs == 1);
    jobs_stop(n.thread);
    run_script(w.f, "UPDATE job SET due_ms = 1000000000000000");
    start(&n, hourly, &quick);
    wait_until(w.runs == 2);
    jobs_stop(n.thread);
    assert_true(row_of(w.f).due_ms < clock_now_ms() + HOUR_MS + 1);
}

/* --- failures ------------------------------------------------------------------------------ */

static void failed_job_is_tried_again_after_a_minute(void **state)
{
    struct world w = {.f = *state, .failures = 1, .failure = ERR_IO};
    struct node n;
    struct job_row row;
    struct str log;

    node_init(&n, &w);
    keep_log(&n, LOG_DEBUG);
    start(&n, hourly, &quick);
    wait_until(row_of(w.f).ended_ms > 0);
    jobs_stop(n.thread);
    row = row_of(w.f);
    assert_int_equal(row.due_ms - row.ended_ms, 60000);
    assert_str(row.problem, "the disk is gone");
    assert_str(row.holder, "");
    log = end_log(&n);
    assert_int_equal(times_in(log, "level=error event=job_failed job=work error=io "
                                   "msg=\"the disk is gone\" file="),
                     1);
    assert_int_equal(times_in(log, "\n"), 1);
}

static void failed_job_of_a_short_interval_keeps_to_it(void **state)
{
    struct world w = {.f = *state, .failures = 2, .failure = ERR_IO};
    struct node n;
    struct str log;

    node_init(&n, &w);
    keep_log(&n, LOG_DEBUG);
    start(&n, constantly, &quick);
    wait_until(w.runs >= 4);
    jobs_stop(n.thread);
    assert_str(row_of(w.f).problem, ""); /* a success ends it */
    log = end_log(&n);
    assert_int_equal(times_in(log, "event=job_failed"), 2);
    assert_true(times_in(log, "level=debug event=job_done job=work ms=") >= 2);
}

static void collision_is_no_failure(void **state)
{
    struct world w = {.f = *state, .failures = 3, .failure = ERR_COLLISION};
    struct node n;

    node_init(&n, &w);
    start(&n, hourly, &quick);
    wait_until(row_of(w.f).ended_ms > 0);
    jobs_stop(n.thread);
    assert_int_equal(w.runs, 4);
    assert_str(row_of(w.f).problem, "");
}

static void endless_collisions_are_a_failure(void **state)
{
    struct world w = {.f = *state, .failures = 1000, .failure = ERR_COLLISION};
    struct node n;

    node_init(&n, &w);
    keep_log(&n, LOG_ERROR);
    start(&n, hourly, &quick);
    wait_until(row_of(w.f).ended_ms > 0);
    jobs_stop(n.thread);
    assert_int_equal(w.runs, 6);
    assert_str(row_of(w.f).problem, "the disk is gone");
    assert_int_equal(times_in(end_log(&n), "\n"), 1);
}

/* The database fails in a run, so that nobody can write down that it has ended. Its lease would
 * last for a minute. */
static void outage_of_the_database_is_told_once_and_survived(void **state)
{
    struct world w = {.f = *state, .script = "ALTER TABLE job RENAME TO away"};
    struct node n;
    struct str log;

    node_init(&n, &w);
    keep_log(&n, LOG_INFO);
    start(&n, hourly, &quick);
    wait_until(w.runs == 1);
    (void)usleep(50 * LOOK_MS * 1000);
    run_script(w.f, "ALTER TABLE away RENAME TO job");
    wait_until(w.runs == 2 && row_of(w.f).ended_ms > 0);
    jobs_stop(n.thread);
    assert_str(row_of(w.f).problem, "");
    log = end_log(&n);
    assert_int_equal(times_in(log, "level=error event=jobs_wait error="), 1);
    assert_int_equal(times_in(log, "\n"), 1);
}

static void pauses_grow_while_the_database_fails(void **state)
{
    static const struct jobs_pace pace = {.look_ms = 20000, .start_ms = 1};
    struct world w = {.f = *state};
    uint64_t began;
    struct node n;
    struct str log;

    run_script(w.f, "ALTER TABLE job RENAME TO away");
    node_init(&n, &w);
    keep_log(&n, LOG_INFO);
    began = clock_mono_us();
    start(&n, hourly, &pace);
    (void)usleep(1500000); /* it has looked at once and after a second; next after two more */
    run_script(w.f, "ALTER TABLE away RENAME TO job");
    wait_until(w.runs == 1);
    assert_true(clock_mono_us() - began >= 2900000);
    jobs_stop(n.thread);
    log = end_log(&n);
    assert_int_equal(times_in(log, "\n"), 1);
}

/* --- the end ------------------------------------------------------------------------------- */

static void stop_ends_a_running_job_and_gives_it_back(void **state)
{
    struct world w = {.f = *state, .endless = true};
    struct node n;
    struct job_row before, after;

    node_init(&n, &w);
    start(&n, hourly, &quick);
    wait_until(w.inside == 1);
    before = row_of(w.f);
    jobs_stop(n.thread);
    after = row_of(w.f);
    assert_int_equal(w.refusals, 1);
    assert_int_equal(after.due_ms, before.due_ms); /* as due as before: for another node */
    assert_str(after.holder, "");
    assert_int_equal(after.lease_ms, 0);
    assert_int_equal(after.ended_ms, 0);
    assert_str(after.problem, "");
}

static void stop_wakes_a_thread_that_sleeps(void **state)
{
    struct world w = {.f = *state};
    struct node n;
    uint64_t began;

    node_init(&n, &w);
    start(&n, hourly, &(struct jobs_pace){.start_ms = 1});
    wait_until(row_of(w.f).ended_ms > 0);
    (void)usleep(20000);
    began = clock_mono_us();
    jobs_stop(n.thread);
    assert_true(clock_mono_us() - began < 10 * UINT64_C(1000000)); /* it would sleep for 30 s */
    assert_int_equal(w.runs, 1);
}

static void stop_may_come_before_the_first_look(void **state)
{
    struct world w = {.f = *state};
    struct node n;

    node_init(&n, &w);
    must(w.f, jobs_start(&n.app, jobs, "node", &n.thread, &w.f->err));
    jobs_stop(n.thread);
    jobs_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(new_job_runs_soon_and_then_after_its_interval),
        WITH_JOBS(job_runs_when_it_is_due_not_before),
        WITH_JOBS(each_job_of_the_list_runs),
        WITH_JOBS(job_of_every_node_needs_no_row),
        WITH_JOBS(runs_leave_the_generation_as_it_is),
        WITH_JOBS(job_may_run_without_a_thread),
        WITH_JOBS(two_nodes_never_run_a_job_at_once),
        WITH_JOBS(long_job_of_a_living_node_stays_its_own),
        WITH_JOBS(job_of_a_dead_node_is_taken_over_when_its_lease_is_over),
        WITH_JOBS(job_that_another_node_took_is_left_to_it),
        WITH_JOBS(holder_names_its_node_and_its_lease_runs),
        WITH_JOBS(time_that_cannot_be_does_not_stop_a_job),
        WITH_JOBS(failed_job_is_tried_again_after_a_minute),
        WITH_JOBS(failed_job_of_a_short_interval_keeps_to_it),
        WITH_JOBS(collision_is_no_failure),
        WITH_JOBS(endless_collisions_are_a_failure),
        WITH_JOBS(outage_of_the_database_is_told_once_and_survived),
        WITH_JOBS(pauses_grow_while_the_database_fails),
        WITH_JOBS(stop_ends_a_running_job_and_gives_it_back),
        WITH_JOBS(stop_wakes_a_thread_that_sleeps),
        WITH_JOBS(stop_may_come_before_the_first_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
