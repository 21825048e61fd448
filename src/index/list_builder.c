/* list_builder.c: lists that are made from all their items. */
#include "base/limits.h"
#include "base/mem.h"
#include "index/list_write.h"

/* Rows of all chunks: a list of 10 GB has 80,000. */
#define ROWS_MEMORY  (256 * MIB)
#define CHUNK_MEMORY LIMIT_INDEX_DOCUMENT

struct list_builder {
    const struct list_store *store;
    const struct list_kind *kind;
    struct arena *rows_mem;
    struct index_chunk_list rows;
    struct arena *mem; /* of the items that have no chunk yet; NULL: there are none */
    struct chunk_item *items;
    size_t count, text_size;
};

enum err_code list_builder_open(const struct list_store *store, const struct list_kind *kind,
                                struct list_builder **ret, struct err *err)
{
    AUTO(list_builder_closep) struct list_builder *b = mem_new(struct list_builder);

    if (b)
        b->rows_mem = arena_open(ROWS_MEMORY);
    if (!b || !b->rows_mem)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    b->store = store;
    b->kind = kind;
    *ret = TAKE(b);
    return OK;
}

void list_builder_close(struct list_builder *b)
{
    if (!b)
        return;
    arena_close(b->mem);
    arena_close(b->rows_mem);
    mem_free(b);
}

void list_builder_closep(struct list_builder **b)
{
    list_builder_close(*b);
}

/* Makes a chunk of the items that wait. */
static enum err_code flush(struct list_builder *b, struct err *err)
{
    struct index_chunk_row *rows;
    enum err_code code;

    if (!b->count)
        return OK;
    rows = arena_room(b->rows_mem, b->rows.rows, b->rows.count, sizeof *rows);
    if (!rows)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    b->rows.rows = rows;
    code = list_write_chunk(b->store, b->rows_mem, b->kind, b->items, b->count,
                            &rows[b->rows.count], err);
    if (code)
        return code;
    b->rows.count++;
    arena_closep(&b->mem);
    b->mem = NULL;
    b->items = NULL;
    b->count = b->text_size = 0;
    return OK;
}

enum err_code list_builder_add(struct list_builder *b, const struct chunk_item *item,
                               struct err *err)
{
    struct chunk_item *items, copy = *item;
    enum err_code code = OK;

    if (b->count && (b->text_size + b->kind->form.separator.len + item->text.len > LIST_CHUNK_MAX ||
                     list_cuts_before(b->kind, item->key)))
        code = flush(b, err);
    if (code)
        return code;
    if (!b->mem)
        b->mem = arena_open(CHUNK_MEMORY);
    items = b->mem ? arena_room(b->mem, b->items, b->count, sizeof *items) : NULL;
    if (!items)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    copy.key = str_dup(b->mem, item->key);
    copy.text = str_dup(b->mem, item->text);
    if (!copy.key.ptr || !copy.text.ptr)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    b->text_size += (b->count ? b->kind->form.separator.len : 0) + item->text.len;
    b->items = items;
    items[b->count++] = copy;
    return OK;
}

static bool same_chunk(const struct index_chunk_row *a, const struct index_chunk_row *b)
{
    return str_eq(a->first_key, b->first_key) && str_eq(a->sha256, b->sha256) &&
           a->size == b->size && a->items == b->items && a->text_size == b->text_size &&
           a->zstd_size == b->zstd_size && a->gzip_size == b->gzip_size &&
           a->text_crc == b->text_crc && a->newest_ms == b->newest_ms;
}

/* Removes the old chunks that are not among the new ones, and marks in `kept` the new ones that are
 * there. Both are sorted. */
static enum err_code remove_others(const struct list_builder *b, const struct index_chunk_list *old,
                                   bool *kept, struct err *err)
{
    size_t at = 0;
    enum err_code code = OK;

    for (size_t i = 0; code == OK && i < old->count; i++) {
        const struct index_chunk_row *row = &old->rows[i];

        while (at < b->rows.count && str_cmp(b->rows.rows[at].first_key, row->first_key) < 0)
            at++;
        if (at < b->rows.count && same_chunk(&b->rows.rows[at], row))
            kept[at] = true;
        else
            code = list_remove_chunk(b->store, row, err);
    }
    return code;
}

enum err_code list_builder_end(struct list_builder *b, struct arena *mem,
                               struct index_list_row *list, struct err *err)
{
    AUTO(arena_closep) struct arena *old_mem = arena_open(ROWS_MEMORY);
    struct index_list_row empty = {.id = list->id, .mark = INDEX_MARK_EMPTY};
    struct index_chunk_list old = {0};
    struct list_totals totals;
    enum err_code code = flush(b, err);
    bool *kept;

    if (code)
        return code;
    kept = old_mem ? arena_array(old_mem, bool, b->rows.count + 1) : NULL;
    if (!kept)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    if ((code = index_chunk_all(b->store->tx, old_mem, list->id, &old, err)) ||
        (code = remove_others(b, &old, kept, err)) || (code = list_totals_of(&empty, &totals, err)))
        return code;
    for (size_t i = 0; code == OK && i < b->rows.count; i++) {
        list_totals_add(&totals, &b->rows.rows[i]);
        if (!kept[i])
            code = list_add_chunk(b->store, list->id, &b->rows.rows[i], err);
    }
    return code ? code : list_save(b->store, mem, list, &totals, err);
}

enum err_code list_builder_compare(struct list_builder *b, const struct index_list_row *list,
                                   bool *ret_equal, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(ROWS_MEMORY);
    struct index_list_row empty = {.id = list->id, .mark = INDEX_MARK_EMPTY}, row;
    struct index_chunk_list there = {0};
    struct list_totals totals;
    enum err_code code = flush(b, err);
    bool equal;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    if (code || (code = index_chunk_all(b->store->tx, mem, list->id, &there, err)) ||
        (code = list_totals_of(&empty, &totals, err)))
        return code;
    equal = there.count == b->rows.count;
    for (size_t i = 0; equal && i < there.count; i++) {
        equal = same_chunk(&b->rows.rows[i], &there.rows[i]);
        list_totals_add(&totals, &there.rows[i]);
    }
    if ((code = list_totals_row(&totals, mem, &row, err)))
        return code;
    *ret_equal = equal && list_totals_equal(&row, list);
    return OK;
}
