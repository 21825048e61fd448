#include "core/access.h"

#include "core/limit.h"
#include "core/organization.h"
#include "core/package.h"
#include "core/scope.h"
#include "store/account.h"
#include "store/grant.h"
#include "store/package.h"

/* What a grant comes to; each contains those before it. */
enum level { LEVEL_NONE, LEVEL_READ, LEVEL_WRITE, LEVEL_ADMIN, LEVEL_OWNER };

static const enum level needed[] = {[RIGHT_WRITE] = LEVEL_WRITE,
                                    [RIGHT_ADMIN] = LEVEL_ADMIN,
                                    [RIGHT_GROUP_ADMIN] = LEVEL_OWNER,
                                    [RIGHT_OWN] = LEVEL_OWNER};

const char *access_right_name(enum right r)
{
    static const char *const names[] = {
        [RIGHT_ANYONE] = "anyone",
        [RIGHT_SELF] = "self",
        [RIGHT_SIGNED_IN] = "signed-in",
        [RIGHT_READ] = "read",
        [RIGHT_MEMBER] = "member",
        [RIGHT_WRITE] = "write",
        [RIGHT_ADMIN] = "admin",
        [RIGHT_GROUP_ADMIN] = "group-admin",
        [RIGHT_OWN] = "own",
        [RIGHT_SUPERUSER] = "superuser",
    };
    return names[r];
}

bool access_is_for_visitors(enum right r)
{
    return r == RIGHT_ANYONE || r == RIGHT_READ;
}

/* ---- what the rows grant ---- */

static enum level level_of(const struct grant *g)
{
    if (str_eq(g->group, S(OWNERS)))
        return LEVEL_OWNER;
    if (str_eq(g->permission, S("admin")))
        return LEVEL_ADMIN;
    return str_eq(g->permission, S("write")) ? LEVEL_WRITE : LEVEL_READ;
}

/* package_id 0: for one that is not there. */
static enum err_code find_level(struct tx *tx, struct arena *mem, const struct actor *actor,
                                int64_t owner_id, int64_t package_id, enum level *ret,
                                struct err *err)
{
    struct grant_list grants = {0};
    enum err_code rc = grant_list(tx, mem, owner_id, actor->account_id, package_id, &grants, err);

    for (size_t i = 0; !rc && i < grants.count; i++)
        if (level_of(&grants.rows[i]) > *ret)
            *ret = level_of(&grants.rows[i]);
    return rc;
}

/* May the actor, whose groups give it this level, make a package? */
static enum err_code ask_creators(struct tx *tx, const struct actor *actor,
                                  const struct account_row *owner, enum level level, bool *ret_may,
                                  struct err *err)
{
    if (str_eq(owner->package_creators, S("members")))
        return grant_is_member(tx, owner->id, actor->account_id, ret_may, err);
    *ret_may = level >= (str_eq(owner->package_creators, S("owners")) ? LEVEL_OWNER : LEVEL_WRITE);
    return OK;
}

/* Is the actor in this group, and may the group say who else is? */
static enum err_code leads_group(struct tx *tx, struct arena *mem, const struct actor *actor,
                                 int64_t owner_id, struct str name, bool *ret, struct err *err)
{
    struct group_row group;
    struct str lower = str_lower(mem, name);
    enum err_code rc = lower.ptr ? group_find(tx, mem, owner_id, lower, &group, err)
                                 : fail(err, ERR_NOMEM, "out of memory");

    if (rc == ERR_NOT_FOUND || (!rc && !str_eq(group.permission, S("admin"))))
        return OK;
    return rc ? rc : group_has_member(tx, group.id, actor->account_id, ret, err);
}

static enum err_code ask_rows(struct tx *tx, struct arena *mem, const struct actor *actor,
                              enum right right, const struct account_row *owner,
                              const struct access_object *object, bool *ret_may, struct err *err)
{
    enum level level = LEVEL_NONE;
    enum access_level access;
    int64_t package_id = 0;
    enum err_code rc = OK;

    if (right == RIGHT_MEMBER)
        return grant_is_member(tx, owner->id, actor->account_id, ret_may, err);
    if (object->package.len)
        rc = package_access_of(tx, object->owner, object->package, &package_id, &access, err);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    if ((rc = find_level(tx, mem, actor, owner->id, package_id, &level, err)))
        return rc;
    if (right == RIGHT_WRITE && object->package.len && !package_id)
        return ask_creators(tx, actor, owner, level, ret_may, err);
    *ret_may = level >= needed[right];
    if (*ret_may || right != RIGHT_GROUP_ADMIN)
        return OK;
    return leads_group(tx, mem, actor, owner->id, object->group, ret_may, err);
}

static enum err_code ask(struct app *app, struct arena *mem, const struct actor *actor,
                         enum right right, const struct access_object *object, bool *ret_may,
                         struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row owner;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (rc)
        return rc;
    rc = account_by_login(tx, mem, object->owner, &owner, err);
    if (rc == ERR_NOT_FOUND)
        return OK; /* nobody may do anything with what is not there */
    return rc ? rc : ask_rows(tx, mem, actor, right, &owner, object, ret_may, err);
}

enum err_code access_to_package(struct tx *tx, struct arena *mem, const struct actor *actor,
                                enum right right, const struct account_row *owner,
                                int64_t package_id, bool *ret_may, struct err *err)
{
    enum level level = LEVEL_NONE;
    enum err_code rc = OK;

    *ret_may = actor->superuser || str_eq(actor->login, owner->login);
    if (*ret_may || !actor->account_id)
        return OK;
    rc = find_level(tx, mem, actor, owner->id, package_id, &level, err);
    *ret_may = !rc && level >= needed[right];
    return rc;
}

/* ---- what is seen ---- */

/* Does the actor see all there is of this owner, without being asked package by package? */
static bool sees_all(const struct actor *actor, struct str owner)
{
    return actor->account_id && (actor->superuser || str_eq(actor->login, owner));
}

/* What is not there is looked for in the same way: the time that it takes does not tell. */
static enum err_code sees(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct access_object *object, bool *ret_sees, struct err *err)
{
    struct account_row owner = {0};
    enum access_level access = ACCESS_PRIVATE;
    enum level level = LEVEL_NONE;
    int64_t id = 0;
    enum err_code rc = package_access_of(tx, object->owner, object->package, &id, &access, err);

    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    if (actor->account_id && access == ACCESS_PRIVATE && !sees_all(actor, object->owner)) {
        rc = account_by_login(tx, mem, object->owner, &owner, err);
        if (!rc)
            rc = find_level(tx, mem, actor, owner.id, id, &level, err);
        if (rc && rc != ERR_NOT_FOUND)
            return rc;
    }
    *ret_sees =
        id && (access == ACCESS_PUBLIC || (access == ACCESS_AUTHENTICATED && actor->account_id) ||
               sees_all(actor, object->owner) || level >= LEVEL_READ);
    if (!*ret_sees || access == ACCESS_PUBLIC || !actor->limits.len)
        return OK;
    return limit_shows(tx, mem, actor->limits,
                       &(struct limit_object){object->owner, object->package, id}, ret_sees, err);
}

static enum err_code check_read(struct app *app, struct arena *mem, const struct actor *actor,
                                const struct access_object *object, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    bool seen = false;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (!rc)
        rc = sees(tx, mem, actor, object, &seen, err);
    return rc || seen ? rc : package_missing(object->owner, object->package, err);
}

/* *ret_ids: of the private packages that the actor sees; unless *ret_all. */
static enum err_code find_private(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  const struct account_row *owner, bool *ret_all,
                                  struct number_list *ret_ids, struct err *err)
{
    enum level level = LEVEL_NONE;
    enum err_code rc;

    *ret_all = sees_all(actor, owner->login);
    if (*ret_all)
        return OK;
    rc = find_level(tx, mem, actor, owner->id, 0, &level, err);
    *ret_all = level >= LEVEL_READ;
    return rc || *ret_all ? rc
                          : grant_packages(tx, mem, owner->id, actor->account_id, ret_ids, err);
}

enum err_code access_view(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct account_row *owner, struct view *ret, struct err *err)
{
    struct view view = {.widest = ACCESS_PUBLIC};
    struct number_list ids = {0};
    bool has[ACCESS_LEVELS], all = false;
    enum err_code rc = package_levels(tx, owner->id, has, err);

    if (rc)
        return rc;
    if (actor->account_id && has[ACCESS_AUTHENTICATED])
        view.widest = ACCESS_AUTHENTICATED;
    if (actor->account_id && has[ACCESS_PRIVATE]) {
        if ((rc = find_private(tx, mem, actor, owner, &all, &ids, err)))
            return rc;
        if (all)
            view.widest = ACCESS_PRIVATE;
        view.also = ids.items;
        view.also_count = ids.count;
    }
    if ((rc = limit_view(tx, mem, actor->limits, owner, &view, err)))
        return rc;
    *ret = view;
    return OK;
}

enum err_code access_view_of_label(struct tx *tx, struct arena *mem, const struct actor *actor,
                                   const struct account_row *owner, struct str label,
                                   struct view *ret, struct err *err)
{
    struct str folded = str_lower(mem, label);

    if (!folded.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (limit_allows_label(actor->limits, folded))
        return access_view(tx, mem, actor, owner, ret, err);
    *ret = (struct view){.widest = ACCESS_PUBLIC};
    return OK;
}

/* ---- the rule ---- */

static enum err_code deny(const struct actor *actor, enum right right,
                          const struct access_object *object, struct err *err)
{
    const char *what;

    if (right == RIGHT_SUPERUSER)
        return fail(err, ERR_DENIED, "\"" STR_FMT "\" is not an administrator of this server",
                    STR_ARG(actor->login));
    if (right == RIGHT_MEMBER)
        what = "see the groups of";
    else if (right == RIGHT_WRITE)
        what = "publish or change anything under";
    else if (right == RIGHT_ADMIN && object->package.len)
        what = "say who may change this package of";
    else
        what = "administer";
    if (right == RIGHT_WRITE && object->package.len)
        return fail(err, ERR_DENIED,
                    "\"" STR_FMT "\" may not publish or change \"" STR_FMT "/" STR_FMT "\"",
                    STR_ARG(actor->login), STR_ARG(object->owner), STR_ARG(object->package));
    return fail(err, ERR_DENIED, "\"" STR_FMT "\" may not %s \"" STR_FMT "\"",
                STR_ARG(actor->login), what, STR_ARG(object->owner));
}

static enum err_code decide(struct app *app, struct arena *mem, const struct actor *actor,
                            enum right right, unsigned scope, const struct access_object *object,
                            struct err *err)
{
    bool may = false;
    enum err_code rc;

    if (actor->token_id && !scope_allows(actor->scopes, scope))
        return fail(err, ERR_DENIED,
                    "the token \"" STR_FMT "\" does not have the scope for this; it has: " STR_FMT,
                    STR_ARG(actor->token_name), STR_ARG(actor->scopes));
    if (right == RIGHT_ANYONE)
        return OK;
    if (right == RIGHT_READ)
        return check_read(app, mem, actor, object, err);
    if (!actor->account_id)
        return fail(err, ERR_UNAUTHENTICATED, "sign in first: this needs an account");
    if ((rc = limit_check(app, mem, actor, right, object, err)))
        return rc;
    if (right == RIGHT_SELF || right == RIGHT_SIGNED_IN || actor->superuser)
        return OK;
    if (right != RIGHT_SUPERUSER && str_eq(actor->login, object->owner))
        return OK;
    rc = right == RIGHT_SUPERUSER ? OK : ask(app, mem, actor, right, object, &may, err);
    if (rc || may)
        return rc;
    return deny(actor, right, object, err);
}

enum err_code access_check(struct app *app, struct arena *mem, const struct actor *actor,
                           enum right right, unsigned scope, const struct access_object *object,
                           struct err *err)
{
    enum err_code rc = decide(app, mem, actor, right, scope, object, err);

    /* Something that was looked up on the way need not be there. */
    if (!rc && err)
        *err = (struct err){0};
    return rc;
}
