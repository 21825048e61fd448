/* api_quota.c: /api/v1: how much an account has stored, and how much it may. */
#include "core/quota.h"
#include "format/json.h"
#include "web/handlers.h"
#include "web/reply.h"

enum err_code get_usage(struct call *c, struct err *err)
{
    struct usage u;
    json_t *types;
    int64_t files = 0;
    enum err_code rc = quota_usage(c->app, c->mem, call_param(c, "owner"), &u, err);

    if (rc)
        return rc;
    types = json_object();
    for (size_t i = 0; i < u.types.count; i++) {
        const struct space_share *s = &u.types.rows[i];

        files += s->files;
        json_put(
            &types, s->type,
            json_pack("{s:I, s:I}", "files", (json_int_t)s->files, "bytes", (json_int_t)s->bytes));
    }
    return reply_json(
        c, 200,
        json_pack("{s:I, s:o, s:s, s:I, s:o, s:{s:I, s:I}}", "bytes", (json_int_t)u.quota.used,
                  "quota", u.quota.limit ? json_integer((json_int_t)u.quota.limit) : json_null(),
                  "quota_of", u.quota.own ? "account" : "server", "files", (json_int_t)files,
                  "types", types, "trash", "files", (json_int_t)u.trash.files, "bytes",
                  (json_int_t)u.trash.bytes),
        err);
}

enum err_code put_quota(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    const json_t *quota;
    enum err_code rc = call_json(c, &body, err);

    if (rc)
        return rc;
    quota = json_object_get(body, "quota");
    if (!json_is_null(quota) && (!json_is_integer(quota) || json_integer_value(quota) < 0))
        return fail_field(err, "quota",
                          "quota is a number of bytes, 0 for no limit, or null for what the "
                          "settings say");
    rc = quota_set(c->app, c->mem, &c->actor, call_param(c, "login"),
                   json_is_null(quota) ? -1 : json_integer_value(quota), err);
    return rc ? rc : reply_empty(c, 204, err);
}
