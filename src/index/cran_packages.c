/* cran_packages.c: see cran_packages.h. The files are sorted once, by package and the newest
 * version first; then each document is one walk over them. */
#include "index/cran_packages.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/cran_desc.h"
#include "format/json.h"
#include "format/rds.h"

/* What R has besides the fields of a DESCRIPTION. */
static const char md5sum[] = "MD5sum", file_column[] = "File";

#define COLUMNS_MAX (CRAN_EVERYWHERE + 3)

struct entry {
    struct str values[COLUMNS_MAX]; /* by column; ptr NULL: none */
    struct str filename;
    int64_t size, uploaded_ms;
    bool newest; /* of its package */
};

struct cran_packages {
    struct arena *mem; /* of the texts */
    const char *columns[COLUMNS_MAX];
    size_t column_count;
    struct entry *entries;
    size_t count, cap, packages;
};

/* In the order of tools::write_PACKAGES. */
static void set_columns(struct cran_packages *p, bool binary)
{
    size_t n = 0;

    for (; n < CRAN_EVERYWHERE; n++)
        p->columns[n] = cran_indexed[n];
    p->columns[n++] = md5sum;
    p->columns[n++] = cran_indexed[binary ? CRAN_BUILT : CRAN_NEEDS_COMPILATION];
    if (binary)
        p->columns[n++] = file_column;
    p->column_count = n;
}

enum err_code cran_packages_open(bool binary, struct cran_packages **ret, struct err *err)
{
    AUTO(cran_packages_closep) struct cran_packages *p = mem_new(struct cran_packages);

    if (p)
        p->mem = arena_open(LIMIT_INDEX_DOCUMENT);
    if (!p || !p->mem)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    set_columns(p, binary);
    *ret = TAKE(p);
    return OK;
}

void cran_packages_close(struct cran_packages *p)
{
    if (!p)
        return;
    arena_close(p->mem);
    mem_free(p->entries);
    mem_free(p);
}

void cran_packages_closep(struct cran_packages **p)
{
    cran_packages_close(*p);
}

/* ---- files ---- */

static bool grow(struct cran_packages *p)
{
    size_t cap = p->cap ? 2 * p->cap : 64;
    struct entry *more;

    if (p->count < p->cap)
        return true;
    more = mem_resize(p->entries, cap * sizeof *more);
    if (!more)
        return false;
    p->entries = more;
    p->cap = cap;
    return true;
}

/* The name that R makes of package and version, which needs no saying. */
static bool is_plain_name(const struct cran_file *file)
{
    struct cran_filename name;

    return cran_filename_parse(file->filename, &name, NULL) == OK && name.form != CRAN_LINUX;
}

static struct str value_of(const struct cran_file *file, const char *column)
{
    if (column == md5sum)
        return file->md5;
    if (column == file_column)
        return is_plain_name(file) ? S("") : file->filename;
    return json_get_str(file->fields, column);
}

enum err_code cran_packages_add(struct cran_packages *p, const struct cran_file *file,
                                struct err *err)
{
    struct entry e = {.size = file->size, .uploaded_ms = file->uploaded_ms};
    bool ok = grow(p);

    for (size_t i = 0; ok && i < p->column_count; i++) {
        struct str value = value_of(file, p->columns[i]);

        e.values[i] = value.len ? str_dup(p->mem, value) : (struct str){0};
        ok = !value.len || e.values[i].ptr;
    }
    e.filename = ok ? str_dup(p->mem, file->filename) : (struct str){0};
    if (!e.filename.ptr)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    p->entries[p->count++] = e;
    return OK;
}

/* Equal versions may be spelled in two ways, and of one there may be two files. */
static int by_package_newest_first(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = str_cmp(x->values[CRAN_PACKAGE], y->values[CRAN_PACKAGE]);

    if (!order)
        order = cran_version_cmp(y->values[CRAN_VERSION], x->values[CRAN_VERSION]);
    return order ? order : str_cmp(x->filename, y->filename);
}

void cran_packages_end(struct cran_packages *p)
{
    if (p->count)
        qsort(p->entries, p->count, sizeof *p->entries, by_package_newest_first);
    p->packages = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct entry *e = &p->entries[i];

        e->newest = !i || !str_eq(e[-1].values[CRAN_PACKAGE], e->values[CRAN_PACKAGE]);
        p->packages += e->newest;
    }
}

/* ---- documents ---- */

/* Records are parted by an empty line. */
void cran_packages_write(const struct cran_packages *p, struct buf *out)
{
    bool first = true;

    for (size_t i = 0; i < p->count; i++) {
        const struct entry *e = &p->entries[i];

        if (!e->newest)
            continue;
        if (!first)
            buf_addc(out, '\n');
        first = false;
        for (size_t k = 0; k < p->column_count; k++)
            if (e->values[k].len) {
                buf_addz(out, p->columns[k]);
                buf_addz(out, ": ");
                buf_add(out, e->values[k]);
                buf_addc(out, '\n');
            }
    }
}

/* A matrix of strings, column by column, with the packages as names of its rows; of none, without,
 * as R would have it. */
void cran_packages_write_rds(const struct cran_packages *p, struct buf *out)
{
    struct rds r;

    rds_begin(&r, out);
    rds_strings(&r, p->packages * p->column_count, RDS_ATTRIBUTES);
    for (size_t k = 0; k < p->column_count; k++)
        for (size_t i = 0; i < p->count; i++)
            if (p->entries[i].newest)
                rds_string(&r, p->entries[i].values[k]);
    rds_attribute(&r, "dim");
    rds_ints(&r, 2, RDS_PLAIN);
    rds_int(&r, (int32_t)p->packages);
    rds_int(&r, (int32_t)p->column_count);
    rds_attribute(&r, "dimnames");
    rds_list(&r, 2, RDS_PLAIN);
    if (!p->packages)
        rds_null(&r);
    else
        rds_strings(&r, p->packages, RDS_PLAIN);
    for (size_t i = 0; i < p->count; i++)
        if (p->entries[i].newest)
            rds_string(&r, p->entries[i].values[CRAN_PACKAGE]);
    rds_strings(&r, p->column_count, RDS_PLAIN);
    for (size_t k = 0; k < p->column_count; k++)
        rds_string(&r, str_of(p->columns[k]));
    rds_attributes_end(&r);
}

/* ---- data frames ---- */

/* Which files a data frame is of: those from..to that are the newest of their packages, or are not.
 */
struct frame {
    const struct entry *from, *to;
    bool newest;
    size_t count;
};

static const struct entry *next_of_frame(const struct frame *f, const struct entry *e)
{
    for (e = e ? e + 1 : f->from; e < f->to; e++)
        if (e->newest == f->newest)
            return e;
    return NULL;
}

static void put_times(struct rds *r, const struct frame *f)
{
    rds_doubles(r, f->count, RDS_OBJECT);
    for (const struct entry *e = NULL; (e = next_of_frame(f, e));)
        rds_double(r, (double)e->uploaded_ms / 1000);
    rds_attribute(r, "class");
    rds_strings(r, 2, RDS_PLAIN);
    rds_string(r, S("POSIXct"));
    rds_string(r, S("POSIXt"));
    rds_attributes_end(r);
}

/* Rows are named by where the files are: of what is archived, in a folder for each package. */
static void put_row_names(struct rds *r, const struct frame *f)
{
    char name[LIMIT_CRAN_NAME + 1 + LIMIT_CRAN_FILENAME + 1];

    rds_attribute(r, "row.names");
    rds_strings(r, f->count, RDS_PLAIN);
    for (const struct entry *e = NULL; (e = next_of_frame(f, e));) {
        (void)snprintf(name, sizeof name, STR_FMT "/" STR_FMT, STR_ARG(e->values[CRAN_PACKAGE]),
                       STR_ARG(e->filename)); /* fits */
        rds_string(r, f->newest ? e->filename : str_of(name));
    }
}

static void put_frame(struct rds *r, const struct frame *f)
{
    rds_list(r, 2, RDS_OBJECT);
    rds_doubles(r, f->count, RDS_PLAIN);
    for (const struct entry *e = NULL; (e = next_of_frame(f, e));)
        rds_double(r, (double)e->size);
    put_times(r, f);
    rds_attribute(r, "names");
    rds_strings(r, 2, RDS_PLAIN);
    rds_string(r, S("size"));
    rds_string(r, S("mtime"));
    put_row_names(r, f);
    rds_attribute(r, "class");
    rds_strings(r, 1, RDS_PLAIN);
    rds_string(r, S("data.frame"));
    rds_attributes_end(r);
}

void cran_packages_write_current(const struct cran_packages *p, struct buf *out)
{
    const struct entry *all = p->entries;
    const struct frame f = {all, p->count ? all + p->count : all, true, p->packages};
    struct rds r;

    rds_begin(&r, out);
    put_frame(&r, &f);
}

/* The older files of the package that the file at i begins; none: count is 0. *i moves on. */
static struct frame next_archived(const struct cran_packages *p, size_t *i)
{
    size_t from = (*i)++;

    while (*i < p->count && !p->entries[*i].newest)
        (*i)++;
    return (struct frame){p->entries + from, p->entries + *i, false, *i - from - 1};
}

/* A list of data frames, one for each package that has older files. */
void cran_packages_write_archive(const struct cran_packages *p, struct buf *out)
{
    size_t with_older = 0;
    struct rds r;

    for (size_t i = 0; i < p->count;)
        with_older += next_archived(p, &i).count > 0;
    rds_begin(&r, out);
    rds_list(&r, with_older, RDS_ATTRIBUTES);
    for (size_t i = 0; i < p->count;) {
        struct frame f = next_archived(p, &i);

        if (f.count)
            put_frame(&r, &f);
    }
    rds_attribute(&r, "names");
    rds_strings(&r, with_older, RDS_PLAIN);
    for (size_t i = 0; i < p->count;) {
        struct frame f = next_archived(p, &i);

        if (f.count)
            rds_string(&r, f.from->values[CRAN_PACKAGE]);
    }
    rds_attributes_end(&r);
}
