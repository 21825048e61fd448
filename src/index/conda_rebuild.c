/* conda_rebuild.c: all rows of a place -> its lists, shards and documents, for each view. */
#include "base/limits.h"
#include "base/text.h"
#include "index/conda_read.h"
#include "index/documents.h"
#include "index/kept.h"

/* A view that is made anew. */
struct rebuild {
    const struct conda_engine *e;
    struct kept kept;
    struct list_builder *builders[CONDA_LISTS];
};

static void rebuild_done(struct rebuild *r)
{
    for (unsigned i = 0; i < CONDA_LISTS; i++)
        list_builder_close(r->builders[i]);
}

static enum err_code add_item(void *rebuild, enum conda_list list, const struct chunk_item *item,
                              struct err *err)
{
    struct rebuild *r = rebuild;

    return list_builder_add(r->builders[list], item, err);
}

static enum err_code take_shard(void *rebuild, const struct conda_shard *shard, struct err *err)
{
    struct rebuild *r = rebuild;
    char sha256[SHA256_HEX + 1], name[DOCUMENT_SHARD_NAME];

    text_hex(shard->sha256, SHA256_LEN, sha256);
    if (kept_narrower(&r->kept, document_shard_name(sha256, name)))
        return OK;
    (void)kept_meet(&r->kept, str_of(name));
    return conda_engine_put_shard(r->e, &r->kept.place, shard, err);
}

/* ---- */

static enum err_code open_builders(struct rebuild *r, struct err *err)
{
    unsigned list, end = conda_lists_of(r->e->subdir, &list);
    enum err_code code = OK;

    for (; code == OK && list < end; list++)
        code = list_builder_open(&r->e->store, &conda_list_kinds[list], &r->builders[list], err);
    return code;
}

static enum err_code end_builders(struct rebuild *r, struct arena *mem, struct err *err)
{
    unsigned list, end = conda_lists_of(r->e->subdir, &list);
    struct index_list_row row;
    enum err_code code = OK;

    for (; code == OK && list < end; list++) {
        code = list_open(&r->e->store, mem, &r->kept.place, &conda_list_kinds[list], &row, err);
        if (code == OK)
            code = list_builder_end(r->builders[list], mem, &row, err);
    }
    return code;
}

/* Shards that are no longer made; composed documents are looked after where they are put. */
static enum err_code retire_shards(struct rebuild *r, struct err *err)
{
    const struct kept_list *own = &r->kept.own;
    enum err_code code = OK;

    for (size_t i = 0; code == OK && i < own->docs.count; i++)
        if (!own->met[i] && own->docs.rows[i].package.len)
            code = index_doc_retire(r->e->store.tx, &r->kept.place, own->docs.rows[i].name,
                                    r->e->store.now_ms, err);
    return code;
}

static enum err_code make_level(struct rebuild *r, struct arena *mem, struct err *err)
{
    enum err_code code = open_builders(r, err);

    if (code == OK)
        code = conda_read(r->e, r->kept.place.access, (struct conda_item_sink){add_item, r},
                          (struct conda_shard_sink){take_shard, r}, err);
    if (code || (code = end_builders(r, mem, err)) || (code = retire_shards(r, err)))
        return code;
    return conda_engine_documents(r->e, r->kept.place.access, err);
}

static enum err_code rebuild_level(const struct conda_engine *e, enum access_level level,
                                   struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(KEPT_MEMORY);
    struct rebuild r = {.e = e};
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    code = kept_load(e->store.tx, mem, e->ch, e->subdir, level, &r.kept, err);
    if (code == OK && r.kept.wanted)
        code = make_level(&r, mem, err);
    rebuild_done(&r);
    return code;
}

enum err_code conda_engine_rebuild(const struct conda_engine *e, struct err *err)
{
    enum err_code code = OK;

    /* The narrowest view first: what others share with it is not kept again. */
    for (unsigned level = 0; code == OK && level < ACCESS_LEVELS; level++)
        code = rebuild_level(e, (enum access_level)level, err);
    return code;
}
