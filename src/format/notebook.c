#include "format/notebook.h"

#include <inttypes.h>

#include "base/limits.h"
#include "format/json.h"
#include "format/json_lax.h"

#define MAJOR_MIN 2
#define MAJOR_MAX 5
/* The newest minor version of format 4 that is known here. Later ones may have kinds of cells and
 * outputs of which nothing is known. */
#define MINOR_KNOWN 5
#define AUTHORS_MAX 100
#define ID_MAX      64 /* nbformat 4.5 */

struct reading {
    struct arena *mem;
    int64_t major;
    bool future; /* unknown kinds are to be expected */
    size_t outputs;
};

/* --- parts ------------------------------------------------------------------------------------ */

/* "is a number", for messages. */
static const char *type_of(const json_t *v)
{
    if (json_is_object(v))
        return "an object";
    if (json_is_array(v))
        return "a list";
    if (json_is_string(v))
        return "a string";
    if (json_is_number(v))
        return "a number";
    if (json_is_boolean(v))
        return "true or false";
    return v ? "null" : "missing";
}

/* NULL for null too. */
static const json_t *get(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);

    return json_is_null(v) ? NULL : v;
}

/* Empty unless it is a string. */
static struct str get_text(const json_t *obj, const char *key)
{
    struct str s = json_get_str(obj, key);

    return s.ptr ? s : S("");
}

static int64_t get_count(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);

    return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : -1;
}

static enum err_code join(struct arena *mem, const json_t *list, struct str sep, struct str *ret,
                          struct err *err)
{
    size_t count = json_array_size(list), size = 0, len = 0;
    char *out;

    for (size_t i = 0; i < count; i++) {
        struct str line = json_str(json_array_get(list, i));

        if (!line.ptr)
            return fail(err, ERR_INVALID, "line %zu is %s", i + 1,
                        type_of(json_array_get(list, i)));
        size += line.len + sep.len;
    }
    if (!(out = arena_alloc(mem, size ? size : 1, 1)))
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        struct str line = json_str(json_array_get(list, i));

        if (i && sep.len) {
            memcpy(out + len, sep.ptr, sep.len);
            len += sep.len;
        }
        if (line.len)
            memcpy(out + len, line.ptr, line.len);
        len += line.len;
    }
    *ret = (struct str){out, len};
    return OK;
}

/* A text, or the list of its lines. Format 2 left the line ends out, and some of 3 do. */
static enum err_code read_text(const struct reading *r, const json_t *v, struct str *ret,
                               struct err *err)
{
    struct str first = json_str(json_array_get(v, 0));
    struct str sep = S("");

    if (json_is_string(v)) {
        *ret = json_str(v);
        return OK;
    }
    if (!json_is_array(v))
        return fail(err, ERR_INVALID, "is %s, not a text or a list of lines", type_of(v));
    if (r->major < 4 && !str_ends(first, S("\n")) && !str_ends(first, S("\r")))
        sep = S("\n");
    return join(r->mem, v, sep, ret, err);
}

/* Some value of a MIME type; texts are told from other JSON. */
static enum err_code read_form(const struct reading *r, struct str mime, const json_t *v,
                               struct notebook_form *ret, struct err *err)
{
    bool lines = json_is_array(v);
    enum err_code code;

    *ret = (struct notebook_form){.mime = mime};
    for (size_t i = 0; lines && i < json_array_size(v); i++)
        lines = json_is_string(json_array_get(v, i));
    if (!lines && !json_is_string(v)) {
        ret->value = v;
        return OK;
    }
    if ((code = read_text(r, v, &ret->text, err)))
        return fail(err, code, "\"" STR_FMT "\": %s", STR_ARG(mime), err ? err->msg : "");
    return OK;
}

/* The names that formats 2 and 3 had for types; keys of other outputs are no forms. */
static struct str mime_of(const struct reading *r, struct str key)
{
    static const struct {
        struct str key, mime;
    } old[] = {
        {{"text", 4}, {"text/plain", 10}},
        {{"html", 4}, {"text/html", 9}},
        {{"svg", 3}, {"image/svg+xml", 13}},
        {{"png", 3}, {"image/png", 9}},
        {{"jpeg", 4}, {"image/jpeg", 10}},
        {{"latex", 5}, {"text/latex", 10}},
        {{"json", 4}, {"application/json", 16}},
        {{"javascript", 10}, {"application/javascript", 22}},
    };

    for (size_t i = 0; r->major < 4 && i < COUNT(old); i++)
        if (str_eq(key, old[i].key))
            return old[i].mime;
    return r->major >= 4 || str_has(key, '/') ? key : (struct str){NULL, 0};
}

static enum err_code read_bundle(const struct reading *r, const json_t *data,
                                 struct notebook_bundle *ret, struct err *err)
{
    json_t *object = (json_t *)(uintptr_t)data; /* jansson's iterators know no const */
    size_t size = json_object_size(data);
    struct notebook_form *forms = arena_array(r->mem, struct notebook_form, size ? size : 1);
    size_t n = 0;
    enum err_code code;

    if (!forms)
        return fail(err, ERR_NOMEM, "out of memory");
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        struct str key = {json_object_iter_key(i), json_object_iter_key_len(i)};
        struct str mime = mime_of(r, key);

        if (!mime.ptr)
            continue;
        if ((code = read_form(r, mime, json_object_iter_value(i), &forms[n], err)))
            return code;
        n++;
    }
    *ret = (struct notebook_bundle){forms, n};
    return OK;
}

/* --- outputs ---------------------------------------------------------------------------------- */

static enum err_code read_stream(const struct reading *r, const json_t *v,
                                 struct notebook_output *ret, struct err *err)
{
    enum err_code code;

    ret->kind = NOTEBOOK_STREAM;
    ret->name = get_text(v, r->major < 4 ? "stream" : "name");
    if ((code = read_text(r, json_object_get(v, "text"), &ret->text, err)))
        return fail(err, code, "text %s", err ? err->msg : "");
    return OK;
}

static enum err_code read_error(const struct reading *r, const json_t *v,
                                struct notebook_output *ret, struct err *err)
{
    const json_t *lines = get(v, "traceback");
    enum err_code code;

    ret->kind = NOTEBOOK_ERROR;
    ret->name = get_text(v, "ename");
    ret->text = get_text(v, "evalue");
    if (!lines)
        return OK;
    if (!json_is_array(lines))
        return fail(err, ERR_INVALID, "traceback is %s, not a list of lines", type_of(lines));
    if ((code = join(r->mem, lines, S("\n"), &ret->traceback, err)))
        return fail(err, code, "traceback: %s", err ? err->msg : "");
    return OK;
}

static enum err_code read_data(const struct reading *r, const json_t *v,
                               struct notebook_output *ret, struct err *err)
{
    const json_t *data = r->major < 4 ? v : get(v, "data");

    ret->kind = NOTEBOOK_DATA;
    ret->execution_count = get_count(v, r->major < 4 ? "prompt_number" : "execution_count");
    if (data && !json_is_object(data))
        return fail(err, ERR_INVALID, "data is %s, not an object", type_of(data));
    return data ? read_bundle(r, data, &ret->data, err) : OK;
}

static enum err_code read_output(const struct reading *r, const json_t *v,
                                 struct notebook_output *ret, struct err *err)
{
    struct str type = json_get_str(v, "output_type");

    *ret = (struct notebook_output){.execution_count = -1, .traceback = S("")};
    if (!json_is_object(v))
        return fail(err, ERR_INVALID, "is %s, not an object", type_of(v));
    if (!type.ptr)
        return fail(err, ERR_INVALID, "output_type is %s",
                    type_of(json_object_get(v, "output_type")));
    if (str_eq(type, S("stream")))
        return read_stream(r, v, ret, err);
    if (str_eq(type, S("error")) || str_eq(type, S("pyerr")))
        return read_error(r, v, ret, err);
    if (str_eq(type, S("display_data")) || str_eq(type, S("execute_result")) ||
        str_eq(type, S("pyout")))
        return read_data(r, v, ret, err);
    if (!r->future)
        return fail(err, ERR_INVALID, "output_type \"" STR_FMT "\" is not known", STR_ARG(type));
    ret->kind = NOTEBOOK_OUTPUT_UNKNOWN;
    ret->name = type;
    return OK;
}

static enum err_code read_outputs(struct reading *r, const json_t *list, struct notebook_cell *ret,
                                  struct err *err)
{
    size_t count = json_array_size(list);

    if (list && !json_is_array(list))
        return fail(err, ERR_INVALID, ": outputs is %s, not a list", type_of(list));
    r->outputs += count;
    if (r->outputs > LIMIT_NOTEBOOK_OUTPUTS)
        return fail(err, ERR_TOO_BIG, ": the notebook has more than %d outputs",
                    LIMIT_NOTEBOOK_OUTPUTS);
    if (!(ret->outputs = arena_array(r->mem, struct notebook_output, count ? count : 1)))
        return fail(err, ERR_NOMEM, ": out of memory");
    for (size_t i = 0; i < count; i++) {
        enum err_code code = read_output(r, json_array_get(list, i), &ret->outputs[i], err);

        if (code)
            return fail(err, code, ", output %zu: %s", i + 1, err ? err->msg : "");
    }
    ret->output_count = count;
    return OK;
}

/* --- cells ------------------------------------------------------------------------------------ */

static enum err_code read_attachments(const struct reading *r, const json_t *v,
                                      struct notebook_cell *ret, struct err *err)
{
    json_t *object = (json_t *)(uintptr_t)v; /* jansson's iterators know no const */
    size_t count = json_object_size(v), n = 0;

    if (!v)
        return OK;
    if (!json_is_object(v))
        return fail(err, ERR_INVALID, ": attachments is %s, not an object", type_of(v));
    ret->attachments = arena_array(r->mem, struct notebook_attachment, count ? count : 1);
    if (!ret->attachments)
        return fail(err, ERR_NOMEM, ": out of memory");
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        struct notebook_attachment *a = &ret->attachments[n++];
        const json_t *data = json_object_iter_value(i);
        enum err_code code;

        a->name = (struct str){json_object_iter_key(i), json_object_iter_key_len(i)};
        if (!json_is_object(data))
            return fail(err, ERR_INVALID, ": attachment \"" STR_FMT "\" is %s, not an object",
                        STR_ARG(a->name), type_of(data));
        if ((code = read_bundle(r, data, &a->data, err)))
            return fail(err, code, ": attachment \"" STR_FMT "\": %s", STR_ARG(a->name),
                        err ? err->msg : "");
    }
    ret->attachment_count = n;
    return OK;
}

/* Names what the source of a cell of this type is called; NULL if there is no such type. */
static const char *source_key(const struct reading *r, struct str type, struct notebook_cell *ret)
{
    if (str_eq(type, S("code"))) {
        ret->kind = NOTEBOOK_CODE;
        return r->major < 4 ? "input" : "source";
    }
    if (str_eq(type, S("raw")) || (r->major < 4 && str_eq(type, S("plaintext")))) {
        ret->kind = NOTEBOOK_RAW;
        return "source";
    }
    ret->kind = NOTEBOOK_MARKDOWN;
    if (str_eq(type, S("markdown")) ||
        (r->major < 4 &&
         (str_eq(type, S("html")) || str_eq(type, S("heading")) || str_eq(type, S("text")))))
        return "source";
    ret->kind = NOTEBOOK_CELL_UNKNOWN;
    return r->future ? "source" : NULL;
}

/* "# text" of a heading cell of format 3. */
static enum err_code read_heading(const struct reading *r, const json_t *v, struct str *source,
                                  struct err *err)
{
    int64_t level = get_count(v, "level");
    char *out = arena_alloc(r->mem, source->len + 7, 1);
    size_t marks = level < 1 ? 1 : level > 6 ? 6 : (size_t)level;

    if (!out)
        return fail(err, ERR_NOMEM, ": out of memory");
    memset(out, '#', marks);
    out[marks] = ' ';
    for (size_t i = 0; i < source->len; i++) /* a heading is one line */
        out[marks + 1 + i] = source->ptr[i] == '\n' ? ' ' : source->ptr[i];
    *source = (struct str){out, marks + 1 + source->len};
    return OK;
}

/* nbformat 4.5: letters, digits, "-" and "_". */
static struct str good_id(struct str id)
{
    if (!id.ptr || id.len > ID_MAX)
        return S("");
    for (size_t i = 0; i < id.len; i++)
        if (!str_has(S("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
                     id.ptr[i]))
            return S("");
    return id;
}

static enum err_code read_source(const struct reading *r, const json_t *v, const char *key,
                                 struct notebook_cell *ret, struct err *err)
{
    const json_t *source = json_object_get(v, key);
    enum err_code code;

    if (!source && ret->kind == NOTEBOOK_CELL_UNKNOWN)
        return OK;
    if ((code = read_text(r, source, &ret->source, err)))
        return fail(err, code, ": %s %s", key, err ? err->msg : "");
    return str_eq(json_get_str(v, "cell_type"), S("heading")) && ret->kind == NOTEBOOK_MARKDOWN
               ? read_heading(r, v, &ret->source, err)
               : OK;
}

/* Messages go on from "cell 3". */
static enum err_code read_cell(struct reading *r, const json_t *v, struct notebook_cell *ret,
                               struct err *err)
{
    const json_t *metadata = json_object_get(v, "metadata");
    struct str type = json_get_str(v, "cell_type");
    const char *key;
    enum err_code code;

    if (!json_is_object(v))
        return fail(err, ERR_INVALID, " is %s, not an object", type_of(v));
    if (!type.ptr)
        return fail(err, ERR_INVALID, ": cell_type is %s",
                    type_of(json_object_get(v, "cell_type")));
    if (!(key = source_key(r, type, ret)))
        return fail(err, ERR_INVALID, ": cell_type \"" STR_FMT "\" is not known", STR_ARG(type));
    ret->execution_count = get_count(v, r->major < 4 ? "prompt_number" : "execution_count");
    ret->id = good_id(json_get_str(v, "id"));
    ret->language = get_text(v, "language");
    ret->raw_mime = get_text(metadata, "raw_mimetype");
    if (!ret->raw_mime.len)
        ret->raw_mime = get_text(metadata, "format");
    if ((code = read_source(r, v, key, ret, err)) ||
        (code = read_attachments(r, get(v, "attachments"), ret, err)))
        return code;
    return ret->kind == NOTEBOOK_CODE ? read_outputs(r, get(v, "outputs"), ret, err) : OK;
}

static enum err_code add_cells(struct reading *r, const json_t *list, struct notebook *ret,
                               struct err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct notebook_cell *cell = &ret->cells[ret->cell_count];
        enum err_code code;

        *cell = (struct notebook_cell){.execution_count = -1, .source = S("")};
        if ((code = read_cell(r, json_array_get(list, i), cell, err)))
            return fail(err, code, "cell %zu%s", ret->cell_count + 1, err ? err->msg : "");
        ret->cell_count++;
    }
    return OK;
}

/* Format 4 has a list of cells; before, a list of worksheets had them, of which programs only ever
 * made one. */
static enum err_code read_cells(struct reading *r, const json_t *root, struct notebook *ret,
                                struct err *err)
{
    const char *key = r->major < 4 ? "worksheets" : "cells";
    const json_t *top = get(root, key), *cells;
    size_t sheets = r->major < 4 ? json_array_size(top) : 1, total = 0;
    enum err_code code = OK;

    if (r->major >= 4 ? !json_is_array(top) : top && !json_is_array(top))
        return fail(err, ERR_INVALID, "not a notebook: %s is %s, not a list", key,
                    type_of(json_object_get(root, key)));
    for (size_t i = 0; i < sheets; i++) {
        cells = r->major < 4 ? get(json_array_get(top, i), "cells") : top;
        if (cells && !json_is_array(cells))
            return fail(err, ERR_INVALID, "worksheet %zu: cells is %s, not a list", i + 1,
                        type_of(cells));
        total += json_array_size(cells);
    }
    if (total > LIMIT_NOTEBOOK_CELLS)
        return fail(err, ERR_TOO_BIG, "the notebook has %zu cells; the limit is %d", total,
                    LIMIT_NOTEBOOK_CELLS);
    if (!(ret->cells = arena_array(r->mem, struct notebook_cell, total ? total : 1)))
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; !code && i < sheets; i++) {
        cells = r->major < 4 ? get(json_array_get(top, i), "cells") : top;
        code = add_cells(r, cells, ret, err);
    }
    return code;
}

/* --- the notebook ----------------------------------------------------------------------------- */

/* Names, or objects with a name; others are nobody. */
static enum err_code read_authors(const struct reading *r, const json_t *list, struct notebook *ret,
                                  struct err *err)
{
    size_t count = json_array_size(list);

    if (count > AUTHORS_MAX)
        count = AUTHORS_MAX;
    if (!(ret->authors = arena_array(r->mem, struct str, count ? count : 1)))
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const json_t *v = json_array_get(list, i);
        struct str name = json_is_string(v) ? json_str(v) : get_text(v, "name");

        if (name.len)
            ret->authors[ret->author_count++] = name;
    }
    return OK;
}

/* "# Title" at the beginning of the first text, which most notebooks have instead of a title. */
static struct str first_heading(const struct notebook *nb)
{
    struct str text, line;

    for (size_t i = 0; i < nb->cell_count; i++) {
        text = nb->cells[i].source;
        if (nb->cells[i].kind == NOTEBOOK_MARKDOWN && str_next(&text, '\n', &line))
            return str_starts(line, S("# ")) ? str_trim(str_from(line, 2)) : S("");
    }
    return S("");
}

/* What is of a wrong type here counts as not said: it decides nothing. */
static enum err_code read_metadata(const struct reading *r, const json_t *root,
                                   struct notebook *ret, struct err *err)
{
    const json_t *metadata = json_object_get(root, "metadata");
    const json_t *kernel = json_object_get(metadata, "kernelspec");
    const json_t *language = json_object_get(metadata, "language_info");

    ret->title = get_text(metadata, "title");
    if (!ret->title.len)
        ret->title = get_text(metadata, "name"); /* format 3 */
    if (!ret->title.len)
        ret->title = first_heading(ret);
    ret->kernel = get_text(kernel, "name");
    ret->kernel_title = get_text(kernel, "display_name");
    ret->language = get_text(language, "name");
    if (!ret->language.len)
        ret->language = get_text(kernel, "language");
    ret->language_version = get_text(language, "version");
    for (size_t i = 0; !ret->language.len && i < ret->cell_count; i++)
        ret->language = ret->cells[i].language.ptr ? ret->cells[i].language : S("");
    return read_authors(r, json_object_get(metadata, "authors"), ret, err);
}

static enum err_code read_version(const json_t *root, struct notebook *ret, struct err *err)
{
    const json_t *v = json_object_get(root, "nbformat");

    if (!json_is_object(root))
        return fail(err, ERR_INVALID, "not a notebook: the JSON text is %s, not an object",
                    type_of(root));
    if (!json_is_integer(v))
        return fail(err, ERR_INVALID, "not a notebook: nbformat is %s", type_of(v));
    ret->major = json_integer_value(v);
    ret->minor = get_count(root, "nbformat_minor");
    if (ret->minor < 0)
        ret->minor = 0;
    if (ret->major < MAJOR_MIN || ret->major > MAJOR_MAX)
        return fail(err, ERR_INVALID, "a notebook of format %" PRId64 "; %d to %d are known",
                    ret->major, MAJOR_MIN, MAJOR_MAX);
    return OK;
}

enum err_code notebook_parse(struct arena *mem, struct str text, struct notebook *ret,
                             struct err *err)
{
    struct notebook got = {0};
    struct reading r = {.mem = mem};
    const json_t *root = NULL;
    enum err_code code;

    if (text.len > LIMIT_NOTEBOOK)
        return fail(err, ERR_TOO_BIG, "a notebook of %zu bytes is over the limit of %zu", text.len,
                    LIMIT_NOTEBOOK);
    code = json_lax_parse(mem, text, LIMIT_NOTEBOOK_VALUES, &root, err);
    if (code)
        return fail(err, code, "not a notebook: %s", err ? err->msg : "");
    if ((code = read_version(root, &got, err)))
        return code;
    r.major = got.major;
    r.future = got.major > 4 || (got.major == 4 && got.minor > MINOR_KNOWN);
    if ((code = read_cells(&r, root, &got, err)) || (code = read_metadata(&r, root, &got, err)))
        return code;
    *ret = got;
    return OK;
}
