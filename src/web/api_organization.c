/* api_organization.c: /api/v1: organizations as such. Their groups have the paths that
 * anaconda-client knows (anaconda_group.c). */
#include "core/organization.h"
#include "format/json.h"
#include "store/group.h"
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

/* ---- members ---- */

/* One object for each login, which stand together in the list. */
static json_t *members_json(const struct named_text_list *members)
{
    json_t *list = json_array();

    for (size_t i = 0; i < members->count;) {
        struct str login = members->rows[i].name;
        json_t *groups = json_array();

        for (; i < members->count && str_eq(members->rows[i].name, login); i++)
            json_add(&groups, json_of(members->rows[i].text));
        json_add(&list, json_pack("{s:o, s:o}", "login", json_of(login), "groups", groups));
    }
    return list;
}

enum err_code get_members(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row organization;
    struct named_text_list members;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = organization_require(tx, c->mem, call_param(c, "owner"), &organization, err)) ||
        (rc = group_all_members(tx, c->mem, organization.id, &members, err)))
        return rc;
    return reply_json(c, 200, members_json(&members), err);
}

enum err_code delete_member(struct call *c, struct err *err)
{
    enum err_code rc = organization_dismiss(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                            call_param(c, "login"), err);

    return rc ? rc : reply_empty(c, 204, err);
}
