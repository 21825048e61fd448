#include "core/audit.h"

#include "base/clock.h"
#include "store/audit.h"

enum err_code audit_add_of(struct tx *tx, const struct actor *actor, int64_t account_id,
                           const char *action, struct str object, struct str detail,
                           struct err *err)
{
    if (!object.ptr)
        return fail(err, ERR_NOMEM, "out of memory");

    struct audit_row row = {
        .actor_id = actor->account_id,
        .actor = actor->login,
        .token_name = actor->token_name,
        .remote = actor->remote,
        .action = str_of(action),
        .object = object,
        .detail = detail,
        .account_id = account_id,
        .time_ms = clock_now_ms(),
    };
    return audit_insert(tx, &row, err);
}

enum err_code audit_add(struct tx *tx, const struct actor *actor, const char *action,
                        struct str object, struct str detail, struct err *err)
{
    return audit_add_of(tx, actor, actor->account_id, action, object, detail, err);
}
