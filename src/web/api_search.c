/* api_search.c: /api/v1: packages that are looked for. */
#include "base/clock.h"
#include "core/search.h"
#include "format/json.h"
#include "format/query.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"
#include "web/reply.h"

static enum err_code read_request(struct call *c, struct search_request *ret, struct err *err)
{
    struct search_field names[SEARCH_FIELDS];
    struct query_field fields[SEARCH_FIELDS];
    enum err_code rc;

    search_fields(ret, names);
    for (size_t i = 0; i < SEARCH_FIELDS; i++)
        fields[i] = (struct query_field){names[i].name, S("")};
    rc = query_read(c->mem, c->path.query, fields, SEARCH_FIELDS, err);
    for (size_t i = 0; !rc && i < SEARCH_FIELDS; i++)
        *names[i].text = fields[i].value;
    return rc;
}

static json_t *time_json(int64_t ms)
{
    char text[CLOCK_TEXT_MAX];

    return json_of(clock_rfc3339(ms, text));
}

static json_t *package_json(struct call *c, const struct search_row *p, enum search_fit fit)
{
    struct str full_name =
        str_fmt(c->mem, STR_FMT "/" STR_FMT, STR_ARG(p->owner), STR_ARG(p->name));
    struct str match = search_fit_name(fit);

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "owner",
                     json_of(p->owner), "name", json_of(p->name), "full_name", json_of(full_name),
                     "summary", json_of(p->summary), "types", view_words(p->types), "platforms",
                     view_words(p->platforms), "access", json_of(access_level_name(p->access)),
                     "latest_version", json_of(p->latest_version), "created",
                     time_json(p->created_ms), "updated", time_json(p->updated_ms), "downloads",
                     (json_int_t)p->downloads, "favorites", (json_int_t)p->favorites, "match",
                     match.len ? json_of(match) : json_null());
}

static json_t *values_json(const struct facet_values *values)
{
    json_t *list = json_array();

    for (size_t i = 0; i < values->count; i++)
        json_add(&list, json_pack("{s:o, s:I}", "value", json_of(values->items[i].value), "count",
                                  (json_int_t)values->items[i].count));
    return json_pack("{s:o, s:b}", "values", list, "is_all", values->is_all);
}

static json_t *facets_json(const struct search_facets *f)
{
    json_t *of = json_object();

    for (size_t i = 0; i < SEARCH_FACETS; i++)
        if (f->wish.of[i])
            json_put(&of, facet_name((enum search_facet)i), values_json(&f->of[i]));
    return json_pack("{s:o, s:I, s:b}", "of", of, "packages", (json_int_t)f->packages, "is_exact",
                     f->is_exact);
}

enum err_code get_search(struct call *c, struct err *err)
{
    struct search_request req = {0};
    struct search_page page;
    json_t *items, *answer;
    enum err_code rc = read_request(c, &req, err);

    if (rc || (rc = search_run(c->app, c->mem, &c->actor, &req, &page, err)))
        return rc;
    items = json_array();
    for (size_t i = 0; i < page.packages.count; i++)
        json_add(&items, package_json(c, &page.packages.rows[i], page.hits.rows[i].fit));
    answer = json_pack("{s:o, s:I, s:b, s:o}", "items", items, "total", (json_int_t)page.total,
                       "total_is_exact", page.is_total, "next",
                       page.next.len ? json_of(page.next) : json_null());
    if (page.facets.wish.any)
        json_put(&answer, S("facets"), facets_json(&page.facets));
    return reply_json(c, 200, answer, err);
}
