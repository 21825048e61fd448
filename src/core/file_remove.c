#include "core/file_remove.h"

#include "core/account.h"
#include "core/gc.h"
#include "core/package.h"
#include "core/trash.h"
#include "store/upload.h"

static enum err_code check_one(const struct choice *c, struct err *err)
{
    if (!c->basename.len)
        return fail_field(err, "basename", "name each file that is to be removed");
    return OK;
}

/* One removal under way. */
struct removing {
    struct app *app;
    struct tx *tx;
    struct arena *mem;
    const struct actor *actor;
    struct touched *touched;
    struct digest_list digests; /* bytes that nothing keeps */
};

/* Takes one file out, unless an earlier choice was it. */
static enum err_code drop(struct removing *r, const struct file_set *set, int64_t *ret_package,
                          struct err *err)
{
    struct file_row file;
    enum err_code rc = file_find_by_id(r->tx, r->mem, set->id, &file, err);

    if (rc == ERR_NOT_FOUND)
        return fail_field(err, "basename", "this file is named twice");
    if (rc || (rc = file_drop(r->app, r->tx, r->mem, r->actor, &file, S(""), r->touched, err)))
        return rc;
    *ret_package = file.package_id;
    return trash_keeps(r->app) ? OK : digest_list_add(r->mem, &r->digests, file.sha256, err);
}

/* Each package once: their numbers are in the order of the choices, in which those of one package
 * mostly stand together. */
static enum err_code refresh(struct tx *tx, struct arena *mem, const int64_t *packages,
                             size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct package_row package;
        bool done = false;
        enum err_code rc;

        for (size_t j = 0; j < i && !done; j++)
            done = packages[j] == packages[i];
        if (done)
            continue;
        if ((rc = package_find_by_id(tx, mem, packages[i], &package, err)) ||
            (rc = package_refresh(tx, mem, package.id, &package, err)))
            return rc;
    }
    return OK;
}

static enum err_code drop_all(struct removing *r, const struct choices *in,
                              const struct file_set *sets, struct choice_errors *ret_errors,
                              struct err *err)
{
    int64_t *packages = arena_array(r->mem, int64_t, in->count + 1);
    struct err first = {0};

    if (!packages || !r->touched)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < in->count; i++) {
        struct err e = {0};

        if (drop(r, &sets[i], &packages[i], &e) &&
            !choice_errors_add(ret_errors, r->mem, i, &e, &first))
            break;
    }
    return first.code ? choice_errors_end(&first, err)
                      : refresh(r->tx, r->mem, packages, in->count, err);
}

enum err_code files_remove(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct choices *in, struct choice_errors *ret_errors,
                           struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row owner;
    struct file_set *sets;
    struct removing r = {.app = app, .mem = mem, .actor = actor};
    struct err first = {0};
    enum err_code rc;

    for (size_t i = 0; i < in->count; i++) {
        struct err e = {0};

        if (check_one(&in->items[i], &e) && !choice_errors_add(ret_errors, mem, i, &e, &first))
            break;
    }
    if (first.code)
        return choice_errors_end(&first, err);
    if ((rc = choices_check(app, mem, actor, in, ret_errors, err)) ||
        (rc = tx_begin_part(app->db, in->owner, &tx, err)) ||
        (rc = account_require(tx, mem, in->owner, &owner, err)) ||
        (rc = choices_find(tx, mem, &owner, in, NULL, &sets, ret_errors, err)))
        return rc;
    r.tx = tx;
    r.touched = touched_open(mem, owner.id, owner.login, actor->login);
    if ((rc = drop_all(&r, in, sets, ret_errors, err)) ||
        (rc = touched_update(r.touched, app, tx, err)) || (rc = tx_commit(&tx, err)))
        return rc;
    /* The removal stands whether or not the space comes back now. */
    (void)!gc_blobs(app, r.digests.items, r.digests.count, NULL);
    return OK;
}
