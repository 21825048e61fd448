#include "core/copy.h"

#include "base/limits.h"
#include "config.h"
#include "core/access.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/edit.h"
#include "core/gc.h"
#include "core/label.h"
#include "core/package.h"
#include "format/conda_name.h"
#include "store/upload.h"

/* Each file copied so far, newest first. */
struct item {
    struct item *next;
    struct copied copied;
};

/* A package of the source, and what it becomes in the target. */
struct pair {
    struct pair *next;
    struct package_row source, target;
};
struct release_pair {
    struct release_pair *next;
    int64_t source_id;
    struct release_row target;
};

/* One copy under way. */
struct work {
    struct app *app;
    struct tx *tx;
    struct arena *mem;
    const struct actor *actor;
    const struct copy_request *in;
    struct account_row from, to;
    struct view view; /* of the source */
    struct label_row source_label, label;
    struct touched *touched; /* of the target */
    struct pair *pairs;
    struct release_pair *releases;
    struct digest_list dropped; /* bytes that were replaced */
    struct item *done;
    size_t count;
};

/* ---- what is to be copied -------------------------------------------------------------------- */

/* The right to write each package under the target's name, and no word on the source before. */
static enum err_code check_target(struct app *app, struct arena *mem, const struct actor *actor,
                                  const struct copy_request *in, struct str to_owner,
                                  struct choice_errors *ret_errors, struct err *err)
{
    struct choice *items = arena_array(mem, struct choice, in->files.count + 1);
    const struct choices target = {to_owner, items, in->files.count};

    if (!items)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < in->files.count; i++) {
        if (!in->files.items[i].package.len)
            return fail_field(err, "package", "name the packages that are to be copied");
        items[i] = in->files.items[i];
    }
    return choices_check(app, mem, actor, &target, ret_errors, err);
}

/* What is not to be seen is not there, whatever else is asked of it. */
static enum err_code find_source(struct work *w, struct file_set **ret_sets,
                                 struct choice_errors *ret_errors, struct err *err)
{
    enum err_code rc;

    if ((rc = access_view_of_label(w->tx, w->mem, w->actor, &w->from, w->in->from_label, &w->view,
                                   err)) ||
        (rc = choices_find(w->tx, w->mem, &w->from, &w->in->files, &w->view, ret_sets, ret_errors,
                           err)))
        return rc;
    return label_require(w->tx, w->mem, &w->from, w->in->from_label, &w->view, &w->source_label,
                         err);
}

/* ---- packages and releases of the target ----------------------------------------------------- */

static enum err_code note_source(struct work *w, const struct package_row *source,
                                 struct package_row *target, struct err *err)
{
    struct str name = S("");

    if (source->access == ACCESS_PUBLIC)
        name = str_fmt(w->mem, STR_FMT "/" STR_FMT, STR_ARG(source->owner), STR_ARG(source->name));
    if (!name.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    return package_set_source(w->tx, target->id, source->id, name, err);
}

static enum err_code make_package(struct work *w, struct pair *pair, struct err *err)
{
    const struct package_row *source = &pair->source;
    struct new_package made = {source->name, source->summary, source->attrs, ACCESS_PRIVATE};
    enum err_code rc = package_access_of_new(w->app, &w->to, S(""), &made.access, err);

    if (rc)
        return rc;
    if (made.access < source->access)
        made.access = source->access;
    if ((rc = package_add(w->tx, w->mem, w->actor, &w->to, &made, &pair->target, err)) ||
        (rc = package_set_edits(w->tx, pair->target.id, source->edits, err)) ||
        (rc = note_source(w, source, &pair->target, err)))
        return rc;
    pair->target.edits = source->edits;
    return OK;
}

/* One object after the mode: that of the source, or what the target lacks of it. */
static enum err_code merge(struct work *w, struct str source, struct str target, struct str *ret,
                           struct err *err)
{
    if (w->in->mode == COPY_REPLACE) {
        *ret = source;
        return OK;
    }
    return edit_lay_over(w->mem, target, source, ret, err);
}

static enum err_code record(struct work *w, const char *action, const struct package_row *package,
                            struct str version, struct err *err)
{
    struct str object = str_fmt(w->mem, STR_FMT "/" STR_FMT "%s" STR_FMT, STR_ARG(package->owner),
                                STR_ARG(package->name), version.len ? "/" : "", STR_ARG(version));

    return audit_add_of(w->tx, w->actor, package->account_id, action, object,
                        S("as where it was copied from"), err);
}

static enum err_code merge_package(struct work *w, struct pair *pair, struct err *err)
{
    struct package_row *target = &pair->target;
    const struct package_row *source = &pair->source;
    struct str attrs, edits;
    enum err_code rc;

    if ((rc = merge(w, source->attrs, target->attrs, &attrs, err)) ||
        (rc = merge(w, source->edits, target->edits, &edits, err)))
        return rc;
    if (str_eq(attrs, target->attrs) && str_eq(edits, target->edits))
        return OK;
    target->attrs = attrs;
    target->edits = edits;
    if (w->in->mode == COPY_REPLACE || !target->summary.len)
        target->summary = source->summary;
    if ((rc = package_set_edits(w->tx, target->id, edits, err)))
        return rc;
    return record(w, "package.update", target, S(""), err);
}

static enum err_code find_pair(struct work *w, const struct file_row *file, struct pair **ret,
                               struct err *err)
{
    struct pair *pair;
    enum err_code rc;

    for (pair = w->pairs; pair; pair = pair->next)
        if (pair->source.id == file->package_id) {
            *ret = pair;
            return OK;
        }
    pair = arena_new(w->mem, struct pair);
    if (!pair)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = package_find_by_id(w->tx, w->mem, file->package_id, &pair->source, err)))
        return rc;
    if (!view_shows(&w->view, pair->source.access, pair->source.id))
        return fail(err, ERR_COLLISION, "a package was hidden while it was copied");
    rc = package_find(w->tx, w->mem, w->to.login, pair->source.name, &pair->target, err);
    if (rc == ERR_NOT_FOUND)
        rc = make_package(w, pair, err);
    else if (!rc && w->in->mode != COPY_STRICT)
        rc = merge_package(w, pair, err);
    if (rc)
        return rc;
    pair->next = w->pairs;
    w->pairs = *ret = pair;
    return OK;
}

static enum err_code merge_release(struct work *w, const struct package_row *package,
                                   const struct release_row *source, struct release_row *target,
                                   struct err *err)
{
    struct str attrs;
    enum err_code rc = merge(w, source->attrs, target->attrs, &attrs, err);

    if (rc || str_eq(attrs, target->attrs))
        return rc;
    if ((rc = release_update(w->tx, target->id, attrs, err)))
        return rc;
    return record(w, "release.update", package, target->version, err);
}

static enum err_code find_release(struct work *w, const struct pair *pair,
                                  const struct file_row *file, struct release_row *ret,
                                  struct err *err)
{
    struct release_row source;
    struct release_pair *known;
    enum err_code rc;

    for (known = w->releases; known; known = known->next)
        if (known->source_id == file->release_id) {
            *ret = known->target;
            return OK;
        }
    known = arena_new(w->mem, struct release_pair);
    if (!known)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = release_find(w->tx, w->mem, file->package_id, file->version, &source, err)))
        return rc;
    rc = release_find(w->tx, w->mem, pair->target.id, file->version, ret, err);
    if (rc == ERR_NOT_FOUND)
        rc = release_add(w->tx, w->mem, w->actor, &pair->target, source.version, source.attrs, ret,
                         err);
    else if (!rc && w->in->mode != COPY_STRICT)
        rc = merge_release(w, &pair->target, &source, ret, err);
    if (rc)
        return rc;
    *known = (struct release_pair){w->releases, file->release_id, *ret};
    w->releases = known;
    return OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A file on its way, with its long texts in memory of its own. */
struct passage {
    struct arena *scratch;
    const struct file_row *listed; /* without them; lies in the work's memory */
    struct file_row source;
    struct pair *pair;
    struct release_row release; /* of the target */
};

static enum err_code add_done(struct work *w, const struct file_row *listed,
                              enum copy_result result, struct err *err)
{
    struct item *item = arena_new(w->mem, struct item);

    if (!item)
        return fail(err, ERR_NOMEM, "out of memory");
    *item = (struct item){w->done, {listed->package, listed->version, listed->basename, result}};
    w->done = item;
    w->count++;
    return OK;
}

static struct str name_of(struct arena *mem, struct str owner, const struct file_row *file)
{
    return choice_name(mem, owner, &(struct choice){file->package, file->version, file->basename});
}

/* Gives a file of the target the label. */
static enum err_code add_label(struct work *w, const struct file_row *file, bool *ret_new,
                               struct err *err)
{
    const struct file_set this_one = {OF_FILE, file->id};
    int64_t changes = 0;
    enum err_code rc = label_attach_set(w->tx, &this_one, w->label.id, &changes, err);

    *ret_new = changes > 0;
    if (rc || !changes)
        return rc;
    if ((rc = label_widen_one(w->tx, w->label.id, file->access, err)))
        return rc;
    return touched_add(w->touched, w->label.name, file->subdir, err);
}

/* The same bytes are there: all that can be new is the label. */
static enum err_code label_there(struct work *w, const struct file_row *there,
                                 const struct file_row *listed, struct err *err)
{
    bool is_new = false;
    enum err_code rc = add_label(w, there, &is_new, err);

    if (!rc && is_new)
        rc = audit_add_of(w->tx, w->actor, w->to.id, "label.add",
                          name_of(w->mem, w->to.login, there),
                          str_fmt(w->mem, STR_FMT ": 1 file", STR_ARG(w->label.name)), err);
    return rc ? rc : add_done(w, listed, is_new ? COPY_LABELLED : COPY_KEPT, err);
}

static enum err_code insert(struct work *w, const struct passage *p,
                            const struct label_list *labels, struct err *err)
{
    const struct file_row *source = &p->source;
    struct file_row row = *source;
    bool is_new;
    struct str detail = source->access == ACCESS_PUBLIC
                            ? str_fmt(p->scratch, "from " STR_FMT,
                                      STR_ARG(name_of(p->scratch, w->from.login, source)))
                            : S("from a package that is not public");
    enum err_code rc;

    row.account_id = w->to.id;
    row.package_id = p->pair->target.id;
    row.release_id = p->release.id;
    row.access = p->pair->target.access;
    row.uploader_id = w->actor->account_id;
    if ((rc = file_insert(w->tx, &row, &row.id, err)))
        return rc;
    for (size_t i = 0; !rc && i < labels->count; i++)
        rc = label_attach(w->tx, row.id, labels->rows[i].id, row.access, err);
    if (rc || (rc = add_label(w, &row, &is_new, err)) ||
        (rc = touched_file(w->touched, w->tx, &row, err)))
        return rc;
    return audit_add_of(w->tx, w->actor, w->to.id, "file.copy",
                        name_of(p->scratch, w->to.login, source), detail, err);
}

/* The labels that it has stay, with the new bytes. */
static enum err_code replace(struct work *w, const struct passage *p, const struct file_row *there,
                             struct err *err)
{
    struct label_list labels;
    enum err_code rc;

    if ((rc = label_list_by_file(w->tx, p->scratch, there->id, &labels, err)) ||
        (rc = file_drop(w->tx, w->mem, w->actor, there, w->touched, err)) ||
        (rc = digest_list_add(w->mem, &w->dropped, there->sha256, err)) ||
        (rc = insert(w, p, &labels, err)))
        return rc;
    return add_done(w, p->listed, COPY_REPLACED, err);
}

/* A file of this name is there, in its index or in its release. */
static enum err_code settle(struct work *w, const struct passage *p, const struct file_row *there,
                            struct err *err)
{
    bool same_place = there->release_id == p->release.id && str_eq(there->type, p->source.type);

    if (same_place && str_eq(there->sha256, p->source.sha256))
        return label_there(w, there, p->listed, err);
    if (same_place && w->in->mode == COPY_REPLACE)
        return replace(w, p, there, err);
    if (same_place && w->in->mode == COPY_UPDATE)
        return add_done(w, p->listed, COPY_SKIPPED, err);
    return fail(err, ERR_CONFLICT,
                "the file \"" STR_FMT "\" exists already, with other content; nothing was copied",
                STR_ARG(name_of(p->scratch, w->to.login, there)));
}

static enum err_code check_name(struct work *w, const struct file_name *name,
                                const struct file_row *source, struct err *err)
{
    bool retired = false;
    enum err_code rc = OK;

    if (!w->app->config->reuse_removed_names)
        rc = file_name_retired(w->tx, name, &retired, err);
    if (rc || !retired)
        return rc;
    return fail(err, ERR_CONFLICT,
                "the file name \"" STR_FMT "\" was used by a removed file and stays reserved",
                STR_ARG(source->basename));
}

static enum err_code put(struct work *w, const struct passage *p, struct err *err)
{
    const struct file_name name = {w->to.id, p->source.type, p->source.name_key};
    const struct label_list none = {0};
    struct file_row there;
    enum err_code rc = file_find(w->tx, p->scratch, &name, &there, err);

    if (rc == ERR_NOT_FOUND)
        rc =
            file_find_in_release(w->tx, p->scratch, p->release.id, p->source.basename, &there, err);
    if (!rc)
        return settle(w, p, &there, err);
    if (rc != ERR_NOT_FOUND || (rc = check_name(w, &name, &p->source, err)) ||
        (rc = insert(w, p, &none, err)))
        return rc;
    return add_done(w, p->listed, COPY_MADE, err);
}

/* The whole row of the source, once its bytes are held: they are there for as long as a row names
 * them, and this one may have gone since it was listed. */
static enum err_code hold_source(struct work *w, struct passage *p, struct err *err)
{
    enum err_code rc = file_hold_blob(w->tx, p->listed->sha256, err);

    if (rc)
        return rc;
    rc = file_find_by_id(w->tx, p->scratch, p->listed->id, &p->source, err);
    if (rc == ERR_NOT_FOUND)
        return fail(err, ERR_COLLISION, "a file was removed while it was copied");
    return rc;
}

static enum err_code copy_to_other(struct work *w, const struct file_row *listed, struct err *err)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(LIMIT_REQUEST_MEMORY);
    struct passage p = {.scratch = scratch, .listed = listed};
    enum err_code rc;

    if (!scratch)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = hold_source(w, &p, err)) || (rc = find_pair(w, &p.source, &p.pair, err)) ||
        (rc = find_release(w, p.pair, &p.source, &p.release, err)))
        return rc;
    return put(w, &p, err);
}

static enum err_code copy_choice(struct work *w, const struct choice *c, const struct file_set *set,
                                 struct err *err)
{
    struct file_list files = {0};
    enum err_code rc = OK;

    if (w->source_label.id)
        rc = file_list_labelled(w->tx, w->mem, set, w->source_label.id, &files, err);
    if (!rc && !files.count && c->basename.len)
        return fail(err, ERR_NOT_FOUND,
                    "the file \"" STR_FMT "\" does not have the label \"" STR_FMT "\"",
                    STR_ARG(choice_name(w->mem, w->from.login, c)), STR_ARG(w->source_label.name));
    for (size_t i = 0; !rc && i < files.count; i++)
        rc = w->from.id == w->to.id ? label_there(w, &files.rows[i], &files.rows[i], err)
                                    : copy_to_other(w, &files.rows[i], err);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum err_code take_list(struct work *w, struct copied_list *ret, struct err *err)
{
    struct copied *rows = arena_array(w->mem, struct copied, w->count + 1);
    size_t i = w->count;

    if (!rows)
        return fail(err, ERR_NOMEM, "out of memory");
    for (const struct item *item = w->done; item; item = item->next)
        rows[--i] = item->copied;
    *ret = (struct copied_list){rows, w->count};
    return OK;
}

static bool changed_anything(const struct work *w)
{
    for (const struct item *item = w->done; item; item = item->next)
        if (item->copied.result != COPY_KEPT && item->copied.result != COPY_SKIPPED)
            return true;
    return w->in->mode != COPY_STRICT && w->pairs;
}

static enum err_code refresh(struct work *w, struct err *err)
{
    enum err_code rc = OK;

    for (struct pair *pair = w->pairs; !rc && pair; pair = pair->next)
        rc = package_refresh(w->tx, w->mem, pair->target.id, &pair->target, err);
    return rc ? rc : touched_update(w->touched, w->app, w->tx, err);
}

static enum err_code open_work(struct work *w, struct str to_owner, struct tx **tx,
                               struct file_set **ret_sets, struct choice_errors *ret_errors,
                               struct err *err)
{
    enum err_code rc;

    if ((rc = tx_begin_part(w->app->db, to_owner, tx, err)))
        return rc;
    w->tx = *tx;
    if ((rc = account_require(w->tx, w->mem, w->in->files.owner, &w->from, err)) ||
        (rc = find_source(w, ret_sets, ret_errors, err)) ||
        (rc = account_require(w->tx, w->mem, to_owner, &w->to, err)) ||
        (rc = label_open(w->tx, w->mem, w->actor, w->to.id, w->in->to_label, &w->label, err)))
        return rc;
    w->touched = touched_open(w->mem, w->to.id, w->to.login);
    return w->touched ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code copy_files(struct app *app, struct arena *mem, const struct actor *actor,
                         const struct copy_request *in, struct copied_list *ret,
                         struct choice_errors *ret_errors, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct work w = {.app = app, .mem = mem, .actor = actor, .in = in};
    struct str to_owner = str_lower(mem, in->to_owner.len ? in->to_owner : actor->login);
    struct file_set *sets = NULL;
    struct copied_list list;
    struct err first = {0};
    enum err_code rc;

    if (!to_owner.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = check_target(app, mem, actor, in, to_owner, ret_errors, err)) ||
        (rc = open_work(&w, to_owner, &tx, &sets, ret_errors, err)))
        return rc;
    for (size_t i = 0; i < in->files.count; i++) {
        struct err e = {0};

        if (copy_choice(&w, &in->files.items[i], &sets[i], &e) &&
            !choice_errors_add(ret_errors, mem, i, &e, &first))
            break;
    }
    if (first.code)
        return choice_errors_end(&first, err);
    if ((rc = take_list(&w, &list, err)))
        return rc;
    if (changed_anything(&w) && ((rc = refresh(&w, err)) || (rc = tx_commit(&tx, err))))
        return rc;
    /* What was replaced is gone, whether or not its space comes back now. */
    (void)!gc_blobs(app, w.dropped.items, w.dropped.count, NULL);
    *ret = list;
    return OK;
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
