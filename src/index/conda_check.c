#include "index/conda_check.h"

#include "base/limits.h"
#include "base/text.h"
#include "index/conda_read.h"
#include "index/documents.h"
#include "index/kept.h"

/* A view that is checked. */
struct check {
    const struct conda_engine *e;
    struct arena *mem;
    struct kept kept;
    struct list_builder *builders[CONDA_LISTS];
    index_differs_fn *differs;
    void *ctx;
};

static void differs(const struct check *c, struct str name)
{
    c->differs(c->ctx, &c->kept.place, name);
}

/* ---- lists: chunk by chunk what a rebuild makes ---- */

static enum err_code add_item(void *check, enum conda_list list, const struct chunk_item *item,
                              struct err *err)
{
    struct check *c = check;

    return list_builder_add(c->builders[list], item, err);
}

static enum err_code check_shard(void *check, const struct conda_shard *shard, struct err *err)
{
    struct check *c = check;
    char sha256[SHA256_HEX + 1], name[DOCUMENT_SHARD_NAME];
    const struct index_doc_row *row;

    (void)err;
    text_hex(shard->sha256, SHA256_LEN, sha256);
    if (kept_narrower(&c->kept, document_shard_name(sha256, name)))
        return OK; /* and none of its own is to be met */
    row = kept_meet(&c->kept, str_of(name));
    if (!row || !str_eq(row->sha256, str_of(sha256)) || row->size != (int64_t)shard->bytes.len)
        differs(c, str_of(name));
    return OK;
}

static enum err_code check_list(struct check *c, enum conda_list list, struct err *err)
{
    const struct list_kind *kind = &conda_list_kinds[list];
    struct index_list_row row;
    bool equal = false;
    enum err_code code =
        index_list_find(c->e->store.tx, c->mem, &c->kept.place, kind->name, &row, err);

    if (code == OK)
        code = list_builder_compare(c->builders[list], &row, &equal, err);
    if (code && code != ERR_NOT_FOUND)
        return code;
    if (!equal)
        differs(c, kind->name);
    return OK;
}

static enum err_code check_lists(struct check *c, struct err *err)
{
    unsigned first, end = conda_lists_of(c->e->subdir, &first);
    enum err_code code = OK;

    for (unsigned i = first; code == OK && i < end; i++)
        code = list_builder_open(&c->e->store, &conda_list_kinds[i], &c->builders[i], err);
    if (code == OK)
        code = conda_read(c->e, c->kept.place.access, (struct conda_item_sink){add_item, c},
                          (struct conda_shard_sink){check_shard, c}, err);
    for (unsigned i = first; code == OK && i < end; i++)
        code = check_list(c, (enum conda_list)i, err);
    return code;
}

/* ---- documents: what their rows say ---- */

static enum err_code check_form(struct check *c, const struct composition *comp, struct str name,
                                enum index_form form, struct err *err)
{
    const struct index_doc_row *row = kept_narrower(&c->kept, name);
    char sha256[SHA256_HEX + 1];
    enum err_code code = compose_digest(comp, form, sha256, err);

    if (code || (row && row->composed && str_eq(row->sha256, str_of(sha256))))
        return code;
    row = kept_meet(&c->kept, name);
    if (!row || !row->composed || !str_eq(row->sha256, str_of(sha256)) ||
        row->size != (int64_t)compose_size(comp, form))
        differs(c, name);
    return OK;
}

static enum err_code check_document(struct check *c, struct composed_name name, struct err *err)
{
    struct composition comp;
    struct str packed = str_fmt(c->mem, STR_FMT ".zst", STR_ARG(name.name));
    enum err_code code =
        compose(c->e->store.tx, c->mem, c->e->ch, &c->kept.place, name.name, 0, &comp, err);

    if (code ||
        (code = check_form(c, &comp, name.name, name.text ? INDEX_TEXT : INDEX_ZSTD, err)) ||
        !name.zstd)
        return code;
    return packed.ptr ? check_form(c, &comp, packed, INDEX_ZSTD, err)
                      : fail(err, ERR_NOMEM, "out of memory for an index");
}

static enum err_code check_documents(struct check *c, struct err *err)
{
    const struct kept_list *own = &c->kept.own;
    struct composed_name name;
    enum err_code code = OK;

    for (size_t i = 0; code == OK && (name = compose_name(c->e->subdir, i)).name.ptr; i++)
        code = check_document(c, name, err);
    for (size_t i = 0; code == OK && i < own->docs.count; i++)
        if (!own->met[i])
            differs(c, own->docs.rows[i].name);
    return code;
}

/* ---- */

/* One that was made whole by an older version is that until its place changes for the first time.
 */
static enum err_code check_level(struct check *c, struct err *err)
{
    enum err_code code = kept_load(c->e->store.tx, c->mem, c->e->ch, c->e->subdir,
                                   c->kept.place.access, &c->kept, err);

    if (code || !c->kept.wanted)
        return code;
    code = check_lists(c, err);
    return code ? code : check_documents(c, err);
}

enum err_code conda_check(const struct conda_engine *e, index_differs_fn *differs_fn, void *ctx,
                          struct err *err)
{
    enum err_code code = OK;

    for (unsigned level = 0; code == OK && level < ACCESS_LEVELS; level++) {
        AUTO(arena_closep) struct arena *mem = arena_open(KEPT_MEMORY);
        struct check c = {.e = e, .mem = mem, .differs = differs_fn, .ctx = ctx};

        if (!mem)
            return fail(err, ERR_NOMEM, "out of memory for an index");
        c.kept.place.access = (enum access_level)level;
        code = check_level(&c, err);
        for (unsigned i = 0; i < CONDA_LISTS; i++)
            list_builder_close(c.builders[i]);
    }
    return code;
}
