#include "core/kind_guess.h"

#include "base/limits.h"
#include "format/conda_name.h"
#include "format/cran_name.h"
#include "format/pypi_filename.h"

/* ---- what names say ---- */

static enum err_code read_conda(struct arena *mem, struct str filename, struct file_path *ret,
                                struct err *err)
{
    struct conda_filename f;
    enum err_code rc = conda_filename_parse(filename, &f, err);

    (void)mem;
    if (!rc) {
        ret->package = f.name;
        ret->version = f.version;
    }
    return rc;
}

static enum err_code read_r(struct arena *mem, struct str filename, struct file_path *ret,
                            struct err *err)
{
    struct cran_filename f;
    enum err_code rc = cran_filename_parse(filename, &f, err);

    (void)mem;
    if (!rc) {
        ret->package = f.package;
        ret->version = f.version;
    }
    return rc;
}

static enum err_code read_pypi(struct arena *mem, struct str filename, struct file_path *ret,
                               struct err *err)
{
    struct pypi_filename f;
    enum err_code rc = pypi_filename_parse(mem, filename, ret->package, &f, err);

    if (!rc) {
        ret->package = f.name;
        ret->version = f.version;
    }
    return rc;
}

static bool is_inner(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* "Sales report.tar.gz" -> "sales-report": the name without its endings, and with "-" for what
 * names of packages cannot hold. */
static enum err_code read_plain(struct arena *mem, struct str filename, struct file_path *ret,
                                struct err *err)
{
    struct str stem = filename, head, end;
    char *name;
    size_t first = 0, len;

    if (str_cut_last(stem, '.', &head, &end) && head.len)
        stem = head;
    if (str_ends(stem, S(".tar")))
        stem.len -= 4;
    stem = str_lower(mem, stem);
    name = stem.ptr ? str_z(mem, stem) : NULL;
    if (!name)
        return fail(err, ERR_NOMEM, "out of memory");
    for (len = 0; len < stem.len && len < LIMIT_PACKAGE; len++)
        if (!is_inner(name[len]) && !strchr(".+-", name[len]))
            name[len] = '-';
    while (first < len && !is_inner(name[first]))
        first++;
    while (len > first && !is_inner(name[len - 1]))
        len--;
    if (first == len)
        return fail_field(err, "package",
                          "of \"" STR_FMT
                          "\" no name of a package can be made; say which it is for",
                          STR_ARG(filename));
    ret->package = (struct str){name + first, len - first};
    return OK;
}

/* ---- kinds ---- */

static enum err_code read_name(const struct kind *k, struct arena *mem, struct str filename,
                               struct file_path *ret, struct err *err)
{
    if (str_eq(k->name, S("conda")))
        return read_conda(mem, filename, ret, err);
    if (str_eq(k->name, S("r")))
        return read_r(mem, filename, ret, err);
    if (str_eq(k->name, S("pypi")))
        return read_pypi(mem, filename, ret, err);
    return read_plain(mem, filename, ret, err);
}

/* In this order, the first that fits. strict: the whole name must be one of the kind's. */
static const struct ending {
    struct str end;
    const char *kind;
    bool strict;
} endings[] = {
    {{".conda", 6}, "conda", false}, {{".tar.bz2", 8}, "conda", true},
    {{".whl", 4}, "pypi", false},    {{".egg", 4}, "pypi", true},
    {{".tar.gz", 7}, "r", true},     {{".tar.gz", 7}, "pypi", true},
    {{".zip", 4}, "r", true},        {{".tgz", 4}, "r", true},
    {{".ipynb", 6}, "ipynb", false}, {{".yml", 4}, "env", false},
    {{".yaml", 5}, "env", false},    {{"pixi.lock", 9}, "env", false},
};

const struct kind *kind_guess(struct arena *mem, struct str filename)
{
    for (size_t i = 0; i < COUNT(endings); i++) {
        const struct kind *k = kind_find(str_of(endings[i].kind));
        struct file_path path = {0};

        if (k && str_ends(filename, endings[i].end) &&
            (!endings[i].strict || read_name(k, mem, filename, &path, NULL) == OK))
            return k;
    }
    return kind_find(S("file"));
}

enum err_code kind_guess_path(const struct kind *k, struct arena *mem, struct str filename,
                              struct file_path *path, struct err *err)
{
    struct file_path said = *path;
    enum err_code rc;

    if (path->package.len && path->version.len)
        return OK; /* and if the name says otherwise, its kind will tell */
    if ((rc = read_name(k, mem, filename, &said, err)))
        return rc;
    if (!path->package.len)
        path->package = said.package;
    if (!path->version.len)
        path->version = said.version;
    return OK;
}
