/* api_removal.c: /api/v1: deleting users and organizations. */
#include "core/account_remove.h"
#include "format/json.h"
#include "web/handlers.h"
#include "web/reply.h"

/* Deletes the account in the path, if the body proves that this is meant. */
static enum err_code remove_account(struct call *c, struct str kind, struct err *err)
{
    static const struct json_field fields[] = {
        {"name", JSON_T_STR, true, offsetof(struct removal_proof, name), 0, 256},
        {"password", JSON_T_STR, true, offsetof(struct removal_proof, password), 0, 4096},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    struct removal_proof proof = {S(""), S("")};
    struct str login = call_param(c, "owner");
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &proof, err)) ||
        (rc = removal_check(c->app, c->mem, &c->actor, login, &proof, err)))
        return rc;
    return account_remove(c->app, c->mem, &c->actor, login, kind, err);
}

enum err_code delete_account(struct call *c, struct err *err)
{
    enum err_code rc;

    if (!str_eq(c->actor.login, call_param(c, "owner")))
        return fail(err, ERR_DENIED,
                    "only \"" STR_FMT "\" may delete this account here; administrators do it with "
                    "`terrarium admin user delete`",
                    STR_ARG(call_param(c, "owner")));
    rc = remove_account(c, S("user"), err);
    if (rc || (rc = reply_empty(c, 204, err)))
        return rc;
    return reply_cookie(c, S(""), 0, err);
}

enum err_code delete_organization(struct call *c, struct err *err)
{
    enum err_code rc = remove_account(c, S("organization"), err);

    return rc ? rc : reply_empty(c, 204, err);
}
