#include "core/rollback.h"

#include <stdlib.h>

#include "base/limits.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/label.h"
#include "core/moment.h"
#include "core/search_doc.h"
#include "core/touched.h"
#include "index/index.h"
#include "store/generation.h"
#include "store/label.h"

/* Names of files of a subdir that has a million. */
#define NAMES_MEMORY (512 * MIB)

struct work {
    struct app *app;
    struct tx *tx;
    struct arena *mem;
    const struct actor *actor;
    struct account_row account;
    struct label_row label;
    struct touched *touched;
    int64_t to, newest; /* generations */
    int64_t *packages;  /* that changed, each maybe several times */
    size_t package_count;
    struct rollback_report report;
};

static enum err_code no_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code note_package(struct work *w, int64_t id, struct err *err)
{
    int64_t *ids = arena_room(w->mem, w->packages, w->package_count, sizeof *ids);

    if (!ids)
        return no_memory(err);
    w->packages = ids;
    if (!w->package_count || ids[w->package_count - 1] != id)
        ids[w->package_count++] = id;
    return OK;
}

static enum err_code tell_missing(struct work *w, struct str key, struct err *err)
{
    struct name_list *l = &w->report.missing;
    struct str *names = arena_room(w->mem, l->names, l->count, sizeof *names);

    if (!names)
        return no_memory(err);
    l->names = names;
    names[l->count] = str_dup(w->mem, key);
    return names[l->count++].ptr ? OK : no_memory(err);
}

/* Gives the file the label, or takes it. */
static enum err_code change_file(struct work *w, struct arena *scratch, struct str subdir,
                                 struct str filename, bool gains, struct err *err)
{
    const struct file_name name = {
        w->account.id, S("conda"),
        str_fmt(scratch, STR_FMT "/" STR_FMT, STR_ARG(subdir), STR_ARG(filename))};
    struct file_set this_one = {OF_FILE, 0};
    struct file_row file;
    int64_t changes = 0;
    enum err_code rc;

    if (!name.key.ptr)
        return no_memory(err);
    rc = file_find(w->tx, scratch, &name, &file, err);
    if (rc == ERR_NOT_FOUND && gains)
        return tell_missing(w, name.key, err);
    if (rc)
        return rc;
    this_one.id = file.id;
    rc = gains ? label_attach_set(w->tx, &this_one, w->label.id, &changes, err)
               : label_detach_set(w->tx, &this_one, w->label.id, &changes, err);
    if (rc || !changes)
        return rc;
    *(gains ? &w->report.gained : &w->report.lost) += 1;
    if ((gains && (rc = label_widen_one(w->tx, w->label.id, file.access, err))) ||
        (rc = note_package(w, file.package_id, err)))
        return rc;
    return touched_add(w->touched, w->label.name, &file, err);
}

/* Both lists are sorted: what only one of them has, changes. */
static enum err_code change_subdir(struct work *w, struct str subdir, struct err *err)
{
    AUTO(arena_closep) struct arena *names = arena_open(NAMES_MEMORY);
    const struct channel ch = {w->account.id, w->account.login, w->label.name, 0};
    struct name_list then = {0}, now = {0};
    size_t i = 0, k = 0;
    enum err_code rc;

    if (!names)
        return no_memory(err);
    if ((rc = index_files_at(w->tx, w->app->blobs, names, &ch, subdir, w->to, &then, err)) ||
        (rc = index_files_at(w->tx, w->app->blobs, names, &ch, subdir, w->newest, &now, err)))
        return rc;
    while (!rc && (i < then.count || k < now.count)) {
        AUTO(arena_closep) struct arena *scratch = NULL;
        int order = i == then.count  ? 1
                    : k == now.count ? -1
                                     : str_cmp(then.names[i], now.names[k]);

        if (order) {
            scratch = arena_open(LIMIT_REQUEST_MEMORY);
            rc = scratch ? change_file(w, scratch, subdir, order < 0 ? then.names[i] : now.names[k],
                                       order < 0, err)
                         : no_memory(err);
        }
        i += order <= 0;
        k += order >= 0;
    }
    return rc;
}

static enum err_code change_all(struct work *w, struct err *err)
{
    const struct channel ch = {w->account.id, w->account.login, w->label.name, 0};
    struct name_list subdirs = {0};
    enum err_code rc = index_subdirs(w->tx, w->mem, &ch, &subdirs, err);

    for (size_t i = 0; !rc && i < subdirs.count; i++)
        rc = change_subdir(w, subdirs.names[i], err);
    return rc;
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Packages are found by their labels, too. */
static enum err_code refresh_packages(struct work *w, struct err *err)
{
    enum err_code rc = OK;

    if (w->package_count)
        qsort(w->packages, w->package_count, sizeof *w->packages, by_number);
    for (size_t i = 0; !rc && i < w->package_count; i++) {
        AUTO(arena_closep) struct arena *scratch = NULL;

        if (i && w->packages[i] == w->packages[i - 1])
            continue;
        scratch = arena_open(LIMIT_REQUEST_MEMORY);
        rc = scratch ? search_refresh(w->tx, scratch, w->packages[i], err) : no_memory(err);
    }
    return rc;
}

static enum err_code begin(struct work *w, struct str owner, struct str label, struct str to,
                           struct err *err)
{
    enum err_code rc;

    if ((rc = account_require(w->tx, w->mem, owner, &w->account, err)) ||
        (rc = label_require(w->tx, w->mem, &w->account, label, NULL, &w->label, err)) ||
        (rc = label_open(w->tx, w->mem, w->actor, w->account.id, w->label.name, &w->label, err)) ||
        (rc = moment_find(w->tx, w->mem, w->account.id, to, &w->to, err)) ||
        (rc = generation_newest(w->tx, w->account.id, &w->newest, err)))
        return rc;
    w->touched = touched_open(w->mem, w->account.id, w->account.login, w->actor->login);
    return w->touched ? OK : no_memory(err);
}

static enum err_code record(struct work *w, struct err *err)
{
    struct str object = str_fmt(w->mem, STR_FMT "/label/" STR_FMT, STR_ARG(w->account.login),
                                STR_ARG(w->label.name)),
               detail =
                   str_fmt(w->mem, "to gen-%lld: %lld files again, %lld no more", (long long)w->to,
                           (long long)w->report.gained, (long long)w->report.lost);

    if (!object.ptr || !detail.ptr)
        return no_memory(err);
    return audit_add_of(w->tx, w->actor, w->account.id, "channel.rollback", object, detail, err);
}

enum err_code rollback_label(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str label, struct str to,
                             struct rollback_report *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct work w = {.app = app, .mem = mem, .actor = actor};
    enum err_code rc = tx_begin_part(app->db, owner, &tx, err);
    bool changed;

    w.tx = tx;
    if (rc || (rc = begin(&w, owner, label, to, err)) || (rc = change_all(&w, err)))
        return rc;
    changed = w.report.gained || w.report.lost;
    if (changed) {
        if ((rc = touched_update(w.touched, app, tx, err)) || (rc = refresh_packages(&w, err)) ||
            (rc = record(&w, err)) ||
            (rc = generation_newest(tx, w.account.id, &w.report.generation, err)))
            return rc;
    }
    *ret = w.report;
    return changed ? tx_commit(&tx, err) : OK;
}
