/* db_pg_rows.h: the results of statements on PostgreSQL, row by row: the three calls of
 * db_engine.h. Internal to store/. */
#ifndef STORE_DB_PG_ROWS_H
#define STORE_DB_PG_ROWS_H
#include "store/db_engine.h"

/* Not many: runs the statement to its end. Many (a SELECT): opens a cursor, which the transaction
 * keeps for as long as the rows last. */
enum err_code pg_rows_open(struct tx *tx, const struct stmt *s, const struct db_val *args,
                           bool many, struct rows **ret_rows, struct err *err) MUST_USE;
bool pg_rows_next(struct rows *base) MUST_USE;
void pg_rows_done(struct rows *base);

#endif
