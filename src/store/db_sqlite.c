/* db_sqlite.c: the SQLite engine: one writer, a pool of readers, and a watch on the generation.
 *
 * Locks: `turn` guards the writer connection, `pool_lock` the idle readers, `watch_lock` the watch
 * connection. A thread that holds the writer may take watch_lock (at its commit); no other two
 * are held together. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/db_sqlite_conn.h"
#include "store/turn.h"

#define READERS_MAX       64
#define WATCH_INTERVAL_MS 100

struct sqlite {
    struct db base;
    char *path;

    struct turn turn;    /* held by the write transaction */
    struct conn *writer; /* of whoever holds turn */

    pthread_mutex_t pool_lock;
    pthread_cond_t reader_back; /* with pool_lock */
    struct conn *idle;          /* pool_lock */
    int readers;                /* pool_lock: idle or not */

    pthread_mutex_t watch_lock;
    struct conn *watch;           /* watch_lock */
    int64_t version_seen;         /* watch_lock: PRAGMA data_version */
    _Atomic int64_t watch_due_ms; /* coarse clock */
    _Atomic uint64_t generation;
};

static struct sqlite *sqlite_of(struct db *db)
{
    return (struct sqlite *)db;
}

static struct conn *conn_of(struct tx *tx)
{
    return (struct conn *)tx;
}

/* --- the generation ------------------------------------------------------------------------ */

/* data_version changes when another connection, of any process, has committed. */
static const struct stmt data_version = {"data_version", "PRAGMA data_version", "", "i"};

static int64_t coarse_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* By whoever holds c: for the watch, with watch_lock. */
static bool read_version(struct conn *c, int64_t *ret_version)
{
    struct prepared *p = NULL;
    bool got = false;

    if (conn_take(c, &data_version, &p, NULL))
        return false;
    if (sqlite3_step(p->handle) == SQLITE_ROW) {
        *ret_version = sqlite3_column_int64(p->handle, 0);
        got = true;
    }
    conn_give(p);
    return got;
}

/* Unless the watch lock is taken: then another thread is at it. */
static void watch_others(struct sqlite *db, int64_t now)
{
    int64_t version = 0;
    bool known;

    if (pthread_mutex_trylock(&db->watch_lock))
        return;
    known = read_version(db->watch, &version);
    /* Not knowing counts as a change: caches that trust an unseen state could grant too much. */
    if (!known || version != db->version_seen)
        atomic_fetch_add(&db->generation, 1);
    if (known)
        db->version_seen = version;
    atomic_store(&db->watch_due_ms, now + WATCH_INTERVAL_MS);
    pthread_mutex_unlock(&db->watch_lock);
}

/* The version is read, and the watch kept away, while the writer still has its turn: so that the
 * watch does not take our commit for one of others. Counts even if the commit failed, because the
 * failure may have come after the change was seen by others. */
static enum err_code commit_changes(struct sqlite *db, struct conn *c, struct err *err)
{
    int64_t version = 0;
    enum err_code code;

    pthread_mutex_lock(&db->watch_lock);
    code = conn_run(c, "COMMIT", err);
    if (read_version(db->watch, &version))
        db->version_seen = version;
    atomic_fetch_add(&db->generation, 1);
    pthread_mutex_unlock(&db->watch_lock);
    return code;
}

/* The same for changes that concern no cache. The watch must not take our commit for one of others,
 * nor hide one of others behind ours. Before our commit it can have seen only theirs. After it, the
 * writer's own version tells: it does not move with what the writer itself commits. */
static enum err_code commit_quietly(struct sqlite *db, struct conn *c, struct err *err)
{
    int64_t version = 0, before = 0, after = 0;
    enum err_code code;
    bool others;

    pthread_mutex_lock(&db->watch_lock);
    others = !read_version(c, &before) || !read_version(db->watch, &version) ||
             version != db->version_seen;
    code = conn_run(c, "COMMIT", err);
    if (read_version(db->watch, &version))
        db->version_seen = version;
    others = !read_version(c, &after) || after != before || others;
    if (others)
        atomic_fetch_add(&db->generation, 1);
    pthread_mutex_unlock(&db->watch_lock);
    return code;
}

static uint64_t sqlite_generation(struct db *base)
{
    struct sqlite *db = sqlite_of(base);
    int64_t now = coarse_now_ms();

    if (now >= atomic_load_explicit(&db->watch_due_ms, memory_order_relaxed))
        watch_others(db, now);
    return atomic_load(&db->generation);
}

/* --- opening ------------------------------------------------------------------------------- */

static void sqlite_close(struct db *base)
{
    struct sqlite *db = sqlite_of(base);

    while (db->idle) {
        struct conn *c = db->idle;

        db->idle = c->next;
        db->readers--;
        conn_close(c);
    }
    assert(db->readers == 0);
    conn_close(db->watch);
    conn_close(db->writer); /* last: it brings the write-ahead log into the database */
    turn_done(&db->turn);
    pthread_mutex_destroy(&db->pool_lock);
    pthread_cond_destroy(&db->reader_back);
    pthread_mutex_destroy(&db->watch_lock);
    mem_free(db->path);
    mem_free(db);
}

static void sqlite_closep(struct sqlite **db)
{
    if (*db)
        sqlite_close(&(*db)->base);
}

/* For us alone, whatever the umask; SQLite gives its other files the same mode. Only ever done to
 * a new file: closing a descriptor of a database that is in use drops the locks of this process. */
static enum err_code create_file(const char *path, struct err *err)
{
    AUTO(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno != EEXIST)
        return fail_errno(err, "database \"%s\"", path);
    return OK;
}

static struct sqlite *sqlite_new(struct str path)
{
    struct sqlite *db = mem_new(struct sqlite);

    if (!db)
        return NULL;
    db->base.engine = &db_sqlite;
    turn_init(&db->turn);
    pthread_mutex_init(&db->pool_lock, NULL);
    turn_cond_init(&db->reader_back);
    pthread_mutex_init(&db->watch_lock, NULL);
    atomic_store(&db->generation, 1);
    db->path = mem_dup(path.ptr, path.len);
    return db;
}

static enum err_code sqlite_open(struct str path, bool create, const struct db_options *options,
                                 struct db **ret_db, struct err *err)
{
    AUTO(sqlite_closep) struct sqlite *db = NULL;
    enum err_code code = OK;

    (void)options;
    /* ":memory:" would be another database for each connection. */
    if (path.len == 0 || path.ptr[0] == ':' || str_has(path, '\0'))
        return fail(err, ERR_INVALID, "\"sqlite://" STR_FMT "\" does not name a file",
                    STR_ARG(path));
    db = sqlite_new(path);
    if (!db || !db->path)
        return fail(err, ERR_NOMEM, "out of memory");
    if (create)
        code = create_file(db->path, err);
    if (code == OK)
        code = conn_open(db->path, CONN_WRITE, &db->writer, err);
    if (code == OK)
        code = conn_open(db->path, CONN_WATCH, &db->watch, err);
    if (code)
        return code;
    watch_others(db, coarse_now_ms()); /* the first look */
    *ret_db = &TAKE(db)->base;
    return OK;
}

/* --- transactions -------------------------------------------------------------------------- */

/* An idle reader, or leave to open one (*ret_conn NULL). False: none came free in time. */
static bool reader_take(struct sqlite *db, struct conn **ret_conn)
{
    int64_t deadline = turn_now_ms() + DB_LOCK_TIMEOUT_MS;
    bool in_time = true;
    struct conn *c;

    pthread_mutex_lock(&db->pool_lock);
    while (!db->idle && db->readers == READERS_MAX && in_time)
        in_time = turn_cond_wait(&db->reader_back, &db->pool_lock, deadline);
    c = db->idle;
    if (c) {
        db->idle = c->next;
        in_time = true;
    } else if (in_time) {
        db->readers++;
    }
    pthread_mutex_unlock(&db->pool_lock);
    *ret_conn = c;
    return in_time;
}

/* c NULL: the one that was to be opened could not be. */
static void reader_give(struct sqlite *db, struct conn *c)
{
    pthread_mutex_lock(&db->pool_lock);
    if (c) {
        c->next = db->idle;
        db->idle = c;
    } else {
        db->readers--;
    }
    pthread_cond_signal(&db->reader_back);
    pthread_mutex_unlock(&db->pool_lock);
}

static enum err_code begin_read(struct sqlite *db, struct tx **ret_tx, struct err *err)
{
    struct conn *c = NULL;
    enum err_code code = OK;

    if (!reader_take(db, &c))
        return fail(err, ERR_BUSY, "database: all %d readers are busy", READERS_MAX);
    if (!c)
        code = conn_open(db->path, CONN_READ, &c, err);
    /* The snapshot is taken by the first statement that reads. */
    if (code == OK)
        code = conn_run(c, "BEGIN", err);
    if (code)
        reader_give(db, c);
    else
        *ret_tx = &c->tx;
    return code;
}

static enum err_code begin_write(struct sqlite *db, struct tx **ret_tx, struct err *err)
{
    struct conn *c;
    enum err_code code;

    if (!turn_take(&db->turn, DB_LOCK_TIMEOUT_MS))
        return fail(err, ERR_BUSY, "database: waited too long for other writers");
    c = db->writer;
    code = conn_run(c, "BEGIN IMMEDIATE", err);
    if (code) {
        turn_give(&db->turn);
        return code;
    }
    c->changes_before = sqlite3_total_changes64(c->sqlite);
    c->altered = false;
    *ret_tx = &c->tx;
    return OK;
}

static enum err_code sqlite_begin(struct db *base, enum tx_mode mode, struct str part,
                                  struct tx **ret_tx, struct err *err)
{
    struct sqlite *db = sqlite_of(base);

    (void)part; /* whatever it is about, it is alone */
    return mode == TX_READ ? begin_read(db, ret_tx, err) : begin_write(db, ret_tx, err);
}

static bool has_changes(const struct conn *c)
{
    return c->altered || sqlite3_total_changes64(c->sqlite) != c->changes_before;
}

static enum err_code sqlite_end(struct tx *tx, bool commit, struct err *err)
{
    struct sqlite *db = sqlite_of(tx->db);
    struct conn *c = conn_of(tx);
    enum err_code code = OK;

    if (commit && tx->mode == TX_WRITE && has_changes(c))
        code = tx->quiet ? commit_quietly(db, c, err) : commit_changes(db, c, err);
    else if (commit)
        code = conn_run(c, "COMMIT", err);
    /* Some failures have rolled back already, then there is nothing to roll back here. */
    if (!sqlite3_get_autocommit(c->sqlite))
        (void)sqlite3_exec(c->sqlite, "ROLLBACK", NULL, NULL, NULL);
    assert(sqlite3_get_autocommit(c->sqlite));
    if (tx->mode == TX_READ)
        reader_give(db, c);
    else
        turn_give(&db->turn);
    return code;
}

/* A write transaction has everything to itself. */
static enum err_code sqlite_lock(struct tx *tx, struct str name, bool alone, bool *ret_got,
                                 struct err *err)
{
    (void)tx, (void)name, (void)alone, (void)err;
    *ret_got = true;
    return OK;
}

/* --- statements ---------------------------------------------------------------------------- */

struct sqlite_rows {
    struct rows base;
    struct prepared *prepared;
    struct db_val cols[];
};

static enum err_code sqlite_script(struct tx *tx, const char *sql, struct err *err)
{
    conn_of(tx)->altered = true;
    return conn_run(conn_of(tx), sql, err);
}

static enum err_code sqlite_check(struct tx *tx, const struct stmt *s, struct err *err)
{
    return conn_check(conn_of(tx), s, err);
}

static int bind(sqlite3_stmt *handle, int at, const struct db_val *v)
{
    const char *ptr = v->s.ptr ? v->s.ptr : ""; /* no pointer would be NULL, not the empty text */

    switch (v->type) {
    case DB_INT:
        return sqlite3_bind_int64(handle, at, v->i);
    case DB_TEXT:
        return sqlite3_bind_text64(handle, at, ptr, v->s.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    case DB_BYTES:
        return sqlite3_bind_blob64(handle, at, ptr, v->s.len, SQLITE_TRANSIENT);
    case DB_NULL:
        break;
    }
    return sqlite3_bind_null(handle, at);
}

static enum err_code sqlite_query(struct tx *tx, const struct stmt *s, const struct db_val *args,
                                  bool many, struct rows **ret_rows, struct err *err)
{
    struct conn *c = conn_of(tx);
    size_t ncols = strlen(s->cols), nparams = strlen(s->params);
    struct sqlite_rows *r;
    struct prepared *p = NULL;
    enum err_code code;

    (void)many; /* rows always come one by one */
    code = conn_take(c, s, &p, err);
    if (code)
        return code;
    for (size_t i = 0; i < nparams; i++)
        if (bind(p->handle, (int)i + 1, &args[i])) {
            code = conn_fail(c, s->name, err);
            conn_give(p);
            return code;
        }
    r = mem_get(sizeof(*r) + ncols * sizeof(r->cols[0]));
    if (!r) {
        conn_give(p);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    r->base = (struct rows){.tx = tx, .stmt = s, .ncols = ncols, .cols = r->cols};
    r->prepared = p;
    *ret_rows = &r->base;
    return OK;
}

/* A column as its letter says. False: out of memory, or NULL where the signature has none. */
static bool fetch(sqlite3_stmt *h, int col, char letter, struct db_val *ret)
{
    struct db_val v = {.type = DB_NULL};

    if (sqlite3_column_type(h, col) == SQLITE_NULL) {
        *ret = v;
        return letter < 'a';
    }
    switch (letter | 0x20) {
    case 'i':
        v = db_int(sqlite3_column_int64(h, col));
        break;
    case 't':
        v = db_text((struct str){.ptr = (const char *)sqlite3_column_text(h, col)});
        break;
    default:
        v = db_bytes((struct str){.ptr = sqlite3_column_blob(h, col)});
        break;
    }
    if (v.type != DB_INT) {
        v.s.len = (size_t)sqlite3_column_bytes(h, col);
        if (!v.s.ptr && v.s.len == 0 && v.type == DB_BYTES)
            v.s.ptr = ""; /* that is how SQLite gives an empty blob */
    }
    *ret = v;
    return v.type == DB_INT || v.s.ptr;
}

static bool row_failed(struct sqlite_rows *r, struct conn *c, int col)
{
    if (sqlite3_errcode(c->sqlite) == SQLITE_NOMEM)
        (void)fail(&r->base.err, ERR_NOMEM, "out of memory");
    else
        (void)fail(&r->base.err, ERR_IO, "database: column %d of %s is NULL", col,
                   r->base.stmt->name);
    return false;
}

static bool sqlite_next(struct rows *base)
{
    struct sqlite_rows *r = (struct sqlite_rows *)base;
    struct conn *c = conn_of(base->tx);
    sqlite3_stmt *h = r->prepared->handle;
    int rc = sqlite3_step(h);

    if (rc == SQLITE_DONE) {
        base->changes = sqlite3_stmt_readonly(h) ? 0 : sqlite3_changes64(c->sqlite);
        return false;
    }
    if (rc != SQLITE_ROW) {
        (void)conn_fail(c, base->stmt->name, &base->err);
        return false;
    }
    for (size_t i = 0; i < base->ncols; i++)
        if (!fetch(h, (int)i, base->stmt->cols[i], &r->cols[i]))
            return row_failed(r, c, (int)i);
    return true;
}

static void sqlite_done(struct rows *base)
{
    struct sqlite_rows *r = (struct sqlite_rows *)base;

    conn_give(r->prepared);
    mem_free(r);
}

/* --- numbers ------------------------------------------------------------------------------- */

/* SQLite makes this table by itself, with the first AUTOINCREMENT. */
static const struct stmt last_id = {"sqlite_last_id",
                                    "SELECT seq FROM sqlite_sequence WHERE name = $1", "t", "i"};
static const struct stmt forget_id = {"sqlite_forget_id",
                                      "DELETE FROM sqlite_sequence WHERE name = $1", "t", ""};
static const struct stmt set_id = {
    "sqlite_set_id", "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", "ti", ""};

static enum err_code sqlite_last_id(struct tx *tx, const char *table, int64_t *ret_id,
                                    struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &last_id, DB_ARGS(db_text(str_of(table))), &rows, err);

    *ret_id = code == OK ? rows_int(rows, 0) : 0;
    return code == ERR_NOT_FOUND ? OK : code;
}

static enum err_code sqlite_set_last_id(struct tx *tx, const char *table, int64_t id,
                                        struct err *err)
{
    struct str name = str_of(table);
    enum err_code code = db_exec(tx, &forget_id, DB_ARGS(db_text(name)), NULL, err);

    return code ? code : db_exec(tx, &set_id, DB_ARGS(db_text(name), db_int(id)), NULL, err);
}

const struct db_engine db_sqlite = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .generation = sqlite_generation,
    .begin = sqlite_begin,
    .end = sqlite_end,
    .lock = sqlite_lock,
    .script = sqlite_script,
    .last_id = sqlite_last_id,
    .set_last_id = sqlite_set_last_id,
    .check = sqlite_check,
    .query = sqlite_query,
    .next = sqlite_next,
    .done = sqlite_done,
};
