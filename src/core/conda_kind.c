#include "core/conda_kind.h"

#include "base/limits.h"
#include "core/scope.h"
#include "format/conda_archive.h"
#include "format/conda_meta.h"
#include "format/json.h"

/* ---- its place ---- */

/* "x-1-0.conda" under package x, version 1: the URL may not say one thing and the file name
 * another. */
static enum err_code check_filename(const struct file_path *path, struct str filename,
                                    struct err *err)
{
    struct conda_filename f;
    enum err_code rc = conda_filename_parse(filename, &f, err);

    if (rc)
        return rc;
    if (!str_eq(f.name, path->package) || !str_eq(f.version, path->version))
        return fail(err, ERR_INVALID,
                    "file \"" STR_FMT "\" does not belong to package \"" STR_FMT
                    "\" version \"" STR_FMT "\"",
                    STR_ARG(filename), STR_ARG(path->package), STR_ARG(path->version));
    return OK;
}

static enum err_code place(struct arena *mem, const struct file_path *path, struct file_row *ret,
                           struct err *err)
{
    struct str subdir, filename;
    enum err_code rc;

    (void)mem;
    if (!str_cut_last(path->basename, '/', &subdir, &filename))
        return fail(err, ERR_INVALID,
                    "file \"" STR_FMT
                    "\" does not begin with its subdir, as in \"linux-64/x-1.0-0.conda\"",
                    STR_ARG(path->basename));
    if ((rc = conda_check_subdir(subdir, err)) || (rc = check_filename(path, filename, err)))
        return rc;
    ret->subdir = subdir;
    ret->filename = filename;
    ret->name_key = path->basename;
    return OK;
}

/* Which subdir it is, settle() finds out. */
static enum err_code place_unread(struct arena *mem, const struct file_path *path,
                                  struct file_row *ret, struct err *err)
{
    enum err_code rc;

    if (str_has(path->basename, '/'))
        return place(mem, path, ret, err);
    if ((rc = check_filename(path, path->basename, err)))
        return rc;
    ret->subdir = S("");
    ret->filename = path->basename;
    ret->name_key = path->basename;
    return OK;
}

/* ---- in the child ---- */

enum { INDEX, ABOUT, RUN_EXPORTS, RECIPE, ICON };

enum flag {
    FLAG_ACTIVATE_D = 1 << 0,
    FLAG_DEACTIVATE_D = 1 << 1,
    FLAG_PRE_LINK = 1 << 2,
    FLAG_POST_LINK = 1 << 3,
    FLAG_PRE_UNLINK = 1 << 4,
    FLAG_BINARY_PREFIX = 1 << 5,
    FLAG_TEXT_PREFIX = 1 << 6,
};

static enum err_code read_package(struct arena *mem, int fd, uint64_t size, struct str kind,
                                  struct str filename, struct inspected *ret, struct err *err)
{
    struct conda_filename file;
    struct conda_archive a;
    unsigned flags = 0;
    enum err_code rc = conda_filename_parse(filename, &file, err);

    (void)kind;
    if (rc || (rc = conda_archive_read(mem, fd, size, &file, &a, err)))
        return rc;
    flags |= a.activate_d ? FLAG_ACTIVATE_D : 0u;
    flags |= a.deactivate_d ? FLAG_DEACTIVATE_D : 0u;
    flags |= a.pre_link ? FLAG_PRE_LINK : 0u;
    flags |= a.post_link ? FLAG_POST_LINK : 0u;
    flags |= a.pre_unlink ? FLAG_PRE_UNLINK : 0u;
    flags |= a.binary_prefix ? FLAG_BINARY_PREFIX : 0u;
    flags |= a.text_prefix ? FLAG_TEXT_PREFIX : 0u;
    *ret = (struct inspected){.flags = flags,
                              .texts = {[INDEX] = a.index_json,
                                        [ABOUT] = a.about_json,
                                        [RUN_EXPORTS] = a.run_exports_json,
                                        [RECIPE] = a.recipe,
                                        [ICON] = a.icon_png}};
    return OK;
}

/* ---- its row ---- */

/* Facts of the archive that channeldata.json tells (CEP 38). */
static json_t *facts_of(unsigned flags)
{
    return json_pack("{s:b,s:b,s:b,s:b,s:b,s:b,s:b}", "activate.d", flags & FLAG_ACTIVATE_D,
                     "deactivate.d", flags & FLAG_DEACTIVATE_D, "pre_link", flags & FLAG_PRE_LINK,
                     "post_link", flags & FLAG_POST_LINK, "pre_unlink", flags & FLAG_PRE_UNLINK,
                     "binary_prefix", flags & FLAG_BINARY_PREFIX, "text_prefix",
                     flags & FLAG_TEXT_PREFIX);
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

static enum err_code fill_row(struct arena *mem, const struct inspected *found,
                              const struct conda_record *record, struct file_row *ret,
                              struct err *err)
{
    AUTO(json_decrefp) json_t *run_exports = NULL;
    AUTO(json_decrefp) json_t *about = NULL;
    AUTO(json_decrefp) json_t *facts = facts_of(found->flags);
    struct file_row row = *ret;
    enum err_code rc;

    if (!facts)
        return fail(err, ERR_NOMEM, "out of memory");
    row.build_timestamp_ms = record->timestamp_ms;
    if ((rc = conda_run_exports_parse(found->texts[RUN_EXPORTS], &run_exports, err)) ||
        (rc = conda_about_parse(found->texts[ABOUT], &about, err)) ||
        (rc = kind_canonical(mem, record->record, &row.record, err)) ||
        (rc = kind_canonical(mem, run_exports, &row.run_exports, err)) ||
        (rc = kind_canonical(mem, about, &row.about, err)) ||
        (rc = kind_canonical(mem, facts, &row.facts, err)))
        return rc;
    *ret = row;
    return OK;
}

/* The subdir that the package itself names, where its place has none yet. */
static enum err_code settle(struct arena *mem, const struct inspected *found, struct file_row *ret,
                            struct err *err)
{
    AUTO(json_decrefp) json_t *index = NULL;
    struct str subdir;
    enum err_code rc = ret->subdir.len ? OK : json_parse_object(found->texts[INDEX], &index, err);

    if (rc || ret->subdir.len)
        return rc;
    subdir = str_dup(mem, json_get_str(index, "subdir"));
    if (!json_get_str(index, "subdir").len)
        return fail(err, ERR_INVALID,
                    "the package's info/index.json names no subdir; upload it as "
                    "\"linux-64/" STR_FMT "\" or the like",
                    STR_ARG(ret->filename));
    if (subdir.ptr && (rc = conda_check_subdir(subdir, err)))
        return rc;
    ret->basename = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(subdir), STR_ARG(ret->filename));
    if (!subdir.ptr || !ret->basename.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    ret->subdir = subdir;
    ret->name_key = ret->basename;
    return OK;
}

static enum err_code describe(struct arena *mem, const struct upload_row *upload,
                              const struct inspected *found, struct file_row *ret, struct err *err)
{
    struct conda_filename name;
    struct conda_record record = {0};
    enum err_code rc;

    if ((rc = settle(mem, found, ret, err)) ||
        (rc = conda_filename_parse(ret->filename, &name, err)) ||
        (rc = conda_record_parse(mem, found->texts[INDEX], &name, ret->subdir, &record, err)))
        return rc;
    rc = check_declared(upload, &record, err);
    if (!rc)
        rc = fill_row(mem, found, &record, ret, err);
    conda_record_done(&record);
    return rc;
}

const struct kind conda_kind = {
    .name = {"conda", 5},
    .upload = SCOPE_CONDA_UPLOAD,
    .check_package = conda_check_name,
    .place = place,
    .place_unread = place_unread,
    .read = read_package,
    .describe = describe,
};
