#include "web/content.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "blob/blob.h"
#include "config.h"
#include "core/downloads.h"
#include "format/fields.h"

/* From here on a copy on the local disk first would keep the client waiting for its first byte. */
#define PIECES_FROM ((int64_t)(32 * MIB))

/* A blob that is read while it is sent. */
struct remote_blob {
    struct shared shared;
    struct blob_store *store;
    char sha256[SHA256_HEX + 1];
};

static void remote_free(struct shared *s)
{
    mem_free(s);
}

static enum err_code remote_read(void *object, uint64_t offset, size_t len, char *out,
                                 struct err *err)
{
    struct remote_blob *r = object;

    return blob_read_at(r->store, str_of(r->sha256), offset, len, out, err);
}

static enum err_code set_pieces(struct call *c, struct str sha256, struct http_entity_desc *d,
                                struct err *err)
{
    struct remote_blob *r = mem_new(struct remote_blob);

    if (!r)
        return fail(err, ERR_NOMEM, "out of memory");
    shared_init(&r->shared, remote_free);
    r->store = c->app->blobs;
    (void)snprintf(r->sha256, sizeof r->sha256, "%.*s", (int)sha256.len, sha256.ptr);
    d->source = (struct http_source){r, remote_read, sizeof *r};
    return OK;
}

enum err_code content_load(struct call *c, struct str sha256, int64_t size,
                           struct http_entity_desc *d, struct err *err)
{
    struct blob_store *blobs = c->app->blobs;
    enum err_code rc;

    d->size = (uint64_t)size;
    if (d->size <= LIMIT_CACHED_BODY)
        rc = blob_read(blobs, c->mem, sha256, LIMIT_CACHED_BODY, &d->bytes, err);
    else if (!blob_is_remote(blobs) || size < PIECES_FROM)
        rc = blob_path(blobs, c->mem, sha256, &d->file, err);
    else
        rc = set_pieces(c, sha256, d, err);
    if (rc == ERR_TOO_BIG) /* to be kept on the local disk */
        rc = set_pieces(c, sha256, d, err);
    if (rc == ERR_NOT_FOUND) /* a row promises it, so this is our fault and no 404 */
        return fail(err, ERR_IO, "blob " STR_FMT " is missing from its store", STR_ARG(sha256));
    return rc;
}

void content_done(struct http_entity_desc *d)
{
    shared_unref(d->source.object);
    d->source.object = NULL;
}

struct str content_disposition(struct call *c, struct str filename)
{
    AUTO(buf_done) struct buf b = BUF_INIT(8 * KIB);
    bool ascii = true;

    buf_addz(&b, "attachment; filename=\"");
    for (size_t i = 0; i < filename.len; i++) {
        bool plain = (unsigned char)filename.ptr[i] < 0x80;

        ascii = ascii && plain;
        buf_addc(&b, plain ? filename.ptr[i] : '_');
    }
    buf_addc(&b, '"');
    if (!ascii) { /* the true name (RFC 8187), for those who can read it */
        buf_addz(&b, "; filename*=UTF-8''");
        text_percent(&b, filename, "");
    }
    return buf_ok(&b) ? str_dup(c->mem, buf_str(&b)) : (struct str){0};
}

/* A link is followed with the same range. */
static bool begins_a_download(const struct call *c, int64_t size)
{
    unsigned status = http_response_status(c->ex->response);
    struct str range = http_header(c->ex, "Range");
    uint64_t first = 0, last = 0;

    if (c->ex->method != HTTP_GET || (status != 200 && status != 206 && status != 302))
        return false;
    if (status == 200 || !range.len)
        return true;
    return field_range(range, (uint64_t)size, &first, &last) != RANGE_UNSATISFIABLE && first == 0;
}

void content_count(struct call *c, int64_t file_id, int64_t package_id, int64_t size)
{
    if (begins_a_download(c, size))
        downloads_count(c->app, file_id, package_id, http_header(c->ex, "User-Agent"));
}

bool content_is_linked(const struct call *c, int64_t size)
{
    return c->app->config->s3_delivery && blob_is_remote(c->app->blobs) &&
           size > (int64_t)LIMIT_CACHED_BODY;
}
