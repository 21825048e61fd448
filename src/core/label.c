#include "core/label.h"

#include "base/clock.h"
#include "base/limits.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/limit.h"
#include "core/package.h"
#include "core/search_doc.h"
#include "format/conda_name.h"
#include "index/index.h"

enum { COUNT_TEXT = 48 };

/* ---- looking up ---- */

static enum err_code missing(const struct account_row *owner, struct str name, struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "\"" STR_FMT "\" has no label \"" STR_FMT "\"",
                STR_ARG(owner->login), STR_ARG(name));
}

static enum err_code fold(struct arena *mem, struct str name, struct str *ret, struct err *err)
{
    *ret = str_lower(mem, name);
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code label_require(struct tx *tx, struct arena *mem, const struct account_row *owner,
                            struct str name, const struct view *view, struct label_row *ret,
                            struct err *err)
{
    struct label_row row;
    bool shown = !view;
    enum err_code rc = fold(mem, name, &name, err);

    if (rc)
        return rc;
    rc = label_find(tx, mem, owner->id, name, &row, err);
    if (!rc && view)
        rc = label_shown(tx, &row, view, &shown, err);
    if (rc == ERR_NOT_FOUND || (!rc && !shown))
        return missing(owner, name, err);
    if (!rc)
        *ret = row;
    return rc;
}

/* ---- locks ---- */

static enum err_code refuse_locked(const struct label_row *label, struct err *err)
{
    return fail(err, ERR_DENIED,
                "the label \"" STR_FMT "\" is locked: what carries it cannot change before it is "
                "unlocked",
                STR_ARG(label->name));
}

enum err_code label_check_removal(struct tx *tx, struct arena *mem, const struct file_set *files,
                                  struct err *err)
{
    struct label_row label;
    enum err_code rc = label_find_locked(tx, mem, files, &label, err);

    if (rc == ERR_NOT_FOUND)
        return OK;
    return rc ? rc : refuse_locked(&label, err);
}

enum err_code label_check_gain(struct tx *tx, struct arena *mem, int64_t account_id,
                               struct str name, int64_t file_id, struct err *err)
{
    struct label_row label;
    struct label_list has = {0};
    enum err_code rc = label_find(tx, mem, account_id, name, &label, err);

    if (rc || !label.locked)
        return rc == ERR_NOT_FOUND ? OK : rc;
    rc = file_id ? label_list_by_file(tx, mem, file_id, &has, err) : OK;
    for (size_t i = 0; !rc && i < has.count; i++)
        if (has.rows[i].id == label.id)
            return OK;
    return rc ? rc : refuse_locked(&label, err);
}

enum err_code label_open(struct tx *tx, struct arena *mem, const struct actor *actor,
                         int64_t account_id, struct str name, struct label_row *ret,
                         struct err *err)
{
    struct label_row row;
    int64_t id;
    enum err_code rc;

    if ((rc = fold(mem, name, &name, err)) || (rc = conda_check_label(name, err)) ||
        (rc = limit_check_label(actor, name, err)) ||
        (rc = label_ensure(tx, account_id, name, &id, err)) ||
        (rc = label_find(tx, mem, account_id, name, &row, err)))
        return rc;
    if (row.locked)
        return refuse_locked(&row, err);
    *ret = row;
    return OK;
}

/* A label that is to lose files. */
static enum err_code open_to_take(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  const struct account_row *owner, struct str name,
                                  struct label_row *ret, struct err *err)
{
    enum err_code rc = label_require(tx, mem, owner, name, NULL, ret, err);

    if (rc || (rc = limit_check_label(actor, ret->name, err)))
        return rc;
    return ret->locked ? refuse_locked(ret, err) : OK;
}

/* ---- whole labels ---- */

/* "acme/label/dev", as in the address of its channel. */
static struct str object_of(struct arena *mem, const struct account_row *owner, struct str name)
{
    return str_fmt(mem, STR_FMT "/label/" STR_FMT, STR_ARG(owner->login), STR_ARG(name));
}

static struct str files_text(int64_t count, char out[COUNT_TEXT])
{
    (void)snprintf(out, COUNT_TEXT, "%lld file%s", (long long)count, count == 1 ? "" : "s");
    return str_of(out);
}

enum err_code label_create(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str name, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct label_row label;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = account_require(tx, mem, owner, &account, err)) || (rc = fold(mem, name, &name, err)))
        return rc;
    rc = label_find(tx, mem, account.id, name, &label, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    if ((rc = label_open(tx, mem, actor, account.id, name, &label, err)) ||
        (rc = audit_add_of(tx, actor, account.id, "label.create", object_of(mem, &account, name),
                           S(""), err)))
        return rc;
    return tx_commit(&tx, err);
}

/* A change under way. */
struct work {
    struct app *app;
    struct tx *tx;
    struct arena *mem;
    const struct actor *actor;
    struct account_row account;
    struct touched *touched;
    struct holders *holders; /* packages whose labels change */
};

struct holders {
    struct holders *next;
    struct label_holders of;
};

static enum err_code note_holders(struct work *w, const struct file_set *files, int64_t label_id,
                                  struct err *err)
{
    struct holders *h = arena_new(w->mem, struct holders);
    enum err_code rc = h ? label_holders(w->tx, w->mem, files, label_id, &h->of, err)
                         : fail(err, ERR_NOMEM, "out of memory");

    if (rc)
        return rc;
    h->next = w->holders;
    w->holders = h;
    return OK;
}

/* Packages are found by their labels, too. */
static enum err_code refresh_holders(struct work *w, struct err *err)
{
    enum err_code rc = OK;

    for (const struct holders *h = w->holders; h; h = h->next)
        for (size_t i = 0; !rc && i < h->of.count; i++) {
            AUTO(arena_closep) struct arena *scratch = arena_open(LIMIT_REQUEST_MEMORY);

            rc = scratch ? search_refresh(w->tx, scratch, h->of.packages[i], err)
                         : fail(err, ERR_NOMEM, "out of memory");
        }
    return rc;
}

enum err_code label_remove(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str name, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct label_row label;
    struct channel ch;
    struct file_set all;
    struct work w = {.app = app, .mem = mem, .actor = actor};
    char text[COUNT_TEXT];
    int64_t files = 0;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = account_require(tx, mem, owner, &account, err)) ||
        (rc = open_to_take(tx, mem, actor, &account, name, &label, err)))
        return rc;
    w.tx = tx;
    all = (struct file_set){OF_ACCOUNT, account.id};
    if (str_eq(label.name, S("main")))
        return fail(err, ERR_CONFLICT,
                    "the label \"main\" is always there; name the packages that it is to be taken "
                    "from");
    ch = (struct channel){account.id, account.login, label.name, 0};
    if ((rc = note_holders(&w, &all, label.id, err)) ||
        (rc = label_detach_set(tx, &all, label.id, &files, err)) ||
        (rc = touched_drop(tx, &ch, actor->login, err)) || (rc = label_delete(tx, label.id, err)) ||
        (rc = refresh_holders(&w, err)) ||
        (rc = audit_add_of(tx, actor, account.id, "label.delete",
                           object_of(mem, &account, label.name), files_text(files, text), err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code label_lock(struct app *app, struct arena *mem, const struct actor *actor,
                         struct str owner, struct str name, bool locked, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row account;
    struct label_row label;
    int64_t id;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = account_require(tx, mem, owner, &account, err)) ||
        (rc = label_require(tx, mem, &account, name, NULL, &label, err)))
        return rc;
    if (label.locked == locked)
        return OK;
    if ((rc = label_ensure(tx, account.id, label.name, &id, err)) ||
        (rc = label_set_locked(tx, id, locked, err)) ||
        (rc = audit_add_of(tx, actor, account.id, locked ? "label.lock" : "label.unlock",
                           object_of(mem, &account, label.name), S(""), err)))
        return rc;
    return tx_commit(&tx, err);
}

/* ---- what files get and lose ---- */

static enum err_code begin(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct tx **tx, struct work *ret, struct err *err)
{
    enum err_code rc;

    *ret = (struct work){.app = app, .mem = mem, .actor = actor};
    if ((rc = tx_begin_part(app->db, owner, tx, err)) ||
        (rc = account_require(*tx, mem, owner, &ret->account, err)))
        return rc;
    ret->tx = *tx;
    ret->touched = touched_open(mem, ret->account.id, ret->account.login, actor->login);
    return ret->touched ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* Notes those of the set that carry `where`, file by file unless it is the whole account. */
static enum err_code touch_files(struct work *w, const struct file_set *files, int64_t where,
                                 const struct label_places *places, struct str label,
                                 struct err *err)
{
    struct file_list list = {0};
    enum err_code rc = OK;

    if (files->level == OF_ACCOUNT)
        for (size_t i = 0; !rc && i < places->count; i++)
            rc = touched_subdir(w->touched, label, places->rows[i].subdir, err);
    else
        rc = file_list_labelled(w->tx, w->mem, files, where, &list, err);
    for (size_t i = 0; !rc && i < list.count; i++)
        rc = touched_add(w->touched, label, &list.rows[i], err);
    return rc;
}

/* Those of the set that carry `where` came to carry the label, or are about to lose it. */
static enum err_code touch(struct work *w, const struct file_set *files, int64_t where,
                           struct str label, enum access_level *ret_widest, struct err *err)
{
    struct label_places places;
    enum err_code rc = label_places(w->tx, w->mem, files, where, &places, err);

    if (!rc)
        rc = note_holders(w, files, where, err);
    *ret_widest = ACCESS_PRIVATE;
    for (size_t i = 0; !rc && i < places.count; i++)
        if (places.rows[i].access < *ret_widest)
            *ret_widest = places.rows[i].access;
    return rc ? rc : touch_files(w, files, where, &places, label, err);
}

static enum err_code add_to(struct work *w, const struct file_set *files,
                            const struct label_row *label, int64_t *ret_count, struct err *err)
{
    enum access_level widest;
    enum err_code rc = label_attach_set(w->tx, files, label->id, ret_count, err);

    if (rc || !*ret_count)
        return rc;
    rc = touch(w, files, label->id, label->name, &widest, err);
    return rc ? rc : label_widen_one(w->tx, label->id, widest, err);
}

static enum err_code take_from(struct work *w, const struct file_set *files,
                               const struct label_row *label, int64_t *ret_count, struct err *err)
{
    enum access_level widest;
    enum err_code rc = touch(w, files, label->id, label->name, &widest, err);

    return rc ? rc : label_detach_set(w->tx, files, label->id, ret_count, err);
}

enum err_code label_copy(struct app *app, struct arena *mem, const struct actor *actor,
                         struct str owner, struct str from, struct str to, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct work w;
    struct label_row source, target, before;
    enum access_level widest;
    char text[COUNT_TEXT];
    int64_t count = 0;
    bool is_new;
    enum err_code rc;

    if ((rc = begin(app, mem, actor, owner, &tx, &w, err)) ||
        (rc = label_require(tx, mem, &w.account, from, NULL, &source, err)) ||
        (rc = fold(mem, to, &to, err)))
        return rc;
    rc = label_find(tx, mem, w.account.id, to, &before, err);
    is_new = rc == ERR_NOT_FOUND;
    if ((rc && !is_new) || (rc = label_open(tx, mem, actor, w.account.id, to, &target, err)) ||
        (rc = label_attach_copy(tx, source.id, target.id, &count, err)))
        return rc;
    if (!count && !is_new)
        return OK;
    if ((rc = touch(&w, &(struct file_set){OF_ACCOUNT, w.account.id}, source.id, target.name,
                    &widest, err)) ||
        (count && (rc = label_widen_one(tx, target.id, widest, err))) ||
        (rc = touched_update(w.touched, app, tx, err)) || (rc = refresh_holders(&w, err)) ||
        (rc = audit_add_of(tx, actor, w.account.id, "label.copy",
                           object_of(mem, &w.account, source.name),
                           str_fmt(mem, "to " STR_FMT ": " STR_FMT, STR_ARG(target.name),
                                   STR_ARG(files_text(count, text))),
                           err)))
        return rc;
    return tx_commit(&tx, err);
}

/* ---- choices ---- */

/* The labels of a request, looked up. */
struct opened {
    struct label_row *add, *remove;
};

static enum err_code open_labels(struct work *w, const struct label_change *in, struct opened *ret,
                                 struct err *err)
{
    enum err_code rc = OK;

    ret->add = arena_array(w->mem, struct label_row, in->add_count + 1);
    ret->remove = arena_array(w->mem, struct label_row, in->remove_count + 1);
    if (!ret->add || !ret->remove)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; !rc && i < in->remove_count; i++)
        rc =
            open_to_take(w->tx, w->mem, w->actor, &w->account, in->remove[i], &ret->remove[i], err);
    for (size_t i = 0; !rc && i < in->add_count; i++) {
        rc = label_open(w->tx, w->mem, w->actor, w->account.id, in->add[i], &ret->add[i], err);
        for (size_t j = 0; !rc && j < in->remove_count; j++)
            if (ret->add[i].id == ret->remove[j].id)
                return fail_field(err, "remove",
                                  "the label \"" STR_FMT "\" cannot be added and removed at once",
                                  STR_ARG(ret->add[i].name));
    }
    return rc;
}

static enum err_code record(struct work *w, const char *action, const struct choice *c,
                            const struct label_row *label, int64_t count, struct err *err)
{
    char text[COUNT_TEXT];

    return audit_add_of(w->tx, w->actor, w->account.id, action,
                        choice_name(w->mem, w->account.login, c),
                        str_fmt(w->mem, STR_FMT ": " STR_FMT, STR_ARG(label->name),
                                STR_ARG(files_text(count, text))),
                        err);
}

static enum err_code change_one(struct work *w, const struct label_change *in,
                                const struct opened *labels, const struct choice *c,
                                const struct file_set *files, struct label_changed *ret,
                                struct err *err)
{
    enum err_code rc = OK;

    *ret = (struct label_changed){0};
    for (size_t i = 0; !rc && i < in->add_count; i++) {
        int64_t count = 0;

        rc = add_to(w, files, &labels->add[i], &count, err);
        ret->added += count;
        if (!rc && count)
            rc = record(w, "label.add", c, &labels->add[i], count, err);
    }
    for (size_t i = 0; !rc && i < in->remove_count; i++) {
        int64_t count = 0;

        rc = take_from(w, files, &labels->remove[i], &count, err);
        ret->removed += count;
        if (!rc && count)
            rc = record(w, "label.remove", c, &labels->remove[i], count, err);
    }
    return rc;
}

enum err_code label_change(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct label_change *in, struct label_changed **ret,
                           struct choice_errors *ret_errors, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct label_changed *changed = arena_array(mem, struct label_changed, in->files.count + 1);
    struct file_set *sets = NULL;
    struct opened labels;
    struct work w;
    bool any = false;
    enum err_code rc;

    if (!changed)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = choices_check(app, mem, actor, &in->files, ret_errors, err)) ||
        (rc = begin(app, mem, actor, in->files.owner, &tx, &w, err)) ||
        (rc = choices_find(tx, mem, &w.account, &in->files, NULL, &sets, ret_errors, err)) ||
        (rc = open_labels(&w, in, &labels, err)))
        return rc;
    for (size_t i = 0; !rc && i < in->files.count; i++) {
        rc = change_one(&w, in, &labels, &in->files.items[i], &sets[i], &changed[i], err);
        any = any || changed[i].added || changed[i].removed;
    }
    /* Else nothing is written: not even a label that nothing got. */
    if (!rc && any && !(rc = touched_update(w.touched, app, tx, err)) &&
        !(rc = refresh_holders(&w, err)))
        rc = tx_commit(&tx, err);
    if (!rc)
        *ret = changed;
    return rc;
}
