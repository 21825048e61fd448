/* anaconda_group.c: the parts of anaconda-client's API that are about the groups of organizations
 * and the collaborators of packages. */
#include "core/access.h"
#include "core/account.h"
#include "core/organization.h"
#include "core/package.h"
#include "format/json.h"
#include "store/grant.h"
#include "web/handlers.h"
#include "web/reply.h"

/* ---- groups ---- */

static json_t *group_json(const struct group_row *g)
{
    return json_pack("{s:o, s:o, s:o, s:b, s:I, s:I}", "name", json_of(g->name), "organization",
                     json_of(g->organization), "permission", json_of(g->permission), "all_packages",
                     g->all_packages, "members_count", (json_int_t)g->members, "repos_count",
                     (json_int_t)g->packages);
}

static enum err_code reply_groups(struct call *c, const struct group_list *groups, struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < groups->count; i++)
        json_add(&list, group_json(&groups->rows[i]));
    return reply_json(c, 200, json_pack("{s:o}", "groups", list), err);
}

enum err_code get_own_groups(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_list groups;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = group_list_by_member(tx, c->mem, c->actor.account_id, &groups, err)))
        return rc;
    return reply_groups(c, &groups, err);
}

static enum err_code find_view(struct call *c, struct tx *tx, struct view *ret, struct err *err)
{
    struct account_row account;
    enum err_code rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err);

    return rc ? rc : access_view(tx, c->mem, &c->actor, &account, ret, err);
}

/* Their number is no more than the caller could count. */
static enum err_code count_seen(struct call *c, struct tx *tx, const struct view *view,
                                struct group_row *g, struct err *err)
{
    struct named_text_list packages;
    enum err_code rc = group_packages(tx, c->mem, g->id, view, &packages, err);

    if (!rc)
        g->packages = (int64_t)packages.count;
    return rc;
}

enum err_code get_groups(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct group_list groups;
    struct view view;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err)) ||
        (rc = access_view(tx, c->mem, &c->actor, &account, &view, err)) ||
        (rc = group_list(tx, c->mem, account.id, &groups, err)))
        return rc;
    for (size_t i = 0; i < groups.count; i++)
        if ((rc = count_seen(c, tx, &view, &groups.rows[i], err)))
            return rc;
    return reply_groups(c, &groups, err);
}

/* The group that the path names, in a transaction that the caller ends. */
static enum err_code find_group(struct call *c, struct tx **ret_tx, struct group_row *ret,
                                struct err *err)
{
    enum err_code rc = tx_begin(c->app->db, TX_READ, ret_tx, err);

    return rc ? rc
              : group_require(*ret_tx, c->mem, call_param(c, "owner"), call_param(c, "group"), ret,
                              err);
}

enum err_code get_group(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    struct view view;
    enum err_code rc = find_group(c, &tx, &group, err);

    if (rc || (rc = find_view(c, tx, &view, err)) || (rc = count_seen(c, tx, &view, &group, err)))
        return rc;
    return reply_json(c, 200, group_json(&group), err);
}

enum err_code post_group(struct call *c, struct err *err)
{
    struct group_body {
        struct str perms;
        bool all_packages;
    } in = {.perms = S("read")};
    static const struct json_field fields[] = {
        {"perms", JSON_T_STR, false, offsetof(struct group_body, perms), 0, 64},
        {"all_packages", JSON_T_BOOL, false, offsetof(struct group_body, all_packages), 0, 0},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)) ||
        (rc = group_create(c->app, c->mem, &c->actor, call_param(c, "owner"),
                           call_param(c, "group"), in.perms, in.all_packages, err)))
        return rc;
    return reply_empty(c, 204, err);
}

enum err_code delete_group(struct call *c, struct err *err)
{
    enum err_code rc =
        group_drop(c->app, c->mem, &c->actor, call_param(c, "owner"), call_param(c, "group"), err);

    return rc ? rc : reply_empty(c, 204, err);
}

/* ---- what is in a group ---- */

/* name_key, text_key: what the client calls the two texts of a row. prefix: of each name. */
static enum err_code reply_texts(struct call *c, const struct named_text_list *texts,
                                 const char *name_key, struct str prefix, const char *text_key,
                                 struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < texts->count; i++) {
        struct str name =
            str_fmt(c->mem, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(texts->rows[i].name));

        json_add(&list, json_pack("{s:o, s:o}", name_key, json_of(name), text_key,
                                  json_of(texts->rows[i].text)));
    }
    return reply_json(c, 200, list, err);
}

enum err_code get_group_members(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    struct named_text_list members;
    enum err_code rc = find_group(c, &tx, &group, err);

    if (rc || (rc = group_members(tx, c->mem, group.id, &members, err)))
        return rc;
    return reply_texts(c, &members, "login", S(""), "name", err);
}

enum err_code get_group_packages(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    struct view view;
    struct named_text_list packages;
    struct str prefix = str_fmt(c->mem, STR_FMT "/", STR_ARG(call_param(c, "owner")));
    enum err_code rc = find_group(c, &tx, &group, err);

    if (rc || (rc = find_view(c, tx, &view, err)) ||
        (rc = group_packages(tx, c->mem, group.id, &view, &packages, err)))
        return rc;
    return reply_texts(c, &packages, "full_name", prefix, "summary", err);
}

enum err_code get_group_member(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct group_row group;
    struct account_row user;
    bool is_member = false;
    enum err_code rc = find_group(c, &tx, &group, err);

    if (rc || (rc = account_require(tx, c->mem, call_param(c, "login"), &user, err)) ||
        (rc = group_has_member(tx, group.id, user.id, &is_member, err)))
        return rc;
    if (!is_member)
        return fail(err, ERR_NOT_FOUND, "\"" STR_FMT "\" is not in group \"" STR_FMT "\"",
                    STR_ARG(user.login), STR_ARG(group.name));
    return reply_empty(c, 204, err);
}

typedef enum err_code change_fn(struct app *app, struct arena *mem, const struct actor *actor,
                                const struct group_entry *entry, struct err *err);

static enum err_code change(struct call *c, change_fn *fn, const char *subject, struct err *err)
{
    const struct group_entry entry = {call_param(c, "owner"), call_param(c, "group"),
                                      call_param(c, subject)};
    enum err_code rc = fn(c->app, c->mem, &c->actor, &entry, err);

    return rc ? rc : reply_empty(c, 204, err);
}

enum err_code put_group_member(struct call *c, struct err *err)
{
    return change(c, group_admit, "login", err);
}

enum err_code delete_group_member(struct call *c, struct err *err)
{
    return change(c, group_dismiss, "login", err);
}

enum err_code put_group_package(struct call *c, struct err *err)
{
    return change(c, group_include, "package", err);
}

enum err_code delete_group_package(struct call *c, struct err *err)
{
    return change(c, group_exclude, "package", err);
}

/* ---- collaborators ---- */

enum err_code get_collaborators(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct named_text_list collaborators;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc ||
        (rc = package_require(tx, c->mem, call_param(c, "owner"), call_param(c, "package"),
                              &package, err)) ||
        (rc = collaborator_list(tx, c->mem, package.id, &collaborators, err)))
        return rc;
    return reply_texts(c, &collaborators, "login", S(""), "permission", err);
}

enum err_code put_collaborator(struct call *c, struct err *err)
{
    struct str permission = S("write"); /* what the client, which sends no body, means */
    static const struct json_field fields[] = {{"permission", JSON_T_STR, false, 0, 1, 64}};
    AUTO(json_decrefp) json_t *body = NULL;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &permission, err)) ||
        (rc = collaborator_add(c->app, c->mem, &c->actor, call_param(c, "owner"),
                               call_param(c, "package"), call_param(c, "login"), permission, err)))
        return rc;
    return reply_empty(c, 201, err);
}

enum err_code delete_collaborator(struct call *c, struct err *err)
{
    enum err_code rc = collaborator_remove(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                           call_param(c, "package"), call_param(c, "login"), err);

    return rc ? rc : reply_empty(c, 201, err);
}
