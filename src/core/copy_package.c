#include "core/copy_package.h"

#include "core/access.h"
#include "core/audit.h"
#include "core/edit.h"
#include "core/package.h"

struct copy_release {
    struct copy_release *next;
    int64_t source_id;
    struct release_row target;
};

/* ---- packages -------------------------------------------------------------------------------- */

static enum err_code note_source(struct copy_target *t, const struct package_row *source,
                                 struct package_row *target, struct err *err)
{
    struct str name = S("");

    if (source->access == ACCESS_PUBLIC)
        name = str_fmt(t->mem, STR_FMT "/" STR_FMT, STR_ARG(source->owner), STR_ARG(source->name));
    if (!name.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    return package_set_source(t->tx, target->id, source->id, name, err);
}

static enum err_code make_package(struct copy_target *t, struct copy_package *package,
                                  struct err *err)
{
    const struct package_row *source = &package->source;
    struct new_package made = {source->name, source->summary, source->attrs, ACCESS_PRIVATE};
    enum err_code rc = package_access_of_new(t->app, t->owner, S(""), &made.access, err);

    if (rc)
        return rc;
    if (made.access < source->access)
        made.access = source->access;
    if ((rc = package_add(t->tx, t->mem, t->actor, t->owner, &made, &package->target, err)) ||
        (rc = package_set_edits(t->tx, package->target.id, source->edits, err)) ||
        (rc = note_source(t, source, &package->target, err)))
        return rc;
    package->target.edits = source->edits;
    return OK;
}

/* One object after the mode: that of the source, or what the target lacks of it. */
static enum err_code merge(struct copy_target *t, struct str source, struct str target,
                           struct str *ret, struct err *err)
{
    if (t->mode == COPY_REPLACE) {
        *ret = source;
        return OK;
    }
    return edit_lay_over(t->mem, target, source, ret, err);
}

static enum err_code record(struct copy_target *t, const char *action,
                            const struct package_row *package, struct str version, struct err *err)
{
    struct str object = str_fmt(t->mem, STR_FMT "/" STR_FMT "%s" STR_FMT, STR_ARG(package->owner),
                                STR_ARG(package->name), version.len ? "/" : "", STR_ARG(version));

    return audit_add_of(t->tx, t->actor, package->account_id, action, object,
                        S("as where it was copied from"), err);
}

static enum err_code merge_package(struct copy_target *t, struct copy_package *package,
                                   struct err *err)
{
    struct package_row *target = &package->target;
    const struct package_row *source = &package->source;
    struct str attrs, edits;
    enum err_code rc;

    if ((rc = merge(t, source->attrs, target->attrs, &attrs, err)) ||
        (rc = merge(t, source->edits, target->edits, &edits, err)))
        return rc;
    if (str_eq(attrs, target->attrs) && str_eq(edits, target->edits))
        return OK;
    target->attrs = attrs;
    target->edits = edits;
    if (t->mode == COPY_REPLACE || !target->summary.len)
        target->summary = source->summary;
    if ((rc = package_set_edits(t->tx, target->id, edits, err)))
        return rc;
    return record(t, "package.update", target, S(""), err);
}

enum err_code copy_package_find(struct copy_target *t, int64_t source_id, struct copy_package **ret,
                                struct err *err)
{
    struct copy_package *package;
    enum err_code rc;

    for (package = t->packages; package; package = package->next)
        if (package->source.id == source_id) {
            *ret = package;
            return OK;
        }
    package = arena_new(t->mem, struct copy_package);
    if (!package)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = package_find_by_id(t->tx, t->mem, source_id, &package->source, err)))
        return rc;
    if (!view_shows(t->view, package->source.access, package->source.id))
        return fail(err, ERR_COLLISION, "a package was hidden while it was copied");
    rc = package_find(t->tx, t->mem, t->owner->login, package->source.name, &package->target, err);
    if (rc == ERR_NOT_FOUND)
        rc = make_package(t, package, err);
    else if (!rc && t->mode != COPY_STRICT)
        rc = merge_package(t, package, err);
    if (rc)
        return rc;
    package->next = t->packages;
    t->packages = *ret = package;
    return OK;
}

/* ---- releases -------------------------------------------------------------------------------- */

static enum err_code merge_release(struct copy_target *t, const struct package_row *package,
                                   const struct release_row *source, struct release_row *target,
                                   struct err *err)
{
    struct str attrs;
    enum err_code rc = merge(t, source->attrs, target->attrs, &attrs, err);

    if (rc || str_eq(attrs, target->attrs))
        return rc;
    if ((rc = release_update(t->tx, target->id, attrs, err)))
        return rc;
    return record(t, "release.update", package, target->version, err);
}

enum err_code copy_release_find(struct copy_target *t, const struct copy_package *package,
                                const struct file_row *file, struct release_row *ret,
                                struct err *err)
{
    struct release_row source;
    struct copy_release *known;
    enum err_code rc;

    for (known = t->releases; known; known = known->next)
        if (known->source_id == file->release_id) {
            *ret = known->target;
            return OK;
        }
    known = arena_new(t->mem, struct copy_release);
    if (!known)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = release_find(t->tx, t->mem, file->package_id, file->version, &source, err)))
        return rc;
    rc = release_find(t->tx, t->mem, package->target.id, file->version, ret, err);
    if (rc == ERR_NOT_FOUND)
        rc = release_add(t->tx, t->mem, t->actor, &package->target, source.version, source.attrs,
                         ret, err);
    else if (!rc && t->mode != COPY_STRICT)
        rc = merge_release(t, &package->target, &source, ret, err);
    if (rc)
        return rc;
    *known = (struct copy_release){t->releases, file->release_id, *ret};
    t->releases = known;
    return OK;
}

enum err_code copy_package_refresh(struct copy_target *t, struct err *err)
{
    enum err_code rc = OK;

    for (const struct copy_package *package = t->packages; !rc && package; package = package->next)
        rc = package_refresh(t->tx, t->mem, package->target.id, &package->target, err);
    return rc;
}

/* ---- where it comes from --------------------------------------------------------------------- */

enum err_code copy_source(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct package_row *package, struct str *ret, struct err *err)
{
    struct package_row source;
    struct account_row owner;
    struct view view;
    enum err_code rc;

    *ret = package->copied_from;
    if (!package->copied_from_id)
        return OK;
    *ret = S("");
    if ((rc = package_find_by_id(tx, mem, package->copied_from_id, &source, err)) ||
        (rc = account_by_id(tx, mem, source.account_id, &owner, err)) ||
        (rc = access_view(tx, mem, actor, &owner, &view, err)))
        return rc;
    if (!view_shows(&view, source.access, source.id))
        return OK;
    *ret = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(source.owner), STR_ARG(source.name));
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}
