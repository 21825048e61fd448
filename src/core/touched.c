#include "core/touched.h"

#include "base/clock.h"
#include "index/index.h"
#include "store/label.h"
#include "store/package.h"

/* A subdir of a channel, and what changed in it. */
struct touched_subdir {
    struct touched_subdir *next;
    struct str label, subdir;
    bool all;
    struct index_change *changes;
    size_t count;
};
struct touched {
    struct arena *mem;
    int64_t account_id;
    struct str owner;
    struct touched_subdir *head;
};

struct touched *touched_open(struct arena *mem, int64_t account_id, struct str owner)
{
    struct touched *t = arena_new(mem, struct touched);

    if (t)
        *t = (struct touched){.mem = mem, .account_id = account_id, .owner = owner};
    return t;
}

/* NULL: no memory. */
static struct touched_subdir *find(struct touched *t, struct str label, struct str subdir)
{
    struct touched_subdir *s;

    for (s = t->head; s; s = s->next)
        if (str_eq(s->label, label) && str_eq(s->subdir, subdir))
            return s;
    s = arena_new(t->mem, struct touched_subdir);
    if (!s)
        return NULL;
    *s = (struct touched_subdir){
        .next = t->head, .label = str_dup(t->mem, label), .subdir = str_dup(t->mem, subdir)};
    if (!s->label.ptr || !s->subdir.ptr)
        return NULL;
    t->head = s;
    return s;
}

enum err_code touched_subdir(struct touched *t, struct str label, struct str subdir,
                             struct err *err)
{
    struct touched_subdir *s = subdir.len ? find(t, label, subdir) : NULL;

    if (!subdir.len)
        return OK;
    if (!s)
        return fail(err, ERR_NOMEM, "out of memory");
    s->all = true;
    return OK;
}

enum err_code touched_add(struct touched *t, struct str label, const struct file_row *file,
                          struct err *err)
{
    struct touched_subdir *s;
    struct index_change *changes, change;

    if (!file->subdir.len)
        return OK;
    s = find(t, label, file->subdir);
    changes = s ? arena_room(t->mem, s->changes, s->count, sizeof *changes) : NULL;
    if (!changes)
        return fail(err, ERR_NOMEM, "out of memory");
    s->changes = changes;
    change = (struct index_change){str_dup(t->mem, file->package), str_dup(t->mem, file->filename)};
    if (!change.package.ptr || !change.filename.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    changes[s->count++] = change;
    return OK;
}

enum err_code touched_file(struct touched *t, struct tx *tx, const struct file_row *file,
                           struct err *err)
{
    struct file_row named = *file;
    struct package_row package;
    struct label_list labels;
    enum err_code rc;

    if (!file->subdir.len)
        return OK;
    /* A row that was just inserted does not say its package's name, or not in the same letters. */
    if ((rc = package_find_by_id(tx, t->mem, file->package_id, &package, err)) ||
        (rc = label_list_by_file(tx, t->mem, file->id, &labels, err)))
        return rc;
    named.package = package.name;
    for (size_t i = 0; !rc && i < labels.count; i++)
        rc = touched_add(t, labels.rows[i].name, &named, err);
    return rc;
}

enum err_code touched_update(struct touched *t, struct app *app, struct tx *tx, struct err *err)
{
    enum err_code rc = OK;

    for (const struct touched_subdir *s = t->head; !rc && s; s = s->next) {
        struct channel ch = {t->account_id, t->owner, s->label};

        rc = index_update(tx, app->blobs, &ch, s->subdir, s->all ? NULL : s->changes, s->count,
                          clock_now_ms(), err);
    }
    return rc;
}
