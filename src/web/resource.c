#include "web/resource.h"

#include "base/clock.h"
#include "base/mem.h"
#include "blob/blob.h"
#include "config.h"
#include "format/fields.h"
#include "web/content.h"

#define REFUSAL_MEMORY 1024 /* about: a response with a few headers and a sentence */

struct resource {
    struct shared shared;
    struct http_entity *entity; /* one of the three */
    struct http_response *refusal;
    char sha256[SHA256_HEX + 1];       /* of a link; empty: it is none */
    uint64_t until_us;                 /* of the monotonic clock; 0: as long as nothing changes */
    int64_t file_id, package_id, size; /* of the file that it is; file_id 0: it is none */
};

static void resource_free(struct shared *s)
{
    struct resource *r = (struct resource *)s;

    shared_unref(r->entity);
    shared_unref(r->refusal);
    mem_free(r);
}

static struct resource *resource_new(void)
{
    struct resource *r = mem_new(struct resource);

    if (r)
        shared_init(&r->shared, resource_free);
    return r;
}

static struct resource *make(struct http_entity *e, struct http_response *refusal)
{
    struct resource *r = e || refusal ? resource_new() : NULL;

    if (!r) {
        shared_unref(e);
        shared_unref(refusal);
        return NULL;
    }
    r->entity = e;
    r->refusal = refusal;
    return r;
}

struct resource *resource_entity(struct http_entity *e)
{
    return make(e, NULL);
}
struct resource *resource_refusal(struct http_response *r)
{
    return make(NULL, r);
}

struct resource *resource_link(struct str sha256)
{
    struct resource *r = resource_new();

    if (r)
        (void)snprintf(r->sha256, sizeof r->sha256, "%.*s", (int)sha256.len, sha256.ptr);
    return r;
}

void resource_keep_for(struct resource *r, unsigned seconds)
{
    if (r)
        r->until_us = clock_mono_us() + seconds * UINT64_C(1000000);
}

void resource_count_for(struct resource *r, int64_t file_id, int64_t package_id, int64_t size)
{
    if (!r)
        return;
    r->file_id = file_id;
    r->package_id = package_id;
    r->size = size;
}

struct resource *resource_until(struct resource *r, int64_t unix_ms)
{
    int64_t left = unix_ms - clock_now_ms();

    if (r && unix_ms)
        r->until_us = clock_mono_us() + (left > 0 ? (uint64_t)left * 1000 : 0);
    return r;
}

enum resource_coding resource_coding(const struct call *c)
{
    struct str last = c->path.count ? c->path.seg[c->path.count - 1] : S("");
    struct str accepted = http_header(c->ex, "Accept-Encoding");

    if (!str_ends(last, S(".json")))
        return CODING_NONE;
    if (field_accepts_coding(accepted, S("zstd")) > 0)
        return CODING_ZSTD;
    return field_accepts_coding(accepted, S("gzip")) > 0 ? CODING_GZIP : CODING_NONE;
}

struct str resource_key(struct call *c)
{
    struct str name = resource_name(c);

    if (!name.ptr || !c->sight.tag.len)
        return name;
    /* No path holds a line's end. What comes by a cookie may have other headers: those that keep it
     * from caches which cannot tell it from what is for everybody. */
    return str_fmt(c->mem, "%.*s\n%.*s%s", (int)name.len, name.ptr, (int)c->sight.tag.len,
                   c->sight.tag.ptr, c->credential == CRED_SESSION ? "\ncookie" : "");
}

struct str resource_name(struct call *c)
{
    static const char *const suffixes[] = {
        [CODING_NONE] = "", [CODING_ZSTD] = "//zstd", [CODING_GZIP] = "//gzip"};
    struct str tail = path_tail(c->mem, &c->path, 0);

    if (!tail.ptr)
        return tail;
    /* No path segment is empty, so no suffix can be part of a path. */
    return str_fmt(c->mem, "%.*s%s%s%s%.*s", (int)tail.len, tail.ptr,
                   c->path.trailing_slash ? "/" : "", suffixes[resource_coding(c)],
                   c->moment.len ? "//@" : "", (int)c->moment.len,
                   c->moment.len ? c->moment.ptr : "");
}

/* Not to be kept: a right that ends, ends with the next request. */
static enum err_code answer_link(struct call *c, struct str sha256, struct err *err)
{
    struct http_response *r;
    struct str url;
    enum err_code rc =
        blob_link(c->app->blobs, c->mem, sha256, (unsigned)c->app->config->s3_link_seconds,
                  S("application/octet-stream"), S(""), &url, err);

    if (rc)
        return rc;
    r = http_response_bytes(302, S(""));
    if (!r || !http_response_header(r, "Location", url) ||
        !http_response_header(r, "Cache-Control", S("no-store")) ||
        !http_response_header(r, "Access-Control-Allow-Origin", S("*"))) {
        shared_unref(r);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    shared_unref(c->ex->response);
    c->ex->response = r;
    return OK;
}

static enum err_code set_answer(struct call *c, struct resource *r, struct err *err)
{
    if (r->sha256[0])
        return answer_link(c, str_of(r->sha256), err);
    if (r->entity)
        return http_entity_send(c->ex, r->entity, err);
    c->ex->response = shared_ref(r->refusal);
    return OK;
}

static enum err_code answer(struct call *c, struct resource *r, struct err *err)
{
    enum err_code rc = set_answer(c, r, err);

    if (!rc && r->file_id)
        content_count(c, r->file_id, r->package_id, r->size);
    return rc;
}

bool resource_answer_cached(struct call *c, struct str key)
{
    struct resource *r = cache_get(c->web->resources, key, c->generation);
    bool fresh = r && (!r->until_us || clock_mono_us() < r->until_us);
    bool done = fresh && answer(c, r, NULL) == OK;

    shared_unref(r);
    return done;
}

enum err_code resource_answer(struct call *c, struct str key, struct resource *r, struct err *err)
{
    enum err_code rc;

    if (!r)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = answer(c, r, err);
    if (!rc)
        cache_put(c->web->resources, key, c->generation, r,
                  r->entity ? http_entity_memory(r->entity) : REFUSAL_MEMORY);
    shared_unref(r);
    return rc;
}
