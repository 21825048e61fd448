#include "web/sight.h"

#include "base/digest.h"
#include "base/mem.h"
#include "core/access.h"
#include "core/limit.h"

#define TAG_MAX (SHA256_HEX + 32)

struct cached_sight {
    struct shared shared;
    struct sight sight;
    char tag[TAG_MAX];
    int64_t also[];
};

static void sight_free(struct shared *s)
{
    mem_free(s);
}

static void unref(void *p)
{
    shared_unref(p);
}

/* A token may see less than its account. */
static struct str key_of(struct call *c, struct str owner)
{
    return str_fmt(c->mem, "%lld/%lld/%.*s", (long long)c->actor.account_id,
                   (long long)c->actor.token_id, (int)owner.len, owner.ptr);
}

/* What tells one view from another: the level, and the very packages. A token that is limited to
 * labels has it in their channels alone, and shares what it is given with nobody. */
static void tag_of(const struct view *v, const struct actor *who, char out[TAG_MAX])
{
    struct str ids = {(const char *)v->also, v->also_count * sizeof *v->also};
    long long alone = limit_has_labels(who->limits) ? (long long)who->token_id : 0;
    char digest[SHA256_HEX + 1] = "";

    out[0] = '\0';
    if (v->also_count)
        digest_sha256_hex(ids, digest);
    if (v->also_count || v->widest != ACCESS_PUBLIC)
        (void)snprintf(out, TAG_MAX, "%d %lld %s", (int)v->widest, alone, digest);
}

static struct cached_sight *cached_sight_new(const struct view *v, const struct actor *who)
{
    struct cached_sight *s = mem_get(sizeof *s + v->also_count * sizeof *v->also);

    if (!s)
        return NULL;
    shared_init(&s->shared, sight_free);
    if (v->also_count)
        memcpy(s->also, v->also, v->also_count * sizeof *v->also);
    tag_of(v, who, s->tag);
    s->sight.view = (struct view){v->widest, s->also, v->also_count};
    s->sight.tag = str_of(s->tag);
    return s;
}

/* Takes the reference. */
static bool use(struct call *c, struct cached_sight *s)
{
    if (!arena_defer(c->mem, unref, s)) {
        shared_unref(s);
        return false;
    }
    c->sight = s->sight;
    return true;
}

bool sight_cached(struct call *c, struct str owner)
{
    struct cached_sight *s = NULL;
    struct str key;

    if (!c->actor.account_id)
        return true;
    key = key_of(c, owner);
    if (key.ptr)
        s = cache_get(c->web->sights, key, c->generation);
    return s && use(c, s);
}

enum err_code sight_load(struct call *c, struct tx *tx, struct str owner,
                         const struct account_row *account, struct err *err)
{
    struct view view = {.widest = ACCESS_PUBLIC};
    struct cached_sight *s;
    struct str key;
    enum err_code rc = account ? access_view(tx, c->mem, &c->actor, account, &view, err) : OK;

    if (rc)
        return rc;
    s = cached_sight_new(&view, &c->actor);
    key = key_of(c, owner);
    if (!s || !key.ptr) {
        shared_unref(s);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    if (c->actor.account_id)
        cache_put(c->web->sights, key, c->generation, s,
                  sizeof *s + view.also_count * sizeof *view.also);
    return use(c, s) ? OK : fail(err, ERR_NOMEM, "out of memory");
}
