/* api_retention.c: /api/v1: the rules by which files go by themselves, of an account and of
 * packages: the same handlers, for where the path names a package. */
#include "base/clock.h"
#include "core/retention_apply.h"
#include "format/json.h"
#include "format/query.h"
#include "web/handlers.h"
#include "web/reply.h"

static struct retention_place place_of(const struct call *c)
{
    return (struct retention_place){call_param(c, "owner"), call_param(c, "package")};
}

static json_t *time_json(int64_t ms)
{
    char text[CLOCK_TEXT_MAX];

    return json_of(clock_rfc3339(ms, text));
}

/* ---- the rules ---- */

static json_t *run_json(const struct retention_state *s)
{
    const struct retention_run *run = &s->run;

    if (!s->has_run)
        return json_null();
    return json_pack("{s:o, s:I, s:I, s:o}", "ended", time_json(run->ended_ms), "files",
                     (json_int_t)run->files, "size", (json_int_t)run->size, "problem",
                     run->problem.len ? json_of(run->problem) : json_null());
}

enum err_code get_retention(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *stored = NULL;
    const struct retention_place at = place_of(c);
    struct retention_state state;
    enum err_code rc = retention_state(c->app, c->mem, &at, &state, err);

    if (rc || (state.rules.len && (rc = json_parse_object(state.rules, &stored, err))))
        return rc;
    return reply_json(c, 200,
                      json_pack("{s:O?, s:b, s:o}", "rules", json_object_get(stored, "rules"),
                                "inherited", state.inherited, "last_run", run_json(&state)),
                      err);
}

static enum err_code set_rules(struct call *c, json_t *object, struct err *err)
{
    const struct retention_place at = place_of(c);
    enum err_code rc = retention_set(c->app, c->mem, &c->actor, &at, object, err);

    return rc ? rc : reply_empty(c, 204, err);
}

enum err_code put_retention(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    enum err_code rc = call_json(c, &body, err);

    return rc ? rc : set_rules(c, body, err);
}

enum err_code delete_retention(struct call *c, struct err *err)
{
    return set_rules(c, NULL, err);
}

/* ---- what would go ---- */

static json_t *file_json(const struct retention_package *p, size_t i)
{
    const struct retention_file *f = &p->files[i];
    const struct retention_verdict *v = &p->verdicts[i];
    AUTO(json_decrefp) json_t *rule = NULL;
    json_t *labels = json_array();

    for (size_t k = 0; k < f->label_count; k++)
        json_add(&labels, json_of(f->labels[k].name));
    if (v->rule && json_parse_object(v->rule->text, &rule, NULL)) {
        json_decref(labels);
        return NULL;
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:s, s:O?}", "package", json_of(p->name),
                     "version", json_of(f->row->version), "file", json_of(f->row->basename), "size",
                     (json_int_t)f->row->size, "uploaded", time_json(f->row->uploaded_ms), "labels",
                     labels, "why", retention_why_name(v->why), "rule", rule);
}

static enum err_code reply_page(struct call *c, const struct retention_page *page, struct err *err)
{
    json_t *remove = json_array(), *keep = json_array();
    int64_t files = 0, size = 0;

    for (size_t i = 0; i < page->count; i++)
        for (size_t k = 0; k < page->packages[i].count; k++) {
            const struct retention_package *p = &page->packages[i];
            bool goes = p->verdicts[k].why == WHY_RULE;

            json_add(goes ? &remove : &keep, file_json(p, k));
            files += goes;
            size += goes ? p->files[k].row->size : 0;
        }
    return reply_json(c, 200,
                      json_pack("{s:I, s:I, s:o, s:o, s:o}", "files", (json_int_t)files, "size",
                                (json_int_t)size, "remove", remove, "keep", keep, "next",
                                page->next.len ? json_of(page->next) : json_null()),
                      err);
}

enum err_code post_retention_preview(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    const struct retention_place at = place_of(c);
    struct query_field field = {"after", S("")};
    struct retention_page page;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = query_read(c->mem, c->path.query, &field, 1, err)) ||
        (rc = retention_preview(c->app, c->mem, &at, json_object_size(body) ? body : NULL,
                                field.value, &page, err)))
        return rc;
    return reply_page(c, &page, err);
}

/* ---- letting it go ---- */

enum err_code post_retention_run(struct call *c, struct err *err)
{
    const struct retention_place at = place_of(c);
    struct retention_sum sum;
    enum err_code rc = retention_apply(c->app, c->mem, &c->actor, &at, &sum, err);

    if (rc)
        return rc;
    return reply_json(
        c, 200,
        json_pack("{s:I, s:I}", "files", (json_int_t)sum.files, "size", (json_int_t)sum.size), err);
}
