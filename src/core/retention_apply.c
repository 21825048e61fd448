#include "core/retention_apply.h"

#include "base/clock.h"
#include "base/limits.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/gc.h"
#include "core/package.h"
#include "core/trash.h"
#include "store/upload.h"

enum { STEP_FILES = 256 }; /* that one transaction removes */

/* ---- looking ---- */

struct names {
    struct str *items;
    size_t count, room;
};

static enum err_code add_name(struct arena *mem, struct names *names, struct str name,
                              struct err *err)
{
    struct str copy = str_dup(mem, name);

    if (copy.ptr && names->count == names->room) {
        size_t room = names->room ? 2 * names->room : 16;
        struct str *grown = arena_array(mem, struct str, room);

        if (grown && names->count)
            memcpy(grown, names->items, names->count * sizeof *grown);
        names->items = grown;
        names->room = room;
    }
    if (!copy.ptr || !names->items)
        return fail(err, ERR_NOMEM, "out of memory");
    names->items[names->count++] = copy;
    return OK;
}

/* The rules of an account, or of one of its packages, on their way. */
struct application {
    struct app *app;
    const struct actor *actor;
    struct retention_place at;
    struct retention_looker looker;
    struct job_run *run;
    struct arena *mem;  /* of the names */
    struct names names; /* of packages of which something goes */
    struct retention_sum sum;
};

static bool anything_goes(const struct retention_package *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->verdicts[i].why == WHY_RULE)
            return true;
    return false;
}

static enum err_code look_at_some(struct application *a, const struct retention_list *list,
                                  struct tx *tx, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        struct retention_package package;
        enum err_code rc;

        if (!mem)
            return fail(err, ERR_NOMEM, "out of memory");
        if (!list->rows[i].rules.len)
            continue; /* nothing is said of it */
        rc = retention_look(&a->looker, tx, mem, &list->rows[i], &package, err);
        if (!rc && anything_goes(&package))
            rc = add_name(a->mem, &a->names, package.name, err);
        if (rc)
            return rc;
    }
    return OK;
}

/* Everything is looked at before anything goes. */
static enum err_code look_at_all(struct application *a, struct err *err)
{
    struct str after = S("");
    enum err_code rc = OK;
    bool more = true;

    while (!rc && more && job_go_on(a->run)) {
        AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        AUTO(tx_endp) struct tx *tx = NULL;
        struct package_row package;
        struct retention_list list;

        if (!mem)
            return fail(err, ERR_NOMEM, "out of memory");
        if ((rc = tx_begin(a->app->db, TX_READ, &tx, err)) ||
            (rc = retention_find_place(tx, a->mem, &a->at, &a->looker.account, &package, err)) ||
            (rc = retention_list_packages(tx, mem, a->looker.account.id, &a->at, after, &list,
                                          err)) ||
            (rc = look_at_some(a, &list, tx, err)))
            return rc;
        more = list.count > 0;
        if (more)
            after = str_dup(a->mem, list.rows[list.count - 1].name);
        if (!after.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return rc;
}

/* ---- removing ---- */

/* One transaction. */
struct step {
    struct application *a;
    struct tx *tx;
    struct arena *mem;
    struct touched *touched;
    struct digest_list digests; /* of bytes that no trash keeps */
    struct retention_sum sum;
};

static enum err_code drop_release(struct step *s, const struct package_row *package,
                                  const struct file_row *f, struct err *err)
{
    struct str object = str_fmt(s->mem, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(package->owner),
                                STR_ARG(package->name), STR_ARG(f->version));
    bool gone = false;
    enum err_code rc = retention_drop_release(s->tx, f->release_id, &gone, err);

    if (rc || !gone)
        return rc;
    return audit_add_of(s->tx, s->a->actor, package->account_id, "release.delete", object,
                        S("left empty by retention"), err);
}

static enum err_code drop_one(struct step *s, const struct package_row *package,
                              const struct file_row *f, const struct retention_rule *rule,
                              struct err *err)
{
    struct application *a = s->a;
    struct str reason = str_fmt(s->mem, "retention rule %.*s", (int)rule->text.len, rule->text.ptr);
    enum err_code rc = reason.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");

    if (!rc)
        rc = file_drop(a->app, s->tx, s->mem, a->actor, f, reason, s->touched, err);
    if (!rc && !trash_keeps(a->app))
        rc = digest_list_add(s->mem, &s->digests, f->sha256, err);
    s->sum.files++;
    s->sum.size += f->size;
    return rc ? rc : drop_release(s, package, f, err);
}

/* *ret_left: it has more that goes than one transaction should remove. */
static enum err_code drop_from(struct step *s, struct str name, bool *ret_left, struct err *err)
{
    struct application *a = s->a;
    struct retention_row row;
    struct retention_package found;
    struct package_row package;
    int64_t before = s->sum.files;
    enum err_code rc = retention_find(s->tx, s->mem, a->looker.account.id, name, &row, err);

    if (rc)
        return rc == ERR_NOT_FOUND ? OK : rc; /* somebody removed it since */
    if ((rc = package_require(s->tx, s->mem, a->at.owner, name, &package, err)) ||
        (rc = retention_look(&a->looker, s->tx, s->mem, &row, &found, err)))
        return rc;
    for (size_t i = 0; !rc && i < found.count && !*ret_left; i++) {
        if (found.verdicts[i].why != WHY_RULE)
            continue;
        if (s->sum.files >= STEP_FILES)
            *ret_left = true;
        else
            rc = drop_one(s, &package, found.files[i].row, found.verdicts[i].rule, err);
    }
    if (rc || s->sum.files == before)
        return rc;
    return package_refresh(s->tx, s->mem, package.id, &package, err);
}

/* Some of the packages whose names are from *at on. */
static enum err_code drop_some(struct application *a, size_t *at, struct err *err)
{
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct step s = {.a = a, .mem = mem};
    size_t next = *at;
    bool left = false;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    s.touched = touched_open(mem, a->looker.account.id, a->at.owner, a->actor->login);
    if (!s.touched)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin_part(a->app->db, a->at.owner, &tx, err)))
        return rc;
    s.tx = tx;
    while (!rc && next < a->names.count && s.sum.files < STEP_FILES) {
        rc = drop_from(&s, a->names.items[next], &left, err);
        next += !left;
    }
    if (rc || (rc = touched_update(s.touched, a->app, tx, err)) || (rc = tx_commit(&tx, err)))
        return rc;
    (void)!gc_blobs(a->app, s.digests.items, s.digests.count, NULL); /* an orphan is no failure */
    a->sum.files += s.sum.files;
    a->sum.size += s.sum.size;
    *at = next;
    return OK;
}

static enum err_code apply(struct application *a, struct err *err)
{
    size_t at = 0;
    enum err_code rc = look_at_all(a, err);

    while (!rc && at < a->names.count && job_go_on(a->run))
        rc = drop_some(a, &at, err);
    return rc;
}

/* ---- how it ended ---- */

/* What will be over by itself; else it is the account's own trouble. */
static bool is_passing(enum err_code rc)
{
    return rc == ERR_BUSY || rc == ERR_COLLISION || rc == ERR_IO || rc == ERR_NO_SPACE;
}

static enum err_code record_end(struct application *a, struct str problem, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    const struct retention_run run = {clock_now_ms(), a->sum.files, a->sum.size, problem};
    struct account_row account;
    struct package_row package;
    struct str detail = str_fmt(a->mem, "%lld files, %lld bytes%s" STR_FMT, (long long)a->sum.files,
                                (long long)a->sum.size, problem.len ? ": " : "", STR_ARG(problem));
    enum err_code rc;

    if ((rc = tx_begin_part(a->app->db, a->at.owner, &tx, err)) ||
        (rc = retention_find_place(tx, a->mem, &a->at, &account, &package, err)))
        return rc;
    if (!package.id)
        rc = retention_run_put(tx, account.id, &run, err);
    if (!rc && (a->sum.files || problem.len))
        rc = audit_add_of(tx, a->actor, account.id, "retention.run",
                          retention_object(a->mem, &a->at), detail, err);
    if (rc)
        return rc;
    tx_quiet(tx); /* nobody needs to know at once */
    return tx_commit(&tx, err);
}

static enum err_code apply_and_record(struct application *a, struct err *err)
{
    struct err problem = {0};
    enum err_code rc = apply(a, &problem);

    if (rc && err)
        *err = problem;
    if (is_passing(rc) || rc == ERR_NOT_FOUND)
        return rc;
    if (rc) {
        (void)!record_end(a, str_of(problem.msg), NULL); /* the failure itself is told */
        return rc;
    }
    return record_end(a, S(""), err);
}

enum err_code retention_apply(struct app *app, struct arena *mem, const struct actor *actor,
                              const struct retention_place *at, struct retention_sum *ret,
                              struct err *err)
{
    struct application a = {
        .app = app, .actor = actor, .at = *at, .looker = {.now_ms = clock_now_ms()}, .mem = mem};
    enum err_code rc = apply_and_record(&a, err);

    *ret = a.sum;
    return rc;
}

/* ---- everybody's ---- */

static enum err_code next_account(struct app *app, struct arena *mem, int64_t *id,
                                  struct str *ret_login, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    return rc ? rc : retention_next_account(tx, mem, *id, id, ret_login, err);
}

static enum err_code apply_next(struct app *app, struct job_run *run, int64_t *id, bool *ret_more,
                                struct err *err)
{
    static const struct actor nobody = {.login = {"", 0}};
    AUTO(arena_closep) struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
    struct application a = {
        .app = app, .actor = &nobody, .looker = {.now_ms = clock_now_ms()}, .run = run, .mem = mem};
    struct str login;
    enum err_code rc;

    if (!mem)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = next_account(app, mem, id, &login, err);
    *ret_more = rc == OK;
    if (rc)
        return rc == ERR_NOT_FOUND ? OK : rc;
    a.at = (struct retention_place){login, S("")};
    rc = apply_and_record(&a, err);
    return is_passing(rc) ? rc : OK;
}

enum err_code retention_apply_all(struct app *app, struct job_run *run, struct err *err)
{
    int64_t id = 0;
    bool more = true;
    enum err_code rc = OK;

    while (!rc && more && job_go_on(run))
        rc = apply_next(app, run, &id, &more, err);
    return rc;
}
