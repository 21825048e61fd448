/* copy.h: all rows of a database, table by table, to be written into another: for migrations.
 *
 * Of what a running server keeps for itself nothing is copied: nodes, leases of jobs, garbage of
 * indexes, set-up codes, the mark of the blob store, who was told that something is
 * empty. */
#ifndef STORE_COPY_H
#define STORE_COPY_H
#include "base/arena.h"
#include "base/digest.h"
#include "store/db.h"

/* How many tables there are; in the order of their references. */
extern const size_t copy_table_count;
const char *copy_table_name(size_t table);
size_t copy_table_columns(size_t table);

/* What a table holds: equal on both sides once all is copied. */
struct copy_sum {
    int64_t rows;
    char sha256[SHA256_HEX + 1]; /* of all values of all rows, in the order of the key */
};
enum err_code copy_rows(struct tx *tx, size_t table, int64_t *ret_rows, struct err *err) MUST_USE;
enum err_code copy_sum(struct tx *tx, size_t table, struct copy_sum *ret, struct err *err) MUST_USE;

/* All rows of one table: from is a TX_READ of the source. Rows are written in transactions of
 * COPY_BATCH; the first of them that the target has already (from a run that was cut short) are
 * left out, because they were written in this order. Calls progress after each transaction with
 * the rows that are there. */
#define COPY_BATCH 1000
typedef void copy_progress_fn(void *ctx, size_t table, int64_t rows);
enum err_code copy_table(struct tx *from, struct db *to, size_t table, copy_progress_fn *progress,
                         void *ctx, struct err *err) MUST_USE;

/* Numbers that the source has used up are not used again by the target. */
enum err_code copy_last_ids(struct tx *from, struct tx *to, struct err *err) MUST_USE;

#endif
