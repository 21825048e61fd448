#include "core/project.h"

#include "base/clock.h"
#include "core/package.h"
#include "store/upload.h"

enum { SECONDS_TRIED = 60 };

enum err_code project_stage(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str owner, struct str name, struct str basename,
                            struct staged *ret, struct err *err)
{
    const struct stage_request req = {.type = S("project")};
    struct file_path path = {owner, name, S(""), basename};
    struct release_row release;
    char stamp[CLOCK_TEXT_MAX];
    int64_t now = clock_now_ms();
    enum err_code rc = kind_check_filename(basename, err);

    if (rc)
        return rc;
    rc = ERR_CONFLICT;
    for (int i = 0; rc == ERR_CONFLICT && i < SECONDS_TRIED; i++) {
        path.version = str_dup(mem, clock_stamp(now + i * INT64_C(1000), stamp));
        if (!path.version.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
        rc = release_create(app, mem, actor, owner, name, path.version, NULL, &release, err);
        if (!rc)
            rc = publish_stage(app, mem, actor, &path, &req, ret, err);
    }
    return rc;
}

/* Where the file of an upload is to stand. */
static enum err_code find_path(struct app *app, struct arena *mem, struct str owner,
                               struct str name, struct str dist_id, struct file_path *ret,
                               struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct package_row package;
    struct upload_row upload;
    struct release_list releases;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = package_require(tx, mem, owner, name, &package, err)))
        return rc;
    rc = upload_by_dist_id(tx, mem, dist_id, clock_now_ms(), &upload, err);
    if (!rc && (rc = release_list(tx, mem, package.id, &releases, err)))
        return rc;
    for (size_t i = 0; !rc && i < releases.count; i++)
        if (releases.rows[i].id == upload.release_id) {
            *ret = (struct file_path){owner, name, releases.rows[i].version, upload.basename};
            return OK;
        }
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    return fail(err, ERR_NOT_FOUND,
                "there is no staged upload \"" STR_FMT "\" of the project \"" STR_FMT
                "\"; start it again",
                STR_ARG(dist_id), STR_ARG(name));
}

enum err_code project_commit(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str name, struct str dist_id,
                             struct file_row *ret, struct err *err)
{
    struct file_path path;
    enum err_code rc = find_path(app, mem, owner, name, dist_id, &path, err);

    return rc ? rc : publish_commit(app, mem, actor, &path, dist_id, ret, err);
}
