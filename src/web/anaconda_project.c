/* anaconda_project.c: Anaconda projects, as anaconda-client 1.5 to 1.13 uploads them (/api/apps). A
 * project is a package with files of type "project". */
#include "core/access.h"
#include "core/account.h"
#include "core/package.h"
#include "core/project.h"
#include "core/scope.h"
#include "format/json.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"
#include "web/reply.h"

static bool has_projects(const struct package_row *p)
{
    struct str rest = p->types, word;

    while (rest.len && str_next(&rest, ' ', &word))
        if (str_eq(word, S("project")))
            return true;
    return false;
}

enum err_code get_projects(struct call *c, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    AUTO(json_decrefp) json_t *list = json_array();
    struct account_row account;
    struct package_list packages;
    struct view view;
    enum err_code rc = tx_begin(c->app->db, TX_READ, &tx, err);

    if (rc || (rc = account_require(tx, c->mem, call_param(c, "owner"), &account, err)) ||
        (rc = access_view(tx, c->mem, &c->actor, &account, &view, err)) ||
        (rc = package_list(tx, c->mem, account.id, &packages, err)))
        return rc;
    for (size_t i = 0; i < packages.count; i++) {
        const struct package_row *p = &packages.rows[i];
        json_t *v = NULL;

        if (!has_projects(p) || !view_shows(&view, p->access, p->id))
            continue;
        if ((rc = view_package_summary(c, tx, p, &v, err)))
            return rc;
        json_add(&list, v);
    }
    return reply_json(c, 200, TAKE(list), err);
}

/* What is said of a project: of a package, what is called its attributes. */
static json_t *attrs_of(const json_t *profile)
{
    json_t *attrs = json_pack("{s:[s]}", "package_types", "project");
    static const char *const names[] = {"summary", "description"};

    for (size_t i = 0; i < COUNT(names); i++)
        if (json_get_str(profile, names[i]).len)
            json_put(&attrs, str_of(names[i]), json_of(json_get_str(profile, names[i])));
    return attrs;
}

enum err_code post_projects(struct call *c, struct err *err)
{
    struct project_body {
        struct str name, access;
        const json_t *profile;
    } in = {.access = S("")};
    static const struct json_field fields[] = {
        {"name", JSON_T_STR, true, offsetof(struct project_body, name), 1, 256},
        {"access", JSON_T_STR, false, offsetof(struct project_body, access), 0, 64},
        {"profile", JSON_T_OBJECT, false, offsetof(struct project_body, profile), 0, 0},
    };
    AUTO(json_decrefp) json_t *body = NULL;
    AUTO(json_decrefp) json_t *attrs = NULL;
    struct access_object object = {.owner = call_param(c, "owner")};
    struct package_row package;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &in, err)))
        return rc;
    object.package = in.name;
    attrs = attrs_of(in.profile);
    if (!attrs)
        return fail(err, ERR_NOMEM, "out of memory");
    /* "public" is what the client always says: it means nothing. */
    if (str_eq(in.access, S("public")))
        in.access = S("");
    if ((rc = access_check(c->app, c->mem, &c->actor, RIGHT_WRITE, SCOPES_PUBLISH, &object, err)) ||
        (rc = package_create(c->app, c->mem, &c->actor, object.owner, in.name, in.access, attrs,
                             &package, err)))
        return rc;
    return reply_json(c, 201,
                      json_pack("{s:o, s:o}", "name", json_of(package.name), "access",
                                json_of(access_level_name(package.access))),
                      err);
}

enum err_code post_project_stage(struct call *c, struct err *err)
{
    struct str basename = S("");
    static const struct json_field fields[] = {{"basename", JSON_T_STR, true, 0, 1, 256}};
    AUTO(json_decrefp) json_t *body = NULL;
    struct str name = call_param(c, "package"), url;
    struct staged staged;
    enum err_code rc = call_json(c, &body, err);

    /* Whether the project could be made the client has not looked at: so it is told here. */
    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &basename, err)) ||
        (rc = kind_check_package(name, err)) ||
        (rc = project_stage(c->app, c->mem, &c->actor, call_param(c, "owner"), name, basename,
                            &staged, err)))
        return rc;
    url = str_fmt(c->mem, STR_FMT "/api/upload/" STR_FMT, STR_ARG(call_base_url(c)),
                  STR_ARG(staged.ticket));
    return reply_json(c, 200,
                      json_pack("{s:o, s:{s:o}, s:o}", "post_url", json_of(url), "form_data",
                                "revision_id", json_of(staged.dist_id), "dist_id",
                                json_of(staged.dist_id)),
                      err);
}

static enum err_code commit(struct call *c, struct str dist_id, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct file_row file;
    json_t *v = NULL;
    enum err_code rc;

    if ((rc = project_commit(c->app, c->mem, &c->actor, call_param(c, "owner"),
                             call_param(c, "package"), dist_id, &file, err)) ||
        (rc = tx_begin(c->app->db, TX_READ, &tx, err)) || (rc = view_file(c, tx, &file, &v, err)))
        return rc;
    json_put(&v, S("url"), json_of(view_download_url(c, &file)));
    return reply_json(c, 201, v, err);
}

enum err_code post_project_commit(struct call *c, struct err *err)
{
    return commit(c, call_param(c, "id"), err);
}

/* As client 1.5.0 says which upload it means. */
enum err_code post_project_commit_named(struct call *c, struct err *err)
{
    struct str id = S("");
    static const struct json_field fields[] = {{"revision_id", JSON_T_STR, true, 0, 1, 64}};
    AUTO(json_decrefp) json_t *body = NULL;
    enum err_code rc = call_json(c, &body, err);

    if (rc || (rc = json_read(body, fields, COUNT(fields), c->mem, &id, err)))
        return rc;
    return commit(c, id, err);
}
