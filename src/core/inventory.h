/* inventory.h: what the store holds, and what the rows name, side by side: a 256th at a time, so
 * that memory is bounded by the site's size over 256 (100 bytes a blob). */
#ifndef CORE_INVENTORY_H
#define CORE_INVENTORY_H
#include "app.h"
#include "base/arena.h"
#include "store/survey.h"

struct stored_blob {
    char sha256[SHA256_HEX + 1];
    uint64_t size;
};
struct inventory {
    struct stored_blob *stored; /* in order of the digests, as the rows are */
    size_t stored_count;
    struct named_list named;
    size_t stored_at, named_at; /* of inventory_next */
};
#define INVENTORY_PARTS  256
#define INVENTORY_MEMORY (1024 * MIB) /* ten million blobs in one part */
/* part: below INVENTORY_PARTS. The store is read before the rows: what a transaction under way has
 * put, and has named by then, is no orphan. Lists lie in mem. */
enum err_code inventory_take(struct app *app, struct arena *mem, unsigned part,
                             struct inventory *ret, struct err *err) MUST_USE;

/* One digest. stored NULL: was not in the store; row_count 0: no row named it. */
struct holding {
    const char *sha256;
    const struct stored_blob *stored;
    const struct named_row *rows;
    size_t row_count;
};
/* The next digest, in order; false at the end. */
bool inventory_next(struct inventory *inv, struct holding *ret);

#endif
