/* index.c: the plain engine: brings what is kept up to what the rows give.
 *
 * The steps of an update, for each view: make each document and compare its digest with that of
 * the current one; put what differs; retire what is no longer made. */
#include "index/index.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_name.h"
#include "index/conda_engine.h"
#include "index/cran_documents.h"
#include "index/documents.h"
#include "index/kept.h"
#include "store/file.h"
#include "store/generation.h"
#include "store/package.h"
#include "store/survey.h"

/* Readers hold a document's digest for seconds at most; clients trust a shard index for a day,
 * and CEP 16 asks to keep shards for a week. */
#define DOCS_KEPT_MS   (INT64_C(60) * 1000)
#define SHARDS_KEPT_MS (INT64_C(7) * 24 * 3600 * 1000)
#define SWEEP_MAX      256 /* rows that one sweep removes: a short transaction */
#define CHANGES_MAX    1000

/* Where documents are put, and what is kept there. */
struct target {
    struct tx *tx;
    struct blob_store *blobs;
    const struct channel *ch;
    int64_t now_ms;
    bool rewrite; /* put bytes again even if the rows say they are there */
    struct kept kept;
};

/* Makes bytes the current content of a document; writes nothing when they are that already, or
 * when a narrower view has the same. */
static enum err_code target_put(void *target, const struct document *doc, struct err *err)
{
    struct target *t = target;
    const struct index_doc_row *same = kept_narrower(&t->kept, doc->name), *old;
    struct index_doc_row row = {
        .name = doc->name, .package = doc->package, .modified_ms = t->now_ms};
    char sha256[SHA256_HEX + 1];
    struct blob_id id;
    enum err_code code;

    digest_sha256_hex(doc->bytes, sha256);
    if (same && str_eq(same->sha256, str_of(sha256)))
        return OK;
    old = kept_meet(&t->kept, doc->name);
    if (old && !t->rewrite && str_eq(old->sha256, str_of(sha256)))
        return OK;
    /* Held first: else these bytes, which no row names for anybody to see, might be removed
     * between their put and the commit. */
    code = file_hold_blob(t->tx, str_of(sha256), err);
    if (code == OK)
        code = blob_put(t->blobs, doc->bytes, &id, err);
    if (code)
        return code;
    row.sha256 = str_of(sha256);
    row.size = (int64_t)doc->bytes.len;
    return index_doc_put(t->tx, &t->kept.place, &row, err);
}

/* base says all but what is kept. */
static enum err_code update_view(const struct target *base, struct str subdir,
                                 enum access_level level, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(KEPT_MEMORY);
    const struct view view = {.widest = level};
    struct target t = *base;
    const struct kept_list *own = &t.kept.own;
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    code = kept_load(t.tx, mem, t.ch, subdir, level, &t.kept, err);
    if (code == OK && t.kept.wanted)
        code =
            documents_make(t.tx, t.ch, subdir, &view, (struct document_sink){target_put, &t}, err);
    for (size_t i = 0; code == OK && i < own->docs.count; i++)
        if (!own->met[i])
            code = index_doc_retire(t.tx, &t.kept.place, own->docs.rows[i].name, t.now_ms, err);
    return code;
}

/* The narrowest view first: what others share with it is not kept again. */
static enum err_code update_views(const struct target *base, struct str subdir, struct err *err)
{
    enum err_code code = OK;

    for (unsigned level = 0; code == OK && level < ACCESS_LEVELS; level++)
        code = update_view(base, subdir, (enum access_level)level, err);
    return code;
}

/* Where the lists of a channel are written, as of its next generation. */
static enum err_code open_store(struct tx *tx, struct blob_store *blobs, struct blob_batch *batch,
                                const struct channel *ch, int64_t now_ms, struct list_store *ret,
                                struct err *err)
{
    struct list_store s = {.tx = tx,
                           .blobs = blobs,
                           .batch = batch,
                           .now_ms = now_ms,
                           .account_id = ch->account_id,
                           .generation = ch->generation};
    enum err_code code = OK;

    if (!s.generation) {
        code = generation_newest(tx, ch->account_id, &s.generation, err);
        s.generation++;
    }
    *ret = s;
    return code;
}

/* Brings one place of a conda channel up to its rows. Many changes at once cost more one by one
 * than all of the place does. */
static enum err_code update_conda(const struct conda_engine *e, const struct index_change *changes,
                                  size_t count, struct err *err)
{
    bool known = false;
    enum err_code code = conda_engine_knows(e, &known, err);

    if (code)
        return code;
    return known && changes && count <= CHANGES_MAX ? conda_engine_update(e, changes, count, err)
                                                    : conda_engine_rebuild(e, err);
}

enum err_code index_update(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                           struct str subdir, const struct index_change *changes, size_t count,
                           int64_t now_ms, struct err *err)
{
    const struct target t = {.tx = tx, .blobs = blobs, .ch = ch, .now_ms = now_ms};
    AUTO(blob_batch_closep) struct blob_batch *batch = NULL;
    struct conda_engine e = {.ch = ch, .subdir = subdir};
    enum err_code code;

    /* Nothing of a CRAN-like tree is in the documents of the whole channel, which are conda's. */
    if (cran_is_subdir(subdir))
        return update_views(&t, subdir, err);
    if ((code = blob_batch_open(blobs, &batch, err)) ||
        (code = open_store(tx, blobs, batch, ch, now_ms, &e.store, err)))
        return code;
    code = update_conda(&e, changes, count, err);
    e.subdir = S("");
    if (code == OK)
        code = update_conda(&e, changes, count, err);
    return code ? code : blob_batch_flush(batch, err);
}

enum err_code index_rebuild(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                            int64_t now_ms, struct err *err)
{
    const struct target t = {.tx = tx, .blobs = blobs, .ch = ch, .now_ms = now_ms, .rewrite = true};
    AUTO(blob_batch_closep) struct blob_batch *batch = NULL;
    struct conda_engine e = {.ch = ch};
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    struct surveyed_subdirs subdirs = {0};
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for the list of subdirs");
    if ((code = blob_batch_open(blobs, &batch, err)) ||
        (code = open_store(tx, blobs, batch, ch, now_ms, &e.store, err)))
        return code;
    code = survey_subdirs(tx, mem, ch->account_id, ch->label, &subdirs, err);
    for (size_t i = 0; code == OK && i < subdirs.count; i++) {
        e.subdir = subdirs.items[i];
        code = cran_is_subdir(e.subdir) ? update_views(&t, e.subdir, err)
                                        : conda_engine_rebuild(&e, err);
    }
    e.subdir = S("");
    if (code == OK)
        code = conda_engine_rebuild(&e, err);
    return code ? code : blob_batch_flush(batch, err);
}

enum err_code index_drop(struct tx *tx, const struct channel *ch, int64_t now_ms, struct err *err)
{
    struct list_store s;
    enum err_code code;

    if ((code = open_store(tx, NULL, NULL, ch, now_ms, &s, err)) ||
        (code = generation_ensure(tx, ch->account_id, s.generation, now_ms, err)) ||
        (code = index_list_empty(tx, ch->account_id, ch->label, s.generation, now_ms, err)))
        return code;
    return index_doc_retire_all(tx, ch->account_id, ch->label, now_ms, err);
}

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Generations go before the chunks that they had: what is there can be had, also between two
 * sweeps. */
static enum err_code sweep_history(struct tx *tx, struct arena *mem, int64_t now_ms,
                                   int64_t history_ms, struct digest_list *ret, bool *ret_more,
                                   struct err *err)
{
    int64_t generations = 0;
    enum err_code code = generation_sweep(tx, now_ms - history_ms, SWEEP_MAX, &generations, err);

    if (code == OK && generations < SWEEP_MAX)
        code = index_chunk_sweep(tx, mem, now_ms - longer(LIST_KEPT_MS, history_ms), SWEEP_MAX, ret,
                                 err);
    *ret_more = generations == SWEEP_MAX || ret->count == SWEEP_MAX;
    return code;
}

enum err_code index_sweep(struct tx *tx, struct arena *mem, int64_t now_ms, int64_t history_ms,
                          struct digest_list *ret_digests, bool *ret_more, struct err *err)
{
    struct digest_list past = {0};
    bool more = false;
    enum err_code code =
        index_doc_sweep(tx, mem, now_ms - DOCS_KEPT_MS, now_ms - longer(SHARDS_KEPT_MS, history_ms),
                        SWEEP_MAX, ret_digests, ret_more, err);

    if (code == OK)
        code = sweep_history(tx, mem, now_ms, history_ms, &past, &more, err);
    *ret_more = *ret_more || more;
    for (size_t i = 0; code == OK && i < past.count; i++) {
        bool used = false; /* what is as it was before names the same bytes */

        code = file_blob_used(tx, past.items[i], &used, err);
        if (code == OK && !used)
            code = digest_list_add(mem, ret_digests, past.items[i], err);
    }
    return code;
}

/* ---- reading ---- */

static bool is_shard_name(struct str name)
{
    struct str prefix = S("shards/"), suffix = S(".msgpack.zst");

    return name.len == prefix.len + SHA256_HEX + suffix.len && str_starts(name, prefix) &&
           str_ends(name, suffix) && text_is_hex(str_sub(name, prefix.len, SHA256_HEX), SHA256_HEX);
}

/* The shard of a package that the view's `also` shows: found where all packages' shards are. */
static enum err_code find_shard(struct tx *tx, struct arena *mem, const struct channel *ch,
                                const struct index_place *place, struct str name,
                                const struct view *view, struct index_doc_row *ret, struct err *err)
{
    enum access_level access = ACCESS_PRIVATE;
    struct index_doc_row row;
    int64_t id = 0;
    enum err_code code = index_doc_find(tx, mem, place, name, &row, err);

    if (code == OK)
        code = package_access_of(tx, ch->owner, row.package, &id, &access, err);
    if (code == OK && !view_shows(view, access, id))
        return fail(err, ERR_NOT_FOUND, "no such shard");
    if (code == OK)
        *ret = row;
    return code;
}

enum err_code index_find(struct tx *tx, struct arena *mem, const struct channel *ch,
                         struct str subdir, struct str name, const struct view *view,
                         struct index_doc_row *ret, enum access_level *ret_access, struct err *err)
{
    struct index_place place = {ch->account_id, ch->label, view->widest, subdir};
    enum err_code code = ERR_NOT_FOUND;

    for (unsigned i = view->widest + 1U; code == ERR_NOT_FOUND && i-- > 0;) {
        place.access = (enum access_level)i;
        code = index_doc_find(tx, mem, &place, name, ret, err);
    }
    if (view->also_count && is_shard_name(name))
        for (unsigned i = view->widest + 1U; code == ERR_NOT_FOUND && i < ACCESS_LEVELS; i++) {
            place.access = (enum access_level)i;
            code = find_shard(tx, mem, ch, &place, name, view, ret, err);
        }
    if (code == OK)
        *ret_access = place.access;
    return code;
}

enum err_code index_open(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                         struct str subdir, struct str name, enum access_level access,
                         enum index_form form, struct index_body **ret, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    const struct index_place place = {ch->account_id, ch->label, access, subdir};
    struct composition c;
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    code = compose_named(tx, mem, ch, &place, name, 0, &form, &c, err);
    if (code == OK && !compose_has(&c, form))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not kept in this form", STR_ARG(name));
    return code ? code : compose_body(tx, blobs, &c, form, ret, err);
}

enum err_code index_make(struct tx *tx, const struct channel *ch, struct str subdir,
                         struct str name, const struct view *view, struct buf *out, bool *ret_made,
                         struct err *err)
{
    return documents_make_one(tx, ch, subdir, view, name, out, ret_made, err);
}

enum err_code index_empty(const struct channel *ch, struct str subdir, struct str name,
                          struct buf *out, struct err *err)
{
    if (cran_is_subdir(subdir))
        return documents_empty(ch, subdir, name, out, err);
    if (subdir.len && !conda_known_subdir(subdir))
        return fail(err, ERR_NOT_FOUND, "no subdir \"" STR_FMT "\"", STR_ARG(subdir));
    return documents_empty(ch, subdir, name, out, err);
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
