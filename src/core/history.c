#include "core/history.h"

#include "base/clock.h"
#include "format/csv.h"
#include "format/fields.h"
#include "format/json.h"

void history_fields(struct history_request *req, struct history_field ret[HISTORY_FIELDS])
{
    const struct history_field fields[HISTORY_FIELDS] = {
        {"action", &req->action},   {"actor", &req->actor}, {"object", &req->object},
        {"address", &req->address}, {"since", &req->since}, {"until", &req->until},
        {"before", &req->before},   {"limit", &req->limit}, {"format", &req->format},
    };

    memcpy(ret, fields, sizeof fields);
}

/* ---- what was asked for ---- */

static enum err_code read_moments(const struct history_request *req, struct audit_filter *ret,
                                  struct err *err)
{
    int64_t other;

    if (req->since.len && !field_moment(req->since, &ret->since_ms, &other))
        return fail_field(err, "since",
                          "since is a date or a moment, as 2026-09-01 or 2026-09-01T12:00:00Z, not "
                          "\"" STR_FMT "\"",
                          STR_ARG(req->since));
    if (req->until.len && !field_moment(req->until, &other, &ret->before_ms))
        return fail_field(err, "until",
                          "until is a date or a moment, as 2026-09-01 or 2026-09-01T12:00:00Z, not "
                          "\"" STR_FMT "\"",
                          STR_ARG(req->until));
    return OK;
}

/* The place of a row in the order of the log: "time-number". */
static bool read_place(struct str s, struct audit_filter *ret)
{
    struct str number = s, time;
    uint64_t ms, id;

    if (!str_cut(&number, '-', &time) || !str_u64(time, INT64_MAX, &ms) ||
        !str_u64(number, INT64_MAX, &id))
        return false;
    if ((int64_t)ms <= ret->before_ms) {
        ret->before_ms = (int64_t)ms;
        ret->before_id = (int64_t)id;
    }
    return true;
}

static enum err_code read_limit(const struct history_request *req, bool csv, int64_t *ret,
                                struct err *err)
{
    uint64_t most = csv ? HISTORY_CSV_MAX : HISTORY_LIMIT_MAX, n = csv ? most : HISTORY_LIMIT;

    if (req->limit.len && (!str_u64(req->limit, most, &n) || n == 0))
        return fail_field(err, "limit", "limit is a number from 1 to %llu, not \"" STR_FMT "\"",
                          (unsigned long long)most, STR_ARG(req->limit));
    *ret = (int64_t)n;
    return OK;
}

static enum err_code judge(const struct history_request *req, struct audit_filter *ret,
                           int64_t *ret_max, bool *ret_csv, struct err *err)
{
    enum err_code rc;

    *ret_csv = str_eq(req->format, S("csv"));
    if (req->format.len && !*ret_csv && !str_eq(req->format, S("json")))
        return fail_field(err, "format", "format is json or csv, not \"" STR_FMT "\"",
                          STR_ARG(req->format));
    if ((rc = read_limit(req, *ret_csv, ret_max, err)) || (rc = read_moments(req, ret, err)))
        return rc;
    if (req->before.len && !read_place(req->before, ret))
        return fail_field(err, "before",
                          "before is what the page before gave as next, not \"" STR_FMT "\"",
                          STR_ARG(req->before));
    return OK;
}

/* ---- reading ---- */

enum err_code history_read(struct app *app, struct arena *mem, int64_t account_id,
                           const struct history_request *req, struct history_page *ret,
                           struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct audit_filter filter = {.account_id = account_id,
                                  .action = req->action,
                                  .actor = req->actor,
                                  .object = req->object,
                                  .remote = req->address,
                                  .since_ms = INT64_MIN,
                                  .before_ms = INT64_MAX,
                                  .before_id = INT64_MAX};
    struct history_page page = {.next = S("")};
    int64_t max = 0;
    enum err_code rc;

    if ((rc = judge(req, &filter, &max, &page.csv, err)) ||
        (rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = audit_list(tx, mem, &filter, max, &page.events, err)))
        return rc;
    if (page.events.more)
        page.next = str_fmt(mem, "%lld-%lld", (long long)page.events.next_ms,
                            (long long)page.events.next_id);
    if (!page.next.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = page;
    return OK;
}

json_t *history_event_json(const struct audit_row *e)
{
    char time[CLOCK_TEXT_MAX];

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "time",
                     json_of(clock_rfc3339(e->time_ms, time)), "account", json_of(e->account),
                     "actor", json_of(e->actor), "token", json_of(e->token_name), "address",
                     json_of(e->remote), "action", json_of(e->action), "object", json_of(e->object),
                     "detail", json_of(e->detail));
}

void history_add_csv(struct buf *out, const struct history_page *page, bool head)
{
    const struct str names[] = {S("time"),    S("account"), S("actor"),  S("token"),
                                S("address"), S("action"),  S("object"), S("detail")};

    if (head)
        csv_add_line(out, names, COUNT(names));
    for (size_t i = 0; i < page->events.count; i++) {
        const struct audit_row *e = &page->events.rows[i];
        char time[CLOCK_TEXT_MAX];
        const struct str cells[] = {clock_rfc3339(e->time_ms, time),
                                    e->account,
                                    e->actor,
                                    e->token_name,
                                    e->remote,
                                    e->action,
                                    e->object,
                                    e->detail};

        csv_add_line(out, cells, COUNT(cells));
    }
}
