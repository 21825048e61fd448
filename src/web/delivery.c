#include "web/delivery.h"

#include "base/digest.h"
#include "config.h"
#include "core/limit.h"
#include "store/account.h"
#include "store/label.h"
#include "web/content.h"
#include "web/resource.h"
#include "web/sight.h"

static enum err_code find_owner(struct call *c, struct tx *tx, struct str login,
                                struct account_row *ret, struct err *err)
{
    enum err_code rc = account_by_login(tx, c->mem, login, ret, err), seen;

    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    seen = sight_cached(c, c->path.seg[1])
               ? OK
               : sight_load(c, tx, c->path.seg[1], rc ? NULL : ret, err);
    return seen ? seen : rc;
}

enum err_code delivery_channel(struct call *c, struct tx *tx, struct str owner, struct str label,
                               struct channel *ret, struct err *err)
{
    struct account_row account;
    struct label_row row;
    bool shown = false;
    enum err_code rc;

    if ((rc = find_owner(c, tx, owner, &account, err)) ||
        (rc = label_find(tx, c->mem, account.id, label, &row, err)))
        return rc;
    if (!limit_allows_label(c->actor.limits, label))
        c->sight.view = (struct view){.widest = ACCESS_PUBLIC}; /* and keeps its own tag */
    if ((rc = label_shown(tx, &row, &c->sight.view, &shown, err)))
        return rc;
    if (!shown)
        return ERR_NOT_FOUND;
    *ret = (struct channel){account.id, account.login, label, 0};
    return OK;
}

struct str delivery_cache_control(const struct call *c, enum access_level access, int64_t max_age)
{
    if (access == ACCESS_PUBLIC)
        return str_fmt(c->mem, "public, max-age=%lld, must-revalidate", (long long)max_age);
    return str_fmt(c->mem, "%smax-age=%lld", c->credential == CRED_SESSION ? "private, " : "",
                   (long long)max_age);
}

/* An ETag of its own for each URL and representation: clients carry the tag of one file of a
 * subdir into the request for another, and an equal one would tell them that nothing changed. */
static struct str make_etag(struct call *c, struct str digest, const char *form)
{
    char hex[SHA256_HEX + 1];
    struct str name = resource_name(c);
    struct str text = str_fmt(c->mem, "%.*s\n%.*s\n%s", (int)name.len, name.ptr, (int)digest.len,
                              digest.ptr, form);

    if (!name.ptr || !text.ptr)
        return (struct str){0};
    digest_sha256_hex(text, hex);
    return str_dup(c->mem, (struct str){hex, 32});
}

/* NULL: no memory. */
static struct resource *make_resource(struct call *c, struct http_entity_desc *d, struct str digest,
                                      const char *form)
{
    struct http_entity *entity;

    d->etag = make_etag(c, digest, form);
    d->cors = true; /* they are for everybody, and solvers run in browsers too */
    entity = d->etag.ptr ? http_entity_new(d) : NULL;
    content_done(d);
    return entity ? resource_entity(entity) : NULL;
}

static enum err_code answer(struct call *c, struct resource *r, struct err *err)
{
    struct str key = resource_key(c);

    if (r && key.ptr)
        return resource_answer(c, key, r, err);
    shared_unref(r);
    return fail(err, ERR_NOMEM, "out of memory");
}

enum err_code delivery_answer_until(struct call *c, struct http_entity_desc *d, struct str digest,
                                    const char *form, int64_t until_ms, struct err *err)
{
    return answer(c, resource_until(make_resource(c, d, digest, form), until_ms), err);
}

enum err_code delivery_answer(struct call *c, struct http_entity_desc *d, struct str digest,
                              const char *form, struct err *err)
{
    return delivery_answer_until(c, d, digest, form, 0, err);
}

enum err_code delivery_answer_blob(struct call *c, struct http_entity_desc *d, struct str sha256,
                                   int64_t size, const char *form, struct err *err)
{
    enum err_code rc = content_load(c, sha256, size, d, err);

    return rc ? rc : delivery_answer(c, d, sha256, form, err);
}

enum err_code delivery_answer_file(struct call *c, const struct delivered *f, struct err *err)
{
    struct str for_all =
        c->app->config->reuse_removed_names ? S("public, max-age=3600") : S(DELIVERY_IMMUTABLE);
    struct http_entity_desc d = {
        .modified_ms = f->modified_ms,
        .content_type = S("application/octet-stream"),
        .cache_control = f->access == ACCESS_PUBLIC
                             ? for_all
                             : delivery_cache_control(c, f->access, c->app->config->index_max_age),
    };
    bool linked = content_is_linked(c, f->size);
    enum err_code rc = linked ? OK : content_load(c, f->sha256, f->size, &d, err);
    struct resource *r;

    if (rc)
        return rc;
    r = linked ? resource_link(f->sha256) : make_resource(c, &d, f->sha256, "");
    resource_count_for(r, f->file_id, f->package_id, f->size);
    return answer(c, r, err);
}

enum err_code delivery_refuse(struct call *c, struct http_response *r, struct err *err)
{
    return answer(c, r ? resource_refusal(r) : NULL, err);
}
