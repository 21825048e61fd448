#include "core/told_empty.h"

#include "base/clock.h"
#include "core/access.h"
#include "store/told.h"

/* Beside whatever happens to the packages meanwhile. */
#define PART "core/told-empty"

static enum err_code remember(struct app *app, const struct told_key *key, bool empty,
                              struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t now = clock_now_ms();
    enum err_code rc = tx_begin_part(app->db, S(PART), &tx, err);

    if (rc)
        return rc;
    tx_quiet(tx);
    if ((rc = told_expire(tx, now - TOLD_EMPTY_MS, err)) ||
        (rc = empty ? told_put(tx, key, now, err) : told_delete(tx, key, err)))
        return rc;
    return tx_commit(&tx, err);
}

/* Is there anything to be written? */
static enum err_code ask(struct app *app, struct arena *mem, const struct actor *actor,
                         const struct package_row *package, const struct told_key *key, bool empty,
                         bool *ret_matters, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row owner;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (rc)
        return rc;
    if (!empty)
        return told_find(tx, key, 0, ret_matters, err);
    rc = account_by_id(tx, mem, package->account_id, &owner, err);
    if (!rc)
        rc = access_to_package(tx, mem, actor, RIGHT_WRITE, &owner, package->id, ret_matters, err);
    return rc;
}

enum err_code told_empty_note(struct app *app, struct arena *mem, const struct actor *actor,
                              const struct package_row *package, int64_t release_id, bool empty,
                              struct err *err)
{
    const struct told_key key = {package->id, release_id, actor->account_id};
    bool matters = false;
    enum err_code rc;

    if (!actor->account_id)
        return OK;
    rc = ask(app, mem, actor, package, &key, empty, &matters, err);
    return rc || !matters ? rc : remember(app, &key, empty, err);
}

enum err_code told_empty_check(struct tx *tx, const struct actor *actor,
                               const struct package_row *package, const struct release_row *release,
                               size_t files, struct err *err)
{
    const struct told_key key = {package->id, release ? release->id : 0, actor->account_id};
    bool was = false;
    enum err_code rc = OK;

    if (files && actor->account_id)
        rc = told_find(tx, &key, clock_now_ms() - TOLD_EMPTY_MS, &was, err);
    if (rc || !was)
        return rc;
    return fail(err, ERR_NOT_FOUND,
                "\"" STR_FMT "/" STR_FMT "%s" STR_FMT
                "\" was empty when you looked, and has files by now: look again before you "
                "remove it",
                STR_ARG(package->owner), STR_ARG(package->name), release ? "/" : "",
                STR_ARG(release ? release->version : S("")));
}

enum err_code told_empty_committed(struct tx *tx, const struct upload_row *upload, struct err *err)
{
    const struct told_key key = {upload->package_id, upload->release_id, upload->uploader_id};

    return told_delete_until(tx, &key, upload->created_ms, err);
}
