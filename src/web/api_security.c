/* api_security.c: /api/v1: the security log, sessions, and the suspension of users. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "core/account.h"
#include "core/history.h"
#include "core/session.h"
#include "core/suspension.h"
#include "format/json.h"
#include "format/query.h"
#include "store/session.h"
#include "web/handlers.h"
#include "web/reply.h"

static json_t *time_json(int64_t ms)
{
    char text[CLOCK_TEXT_MAX];

    return json_of(clock_rfc3339(ms, text));
}

/* ---- the security log ---- */

static enum err_code read_request(struct call *c, struct history_request *ret, struct err *err)
{
    struct history_field names[HISTORY_FIELDS];
    struct query_field fields[HISTORY_FIELDS];
    enum err_code rc;

    history_fields(ret, names);
    for (size_t i = 0; i < HISTORY_FIELDS; i++)
        fields[i] = (struct query_field){names[i].name, S("")};
    rc = query_read(c->mem, c->path.query, fields, HISTORY_FIELDS, err);
    for (size_t i = 0; !rc && i < HISTORY_FIELDS; i++)
        *names[i].text = fields[i].value;
    return rc;
}

static enum err_code reply_events(struct call *c, const struct history_page *page, struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < page->events.count; i++)
        json_add(&list, history_event_json(&page->events.rows[i]));
    return reply_json(c, 200,
                      json_pack("{s:o, s:o}", "events", list, "next",
                                page->next.len ? json_of(page->next) : json_null()),
                      err);
}

/* The address of the page after this one, for those who get no JSON (RFC 8288). */
static enum err_code add_next_link(struct call *c, const struct history_request *req,
                                   const struct history_page *page, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_HEADERS);
    struct history_request next = *req;
    struct history_field fields[HISTORY_FIELDS];

    if (!page->next.len)
        return OK;
    next.before = page->next;
    history_fields(&next, fields);
    for (size_t i = 0; i < HISTORY_FIELDS; i++) {
        if (!fields[i].text->len)
            continue;
        buf_addf(&b, "%s%s=", b.len ? "&" : "<?", fields[i].name);
        text_percent(&b, *fields[i].text, "");
    }
    buf_addz(&b, ">; rel=\"next\"");
    if (!buf_ok(&b) || !http_response_header(c->ex->response, "Link", buf_str(&b)))
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

static enum err_code reply_csv(struct call *c, const struct history_request *req,
                               const struct history_page *page, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_REQUEST_MEMORY);
    enum err_code rc;

    history_add_csv(&b, page, /* head= */ true);
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = reply_bytes(c, 200, "text/csv; charset=utf-8", buf_str(&b), err)))
        return rc;
    if (!http_response_header(c->ex->response, "Content-Disposition",
                              S("attachment; filename=\"security-log.csv\"")))
        return fail(err, ERR_NOMEM, "out of memory");
    return add_next_link(c, req, page, err);
}

static enum err_code reply_log(struct call *c, int64_t account_id, struct err *err)
{
    struct history_request req = {0};
    struct history_page page;
    enum err_code rc = read_request(c, &req, err);

    if (rc || (rc = history_read(c->app, c->mem, account_id, &req, &page, err)))
        return rc;
    return page.csv ? reply_csv(c, &req, &page, err) : reply_events(c, &page, err);
}

enum err_code get_own_security_log(struct call *c, struct err *err)
{
    return reply_log(c, c->actor.account_id, err);
}

static enum err_code find_account(struct call *c, struct account_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    return rc ? rc : account_require(tx, c->mem, call_param(c, "owner"), ret, err);
}

enum err_code get_account_security_log(struct call *c, struct err *err)
{
    struct account_row account;
    enum err_code rc = find_account(c, &account, err);

    return rc ? rc : reply_log(c, account.id, err);
}

enum err_code get_admin_security_log(struct call *c, struct err *err)
{
    return reply_log(c, 0, err);
}

/* ---- sessions ---- */

static json_t *session_json(const struct call *c, const struct listed_session *s)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:b}", "id", (json_int_t)s->id, "created",
                     time_json(s->created_ms), "last_seen", time_json(s->seen_ms), "address",
                     json_of(s->remote), "agent", json_of(s->agent), "current",
                     s->id == c->actor.session_id);
}

enum err_code get_sessions(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct session_list sessions;
    json_t *list;
    enum err_code rc;

    if ((rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = session_list(tx, c->mem, c->actor.account_id, clock_now_ms(), &sessions, err)))
        return rc;
    list = json_array();
    for (size_t i = 0; i < sessions.count; i++)
        json_add(&list, session_json(c, &sessions.rows[i]));
    return reply_json(c, 200, list, err);
}

enum err_code delete_session_by_id(struct call *c, struct err *err)
{
    uint64_t id;
    enum err_code rc;

    if (!str_u64(call_param(c, "id"), INT64_MAX, &id))
        return fail(err, ERR_NOT_FOUND, "you have no session \"" STR_FMT "\"",
                    STR_ARG(call_param(c, "id")));
    rc = session_revoke(c->app, c->mem, &c->actor, (int64_t)id, err);
    return rc ? rc : reply_empty(c, 204, err);
}

/* ---- suspension ---- */

static enum err_code suspend(struct call *c, bool suspended, struct err *err)
{
    enum err_code rc =
        suspension_set(c->app, c->mem, &c->actor, call_param(c, "login"), suspended, err);

    return rc ? rc : reply_empty(c, 204, err);
}

enum err_code put_suspension(struct call *c, struct err *err)
{
    return suspend(c, true, err);
}

enum err_code delete_suspension(struct call *c, struct err *err)
{
    return suspend(c, false, err);
}
