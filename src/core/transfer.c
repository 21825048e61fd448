#include "core/transfer.h"

#include "base/clock.h"
#include "config.h"
#include "core/access.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/gc.h"
#include "core/kind.h"
#include "core/notify.h"
#include "core/organization.h"
#include "core/package.h"
#include "core/quota.h"
#include "core/scope.h"
#include "core/search_doc.h"
#include "store/index_doc.h"
#include "store/label.h"
#include "store/trash.h"
#include "store/upload.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static int64_t oldest_that_holds(void)
{
    return clock_now_ms() - TRANSFER_DAYS * DAY_MS;
}

static struct str joined(struct arena *mem, struct str owner, struct str package)
{
    return str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(package));
}

/* ---- who may ---- */

/* *ret_may: ERR_DENIED is an answer, other failures are failures. */
static enum err_code ask(struct app *app, struct arena *mem, const struct actor *actor,
                         enum right right, struct str owner, struct str package, bool *ret_may,
                         struct err *err)
{
    const struct access_object object = {.owner = owner, .package = package};
    struct err why = {0};
    enum err_code rc = access_check(app, mem, actor, right, SCOPE_API_WRITE, &object, &why);

    *ret_may = rc == OK;
    if (rc && rc != ERR_DENIED) {
        if (err)
            *err = why;
        return rc;
    }
    return OK;
}

/* May the actor create the package there? */
static enum err_code ask_create(struct app *app, struct arena *mem, const struct actor *actor,
                                struct str target, struct str package, bool *ret_may,
                                struct err *err)
{
    return ask(app, mem, actor, RIGHT_WRITE, target, package, ret_may, err);
}

/* Does the right of whoever made the offer still hold? */
static enum err_code ask_offerer(struct app *app, struct arena *mem,
                                 const struct transfer_row *offer, bool *ret_may, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row row;
    struct actor offerer;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    *ret_may = false;
    if (rc || (rc = account_by_id(tx, mem, offer->offerer_id, &row, err)) || row.suspended_ms)
        return rc;
    tx_endp(&tx);
    tx = NULL;
    offerer = (struct actor){.account_id = row.id, .login = row.login, .superuser = row.superuser};
    return ask(app, mem, &offerer, RIGHT_ADMIN, offer->owner, offer->package, ret_may, err);
}

/* ---- who is told ---- */

/* A user, or the owners of an organization; not `except`, who is told in another way. */
static enum err_code tell(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct account_row *account, int64_t except,
                          const struct notice *notice, struct err *err)
{
    struct named_text_list owners = {0};
    struct group_row group;
    struct account_row user;
    enum err_code rc;

    if (str_eq(account->kind, S("user")))
        return account->id == except ? OK : notify(tx, mem, actor, account->id, notice, err);
    if ((rc = group_find(tx, mem, account->id, S(OWNERS), &group, err)) ||
        (rc = group_members(tx, mem, group.id, &owners, err)))
        return rc;
    for (size_t i = 0; !rc && i < owners.count; i++) {
        rc = account_by_login(tx, mem, owners.rows[i].name, &user, err);
        if (!rc && user.id != except)
            rc = notify(tx, mem, actor, user.id, notice, err);
    }
    return rc;
}

/* Whoever made an offer: a user, or by its token an organization. */
static enum err_code tell_offerer(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  int64_t offerer_id, const struct notice *notice, struct err *err)
{
    struct account_row offerer;
    enum err_code rc = account_by_id(tx, mem, offerer_id, &offerer, err);

    return rc ? rc : tell(tx, mem, actor, &offerer, 0, notice, err);
}

/* ---- the change ---- */

/* One package on its way from one account to another. */
struct move {
    struct app *app;
    struct tx *tx;
    struct arena *mem;
    const struct actor *actor;
    struct package_row package; /* as it was before */
    struct account_row from, to;
    struct transfer_label_list labels;
    struct file_list files;
    struct digest_list uploads; /* bytes of those that were under way */
};

static enum err_code refuse(const struct move *m, enum err_code code, const char *what,
                            struct str value, struct err *err)
{
    return fail(err, code,
                "\"" STR_FMT "/" STR_FMT "\" cannot be transferred to \"" STR_FMT
                "\": %s \"" STR_FMT "\"",
                STR_ARG(m->package.owner), STR_ARG(m->package.name), STR_ARG(m->to.login), what,
                STR_ARG(value));
}

static enum err_code check_names(struct move *m, struct err *err)
{
    struct package_row other;
    struct str basename = S("");
    enum err_code rc = package_find(m->tx, m->mem, m->to.login, m->package.name, &other, err);

    if (!rc)
        return refuse(m, ERR_CONFLICT, "it has a package", other.name, err);
    if (rc != ERR_NOT_FOUND ||
        (rc = transfer_clash(m->tx, m->mem, m->package.id, m->to.id, &basename, err)))
        return rc;
    if (basename.len)
        return refuse(m, ERR_CONFLICT, "another package there has the file", basename, err);
    if (m->app->config->reuse_removed_names)
        return OK;
    rc = transfer_clash_retired(m->tx, m->mem, m->package.id, m->to.id, &basename, err);
    if (!rc && basename.len)
        return refuse(m, ERR_CONFLICT,
                      "a removed file with other content stays reserved there, by the name",
                      basename, err);
    return rc;
}

/* Clients would take its files and those of another package there for one (core/namesake). */
static enum err_code check_projects(struct move *m, struct err *err)
{
    struct str project = S("");
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < m->files.count; i++) {
        const struct file_row *file = &m->files.rows[i];
        const struct kind *kind = kind_find(file->type);
        struct str rest = file->name_key, its;
        struct name_list others = {0};

        if (!kind || !kind->by_project || !str_cut(&rest, '/', &its) || str_eq(its, project))
            continue;
        project = its;
        rc = file_packages_below(m->tx, m->mem, &(struct file_name){m->to.id, file->type, project},
                                 m->package.id, &others, err);
        if (!rc && others.count)
            return refuse(
                m, ERR_CONFLICT,
                "another package there has files of what clients take for the same project,",
                project, err);
    }
    return rc;
}

/* A channel that is locked neither loses nor gains anything. */
static enum err_code check_locks(struct move *m, struct err *err)
{
    for (size_t i = 0; i < m->labels.count; i++) {
        const struct transfer_label *label = &m->labels.rows[i];
        struct label_row there = {0};
        enum err_code rc;

        if (label->locked)
            return refuse(m, ERR_DENIED, "its files have a label that is locked,", label->name,
                          err);
        rc = label_find(m->tx, m->mem, m->to.id, label->name, &there, err);
        if (rc && rc != ERR_NOT_FOUND)
            return rc;
        if (!rc && there.locked)
            return refuse(m, ERR_DENIED, "its files have a label that is locked there,",
                          label->name, err);
    }
    return OK;
}

static enum err_code relabel(struct move *m, struct err *err)
{
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < m->labels.count; i++) {
        int64_t there = 0;

        rc = label_ensure(m->tx, m->to.id, m->labels.rows[i].name, &there, err);
        if (!rc)
            rc = transfer_relabel(m->tx, m->package.id, m->labels.rows[i].id, there, err);
    }
    return rc ? rc : label_widen(m->tx, m->package.id, m->package.access, err);
}

/* The channels in which the package's files are now, of this account. */
static enum err_code touch(struct move *m, const struct account_row *account, struct touched **ret,
                           struct err *err)
{
    enum err_code rc = OK;

    *ret = touched_open(m->mem, account->id, account->login, m->actor->login);
    if (!*ret)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; !rc && i < m->files.count; i++)
        rc = touched_file(*ret, m->tx, &m->files.rows[i], err);
    return rc;
}

static enum err_code change_rows(struct move *m, int64_t now_ms, struct err *err)
{
    struct tx *tx = m->tx;
    int64_t id = m->package.id;
    enum err_code rc;

    if ((rc = upload_delete_all(tx, m->mem, id, 0, &m->uploads, err)) ||
        (rc = transfer_delete(tx, id, err)) ||
        (rc = transfer_drop_grants(tx, id, m->from.id, m->to.id, err)) ||
        (rc = transfer_retire_names(tx, id, now_ms, err)) ||
        (rc = transfer_move(tx, id, m->to.id, err)) || (rc = trash_move(tx, id, m->to.id, err)) ||
        (rc = quota_move(m->app, tx, id, m->from.id, m->to.id, err)))
        return rc;
    return relabel(m, err);
}

static enum err_code change_indexes(struct move *m, struct touched *before, struct touched *after,
                                    int64_t now_ms, struct err *err)
{
    enum err_code rc;

    if ((rc = touched_update(before, m->app, m->tx, err)) ||
        (rc = index_doc_forget(m->tx, m->from.id, m->package.name, now_ms, err)) ||
        (rc = touched_hide(m->tx, m->from.id, m->package.name, err)) ||
        (rc = touched_forget_former(m->tx, m->to.id, m->package.name, m->package.access, err)))
        return rc;
    return touched_update(after, m->app, m->tx, err);
}

/* On record for both accounts, and told to the people of both, and to who offered it. */
static enum err_code tell_all(struct move *m, int64_t offerer_id, struct err *err)
{
    const struct notice notice = {"package_transferred", .owner = m->from.login,
                                  .package = m->package.name, .target = m->to.login};
    struct str to = str_fmt(m->mem, "to " STR_FMT, STR_ARG(m->to.login)),
               from = str_fmt(m->mem, "from " STR_FMT, STR_ARG(m->from.login));
    enum err_code rc;

    if (!to.ptr || !from.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = audit_add_of(m->tx, m->actor, m->from.id, "package.transfer",
                           joined(m->mem, m->from.login, m->package.name), to, err)) ||
        (rc = audit_add_of(m->tx, m->actor, m->to.id, "package.transfer",
                           joined(m->mem, m->to.login, m->package.name), from, err)) ||
        (offerer_id && offerer_id != m->from.id &&
         (rc = tell_offerer(m->tx, m->mem, m->actor, offerer_id, &notice, err))) ||
        (rc = tell(m->tx, m->mem, m->actor, &m->from, offerer_id == m->from.id ? 0 : offerer_id,
                   &notice, err)))
        return rc;
    return tell(m->tx, m->mem, m->actor, &m->to, offerer_id, &notice, err);
}

/* All of it but the commit. The transaction is the only one: it is about two accounts. */
static enum err_code move_package(struct move *m, int64_t offerer_id, struct err *err)
{
    struct touched *before, *after;
    int64_t now = clock_now_ms();
    enum err_code rc;

    if ((rc = check_names(m, err)) ||
        (rc = transfer_labels(m->tx, m->mem, m->package.id, &m->labels, err)) ||
        (rc = check_locks(m, err)) ||
        (rc = file_list_by_package(m->tx, m->mem, m->package.id, &m->files, err)) ||
        (rc = check_projects(m, err)) || (rc = touch(m, &m->from, &before, err)) ||
        (rc = change_rows(m, now, err)) ||
        (rc = search_refresh(m->tx, m->mem, m->package.id, err)) ||
        (rc = touch(m, &m->to, &after, err)) || (rc = change_indexes(m, before, after, now, err)))
        return rc;
    return tell_all(m, offerer_id, err);
}

static enum err_code finish(struct move *m, struct tx **tx, struct transfer_result *ret,
                            struct err *err)
{
    enum err_code rc = tx_commit(tx, err);

    if (rc)
        return rc;
    /* The transfer stands whether or not the space comes back now: an orphan is no failure. */
    (void)!gc_blobs(m->app, m->uploads.items, m->uploads.count, NULL);
    *ret = (struct transfer_result){0, m->from.login, m->package.name, m->to.login};
    return OK;
}

/* ---- giving ---- */

static enum err_code require_target(struct tx *tx, struct arena *mem, struct str login,
                                    struct account_row *ret, struct err *err)
{
    enum err_code rc = account_by_login(tx, mem, login, ret, err);

    return rc == ERR_NOT_FOUND
               ? fail_field(err, "to", "there is no account \"" STR_FMT "\"", STR_ARG(login))
               : rc;
}

/* Both sides of a transfer. */
static enum err_code load(struct move *m, struct str owner, struct str package, struct str to,
                          struct err *err)
{
    enum err_code rc;

    if ((rc = package_require(m->tx, m->mem, owner, package, &m->package, err)) ||
        (rc = account_by_id(m->tx, m->mem, m->package.account_id, &m->from, err)) ||
        (rc = require_target(m->tx, m->mem, to, &m->to, err)))
        return rc;
    if (m->from.id == m->to.id)
        return fail(err, ERR_CONFLICT, "\"" STR_FMT "/" STR_FMT "\" is \"" STR_FMT "\"'s already",
                    STR_ARG(m->package.owner), STR_ARG(m->package.name), STR_ARG(m->to.login));
    return OK;
}

/* *ret_id: of an offer to this account that holds; 0: there is none at all any more. */
static enum err_code find_offer(struct move *m, int64_t *ret_id, struct err *err)
{
    struct transfer_row offer;
    enum err_code rc =
        transfer_find_by_package(m->tx, m->mem, m->package.id, oldest_that_holds(), &offer, err);

    *ret_id = 0;
    if (rc == ERR_NOT_FOUND)
        return transfer_delete(m->tx, m->package.id, err); /* one that holds no more */
    if (!rc && offer.target_id != m->to.id)
        return fail(err, ERR_CONFLICT,
                    "\"" STR_FMT "/" STR_FMT "\" is offered to \"" STR_FMT
                    "\": withdraw that offer first",
                    STR_ARG(m->package.owner), STR_ARG(m->package.name), STR_ARG(offer.target));
    if (!rc)
        *ret_id = offer.id;
    return rc;
}

/* Offers fill the lists of others: there is an end to it. */
static enum err_code refuse_too_many(struct move *m, struct err *err)
{
    struct transfer_list offers;
    size_t own = 0;
    enum err_code rc =
        transfer_list_from(m->tx, m->mem, m->actor->account_id, oldest_that_holds(), &offers, err);

    for (size_t i = 0; !rc && i < offers.count; i++)
        own += offers.rows[i].offerer_id == m->actor->account_id;
    if (rc || own < TRANSFER_OFFERS_MAX)
        return rc;
    return fail(err, ERR_CONFLICT,
                "\"" STR_FMT "\" has offered %d packages that nobody has "
                "accepted yet: withdraw some first",
                STR_ARG(m->actor->login), (int)TRANSFER_OFFERS_MAX);
}

static enum err_code offer(struct move *m, struct tx **tx, struct transfer_result *ret,
                           struct err *err)
{
    const struct notice notice = {"package_offered", .owner = m->from.login,
                                  .package = m->package.name, .target = m->to.login};
    int64_t id = 0;
    enum err_code rc = find_offer(m, &id, err);

    if (!rc && !id) {
        struct str detail = str_fmt(m->mem, "to " STR_FMT, STR_ARG(m->to.login));

        if (!detail.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
        if ((rc = refuse_too_many(m, err)) ||
            (rc = transfer_insert(m->tx, m->package.id, m->to.id, m->actor->account_id,
                                  clock_now_ms(), &id, err)) ||
            (rc = audit_add_of(m->tx, m->actor, m->from.id, "package.offer",
                               joined(m->mem, m->from.login, m->package.name), detail, err)) ||
            (rc = tell(m->tx, m->mem, m->actor, &m->to, 0, &notice, err)))
            return rc;
        tx_quiet(m->tx); /* nobody may do anything yet that he could not do before */
        rc = tx_commit(tx, err);
    }
    if (!rc)
        *ret = (struct transfer_result){id, m->from.login, m->package.name, m->to.login};
    return rc;
}

enum err_code transfer_package(struct app *app, struct arena *mem, const struct actor *actor,
                               struct str owner, struct str package, struct str to,
                               struct transfer_result *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct move m = {.app = app, .mem = mem, .actor = actor};
    bool may = false;
    enum err_code rc;

    to = str_lower(mem, to);
    if (!to.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = ask_create(app, mem, actor, to, package, &may, err)))
        return rc;
    rc = may ? tx_begin(app->db, TX_WRITE, &tx, err) : tx_begin_part(app->db, owner, &tx, err);
    m.tx = tx;
    if (rc || (rc = load(&m, owner, package, to, err)))
        return rc;
    if (!may)
        return offer(&m, &tx, ret, err);
    rc = move_package(&m, 0, err);
    return rc ? rc : finish(&m, &tx, ret, err);
}

/* ---- answering ---- */

static enum err_code no_offer(int64_t id, struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "there is no offer %lld for you", (long long)id);
}

static enum err_code find(struct app *app, struct arena *mem, int64_t id, struct transfer_row *ret,
                          struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (!rc)
        rc = transfer_find(tx, mem, id, oldest_that_holds(), ret, err);
    return rc == ERR_NOT_FOUND ? no_offer(id, err) : rc;
}

/* The offer that was judged is still there, and is still the same. */
static enum err_code find_again(struct move *m, const struct transfer_row *offer, struct err *err)
{
    struct transfer_row now;
    enum err_code rc = transfer_find(m->tx, m->mem, offer->id, oldest_that_holds(), &now, err);

    if (rc == ERR_NOT_FOUND || (!rc && now.owner_id != offer->owner_id))
        return no_offer(offer->id, err);
    return rc ? rc : load(m, now.owner, now.package, now.target, err);
}

enum err_code transfer_accept(struct app *app, struct arena *mem, const struct actor *actor,
                              int64_t id, struct transfer_result *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct move m = {.app = app, .mem = mem, .actor = actor};
    struct transfer_row offer;
    bool may = false, holds = false;
    enum err_code rc;

    if ((rc = find(app, mem, id, &offer, err)) ||
        (rc = ask_create(app, mem, actor, offer.target, offer.package, &may, err)))
        return rc;
    if (!may)
        return no_offer(id, err);
    if ((rc = ask_offerer(app, mem, &offer, &holds, err)))
        return rc;
    if (!holds)
        return fail(err, ERR_CONFLICT,
                    "the offer does not hold: \"" STR_FMT "\" may not give \"" STR_FMT "/" STR_FMT
                    "\" away any more",
                    STR_ARG(offer.offerer), STR_ARG(offer.owner), STR_ARG(offer.package));
    rc = tx_begin(app->db, TX_WRITE, &tx, err);
    m.tx = tx;
    if (rc || (rc = find_again(&m, &offer, err)) || (rc = move_package(&m, offer.offerer_id, err)))
        return rc;
    return finish(&m, &tx, ret, err);
}

/* *ret_declines: it is for the actor to accept. ERR_NOT_FOUND: it is not for him at all. */
static enum err_code ask_end(struct app *app, struct arena *mem, const struct actor *actor,
                             const struct transfer_row *offer, bool *ret_declines, struct err *err)
{
    bool administers = offer->offerer_id == actor->account_id;
    enum err_code rc =
        ask_create(app, mem, actor, offer->target, offer->package, ret_declines, err);

    if (!rc && !*ret_declines && !administers)
        rc = ask(app, mem, actor, RIGHT_ADMIN, offer->owner, offer->package, &administers, err);
    return rc || *ret_declines || administers ? rc : no_offer(offer->id, err);
}

enum err_code transfer_end(struct app *app, struct arena *mem, const struct actor *actor,
                           int64_t id, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct move m = {.app = app, .mem = mem, .actor = actor};
    struct transfer_row offer;
    bool declines = false;
    enum err_code rc;

    if ((rc = find(app, mem, id, &offer, err)) ||
        (rc = ask_end(app, mem, actor, &offer, &declines, err)) ||
        (rc = tx_begin_part(app->db, offer.owner, &tx, err)))
        return rc;
    m.tx = tx;
    const struct notice notice = {"transfer_declined", .owner = offer.owner,
                                  .package = offer.package, .target = offer.target};
    if ((rc = find_again(&m, &offer, err)) || (rc = transfer_delete(tx, offer.package_id, err)) ||
        (rc = audit_add_of(tx, actor, offer.owner_id, "package.offer_end",
                           joined(mem, offer.owner, offer.package),
                           declines ? S("declined") : S("withdrawn"), err)) ||
        (declines && (rc = tell_offerer(tx, mem, actor, offer.offerer_id, &notice, err))))
        return rc;
    tx_quiet(tx); /* as when it was made */
    return tx_commit(&tx, err);
}

/* ---- looking ---- */

static enum err_code load_view(struct app *app, struct arena *mem, const struct actor *actor,
                               struct transfer_view *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t since = oldest_that_holds();
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (rc || (rc = transfer_list_to(tx, mem, actor->account_id, since, &ret->incoming, err)))
        return rc;
    return transfer_list_from(tx, mem, actor->account_id, since, &ret->outgoing, err);
}

enum err_code transfer_view(struct app *app, struct arena *mem, const struct actor *actor,
                            struct transfer_view *ret, struct err *err)
{
    size_t kept = 0;
    enum err_code rc = load_view(app, mem, actor, ret, err);

    for (size_t i = 0; !rc && i < ret->incoming.count; i++) {
        struct transfer_row *row = &ret->incoming.rows[i];
        bool may = false;

        rc = ask_create(app, mem, actor, row->target, row->package, &may, err);
        if (!rc && may)
            ret->incoming.rows[kept++] = *row;
    }
    ret->incoming.count = kept;
    return rc;
}
