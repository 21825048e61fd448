/* api_package.c: /api/v1: what anaconda-client's API cannot say of packages. */
#include "core/package.h"
#include "format/json.h"
#include "web/handlers.h"
#include "web/reply.h"

enum err_code put_package_access(struct call *c, struct err *err)
{
    struct str name = S("");
    static const struct json_field fields[] = {{"access", JSON_T_STR, true, 0, 1, 64}};
    AUTO(json_decrefp) json_t *body = NULL;
    enum access_level access;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &name, err)) ||
        (rc = package_read_access(name, &access, err)) ||
        (rc = package_change_access(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                    call_param(c, "package"), access, err)))
        return rc;
    return reply_empty(c, 204, err);
}
