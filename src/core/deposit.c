#include "core/deposit.h"

#include <assert.h>

#include "base/clock.h"
#include "base/text.h"
#include "config.h"
#include "core/access.h"
#include "core/kind_guess.h"
#include "core/package.h"
#include "core/quota.h"
#include "core/scope.h"
#include "format/pypi_name.h"
#include "store/account.h"

enum { SECONDS_TRIED = 60 };

struct incoming {
    struct app *app;
    struct arena *mem;
    struct blob_writer *writer;
    struct quota quota; /* of the account, when the bytes began to come */
    uint64_t size;      /* of all that came, written or not */
};

/* What a deposit comes to. */
struct judged {
    const struct kind *kind;
    bool guessed; /* the kind: by the name */
    struct file_path path;
};

/* ---- judging ---- */

/* A failure that is about one field, unless it says so itself. */
static enum err_code of_field(struct err *err, const char *field, enum err_code rc)
{
    return rc == ERR_INVALID && err && !err->field ? err_set_field(err, field, rc) : rc;
}

static enum err_code check_words(struct arena *mem, const struct actor *actor,
                                 const struct deposit *d, struct err *err)
{
    const struct stage_request file = {.labels = d->labels, .label_count = d->label_count};
    struct str labels;
    enum access_level level;
    enum err_code rc;

    if (d->sha256.len && !text_is_hex(str_lower(mem, d->sha256), SHA256_HEX))
        return fail_field(err, "sha256", "sha256 \"" STR_FMT "\" is not %d hexadecimal digits",
                          STR_ARG(d->sha256), SHA256_HEX);
    if ((d->access.len && (rc = package_read_access(d->access, &level, err))) ||
        (d->version.len && (rc = of_field(err, "version", kind_check_version(d->version, err)))) ||
        (d->package.len && (rc = of_field(err, "package", kind_check_package(d->package, err)))) ||
        (rc = of_field(err, "label", publish_labels(mem, &file, &labels, err))))
        return rc;
    return publish_check_labels(actor, labels, err);
}

/* What tells of kind, package and version. */
static struct str without_folder(struct str filename)
{
    struct str folder, rest;

    return str_cut_last(filename, '/', &folder, &rest) ? rest : filename;
}

static enum err_code find_kind(struct arena *mem, const struct deposit *d, struct judged *ret,
                               struct err *err)
{
    ret->guessed = !d->type.len;
    if (!ret->guessed)
        return of_field(err, "type", kind_require(d->type, &ret->kind, err));
    ret->kind = kind_guess(mem, without_folder(d->filename));
    return OK;
}

/* Whoever did not say what it is may have meant something else. */
static enum err_code of_file(struct err *err, const struct judged *j, enum err_code rc)
{
    if (rc != ERR_INVALID || err->field)
        return rc;
    if (j->guessed && !str_eq(j->kind->name, S("file")))
        (void)fail(err, rc,
                   "%s (its name is that of a file of type " STR_FMT
                   "; with type=file it is kept as it is)",
                   err->msg, STR_ARG(j->kind->name));
    return err_set_field(err, "file", rc);
}

/* A file of a Python project goes to the package that has its others, however that spells the name:
 * if the actor may write it, for else it is not to be known of. */
static enum err_code find_known(struct app *app, struct arena *mem, const struct actor *actor,
                                struct judged *j, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct access_object known = {.owner = j->path.owner};
    struct file_name project = {.type = j->kind->name,
                                .key = pypi_normalise_name(mem, j->path.package)};
    struct name_list names = {0};
    struct account_row owner;
    enum err_code rc;

    if (!project.key.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = account_by_login(tx, mem, j->path.owner, &owner, err)))
        return rc == ERR_NOT_FOUND ? OK : rc;
    project.account_id = owner.id;
    rc = file_packages_below(tx, mem, &project, 0, &names, err);
    tx_endp(&tx);
    for (size_t i = 0; !rc && i < names.count; i++) {
        known.package = names.names[i];
        if (access_check(app, mem, actor, RIGHT_WRITE, SCOPES_PUBLISH, &known, NULL) == OK) {
            j->path.package = known.package;
            break;
        }
    }
    return rc;
}

static enum err_code judge(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct deposit *d, struct judged *ret, struct err *err)
{
    struct str filename = without_folder(d->filename);
    struct judged j = {
        .path = {d->owner, d->package, d->version, d->filename},
    };
    struct access_object object = {.owner = d->owner};
    enum err_code rc;

    if (!filename.len)
        return fail_field(err, "file", "the file has no name");
    if ((rc = check_words(mem, actor, d, err)) || (rc = find_kind(mem, d, &j, err)))
        return rc;
    if ((rc = kind_guess_path(j.kind, mem, filename, &j.path, err)))
        return of_file(err, &j, rc);
    if (j.kind->by_project && !d->package.len && (rc = find_known(app, mem, actor, &j, err)))
        return rc;
    object.package = j.path.package;
    if ((rc = access_check(app, mem, actor, RIGHT_WRITE, SCOPES_PUBLISH, &object, err)) ||
        (rc = kind_check_scope(j.kind, actor, err)))
        return rc;
    *ret = j;
    return OK;
}

enum err_code deposit_check(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct deposit *d, struct err *err)
{
    struct judged j;
    struct err why = {0};
    enum err_code rc = judge(app, mem, actor, d, &j, &why);

    if (rc && err)
        *err = why;
    return rc;
}

bool deposit_is_clear(struct arena *mem, const struct deposit *d)
{
    struct judged j = {.path = {d->owner, d->package, S(""), d->filename}};

    return d->package.len ||
           (find_kind(mem, d, &j, NULL) == OK &&
            kind_guess_path(j.kind, mem, without_folder(d->filename), &j.path, NULL) == OK &&
            j.path.version.len);
}

/* ---- receiving ---- */

void incoming_close(void *in)
{
    struct incoming *i = in;

    blob_writer_close(TAKE(i->writer));
}

enum err_code incoming_open(struct app *app, struct arena *mem, struct incoming **ret,
                            struct err *err)
{
    struct incoming *in = arena_new(mem, struct incoming);
    enum err_code rc;

    if (!in)
        return fail(err, ERR_NOMEM, "out of memory");
    *in = (struct incoming){.app = app, .mem = mem};
    if ((rc = blob_writer_open(app->blobs, &in->writer, err)))
        return rc;
    if (!arena_defer(mem, incoming_close, in)) {
        incoming_close(in);
        return fail(err, ERR_NOMEM, "out of memory");
    }
    *ret = in;
    return OK;
}

enum err_code incoming_heed_quota(struct incoming *in, const struct deposit *d, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row owner;
    struct quota quota;
    bool has = false;
    enum err_code rc;

    if ((rc = tx_begin(in->app->db, TX_READ, &tx, err)) ||
        (rc = account_by_login(tx, in->mem, d->owner, &owner, err)))
        return rc == ERR_NOT_FOUND ? OK : rc; /* publish_file tells */
    if ((rc = quota_find(in->app, tx, owner.id, &quota, err)) ||
        (d->sha256.len &&
         (rc = space_has_blob(tx, owner.id, str_lower(in->mem, d->sha256), &has, err))))
        return rc;
    if (!has) /* else they take no room */
        in->quota = quota;
    return OK;
}

enum err_code incoming_write(struct incoming *in, struct str chunk, struct err *err)
{
    enum err_code rc;

    in->size += chunk.len;
    if (in->size > (uint64_t)in->app->config->upload_max)
        return fail(err, ERR_TOO_BIG, "the file is larger than this server accepts (%lld bytes)",
                    (long long)in->app->config->upload_max);
    if ((rc = quota_admit(&in->quota, (int64_t)in->size, err)))
        return rc;
    return blob_writer_write(in->writer, chunk, err);
}

/* ---- publishing ---- */

/* Two files of one second get two versions. */
static enum err_code publish_stamped(struct incoming *in, const struct actor *actor,
                                     const struct file_path *path,
                                     const struct publish_request *req,
                                     const struct received *bytes, struct file_row *ret,
                                     enum publish_outcome *ret_outcome, struct err *err)
{
    struct publish_request fresh = *req;
    struct file_path stamped = *path;
    char stamp[CLOCK_TEXT_MAX];
    int64_t now = clock_now_ms();
    enum err_code rc = ERR_CONFLICT;

    fresh.force = false;
    for (int i = 0; rc == ERR_CONFLICT && i < SECONDS_TRIED; i++) {
        stamped.version = str_dup(in->mem, clock_stamp(now + i * INT64_C(1000), stamp));
        if (!stamped.version.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
        rc = publish_file(in->app, in->mem, actor, &stamped, &fresh, bytes, ret, ret_outcome, err);
    }
    return rc;
}

static enum err_code finish(struct incoming *in, const struct actor *actor, const struct deposit *d,
                            struct file_row *ret, enum publish_outcome *ret_outcome,
                            struct err *err)
{
    struct publish_request req = {
        .file = {.description = d->description,
                 .labels = d->labels,
                 .label_count = d->label_count,
                 .sha256 = d->sha256},
        .summary = d->summary,
        .access = d->access,
        .force = d->force,
    };
    struct judged j = {0};
    struct received bytes = {.writer = in->writer};
    enum err_code rc;

    if ((rc = judge(in->app, in->mem, actor, d, &j, err)) ||
        (rc = blob_writer_sync(in->writer, &bytes.id, err)))
        return rc;
    assert(j.kind); /* it was judged */
    req.file.type = j.kind->name;
    if (j.path.version.len)
        rc = publish_file(in->app, in->mem, actor, &j.path, &req, &bytes, ret, ret_outcome, err);
    else
        rc = publish_stamped(in, actor, &j.path, &req, &bytes, ret, ret_outcome, err);
    return of_file(err, &j, rc);
}

enum err_code deposit_finish(struct incoming *in, const struct actor *actor,
                             const struct deposit *d, struct file_row *ret,
                             enum publish_outcome *ret_outcome, struct err *err)
{
    struct err why = {0};
    enum err_code rc = finish(in, actor, d, ret, ret_outcome, &why);

    if (rc && err)
        *err = why;
    return rc;
}
