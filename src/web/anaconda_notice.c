/* anaconda_notice.c: what accounts tell those who install from their channels: as anaconda-client's
 * "channel notice" asks for it (/api/OWNER/notices), and the same under /api/v1/accounts. Who may
 * not change them sees those that are published and have not ended. */
#include "base/clock.h"
#include "core/access.h"
#include "core/account.h"
#include "core/notice.h"
#include "core/scope.h"
#include "format/json.h"
#include "format/query.h"
#include "web/handlers.h"
#include "web/reply.h"

/* offset stays small enough for any sum of it. */
enum { PAGE = 20, PAGE_MAX = 100, OFFSET_MAX = 1000000, TEXT_MAX = 16384 };

static json_t *time_json(int64_t unix_ms)
{
    char text[CLOCK_TEXT_MAX];

    return json_of(clock_iso(unix_ms, text));
}

static json_t *notice_json(const struct notice_row *n)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", json_of(n->uuid), "status",
                     json_of(n->status), "level", json_of(n->level), "message", json_of(n->message),
                     "expires_at", time_json(n->expires_ms), "created_at", time_json(n->created_ms),
                     "updated_at", time_json(n->updated_ms));
}

static bool may_write(struct call *c)
{
    const struct access_object object = {.owner = call_param(c, "owner")};

    return access_check(c->app, c->mem, &c->actor, RIGHT_ADMIN, SCOPE_API_READ, &object, NULL) ==
           OK;
}

/* ---- reading ---- */

struct page {
    struct str status;
    uint64_t offset, limit;
};

static enum err_code read_page(struct call *c, struct page *ret, struct err *err)
{
    static const char *const known[] = {"", "draft", "published", "archived", "deleted"};
    struct query_field f[] = {{"status", S("")}, {"offset", S("0")}, {"limit", S("20")}};
    struct page page;
    bool found = false;
    enum err_code rc = query_read(c->mem, c->path.query, f, COUNT(f), err);

    if (rc)
        return rc;
    page.status = f[0].value;
    for (size_t i = 0; i < COUNT(known) && !found; i++)
        found = str_eq(page.status, str_of(known[i]));
    if (!found)
        return fail_field(err, "status",
                          "status is draft, published, archived or deleted, not \"" STR_FMT "\"",
                          STR_ARG(page.status));
    if (!str_u64(f[1].value, OFFSET_MAX, &page.offset))
        return fail_field(err, "offset", "offset is a number from 0 to %d, not \"" STR_FMT "\"",
                          OFFSET_MAX, STR_ARG(f[1].value));
    if (!str_u64(f[2].value, PAGE_MAX, &page.limit) || page.limit == 0)
        return fail_field(err, "limit", "limit is a number from 1 to %d, not \"" STR_FMT "\"",
                          PAGE_MAX, STR_ARG(f[2].value));
    *ret = page;
    return OK;
}

/* What the caller sees of what is asked for. False: nothing. */
static bool narrow(bool writer, struct str status, struct notice_filter *filter)
{
    filter->status = status;
    if (writer)
        return true;
    filter->status = S("published");
    filter->ends_after_ms = clock_now_ms();
    return !status.len || str_eq(status, filter->status);
}

enum err_code get_notices(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    bool writer = may_write(c);
    struct notice_filter filter = {0};
    struct notice_list list = {0};
    struct account_row account;
    struct page page;
    json_t *items;
    int64_t total = 0;
    enum err_code rc;

    if ((rc = read_page(c, &page, err)) || (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err)))
        return rc;
    filter.account_id = account.id;
    if (narrow(writer, page.status, &filter) &&
        ((rc = notice_count(tx, &filter, &total, err)) ||
         (rc = notice_page(tx, c->mem, &filter, (int64_t)page.offset, (int64_t)page.limit, &list,
                           err))))
        return rc;
    items = json_array();
    for (size_t i = 0; i < list.count; i++)
        json_add(&items, notice_json(&list.rows[i]));
    return reply_json(
        c, 200, json_pack("{s:o, s:I}", "items", items, "total_count", (json_int_t)total), err);
}

enum err_code get_notice(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    bool writer = may_write(c);
    struct str login = call_param(c, "owner"), uuid = str_lower(c->mem, call_param(c, "notice"));
    struct account_row account;
    struct notice_row row;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = account_require(tx, c->mem, login, &account, err)))
        return rc;
    rc = notice_find(tx, c->mem, account.id, uuid, &row, err);
    if (rc == ERR_NOT_FOUND ||
        (!rc && !writer &&
         (!str_eq(row.status, S("published")) || row.expires_ms <= clock_now_ms())))
        return notice_missing(login, uuid, err);
    return rc ? rc : reply_json(c, 200, notice_json(&row), err);
}

/* ---- writing ---- */

static enum err_code read_change(struct call *c, struct notice_change *ret, struct err *err)
{
    static const struct json_field fields[] = {
        {"message", JSON_T_STR, false, offsetof(struct notice_change, message), 1, TEXT_MAX},
        {"level", JSON_T_STR, false, offsetof(struct notice_change, level), 1, 64},
        {"expires_at", JSON_T_STR, false, offsetof(struct notice_change, expires_at), 1, 64},
        {"status", JSON_T_STR, false, offsetof(struct notice_change, status), 1, 64},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    enum err_code rc = call_json(c, &body, err);

    return rc ? rc : json_read(body, fields, COUNT(fields), c->mem, ret, err);
}

enum err_code post_notice(struct call *c, struct err *err)
{
    struct notice_change in = {0};
    struct notice_row row;
    enum err_code rc;

    if ((rc = read_change(c, &in, err)) ||
        (rc = notice_create(c->app, c->mem, &c->actor, call_param(c, "owner"), &in, &row, err)))
        return rc;
    return reply_json(c, 201, notice_json(&row), err);
}

static enum err_code edit(struct call *c, const struct notice_change *in, struct err *err)
{
    struct str uuid = str_lower(c->mem, call_param(c, "notice"));
    struct notice_row row;
    enum err_code rc =
        notice_edit(c->app, c->mem, &c->actor, call_param(c, "owner"), uuid, in, &row, err);

    return rc ? rc : reply_json(c, 200, notice_json(&row), err);
}

enum err_code patch_notice(struct call *c, struct err *err)
{
    struct notice_change in = {0};
    enum err_code rc = read_change(c, &in, err);

    return rc ? rc : edit(c, &in, err);
}

enum err_code publish_notice(struct call *c, struct err *err)
{
    return edit(c, &(struct notice_change){.status = S("published")}, err);
}

enum err_code archive_notice(struct call *c, struct err *err)
{
    return edit(c, &(struct notice_change){.status = S("archived")}, err);
}

enum err_code delete_notice(struct call *c, struct err *err)
{
    struct str uuid = str_lower(c->mem, call_param(c, "notice"));
    enum err_code rc = notice_delete(c->app, c->mem, &c->actor, call_param(c, "owner"), uuid, err);

    return rc ? rc : reply_empty(c, 204, err);
}
