#include "core/notebook_kind.h"

#include "base/fs.h"
#include "base/limits.h"
#include "core/cut.h"
#include "core/plain_kind.h"
#include "core/scope.h"
#include "format/json.h"
#include "format/json_write.h"
#include "format/notebook_view.h"

/* What a file's row says of a notebook: enough for lists and searches. */
#define TEXT_MAX    300
#define AUTHORS_MAX 20

/* ---- in the child ---- */

static size_t count_cells(const struct notebook *nb, enum notebook_cell_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < nb->cell_count; i++)
        n += nb->cells[i].kind == kind;
    return n;
}

static size_t count_outputs(const struct notebook *nb)
{
    size_t n = 0;

    for (size_t i = 0; i < nb->cell_count; i++)
        n += nb->cells[i].output_count;
    return n;
}

static void write_record(struct arena *mem, const struct notebook *nb, struct buf *out)
{
    struct image image;

    buf_addf(out, "{\"format\":[%lld,%lld]", (long long)nb->major, (long long)nb->minor);
    json_write_some(out, "title", cut(nb->title, TEXT_MAX));
    json_write_some(out, "kernel", cut(nb->kernel, TEXT_MAX));
    json_write_some(out, "kernel_title", cut(nb->kernel_title, TEXT_MAX));
    json_write_some(out, "language", cut(nb->language, TEXT_MAX));
    json_write_some(out, "language_version", cut(nb->language_version, TEXT_MAX));
    json_write_int(out, "cells", (int64_t)nb->cell_count);
    json_write_int(out, "code_cells", (int64_t)count_cells(nb, NOTEBOOK_CODE));
    json_write_int(out, "markdown_cells", (int64_t)count_cells(nb, NOTEBOOK_MARKDOWN));
    json_write_int(out, "outputs", (int64_t)count_outputs(nb));
    json_write_flag(out, "thumbnail", notebook_thumbnail(mem, nb, &image));
    json_write_key(out, "authors");
    buf_addc(out, '[');
    for (size_t i = 0; i < nb->author_count && i < AUTHORS_MAX; i++)
        json_write_item(out, cut(nb->authors[i], TEXT_MAX));
    buf_addz(out, "]}");
}

static enum err_code give_view(struct arena *mem, const struct notebook *nb, struct inspected *ret,
                               struct err *err)
{
    AUTO(buf_done) struct buf view = BUF_INIT(INSPECTED_TEXTS * LIMIT_INFO_MEMBER);
    struct str rest;

    notebook_view(nb, &view);
    if (!buf_ok(&view))
        return fail(err, ERR_NOMEM, "out of memory");
    rest = buf_str(&view);
    for (size_t i = 0; i < INSPECTED_TEXTS; i++) {
        ret->texts[i] = str_dup(mem, str_sub(rest, 0, LIMIT_INFO_MEMBER));
        rest = str_from(rest, LIMIT_INFO_MEMBER);
        if (!ret->texts[i].ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return OK;
}

static enum err_code give(struct arena *mem, struct str kind, const struct notebook *nb,
                          struct inspected *ret, struct err *err)
{
    AUTO(buf_done) struct buf record = BUF_INIT(MIB);
    struct image image;

    if (str_eq(kind, S("ipynb/view")))
        return give_view(mem, nb, ret, err);
    if (str_eq(kind, S("ipynb/picture"))) {
        if (!notebook_thumbnail(mem, nb, &image))
            return fail(err, ERR_INVALID, "the notebook has no picture");
        ret->texts[0] = image.bytes;
        return OK;
    }
    write_record(mem, nb, &record);
    ret->texts[0] = buf_ok(&record) ? str_dup(mem, buf_str(&record)) : (struct str){NULL, 0};
    return ret->texts[0].ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* The notebook has more memory than the answer: it may be large, and all of it is read. */
static enum err_code read_notebook(struct arena *mem, int fd, uint64_t size, struct str kind,
                                   struct str filename, struct inspected *ret, struct err *err)
{
    AUTO(arena_closep) struct arena *own = arena_open(4 * LIMIT_NOTEBOOK);
    struct inspected found = {0};
    struct notebook nb;
    struct str text;
    enum err_code rc;

    (void)filename;
    if (!own)
        return fail(err, ERR_NOMEM, "out of memory");
    if (size > LIMIT_NOTEBOOK)
        return fail(err, ERR_TOO_BIG, "a notebook of %llu bytes is over the limit of %zu",
                    (unsigned long long)size, LIMIT_NOTEBOOK);
    if ((rc = fs_read_fd(own, fd, size, &text, err)) ||
        (rc = notebook_parse(own, text, &nb, err)) || (rc = give(mem, kind, &nb, &found, err)))
        return rc;
    *ret = found;
    return OK;
}

/* ---- its row ---- */

static const struct kind_key keys[] = {
    {"format", JSON_ARRAY},    {"title", JSON_STRING},
    {"kernel", JSON_STRING},   {"kernel_title", JSON_STRING},
    {"language", JSON_STRING}, {"language_version", JSON_STRING},
    {"cells", JSON_INTEGER},   {"code_cells", JSON_INTEGER},
    {"outputs", JSON_INTEGER}, {"markdown_cells", JSON_INTEGER},
    {"thumbnail", JSON_TRUE},  {"authors", JSON_ARRAY},
};

static enum err_code describe(struct arena *mem, const struct upload_row *upload,
                              const struct inspected *found, struct file_row *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;
    AUTO(json_decrefp) json_t *about = json_object();
    struct file_row row = *ret;
    enum err_code rc;

    (void)upload;
    if ((rc = kind_record(mem, found->texts[0], keys, COUNT(keys), &row.record, err)) ||
        (rc = json_parse_object(row.record, &record, err)))
        return rc;
    if (json_get_str(record, "title").len)
        json_put(&about, S("summary"), json_of(json_get_str(record, "title")));
    if (!about)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = kind_canonical(mem, about, &row.about, err)))
        return rc;
    *ret = row;
    return OK;
}

const struct kind ipynb_kind = {
    .name = {"ipynb", 5},
    .upload = SCOPE_FILES_UPLOAD,
    .place = plain_place,
    .read = read_notebook,
    .describe = describe,
};
