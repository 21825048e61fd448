/* api_transfer.c: /api/v1: packages that change their owner. */
#include "base/clock.h"
#include "base/limits.h"
#include "core/transfer.h"
#include "format/json.h"
#include "web/handlers.h"
#include "web/reply.h"

static enum err_code reply_result(struct call *c, const struct transfer_result *r, struct err *err)
{
    bool offered = r->offer_id != 0;

    return reply_json(
        c, offered ? 201 : 200,
        json_pack("{s:s, s:o, s:o, s:o, s:o}", "state", offered ? "offered" : "transferred", "id",
                  offered ? json_integer((json_int_t)r->offer_id) : json_null(), "from",
                  json_of(r->owner), "package", json_of(r->package), "to", json_of(r->target)),
        err);
}

enum err_code post_package_transfer(struct call *c, struct err *err)
{
    struct str to = S("");
    static const struct json_field fields[] = {{"to", JSON_T_STR, true, 0, 1, LIMIT_LOGIN}};
    AUTO(json_decrefp) json_t *body = NULL;
    struct transfer_result result;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &to, err)) ||
        (rc = transfer_package(c->app, c->mem, &c->actor, call_param(c, "owner"),
                               call_param(c, "package"), to, &result, err)))
        return rc;
    return reply_result(c, &result, err);
}

/* ---- offers ---- */

static json_t *offer_json(const struct transfer_row *t)
{
    char text[CLOCK_TEXT_MAX];

    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)t->id, "from",
                     json_of(t->owner), "package", json_of(t->package), "access",
                     json_of(access_level_name(t->access)), "to", json_of(t->target), "offered_by",
                     json_of(t->offerer), "offered_at",
                     json_of(clock_rfc3339(t->created_ms, text)));
}

static json_t *offers_json(const struct transfer_list *offers)
{
    json_t *list = json_array();

    for (size_t i = 0; i < offers->count; i++)
        json_add(&list, offer_json(&offers->rows[i]));
    return list;
}

enum err_code get_transfers(struct call *c, struct err *err)
{
    struct transfer_view view;
    enum err_code rc = transfer_view(c->app, c->mem, &c->actor, &view, err);

    if (rc)
        return rc;
    return reply_json(c, 200,
                      json_pack("{s:o, s:o}", "incoming", offers_json(&view.incoming), "outgoing",
                                offers_json(&view.outgoing)),
                      err);
}

static enum err_code read_id(struct call *c, int64_t *ret, struct err *err)
{
    uint64_t id;

    if (!str_u64(call_param(c, "id"), INT64_MAX, &id))
        return fail(err, ERR_NOT_FOUND, "there is no offer \"" STR_FMT "\" for you",
                    STR_ARG(call_param(c, "id")));
    *ret = (int64_t)id;
    return OK;
}

enum err_code post_transfer_accept(struct call *c, struct err *err)
{
    struct transfer_result result;
    int64_t id;
    enum err_code rc = read_id(c, &id, err);

    if (rc || (rc = transfer_accept(c->app, c->mem, &c->actor, id, &result, err)))
        return rc;
    return reply_result(c, &result, err);
}

enum err_code delete_transfer(struct call *c, struct err *err)
{
    int64_t id;
    enum err_code rc = read_id(c, &id, err);

    if (rc || (rc = transfer_end(c->app, c->mem, &c->actor, id, err)))
        return rc;
    return reply_empty(c, 204, err);
}
