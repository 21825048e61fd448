#include "core/organization.h"

#include "base/clock.h"
#include "base/text.h"
#include "config.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/notify.h"
#include "core/package.h"
#include "store/grant.h"

enum { NAME_MAX_LEN = 64, TITLE_MAX = 200 };

static struct str joined(struct arena *mem, struct str a, struct str b)
{
    return str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(a), STR_ARG(b));
}

/* ---- organizations ---- */

enum err_code organization_require(struct tx *tx, struct arena *mem, struct str login,
                                   struct account_row *ret, struct err *err)
{
    enum err_code rc = account_require(tx, mem, login, ret, err);

    if (!rc && !str_eq(ret->kind, S("organization")))
        return fail(err, ERR_NOT_FOUND, "\"" STR_FMT "\" is a user, not an organization",
                    STR_ARG(login));
    return rc;
}

static enum err_code require_user(struct tx *tx, struct arena *mem, struct str login,
                                  struct account_row *ret, struct err *err)
{
    enum err_code rc = account_require(tx, mem, login, ret, err);

    if (!rc && !str_eq(ret->kind, S("user")))
        return fail_field(err, "login", "\"" STR_FMT "\" is an organization, not a user",
                          STR_ARG(login));
    return rc;
}

static enum err_code check_new(const struct new_organization *in, struct err *err)
{
    enum err_code rc = account_check_login(in->login, err);

    if (rc || (in->email.len && (rc = account_check_email(in->email, err))))
        return rc;
    if (in->name.len > TITLE_MAX || text_has_control(in->name))
        return fail_field(err, "name", "a name has at most %d printable characters",
                          (int)TITLE_MAX);
    return OK;
}

static enum err_code insert(struct tx *tx, struct app *app, const struct actor *actor,
                            const struct new_organization *in, struct err *err)
{
    const struct account_row row = {
        .login = in->login,
        .kind = S("organization"),
        .email = in->email,
        .name = in->name,
        .created_ms = clock_now_ms(),
    };
    struct group_row owners = {.name = S(OWNERS), .permission = S("admin"), .all_packages = true};
    int64_t group_id;
    enum err_code rc =
        account_insert(tx, &row, app->config->terms_version, &owners.account_id, err);

    if (rc == ERR_CONFLICT) {
        const char *field = err->field;
        return err_set_field(err, field, fail(err, ERR_UNPROCESSABLE, "%s", err->msg));
    }
    if (rc || (rc = group_insert(tx, &owners, row.created_ms, &group_id, err)) ||
        (rc = group_add_member(tx, group_id, actor->account_id, NULL, err)))
        return rc;
    return audit_add_of(tx, actor, owners.account_id, "organization.create", in->login, S(""), err);
}

enum err_code organization_create(struct app *app, struct arena *mem, const struct actor *actor,
                                  const struct new_organization *in, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct new_organization judged = *in;
    struct account_row founder;
    enum err_code rc;

    judged.login = str_lower(mem, in->login);
    judged.email = str_trim(in->email);
    if (!judged.login.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = check_new(&judged, err)) ||
        (rc = tx_begin_part(app->db, S("account/sign-up"), &tx, err)) ||
        (rc = require_user(tx, mem, actor->login, &founder, err)) ||
        (rc = insert(tx, app, actor, &judged, err)))
        return rc;
    return tx_commit(&tx, err);
}

/* ---- groups ---- */

static enum err_code check_group_name(struct str name, struct err *err)
{
    bool fits = name.len > 0 && name.len <= NAME_MAX_LEN;

    for (size_t i = 0; i < name.len && fits; i++) {
        char c = name.ptr[i];

        fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               (i > 0 && (c == '-' || c == '_' || c == '.'));
    }
    return fits ? OK
                : fail_field(
                      err, "group",
                      "a group's name has 1 to %d of a-z, 0-9, \".\", \"_\", \"-\" and begins "
                      "with a letter or digit, not \"" STR_FMT "\"",
                      (int)NAME_MAX_LEN, STR_ARG(name));
}

enum err_code group_require(struct tx *tx, struct arena *mem, struct str organization,
                            struct str name, struct group_row *ret, struct err *err)
{
    struct account_row account;
    struct str lower = str_lower(mem, name);
    enum err_code rc = lower.ptr ? organization_require(tx, mem, organization, &account, err)
                                 : fail(err, ERR_NOMEM, "out of memory");

    if (rc)
        return rc;
    rc = group_find(tx, mem, account.id, lower, ret, err);
    if (rc == ERR_NOT_FOUND)
        return fail(err, rc, "there is no group \"" STR_FMT "/" STR_FMT "\"", STR_ARG(organization),
                    STR_ARG(lower));
    return rc;
}

static bool is_permission(struct str s)
{
    return str_eq(s, S("read")) || str_eq(s, S("write")) || str_eq(s, S("admin"));
}

/* One that is there with the same permission is what was asked for. */
static enum err_code insert_group(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  const struct account_row *organization,
                                  const struct group_row *row, struct err *err)
{
    struct group_row found;
    int64_t id;
    enum err_code rc = group_find(tx, mem, organization->id, row->name, &found, err);

    if (!rc && str_eq(found.permission, row->permission))
        return OK;
    if (!rc)
        return fail(err, ERR_CONFLICT,
                    "group \"" STR_FMT "\" exists already, with permission " STR_FMT,
                    STR_ARG(row->name), STR_ARG(found.permission));
    if (rc != ERR_NOT_FOUND || (rc = group_insert(tx, row, clock_now_ms(), &id, err)))
        return rc;
    return audit_add_of(tx, actor, organization->id, "group.create",
                        joined(mem, organization->login, row->name), row->permission, err);
}

enum err_code group_create(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str organization, struct str name, struct str permission,
                           bool all_packages, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct group_row row = {
        .name = str_lower(mem, name), .permission = permission, .all_packages = all_packages};
    enum err_code rc;

    if (!row.name.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!is_permission(permission))
        return fail_field(err, "perms", "a permission is read, write or admin, not \"" STR_FMT "\"",
                          STR_ARG(permission));
    if ((rc = check_group_name(row.name, err)) ||
        (rc = tx_begin_part(app->db, organization, &tx, err)) ||
        (rc = organization_require(tx, mem, organization, &account, err)))
        return rc;
    row.account_id = account.id;
    rc = insert_group(tx, mem, actor, &account, &row, err);
    return rc ? rc : tx_commit(&tx, err);
}

enum err_code group_drop(struct app *app, struct arena *mem, const struct actor *actor,
                         struct str organization, struct str name, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, organization, &tx, err)) ||
        (rc = group_require(tx, mem, organization, name, &group, err)))
        return rc;
    if (str_eq(group.name, S(OWNERS)))
        return fail(err, ERR_CONFLICT, "every organization has the group \"" OWNERS "\"");
    if ((rc = group_delete(tx, group.id, err)) ||
        (rc = audit_add_of(tx, actor, group.account_id, "group.delete",
                           joined(mem, organization, group.name), S(""), err)))
        return rc;
    return tx_commit(&tx, err);
}

/* ---- members ---- */

/* What a change of a group begins with. */
static enum err_code begin(struct app *app, struct arena *mem, const struct group_entry *entry,
                           struct tx **ret_tx, struct group_row *ret_group, struct err *err)
{
    enum err_code rc = tx_begin_part(app->db, entry->organization, ret_tx, err);

    return rc ? rc : group_require(*ret_tx, mem, entry->organization, entry->group, ret_group, err);
}

/* What it ends with. What changed nothing is not told of. */
static enum err_code end(struct tx **tx, struct arena *mem, const struct actor *actor,
                         const char *action, const struct group_row *group, struct str subject,
                         bool changed, struct err *err)
{
    enum err_code rc =
        changed ? audit_add_of(*tx, actor, group->account_id, action,
                               joined(mem, group->organization, group->name), subject, err)
                : OK;

    return rc ? rc : tx_commit(tx, err);
}

static enum err_code tell_added(struct tx *tx, struct arena *mem, const struct actor *actor,
                                const struct group_row *group, int64_t user_id, struct err *err)
{
    struct notice notice = {"added_to_group", .owner = group->organization, .group = group->name};

    if (str_eq(group->name, S(OWNERS)))
        notice = (struct notice){"made_owner", .owner = group->organization};
    return notify(tx, mem, actor, user_id, &notice, err);
}

enum err_code group_admit(struct app *app, struct arena *mem, const struct actor *actor,
                          const struct group_entry *entry, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    struct account_row user;
    bool changed = false;
    enum err_code rc;

    if ((rc = begin(app, mem, entry, &tx, &group, err)) ||
        (rc = require_user(tx, mem, entry->subject, &user, err)) ||
        (rc = group_add_member(tx, group.id, user.id, &changed, err)) ||
        (changed && (rc = tell_added(tx, mem, actor, &group, user.id, err))))
        return rc;
    return end(&tx, mem, actor, "group.add_member", &group, user.login, changed, err);
}

/* Somebody must be left who can let others in. */
static enum err_code refuse_last_owner(const struct group_row *group, struct err *err)
{
    if (!str_eq(group->name, S(OWNERS)) || group->members > 1)
        return OK;
    return fail(err, ERR_CONFLICT,
                "\"" STR_FMT "\" would be left without an owner: add another one first",
                STR_ARG(group->organization));
}

static enum err_code remove_member(struct tx *tx, const struct group_row *group, int64_t user_id,
                                   bool *ret_changed, struct err *err)
{
    bool is_member = false;
    enum err_code rc = group_has_member(tx, group->id, user_id, &is_member, err);

    if (rc || !is_member || (rc = refuse_last_owner(group, err)))
        return rc;
    return group_remove_member(tx, group->id, user_id, ret_changed, err);
}

enum err_code group_dismiss(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct group_entry *entry, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    struct account_row user;
    bool changed = false;
    enum err_code rc;

    if ((rc = begin(app, mem, entry, &tx, &group, err)) ||
        (rc = account_require(tx, mem, entry->subject, &user, err)) ||
        (rc = remove_member(tx, &group, user.id, &changed, err)))
        return rc;
    const struct notice notice = {"removed_from_group", .owner = group.organization,
                                  .group = group.name};
    if (changed && (rc = notify(tx, mem, actor, user.id, &notice, err)))
        return rc;
    return end(&tx, mem, actor, "group.remove_member", &group, user.login, changed, err);
}

/* Takes a user out of everything: of all groups, and of the packages that he was let into one by
 * one, as those are who made them. */
static enum err_code remove_from_all(struct tx *tx, struct arena *mem, int64_t organization_id,
                                     int64_t user_id, bool *ret_was_member, struct err *err)
{
    struct group_list groups;
    bool was_member = false;
    enum err_code rc = group_list(tx, mem, organization_id, &groups, err);

    for (size_t i = 0; !rc && i < groups.count; i++) {
        bool changed = false;

        rc = remove_member(tx, &groups.rows[i], user_id, &changed, err);
        was_member |= changed;
    }
    if (!rc && was_member)
        rc = collaborator_delete_all(tx, organization_id, user_id, err);
    if (!rc)
        *ret_was_member = was_member;
    return rc;
}

enum err_code organization_leave(struct app *app, struct arena *mem, const struct actor *actor,
                                 struct str organization, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    bool left = false;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, organization, &tx, err)) ||
        (rc = organization_require(tx, mem, organization, &account, err)) ||
        (rc = remove_from_all(tx, mem, account.id, actor->account_id, &left, err)) ||
        (left && (rc = audit_add_of(tx, actor, account.id, "organization.leave", account.login,
                                    S(""), err))))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code organization_dismiss(struct app *app, struct arena *mem, const struct actor *actor,
                                   struct str organization, struct str login, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account, user;
    bool removed = false;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, organization, &tx, err)) ||
        (rc = organization_require(tx, mem, organization, &account, err)) ||
        (rc = account_require(tx, mem, login, &user, err)) ||
        (rc = remove_from_all(tx, mem, account.id, user.id, &removed, err)) || !removed)
        return rc;
    const struct notice notice = {"removed_from_organization", .owner = account.login};
    if ((rc = notify(tx, mem, actor, user.id, &notice, err)) ||
        (rc = audit_add_of(tx, actor, account.id, "organization.remove_member", account.login,
                           user.login, err)))
        return rc;
    return tx_commit(&tx, err);
}

/* ---- packages ---- */

static enum err_code choose_package(struct app *app, struct arena *mem, const struct actor *actor,
                                    const struct group_entry *entry, bool chosen, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    struct package_row package;
    bool changed = false;
    enum err_code rc;

    if ((rc = begin(app, mem, entry, &tx, &group, err)) ||
        (rc = package_require(tx, mem, entry->organization, entry->subject, &package, err)))
        return rc;
    rc = chosen ? group_add_package(tx, &group, package.id, &changed, err)
                : group_remove_package(tx, group.id, package.id, &changed, err);
    return rc ? rc
              : end(&tx, mem, actor, chosen ? "group.add_package" : "group.remove_package", &group,
                    package.name, changed, err);
}

enum err_code group_include(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct group_entry *entry, struct err *err)
{
    return choose_package(app, mem, actor, entry, /* chosen= */ true, err);
}

enum err_code group_exclude(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct group_entry *entry, struct err *err)
{
    return choose_package(app, mem, actor, entry, /* chosen= */ false, err);
}

/* ---- collaborators ---- */

enum err_code organization_welcome_package(struct tx *tx, struct arena *mem,
                                           const struct actor *actor,
                                           const struct package_row *package, struct err *err)
{
    struct account_row owner;
    struct grant_list grants = {0};
    bool is_member = false, may_write = false;
    enum err_code rc = account_by_id(tx, mem, package->account_id, &owner, err);

    if (rc || !str_eq(owner.package_creators, S("members")) ||
        (rc = grant_is_member(tx, owner.id, actor->account_id, &is_member, err)) || !is_member ||
        (rc = grant_list(tx, mem, owner.id, actor->account_id, package->id, &grants, err)))
        return rc;
    for (size_t i = 0; i < grants.count; i++)
        may_write |= !str_eq(grants.rows[i].permission, S("read"));
    if (may_write)
        return OK;
    rc = collaborator_put(tx, package->id, actor->account_id, S("write"), err);
    return rc ? rc
              : audit_add_of(tx, actor, owner.id, "collaborator.add",
                             joined(mem, owner.login, package->name),
                             str_fmt(mem, STR_FMT ": write", STR_ARG(actor->login)), err);
}

static enum err_code tell_collaborator(struct tx *tx, struct arena *mem, const struct actor *actor,
                                       const char *kind, const struct package_row *package,
                                       int64_t user_id, struct err *err)
{
    const struct notice notice = {kind, .owner = package->owner, .package = package->name};

    return notify(tx, mem, actor, user_id, &notice, err);
}

enum err_code collaborator_add(struct app *app, struct arena *mem, const struct actor *actor,
                               struct str owner, struct str package, struct str login,
                               struct str permission, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row row;
    struct account_row user;
    enum err_code rc;

    if (!str_eq(permission, S("read")) && !str_eq(permission, S("write")))
        return fail_field(err, "permission",
                          "permission \"" STR_FMT "\" is not \"read\" or \"write\"",
                          STR_ARG(permission));
    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = package_require(tx, mem, owner, package, &row, err)) ||
        (rc = require_user(tx, mem, login, &user, err)) ||
        (rc = collaborator_put(tx, row.id, user.id, permission, err)) ||
        (rc = tell_collaborator(tx, mem, actor, "made_collaborator", &row, user.id, err)) ||
        (rc = audit_add_of(
             tx, actor, row.account_id, "collaborator.add", joined(mem, owner, package),
             str_fmt(mem, STR_FMT ": " STR_FMT, STR_ARG(user.login), STR_ARG(permission)), err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code collaborator_remove(struct app *app, struct arena *mem, const struct actor *actor,
                                  struct str owner, struct str package, struct str login,
                                  struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row row;
    struct account_row user;
    bool changed = false;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = package_require(tx, mem, owner, package, &row, err)) ||
        (rc = account_require(tx, mem, login, &user, err)) ||
        (rc = collaborator_delete(tx, row.id, user.id, &changed, err)))
        return rc;
    if (changed &&
        ((rc = tell_collaborator(tx, mem, actor, "removed_as_collaborator", &row, user.id, err)) ||
         (rc = audit_add_of(tx, actor, row.account_id, "collaborator.remove",
                            joined(mem, owner, package), user.login, err))))
        return rc;
    return tx_commit(&tx, err);
}
