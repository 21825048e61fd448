/* conda_update.c: the files that changed -> changes of lists -> documents, for each view.
 *
 * What changes is named by file, but read by package: a shard holds all files of a package, and
 * channeldata.json tells of all of them together. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "index/conda_engine.h"
#include "index/documents.h"
#include "store/file.h"

/* A change of a list in those views that show the package. */
struct wanted {
    struct list_change change; /* gone: in all views */
    enum access_level access;
};
struct wanted_list {
    struct wanted *rows;
    size_t count;
};

struct update {
    const struct conda_engine *e;
    struct arena *mem;
    struct wanted_list lists[CONDA_LISTS];
    /* The package under way: */
    struct str package;
    struct str *files; /* of it, that changed; sorted */
    size_t file_count;
    bool *met; /* those that are there */
    bool any;  /* it has a file in the place */
    enum access_level access;
};

static enum err_code no_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory for the changes of an index");
}

/* ---- collecting ---- */

static enum err_code want(struct update *u, enum conda_list list, const struct chunk_item *item,
                          bool gone, struct err *err)
{
    struct wanted_list *l = &u->lists[list];
    struct wanted *rows = arena_room(u->mem, l->rows, l->count, sizeof *rows);
    struct list_change change = {.gone = gone};

    if (!rows)
        return no_memory(err);
    l->rows = rows;
    change.item = (struct chunk_item){str_dup(u->mem, item->key),
                                      gone ? S("") : str_dup(u->mem, item->text), item->ms};
    if (!change.item.key.ptr || !change.item.text.ptr)
        return no_memory(err);
    rows[l->count++] = (struct wanted){change, u->access};
    return OK;
}

static enum err_code want_item(void *update, enum conda_list list, const struct chunk_item *item,
                               struct err *err)
{
    return want(update, list, item, false, err);
}

static enum err_code want_gone(struct update *u, enum conda_list list, struct str key,
                               struct err *err)
{
    return want(u, list, &(struct chunk_item){.key = key}, true, err);
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Is this one of the files that changed? */
static bool meet(struct update *u, struct str filename)
{
    const struct str *found = NULL;

    if (u->file_count)
        found = bsearch(&filename, u->files, u->file_count, sizeof filename, by_text);
    if (found)
        u->met[found - u->files] = true;
    return found != NULL;
}

/* The files of a package among the changes. */
static enum err_code pick_files(struct update *u, const struct index_change *changes, size_t count,
                                struct err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += str_eq(changes[i].package, u->package);
    u->files = arena_array(u->mem, struct str, n ? n : 1);
    u->met = arena_array(u->mem, bool, n ? n : 1);
    if (!u->files || !u->met)
        return no_memory(err);
    u->file_count = 0;
    for (size_t i = 0; i < count; i++)
        if (str_eq(changes[i].package, u->package))
            u->files[u->file_count++] = changes[i].filename;
    if (u->file_count)
        qsort(u->files, u->file_count, sizeof *u->files, by_text);
    n = 0;
    for (size_t i = 0; i < u->file_count; i++)
        if (!i || !str_eq(u->files[i], u->files[n - 1]))
            u->files[n++] = u->files[i];
    u->file_count = n;
    return OK;
}

/* Calls fn for each file that the package has in the place. */
static enum err_code each_file(struct update *u,
                               enum err_code (*fn)(struct update *u, const struct conda_row *row,
                                                   void *ctx, struct err *err),
                               void *ctx, struct err *err)
{
    const struct conda_engine *e = u->e;
    AUTO(buf_done) struct buf texts = BUF_INIT(LIMIT_INFO_TOTAL);
    AUTO(rows_endp) struct rows *rows = NULL;
    struct conda_row row;
    enum err_code code = file_query_channel_package(e->store.tx, e->ch->account_id, e->ch->label,
                                                    e->subdir, u->package, &rows, err);

    while (code == OK && rows_next(rows)) {
        code = conda_row_read(rows, &texts, &row, err);
        if (code)
            break;
        u->any = true;
        u->access = row.access;
        code = fn(u, &row, ctx, err);
    }
    return code ? code : rows_error(rows, err);
}

/* ---- a package in a subdir ---- */

static enum err_code take_file(struct update *u, const struct conda_row *row, void *shards,
                               struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;
    enum err_code code = conda_row_record(row, &record, err);

    if (code == OK && meet(u, row->filename))
        code = conda_lists_file(row, record, (struct conda_item_sink){want_item, u}, err);
    return code ? code : conda_shards_add(shards, row, record, err);
}

static enum err_code drop_file(struct update *u, struct str filename, struct err *err)
{
    const struct conda_row row = {.filename = filename};
    bool v2 = conda_row_is_v2(&row);
    enum err_code code;

    if ((code = want_gone(u, v2 ? CONDA_PACKAGES_CONDA : CONDA_PACKAGES, filename, err)) ||
        (code = want_gone(u, v2 ? CONDA_EXPORTS_CONDA : CONDA_EXPORTS, filename, err)))
        return code;
    return want_gone(u, CONDA_PAGE, filename, err);
}

/* Shards that are current, but are not the shard that the package has now. */
static enum err_code retire_others(const struct update *u, const struct index_shard_list *shards,
                                   struct str name, struct err *err)
{
    const struct conda_engine *e = u->e;
    enum err_code code = OK;

    for (size_t i = 0; code == OK && i < shards->count; i++) {
        const struct index_shard_row *row = &shards->rows[i];
        const struct index_place place = conda_engine_place(e, row->access);

        if (!u->any || row->access != u->access || !str_eq(row->name, name))
            code = index_doc_retire(e->store.tx, &place, row->name, e->store.now_ms, err);
    }
    return code;
}

/* A shard is kept in the narrowest view that shows its package; the wider ones find it there. */
static enum err_code take_shard(void *update, const struct conda_shard *shard, struct err *err)
{
    struct update *u = update;
    const struct conda_engine *e = u->e;
    const struct index_place place = conda_engine_place(e, u->access);
    char sha256[SHA256_HEX + 1], name[DOCUMENT_SHARD_NAME];
    struct index_shard_list shards = {0};
    enum err_code code = index_doc_shards(e->store.tx, u->mem, &place, u->package, &shards, err);

    text_hex(shard->sha256, SHA256_LEN, sha256);
    if (code || (code = retire_others(u, &shards, document_shard_name(sha256, name), err)) ||
        (code = conda_engine_put_shard(e, &place, shard, err)))
        return code;
    return conda_lists_shard(shard->package, shard->sha256, shard->newest_ms,
                             (struct conda_item_sink){want_item, u}, err);
}

static enum err_code drop_shard(struct update *u, struct err *err)
{
    const struct index_place place = conda_engine_place(u->e, ACCESS_PUBLIC);
    struct index_shard_list shards = {0};
    enum err_code code = index_doc_shards(u->e->store.tx, u->mem, &place, u->package, &shards, err);

    if (code || (code = retire_others(u, &shards, S(""), err)))
        return code;
    return want_gone(u, CONDA_SHARDS, u->package, err);
}

static enum err_code read_package_of_subdir(struct update *u, struct err *err)
{
    AUTO(conda_shards_done) struct conda_shards shards;
    enum err_code code;

    conda_shards_init(&shards);
    code = each_file(u, take_file, &shards, err);
    if (code == OK)
        code = u->any ? conda_shards_each(&shards, (struct conda_shard_sink){take_shard, u}, err)
                      : drop_shard(u, err);
    for (size_t i = 0; code == OK && i < u->file_count; i++)
        if (!u->met[i])
            code = drop_file(u, u->files[i], err);
    return code;
}

/* ---- a package in a channel ---- */

struct entry {
    struct update *u;
    enum err_code code;
    struct err *err;
};

static void take_entry(void *ctx, const struct conda_package *package)
{
    struct entry *x = ctx;

    if (x->code == OK)
        x->code = conda_lists_package(package, (struct conda_item_sink){want_item, x->u}, x->err);
}

static enum err_code take_channel_file(struct update *u, const struct conda_row *row, void *data,
                                       struct err *err)
{
    (void)u;
    return conda_channeldata_add(data, row, err);
}

static enum err_code read_package_of_channel(struct update *u, struct err *err)
{
    AUTO(conda_channeldata_closep) struct conda_channeldata *data = NULL;
    struct entry x = {.u = u, .err = err};
    enum err_code code =
        conda_channeldata_open((struct conda_package_sink){take_entry, &x}, &data, err);

    if (code == OK)
        code = each_file(u, take_channel_file, data, err);
    if (code == OK)
        code = conda_channeldata_end(data, err);
    if (code || x.code)
        return code ? code : x.code;
    if (u->any)
        return OK;
    code = want_gone(u, CONDA_CHANNELDATA, u->package, err);
    return code ? code : want_gone(u, CONDA_CHANNEL_PAGE, u->package, err);
}

static enum err_code read_package(struct update *u, const struct index_change *changes,
                                  size_t count, struct err *err)
{
    enum err_code code = pick_files(u, changes, count, err);

    u->any = false;
    u->access = ACCESS_PRIVATE;
    if (code)
        return code;
    return u->e->subdir.len ? read_package_of_subdir(u, err) : read_package_of_channel(u, err);
}

/* ---- applying ---- */

static int by_key(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;

    return str_cmp(x->change.item.key, y->change.item.key);
}

static enum err_code apply_list(const struct update *u, enum conda_list list,
                                enum access_level level, struct err *err)
{
    const struct wanted_list *l = &u->lists[list];
    const struct index_place place = conda_engine_place(u->e, level);
    const struct list_kind *kind = &conda_list_kinds[list];
    struct list_change *changes = arena_array(u->mem, struct list_change, l->count ? l->count : 1);
    struct index_list_row row;
    enum err_code code;

    if (!changes)
        return no_memory(err);
    for (size_t i = 0; i < l->count; i++) {
        changes[i] = l->rows[i].change;
        changes[i].gone = changes[i].gone || l->rows[i].access > level;
    }
    code = list_open(&u->e->store, u->mem, &place, kind, &row, err);
    return code ? code : list_apply(&u->e->store, u->mem, kind, &row, changes, l->count, err);
}

/* Is there such a view, or does it begin now? */
static enum err_code is_level(const struct update *u, enum access_level level, bool *ret,
                              struct err *err)
{
    const struct index_place place = conda_engine_place(u->e, level);
    struct index_list_row row;
    unsigned first, end = conda_lists_of(u->e->subdir, &first);
    enum err_code code =
        index_list_find(u->e->store.tx, u->mem, &place, conda_list_kinds[first].name, &row, err);

    *ret = code == OK;
    if (code != ERR_NOT_FOUND)
        return code;
    for (unsigned list = first; list < end; list++)
        for (size_t i = 0; i < u->lists[list].count; i++)
            if (!u->lists[list].rows[i].change.gone && u->lists[list].rows[i].access == level)
                *ret = true;
    return OK;
}

static enum err_code apply_level(const struct update *u, enum access_level level, struct err *err)
{
    unsigned first, end = conda_lists_of(u->e->subdir, &first);
    bool is = false;
    enum err_code code = is_level(u, level, &is, err);

    if (code || !is)
        return code;
    for (unsigned list = first; code == OK && list < end; list++)
        code = apply_list(u, (enum conda_list)list, level, err);
    return code ? code : conda_engine_documents(u->e, level, err);
}

static int by_package(const void *a, const void *b)
{
    const struct index_change *const *x = a, *const *y = b;

    return str_cmp((*x)->package, (*y)->package);
}

/* Reads each package that is named, once. */
static enum err_code read_packages(struct update *u, const struct index_change *changes,
                                   size_t count, struct err *err)
{
    const struct index_change **sorted = arena_array(u->mem, const struct index_change *, count);
    enum err_code code = OK;

    if (!sorted)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &changes[i];
    qsort(sorted, count, sizeof *sorted, by_package);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (i && str_eq(sorted[i]->package, sorted[i - 1]->package))
            continue;
        u->package = sorted[i]->package;
        code = read_package(u, changes, count, err);
    }
    return code;
}

enum err_code conda_engine_update(const struct conda_engine *e, const struct index_change *changes,
                                  size_t count, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_INDEX_DOCUMENT);
    struct update u = {.e = e, .mem = mem};
    enum err_code code;

    if (!count)
        return OK;
    code = mem ? read_packages(&u, changes, count, err) : no_memory(err);
    if (code)
        return code;
    for (unsigned list = 0; list < CONDA_LISTS; list++)
        if (u.lists[list].count)
            qsort(u.lists[list].rows, u.lists[list].count, sizeof(struct wanted), by_key);
    /* The narrowest view first: what others share with it is not kept again. */
    for (unsigned level = 0; code == OK && level < ACCESS_LEVELS; level++)
        code = apply_level(&u, (enum access_level)level, err);
    return code;
}
