/* past.c: conda's documents as they were.
 *
 * A generation is read as what is there now is, of the chunks that it had. Packages that fewer may
 * see since are taken out for those who may not; then the document is made whole, item by item. */
#include "base/limits.h"
#include "format/conda_name.h"
#include "format/zstd.h"
#include "index/compose.h"
#include "index/list_write.h"
#include "store/generation.h"

#define ZSTD_LEVEL 9

struct past {
    struct tx *tx;
    struct blob_store *blobs;
    struct arena *mem;
    int64_t generation;
    struct generation_hidden_list hidden; /* from this view */
};

/* Leaves those that the view does not show now. */
static enum err_code find_hidden(struct past *p, int64_t account_id, const struct view *view,
                                 struct err *err)
{
    struct generation_hidden_list *h = &p->hidden;
    size_t kept = 0;
    enum err_code code = generation_hidden_after(p->tx, p->mem, account_id, p->generation, h, err);

    for (size_t i = 0; code == OK && i < h->count; i++)
        if (!view_shows(view, h->rows[i].access, h->rows[i].package_id))
            h->rows[kept++] = h->rows[i];
    h->count = kept;
    return code;
}

/* Are the keys names of packages? Those of the other lists are names of files; "x-1-0.conda" may be
 * either. */
static bool is_by_package(const struct list_kind *kind)
{
    return kind == &conda_list_kinds[CONDA_SHARDS] ||
           kind == &conda_list_kinds[CONDA_CHANNELDATA] ||
           kind == &conda_list_kinds[CONDA_CHANNEL_PAGE];
}

static bool is_hidden(const struct past *p, const struct list_kind *kind, struct str key)
{
    struct conda_filename file = {.name = key};

    if (!is_by_package(kind) && conda_filename_parse(key, &file, NULL))
        return true; /* whatever it is of */
    for (size_t i = 0; i < p->hidden.count; i++)
        if (str_eq(p->hidden.rows[i].package, file.name))
            return true;
    return false;
}

/* Calls fn for each item of a list that is shown. */
typedef void item_fn(void *ctx, const struct chunk_item *item);

static enum err_code each_of_chunk(const struct past *p, const struct list_kind *kind,
                                   const struct index_chunk_row *row, item_fn *fn, void *ctx,
                                   struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_INDEX_DOCUMENT);
    const struct list_store store = {.tx = p->tx, .blobs = p->blobs};
    struct chunk_item *items = NULL;
    enum err_code code = mem ? list_read_chunk(&store, mem, kind, row, &items, err)
                             : fail(err, ERR_NOMEM, "out of memory for an index");

    for (int64_t i = 0; code == OK && i < row->items; i++)
        if (!is_hidden(p, kind, items[i].key))
            fn(ctx, &items[i]);
    return code;
}

static enum err_code each_item(const struct past *p, const struct list_kind *kind, int64_t list_id,
                               item_fn *fn, void *ctx, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_INDEX_DOCUMENT);
    struct index_chunk_list chunks = {0};
    enum err_code code = mem ? index_chunk_all_at(p->tx, mem, list_id, p->generation, &chunks, err)
                             : fail(err, ERR_NOMEM, "out of memory for an index");

    for (size_t i = 0; code == OK && i < chunks.count; i++)
        code = each_of_chunk(p, kind, &chunks.rows[i], fn, ctx, err);
    return code;
}

static void count_item(void *row, const struct chunk_item *item)
{
    struct index_list_row *r = row;

    r->items++;
    if (item->ms > r->newest_ms)
        r->newest_ms = item->ms;
}

static enum err_code count_shown(void *past, const struct list_kind *kind,
                                 struct index_list_row *row, struct err *err)
{
    row->items = row->newest_ms = 0;
    return each_item(past, kind, row->id, count_item, row, err);
}

/* Items of one list, on their way out. */
struct writing {
    struct str separator;
    struct buf *out;
    bool any;
};

static void write_item(void *writing, const struct chunk_item *item)
{
    struct writing *w = writing;

    if (w->any)
        buf_add(w->out, w->separator);
    buf_add(w->out, item->text);
    w->any = true;
}

static enum err_code write_text(const struct past *p, const struct composition *c, struct buf *out,
                                struct err *err)
{
    enum err_code code = OK;

    for (size_t i = 0; code == OK && i < c->count; i++) {
        const struct compose_part *part = &c->parts[i];
        struct writing w = {.out = out};

        if (part->kind) {
            w.separator = part->kind->form.separator;
            code = each_item(p, part->kind, part->list.id, write_item, &w, err);
        } else {
            buf_add(out, part->text);
        }
    }
    if (code == OK && !buf_ok(out))
        return fail(err, ERR_NOMEM, "an index does not fit in memory");
    return code;
}

static enum err_code write_whole(const struct past *p, const struct composition *c,
                                 enum index_form form, struct buf *out, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    enum err_code code;

    if (form != INDEX_ZSTD)
        return write_text(p, c, out, err);
    code = write_text(p, c, &text, err);
    return code ? code : zstd_pack(buf_str(&text), ZSTD_LEVEL, out, err);
}

/* Is a package with this name hidden that sorts into a chunk? next: the chunk behind it, or NULL.
 */
static bool may_hide(const struct past *p, const struct index_chunk_row *row,
                     const struct index_chunk_row *next)
{
    for (size_t i = 0; i < p->hidden.count; i++) {
        struct str name = p->hidden.rows[i].package;

        if (str_cmp(name, row->first_key) >= 0 && (!next || str_cmp(name, next->first_key) < 0))
            return true;
    }
    return false;
}

static enum err_code mark_listed(const struct past *p, const struct list_kind *kind,
                                 const struct index_chunk_row *row, bool *listed, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_INDEX_DOCUMENT);
    const struct list_store store = {.tx = p->tx, .blobs = p->blobs};
    struct chunk_item *items = NULL;
    enum err_code code = mem ? list_read_chunk(&store, mem, kind, row, &items, err)
                             : fail(err, ERR_NOMEM, "out of memory for an index");

    for (int64_t k = 0; code == OK && k < row->items; k++)
        for (size_t i = 0; i < p->hidden.count; i++)
            listed[i] = listed[i] || str_eq(p->hidden.rows[i].package, items[k].key);
    return code;
}

/* Leaves those that the place had in this generation: without them, all of it is shown. */
static enum err_code leave_listed(struct past *p, const struct index_place *place, struct err *err)
{
    const struct list_kind *kind =
        &conda_list_kinds[place->subdir.len ? CONDA_SHARDS : CONDA_CHANNELDATA];
    bool *listed = arena_array(p->mem, bool, p->hidden.count);
    struct index_chunk_list chunks = {0};
    struct index_list_row list;
    size_t kept = 0;
    enum err_code code;

    if (!listed)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    code = list_shown_at(p->tx, p->mem, place, kind, p->generation, &list, err);
    if (code == OK)
        code = index_chunk_all_at(p->tx, p->mem, list.id, p->generation, &chunks, err);
    for (size_t i = 0; code == OK && i < chunks.count; i++) {
        const struct index_chunk_row *row = &chunks.rows[i];

        if (may_hide(p, row, i + 1 < chunks.count ? row + 1 : NULL))
            code = mark_listed(p, kind, row, listed, err);
    }
    if (code && code != ERR_NOT_FOUND)
        return code;
    for (size_t i = 0; i < p->hidden.count; i++)
        if (listed[i])
            p->hidden.rows[kept++] = p->hidden.rows[i];
    p->hidden.count = kept;
    return OK;
}

/* Had the view anything there? */
static bool had_any(const struct composition *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->parts[i].kind && c->parts[i].list.id)
            return true;
    return false;
}

enum err_code index_open_past(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                              const struct index_past_wanted *wanted, struct index_past *ret,
                              struct buf *out, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    const struct index_place place = {ch->account_id, ch->label, wanted->view->widest,
                                      wanted->subdir};
    struct past p = {.tx = tx, .blobs = blobs, .mem = mem, .generation = wanted->generation};
    struct compose_wanted w = {.name = wanted->name, .generation = wanted->generation};
    enum index_form form = wanted->form;
    struct index_past past = {0};
    struct composition c;
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    if ((code = find_hidden(&p, ch->account_id, wanted->view, err)) ||
        (p.hidden.count && (code = leave_listed(&p, &place, err))))
        return code;
    if (p.hidden.count)
        w.counter = (struct compose_counter){count_shown, &p};
    code = compose_wanted(tx, mem, ch, &place, &w, &form, &c, err);
    if (code == OK && !had_any(&c))
        return ERR_NOT_FOUND;
    if (code || (code = compose_digest(&c, form, past.digest, err)))
        return code;
    code = p.hidden.count ? write_whole(&p, &c, form, out, err)
                          : compose_body(tx, blobs, &c, form, &past.body, err);
    if (code == OK)
        *ret = past;
    return code;
}

enum err_code index_had_file(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                             const struct file_row *file, enum access_level widest,
                             int64_t generation, bool *ret_had, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_INDEX_DOCUMENT);
    const struct index_place place = {ch->account_id, ch->label, widest, file->subdir};
    const struct list_store store = {.tx = tx, .blobs = blobs};
    const struct list_kind *kind = &conda_list_kinds[CONDA_PAGE];
    struct index_chunk_list chunks = {0};
    const struct index_chunk_row *row = NULL;
    struct chunk_item *items = NULL;
    struct index_list_row list;
    enum err_code code;

    *ret_had = false;
    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    if ((code = list_shown_at(tx, mem, &place, kind, generation, &list, err)) ||
        (code = index_chunk_all_at(tx, mem, list.id, generation, &chunks, err)))
        return code == ERR_NOT_FOUND ? OK : code;
    for (size_t i = 0; i < chunks.count && str_cmp(chunks.rows[i].first_key, file->filename) <= 0;
         i++)
        row = &chunks.rows[i];
    if (!row || (code = list_read_chunk(&store, mem, kind, row, &items, err)))
        return code;
    /* A row of the page tells the digest. */
    for (int64_t i = 0; i < row->items; i++)
        *ret_had = *ret_had || (str_eq(items[i].key, file->filename) &&
                                memmem(items[i].text.ptr, items[i].text.len, file->sha256.ptr,
                                       file->sha256.len) != NULL);
    return OK;
}

enum err_code index_files_at(struct tx *tx, struct blob_store *blobs, struct arena *mem,
                             const struct channel *ch, struct str subdir, int64_t generation,
                             struct name_list *ret, struct err *err)
{
    const struct index_place place = {ch->account_id, ch->label, ACCESS_PRIVATE, subdir};
    const struct list_store store = {.tx = tx, .blobs = blobs};
    const struct list_kind *kind = &conda_list_kinds[CONDA_PAGE];
    struct index_chunk_list chunks = {0};
    struct name_list names = {0};
    struct index_list_row list;
    enum err_code code = list_shown_at(tx, mem, &place, kind, generation, &list, err);

    if (code == OK)
        code = index_chunk_all_at(tx, mem, list.id, generation, &chunks, err);
    if (code == OK) {
        names.names = arena_array(mem, struct str, (size_t)list.items + 1);
        if (!names.names)
            return fail(err, ERR_NOMEM, "out of memory for the names of an index");
    }
    for (size_t i = 0; code == OK && i < chunks.count; i++) {
        AUTO(arena_closep) struct arena *scratch = arena_open(LIMIT_INDEX_DOCUMENT);
        struct chunk_item *items = NULL;

        code = scratch ? list_read_chunk(&store, scratch, kind, &chunks.rows[i], &items, err)
                       : fail(err, ERR_NOMEM, "out of memory for an index");
        for (int64_t k = 0; code == OK && k < chunks.rows[i].items; k++) {
            names.names[names.count] = str_dup(mem, items[k].key);
            if (!names.names[names.count++].ptr)
                return fail(err, ERR_NOMEM, "out of memory for the names of an index");
        }
    }
    if (code && code != ERR_NOT_FOUND)
        return code;
    *ret = names;
    return OK;
}

enum err_code index_subdirs(struct tx *tx, struct arena *mem, const struct channel *ch,
                            struct name_list *ret, struct err *err)
{
    return index_list_places(tx, mem, ch->account_id, ch->label, ret, err);
}
