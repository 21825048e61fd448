/* db_pg.c: the PostgreSQL engine: a pool of connections, and advisory locks in place of the one
 * writer of SQLite.
 *
 * Write transactions run READ COMMITTED under locks that are taken right after BEGIN, so that each
 * of their statements sees what was committed by those that had the locks before. */
#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include "store/db_pg.h"

#include <assert.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/db_pg_conn.h"
#include "store/db_pg_pool.h"
#include "store/db_pg_rows.h"
#include "store/db_pg_url.h"
#include "store/db_pg_watch.h"

#define CONNECTIONS_DEFAULT  24
#define STATEMENT_MS_DEFAULT 60000

struct pg {
    struct db base;
    struct pg_settings settings;
    struct pg_pool pool;
    struct pg_watch *watch;
    const struct log *log; /* may be NULL */
};

static struct pg *pg_of(struct db *db)
{
    return (struct pg *)db;
}

static struct pg_conn *conn_of(struct tx *tx)
{
    return (struct pg_conn *)tx;
}

/* --- opening ------------------------------------------------------------------------------- */

static void pg_close(struct db *base)
{
    struct pg *db = pg_of(base);

    pg_watch_close(db->watch);
    pg_pool_done(&db->pool);
    mem_free(db->settings.conninfo);
    mem_free(db);
}

static void pg_closep(struct pg **db)
{
    if (*db)
        pg_close(&(*db)->base);
}

static enum err_code read_url(struct pg *db, struct str where, struct err *err)
{
    AUTO(buf_done) struct buf url = BUF_INIT(MIB);

    buf_addz(&url, "postgresql://");
    buf_add(&url, where);
    return buf_ok(&url) ? pg_url_complete(buf_str(&url), &db->settings.conninfo, err)
                        : fail(err, ERR_NOMEM, "out of memory");
}

/* A first connection shows whether there is a database that can be used. */
static enum err_code connect_first(struct pg *db, struct err *err)
{
    struct pg_conn *c = NULL;
    bool got = pg_pool_take(&db->pool, &c);
    enum err_code code;

    assert(got && !c); /* nobody else has begun */
    (void)got;
    code = pg_conn_open(&db->settings, &c, err);
    pg_pool_give(&db->pool, c);
    return code;
}

static enum err_code pg_open(struct str where, bool create, const struct db_options *options,
                             struct db **ret_db, struct err *err)
{
    AUTO(pg_closep) struct pg *db = mem_new(struct pg);
    enum err_code code;

    (void)create; /* databases are made by those who run the server */
    if (!db)
        return fail(err, ERR_NOMEM, "out of memory");
    db->base.engine = &db_pg;
    db->log = options->log;
    db->settings.statement_ms =
        options->statement_ms ? options->statement_ms : STATEMENT_MS_DEFAULT;
    db->settings.lock_ms = DB_LOCK_TIMEOUT_MS;
    pg_pool_init(&db->pool, options->connections ? options->connections : CONNECTIONS_DEFAULT,
                 DB_LOCK_TIMEOUT_MS);
    code = read_url(db, where, err);
    if (code == OK)
        code = connect_first(db, err);
    if (code == OK)
        code = pg_watch_open(db->settings.conninfo, options->node, options->log, &db->watch, err);
    if (code == OK) {
        db->settings.silent = pg_watch_silent(db->watch);
        *ret_db = &TAKE(db)->base;
    }
    return code;
}

void db_pg_set_wait(struct db *base, int wait_ms)
{
    struct pg *db = pg_of(base);

    db->settings.lock_ms = wait_ms;
    pg_pool_set_wait(&db->pool, wait_ms);
    pg_pool_drop_idle(&db->pool); /* those have the old setting */
}

static uint64_t pg_generation(struct db *base)
{
    return pg_watch_generation(pg_of(base)->watch);
}

/* --- locks --------------------------------------------------------------------------------- */

/* PostgreSQL knows such locks by numbers: 64 bits of a digest, so that two names are never one. */
static enum err_code lock_key(const char *kind, struct str name, int64_t *ret_key, struct err *err)
{
    AUTO(buf_done) struct buf full = BUF_INIT(64 * KIB);
    uint8_t digest[SHA256_LEN];
    uint64_t key = 0;

    buf_addf(&full, "terrarium/%s/", kind);
    buf_add(&full, name);
    if (!buf_ok(&full))
        return fail(err, ERR_NOMEM, "out of memory");
    digest_sha256(buf_str(&full), digest);
    for (int i = 0; i < 8; i++)
        key = key << 8 | digest[i];
    *ret_key = (int64_t)key;
    return OK;
}

/* Logins are the same in upper and lower case. */
static enum err_code part_key(struct str part, int64_t *ret_key, struct err *err)
{
    AUTO(buf_done) struct buf lower = BUF_INIT(64 * KIB);

    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];

        buf_addc(&lower, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
    }
    return buf_ok(&lower) ? lock_key("part", buf_str(&lower), ret_key, err)
                          : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code pg_lock(struct tx *tx, struct str name, bool alone, bool *ret_got,
                             struct err *err)
{
    char sql[100];
    int64_t key = 0;
    enum err_code code = lock_key("lock", name, &key, err);

    if (code)
        return code;
    (void)snprintf(sql, sizeof(sql), "SELECT pg_%sadvisory_xact_lock%s('%lld'::bigint)",
                   alone ? "try_" : "", alone ? "" : "_shared", (long long)key);
    if (alone)
        return pg_conn_ask(conn_of(tx), sql, "claim", ret_got, err);
    code = pg_conn_run(conn_of(tx), sql, "share", err);
    if (code == OK)
        *ret_got = true;
    return code;
}

/* --- transactions -------------------------------------------------------------------------- */

#define BEGIN_MAX 300

/* BEGIN and the locks, for one trip to the server. Everybody takes the lock of all, so that who
 * takes it alone is alone. */
static enum err_code begin_text(enum tx_mode mode, struct str part, char sql[BEGIN_MAX],
                                struct err *err)
{
    static const char write[] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    int64_t all = 0, own = 0;
    enum err_code code;

    if (mode == TX_READ) {
        (void)snprintf(sql, BEGIN_MAX, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        return OK;
    }
    code = lock_key("all", S(""), &all, err);
    if (code == OK && part.ptr)
        code = part_key(part, &own, err);
    if (code)
        return code;
    if (part.ptr)
        (void)snprintf(sql, BEGIN_MAX,
                       "%s; SELECT pg_advisory_xact_lock_shared('%lld'::bigint); "
                       "SELECT pg_advisory_xact_lock('%lld'::bigint)",
                       write, (long long)all, (long long)own);
    else
        (void)snprintf(sql, BEGIN_MAX, "%s; SELECT pg_advisory_xact_lock('%lld'::bigint)", write,
                       (long long)all);
    return OK;
}

static void tell_lost(const struct pg *db, const struct err *why)
{
    if (db->log)
        log_err(db->log, LOG_DEBUG, "db_connection_replaced", why);
}

/* *at: an idle one, or NULL. One that died while it was idle (the server was restarted, a firewall
 * forgot it) is replaced, once: nothing had been begun on it. The others that are idle have seen
 * no better times. */
static enum err_code begin_on(struct pg *db, struct pg_conn **at, const char *sql, struct err *err)
{
    struct err why = {0};
    enum err_code code;

    if (*at) {
        code = pg_conn_run(*at, sql, "begin", &why);
        if (!pg_conn_lost(*at) || (*at)->abandoned) { /* a new one would not be answered either */
            if (code && err)
                *err = why;
            return code;
        }
        tell_lost(db, &why);
        pg_conn_close(TAKE(*at));
        pg_pool_drop_idle(&db->pool);
    }
    code = pg_conn_open(&db->settings, at, err);
    return code ? code : pg_conn_run(*at, sql, "begin", err);
}

/* Rolls back what is open, and keeps no connection whose state nobody knows. */
static void give_back(struct pg *db, struct pg_conn *c)
{
    bool open = c && !pg_conn_lost(c) && PQtransactionStatus(c->pq) != PQTRANS_IDLE;

    if (open && pg_conn_run(c, "ROLLBACK", "rollback", NULL))
        c->spoiled = true;
    if (c && !pg_conn_reusable(c)) {
        pg_conn_close(c);
        c = NULL;
    }
    pg_pool_give(&db->pool, c);
}

static enum err_code pg_begin(struct db *base, enum tx_mode mode, struct str part,
                              struct tx **ret_tx, struct err *err)
{
    struct pg *db = pg_of(base);
    struct pg_conn *c = NULL;
    char sql[BEGIN_MAX];
    enum err_code code = begin_text(mode, part, sql, err);

    if (code)
        return code;
    if (!pg_pool_take(&db->pool, &c))
        return fail(err, ERR_BUSY, "database: all %d connections are busy", db->pool.max);
    code = begin_on(db, &c, sql, err);
    if (code) {
        give_back(db, c);
        return code;
    }
    c->changed = false;
    c->cursors = 0;
    *ret_tx = &c->tx;
    return OK;
}

static enum err_code commit(struct pg_conn *c, const char *sql, struct err *err)
{
    struct err why = {0};
    enum err_code code;

    /* The server would answer the COMMIT by a rollback, and call that a success. */
    if (PQtransactionStatus(c->pq) == PQTRANS_INERROR)
        return fail(err, ERR_IO, "database: the transaction had failed before its end");
    code = pg_conn_run(c, sql, "commit", &why);
    if (code == OK || !pg_conn_lost(c)) {
        if (code && err)
            *err = why;
        return code;
    }
    return fail(err, ERR_BUSY,
                "the connection broke during the commit, nobody knows whether it was done: %s",
                why.msg);
}

static enum err_code commit_changes(struct pg *db, struct pg_conn *c, struct err *err)
{
    char notice[PG_NOTICE_MAX], sql[PG_NOTICE_MAX + sizeof("; COMMIT")];
    uint64_t number = pg_watch_announce(db->watch, notice);
    enum err_code code;

    (void)snprintf(sql, sizeof(sql), "%s; COMMIT", notice);
    code = commit(c, sql, err);
    if (code)
        pg_watch_drop(db->watch, number, /* unknown= */ pg_conn_lost(c));
    else
        pg_watch_await(db->watch, c->pq, number);
    return code;
}

static enum err_code pg_end(struct tx *tx, bool commits, struct err *err)
{
    struct pg *db = pg_of(tx->db);
    struct pg_conn *c = conn_of(tx);
    enum err_code code = OK;

    if (commits && c->changed && !tx->quiet)
        code = commit_changes(db, c, err);
    else if (commits)
        code = commit(c, "COMMIT", err);
    give_back(db, c);
    return code;
}

/* --- statements ---------------------------------------------------------------------------- */

/* A migration takes what time it takes. */
static enum err_code pg_script(struct tx *tx, const char *sql, struct err *err)
{
    struct pg_conn *c = conn_of(tx);
    enum err_code code = pg_conn_run(c, "SET LOCAL statement_timeout = 0", "script", err);

    c->changed = true;
    return code ? code : pg_conn_run(c, sql, "script", err);
}

static enum err_code pg_check(struct tx *tx, const struct stmt *s, struct err *err)
{
    return pg_conn_check(conn_of(tx), s, err);
}

/* --- numbers ------------------------------------------------------------------------------- */

static const struct stmt last_id = {
    "pg_last_id",
    "SELECT COALESCE(pg_sequence_last_value(CAST(pg_get_serial_sequence($1, 'id') AS regclass)), "
    "0)",
    "t", "i"};
static const struct stmt set_id = {
    "pg_set_id",
    "SELECT setval(CAST(pg_get_serial_sequence($1, 'id') AS regclass), GREATEST($2, 1), $2 > 0)",
    "ti", "i"};

static enum err_code pg_last_id(struct tx *tx, const char *table, int64_t *ret_id, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &last_id, DB_ARGS(db_text(str_of(table))), &rows, err);

    if (code == OK)
        *ret_id = rows_int(rows, 0);
    return code;
}

static enum err_code pg_set_last_id(struct tx *tx, const char *table, int64_t id, struct err *err)
{
    return db_exec(tx, &set_id, DB_ARGS(db_text(str_of(table)), db_int(id)), NULL, err);
}

const struct db_engine db_pg = {
    .scheme = "postgresql",
    .alias = "postgres",
    .dialect = DIALECT_PG,
    .open = pg_open,
    .close = pg_close,
    .generation = pg_generation,
    .begin = pg_begin,
    .end = pg_end,
    .lock = pg_lock,
    .script = pg_script,
    .last_id = pg_last_id,
    .set_last_id = pg_set_last_id,
    .check = pg_check,
    .query = pg_rows_open,
    .next = pg_rows_next,
    .done = pg_rows_done,
};
