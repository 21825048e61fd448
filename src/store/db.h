/* db.h: the database behind one small interface; statements are data.
 *
 * All SQL lies in src/store. A statement is a `static const struct stmt` with its text and the
 * signatures of its parameters and columns; values are always bound. Text is shared by all
 * engines where they can read it ($1 placeholders, ON CONFLICT, RETURNING, CAST($1 AS BIGINT)).
 * Placeholders first appear in the order $1, $2 ...; a statement outlives the database.
 *
 * A call that does not fit its statement's signature, or the order of these calls, is a mistake
 * of the program and aborts it. */
#ifndef STORE_DB_H
#define STORE_DB_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct db;
struct log;
struct tx;

struct stmt {
    const char *name; /* "account_by_login": for messages */
    const char *sql;
    const char
        *params;      /* one letter each: 'i' int64, 't' text, 'b' bytes; upper case: may be NULL */
    const char *cols; /* the same for result columns */
};
/* The sql of a statement for which SQLite and PostgreSQL have no common words: that of each, with
 * the same parameters and columns. */
#define DB_APART(sqlite, pg) sqlite DB_APART_MARK pg
#define DB_APART_MARK        ";--pg\n" /* SQLite reads no further than the first statement */
/* Each file of store/ exports its statements; statements.c lists the files, so that a test can
 * prepare every statement on every engine. */
struct stmt_list {
    const struct stmt *stmts;
    size_t count;
};
extern const struct stmt_list *const all_statements[]; /* NULL-terminated */

/* A bound value. */
struct db_val {
    enum { DB_NULL, DB_INT, DB_TEXT, DB_BYTES } type;
    int64_t i;
    struct str s;
};
static inline struct db_val db_int(int64_t v)
{
    return (struct db_val){.type = DB_INT, .i = v};
}
static inline struct db_val db_text(struct str s)
{
    return (struct db_val){.type = DB_TEXT, .s = s};
}
static inline struct db_val db_bytes(struct str s)
{
    return (struct db_val){.type = DB_BYTES, .s = s};
}
static inline struct db_val db_null(void)
{
    return (struct db_val){.type = DB_NULL};
}
/* NULL when the string is empty. */
static inline struct db_val db_text_or_null(struct str s)
{
    return s.len ? db_text(s) : db_null();
}
#define DB_ARGS(...)                                                                               \
    (const struct db_val[]){__VA_ARGS__},                                                          \
        sizeof((const struct db_val[]){__VA_ARGS__}) / sizeof(struct db_val)
#define DB_NO_ARGS NULL, 0

/* What differs from one use to the other. Zero or NULL: the default. */
struct db_options {
    const char *node; /* name of this server among those that share the database, when it serves:
                         it then hears of their writes at once. NULL: a command */
    int connections;  /* at most, PostgreSQL; 24 */
    int statement_ms; /* a statement that takes longer is ended, PostgreSQL; 60000 */
    const struct log *log; /* lost connections and the like, PostgreSQL; NULL: not told */
};

/* url: "sqlite:///path/of/terrarium.db", or "postgresql://user@host/database?sslmode=..." as libpq
 * reads it (an empty database, encoding UTF8, is enough). Creates the SQLite file when `create`,
 * applies the migrations that the database lacks; ERR_INVALID when it is newer than this program.
 * Checks every statement's signatures against the engine. options may be NULL. No message ever
 * holds a password of the url. */
enum err_code db_open(struct str url, bool create, const struct db_options *options,
                      struct db **ret_db, struct err *err) MUST_USE;
void db_close(struct db *db); /* no transaction may be open */
void db_closep(struct db **db);

/* Moves with every committed write that is not quiet (tx_quiet). On SQLite: of this process at
 * once, of other processes (the admin commands) within 100 ms. On PostgreSQL: of every serving node
 * before its tx_commit returns, of commands within a moment; while this node cannot hear of the
 * others' writes, each call gives a new number. Cheap; any thread. Caches are valid for one
 * generation (base/cache). */
uint64_t db_generation(struct db *db);

enum tx_mode { TX_READ, TX_WRITE };
/* A TX_WRITE waits until it is the only one, on all nodes; a TX_READ sees one unchanging state. May
 * block: workers only. ERR_BUSY after the engine's lock timeout (10 s), or when the database cannot
 * be reached. A tx belongs to one thread. */
enum err_code tx_begin(struct db *db, enum tx_mode mode, struct tx **ret_tx,
                       struct err *err) MUST_USE;
/* A TX_WRITE that decides only on what belongs to one part of the data: the login of an account, or
 * for what belongs to none a name with a slash. Those of other parts may run at the same time (they
 * do on PostgreSQL), and what they have committed is seen by the next statement. Unique indexes and
 * the locks below guard what is common. */
enum err_code tx_begin_part(struct db *db, struct str part, struct tx **ret_tx,
                            struct err *err) MUST_USE;

/* Locks of a write transaction, by name, held until it ends; with nothing to do where write
 * transactions run one at a time (SQLite). tx_share waits while somebody else has claimed the
 * name; tx_claim has it alone, or finds it shared or claimed (*ret_claimed false) and does not
 * wait. */
enum err_code tx_share(struct tx *tx, struct str name, struct err *err) MUST_USE;
enum err_code tx_claim(struct tx *tx, struct str name, bool *ret_claimed, struct err *err) MUST_USE;
/* Nothing that this write transaction changes is in any cache, nor can follow from what is: its
 * commit leaves the generation as it is, and waits for no other node. (On SQLite, other processes
 * cannot tell it from others.) */
void tx_quiet(struct tx *tx);
/* Durable when it returns OK. After a failure the transaction is rolled back. *tx becomes NULL.
 * Once a statement has failed (ERR_NOT_FOUND is no failure) the transaction can only be rolled
 * back: later statements and the commit answer ERR_IO. All rows must have been ended. */
enum err_code tx_commit(struct tx **tx, struct err *err) MUST_USE;
void tx_endp(struct tx **tx); /* for AUTO: rolls back unless committed */

/* Runs a statement to its end. ret_changes (may be NULL): rows inserted, updated or deleted.
 * A violated unique index is ERR_CONFLICT; a statement that this transaction and another would
 * await each other in is ERR_COLLISION. */
enum err_code db_exec(struct tx *tx, const struct stmt *s, const struct db_val *args, size_t nargs,
                      int64_t *ret_changes, struct err *err) MUST_USE;

/* Rows, one by one: AUTO(rows_endp) struct rows *r; db_query; while (rows_next(r)) ...;
 * rows_error(r). */
struct rows;
enum err_code db_query(struct tx *tx, const struct stmt *s, const struct db_val *args, size_t nargs,
                       struct rows **ret_rows, struct err *err) MUST_USE;
/* The same for results that may be larger than memory should be: fetched piece by piece. */
enum err_code db_query_long(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, struct rows **ret_rows, struct err *err) MUST_USE;
bool rows_next(struct rows *r); /* false at the end or on error */
enum err_code rows_error(struct rows *r, struct err *err) MUST_USE; /* OK if it was the end */
void rows_endp(struct rows **r);
int64_t rows_int(struct rows *r, int col); /* 0 for NULL */
struct str rows_text(struct rows *r,
                     int col); /* borrowed until the next rows_ call; ptr NULL for NULL */
struct str rows_bytes(struct rows *r, int col);
bool rows_null(struct rows *r, int col);

/* The first row of a statement that gives at most one: ERR_NOT_FOUND (without a message of its
 * own worth showing) when there is none; else *ret_rows stands on it, to be ended with rows_endp.
 */
enum err_code db_one(struct tx *tx, const struct stmt *s, const struct db_val *args, size_t nargs,
                     struct rows **ret_rows, struct err *err) MUST_USE;
/* INSERT ... RETURNING id. */
enum err_code db_insert(struct tx *tx, const struct stmt *s, const struct db_val *args,
                        size_t nargs, int64_t *ret_id, struct err *err) MUST_USE;

#endif
