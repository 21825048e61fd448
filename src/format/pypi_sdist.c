#include "format/pypi_sdist.h"

#include "base/limits.h"
#include "format/pypi_zip.h"
#include "format/tar.h"
#include "format/zip_content.h"

/* What was found so far. */
struct found {
    struct arena *mem;
    struct str top; /* the folder; in mem. Empty before the first member */
    struct buf pkg_info;
    bool seen;
};

/* --- both ------------------------------------------------------------------------------------- */

/* path: a member, without a "/" at its end. */
static enum err_code check_top(struct found *f, struct str path, bool folder, struct err *err)
{
    struct str rest = path, top = path;

    if (!str_cut(&rest, '/', &top) && !folder)
        return fail(err, ERR_INVALID,
                    "file \"" STR_FMT "\" lies beside the folder that a source distribution is",
                    STR_ARG(path));
    if (!f->top.len)
        f->top = str_dup(f->mem, top);
    if (!f->top.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!str_eq(f->top, top))
        return fail(err, ERR_INVALID,
                    "more than one folder at the top: \"" STR_FMT "\" and \"" STR_FMT "\"",
                    STR_ARG(f->top), STR_ARG(top));
    return OK;
}

/* Whether it is "top/PKG-INFO". Another spelling of it would be the same file on some disks. */
static enum err_code is_pkg_info(struct found *f, struct str path, bool *ret, struct err *err)
{
    struct str name = str_from(path, f->top.len + 1);

    *ret = false;
    if (!str_eq_nocase(name, S("PKG-INFO")))
        return OK;
    if (!str_eq(name, S("PKG-INFO")))
        return fail(err, ERR_INVALID, "member \"" STR_FMT "\" should be spelled \"PKG-INFO\"",
                    STR_ARG(path));
    if (f->seen)
        return fail(err, ERR_INVALID, "two members are named \"" STR_FMT "\"", STR_ARG(path));
    f->seen = true;
    *ret = true;
    return OK;
}

static enum err_code conclude(struct found *f, struct str *ret_metadata, struct err *err)
{
    struct str copy;

    if (!f->seen)
        return fail(err, ERR_INVALID,
                    "the source distribution has no PKG-INFO in its folder; build it with a tool "
                    "that writes one, such as \"python -m build --sdist\"");
    copy = str_dup(f->mem, buf_str(&f->pkg_info));
    if (!copy.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_metadata = copy;
    return OK;
}

static void found_done(struct found *f)
{
    buf_done(&f->pkg_info);
}

/* --- tar -------------------------------------------------------------------------------------- */

/* How deep below the top folder a path is; -1: it leaves it on its way. */
static long depth_of(struct str path, long depth)
{
    struct str segment;

    while (depth >= 0 && str_next(&path, '/', &segment))
        if (str_eq(segment, S("..")))
            depth--;
        else if (segment.len && !str_eq(segment, S(".")))
            depth++;
    return depth;
}

/* A symbolic link leads on from the folder it is in, a hard one from where the archive begins. */
static enum err_code check_link(const struct found *f, const struct tar_member *m, struct err *err)
{
    struct str inside = str_from(m->path, f->top.len + 1), to = m->link, first;
    bool stays;

    if (m->type == TAR_SYMLINK)
        stays = !str_starts(to, S("/")) && !str_has(to, '\\') &&
                depth_of(to, depth_of(inside, 0) - 1) >= 0;
    else
        stays = str_cut(&to, '/', &first) && str_eq(first, f->top) && depth_of(to, 0) > 0;
    if (!stays)
        return fail(err, ERR_INVALID,
                    "member \"" STR_FMT "\" is a link to \"" STR_FMT
                    "\", which leads out of the source distribution",
                    STR_ARG(m->path), STR_ARG(m->link));
    return OK;
}

static enum err_code take_member(struct tar *t, const struct tar_member *m, struct found *f,
                                 struct err *err)
{
    bool pkg_info = false;
    enum err_code rc;

    if (!m->path.len) /* "./" */
        return OK;
    if (m->sparse)
        return fail(err, ERR_INVALID, "member \"" STR_FMT "\" is sparse", STR_ARG(m->path));
    rc = check_top(f, m->path, m->type == TAR_FOLDER, err);
    if (!rc)
        rc = is_pkg_info(f, m->path, &pkg_info, err);
    if (rc)
        return rc;
    if (pkg_info && m->type != TAR_FILE)
        return fail(err, ERR_INVALID, "member \"" STR_FMT "\" is not a file", STR_ARG(m->path));
    if (m->type == TAR_SYMLINK || m->type == TAR_HARDLINK)
        return check_link(f, m, err);
    return pkg_info ? tar_content(t, &f->pkg_info, err) : OK;
}

enum err_code pypi_sdist_read_tar(struct arena *mem, struct unpack *from, struct str *ret_metadata,
                                  struct err *err)
{
    AUTO(tar_closep) struct tar *t = NULL;
    AUTO(found_done) struct found f = {.mem = mem, .pkg_info = BUF_INIT(LIMIT_INFO_MEMBER)};
    struct tar_member m = {0};
    bool more = true;
    enum err_code rc = tar_open(from, &t, err);

    while (!rc && more) {
        rc = tar_next(t, &m, &more, err);
        if (!rc && more)
            rc = take_member(t, &m, &f, err);
    }
    return rc ? rc : conclude(&f, ret_metadata, err);
}

/* --- ZIP -------------------------------------------------------------------------------------- */

enum err_code pypi_sdist_read_zip(struct arena *mem, const struct zip_source *from,
                                  struct str *ret_metadata, struct err *err)
{
    AUTO(found_done) struct found f = {.mem = mem, .pkg_info = BUF_INIT(LIMIT_INFO_MEMBER)};
    struct zip z;
    enum err_code rc = pypi_zip_open(mem, from, &z, err);

    for (size_t i = 0; !rc && i < z.count; i++) {
        struct str path = z.members[i].name;
        bool folder = str_ends(path, S("/")), pkg_info = false;

        if (folder)
            path.len--;
        rc = check_top(&f, path, folder, err);
        if (!rc)
            rc = is_pkg_info(&f, path, &pkg_info, err);
        if (!rc && pkg_info && folder)
            rc = fail(err, ERR_INVALID, "member \"" STR_FMT "\" is not a file", STR_ARG(path));
        if (!rc && pkg_info)
            rc = zip_content(from, &z.members[i], &f.pkg_info, err);
    }
    return rc ? rc : conclude(&f, ret_metadata, err);
}
