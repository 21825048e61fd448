/* api_notification.c: /api/v1: what others did that the caller should know of. */
#include "base/clock.h"
#include "core/notify.h"
#include "format/json.h"
#include "store/notification.h"
#include "web/handlers.h"
#include "web/reply.h"

static json_t *time_json(int64_t unix_ms)
{
    char text[CLOCK_TEXT_MAX];

    return unix_ms ? json_of(clock_rfc3339(unix_ms, text)) : json_null();
}

static enum err_code notification_json(const struct notification_row *row, json_t **ret,
                                       struct err *err)
{
    json_t *parameters = NULL;
    enum err_code rc = json_parse_object(row->parameters, &parameters, err);

    if (rc)
        return rc;
    *ret = json_pack("{s:I, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->id, "kind",
                     json_of(row->kind), "parameters", parameters, "created_at",
                     time_json(row->created_ms), "read_at", time_json(row->read_ms));
    return OK;
}

static enum err_code list_json(const struct notification_list *list, json_t **ret, struct err *err)
{
    json_t *items = json_array(), *item;
    size_t unread = 0;
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < list->count; i++) {
        rc = notification_json(&list->rows[i], &item, err);
        if (!rc)
            json_add(&items, item);
        unread += list->rows[i].read_ms == 0;
    }
    if (rc) {
        json_decref(items);
        return rc;
    }
    *ret = json_pack("{s:I, s:o}", "unread", (json_int_t)unread, "notifications", items);
    return OK;
}

enum err_code get_notifications(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct notification_list list;
    json_t *answer = NULL;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = notification_list(tx, c->mem, c->actor.account_id, &list, err)) ||
        (rc = list_json(&list, &answer, err)))
        return rc;
    return reply_json(c, 200, answer, err);
}

/* Without "ids": none, which means all. */
static enum err_code read_ids(struct call *c, const json_t *body, int64_t **ret_ids,
                              size_t *ret_count, struct err *err)
{
    const json_t *list = json_object_get(body, "ids");
    size_t count = json_array_size(list);
    int64_t *ids;

    *ret_count = 0;
    if (!list || json_is_null(list))
        return OK;
    if (!json_is_array(list) || count < 1 || count > NOTIFICATIONS_KEPT)
        return fail_field(err, "ids", "\"ids\" must be a list of 1 to %d numbers of notifications",
                          NOTIFICATIONS_KEPT);
    ids = arena_array(c->mem, int64_t, count);
    if (!ids)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        ids[i] = json_integer_value(json_array_get(list, i));
        if (ids[i] < 1)
            return fail_field(err, "ids", "item %zu of \"ids\" is no number of a notification", i);
    }
    *ret_ids = ids;
    *ret_count = count;
    return OK;
}

enum err_code post_notifications_read(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    int64_t *ids = NULL;
    size_t count;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = read_ids(c, body, &ids, &count, err)) ||
        (rc = notify_mark_read(c->app, &c->actor, ids, count, err)))
        return rc;
    return reply_empty(c, 204, err);
}
