#include "core/pypi_kind.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "core/scope.h"
#include "format/json.h"
#include "format/pypi_archive.h"
#include "format/pypi_meta.h"
#include "format/pypi_name.h"

enum { METADATA };

/* ---- its place ---- */

/* A release may be called 1.0 and its files 1.0.0: what counts is that it is one version. */
static enum err_code check_version(struct arena *mem, const struct file_path *path,
                                   const struct pypi_filename *f, struct err *err)
{
    const struct pypi_version *release;
    enum err_code rc = pypi_version_parse(mem, path->version, &release, err);

    if (!rc && pypi_version_cmp(release, f->parsed) != 0)
        rc = fail(err, ERR_INVALID,
                  "file \"" STR_FMT "\" does not belong to release \"" STR_FMT "\" of package "
                  "\"" STR_FMT "\"",
                  STR_ARG(path->basename), STR_ARG(path->version), STR_ARG(path->package));
    return rc;
}

static enum err_code place(struct arena *mem, const struct file_path *path, struct file_row *ret,
                           struct err *err)
{
    struct pypi_filename f;
    struct str project, filename, key;
    enum err_code rc;

    if ((rc = pypi_check_name(path->package, err)) ||
        (rc = pypi_filename_parse(mem, path->basename, path->package, &f, err)) ||
        (rc = check_version(mem, path, &f, err)))
        return rc;
    project = pypi_normalise_name(mem, path->package);
    filename = str_lower(mem, path->basename);
    key = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(project), STR_ARG(filename));
    if (!project.ptr || !filename.ptr || !key.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    ret->subdir = S("");
    ret->filename = path->basename;
    ret->name_key = key;
    return OK;
}

/* The project in a name_key. */
static struct str project_of(struct str name_key)
{
    struct str project = {0};

    (void)str_cut(&name_key, '/', &project); /* place() put it there */
    return project;
}

/* ---- in the child ---- */

static enum err_code read_distribution(struct arena *mem, int fd, uint64_t size, struct str kind,
                                       struct str filename, struct inspected *ret, struct err *err)
{
    struct pypi_filename file;
    struct str metadata;
    enum err_code rc = pypi_filename_parse(mem, filename, S(""), &file, err);

    (void)kind;
    if (rc || (rc = pypi_archive_read(mem, fd, size, &file, &metadata, err)))
        return rc;
    if (!metadata.len)
        return fail(err, ERR_INVALID, "the metadata of the distribution is empty");
    *ret = (struct inspected){.texts = {[METADATA] = metadata}};
    return OK;
}

/* ---- its row ---- */

/* What the client declared is not believed, only compared: a difference means that it read another
 * file than it sent. Of eggs and of ZIP files clients do not tell the truth. */
static enum err_code check_declared(const struct upload_row *upload, const struct pypi_filename *f,
                                    const json_t *attrs, struct err *err)
{
    static const char *const compared[] = {"packagetype", "python_version", "build_no", "abi"};
    AUTO(json_decrefp) json_t *declared = NULL;
    enum err_code rc = json_parse_object(upload->attrs, &declared, err);

    if (rc || f->kind == PYPI_EGG || (f->kind == PYPI_SDIST && f->packing == PYPI_ZIP))
        return rc;
    for (size_t i = 0; i < COUNT(compared); i++) {
        const json_t *said = json_object_get(declared, compared[i]);
        const json_t *is = json_object_get(attrs, compared[i]);

        if (said && is && !json_is_null(said) && !json_equal(said, is))
            return fail(err, ERR_INVALID,
                        "the upload declared another %s than the file \"" STR_FMT "\" has",
                        compared[i], STR_ARG(upload->basename));
    }
    return OK;
}

static json_t *facts_of(struct arena *mem, struct str metadata, const struct pypi_meta *m)
{
    struct str base64 = text_base64(mem, metadata);
    char hex[SHA256_HEX + 1];

    digest_sha256_hex(metadata, hex);
    return json_pack("{s:o,s:s,s:O}", "metadata", json_of(base64), "metadata_sha256", hex,
                     "dependencies", m->dependencies);
}

static enum err_code fill_row(struct arena *mem, const struct upload_row *upload,
                              const struct pypi_filename *f, struct str metadata,
                              const struct pypi_meta *m, struct file_row *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *attrs = pypi_attrs(f);
    AUTO(json_decrefp) json_t *facts = facts_of(mem, metadata, m);
    struct file_row row = *ret;
    enum err_code rc;

    if (!attrs || !facts)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = check_declared(upload, f, attrs, err)) ||
        (rc = kind_canonical(mem, attrs, &row.record, err)) ||
        (rc = kind_canonical(mem, m->about, &row.about, err)) ||
        (rc = kind_canonical(mem, facts, &row.facts, err)))
        return rc;
    *ret = row;
    return OK;
}

static enum err_code describe(struct arena *mem, const struct upload_row *upload,
                              const struct inspected *found, struct file_row *ret, struct err *err)
{
    struct pypi_filename f;
    struct pypi_meta m = {0};
    enum err_code rc;

    if ((rc = pypi_filename_parse(mem, ret->filename, project_of(ret->name_key), &f, err)) ||
        (rc = pypi_meta_parse(mem, found->texts[METADATA], &m, err)))
        return rc;
    rc = pypi_meta_check_filename(&m, &f, err);
    if (!rc)
        rc = fill_row(mem, upload, &f, found->texts[METADATA], &m, ret, err);
    pypi_meta_done(&m);
    return rc;
}

const struct kind pypi_kind = {
    .name = {"pypi", 4},
    .upload = SCOPE_PYPI_UPLOAD,
    .check_package = pypi_check_name,
    .place = place,
    .by_project = true,
    .read = read_distribution,
    .describe = describe,
};
