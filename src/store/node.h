/* node.h: the rows of serving processes, as others see them. Written by db_pg_watch. */
#ifndef STORE_NODE_H
#define STORE_NODE_H
#include "base/arena.h"
#include "store/db.h"

struct node_row {
    int64_t id, lease_ms;
    struct str name;
};
struct node_list {
    struct node_row *rows;
    size_t count;
};
enum err_code node_list(struct tx *tx, struct arena *mem, struct node_list *ret,
                        struct err *err) MUST_USE; /* by id */

#endif
