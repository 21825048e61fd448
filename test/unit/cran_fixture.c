#include "cran_fixture.h"

#include "make_archive.h"

struct str make_cran(struct arena *a, const char *package, const char *description,
                     const char *source)
{
    struct tar_part parts[2] = {
        {.name = str_fmt(a, "%s/DESCRIPTION", package).ptr, .data = str_of(description)},
        {.name = str_fmt(a, "%s/src/x.c", package).ptr, .data = str_of(source)}};

    return make_gzip(a, make_tar(a, parts, source ? 2 : 1));
}

enum err_code cran_publish(struct core *f, const struct actor *actor, const struct file_path *path,
                           const char *label, struct str bytes, struct file_row *ret)
{
    struct str labels = str_of(label ? label : "main");
    const struct stage_request req = {
        .type = S("r"), .labels = &labels, .label_count = 1, .sha256 = core_sha256(f, bytes)};
    struct staged staged;
    enum err_code rc;

    core_release(f, actor, path);
    rc = publish_stage(&f->app, f->mem, actor, path, &req, &staged, &f->err);
    if (!rc)
        rc = core_send(f, staged.ticket, bytes);
    if (!rc)
        rc = publish_commit(&f->app, f->mem, actor, path, staged.dist_id, ret, &f->err);
    return rc;
}
