/* db_pg_conn.h: one connection to PostgreSQL with its prepared statements. Internal to store/.
 *
 * A connection belongs to one thread at a time: whoever hands it on synchronizes. */
#ifndef STORE_DB_PG_CONN_H
#define STORE_DB_PG_CONN_H
#include <libpq-fe.h> /* first: it uses what banned.h bans */

#include <stdatomic.h>

#include "store/db_engine.h"

/* Places for prepared statements; a power of two, well over the number of statements. */
#define PG_PREPARED_MAX 512
/* Parameters of one statement. */
#define PG_PARAMS_MAX 32
/* Rows of one piece of a long result. */
#define PG_PIECE_ROWS 500

struct pg_settings {
    char *conninfo; /* as libpq takes it */
    int statement_ms, lock_ms;
    const atomic_bool *silent; /* does the server answer nobody? NULL: not known (db_pg_answer) */
};
struct pg_conn {
    struct tx tx; /* first: the transaction that runs on this connection */
    PGconn *pq;
    const struct pg_settings *settings;
    struct pg_conn *next; /* in the list of idle ones */
    bool changed;         /* the transaction has changed something */
    bool spoiled;         /* something unexpected happened: not to be used again */
    bool abandoned;       /* an answer was waited for in vain: as good as lost */
    unsigned cursors;     /* that the transaction has opened: they are numbered */
    size_t prepared_count;
    const struct stmt *prepared[PG_PREPARED_MAX]; /* hashed by the statement's address; its name on
                                                     the server is made of the place */
};

/* ERR_BUSY when the server cannot be reached or does not let us in; ERR_INVALID when the database
 * is none that this program can use. settings must outlive the connection. */
enum err_code pg_conn_open(const struct pg_settings *settings, struct pg_conn **ret_conn,
                           struct err *err) MUST_USE;
void pg_conn_close(struct pg_conn *c); /* accepts NULL */
bool pg_conn_lost(const struct pg_conn *c);
/* No transaction is open, and all is as after pg_conn_open. */
bool pg_conn_reusable(const struct pg_conn *c);

/* Statements without parameters, whose results are of no interest. what: for messages. */
enum err_code pg_conn_run(struct pg_conn *c, const char *sql, const char *what,
                          struct err *err) MUST_USE;
/* A SELECT of one boolean. */
enum err_code pg_conn_ask(struct pg_conn *c, const char *sql, const char *what, bool *ret_yes,
                          struct err *err) MUST_USE;
/* Prepares and compares with the signature; keeps nothing. */
enum err_code pg_conn_check(struct pg_conn *c, const struct stmt *s, struct err *err) MUST_USE;

/* Runs a statement, prepared if possible. The result agrees with the signature; for PQclear. */
enum err_code pg_conn_query(struct pg_conn *c, const struct stmt *s, const struct db_val *args,
                            PGresult **ret_result, struct err *err) MUST_USE;
/* The same by a cursor of this number: it is opened, the next piece is fetched (of fewer rows than
 * PG_PIECE_ROWS: the last), it is closed. */
enum err_code pg_conn_declare(struct pg_conn *c, const struct stmt *s, const struct db_val *args,
                              unsigned cursor, struct err *err) MUST_USE;
enum err_code pg_conn_fetch(struct pg_conn *c, const struct stmt *s, unsigned cursor,
                            PGresult **ret_result, struct err *err) MUST_USE;
enum err_code pg_conn_undeclare(struct pg_conn *c, const struct stmt *s, unsigned cursor,
                                struct err *err) MUST_USE;

/* What a column of this type is to a signature: 'i', 't', 'b'; 0: nothing that is known. */
char pg_letter_of(Oid type);
/* What an SQLSTATE means to callers. */
enum err_code pg_code_of(const char *sqlstate);

#define PG_INT8  20
#define PG_INT2  21
#define PG_INT4  23
#define PG_BOOL  16
#define PG_BYTEA 17
#define PG_TEXT  25

#endif
