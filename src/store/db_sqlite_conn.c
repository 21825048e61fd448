/* db_sqlite_conn.c: how connections are set up, how statements are kept, what failures mean. */
#include "store/db_sqlite_conn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/turn.h"

/* --- failures ------------------------------------------------------------------------------ */

static enum err_code code_of(sqlite3 *sqlite, int rc)
{
    int os = sqlite3_system_errno(sqlite);

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_FULL:
        return ERR_NO_SPACE;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_TOOBIG:
        return ERR_TOO_BIG;
    case SQLITE_IOERR:
        return os == ENOSPC || os == EDQUOT ? ERR_NO_SPACE : ERR_IO;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       rc == SQLITE_CONSTRAINT_ROWID
                   ? ERR_CONFLICT
                   : ERR_INVALID;
    default:
        return ERR_IO;
    }
}

enum err_code conn_fail(struct conn *c, const char *what, struct err *err)
{
    int rc = sqlite3_extended_errcode(c->sqlite);

    return fail(err, code_of(c->sqlite, rc), "database: %s (%s)", sqlite3_errmsg(c->sqlite), what);
}

enum err_code conn_run(struct conn *c, const char *sql, struct err *err)
{
    return sqlite3_exec(c->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? OK
                                                                       : conn_fail(c, sql, err);
}

/* --- opening ------------------------------------------------------------------------------- */

/* The text of the only row of a pragma equals want. */
static bool pragma_is(struct conn *c, const char *sql, const char *want)
{
    sqlite3_stmt *s = NULL;
    bool is = sqlite3_prepare_v2(c->sqlite, sql, -1, &s, NULL) == SQLITE_OK &&
              sqlite3_step(s) == SQLITE_ROW &&
              str_eq(str_of((const char *)sqlite3_column_text(s, 0)), str_of(want));

    sqlite3_finalize(s);
    return is;
}

/* Two processes that make a fresh file a WAL database at once exclude each other without waiting
 * (SQLite sees a possible deadlock and does not call its busy handler): wait here. */
static enum err_code use_wal(struct conn *c, struct err *err)
{
    int64_t deadline = turn_now_ms() + DB_LOCK_TIMEOUT_MS;

    while (!pragma_is(c, "PRAGMA journal_mode=WAL", "wal")) {
        int rc = sqlite3_errcode(c->sqlite) & 0xff;

        if (rc == SQLITE_BUSY && turn_now_ms() < deadline) {
            (void)usleep(5000); /* woken early: tries early */
            continue;
        }
        if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
            return fail(err, ERR_IO, "its file system cannot share memory between processes");
        return conn_fail(c, "journal_mode", err);
    }
    return OK;
}

/* mmap: reads without copies, shared by all connections; the own cache then holds little but the
 * pages being changed. secure_delete: nothing here is secret (tokens are kept as hashes). */
static const char settings[] = "PRAGMA synchronous=FULL;"
                               "PRAGMA foreign_keys=ON;"
                               "PRAGMA secure_delete=OFF;"
                               "PRAGMA trusted_schema=OFF;"
                               "PRAGMA mmap_size=268435456;"
                               "PRAGMA cache_size=-1024;"
                               "PRAGMA journal_size_limit=67108864;";

static enum err_code set_up(struct conn *c, enum conn_use use, struct err *err)
{
    enum err_code code;

    (void)sqlite3_extended_result_codes(c->sqlite, 1);
    (void)sqlite3_busy_timeout(c->sqlite, DB_LOCK_TIMEOUT_MS);
    (void)sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    code = use_wal(c, err);
    if (code == OK)
        code = conn_run(c, settings, err);
    if (code == OK && use != CONN_WRITE)
        code = conn_run(c, "PRAGMA query_only=ON", err);
    if (code == OK && use == CONN_WATCH)
        (void)sqlite3_busy_timeout(c->sqlite, 0);
    return code;
}

enum err_code conn_open(const char *path, enum conn_use use, struct conn **ret_conn,
                        struct err *err)
{
    struct conn *c = mem_new(struct conn);
    struct err cause = {0};
    enum err_code code;

    if (!c)
        return fail(err, ERR_NOMEM, "out of memory");
    if (access(path, F_OK) != 0)
        code = fail(&cause, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s", strerrordesc_np(errno));
    else if (sqlite3_open_v2(path, &c->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL))
        code = c->sqlite ? conn_fail(c, "open", &cause) : fail(&cause, ERR_NOMEM, "out of memory");
    else
        code = set_up(c, use, &cause);
    if (code) {
        conn_close(c);
        return fail(err, code, "database \"%s\": %s", path, cause.msg);
    }
    *ret_conn = c;
    return OK;
}

void conn_close(struct conn *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CONN_PREPARED_MAX; i++)
        if (c->prepared[i]) {
            assert(!c->prepared[i]->busy);
            c->prepared[i]->kept = false;
            conn_give(c->prepared[i]);
        }
    sqlite3_close(c->sqlite);
    mem_free(c);
}

/* --- statements ---------------------------------------------------------------------------- */

static enum err_code disagree(const struct stmt *s, const char *what, struct err *err)
{
    return fail(err, ERR_INVALID, "database: statement %s does not agree with its signature: %s",
                s->name, what);
}

/* SQLite numbers $1, $2 ... by first appearance, whatever the digits say. Statements keep to that
 * order, so that arguments are bound by position on every engine. */
static enum err_code agree(const struct stmt *s, sqlite3_stmt *handle, struct err *err)
{
    int nparams = (int)strlen(s->params);

    if (sqlite3_bind_parameter_count(handle) != nparams)
        return disagree(s, "number of parameters", err);
    for (int i = 1; i <= nparams; i++) {
        char want[16];

        (void)snprintf(want, sizeof(want), "$%d", i);
        if (!str_eq(str_of(sqlite3_bind_parameter_name(handle, i)), str_of(want)))
            return disagree(s, "parameters do not first appear in order", err);
    }
    if (sqlite3_column_count(handle) != (int)strlen(s->cols))
        return disagree(s, "number of columns", err);
    return OK;
}

static enum err_code prepare(struct conn *c, const struct stmt *s, sqlite3_stmt **ret_handle,
                             struct err *err)
{
    sqlite3_stmt *handle = NULL;
    enum err_code code;

    if (sqlite3_prepare_v3(c->sqlite, s->sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL))
        return conn_fail(c, s->name, err);
    code = agree(s, handle, err);
    if (code)
        sqlite3_finalize(handle);
    else
        *ret_handle = handle;
    return code;
}

enum err_code conn_check(struct conn *c, const struct stmt *s, struct err *err)
{
    sqlite3_stmt *handle = NULL;
    enum err_code code = prepare(c, s, &handle, err);

    if (code == OK)
        sqlite3_finalize(handle);
    return code;
}

/* The place of s in the table, or the empty one where it belongs. */
static struct prepared **place_of(struct conn *c, const struct stmt *s)
{
    size_t i = ((uintptr_t)s / sizeof(struct stmt)) % CONN_PREPARED_MAX;

    while (c->prepared[i] && c->prepared[i]->stmt != s)
        i = (i + 1) % CONN_PREPARED_MAX;
    return &c->prepared[i];
}

enum err_code conn_take(struct conn *c, const struct stmt *s, struct prepared **ret_prepared,
                        struct err *err)
{
    struct prepared **place = place_of(c, s);
    struct prepared *p = *place;
    enum err_code code;

    if (p && !p->busy) {
        p->busy = true;
        *ret_prepared = p;
        return OK;
    }
    p = mem_new(struct prepared);
    if (!p)
        return fail(err, ERR_NOMEM, "out of memory");
    *p = (struct prepared){.stmt = s, .busy = true};
    code = prepare(c, s, &p->handle, err);
    if (code) {
        mem_free(p);
        return code;
    }
    /* A query within a query of the same statement gets one of its own; so does everything past
     * three quarters, that searches in the table always end. */
    if (!*place && c->prepared_count < CONN_PREPARED_MAX * 3 / 4) {
        p->kept = true;
        *place = p;
        c->prepared_count++;
    }
    *ret_prepared = p;
    return OK;
}

void conn_give(struct prepared *p)
{
    p->busy = false;
    if (p->kept) {
        (void)sqlite3_reset(p->handle); /* repeats the failure of the last step, told already */
        (void)sqlite3_clear_bindings(p->handle);
        return;
    }
    (void)sqlite3_finalize(p->handle); /* likewise */
    mem_free(p);
}
