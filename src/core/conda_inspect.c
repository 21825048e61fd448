#include "core/conda_inspect.h"

#include "base/fs.h"
#include "base/limits.h"
#include "blob/blob.h"
#include "core/inspect.h"
#include "format/conda_meta.h"
#include "format/json.h"

static enum err_code canonical_text(struct arena *mem, const json_t *v, struct str *ret,
                                    struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(2 * LIMIT_INFO_MEMBER);

    json_canonical(&b, v);
    *ret = buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

/* Facts of the archive that channeldata.json tells (CEP 38). */
static json_t *facts_of(const struct conda_archive *a)
{
    return json_pack("{s:b,s:b,s:b,s:b,s:b,s:b,s:b}", "activate.d", a->activate_d, "deactivate.d",
                     a->deactivate_d, "pre_link", a->pre_link, "post_link", a->post_link,
                     "pre_unlink", a->pre_unlink, "binary_prefix", a->binary_prefix, "text_prefix",
                     a->text_prefix);
}

/* What the client declared is not believed, only compared: a difference means that it read
 * another file than it sent. */
static enum err_code check_declared(const struct upload_row *upload, const struct conda_record *r,
                                    struct err *err)
{
    AUTO(json_decrefp) json_t *attrs = NULL;
    static const char *const compared[] = {"subdir", "build", "build_number"};
    enum err_code rc = json_parse_object(upload->attrs, &attrs, err);

    for (size_t i = 0; !rc && i < COUNT(compared); i++) {
        const json_t *said = json_object_get(attrs, compared[i]);
        const json_t *is = json_object_get(r->record, compared[i]);
        if (said && is && !json_is_null(said) && !json_equal(said, is))
            rc = fail(err, ERR_INVALID,
                      "the upload declared another %s than the package's info/index.json has",
                      compared[i]);
    }
    return rc;
}

static enum err_code fill_row(struct arena *mem, const struct upload_row *upload,
                              const struct conda_archive *archive,
                              const struct conda_record *record, struct file_row *ret,
                              struct err *err)
{
    AUTO(json_decrefp) json_t *run_exports = NULL;
    AUTO(json_decrefp) json_t *about = NULL;
    AUTO(json_decrefp) json_t *facts = facts_of(archive);
    struct file_row row = {.type = S("conda"), .build_timestamp_ms = record->timestamp_ms};
    enum err_code rc;

    if (!facts)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!str_cut_last(upload->basename, '/', &row.subdir, &row.filename))
        return fail(err, ERR_INVALID, "file \"" STR_FMT "\" has no subdir",
                    STR_ARG(upload->basename));
    if ((rc = conda_run_exports_parse(archive->run_exports_json, &run_exports, err)) ||
        (rc = conda_about_parse(archive->about_json, &about, err)) ||
        (rc = canonical_text(mem, record->record, &row.record, err)) ||
        (rc = canonical_text(mem, run_exports, &row.run_exports, err)) ||
        (rc = canonical_text(mem, about, &row.about, err)) ||
        (rc = canonical_text(mem, facts, &row.facts, err)))
        return rc;
    *ret = row;
    return OK;
}

enum err_code conda_inspect_file(struct app *app, struct arena *mem,
                                 const struct upload_row *upload, struct file_row *ret,
                                 struct err *err)
{
    AUTO(fd_closep) int fd = -1;
    uint64_t size;
    struct str subdir, filename;
    struct conda_filename name;
    struct conda_archive archive;
    struct conda_record record = {0};
    enum err_code rc;

    if (!str_cut_last(upload->basename, '/', &subdir, &filename))
        return fail(err, ERR_INVALID, "file \"" STR_FMT "\" has no subdir",
                    STR_ARG(upload->basename));
    if ((rc = conda_filename_parse(filename, &name, err)) ||
        (rc = blob_get(app->blobs, upload->sha256, &fd, &size, err)) ||
        (rc = inspect_conda(app->inspector, mem, fd, size, &name, &archive, err)) ||
        (rc = conda_record_parse(mem, archive.index_json, &name, subdir, &record, err)))
        return rc;
    rc = check_declared(upload, &record, err);
    if (!rc)
        rc = fill_row(mem, upload, &archive, &record, ret, err);
    conda_record_done(&record);
    return rc;
}
