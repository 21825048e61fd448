#include "core/trash.h"

#include "base/clock.h"
#include "base/limits.h"
#include "config.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/gc.h"

enum {
    BATCH = 64,        /* rows that a step of sweeping removes */
    STEPS_AT_ONCE = 64 /* of sweeping, while somebody waits for the answer */
};
#define DAY_MS (INT64_C(24) * 3600 * 1000)

bool trash_keeps(const struct app *app)
{
    return app->config->trash_days > 0;
}

/* ---- keeping ---- */

enum err_code trash_put(struct app *app, struct tx *tx, const struct actor *actor,
                        const struct trash_what *what, struct err *err)
{
    int64_t now = clock_now_ms(), id = 0;
    struct trash_row row = {
        .account_id = what->package->account_id,
        .kind = what->file      ? S("file")
                : what->release ? S("release")
                                : S("package"),
        .package_id = what->package->id,
        .package = what->package->name,
        .version = what->release ? what->release->version : S(""),
        .basename = what->file ? what->file->basename : S(""),
        .remover = actor->login,
        .reason = what->reason,
        .removed_ms = now,
        .due_ms = now + app->config->trash_days * DAY_MS,
    };
    enum err_code rc = trash_insert(tx, &row, &id, err);

    if (!rc && !what->release)
        rc = trash_keep_package(tx, id, row.package_id, err);
    if (rc)
        return rc;
    return trash_keep_files(tx, id, row.package_id, what->release ? what->release->id : 0,
                            what->file ? what->file->id : 0, err);
}

struct str trash_object(struct arena *mem, const struct trash_row *item)
{
    return str_fmt(mem, STR_FMT "/" STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(item->owner),
                   STR_ARG(item->package), item->version.len ? "/" : "", STR_ARG(item->version),
                   item->basename.len ? "/" : "", STR_ARG(item->basename));
}

/* ---- reading ---- */

static enum err_code judge(const struct trash_request *req, int64_t *ret_before, int64_t *ret_limit,
                           struct err *err)
{
    uint64_t before = INT64_MAX, limit = TRASH_LIMIT;

    if (req->before.len && !str_u64(req->before, INT64_MAX, &before))
        return fail_field(err, "before",
                          "before is what the page before gave as next, not \"" STR_FMT "\"",
                          STR_ARG(req->before));
    if (req->limit.len && (!str_u64(req->limit, TRASH_LIMIT_MAX, &limit) || limit == 0))
        return fail_field(err, "limit", "limit is a number from 1 to %d, not \"" STR_FMT "\"",
                          (int)TRASH_LIMIT_MAX, STR_ARG(req->limit));
    *ret_before = (int64_t)before;
    *ret_limit = (int64_t)limit;
    return OK;
}

enum err_code trash_read(struct app *app, struct arena *mem, const struct actor *actor,
                         struct str owner, const struct trash_request *req, struct trash_page *ret,
                         struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct trash_page page = {.next = S("")};
    int64_t before = 0, limit = 0;
    bool all = false;
    enum err_code rc;

    if ((rc = judge(req, &before, &limit, err)) || (rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, mem, owner, &account, err)) ||
        (rc = access_to_package(tx, mem, actor, RIGHT_WRITE, &account, 0, &all, err)) ||
        (rc = trash_list(tx, mem, account.id, before, clock_now_ms(), all ? 0 : actor->account_id,
                         limit + 1, &page.items, err)))
        return rc;
    if ((int64_t)page.items.count > limit) {
        page.items.count = (size_t)limit;
        page.next = str_fmt(mem, "%lld", (long long)page.items.rows[limit - 1].id);
    }
    if (!page.next.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = page;
    return OK;
}

static enum err_code find(struct tx *tx, struct arena *mem, struct str owner, struct str number,
                          struct account_row *ret_owner, struct trash_row *ret, struct err *err)
{
    uint64_t id = 0;
    enum err_code rc = account_by_login(tx, mem, owner, ret_owner, err);

    if (rc)
        return rc;
    if (!str_u64(number, INT64_MAX, &id))
        return ERR_NOT_FOUND;
    return trash_find(tx, mem, ret_owner->id, (int64_t)id, clock_now_ms(), ret, err);
}

enum err_code trash_require(struct tx *tx, struct arena *mem, const struct actor *actor,
                            enum right right, struct str owner, struct str number,
                            struct trash_row *ret, struct err *err)
{
    struct account_row account = {0};
    struct trash_row item = {0};
    bool may = false, found;
    enum err_code rc = find(tx, mem, owner, number, &account, &item, err);

    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    found = rc == OK;
    /* Without an item, as for a package that is not there. */
    if (account.id &&
        (rc = access_to_package(tx, mem, actor, right, &account, item.package_id, &may, err)))
        return rc;
    if (!may)
        return fail(err, ERR_DENIED,
                    "\"" STR_FMT "\" may not %s number " STR_FMT " of the trash of \"" STR_FMT "\"",
                    STR_ARG(actor->login), right == RIGHT_WRITE ? "put back" : "delete",
                    STR_ARG(number), STR_ARG(owner));
    if (!found)
        return fail(err, ERR_NOT_FOUND, "the trash of \"" STR_FMT "\" has no number " STR_FMT,
                    STR_ARG(owner), STR_ARG(number));
    *ret = item;
    return OK;
}

/* ---- emptying ---- */

enum err_code trash_end(struct app *app, struct arena *mem, const struct actor *actor,
                        struct str owner, struct str number, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct trash_row item;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = trash_require(tx, mem, actor, RIGHT_ADMIN, owner, number, &item, err)) ||
        (rc = trash_expire(tx, item.id, err)) ||
        (rc = audit_add_of(tx, actor, item.account_id, "trash.delete", trash_object(mem, &item),
                           S(""), err)) ||
        (rc = tx_commit(&tx, err)))
        return rc;
    trash_empty_now(app, item.account_id);
    return OK;
}

static enum err_code next_due(struct app *app, struct arena *mem, int64_t account_id,
                              struct trash_row *ret, bool *ret_more, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (!rc)
        rc = trash_next_due(tx, mem, account_id, clock_now_ms(), ret, err);
    *ret_more = rc == OK;
    return rc == ERR_NOT_FOUND ? OK : rc;
}

/* What was deleted for good by somebody is on record for that. */
static enum err_code record_end(struct tx *tx, struct arena *mem, const struct trash_row *item,
                                struct err *err)
{
    static const struct actor nobody = {.login = {"", 0}};

    if (item->due_ms == 0)
        return OK;
    return audit_add_of(tx, &nobody, item->account_id, "trash.delete", trash_object(mem, item),
                        S("was due"), err);
}

enum err_code trash_empty_some(struct app *app, int64_t account_id, bool *ret_more, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct trash_row item;
    bool gone = false;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = next_due(app, mem, account_id, &item, ret_more, err);
    if (rc || !*ret_more)
        return rc;
    if ((rc = tx_begin_part(app->db, item.owner, &tx, err)))
        return rc;
    /* Again, now that nobody else works on this account. */
    rc = trash_next_due(tx, mem, item.account_id, clock_now_ms(), &item, err);
    if (rc)
        return rc == ERR_NOT_FOUND ? OK : rc;
    if ((rc = trash_sweep(tx, mem, &item, BATCH, &gone, err)) ||
        (gone && (rc = record_end(tx, mem, &item, err))))
        return rc;
    tx_quiet(tx); /* nobody has found it since it was due */
    return tx_commit(&tx, err);
}

void trash_empty_now(struct app *app, int64_t account_id)
{
    bool more = true;

    for (int i = 0; i < STEPS_AT_ONCE && more; i++)
        if (trash_empty_some(app, account_id, &more, NULL))
            return;
    more = app->blobs != NULL;
    for (int i = 0; i < STEPS_AT_ONCE && more; i++)
        if (gc_discarded(app, &more, NULL))
            return;
}
