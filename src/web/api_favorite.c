/* api_favorite.c: /api/v1: packages that users have marked. */
#include "base/clock.h"
#include "core/account.h"
#include "core/favorite.h"
#include "format/json.h"
#include "web/handlers.h"
#include "web/reply.h"

enum err_code put_favorite(struct call *c, struct err *err)
{
    enum err_code rc = favorite_add(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                    call_param(c, "package"), err);

    return rc ? rc : reply_empty(c, 204, err);
}

enum err_code delete_favorite(struct call *c, struct err *err)
{
    enum err_code rc = favorite_remove(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                       call_param(c, "package"), err);

    return rc ? rc : reply_empty(c, 204, err);
}

static json_t *time_json(int64_t unix_ms)
{
    char text[CLOCK_TEXT_MAX];

    return json_of(clock_rfc3339(unix_ms, text));
}

static json_t *favorite_json(const struct favorite_row *f)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "owner", json_of(f->owner),
                     "name", json_of(f->name), "summary", json_of(f->summary), "access",
                     json_of(access_level_name(f->access)), "latest_version",
                     json_of(f->latest_version), "favorites", (json_int_t)f->favorites,
                     "ndownloads", (json_int_t)f->downloads, "modified_at",
                     time_json(f->updated_ms), "marked_at", time_json(f->created_ms));
}

static enum err_code reply_list(struct call *c, struct tx *tx, int64_t account_id, struct err *err)
{
    struct favorite_list list;
    enum err_code rc = favorite_list_shown(tx, c->mem, &c->actor, account_id, &list, err);
    json_t *v;

    if (rc)
        return rc;
    v = json_array();
    for (size_t i = 0; i < list.count; i++)
        json_add(&v, favorite_json(&list.rows[i]));
    return reply_json(c, 200, v, err);
}

enum err_code get_own_favorites(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    return rc ? rc : reply_list(c, tx, c->actor.account_id, err);
}

enum err_code get_account_favorites(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err)))
        return rc;
    return reply_list(c, tx, account.id, err);
}
