#include "core/touched.h"

#include <stdlib.h>

#include "base/clock.h"
#include "index/index.h"
#include "store/generation.h"
#include "store/label.h"
#include "store/package.h"

/* Files of a subdir that a generation names; of more it says that all may have changed. */
#define CHANGES_MAX 200

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
    struct str owner, actor;
    struct touched_subdir *head;
};

struct touched *touched_open(struct arena *mem, int64_t account_id, struct str owner,
                             struct str actor)
{
    struct touched *t = arena_new(mem, struct touched);

    if (t)
        *t = (struct touched){.mem = mem, .account_id = account_id, .owner = owner, .actor = actor};
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

static int by_filename(const void *a, const void *b)
{
    const struct index_change *x = a, *y = b;

    return str_cmp(x->filename, y->filename);
}

/* Leaves each file once, sorted. */
static void sort_changes(struct touched_subdir *s)
{
    size_t n = 0;

    if (s->count)
        qsort(s->changes, s->count, sizeof *s->changes, by_filename);
    for (size_t i = 0; i < s->count; i++)
        if (!n || !str_eq(s->changes[i].filename, s->changes[n - 1].filename))
            s->changes[n++] = s->changes[i];
    s->count = n;
}

/* What changed in a subdir, for people: each file once, and no more than so many. */
static enum err_code record_subdir(struct tx *tx, const struct touched *t, struct touched_subdir *s,
                                   int64_t number, struct err *err)
{
    enum err_code rc = OK;
    bool all;

    sort_changes(s);
    all = s->all || s->count > CHANGES_MAX;
    for (size_t i = 0; !rc && i < (all ? 1 : s->count); i++) {
        const struct generation_change change = {number, s->label, s->subdir,
                                                 all ? S("") : s->changes[i].package,
                                                 all ? S("") : s->changes[i].filename};

        rc = generation_add_change(tx, t->account_id, &change, err);
    }
    return rc;
}

/* Says of the generation who made it and what it changed, if there is one. */
static enum err_code record(struct tx *tx, const struct touched *t, int64_t number, struct err *err)
{
    struct generation_row row;
    enum err_code rc = generation_find(tx, t->mem, t->account_id, number, &row, err);

    if (rc)
        return rc == ERR_NOT_FOUND ? OK : rc;
    rc = generation_set_actor(tx, t->account_id, number, t->actor, err);
    for (struct touched_subdir *s = t->head; !rc && s; s = s->next)
        rc = record_subdir(tx, t, s, number, err);
    return rc;
}

enum err_code touched_update(struct touched *t, struct app *app, struct tx *tx, struct err *err)
{
    int64_t number = 0;
    enum err_code rc = t->head ? generation_newest(tx, t->account_id, &number, err) : OK;

    number++;
    for (const struct touched_subdir *s = t->head; !rc && s; s = s->next) {
        struct channel ch = {t->account_id, t->owner, s->label, number};

        rc = index_update(tx, app->blobs, &ch, s->subdir, s->all ? NULL : s->changes, s->count,
                          clock_now_ms(), err);
    }
    return rc || !t->head ? rc : record(tx, t, number, err);
}

enum err_code touched_drop(struct tx *tx, const struct channel *ch, struct str actor,
                           struct err *err)
{
    struct channel dropped = *ch;
    struct generation_change change = {
        .label = ch->label, .subdir = S(""), .package = S(""), .filename = S("")};
    enum err_code rc = generation_newest(tx, ch->account_id, &change.number, err);

    dropped.generation = ++change.number;
    if (rc || (rc = index_drop(tx, &dropped, clock_now_ms(), err)) ||
        (rc = generation_set_actor(tx, ch->account_id, change.number, actor, err)))
        return rc;
    return generation_add_change(tx, ch->account_id, &change, err);
}

enum err_code touched_hide(struct tx *tx, int64_t account_id, struct str package, struct err *err)
{
    int64_t number = 0;
    enum err_code rc = generation_newest(tx, account_id, &number, err);

    return rc ? rc : generation_hide(tx, account_id, package, number + 1, err);
}

enum err_code touched_forget_former(struct tx *tx, int64_t account_id, struct str package,
                                    enum access_level access, struct err *err)
{
    enum err_code rc =
        index_doc_forget_former(tx, account_id, package, access, clock_now_ms(), err);

    return rc || access == ACCESS_PUBLIC ? rc : touched_hide(tx, account_id, package, err);
}
