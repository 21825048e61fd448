#include "core/scope.h"

/* The names are those of Anaconda Repository, and contain what they contain there; the upload
 * scopes of conda, CRAN and files, which are not known there, are in none of them but "all". There,
 * "repos" and "conda" are what one gives to somebody who installs: such tokens stand in URLs of
 * channels, in configuration files and images. A token that an old habit, or an old script, asks
 * for so must not turn out to publish. ("pypi", and with it "repos", did contain pypi:upload.) */
enum {
    API = SCOPE_API_READ | SCOPE_API_WRITE | SCOPE_API_GROUPS,
    CONDA = SCOPE_CONDA_DOWNLOAD,
    PYPI = SCOPE_PYPI_DOWNLOAD | SCOPE_PYPI_UPLOAD,
    CRAN = SCOPE_CRAN_DOWNLOAD,
    FILES = SCOPE_FILES_DOWNLOAD,
    REPOS = CONDA | PYPI | CRAN | FILES,
    UPLOADS = SCOPE_CONDA_UPLOAD | SCOPE_CRAN_UPLOAD | SCOPE_FILES_UPLOAD,
    ALL = API | REPOS | UPLOADS,
};

const struct scope_name scope_names[] = {
    {"all", ALL, "Everything the owner may do"},
    {"api", API, "Read, publish, change and remove by the API: packages, groups and settings"},
    {"api:modify-group", SCOPE_API_GROUPS, "Change the groups of organizations by the API"},
    {"api:read", SCOPE_API_READ, "Read by the API"},
    {"api:write", SCOPE_API_WRITE, "Publish, change and remove packages of every kind by the API"},
    {"conda", CONDA, "Install from conda channels; does not publish, see conda:upload"},
    {"conda:download", SCOPE_CONDA_DOWNLOAD, "Install from conda channels"},
    {"conda:upload", SCOPE_CONDA_UPLOAD,
     "Publish conda packages, and replace published files; not contained in conda or repos"},
    {"cran", CRAN, "Install R packages; does not publish, see cran:upload"},
    {"cran:download", SCOPE_CRAN_DOWNLOAD, "Install R packages"},
    {"cran:upload", SCOPE_CRAN_UPLOAD, "Publish R packages; not contained in cran or repos"},
    {"files", FILES, "Download other files; does not publish, see files:upload"},
    {"files:download", SCOPE_FILES_DOWNLOAD, "Download other files"},
    {"files:upload", SCOPE_FILES_UPLOAD, "Publish other files; not contained in files or repos"},
    {"pypi", PYPI, "Install Python packages, and publish them"},
    {"pypi:download", SCOPE_PYPI_DOWNLOAD, "Install Python packages"},
    {"pypi:upload", SCOPE_PYPI_UPLOAD, "Publish Python packages"},
    {"repos", REPOS, "Install packages of every kind, and publish Python packages; no others"},
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

bool scope_allows(struct str scopes, unsigned one_of)
{
    struct str rest = scopes, name;
    unsigned atoms = 0;

    if (one_of == SCOPE_NONE || scopes.len == 0)
        return true;
    while (str_next(&rest, ' ', &name)) {
        const struct scope_name *s = find(name);
        if (s)
            atoms |= s->atoms;
    }
    return (atoms & one_of) != 0;
}
