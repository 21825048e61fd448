#include "core/cran_kind.h"

#include "base/limits.h"
#include "core/cut.h"
#include "core/scope.h"
#include "format/cran_archive.h"
#include "format/cran_built.h"
#include "format/cran_desc.h"
#include "format/json.h"
#include "index/cran_documents.h"

/* What pages show of a DESCRIPTION. */
#define ABOUT_LINE_MAX 1024
#define ABOUT_TEXT_MAX (64 * KIB)

/* ---- its place ---- */

static enum err_code stand_in(struct arena *mem, struct str tree, struct file_row *ret,
                              struct err *err)
{
    ret->subdir = str_fmt(mem, CRAN_SUBDIR STR_FMT, STR_ARG(tree));
    ret->name_key = str_fmt(mem, STR_FMT "/" STR_FMT, STR_ARG(tree), STR_ARG(ret->filename));
    if (!ret->subdir.ptr || !ret->name_key.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

/* Of a binary without a folder only its DESCRIPTION tells where it belongs: until it was read its
 * name is one that no file in a tree can have. */
static enum err_code place(struct arena *mem, const struct file_path *path, struct file_row *ret,
                           struct err *err)
{
    struct str folder = {0}, filename = path->basename;
    bool foldered = str_cut_last(path->basename, '/', &folder, &filename);
    struct cran_tree tree = {.path = S("src/contrib")};
    struct cran_filename f;
    enum err_code rc;

    if ((foldered && (rc = cran_tree_parse(folder, &tree, err))) ||
        (rc = cran_filename_parse(filename, &f, err)) ||
        (foldered && (rc = cran_tree_admits(&tree, &f, err))))
        return rc;
    /* R tells capital letters apart; the account does not, so there is one package of a name. */
    if (!str_eq_nocase(f.package, path->package) || !str_eq(f.version, path->version))
        return fail(err, ERR_INVALID,
                    "file \"" STR_FMT "\" does not belong to package \"" STR_FMT
                    "\" version \"" STR_FMT "\"",
                    STR_ARG(filename), STR_ARG(path->package), STR_ARG(path->version));
    ret->filename = filename;
    if (foldered || f.form == CRAN_TAR_GZ)
        return stand_in(mem, tree.path, ret, err);
    ret->subdir = S("");
    ret->name_key = filename;
    return OK;
}

/* ---- in the child ---- */

enum { DESCRIPTION };

#define FLAG_COMPILED 1u

static enum err_code read_package(struct arena *mem, int fd, uint64_t size, struct str kind,
                                  struct str filename, struct inspected *ret, struct err *err)
{
    struct cran_filename file;
    struct cran_archive a;
    enum err_code rc = cran_filename_parse(filename, &file, err);

    (void)kind;
    if (rc || (rc = cran_archive_read(mem, fd, size, &file, &a, err)))
        return rc;
    *ret = (struct inspected){.flags = a.compiled ? FLAG_COMPILED : 0,
                              .texts = {[DESCRIPTION] = a.description}};
    return OK;
}

/* ---- its row ---- */

/* A list of packages as the client splits it. */
static json_t *split(struct str line)
{
    json_t *list = json_array();
    struct str item;

    while (str_next(&line, ',', &item))
        if (str_trim(item).len)
            json_add(&list, json_of(str_trim(item)));
    return list;
}

/* The attributes that anaconda-client finds in the same file, and the fields for indexes. */
static enum err_code record_of(struct arena *mem, const json_t *fields, bool compiled, json_t **ret,
                               struct err *err)
{
    struct str built = json_get_str(fields, "Built");
    struct cran_built b = {0};
    json_t *index = NULL, *record;
    enum err_code rc = cran_desc_index(mem, fields, compiled, &index, err);

    if (!rc && built.len)
        rc = cran_built_parse(built, &b, err);
    if (rc) {
        json_decref(index);
        return rc;
    }
    record = json_object();
    json_put(&record, S("NeedsCompilation"), json_of(json_get_str(index, "NeedsCompilation")));
    json_put(&record, S("depends"), split(cran_desc_line(mem, fields, "Depends")));
    json_put(&record, S("suggests"), split(cran_desc_line(mem, fields, "Suggests")));
    json_put(&record, S("type"), json_string(built.len ? "package" : "source"));
    if (built.len) {
        json_put(&record, S("R"), json_of(b.r_version));
        json_put(&record, S("os"), json_string(b.windows ? "windows" : "unix"));
    }
    json_put(&record, S("fields"), index);
    if (!record)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = record;
    return OK;
}

static bool is_url(struct str s)
{
    return str_starts(s, S("https://")) || str_starts(s, S("http://"));
}

/* The n-th address in a field that lists them, parted by commas or blanks. */
static struct str url_of(struct str line, size_t n)
{
    struct str item, word;

    while (str_next(&line, ',', &item))
        while (str_next(&item, ' ', &word))
            if (is_url(word) && word.len <= ABOUT_LINE_MAX && n-- == 0)
                return word;
    return (struct str){0};
}

/* A field of the DESCRIPTION, if there is one. */
static void put_line(json_t **about, struct str key, struct arena *mem, const json_t *fields,
                     const char *field, size_t max)
{
    struct str line = cran_desc_line(mem, fields, field);

    if (line.ptr)
        json_put(about, key, json_of(cut(line, max)));
    else if (json_get_str(fields, field).len)
        json_put(about, key, NULL); /* out of memory */
}

static void put_url(json_t **about, struct str key, struct str urls, size_t n)
{
    struct str url = url_of(urls, n);

    if (url.ptr)
        json_put(about, key, json_of(url));
}

/* The package's own words, by the names that about.json of conda has. */
static enum err_code about_of(struct arena *mem, const json_t *fields, json_t **ret,
                              struct err *err)
{
    struct str urls = cran_desc_line(mem, fields, "URL");
    json_t *about = json_object();

    put_line(&about, S("summary"), mem, fields, "Title", ABOUT_LINE_MAX);
    put_line(&about, S("description"), mem, fields, "Description", ABOUT_TEXT_MAX);
    put_line(&about, S("license"), mem, fields, "License", ABOUT_LINE_MAX);
    put_url(&about, S("home"), urls, 0);
    put_url(&about, S("dev_url"), urls, 1);
    if (!about)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = about;
    return OK;
}

/* Whoever put it into the wrong tree is told the right one, where only one can be meant. */
static enum err_code point_out(struct arena *mem, const json_t *fields,
                               const struct cran_filename *file, enum err_code rc, struct err *err)
{
    struct err why = {0};
    struct str right;

    if (rc != ERR_INVALID || !err || cran_built_tree(mem, fields, file, &right, &why))
        return rc;
    why = *err;
    return fail(err, rc, "%s; it belongs in " STR_FMT, why.msg, STR_ARG(right));
}

/* Is it in the right tree; and which is it, if the name did not say. */
static enum err_code settle(struct arena *mem, const json_t *fields,
                            const struct cran_filename *file, struct file_row *row, struct err *err)
{
    struct cran_tree tree;
    struct str path = {0};
    enum err_code rc;

    if (!row->subdir.len) {
        rc = cran_built_tree(mem, fields, file, &path, err);
        return rc ? rc : stand_in(mem, path, row, err);
    }
    rc = cran_tree_parse(str_from(row->subdir, sizeof CRAN_SUBDIR - 1), &tree, err);
    if (!rc)
        rc = point_out(mem, fields, file, cran_built_check(fields, &tree, err), err);
    return rc;
}

static enum err_code fill_row(struct arena *mem, const json_t *fields,
                              const struct inspected *found, struct file_row *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *record = NULL;
    AUTO(json_decrefp) json_t *about = NULL;
    struct file_row row = *ret;
    enum err_code rc;

    row.run_exports = row.facts = S("{}");
    if ((rc = record_of(mem, fields, found->flags & FLAG_COMPILED, &record, err)) ||
        (rc = about_of(mem, fields, &about, err)) ||
        (rc = kind_canonical(mem, record, &row.record, err)) ||
        (rc = kind_canonical(mem, about, &row.about, err)))
        return rc;
    *ret = row;
    return OK;
}

static enum err_code describe(struct arena *mem, const struct upload_row *upload,
                              const struct inspected *found, struct file_row *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *fields = NULL;
    struct cran_filename file;
    struct file_row row = *ret;
    enum err_code rc;

    (void)upload; /* what the client read is not believed, nor needed */
    if ((rc = cran_filename_parse(ret->filename, &file, err)) ||
        (rc = cran_desc_parse(found->texts[DESCRIPTION], &fields, err)) ||
        (rc = cran_desc_check(fields, &file, err)) ||
        (rc = settle(mem, fields, &file, &row, err)) ||
        (rc = fill_row(mem, fields, found, &row, err)))
        return rc;
    *ret = row;
    return OK;
}

const struct kind cran_kind = {
    .name = {"r", 1},
    .upload = SCOPE_CRAN_UPLOAD,
    .place = place,
    .read = read_package,
    .describe = describe,
};
