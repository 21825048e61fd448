/* api_environment.c: /api/v1/environments: what an environment file asks for, and what of it is
 * here. */
#include "core/environment.h"
#include "core/package.h"
#include "core/preview.h"
#include "format/json.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"
#include "web/reply.h"

enum err_code get_environment(struct call *c, struct err *err)
{
    AUTO(json_decrefp) json_t *environment = NULL;
    struct file_path path = call_file_path(c);
    struct environment_question question = {
        .actor = &c->actor, .owner = path.owner, .base_url = call_base_url(c)};
    struct file_row file;
    struct str text, url;
    enum err_code rc = call_find_file(c, &path, &file, err);

    if (rc)
        return rc;
    if (!str_eq(file.type, S("env")))
        return fail(err, ERR_NOT_FOUND,
                    "\"" STR_FMT "\" is a file of type \"" STR_FMT "\", not an environment",
                    STR_ARG(path.basename), STR_ARG(file.type));
    question.access = file.access;
    if ((rc = preview_make(c->app, c->mem, &file, S("env/view"), &text, err)) ||
        (rc = json_parse_object(text, &environment, err)) ||
        (rc = environment_resolve(c->app, c->mem, &question, environment, err)))
        return rc;
    url = view_download_url(c, &file);
    if (!url.ptr || json_object_set_new(environment, "url", json_of(url)))
        return fail(err, ERR_NOMEM, "out of memory");
    return reply_json(c, 200, TAKE(environment), err);
}
