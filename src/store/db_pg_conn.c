/* db_pg_conn.c: how connections are set up, how statements are run, what failures mean. */
#include "store/db_pg_conn.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/db_pg_answer.h"

#define SERVER_VERSION_MIN 130000
/* For programs that hang with a transaction open: they must not hold up the others for ever. */
#define IDLE_IN_TRANSACTION_MS (10 * 60 * 1000)

/* --- failures ------------------------------------------------------------------------------ */

static bool is_one_of(const char *state, const char *const *list)
{
    for (; *list; list++)
        if (str_eq(str_of(state), str_of(*list)))
            return true;
    return false;
}

enum err_code pg_code_of(const char *state)
{
    static const char *const collisions[] = {
        "40001", /* serialization_failure */
        "40P01", /* deadlock_detected */
        NULL,
    };
    static const char *const busy[] = {
        "55P03", /* lock_not_available: lock_timeout */
        "57014", /* query_canceled: statement_timeout */
        "53300", /* too_many_connections */
        "57P01", /* admin_shutdown */
        "57P02", /* crash_shutdown */
        "57P03", /* cannot_connect_now */
        "57P05", /* idle_session_timeout */
        "25P03", /* idle_in_transaction_session_timeout */
        NULL,
    };
    struct str class = str_sub(str_of(state), 0, 2);

    if (str_eq(str_of(state), S("23505"))) /* unique_violation */
        return ERR_CONFLICT;
    if (str_eq(class, S("23")) || str_eq(class, S("22"))) /* constraint violation, data exception */
        return ERR_INVALID;
    if (is_one_of(state, collisions))
        return ERR_COLLISION;
    if (str_eq(class, S("08")) || is_one_of(state, busy)) /* 08: connection exception */
        return ERR_BUSY;
    if (str_eq(class, S("54"))) /* program_limit_exceeded: too large for an index */
        return ERR_TOO_BIG;
    if (str_eq(str_of(state), S("53100"))) /* disk_full */
        return ERR_NO_SPACE;
    if (str_eq(str_of(state), S("53200"))) /* out_of_memory */
        return ERR_NOMEM;
    return ERR_IO;
}

#define SAID_MAX 300

/* What libpq says, on one line; without its advice, which are the lines that begin with a tab. */
static const char *said(const PGconn *pq, char out[SAID_MAX])
{
    struct str rest = str_of(PQerrorMessage(pq)), line = {0};
    int len = 0;

    out[0] = '\0';
    while (str_next(&rest, '\n', &line) && len < SAID_MAX) {
        int added = 0;

        if (line.len && line.ptr[0] != '\t')
            added = snprintf(out + len, (size_t)(SAID_MAX - len), "%s" STR_FMT, len ? "; " : "",
                             STR_ARG(line));
        len += added > 0 ? added : 0;
    }
    return out;
}

/* Turns the failure of the last call into an error; clears result, which may be NULL. */
static enum err_code failed(struct pg_conn *c, PGresult *result, const char *what, struct err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    enum err_code code;

    if (c->abandoned) {
        code = fail(err, ERR_BUSY, "database: it does not answer (%s)", what);
    } else if (state) {
        code = fail(err, pg_code_of(state), "database: %s (%s)", why ? why : state, what);
    } else {
        char text[SAID_MAX];

        code = fail(err, pg_conn_lost(c) ? ERR_BUSY : ERR_NOMEM, "database: %s (%s)",
                    said(c->pq, text), what);
    }
    /* What is not expected may be this connection's own fault: it has seen another schema, or
     * another server since the last change-over. */
    if (code == ERR_IO)
        c->spoiled = true;
    PQclear(result);
    return code;
}

static bool went_well(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result); /* of NULL: a failure */

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* --- sending ------------------------------------------------------------------------------- */

/* The result of what was sent; NULL: it failed. */
static PGresult *receive(struct pg_conn *c, int sent)
{
    return pg_answer(c->pq, sent, c->settings->silent, &c->abandoned);
}

static PGresult *run_text(struct pg_conn *c, const char *sql)
{
    return receive(c, PQsendQuery(c->pq, sql));
}

/* Ours, of a statement that has a text for each engine. */
static const char *text_of(const struct stmt *s)
{
    const char *mark = strstr(s->sql, DB_APART_MARK);

    return mark ? mark + strlen(DB_APART_MARK) : s->sql;
}

static PGresult *prepare_as(struct pg_conn *c, const char *name, const struct stmt *s,
                            const Oid *types)
{
    return receive(c, PQsendPrepare(c->pq, name, text_of(s), (int)strlen(s->params), types));
}

/* --- statements without parameters --------------------------------------------------------- */

enum err_code pg_conn_run(struct pg_conn *c, const char *sql, const char *what, struct err *err)
{
    PGresult *result = run_text(c, sql);

    if (!went_well(result))
        return failed(c, result, what, err);
    PQclear(result);
    return OK;
}

enum err_code pg_conn_ask(struct pg_conn *c, const char *sql, const char *what, bool *ret_yes,
                          struct err *err)
{
    PGresult *result = run_text(c, sql);

    if (!went_well(result))
        return failed(c, result, what, err);
    assert(PQntuples(result) == 1 && PQnfields(result) == 1);
    *ret_yes = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return OK;
}

/* --- opening ------------------------------------------------------------------------------- */

static void keep_silent(void *arg, const char *message)
{
    (void)arg, (void)message; /* "relation exists, skipping" and the like */
}

static enum err_code refuse_encoding(struct pg_conn *c, const char *whose, struct err *err)
{
    const char *is = PQparameterStatus(c->pq, whose);

    if (is && str_eq(str_of(is), S("UTF8")))
        return OK;
    return fail(err, ERR_INVALID, "database: its %s is %s, and must be UTF8", whose,
                is ? is : "not known");
}

static enum err_code refuse_unfit(struct pg_conn *c, struct err *err)
{
    int version = PQserverVersion(c->pq);
    enum err_code code;

    if (version < SERVER_VERSION_MIN)
        return fail(err, ERR_INVALID, "database: PostgreSQL %d is too old, %d is needed",
                    version / 10000, SERVER_VERSION_MIN / 10000);
    code = refuse_encoding(c, "server_encoding", err);
    return code ? code : refuse_encoding(c, "client_encoding", err);
}

/* Cursors are read to their end: plans that are quick to give a first row are no gain. */
static enum err_code set_up(struct pg_conn *c, const struct pg_settings *settings, struct err *err)
{
    char sql[400];
    bool ascii = false;
    enum err_code code = refuse_unfit(c, err);

    if (code)
        return code;
    (void)snprintf(sql, sizeof(sql),
                   "SET statement_timeout = %d; SET lock_timeout = %d; "
                   "SET idle_in_transaction_session_timeout = %d; SET cursor_tuple_fraction = 1; "
                   "SELECT lower('I') = 'i'",
                   settings->statement_ms, settings->lock_ms, IDLE_IN_TRANSACTION_MS);
    code = pg_conn_ask(c, sql, "settings", &ascii, err);
    if (code)
        return code;
    /* In Turkish it is another letter: then no login could be looked up. */
    return ascii ? OK
                 : fail(err, ERR_INVALID,
                        "database: its locale makes something else than i of a capital I: create "
                        "the database with LC_CTYPE C.UTF-8, or that of another language");
}

enum err_code pg_conn_open(const struct pg_settings *settings, struct pg_conn **ret_conn,
                           struct err *err)
{
    struct pg_conn *c = mem_new(struct pg_conn);
    enum err_code code;

    if (!c)
        return fail(err, ERR_NOMEM, "out of memory");
    c->settings = settings;
    c->pq = PQconnectdb(settings->conninfo);
    if (!c->pq) {
        code = fail(err, ERR_NOMEM, "out of memory");
    } else if (pg_conn_lost(c)) {
        char text[SAID_MAX];

        code = fail(err, ERR_BUSY, "database: %s", said(c->pq, text));
    } else {
        (void)PQsetNoticeProcessor(c->pq, keep_silent, NULL);
        code = set_up(c, settings, err);
    }
    if (code)
        pg_conn_close(c);
    else
        *ret_conn = c;
    return code;
}

void pg_conn_close(struct pg_conn *c)
{
    if (!c)
        return;
    PQfinish(c->pq);
    mem_free(c);
}

bool pg_conn_lost(const struct pg_conn *c)
{
    return c->abandoned || PQstatus(c->pq) != CONNECTION_OK;
}

bool pg_conn_reusable(const struct pg_conn *c)
{
    return !c->spoiled && !pg_conn_lost(c) && PQtransactionStatus(c->pq) == PQTRANS_IDLE;
}

/* --- signatures ---------------------------------------------------------------------------- */

static char lower(char letter)
{
    return (char)(letter | 0x20);
}

char pg_letter_of(Oid type)
{
    switch (type) {
    case PG_INT8:
    case PG_INT4:
    case PG_INT2:
    case PG_BOOL:
        return 'i';
    case PG_TEXT:
    case 19:   /* name */
    case 1042: /* char(n) */
    case 1043: /* varchar */
        return 't';
    case PG_BYTEA:
        return 'b';
    default:
        return 0;
    }
}

static enum err_code disagree(const struct stmt *s, const char *what, struct err *err)
{
    return fail(err, ERR_INVALID, "database: statement %s does not agree with its signature: %s",
                s->name, what);
}

static enum err_code agree_columns(const struct stmt *s, const PGresult *result, struct err *err)
{
    int ncols = (int)strlen(s->cols);

    if (PQnfields(result) != ncols)
        return disagree(s, "number of columns", err);
    for (int i = 0; i < ncols; i++)
        if (pg_letter_of(PQftype(result, i)) != lower(s->cols[i]))
            return disagree(s, "type of a column", err);
    return OK;
}

/* The highest number of a placeholder: the server says nothing about those that are not used. */
static int highest_placeholder(const char *sql)
{
    struct str rest = str_of(sql), before;
    int highest = 0;

    while (str_cut(&rest, '$', &before)) {
        int n = 0;

        for (size_t i = 0; i < rest.len && rest.ptr[i] >= '0' && rest.ptr[i] <= '9' && n < 1000;
             i++)
            n = n * 10 + (rest.ptr[i] - '0');
        if (n > highest)
            highest = n;
    }
    return highest;
}

/* --- statements ---------------------------------------------------------------------------- */

/* Types are said, not guessed: the same for every use of a parameter. */
static void types_of(const struct stmt *s, Oid types[PG_PARAMS_MAX])
{
    assert(strlen(s->params) <= PG_PARAMS_MAX);
    for (size_t i = 0; s->params[i]; i++)
        switch (lower(s->params[i])) {
        case 'i':
            types[i] = PG_INT8;
            break;
        case 't':
            types[i] = PG_TEXT;
            break;
        default:
            types[i] = PG_BYTEA;
            break;
        }
}

/* Arguments in the form that libpq takes them; the bytes stay the caller's. */
struct bound {
    int count;
    Oid types[PG_PARAMS_MAX];
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX], formats[PG_PARAMS_MAX];
    uint64_t ints[PG_PARAMS_MAX];
};

static enum err_code bind(struct bound *b, const struct stmt *s, const struct db_val *args,
                          struct err *err)
{
    types_of(s, b->types);
    b->count = (int)strlen(s->params);
    for (int i = 0; i < b->count; i++) {
        const struct db_val *v = &args[i];

        b->formats[i] = 1; /* binary */
        if (v->type == DB_NULL) {
            b->values[i] = NULL;
            b->lengths[i] = 0;
        } else if (v->type == DB_INT) {
            b->ints[i] = htobe64((uint64_t)v->i);
            b->values[i] = (const char *)&b->ints[i];
            b->lengths[i] = (int)sizeof(b->ints[i]);
        } else if (v->s.len > GIB) { /* the server takes no more */
            return fail(err, ERR_TOO_BIG, "database: a value of %s is too long", s->name);
        } else {
            b->values[i] = v->s.ptr ? v->s.ptr : ""; /* no pointer would be NULL */
            b->lengths[i] = (int)v->s.len;
        }
    }
    return OK;
}

static PGresult *run_bound(struct pg_conn *c, const char *sql, const struct bound *b)
{
    return receive(
        c, PQsendQueryParams(c->pq, sql, b->count, b->types, b->values, b->lengths, b->formats, 1));
}

static PGresult *run_prepared(struct pg_conn *c, const char *name, const struct bound *b)
{
    return receive(
        c, PQsendQueryPrepared(c->pq, name, b->count, b->values, b->lengths, b->formats, 1));
}

/* The place of s in the table, or the empty one where it belongs. */
static size_t place_of(const struct pg_conn *c, const struct stmt *s)
{
    size_t i = ((uintptr_t)s / sizeof(struct stmt)) % PG_PREPARED_MAX;

    while (c->prepared[i] && c->prepared[i] != s)
        i = (i + 1) % PG_PREPARED_MAX;
    return i;
}

#define NAME_MAX_ 16

/* The name of the prepared statement; empty when it is to run without. */
static enum err_code prepare(struct pg_conn *c, const struct stmt *s, const struct bound *b,
                             char name[NAME_MAX_], struct err *err)
{
    size_t place = place_of(c, s);
    PGresult *result;

    (void)snprintf(name, NAME_MAX_, "s%zu", place);
    if (c->prepared[place])
        return OK;
    /* Three quarters at most, that searches in the table always end. */
    if (c->prepared_count >= PG_PREPARED_MAX * 3 / 4) {
        name[0] = '\0';
        return OK;
    }
    result = prepare_as(c, name, s, b->types);
    if (!went_well(result))
        return failed(c, result, s->name, err);
    PQclear(result);
    c->prepared[place] = s;
    c->prepared_count++;
    return OK;
}

/* Gives the result out if it is one and agrees with the signature. */
static enum err_code accept(struct pg_conn *c, const struct stmt *s, PGresult *result,
                            PGresult **ret_result, struct err *err)
{
    enum err_code code;

    if (!went_well(result))
        return failed(c, result, s->name, err);
    code = agree_columns(s, result, err);
    if (code)
        PQclear(result);
    else
        *ret_result = result;
    return code;
}

enum err_code pg_conn_query(struct pg_conn *c, const struct stmt *s, const struct db_val *args,
                            PGresult **ret_result, struct err *err)
{
    struct bound b;
    char name[NAME_MAX_];
    PGresult *result;
    enum err_code code = bind(&b, s, args, err);

    if (code == OK)
        code = prepare(c, s, &b, name, err);
    if (code)
        return code;
    result = name[0] ? run_prepared(c, name, &b) : run_bound(c, text_of(s), &b);
    return accept(c, s, result, ret_result, err);
}

enum err_code pg_conn_check(struct pg_conn *c, const struct stmt *s, struct err *err)
{
    Oid types[PG_PARAMS_MAX];
    int nparams = (int)strlen(s->params);
    PGresult *result;
    enum err_code code = OK;

    types_of(s, types);
    if (highest_placeholder(text_of(s)) != nparams)
        return disagree(s, "number of parameters", err);
    result = prepare_as(c, "", s, types);
    if (!went_well(result))
        return failed(c, result, s->name, err);
    PQclear(result);
    result = receive(c, PQsendDescribePrepared(c->pq, ""));
    if (!went_well(result))
        return failed(c, result, s->name, err);
    if (PQnparams(result) != nparams)
        code = disagree(s, "number of parameters", err);
    if (code == OK)
        code = agree_columns(s, result, err);
    PQclear(result);
    return code;
}

/* --- cursors ------------------------------------------------------------------------------- */

enum err_code pg_conn_declare(struct pg_conn *c, const struct stmt *s, const struct db_val *args,
                              unsigned cursor, struct err *err)
{
    AUTO(buf_done) struct buf sql = BUF_INIT(MIB);
    struct bound b;
    PGresult *result;
    enum err_code code = bind(&b, s, args, err);

    if (code)
        return code;
    buf_addf(&sql, "DECLARE c%u NO SCROLL CURSOR FOR %s", cursor, text_of(s));
    buf_addc(&sql, '\0');
    if (!buf_ok(&sql))
        return fail(err, ERR_NOMEM, "out of memory");
    result = run_bound(c, sql.ptr, &b);
    if (!went_well(result))
        return failed(c, result, s->name, err);
    PQclear(result);
    return OK;
}

enum err_code pg_conn_fetch(struct pg_conn *c, const struct stmt *s, unsigned cursor,
                            PGresult **ret_result, struct err *err)
{
    static const struct bound nothing = {.count = 0};
    char sql[64];

    (void)snprintf(sql, sizeof(sql), "FETCH %d FROM c%u", PG_PIECE_ROWS, cursor);
    return accept(c, s, run_bound(c, sql, &nothing), ret_result, err);
}

enum err_code pg_conn_undeclare(struct pg_conn *c, const struct stmt *s, unsigned cursor,
                                struct err *err)
{
    char sql[32];

    (void)snprintf(sql, sizeof(sql), "CLOSE c%u", cursor);
    return pg_conn_run(c, sql, s->name, err);
}
