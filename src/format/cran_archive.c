#include "format/cran_archive.h"

#include "base/limits.h"
#include "format/tar.h"
#include "format/unpack.h"
#include "format/unpack_file.h"
#include "format/zip.h"
#include "format/zip_content.h"

#define DESCRIPTION S("DESCRIPTION")

/* What was found so far. */
struct found {
    struct str package; /* the folder that everything is in */
    struct buf description;
    bool seen;     /* DESCRIPTION */
    bool compiled; /* as in struct cran_archive */
};

static void found_done(struct found *f)
{
    buf_done(&f->description);
}

enum kind { FILE_MEMBER, FOLDER_MEMBER, LINK_MEMBER };

/* path: without "." and "..", relative. *ret_wanted: is it the DESCRIPTION? */
static enum err_code take_member(struct found *f, struct str path, enum kind kind, bool *ret_wanted,
                                 struct err *err)
{
    struct str rest = path, top;
    bool in_folder = str_cut(&rest, '/', &top);

    *ret_wanted = false;
    if (str_has(path, '\\'))
        return fail(err, ERR_INVALID, "member name \"" STR_FMT "\" has a backslash", STR_ARG(path));
    if (kind == LINK_MEMBER)
        return fail(err, ERR_INVALID,
                    "member \"" STR_FMT "\" is a link; R CMD build packs what links lead to",
                    STR_ARG(path));
    if (!str_eq(in_folder ? top : path, f->package) || (!in_folder && kind != FOLDER_MEMBER))
        return fail(err, ERR_INVALID, "member \"" STR_FMT "\" is not in the folder \"" STR_FMT "\"",
                    STR_ARG(path), STR_ARG(f->package));
    if (!in_folder)
        return OK;
    f->compiled = f->compiled || (str_starts(rest, S("src/")) && kind == FILE_MEMBER);
    if (!str_eq_nocase(rest, DESCRIPTION))
        return OK;
    if (!str_eq(rest, DESCRIPTION) || kind != FILE_MEMBER)
        return fail(err, ERR_INVALID,
                    "member \"" STR_FMT "\" should be a file \"" STR_FMT "/DESCRIPTION\"",
                    STR_ARG(path), STR_ARG(f->package));
    if (f->seen)
        return fail(err, ERR_INVALID, "two members are named \"" STR_FMT "\"", STR_ARG(path));
    *ret_wanted = f->seen = true;
    return OK;
}

/* ---- .tar.gz and .tgz ------------------------------------------------------------------------ */

static enum err_code take_of_tar(struct tar *t, const struct tar_member *m, struct found *f,
                                 struct err *err)
{
    enum kind kind = m->type == TAR_FILE ? FILE_MEMBER : LINK_MEMBER;
    bool wanted = false;
    enum err_code rc;

    if (m->type == TAR_FOLDER)
        kind = FOLDER_MEMBER;
    if (!m->path.len) /* the folder that it is unpacked into */
        return OK;
    rc = take_member(f, m->path, kind, &wanted, err);
    return rc || !wanted ? rc : tar_content(t, &f->description, err);
}

/* The whole stream is looked at: the DESCRIPTION is not promised to come first, nor a second one to
 * be far. */
static enum err_code scan_tar(struct unpack *from, struct found *f, struct err *err)
{
    AUTO(tar_closep) struct tar *t = NULL;
    struct tar_member m = {0};
    bool more = true;
    enum err_code rc = tar_open(from, &t, err);

    while (!rc && more) {
        rc = tar_next(t, &m, &more, err);
        if (!rc && more)
            rc = take_of_tar(t, &m, f, err);
    }
    return rc;
}

static enum err_code read_tar_gz(int fd, uint64_t size, struct found *f, struct err *err)
{
    AUTO(unpack_file_closep) struct unpack_file *bytes = NULL;
    AUTO(unpack_closep) struct unpack *u = NULL;
    struct unpack_source from;
    enum err_code rc = unpack_file_open(fd, size, &bytes, err);

    if (rc)
        return rc;
    from = unpack_file_source(bytes);
    rc = unpack_open(UNPACK_GZIP, &from, unpack_ceiling(size), &u, err);
    return rc ? rc : scan_tar(u, f, err);
}

/* ---- .zip ------------------------------------------------------------------------------------ */

static enum err_code take_of_zip(const struct zip_source *zip, const struct zip_member *m,
                                 struct found *f, struct err *err)
{
    bool folder = str_ends(m->name, S("/")), wanted = false;
    struct str path = folder ? str_sub(m->name, 0, m->name.len - 1) : m->name;
    enum err_code rc = take_member(f, path, folder ? FOLDER_MEMBER : FILE_MEMBER, &wanted, err);

    if (rc)
        return rc;
    if (m->method != ZIP_STORED && m->method != ZIP_DEFLATED)
        return fail(err, ERR_INVALID, "member \"" STR_FMT "\" is packed by method %u, not deflated",
                    STR_ARG(m->name), m->method);
    return wanted ? zip_content(zip, m, &f->description, err) : OK;
}

static enum err_code read_zip(struct arena *mem, const struct zip_source *from, struct found *f,
                              struct err *err)
{
    uint64_t left = unpack_ceiling(from->size);
    struct zip z;
    enum err_code rc = zip_read(mem, from, LIMIT_ZIP_ENTRIES, /* allow= */ 0, &z, err);

    for (size_t i = 0; !rc && i < z.count; i++) {
        const struct zip_member *m = &z.members[i];

        if (m->size > left)
            return fail(err, ERR_TOO_BIG, "unpacks to more than %llu bytes",
                        (unsigned long long)unpack_ceiling(from->size));
        left -= m->size;
        rc = take_of_zip(from, m, f, err);
    }
    return rc;
}

/* ---------------------------------------------------------------------------------------------- */

static enum err_code conclude(struct arena *mem, struct found *f, struct cran_archive *ret,
                              struct err *err)
{
    struct cran_archive out = {.compiled = f->compiled};

    if (!f->seen)
        return fail(err, ERR_INVALID, "the package has no file \"" STR_FMT "/DESCRIPTION\"",
                    STR_ARG(f->package));
    if (!f->description.len)
        return fail(err, ERR_INVALID, "\"" STR_FMT "/DESCRIPTION\" is empty", STR_ARG(f->package));
    out.description = str_dup(mem, buf_str(&f->description));
    if (!out.description.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = out;
    return OK;
}

enum err_code cran_archive_read(struct arena *mem, int fd, uint64_t size,
                                const struct cran_filename *file, struct cran_archive *ret,
                                struct err *err)
{
    AUTO(found_done)
    struct found f = {.package = file->package, .description = BUF_INIT(LIMIT_INFO_MEMBER)};
    struct zip_source zip = zip_source_fd(&fd, size);
    enum err_code rc;

    if (size > INT64_MAX)
        return fail(err, ERR_TOO_BIG, "no file is that large");
    rc = file->form == CRAN_ZIP ? read_zip(mem, &zip, &f, err) : read_tar_gz(fd, size, &f, err);
    return rc ? rc : conclude(mem, &f, ret, err);
}
