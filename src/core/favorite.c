#include "core/favorite.h"

#include "base/clock.h"
#include "core/access.h"
#include "core/audit.h"
#include "core/package.h"
#include "core/scope.h"
#include "store/search.h"

/* The transaction of a change, with the package that it is about, which the actor sees. */
static enum err_code begin(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str package, struct tx **ret_tx,
                           struct package_row *ret, struct err *err)
{
    const struct access_object object = {.owner = owner, .package = package};
    enum err_code rc;

    if ((rc = access_check(app, mem, actor, RIGHT_READ, SCOPE_API_WRITE, &object, err)) ||
        (rc = tx_begin_part(app->db, actor->login, ret_tx, err)) ||
        (rc = package_require(*ret_tx, mem, owner, package, ret, err)))
        return rc;
    tx_quiet(*ret_tx); /* no cache knows of favorites */
    return OK;
}

static enum err_code end(struct tx **tx, struct arena *mem, const struct actor *actor,
                         const char *action, const struct package_row *package, struct err *err)
{
    enum err_code rc = audit_add(
        *tx, actor, action,
        str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(package->owner), STR_ARG(package->name)), S(""),
        err);

    if (!rc)
        rc = search_recount(*tx, package->id, err);
    return rc ? rc : tx_commit(tx, err);
}

enum err_code favorite_add(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str package, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row row;
    bool changed = false;
    int64_t count = 0;
    enum err_code rc;

    if ((rc = begin(app, mem, actor, owner, package, &tx, &row, err)) ||
        (rc = favorite_put(tx, actor->account_id, row.id, clock_now_ms(), &changed, err)) ||
        !changed || (rc = favorite_count_of(tx, actor->account_id, &count, err)))
        return rc;
    if (count > FAVORITES_MAX)
        return fail(err, ERR_CONFLICT, "\"" STR_FMT "\" has %d favorites: remove some first",
                    STR_ARG(actor->login), (int)FAVORITES_MAX);
    return end(&tx, mem, actor, "favorite.add", &row, err);
}

enum err_code favorite_remove(struct app *app, struct arena *mem, const struct actor *actor,
                              struct str owner, struct str package, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row row;
    bool changed = false;
    enum err_code rc;

    if ((rc = begin(app, mem, actor, owner, package, &tx, &row, err)) ||
        (rc = favorite_delete(tx, actor->account_id, row.id, &changed, err)) || !changed)
        return rc;
    return end(&tx, mem, actor, "favorite.remove", &row, err);
}

/* ---- lists ---- */

/* What the actor sees of an owner, remembered for his next package in the list. */
struct seen {
    struct seen *next;
    int64_t owner_id;
    struct view view;
};

static enum err_code view_of(struct tx *tx, struct arena *mem, const struct actor *actor,
                             int64_t owner_id, struct seen **seen, const struct view **ret,
                             struct err *err)
{
    struct account_row owner;
    struct seen *s = *seen;
    enum err_code rc;

    while (s && s->owner_id != owner_id)
        s = s->next;
    if (s) {
        *ret = &s->view;
        return OK;
    }
    s = arena_new(mem, struct seen);
    if (!s)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = account_by_id(tx, mem, owner_id, &owner, err)) ||
        (rc = access_view(tx, mem, actor, &owner, &s->view, err)))
        return rc;
    s->owner_id = owner_id;
    s->next = *seen;
    *seen = s;
    *ret = &s->view;
    return OK;
}

enum err_code favorite_list_shown(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  int64_t account_id, struct favorite_list *ret, struct err *err)
{
    struct favorite_list list;
    struct seen *seen = NULL;
    size_t kept = 0;
    enum err_code rc = favorite_list(tx, mem, account_id, &list, err);

    for (size_t i = 0; !rc && i < list.count; i++) {
        const struct favorite_row *row = &list.rows[i];
        const struct view *view = NULL;

        /* Most are public, and nobody need be asked. */
        if (row->access != ACCESS_PUBLIC)
            rc = view_of(tx, mem, actor, row->owner_id, &seen, &view, err);
        if (!rc && (!view || view_shows(view, row->access, row->package_id)))
            list.rows[kept++] = *row;
    }
    if (rc)
        return rc;
    list.count = kept;
    *ret = list;
    return OK;
}
