#include "format/pypi_wheel.h"

#include "base/limits.h"
#include "format/pypi_headers.h"
#include "format/pypi_name.h"
#include "format/pypi_record.h"
#include "format/pypi_zip.h"

#define SMALL_MAX  (64 * KIB) /* WHEEL: some 150 bytes */
#define POINTS_MAX (1 * MIB)  /* entry_points.txt: at most some 50 KB */

/* One reading. */
struct wheel {
    struct arena *mem;
    const struct zip_source *from;
    const struct pypi_filename *file;
    struct zip zip;
    struct str info; /* "name-1.0.dist-info" */
};

/* --- the .dist-info folder -------------------------------------------------------------------- */

static bool is_dist_info(struct str folder)
{
    struct str end = S(".dist-info");

    return folder.len > end.len && str_eq_nocase(str_from(folder, folder.len - end.len), end);
}

static enum err_code find_info(struct wheel *w, struct err *err)
{
    for (size_t i = 0; i < w->zip.count; i++) {
        struct str rest = w->zip.members[i].name, folder;

        if (!str_cut(&rest, '/', &folder) || !is_dist_info(folder) || str_eq(folder, w->info))
            continue;
        if (w->info.len)
            return fail(err, ERR_INVALID,
                        "the wheel has two .dist-info folders: \"" STR_FMT "\" and \"" STR_FMT "\"",
                        STR_ARG(w->info), STR_ARG(folder));
        w->info = folder;
    }
    if (!w->info.len)
        return fail(err, ERR_INVALID, "the wheel has no .dist-info folder");
    return OK;
}

static enum err_code check_info_name(const struct wheel *w, struct err *err)
{
    struct str stem = str_sub(w->info, 0, w->info.len - strlen(".dist-info")), name, text;
    const struct pypi_version *version;

    if (!str_cut_last(stem, '-', &name, &text) || !pypi_same_name(name, w->file->name) ||
        pypi_version_parse(w->mem, text, &version, NULL) ||
        pypi_version_cmp(version, w->file->parsed) != 0)
        return fail(err, ERR_INVALID,
                    "folder \"" STR_FMT "\" is not that of \"" STR_FMT "\" " STR_FMT
                    ", as the file name says",
                    STR_ARG(w->info), STR_ARG(w->file->name), STR_ARG(w->file->version));
    return OK;
}

/* The content of a member of the folder. A spelling that differs in case only would be the same
 * file on some disks. required: its absence is refused, else *ret stays empty. */
static enum err_code info_file(const struct wheel *w, const char *name, size_t max, bool required,
                               struct str *ret, struct err *err)
{
    struct str path = str_fmt(w->mem, "%.*s/%s", (int)w->info.len, w->info.ptr, name);
    const struct zip_member *found = NULL;

    if (!path.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < w->zip.count; i++) {
        const struct zip_member *m = &w->zip.members[i];

        if (!str_eq_nocase(m->name, path))
            continue;
        if (!str_eq(m->name, path))
            return fail(err, ERR_INVALID,
                        "member \"" STR_FMT "\" should be spelled \"" STR_FMT "\"",
                        STR_ARG(m->name), STR_ARG(path));
        found = m;
    }
    if (found)
        return pypi_zip_text(w->mem, w->from, found, max, ret, err);
    if (required)
        return fail(err, ERR_INVALID, "the wheel has no \"" STR_FMT "\"", STR_ARG(path));
    return OK;
}

/* --- its files -------------------------------------------------------------------------------- */

/* pip goes on with older versions than 1.0, and does not with major version 2. */
static enum err_code check_wheel(const struct wheel *w, struct err *err)
{
    struct pypi_headers h;
    struct str text, value = S(""), version, rest, major;
    uint64_t number;
    enum err_code rc = info_file(w, "WHEEL", SMALL_MAX, true, &text, err);

    if (!rc)
        rc = pypi_headers_parse(w->mem, text, &h, err);
    if (rc)
        return rc;
    (void)pypi_headers_find(&h, S("Wheel-Version"), &value); /* it may be absent */
    version = pypi_header_line(w->mem, value);
    rest = version;
    if (!str_cut(&rest, '.', &major) || !str_u64(major, 1, &number))
        return fail(err, ERR_INVALID,
                    "WHEEL: Wheel-Version \"" STR_FMT "\" is not 1.x, which installers can read",
                    STR_ARG(version));
    return OK;
}

/* What signs RECORD, and itself, cannot be listed in it. */
static bool is_about_record(const struct wheel *w, struct str path)
{
    struct str name = str_from(path, w->info.len);

    return str_starts(path, w->info) &&
           (str_eq(name, S("/RECORD")) || str_eq(name, S("/RECORD.jws")) ||
            str_eq(name, S("/RECORD.p7s")));
}

/* Installers unpack a file that is not listed, and nothing ever removes it again. */
static enum err_code check_record(const struct wheel *w, struct err *err)
{
    struct pypi_record record;
    struct str text;
    enum err_code rc = info_file(w, "RECORD", LIMIT_INFO_TOTAL / 4, true, &text, err);

    if (!rc)
        rc = pypi_record_parse(w->mem, text, &record, err);
    for (size_t i = 0; !rc && i < w->zip.count; i++) {
        struct str path = w->zip.members[i].name;

        if (!str_ends(path, S("/")) && !pypi_record_has(&record, path) && !is_about_record(w, path))
            rc = fail(err, ERR_INVALID, "file \"" STR_FMT "\" is not listed in RECORD",
                      STR_ARG(path));
    }
    return rc;
}

static enum err_code check_entry_points(const struct wheel *w, struct err *err)
{
    struct str text = {0};
    enum err_code rc = info_file(w, "entry_points.txt", POINTS_MAX, false, &text, err);

    return rc ? rc : pypi_check_commands(text, err);
}

/* --- licence files ---------------------------------------------------------------------------- */

/* From metadata 2.4 on the field names files below licenses/ (PEP 639); tools wrote it before, with
 * other paths. */
static bool names_license_files(struct wheel *w, const struct pypi_headers *h)
{
    struct str value = S(""), version;
    uint64_t minor;

    (void)pypi_headers_find(h, S("Metadata-Version"), &value); /* judged by pypi_meta */
    version = pypi_header_line(w->mem, value);
    return str_starts(version, S("2.")) && str_u64(str_from(version, 2), UINT64_MAX, &minor) &&
           minor >= 4;
}

static enum err_code check_licenses(struct wheel *w, struct str metadata, struct err *err)
{
    struct pypi_headers h;
    enum err_code rc = pypi_headers_parse(w->mem, metadata, &h, err);

    if (rc || !names_license_files(w, &h))
        return rc;
    for (size_t i = 0; i < h.count; i++) {
        struct str name, path;

        if (!str_eq_nocase(h.items[i].name, S("License-File")))
            continue;
        name = pypi_header_line(w->mem, h.items[i].value);
        path = str_fmt(w->mem, "%.*s/licenses/%.*s", (int)w->info.len, w->info.ptr, (int)name.len,
                       name.ptr ? name.ptr : "");
        if (!name.ptr || !path.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
        if (!zip_find(&w->zip, path))
            return fail(err, ERR_INVALID,
                        "License-File \"" STR_FMT "\": the wheel has no \"" STR_FMT "\"",
                        STR_ARG(name), STR_ARG(path));
    }
    return OK;
}

/* ---------------------------------------------------------------------------------------------- */

enum err_code pypi_wheel_read(struct arena *mem, const struct zip_source *from,
                              const struct pypi_filename *file, struct str *ret_metadata,
                              struct err *err)
{
    struct wheel w = {.mem = mem, .from = from, .file = file};
    struct str metadata = {0};
    enum err_code rc = pypi_zip_open(mem, from, &w.zip, err);

    if (!rc)
        rc = find_info(&w, err);
    if (!rc)
        rc = check_info_name(&w, err);
    if (!rc)
        rc = info_file(&w, "METADATA", LIMIT_INFO_MEMBER, true, &metadata, err);
    if (!rc)
        rc = check_wheel(&w, err);
    if (!rc)
        rc = check_record(&w, err);
    if (!rc)
        rc = check_entry_points(&w, err);
    if (!rc)
        rc = check_licenses(&w, metadata, err);
    if (!rc)
        *ret_metadata = metadata;
    return rc;
}
