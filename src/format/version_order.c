#include "format/version_order.h"

enum err_code version_order_of(struct arena *mem, struct str text, struct version_order *ret,
                               struct err *err)
{
    struct str dotted = str_lower(mem, text);
    enum err_code rc = OK;

    *ret = (struct version_order){.text = text};
    if (!dotted.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    rc = conda_version_parse(mem, dotted, &ret->parsed, NULL);
    if (rc == ERR_INVALID) {
        char *p = arena_alloc(mem, dotted.len + 1, 1);

        if (!p)
            return fail(err, ERR_NOMEM, "out of memory");
        for (size_t i = 0; i < dotted.len; i++)
            p[i] = dotted.ptr[i] == '-' ? '.' : dotted.ptr[i];
        rc = conda_version_parse(mem, (struct str){p, dotted.len}, &ret->parsed, NULL);
    }
    if (rc == ERR_NOMEM)
        return fail(err, ERR_NOMEM, "out of memory");
    if (rc)
        ret->parsed = NULL;
    return OK;
}

int version_order_cmp(const struct version_order *a, const struct version_order *b)
{
    if (a->parsed && b->parsed)
        return conda_version_cmp(a->parsed, b->parsed);
    if (!a->parsed && !b->parsed)
        return str_cmp(a->text, b->text);
    return a->parsed ? 1 : -1;
}
