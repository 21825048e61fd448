#include "web/package_filter.h"

#include "core/kind.h"
#include "core/package.h"
#include "format/conda_name.h"
#include "format/query.h"

/* Kinds with commas between them, by the names that packages have; "": none is asked for. */
static enum err_code read_kinds(struct arena *mem, const char *field, struct str value,
                                struct str *ret, struct err *err)
{
    struct str kinds = S(""), rest = value, name;
    const struct kind *kind;
    enum err_code rc = OK;

    while (!rc && value.len && str_next(&rest, ',', &name)) {
        rc = kind_of_filter(field, name, &kind, err);
        if (rc)
            return rc;
        kinds = str_fmt(mem, STR_FMT "%s" STR_FMT, STR_ARG(kinds), kinds.len ? "," : "",
                        STR_ARG(kind->name));
        if (!kinds.ptr)
            rc = fail(err, ERR_NOMEM, "out of memory");
    }
    if (!rc)
        *ret = kinds;
    return rc;
}

static enum err_code read_platform(struct str value, struct err *err)
{
    struct err why = {0};

    if (!value.len || conda_check_subdir(value, &why) == OK)
        return OK;
    return fail_field(err, "platform", "%s", why.msg);
}

enum err_code package_filter_read(struct call *c, struct package_filter *ret, struct err *err)
{
    struct query_field fields[] = {
        {"platform", S("")}, {"package_type", S("")}, {"type", S("")}, {"access", S("")}};
    struct package_filter f = {0};
    enum err_code rc;

    if ((rc = query_read_many(c->mem, c->path.query, fields, COUNT(fields), &fields[1], err)) ||
        (rc = read_platform(fields[0].value, err)) ||
        (rc = read_kinds(c->mem, "package_type", fields[1].value, &f.package_types, err)) ||
        (rc = read_kinds(c->mem, "type", fields[2].value, &f.type, err)))
        return rc;
    f.platform = fields[0].value;
    f.asks_access = fields[3].value.len > 0;
    if (f.asks_access)
        rc = package_read_access(fields[3].value, &f.access, err);
    if (!rc)
        *ret = f;
    return rc;
}

static bool has_word(struct str words, struct str wanted)
{
    struct str rest = words, word;

    while (words.len && str_next(&rest, ' ', &word))
        if (str_eq(word, wanted))
            return true;
    return false;
}

/* Without kinds that are asked for: yes. */
static bool has_one(struct str words, struct str kinds)
{
    struct str rest = kinds, kind;

    while (kinds.len && str_next(&rest, ',', &kind))
        if (has_word(words, kind))
            return true;
    return !kinds.len;
}

enum err_code package_filter_passes(const struct package_filter *f, struct tx *tx,
                                    struct arena *mem, const struct package_row *p, bool *ret,
                                    struct err *err)
{
    struct str platforms = S("");
    enum err_code rc = OK;

    *ret = has_one(p->types, f->package_types) && has_one(p->types, f->type) &&
           (!f->asks_access || p->access == f->access);
    if (!*ret || !f->platform.len)
        return OK;
    rc = package_platforms(tx, mem, p->id, &platforms, err);
    *ret = !rc && has_word(platforms, f->platform);
    return rc;
}
