/* db_pg_watch.c: a thread that listens, a lease that it renews, and writers that wait for answers.
 *
 * Why nothing that was before a commit is shown by any node once pg_watch_await is over. Let N be
 * another node, and look at its row when the writer asks who is there, after the COMMIT:
 *  - No row, or its lease is over: N trusts nothing any more, or has yet to begin. To begin it
 *    listens, writes its row, and only then moves its generation and trusts. The row was written
 *    after the commit (else the writer had seen it), so what N reads from then on is newer.
 *  - Its lease runs, and N acknowledges: it has moved its generation before.
 *  - Its lease runs, and N says nothing: the writer waits until the lease it saw is over. N goes by
 *    this lease alone unless it renews it, and no renewal that the writer did not see can hide the
 *    commit from N: PostgreSQL tells a listening session of a commit before the client that
 *    committed gets its answer, and sends a session all it was told of before it says that a
 *    statement of that session is over. N takes what was sent with the answer to its renewal,
 *    moving its generation, before it trusts the longer lease. (And a session that does not listen
 *    any more cannot renew.)
 * PostgreSQL delivers a notification only once the commit is visible, so what N reads after it has
 * moved is new. What it caches under an older generation is never found again (base/cache).
 *
 * A lease is counted by two clocks. The database's says in the row when it ends; N's own steady
 * clock began to count before N asked for it, so for N it ends earlier. PG_MARGIN_MS is for the
 * clocks' different pace. What is not covered: a database whose time of day is set forward while
 * a node is cut off from it, and a virtual machine that is halted without its clocks noticing.
 */
#include "store/db_pg_watch.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/db_pg_answer.h"
#include "store/db_pg_change.h"
#include "store/turn.h"

enum {
    HEARD_MAX = 1024,  /* changes acknowledged at once; what is more is not acknowledged */
    NUMBERS_MAX = 256, /* in one acknowledgement: a notification holds less than 8000 bytes */
    ANSWER_MS = 5000,  /* after that the connection counts as lost */
    SILENCE_MS = 2000, /* who refuses is faster: an attempt to connect was waited out */
    PARTING_MS = 500,  /* what a statement may still take when the thread is to end */
    BACK_OFF_MS = 100, /* the first pause before connecting again; doubled each time */
    BACK_OFF_MAX_MS = 2000,
    PATIENCE = 6, /* failures not told: a new database gets its tables at this time */
};
static_assert(NUMBERS_MAX * (20 + 1) + 20 + 1 < 8000, "an acknowledgement fits a notification");
static_assert(PG_RENEW_MS + PG_MARGIN_MS < PG_LEASE_MS, "a lease lives until its renewal");

#define ACK_SQL_MAX  (128 * KIB)
#define CHANGES      "terrarium_change"
#define ACKS         "terrarium_ack_"
#define TEXT_OF_(x)  #x
#define TEXT_OF(x)   TEXT_OF_(x)
#define NOW_MS       "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
#define ENDS_MS      "lease_ms + " TEXT_OF(PG_MARGIN_MS) /* for others */
#define FORGOTTEN_MS "3600000"

struct pg_watch {
    char *conninfo, *name; /* name NULL: a command */
    const struct log *log;
    _Atomic uint64_t generation;
    _Atomic int64_t trusted_until_ms; /* of steady_ms; 0: not */
    _Atomic int64_t id;               /* of its row in the table node; 0: not known yet */
    _Atomic uint64_t last_number;
    _Atomic uint64_t unknown_number; /* the last one with an unknown outcome */
    atomic_bool silent;              /* an answer was waited for in vain, and none came since */

    struct pg_changes changes; /* announced and not finished */

    pthread_t thread;
    int stop_fd; /* readable once the thread is to end */
    atomic_bool stopping;
};

/* What was heard of others and is yet to be acknowledged. */
struct heard {
    uint64_t writer, number;
};

/* The thread's own. */
struct session {
    struct pg_watch *w;
    PGconn *conn; /* NULL: none */
    int64_t renew_due_ms;
    struct heard heard[HEARD_MAX];
    size_t heard_count;
    bool told; /* the log knows that the connection is lost */
    struct err err;
};

/* --- the generation --------------------------------------------------------------------------- */

/* For leases: goes on while the machine sleeps, as the database does. */
static int64_t steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t move(struct pg_watch *w)
{
    return atomic_fetch_add(&w->generation, 1) + 1;
}

uint64_t pg_watch_generation(struct pg_watch *w)
{
    /* The lease first: it was lengthened after the generation had moved for all that came before,
     * so whoever sees the longer lease sees that too. */
    int64_t until_ms = atomic_load(&w->trusted_until_ms);

    return steady_ms() < until_ms ? atomic_load(&w->generation) : move(w);
}

const atomic_bool *pg_watch_silent(const struct pg_watch *w)
{
    return w->name ? &w->silent : NULL;
}

/* --- statements of the listening connection --------------------------------------------------- */

static bool has_failed(struct session *s, const char *why)
{
    /* libpq's messages may have several lines, of which the first says what. */
    (void)fail(&s->err, ERR_BUSY, "%.*s", (int)strcspn(why, "\n"), why);
    return false;
}

/* Until fd (-1: none) can be read; false when the time is over, or the thread is to end. */
static bool wait_to_read(const struct pg_watch *w, int fd, int64_t until_ms)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = w->stop_fd, .events = POLLIN}};
    int64_t left;
    int rc;

    do {
        left = until_ms - turn_now_ms();
        rc = poll(fds, COUNT(fds), left > 0 ? (int)left : 0);
    } while (rc < 0 && errno == EINTR);
    return rc > 0 && fds[0].revents;
}

/* As above, but the end of the thread leaves it a moment. */
static bool wait_for_answer(const struct pg_watch *w, int fd, int64_t until_ms)
{
    struct pollfd last = {.fd = fd, .events = POLLIN};

    if (wait_to_read(w, fd, until_ms))
        return true;
    return atomic_load(&w->stopping) && poll(&last, 1, PARTING_MS) > 0;
}

/* Runs a statement to its end. False: the session is over. ret (may be NULL) is set if not. */
static bool run(struct session *s, const char *sql, int nargs, const char *const *args,
                PGresult **ret)
{
    int64_t until_ms = turn_now_ms() + ANSWER_MS;
    PGresult *result = NULL, *next;
    bool done;

    if (!PQsendQueryParams(s->conn, sql, nargs, NULL, args, NULL, NULL, 0))
        return has_failed(s, PQerrorMessage(s->conn));
    do {
        while (PQisBusy(s->conn)) {
            if (!wait_for_answer(s->w, PQsocket(s->conn), until_ms)) {
                PQclear(result);
                atomic_store(&s->w->silent, !atomic_load(&s->w->stopping));
                return has_failed(s, "no answer in time");
            }
            if (!PQconsumeInput(s->conn))
                break; /* PQgetResult says it */
        }
        next = PQgetResult(s->conn);
        if (next) {
            PQclear(result);
            result = next;
        }
    } while (next);
    atomic_store(&s->w->silent, false);
    done = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!done)
        (void)has_failed(s, result ? PQresultErrorMessage(result) : PQerrorMessage(s->conn));
    if (done && ret)
        *ret = result;
    else
        PQclear(result);
    return done;
}

static bool run_plain(struct session *s, const char *sql)
{
    return run(s, sql, 0, NULL, NULL);
}

/* --- what is heard ---------------------------------------------------------------------------- */

/* "<writer>.<number>" */
static bool parse_change(struct str payload, struct heard *ret)
{
    struct str writer = S("");

    return str_cut(&payload, '.', &writer) && str_u64(writer, INT64_MAX, &ret->writer) &&
           str_u64(payload, UINT64_MAX, &ret->number);
}

static void hear_change(struct session *s, struct str payload)
{
    struct heard h = {.writer = 0};
    bool clear = parse_change(payload, &h);
    bool own = clear && h.writer && h.writer == (uint64_t)atomic_load(&s->w->id);

    /* Whoever committed it has moved the generation, or will before it says so. But of those that
     * do not know whether they have committed, this is the news. */
    if (own && h.number > atomic_load(&s->w->unknown_number))
        return;
    (void)move(s->w);
    if (clear && h.writer && !own && s->heard_count < HEARD_MAX)
        s->heard[s->heard_count++] = h;
}

/* "<node>:<number>,<number>..." */
static void hear_acks(struct pg_watch *w, struct str payload)
{
    struct str text = S("");
    uint64_t node, number;

    if (!str_cut(&payload, ':', &text) || !str_u64(text, INT64_MAX, &node) || !node)
        return;
    while (str_next(&payload, ',', &text))
        if (str_u64(text, UINT64_MAX, &number))
            pg_changes_acknowledge(&w->changes, number, node);
}

/* All that has come in with the last bytes read. */
static void hear(struct session *s)
{
    PGnotify *n;

    while ((n = PQnotifies(s->conn))) {
        if (str_eq(str_of(n->relname), S(CHANGES)))
            hear_change(s, str_of(n->extra));
        else
            hear_acks(s->w, str_of(n->extra));
        PQfreemem(n);
    }
}

static int compare_heard(const void *a, const void *b)
{
    const struct heard *x = a, *y = b;

    return (x->writer > y->writer) - (x->writer < y->writer);
}

/* A row (channel, payload) for the first of those heard, and others of the same writer: how many.
 */
static size_t add_ack(struct buf *sql, int64_t id, const struct heard *heard, size_t count)
{
    size_t n = 0;

    buf_addf(sql, "('" ACKS "%" PRIu64 "', '%" PRId64 ":", heard->writer, id);
    for (; n < count && n < NUMBERS_MAX && heard[n].writer == heard->writer; n++) {
        if (n)
            buf_addc(sql, ',');
        buf_add_u64(sql, heard[n].number);
    }
    buf_addz(sql, "')");
    return n;
}

/* The text is put together of nothing but numbers. */
static bool acknowledge(struct session *s)
{
    AUTO(buf_done) struct buf sql = BUF_INIT(ACK_SQL_MAX);
    int64_t id = atomic_load(&s->w->id);

    qsort(s->heard, s->heard_count, sizeof(s->heard[0]), compare_heard);
    buf_addz(&sql, "SELECT pg_notify(channel, heard) FROM (VALUES ");
    for (size_t i = 0; i < s->heard_count;) {
        if (i)
            buf_addz(&sql, ", ");
        i += add_ack(&sql, id, &s->heard[i], s->heard_count - i);
    }
    buf_addz(&sql, ") AS ack (channel, heard)");
    buf_addc(&sql, '\0');
    s->heard_count = 0;
    return buf_ok(&sql) ? run_plain(s, sql.ptr) : has_failed(s, "out of memory");
}

/* --- the session ------------------------------------------------------------------------------ */

/* Writes the row again if somebody has removed it. */
static bool renew(struct session *s)
{
    static const char sql[] =
        "INSERT INTO node (id, name, lease_ms) OVERRIDING SYSTEM VALUE "
        "VALUES (CAST($1 AS BIGINT), $2, " NOW_MS
        " + " TEXT_OF(PG_LEASE_MS) ") "
                                   "ON CONFLICT (id) DO UPDATE SET lease_ms = excluded.lease_ms";
    char id[24];
    const char *args[] = {id, s->w->name};
    int64_t asked_ms = steady_ms();

    s->renew_due_ms = turn_now_ms() + PG_RENEW_MS;
    (void)snprintf(id, sizeof(id), "%" PRId64, atomic_load(&s->w->id));
    if (!run(s, sql, COUNT(args), args, NULL))
        return false;
    hear(s); /* before the new lease is trusted: see above */
    if (steady_ms() >= atomic_load(&s->w->trusted_until_ms))
        (void)move(s->w); /* trusts again, or for the first time */
    atomic_store(&s->w->trusted_until_ms, asked_ms + PG_LEASE_MS);
    return true;
}

static void result_freep(PGresult **result)
{
    PQclear(*result); /* accepts NULL */
}

/* Drawn once; kept over reconnections, because others may still wait for this node's lease. */
static bool draw_id(struct session *s)
{
    AUTO(result_freep) PGresult *result = NULL;
    uint64_t id;

    if (atomic_load(&s->w->id))
        return true;
    if (!run(s, "SELECT nextval(pg_get_serial_sequence('node', 'id'))", 0, NULL, &result))
        return false;
    if (PQntuples(result) != 1 || !str_u64(str_of(PQgetvalue(result, 0, 0)), INT64_MAX, &id))
        return has_failed(s, "the table node has no numbers");
    atomic_store(&s->w->id, (int64_t)id);
    return true;
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

static bool connect_to(struct session *s)
{
    /* What the URL says counts more than what stands before it, and less than what stands after. */
    const char *const names[] = {"connect_timeout", "dbname", "client_encoding", NULL};
    const char *const values[] = {"5", s->w->conninfo, "UTF8", NULL};
    int64_t start_ms = turn_now_ms();

    s->conn = PQconnectdbParams(names, values, 1);
    if (!s->conn)
        return has_failed(s, "out of memory");
    (void)PQsetNoticeProcessor(s->conn, ignore_notice, NULL);
    if (PQstatus(s->conn) == CONNECTION_OK)
        return true;
    if (turn_now_ms() - start_ms >= SILENCE_MS)
        atomic_store(&s->w->silent, !atomic_load(&s->w->stopping));
    return has_failed(s, PQerrorMessage(s->conn));
}

/* Connects, listens, and only then takes the lease. A session that hangs in a lock gives up before
 * its server process could outlive the connection. Standbys need not know of a lease. */
static bool session_open(struct session *s)
{
    char listen_acks[sizeof("LISTEN " ACKS) + 20];

    if (!connect_to(s) ||
        !run_plain(s, "SELECT set_config('lock_timeout', '2000', false), "
                      "set_config('statement_timeout', '4000', false), "
                      "set_config('synchronous_commit', 'local', false)") ||
        !draw_id(s) || !run_plain(s, "LISTEN " CHANGES))
        return false;
    (void)snprintf(listen_acks, sizeof(listen_acks), "LISTEN " ACKS "%" PRId64,
                   atomic_load(&s->w->id));
    return run_plain(s, listen_acks) &&
           run_plain(s, "DELETE FROM node WHERE lease_ms < " NOW_MS " - " FORGOTTEN_MS) && renew(s);
}

/* Until the connection is lost, or the thread is to end. */
static void session_serve(struct session *s)
{
    bool ok = true;

    while (ok && !atomic_load(&s->w->stopping)) {
        bool idle = true;

        hear(s);
        if (s->heard_count) {
            idle = false;
            ok = acknowledge(s);
        }
        if (ok && turn_now_ms() >= s->renew_due_ms) {
            idle = false;
            ok = renew(s);
        }
        /* Only after a look at what came in with the last answer. */
        if (idle && wait_to_read(s->w, PQsocket(s->conn), s->renew_due_ms) &&
            !PQconsumeInput(s->conn))
            ok = has_failed(s, PQerrorMessage(s->conn));
    }
}

/* From here on this node trusts nothing. When that is for good, nobody needs to wait for it. */
static void session_close(struct session *s)
{
    char id[24];
    const char *args[] = {id};

    atomic_store(&s->w->trusted_until_ms, 0);
    (void)snprintf(id, sizeof(id), "%" PRId64, atomic_load(&s->w->id));
    if (atomic_load(&s->w->stopping) && PQstatus(s->conn) == CONNECTION_OK) /* not of NULL */
        (void)run(s, "DELETE FROM node WHERE id = CAST($1 AS BIGINT)", COUNT(args), args, NULL);
    PQfinish(TAKE(s->conn));
    s->heard_count = 0;
}

static void tell_loss(struct session *s)
{
    if (s->told)
        return;
    s->told = true;
    log_msg(s->w->log, LOG_WARN, "watch_lost",
            "other nodes' writes are not heard, caches are off: %s", s->err.msg);
}

static void tell_return(struct session *s)
{
    if (s->told)
        log_msg(s->w->log, LOG_INFO, "watch_back", "other nodes' writes are heard again");
    s->told = false;
}

static void *watch(void *arg)
{
    struct session s = {.w = arg};
    int64_t pause_ms = BACK_OFF_MS;
    int patience = PATIENCE;

    while (!atomic_load(&s.w->stopping)) {
        if (session_open(&s)) {
            tell_return(&s);
            session_serve(&s);
            pause_ms = BACK_OFF_MS;
            patience = 0;
        }
        session_close(&s);
        if (atomic_load(&s.w->stopping))
            break;
        if (--patience < 0)
            tell_loss(&s);
        (void)wait_to_read(s.w, -1, turn_now_ms() + pause_ms);
        pause_ms = pause_ms * 2 < BACK_OFF_MAX_MS ? pause_ms * 2 : BACK_OFF_MAX_MS;
    }
    return NULL;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void watch_free(struct pg_watch *w)
{
    if (w->stop_fd >= 0)
        (void)close(w->stop_fd);
    pg_changes_done(&w->changes);
    mem_free(w->name);
    mem_free(w->conninfo);
    mem_free(w);
}

static void watch_freep(struct pg_watch **w)
{
    if (*w)
        watch_free(*w);
}

static struct pg_watch *watch_new(const char *conninfo, const char *node, const struct log *log)
{
    struct pg_watch *w = mem_new(struct pg_watch);

    if (!w)
        return NULL;
    pg_changes_init(&w->changes);
    w->stop_fd = -1;
    w->log = log;
    w->conninfo = mem_dup(conninfo, strlen(conninfo));
    w->name = node ? mem_dup(node, strlen(node)) : NULL;
    if (w->conninfo && (w->name || !node))
        return w;
    watch_free(w);
    return NULL;
}

enum err_code pg_watch_open(const char *conninfo, const char *node, const struct log *log,
                            struct pg_watch **ret_watch, struct err *err)
{
    AUTO(watch_freep) struct pg_watch *w = watch_new(conninfo, node, log);

    if (!w)
        return fail(err, ERR_NOMEM, "out of memory");
    if (node) {
        w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (w->stop_fd < 0)
            return fail_errno(err, "database watch");
        if (pthread_create(&w->thread, NULL, watch, w))
            return fail(err, ERR_NOMEM, "cannot start the thread of the database watch");
    }
    *ret_watch = TAKE(w);
    return OK;
}

void pg_watch_close(struct pg_watch *w)
{
    if (!w)
        return;
    if (w->name) {
        atomic_store(&w->stopping, true);
        if (eventfd_write(w->stop_fd, 1) || pthread_join(w->thread, NULL))
            abort(); /* cannot fail: the first write, and a thread that was started */
    }
    watch_free(w);
}

/* --- writers ---------------------------------------------------------------------------------- */

uint64_t pg_watch_announce(struct pg_watch *w, char notice[PG_NOTICE_MAX])
{
    uint64_t number = atomic_fetch_add(&w->last_number, 1) + 1;
    uint64_t writer = (uint64_t)atomic_load(&w->id);

    /* Nobody acknowledges to 0: to a command, a node that has no id yet or no memory to keep it. */
    if (writer && !pg_changes_add(&w->changes, number))
        writer = 0;
    (void)snprintf(notice, PG_NOTICE_MAX, "NOTIFY " CHANGES ", '%" PRIu64 ".%" PRIu64 "'", writer,
                   number);
    return number;
}

/* The other nodes whose lease runs. NULL, or not tuples: who knows. */
static PGresult *ask_for_peers(const struct pg_watch *w, PGconn *conn)
{
    static const char sql[] = "SELECT id, GREATEST(" ENDS_MS " - " NOW_MS ", 0) FROM node "
                              "WHERE " ENDS_MS " > " NOW_MS " AND id <> CAST($1 AS BIGINT)";
    char id[24];
    const char *args[] = {id};
    bool in_vain = false;

    (void)snprintf(id, sizeof(id), "%" PRId64, atomic_load(&w->id));
    return pg_answer(conn, PQsendQueryParams(conn, sql, COUNT(args), NULL, args, NULL, NULL, 0),
                     &w->silent, &in_vain);
}

/* No lease that began before can last longer than a whole one, whatever the row says. Node 0, whom
 * nobody is, stands for all that are not known. */
static size_t read_peers(const PGresult *result, struct pg_peer peers[PG_PEERS_MAX])
{
    const uint64_t whole_ms = PG_LEASE_MS + PG_MARGIN_MS;
    bool known = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) <= PG_PEERS_MAX;
    size_t count = 0;

    if (!known)
        peers[count++] = (struct pg_peer){.node = 0, .left_ms = (int64_t)whole_ms};
    for (int row = 0; known && row < PQntuples(result); row++) {
        uint64_t node = 0, left_ms = whole_ms;

        (void)str_u64(str_of(PQgetvalue(result, row, 0)), INT64_MAX, &node);
        (void)str_u64(str_of(PQgetvalue(result, row, 1)), whole_ms, &left_ms);
        peers[count++] = (struct pg_peer){.node = node, .left_ms = (int64_t)left_ms};
    }
    return count;
}

void pg_watch_await(struct pg_watch *w, PGconn *conn, uint64_t number)
{
    struct pg_peer peers[PG_PEERS_MAX];
    PGresult *result;
    size_t count;

    (void)move(w);
    if (!w->name)
        return;
    result = ask_for_peers(w, conn);
    count = read_peers(result, peers);
    PQclear(result);
    pg_changes_wait(&w->changes, number, peers, count);
    pg_changes_remove(&w->changes, number);
}

void pg_watch_drop(struct pg_watch *w, uint64_t number, bool unknown)
{
    uint64_t last = atomic_load(&w->unknown_number);

    if (unknown) {
        /* If it is committed after this, its notification moves the generation. If that has been
         * heard before this, it was committed before. */
        while (last < number && !atomic_compare_exchange_weak(&w->unknown_number, &last, number))
            continue;
        (void)move(w);
    }
    pg_changes_remove(&w->changes, number);
}
