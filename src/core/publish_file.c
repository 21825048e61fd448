#include "core/publish_file.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "config.h"
#include "core/account.h"
#include "core/audit.h"
#include "core/cut.h"
#include "core/gc.h"
#include "core/kind.h"
#include "core/namesake.h"
#include "core/package.h"
#include "core/trash.h"
#include "format/json.h"
#include "store/label.h"

enum { TRIES = 5 }; /* of a transaction that others get in the way of */

/* A file on its way in. */
struct entrant {
    const struct publish_request *req;
    struct file_path path;
    const struct kind *kind;
    struct upload_row upload; /* what is known of one that was announced; never written */
    struct file_row file;
    struct namesakes namesakes;
    struct blob_writer *writer;
    bool published;
    struct str replaced; /* digest of bytes that gave way and are not kept; empty: none */
    enum publish_outcome outcome;
};

/* ---- before anything is written ---- */

static enum err_code check_digest(struct str declared, const struct blob_id *id, struct err *err)
{
    if (!declared.len || str_eq_nocase(declared, str_of(id->sha256)))
        return OK;
    return err_set_field(err, "sha256",
                         fail(err, ERR_INVALID,
                              "sha256 was declared as " STR_FMT ", the bytes have %s",
                              STR_ARG(declared), id->sha256));
}

static enum err_code judge(struct arena *mem, const struct actor *actor, struct entrant *e,
                           const struct blob_id *id, struct err *err)
{
    const struct stage_request *file = &e->req->file;
    enum err_code rc;

    if ((rc = check_digest(file->sha256, id, err)) ||
        (rc = kind_require(file->type, &e->kind, err)) ||
        (rc = kind_check_scope(e->kind, actor, err)) ||
        (rc = kind_check_version(e->path.version, err)) ||
        (rc = publish_labels(mem, file, &e->upload.labels, err)))
        return rc;
    return publish_check_labels(actor, e->upload.labels, err);
}

/* A package that is there is named as it is, not as the URL has it. */
static enum err_code find_package(struct tx *tx, struct arena *mem, struct entrant *e,
                                  struct err *err)
{
    struct account_row owner;
    struct package_row package;
    enum err_code rc = account_require(tx, mem, e->path.owner, &owner, err);

    if (rc)
        return rc;
    e->file.account_id = owner.id;
    rc = package_find(tx, mem, e->path.owner, e->path.package, &package, err);
    if (!rc) {
        e->path.package = package.name;
        e->file.package_id = package.id;
    }
    return rc == ERR_NOT_FOUND ? OK : rc;
}

static enum err_code place(struct app *app, struct arena *mem, const struct actor *actor,
                           struct entrant *e, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) || (rc = find_package(tx, mem, e, err)) ||
        (rc = kind_place_unread(e->kind, mem, &e->path, &e->file, err)))
        return rc;
    tx_endp(&tx);
    return namesakes_check(app, mem, actor, e->kind, e->path.owner, &e->file, &e->namesakes, err);
}

static enum err_code inspect(struct app *app, struct arena *mem, struct entrant *e, struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    enum err_code rc = blob_writer_reader(e->writer, &fd, err);

    if (!rc)
        rc = kind_inspect_fd(e->kind, app, mem, fd, (uint64_t)e->upload.size, &e->upload, &e->file,
                             err);
    if (!rc && e->file.basename.len)
        e->path.basename = e->upload.basename = e->file.basename;
    return rc;
}

/* ---- package and release ---- */

/* What pages show of a package until it has files, and of one whose files say nothing. */
static json_t *attrs_of(const struct entrant *e, const json_t *about)
{
    json_t *attrs = json_deep_copy(about);
    json_t *types = json_array();

    json_add(&types, json_of(e->kind->name));
    json_put(&attrs, S("package_types"), types);
    if (e->req->summary.len && !json_get_str(about, "summary").len)
        json_put(&attrs, S("summary"), json_of(e->req->summary));
    return attrs;
}

static enum err_code ensure_package(struct app *app, struct tx *tx, struct arena *mem,
                                    const struct actor *actor, const struct entrant *e,
                                    const json_t *about, struct package_row *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *attrs = attrs_of(e, about);
    struct new_package in = {.name = e->path.package};
    struct account_row owner;
    enum err_code rc;

    if (!attrs)
        return fail(err, ERR_NOMEM, "out of memory");
    in.summary = cut(json_get_str(attrs, "summary"), PACKAGE_SUMMARY_MAX);
    if ((rc = kind_check_new(actor, in.name, attrs, err)) ||
        (rc = account_require(tx, mem, e->path.owner, &owner, err)) ||
        (rc = package_access_of_new(app, &owner, e->req->access, &in.access, err)))
        return rc;
    rc = package_find(tx, mem, e->path.owner, in.name, ret, err);
    if (rc == ERR_NOT_FOUND) {
        if ((rc = kind_canonical(mem, attrs, &in.attrs, err)))
            return rc;
        rc = package_add(tx, mem, actor, &owner, &in, ret, err);
    }
    /* Made by another request since the file was placed, with other capital letters. */
    if (!rc && !str_eq(ret->name, in.name))
        return fail(err, ERR_CONFLICT,
                    "package \"" STR_FMT "\" was made meanwhile as \"" STR_FMT "\"; upload again",
                    STR_ARG(in.name), STR_ARG(ret->name));
    return rc;
}

static enum err_code ensure(struct app *app, struct tx *tx, struct arena *mem,
                            const struct actor *actor, struct entrant *e,
                            struct package_row *ret_package, struct err *err)
{
    AUTO(json_decrefp) json_t *about = NULL;
    struct release_row release;
    enum err_code rc;

    if ((rc = json_parse_object(e->file.about, &about, err)) ||
        (rc = ensure_package(app, tx, mem, actor, e, about, ret_package, err)))
        return rc;
    rc = release_find(tx, mem, ret_package->id, e->path.version, &release, err);
    if (rc == ERR_NOT_FOUND)
        rc =
            release_add(tx, mem, actor, ret_package, e->path.version, e->file.about, &release, err);
    if (rc)
        return rc;
    e->upload.account_id = ret_package->account_id;
    e->upload.package_id = ret_package->id;
    e->upload.release_id = release.id;
    return OK;
}

/* ---- the file ---- */

static enum err_code keep_labels(struct tx *tx, struct arena *mem, const struct file_row *old,
                                 struct str *ret_json, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct label_list labels;
    enum err_code rc = label_list_by_file(tx, mem, old->id, &labels, err);

    if (rc)
        return rc;
    buf_addc(&b, '[');
    for (size_t i = 0; i < labels.count; i++) {
        buf_addz(&b, i ? "," : "");
        json_string_literal(&b, labels.rows[i].name);
    }
    buf_addc(&b, ']');
    *ret_json = buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
    return ret_json->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* Some clients put the folder that a file stands in before its name, and some do not: the file that
 * is there keeps the name that it has. */
static void adopt_name(struct entrant *e, const struct file_row *old)
{
    if (str_eq_nocase(old->package, e->path.package) && str_eq(old->version, e->path.version) &&
        str_eq(old->filename, e->file.filename))
        e->path.basename = e->upload.basename = old->basename;
}

/* What is there under the name: nothing, the same, or what gives way if it has to. */
static enum err_code meet_other(struct app *app, struct tx *tx, struct arena *mem,
                                const struct actor *actor, struct entrant *e,
                                struct touched *touched, struct err *err)
{
    const struct file_name name = {e->upload.account_id, e->file.type, e->file.name_key};
    struct file_row old;
    enum err_code rc = file_find(tx, mem, &name, &old, err);

    e->outcome = PUBLISH_NEW;
    if (rc)
        return rc == ERR_NOT_FOUND ? OK : rc;
    e->outcome = PUBLISH_SAME;
    adopt_name(e, &old);
    if (!e->req->force || str_eq(old.sha256, e->upload.sha256))
        return OK;                         /* publish_insert_file judges */
    if (!app->config->reuse_removed_names) /* caches keep files for ever */
        return fail(err, ERR_CONFLICT,
                    "the file \"" STR_FMT "/" STR_FMT
                    "\" exists already, and on this server no other "
                    "bytes ever take its name (setting reuse_removed_names)",
                    STR_ARG(e->path.owner), STR_ARG(e->path.basename));
    if ((!e->req->file.label_count && (rc = keep_labels(tx, mem, &old, &e->upload.labels, err))) ||
        (rc = file_drop(app, tx, mem, actor, &old, S("replaced by an upload"), touched, err)))
        return rc;
    e->outcome = PUBLISH_REPLACED;
    if (!trash_keeps(app))
        e->replaced = old.sha256;
    return OK;
}

/* Inside the transaction that holds the bytes: nobody can find them unused, and remove them. */
static enum err_code publish_bytes(struct entrant *e, struct err *err)
{
    enum err_code rc = e->published ? OK : blob_writer_publish(e->writer, err);

    e->published = true; /* by half, too, there is something to remove */
    return rc;
}

static enum err_code enter_row(struct app *app, struct tx *tx, struct arena *mem, struct entrant *e,
                               struct err *err)
{
    if (e->outcome == PUBLISH_REPLACED)
        return publish_new_file(app, tx, &e->upload, &e->file, err);
    return publish_insert_file(app, tx, mem, &e->path, &e->upload, &e->file, err);
}

static enum err_code insert(struct app *app, struct tx *tx, struct arena *mem,
                            const struct actor *actor, const struct package_row *package,
                            struct entrant *e, struct err *err)
{
    struct touched *touched = touched_open(mem, package->account_id, e->path.owner, actor->login);
    struct str object;
    enum err_code rc;

    if (!touched)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = meet_other(app, tx, mem, actor, e, touched, err)))
        return rc;
    object = str_fmt(mem, STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(e->path.owner),
                     STR_ARG(e->path.package), STR_ARG(e->path.version), STR_ARG(e->path.basename));
    if ((rc = enter_row(app, tx, mem, e, err)) || (rc = publish_bytes(e, err)) ||
        (rc = publish_attach_labels(tx, mem, package, &e->upload, e->file.id, err)) ||
        (rc = package_refresh(tx, mem, package->id, package, err)) ||
        (rc = touched_file(touched, tx, &e->file, err)) ||
        (rc = touched_update(touched, app, tx, err)) ||
        (rc = audit_add_of(tx, actor, package->account_id, "file.create", object, e->upload.sha256,
                           err)))
        return rc;
    return file_require(tx, mem, &e->path, &e->file, err);
}

/* e as it was before, if the transaction comes to nothing and may be tried again. */
static enum err_code enter(struct app *app, struct arena *mem, const struct actor *actor,
                           struct entrant *e, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    const struct entrant before = *e;
    struct package_row package;
    enum err_code rc;

    if ((rc = tx_begin_part(app->db, e->path.owner, &tx, err)) ||
        (rc = file_hold_blob(tx, e->upload.sha256, err)) ||
        (rc = ensure(app, tx, mem, actor, e, &package, err)) ||
        (rc = namesakes_check_again(tx, mem, &e->namesakes, err)) ||
        (rc = insert(app, tx, mem, actor, &package, e, err)) || (rc = tx_commit(&tx, err))) {
        bool published = e->published;

        *e = before;
        e->published = published;
    }
    return rc;
}

static enum err_code enter_at_last(struct app *app, struct arena *mem, const struct actor *actor,
                                   struct entrant *e, struct err *err)
{
    enum err_code rc = ERR_COLLISION;

    for (int i = 0; rc == ERR_COLLISION && i < TRIES; i++)
        rc = enter(app, mem, actor, e, err);
    return rc;
}

enum err_code publish_file(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct file_path *path, const struct publish_request *req,
                           const struct received *bytes, struct file_row *ret,
                           enum publish_outcome *ret_outcome, struct err *err)
{
    struct str sha256 = str_of(bytes->id.sha256);
    struct entrant e = {
        .req = req,
        .path = *path,
        .upload = {.type = req->file.type,
                   .basename = path->basename,
                   .uploader_id = actor->account_id,
                   .description = req->file.description,
                   .attrs = S("{}"),
                   .sha256 = sha256,
                   .md5 = str_of(bytes->id.md5),
                   .size = (int64_t)bytes->id.size},
        .writer = bytes->writer,
    };
    enum err_code rc;

    if ((rc = judge(mem, actor, &e, &bytes->id, err)) || (rc = place(app, mem, actor, &e, err)) ||
        (rc = inspect(app, mem, &e, err)))
        return rc;
    rc = enter_at_last(app, mem, actor, &e, err);
    /* An orphan is no failure. */
    if (rc && e.published)
        (void)!gc_blobs(app, &sha256, 1, NULL);
    if (rc)
        return rc;
    if (e.replaced.len)
        (void)!gc_blobs(app, &e.replaced, 1, NULL);
    *ret = e.file;
    *ret_outcome = e.outcome;
    return OK;
}
