/* api_statistics.c: /api/v1: downloads of packages and accounts, over time. */
#include "base/clock.h"
#include "core/access.h"
#include "core/account.h"
#include "core/package.h"
#include "core/statistics.h"
#include "format/json.h"
#include "format/query.h"
#include "web/handlers.h"
#include "web/reply.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static int64_t today(void)
{
    return clock_now_ms() / DAY_MS;
}

static enum err_code read_request(struct call *c, bool grouped, struct statistics_request *ret,
                                  struct err *err)
{
    struct query_field fields[] = {{"from", S("")}, {"to", S("")}, {"by", S("")}, {"group", S("")}};
    enum err_code rc =
        query_read(c->mem, c->path.query, fields, COUNT(fields) - (grouped ? 0 : 1), err);

    if (!rc)
        *ret = (struct statistics_request){fields[0].value, fields[1].value, fields[2].value,
                                           fields[3].value};
    return rc;
}

static json_t *date_json(int64_t day)
{
    char text[CLOCK_TEXT_MAX];

    return json_of(statistics_date(day, text));
}

static json_t *dates_json(const struct statistics_time *time)
{
    json_t *list = json_array();

    for (size_t i = 0; i < time->count; i++)
        json_add(&list, date_json(time->starts[i]));
    return list;
}

static json_t *counts_json(const struct statistics_time *time, const int64_t *counts)
{
    json_t *list = json_array();

    for (size_t i = 0; i < time->count; i++)
        json_add(&list, json_integer((json_int_t)counts[i]));
    return list;
}

/* What both kinds of statistics begin with. */
static json_t *head_json(struct str owner, const struct statistics_time *time, int64_t total,
                         const struct statistics_series *all)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "owner", json_of(owner), "from",
                     date_json(time->span.first_day), "to", date_json(time->span.last_day), "by",
                     json_of(time->by), "total", (json_int_t)total, "downloads",
                     (json_int_t)all->sum, "dates", dates_json(time), "counts",
                     counts_json(time, all->counts));
}

/* ---- packages ---- */

static json_t *series_json(const struct package_statistics *p)
{
    static const char *const kinds[] = {
        [SERIES_GROUP] = "group", [SERIES_REST] = "rest", [SERIES_REMOVED] = "removed"};
    json_t *list = json_array();

    for (size_t i = 0; i < p->series_count; i++) {
        const struct statistics_series *s = &p->series[i];

        json_add(&list,
                 json_pack("{s:s, s:o, s:I, s:o}", "kind", kinds[s->kind], "name",
                           s->kind == SERIES_GROUP ? json_of(s->name) : json_null(), "downloads",
                           (json_int_t)s->sum, "counts", counts_json(&p->time, s->counts)));
    }
    return list;
}

enum err_code get_package_downloads(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct statistics_request req;
    struct package_row package;
    struct package_statistics p;
    json_t *v;
    enum err_code rc;

    if ((rc = read_request(c, /* grouped= */ true, &req, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = package_require(tx, c->mem, call_param(c, "owner"), call_param(c, "package"),
                              &package, err)) ||
        (rc = statistics_of_package(tx, c->mem, package.id, &req, today(), &p, err)))
        return rc;
    v = head_json(package.owner, &p.time, p.total, &p.all);
    json_put(&v, S("package"), json_of(package.name));
    json_put(&v, S("group"), req.group.len ? json_of(req.group) : json_null());
    json_put(&v, S("series"), series_json(&p));
    return reply_json(c, 200, v, err);
}

/* ---- accounts ---- */

static json_t *packages_json(const struct downloaded_package_list *packages)
{
    json_t *list = json_array();

    for (size_t i = 0; i < packages->count; i++) {
        const struct downloaded_package *p = &packages->rows[i];

        json_add(&list, json_pack("{s:o, s:o, s:I, s:I}", "name", json_of(p->name), "access",
                                  json_of(access_level_name(p->access)), "total",
                                  (json_int_t)p->total, "downloads", (json_int_t)p->count));
    }
    return list;
}

enum err_code get_account_downloads(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct statistics_request req;
    struct account_row account;
    struct account_statistics a;
    struct view view;
    json_t *v;
    enum err_code rc;

    if ((rc = read_request(c, /* grouped= */ false, &req, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err)) ||
        (rc = access_view(tx, c->mem, &c->actor, &account, &view, err)) ||
        (rc = statistics_of_account(tx, c->mem, account.id, &view, &req, today(), &a, err)))
        return rc;
    v = head_json(account.login, &a.time, a.total, &a.all);
    json_put(&v, S("packages"), packages_json(&a.packages));
    return reply_json(c, 200, v, err);
}
