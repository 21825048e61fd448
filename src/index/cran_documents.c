/* cran_documents.c: see cran_documents.h. */
#include "index/cran_documents.h"

#include "base/limits.h"
#include "format/gzip.h"
#include "format/json.h"

#define GZIP_LEVEL 6 /* the highest takes three times as long for a hundredth less */

static const struct str sources = {CRAN_SUBDIR "src/contrib", sizeof CRAN_SUBDIR "src/contrib" - 1};

bool cran_is_subdir(struct str subdir)
{
    return str_starts(subdir, S(CRAN_SUBDIR));
}

/* ---- the builder ---- */

enum err_code cran_documents_open(struct str subdir, struct cran_packages **ret, struct err *err)
{
    return cran_packages_open(!str_eq(subdir, sources), ret, err);
}

enum err_code cran_documents_add(void *docs, const struct conda_row *row, struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;
    struct cran_file file = {.filename = row->filename,
                             .md5 = row->md5,
                             .size = row->size,
                             .uploaded_ms = row->uploaded_ms};
    enum err_code code = json_parse_object(row->record, &record, err);

    if (code)
        return code;
    file.fields = json_object_get(record, "fields");
    return cran_packages_add(docs, &file, err);
}

/* ---- documents ---- */

typedef void writer(const struct cran_packages *p, struct buf *out);

static enum err_code write_packed(writer *write, const struct cran_packages *p, struct buf *out,
                                  struct err *err)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(LIMIT_INDEX_DOCUMENT);

    write(p, &plain);
    if (!buf_ok(&plain))
        return fail(err, ERR_NOMEM, "out of memory for an index");
    return gzip_pack(buf_str(&plain), GZIP_LEVEL, out, err);
}

static enum err_code write_plain(void *docs, struct buf *out, struct err *err)
{
    (void)err; /* a failure shows in out */
    cran_packages_write(docs, out);
    return OK;
}

static enum err_code write_gz(void *docs, struct buf *out, struct err *err)
{
    return write_packed(cran_packages_write, docs, out, err);
}

static enum err_code write_rds(void *docs, struct buf *out, struct err *err)
{
    return write_packed(cran_packages_write_rds, docs, out, err);
}

static enum err_code write_archive(void *docs, struct buf *out, struct err *err)
{
    return write_packed(cran_packages_write_archive, docs, out, err);
}

static enum err_code write_current(void *docs, struct buf *out, struct err *err)
{
    return write_packed(cran_packages_write_current, docs, out, err);
}

static const struct document_kind all[] = {
    {{"PACKAGES", 8}, write_plain, false},
    {{"PACKAGES.gz", 11}, write_gz, false},
    {{"PACKAGES.rds", 12}, write_rds, false},
    {{"Meta/archive.rds", 16}, write_archive, false}, /* of sources only, like the next one */
    {{"Meta/current.rds", 16}, write_current, false},
};
static const struct document_kinds source_kinds = {all, COUNT(all)};
static const struct document_kinds binary_kinds = {all, COUNT(all) - 2};

const struct document_kinds *cran_kinds_of(struct str subdir)
{
    return str_eq(subdir, sources) ? &source_kinds : &binary_kinds;
}

struct str cran_media_type(struct str name)
{
    for (size_t i = 0; i < COUNT(all); i++)
        if (str_eq(name, all[i].name))
            return str_ends(name, S("PACKAGES")) ? S("text/plain; charset=utf-8")
                                                 : S("application/octet-stream");
    return (struct str){0};
}
