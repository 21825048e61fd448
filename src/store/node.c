#include "store/node.h"

#include "store/reader.h"
#include "store/statements.h"

enum { LIST };
static const struct stmt stmts[] = {
    [LIST] = {"node_list", "SELECT id, lease_ms, name FROM node ORDER BY id", "", "iit"},
};
const struct stmt_list node_statements = {stmts, COUNT(stmts)};

enum err_code node_list(struct tx *tx, struct arena *mem, struct node_list *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct node_list list = {0};
    enum err_code code = db_query(tx, &stmts[LIST], DB_NO_ARGS, &rows, err);

    while (code == OK && rows_next(rows)) {
        struct reader r = reader_of(rows, mem);
        struct node_row row = {0};

        list.rows = reader_room(mem, list.rows, list.count, sizeof(*list.rows));
        if (!list.rows)
            return fail(err, ERR_NOMEM, "out of memory");
        row.id = reader_int(&r);
        row.lease_ms = reader_int(&r);
        row.name = reader_text(&r);
        code = reader_end(&r, err);
        list.rows[list.count++] = row;
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        *ret = list;
    return code;
}
