#include "format/query.h"

#include <assert.h>
#include <stdio.h>

#include "base/text.h"

enum { FIELDS_MAX = 64 };

static struct query_field *find(struct query_field *fields, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(str_of(fields[i].name), name))
            return &fields[i];
    return NULL;
}

static enum err_code unknown(const struct query_field *fields, size_t count, struct str name,
                             struct err *err)
{
    char known[200] = "";
    size_t len = 0;

    for (size_t i = 0; i < count && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "",
                                fields[i].name);
    return fail(err, ERR_UNPROCESSABLE,
                "\"" STR_FMT "\" is no parameter of this address; there are: %s", STR_ARG(name),
                known);
}

/* What the fields are read into. */
struct reading {
    struct arena *mem;
    struct query_field *fields;
    size_t count;
    const struct query_field *many;
    uint64_t given; /* a bit for each field that was there already */
};

/* One more value. False: out of memory. */
static bool set_value(const struct reading *r, struct query_field *field, struct str value)
{
    if (value.len && field == r->many && field->value.len)
        value = str_fmt(r->mem, STR_FMT "," STR_FMT, STR_ARG(field->value), STR_ARG(value));
    if (value.len)
        field->value = value;
    return value.ptr;
}

/* One "name=value". */
static enum err_code read_item(struct reading *r, struct str item, struct err *err)
{
    struct str raw = item, name;
    struct query_field *field;
    uint64_t bit;

    if (!str_cut(&raw, '=', &name)) {
        name = item;
        raw = S("");
    }
    name = text_unpercent(r->mem, name, true);
    field = name.ptr ? find(r->fields, r->count, name) : NULL;
    if (!field)
        return unknown(r->fields, r->count, name.ptr ? name : item, err);
    bit = UINT64_C(1) << (field - r->fields);
    if (r->given & bit && field != r->many)
        return fail_field(err, field->name, "%s is given twice", field->name);
    r->given |= bit;
    raw = text_unpercent(r->mem, raw, true);
    if (!raw.ptr || !text_is_utf8(raw) || text_has_control(raw))
        return fail_field(err, field->name, "%s is not well-formed text", field->name);
    return set_value(r, field, raw) ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code query_read_many(struct arena *mem, struct str query, struct query_field *fields,
                              size_t count, const struct query_field *many, struct err *err)
{
    struct reading r = {mem, fields, count, many, 0};
    struct str rest = query, item;
    enum err_code rc = OK;

    assert(count <= FIELDS_MAX);
    while (!rc && query.len && str_next(&rest, '&', &item))
        if (item.len)
            rc = read_item(&r, item, err);
    return rc;
}

enum err_code query_read(struct arena *mem, struct str query, struct query_field *fields,
                         size_t count, struct err *err)
{
    return query_read_many(mem, query, fields, count, NULL, err);
}

enum err_code query_read_page(struct arena *mem, struct str query, int64_t limit_max,
                              struct query_page *ret, struct err *err)
{
    struct query_field fields[] = {{"before", S("")}, {"limit", S("")}};
    uint64_t before = INT64_MAX, limit = (uint64_t)ret->limit;
    enum err_code rc = query_read(mem, query, fields, COUNT(fields), err);

    if (rc)
        return rc;
    if (fields[0].value.len && !str_u64(fields[0].value, INT64_MAX, &before))
        return fail_field(err, "before",
                          "before \"" STR_FMT "\" is not what a page gave as \"next\"",
                          STR_ARG(fields[0].value));
    if (fields[1].value.len && (!str_u64(fields[1].value, (uint64_t)limit_max, &limit) || !limit))
        return fail_field(err, "limit", "limit \"" STR_FMT "\" is not a number from 1 to %lld",
                          STR_ARG(fields[1].value), (long long)limit_max);
    *ret = (struct query_page){(int64_t)before, (int64_t)limit};
    return OK;
}
