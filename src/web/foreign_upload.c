/* foreign_upload.c: uploads as the clients of other servers send them: quetz (quetz-client,
 * rattler-build, pixi), prefix.dev (rattler-build, pixi), and Artifactory (rattler-build, pixi,
 * curl, jf). They bring conda packages; a channel is an account. docs/publishing.md says which
 * address to give to each. */
#include "format/json.h"
#include "web/handlers.h"
#include "web/intake.h"
#include "web/reply.h"

static enum err_code open_conda(struct call *c, struct intake **ret, struct err *err)
{
    enum err_code rc = intake_open(c, /* lenient= */ true, ret, err);

    return rc ? rc : intake_say(*ret, S("type"), S("conda"), err);
}

/* ---- quetz ---- */

/* POST .../upload/x-1-0.conda?force=False&sha256=...: the body is the package. */
enum err_code open_quetz_upload(struct call *c, uint64_t *ret_body_max, struct err *err)
{
    struct intake *it;
    enum err_code rc = open_conda(c, &it, err);

    if (rc || (rc = intake_query(it, err)))
        return rc;
    return intake_body(it, call_param(c, "conda_file"), ret_body_max, err);
}

/* POST .../files/: a form with any number of "files", and perhaps "force". */
enum err_code open_quetz_files(struct call *c, uint64_t *ret_body_max, struct err *err)
{
    struct intake *it;
    enum err_code rc = open_conda(c, &it, err);

    return rc ? rc : intake_form(it, "files", INTAKE_FILES, ret_body_max, err);
}

/* One by one: of those before the first that is refused the answer says nothing, but who sends them
 * again is told that they are there. */
enum err_code post_quetz_files(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *list = json_array();
    struct intake *it = c->state;
    unsigned status;
    json_t *v = NULL;
    enum err_code rc = intake_end(it, err);

    for (size_t i = 0; !rc && i < it->count; i++) {
        rc = intake_publish(it, i, &v, &status, err);
        if (!rc)
            json_add(&list, v);
    }
    return rc ? rc : reply_json(c, 201, TAKE(list), err);
}

/* ---- prefix.dev ---- */

/* A form with the package in "file", or as older tools had it the package itself; name and digest
 * are in headers, of the part or of the request. */
enum err_code open_prefix_upload(struct call *c, uint64_t *ret_body_max, struct err *err)
{
    struct str label = call_param(c, "label");
    struct intake *it;
    enum err_code rc = open_conda(c, &it, err);

    if (rc || (rc = intake_query(it, err)) ||
        (label.len && (rc = intake_say(it, S("label"), label, err))))
        return rc;
    it->unwanted = "attestation";
    if (intake_is_form(c))
        return intake_form(it, "file", 1, ret_body_max, err);
    if ((rc = intake_digest(it, "X-File-SHA256", err)))
        return rc;
    return intake_body(it, http_header(c->ex, "X-File-Name"), ret_body_max, err);
}

/* ---- Artifactory ---- */

/* "[label/LABEL/][SUBDIR/]x-1-0.conda" */
static enum err_code read_place(struct intake *it, struct str rest, struct str *ret_filename,
                                struct err *err)
{
    struct str head, last, subdir, name = rest;

    *ret_filename = rest;
    if (!str_starts(rest, S("label/")))
        return OK;
    if (!str_cut_last(rest, '/', &head, &last))
        return OK;
    if (!str_cut_last(head, '/', &rest, &subdir) || !str_starts(rest, S("label/")))
        return fail(err, ERR_NOT_FOUND,
                    "a package of a label is put to label/LABEL/SUBDIR/NAME, not to \"" STR_FMT
                    "\"",
                    STR_ARG(name));
    *ret_filename = str_from(name, rest.len + 1);
    return intake_say(it, S("label"), str_from(rest, sizeof "label/" - 1), err);
}

enum err_code open_artifactory_upload(struct call *c, uint64_t *ret_body_max, struct err *err)
{
    struct intake *it;
    struct str filename;
    enum err_code rc = open_conda(c, &it, err);

    if (rc || (rc = intake_query(it, err)) ||
        (rc = read_place(it, call_param(c, "rest"), &filename, err)) ||
        (rc = intake_deploy(it, err)))
        return rc;
    return intake_body(it, filename, ret_body_max, err);
}
