/* anaconda_search.c: `anaconda search`. The client prints all that it gets, by name. */
#include "core/search.h"
#include "format/json.h"
#include "format/query.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"
#include "web/reply.h"

/* What fits best; whoever would see more has to say more. */
enum { PAGES = 3 };

static enum err_code add_page(struct call *c, struct search_request *req, json_t **list,
                              struct err *err)
{
    struct search_page page;
    enum err_code rc = search_run(c->app, c->mem, &c->actor, req, &page, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < page.packages.count; i++)
        json_add(list, view_found_package(c, &page.packages.rows[i]));
    req->after = page.next;
    return OK;
}

enum err_code get_anaconda_search(struct call *c, struct err *err)
{
    struct query_field fields[] = {{"name", S("")}, {"type", S("")}, {"platform", S("")}};
    struct search_request req = {.limit = S("100")};
    json_t *list;
    enum err_code rc = query_read(c->mem, c->path.query, fields, COUNT(fields), err);

    if (rc)
        return rc;
    if (fields[0].value.len > SEARCH_TEXT_MAX) /* else it would be called q */
        return fail_field(err, "name", "name has %zu bytes, more than %d", fields[0].value.len,
                          (int)SEARCH_TEXT_MAX);
    req.q = fields[0].value;
    req.type = fields[1].value;
    req.platform = fields[2].value;
    list = json_array();
    for (int i = 0; !rc && i < PAGES && (i == 0 || req.after.len); i++)
        rc = add_page(c, &req, &list, err);
    if (!rc)
        return reply_json(c, 200, list, err);
    json_decref(list);
    return rc;
}
