/* db_sqlite_conn.h: one SQLite connection with its prepared statements. Internal to store/.
 *
 * A connection belongs to one thread at a time: whoever hands it on synchronizes. */
#ifndef STORE_DB_SQLITE_CONN_H
#define STORE_DB_SQLITE_CONN_H
#include <sqlite3.h>

#include "store/db_engine.h"

/* Places for prepared statements; a power of two, well over the number of statements. */
#define CONN_PREPARED_MAX 512

struct prepared {
    const struct stmt *stmt;
    sqlite3_stmt *handle;
    bool kept; /* in the table of its connection */
    bool busy; /* a query is under way */
};
struct conn {
    struct tx tx; /* first: the transaction that runs on this connection */
    sqlite3 *sqlite;
    struct conn *next;      /* in the list of idle readers */
    int64_t changes_before; /* sqlite3_total_changes64 when the transaction began */
    bool altered;           /* the transaction ran a script, which no counter tells */
    size_t prepared_count;
    struct prepared *prepared[CONN_PREPARED_MAX]; /* hashed by the statement's address */
};

enum conn_use { CONN_READ, CONN_WRITE, CONN_WATCH };
/* WATCH: reads, and never waits for a lock. ERR_NOT_FOUND when the file is absent. */
enum err_code conn_open(const char *path, enum conn_use use, struct conn **ret_conn,
                        struct err *err) MUST_USE;
void conn_close(struct conn *c); /* accepts NULL */

/* Statements without parameters and results. */
enum err_code conn_run(struct conn *c, const char *sql, struct err *err) MUST_USE;
/* Prepares and compares with the signature; keeps nothing. */
enum err_code conn_check(struct conn *c, const struct stmt *s, struct err *err) MUST_USE;
/* A prepared statement for use by one query, to be given back. */
enum err_code conn_take(struct conn *c, const struct stmt *s, struct prepared **ret_prepared,
                        struct err *err) MUST_USE;
void conn_give(struct prepared *p); /* resets, or frees what is not kept */

/* Turns the connection's last failure into an error; what: "statement account_by_login". */
enum err_code conn_fail(struct conn *c, const char *what, struct err *err);

#endif
