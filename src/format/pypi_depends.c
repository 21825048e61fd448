#include "format/pypi_depends.h"

#include "format/json.h"
#include "format/pypi_name.h"
#include "format/pypi_requirement.h"

/* Lists that grow. Each may become NULL when memory runs out, and is looked at in the end. */
struct groups {
    json_t *depends, *extras, *environments; /* the last two: objects of lists */
    bool any_bad;
};

static json_t *specs_of(const struct pypi_specifiers *specifiers)
{
    json_t *specs = json_array();

    for (size_t i = 0; specs && i < specifiers->count; i++) {
        json_t *pair = json_array();

        json_add(&pair, json_of(specifiers->items[i].op));
        json_add(&pair, json_of(specifiers->items[i].version));
        json_add(&specs, pair);
    }
    return specs;
}

static json_t *dependency_of(struct arena *mem, const struct pypi_requirement *q)
{
    struct str name = pypi_normalise_name(mem, q->name);
    json_t *dependency = name.ptr ? json_object() : NULL;

    json_put(&dependency, S("name"), json_of(name));
    json_put(&dependency, S("specs"), specs_of(&q->specifiers));
    return dependency;
}

static void add_under(json_t **lists, struct str name, json_t *dependency)
{
    json_t *list = json_object_getn(*lists, name.ptr, name.len);

    list = list ? json_incref(list) : json_array();
    json_add(&list, dependency);
    json_put(lists, name, list);
}

static void add_line(struct arena *mem, struct str line, struct groups *g)
{
    struct pypi_requirement q;

    if (!line.len || str_eq(line, S("UNKNOWN")))
        return;
    if (pypi_requirement_parse(mem, line, &q, NULL))
        g->any_bad = true;
    else if (q.extra.len)
        add_under(&g->extras, q.extra, dependency_of(mem, &q));
    else if (q.marker.len)
        add_under(&g->environments, q.marker, dependency_of(mem, &q));
    else
        json_add(&g->depends, dependency_of(mem, &q));
}

static enum err_code add_fields(struct arena *mem, const struct pypi_headers *h, struct groups *g,
                                struct err *err)
{
    for (size_t i = 0; i < h->count; i++) {
        struct str line;

        if (!str_eq_nocase(h->items[i].name, S("Requires-Dist")) &&
            !str_eq_nocase(h->items[i].name, S("Requires")))
            continue;
        line = pypi_header_line(mem, h->items[i].value);
        if (!line.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
        add_line(mem, line, g);
    }
    return OK;
}

/* {"a": [...]} -> [{"name": "a", "depends": [...]}], in the order in which they were met. */
static json_t *named(json_t *lists)
{
    json_t *out = lists ? json_array() : NULL;

    for (void *i = json_object_iter(lists); out && i; i = json_object_iter_next(lists, i)) {
        json_t *group = json_object();

        json_put(&group, S("name"), json_string(json_object_iter_key(i)));
        json_put(&group, S("depends"), json_incref(json_object_iter_value(i)));
        json_add(&out, group);
    }
    return out;
}

enum err_code pypi_depends(struct arena *mem, const struct pypi_headers *h, json_t **ret,
                           struct err *err)
{
    AUTO(json_decrefp) json_t *out = json_object();
    struct groups g = {json_array(), json_object(), json_object(), false};
    enum err_code rc = add_fields(mem, h, &g, err);

    json_put(&out, S("has_dep_errors"), json_boolean(g.any_bad));
    json_put(&out, S("depends"), json_incref(g.depends));
    json_put(&out, S("extras"), named(g.extras));
    json_put(&out, S("environments"), named(g.environments));
    json_decref(g.depends);
    json_decref(g.extras);
    json_decref(g.environments);
    if (rc)
        return rc;
    if (!out)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = TAKE(out);
    return OK;
}
