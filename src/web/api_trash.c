/* api_trash.c: /api/v1: what was removed and may be put back. */
#include "base/clock.h"
#include "core/trash_restore.h"
#include "format/json.h"
#include "format/query.h"
#include "web/handlers.h"
#include "web/reply.h"

static json_t *text_or_null(struct str s)
{
    return s.len ? json_of(s) : json_null();
}

static json_t *time_json(int64_t ms)
{
    char text[CLOCK_TEXT_MAX];

    return json_of(clock_rfc3339(ms, text));
}

static json_t *item_json(const struct trash_row *t)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "id",
                     (json_int_t)t->id, "kind", json_of(t->kind), "package", json_of(t->package),
                     "version", text_or_null(t->version), "file", text_or_null(t->basename),
                     "files", (json_int_t)t->files, "size", (json_int_t)t->size, "removed_by",
                     text_or_null(t->remover), "reason", text_or_null(t->reason), "removed",
                     time_json(t->removed_ms), "until", time_json(t->due_ms));
}

enum err_code get_trash(struct call *c, struct err *err)
{
    struct query_field fields[] = {{"before", S("")}, {"limit", S("")}};
    struct trash_request req;
    struct trash_page page;
    json_t *list;
    enum err_code rc = query_read(c->mem, c->path.query, fields, COUNT(fields), err);

    req = (struct trash_request){fields[0].value, fields[1].value};
    if (rc ||
        (rc = trash_read(c->app, c->mem, &c->actor, call_param(c, "owner"), &req, &page, err)))
        return rc;
    list = json_array();
    for (size_t i = 0; i < page.items.count; i++)
        json_add(&list, item_json(&page.items.rows[i]));
    return reply_json(c, 200,
                      json_pack("{s:o, s:o}", "items", list, "next", text_or_null(page.next)), err);
}

enum err_code post_trash_restore(struct call *c, struct err *err)
{
    struct trash_row item;
    enum err_code rc = trash_restore(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                     call_param(c, "id"), &item, err);

    return rc ? rc : reply_json(c, 200, item_json(&item), err);
}

enum err_code delete_trash_item(struct call *c, struct err *err)
{
    enum err_code rc =
        trash_end(c->app, c->mem, &c->actor, call_param(c, "owner"), call_param(c, "id"), err);

    return rc ? rc : reply_empty(c, 204, err);
}
