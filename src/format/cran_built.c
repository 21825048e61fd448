#include "format/cran_built.h"

#include "format/json.h"

/* "R 4.1.1" -> "4.1" */
static bool minor_version(struct str in, struct str *ret)
{
    struct str rest = str_from(in, 2), major, minor;

    if (!str_starts(in, S("R ")) || cran_check_version(rest, NULL))
        return false;
    *ret = rest;
    if (!str_cut(&rest, '.', &major))
        return false;
    if (str_cut(&rest, '.', &minor))
        ret->len = major.len + 1 + minor.len;
    return !str_has(*ret, '-');
}

enum err_code cran_built_parse(struct str in, struct cran_built *ret, struct err *err)
{
    struct str rest = in, parts[4], part;
    struct cran_built built = {0};
    size_t count = 0;

    while (count < COUNT(parts) && str_next(&rest, ';', &part))
        parts[count++] = str_trim(part);
    if (count != COUNT(parts) || rest.ptr || !minor_version(parts[0], &built.r_version) ||
        (!str_eq(parts[3], S("unix")) && !str_eq(parts[3], S("windows"))))
        return fail(err, ERR_INVALID,
                    "DESCRIPTION: Built is \"" STR_FMT "\", not \"R version; platform; date; "
                    "unix or windows\"",
                    STR_ARG(in));
    built.platform = parts[1];
    built.windows = str_eq(parts[3], S("windows"));
    *ret = built;
    return OK;
}

static enum err_code fail_not_built(const char *where, struct err *err)
{
    return fail(err, ERR_INVALID,
                "DESCRIPTION has no field \"Built\", so this is not the binary package that %s",
                where);
}

static enum err_code check_built_for(const struct cran_built *built, const struct cran_tree *tree,
                                     struct err *err)
{
    bool windows = str_eq(tree->system, S("windows"));

    if (!str_eq(built->r_version, tree->r_version))
        return fail(err, ERR_INVALID,
                    "the package was built with R " STR_FMT ", but " STR_FMT " is for R " STR_FMT,
                    STR_ARG(built->r_version), STR_ARG(tree->path), STR_ARG(tree->r_version));
    if (built->windows != windows)
        return fail(
            err, ERR_INVALID, "the package was built on %s, but " STR_FMT " is for " STR_FMT,
            built->windows ? "windows" : "unix", STR_ARG(tree->path), STR_ARG(tree->system));
    return OK;
}

enum err_code cran_built_check(const json_t *fields, const struct cran_tree *tree, struct err *err)
{
    bool is_built = json_object_get(fields, "Built") != NULL;
    struct cran_built built = {0};
    enum err_code rc;

    if (!tree->system.len && is_built)
        return fail(err, ERR_INVALID,
                    "DESCRIPTION has a field \"Built\": this is a binary package, and src/contrib "
                    "is for sources; binaries go into bin/SYSTEM/contrib/X.Y");
    if (!tree->system.len)
        return OK;
    if (!is_built)
        return fail_not_built("this folder has", err);
    rc = cran_built_parse(json_get_str(fields, "Built"), &built, err);
    return rc ? rc : check_built_for(&built, tree, err);
}

/* The folder of CRAN's binaries for a Mac: R 4.0 had one without name, which stayed that of Intel
 * until R 4.3. NULL: which of them cannot be told. */
static const char *mac_flavour(const struct cran_built *built)
{
    if (cran_version_cmp(built->r_version, S("4.0")) == 0)
        return "";
    if (str_starts(built->platform, S("aarch64-apple-darwin")))
        return "big-sur-arm64/";
    if (!str_starts(built->platform, S("x86_64-apple-darwin")) ||
        cran_version_cmp(built->r_version, S("4.0")) < 0)
        return NULL;
    return cran_version_cmp(built->r_version, S("4.3")) < 0 ? "" : "big-sur-x86_64/";
}

static enum err_code binary_tree(struct arena *mem, const struct cran_built *built,
                                 const struct cran_filename *file, struct str *ret_path,
                                 struct err *err)
{
    const char *flavour = file->form == CRAN_TGZ ? mac_flavour(built) : "";
    const char *system = file->form == CRAN_TGZ ? "macosx" : "windows";

    if (file->form == CRAN_TAR_GZ || file->form == CRAN_LINUX || !flavour)
        return fail(err, ERR_INVALID,
                    "a binary package does not say for which %s it is: put it into its tree, as "
                    "bin/%s/contrib/" STR_FMT,
                    flavour ? "distribution of Linux" : "Mac",
                    flavour ? "linux/DISTRIBUTION" : "macosx/big-sur-arm64",
                    STR_ARG(built->r_version));
    *ret_path =
        str_fmt(mem, "bin/%s/%scontrib/" STR_FMT, system, flavour, STR_ARG(built->r_version));
    return ret_path->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code cran_built_tree(struct arena *mem, const json_t *fields,
                              const struct cran_filename *file, struct str *ret_path,
                              struct err *err)
{
    struct cran_built built = {0};
    enum err_code rc;

    if (!json_object_get(fields, "Built") && file->form == CRAN_TAR_GZ) {
        *ret_path = S("src/contrib");
        return OK;
    }
    if (!json_object_get(fields, "Built"))
        return fail_not_built("the file name says it is", err);
    rc = cran_built_parse(json_get_str(fields, "Built"), &built, err);
    return rc ? rc : binary_tree(mem, &built, file, ret_path, err);
}
