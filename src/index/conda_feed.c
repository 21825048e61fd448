/* conda_feed.c: rss.xml of a channel, made when it is asked for, from the chunks of
 * channeldata.json that got a package last. */
#include <stdlib.h>

#include "base/limits.h"
#include "format/json.h"
#include "index/conda_html.h"
#include "index/conda_lists.h"
#include "index/documents.h"
#include "index/list_write.h"

struct feed {
    struct arena *mem;
    struct chunk_item *items;
    size_t count;
};

/* The newest first; of the same time, by name. */
static int by_age(const void *a, const void *b)
{
    const struct chunk_item *x = a, *y = b;

    if (x->ms != y->ms)
        return x->ms < y->ms ? 1 : -1;
    return str_cmp(x->key, y->key);
}

static enum err_code add_chunk(struct feed *f, const struct list_store *store,
                               const struct index_chunk_row *row, struct err *err)
{
    struct chunk_item *items;
    enum err_code code =
        list_read_chunk(store, f->mem, &conda_list_kinds[CONDA_CHANNELDATA], row, &items, err);

    for (int64_t i = 0; code == OK && i < row->items; i++) {
        struct chunk_item *all = arena_room(f->mem, f->items, f->count, sizeof *all);

        if (!all)
            return fail(err, ERR_NOMEM, "out of memory for the feed of a channel");
        all[f->count++] = items[i];
        f->items = all;
    }
    return code;
}

/* The items are members of channeldata.json. */
static enum err_code add_item(struct conda_rss *rss, struct str title,
                              const struct chunk_item *item, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INFO_TOTAL);
    AUTO(json_decrefp) json_t *object = NULL;
    enum err_code code;

    buf_addc(&text, '{');
    buf_add(&text, item->text);
    buf_addc(&text, '}');
    if (!buf_ok(&text))
        return fail(err, ERR_NOMEM, "out of memory for the feed of a channel");
    code = json_parse_object(buf_str(&text), &object, err);
    if (code)
        return code;
    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it))
        conda_rss_add(rss, title,
                      &(struct conda_package){item->key, json_object_iter_value(it), item->ms});
    return OK;
}

static enum err_code write_feed(struct feed *f, struct str title, struct buf *out, struct err *err)
{
    AUTO(conda_rss_done) struct conda_rss rss;
    enum err_code code = OK;

    conda_rss_init(&rss);
    if (f->count)
        qsort(f->items, f->count, sizeof *f->items, by_age);
    for (size_t i = 0; code == OK && i < f->count && i < CONDA_RSS_ITEMS; i++)
        code = add_item(&rss, title, &f->items[i], err);
    if (code == OK)
        conda_rss_write(&rss, title, out);
    return code;
}

enum err_code index_feed(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                         enum access_level widest, struct buf *out, enum access_level *ret_access,
                         struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_INDEX_DOCUMENT);
    const struct index_place place = {ch->account_id, ch->label, widest, S("")};
    const struct list_store store = {.tx = tx, .blobs = blobs};
    struct feed f = {.mem = mem};
    struct index_chunk_list chunks = {0};
    struct index_list_row list;
    struct str title = mem ? document_title(mem, ch) : (struct str){0};
    enum err_code code;

    if (!title.ptr)
        return fail(err, ERR_NOMEM, "out of memory for the feed of a channel");
    /* Each of so many chunks has one item at least that is as new as any in those left out. */
    if ((code = list_shown(tx, mem, &place, &conda_list_kinds[CONDA_CHANNELDATA], &list, ret_access,
                           err)) ||
        (code = index_chunk_newest(tx, mem, list.id, CONDA_RSS_ITEMS, &chunks, err)))
        return code;
    for (size_t i = 0; code == OK && i < chunks.count; i++)
        code = add_chunk(&f, &store, &chunks.rows[i], err);
    return code ? code : write_feed(&f, title, out, err);
}
