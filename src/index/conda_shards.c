/* conda_shards.c: see conda_shards.h. */
#include "index/conda_shards.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "format/json.h"
#include "format/msgpack.h"
#include "format/zstd.h"

/* Shards are small, digests do not compress: higher levels cost time and win next to nothing. */
#define SHARD_LEVEL 3

/* Places in the builder's buffers: those move as they grow, so no pointers. */
struct span {
    size_t at, len;
};
struct shard_entry {
    struct span package, filename, record;
    int64_t uploaded_ms;
    bool v2;
};

/* The entries of one package: [v1, v2) are .tar.bz2, [v2, end) are .conda; each by filename. */
struct group {
    const struct shard_entry *v1, *v2, *end;
};

static const char *const hex_keys[] = {"legacy_bz2_md5", "md5", "sha256", NULL};

void conda_shards_init(struct conda_shards *s)
{
    *s = (struct conda_shards){BUF_INIT(LIMIT_INDEX_DOCUMENT), BUF_INIT(LIMIT_INDEX_DOCUMENT),
                               BUF_INIT(LIMIT_INDEX_DOCUMENT), 0};
}

void conda_shards_done(struct conda_shards *s)
{
    buf_done(&s->texts);
    buf_done(&s->records);
    buf_done(&s->entries);
}

static struct span append(struct buf *b, struct str s)
{
    struct span span = {b->len, s.len};

    buf_add(b, s);
    return span;
}

static struct str text_at(const struct conda_shards *s, struct span span)
{
    return (struct str){s->texts.ptr + span.at, span.len};
}

enum err_code conda_shards_add(struct conda_shards *s, const struct conda_row *row,
                               const json_t *record, struct err *err)
{
    union { /* json_copy takes no const, though it changes nothing */
        const json_t *in;
        json_t *use;
    } r = {.in = record};
    AUTO(json_decrefp) json_t *full = json_copy(r.use);
    AUTO(json_decrefp) json_t *run_exports = NULL;
    struct str exports = row->run_exports.len ? row->run_exports : S("{}");
    struct shard_entry e = {.uploaded_ms = row->uploaded_ms, .v2 = conda_row_is_v2(row)};
    enum err_code code;

    code = json_parse_object(exports, &run_exports, err);
    if (code)
        return code;
    if (!full || json_object_set(full, "run_exports", run_exports))
        return fail(err, ERR_NOMEM, "out of memory while packing a record");
    e.package = append(&s->texts, row->package);
    e.filename = append(&s->texts, row->filename);
    e.record.at = s->records.len;
    mp_json_hex(&s->records, full, hex_keys);
    e.record.len = s->records.len - e.record.at;
    buf_add(&s->entries, (struct str){(const char *)&e, sizeof e});
    if (!buf_ok(&s->texts) || !buf_ok(&s->records) || !buf_ok(&s->entries))
        return fail(err, ERR_NOMEM, "the shards of a subdir do not fit in memory");
    if (row->uploaded_ms > s->newest_ms)
        s->newest_ms = row->uploaded_ms;
    return OK;
}

static int entry_cmp(const void *a, const void *b, void *shards)
{
    const struct conda_shards *s = shards;
    const struct shard_entry *x = a, *y = b;
    int order = str_cmp(text_at(s, x->package), text_at(s, y->package));

    if (order)
        return order;
    if (x->v2 != y->v2)
        return x->v2 ? 1 : -1;
    return str_cmp(text_at(s, x->filename), text_at(s, y->filename));
}

/* The group that begins at e. */
static struct group group_at(const struct conda_shards *s, const struct shard_entry *e,
                             const struct shard_entry *end)
{
    struct group g = {e, NULL, e};
    struct str package = text_at(s, e->package);

    while (g.end < end && str_eq(text_at(s, g.end->package), package)) {
        if (!g.v2 && g.end->v2)
            g.v2 = g.end;
        g.end++;
    }
    if (!g.v2)
        g.v2 = g.end;
    return g;
}

/* Is the same build there as a .conda? conda and rattler pass over the .tar.bz2 then, but mamba
 * would take it out of a shard; leaving it out gives every client the better file. */
static bool has_twin(const struct conda_shards *s, const struct group *g,
                     const struct shard_entry *e)
{
    const struct str old_ext = S(".tar.bz2"), new_ext = S(".conda");
    const struct shard_entry *low = g->v2, *high = g->end;
    struct str name = text_at(s, e->filename), twin;
    char key[LIMIT_CONDA_FILENAME + 1];
    size_t stem;

    if (!str_ends(name, old_ext) || name.len > sizeof key)
        return false;
    stem = name.len - old_ext.len;
    memcpy(key, name.ptr, stem);
    memcpy(key + stem, new_ext.ptr, new_ext.len);
    twin = (struct str){key, stem + new_ext.len};
    while (low < high) {
        const struct shard_entry *mid = low + (high - low) / 2;
        int order = str_cmp(text_at(s, mid->filename), twin);

        if (order == 0)
            return true;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

static void pack_entry(const struct conda_shards *s, const struct shard_entry *e, struct buf *out)
{
    mp_str(out, text_at(s, e->filename));
    buf_add(out, (struct str){s->records.ptr + e->record.at, e->record.len});
}

/* Both maps are always there: a shard without one of them loses its packages in some clients. */
static void pack_group(const struct conda_shards *s, const struct group *g, struct buf *out)
{
    size_t old = 0;

    for (const struct shard_entry *e = g->v1; e < g->v2; e++)
        old += !has_twin(s, g, e);
    mp_map(out, 2);
    mp_str(out, S("packages"));
    mp_map(out, old);
    for (const struct shard_entry *e = g->v1; e < g->v2; e++)
        if (!has_twin(s, g, e))
            pack_entry(s, e, out);
    mp_str(out, S("packages.conda"));
    mp_map(out, (size_t)(g->end - g->v2));
    for (const struct shard_entry *e = g->v2; e < g->end; e++)
        pack_entry(s, e, out);
}

static int64_t newest_of(const struct group *g)
{
    int64_t newest = 0;

    for (const struct shard_entry *e = g->v1; e < g->end; e++)
        if (e->uploaded_ms > newest)
            newest = e->uploaded_ms;
    return newest;
}

static enum err_code write_group(const struct conda_shards *s, const struct group *g,
                                 struct conda_shard_sink sink, struct err *err)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    AUTO(buf_done) struct buf frame = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    struct conda_shard shard = {.package = text_at(s, g->v1->package), .newest_ms = newest_of(g)};
    enum err_code code;

    pack_group(s, g, &plain);
    if (!buf_ok(&plain))
        return fail(err, ERR_NOMEM, "the shard of package \"" STR_FMT "\" does not fit in memory",
                    STR_ARG(shard.package));
    code = zstd_pack(buf_str(&plain), SHARD_LEVEL, &frame, err);
    if (code)
        return code;
    shard.bytes = buf_str(&frame);
    digest_sha256(shard.bytes, shard.sha256);
    return sink.put(sink.ctx, &shard, err);
}

/* base_url and shards_base_url are strings in every case: clients crash on nil or absence, and
 * these two values are the ones that conda, mamba and rattler all resolve alike. */
void conda_shards_begin(struct str subdir, size_t count, int64_t newest_ms, struct buf *out)
{
    char date[CLOCK_TEXT_MAX];

    mp_map(out, 3);
    mp_str(out, S("info"));
    mp_map(out, 4);
    mp_str(out, S("base_url"));
    mp_str(out, S(""));
    mp_str(out, S("created_at"));
    mp_str(out, clock_rfc3339(newest_ms, date));
    mp_str(out, S("shards_base_url"));
    mp_str(out, S("./shards/"));
    mp_str(out, S("subdir"));
    mp_str(out, subdir);
    mp_str(out, S("shards"));
    mp_map(out, count);
}

void conda_shards_member(struct str package, const uint8_t sha256[SHA256_LEN], struct buf *out)
{
    mp_str(out, package);
    mp_bin(out, (struct str){(const char *)sha256, SHA256_LEN});
}

void conda_shards_end(struct buf *out)
{
    mp_str(out, S("version"));
    mp_int(out, 1);
}

enum err_code conda_shards_each(struct conda_shards *s, struct conda_shard_sink sink,
                                struct err *err)
{
    struct shard_entry *e = (void *)s->entries.ptr;
    size_t n = s->entries.len / sizeof *e;
    enum err_code code = OK;

    if (n)
        qsort_r(e, n, sizeof *e, entry_cmp, s);
    for (size_t i = 0; code == OK && i < n;) {
        struct group g = group_at(s, e + i, e + n);

        code = write_group(s, &g, sink, err);
        i = (size_t)(g.end - e);
    }
    return code;
}

/* Hands shards on, and collects their members of the index. */
struct indexing {
    struct conda_shard_sink sink;
    struct buf members;
    size_t count;
};

static enum err_code index_shard(void *ctx, const struct conda_shard *shard, struct err *err)
{
    struct indexing *x = ctx;

    conda_shards_member(shard->package, shard->sha256, &x->members);
    x->count++;
    return x->sink.put(x->sink.ctx, shard, err);
}

static enum err_code write_index(struct conda_shards *s, struct str subdir, struct indexing *x,
                                 struct buf *out, struct err *err)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    enum err_code code = conda_shards_each(s, (struct conda_shard_sink){index_shard, x}, err);

    if (code)
        return code;
    conda_shards_begin(subdir, x->count, s->newest_ms, &plain);
    buf_add(&plain, buf_str(&x->members));
    conda_shards_end(&plain);
    if (!buf_ok(&x->members) || !buf_ok(&plain))
        return fail(err, ERR_NOMEM, "the shard index of \"" STR_FMT "\" does not fit in memory",
                    STR_ARG(subdir));
    return zstd_pack(buf_str(&plain), SHARD_LEVEL, out, err);
}

enum err_code conda_shards_write(struct conda_shards *s, struct str subdir,
                                 struct conda_shard_sink sink, struct buf *out, struct err *err)
{
    struct indexing x = {.sink = sink, .members = BUF_INIT(LIMIT_INDEX_DOCUMENT)};
    enum err_code code = write_index(s, subdir, &x, out, err);

    buf_done(&x.members);
    return code;
}
