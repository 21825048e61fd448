#include "core/account_remove.h"

#include "base/clock.h"
#include "base/limits.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/gc.h"
#include "core/organization.h"
#include "core/session.h"
#include "store/favorite.h"
#include "store/search.h"

/* An account can have any number of blobs, and somebody waits for the answer. */
enum { SWEEPS_AT_ONCE = 16 };

enum err_code removal_check(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str login, const struct removal_proof *proof, struct err *err)
{
    struct actor who;
    enum err_code rc;

    if (!str_eq(proof->name, login))
        return fail_field(err, "name", "type the whole name, \"" STR_FMT "\", not \"" STR_FMT "\"",
                          STR_ARG(login), STR_ARG(proof->name));
    rc = session_check_password(app, mem, actor->login, proof->password, actor->remote, &who, err);
    if (rc == ERR_UNAUTHENTICATED)
        return fail(err, ERR_DENIED, "this is not the password of \"" STR_FMT "\"",
                    STR_ARG(actor->login));
    return rc;
}

/* ---- what must not be left behind ---- */

/* Nobody could let others into it, or delete it. */
static enum err_code refuse_sole_owner(struct tx *tx, struct arena *mem,
                                       const struct account_row *user, struct err *err)
{
    struct group_list groups;
    struct str names = S("");
    enum err_code rc = group_list_by_member(tx, mem, user->id, &groups, err);

    for (size_t i = 0; !rc && i < groups.count; i++) {
        const struct group_row *g = &groups.rows[i];

        if (str_eq(g->name, S(OWNERS)) && g->members == 1)
            names = str_fmt(mem, STR_FMT "%s\"" STR_FMT "\"", STR_ARG(names), names.len ? ", " : "",
                            STR_ARG(g->organization));
        if (!names.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    if (rc || !names.len)
        return rc;
    return fail(err, ERR_CONFLICT,
                "\"" STR_FMT "\" is the last owner of " STR_FMT
                ": add another owner there, or delete it, first",
                STR_ARG(user->login), STR_ARG(names));
}

static enum err_code require(struct tx *tx, struct arena *mem, struct str login, struct str kind,
                             struct account_row *ret, struct err *err)
{
    enum err_code rc = account_require(tx, mem, login, ret, err);

    if (!rc && !str_eq(ret->kind, kind))
        return fail(err, ERR_NOT_FOUND, "\"" STR_FMT "\" is %s, not %s", STR_ARG(ret->login),
                    str_eq(ret->kind, S("user")) ? "a user" : "an organization",
                    str_eq(kind, S("user")) ? "a user" : "an organization");
    if (rc || !str_eq(kind, S("user")) || (rc = refuse_sole_owner(tx, mem, ret, err)))
        return rc;
    return account_keep_administrator(tx, ret, err);
}

/* ---- removing ---- */

/* The removal stands whether or not the space comes back now: what is left, which is everything for
 * a command without the blobs, the servers' next sweep removes. */
static void sweep(struct app *app)
{
    bool more = app->blobs != NULL;

    for (int i = 0; i < SWEEPS_AT_ONCE && more; i++)
        if (gc_discarded(app, &more, NULL))
            return;
}

/* What the account had marked is no favorite of its any more. */
static enum err_code recount_favorites(struct tx *tx, const struct favorite_list *favorites,
                                       struct err *err)
{
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < favorites->count; i++)
        rc = search_recount(tx, favorites->rows[i].package_id, err);
    return rc;
}

enum err_code account_remove(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str login, struct str kind, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    const char *action = str_eq(kind, S("user")) ? "account.delete" : "organization.delete";
    struct account_row row;
    struct favorite_list favorites;
    int64_t now = clock_now_ms();
    enum err_code rc;

    /* The only one, because others publish in it, are let into it, or sign in meanwhile. */
    if ((rc = tx_begin(app->db, TX_WRITE, &tx, err)) ||
        (rc = require(tx, mem, login, kind, &row, err)) ||
        (rc = account_discard_bytes(tx, row.id, now, err)) ||
        (rc = favorite_list(tx, mem, row.id, &favorites, err)) ||
        (rc = search_forget_account(tx, row.id, err)) ||
        (rc = login_retire(tx, row.login, row.kind, now, err)) ||
        /* Before the account goes, whose name it takes down. */
        (rc = audit_add_of(tx, actor, row.id, action, row.login, S(""), err)) ||
        (rc = account_delete(tx, row.id, err)) || (rc = recount_favorites(tx, &favorites, err)) ||
        (rc = tx_commit(&tx, err)))
        return rc;
    sweep(app);
    return OK;
}

enum err_code login_release(struct app *app, const struct actor *actor, struct str login,
                            struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    bool was_retired = false;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, login, &tx, err)) ||
        (rc = login_free(tx, login, &was_retired, err)))
        return rc;
    if (!was_retired)
        return fail(err, ERR_NOT_FOUND, "no deleted account had the login \"" STR_FMT "\"",
                    STR_ARG(login));
    rc = audit_add_of(tx, actor, 0, "login.free", login, S(""), err);
    return rc ? rc : tx_commit(&tx, err);
}
