/* cran_put.c: packages of R that are put where they are fetched from, as to Artifactory or Nexus:
 *
 *     curl -T tool_1.2.tar.gz HOST/cran/OWNER[/label/LABEL]/src/contrib/
 */
#include "format/cran_name.h"
#include "web/cran_path.h"
#include "web/handlers.h"
#include "web/intake.h"

/* Of a path that is none of a repository: where its last part belongs. */
static enum err_code refuse_path(const struct path *p, struct err *err)
{
    struct str name = p->count ? p->seg[p->count - 1] : S("");
    struct cran_filename file;
    enum err_code rc = cran_filename_parse(name, &file, err);

    if (rc)
        return rc;
    return fail(err, ERR_NOT_FOUND,
                "there is no such place for a package: \"" STR_FMT "\" is put to %s/" STR_FMT
                ", with label/LABEL/ before that if it is to have another label than main",
                STR_ARG(name), cran_form_tree(file.form), STR_ARG(name));
}

/* What has an address, but is not put there. */
static enum err_code refuse_kind(const struct cran_path *p, struct err *err)
{
    if (p->document.len)
        return fail(err, ERR_INVALID,
                    "\"" STR_FMT "\" is made here, of the packages in " STR_FMT
                    "; put those, and nothing else",
                    STR_ARG(p->document), STR_ARG(p->tree));
    if (p->archived)
        return fail(err, ERR_INVALID,
                    "older versions are put to the same place as newer ones, " STR_FMT "/" STR_FMT
                    "; they are in Archive/, too, by themselves",
                    STR_ARG(p->tree), STR_ARG(p->filename));
    return OK;
}

/* The name that the file has within its release: without the tree of sources, as anaconda-client
 * names it; of a binary with its tree, for there is one of each version of R. */
static enum err_code name_file(struct arena *mem, const struct cran_path *p, struct str *ret,
                               struct err *err)
{
    struct cran_tree tree;
    struct cran_filename file;
    enum err_code rc;

    if ((rc = cran_tree_parse(p->tree, &tree, err)) ||
        (rc = cran_filename_parse(p->filename, &file, err)) ||
        (rc = cran_tree_admits(&tree, &file, err)))
        return rc;
    *ret = tree.system.len
               ? str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(p->tree), STR_ARG(p->filename))
               : p->filename;
    return ret->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code read_path(struct call *c, struct cran_path *ret, struct str *ret_name,
                               struct err *err)
{
    struct err why = {0};
    enum err_code rc = cran_path_parse(c->mem, &c->path, ret, &why);

    if (rc)
        return rc == ERR_NOT_FOUND ? refuse_path(&c->path, err) : fail(err, rc, "%s", why.msg);
    rc = refuse_kind(ret, err);
    return rc ? rc : name_file(c->mem, ret, ret_name, err);
}

enum err_code open_cran_upload(struct call *c, uint64_t *ret_body_max, struct err *err)
{
    struct cran_path p = {0};
    struct intake *it;
    struct str name;
    enum err_code rc;

    if ((rc = intake_open(c, /* lenient= */ false, &it, err)) ||
        (rc = read_path(c, &p, &name, err)) || (rc = intake_say(it, S("type"), S("r"), err)) ||
        (p.labelled && (rc = intake_say(it, S("label"), p.label, err))) ||
        (rc = intake_query(it, err)) || (rc = intake_deploy(it, err)))
        return rc;
    return intake_body(it, name, ret_body_max, err);
}
