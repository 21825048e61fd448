#include "index/list_write.h"

#include "base/limits.h"
#include "store/file.h"
#include "store/generation.h"

/* ---- cuts ---- */

bool list_cuts_before(const struct list_kind *kind, struct str key)
{
    uint8_t digest[SHA256_LEN];
    uint32_t bits;

    digest_sha256(key, digest);
    bits = ((uint32_t)digest[0] << 16) | ((uint32_t)digest[1] << 8) | digest[2];
    return (bits & ((UINT32_C(1) << kind->cut_bits) - 1)) == 0;
}

size_t list_next_cut(const struct list_kind *kind, const struct chunk_item *items, size_t stride,
                     size_t count, size_t from)
{
    const char *at = (const char *)items;
    const struct chunk_item *item = (const void *)(at + from * stride);
    size_t size = item->text.len, i;

    for (i = from + 1; i < count; i++) {
        item = (const void *)(at + i * stride);
        size += kind->form.separator.len + item->text.len;
        if (size > LIST_CHUNK_MAX || list_cuts_before(kind, item->key))
            break;
    }
    return i;
}

/* ---- chunks ---- */

enum err_code list_write_chunk(const struct list_store *s, struct arena *mem,
                               const struct list_kind *kind, const struct chunk_item *items,
                               size_t count, struct index_chunk_row *ret_row, struct err *err)
{
    AUTO(buf_done) struct buf blob = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    enum err_code code = chunk_pack(mem, items, count, kind->form, &blob, ret_row, err);

    if (code || !s->batch)
        return code;
    /* Held first: else these bytes, which no row names for anybody to see, might be removed
     * between their put and the commit. */
    code = file_hold_blob(s->tx, ret_row->sha256, err);
    return code ? code : blob_batch_add(s->batch, ret_row->sha256, buf_str(&blob), err);
}

enum err_code list_read_chunk(const struct list_store *s, struct arena *mem,
                              const struct list_kind *kind, const struct index_chunk_row *row,
                              struct chunk_item **ret_items, struct err *err)
{
    struct str blob = s->batch ? blob_batch_find(s->batch, row->sha256) : (struct str){0};
    enum err_code code = OK;

    if (!blob.ptr)
        code = blob_read(s->blobs, mem, row->sha256, (size_t)row->size, &blob, err);

    if (code == ERR_NOT_FOUND || code == ERR_TOO_BIG)
        return fail(err, ERR_IO, "chunk " STR_FMT " of an index is missing from the blob store",
                    STR_ARG(row->sha256));
    return code ? code : chunk_unpack(mem, row, blob, kind->form.separator, ret_items, err);
}

enum err_code list_add_chunk(const struct list_store *s, int64_t list_id,
                             const struct index_chunk_row *row, struct err *err)
{
    struct index_chunk_row since = *row;
    enum err_code code = generation_ensure(s->tx, s->account_id, s->generation, s->now_ms, err);

    since.since = s->generation;
    return code ? code : index_chunk_add(s->tx, list_id, &since, err);
}

enum err_code list_remove_chunk(const struct list_store *s, const struct index_chunk_row *row,
                                struct err *err)
{
    enum err_code code = generation_ensure(s->tx, s->account_id, s->generation, s->now_ms, err);

    if (code)
        return code;
    if (row->since < s->generation)
        return index_chunk_retire(s->tx, row, s->generation, s->now_ms, err);
    return index_chunk_remove(s->tx, row, s->now_ms + LIST_KEPT_MS, err);
}

/* ---- totals ---- */

/* Of what is left, when the newest went. */
static enum err_code find_newest(struct tx *tx, struct arena *mem, struct index_list_row *row,
                                 struct err *err)
{
    struct index_chunk_list newest = {0};
    enum err_code code = index_chunk_newest(tx, mem, row->id, 1, &newest, err);

    if (code == OK)
        row->newest_ms = newest.count ? newest.rows[0].newest_ms : 0;
    return code;
}

enum err_code list_save(const struct list_store *s, struct arena *mem, struct index_list_row *list,
                        const struct list_totals *totals, struct err *err)
{
    struct index_list_row row;
    enum err_code code = list_totals_row(totals, mem, &row, err);

    if (code || list_totals_equal(&row, list))
        return code;
    code = find_newest(s->tx, mem, &row, err);
    if (code == OK)
        code = index_list_set(s->tx, &row, err);
    if (code == OK)
        *list = row;
    return code;
}
