#include "core/notify.h"

#include "base/clock.h"
#include "base/limits.h"
#include "format/json.h"
#include "store/notification.h"

enum { PARAMETERS_MAX = 4 * KIB };

static void add_member(struct buf *b, const char *name, struct str value)
{
    if (!value.len)
        return;
    buf_addf(b, ",\"%s\":", name);
    json_string_literal(b, value);
}

enum err_code notify(struct tx *tx, struct arena *mem, const struct actor *actor,
                     int64_t account_id, const struct notice *notice, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(PARAMETERS_MAX);
    struct notification_row row = {.kind = str_of(notice->kind), .created_ms = clock_now_ms()};

    if (actor->account_id == account_id)
        return OK;
    buf_addz(&b, "{\"by\":");
    json_string_literal(&b, actor->login);
    add_member(&b, "group", notice->group);
    add_member(&b, "owner", notice->owner);
    add_member(&b, "package", notice->package);
    add_member(&b, "target", notice->target);
    buf_addc(&b, '}');
    row.parameters = buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
    if (!row.parameters.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    return notification_insert(tx, account_id, &row, err);
}

enum err_code notify_mark_read(struct app *app, const struct actor *actor, const int64_t *ids,
                               size_t count, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t now = clock_now_ms();
    bool changed = false, any = false;
    enum err_code rc = tx_begin_part(app->db, actor->login, &tx, err);

    if (!rc && !count)
        rc = notification_read(tx, actor->account_id, 0, now, &any, err);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = notification_read(tx, actor->account_id, ids[i], now, &changed, err);
        any |= changed;
    }
    if (rc || !any)
        return rc;
    tx_quiet(tx); /* notifications are in no cache */
    return tx_commit(&tx, err);
}
