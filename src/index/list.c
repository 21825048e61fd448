/* list.c: lists that are changed item by item. */
#include "index/list.h"

#include "base/limits.h"
#include "index/list_mark.h"
#include "index/list_write.h"

/* ---- the part of a list that changes touch ---- */

/* Chunks from one natural cut to another, with what is to be done to them. What lies outside is cut
 * the same whatever happens inside. */
struct window {
    struct index_chunk_row *rows;
    size_t count;
    const struct list_change *changes;
    size_t change_count;
    struct str end; /* the key of the chunk after the last; ptr NULL: there is none */
};

struct applying {
    const struct list_store *store;
    struct arena *mem; /* of the window under way */
    const struct list_kind *kind;
    struct list_totals totals;
};

static bool key_is_gone(const struct list_change *changes, size_t count, struct str key)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = str_cmp(changes[mid].item.key, key);

        if (order == 0)
            return changes[mid].gone;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* Is there a cut before this chunk both before and after the changes, whatever is before it? */
static bool is_fixed(const struct applying *a, const struct window *w, size_t changes_left,
                     const struct index_chunk_row *row)
{
    return list_cuts_before(a->kind, row->first_key) &&
           !key_is_gone(w->changes, changes_left, row->first_key);
}

/* The chunk where the window begins. ERR_NOT_FOUND: the list is empty. */
static enum err_code find_begin(const struct applying *a, const struct window *w, size_t left,
                                struct index_chunk_row *ret, struct err *err)
{
    struct tx *tx = a->store->tx;
    int64_t id = a->totals.row.id;
    enum err_code code = index_chunk_at(tx, a->mem, id, w->changes[0].item.key, ret, err);

    if (code == ERR_NOT_FOUND)
        return index_chunk_after(tx, a->mem, id, S(""), ret, err);
    while (code == OK && !is_fixed(a, w, left, ret))
        code = index_chunk_before(tx, a->mem, id, ret->first_key, ret, err);
    return code == ERR_NOT_FOUND ? OK : code; /* it is the first of the list */
}

static enum err_code add_row(struct arena *mem, struct window *w, const struct index_chunk_row *row,
                             struct err *err)
{
    struct index_chunk_row *rows = arena_room(mem, w->rows, w->count, sizeof *rows);

    if (!rows)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    rows[w->count++] = *row;
    w->rows = rows;
    return OK;
}

/* Finds the chunks that the first of the changes left touch, and the changes that these chunks
 * take. */
static enum err_code window_find(const struct applying *a, const struct list_change *changes,
                                 size_t left, struct window *ret, struct err *err)
{
    struct window w = {.changes = changes, .change_count = left};
    struct index_chunk_row row;
    enum err_code code = find_begin(a, &w, left, &row, err);
    bool any = code == OK;

    while (code == OK) {
        code = add_row(a->mem, &w, &row, err);
        if (code)
            return code;
        code = index_chunk_after(a->store->tx, a->mem, a->totals.row.id, row.first_key, &row, err);
        if (code == OK && is_fixed(a, &w, left, &row)) {
            w.end = row.first_key;
            break;
        }
    }
    if (code && code != ERR_NOT_FOUND)
        return code;
    if (any && w.end.ptr)
        for (w.change_count = 0;
             w.change_count < left && str_cmp(changes[w.change_count].item.key, w.end) < 0;)
            w.change_count++;
    *ret = w;
    return OK;
}

/* ---- old items and changes -> new items ---- */

/* An item, and which chunk of the window it is unchanged from. */
struct merged {
    struct chunk_item item;
    size_t chunk; /* NO_CHUNK: it is new */
};
#define NO_CHUNK SIZE_MAX

struct merge {
    struct merged *items;
    size_t count;
};

static bool same_item(const struct chunk_item *a, const struct chunk_item *b)
{
    return a->ms == b->ms && str_eq(a->text, b->text);
}

/* Puts one old item, and the changes before and of it. */
static void merge_old(struct merge *m, const struct window *w, size_t *at,
                      const struct chunk_item *old, size_t chunk)
{
    for (; *at < w->change_count; ++*at) {
        const struct list_change *c = &w->changes[*at];
        int order = str_cmp(c->item.key, old->key);

        if (order > 0)
            break;
        if (!c->gone)
            m->items[m->count++] =
                (struct merged){c->item, order == 0 && same_item(&c->item, old) ? chunk : NO_CHUNK};
        if (order == 0) {
            ++*at;
            return;
        }
    }
    m->items[m->count++] = (struct merged){*old, chunk};
}

static enum err_code merge_window(const struct applying *a, const struct window *w,
                                  struct merge *ret, struct err *err)
{
    size_t room = w->change_count, at = 0;
    struct merge m = {0};
    enum err_code code = OK;

    for (size_t i = 0; i < w->count; i++)
        room += (size_t)w->rows[i].items;
    m.items = arena_array(a->mem, struct merged, room ? room : 1);
    if (!m.items)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    for (size_t i = 0; code == OK && i < w->count; i++) {
        struct chunk_item *old = NULL;

        code = list_read_chunk(a->store, a->mem, a->kind, &w->rows[i], &old, err);
        for (size_t k = 0; code == OK && k < (size_t)w->rows[i].items; k++)
            merge_old(&m, w, &at, &old[k], i);
    }
    for (; code == OK && at < w->change_count; at++)
        if (!w->changes[at].gone)
            m.items[m.count++] = (struct merged){w->changes[at].item, NO_CHUNK};
    *ret = m;
    return code;
}

/* ---- writing what differs ---- */

/* The chunk of the window that items [from, to) are, whole and unchanged; NO_CHUNK: none. */
static size_t unchanged_chunk(const struct window *w, const struct merge *m, size_t from, size_t to)
{
    size_t chunk = m->items[from].chunk;

    if (chunk == NO_CHUNK || (size_t)w->rows[chunk].items != to - from)
        return NO_CHUNK;
    for (size_t i = from; i < to; i++)
        if (m->items[i].chunk != chunk)
            return NO_CHUNK;
    return chunk;
}

static enum err_code write_run(struct applying *a, const struct merge *m, size_t from, size_t to,
                               struct err *err)
{
    struct chunk_item *items = arena_array(a->mem, struct chunk_item, to - from);
    struct index_chunk_row row;
    enum err_code code;

    if (!items)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    for (size_t i = from; i < to; i++)
        items[i - from] = m->items[i].item;
    code = list_write_chunk(a->store, a->mem, a->kind, items, to - from, &row, err);
    if (code == OK)
        code = list_add_chunk(a->store, a->totals.row.id, &row, err);
    if (code == OK)
        list_totals_add(&a->totals, &row);
    return code;
}

/* Chunks that stay are found first, the others removed, and then the new ones added: no two chunks
 * may begin with the same key. */
static enum err_code write_window(struct applying *a, const struct window *w, const struct merge *m,
                                  struct err *err)
{
    bool *kept = arena_array(a->mem, bool, w->count ? w->count : 1);
    enum err_code code = OK;

    if (!kept)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    for (size_t from = 0, to; from < m->count; from = to) {
        size_t chunk;

        to = list_next_cut(a->kind, &m->items[0].item, sizeof m->items[0], m->count, from);
        chunk = unchanged_chunk(w, m, from, to);
        if (chunk != NO_CHUNK)
            kept[chunk] = true;
    }
    for (size_t i = 0; code == OK && i < w->count; i++)
        if (!kept[i]) {
            code = list_remove_chunk(a->store, &w->rows[i], err);
            list_totals_remove(&a->totals, &w->rows[i]);
        }
    for (size_t from = 0, to; code == OK && from < m->count; from = to) {
        to = list_next_cut(a->kind, &m->items[0].item, sizeof m->items[0], m->count, from);
        if (unchanged_chunk(w, m, from, to) == NO_CHUNK)
            code = write_run(a, m, from, to, err);
    }
    return code;
}

/* ---- */

/* Applies the first of the changes, and those that touch the same chunks; *ret_done of them. */
static enum err_code apply_some(struct applying *a, const struct list_change *changes, size_t left,
                                size_t *ret_done, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_INDEX_DOCUMENT);
    struct window w = {0};
    struct merge m = {0};
    enum err_code code;

    a->mem = mem;
    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for a list");
    if ((code = window_find(a, changes, left, &w, err)) || (code = merge_window(a, &w, &m, err)) ||
        (code = write_window(a, &w, &m, err)))
        return code;
    *ret_done = w.change_count;
    return OK;
}

enum err_code list_apply(const struct list_store *s, struct arena *mem,
                         const struct list_kind *kind, struct index_list_row *list,
                         const struct list_change *changes, size_t count, struct err *err)
{
    struct applying a = {.store = s, .kind = kind};
    enum err_code code = list_totals_of(list, &a.totals, err);

    for (size_t done = 0, some = 0; code == OK && done < count; done += some)
        code = apply_some(&a, changes + done, count - done, &some, err);
    return code ? code : list_save(s, mem, list, &a.totals, err);
}

/* ---- which list ---- */

enum err_code list_shown(struct tx *tx, struct arena *mem, const struct index_place *place,
                         const struct list_kind *kind, struct index_list_row *ret,
                         enum access_level *ret_access, struct err *err)
{
    struct index_place p = *place;
    enum err_code code = ERR_NOT_FOUND;

    for (unsigned i = place->access + 1U; code == ERR_NOT_FOUND && i-- > 0;) {
        p.access = (enum access_level)i;
        code = index_list_find(tx, mem, &p, kind->name, ret, err);
    }
    if (code == OK)
        *ret_access = p.access;
    return code;
}

/* What was true of all chunks of a list. */
static enum err_code totals_at(struct tx *tx, struct arena *mem, int64_t generation,
                               struct index_list_row *list, struct err *err)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(LIMIT_INDEX_DOCUMENT);
    struct index_list_row empty = {.id = list->id, .since = list->since, .mark = INDEX_MARK_EMPTY};
    struct index_chunk_list chunks = {0};
    struct list_totals totals;
    enum err_code code = scratch
                             ? index_chunk_all_at(tx, scratch, list->id, generation, &chunks, err)
                             : fail(err, ERR_NOMEM, "out of memory for a list");

    if (code || (code = list_totals_of(&empty, &totals, err)))
        return code;
    for (size_t i = 0; i < chunks.count; i++)
        list_totals_add(&totals, &chunks.rows[i]);
    return list_totals_row(&totals, mem, list, err);
}

enum err_code list_shown_at(struct tx *tx, struct arena *mem, const struct index_place *place,
                            const struct list_kind *kind, int64_t generation,
                            struct index_list_row *ret, struct err *err)
{
    struct index_place p = *place;
    struct index_list_row row;

    for (unsigned i = place->access + 1U; i-- > 0;) {
        enum err_code code;

        p.access = (enum access_level)i;
        code = index_list_find(tx, mem, &p, kind->name, &row, err);
        if (code == ERR_NOT_FOUND || (code == OK && row.since > generation))
            continue;
        if (code == OK)
            code = totals_at(tx, mem, generation, &row, err);
        if (code == OK)
            *ret = row;
        return code;
    }
    return ERR_NOT_FOUND;
}

enum err_code list_open(const struct list_store *s, struct arena *mem,
                        const struct index_place *place, const struct list_kind *kind,
                        struct index_list_row *ret, struct err *err)
{
    struct index_list_row row = {.mark = INDEX_MARK_EMPTY};
    enum access_level access = place->access;
    enum err_code code = list_shown(s->tx, mem, place, kind, &row, &access, err);

    if (code && code != ERR_NOT_FOUND)
        return code;
    if (code == ERR_NOT_FOUND || access != place->access) {
        int64_t id;

        row.since = s->generation;
        code = index_list_add(s->tx, place, kind->name, &row, &id, err);
        row.id = id;
    }
    if (code == OK)
        *ret = row;
    return code;
}
