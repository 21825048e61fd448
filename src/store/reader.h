/* reader.h: copies the columns of a row, from left to right, into memory that outlives it.
 * Internal to store/. Sticky: a failed copy is told once, by reader_end. */
#ifndef STORE_READER_H
#define STORE_READER_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

struct reader {
    struct rows *rows;
    struct arena *mem; /* may be NULL when no text is read */
    int col;
    bool failed;
};
static inline struct reader reader_of(struct rows *rows, struct arena *mem)
{
    return (struct reader){.rows = rows, .mem = mem};
}
int64_t reader_int(struct reader *r);     /* 0 for NULL */
bool reader_bool(struct reader *r);       /* false for NULL */
struct str reader_text(struct reader *r); /* empty for NULL */
struct str reader_bytes(struct reader *r);
enum access_level reader_access(struct reader *r); /* private for what is no access */
/* ERR_NOMEM if a text could not be copied. All columns must have been read. */
enum err_code reader_end(const struct reader *r, struct err *err) MUST_USE;

/* Fills *ret, zeroed memory for the struct that it knows, from the row on which rows stand.
 * Text goes to mem. */
typedef enum err_code reader_row_fn(struct rows *rows, struct arena *mem, void *ret,
                                    struct err *err);
/* For a statement with one column, a text: fills a struct str. */
enum err_code reader_row_text(struct rows *rows, struct arena *mem, void *ret,
                              struct err *err) MUST_USE;

/* An array in an arena, of what a reader_row_fn fills; NULL when there are none. */
struct reader_list {
    void *rows;
    size_t count;
};
/* All rows of a query, in its order, each of `size` bytes and filled by fn. ERR_NOMEM, and what fn
 * and db_query answer. */
enum err_code reader_list(struct tx *tx, struct arena *mem, const struct stmt *s,
                          const struct db_val *args, size_t nargs, reader_row_fn *fn, size_t size,
                          struct reader_list *ret, struct err *err) MUST_USE;
/* The same of a query that has begun (db_query_long): the rows that are left. */
enum err_code reader_rest(struct rows *rows, struct arena *mem, reader_row_fn *fn, size_t size,
                          struct reader_list *ret, struct err *err) MUST_USE;

#endif
