/* entity.c: what never changes about a representation is built once; a request only chooses. */
#include "http/entity.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/fields.h"
#include "http/wire.h"

/* Its arena's first block, and the library's two responses with their headers. */
#define ENTITY_OVERHEAD (6 * KIB)

struct http_entity {
    struct shared shared;
    struct http_response *full;         /* 200 with the bytes; else only its head */
    struct http_response *not_modified; /* 304 */
    char *file;                         /* or NULL */
    struct http_source source;          /* if its object is not NULL, which is ours */
    uint64_t size;
    int64_t modified_ms;
    /* Own copies, for what is built per request: 206, files and sources. */
    struct arena *mem;
    struct http_entity_desc desc; /* its bytes, file and source are empty */
};

static void entity_free(struct shared *self)
{
    struct http_entity *e = (struct http_entity *)self;

    http_response_unrefp(&e->full);
    http_response_unrefp(&e->not_modified);
    mem_free(e->file);
    shared_unref(e->source.object);
    arena_close(e->mem);
    mem_free(e);
}

void http_entity_unrefp(struct http_entity **e)
{
    shared_unref(*e);
    *e = NULL;
}

/* Are the bytes elsewhere? */
static bool lies_elsewhere(const struct http_entity *e)
{
    return e->file || e->source.object;
}

size_t http_entity_memory(const struct http_entity *e)
{
    return ENTITY_OVERHEAD + e->source.memory + (lies_elsewhere(e) ? 0 : (size_t)e->size);
}

/* What a cache needs of every answer about this entity (RFC 9110 15.4.5). */
static bool add_validators(struct http_response *r, const struct http_entity_desc *d)
{
    char date[CLOCK_TEXT_MAX], quoted[256];
    int len = snprintf(quoted, sizeof(quoted), "\"%.*s\"", (int)d->etag.len, d->etag.ptr);

    assert(len > 2 && (size_t)len < sizeof(quoted));
    return http_response_header(r, "ETag", (struct str){quoted, (size_t)len}) &&
           (!d->modified_ms ||
            http_response_header(r, "Last-Modified", clock_http(d->modified_ms, date))) &&
           http_response_header(r, "Cache-Control", d->cache_control) &&
           http_response_header(r, "Vary", d->vary) &&
           (!d->cors || (http_response_header(r, "Access-Control-Allow-Origin", S("*")) &&
                         http_response_header(r, "Access-Control-Expose-Headers", S("ETag"))));
}

static bool add_headers(struct http_response *r, const struct http_entity_desc *d)
{
    return add_validators(r, d) && http_response_header(r, "Content-Type", d->content_type) &&
           http_response_header(r, "Content-Encoding", d->content_encoding) &&
           http_response_header(r, "Content-Disposition", d->disposition) &&
           http_response_header(r, "Content-Security-Policy", d->policy) &&
           http_response_header(r, "Accept-Ranges", S("bytes")) &&
           http_response_header(r, "X-Content-Type-Options", S("nosniff"));
}

/* The same response with the headers of d, or NULL (and it is freed). */
static struct http_response *with_headers(struct http_response *r, const struct http_entity_desc *d,
                                          bool (*add)(struct http_response *,
                                                      const struct http_entity_desc *))
{
    if (r && !add(r, d))
        http_response_unrefp(&r);
    return r;
}

static bool copy_text(struct arena *mem, struct str *s)
{
    *s = str_dup(mem, *s);
    return s->ptr != NULL;
}

static bool entity_fill(struct http_entity *e, const struct http_entity_desc *d)
{
    e->desc = *d;
    e->desc.bytes = e->desc.file = (struct str){"", 0};
    e->desc.source = (struct http_source){0};
    e->modified_ms = d->modified_ms;
    e->mem = arena_open(16 * KIB); /* a few short header values */
    if (!e->mem || !copy_text(e->mem, &e->desc.etag) || !copy_text(e->mem, &e->desc.content_type) ||
        !copy_text(e->mem, &e->desc.content_encoding) ||
        !copy_text(e->mem, &e->desc.cache_control) || !copy_text(e->mem, &e->desc.vary) ||
        !copy_text(e->mem, &e->desc.disposition) || !copy_text(e->mem, &e->desc.policy))
        return false;
    if (d->file.len) {
        e->file = mem_dup(d->file.ptr, d->file.len);
        if (!e->file)
            return false;
    } else if (d->source.object) {
        e->source = d->source;
        (void)shared_ref(e->source.object);
    }
    e->size = lies_elsewhere(e) ? d->size : d->bytes.len;
    e->full = with_headers(lies_elsewhere(e) ? http_response_head(200, e->size)
                                             : http_response_bytes(200, d->bytes),
                           d, add_headers);
    e->not_modified = with_headers(http_response_head(304, e->size), d, add_validators);
    return e->full && e->not_modified;
}

struct http_entity *http_entity_new(const struct http_entity_desc *d)
{
    struct http_entity *e = mem_new(struct http_entity);

    if (!e)
        return NULL;
    shared_init(&e->shared, entity_free);
    if (!entity_fill(e, d))
        http_entity_unrefp(&e);
    return e;
}

/* --- choosing --------------------------------------------------------------------------------- */

/* Last-Modified has whole seconds. */
static int64_t modified_seconds(const struct http_entity *e)
{
    return e->modified_ms / 1000;
}

/* RFC 9110 13.2.2: If-Modified-Since counts only without If-None-Match. */
static bool client_has_it(const struct http_exchange *ex, const struct http_entity *e)
{
    struct str tags = http_header(ex, "If-None-Match"), since;
    int64_t since_ms;

    if (tags.len)
        return field_etag_list_has(tags, e->desc.etag, true);
    since = http_header(ex, "If-Modified-Since");
    return since.len && e->modified_ms && field_http_date(since, &since_ms) &&
           modified_seconds(e) <= since_ms / 1000;
}

/* 13.1.5: a strong tag, or exactly the date. */
static bool range_still_holds(const struct http_exchange *ex, const struct http_entity *e)
{
    struct str cond = http_header(ex, "If-Range");
    int64_t date_ms;

    if (!cond.len)
        return true;
    if (field_http_date(cond, &date_ms))
        return e->modified_ms && modified_seconds(e) == date_ms / 1000;
    return !str_eq(cond, S("*")) && field_etag_list_has(cond, e->desc.etag, false);
}

static enum range_kind choose_range(const struct http_exchange *ex, const struct http_entity *e,
                                    uint64_t *ret_first, uint64_t *ret_last)
{
    struct str range = ex->method == HTTP_GET ? http_header(ex, "Range") : (struct str){"", 0};
    enum range_kind kind;

    if (!range.len)
        return RANGE_NONE;
    kind = field_range(range, e->size, ret_first, ret_last);
    return kind != RANGE_NONE && range_still_holds(ex, e) ? kind : RANGE_NONE;
}

/* --- sending ---------------------------------------------------------------------------------- */

static void set_response(struct http_exchange *ex, struct http_response *r)
{
    http_response_unrefp(&ex->response);
    ex->response = r;
}

static enum err_code send_new(struct http_exchange *ex, const struct http_entity *e,
                              struct http_response *r, struct err *err)
{
    r = with_headers(r, &e->desc, add_headers);
    if (!r)
        return fail(err, ERR_NOMEM, "out of memory");
    set_response(ex, r);
    return OK;
}

/* Opens the file and makes sure that it is what the entity says. */
static enum err_code open_file(const struct http_entity *e, int *ret_fd, struct err *err)
{
    AUTO(fd_closep) int fd = open(e->file, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st))
        return fail(err, ERR_IO, "cannot open \"%s\": %s", e->file, strerror(errno));
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != e->size)
        return fail(err, ERR_IO, "\"%s\" has %jd bytes, not %ju", e->file, (intmax_t)st.st_size,
                    (uintmax_t)e->size);
    *ret_fd = fd;
    fd = -1; /* the caller's now */
    return OK;
}

static enum err_code send_file(struct http_exchange *ex, const struct http_entity *e,
                               unsigned status, uint64_t first, uint64_t len, struct err *err)
{
    int fd = -1;
    enum err_code code = open_file(e, &fd, err);

    return code ? code : send_new(ex, e, http_response_file(status, fd, first, len), err);
}

/* Of what lies elsewhere. Each answer from a source has its own state. */
static enum err_code send_bytes(struct http_exchange *ex, const struct http_entity *e,
                                unsigned status, uint64_t first, uint64_t len, struct err *err)
{
    if (e->file)
        return send_file(ex, e, status, first, len, err);
    return send_new(ex, e, http_response_pieces(status, &e->source, first, len), err);
}

static enum err_code send_full(struct http_exchange *ex, struct http_entity *e, struct err *err)
{
    if (lies_elsewhere(e) && ex->method != HTTP_HEAD)
        return send_bytes(ex, e, 200, 0, e->size, err);
    set_response(ex, shared_ref(e->full));
    return OK;
}

static enum err_code add_content_range(struct http_exchange *ex, const char *text, int len,
                                       struct err *err)
{
    assert(len > 0);
    if (http_response_header(ex->response, "Content-Range", (struct str){text, (size_t)len}))
        return OK;
    http_response_unrefp(&ex->response);
    return fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code send_part(struct http_exchange *ex, struct http_entity *e, uint64_t first,
                               uint64_t last, struct err *err)
{
    uint64_t len = last - first + 1;
    struct str all = http_response_body(e->full);
    char text[80];
    enum err_code code;

    if (lies_elsewhere(e))
        code = send_bytes(ex, e, 206, first, len, err);
    else
        code = send_new(ex, e, http_response_bytes(206, str_sub(all, (size_t)first, (size_t)len)),
                        err);
    if (code)
        return code;
    return add_content_range(ex, text,
                             snprintf(text, sizeof(text), "bytes %ju-%ju/%ju", (uintmax_t)first,
                                      (uintmax_t)last, (uintmax_t)e->size),
                             err);
}

static enum err_code send_unsatisfiable(struct http_exchange *ex, const struct http_entity *e,
                                        struct err *err)
{
    char text[40];
    struct http_response *r = http_response_bytes(416, (struct str){"", 0});

    if (!r)
        return fail(err, ERR_NOMEM, "out of memory");
    set_response(ex, r);
    return add_content_range(ex, text,
                             snprintf(text, sizeof(text), "bytes */%ju", (uintmax_t)e->size), err);
}

enum err_code http_entity_send(struct http_exchange *ex, struct http_entity *e, struct err *err)
{
    uint64_t first = 0, last = 0;

    if (client_has_it(ex, e)) {
        set_response(ex, shared_ref(e->not_modified));
        return OK;
    }
    switch (choose_range(ex, e, &first, &last)) {
    case RANGE_PART:
        return send_part(ex, e, first, last, err);
    case RANGE_UNSATISFIABLE:
        return send_unsatisfiable(ex, e, err);
    case RANGE_NONE:
        break;
    }
    return send_full(ex, e, err);
}
