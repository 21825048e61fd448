/* What only PostgreSQL does: many writers at once, and connections that come and go. */
#include "pg_fixture.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "store/db_pg.h"

enum { PUT, ADD, GET, SUM, COUNT_ALL, PID, SLEEP, TYPO };
static const struct stmt stmts[] = {
    [PUT] = {"put", "INSERT INTO scratch (k, n) VALUES ($1, $2)", "ti", ""},
    [ADD] = {"add", "UPDATE scratch SET n = n + 1 WHERE k = $1", "t", ""},
    [GET] = {"get", "SELECT n FROM scratch WHERE k = 'a'", "", "i"},
    [SUM] = {"sum", "SELECT CAST(SUM(n) AS BIGINT) FROM scratch", "", "i"},
    [COUNT_ALL] = {"count_all", "SELECT COUNT(*) FROM scratch", "", "i"},
    [PID] = {"pid", "SELECT pg_backend_pid()", "", "i"},
    [SLEEP] = {"sleep", "SELECT 1 FROM pg_sleep(60)", "", "i"},
    [TYPO] = {"typo", "SELECT nothing", "", "i"},
};

static enum err_code put(struct fixture *f, struct tx *tx, const char *k, int64_t n)
{
    return db_exec(tx, &stmts[PUT], DB_ARGS(db_text(str_of(k)), db_int(n)), NULL, &f->err);
}

static enum err_code add(struct fixture *f, struct tx *tx, const char *k)
{
    return db_exec(tx, &stmts[ADD], DB_ARGS(db_text(str_of(k))), NULL, &f->err);
}

static int64_t number(struct fixture *f, struct tx *tx, const struct stmt *s)
{
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(tx, s, DB_NO_ARGS, &rows, &f->err));
    return rows_int(rows, 0);
}

/* What a transaction of its own sees. */
static int64_t number_now(struct fixture *f, const struct stmt *s)
{
    struct tx *tx = begin(f, TX_READ);
    int64_t n = number(f, tx, s);

    tx_endp(&tx);
    return n;
}

/* The same database, opened once more. */
static void open_beside(const struct fixture *f, const struct db_options *options,
                        struct fixture *ret)
{
    *ret = *f;
    must(ret, db_open_bare(fixture_url(f), false, options, &ret->db, &ret->err));
}

static void wait_until(struct fixture *f, const char *sql, const char *expected)
{
    int64_t until_ms = clock_now_ms() + 20000;

    while (!str_eq(pg_aside_run(f, sql), str_of(expected))) {
        assert_true(clock_now_ms() < until_ms);
        (void)usleep(2000);
    }
}

/* Connections that wait for a lock of any kind. */
#define WAITING                                                                                    \
    "SELECT COUNT(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "                             \
    "WHERE NOT granted AND datname = current_database()"

static void kill_connection(struct fixture *f, int64_t pid)
{
    const char *sql = str_fmt(f->mem, "SELECT pg_terminate_backend(%d)", (int)pid).ptr;

    assert_str(pg_aside_run(f, sql), "t");
    sql = str_fmt(f->mem, "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = %d", (int)pid).ptr;
    wait_until(f, sql, "0");
}

/* For tests in which somebody waits for somebody else, on a machine that may stand still. */
static struct fixture *patient_fixture(void **state)
{
    struct fixture *f = pg_fixture(state);

    db_pg_set_wait(f->db, 60000);
    return f;
}

/* --- parts --------------------------------------------------------------------------------- */

struct writer {
    struct fixture f;
    const char *part; /* NULL: everything */
    struct str lock;  /* that it shares */
    pthread_t thread;
    int64_t seen; /* of "a", before one was added */
};

static void *add_one(void *arg)
{
    struct writer *w = arg;
    struct tx *tx = w->part ? begin_part(&w->f, w->part) : begin(&w->f, TX_WRITE);

    must(&w->f, tx_share(tx, w->lock, &w->f.err));
    w->seen = number(&w->f, tx, &stmts[GET]);
    must(&w->f, add(&w->f, tx, "a"));
    commit(&w->f, &tx);
    return NULL;
}

/* Returns when it waits. */
static void start_writer(struct writer *w, struct fixture *f, const char *part, struct str lock)
{
    *w = (struct writer){.f = *f, .part = part, .lock = lock};
    assert_int_equal(pthread_create(&w->thread, NULL, add_one, w), 0);
    wait_until(f, WAITING, "1");
}

static void assert_saw(struct writer *w, int64_t n)
{
    assert_int_equal(pthread_join(w->thread, NULL), 0);
    assert_int_equal(w->seen, n);
}

static void parts_are_written_at_the_same_time(void **state)
{
    struct fixture *f = pg_fixture(state);
    struct tx *a = begin_part(f, "alice"), *b = begin_part(f, "bob");

    must(f, put(f, a, "a", 1));
    must(f, put(f, b, "b", 1));
    commit(f, &b);
    assert_int_equal(number(f, a, &stmts[COUNT_ALL]), 2);  /* as soon as it is committed */
    assert_int_equal(number_now(f, &stmts[COUNT_ALL]), 1); /* nor do readers wait */
    commit(f, &a);
    assert_int_equal(number_now(f, &stmts[COUNT_ALL]), 2);
}

static void one_part_is_written_in_turns_in_upper_and_lower_case(void **state)
{
    struct fixture *f = patient_fixture(state);
    struct tx *tx = begin_part(f, "Alice-B");
    struct writer w;

    must(f, put(f, tx, "a", 7));
    start_writer(&w, f, "aLICE-b", S(""));
    commit(f, &tx);
    assert_saw(&w, 7);
    tx = begin_part(f, "alice-b");
    must(f, add(f, tx, "a"));
    start_writer(&w, f, "ALICE-B", S(""));
    tx_endp(&tx);
    assert_saw(&w, 8);
}

static void everything_is_written_when_no_part_is(void **state)
{
    struct fixture *f = patient_fixture(state);
    struct tx *a = begin_part(f, "alice"), *b = begin_part(f, "bob");
    struct writer w;

    must(f, put(f, a, "a", 1));
    start_writer(&w, f, NULL, S(""));
    commit(f, &a);
    assert_str(pg_aside_run(f, WAITING), "1"); /* for bob */
    must(f, add(f, b, "a"));
    commit(f, &b);
    assert_saw(&w, 2);
    a = begin(f, TX_WRITE);
    start_writer(&w, f, "alice", S(""));
    assert_int_equal(number_now(f, &stmts[COUNT_ALL]), 1); /* readers do not wait */
    commit(f, &a);
    assert_saw(&w, 3);
}

static void who_waits_too_long_for_a_turn_is_told(void **state)
{
    struct fixture *f = pg_fixture(state);
    uint64_t start = clock_mono_us();
    struct tx *a = begin_part(f, "alice"), *b = begin_part(f, "bob");

    tx_endp(&a); /* two connections to be used again */
    tx_endp(&b);
    db_pg_set_wait(f->db, 50);
    a = begin_part(f, "alice");
    assert_int_equal(tx_begin_part(f->db, S("ALICE"), &b, &f->err), ERR_BUSY);
    assert_string_equal(f->err.msg, "database: canceling statement due to lock timeout (begin)");
    assert_int_equal(tx_begin(f->db, TX_WRITE, &b, &f->err), ERR_BUSY);
    assert_in_range(clock_mono_us() - start, 99000, 5000000);
    b = begin_part(f, "bob"); /* who waited in vain keeps no lock */
    tx_endp(&b);
    tx_endp(&a);
}

/* --- locks --------------------------------------------------------------------------------- */

static bool claims(struct fixture *f, struct tx *tx, const char *name)
{
    bool claimed = false;

    must(f, tx_claim(tx, str_of(name), &claimed, &f->err));
    return claimed;
}

static void what_somebody_shares_or_claims_nobody_else_claims(void **state)
{
    struct fixture *f = pg_fixture(state);
    struct tx *a = begin_part(f, "alice"), *b = begin_part(f, "bob"), *c = begin_part(f, "carol");

    must(f, tx_share(a, S("x"), &f->err));
    must(f, tx_share(b, S("x"), &f->err));
    assert_false(claims(f, c, "x"));
    assert_false(claims(f, b, "x"));
    assert_true(claims(f, c, "X"));     /* another name */
    assert_true(claims(f, c, "alice")); /* parts are no names of locks */
    commit(f, &a);
    assert_true(claims(f, b, "x"));
    assert_false(claims(f, c, "x"));
    tx_endp(&b);
    assert_true(claims(f, c, "x"));
    tx_endp(&c);
}

static void who_shares_waits_while_somebody_else_claims(void **state)
{
    struct fixture *f = patient_fixture(state);
    struct tx *a = begin_part(f, "alice"), *c;
    struct writer w;

    must(f, put(f, a, "a", 5));
    assert_true(claims(f, a, "x"));
    start_writer(&w, f, "bob", S("x"));
    commit(f, &a);
    assert_saw(&w, 5); /* what was committed under the claim */
    db_pg_set_wait(f->db, 50);
    a = begin_part(f, "alice");
    c = begin_part(f, "carol");
    assert_true(claims(f, a, "x"));
    assert_int_equal(tx_share(c, S("x"), &f->err), ERR_BUSY);
    assert_string_equal(f->err.msg, "database: canceling statement due to lock timeout (share)");
    assert_int_equal(tx_commit(&c, &f->err), ERR_IO);
    tx_endp(&a);
}

/* Takes the row "b", then "a". */
static void *take_rows(void *arg)
{
    struct writer *w = arg;
    struct tx *tx = begin_part(&w->f, w->part);

    must(&w->f, add(&w->f, tx, "b"));
    w->seen = add(&w->f, tx, "a");
    if (w->seen == OK)
        commit(&w->f, &tx);
    tx_endp(&tx);
    return NULL;
}

static void two_in_each_others_way_are_one_that_goes_on_and_one_collision(void **state)
{
    struct fixture *f = patient_fixture(state);
    struct writer w = {.f = *f, .part = "bob"};
    struct tx *tx = begin_part(f, "alice");
    enum err_code code;

    must(f, put(f, tx, "a", 0));
    must(f, put(f, tx, "b", 0));
    commit(f, &tx);
    tx = begin_part(f, "alice");
    must(f, add(f, tx, "a"));
    assert_int_equal(pthread_create(&w.thread, NULL, take_rows, &w), 0);
    wait_until(f, WAITING, "1");
    code = add(f, tx, "b");
    if (code == OK)
        commit(f, &tx);
    tx_endp(&tx);
    assert_int_equal(pthread_join(w.thread, NULL), 0);
    assert_true((code == OK && w.seen == ERR_COLLISION) || (code == ERR_COLLISION && !w.seen));
    assert_string_equal((code ? f : &w.f)->err.msg, "database: deadlock detected (add)");
    tx = begin_part(f, "alice"); /* the other is undone, and may be tried again */
    assert_int_equal(number(f, tx, &stmts[GET]), 1);
    assert_int_equal(number(f, tx, &stmts[SUM]), 2);
    tx_endp(&tx);
}

/* --- statements and commits ---------------------------------------------------------------- */

static void statement_that_takes_too_long_is_ended(void **state)
{
    struct fixture *f = pg_fixture(state), o;
    const struct db_options options = {.statement_ms = 500, .connections = 1};
    struct rows *rows = NULL;
    struct tx *tx;
    int64_t pid;

    open_beside(f, &options, &o);
    pid = number_now(&o, &stmts[PID]);
    for (int i = 0; i < 2; i++) {
        tx = begin(&o, TX_WRITE);
        assert_int_equal(db_one(tx, &stmts[SLEEP], DB_NO_ARGS, &rows, &o.err), ERR_BUSY);
        assert_string_equal(o.err.msg,
                            "database: canceling statement due to statement timeout (sleep)");
        tx_endp(&tx);
        assert_int_equal(number_now(&o, &stmts[PID]), pid); /* the connection is as good as new */
        tx = begin(&o, TX_WRITE);
        must(&o, tx_script(tx, "SELECT pg_sleep(0.8)", &o.err)); /* migrations take their time */
        commit(&o, &tx);
    }
    db_close(o.db);
}

static void connection_is_used_again_unless_something_unexpected_happened(void **state)
{
    struct fixture *f = pg_fixture(state);
    int64_t pid = number_now(f, &stmts[PID]);
    struct tx *tx = begin(f, TX_WRITE);
    struct rows *rows = NULL;

    must(f, put(f, tx, "a", 1));
    assert_int_equal(put(f, tx, "a", 2), ERR_CONFLICT);
    tx_endp(&tx);
    assert_int_equal(number_now(f, &stmts[PID]), pid);
    tx = begin(f, TX_READ);
    assert_int_equal(db_one(tx, &stmts[TYPO], DB_NO_ARGS, &rows, &f->err), ERR_IO);
    tx_endp(&tx);
    assert_int_not_equal(number_now(f, &stmts[PID]), pid);
}

static void commit_that_the_database_refuses_is_told(void **state)
{
    struct fixture *f = pg_fixture(state);
    uint64_t before;
    struct tx *tx;

    run_script(f, "ALTER TABLE scratch ADD UNIQUE (n) DEFERRABLE INITIALLY DEFERRED");
    before = db_generation(f->db);
    tx = begin(f, TX_WRITE);
    must(f, put(f, tx, "a", 1));
    must(f, put(f, tx, "b", 1));
    assert_int_equal(tx_commit(&tx, &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.msg, "database: duplicate key value violates unique constraint "
                                    "\"scratch_n_key\" (commit)");
    tx = begin(f, TX_WRITE);
    must(f, put(f, tx, "a", 1));
    assert_int_equal(tx->db->engine->script(tx, "SELECT nothing", &f->err), ERR_IO);
    assert_int_equal(tx_commit(&tx, &f->err), ERR_IO); /* the server calls it a success */
    assert_string_equal(f->err.msg, "database: the transaction had failed before its end");
    assert_int_equal(number_now(f, &stmts[COUNT_ALL]), 0);
    assert_int_equal(db_generation(f->db), before);
}

static void quiet_commit_moves_the_generation_of_no_node(void **state)
{
    static const struct db_options options = {.node = "other"};
    struct fixture *f = pg_fixture(state), o;
    uint64_t before, before_there;
    struct tx *tx;

    open_beside(f, &options, &o);
    wait_for_trust(o.db);
    before = db_generation(f->db);
    before_there = db_generation(o.db);
    for (int i = 0; i < 3; i++) {
        tx = begin(f, TX_WRITE);
        must(f, put(f, tx, i == 0 ? "a" : i == 1 ? "b" : "c", 1));
        if (i < 2)
            tx_quiet(tx);
        commit(f, &tx);
        assert_int_equal(db_generation(f->db), before + (i == 2));
        assert_int_equal(db_generation(o.db), before_there + (i == 2)); /* told in this order */
    }
    db_close(o.db);
}

/* --- connections --------------------------------------------------------------------------- */

static void no_more_connections_are_used_than_may_be(void **state)
{
    static const struct db_options options = {.connections = 2};
    struct fixture *f = pg_fixture(state), o;
    struct tx *one, *two, *three = NULL;
    uint64_t start;

    open_beside(f, &options, &o);
    db_pg_set_wait(o.db, 100);
    one = begin(&o, TX_READ);
    two = begin_part(&o, "alice");
    start = clock_mono_us();
    assert_int_equal(tx_begin(o.db, TX_READ, &three, &o.err), ERR_BUSY);
    assert_in_range(clock_mono_us() - start, 99000, 5000000);
    assert_string_equal(o.err.msg, "database: all 2 connections are busy");
    assert_null(three);
    tx_endp(&one);
    one = begin(&o, TX_READ);
    tx_endp(&one);
    tx_endp(&two);
    db_close(o.db);
}

static void connections_that_died_while_idle_are_replaced_unseen(void **state)
{
    struct fixture *f = pg_fixture(state), o;
    AUTO(fd_closep) int fd = memfd_create("log", MFD_CLOEXEC);
    const struct log log = {.fd = fd, .level = LOG_DEBUG};
    const struct db_options options = {.log = &log};
    char text[4096] = "", *told;
    int64_t pids[3];
    struct tx *tx[3];

    open_beside(f, &options, &o);
    for (size_t i = 0; i < COUNT(tx); i++) {
        tx[i] = begin(&o, i ? TX_READ : TX_WRITE);
        pids[i] = number(&o, tx[i], &stmts[PID]);
    }
    for (size_t i = 0; i < COUNT(tx); i++)
        tx_endp(&tx[i]);
    for (size_t i = 0; i < COUNT(tx); i++)
        kill_connection(f, pids[i]);
    for (size_t i = 0; i < COUNT(tx); i++) {
        tx[i] = begin(&o, i ? TX_READ : TX_WRITE);
        assert_int_equal(number(&o, tx[i], &stmts[COUNT_ALL]), 0);
    }
    for (size_t i = 0; i < COUNT(tx); i++)
        tx_endp(&tx[i]);
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    told = strstr(text, "event=db_connection_replaced");
    assert_true(told && !strstr(told + 1, "event=")); /* the others are not even tried */
    db_close(o.db);
}

static void transaction_whose_connection_dies_is_undone(void **state)
{
    struct fixture *f = pg_fixture(state);
    uint64_t before = db_generation(f->db);
    struct tx *tx = begin_part(f, "alice");

    must(f, put(f, tx, "a", 1));
    kill_connection(f, number(f, tx, &stmts[PID]));
    assert_int_equal(add(f, tx, "a"), ERR_BUSY);
    assert_int_equal(tx_commit(&tx, &f->err), ERR_IO);
    assert_int_equal(db_generation(f->db), before);
    tx = begin_part(f, "alice");
    must(f, put(f, tx, "a", 1));
    kill_connection(f, number(f, tx, &stmts[PID]));
    assert_int_equal(tx_commit(&tx, &f->err), ERR_BUSY);
    assert_true(str_starts(str_of(f->err.msg), S("the connection broke during the commit, nobody "
                                                 "knows whether it was done: database: ")));
    assert_int_not_equal(db_generation(f->db), before); /* it may have been */
    tx = begin_part(f, "alice");                        /* what they held is free */
    assert_int_equal(number(f, tx, &stmts[COUNT_ALL]), 0);
    commit(f, &tx);
}

static void password_of_the_url_is_in_no_message(void **state)
{
    static const char *const rests[] = {"", "&dbname=no_such_db", "&host=/nowhere", "&port=sesame"};
    struct fixture *f = pg_fixture(state);
    struct db *db = NULL;

    for (size_t i = 0; i < COUNT(rests); i++) {
        struct str url = pg_url_with(f, f->url, str_fmt(f->mem, "password=sesame%s", rests[i]).ptr);
        enum err_code code = db_open(url, false, NULL, &db, &f->err);

        if (code == OK && i == 0) { /* whoever asks is let in */
            db_closep(&db);
            continue;
        }
        assert_int_equal(code, i == 3 ? ERR_INVALID : ERR_BUSY);
        assert_null(db);
        assert_null(strstr(f->err.msg, "sesame"));
        if (i == 0)
            assert_non_null(strstr(f->err.msg, "password authentication failed"));
    }
}

static void each_failed_allocation_is_reported(void **state)
{
    struct fixture *f = pg_fixture(state);
    enum err_code code = ERR_NOMEM;
    long n = 0;

    db_closep(&f->db); /* nobody else may ask for memory */
    while (code) {
        struct db *db = NULL;
        struct tx *tx = NULL;

        mem_fail_at(++n);
        code = db_open_bare(fixture_url(f), false, NULL, &db, &f->err);
        if (code == OK)
            code = tx_begin_part(db, S("alice"), &tx, &f->err);
        if (code == OK)
            code = tx_share(tx, S("x"), &f->err);
        if (code == OK)
            code = put(f, tx, "a", 1);
        if (code == OK)
            code = tx_commit(&tx, &f->err);
        mem_fail_at(0);
        tx_endp(&tx);
        db_closep(&db);
        assert_true(code == OK || code == ERR_NOMEM);
    }
    assert_true(n > 5);
    must(f, db_open_bare(fixture_url(f), false, NULL, &f->db, &f->err));
    assert_int_equal(number_now(f, &stmts[COUNT_ALL]), 1);
}

/* A server that answers the first 8 bytes of a client with one. */
struct doorman {
    int listener;
    char answer, heard[8];
    pthread_t thread;
};

static void *answer_one(void *arg)
{
    struct doorman *d = arg;
    AUTO(fd_closep) int fd = accept(d->listener, NULL, NULL);
    char more;

    if (recv(fd, d->heard, sizeof(d->heard), MSG_WAITALL) == sizeof(d->heard))
        (void)send(fd, &d->answer, 1, MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    while (recv(fd, &more, 1, 0) > 0) /* until the client has gone */
        ;
    return NULL;
}

/* Opens a database there, in vain. */
static struct err knock(struct doorman *d, const char *parameters)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    struct db *db = NULL;
    struct err err = {0};
    char url[200];

    d->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(d->listener, (const struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(d->listener, 5), 0);
    assert_int_equal(getsockname(d->listener, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(url, sizeof(url), "postgres://u:sesame@127.0.0.1:%u/d?gssencmode=disable&%s",
                   ntohs(at.sin_port), parameters);
    assert_int_equal(pthread_create(&d->thread, NULL, answer_one, d), 0);
    assert_int_equal(db_open(str_of(url), false, NULL, &db, &err), ERR_BUSY);
    assert_null(strstr(err.msg, "sesame"));
    assert_int_equal(pthread_join(d->thread, NULL), 0);
    (void)close(d->listener);
    return err;
}

#define ASKS_FOR_TLS "\0\0\0\x08\x04\xd2\x16\x2f"

static void url_says_how_tls_is_used(void **state)
{
    struct doorman d = {.answer = 'N'};
    struct err err;

    (void)state;
    err = knock(&d, "sslmode=require");
    assert_memory_equal(d.heard, ASKS_FOR_TLS, 8);
    assert_non_null(strstr(err.msg, "server does not support SSL, but SSL was required"));
    err = knock(&d, "sslmode=disable");
    assert_memory_equal(d.heard + 4, "\0\3\0", 4); /* begins to speak without */
    d.answer = 'S';
    err = knock(&d, "sslmode=verify-full&sslrootcert=/nowhere/ca.pem");
    assert_memory_equal(d.heard, ASKS_FOR_TLS, 8);
    assert_non_null(strstr(err.msg, "root certificate file \"/nowhere/ca.pem\" does not exist"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PG(parts_are_written_at_the_same_time),
        WITH_PG(one_part_is_written_in_turns_in_upper_and_lower_case),
        WITH_PG(everything_is_written_when_no_part_is),
        WITH_PG(who_waits_too_long_for_a_turn_is_told),
        WITH_PG(what_somebody_shares_or_claims_nobody_else_claims),
        WITH_PG(who_shares_waits_while_somebody_else_claims),
        WITH_PG(two_in_each_others_way_are_one_that_goes_on_and_one_collision),
        WITH_PG(statement_that_takes_too_long_is_ended),
        WITH_PG(connection_is_used_again_unless_something_unexpected_happened),
        WITH_PG(commit_that_the_database_refuses_is_told),
        WITH_PG(quiet_commit_moves_the_generation_of_no_node),
        WITH_PG(no_more_connections_are_used_than_may_be),
        WITH_PG(connections_that_died_while_idle_are_replaced_unseen),
        WITH_PG(transaction_whose_connection_dies_is_undone),
        WITH_PG(password_of_the_url_is_in_no_message),
        WITH_PG(each_failed_allocation_is_reported),
        cmocka_unit_test(url_says_how_tls_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
