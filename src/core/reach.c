#include "core/reach.h"

#include "core/access.h"
#include "core/limit.h"
#include "store/account.h"
#include "store/grant.h"

/* ---- tokens that are limited ---- */

/* A growing list in an arena. */
struct numbers {
    struct arena *mem;
    int64_t *items;
    size_t count;
};

static enum err_code add_all(struct numbers *n, const int64_t *more, size_t count, struct err *err)
{
    int64_t *items = arena_array(n->mem, int64_t, n->count + count + 1);

    if (!items)
        return fail(err, ERR_NOMEM, "out of memory for %zu packages", n->count + count);
    if (n->count)
        memcpy(items, n->items, n->count * sizeof *items);
    if (count)
        memcpy(items + n->count, more, count * sizeof *items);
    n->items = items;
    n->count += count;
    return OK;
}

/* What such a token sees of an account is public packages and some others: see limit_view. */
static enum err_code add_owner(struct tx *tx, const struct actor *actor, struct str login,
                               struct numbers *seen, struct numbers *owners, struct err *err)
{
    struct account_row owner;
    struct view view = {0};
    enum err_code rc = account_by_login(tx, seen->mem, login, &owner, err);

    if (!rc)
        rc = access_view(tx, seen->mem, actor, &owner, &view, err);
    if (rc || !view.also_count)
        return rc == ERR_NOT_FOUND ? OK : rc;
    rc = add_all(owners, &owner.id, 1, err);
    return rc ? rc : add_all(seen, view.also, view.also_count, err);
}

/* The next owner that the limits name, of a package or of the group. A package's is told each time
 * that one of its packages is: whatever is seen twice is seen. */
static bool next_owner(struct str *rest, struct str *ret_owner)
{
    struct str kind, value;

    while (limit_next(rest, &kind, &value))
        if ((str_eq(kind, S("package")) || str_eq(kind, S("group"))) &&
            str_cut(&value, '/', ret_owner))
            return true;
    return false;
}

static enum err_code limited(struct tx *tx, struct arena *mem, const struct actor *actor,
                             struct reach *ret, struct err *err)
{
    struct numbers seen = {.mem = mem}, owners = {.mem = mem};
    struct str rest = actor->limits, owner, last = S("");
    enum err_code rc = OK;

    while (!rc && next_owner(&rest, &owner)) {
        if (!str_eq(owner, last))
            rc = add_owner(tx, actor, owner, &seen, &owners, err);
        last = owner;
    }
    *ret = (struct reach){.widest = ACCESS_PUBLIC,
                          .packages = seen.items,
                          .package_count = seen.count,
                          .owners = owners.items,
                          .owner_count = owners.count};
    return rc;
}

/* ---- others ---- */

static enum err_code find_private(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  struct reach *ret, struct err *err)
{
    struct number_list accounts = {0}, packages = {0}, some = {0};
    struct numbers whole = {.mem = mem}, owners = {.mem = mem};
    enum err_code rc;

    if ((rc = grant_accounts(tx, mem, actor->account_id, &accounts, err)) ||
        (rc = grant_packages_anywhere(tx, mem, actor->account_id, &packages, &some, err)) ||
        (rc = add_all(&whole, &actor->account_id, 1, err)) ||
        (rc = add_all(&whole, accounts.items, accounts.count, err)) ||
        (rc = add_all(&owners, whole.items, whole.count, err)) ||
        (rc = add_all(&owners, some.items, some.count, err)))
        return rc;
    *ret = (struct reach){ACCESS_AUTHENTICATED, whole.items,  packages.items, whole.count,
                          packages.count,       owners.items, owners.count,   S("")};
    return OK;
}

static enum err_code find_all(struct tx *tx, struct arena *mem, const struct actor *actor,
                              struct reach *ret, struct err *err)
{
    if (!actor->superuser)
        return find_private(tx, mem, actor, ret, err);
    *ret = (struct reach){.widest = ACCESS_PRIVATE};
    return OK;
}

enum err_code reach_of(struct tx *tx, struct arena *mem, const struct actor *actor,
                       struct reach *ret, struct err *err)
{
    struct str rest = actor->limits, owner;
    enum err_code rc;

    if (!actor->account_id) {
        *ret = (struct reach){.widest = ACCESS_PUBLIC};
        return OK;
    }
    if (next_owner(&rest, &owner)) /* access_view knows of labels */
        return limited(tx, mem, actor, ret, err);
    rc = find_all(tx, mem, actor, ret, err);
    return rc ? rc : limit_labels(mem, actor->limits, &ret->labels, err);
}
