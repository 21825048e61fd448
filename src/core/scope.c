#include "core/scope.h"

enum {
    API = SCOPE_API_READ | SCOPE_API_WRITE | SCOPE_API_GROUPS,
    ALL = API | SCOPE_CONDA_DOWNLOAD,
};

const struct scope_name scope_names[] = {
    {"all", ALL, "Everything the owner may do"},
    {"api", API, "Read and change packages, groups and settings by the API"},
    {"api:modify-group", SCOPE_API_GROUPS, "Change the groups of organizations by the API"},
    {"api:read", SCOPE_API_READ, "Read by the API"},
    {"api:write", SCOPE_API_WRITE, "Publish, change and remove by the API"},
    {"conda", SCOPE_CONDA_DOWNLOAD, "Use conda channels"},
    {"conda:download", SCOPE_CONDA_DOWNLOAD, "Install from conda channels"},
    {"repos", SCOPE_CONDA_DOWNLOAD, "Use package repositories of every kind"},
    {NULL, 0, NULL},
};

static const struct scope_name *find(struct str name)
{
    for (const struct scope_name *s = scope_names; s->name; s++)
        if (str_eq(str_of(s->name), name))
            return s;
    return NULL;
}

static bool listed(const struct str *names, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

enum err_code scope_join(struct arena *mem, const struct str *names, size_t count,
                         struct str *ret_scopes, struct err *err)
{
    struct str joined = S("");

    for (size_t i = 0; i < count; i++)
        if (!find(names[i]))
            return fail_field(err, "scopes",
                              "scope \"" STR_FMT "\" is not known; GET /api/scopes lists all",
                              STR_ARG(names[i]));
    /* Walking our own table sorts the names and drops repeated ones. */
    for (const struct scope_name *s = scope_names; s->name; s++) {
        if (!listed(names, count, str_of(s->name)))
            continue;
        joined = str_fmt(mem, STR_FMT "%s%s", STR_ARG(joined), joined.len ? " " : "", s->name);
        if (!joined.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    *ret_scopes = joined;
    return OK;
}

bool scope_allows(struct str scopes, unsigned needed)
{
    struct str rest = scopes, name;
    unsigned atoms = 0;

    if (needed == SCOPE_NONE || scopes.len == 0)
        return true;
    while (str_next(&rest, ' ', &name)) {
        const struct scope_name *s = find(name);
        if (s)
            atoms |= s->atoms;
    }
    return (atoms & needed) == needed;
}
