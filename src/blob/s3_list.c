/* s3_list.c: ListObjectsV2 and ListMultipartUploads, page by page. */
#include "blob/s3_list.h"

#include "base/limits.h"
#include "base/text.h"
#include "blob/s3_upload.h"

#define PAGE_MEMORY (32 * MIB)
#define KEY_TAIL    (3 + SHA256_HEX) /* "ab/" and the digest */
#define TOKEN_MAX   (8 * KIB)
/* A list that goes on with nothing so often has no end. */
#define EMPTY_PAGES 8

static enum err_code out_of_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code nonsense(struct err *err)
{
    return fail(err, ERR_IO, "S3 answers with nonsense when its bucket is listed");
}

/* ERR_INVALID in what a server sent is its failure, not the caller's. */
static enum err_code parsed(enum err_code code, struct err *err)
{
    return code == ERR_INVALID ? nonsense(err) : code;
}

/* The digest that a key of ours tells. */
static bool parse_key(struct str prefix, struct str key, struct str *ret_sha256)
{
    struct str tail = str_from(key, prefix.len), sha256 = str_from(tail, 3);

    if (!str_starts(key, prefix) || tail.len != KEY_TAIL || tail.ptr[2] != '/' ||
        !text_is_hex(sha256, SHA256_HEX) || memcmp(tail.ptr, sha256.ptr, 2) != 0)
        return false;
    *ret_sha256 = sha256;
    return true;
}

static enum err_code get_page(struct s3_client *c, struct s3_fields params,
                              struct s3_answer *answer, struct err *err)
{
    const struct s3_request rq = {.method = S("GET"), .params = params};
    struct err why = {0};
    enum err_code code = s3_client_send(c, &rq, answer, NULL, &why);

    /* The bucket was there, and ours to read, when the store was opened. */
    if (code == ERR_NOT_FOUND || code == ERR_DENIED)
        code = ERR_IO;
    return code ? fail(err, code, "%s", why.msg) : OK;
}

/* --- objects ------------------------------------------------------------------------------- */

/* A walk through the pages. */
struct walk {
    struct s3_client *c;
    struct str prefix, first_digits;
    blob_list_fn *fn;
    void *ctx;
    char last[SHA256_HEX + 1]; /* told already; empty at first */
    unsigned empty_pages;
    struct buf token; /* of the page; empty for the first, and after the last */
};

/* Whoever merges the list with another relies on its order. */
static enum err_code tell(struct walk *w, const struct s3_objects *page, struct err *err)
{
    enum err_code code = OK;
    struct str sha256;

    for (size_t i = 0; code == OK && i < page->count; i++) {
        if (!parse_key(w->prefix, page->items[i].key, &sha256) ||
            !str_starts(sha256, w->first_digits))
            continue;
        if (memcmp(w->last, sha256.ptr, SHA256_HEX) >= 0)
            return nonsense(err);
        memcpy(w->last, sha256.ptr, SHA256_HEX);
        code = w->fn(w->ctx, sha256, page->items[i].size, err);
    }
    w->empty_pages = page->count ? 0 : w->empty_pages + 1;
    return code;
}

static enum err_code get_objects(struct walk *w, struct arena *mem, struct s3_objects *ret,
                                 struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    struct str prefix =
        str_fmt(mem, "%.*s%.2s/", (int)w->prefix.len, w->prefix.ptr, w->first_digits.ptr);
    const struct s3_field params[] = {{S("list-type"), S("2")},
                                      {S("prefix"), prefix},
                                      {S("continuation-token"), buf_str(&w->token)}};
    struct s3_objects page = {0};
    struct str body;
    enum err_code code =
        prefix.ptr ? get_page(w->c, (struct s3_fields){params, w->token.len ? 3 : 2}, &answer, err)
                   : out_of_memory(err);

    if (code)
        return code;
    body = str_dup(mem, buf_str(&answer.body)); /* strings of the page lie in it */
    code = body.ptr ? parsed(s3_xml_objects(mem, body, &page, err), err) : out_of_memory(err);
    if (code == OK)
        *ret = page;
    return code;
}

static enum err_code walk_page(struct walk *w, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(PAGE_MEMORY);
    struct s3_objects page = {0};
    enum err_code code = mem ? get_objects(w, mem, &page, err) : out_of_memory(err);

    if (code == OK)
        code = tell(w, &page, err);
    if (code)
        return code;
    if (page.more && (str_eq(page.next, buf_str(&w->token)) || w->empty_pages > EMPTY_PAGES))
        return nonsense(err);
    buf_clear(&w->token);
    if (page.more)
        buf_add(&w->token, page.next);
    return buf_ok(&w->token) ? OK : nonsense(err);
}

enum err_code s3_list_blobs(struct s3_client *c, struct str prefix, struct str first_digits,
                            blob_list_fn *fn, void *ctx, struct err *err)
{
    struct walk w = {.c = c,
                     .prefix = prefix,
                     .first_digits = first_digits,
                     .fn = fn,
                     .ctx = ctx,
                     .token = BUF_INIT(TOKEN_MAX)};
    enum err_code code;

    do
        code = walk_page(&w, err);
    while (code == OK && w.token.len);
    buf_done(&w.token);
    return code;
}

/* --- uploads in parts ---------------------------------------------------------------------- */

struct sweep {
    struct s3_client *c;
    struct str prefix;
    int64_t before_ms;
    size_t ended;
    struct buf key, id; /* after which a page begins; empty for the first, and after the last */
};

static enum err_code end_old(struct sweep *s, const struct s3_uploads *page, struct err *err)
{
    enum err_code code = OK;
    struct str sha256;

    for (size_t i = 0; code == OK && i < page->count; i++) {
        const struct s3_upload *u = &page->items[i];

        if (u->begun_ms >= s->before_ms || !parse_key(s->prefix, u->key, &sha256))
            continue;
        code = s3_upload_abort(s->c, u->key, u->id, err);
        s->ended += code == OK;
    }
    return code;
}

static enum err_code get_uploads(struct sweep *s, struct arena *mem, struct s3_uploads *ret,
                                 struct err *err)
{
    AUTO(s3_answer_done) struct s3_answer answer = S3_ANSWER_INIT;
    const struct s3_field params[] = {{S("uploads"), S("")},
                                      {S("prefix"), s->prefix},
                                      {S("key-marker"), buf_str(&s->key)},
                                      {S("upload-id-marker"), buf_str(&s->id)}};
    struct s3_uploads page = {0};
    struct str body;
    enum err_code code =
        get_page(s->c, (struct s3_fields){params, s->key.len ? 4 : 2}, &answer, err);

    if (code)
        return code;
    body = str_dup(mem, buf_str(&answer.body)); /* strings of the page lie in it */
    code = body.ptr ? parsed(s3_xml_uploads(mem, body, &page, err), err) : out_of_memory(err);
    if (code == OK)
        *ret = page;
    return code;
}

static enum err_code sweep_page(struct sweep *s, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(PAGE_MEMORY);
    struct s3_uploads page = {0};
    enum err_code code = mem ? get_uploads(s, mem, &page, err) : out_of_memory(err);

    if (code == OK)
        code = end_old(s, &page, err);
    if (code)
        return code;
    if (page.more && (!page.next_key.len || str_cmp(page.next_key, buf_str(&s->key)) < 0))
        return nonsense(err); /* it would end early, or go round in circles */
    if (page.more && str_eq(page.next_key, buf_str(&s->key)) &&
        str_eq(page.next_id, buf_str(&s->id)))
        return nonsense(err);
    buf_clear(&s->key);
    buf_clear(&s->id);
    if (page.more) {
        buf_add(&s->key, page.next_key);
        buf_add(&s->id, page.next_id);
    }
    return buf_ok(&s->key) && buf_ok(&s->id) ? OK : nonsense(err);
}

enum err_code s3_end_uploads(struct s3_client *c, struct str prefix, int64_t before_ms,
                             size_t *ret_count, struct err *err)
{
    struct sweep s = {.c = c,
                      .prefix = prefix,
                      .before_ms = before_ms,
                      .key = BUF_INIT(TOKEN_MAX),
                      .id = BUF_INIT(TOKEN_MAX)};
    enum err_code code;

    do
        code = sweep_page(&s, err);
    while (code == OK && s.key.len);
    buf_done(&s.key);
    buf_done(&s.id);
    if (code == OK)
        *ret_count = s.ended;
    return code;
}
