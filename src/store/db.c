/* db.c: the part of the database that is the same for every engine: who may call what when. */
#include "store/db.h"

#include <assert.h>
#include <errno.h>

#include "base/fs.h"
#include "store/db_engine.h"
#include "store/migrate.h"

static const struct db_engine *const engines[] = {&db_sqlite, &db_pg};

/* A call that breaks its contract is a mistake in this program: going on could write nonsense. */
static _Noreturn void misuse(const struct stmt *s, const char *what)
{
    (void)fprintf(stderr, "statement %s: %s\n", s->name, what);
    abort();
}

/* --- opening ------------------------------------------------------------------------------- */

/* Is the URL "scheme://where"? */
static bool is_of(struct str url, const char *scheme, struct str *ret_where)
{
    struct str rest = str_from(url, str_of(scheme).len);

    if (!scheme || !str_starts(url, str_of(scheme)) || !str_starts(rest, S("://")))
        return false;
    *ret_where = str_from(rest, strlen("://"));
    return true;
}

enum err_code db_open_bare(struct str url, bool create, const struct db_options *options,
                           struct db **ret_db, struct err *err)
{
    static const struct db_options defaults = {0};

    for (size_t i = 0; i < COUNT(engines); i++) {
        struct str where;

        if (is_of(url, engines[i]->scheme, &where) || is_of(url, engines[i]->alias, &where))
            return engines[i]->open(where, create, options ? options : &defaults, ret_db, err);
    }
    /* It may still hold a password. */
    if (str_has(url, '@'))
        return fail(err, ERR_INVALID, "the URL is not that of a database of a known kind");
    return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not the URL of a database of a known kind",
                STR_ARG(url));
}

static enum err_code check_statements(struct db *db, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code code = tx_begin(db, TX_READ, &tx, err);

    for (size_t l = 0; code == OK && all_statements[l]; l++)
        for (size_t i = 0; code == OK && i < all_statements[l]->count; i++)
            code = db->engine->check(tx, &all_statements[l]->stmts[i], err);
    return code;
}

enum err_code db_open(struct str url, bool create, const struct db_options *options,
                      struct db **ret_db, struct err *err)
{
    AUTO(db_closep) struct db *db = NULL;
    enum err_code code = db_open_bare(url, create, options, &db, err);

    if (code == OK)
        code = migrate(db, migrations, err);
    if (code == OK)
        code = check_statements(db, err);
    if (code == OK)
        *ret_db = TAKE(db);
    return code;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    assert(atomic_load(&db->transactions) == 0);
    db->engine->close(db);
}

void db_closep(struct db **db)
{
    db_close(*db);
    *db = NULL;
}

uint64_t db_generation(struct db *db)
{
    return db->engine->generation(db);
}

/* --- transactions -------------------------------------------------------------------------- */

static enum err_code begin(struct db *db, enum tx_mode mode, struct str part, struct tx **ret_tx,
                           struct err *err)
{
    struct tx *tx = NULL;
    enum err_code code = db->engine->begin(db, mode, part, &tx, err);

    if (code)
        return code;
    atomic_fetch_add(&db->transactions, 1);
    tx->magic = TX_MAGIC;
    tx->db = db;
    tx->mode = mode;
    tx->failed = false;
    tx->quiet = false;
    tx->open_rows = 0;
    *ret_tx = tx;
    return OK;
}

enum err_code tx_begin(struct db *db, enum tx_mode mode, struct tx **ret_tx, struct err *err)
{
    return begin(db, mode, (struct str){0}, ret_tx, err);
}

enum err_code tx_begin_part(struct db *db, struct str part, struct tx **ret_tx, struct err *err)
{
    assert(part.len); /* else it would be a transaction of everything */
    return begin(db, TX_WRITE, part, ret_tx, err);
}

static enum err_code lock(struct tx *tx, struct str name, bool alone, bool *ret_got,
                          struct err *err)
{
    enum err_code code;

    assert(tx->magic == TX_MAGIC && tx->mode == TX_WRITE);
    if (tx->failed)
        return fail(err, ERR_IO, "an earlier statement of the transaction failed (lock)");
    code = tx->db->engine->lock(tx, name, alone, ret_got, err);
    tx->failed = code != OK;
    return code;
}

enum err_code tx_share(struct tx *tx, struct str name, struct err *err)
{
    bool got;

    return lock(tx, name, false, &got, err);
}

enum err_code tx_claim(struct tx *tx, struct str name, bool *ret_claimed, struct err *err)
{
    return lock(tx, name, true, ret_claimed, err);
}

void tx_quiet(struct tx *tx)
{
    assert(tx->magic == TX_MAGIC && tx->mode == TX_WRITE);
    tx->quiet = true;
}

static enum err_code end(struct tx **at, bool commit, struct err *err)
{
    struct tx *tx = TAKE(*at);

    assert(tx->magic == TX_MAGIC);
    assert(tx->open_rows == 0); /* rows borrow from the transaction: they end first */
    tx->magic = 0;
    atomic_fetch_sub(&tx->db->transactions, 1);
    return tx->db->engine->end(tx, commit, err);
}

/* As the failure that a test wants here, or that of an earlier statement. */
static enum err_code rolled_back(int fault, struct err *err)
{
    errno = fault;
    if (fault == EDEADLK)
        return fail(err, ERR_COLLISION, "the transaction was rolled back: another was in its way");
    return fault
               ? fail_errno(err, "the transaction was rolled back")
               : fail(err, ERR_IO, "the transaction was rolled back: a statement in it had failed");
}

enum err_code tx_commit(struct tx **tx, struct err *err)
{
    enum err_code code;
    bool counts = !(*tx)->quiet; /* tests count the commits of what they ask for */
    int fault = 0;

    if (counts)
        fault = fault_point("db.commit");
    if (fault || (*tx)->failed) {
        (void)end(tx, false, NULL); /* a rollback does not fail */
        return rolled_back(fault, err);
    }
    code = end(tx, true, err);
    if (counts)
        (void)fault_point("db.committed"); /* for KILL only: what is done cannot fail any more */
    return code;
}

void tx_endp(struct tx **tx)
{
    if (*tx)
        (void)end(tx, false, NULL); /* a rollback does not fail */
}

enum err_code tx_script(struct tx *tx, const char *sql, struct err *err)
{
    enum err_code code;

    assert(tx->magic == TX_MAGIC && tx->mode == TX_WRITE && !tx->failed);
    code = tx->db->engine->script(tx, sql, err);
    tx->failed = code != OK;
    return code;
}

enum err_code tx_last_id(struct tx *tx, const char *table, int64_t *ret_id, struct err *err)
{
    assert(tx->magic == TX_MAGIC && !tx->failed);
    return tx->db->engine->last_id(tx, table, ret_id, err);
}

enum err_code tx_set_last_id(struct tx *tx, const char *table, int64_t id, struct err *err)
{
    assert(tx->magic == TX_MAGIC && tx->mode == TX_WRITE && !tx->failed);
    return tx->db->engine->set_last_id(tx, table, id, err);
}

/* --- statements ---------------------------------------------------------------------------- */

static char lower(char letter)
{
    return (char)(letter | 0x20);
}

static bool fits(char letter, const struct db_val *v)
{
    switch (v->type) {
    case DB_NULL:
        return letter != lower(letter);
    case DB_INT:
        return lower(letter) == 'i';
    case DB_TEXT:
        return lower(letter) == 't';
    case DB_BYTES:
        return lower(letter) == 'b';
    }
    return false;
}

static enum err_code check_args(const struct stmt *s, const struct db_val *args, size_t nargs,
                                struct err *err)
{
    if (nargs != strlen(s->params))
        misuse(s, "called with another number of arguments than its signature has");
    for (size_t i = 0; i < nargs; i++) {
        if (!fits(s->params[i], &args[i]))
            misuse(s, "called with an argument of another type than its signature says");
        /* Engines differ in what they do with it, and none keeps it. */
        if (args[i].type == DB_TEXT && str_has(args[i].s, '\0'))
            return fail(err, ERR_INVALID, "text with a NUL cannot be stored (%s)", s->name);
    }
    return OK;
}

static enum err_code query(struct tx *tx, const struct stmt *s, const struct db_val *args,
                           size_t nargs, bool many, struct rows **ret_rows, struct err *err)
{
    enum err_code code;

    assert(tx->magic == TX_MAGIC);
    if (tx->failed)
        return fail(err, ERR_IO, "an earlier statement of the transaction failed (%s)", s->name);
    code = check_args(s, args, nargs, err);
    if (code == OK)
        code = tx->db->engine->query(tx, s, args, many, ret_rows, err);
    if (code)
        tx->failed = true;
    else
        tx->open_rows++;
    return code;
}

enum err_code db_query(struct tx *tx, const struct stmt *s, const struct db_val *args, size_t nargs,
                       struct rows **ret_rows, struct err *err)
{
    return query(tx, s, args, nargs, false, ret_rows, err);
}

enum err_code db_query_long(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, struct rows **ret_rows, struct err *err)
{
    return query(tx, s, args, nargs, true, ret_rows, err);
}

bool rows_next(struct rows *r)
{
    if (r->over)
        return false;
    if (r->tx->db->engine->next(r))
        return true;
    r->over = true;
    if (r->err.code)
        r->tx->failed = true;
    return false;
}

enum err_code rows_error(struct rows *r, struct err *err)
{
    if (r->err.code && err)
        *err = r->err;
    return r->err.code;
}

void rows_endp(struct rows **r)
{
    struct rows *rows = TAKE(*r);

    if (!rows)
        return;
    rows->tx->open_rows--;
    rows->tx->db->engine->done(rows);
}

enum err_code db_exec(struct tx *tx, const struct stmt *s, const struct db_val *args, size_t nargs,
                      int64_t *ret_changes, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_query(tx, s, args, nargs, &rows, err);

    if (code)
        return code;
    while (rows_next(rows))
        ;
    code = rows_error(rows, err);
    if (code == OK && ret_changes)
        *ret_changes = rows->changes;
    return code;
}

enum err_code db_one(struct tx *tx, const struct stmt *s, const struct db_val *args, size_t nargs,
                     struct rows **ret_rows, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_query(tx, s, args, nargs, &rows, err);

    if (code)
        return code;
    if (!rows_next(rows)) {
        code = rows_error(rows, err);
        return code ? code : fail(err, ERR_NOT_FOUND, "not found (%s)", s->name);
    }
    *ret_rows = TAKE(rows);
    return OK;
}

enum err_code db_insert(struct tx *tx, const struct stmt *s, const struct db_val *args,
                        size_t nargs, int64_t *ret_id, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, args, nargs, &rows, err);
    int64_t id;

    if (code)
        return code;
    id = rows_int(rows, 0);
    while (rows_next(rows)) /* to the end: only then is the statement done */
        ;
    code = rows_error(rows, err);
    if (code == OK)
        *ret_id = id;
    return code;
}

/* --- columns ------------------------------------------------------------------------------- */

static const struct db_val *column(struct rows *r, int col, char letter)
{
    assert(!r->over);
    if (col < 0 || (size_t)col >= r->ncols)
        misuse(r->stmt, "read of a column that its signature does not have");
    if (letter && lower(r->stmt->cols[col]) != letter)
        misuse(r->stmt, "read of a column as another type than its signature says");
    return &r->cols[col];
}

int64_t rows_int(struct rows *r, int col)
{
    return column(r, col, 'i')->i;
}

struct str rows_text(struct rows *r, int col)
{
    return column(r, col, 't')->s;
}

struct str rows_bytes(struct rows *r, int col)
{
    return column(r, col, 'b')->s;
}

bool rows_null(struct rows *r, int col)
{
    return column(r, col, 0)->type == DB_NULL;
}
