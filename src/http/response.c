/* response.c: a thin shell around libmicrohttpd's response, which counts its users itself. */
#include "http/response.h"

#include <assert.h>
#include <microhttpd.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/pieces.h"
#include "http/wire.h"

struct http_response {
    struct shared shared;
    struct MHD_Response *mhd;
    unsigned status;
    uint64_t size;
    struct str body;       /* owned by mhd; empty unless made of bytes */
    struct pieces *pieces; /* likewise; NULL unless made of them */
    bool single;           /* for one exchange */
};

static void response_free(struct shared *self)
{
    struct http_response *r = (struct http_response *)self;

    if (r->mhd)
        MHD_destroy_response(r->mhd);
    mem_free(r);
}

void http_response_unrefp(struct http_response **r)
{
    shared_unref(*r);
    *r = NULL;
}

/* Wraps mhd, which may be NULL after a failure. */
static struct http_response *response_new(unsigned status, uint64_t size, struct MHD_Response *mhd)
{
    struct http_response *r = mhd ? mem_new(struct http_response) : NULL;

    if (!r) {
        if (mhd)
            MHD_destroy_response(mhd);
        return NULL;
    }
    shared_init(&r->shared, response_free);
    r->mhd = mhd;
    r->status = status;
    r->size = size;
    r->body = (struct str){"", 0};
    return r;
}

static struct http_response *single(struct http_response *r)
{
    if (r)
        r->single = true;
    return r;
}

struct http_response *http_response_bytes(unsigned status, struct str body)
{
    static char nothing[1];
    struct MHD_Response *mhd;
    struct http_response *r;
    char *copy;

    if (!body.len)
        return response_new(status, 0,
                            MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT));
    copy = mem_dup(body.ptr, body.len);
    if (!copy)
        return NULL;
    /* The library frees the copy: a connection may still be sending it when our shell is gone. */
    mhd = MHD_create_response_from_buffer_with_free_callback(body.len, copy, mem_free);
    if (!mhd)
        mem_free(copy);
    r = response_new(status, body.len, mhd);
    if (r)
        r->body = (struct str){copy, body.len};
    return r;
}

struct http_response *http_response_file(unsigned status, int fd, uint64_t offset, uint64_t len)
{
    struct MHD_Response *mhd;

    if (!len) {
        (void)close(fd); /* read-only: nothing can be lost */
        return http_response_bytes(status, (struct str){"", 0});
    }
    mhd = MHD_create_response_from_fd_at_offset64(len, fd, offset);
    if (!mhd)
        (void)close(fd); /* as above */
    return single(response_new(status, len, mhd));
}

struct http_response *http_response_pieces(unsigned status, const struct http_source *source,
                                           uint64_t offset, uint64_t len)
{
    struct MHD_Response *mhd;
    struct http_response *r;
    struct pieces *p;

    if (!len)
        return http_response_bytes(status, (struct str){"", 0});
    p = pieces_new(source, offset, len);
    if (!p)
        return NULL;
    mhd = MHD_create_response_from_callback(len, pieces_block(p), pieces_read, p, pieces_drop);
    if (!mhd)
        pieces_drop(p);
    r = response_new(status, len, mhd);
    if (r)
        r->pieces = p;
    return single(r);
}

/* Never called: an answer that needs it is sent without a body. */
static ssize_t no_body(void *ctx, uint64_t pos, char *out, size_t max)
{
    (void)ctx;
    (void)pos;
    (void)out;
    (void)max;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

struct http_response *http_response_head(unsigned status, uint64_t size)
{
    if (!size)
        return http_response_bytes(status, (struct str){"", 0});
    return response_new(status, size,
                        MHD_create_response_from_callback(size, 1, no_body, NULL, NULL));
}

/* The same bytes: the library keeps the response that they belong to. */
static struct http_response *share_bytes(struct http_response *r)
{
    struct http_response *same;
    struct MHD_Response *mhd = MHD_create_response_from_buffer_with_free_callback_cls(
        r->body.len, (void *)(uintptr_t)r->body.ptr, shared_unref, shared_ref(r));

    if (!mhd)
        shared_unref(r);
    same = response_new(r->status, r->size, mhd);
    if (same)
        same->body = r->body;
    return same;
}

static enum MHD_Result copy_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct http_response **to = ctx;

    if (kind == MHD_HEADER_KIND && *to && !http_response_header(*to, name, str_of(value)))
        http_response_unrefp(to);
    return MHD_YES;
}

struct http_response *http_response_own(struct http_response *r)
{
    struct http_response *own;

    if (r->single)
        return shared_ref(r);
    own = r->body.len ? share_bytes(r) : http_response_head(r->status, r->size);
    (void)MHD_get_response_headers(r->mhd, copy_header, &own); /* returns how many there are */
    return own;
}

void http_response_attach(struct http_response *r, struct http_conn *c)
{
    if (r->pieces)
        pieces_attach(r->pieces, c);
}

bool http_response_header(struct http_response *r, const char *name, struct str value)
{
    char *z;
    bool ok;

    if (!value.len)
        return true; /* the library takes no empty values; none of our headers means anything
                        then */
    if (memchr(value.ptr, '\0', value.len))
        return false;
    z = mem_dup(value.ptr, value.len);
    ok = z && MHD_add_response_header(r->mhd, name, z) == MHD_YES; /* refuses CR and LF */
    mem_free(z);
    return ok;
}

unsigned http_response_status(const struct http_response *r)
{
    return r->status;
}

uint64_t http_response_size(const struct http_response *r)
{
    return r->size;
}

struct str http_response_body(const struct http_response *r)
{
    return r->body;
}

struct MHD_Response *http_response_mhd(const struct http_response *r)
{
    return r->mhd;
}

static enum MHD_Result print_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    if (kind == MHD_HEADER_KIND)
        buf_addf(ctx, "%s: %s\r\n", name, value);
    return MHD_YES;
}

void http_response_print(const struct http_response *r, struct buf *out)
{
    char date[CLOCK_TEXT_MAX];
    bool bodiless = r->status == 204 || r->status == 304;

    (void)clock_http(clock_now_ms(), date);
    buf_addf(out, "HTTP/1.1 %u %s\r\nDate: %s\r\nConnection: close\r\n", r->status,
             MHD_get_reason_phrase_for(r->status), date);
    (void)MHD_get_response_headers(r->mhd, print_header, out); /* returns how many there are */
    if (!bodiless)
        buf_addf(out, "Content-Length: %zu\r\n", r->body.len);
    buf_addz(out, "\r\n");
    if (!bodiless)
        buf_add(out, r->body);
}
