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

/* One "name=value". given: a bit for each field that was there already. */
static enum err_code read_item(struct arena *mem, struct str item, struct query_field *fields,
                               size_t count, uint64_t *given, struct err *err)
{
    struct str raw = item, name;
    struct query_field *field;
    uint64_t bit;

    if (!str_cut(&raw, '=', &name)) {
        name = item;
        raw = S("");
    }
    name = text_unpercent(mem, name, true);
    field = name.ptr ? find(fields, count, name) : NULL;
    if (!field)
        return unknown(fields, count, name.ptr ? name : item, err);
    bit = UINT64_C(1) << (field - fields);
    if (*given & bit)
        return fail_field(err, field->name, "%s is given twice", field->name);
    *given |= bit;
    raw = text_unpercent(mem, raw, true);
    if (!raw.ptr || !text_is_utf8(raw) || text_has_control(raw))
        return fail_field(err, field->name, "%s is not well-formed text", field->name);
    if (raw.len)
        field->value = raw;
    return OK;
}

enum err_code query_read(struct arena *mem, struct str query, struct query_field *fields,
                         size_t count, struct err *err)
{
    uint64_t given = 0;
    struct str rest = query, item;
    enum err_code rc = OK;

    assert(count <= FIELDS_MAX);
    while (!rc && query.len && str_next(&rest, '&', &item))
        if (item.len)
            rc = read_item(mem, item, fields, count, &given, err);
    return rc;
}
