/* index.c: the plain engine: brings what is kept up to what the rows give.
 *
 * The steps of an update: make each document and compare its digest with that of the current one;
 * put what differs; retire what is no longer made. */
#include "index/index.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_name.h"
#include "index/documents.h"
#include "store/file.h"
#include "store/survey.h"

/* Readers hold a document's digest for seconds at most; clients trust a shard index for a day,
 * and CEP 16 asks to keep shards for a week. */
#define DOCS_KEPT_MS   (INT64_C(60) * 1000)
#define SHARDS_KEPT_MS (INT64_C(7) * 24 * 3600 * 1000)
#define SWEEP_MAX      256 /* rows that one sweep removes: a short transaction */

/* Where documents are put, and what is current there. */
struct target {
    struct tx *tx;
    struct blob_store *blobs;
    const struct channel *ch;
    struct str subdir; /* empty: documents of the whole channel */
    int64_t now_ms;
    bool rewrite; /* put bytes again even if the rows say they are there */
    struct document_set current;
};

/* Makes bytes the current content of a document; writes nothing when they are that already. */
static enum err_code target_put(void *target, struct str name, struct str bytes, struct err *err)
{
    struct target *t = target;
    const struct index_doc_row *old = documents_meet(&t->current, name);
    struct index_doc_row row = {.name = name, .modified_ms = t->now_ms};
    char sha256[SHA256_HEX + 1];
    struct blob_id id;
    enum err_code code;

    digest_sha256_hex(bytes, sha256);
    if (old && !t->rewrite && str_eq(old->sha256, str_of(sha256)))
        return OK;
    /* Held first: else these bytes, which no row names for anybody to see, might be removed
     * between their put and the commit. */
    code = file_hold_blob(t->tx, str_of(sha256), err);
    if (code == OK)
        code = blob_put(t->blobs, bytes, &id, err);
    if (code)
        return code;
    row.sha256 = str_of(sha256);
    row.size = (int64_t)bytes.len;
    return index_doc_put(t->tx, t->ch->account_id, t->ch->label, t->subdir, &row, err);
}

/* base says all but the subdir and what is current there. */
static enum err_code target_update(const struct target *base, struct str subdir, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(DOCUMENT_LIST_MEMORY);
    struct target t = *base;
    const struct index_doc_list *list = &t.current.list;
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    t.subdir = subdir;
    code = documents_current(t.tx, mem, t.ch, subdir, &t.current, err);
    if (code == OK)
        code = documents_make(t.tx, t.ch, subdir, (struct document_sink){target_put, &t}, err);
    for (size_t i = 0; code == OK && i < list->count; i++)
        if (!t.current.met[i])
            code = index_doc_retire(t.tx, t.ch->account_id, t.ch->label, subdir, list->rows[i].name,
                                    t.now_ms, err);
    return code;
}

enum err_code index_update(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                           struct str subdir, int64_t now_ms, struct err *err)
{
    const struct target t = {.tx = tx, .blobs = blobs, .ch = ch, .now_ms = now_ms};
    enum err_code code = target_update(&t, subdir, err);

    return code ? code : target_update(&t, S(""), err);
}

enum err_code index_rebuild(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                            int64_t now_ms, struct err *err)
{
    const struct target t = {.tx = tx, .blobs = blobs, .ch = ch, .now_ms = now_ms, .rewrite = true};
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    struct surveyed_subdirs subdirs = {0};
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for the list of subdirs");
    code = survey_subdirs(tx, mem, ch->account_id, ch->label, &subdirs, err);
    for (size_t i = 0; code == OK && i < subdirs.count; i++)
        code = target_update(&t, subdirs.items[i], err);
    return code ? code : target_update(&t, S(""), err);
}

enum err_code index_sweep(struct tx *tx, struct arena *mem, int64_t now_ms,
                          struct digest_list *ret_digests, bool *ret_more, struct err *err)
{
    return index_doc_sweep(tx, mem, now_ms - DOCS_KEPT_MS, now_ms - SHARDS_KEPT_MS, SWEEP_MAX,
                           ret_digests, ret_more, err);
}

enum err_code index_empty(const struct channel *ch, struct str subdir, struct str name,
                          struct buf *out, struct err *err)
{
    if (subdir.len && !conda_known_subdir(subdir))
        return fail(err, ERR_NOT_FOUND, "no subdir \"" STR_FMT "\"", STR_ARG(subdir));
    if (!subdir.len && str_eq(name, S("notices.json"))) { /* CEP 6; nobody can write any yet */
        buf_addz(out, "{\"notices\":[]}");
        return OK;
    }
    return documents_empty(ch, subdir, name, out, err);
}

static bool is_shard_name(struct str name)
{
    struct str prefix = S("shards/"), suffix = S(".msgpack.zst");

    return name.len == prefix.len + SHA256_HEX + suffix.len && str_starts(name, prefix) &&
           str_ends(name, suffix) && text_is_hex(str_sub(name, prefix.len, SHA256_HEX), SHA256_HEX);
}

struct str index_media_type(struct str name)
{
    static const struct {
        const char *name, *type;
    } types[] = {
        {"repodata.json", "application/json"},
        {"repodata.json.zst", "application/zstd"},
        {"repodata_shards.msgpack.zst", "application/octet-stream"},
        {"run_exports.json", "application/json"},
        {"run_exports.json.zst", "application/zstd"},
        {"channeldata.json", "application/json"},
        {"index.html", "text/html; charset=utf-8"},
        {"notices.json", "application/json"},
        {"rss.xml", "application/rss+xml"},
    };

    for (size_t i = 0; i < COUNT(types); i++)
        if (str_eq(name, str_of(types[i].name)))
            return str_of(types[i].type);
    return is_shard_name(name) ? S("application/octet-stream") : (struct str){0};
}
