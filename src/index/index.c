/* index.c: the plain engine: every document of a subdir, and of its channel, from all its rows.
 *
 * The steps of an update: read the rows once, each feeding all builders; write each document and
 * compare its digest with that of the current one; put what differs; retire shards that are no
 * longer named; sweep what was replaced long enough ago. */
#include "index/index.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_name.h"
#include "format/json.h"
#include "format/zstd.h"
#include "index/conda_channeldata.h"
#include "index/conda_html.h"
#include "index/conda_repodata.h"
#include "index/conda_run_exports.h"
#include "index/conda_shards.h"
#include "store/file.h"

#define JSON_LEVEL 9 /* of repodata.json.zst: read far more often than written */

/* The list of current documents: about 200 bytes for each shard. */
#define LIST_MEMORY (256 * MIB)

/* Readers hold a document's digest for seconds at most; clients trust a shard index for a day,
 * and CEP 16 asks to keep shards for a week. */
#define DOCS_KEPT_MS   (INT64_C(60) * 1000)
#define SHARDS_KEPT_MS (INT64_C(7) * 24 * 3600 * 1000)
#define SWEEP_MAX      256 /* rows swept by one update: bounded, and more than one update leaves */
#define SWEEP_MEMORY   (4 * MIB)

#define SHARD_PREFIX   "shards/"
#define SHARD_SUFFIX   ".msgpack.zst"
#define SHARD_NAME_MAX (sizeof SHARD_PREFIX + SHA256_HEX + sizeof SHARD_SUFFIX)

/* Where documents are put, and what is current there. */
struct target {
    struct tx *tx;
    struct blob_store *blobs;
    const struct channel *ch;
    struct str subdir; /* empty: documents of the whole channel */
    int64_t now_ms;
    bool rewrite;                  /* put bytes again even if the rows say they are there */
    struct index_doc_list current; /* by name */
    bool *kept;                    /* which of them are part of the index still */
};

/* The builders of a subdir. */
struct subdir_docs {
    struct str title, subdir;
    struct conda_repodata repodata;
    struct conda_run_exports run_exports;
    struct conda_shards shards;
    struct conda_shard_sink sink;
    struct conda_subdir_page page;
};

/* The builders of a channel. */
struct channel_docs {
    struct str title;
    struct conda_channeldata *data;
    struct conda_channel_page page;
    struct conda_rss rss;
};

/* One document: how to append it to out. docs: a struct subdir_docs or channel_docs. */
struct kind {
    struct str name;
    enum err_code (*write)(void *docs, struct buf *out, struct err *err);
    bool packed; /* there is a name.zst too */
};
struct kinds {
    const struct kind *all;
    size_t count;
};

static void subdir_docs_init(struct subdir_docs *d, struct str title, struct str subdir)
{
    *d = (struct subdir_docs){.title = title, .subdir = subdir};
    conda_repodata_init(&d->repodata);
    conda_run_exports_init(&d->run_exports);
    conda_shards_init(&d->shards);
    conda_subdir_page_init(&d->page);
}

static void subdir_docs_done(struct subdir_docs *d)
{
    conda_repodata_done(&d->repodata);
    conda_run_exports_done(&d->run_exports);
    conda_shards_done(&d->shards);
    conda_subdir_page_done(&d->page);
}

static enum err_code subdir_docs_add(void *docs, const struct conda_row *row, struct err *err)
{
    struct subdir_docs *d = docs;
    AUTO(json_decrefp) json_t *record = NULL;
    enum err_code code = conda_row_record(row, &record, err);

    if (code)
        return code;
    conda_repodata_add(&d->repodata, row, record);
    conda_run_exports_add(&d->run_exports, row);
    conda_subdir_page_add(&d->page, row);
    return conda_shards_add(&d->shards, row, record, err);
}

static enum err_code write_repodata(void *docs, struct buf *out, struct err *err)
{
    struct subdir_docs *d = docs;

    (void)err; /* a failure shows in out */
    conda_repodata_write(&d->repodata, d->subdir, out);
    return OK;
}

static enum err_code write_run_exports(void *docs, struct buf *out, struct err *err)
{
    struct subdir_docs *d = docs;

    (void)err;
    conda_run_exports_write(&d->run_exports, d->subdir, out);
    return OK;
}

static enum err_code write_shards(void *docs, struct buf *out, struct err *err)
{
    struct subdir_docs *d = docs;

    return conda_shards_write(&d->shards, d->subdir, d->sink, out, err);
}

static enum err_code write_subdir_page(void *docs, struct buf *out, struct err *err)
{
    struct subdir_docs *d = docs;

    (void)err;
    conda_subdir_page_write(&d->page, d->title, d->subdir, out);
    return OK;
}

static const struct kind subdir_kinds_[] = {
    {{"repodata.json", 13}, write_repodata, true},
    {{"repodata_shards.msgpack.zst", 27}, write_shards, false},
    {{"run_exports.json", 16}, write_run_exports, true},
    {{"index.html", 10}, write_subdir_page, false},
};
static const struct kinds subdir_kinds = {subdir_kinds_, COUNT(subdir_kinds_)};

static void package_made(void *docs, const struct conda_package *package)
{
    struct channel_docs *d = docs;

    conda_channel_page_add(&d->page, package);
    conda_rss_add(&d->rss, d->title, package);
}

static enum err_code channel_docs_open(struct channel_docs *d, struct str title, struct err *err)
{
    struct conda_package_sink sink = {package_made, d};

    *d = (struct channel_docs){.title = title};
    conda_channel_page_init(&d->page);
    conda_rss_init(&d->rss);
    return conda_channeldata_open(sink, &d->data, err);
}

static void channel_docs_done(struct channel_docs *d)
{
    conda_channeldata_close(d->data);
    conda_channel_page_done(&d->page);
    conda_rss_done(&d->rss);
}

static enum err_code channel_docs_add(void *docs, const struct conda_row *row, struct err *err)
{
    struct channel_docs *d = docs;

    return conda_channeldata_add(d->data, row, err);
}

static enum err_code write_channeldata(void *docs, struct buf *out, struct err *err)
{
    struct channel_docs *d = docs;

    return conda_channeldata_write(d->data, out, err);
}

static enum err_code write_channel_page(void *docs, struct buf *out, struct err *err)
{
    struct channel_docs *d = docs;
    AUTO(json_decrefp) json_t *subdirs = conda_channeldata_subdirs(d->data);

    if (!subdirs)
        return fail(err, ERR_NOMEM, "out of memory for the page of a channel");
    conda_channel_page_write(&d->page, d->title, subdirs, out);
    return OK;
}

static enum err_code write_rss(void *docs, struct buf *out, struct err *err)
{
    struct channel_docs *d = docs;

    (void)err;
    conda_rss_write(&d->rss, d->title, out);
    return OK;
}

static const struct kind channel_kinds_[] = {
    {{"channeldata.json", 16}, write_channeldata, false},
    {{"index.html", 10}, write_channel_page, false},
    {{"rss.xml", 7}, write_rss, false},
};
static const struct kinds channel_kinds = {channel_kinds_, COUNT(channel_kinds_)};

/* "alice", or "alice/label/dev" */
static struct str channel_title(struct arena *mem, const struct channel *ch)
{
    if (str_eq(ch->label, S("main")))
        return str_dup(mem, ch->owner);
    return str_fmt(mem, STR_FMT "/label/" STR_FMT, STR_ARG(ch->owner), STR_ARG(ch->label));
}

/* Appends a document, or its compressed form. */
static enum err_code write_kind(const struct kind *k, void *docs, struct buf *out, struct err *err)
{
    enum err_code code = k->write(docs, out, err);

    if (code)
        return code;
    if (!buf_ok(out))
        return fail(err, ERR_NOMEM, "\"" STR_FMT "\" does not fit in memory", STR_ARG(k->name));
    return OK;
}

/* Calls fn for each file of the channel in the subdir (empty: in all). */
static enum err_code each_row(struct tx *tx, const struct channel *ch, struct str subdir,
                              enum err_code (*fn)(void *docs, const struct conda_row *row,
                                                  struct err *err),
                              void *docs, struct err *err)
{
    AUTO(buf_done) struct buf texts = BUF_INIT(LIMIT_INFO_TOTAL);
    AUTO(rows_endp) struct rows *rows = NULL;
    struct conda_row row;
    enum err_code code = file_query_channel(tx, ch->account_id, ch->label, subdir, &rows, err);

    while (code == OK && rows_next(rows)) {
        code = conda_row_read(rows, &texts, &row, err);
        if (code == OK)
            code = fn(docs, &row, err);
    }
    return code ? code : rows_error(rows, err);
}

static int doc_cmp(const void *a, const void *b)
{
    const struct index_doc_row *x = a, *y = b;

    return str_cmp(x->name, y->name);
}

/* Reads what is current. The order of the database need not be that of bytes. */
static enum err_code target_open(struct target *t, struct arena *mem, struct err *err)
{
    enum err_code code =
        index_doc_list(t->tx, mem, t->ch->account_id, t->ch->label, t->subdir, &t->current, err);
    size_t n = t->current.count;

    if (code)
        return code;
    t->kept = arena_array(mem, bool, n ? n : 1);
    if (!t->kept)
        return fail(err, ERR_NOMEM, "out of memory for %zu index documents", n);
    if (n)
        qsort(t->current.rows, n, sizeof t->current.rows[0], doc_cmp);
    return OK;
}

/* Marks a document as part of the index; its current row, NULL if there is none. */
static const struct index_doc_row *target_keep(struct target *t, struct str name)
{
    struct index_doc_row key = {.name = name}, *found = NULL;

    if (t->current.count)
        found = bsearch(&key, t->current.rows, t->current.count, sizeof key, doc_cmp);
    if (found)
        t->kept[found - t->current.rows] = true;
    return found;
}

/* Makes bytes the current content of a document; writes nothing when they are that already. */
static enum err_code target_put(struct target *t, struct str name, struct str bytes,
                                struct err *err)
{
    const struct index_doc_row *old = target_keep(t, name);
    struct index_doc_row row = {.name = name, .modified_ms = t->now_ms};
    char sha256[SHA256_HEX + 1];
    struct blob_id id;
    enum err_code code;

    digest_sha256_hex(bytes, sha256);
    if (old && !t->rewrite && str_eq(old->sha256, str_of(sha256)))
        return OK;
    code = blob_put(t->blobs, bytes, &id, err);
    if (code)
        return code;
    row.sha256 = str_of(id.sha256);
    row.size = (int64_t)id.size;
    return index_doc_put(t->tx, t->ch->account_id, t->ch->label, t->subdir, &row, err);
}

static enum err_code put_shard(void *target, const char sha256[SHA256_HEX + 1], struct str bytes,
                               struct err *err)
{
    char name[SHARD_NAME_MAX];

    (void)snprintf(name, sizeof name, SHARD_PREFIX "%s" SHARD_SUFFIX, sha256); /* fits */
    return target_put(target, str_of(name), bytes, err);
}

static enum err_code put_packed(struct target *t, struct str name, struct str bytes,
                                struct err *err)
{
    AUTO(buf_done) struct buf frame = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    char packed[64];
    enum err_code code = zstd_pack(bytes, JSON_LEVEL, &frame, err);

    if (code)
        return code;
    (void)snprintf(packed, sizeof packed, STR_FMT ".zst", STR_ARG(name)); /* ours: fits */
    return target_put(t, str_of(packed), buf_str(&frame), err);
}

/* Puts all documents of a table, then lets go of those that are not in it any more. */
static enum err_code target_write(struct target *t, const struct kinds *kinds, void *docs,
                                  struct err *err)
{
    enum err_code code = OK;

    for (size_t i = 0; code == OK && i < kinds->count; i++) {
        AUTO(buf_done) struct buf doc = BUF_INIT(LIMIT_INDEX_DOCUMENT);
        const struct kind *k = &kinds->all[i];

        code = write_kind(k, docs, &doc, err);
        if (code == OK)
            code = target_put(t, k->name, buf_str(&doc), err);
        if (code == OK && k->packed)
            code = put_packed(t, k->name, buf_str(&doc), err);
    }
    for (size_t i = 0; code == OK && i < t->current.count; i++)
        if (!t->kept[i])
            code = index_doc_retire(t->tx, t->ch->account_id, t->ch->label, t->subdir,
                                    t->current.rows[i].name, t->now_ms, err);
    return code;
}

/* base says all but the subdir and what is current there. */
static enum err_code update_subdir(const struct target *base, struct str subdir, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIST_MEMORY);
    AUTO(subdir_docs_done) struct subdir_docs docs;
    struct target t = *base;
    enum err_code code;

    subdir_docs_init(&docs, S(""), subdir);
    if (!mem || !(docs.title = channel_title(mem, t.ch)).ptr)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    t.subdir = subdir;
    docs.sink = (struct conda_shard_sink){put_shard, &t};
    code = target_open(&t, mem, err);
    if (code == OK)
        code = each_row(t.tx, t.ch, subdir, subdir_docs_add, &docs, err);
    return code ? code : target_write(&t, &subdir_kinds, &docs, err);
}

static enum err_code update_channel(const struct target *base, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIST_MEMORY);
    AUTO(channel_docs_done) struct channel_docs docs = {0};
    struct target t = *base;
    struct str title;
    enum err_code code;

    if (!mem || !(title = channel_title(mem, t.ch)).ptr)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    code = channel_docs_open(&docs, title, err);
    if (code == OK)
        code = target_open(&t, mem, err);
    if (code == OK)
        code = each_row(t.tx, t.ch, S(""), channel_docs_add, &docs, err);
    if (code == OK)
        code = conda_channeldata_end(docs.data, err);
    return code ? code : target_write(&t, &channel_kinds, &docs, err);
}

/* Bytes go before the caller's commit. Should that fail, the rows come back without their bytes:
 * of documents that nobody asks for any more, and the next sweep takes them again. */
static enum err_code sweep(const struct target *t, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(SWEEP_MEMORY);
    struct digest_list list = {0};
    enum err_code code;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    code = index_doc_sweep(t->tx, mem, t->now_ms - DOCS_KEPT_MS, t->now_ms - SHARDS_KEPT_MS,
                           SWEEP_MAX, &list, err);
    for (size_t i = 0; code == OK && i < list.count; i++)
        code = blob_remove(t->blobs, list.items[i], err);
    return code;
}

enum err_code index_update(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                           struct str subdir, int64_t now_ms, struct err *err)
{
    struct target t = {.tx = tx, .blobs = blobs, .ch = ch, .now_ms = now_ms};
    enum err_code code = update_subdir(&t, subdir, err);

    if (code == OK)
        code = update_channel(&t, err);
    return code ? code : sweep(&t, err);
}

/* Adds the row's subdir to a set (a JSON object). */
static enum err_code collect_subdir(void *set, const struct conda_row *row, struct err *err)
{
    char subdir[LIMIT_CONDA_SUBDIR + 1];

    if (row->subdir.len >= sizeof subdir)
        return fail(err, ERR_INVALID, "subdir \"" STR_FMT "\" is too long", STR_ARG(row->subdir));
    memcpy(subdir, row->subdir.ptr, row->subdir.len);
    subdir[row->subdir.len] = '\0';
    if (json_object_set_new(set, subdir, json_true()))
        return fail(err, ERR_NOMEM, "out of memory for the list of subdirs");
    return OK;
}

/* The subdirs that have files, and of the known ones those that have documents. */
static enum err_code collect_subdirs(const struct target *t, json_t *set, struct err *err)
{
    enum err_code code = each_row(t->tx, t->ch, S(""), collect_subdir, set, err);

    for (const char *const *s = conda_known_subdirs; code == OK && *s; s++) {
        AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        struct index_doc_row doc;

        if (!mem)
            return fail(err, ERR_NOMEM, "out of memory for the list of subdirs");
        code = index_doc_find(t->tx, mem, t->ch->account_id, t->ch->label, str_of(*s),
                              S("repodata.json"), &doc, err);
        if (code == OK && json_object_set_new(set, *s, json_true()))
            code = fail(err, ERR_NOMEM, "out of memory for the list of subdirs");
        else if (code == ERR_NOT_FOUND)
            code = OK;
    }
    return code;
}

enum err_code index_rebuild(struct tx *tx, struct blob_store *blobs, const struct channel *ch,
                            int64_t now_ms, struct err *err)
{
    struct target t = {.tx = tx, .blobs = blobs, .ch = ch, .now_ms = now_ms, .rewrite = true};
    AUTO(json_decrefp) json_t *subdirs = json_object();
    enum err_code code;

    if (!subdirs)
        return fail(err, ERR_NOMEM, "out of memory for the list of subdirs");
    code = collect_subdirs(&t, subdirs, err);
    for (void *it = json_object_iter(subdirs); code == OK && it;
         it = json_object_iter_next(subdirs, it))
        code = update_subdir(&t, str_of(json_object_iter_key(it)), err);
    if (code == OK)
        code = update_channel(&t, err);
    return code ? code : sweep(&t, err);
}

/* Appends the document of this name, ERR_NOT_FOUND when the table has none. */
static enum err_code write_named(const struct kinds *kinds, void *docs, struct str name,
                                 struct buf *out, struct err *err)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    enum err_code code;

    for (size_t i = 0; i < kinds->count; i++) {
        const struct kind *k = &kinds->all[i];

        if (str_eq(name, k->name))
            return write_kind(k, docs, out, err);
        if (!k->packed || !str_starts(name, k->name) ||
            !str_eq(str_from(name, k->name.len), S(".zst")))
            continue;
        code = write_kind(k, docs, &plain, err);
        return code ? code : zstd_pack(buf_str(&plain), JSON_LEVEL, out, err);
    }
    return fail(err, ERR_NOT_FOUND, "no index document \"" STR_FMT "\"", STR_ARG(name));
}

enum err_code index_empty(const struct channel *ch, struct str subdir, struct str name,
                          struct buf *out, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(subdir_docs_done) struct subdir_docs sub;
    AUTO(channel_docs_done) struct channel_docs docs = {0};
    struct str title = mem ? channel_title(mem, ch) : (struct str){0};
    enum err_code code;

    subdir_docs_init(&sub, title, subdir);
    if (!title.ptr)
        return fail(err, ERR_NOMEM, "out of memory for an empty index");
    if (subdir.len && !conda_known_subdir(subdir))
        return fail(err, ERR_NOT_FOUND, "no subdir \"" STR_FMT "\"", STR_ARG(subdir));
    if (subdir.len)
        return write_named(&subdir_kinds, &sub, name, out, err);
    if (str_eq(name, S("notices.json"))) { /* CEP 6; nobody can write any yet */
        buf_addz(out, "{\"notices\":[]}");
        return OK;
    }
    code = channel_docs_open(&docs, title, err);
    return code ? code : write_named(&channel_kinds, &docs, name, out, err);
}

static bool is_shard_name(struct str name)
{
    struct str prefix = S(SHARD_PREFIX), suffix = S(SHARD_SUFFIX);

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
