#include "store/node.h"

#include "store/reader.h"
#include "store/statements.h"

enum { LIST };
static const struct stmt stmts[] = {
    [LIST] = {"node_list", "SELECT id, lease_ms, name FROM node ORDER BY id", "", "iit"},
};
const struct stmt_list node_statements = {stmts, COUNT(stmts)};

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct node_row *row = ret;

    row->id = reader_int(&r);
    row->lease_ms = reader_int(&r);
    row->name = reader_text(&r);
    return reader_end(&r, err);
}

enum err_code node_list(struct tx *tx, struct arena *mem, struct node_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, &stmts[LIST], DB_NO_ARGS, read_row, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct node_list){found.rows, found.count};
    return code;
}
