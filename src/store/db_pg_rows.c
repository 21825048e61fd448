/* db_pg_rows.c: results that are held as a whole, or piece by piece; and their columns. */
#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include "store/db_pg_rows.h"

#include <endian.h>

#include "base/mem.h"
#include "store/db_pg_conn.h"

struct pg_rows {
    struct rows base;
    PGresult *result; /* the piece that is being read */
    int at, count;    /* rows of it */
    unsigned cursor;  /* 0: result is all there is */
    struct db_val cols[];
};

static struct pg_conn *conn_of(struct tx *tx)
{
    return (struct pg_conn *)tx;
}

static void hold(struct pg_rows *r, PGresult *result)
{
    PQclear(r->result);
    r->result = result;
    r->at = 0;
    r->count = PQntuples(result);
}

/* Rows that the statement changed; a SELECT counts too, but changes none. */
static int64_t changes_of(PGresult *result)
{
    uint64_t n = 0;

    if (str_starts(str_of(PQcmdStatus(result)), S("SELECT")) ||
        !str_u64(str_of(PQcmdTuples(result)), INT64_MAX, &n))
        return 0;
    return (int64_t)n;
}

static enum err_code run(struct pg_rows *r, const struct db_val *args, struct err *err)
{
    struct pg_conn *c = conn_of(r->base.tx);
    PGresult *result = NULL;
    enum err_code code = pg_conn_query(c, r->base.stmt, args, &result, err);

    if (code)
        return code;
    hold(r, result);
    r->base.changes = changes_of(result);
    if (r->base.changes)
        c->changed = true;
    return OK;
}

static enum err_code declare(struct pg_rows *r, const struct db_val *args, struct err *err)
{
    struct pg_conn *c = conn_of(r->base.tx);
    unsigned cursor = ++c->cursors;
    PGresult *result = NULL;
    enum err_code code = pg_conn_declare(c, r->base.stmt, args, cursor, err);

    if (code == OK)
        code = pg_conn_fetch(c, r->base.stmt, cursor, &result, err);
    if (code)
        return code;
    hold(r, result);
    r->cursor = cursor;
    return OK;
}

enum err_code pg_rows_open(struct tx *tx, const struct stmt *s, const struct db_val *args,
                           bool many, struct rows **ret_rows, struct err *err)
{
    size_t ncols = strlen(s->cols);
    struct pg_rows *r = mem_get(sizeof(*r) + ncols * sizeof(r->cols[0]));
    enum err_code code;

    if (!r)
        return fail(err, ERR_NOMEM, "out of memory");
    r->base = (struct rows){.tx = tx, .stmt = s, .ncols = ncols, .cols = r->cols};
    code = many ? declare(r, args, err) : run(r, args, err);
    if (code)
        mem_free(r);
    else
        *ret_rows = &r->base;
    return code;
}

/* Integers of any size come with the highest byte first. */
static int64_t int_of(Oid type, const char *bytes)
{
    uint64_t v8;
    uint32_t v4;
    uint16_t v2;

    switch (type) {
    case PG_INT8:
        memcpy(&v8, bytes, sizeof(v8));
        return (int64_t)be64toh(v8);
    case PG_INT4:
        memcpy(&v4, bytes, sizeof(v4));
        return (int32_t)be32toh(v4);
    case PG_INT2:
        memcpy(&v2, bytes, sizeof(v2));
        return (int16_t)be16toh(v2);
    default: /* bool */
        return bytes[0] != 0;
    }
}

static struct db_val value_of(const PGresult *result, int row, int col)
{
    const char *bytes = PQgetvalue(result, row, col);
    struct str s = {bytes, (size_t)PQgetlength(result, row, col)};
    Oid type = PQftype(result, col);

    switch (pg_letter_of(type)) {
    case 'i':
        return db_int(int_of(type, bytes));
    case 't':
        return db_text(s);
    default:
        return db_bytes(s);
    }
}

/* False: NULL where the signature has none. */
static bool read_row(struct pg_rows *r)
{
    struct rows *base = &r->base;

    for (size_t i = 0; i < base->ncols; i++) {
        bool is_null = PQgetisnull(r->result, r->at, (int)i);

        if (is_null && base->stmt->cols[i] >= 'a') {
            (void)fail(&base->err, ERR_IO, "database: column %zu of %s is NULL", i,
                       base->stmt->name);
            return false;
        }
        r->cols[i] = is_null ? db_null() : value_of(r->result, r->at, (int)i);
    }
    r->at++;
    return true;
}

bool pg_rows_next(struct rows *base)
{
    struct pg_rows *r = (struct pg_rows *)base;

    /* A short piece was the last. */
    if (r->at == r->count && r->cursor && r->count == PG_PIECE_ROWS) {
        PGresult *result = NULL;

        if (pg_conn_fetch(conn_of(base->tx), base->stmt, r->cursor, &result, &base->err))
            return false;
        hold(r, result);
    }
    return r->at < r->count && read_row(r);
}

void pg_rows_done(struct rows *base)
{
    struct pg_rows *r = (struct pg_rows *)base;
    struct tx *tx = base->tx;

    if (r->cursor && !tx->failed && pg_conn_undeclare(conn_of(tx), base->stmt, r->cursor, NULL))
        tx->failed = true; /* the next statement and the commit will say so */
    PQclear(r->result);
    mem_free(r);
}
