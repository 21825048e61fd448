/* anaconda_package.c: the parts of anaconda-client's API that show, create and remove packages,
 * releases and files. */
#include "base/clock.h"
#include "core/access.h"
#include "core/account.h"
#include "core/edit.h"
#include "core/label_sight.h"
#include "core/limit.h"
#include "core/package.h"
#include "core/scope.h"
#include "core/told_empty.h"
#include "format/conda_name.h"
#include "format/json.h"
#include "format/query.h"
#include "http/entity.h"
#include "store/file.h"
#include "web/anaconda_view.h"
#include "web/content.h"
#include "web/handlers.h"
#include "web/package_filter.h"
#include "web/reply.h"

struct file_path call_file_path(const struct call *c)
{
    return (struct file_path){call_param(c, "owner"), call_param(c, "package"),
                              call_param(c, "version"), call_param(c, "basename")};
}

/* ---- packages ---- */

/* Answers with a package or release, and remembers if it has no files. Takes view over. */
static enum err_code reply_told(struct call *c, const struct package_row *package,
                                int64_t release_id, json_t *view, const char *files,
                                struct err *err)
{
    bool empty = json_array_size(json_object_get(view, files)) == 0;
    enum err_code rc = told_empty_note(c->app, c->mem, &c->actor, package, release_id, empty, err);

    if (!rc)
        return reply_json(c, 200, view, err);
    json_decref(view);
    return rc;
}

enum err_code get_package(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    json_t *v = NULL;
    enum err_code rc;

    if ((rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = package_require(tx, c->mem, call_param(c, "owner"), call_param(c, "package"),
                              &package, err)) ||
        (rc = view_package(c, tx, &package, &v, err)))
        return rc;
    tx_endp(&tx);
    return reply_told(c, &package, 0, v, "files", err);
}

static enum err_code list_packages(struct call *c, struct str owner, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_filter filter;
    struct account_row account;
    struct package_list packages;
    struct view view;
    json_t *list;
    enum err_code rc = package_filter_read(c, &filter, err);

    if (rc || (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = account_require(tx, c->mem, owner, &account, err)) ||
        (rc = access_view(tx, c->mem, &c->actor, &account, &view, err)) ||
        (rc = package_list(tx, c->mem, account.id, &packages, err)))
        return rc;
    list = json_array();
    for (size_t i = 0; !rc && i < packages.count; i++) {
        const struct package_row *p = &packages.rows[i];
        bool passes = false;
        json_t *v = NULL;

        if (view_shows(&view, p->access, p->id))
            rc = package_filter_passes(&filter, tx, c->mem, p, &passes, err);
        if (!rc && passes && !(rc = view_package_summary(c, tx, p, &v, err)))
            json_add(&list, v);
    }
    if (!rc)
        return reply_json(c, 200, list, err);
    json_decref(list);
    return rc;
}

enum err_code get_packages(struct call *c, struct err *err)
{
    return list_packages(c, call_param(c, "owner"), err);
}

enum err_code get_own_packages(struct call *c, struct err *err)
{
    return list_packages(c, c->actor.login, err);
}

/* anaconda-client knows "public" alone. Empty: the owner or the settings say. */
static enum err_code wanted_access(const json_t *body, struct str *ret, struct err *err)
{
    const json_t *access = json_object_get(body, "access");
    enum access_level level;

    *ret = json_str(access);
    if (access)
        return package_read_access(*ret, &level, err);
    if (json_is_false(json_object_get(body, "public")))
        *ret = access_level_name(ACCESS_PRIVATE);
    return OK;
}

enum err_code post_package(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    const json_t *attrs;
    struct str access;
    json_t *v = NULL;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = wanted_access(body, &access, err)))
        return rc;
    attrs = json_object_get(body, "public_attrs");
    if (attrs && !json_is_object(attrs))
        return fail(err, ERR_INVALID, "public_attrs must be an object");
    if ((rc = package_create(c->app, c->mem, &c->actor, call_param(c, "owner"),
                             call_param(c, "package"), access, attrs, &package, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = view_package(c, tx, &package, &v, err)))
        return rc;
    return reply_json(c, 200, v, err);
}

/* The one member of `anaconda update`'s bodies: what is to be changed. */
static enum err_code read_public_attrs(struct call *c, json_t **ret_body, const json_t **ret,
                                       struct err *err)
{
    static const struct json_field fields[] = {{"public_attrs", JSON_T_OBJECT, true, 0, 0, 0}};
    enum err_code rc = call_json(c, ret_body, err);

    return rc ? rc : json_read(*ret_body, fields, COUNT(fields), c->mem, ret, err);
}

enum err_code patch_package(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    const json_t *attrs = NULL;
    json_t *v = NULL;
    enum err_code rc;

    if ((rc = read_public_attrs(c, &body, &attrs, err)) ||
        (rc = edit_package(c->app, c->mem, &c->actor, call_param(c, "owner"),
                           call_param(c, "package"), attrs, &package, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = view_package(c, tx, &package, &v, err)))
        return rc;
    return reply_json(c, 200, v, err);
}

/* "?final=true": not even the trash is to keep it. That is for who may administer the package, and
 * not for tokens that publish and do nothing else. */
static enum err_code wants_final(struct call *c, bool *ret, struct err *err)
{
    const struct access_object object = {.owner = call_param(c, "owner"),
                                         .package = call_param(c, "package")};
    struct query_field field = {"final", S("")};
    enum err_code rc = query_read(c->mem, c->path.query, &field, 1, err);

    if (rc)
        return rc;
    *ret = str_eq(field.value, S("true"));
    if (!*ret && field.value.len && !str_eq(field.value, S("false")))
        return fail_field(err, "final", "final is true or false, not \"" STR_FMT "\"",
                          STR_ARG(field.value));
    if (!*ret)
        return OK;
    return access_check(c->app, c->mem, &c->actor, RIGHT_ADMIN, SCOPE_API_WRITE, &object, err);
}

enum err_code delete_package(struct call *c, struct err *err)
{
    struct str owner = call_param(c, "owner"), package = call_param(c, "package");
    bool final;
    enum err_code rc = wants_final(c, &final, err);

    if (!rc)
        rc = (final ? package_purge : package_remove)(c->app, c->mem, &c->actor, owner, package,
                                                      err);
    return rc ? rc : reply_empty(c, 201, err);
}

/* ---- releases ---- */

/* A release of which the caller is told no file is not there for it. */
static enum err_code check_told(struct call *c, struct tx *tx, const struct package_row *package,
                                const struct release_row *release, struct err *err)
{
    struct file_list files;
    enum err_code rc;

    if (!label_sight_is_less(&c->actor, package->access))
        return OK;
    if ((rc = file_list_by_release(tx, c->mem, release->id, &files, err)) ||
        (rc = label_sight_files(tx, c->mem, &c->actor, &files, err)))
        return rc;
    return files.count ? OK : release_missing(package, release->version, err);
}

/* looks: somebody asks for it, rather than has just changed it. */
static enum err_code reply_release(struct call *c, bool looks, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct release_row release;
    json_t *v = NULL;
    enum err_code rc;

    if ((rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = package_require(tx, c->mem, call_param(c, "owner"), call_param(c, "package"),
                              &package, err)) ||
        (rc = release_require(tx, c->mem, &package, call_param(c, "version"), &release, err)) ||
        (looks && (rc = check_told(c, tx, &package, &release, err))) ||
        (rc = view_release(c, tx, &release, &v, err)))
        return rc;
    tx_endp(&tx);
    return looks ? reply_told(c, &package, release.id, v, "distributions", err)
                 : reply_json(c, 200, v, err);
}

enum err_code get_release(struct call *c, struct err *err)
{
    return reply_release(c, true, err);
}

enum err_code post_release(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    struct release_row release;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = release_create(c->app, c->mem, &c->actor, call_param(c, "owner"),
                                   call_param(c, "package"), call_param(c, "version"), body,
                                   &release, err)))
        return rc;
    return reply_release(c, false, err);
}

enum err_code patch_release(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *body = NULL;
    const json_t *attrs = NULL;
    enum err_code rc;

    if ((rc = read_public_attrs(c, &body, &attrs, err)) ||
        (rc = edit_release(c->app, c->mem, &c->actor, call_param(c, "owner"),
                           call_param(c, "package"), call_param(c, "version"), attrs, err)))
        return rc;
    return reply_release(c, false, err);
}

enum err_code delete_release(struct call *c, struct err *err)
{
    struct str owner = call_param(c, "owner"), package = call_param(c, "package");
    bool final;
    enum err_code rc = wants_final(c, &final, err);

    if (!rc)
        rc = (final ? release_purge : release_remove)(c->app, c->mem, &c->actor, owner, package,
                                                      call_param(c, "version"), err);
    return rc ? rc : reply_empty(c, 201, err);
}

/* ---- files ---- */

enum err_code get_dist(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct file_path path = call_file_path(c);
    struct file_row file;
    json_t *v = NULL;
    enum err_code rc;

    if ((rc = call_find_file(c, &path, &file, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) || (rc = view_file(c, tx, &file, &v, err)))
        return rc;
    return reply_json(c, 200, v, err);
}

static enum err_code remove_dist(struct call *c, const struct file_path *path, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct file_row file = {0};
    json_t *v = NULL;
    bool final;
    enum err_code rc;

    if ((rc = wants_final(c, &final, err)) ||
        (rc = (final ? file_purge : file_remove)(c->app, c->mem, &c->actor, path, &file, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = view_file(c, tx, &file, &v, err))) /* its labels went with it */
        return rc;
    return reply_json(c, 200, v, err);
}

enum err_code delete_dist(struct call *c, struct err *err)
{
    struct file_path path = call_file_path(c);

    return remove_dist(c, &path, err);
}

/* The basename of a file that has this number, if it is one of the package and release in the path.
 */
static enum err_code name_by_id(struct call *c, struct file_path *path, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct release_row release;
    struct file_row file = {0};
    uint64_t id = 0;
    enum err_code rc;

    if ((rc = tx_begin(c->app->db, TX_READ, &tx, err)) ||
        (rc = package_require(tx, c->mem, path->owner, path->package, &package, err)) ||
        (rc = release_require(tx, c->mem, &package, path->version, &release, err)))
        return rc;
    rc = str_u64(call_param(c, "id"), INT64_MAX, &id)
             ? file_find_by_id(tx, c->mem, (int64_t)id, &file, err)
             : ERR_NOT_FOUND;
    if (rc == ERR_NOT_FOUND || (!rc && file.release_id != release.id))
        return fail(err, ERR_NOT_FOUND,
                    "\"" STR_FMT "/" STR_FMT "/" STR_FMT "\" has no file with the number \"" STR_FMT
                    "\"",
                    STR_ARG(path->owner), STR_ARG(path->package), STR_ARG(path->version),
                    STR_ARG(call_param(c, "id")));
    path->basename = file.basename;
    return rc;
}

enum err_code delete_dist_by_id(struct call *c, struct err *err)
{
    struct file_path path = call_file_path(c);
    enum err_code rc = name_by_id(c, &path, err);

    return rc ? rc : remove_dist(c, &path, err);
}

enum err_code call_find_file(struct call *c, const struct file_path *path, struct file_row *ret,
                             struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    bool within = true;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = file_require(tx, c->mem, path, ret, err)))
        return rc;
    if (ret->access != ACCESS_PUBLIC)
        rc = limit_allows_file(tx, c->mem, c->actor.limits, ret->id, &within, err);
    return rc || within ? rc : file_missing(path, err);
}

/* conda takes an address below the API's for that of a channel when it adds the token that
 * anaconda-client keeps, and so asks for ".../environment.yml/linux-64": the subdir means nothing.
 */
static enum err_code find_download(struct call *c, struct file_path *path, struct file_row *ret,
                                   struct err *err)
{
    enum err_code rc = call_find_file(c, path, ret, err);
    struct str name, subdir;

    if (rc != ERR_NOT_FOUND || c->credential != CRED_PATH_TOKEN ||
        !str_cut_last(path->basename, '/', &name, &subdir) || !conda_known_subdir(subdir))
        return rc;
    path->basename = name;
    return call_find_file(c, path, ret, err);
}

/* The bytes themselves, not a redirect: the client does not look at the status of a second
 * answer and would keep an error page as the package. */
enum err_code get_download(struct call *c, struct err *err)
{
    AUTO(http_entity_unrefp) struct http_entity *entity = NULL;
    struct file_path path = call_file_path(c);
    struct file_row file;
    enum err_code rc = find_download(c, &path, &file, err);

    if (rc)
        return rc;
    struct http_entity_desc d = {
        .etag = file.md5, /* the client's library sends this back as it knows it */
        .modified_ms = file.uploaded_ms,
        .content_type = S("application/octet-stream"),
        .cache_control = S("no-cache"),
        .disposition = content_disposition(c, file.filename),
    };
    if ((rc = content_load(c, file.sha256, file.size, &d, err)))
        return rc;
    entity = http_entity_new(&d);
    content_done(&d);
    rc = entity ? http_entity_send(c->ex, entity, err) : fail(err, ERR_NOMEM, "out of memory");
    if (!rc)
        content_count(c, file.id, file.package_id, file.size);
    return rc;
}
