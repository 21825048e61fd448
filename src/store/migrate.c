/* migrate.c: what the database has (table schema_version) against what this program knows. */
#include "store/migrate.h"

#include <assert.h>

#include "base/clock.h"
#include "store/db_engine.h"
#include "store/statements.h"

enum { NEWEST, RECORD };
static const struct stmt stmts[] = {
    [NEWEST] = {"schema_version_newest", "SELECT COALESCE(MAX(version), 0) FROM schema_version", "",
                "i"},
    [RECORD] = {"schema_version_record",
                "INSERT INTO schema_version (version, name, applied_ms) VALUES ($1, $2, $3)", "iti",
                ""},
};
const struct stmt_list migrate_statements = {stmts, COUNT(stmts)};

static const char create_table[] = "CREATE TABLE IF NOT EXISTS schema_version ("
                                   "version INTEGER NOT NULL PRIMARY KEY, "
                                   "name TEXT NOT NULL, applied_ms BIGINT NOT NULL)";

static int64_t newest_known(const struct migration *list)
{
    int n = 0;

    for (; list[n].version; n++)
        assert(list[n].version == n + 1);
    return n;
}

static enum err_code newest_applied(struct tx *tx, int64_t *ret_version, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[NEWEST], DB_NO_ARGS, &rows, err);

    if (code == OK)
        *ret_version = rows_int(rows, 0);
    return code;
}

/* Looks without waiting for writers: the usual start has nothing to do. A failure means that
 * the slow way must find out more: on a fresh database the table is not there yet. */
static bool is_current(struct db *db, int64_t known)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t applied = 0;

    return tx_begin(db, TX_READ, &tx, NULL) == OK && newest_applied(tx, &applied, NULL) == OK &&
           applied == known;
}

static enum err_code apply(struct tx *tx, const struct migration *m, struct err *err)
{
    struct err cause = {0};
    enum err_code code = tx_script(tx, m->sql[tx->db->engine->dialect], &cause);

    if (code)
        return fail(err, code, "migration %03d_%s: %s", m->version, m->name, cause.msg);
    return db_exec(tx, &stmts[RECORD],
                   DB_ARGS(db_int(m->version), db_text(str_of(m->name)), db_int(clock_now_ms())),
                   NULL, err);
}

/* One step. What is applied is asked anew each time: another process may have been at it. */
static enum err_code migrate_step(struct db *db, const struct migration *list, bool *ret_done,
                                  struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t applied = 0, known = newest_known(list);
    enum err_code code = tx_begin(db, TX_WRITE, &tx, err);

    if (code == OK)
        code = tx_script(tx, create_table, err);
    if (code == OK)
        code = newest_applied(tx, &applied, err);
    if (code)
        return code;
    if (applied > known)
        return fail(err, ERR_INVALID,
                    "the database has schema version %lld, this program knows versions up to %lld: "
                    "it was written by a newer program",
                    (long long)applied, (long long)known);
    *ret_done = applied == known;
    if (*ret_done)
        return OK; /* nothing was changed that a commit would have to keep */
    code = apply(tx, &list[applied], err);
    return code ? code : tx_commit(&tx, err);
}

enum err_code migrate(struct db *db, const struct migration *list, struct err *err)
{
    bool done = is_current(db, newest_known(list));
    enum err_code code = OK;

    while (code == OK && !done)
        code = migrate_step(db, list, &done, err);
    return code;
}
