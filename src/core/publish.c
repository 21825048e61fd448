#include "core/publish.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/rand.h"
#include "base/text.h"
#include "blob/blob.h"
#include "config.h"
#include "core/audit.h"
#include "core/gc.h"
#include "core/kind.h"
#include "core/label.h"
#include "core/limit.h"
#include "core/namesake.h"
#include "core/package.h"
#include "core/quota.h"
#include "core/told_empty.h"
#include "format/conda_name.h"
#include "format/json.h"
#include "store/upload.h"

enum { TICKET_LEN = 40, DIST_ID_LEN = 24, LABELS_MAX = 20, HOUR_MS = 3600 * 1000 };

static struct str hash_ticket(struct str ticket, uint8_t out[SHA256_LEN])
{
    digest_sha256(ticket, out);
    return (struct str){(const char *)out, SHA256_LEN};
}

/* Uploads that were announced have nothing to do with each other, nor yet with their package. */
static enum err_code begin_of_upload(struct app *app, const struct upload_row *upload,
                                     struct tx **ret_tx, struct err *err)
{
    char part[32];

    (void)snprintf(part, sizeof part, "upload/%lld", (long long)upload->id);
    return tx_begin_part(app->db, str_of(part), ret_tx, err);
}

/* ---- stage ---- */

/* The labels as a JSON array, folded to lower case; none means main. */
enum err_code publish_labels(struct arena *mem, const struct stage_request *req, struct str *ret,
                             struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LABELS_MAX * (LIMIT_CONDA_LABEL + 8));
    enum err_code rc;

    if (req->label_count > LABELS_MAX)
        return fail(err, ERR_INVALID, "%zu labels are too many; at most %d are allowed",
                    req->label_count, (int)LABELS_MAX);
    buf_addc(&b, '[');
    for (size_t i = 0; i < req->label_count; i++) {
        struct str label = str_lower(mem, req->labels[i]);
        if (!label.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
        if ((rc = conda_check_label(label, err)))
            return rc;
        buf_addz(&b, i ? "," : "");
        json_string_literal(&b, label);
    }
    buf_addz(&b, req->label_count ? "]" : "\"main\"]");
    *ret = buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* Is the actor's token for all of these labels? Asked when they are announced, so that the refusal
 * comes early, and when the file gets them, since another token may have announced them. */
enum err_code publish_check_labels(const struct actor *actor, struct str labels_json,
                                   struct err *err)
{
    AUTO(json_decrefp) json_t *labels = NULL;
    enum err_code rc = json_parse(labels_json, &labels, err);

    for (size_t i = 0; !rc && i < json_array_size(labels); i++)
        rc = limit_check_label(actor, json_str(json_array_get(labels, i)), err);
    return rc;
}

/* A taken name is refused as early as can be known: at once, unless the client says that it has
 * the very same bytes: those of the file *ret_id. */
static enum err_code check_free(struct app *app, struct tx *tx, struct arena *mem,
                                const struct file_name *name, const struct file_path *path,
                                struct str sha256, int64_t *ret_id, struct err *err)
{
    struct file_row file;
    bool retired = false, here, named;
    enum err_code rc = file_find(tx, mem, name, &file, err);

    *ret_id = 0;
    here = !rc && str_eq_nocase(file.package, path->package) && str_eq(file.version, path->version);
    named = here && str_eq(file.basename, path->basename);
    if (named && sha256.len && str_eq(file.sha256, sha256)) {
        *ret_id = file.id;
        return OK;
    }
    if (!rc)
        return fail(err, ERR_CONFLICT,
                    "the file \"" STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT
                    "\" exists already, %s",
                    STR_ARG(path->owner), STR_ARG(path->package), STR_ARG(path->version),
                    STR_ARG(path->basename),
                    named  ? "with other content"
                    : here ? "under another name"
                           : "in another package or release");
    if (rc != ERR_NOT_FOUND)
        return rc;
    if (app->config->reuse_removed_names)
        return OK;
    rc = file_name_retired(tx, name, &retired, err);
    if (!rc && retired)
        return fail(err, ERR_CONFLICT,
                    "the file name \"" STR_FMT "\" was used by a removed file and stays reserved",
                    STR_ARG(path->basename));
    return rc;
}

/* Where the file is to stand. The package is named as it is, not as the URL has it: which names
 * that differ by capital letters are good enough is a matter of the kind. */
static enum err_code place_file(const struct kind *kind, struct arena *mem,
                                const struct file_path *path, const struct package_row *package,
                                struct file_row *ret, struct err *err)
{
    struct file_path named = *path;

    named.package = package->name;
    ret->account_id = package->account_id;
    ret->package_id = package->id;
    return kind_place(kind, mem, &named, ret, err);
}

/* May the file get its labels, as far as locks go? Asked as early, and as late, as check_labels. */
static enum err_code check_locks(struct tx *tx, struct arena *mem, int64_t account_id,
                                 struct str labels_json, int64_t file_id, struct err *err)
{
    AUTO(json_decrefp) json_t *labels = NULL;
    enum err_code rc = json_parse(labels_json, &labels, err);

    for (size_t i = 0; !rc && i < json_array_size(labels); i++)
        rc = label_check_gain(tx, mem, account_id, json_str(json_array_get(labels, i)), file_id,
                              err);
    return rc;
}

static enum err_code check_request(const struct stage_request *req, struct err *err)
{
    if (req->sha256.len && !text_is_hex(req->sha256, SHA256_HEX))
        return fail(err, ERR_INVALID,
                    "sha256 \"" STR_FMT "\" is not %d lower-case hexadecimal digits",
                    STR_ARG(req->sha256), SHA256_HEX);
    return OK;
}

static enum err_code attrs_json(struct arena *mem, const json_t *attrs, struct str *ret,
                                struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LIMIT_JSON_BODY);

    if (attrs)
        json_canonical(&b, attrs);
    else
        buf_addz(&b, "{}");
    *ret = buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code publish_stage(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct file_path *path, const struct stage_request *req,
                            struct staged *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct release_row release;
    const struct kind *kind;
    struct file_row file = {0};
    struct file_name name;
    struct namesakes namesakes;
    struct upload_row row = {.type = req->type,
                             .basename = path->basename,
                             .uploader_id = actor->account_id,
                             .declared_sha256 = req->sha256,
                             .description = req->description,
                             .created_ms = clock_now_ms()};
    char *ticket = arena_alloc(mem, TICKET_LEN + 1, 1),
         *dist_id = arena_alloc(mem, DIST_ID_LEN + 1, 1);
    uint8_t hash[SHA256_LEN];
    int64_t same;
    enum err_code rc;

    if (!ticket || !dist_id)
        return fail(err, ERR_NOMEM, "out of memory");
    rand_text(ticket, TICKET_LEN);
    rand_text(dist_id, DIST_ID_LEN);
    row.ticket_hash = hash_ticket(str_of(ticket), hash);
    row.dist_id = str_of(dist_id);
    row.expires_ms = row.created_ms + app->config->upload_hours * HOUR_MS;
    if ((rc = check_request(req, err)) || (rc = kind_require(req->type, &kind, err)) ||
        (rc = kind_check_scope(kind, actor, err)) ||
        (rc = publish_labels(mem, req, &row.labels, err)) ||
        (rc = publish_check_labels(actor, row.labels, err)) ||
        (rc = attrs_json(mem, req->attrs, &row.attrs, err)) ||
        (rc = tx_begin_part(app->db, path->owner, &tx, err)) ||
        (rc = package_require(tx, mem, path->owner, path->package, &package, err)) ||
        (rc = release_require(tx, mem, &package, path->version, &release, err)) ||
        (rc = place_file(kind, mem, path, &package, &file, err)))
        return rc;
    name = (struct file_name){package.account_id, file.type, file.name_key};
    if ((rc = check_free(app, tx, mem, &name, path, req->sha256, &same, err)) ||
        (rc = check_locks(tx, mem, package.account_id, row.labels, same, err)) ||
        (rc = quota_check(app, tx, package.account_id, req->sha256, 0, err)))
        return rc;
    row.account_id = package.account_id;
    row.package_id = package.id;
    row.release_id = release.id;
    /* What was staged in vain expires. */
    if ((rc = upload_insert(tx, &row, err)) || (rc = tx_commit(&tx, err)) ||
        (rc = namesakes_check(app, mem, actor, kind, path->owner, &file, &namesakes, err)))
        return rc;
    *ret = (struct staged){str_of(ticket), str_of(dist_id)};
    return OK;
}

/* ---- receive ---- */

struct receiver {
    struct app *app;
    struct upload_row upload;
    struct quota quota; /* of the account, when the bytes began to come */
    struct blob_writer *writer;
    uint64_t size; /* of all that came, written or not */
};

void receiver_close(void *r)
{
    struct receiver *rcv = r;

    blob_writer_close(TAKE(rcv->writer));
}

static enum err_code find_ticket(struct app *app, struct arena *mem, struct str ticket,
                                 struct receiver *r, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    uint8_t hash[SHA256_LEN];
    bool has = false;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (rc)
        return rc;
    rc = upload_by_ticket(tx, mem, hash_ticket(ticket, hash), clock_now_ms(), &r->upload, err);
    if (rc == ERR_NOT_FOUND)
        return fail(err, ERR_NOT_FOUND, "this upload is unknown or has expired; start it again");
    if (!rc && r->upload.sha256.len)
        return fail(err, ERR_CONFLICT, "the bytes of this upload were received already");
    if (rc || (rc = quota_find(app, tx, r->upload.account_id, &r->quota, err)))
        return rc;
    if (r->upload.declared_sha256.len)
        rc = space_has_blob(tx, r->upload.account_id, r->upload.declared_sha256, &has, err);
    if (has)
        r->quota.limit = 0; /* they take no room */
    return rc;
}

enum err_code publish_receive(struct app *app, struct arena *mem, struct str ticket,
                              struct receiver **ret, struct err *err)
{
    struct receiver *r = arena_new(mem, struct receiver);
    enum err_code rc;

    if (!r)
        return fail(err, ERR_NOMEM, "out of memory");
    r->app = app;
    if ((rc = find_ticket(app, mem, ticket, r, err)) ||
        (rc = blob_writer_open(app->blobs, &r->writer, err)))
        return rc;
    *ret = r;
    return OK;
}

static enum err_code check_size(const struct receiver *r, struct err *err)
{
    if (r->size > (uint64_t)r->app->config->upload_max)
        return fail(err, ERR_TOO_BIG, "the file is larger than this server accepts (%lld bytes)",
                    (long long)r->app->config->upload_max);
    return quota_admit(&r->quota, (int64_t)r->size, err);
}

enum err_code receiver_write(struct receiver *r, struct str chunk, struct err *err)
{
    enum err_code rc;

    r->size += chunk.len;
    rc = check_size(r, err);
    return rc ? rc : blob_writer_write(r->writer, chunk, err);
}

static enum err_code check_digests(const struct receiver *r, const struct blob_id *id, int64_t size,
                                   struct str md5_base64, struct err *err)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(KIB);
    struct str md5;
    char hex[MD5_HEX + 1];

    if (!scratch)
        return fail(err, ERR_NOMEM, "out of memory");
    if (size >= 0 && (uint64_t)size != id->size)
        return fail(err, ERR_INVALID, "Content-Length says %lld bytes, %llu arrived",
                    (long long)size, (unsigned long long)id->size);
    if (md5_base64.len) {
        md5 = text_unbase64(scratch, md5_base64);
        if (md5.len != MD5_LEN)
            return fail(err, ERR_INVALID,
                        "Content-MD5 \"" STR_FMT "\" is not the base64 of %d bytes",
                        STR_ARG(md5_base64), MD5_LEN);
        text_hex(md5.ptr, MD5_LEN, hex);
        if (!str_eq(str_of(hex), str_of(id->md5)))
            return fail(err, ERR_INVALID, "Content-MD5 says %s, the bytes have %s", hex, id->md5);
    }
    if (r->upload.declared_sha256.len && !str_eq(r->upload.declared_sha256, str_of(id->sha256)))
        return fail(err, ERR_INVALID, "sha256 was announced as " STR_FMT ", the bytes have %s",
                    STR_ARG(r->upload.declared_sha256), id->sha256);
    return OK;
}

enum err_code receiver_finish(struct receiver *r, int64_t size, struct str md5_base64,
                              struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct blob_id id;
    enum err_code rc;

    if ((rc = check_size(r, err)) || (rc = blob_writer_sync(r->writer, &id, err)) ||
        (rc = check_digests(r, &id, size, md5_base64, err)) ||
        (rc = begin_of_upload(r->app, &r->upload, &tx, err)) ||
        (rc = file_hold_blob(tx, str_of(id.sha256), err)) ||
        (rc = quota_check(r->app, tx, r->upload.account_id, str_of(id.sha256), (int64_t)id.size,
                          err)))
        return rc;
    rc =
        upload_received(tx, r->upload.id, str_of(id.sha256), str_of(id.md5), (int64_t)id.size, err);
    if (rc == ERR_NOT_FOUND || rc == ERR_CONFLICT)
        return fail(err, rc, "this upload has ended meanwhile; start it again");
    /* Made visible inside the transaction that holds the bytes: nobody can find them unused and
     * remove them between the two. */
    if (rc || (rc = blob_writer_publish(r->writer, err)))
        return rc;
    return tx_commit(&tx, err);
}

/* ---- commit ---- */

/* The upload that is to be committed, and the package that it is for. */
static enum err_code require_upload(struct tx *tx, struct arena *mem, const struct file_path *path,
                                    struct str dist_id, struct package_row *ret_package,
                                    struct upload_row *ret, struct err *err)
{
    struct release_row release;
    enum err_code rc;

    if ((rc = package_require(tx, mem, path->owner, path->package, ret_package, err)) ||
        (rc = release_require(tx, mem, ret_package, path->version, &release, err)))
        return rc;
    rc = upload_by_dist_id(tx, mem, dist_id, clock_now_ms(), ret, err);
    if (rc == ERR_NOT_FOUND ||
        (!rc && (ret->release_id != release.id || !str_eq(ret->basename, path->basename))))
        return fail(err, ERR_NOT_FOUND,
                    "there is no staged upload \"" STR_FMT "\" of \"" STR_FMT "\"; start it again",
                    STR_ARG(dist_id), STR_ARG(path->basename));
    if (!rc && !ret->sha256.len)
        return fail(err, ERR_INVALID, "the bytes of \"" STR_FMT "\" have not been received yet",
                    STR_ARG(path->basename));
    return rc;
}

/* The same, and where its file is to stand. */
static enum err_code find_upload(struct app *app, struct arena *mem, const struct file_path *path,
                                 struct str dist_id, const struct kind **ret_kind,
                                 struct file_row *ret_file, struct upload_row *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    enum err_code rc = tx_begin(app->db, TX_READ, &tx, err);

    if (rc || (rc = require_upload(tx, mem, path, dist_id, &package, ret, err)) ||
        (rc = kind_require(ret->type, ret_kind, err)))
        return rc;
    return place_file(*ret_kind, mem, path, &package, ret_file, err);
}

/* The upload came to nothing: its row goes, and its bytes if nobody else has them. */
static void discard_upload(struct app *app, const struct upload_row *upload)
{
    AUTO(tx_endp) struct tx *tx = NULL;

    if (begin_of_upload(app, upload, &tx, NULL) || upload_delete(tx, upload->id, NULL) ||
        tx_commit(&tx, NULL))
        return;                                     /* it expires by itself */
    (void)!gc_blobs(app, &upload->sha256, 1, NULL); /* an orphan is no failure */
}

enum err_code publish_attach_labels(struct tx *tx, struct arena *mem,
                                    const struct package_row *package,
                                    const struct upload_row *upload, int64_t file_id,
                                    struct err *err)
{
    AUTO(json_decrefp) json_t *labels = NULL;
    int64_t label_id;
    enum err_code rc = check_locks(tx, mem, upload->account_id, upload->labels, file_id, err);

    if (!rc)
        rc = json_parse(upload->labels, &labels, err);

    for (size_t i = 0; !rc && i < json_array_size(labels); i++) {
        rc = label_ensure(tx, upload->account_id, json_str(json_array_get(labels, i)), &label_id,
                          err);
        if (!rc)
            rc = label_attach(tx, file_id, label_id, package->access, err);
    }
    return rc;
}

enum err_code publish_new_file(struct app *app, struct tx *tx, const struct upload_row *upload,
                               struct file_row *file, struct err *err)
{
    enum err_code rc = quota_check(app, tx, upload->account_id, upload->sha256, upload->size, err);

    if (rc)
        return rc;
    file->account_id = upload->account_id;
    file->package_id = upload->package_id;
    file->release_id = upload->release_id;
    file->basename = upload->basename;
    file->sha256 = upload->sha256;
    file->md5 = upload->md5;
    file->size = upload->size;
    file->description = upload->description;
    file->uploaded_ms = clock_now_ms();
    file->uploader_id = upload->uploader_id;
    return file_insert(tx, file, &file->id, err);
}

enum err_code publish_insert_file(struct app *app, struct tx *tx, struct arena *mem,
                                  const struct file_path *path, const struct upload_row *upload,
                                  struct file_row *file, struct err *err)
{
    const struct file_name name = {upload->account_id, file->type, file->name_key};
    int64_t same;
    enum err_code rc = check_free(app, tx, mem, &name, path, upload->sha256, &same, err);

    if (rc)
        return rc;
    rc = file_find(tx, mem, &name, file, err);
    return rc == ERR_NOT_FOUND ? publish_new_file(app, tx, upload, file, err) : rc;
}

static enum err_code commit_rows(struct app *app, struct arena *mem, const struct actor *actor,
                                 const struct file_path *path, const struct upload_row *upload,
                                 const struct namesakes *namesakes, struct file_row *file,
                                 struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct upload_row still;
    struct touched *touched = touched_open(mem, upload->account_id, path->owner, actor->login);
    struct str object =
        str_fmt(mem, STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(path->owner),
                STR_ARG(path->package), STR_ARG(path->version), STR_ARG(path->basename));
    enum err_code rc;

    if (!touched)
        return fail(err, ERR_NOMEM, "out of memory");
    /* The upload is looked for again, once its bytes are held: with its row it may have lost them,
     * if it expired or was committed by another request while the package was inspected. */
    if ((rc = tx_begin_part(app->db, path->owner, &tx, err)) ||
        (rc = file_hold_blob(tx, upload->sha256, err)) ||
        (rc = require_upload(tx, mem, path, upload->dist_id, &package, &still, err)) ||
        (rc = namesakes_check_again(tx, mem, namesakes, err)) ||
        (rc = publish_insert_file(app, tx, mem, path, upload, file, err)) ||
        (rc = publish_attach_labels(tx, mem, &package, upload, file->id, err)) ||
        (rc = package_refresh(tx, mem, package.id, &package, err)) ||
        (rc = touched_file(touched, tx, file, err)) ||
        (rc = touched_update(touched, app, tx, err)) || (rc = upload_delete(tx, upload->id, err)) ||
        (rc = told_empty_committed(tx, &still, err)) ||
        (rc = audit_add_of(tx, actor, upload->account_id, "file.create", object, upload->sha256,
                           err)) ||
        (rc = file_require(tx, mem, path, file, err)))
        return rc;
    return tx_commit(&tx, err);
}

enum err_code publish_commit(struct app *app, struct arena *mem, const struct actor *actor,
                             const struct file_path *path, struct str dist_id, struct file_row *ret,
                             struct err *err)
{
    struct upload_row upload;
    struct file_row file = {0};
    struct namesakes namesakes;
    const struct kind *kind;
    enum err_code rc;

    if ((rc = find_upload(app, mem, path, dist_id, &kind, &file, &upload, err)) ||
        (rc = publish_check_labels(actor, upload.labels, err)) ||
        (rc = kind_check_scope(kind, actor, err)) ||
        (rc = namesakes_check(app, mem, actor, kind, path->owner, &file, &namesakes, err)))
        return rc;
    rc = kind_inspect(kind, app, mem, &upload, &file, err);
    if (!rc)
        rc = commit_rows(app, mem, actor, path, &upload, &namesakes, &file, err);
    /* What the uploader must change dies here; what is our trouble (disk, memory) may be tried
     * again. */
    if (rc == ERR_INVALID || rc == ERR_TOO_BIG || rc == ERR_CONFLICT || rc == ERR_NOT_FOUND)
        discard_upload(app, &upload);
    if (!rc)
        *ret = file;
    return rc;
}
