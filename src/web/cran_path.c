#include "web/cran_path.h"

#include "format/conda_name.h"
#include "format/cran_name.h"
#include "index/cran_documents.h"

#define OWNER_AT 1
#define FIRST    2 /* after "cran" and the owner */

static enum err_code nothing_there(struct err *err)
{
    return fail(err, ERR_NOT_FOUND,
                "no such path in a CRAN-like repository, which has src/contrib/... and "
                "bin/SYSTEM/contrib/X.Y/...");
}

/* Segments [from, to) joined with "/". ptr NULL: no memory. */
static struct str join(struct arena *mem, const struct path *p, size_t from, size_t to)
{
    struct path part = *p;

    part.count = to;
    return path_tail(mem, &part, from);
}

/* How many segments, from `at` on, name a tree: 0 if they do not. */
static size_t tree_length(struct arena *mem, const struct path *p, size_t at)
{
    static const size_t lengths[] = {2, 4, 5};
    struct cran_tree tree;

    for (size_t i = 0; i < COUNT(lengths) && at + lengths[i] <= p->count; i++) {
        struct str path = join(mem, p, at, at + lengths[i]);

        if (path.ptr && cran_tree_parse(path, &tree, NULL) == OK)
            return lengths[i];
    }
    return 0;
}

/* What is asked for within the tree: the segments from `at` on. False: no such thing. */
static bool parse_inside(struct arena *mem, const struct path *p, size_t at, struct cran_path *ret)
{
    size_t left = p->count - at;
    struct str document = left == 1 || left == 2 ? join(mem, p, at, p->count) : (struct str){0};
    struct cran_filename name;

    if (document.ptr && cran_media_type(document).ptr) {
        ret->document = document;
        return true;
    }
    if (left == 0 || cran_filename_parse(p->seg[p->count - 1], &name, NULL))
        return false;
    ret->filename = p->seg[p->count - 1];
    ret->archived = left == 3;
    return left == 1 ||
           (left == 3 && str_eq(p->seg[at], S("Archive")) && str_eq(p->seg[at + 1], name.package));
}

/* "web/packages/packages.rds": what CRAN's web pages are made of, which R reads for whole
 * repositories. Here it is the index of the sources. */
static bool parse_database(struct arena *mem, const struct path *p, size_t at,
                           struct cran_path *ret)
{
    if (p->count - at != 3 || !str_eq(join(mem, p, at, p->count), S("web/packages/packages.rds")))
        return false;
    ret->tree = S("src/contrib");
    ret->document = S("PACKAGES.rds");
    return true;
}

/* The tree whose name begins at `at`, and what is asked for within; false: no such thing. The
 * tree's ptr is NULL without memory. */
static bool parse_tree(struct arena *mem, const struct path *p, size_t at, struct cran_path *ret)
{
    size_t length = tree_length(mem, p, at);

    if (!length || !parse_inside(mem, p, at + length, ret))
        return false;
    ret->tree = join(mem, p, at, at + length);
    return true;
}

/* The segments between the owner and the tree at `at`: none, or "label" and a label. */
static bool parse_label(struct arena *mem, const struct path *p, size_t at, struct cran_path *ret)
{
    ret->label = S("main");
    ret->labelled = at != FIRST;
    if (!ret->labelled)
        return true;
    if (!str_eq(p->seg[FIRST], S("label")) || at == FIRST + 1)
        return false;
    ret->label = str_lower(mem, join(mem, p, FIRST + 1, at));
    return ret->label.ptr && conda_check_label(ret->label, NULL) == OK;
}

enum err_code cran_path_parse(struct arena *mem, const struct path *p, struct cran_path *ret,
                              struct err *err)
{
    struct cran_path path = {.owner = p->count > OWNER_AT ? p->seg[OWNER_AT] : S("")};

    if (p->trailing_slash)
        return nothing_there(err);
    for (size_t at = p->count; at-- > FIRST;)
        if ((parse_database(mem, p, at, &path) || parse_tree(mem, p, at, &path)) &&
            parse_label(mem, p, at, &path)) {
            if (!path.tree.ptr)
                return fail(err, ERR_NOMEM, "out of memory");
            *ret = path;
            return OK;
        }
    return nothing_there(err);
}
