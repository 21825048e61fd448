#include "core/refusal.h"

#include <stdio.h>

#include "core/audit.h"
#include "core/throttle.h"

enum err_code refusal_add(struct app *app, const struct actor *who, int64_t account_id,
                          const char *action, struct str object, struct str detail, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    char text[600];
    uint32_t missed;
    enum err_code rc;

    if (!object.ptr)
        object = S(""); /* what was refused may have had no name at all */
    if (!throttle_record(app, action, who->remote, &missed))
        return OK;
    if (missed) {
        (void)snprintf(text, sizeof text,
                       STR_FMT " (and %u more from this address since the last that stands here)",
                       STR_ARG(detail), missed);
        detail = str_of(text);
    }
    if ((rc = tx_begin_part(app->db, S("core/refusal"), &tx, err)))
        return rc;
    tx_quiet(tx); /* else anybody could empty the caches of all nodes by being refused */
    if ((rc = audit_add_of(tx, who, account_id, action, object, detail, err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code refusal_tell(struct app *app, const struct actor *who, int64_t account_id,
                           const char *action, struct str object, const struct err *why,
                           struct err *err)
{
    enum err_code rc = refusal_add(app, who, account_id, action, object, str_of(why->msg), err);

    if (rc)
        return rc;
    if (err)
        *err = *why;
    return why->code;
}
