/* Several watches in one process stand for several nodes. The database is that of the environment
 * variable TERRARIUM_TEST_DB_URL, if it is PostgreSQL; what is made there lies in a schema of its
 * own. */
#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include "unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/db_pg_watch.h"
#include "store/turn.h"

enum {
    FULL_MS = PG_LEASE_MS + PG_MARGIN_MS,
    SLACK_MS = 1500,    /* for a slow machine */
    PATIENCE_MS = 20000 /* what must come must come within */
};

#define SCHEMA "terrarium_watch_test"
#define NODE_TABLE                                                                                 \
    "CREATE TABLE node (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL, "  \
    "lease_ms BIGINT NOT NULL)"
#define NOW_MS "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"

struct place {
    char url[512];
    PGconn *conn;
    struct log log; /* to a file in memory */
};

/* cmocka's own is of no use: it calls a macro that base/err.h redefines. */
#define stop_test(...)                                                                             \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        assert_true(false);                                                                        \
    } while (0)

/* --- the database ----------------------------------------------------------------------------- */

static void sql(PGconn *conn, const char *text)
{
    PGresult *r = PQexec(conn, text);

    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
        stop_test("%s: %s", text, PQerrorMessage(conn));
    PQclear(r);
}

static int64_t number(PGconn *conn, const char *text)
{
    PGresult *r = PQexec(conn, text);
    uint64_t value = 0;

    if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 1)
        stop_test("%s: %s", text, PQerrorMessage(conn));
    assert_true(str_u64(str_of(PQgetvalue(r, 0, 0)), INT64_MAX, &value));
    PQclear(r);
    return (int64_t)value;
}

static PGconn *connect_to(const struct place *p)
{
    PGconn *conn = PQconnectdb(p->url);

    if (PQstatus(conn) != CONNECTION_OK)
        stop_test("%s", PQerrorMessage(conn));
    sql(conn, "SET client_min_messages = warning; SET synchronous_commit = off");
    return conn;
}

static int place_open(void **state)
{
    const char *url = getenv("TERRARIUM_TEST_DB_URL");
    struct place *p;

    if (!url || !str_starts(str_of(url), S("postgresql:"))) {
        print_message("TERRARIUM_TEST_DB_URL names no PostgreSQL\n");
        return 0;
    }
    p = mem_new(struct place);
    assert_non_null(p);
    (void)snprintf(p->url, sizeof(p->url), "%s%soptions=-csearch_path%%3D" SCHEMA, url,
                   str_has(str_of(url), '?') ? "&" : "?");
    p->log = (struct log){.fd = memfd_create("log", MFD_CLOEXEC), .level = LOG_INFO};
    p->conn = connect_to(p);
    sql(p->conn, "DROP SCHEMA IF EXISTS " SCHEMA " CASCADE; CREATE SCHEMA " SCHEMA);
    sql(p->conn, NODE_TABLE);
    *state = p;
    return 0;
}

static int place_close(void **state)
{
    struct place *p = *state;

    if (!p)
        return 0;
    if (PQtransactionStatus(p->conn) != PQTRANS_IDLE) /* the test has failed */
        sql(p->conn, "ROLLBACK");
    sql(p->conn, "DROP SCHEMA " SCHEMA " CASCADE");
    PQfinish(p->conn);
    (void)close(p->log.fd);
    mem_free(p);
    return 0;
}
#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_open, place_close)

/* The text is that of the test's log so far. */
static int count_logged(const struct place *p, const char *event)
{
    char text[16384];
    ssize_t len = pread(p->log.fd, text, sizeof(text) - 1, 0);
    int count = 0;

    assert_true(len >= 0);
    text[len] = '\0';
    for (const char *at = text; (at = strstr(at, event)); at++)
        count++;
    return count;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* The name of a node is also that of its connection, so that a test can find it. */
static struct pg_watch *open_node(const struct place *p, const char *name)
{
    struct pg_watch *w = NULL;
    char url[600];
    struct err err;

    (void)snprintf(url, sizeof(url), "%s&application_name=%s", p->url, name ? name : "command");
    assert_int_equal(pg_watch_open(url, name, &p->log, &w, &err), OK);
    return w;
}

static bool is_trusting(struct pg_watch *w)
{
    uint64_t before = pg_watch_generation(w);

    return pg_watch_generation(w) == before;
}

static void wait_until_trusting(struct pg_watch *w)
{
    int64_t deadline = turn_now_ms() + PATIENCE_MS;

    while (!is_trusting(w)) {
        assert_true(turn_now_ms() < deadline);
        (void)usleep(2000);
    }
}

static void wait_until_moved(struct pg_watch *w, uint64_t from)
{
    int64_t deadline = turn_now_ms() + PATIENCE_MS;

    while (pg_watch_generation(w) == from) {
        assert_true(turn_now_ms() < deadline);
        (void)usleep(1000);
    }
}

static void wait_until_true(PGconn *conn, const char *text)
{
    int64_t deadline = turn_now_ms() + PATIENCE_MS;

    while (number(conn, text) == 0) {
        assert_true(turn_now_ms() < deadline);
        (void)usleep(2000);
    }
}

static struct pg_watch *open_trusting(const struct place *p, const char *name)
{
    struct pg_watch *w = open_node(p, name);

    wait_until_trusting(w);
    return w;
}

static int64_t id_of(PGconn *conn, const char *name)
{
    char text[100];

    (void)snprintf(text, sizeof(text), "SELECT id FROM node WHERE name = '%s'", name);
    return number(conn, text);
}

/* A change, with nothing but its notification. How long its writer waited. */
static int64_t write_change(struct pg_watch *w, PGconn *conn)
{
    char notice[PG_NOTICE_MAX];
    uint64_t change = pg_watch_announce(w, notice);
    int64_t start;

    sql(conn, "BEGIN");
    sql(conn, notice);
    sql(conn, "COMMIT");
    start = turn_now_ms();
    pg_watch_await(w, conn, change);
    return turn_now_ms() - start;
}

static struct place *place_of(void **state)
{
    if (!*state) {
        print_message("skipped: TERRARIUM_TEST_DB_URL names no PostgreSQL\n");
        skip();
    }
    return *state;
}

/* --- many writers ----------------------------------------------------------------------------- */

enum { NODES = 3, WRITERS = 6, READERS = 3, WRITES = 2000 };

/* A node with a cache of all cells as the server has its caches: for one generation. */
struct node {
    struct pg_watch *w;
    pthread_mutex_t lock;
    uint64_t generation;    /* lock: of the values */
    int64_t cells[WRITERS]; /* lock */
};
struct crowd {
    const struct place *place;
    struct node nodes[NODES];
    atomic_int writes;
    atomic_long hits, stale, failures;
    atomic_bool over;
};
struct member {
    struct crowd *crowd;
    int number;
    PGconn *conn;
    pthread_t thread;
};

static bool read_cells(PGconn *conn, int64_t cells[WRITERS])
{
    PGresult *r = PQexec(conn, "SELECT value FROM cell ORDER BY id");
    bool ok = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == WRITERS;
    uint64_t value = 0;

    for (int i = 0; ok && i < WRITERS; i++) {
        ok = str_u64(str_of(PQgetvalue(r, i, 0)), INT64_MAX, &value);
        cells[i] = (int64_t)value;
    }
    PQclear(r);
    return ok;
}

/* What the node would answer. */
static int64_t show(struct member *m, struct node *n, int cell)
{
    uint64_t generation = pg_watch_generation(n->w);
    int64_t cells[WRITERS] = {0};
    bool hit;

    pthread_mutex_lock(&n->lock);
    hit = n->generation == generation;
    if (hit)
        memcpy(cells, n->cells, sizeof(cells));
    pthread_mutex_unlock(&n->lock);
    if (hit) {
        atomic_fetch_add(&m->crowd->hits, 1);
        return cells[cell];
    }
    if (!read_cells(m->conn, cells))
        atomic_fetch_add(&m->crowd->failures, 1);
    pthread_mutex_lock(&n->lock);
    if (generation > n->generation) {
        n->generation = generation;
        memcpy(n->cells, cells, sizeof(cells));
    }
    pthread_mutex_unlock(&n->lock);
    return cells[cell];
}

static bool commit_cell(struct member *m, int64_t value, const char *notice)
{
    char text[400];
    PGresult *r;
    bool ok;

    (void)snprintf(text, sizeof(text),
                   "BEGIN; UPDATE cell SET value = %" PRId64 " WHERE id = %d; %s; COMMIT", value,
                   m->number, notice);
    r = PQexec(m->conn, text);
    ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return ok;
}

static void *write_cells(void *arg)
{
    struct member *m = arg;
    struct crowd *c = m->crowd;
    struct pg_watch *w = c->nodes[m->number % NODES].w;

    for (int64_t value = 1; atomic_fetch_add(&c->writes, 1) < WRITES; value++) {
        char notice[PG_NOTICE_MAX];
        uint64_t change = pg_watch_announce(w, notice);

        if (!commit_cell(m, value, notice))
            atomic_fetch_add(&c->failures, 1);
        pg_watch_await(w, m->conn, change);
        for (int i = 0; i < NODES; i++)
            if (show(m, &c->nodes[i], m->number) < value)
                atomic_fetch_add(&c->stale, 1);
    }
    return NULL;
}

/* Keeps the cache of one node full, so that there is something old to be shown. */
static void *read_all_the_time(void *arg)
{
    struct member *m = arg;

    while (!atomic_load(&m->crowd->over)) {
        (void)show(m, &m->crowd->nodes[m->number % NODES], 0);
        (void)usleep(50);
    }
    return NULL;
}

static void start(struct member *m, struct crowd *c, int n, void *(*run)(void *))
{
    *m = (struct member){.crowd = c, .number = n, .conn = connect_to(c->place)};
    assert_int_equal(pthread_create(&m->thread, NULL, run, m), 0);
}

static void join(struct member *m)
{
    assert_int_equal(pthread_join(m->thread, NULL), 0);
    PQfinish(m->conn);
}

static void no_node_shows_what_was_before_a_write_that_is_done(void **state)
{
    static const char *const names[NODES] = {"node-a", "node-b", "node-c"};
    struct crowd c = {.place = place_of(state)};
    struct member writers[WRITERS], readers[READERS];
    int64_t begin;

    sql(c.place->conn, "CREATE TABLE cell (id INTEGER PRIMARY KEY, value BIGINT NOT NULL)");
    sql(c.place->conn, "INSERT INTO cell SELECT n, 0 FROM generate_series(0, 5) AS s (n)");
    for (int i = 0; i < NODES; i++) {
        c.nodes[i].w = open_trusting(c.place, names[i]);
        pthread_mutex_init(&c.nodes[i].lock, NULL);
    }
    begin = turn_now_ms();
    for (int i = 0; i < READERS; i++)
        start(&readers[i], &c, i, read_all_the_time);
    for (int i = 0; i < WRITERS; i++)
        start(&writers[i], &c, i, write_cells);
    for (int i = 0; i < WRITERS; i++)
        join(&writers[i]);
    print_message("%d writes on %d nodes in %" PRId64 " ms, %ld answers from a cache\n", WRITES,
                  NODES, turn_now_ms() - begin, atomic_load(&c.hits));
    atomic_store(&c.over, true);
    for (int i = 0; i < READERS; i++)
        join(&readers[i]);
    for (int i = 0; i < NODES; i++) {
        pg_watch_close(c.nodes[i].w);
        pthread_mutex_destroy(&c.nodes[i].lock);
    }
    assert_int_equal(atomic_load(&c.failures), 0);
    assert_int_equal(atomic_load(&c.stale), 0);
    assert_true(atomic_load(&c.hits) > 0);
}

/* --- one after the other ---------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t median_us(struct pg_watch *w, PGconn *conn, struct pg_watch *other)
{
    enum { ROUNDS = 101 };
    int64_t took[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t own = pg_watch_generation(w), others = other ? pg_watch_generation(other) : 0;
        char notice[PG_NOTICE_MAX];
        uint64_t change = pg_watch_announce(w, notice);
        struct timespec from, to;

        sql(conn, notice);
        clock_gettime(CLOCK_MONOTONIC, &from);
        pg_watch_await(w, conn, change);
        clock_gettime(CLOCK_MONOTONIC, &to);
        took[i] = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
        assert_int_not_equal(pg_watch_generation(w), own);
        if (other)
            assert_int_not_equal(pg_watch_generation(other), others);
    }
    qsort(took, ROUNDS, sizeof(took[0]), compare_times);
    return took[ROUNDS / 2];
}

static void a_write_moves_the_other_node_before_it_is_done(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *b = open_trusting(p, "node-b");

    print_message("median of a wait for one other node: %" PRId64 " us\n",
                  median_us(a, p->conn, b));
    /* Between writes everything is trusted, on both. */
    wait_until_trusting(a);
    wait_until_trusting(b);
    pg_watch_close(a);
    pg_watch_close(b);
}

static void a_node_that_is_alone_waits_for_nobody(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    int64_t median = median_us(a, p->conn, NULL);

    print_message("median of a wait for nobody: %" PRId64 " us\n", median);
    assert_true(median < 1000000);
    pg_watch_close(a);
}

static void hundreds_of_changes_of_one_commit_are_all_acknowledged(void **state)
{
    enum { CHANGES = 700 };
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *b = open_trusting(p, "node-b");
    uint64_t changes[CHANGES], before = pg_watch_generation(b);
    int64_t begin;

    sql(p->conn, "BEGIN");
    for (int i = 0; i < CHANGES; i++) {
        char notice[PG_NOTICE_MAX];

        changes[i] = pg_watch_announce(a, notice);
        sql(p->conn, notice);
    }
    sql(p->conn, "COMMIT");
    begin = turn_now_ms();
    for (int i = 0; i < CHANGES; i++)
        pg_watch_await(a, p->conn, changes[i]);
    /* One that is not acknowledged is waited out: up to a lease. */
    assert_true(turn_now_ms() - begin < PG_LEASE_MS - PG_RENEW_MS);
    assert_int_not_equal(pg_watch_generation(b), before);
    pg_watch_close(a);
    pg_watch_close(b);
}

static void commands_are_heard_and_wait_for_nobody(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *command = open_node(p, NULL);
    uint64_t before = pg_watch_generation(a), own = pg_watch_generation(command);

    assert_true(write_change(command, p->conn) < SLACK_MS);
    wait_until_moved(a, before);
    assert_true(is_trusting(a));
    assert_int_not_equal(pg_watch_generation(command), own);
    assert_false(is_trusting(command)); /* it hears of nobody */
    assert_int_equal(number(p->conn, "SELECT count(*) FROM node"), 1);
    pg_watch_close(command);
    pg_watch_close(a);
}

static void what_nobody_understands_moves_the_generation(void **state)
{
    static const char *const notices[] = {
        "",   ".", "1", "x.1", "1.x", "-1.1", "1.-1", "1.", ".1", "1.1.1", "99999999999999999999.1",
        "0.0"};
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    char text[200];

    for (size_t i = 0; i < COUNT(notices); i++) {
        uint64_t before = pg_watch_generation(a);

        (void)snprintf(text, sizeof(text), "NOTIFY terrarium_change, '%s'", notices[i]);
        sql(p->conn, text);
        wait_until_moved(a, before);
    }
    (void)snprintf(text, sizeof(text),
                   "NOTIFY terrarium_ack_%" PRId64 ", '1:x,99999999999999999999,,1'",
                   id_of(p->conn, "node-a"));
    sql(p->conn, text);
    assert_true(write_change(a, p->conn) < SLACK_MS);
    assert_true(is_trusting(a));
    pg_watch_close(a);
}

/* --- unknown outcomes ------------------------------------------------------------------------- */

static void a_commit_of_unknown_outcome_counts_when_it_comes(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    char notice[PG_NOTICE_MAX];
    uint64_t before = pg_watch_generation(a), change = pg_watch_announce(a, notice);

    sql(p->conn, "BEGIN");
    sql(p->conn, notice);
    pg_watch_drop(a, change, true);
    assert_int_not_equal(pg_watch_generation(a), before);
    before = pg_watch_generation(a);
    assert_true(is_trusting(a));
    sql(p->conn, "COMMIT");
    wait_until_moved(a, before);
    pg_watch_close(a);
}

static void what_was_not_committed_moves_nothing(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    char notice[PG_NOTICE_MAX];
    uint64_t before = pg_watch_generation(a), change = pg_watch_announce(a, notice);

    pg_watch_drop(a, change, false);
    assert_int_equal(pg_watch_generation(a), before);
    pg_watch_close(a);
}

/* The second move would only empty caches that have just been filled. */
static void an_own_write_moves_the_own_generation_once(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *b = open_trusting(p, "node-b");
    uint64_t before = pg_watch_generation(a);

    (void)write_change(a, p->conn);
    (void)usleep(100000);
    assert_int_equal(pg_watch_generation(a), before + 1);
    pg_watch_close(b);
    pg_watch_close(a);
}

/* --- leases ----------------------------------------------------------------------------------- */

static void a_dead_node_is_waited_for_until_its_lease_is_over(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    int64_t took;

    sql(p->conn, "INSERT INTO node (name, lease_ms) VALUES ('dead', " NOW_MS " + 1000)");
    took = write_change(a, p->conn);
    assert_true(took >= 1000 + PG_MARGIN_MS - 200); /* less what the commit took */
    assert_true(took < 1000 + PG_MARGIN_MS + SLACK_MS);
    assert_true(write_change(a, p->conn) < 1000);
    pg_watch_close(a);
}

static void no_row_is_waited_for_longer_than_a_lease_can_last(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    int64_t took;

    sql(p->conn, "INSERT INTO node (name, lease_ms) VALUES ('dead', " NOW_MS " + 3600000)");
    took = write_change(a, p->conn);
    assert_true(took >= FULL_MS);
    assert_true(took < FULL_MS + SLACK_MS);
    pg_watch_close(a);
}

static void a_writer_that_cannot_ask_waits_for_a_whole_lease(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    PGconn *conn = connect_to(p);
    char notice[PG_NOTICE_MAX];
    uint64_t change = pg_watch_announce(a, notice);
    int64_t begin;

    sql(conn, notice);
    PQclear(PQexec(conn, "SELECT pg_terminate_backend(pg_backend_pid())"));
    begin = turn_now_ms();
    pg_watch_await(a, conn, change);
    assert_true(turn_now_ms() - begin >= FULL_MS);
    assert_true(turn_now_ms() - begin < FULL_MS + SLACK_MS);
    PQfinish(conn);
    pg_watch_close(a);
}

static void closing_gives_the_lease_back(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *b = open_trusting(p, "node-b");

    assert_int_equal(number(p->conn, "SELECT count(*) FROM node"), 2);
    pg_watch_close(b);
    assert_int_equal(number(p->conn, "SELECT count(*) FROM node WHERE name = 'node-a'"), 1);
    assert_int_equal(number(p->conn, "SELECT count(*) FROM node"), 1);
    pg_watch_close(a);
    assert_int_equal(number(p->conn, "SELECT count(*) FROM node"), 0);
}

static void a_row_that_somebody_removed_comes_back(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    int64_t id = id_of(p->conn, "node-a");

    sql(p->conn, "DELETE FROM node");
    wait_until_true(p->conn, "SELECT count(*) FROM node");
    assert_int_equal(id_of(p->conn, "node-a"), id);
    assert_true(is_trusting(a));
    pg_watch_close(a);
}

static void rows_of_the_long_dead_are_removed(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a;

    sql(p->conn, "INSERT INTO node (name, lease_ms) VALUES ('long dead', " NOW_MS " - 3700000)");
    sql(p->conn, "INSERT INTO node (name, lease_ms) VALUES ('dead', " NOW_MS " - 600000)");
    a = open_trusting(p, "node-a");
    assert_int_equal(number(p->conn, "SELECT count(*) FROM node WHERE name = 'long dead'"), 0);
    assert_int_equal(number(p->conn, "SELECT count(*) FROM node"), 2);
    pg_watch_close(a);
}

static void a_lease_is_renewed_for_as_long_as_the_node_lives(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a");
    uint64_t before = pg_watch_generation(a);
    int64_t deadline = turn_now_ms() + 2 * (int64_t)PG_LEASE_MS;

    for (; turn_now_ms() < deadline; (void)usleep(5000))
        assert_int_equal(pg_watch_generation(a), before);
    assert_int_equal(number(p->conn, "SELECT count(*) FROM node WHERE lease_ms > " NOW_MS), 1);
    pg_watch_close(a);
}

/* --- losses ----------------------------------------------------------------------------------- */

/* Nobody can renew or answer while the table is locked; writers can still look into it. */
static void a_node_that_cannot_renew_trusts_nothing_by_the_time_a_write_is_done(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *b = open_trusting(p, "node-b");
    PGconn *locker = connect_to(p);
    uint64_t before;
    int64_t took;

    sql(locker, "BEGIN; LOCK TABLE node IN SHARE MODE");
    wait_until_true(p->conn, "SELECT count(*) / 2 FROM pg_stat_activity WHERE application_name "
                             "IN ('node-a', 'node-b') AND wait_event_type = 'Lock'");
    before = pg_watch_generation(b);
    assert_true(is_trusting(b));
    took = write_change(a, p->conn);
    assert_int_not_equal(pg_watch_generation(b), before);
    assert_true(took >= PG_LEASE_MS - PG_RENEW_MS - SLACK_MS);
    assert_true(took < FULL_MS + SLACK_MS);
    assert_false(is_trusting(b));
    sql(locker, "ROLLBACK");
    PQfinish(locker);
    wait_until_trusting(a);
    wait_until_trusting(b);
    assert_true(write_change(a, p->conn) < SLACK_MS);
    pg_watch_close(a);
    pg_watch_close(b);
}

static void refuse_node_b(const struct place *p, bool refuse)
{
    sql(p->conn, refuse ? "ALTER TABLE node ADD CONSTRAINT no_b CHECK (name <> 'node-b') NOT VALID"
                        : "ALTER TABLE node DROP CONSTRAINT no_b");
    if (refuse)
        sql(p->conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE application_name = 'node-b'");
}

static void a_node_that_lost_its_connection_trusts_nothing_until_it_is_back(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *b = open_trusting(p, "node-b");
    int64_t id = id_of(p->conn, "node-b"), deadline;
    uint64_t before = pg_watch_generation(b);

    refuse_node_b(p, true);
    wait_until_moved(b, before);
    /* The writer waits for the lease that b had, then for nothing. */
    assert_true(write_change(a, p->conn) < FULL_MS + SLACK_MS);
    deadline = turn_now_ms() + 500;
    do {
        before = pg_watch_generation(b);
        assert_true(pg_watch_generation(b) > before);
    } while (turn_now_ms() < deadline);
    assert_int_equal(count_logged(p, "event=watch_lost"), 1);
    assert_int_equal(count_logged(p, "event=watch_back"), 0);

    refuse_node_b(p, false);
    wait_until_trusting(b);
    assert_int_equal(id_of(p->conn, "node-b"), id);
    before = pg_watch_generation(b);
    assert_true(write_change(a, p->conn) < SLACK_MS);
    assert_int_not_equal(pg_watch_generation(b), before);
    assert_int_equal(count_logged(p, "event=watch_lost"), 1);
    assert_int_equal(count_logged(p, "event=watch_back"), 1);
    pg_watch_close(a);
    pg_watch_close(b);
}

static void a_write_that_a_lost_connection_missed_is_not_shown_after_it(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *b = open_trusting(p, "node-b");

    for (int i = 0; i < 5; i++) {
        uint64_t before = pg_watch_generation(b);

        sql(p->conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE application_name = 'node-b'");
        assert_true(write_change(a, p->conn) < FULL_MS + SLACK_MS);
        assert_int_not_equal(pg_watch_generation(b), before);
        wait_until_trusting(b);
        assert_int_not_equal(pg_watch_generation(b), before);
    }
    pg_watch_close(a);
    pg_watch_close(b);
}

static void a_node_without_a_connection_can_write(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a = open_trusting(p, "node-a"), *b = open_trusting(p, "node-b");
    uint64_t before;

    refuse_node_b(p, true);
    wait_until_moved(b, pg_watch_generation(b));
    before = pg_watch_generation(a);
    assert_true(write_change(b, p->conn) < FULL_MS + SLACK_MS);
    assert_int_not_equal(pg_watch_generation(a), before);
    assert_true(is_trusting(a));
    pg_watch_close(b);
    pg_watch_close(a);
}

static void a_database_that_has_no_tables_yet_is_tried_again(void **state)
{
    struct place *p = place_of(state);
    struct pg_watch *a;

    sql(p->conn, "DROP TABLE node");
    a = open_node(p, "node-a");
    (void)usleep(150000);
    assert_false(is_trusting(a));
    sql(p->conn, NODE_TABLE);
    wait_until_trusting(a);
    assert_int_equal(count_logged(p, "event="), 0); /* that is how every new database begins */
    pg_watch_close(a);
}

static void a_database_that_cannot_be_reached_is_told_once(void **state)
{
    struct place *p = place_of(state);
    int64_t deadline = turn_now_ms() + PATIENCE_MS;
    struct pg_watch *a;

    sql(p->conn, "DROP TABLE node");
    a = open_node(p, "node-a");
    while (count_logged(p, "event=watch_lost") == 0) {
        assert_true(turn_now_ms() < deadline);
        (void)usleep(10000);
    }
    (void)usleep(1200000);
    assert_false(is_trusting(a));
    assert_int_equal(count_logged(p, "event="), 1);
    pg_watch_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(no_node_shows_what_was_before_a_write_that_is_done),
        WITH_PLACE(a_write_moves_the_other_node_before_it_is_done),
        WITH_PLACE(a_node_that_is_alone_waits_for_nobody),
        WITH_PLACE(hundreds_of_changes_of_one_commit_are_all_acknowledged),
        WITH_PLACE(commands_are_heard_and_wait_for_nobody),
        WITH_PLACE(what_nobody_understands_moves_the_generation),
        WITH_PLACE(a_commit_of_unknown_outcome_counts_when_it_comes),
        WITH_PLACE(what_was_not_committed_moves_nothing),
        WITH_PLACE(an_own_write_moves_the_own_generation_once),
        WITH_PLACE(a_dead_node_is_waited_for_until_its_lease_is_over),
        WITH_PLACE(no_row_is_waited_for_longer_than_a_lease_can_last),
        WITH_PLACE(a_writer_that_cannot_ask_waits_for_a_whole_lease),
        WITH_PLACE(closing_gives_the_lease_back),
        WITH_PLACE(a_row_that_somebody_removed_comes_back),
        WITH_PLACE(rows_of_the_long_dead_are_removed),
        WITH_PLACE(a_lease_is_renewed_for_as_long_as_the_node_lives),
        WITH_PLACE(a_node_that_cannot_renew_trusts_nothing_by_the_time_a_write_is_done),
        WITH_PLACE(a_node_that_lost_its_connection_trusts_nothing_until_it_is_back),
        WITH_PLACE(a_write_that_a_lost_connection_missed_is_not_shown_after_it),
        WITH_PLACE(a_node_without_a_connection_can_write),
        WITH_PLACE(a_database_that_has_no_tables_yet_is_tried_again),
        WITH_PLACE(a_database_that_cannot_be_reached_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
