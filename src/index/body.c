/* body.c: the bytes of a composed document, as they are asked for. */
#include "base/cache.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/stitch.h"
#include "index/compose.h"

/* A stretch of the body: bytes that are at hand, then a chunk or nothing. */
struct stretch {
    uint64_t at;     /* where it begins */
    struct str lead; /* the bytes */
    uint64_t len;    /* of the chunk's part; 0: no chunk */
    uint32_t text_size, zstd_size;
    char sha256[SHA256_HEX + 1];
};

struct index_body {
    struct shared shared;
    struct blob_store *blobs;
    enum index_form form;
    struct arena *mem;
    struct stretch *stretches;
    size_t count, room;
    uint64_t size;
    struct gzip_sum sum; /* while it is made */
};

static void body_free(struct shared *s)
{
    struct index_body *b = (struct index_body *)s;

    arena_close(b->mem);
    mem_free(b);
}

/* ---- making ---- */

static enum err_code no_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory for the body of an index");
}

/* Appends a stretch without a chunk, as yet; NULL: no memory. */
static struct stretch *add(struct index_body *b, struct str lead)
{
    struct stretch *s = b->count < b->room ? &b->stretches[b->count] : NULL;

    if (!s)
        return NULL;
    *s = (struct stretch){.at = b->size, .lead = str_dup(b->mem, lead)};
    if (lead.len && !s->lead.ptr)
        return NULL;
    b->count++;
    b->size += lead.len;
    return s;
}

/* A text in the form of the body. */
static void store(struct index_body *b, struct str text, struct buf *out)
{
    gzip_sum_text(&b->sum, text);
    if (!text.len)
        return;
    if (b->form == INDEX_ZSTD)
        zstd_stored(text, out);
    else if (b->form == INDEX_GZIP)
        gzip_stored(text, out);
    else
        buf_add(out, text);
}

static bool add_chunk(struct index_body *b, const struct index_chunk_row *row, struct str lead)
{
    struct stretch *s = add(b, lead);

    if (!s)
        return false;
    s->len = (uint64_t)(b->form == INDEX_ZSTD   ? row->zstd_size
                        : b->form == INDEX_GZIP ? row->gzip_size
                                                : row->text_size);
    s->text_size = (uint32_t)row->text_size;
    s->zstd_size = (uint32_t)row->zstd_size;
    memcpy(s->sha256, row->sha256.ptr, SHA256_HEX);
    b->size += s->len;
    gzip_sum_add(&b->sum, (uint32_t)row->text_crc, (uint64_t)row->text_size);
    return true;
}

static enum err_code add_list(struct index_body *b, struct tx *tx, const struct composition *c,
                              const struct compose_part *p, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_INDEX_DOCUMENT);
    AUTO(buf_done) struct buf separator = BUF_INIT(KIB);
    struct index_chunk_list chunks = {0};
    enum err_code code = mem ? compose_chunks(tx, mem, c, p, &chunks, err) : no_memory(err);

    if (code)
        return code;
    if (chunks.count != (uint64_t)p->list.chunks)
        return fail(err, ERR_IO, "a list of an index has %zu chunks, not %lld", chunks.count,
                    (long long)p->list.chunks);
    for (size_t i = 0; i < chunks.count; i++) {
        buf_clear(&separator);
        if (i)
            store(b, p->kind->form.separator, &separator);
        if (!buf_ok(&separator) || !add_chunk(b, &chunks.rows[i], buf_str(&separator)))
            return no_memory(err);
    }
    return OK;
}

static enum err_code add_parts(struct index_body *b, struct tx *tx, const struct composition *c,
                               struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(4 * MIB);
    uint64_t total = compose_size(c, INDEX_TEXT);
    enum err_code code = OK;

    if (b->form == INDEX_ZSTD)
        zstd_head(total, &text);
    if (b->form == INDEX_GZIP)
        gzip_head(&text);
    for (size_t i = 0; code == OK && i < c->count; i++) {
        const struct compose_part *p = &c->parts[i];

        if (!p->kind) {
            store(b, p->text, &text);
            continue;
        }
        if (!buf_ok(&text) || !add(b, buf_str(&text)))
            return no_memory(err);
        buf_clear(&text);
        code = add_list(b, tx, c, p, err);
    }
    if (code)
        return code;
    if (b->form == INDEX_ZSTD)
        zstd_end(&text);
    if (b->form == INDEX_GZIP)
        gzip_end(b->sum, &text);
    return buf_ok(&text) && add(b, buf_str(&text)) ? OK : no_memory(err);
}

enum err_code compose_body(struct tx *tx, struct blob_store *blobs, const struct composition *c,
                           enum index_form form, struct index_body **ret, struct err *err)
{
    struct index_body *b = mem_new(struct index_body);
    enum err_code code;

    if (!b)
        return no_memory(err);
    shared_init(&b->shared, body_free);
    b->blobs = blobs;
    b->form = form;
    b->mem = arena_open(LIMIT_INDEX_DOCUMENT);
    b->room = c->count + 1;
    for (size_t i = 0; i < c->count; i++)
        if (c->parts[i].kind)
            b->room += (size_t)c->parts[i].list.chunks;
    b->stretches = b->mem ? arena_array(b->mem, struct stretch, b->room) : NULL;
    code = b->stretches ? add_parts(b, tx, c, err) : no_memory(err);
    if (code == OK && b->size != compose_size(c, form))
        code = fail(err, ERR_IO, "the chunks of an index are not as long as its lists say");
    if (code) {
        shared_unref(b);
        return code;
    }
    *ret = b;
    return OK;
}

/* ---- reading ---- */

size_t index_body_memory(const struct index_body *b)
{
    return sizeof *b + b->count * sizeof *b->stretches;
}

uint64_t index_body_size(const struct index_body *b)
{
    return b->size;
}

/* The stretch that holds a byte before the end. */
static size_t find(const struct index_body *b, uint64_t offset)
{
    size_t low = 0, high = b->count; /* it is in [low, high) */

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (b->stretches[mid].at <= offset)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* Bytes of a stretch's blob. */
static enum err_code read_blob(const struct index_body *b, const struct stretch *s, uint64_t from,
                               size_t len, char *out, struct err *err)
{
    enum err_code code = blob_read_at(b->blobs, str_of(s->sha256), from, len, out, err);

    if (code == ERR_NOT_FOUND || code == ERR_INVALID)
        return fail(err, ERR_IO,
                    "chunk %s of an index is missing from the blob store, or too short", s->sha256);
    return code;
}

static enum err_code read_text(const struct index_body *b, const struct stretch *s, uint64_t from,
                               size_t len, char *out, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(LIMIT_INDEX_DOCUMENT);
    const struct index_chunk_row row = {
        .sha256 = str_of(s->sha256), .text_size = s->text_size, .zstd_size = s->zstd_size};
    char *zstd = mem_get(s->zstd_size);
    enum err_code code = zstd ? read_blob(b, s, 0, s->zstd_size, zstd, err) : no_memory(err);

    if (code == OK)
        code = chunk_text(&row, (struct str){zstd, s->zstd_size}, &text, err);
    if (code == OK)
        memcpy(out, text.ptr + from, len);
    mem_free(zstd);
    return code;
}

/* Bytes of a stretch; from + len lies within it. */
static enum err_code read_stretch(const struct index_body *b, const struct stretch *s,
                                  uint64_t from, size_t len, char *out, struct err *err)
{
    size_t lead = from < s->lead.len ? s->lead.len - (size_t)from : 0;

    if (lead > len)
        lead = len;
    if (lead)
        memcpy(out, s->lead.ptr + from, lead);
    if (lead == len)
        return OK;
    from = from + lead - s->lead.len;
    if (b->form == INDEX_TEXT)
        return read_text(b, s, from, len - lead, out + lead, err);
    return read_blob(b, s, from + (b->form == INDEX_GZIP ? s->zstd_size : 0), len - lead,
                     out + lead, err);
}

enum err_code index_body_read(void *body, uint64_t offset, size_t len, char *out, struct err *err)
{
    const struct index_body *b = body;
    enum err_code code = OK;

    if (offset > b->size || len > b->size - offset)
        return fail(err, ERR_INVALID, "bytes %llu to %llu of an index of %llu",
                    (unsigned long long)offset, (unsigned long long)(offset + len),
                    (unsigned long long)b->size);
    for (size_t i = len ? find(b, offset) : b->count; code == OK && len; i++) {
        const struct stretch *s = &b->stretches[i];
        uint64_t from = offset - s->at, left = s->lead.len + s->len - from;
        size_t some = left < len ? (size_t)left : len;

        code = read_stretch(b, s, from, some, out, err);
        offset += some;
        out += some;
        len -= some;
    }
    return code;
}
