/* db_engine.h: what an engine behind db.h provides. Internal to store/.
 *
 * db.c keeps what no engine may do differently: it checks arguments and column types against the
 * signatures, lets a failed transaction do nothing but roll back, and reads columns. An engine
 * embeds the structs below as the first members of its own. */
#ifndef STORE_DB_ENGINE_H
#define STORE_DB_ENGINE_H
#include <stdatomic.h>

#include "store/db.h"

/* How long anything waits for a lock of the database before it gives ERR_BUSY. */
#define DB_LOCK_TIMEOUT_MS 10000

struct db {
    const struct db_engine *engine;
    atomic_int transactions; /* that are open */
};
struct tx {
    unsigned magic; /* TX_MAGIC while open */
    struct db *db;
    enum tx_mode mode;
    bool failed;   /* a statement failed: only a rollback is left */
    bool quiet;    /* what it changes concerns no cache: its commit moves no generation */
    int open_rows; /* queries not yet ended */
};
#define TX_MAGIC 0x7478b175u
struct rows {
    struct tx *tx;
    const struct stmt *stmt;
    size_t ncols;
    struct db_val *cols; /* of the current row; borrowed from the engine */
    bool over;           /* no further row */
    int64_t changes;     /* set by the engine when a statement that writes ends */
    struct err err;      /* code OK unless the engine failed */
};

/* Which of its texts a migration is run in. */
enum db_dialect { DIALECT_SQLITE, DIALECT_PG, DIALECT_COUNT };

struct db_engine {
    const char *scheme; /* "sqlite": of "sqlite://where" */
    const char *alias;  /* another scheme, or NULL */
    enum db_dialect dialect;

    /* where: the URL after "scheme://". Touches no table. */
    enum err_code (*open)(struct str where, bool create, const struct db_options *options,
                          struct db **ret_db, struct err *err);
    void (*close)(struct db *db);
    uint64_t (*generation)(struct db *db);

    /* part: of a TX_WRITE; ptr NULL: all of the data. */
    enum err_code (*begin)(struct db *db, enum tx_mode mode, struct str part, struct tx **ret_tx,
                           struct err *err);
    /* Commits or rolls back; tx is gone afterwards, whatever the answer. A rollback cannot fail. */
    enum err_code (*end)(struct tx *tx, bool commit, struct err *err);

    /* alone: claims without waiting, and says in *ret_got whether it could; else shares. */
    enum err_code (*lock)(struct tx *tx, struct str name, bool alone, bool *ret_got,
                          struct err *err);

    /* Several statements without parameters and results: a migration. */
    enum err_code (*script)(struct tx *tx, const char *sql, struct err *err);
    /* The highest number that a table's id has ever had, 0 for none; and what it is to count on
     * from, in a write transaction. table: of a fixed list, never from outside. */
    enum err_code (*last_id)(struct tx *tx, const char *table, int64_t *ret_id, struct err *err);
    enum err_code (*set_last_id)(struct tx *tx, const char *table, int64_t id, struct err *err);
    /* Does the statement prepare, and agree with its signatures? */
    enum err_code (*check)(struct tx *tx, const struct stmt *s, struct err *err);
    /* Fills tx, stmt, ncols and cols of a new struct rows. args match s->params. many: the result
     * (of a SELECT) is not to be held in memory as a whole. */
    enum err_code (*query)(struct tx *tx, const struct stmt *s, const struct db_val *args,
                           bool many, struct rows **ret_rows, struct err *err);
    /* True: cols hold a row. False: the end, or rows->err is set. */
    bool (*next)(struct rows *rows);
    void (*done)(struct rows *rows); /* frees */
};
extern const struct db_engine db_sqlite, db_pg;

/* db_open without migrations and checks: for tests of migrations. */
enum err_code db_open_bare(struct str url, bool create, const struct db_options *options,
                           struct db **ret_db, struct err *err) MUST_USE;
/* See struct db_engine: for copies of whole databases. */
enum err_code tx_last_id(struct tx *tx, const char *table, int64_t *ret_id,
                         struct err *err) MUST_USE;
enum err_code tx_set_last_id(struct tx *tx, const char *table, int64_t id,
                             struct err *err) MUST_USE;
/* Runs a migration's text in an open write transaction. */
enum err_code tx_script(struct tx *tx, const char *sql, struct err *err) MUST_USE;

#endif
