/* api_channel.c: /api/v1/channels: what a conda channel was, and making it that again. */
#include "base/clock.h"
#include "base/limits.h"
#include "core/access.h"
#include "core/account.h"
#include "core/limit.h"
#include "core/rollback.h"
#include "format/json.h"
#include "format/query.h"
#include "store/generation.h"
#include "store/package.h"
#include "web/handlers.h"
#include "web/reply.h"

enum { PAGE_GENERATIONS = 50, PAGE_GENERATIONS_MAX = 500, CHANGES_MAX = 500 };

/* Of whom, and how far the caller sees it. */
struct viewer {
    struct tx *tx;
    struct account_row account;
    struct view view;
    bool all; /* the caller administers the account */
};

/* Who does not administer the account is told of changes of packages that he sees now. */
static enum err_code is_shown(const struct call *c, const struct viewer *v,
                              const struct generation_change *change, bool *ret, struct err *err)
{
    enum access_level access = ACCESS_PRIVATE;
    int64_t id = 0;
    enum err_code rc = OK;

    *ret = v->all;
    if (*ret || !change->package.len || !limit_allows_label(c->actor.limits, change->label))
        return OK;
    rc = package_access_of(v->tx, v->account.login, change->package, &id, &access, err);
    *ret = rc == OK && view_shows(&v->view, access, id);
    return rc == ERR_NOT_FOUND ? OK : rc;
}

static enum err_code changes_json(struct call *c, const struct viewer *v, int64_t number,
                                  json_t **ret, struct err *err)
{
    AUTO(json_decrefp) json_t *list = json_array();
    struct generation_change_list changes = {0};
    enum err_code rc =
        generation_changes(v->tx, c->mem, v->account.id, number, CHANGES_MAX, &changes, err);

    for (size_t i = 0; !rc && i < changes.count; i++) {
        const struct generation_change *it = &changes.rows[i];
        bool shown = false;

        if ((rc = is_shown(c, v, it, &shown, err)) || !shown)
            continue;
        json_add(&list, json_pack("{s:o, s:o, s:o, s:o}", "label", json_of(it->label), "subdir",
                                  json_of(it->subdir), "package", json_of(it->package), "filename",
                                  json_of(it->filename)));
    }
    if (!rc && !list)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = TAKE(list);
    return rc;
}

/* Those in which he sees nothing change are left out. */
static enum err_code add_generation(struct call *c, const struct viewer *v,
                                    const struct generation_row *row, json_t **list,
                                    struct err *err)
{
    AUTO(json_decrefp) json_t *changes = NULL;
    char date[CLOCK_TEXT_MAX];
    enum err_code rc = changes_json(c, v, row->number, &changes, err);

    if (rc || (!v->all && !json_array_size(changes)))
        return rc;
    json_add(list, json_pack("{s:I, s:o, s:o, s:O}", "number", (json_int_t)row->number, "made_at",
                             json_of(clock_rfc3339(row->made_ms, date)), "actor",
                             json_of(v->all ? row->actor : S("")), "changes", changes));
    return OK;
}

enum err_code get_v1_generations(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *list = json_array();
    AUTO(tx_endp) struct tx *tx = NULL;
    struct generation_list rows = {0};
    struct query_page page = {.limit = PAGE_GENERATIONS};
    struct viewer v = {0};
    json_t *next = json_null();
    enum err_code rc;

    if ((rc = query_read_page(c->mem, c->path.query, PAGE_GENERATIONS_MAX, &page, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, c->mem, call_param(c, "owner"), &v.account, err)) ||
        (rc = access_view(tx, c->mem, &c->actor, &v.account, &v.view, err)) ||
        (rc = generation_page(tx, c->mem, v.account.id, page.before, page.limit, &rows, err)))
        return rc;
    v.tx = tx;
    rc = access_to_package(tx, c->mem, &c->actor, RIGHT_ADMIN, &v.account, 0, &v.all, err);
    v.all = v.all && !c->actor.limits.len;
    for (size_t i = 0; !rc && i < rows.count; i++)
        rc = add_generation(c, &v, &rows.rows[i], &list, err);
    if (rc)
        return rc;
    if (rows.count == (size_t)page.limit)
        next = json_integer(rows.rows[rows.count - 1].number);
    return reply_json(c, 200, json_pack("{s:O, s:o}", "generations", list, "next", next), err);
}

static json_t *report_json(const struct rollback_report *r)
{
    json_t *missing = json_array();

    for (size_t i = 0; i < r->missing.count; i++)
        json_add(&missing, json_of(r->missing.names[i]));
    return json_pack("{s:o, s:I, s:I, s:o}", "generation",
                     r->generation ? json_integer(r->generation) : json_null(), "gained",
                     (json_int_t)r->gained, "lost", (json_int_t)r->lost, "missing", missing);
}

enum err_code post_v1_rollback(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    struct rollback_report report = {0};
    struct str to, label;
    enum err_code rc = call_json(c, &body, err);

    if (rc)
        return rc;
    to = json_get_str(body, "to");
    label = json_get_str(body, "label").len ? json_get_str(body, "label") : S("main");
    if (!to.len)
        return fail_field(err, "to",
                          "to is missing: the state to go back to, as gen-12 or "
                          "2026-09-01T12:00");
    rc = rollback_label(c->app, c->mem, &c->actor, call_param(c, "owner"), label, to, &report, err);
    return rc ? rc : reply_json(c, 200, report_json(&report), err);
}
