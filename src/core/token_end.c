#include "core/token_end.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "config.h"
#include "format/json.h"
#include "store/credential.h"
#include "store/mail.h"

#define PART "job/warn-tokens"

enum { DAY_MS = 24 * 3600 * 1000, DAY_LEN = 10, BATCH = 64, PARAMS_MAX = 4096 };

/* ---- to whoever uses it ---- */

static int64_t warned_until(const struct app *app, int64_t now_ms)
{
    return now_ms + app->config->token_warn_days * DAY_MS;
}

bool token_end_is_near(const struct app *app, int64_t expires_ms)
{
    return expires_ms && app->config->token_warn_days &&
           expires_ms <= warned_until(app, clock_now_ms());
}

struct str token_end_text(struct arena *mem, struct str token_name, int64_t expires_ms)
{
    char day[CLOCK_TEXT_MAX];
    struct str name = str_dup(mem, token_name);
    char *at = str_z(mem, name);

    if (!at)
        return (struct str){0};
    /* Headers are read as ASCII or as Latin-1. */
    for (char *c = at; *c; c++)
        if (*c & 0x80 || *c == '"')
            *c = '?';
    return str_fmt(
        mem, "the access token \"%s\" expires on %.*s (UTC): make another one and use it instead",
        at, (int)DAY_LEN, clock_rfc3339(expires_ms, day).ptr);
}

/* ---- to whoever can make another one ---- */

static enum err_code list_ending(struct app *app, struct arena *mem, struct tx *tx, int64_t now_ms,
                                 int64_t max, struct ending_token_list *ret, struct err *err)
{
    if (!app->config->token_warn_days) {
        *ret = (struct ending_token_list){0};
        return OK;
    }
    return token_list_ending(tx, mem, now_ms, warned_until(app, now_ms), max, ret, err);
}

enum err_code token_end_any(struct app *app, int64_t now_ms, bool *ret_any, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct ending_token_list list;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = list_ending(app, mem, tx, now_ms, 1, &list, err)))
        return rc;
    *ret_any = list.count > 0;
    return OK;
}

static enum err_code params_of(const struct ending_token *t, struct buf *out, struct err *err)
{
    AUTO(json_decrefp)
    json_t *params = json_pack("{s:o, s:I, s:o}", "account", json_of(t->login), "expires_ms",
                               (json_int_t)t->expires_ms, "token", json_of(t->name));

    if (params)
        json_canonical(out, params);
    return params && buf_ok(out) ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code tell(struct tx *tx, struct arena *mem, const struct ending_token *t,
                          int64_t now_ms, struct err *err)
{
    AUTO(buf_done) struct buf params = BUF_INIT(PARAMS_MAX);
    struct address_list to = {0};
    bool first = false;
    enum err_code rc;

    if ((rc = token_set_warned(tx, t->id, now_ms, &first, err)) || !first)
        return rc;
    if ((rc = mail_addresses(tx, mem, t->account_id, &to, err)) ||
        (rc = params_of(t, &params, err)))
        return rc;
    for (size_t i = 0; !rc && i < to.count; i++) {
        const struct mail_row row = {.recipient = to.items[i],
                                     .kind = S(TOKEN_END_MAIL),
                                     .params = buf_str(&params),
                                     .created_ms = now_ms};

        rc = mail_insert(tx, &row, err);
    }
    return rc;
}

enum err_code token_end_tell(struct app *app, int64_t now_ms, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct ending_token_list list;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin_part(app->db, S(PART), &tx, err)) ||
        (rc = list_ending(app, mem, tx, now_ms, BATCH, &list, err)))
        return rc;
    tx_quiet(tx); /* no cache knows of mail, nor of who was told */
    for (size_t i = 0; !rc && i < list.count; i++)
        rc = tell(tx, mem, &list.rows[i], now_ms, err);
    return rc ? rc : tx_commit(&tx, err);
}
