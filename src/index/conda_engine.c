#include "index/conda_engine.h"

#include "base/limits.h"
#include "base/text.h"
#include "index/documents.h"
#include "store/file.h"

struct index_place conda_engine_place(const struct conda_engine *e, enum access_level level)
{
    return (struct index_place){e->ch->account_id, e->ch->label, level, e->subdir};
}

enum err_code conda_engine_knows(const struct conda_engine *e, bool *ret_known, struct err *err)
{
    const struct index_place place = conda_engine_place(e, ACCESS_PUBLIC);
    unsigned first;

    (void)conda_lists_of(e->subdir, &first);
    return index_list_any(e->store.tx, &place, conda_list_kinds[first].name, ret_known, err);
}

/* ---- documents ---- */

/* Is the document the same in the next narrower view that has it? */
static enum err_code is_narrower(const struct conda_engine *e, struct arena *mem,
                                 const struct index_place *place, const struct index_doc_row *doc,
                                 bool *ret_same, struct err *err)
{
    struct index_place p = *place;
    struct index_doc_row row;
    enum err_code code = ERR_NOT_FOUND;

    for (unsigned i = place->access; code == ERR_NOT_FOUND && i-- > 0;) {
        p.access = (enum access_level)i;
        code = index_doc_find(e->store.tx, mem, &p, doc->name, &row, err);
    }
    if (code && code != ERR_NOT_FOUND)
        return code;
    *ret_same = code == OK && row.composed && str_eq(row.sha256, doc->sha256);
    return OK;
}

static enum err_code put_form(const struct conda_engine *e, struct arena *mem,
                              const struct index_place *place, const struct composition *c,
                              struct str name, enum index_form form, struct err *err)
{
    char sha256[SHA256_HEX + 1];
    struct index_doc_row row = {.name = name,
                                .package = S(""),
                                .size = (int64_t)compose_size(c, form),
                                .modified_ms = e->store.now_ms,
                                .composed = true};
    bool same = false;
    enum err_code code = compose_digest(c, form, sha256, err);

    if (code)
        return code;
    row.sha256 = str_of(sha256);
    if ((code = is_narrower(e, mem, place, &row, &same, err)))
        return code;
    return same ? index_doc_retire(e->store.tx, place, name, e->store.now_ms, err)
                : index_doc_put(e->store.tx, place, &row, err);
}

static enum err_code put_document(const struct conda_engine *e, struct arena *mem,
                                  const struct index_place *place, struct composed_name name,
                                  struct err *err)
{
    struct composition c;
    struct str packed;
    enum err_code code = compose(e->store.tx, mem, e->ch, place, name.name, 0, &c, err);

    if (code)
        return code;
    code = put_form(e, mem, place, &c, name.name, name.text ? INDEX_TEXT : INDEX_ZSTD, err);
    if (code || !name.zstd)
        return code;
    packed = str_fmt(mem, STR_FMT ".zst", STR_ARG(name.name));
    if (!packed.ptr)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    return put_form(e, mem, place, &c, packed, INDEX_ZSTD, err);
}

enum err_code conda_engine_documents(const struct conda_engine *e, enum access_level level,
                                     struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    const struct index_place place = conda_engine_place(e, level);
    struct composed_name name;
    enum err_code code = OK;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    for (size_t i = 0; code == OK && (name = compose_name(e->subdir, i)).name.ptr; i++)
        code = put_document(e, mem, &place, name, err);
    /* It is made when it is asked for; there may be one of an older version. */
    if (code == OK && !e->subdir.len)
        code = index_doc_retire(e->store.tx, &place, S("rss.xml"), e->store.now_ms, err);
    return code;
}

enum err_code conda_engine_put_shard(const struct conda_engine *e, const struct index_place *place,
                                     const struct conda_shard *shard, struct err *err)
{
    char sha256[SHA256_HEX + 1], name[DOCUMENT_SHARD_NAME];
    struct index_doc_row row = {.package = shard->package,
                                .size = (int64_t)shard->bytes.len,
                                .modified_ms = e->store.now_ms};
    enum err_code code;

    text_hex(shard->sha256, SHA256_LEN, sha256);
    row.sha256 = str_of(sha256);
    row.name = document_shard_name(sha256, name);
    /* Held first: see list_write_chunk. */
    if ((code = file_hold_blob(e->store.tx, row.sha256, err)) ||
        (code = blob_batch_add(e->store.batch, row.sha256, shard->bytes, err)))
        return code;
    return index_doc_put(e->store.tx, place, &row, err);
}
