#include "core/copy.h"

#include "base/limits.h"
#include "config.h"
#include "core/access.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/copy_package.h"
#include "core/gc.h"
#include "core/label.h"
#include "core/namesake.h"
#include "core/package.h"
#include "core/quota.h"
#include "core/trash.h"
#include "store/upload.h"

/* Each file copied so far, newest first. */
struct item {
    struct item *next;
    struct copied copied;
};

/* A project that files are added to (core/namesake). */
struct project {
    struct project *next;
    const struct kind *kind;
    struct str key;       /* the first part of the keys of its files */
    struct file_row file; /* one of them, as it is to be placed */
    struct namesakes namesakes;
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
    struct copy_target target;
    struct project *projects;
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

/* ---- projects -------------------------------------------------------------------------------- */

/* NULL: it is not known, or the file is of none. */
static struct project *find_project(const struct work *w, const struct file_row *file)
{
    struct str rest = file->name_key, key;
    struct project *p = str_cut(&rest, '/', &key) ? w->projects : NULL;

    while (p && !(str_eq(p->kind->name, file->type) && str_eq(p->key, key)))
        p = p->next;
    return p;
}

static enum err_code add_project(struct work *w, const struct kind *kind,
                                 const struct file_row *file, struct err *err)
{
    struct project *p = arena_new(w->mem, struct project);
    struct str name = str_dup(w->mem, file->name_key), rest = name, key;
    struct package_row package = {0};
    enum err_code rc = package_find(w->tx, w->mem, w->to.login, file->package, &package, err);

    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    if (!p || !name.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!str_cut(&rest, '/', &key))
        return OK;
    *p = (struct project){w->projects, kind, key,
                          .file = {.account_id = w->to.id,
                                   .package_id = package.id,
                                   .type = kind->name,
                                   .name_key = name}};
    w->projects = p;
    return OK;
}

static enum err_code list_projects(struct work *w, const struct file_set *set, struct err *err)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(LIMIT_REQUEST_MEMORY);
    struct file_list files = {0};
    enum err_code rc = scratch ? OK : fail(err, ERR_NOMEM, "out of memory");

    if (!rc && w->source_label.id)
        rc = file_list_labelled(w->tx, scratch, set, w->source_label.id, &files, err);
    for (size_t i = 0; !rc && i < files.count; i++) {
        const struct kind *kind = kind_find(files.rows[i].type);

        if (kind && kind->by_project && !find_project(w, &files.rows[i]))
            rc = add_project(w, kind, &files.rows[i], err);
    }
    return rc;
}

static enum err_code find_both(struct work *w, struct str to_owner, struct file_set **ret_sets,
                               struct choice_errors *ret_errors, struct err *err)
{
    enum err_code rc;

    if ((rc = account_require(w->tx, w->mem, w->in->files.owner, &w->from, err)) ||
        (rc = find_source(w, ret_sets, ret_errors, err)))
        return rc;
    return account_require(w->tx, w->mem, to_owner, &w->to, err);
}

/* Which projects will be written to, and may they be? Before the transaction of the copy: whoever
 * asks what somebody may do has one of his own. */
static enum err_code look_ahead(struct work *w, struct str to_owner,
                                struct choice_errors *ret_errors, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct file_set *sets = NULL;
    enum err_code rc = tx_begin(w->app->db, TX_READ, &tx, err);

    w->tx = tx;
    if (rc || (rc = find_both(w, to_owner, &sets, ret_errors, err)))
        return rc;
    for (size_t i = 0; !rc && i < w->in->files.count && w->from.id != w->to.id; i++)
        rc = list_projects(w, &sets[i], err);
    tx_endp(&tx);
    tx = w->tx = NULL;
    for (struct project *p = w->projects; !rc && p; p = p->next)
        rc = namesakes_check(w->app, w->mem, w->actor, p->kind, to_owner, &p->file, &p->namesakes,
                             err);
    return rc;
}

/* In the transaction of the copy. The target's package may have been made by then. */
static enum err_code check_project(struct work *w, const struct file_row *source,
                                   const struct package_row *target, struct err *err)
{
    const struct kind *kind = kind_find(source->type);
    const struct project *p = find_project(w, source);
    struct namesakes n;

    if (!kind || !kind->by_project)
        return OK;
    if (!p)
        return fail(err, ERR_COLLISION, "a file got the label while it was copied");
    n = p->namesakes;
    n.package_id = target->id;
    return namesakes_check_again(w->tx, w->mem, &n, err);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A file on its way, with its long texts in memory of its own. */
struct passage {
    struct arena *scratch;
    const struct file_row *listed; /* without them; lies in the work's memory */
    struct file_row source;
    struct copy_package *package;
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
    return touched_add(w->touched, w->label.name, file, err);
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
    row.package_id = p->package->target.id;
    row.package = p->package->target.name;
    row.release_id = p->release.id;
    row.access = p->package->target.access;
    row.uploader_id = w->actor->account_id;
    if ((rc = check_project(w, source, &p->package->target, err)) ||
        (rc = quota_check(w->app, w->tx, w->to.id, row.sha256, row.size, err)) ||
        (rc = file_insert(w->tx, &row, &row.id, err)))
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
        (rc = file_drop(w->app, w->tx, w->mem, w->actor, there, S("replaced by a copy"), w->touched,
                        err)) ||
        (!trash_keeps(w->app) && (rc = digest_list_add(w->mem, &w->dropped, there->sha256, err))) ||
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
                "the file \"" STR_FMT "\" exists already, %s; nothing was copied",
                STR_ARG(name_of(p->scratch, w->to.login, there)),
                same_place ? "with other content" : "in another package or release");
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
    if ((rc = hold_source(w, &p, err)) ||
        (rc = copy_package_find(&w->target, p.source.package_id, &p.package, err)) ||
        (rc = copy_release_find(&w->target, p.package, &p.source, &p.release, err)))
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
    return w->in->mode != COPY_STRICT && w->target.packages;
}

static enum err_code open_work(struct work *w, struct str to_owner, struct tx **tx,
                               struct file_set **ret_sets, struct choice_errors *ret_errors,
                               struct err *err)
{
    enum err_code rc;

    if ((rc = look_ahead(w, to_owner, ret_errors, err)) ||
        (rc = tx_begin_part(w->app->db, to_owner, tx, err)))
        return rc;
    w->tx = *tx;
    if ((rc = find_both(w, to_owner, ret_sets, ret_errors, err)) ||
        (rc = label_open(w->tx, w->mem, w->actor, w->to.id, w->in->to_label, &w->label, err)))
        return rc;
    w->target = (struct copy_target){.app = w->app,
                                     .tx = w->tx,
                                     .mem = w->mem,
                                     .actor = w->actor,
                                     .owner = &w->to,
                                     .view = &w->view,
                                     .mode = w->in->mode};
    w->touched = touched_open(w->mem, w->to.id, w->to.login, w->actor->login);
    return w->touched ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code finish(struct work *w, struct tx **tx, struct err *err)
{
    enum err_code rc;

    if ((rc = copy_package_refresh(&w->target, err)) ||
        (rc = touched_update(w->touched, w->app, w->tx, err)))
        return rc;
    return tx_commit(tx, err);
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
    if (changed_anything(&w) && (rc = finish(&w, &tx, err)))
        return rc;
    /* What was replaced is gone, whether or not its space comes back now. */
    (void)!gc_blobs(app, w.dropped.items, w.dropped.count, NULL);
    *ret = list;
    return OK;
}
