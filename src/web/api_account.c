/* api_account.c: /api/v1: signing up, in and out, who one is, what accounts say of themselves. */
#include "config.h"
#include "core/access.h"
#include "core/account.h"
#include "core/profile.h"
#include "core/scope.h"
#include "core/session.h"
#include "format/json.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"
#include "web/reply.h"

static json_t *who_json(const struct actor *a)
{
    return json_pack("{s:o, s:b}", "login", json_of(a->login), "superuser", a->superuser);
}

static enum err_code sign_in(struct call *c, unsigned status, const struct actor *who,
                             struct err *err)
{
    struct str secret;
    enum err_code rc =
        session_start(c->app, c->mem, who, http_header(c->ex, "User-Agent"), &secret, err);

    if (rc || (rc = reply_json(c, status, who_json(who), err)))
        return rc;
    c->actor = *who; /* for the log line */
    return reply_cookie(c, secret, c->app->config->session_days * 86400, err);
}

static json_t *field_errors_json(const struct signup_errors *errors)
{
    json_t *list = json_array();

    for (size_t i = 0; i < errors->count; i++)
        json_add(&list, json_pack("{s:s, s:o}", "field", errors->items[i].field, "detail",
                                  json_of(errors->items[i].message)));
    return list;
}

enum err_code post_account(struct call *c, struct err *err)
{
    static const struct json_field fields[] = {
        {"login", JSON_T_STR, false, offsetof(struct signup, login), 0, 256},
        {"email", JSON_T_STR, false, offsetof(struct signup, email), 0, 512},
        {"password", JSON_T_STR, false, offsetof(struct signup, password), 0, 4096},
        {"password_again", JSON_T_STR, false, offsetof(struct signup, password_again), 0, 4096},
        {"accept_terms", JSON_T_BOOL, false, offsetof(struct signup, accept_terms), 0, 0},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    struct signup in = {0};
    struct signup_errors errors = {0};
    int64_t id;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)))
        return rc;
    rc = account_sign_up(c->app, c->mem, &c->actor, &in, false, &id, &errors, err);
    if (rc == ERR_UNPROCESSABLE) {
        reply_field_errors(c, err, field_errors_json(&errors));
        return c->ex->response ? OK : fail(err, ERR_NOMEM, "out of memory");
    }
    if (rc)
        return rc;
    struct actor self = {
        .account_id = id, .login = str_lower(c->mem, in.login), .remote = c->ex->remote};
    return sign_in(c, 201, &self, err);
}

enum err_code post_session(struct call *c, struct err *err)
{
    struct {
        struct str login, password;
    } in = {S(""), S("")};
    static const struct json_field fields[] = {
        {"login", JSON_T_STR, true, 0, 1, 512},
        {"password", JSON_T_STR, true, sizeof(struct str), 1, 4096},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    struct actor who;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)) ||
        (rc = session_check_password(c->app, c->mem, in.login, in.password, c->ex->remote, &who,
                                     err)))
        return rc;
    return sign_in(c, 200, &who, err);
}

enum err_code get_session(struct call *c, struct err *err)
{
    return reply_json(c, 200, who_json(&c->actor), err);
}

enum err_code delete_session(struct call *c, struct err *err)
{
    enum err_code rc = session_end(c->app, &c->actor, c->secret, err);

    if (rc || (rc = reply_empty(c, 204, err)))
        return rc;
    return reply_cookie(c, S(""), 0, err);
}

/* ---- profiles ---- */

/* What clients of anaconda.org know, and what is new here. own: to whoever may change it. */
static enum err_code reply_account(struct call *c, const struct account_row *a, bool own,
                                   struct err *err)
{
    json_t *account = view_account(a);

    if (own)
        json_put(&account, S("default_access"),
                 a->default_access.len ? json_of(a->default_access) : json_null());

    if (str_eq(a->kind, S("organization")))
        json_put(&account, S("package_creators"), json_of(a->package_creators));
    return reply_json(c, 200, account, err);
}

static bool is_own(struct call *c, struct str login)
{
    const struct access_object object = {.owner = login};

    return access_check(c->app, c->mem, &c->actor, RIGHT_OWN, SCOPE_API_READ, &object, NULL) == OK;
}

enum err_code get_account(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row a;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = account_require(tx, c->mem, call_param(c, "owner"), &a, err)))
        return rc;
    tx_endp(&tx);
    return reply_account(c, &a, is_own(c, a.login), err);
}

/* Each member of the body is a field; null clears it. The values are borrowed from the body; the
 * names are not, because a failure that names one outlives it. */
static enum err_code read_fields(struct call *c, json_t *body, struct profile_field **ret,
                                 struct err *err)
{
    struct profile_field *fields =
        arena_array(c->mem, struct profile_field, json_object_size(body));
    size_t count = 0;
    const char *key;
    json_t *value;

    if (!fields)
        return fail(err, ERR_NOMEM, "out of memory");
    json_object_foreach(body, key, value)
    {
        char *name = str_z(c->mem, str_of(key));
        struct str text = json_str(value);

        if (!name)
            return fail(err, ERR_NOMEM, "out of memory");
        if (!text.ptr && !json_is_null(value))
            return fail_field(err, name, "\"%s\" must be a string, or null", name);
        fields[count++] = (struct profile_field){name, text.ptr ? text : S("")};
    }
    *ret = fields;
    return OK;
}

enum err_code patch_account(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    struct profile_field *fields;
    struct account_row a;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = read_fields(c, body, &fields, err)) ||
        (rc = profile_change(c->app, c->mem, &c->actor, call_param(c, "owner"), fields,
                             json_object_size(body), &a, err)))
        return rc;
    return reply_account(c, &a, true, err);
}
