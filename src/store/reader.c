/* reader.c: the one way from result columns to structs. */
#include "store/reader.h"

#include <assert.h>

#include "store/db_engine.h"

int64_t reader_int(struct reader *r)
{
    return rows_int(r->rows, r->col++);
}

bool reader_bool(struct reader *r)
{
    return reader_int(r) != 0;
}

static struct str copy(struct reader *r, struct str value)
{
    if (value.len == 0)
        return S("");
    value = str_dup(r->mem, value);
    if (value.ptr)
        return value;
    r->failed = true;
    return S("");
}

struct str reader_text(struct reader *r)
{
    return copy(r, rows_text(r->rows, r->col++));
}

struct str reader_bytes(struct reader *r)
{
    return copy(r, rows_bytes(r->rows, r->col++));
}

enum access_level reader_access(struct reader *r)
{
    enum access_level level = ACCESS_PRIVATE;

    (void)!access_level_parse(rows_text(r->rows, r->col++), &level); /* stays private */
    return level;
}

enum err_code reader_end(const struct reader *r, struct err *err)
{
    assert((size_t)r->col == r->rows->ncols);
    return r->failed ? fail(err, ERR_NOMEM, "out of memory") : OK;
}

enum err_code reader_row_text(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct str *text = ret;

    *text = reader_text(&r);
    return reader_end(&r, err);
}

enum err_code reader_rest(struct rows *rows, struct arena *mem, reader_row_fn *fn, size_t size,
                          struct reader_list *ret, struct err *err)
{
    struct reader_list list = {0};
    enum err_code code = OK;

    while (code == OK && rows_next(rows)) {
        list.rows = arena_room(mem, list.rows, list.count, size);
        if (!list.rows)
            return fail(err, ERR_NOMEM, "out of memory");
        code = fn(rows, mem, (char *)list.rows + list.count++ * size, err);
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        *ret = list;
    return code;
}

enum err_code reader_list(struct tx *tx, struct arena *mem, const struct stmt *s,
                          const struct db_val *args, size_t nargs, reader_row_fn *fn, size_t size,
                          struct reader_list *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_query(tx, s, args, nargs, &rows, err);

    return code ? code : reader_rest(rows, mem, fn, size, ret, err);
}
