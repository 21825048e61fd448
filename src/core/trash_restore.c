#include "core/trash_restore.h"

#include "base/clock.h"
#include "config.h"
#include "core/audit.h"
#include "core/label.h"
#include "core/package.h"
#include "store/index_doc.h"

/* ---- what may be in the way ---- */

/* A file or release goes back into its very package: another one of that name need not have the
 * same access, nor the same people. */
static enum err_code check_package(struct tx *tx, struct arena *mem, const struct trash_row *item,
                                   struct err *err)
{
    bool is_package = str_eq(item->kind, S("package"));
    struct package_row found;
    enum err_code rc = package_find(tx, mem, item->owner, item->package, &found, err);

    if (rc == ERR_NOT_FOUND && is_package)
        return OK;
    if (rc == ERR_NOT_FOUND)
        return fail(err, ERR_CONFLICT,
                    "the package \"" STR_FMT "/" STR_FMT
                    "\" is in the trash itself: put it back first",
                    STR_ARG(item->owner), STR_ARG(item->package));
    if (!rc && found.id != item->package_id)
        return fail(err, ERR_CONFLICT,
                    "there is another package \"" STR_FMT "/" STR_FMT "\" by now",
                    STR_ARG(item->owner), STR_ARG(item->package));
    return rc;
}

static enum err_code check_names(struct app *app, struct tx *tx, struct arena *mem,
                                 const struct trash_row *item, struct err *err)
{
    struct str name;
    enum err_code rc = trash_taken(tx, mem, item->id, &name, err);

    if (!rc)
        return fail(err, ERR_CONFLICT,
                    "there is another file \"" STR_FMT "\" by now; remove it first", STR_ARG(name));
    if (rc != ERR_NOT_FOUND)
        return rc;
    if (app->config->reuse_removed_names)
        return OK;
    rc = trash_retired(tx, mem, item->id, &name, err);
    if (!rc)
        return fail(err, ERR_CONFLICT,
                    "the file name \"" STR_FMT
                    "\" was used by another file since, and stays reserved",
                    STR_ARG(name));
    return rc == ERR_NOT_FOUND ? OK : rc;
}

/* Makes the labels that are gone; none may be locked. */
static enum err_code ready_labels(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  const struct trash_row *item, struct err *err)
{
    struct label_list labels;
    struct label_row label;
    enum err_code rc = trash_labels(tx, mem, item->id, &labels, err);

    for (size_t i = 0; !rc && i < labels.count; i++) {
        rc = label_open(tx, mem, actor, item->account_id, labels.rows[i].name, &label, err);
    }
    return rc;
}

/* ---- putting back ---- */

static enum err_code return_rows(struct tx *tx, struct arena *mem, const struct trash_row *item,
                                 struct package_row *ret_package, struct err *err)
{
    enum err_code rc = str_eq(item->kind, S("package")) ? trash_return_package(tx, item, err) : OK;

    if (!rc)
        rc = trash_return_files(tx, item, err);
    if (rc == ERR_CONFLICT)
        return fail(err, rc, "a name of what was removed is taken by now");
    if (rc || (rc = package_find(tx, mem, item->owner, item->package, ret_package, err)))
        return rc;
    /* Another package may have had the name meanwhile. */
    if (str_eq(item->kind, S("package")) &&
        (rc = touched_forget_former(tx, item->account_id, item->package, ret_package->access, err)))
        return rc;
    /* Labels that were made again know of nothing yet. */
    return label_widen(tx, ret_package->id, ret_package->access, err);
}

static enum err_code record_file(struct tx *tx, struct arena *mem, const struct actor *actor,
                                 const struct trash_row *item, const struct file_row *f,
                                 struct err *err)
{
    struct str object =
        str_fmt(mem, STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(item->owner),
                STR_ARG(item->package), STR_ARG(f->version), STR_ARG(f->basename));

    return audit_add_of(tx, actor, item->account_id, "file.restore", object, f->sha256, err);
}

static enum err_code record(struct tx *tx, struct arena *mem, const struct actor *actor,
                            const struct trash_row *item, struct err *err)
{
    const char *action = str_eq(item->kind, S("package")) ? "package.restore" : "release.restore";

    if (str_eq(item->kind, S("file")))
        return OK; /* it is told as the file that it is */
    return audit_add_of(tx, actor, item->account_id, action, trash_object(mem, item), S(""), err);
}

/* The files are in the indexes again, and on record. */
static enum err_code show_files(struct app *app, struct tx *tx, struct arena *mem,
                                const struct actor *actor, const struct trash_row *item,
                                int64_t package_id, const struct file_list *files, struct err *err)
{
    struct touched *touched = touched_open(mem, item->account_id, item->owner, actor->login);
    enum err_code rc = touched ? OK : fail(err, ERR_NOMEM, "out of memory");

    for (size_t i = 0; !rc && i < files->count; i++) {
        struct file_row file = files->rows[i];

        file.package_id = package_id;
        rc = touched_file(touched, tx, &file, err);
        if (!rc)
            rc = record_file(tx, mem, actor, item, &file, err);
    }
    return rc ? rc : touched_update(touched, app, tx, err);
}

enum err_code trash_restore(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str owner, struct str number, struct trash_row *ret,
                            struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct trash_row item;
    struct package_row package;
    struct file_list files;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = trash_require(tx, mem, actor, RIGHT_WRITE, owner, number, &item, err)) ||
        (rc = check_package(tx, mem, &item, err)) || (rc = check_names(app, tx, mem, &item, err)) ||
        (rc = ready_labels(tx, mem, actor, &item, err)) ||
        (rc = trash_files(tx, mem, item.id, &files, err)) ||
        (rc = return_rows(tx, mem, &item, &package, err)) ||
        (rc = trash_delete(tx, item.id, err)) ||
        (rc = package_refresh(tx, mem, package.id, &package, err)) ||
        (rc = show_files(app, tx, mem, actor, &item, package.id, &files, err)) ||
        (rc = record(tx, mem, actor, &item, err)) || (rc = tx_commit(&tx, err)))
        return rc;
    *ret = item;
    return OK;
}
