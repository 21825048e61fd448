/* api_organization.c: /api/v1: organizations as such. Their groups have the paths that
 * anaconda-client knows (anaconda_group.c). */
#include "core/organization.h"
#include "format/json.h"
#include "web/handlers.h"
#include "web/reply.h"

enum err_code post_organization(struct call *c, struct err *err)
{
    static const struct json_field fields[] = {
        {"login", JSON_T_STR, true, offsetof(struct new_organization, login), 0, 256},
        {"name", JSON_T_STR, false, offsetof(struct new_organization, name), 0, 1000},
        {"email", JSON_T_STR, false, offsetof(struct new_organization, email), 0, 512},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    struct new_organization in = {S(""), S(""), S("")};
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)) ||
        (rc = organization_create(c->app, c->mem, &c->actor, &in, err)))
        return rc;
    return reply_json(c, 201, json_pack("{s:o}", "login", json_of(str_lower(c->mem, in.login))),
                      err);
}

enum err_code delete_membership(struct call *c, struct err *err)
{
    enum err_code rc = organization_leave(c->app, c->mem, &c->actor, call_param(c, "owner"), err);

    return rc ? rc : reply_empty(c, 204, err);
}
