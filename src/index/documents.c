/* documents.c: every document of a subdir, or of a channel, from all its rows: the rows are read
 * once, each feeding all builders; then each document is written and handed to the sink. */
#include "index/documents.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/zstd.h"
#include "index/conda_channeldata.h"
#include "index/conda_html.h"
#include "index/conda_repodata.h"
#include "index/conda_run_exports.h"
#include "index/conda_shards.h"
#include "index/cran_documents.h"
#include "index/document_kind.h"
#include "store/file.h"

#define JSON_LEVEL 9 /* of repodata.json.zst: read far more often than written */

/* ---- builders ---- */

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

static const struct document_kind subdir_kinds_[] = {
    {{"repodata.json", 13}, write_repodata, true},
    {{"repodata_shards.msgpack.zst", 27}, write_shards, false},
    {{"run_exports.json", 16}, write_run_exports, true},
    {{"index.html", 10}, write_subdir_page, false},
};
static const struct document_kinds subdir_kinds = {subdir_kinds_, COUNT(subdir_kinds_)};

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

static const struct document_kind channel_kinds_[] = {
    {{"channeldata.json", 16}, write_channeldata, false},
    {{"index.html", 10}, write_channel_page, false},
    {{"rss.xml", 7}, write_rss, false},
};
static const struct document_kinds channel_kinds = {channel_kinds_, COUNT(channel_kinds_)};

struct str document_shard_name(const char sha256[SHA256_HEX + 1], char out[DOCUMENT_SHARD_NAME])
{
    (void)snprintf(out, DOCUMENT_SHARD_NAME, "shards/%s.msgpack.zst", sha256); /* fits */
    return str_of(out);
}

struct str document_title(struct arena *mem, const struct channel *ch)
{
    if (str_eq(ch->label, S("main")))
        return str_dup(mem, ch->owner);
    return str_fmt(mem, STR_FMT "/label/" STR_FMT, STR_ARG(ch->owner), STR_ARG(ch->label));
}

/* Appends a document, or its compressed form. */
static enum err_code write_kind(const struct document_kind *k, void *docs, struct buf *out,
                                struct err *err)
{
    enum err_code code = k->write(docs, out, err);

    if (code)
        return code;
    if (!buf_ok(out))
        return fail(err, ERR_NOMEM, "\"" STR_FMT "\" does not fit in memory", STR_ARG(k->name));
    return OK;
}

/* What the rows are read for. */
struct scope {
    const struct channel *ch;
    struct str subdir; /* empty: all */
    struct str title;
    const struct view *view;
    bool also; /* a row was met that only the view's `also` shows */
};

/* Calls fn for each file that the view shows. */
static enum err_code each_row(struct tx *tx, struct scope *s,
                              enum err_code (*fn)(void *docs, const struct conda_row *row,
                                                  struct err *err),
                              void *docs, struct err *err)
{
    AUTO(buf_done) struct buf texts = BUF_INIT(LIMIT_INFO_TOTAL);
    AUTO(rows_endp) struct rows *rows = NULL;
    struct conda_row row;
    enum access_level widest = s->view->also_count ? ACCESS_PRIVATE : s->view->widest;
    enum err_code code =
        file_query_channel(tx, s->ch->account_id, s->ch->label, s->subdir, widest, &rows, err);

    while (code == OK && rows_next(rows)) {
        code = conda_row_read(rows, &texts, &row, err);
        if (code || !view_shows(s->view, row.access, row.package_id))
            continue;
        s->also = s->also || row.access > s->view->widest;
        code = fn(docs, &row, err);
    }
    return code ? code : rows_error(rows, err);
}

/* ---- making ---- */

/* The documents of a place. */
static const struct document_kinds *kinds_of(struct str subdir)
{
    if (cran_is_subdir(subdir))
        return cran_kinds_of(subdir);
    return subdir.len ? &subdir_kinds : &channel_kinds;
}

static enum err_code put_shard(void *sink, const struct conda_shard *shard, struct err *err)
{
    const struct document_sink *s = sink;
    char name[DOCUMENT_SHARD_NAME], sha256[SHA256_HEX + 1];
    struct document doc = {.package = shard->package, .bytes = shard->bytes};

    text_hex(shard->sha256, SHA256_LEN, sha256);
    doc.name = document_shard_name(sha256, name);
    return s->put(s->ctx, &doc, err);
}

static enum err_code drop_shard(void *sink, const struct conda_shard *shard, struct err *err)
{
    (void)sink;
    (void)shard;
    (void)err;
    return OK;
}

static enum err_code put_packed(const struct document_sink *sink, struct str name, struct str bytes,
                                struct err *err)
{
    AUTO(buf_done) struct buf frame = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    char packed[64];
    struct document doc = {0};
    enum err_code code = zstd_pack(bytes, JSON_LEVEL, &frame, err);

    if (code)
        return code;
    (void)snprintf(packed, sizeof packed, STR_FMT ".zst", STR_ARG(name)); /* ours: fits */
    doc.name = str_of(packed);
    doc.bytes = buf_str(&frame);
    return sink->put(sink->ctx, &doc, err);
}

static enum err_code put_all(const struct document_kinds *kinds, void *docs,
                             const struct document_sink *sink, struct err *err)
{
    enum err_code code = OK;

    for (size_t i = 0; code == OK && i < kinds->count; i++) {
        AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INDEX_DOCUMENT);
        const struct document_kind *k = &kinds->all[i];
        struct document doc = {.name = k->name};

        code = write_kind(k, docs, &text, err);
        doc.bytes = buf_str(&text);
        if (code == OK)
            code = sink->put(sink->ctx, &doc, err);
        if (code == OK && k->packed)
            code = put_packed(sink, k->name, doc.bytes, err);
    }
    return code;
}

/* ERR_NOT_FOUND when the table has none of this name. *ret_packed: it is the compressed form. */
static enum err_code find_kind(const struct document_kinds *kinds, struct str name,
                               const struct document_kind **ret, bool *ret_packed, struct err *err)
{
    for (size_t i = 0; i < kinds->count; i++) {
        const struct document_kind *k = &kinds->all[i];
        bool same = str_eq(name, k->name);

        if (!same && !(k->packed && str_starts(name, k->name) &&
                       str_eq(str_from(name, k->name.len), S(".zst"))))
            continue;
        *ret = k;
        *ret_packed = !same;
        return OK;
    }
    return fail(err, ERR_NOT_FOUND, "no index document \"" STR_FMT "\"", STR_ARG(name));
}

/* Appends the document of this name. */
static enum err_code write_named(const struct document_kinds *kinds, void *docs, struct str name,
                                 struct buf *out, struct err *err)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    const struct document_kind *k = NULL;
    bool packed = false;
    enum err_code code = find_kind(kinds, name, &k, &packed, err);

    if (code || !packed)
        return code ? code : write_kind(k, docs, out, err);
    code = write_kind(k, docs, &plain, err);
    return code ? code : zstd_pack(buf_str(&plain), JSON_LEVEL, out, err);
}

/* What becomes of the builders once they have the rows: all documents, or the one of a name. */
struct outcome {
    struct document_sink *sink; /* all, to here; else */
    struct str name;            /* this one, to out */
    struct buf *out;
};

static enum err_code finish(const struct outcome *o, const struct document_kinds *kinds, void *docs,
                            struct err *err)
{
    return o->sink ? put_all(kinds, docs, o->sink, err)
                   : write_named(kinds, docs, o->name, o->out, err);
}

static enum err_code make_subdir(struct tx *tx, struct scope *s, const struct outcome *o,
                                 struct err *err)
{
    AUTO(subdir_docs_done) struct subdir_docs docs;
    enum err_code code;

    subdir_docs_init(&docs, s->title, s->subdir);
    docs.sink = (struct conda_shard_sink){o->sink ? put_shard : drop_shard, o->sink};
    code = each_row(tx, s, subdir_docs_add, &docs, err);
    return code ? code : finish(o, &subdir_kinds, &docs, err);
}

static enum err_code make_channel(struct tx *tx, struct scope *s, const struct outcome *o,
                                  struct err *err)
{
    AUTO(channel_docs_done) struct channel_docs docs = {0};
    enum err_code code = channel_docs_open(&docs, s->title, err);

    if (code == OK)
        code = each_row(tx, s, channel_docs_add, &docs, err);
    if (code == OK)
        code = conda_channeldata_end(docs.data, err);
    return code ? code : finish(o, &channel_kinds, &docs, err);
}

static enum err_code make_cran(struct tx *tx, struct scope *s, const struct outcome *o,
                               struct err *err)
{
    AUTO(cran_packages_closep) struct cran_packages *docs = NULL;
    enum err_code code = cran_documents_open(s->subdir, &docs, err);

    if (code == OK)
        code = each_row(tx, s, cran_documents_add, docs, err);
    if (code)
        return code;
    cran_packages_end(docs);
    return finish(o, kinds_of(s->subdir), docs, err);
}

static enum err_code make(struct tx *tx, struct scope *s, const struct outcome *o, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);

    s->title = mem ? document_title(mem, s->ch) : (struct str){0};
    if (!s->title.ptr)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    if (cran_is_subdir(s->subdir))
        return make_cran(tx, s, o, err);
    return s->subdir.len ? make_subdir(tx, s, o, err) : make_channel(tx, s, o, err);
}

enum err_code documents_make(struct tx *tx, const struct channel *ch, struct str subdir,
                             const struct view *view, struct document_sink sink, struct err *err)
{
    struct scope s = {.ch = ch, .subdir = subdir, .view = view};
    const struct outcome o = {.sink = &sink};

    return make(tx, &s, &o, err);
}

enum err_code documents_make_one(struct tx *tx, const struct channel *ch, struct str subdir,
                                 const struct view *view, struct str name, struct buf *out,
                                 bool *ret_also, struct err *err)
{
    struct scope s = {.ch = ch, .subdir = subdir, .view = view};
    const struct outcome o = {.name = name, .out = out};
    const struct document_kind *kind;
    bool packed;
    /* Asked before all rows are read for it. */
    enum err_code code = find_kind(kinds_of(subdir), name, &kind, &packed, err);

    if (code == OK)
        code = make(tx, &s, &o, err);
    if (code == OK)
        *ret_also = s.also;
    return code;
}

static enum err_code empty_cran(struct str subdir, struct str name, struct buf *out,
                                struct err *err)
{
    AUTO(cran_packages_closep) struct cran_packages *docs = NULL;
    enum err_code code = cran_documents_open(subdir, &docs, err);

    if (code)
        return code;
    cran_packages_end(docs);
    return write_named(kinds_of(subdir), docs, name, out, err);
}

enum err_code documents_empty(const struct channel *ch, struct str subdir, struct str name,
                              struct buf *out, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(subdir_docs_done) struct subdir_docs sub;
    AUTO(channel_docs_done) struct channel_docs docs = {0};
    struct str title = mem ? document_title(mem, ch) : (struct str){0};
    enum err_code code;

    subdir_docs_init(&sub, title, subdir);
    if (!title.ptr)
        return fail(err, ERR_NOMEM, "out of memory for an empty index");
    if (cran_is_subdir(subdir))
        return empty_cran(subdir, name, out, err);
    if (subdir.len)
        return write_named(&subdir_kinds, &sub, name, out, err);
    code = channel_docs_open(&docs, title, err);
    return code ? code : write_named(&channel_kinds, &docs, name, out, err);
}
