/* db_pg.h: the PostgreSQL engine's own settings. Internal to store/. */
#ifndef STORE_DB_PG_H
#define STORE_DB_PG_H
#include "store/db_engine.h"

/* How long to wait for locks and for connections, in place of DB_LOCK_TIMEOUT_MS: for tests. Only
 * while no transaction is open. */
void db_pg_set_wait(struct db *base, int wait_ms);

#endif
