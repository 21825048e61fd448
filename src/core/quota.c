#include "core/quota.h"

#include "config.h"
#include "core/account.h"
#include "core/audit.h"

enum err_code quota_find(struct app *app, struct tx *tx, int64_t account_id, struct quota *ret,
                         struct err *err)
{
    struct space_row row;
    enum err_code rc = space_find(tx, account_id, &row, err);

    if (rc)
        return rc;
    *ret = (struct quota){row.used, row.quota < 0 ? app->config->quota : row.quota, row.quota >= 0};
    return OK;
}

enum err_code quota_admit(const struct quota *q, int64_t size, struct err *err)
{
    if (!q->limit || (q->used <= q->limit && size <= q->limit - q->used))
        return OK;
    return fail(err, ERR_TOO_BIG,
                "the quota of this account is %lld bytes, of which it uses %lld, with its trash; "
                "there is no room for the %lld bytes of this file",
                (long long)q->limit, (long long)q->used, (long long)size);
}

enum err_code quota_check(struct app *app, struct tx *tx, int64_t account_id, struct str sha256,
                          int64_t size, struct err *err)
{
    struct quota q;
    bool has = false;
    enum err_code rc = quota_find(app, tx, account_id, &q, err);

    if (rc || !q.limit)
        return rc;
    if (sha256.len && ((rc = space_has_blob(tx, account_id, sha256, &has, err)) || has))
        return rc;
    if (size == 0 && q.used >= q.limit)
        return fail(err, ERR_TOO_BIG,
                    "the quota of this account is %lld bytes, of which it uses %lld, with its "
                    "trash; there is no room for another file",
                    (long long)q.limit, (long long)q.used);
    return quota_admit(&q, size, err);
}

enum err_code quota_move(struct app *app, struct tx *tx, int64_t package_id, int64_t from_id,
                         int64_t to_id, struct err *err)
{
    struct quota q;
    enum err_code rc;

    if ((rc = space_move(tx, package_id, from_id, to_id, err)) ||
        (rc = quota_find(app, tx, to_id, &q, err)))
        return rc;
    if (!q.limit || q.used <= q.limit)
        return OK;
    return fail(
        err, ERR_TOO_BIG,
        "the quota of the new owner is %lld bytes; with this package and its trash it would "
        "use %lld",
        (long long)q.limit, (long long)q.used);
}

enum err_code quota_set(struct app *app, struct arena *mem, const struct actor *actor,
                        struct str login, int64_t limit, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct str detail =
        limit < 0 ? S("as the settings say") : str_fmt(mem, "%lld bytes", (long long)limit);
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, login, &tx, err)) ||
        (rc = account_require(tx, mem, login, &account, err)) ||
        (rc = space_set_quota(tx, account.id, limit, err)) ||
        (rc = audit_add_of(tx, actor, account.id, "account.quota", account.login,
                           limit ? detail : S("no limit"), err)))
        return rc;
    tx_quiet(tx); /* whoever needs it reads the row */
    return tx_commit(&tx, err);
}

enum err_code quota_usage(struct app *app, struct arena *mem, struct str login, struct usage *ret,
                          struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct usage usage;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, mem, login, &account, err)) ||
        (rc = quota_find(app, tx, account.id, &usage.quota, err)) ||
        (rc = space_list_types(tx, mem, account.id, &usage.types, err)) ||
        (rc = space_of_trash(tx, account.id, &usage.trash, err)))
        return rc;
    *ret = usage;
    return OK;
}
