/* anaconda_auth.c: the parts of anaconda-client's API that are about people and tokens. */
#include "config.h"
#include "core/access.h"
#include "core/account.h"
#include "core/organization.h"
#include "core/scope.h"
#include "core/token.h"
#include "format/json.h"
#include "store/group.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"
#include "web/reply.h"

enum err_code get_api_root(struct call *c, struct err *err)
{
    /* HEAD of this is the client's test whether a server is there: 200 whatever token it sends. */
    return reply_json(c, 200, json_pack("{s:s}", "name", "Terrarium"), err);
}

enum err_code get_authentication_type(struct call *c, struct err *err)
{
    return reply_json(c, 200, json_pack("{s:s}", "authentication_type", "password"), err);
}

enum err_code get_scopes(struct call *c, struct err *err)
{
    json_t *all = json_object();

    for (const struct scope_name *s = scope_names; s->name; s++)
        json_put(&all, str_of(s->name), json_string(s->description));
    return reply_json(c, 200, all, err);
}

/* ---- tokens ---- */

struct token_body {
    struct str note, hostname, user;
    struct json_strs scopes;
    int64_t max_age;
    bool fail_if_exists;
    const json_t *limits; /* NULL: none; of the body, and gone with it */
};
struct limits_body {
    struct json_strs packages, labels;
    struct str group;
};

/* A misspelt key would be a token without the limit that was meant: unlike elsewhere, none is
 * ignored.
 */
static enum err_code check_limit_keys(const json_t *limits, struct err *err)
{
    const char *key;
    json_t *value;

    /* The macro takes no const; nothing is changed. */
    json_object_foreach(
        (json_t *)(uintptr_t)limits, key,
        value) if (strcmp(key, "packages") != 0 && strcmp(key, "labels") != 0 &&
                   strcmp(key, "group") !=
                       0) return fail_field(err, "limits",
                                            "a token cannot be limited by \"%.100s\"; packages, "
                                            "labels and group "
                                            "are possible",
                                            key);
    return OK;
}

static enum err_code read_limits(struct call *c, const json_t *limits, struct limit_request *ret,
                                 struct err *err)
{
    static const struct json_field fields[] = {
        {"packages", JSON_T_STRS, false, offsetof(struct limits_body, packages), 0, 100},
        {"labels", JSON_T_STRS, false, offsetof(struct limits_body, labels), 0, 100},
        {"group", JSON_T_STR, false, offsetof(struct limits_body, group), 1, 200},
    };
    struct limits_body in = {0};
    enum err_code rc;

    *ret = (struct limit_request){0};
    if (!limits)
        return OK;
    if ((rc = check_limit_keys(limits, err)) ||
        (rc = json_read(limits, fields, COUNT(fields), c->mem, &in, err)))
        return rc;
    *ret = (struct limit_request){.packages = in.packages.items,
                                  .package_count = in.packages.count,
                                  .labels = in.labels.items,
                                  .label_count = in.labels.count,
                                  .group = in.group};
    return OK;
}

static enum err_code read_token_body(struct call *c, struct token_body *ret,
                                     struct limit_request *ret_limits, struct err *err)
{
    static const struct json_field fields[] = {
        {"note", JSON_T_STR, false, offsetof(struct token_body, note), 0, 1000},
        {"hostname", JSON_T_STR, false, offsetof(struct token_body, hostname), 0, 1000},
        {"user", JSON_T_STR, false, offsetof(struct token_body, user), 0, 1000},
        {"scopes", JSON_T_STRS, false, offsetof(struct token_body, scopes), 0, 100},
        {"max-age", JSON_T_INT, false, offsetof(struct token_body, max_age), 0, INT64_MAX},
        {"fail-if-exists", JSON_T_BOOL, false, offsetof(struct token_body, fail_if_exists), 0, 0},
        {"limits", JSON_T_OBJECT, false, offsetof(struct token_body, limits), 0, 0},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    enum err_code rc = call_json(c, &body, err);

    if (rc == ERR_INVALID) /* not 400: to the client that means that the token exists */
        return err->code = ERR_UNPROCESSABLE;
    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, ret, err)))
        return rc;
    return read_limits(c, ret->limits, ret_limits, err);
}

/* May the caller do what only owners of the organization may? */
static enum err_code check_owner(struct call *c, struct str organization, struct err *err)
{
    const struct access_object object = {.owner = organization};

    return access_check(c->app, c->mem, &c->actor, RIGHT_OWN, SCOPE_NONE, &object, err);
}

enum err_code post_authentications(struct call *c, struct err *err)
{
    struct token_body in = {.note = S("token")};
    struct limit_request limits;
    struct str token;
    enum err_code rc = read_token_body(c, &in, &limits, err);

    if (rc)
        return rc;
    struct str organization = str_lower(c->mem, in.user);
    if (!organization.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (str_eq(organization, c->actor.login))
        organization = S("");
    if (organization.len && (rc = check_owner(c, organization, err)))
        return rc;
    struct token_request req = {.organization = organization,
                                .name = in.note,
                                .scopes = in.scopes.items,
                                .scope_count = in.scopes.count,
                                .limits = limits,
                                .hostname = in.hostname,
                                .max_age_seconds = in.max_age,
                                .replace = !in.fail_if_exists};
    rc = token_create(c->app, c->mem, &c->actor, &req, &token, err);
    if (rc == ERR_CONFLICT)
        return fail(err, ERR_INVALID, "%s", err->msg); /* 400 is how the client knows this case */
    if (rc)
        return rc;
    return reply_json(c, 200, json_pack("{s:o}", "token", json_of(token)), err);
}

static json_t *scopes_json(struct str scopes)
{
    json_t *list = json_array();
    struct str rest = scopes, name;

    while (scopes.len && str_next(&rest, ' ', &name))
        json_add(&list, json_of(name));
    return list;
}

/* In the form in which they were asked for; {} without any. */
static json_t *limits_json(struct str limits)
{
    json_t *all = json_object(), *packages = json_array(), *labels = json_array();
    struct str rest = limits, kind, value;

    while (limit_next(&rest, &kind, &value)) {
        if (str_eq(kind, S("package")))
            json_add(&packages, json_of(value));
        else if (str_eq(kind, S("label")))
            json_add(&labels, json_of(value));
        else
            json_put(&all, kind, json_of(value));
    }
    if (json_array_size(packages))
        json_put(&all, S("packages"), json_incref(packages));
    if (json_array_size(labels))
        json_put(&all, S("labels"), json_incref(labels));
    json_decref(packages);
    json_decref(labels);
    return all;
}

static json_t *used_json(const struct token_row *t, struct str text)
{
    return t->last_used_ms ? json_of(text) : json_null();
}

static json_t *token_json(struct call *c, const struct token_row *t)
{
    struct str id = str_fmt(c->mem, "%lld", (long long)t->id);

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", json_of(id), "application",
        json_of(t->name), "hostname", json_of(t->hostname), "remote_addr", json_of(t->remote),
        "created_at", view_date(t->created_ms), "expires", view_date(t->expires_ms), "scopes",
        scopes_json(t->scopes), "limits", limits_json(t->limits), "last_used_at",
        t->last_used_ms ? view_date(t->last_used_ms) : json_null(), "last_used_from",
        used_json(t, t->last_used_from), "last_used_by", used_json(t, t->last_used_by));
}

static enum err_code load_tokens(struct call *c, struct token_list *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    return rc ? rc : token_list(tx, c->mem, c->actor.account_id, ret, err);
}

static enum err_code reply_tokens(struct call *c, const struct token_list *tokens, struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < tokens->count; i++)
        json_add(&list, token_json(c, &tokens->rows[i]));
    return reply_json(c, 200, list, err);
}

enum err_code get_authentications(struct call *c, struct err *err)
{
    struct token_list tokens;
    enum err_code rc = load_tokens(c, &tokens, err);

    return rc ? rc : reply_tokens(c, &tokens, err);
}

enum err_code get_organization_tokens(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct token_list tokens;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = organization_require(tx, c->mem, call_param(c, "owner"), &account, err)) ||
        (rc = token_list(tx, c->mem, account.id, &tokens, err)))
        return rc;
    return reply_tokens(c, &tokens, err);
}

enum err_code get_authentication(struct call *c, struct err *err)
{
    struct token_list tokens;
    enum err_code rc = load_tokens(c, &tokens, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < tokens.count; i++)
        if (tokens.rows[i].id == c->actor.token_id)
            return reply_json(c, 200, token_json(c, &tokens.rows[i]), err);
    return fail(err, ERR_UNAUTHENTICATED, "the access token is unknown, revoked or expired");
}

enum err_code delete_authentications(struct call *c, struct err *err)
{
    enum err_code rc = token_revoke_own(c->app, &c->actor, err);

    return rc ? rc : reply_empty(c, 201, err);
}

enum err_code delete_authentication_by_name(struct call *c, struct err *err)
{
    enum err_code rc =
        token_revoke_named(c->app, c->mem, &c->actor, S(""), call_param(c, "name"), err);

    return rc ? rc : reply_empty(c, 201, err);
}

enum err_code delete_organization_token(struct call *c, struct err *err)
{
    enum err_code rc = token_revoke_named(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                          call_param(c, "name"), err);

    return rc ? rc : reply_empty(c, 201, err);
}

/* ---- users ---- */

static enum err_code reply_user(struct call *c, struct str login, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row a;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = account_require(tx, c->mem, login, &a, err)))
        return rc;
    return reply_json(c, 200, view_account(&a), err);
}

enum err_code get_user(struct call *c, struct err *err)
{
    return reply_user(c, c->actor.login, err);
}

enum err_code get_user_by_login(struct call *c, struct err *err)
{
    return reply_user(c, call_param(c, "login"), err);
}

/* Where the user is in any group; once each, because the list is in order. */
static json_t *orgs_json(const struct group_list *groups)
{
    json_t *list = json_array();

    for (size_t i = 0; i < groups->count; i++) {
        struct str login = groups->rows[i].organization;

        if (!i || !str_eq(groups->rows[i - 1].organization, login))
            json_add(&list, json_pack("{s:o}", "login", json_of(login)));
    }
    return list;
}

static enum err_code reply_orgs(struct call *c, struct str login, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row a;
    struct group_list groups;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = account_require(tx, c->mem, login, &a, err)) ||
        (rc = group_list_by_member(tx, c->mem, a.id, &groups, err)))
        return rc;
    return reply_json(c, 200, orgs_json(&groups), err);
}

enum err_code get_user_orgs(struct call *c, struct err *err)
{
    return reply_orgs(c, c->actor.login, err);
}

enum err_code get_user_orgs_by_login(struct call *c, struct err *err)
{
    return reply_orgs(c, call_param(c, "login"), err);
}
