#include "core/suspension.h"

#include "base/clock.h"
#include "core/account.h"
#include "core/audit.h"

static enum err_code check_suspending(struct tx *tx, const struct actor *actor,
                                      const struct account_row *row, struct err *err)
{
    if (row->id == actor->account_id)
        return fail(err, ERR_CONFLICT, "you cannot suspend yourself");
    return account_keep_administrator(tx, row, err);
}

enum err_code suspension_set(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str login, bool suspended, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row row;
    enum err_code rc;

    /* Not of one part: two administrators could suspend each other. */
    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) ||
        (rc = account_require_user(tx, mem, login, &row, err)))
        return rc;
    if (suspended == (row.suspended_ms != 0))
        return OK;
    if ((suspended && (rc = check_suspending(tx, actor, &row, err))) ||
        (rc = account_set_suspended(tx, row.id, suspended ? clock_now_ms() : 0, err)) ||
        (rc = audit_add_of(tx, actor, row.id, suspended ? "account.suspend" : "account.resume",
                           row.login, S(""), err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code suspension_check_row(const struct account_row *row, enum err_code refused,
                                   struct err *err)
{
    if (!row->suspended_ms)
        return OK;
    return fail(err, refused, "the account \"" STR_FMT "\" is suspended", STR_ARG(row->login));
}

enum err_code suspension_check(struct tx *tx, struct arena *mem, int64_t account_id,
                               struct err *err)
{
    struct account_row row;
    enum err_code rc = account_by_id(tx, mem, account_id, &row, err);

    return rc ? rc : suspension_check_row(&row, ERR_UNAUTHENTICATED, err);
}
