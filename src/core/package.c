#include "core/package.h"

#include "base/clock.h"
#include "base/limits.h"
#include "config.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/cut.h"
#include "core/edit.h"
#include "core/gc.h"
#include "core/label.h"
#include "core/limit.h"
#include "core/organization.h"
#include "core/search_doc.h"
#include "core/told_empty.h"
#include "core/trash.h"
#include "format/json.h"
#include "format/version_order.h"
#include "index/index.h"
#include "store/label.h"
#include "store/search.h"
#include "store/upload.h"

/* ---- looking up ---- */

enum err_code package_missing(struct str owner, struct str name, struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "there is no package \"" STR_FMT "/" STR_FMT "\"",
                STR_ARG(owner), STR_ARG(name));
}

enum err_code file_missing(const struct file_path *path, struct err *err)
{
    return fail(err, ERR_NOT_FOUND,
                "there is no file \"" STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT "\"",
                STR_ARG(path->owner), STR_ARG(path->package), STR_ARG(path->version),
                STR_ARG(path->basename));
}

enum err_code package_require(struct tx *tx, struct arena *mem, struct str owner, struct str name,
                              struct package_row *ret, struct err *err)
{
    enum err_code rc = package_find(tx, mem, owner, name, ret, err);

    return rc == ERR_NOT_FOUND ? package_missing(owner, name, err) : rc;
}

enum err_code release_missing(const struct package_row *package, struct str version,
                              struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "there is no release \"" STR_FMT "/" STR_FMT "/" STR_FMT "\"",
                STR_ARG(package->owner), STR_ARG(package->name), STR_ARG(version));
}

enum err_code release_require(struct tx *tx, struct arena *mem, const struct package_row *package,
                              struct str version, struct release_row *ret, struct err *err)
{
    enum err_code rc = release_find(tx, mem, package->id, version, ret, err);

    return rc == ERR_NOT_FOUND ? release_missing(package, version, err) : rc;
}

enum err_code file_require(struct tx *tx, struct arena *mem, const struct file_path *path,
                           struct file_row *ret, struct err *err)
{
    struct package_row package;
    struct release_row release;
    enum err_code rc = package_require(tx, mem, path->owner, path->package, &package, err);

    if (rc)
        return rc;
    rc = release_find(tx, mem, package.id, path->version, &release, err);
    if (!rc)
        rc = file_find_in_release(tx, mem, release.id, path->basename, ret, err);
    return rc == ERR_NOT_FOUND ? file_missing(path, err) : rc;
}

/* ---- creating ---- */

static enum err_code attrs_text(struct arena *mem, const json_t *attrs, struct str *ret,
                                struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(EDIT_ATTRS_MAX);

    if (!attrs) {
        *ret = S("{}");
        return OK;
    }
    json_canonical(&b, attrs);
    if (!buf_ok(&b))
        return fail(err, ERR_TOO_BIG, "the attributes exceed %d bytes", (int)EDIT_ATTRS_MAX);
    *ret = str_dup(mem, buf_str(&b));
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code package_read_access(struct str name, enum access_level *ret, struct err *err)
{
    if (access_level_parse(name, ret))
        return OK;
    return fail_field(err, "access",
                      "access \"" STR_FMT "\" is not \"public\", \"authenticated\" or \"private\"",
                      STR_ARG(name));
}

enum err_code package_access_of_new(struct app *app, const struct account_row *owner,
                                    struct str asked, enum access_level *ret, struct err *err)
{
    struct str name = asked.len ? asked : owner->default_access;

    return package_read_access(name.len ? name : app->config->default_access, ret, err);
}

enum err_code package_add(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct account_row *owner, const struct new_package *in,
                          struct package_row *ret, struct err *err)
{
    struct str object = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(owner->login), STR_ARG(in->name));
    int64_t id, now = clock_now_ms();
    enum err_code rc;

    if ((rc = package_insert(tx, owner->id, in->name, in->access, in->summary, in->attrs, now, &id,
                             err)) ||
        (rc = touched_forget_former(tx, owner->id, in->name, in->access, err)) ||
        (rc = audit_add_of(tx, actor, owner->id, "package.create", object,
                           access_level_name(in->access), err)) ||
        (rc = search_refresh(tx, mem, id, err)) ||
        (rc = package_find(tx, mem, owner->login, in->name, ret, err)))
        return rc;
    return organization_welcome_package(tx, mem, actor, ret, err);
}

enum err_code package_create(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str name, struct str access,
                             const json_t *attrs, struct package_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct new_package in = {.name = name,
                             .summary = cut(json_get_str(attrs, "summary"), PACKAGE_SUMMARY_MAX)};
    struct account_row account;
    enum err_code rc;

    if ((rc = kind_check_new(actor, name, attrs, err)) ||
        (rc = attrs_text(mem, attrs, &in.attrs, err)) ||
        (rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = account_require(tx, mem, owner, &account, err)) ||
        (rc = package_access_of_new(app, &account, access, &in.access, err)))
        return rc;
    rc = package_find(tx, mem, owner, name, ret, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    rc = package_add(tx, mem, actor, &account, &in, ret, err);
    return rc ? rc : tx_commit(&tx, err);
}

enum err_code release_add(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct package_row *package, struct str version, struct str attrs,
                          struct release_row *ret, struct err *err)
{
    struct str object = str_fmt(mem, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(package->owner),
                                STR_ARG(package->name), STR_ARG(version));
    int64_t id;
    enum err_code rc;

    if ((rc = release_insert(tx, package->id, version, attrs, clock_now_ms(), &id, err)) ||
        (rc = audit_add_of(tx, actor, package->account_id, "release.create", object, S(""), err)))
        return rc;
    return release_find(tx, mem, package->id, version, ret, err);
}

enum err_code release_create(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str package, struct str version,
                             const json_t *attrs, struct release_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row row;
    struct str text;
    enum err_code rc;

    if ((rc = kind_check_version(version, err)) || (rc = attrs_text(mem, attrs, &text, err)) ||
        (rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = package_require(tx, mem, owner, package, &row, err)))
        return rc;
    rc = release_find(tx, mem, row.id, version, ret, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    rc = release_add(tx, mem, actor, &row, version, text, ret, err);
    return rc ? rc : tx_commit(&tx, err);
}

/* ---- removing ---- */

/* The newest version that has a file; empty when there is none. */
static enum err_code newest_version(struct tx *tx, struct arena *mem, int64_t package_id,
                                    struct file_row *ret_file, struct err *err)
{
    struct file_list files;
    struct version_order best, v;
    enum err_code rc = file_list_by_package(tx, mem, package_id, &files, err);

    *ret_file = (struct file_row){.version = S("")};
    for (size_t i = 0; !rc && i < files.count; i++) {
        rc = version_order_of(mem, files.rows[i].version, &v, err);
        if (!rc && (!ret_file->version.len || version_order_cmp(&v, &best) >= 0)) {
            best = v;
            *ret_file = files.rows[i];
        }
    }
    return rc;
}

enum err_code package_refresh(struct tx *tx, struct arena *mem, int64_t package_id,
                              const struct package_row *package, struct err *err)
{
    AUTO(json_decrefp) json_t *about = NULL;
    AUTO(json_decrefp) json_t *edits = NULL;
    struct file_row newest;
    struct str summary = package->summary, attrs = package->attrs;
    enum err_code rc = newest_version(tx, mem, package_id, &newest, err);

    if (rc)
        return rc;
    /* The package's own words, not the uploader's: about.json of its newest file. */
    if (newest.version.len &&
        ((rc = file_find_in_release(tx, mem, newest.release_id, newest.basename, &newest, err)) ||
         (rc = json_parse_object(newest.about, &about, err))))
        return rc;
    if (about && json_object_size(about) > 0) {
        attrs = newest.about;
        if (json_get_str(about, "summary").ptr)
            summary = json_get_str(about, "summary");
    }
    /* And over them what somebody has set. */
    if ((rc = json_parse_object(package->edits, &edits, err)) ||
        (rc = edit_lay_over(mem, package->edits, attrs, &attrs, err)))
        return rc;
    if (json_get_str(edits, "summary").ptr)
        summary = json_get_str(edits, "summary");
    rc = package_update(tx, package_id, cut(summary, PACKAGE_SUMMARY_MAX), attrs, newest.version,
                        clock_now_ms(), err);
    return rc ? rc : search_refresh(tx, mem, package_id, err);
}

/* What becomes of what is removed, and why. */
struct removal {
    bool final;        /* not even the trash keeps it */
    struct str reason; /* empty: the actor's wish */
};
static const struct removal to_trash = {.final = false}, for_good = {.final = true};

static bool keeps(const struct app *app, const struct removal *how)
{
    return !how->final && trash_keeps(app);
}

/* What holds no file is not worth keeping, but for what the trash has of it: that can only be put
 * back into the same package. */
static enum err_code keep_package(struct app *app, struct tx *tx, const struct actor *actor,
                                  const struct removal *how, const struct package_row *package,
                                  const struct file_list *files, struct err *err)
{
    const struct trash_what what = {.package = package, .reason = how->reason};
    bool has = files->count > 0;
    enum err_code rc = OK;

    if (!keeps(app, how))
        return trash_expire_all(tx, package->id, S(""), err);
    if (!has)
        rc = trash_has(tx, package->id, &has, err);
    return rc || !has ? rc : trash_put(app, tx, actor, &what, err);
}

static enum err_code keep_release(struct app *app, struct tx *tx, const struct actor *actor,
                                  const struct removal *how, const struct package_row *package,
                                  const struct release_row *release, const struct file_list *files,
                                  struct err *err)
{
    const struct trash_what what = {.package = package, .release = release, .reason = how->reason};

    if (how->final)
        return trash_expire_all(tx, package->id, release->version, err);
    return files->count && keeps(app, how) ? trash_put(app, tx, actor, &what, err) : OK;
}

static enum err_code keep_file(struct app *app, struct tx *tx, const struct actor *actor,
                               const struct removal *how, const struct file_row *file,
                               struct err *err)
{
    const struct package_row package = {
        .id = file->package_id, .account_id = file->account_id, .name = file->package};
    const struct release_row release = {.id = file->release_id, .version = file->version};
    const struct trash_what what = {&package, &release, file, how->reason};

    return keeps(app, how) ? trash_put(app, tx, actor, &what, err) : OK;
}

/* Commits, then lets go of the bytes of the files, unless the trash has them, and of the uploads
 * under way, that the transaction dropped; and of what it made due in the trash. */
static enum err_code commit_drop(struct app *app, struct tx **tx, struct arena *mem,
                                 const struct removal *how, const struct package_row *package,
                                 const struct file_list *files, struct digest_list *digests,
                                 struct err *err)
{
    bool kept = keeps(app, how);
    enum err_code rc = OK;

    for (size_t i = 0; !rc && !kept && i < files->count; i++)
        rc = digest_list_add(mem, digests, files->rows[i].sha256, err);
    if (rc || (rc = tx_commit(tx, err)))
        return rc;
    /* The removal stands whether or not the space comes back now: an orphan is no failure. */
    (void)!gc_blobs(app, digests->items, digests->count, NULL);
    if (!kept)
        trash_empty_now(app, package->account_id);
    return OK;
}

/* A token that is limited to some labels may not take anything out of others. */
static enum err_code check_labels(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  const struct file_row *f, struct err *err)
{
    struct label_list labels = {0};
    enum err_code rc = OK;

    if (limit_has_labels(actor->limits))
        rc = label_list_by_file(tx, mem, f->id, &labels, err);
    for (size_t i = 0; !rc && i < labels.count; i++)
        rc = limit_check_label(actor, labels.rows[i].name, err);
    return rc;
}

/* Takes one file out: its row and its name. Its labels go with the row. */
static enum err_code drop_file(struct tx *tx, struct arena *mem, const struct actor *actor,
                               const struct removal *how, const struct file_row *file,
                               struct touched *touched, struct err *err)
{
    struct str object =
        str_fmt(mem, STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(file->owner),
                STR_ARG(file->package), STR_ARG(file->version), STR_ARG(file->basename));
    struct str detail =
        str_fmt(mem, STR_FMT "%s%s%.*s", STR_ARG(file->sha256), how->final ? ", for good" : "",
                how->reason.len ? ", " : "", (int)how->reason.len, how->reason.ptr);
    const struct file_name name = {file->account_id, file->type, file->name_key};
    const struct file_set this_one = {OF_FILE, file->id};
    enum err_code rc;

    if ((rc = check_labels(tx, mem, actor, file, err)) ||
        (rc = label_check_removal(tx, mem, &this_one, err)) ||
        (rc = touched_file(touched, tx, file, err)) || (rc = file_delete(tx, file->id, err)) ||
        (rc = file_name_retire(tx, &name, file->sha256, clock_now_ms(), err)))
        return rc;
    return audit_add_of(tx, actor, file->account_id, "file.delete", object, detail, err);
}

enum err_code file_drop(struct app *app, struct tx *tx, struct arena *mem,
                        const struct actor *actor, const struct file_row *file, struct str reason,
                        struct touched *touched, struct err *err)
{
    const struct removal how = {.reason = reason};
    enum err_code rc = keep_file(app, tx, actor, &how, file, err);

    return rc ? rc : drop_file(tx, mem, actor, &how, file, touched, err);
}

static enum err_code drop_files(struct app *app, struct tx *tx, const struct actor *actor,
                                struct arena *mem, const struct removal *how,
                                const struct package_row *package, const struct file_list *files,
                                struct err *err)
{
    struct touched *touched = touched_open(mem, package->account_id, package->owner, actor->login);
    enum err_code rc = touched ? OK : fail(err, ERR_NOMEM, "out of memory");

    for (size_t i = 0; !rc && i < files->count; i++)
        rc = drop_file(tx, mem, actor, how, &files->rows[i], touched, err);
    return rc ? rc : touched_update(touched, app, tx, err);
}

static enum err_code remove_file(struct app *app, struct arena *mem, const struct actor *actor,
                                 const struct removal *how, const struct file_path *path,
                                 struct file_row *ret_removed, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct file_row file;
    struct file_list files = {&file, 1};
    struct digest_list digests = {0};
    const struct kind *kind;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, path->owner, &tx, err)) ||
        (rc = package_require(tx, mem, path->owner, path->package, &package, err)) ||
        (rc = file_require(tx, mem, path, &file, err)) ||
        (rc = kind_require(file.type, &kind, err)) || (rc = kind_check_scope(kind, actor, err)) ||
        (rc = keep_file(app, tx, actor, how, &file, err)) ||
        (rc = drop_files(app, tx, actor, mem, how, &package, &files, err)) ||
        (rc = package_refresh(tx, mem, package.id, &package, err)) ||
        (rc = commit_drop(app, &tx, mem, how, &package, &files, &digests, err)))
        return rc;
    *ret_removed = file;
    return OK;
}

enum err_code file_remove(struct app *app, struct arena *mem, const struct actor *actor,
                          const struct file_path *path, struct file_row *ret_removed,
                          struct err *err)
{
    return remove_file(app, mem, actor, &to_trash, path, ret_removed, err);
}

enum err_code file_purge(struct app *app, struct arena *mem, const struct actor *actor,
                         const struct file_path *path, struct file_row *ret_removed,
                         struct err *err)
{
    return remove_file(app, mem, actor, &for_good, path, ret_removed, err);
}

static enum err_code remove_release(struct app *app, struct arena *mem, const struct actor *actor,
                                    const struct removal *how, struct str owner,
                                    struct str package_name, struct str version, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct release_row release;
    struct file_list files;
    struct digest_list digests = {0};
    struct str object = str_fmt(mem, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(owner),
                                STR_ARG(package_name), STR_ARG(version));
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = package_require(tx, mem, owner, package_name, &package, err)) ||
        (rc = release_require(tx, mem, &package, version, &release, err)) ||
        (rc = file_list_by_release(tx, mem, release.id, &files, err)) ||
        (rc = told_empty_check(tx, actor, &package, &release, files.count, err)) ||
        (rc = keep_release(app, tx, actor, how, &package, &release, &files, err)) ||
        (rc = drop_files(app, tx, actor, mem, how, &package, &files, err)) ||
        (rc = upload_delete_all(tx, mem, package.id, release.id, &digests, err)) ||
        (rc = release_delete(tx, release.id, err)) ||
        (rc = package_refresh(tx, mem, package.id, &package, err)) ||
        (rc = audit_add_of(tx, actor, package.account_id, "release.delete", object,
                           how->final ? S("for good") : S(""), err)))
        return rc;
    return commit_drop(app, &tx, mem, how, &package, &files, &digests, err);
}

enum err_code release_remove(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str package, struct str version,
                             struct err *err)
{
    return remove_release(app, mem, actor, &to_trash, owner, package, version, err);
}

enum err_code release_purge(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str owner, struct str package, struct str version,
                            struct err *err)
{
    return remove_release(app, mem, actor, &for_good, owner, package, version, err);
}

static enum err_code remove_package(struct app *app, struct arena *mem, const struct actor *actor,
                                    const struct removal *how, struct str owner, struct str name,
                                    struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct file_list files;
    struct digest_list digests = {0};
    struct str object = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(name));
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = package_require(tx, mem, owner, name, &package, err)) ||
        (rc = file_list_by_package(tx, mem, package.id, &files, err)) ||
        (rc = told_empty_check(tx, actor, &package, NULL, files.count, err)) ||
        (rc = keep_package(app, tx, actor, how, &package, &files, err)) ||
        (rc = drop_files(app, tx, actor, mem, how, &package, &files, err)) ||
        (rc = upload_delete_all(tx, mem, package.id, 0, &digests, err)) ||
        (rc = search_forget(tx, package.id, err)) || (rc = package_delete(tx, package.id, err)) ||
        (rc = audit_add_of(tx, actor, package.account_id, "package.delete", object,
                           how->final ? S("for good") : S(""), err)))
        return rc;
    return commit_drop(app, &tx, mem, how, &package, &files, &digests, err);
}

enum err_code package_remove(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str name, struct err *err)
{
    return remove_package(app, mem, actor, &to_trash, owner, name, err);
}

enum err_code package_purge(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str owner, struct str name, struct err *err)
{
    return remove_package(app, mem, actor, &for_good, owner, name, err);
}

/* ---- who may see it ---- */

/* Every index in which the package has a file. */
static enum err_code update_indexes(struct app *app, struct tx *tx, struct arena *mem,
                                    const struct actor *actor, const struct package_row *package,
                                    struct err *err)
{
    struct touched *touched = touched_open(mem, package->account_id, package->owner, actor->login);
    struct file_list files;
    enum err_code rc = touched ? file_list_by_package(tx, mem, package->id, &files, err)
                               : fail(err, ERR_NOMEM, "out of memory");

    for (size_t i = 0; !rc && i < files.count; i++)
        rc = touched_file(touched, tx, &files.rows[i], err);
    return rc ? rc : touched_update(touched, app, tx, err);
}

enum err_code package_change_access(struct app *app, struct arena *mem, const struct actor *actor,
                                    struct str owner, struct str name, enum access_level access,
                                    struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct str object = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(name)), detail;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, owner, &tx, err)) ||
        (rc = package_require(tx, mem, owner, name, &package, err)))
        return rc;
    if (package.access == access)
        return OK;
    detail = str_fmt(mem, STR_FMT " to " STR_FMT, STR_ARG(access_level_name(package.access)),
                     STR_ARG(access_level_name(access)));
    if ((rc = package_set_access(tx, package.id, access, err)) ||
        (access != ACCESS_PUBLIC && (rc = package_hide_source(tx, package.id, err))) ||
        (rc = label_widen(tx, package.id, access, err)) ||
        (rc = search_refresh(tx, mem, package.id, err)) ||
        (rc = update_indexes(app, tx, mem, actor, &package, err)) ||
        (rc = index_doc_withdraw(tx, package.account_id, package.name, access, clock_now_ms(),
                                 err)) ||
        (access > package.access &&
         (rc = touched_hide(tx, package.account_id, package.name, err))) ||
        (rc = audit_add_of(tx, actor, package.account_id, "package.access", object, detail, err)))
        return rc;
    return tx_commit(&tx, err);
}
