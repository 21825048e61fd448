/* api_notebook.c: /api/v1/notebooks: what a page shows of a notebook, and its picture. */
#include "core/package.h"
#include "core/preview.h"
#include "format/fields.h"
#include "format/image.h"
#include "format/json.h"
#include "http/entity.h"
#include "web/anaconda_view.h"
#include "web/handlers.h"

/* Moves when the same bytes are shown in another way, so that browsers ask for it anew. */
#define VIEW_GENERATION "1"

/* What is the same for all answers of a file: they depend on its bytes and on this program. */
struct answer {
    struct file_row file;
    struct http_entity_desc d;
};

static enum err_code find_notebook(struct call *c, const char *form, struct answer *ret,
                                   struct err *err)
{
    struct file_path path = call_file_path(c);
    enum err_code rc = call_find_file(c, &path, &ret->file, err);

    if (rc)
        return rc;
    if (!str_eq(ret->file.type, S("ipynb")))
        return fail(err, ERR_NOT_FOUND,
                    "\"" STR_FMT "\" is a file of type \"" STR_FMT "\", not a notebook",
                    STR_ARG(path.basename), STR_ARG(ret->file.type));
    ret->d = (struct http_entity_desc){
        .etag = str_fmt(c->mem, "%.32s-%s-" VIEW_GENERATION, ret->file.sha256.ptr, form),
        .modified_ms = ret->file.uploaded_ms,
        .content_type = S("application/octet-stream"),
        .cache_control = S("private, no-cache"),
    };
    return ret->d.etag.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* Whoever has it already costs nothing. */
static bool is_known(struct call *c, const struct answer *a)
{
    struct str tags = http_header(c->ex, "If-None-Match");

    return tags.len && field_etag_list_has(tags, a->d.etag, true);
}

static enum err_code send(struct call *c, const struct answer *a, struct err *err)
{
    AUTO(http_entity_unrefp) struct http_entity *entity = http_entity_new(&a->d);

    return entity ? http_entity_send(c->ex, entity, err) : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code get_notebook(struct call *c, struct err *err)
{
    struct answer a;
    enum err_code rc = find_notebook(c, "view", &a, err);

    if (rc)
        return rc;
    a.d.content_type = S("application/json");
    if (!is_known(c, &a) &&
        (rc = preview_make(c->app, c->mem, &a.file, S("ipynb/view"), &a.d.bytes, err)))
        return rc;
    return send(c, &a, err);
}

static enum err_code no_picture(const struct answer *a, struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "the notebook \"" STR_FMT "\" has no picture",
                STR_ARG(a->file.basename));
}

/* Has the notebook one, as its row says? Then it need not be read in vain. */
static bool has_picture(const struct answer *a)
{
    AUTO(json_decrefp) json_t *record = NULL;

    return json_parse_object(a->file.record, &record, NULL) == OK &&
           json_is_true(json_object_get(record, "thumbnail"));
}

enum err_code get_notebook_thumbnail(struct call *c, struct err *err)
{
    struct answer a;
    struct image image;
    enum err_code rc = find_notebook(c, "picture", &a, err);

    if (rc)
        return rc;
    if (!has_picture(&a))
        return no_picture(&a, err);
    if (is_known(c, &a))
        return send(c, &a, err);
    rc = preview_make(c->app, c->mem, &a.file, S("ipynb/picture"), &a.d.bytes, err);
    if (!rc && image_parse(a.d.bytes, &image, NULL)) /* the sandbox is not believed */
        return no_picture(&a, err);
    if (rc)
        return rc;
    a.d.content_type = str_of(image_mime(image.type));
    a.d.policy = S("default-src 'none'; sandbox");
    return send(c, &a, err);
}
