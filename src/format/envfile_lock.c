#include "format/envfile_lock.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_name.h"

/* --- reading maps ----------------------------------------------------------------------------- */

static int line_of(const struct yaml *v, const struct yaml *otherwise)
{
    return v ? v->line : otherwise->line;
}

/* A text that must be there. */
static enum err_code need_text(const struct yaml *map, const char *key, struct str *ret,
                               struct err *err)
{
    const struct yaml *v = yaml_get(map, key);
    struct str s = yaml_str(v);

    if (!s.ptr || !s.len)
        return fail(err, ERR_INVALID, "line %d: \"%s\" is %s, and must be a text", line_of(v, map),
                    key, v ? yaml_type_name(v) : "missing");
    if (text_has_control(s))
        return fail(err, ERR_INVALID, "line %d: \"%s\" has a control character", v->line, key);
    *ret = s;
    return OK;
}

/* A list or map that must be there; null for an empty one is what some writers write. */
static enum err_code need(const struct yaml *map, const char *key, enum yaml_type type,
                          const struct yaml **ret, struct err *err)
{
    static const struct yaml none = {.type = YAML_LIST};
    const struct yaml *v = yaml_get(map, key);

    if (v && type == YAML_LIST && yaml_is_null(v))
        v = &none;
    if (!v || v->type != type)
        return fail(err, ERR_INVALID, "line %d: \"%s\" is %s, and must be a %s", line_of(v, map),
                    key, v ? yaml_type_name(v) : "missing", type == YAML_LIST ? "list" : "map");
    *ret = v;
    return OK;
}

/* A text if it is there. */
static struct str get_text(const struct yaml *map, const char *key)
{
    struct str s = yaml_str(yaml_get(map, key));

    return s.ptr && !text_has_control(s) ? s : S("");
}

enum err_code envfile_read_texts(struct envfile_reading *r, const struct yaml *map, const char *key,
                                 struct envfile_texts *list, struct err *err)
{
    const struct yaml *v = yaml_get(map, key);
    enum err_code code = OK;

    if (yaml_is_null(v))
        return OK;
    if (v->type != YAML_LIST)
        return fail(err, ERR_INVALID, "line %d: \"%s\" is %s, and must be a list of texts", v->line,
                    key, yaml_type_name(v));
    for (size_t i = 0; !code && i < v->count; i++) {
        struct str s = yaml_str(v->items[i]);

        if (!s.ptr || !s.len || text_has_control(s))
            return fail(err, ERR_INVALID, "line %d: an item of \"%s\" is %s, and must be a text",
                        v->items[i]->line, key, yaml_type_name(v->items[i]));
        s = envfile_masked(r, s);
        code = s.ptr ? envfile_add_text(r, list, s, err) : fail(err, ERR_NOMEM, "out of memory");
    }
    return code;
}

/* [{url: NAME OR URL}, ...] */
static enum err_code read_channels(struct envfile_reading *r, const struct yaml *map,
                                   struct err *err)
{
    const struct yaml *list = yaml_get(map, "channels");
    enum err_code code = OK;

    if (yaml_is_null(list))
        return OK;
    if (list->type != YAML_LIST)
        return fail(err, ERR_INVALID, "line %d: \"channels\" is %s, and must be a list", list->line,
                    yaml_type_name(list));
    for (size_t i = 0; !code && i < list->count; i++) {
        struct str url = yaml_str(list->items[i]); /* older ones have plain texts */

        if (!url.ptr && (code = need_text(list->items[i], "url", &url, err)))
            return code;
        url = envfile_masked(r, url);
        code = url.ptr ? envfile_add_text(r, &r->file->channels, url, err)
                       : fail(err, ERR_NOMEM, "out of memory");
    }
    return code;
}

static enum err_code check_version(const struct yaml *root, const char *what, uint64_t min,
                                   uint64_t max, struct err *err)
{
    const struct yaml *v = yaml_get(root, "version");
    struct str s = yaml_str(v);
    uint64_t n = 0;

    if (!v)
        return fail(err, ERR_INVALID, "line %d: a %s file without a \"version\"", root->line, what);
    if (s.ptr && str_u64(s, 1000, &n) && n >= min && n <= max)
        return OK;
    if (min == max)
        return fail(err, ERR_INVALID, "line %d: a %s file of version \"" STR_FMT "\"; %d is known",
                    v->line, what, STR_ARG(s), (int)min);
    return fail(err, ERR_INVALID,
                "line %d: a %s file of version \"" STR_FMT "\"; %d to %d are known", v->line, what,
                STR_ARG(s), (int)min, (int)max);
}

/* --- conda-lock ------------------------------------------------------------------------------- */

static enum err_code read_hashes(const struct yaml *map, struct envfile_entry *e, struct err *err)
{
    struct str md5 = get_text(map, "md5"), sha256 = get_text(map, "sha256");
    enum err_code code;

    if (md5.len && (code = envfile_hash(md5, e, err)))
        return code;
    /* Of a package in git it is the commit. */
    return sha256.len && text_is_hex(sha256, 64) ? envfile_hash(sha256, e, err) : OK;
}

static enum err_code read_locked(struct envfile_reading *r, const struct yaml *v, struct err *err)
{
    struct envfile_entry e = {.line = v->line, .group = get_text(v, "category")};
    struct str manager = {NULL, 0}, url = {NULL, 0}, name, version, platform;
    enum err_code code;

    if (v->type != YAML_MAP)
        return fail(err, ERR_INVALID, "line %d: a package is %s, and must be a map", v->line,
                    yaml_type_name(v));
    if ((code = need_text(v, "name", &name, err)) ||
        (code = need_text(v, "version", &version, err)) ||
        (code = need_text(v, "manager", &manager, err)) ||
        (code = need_text(v, "platform", &platform, err)) ||
        (code = need_text(v, "url", &url, err)))
        return code;
    if (!str_eq(manager, S("conda")) && !str_eq(manager, S("pip")))
        return fail(err, ERR_INVALID,
                    "line %d: the manager \"" STR_FMT "\" is neither conda nor pip",
                    line_of(yaml_get(v, "manager"), v), STR_ARG(manager));
    e.manager = str_eq(manager, S("pip")) ? ENVFILE_PIP : ENVFILE_CONDA;
    e.platform = platform;
    if (e.manager == ENVFILE_CONDA && (code = envfile_package_url(r, url, &e, err)))
        return code;
    e.url = e.url.ptr ? e.url : envfile_masked(r, url);
    if (!e.url.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    e.name = name;
    e.version = version;
    e.spec = e.url;
    if ((code = read_hashes(yaml_get(v, "hash"), &e, err)))
        return code;
    return envfile_add(r, &e, err);
}

enum err_code envfile_read_conda_lock(struct envfile_reading *r, const struct yaml *root,
                                      struct err *err)
{
    const struct yaml *metadata, *packages;
    enum err_code code;

    r->file->format = ENVFILE_CONDA_LOCK;
    if ((code = check_version(root, "conda-lock", 1, 1, err)) ||
        (code = need(root, "metadata", YAML_MAP, &metadata, err)) ||
        (code = need(root, "package", YAML_LIST, &packages, err)) ||
        (code = read_channels(r, metadata, err)) ||
        (code = envfile_read_texts(r, metadata, "platforms", &r->file->platforms, err)))
        return code;
    for (size_t i = 0; !code && i < packages->count; i++)
        code = read_locked(r, packages->items[i], err);
    return code;
}

/* --- pixi.lock -------------------------------------------------------------------------------- */

/* A package and the URL under which environments refer to it. */
struct locked {
    struct str url;
    const struct yaml *package;
};
struct pixi {
    struct envfile_reading *r;
    struct locked *packages; /* by URL */
    size_t count;
};

static int by_url(const void *a, const void *b)
{
    const struct locked *x = a, *y = b;

    return str_cmp(x->url, y->url);
}

/* {conda: URL} or {pypi: URL} since version 6; {kind: conda, url: URL} before. */
static bool read_kind(const struct yaml *v, enum envfile_manager *ret_manager, struct str *ret_url)
{
    struct str kind = yaml_str(yaml_get(v, "kind")), url = yaml_str(yaml_get(v, "url"));

    if (!url.ptr)
        url = yaml_str(yaml_get(v, "path"));
    if (!kind.ptr) {
        kind = S("conda");
        url = yaml_str(yaml_get(v, "conda"));
    }
    if (!url.ptr) {
        kind = S("pypi");
        url = yaml_str(yaml_get(v, "pypi"));
    }
    if (!url.ptr || !url.len || text_has_control(url) ||
        (!str_eq(kind, S("conda")) && !str_eq(kind, S("pypi"))))
        return false;
    *ret_manager = str_eq(kind, S("pypi")) ? ENVFILE_PIP : ENVFILE_CONDA;
    *ret_url = url;
    return true;
}

static enum err_code index_packages(struct pixi *p, const struct yaml *list, struct err *err)
{
    enum envfile_manager manager;

    p->packages = arena_array(p->r->mem, struct locked, list->count ? list->count : 1);
    if (!p->packages)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < list->count; i++) {
        p->packages[i].package = list->items[i];
        if (!read_kind(list->items[i], &manager, &p->packages[i].url))
            return fail(err, ERR_INVALID,
                        "line %d: a package has neither \"conda\" nor \"pypi\" with its URL",
                        list->items[i]->line);
    }
    p->count = list->count;
    qsort(p->packages, p->count, sizeof(*p->packages), by_url);
    return OK;
}

static enum err_code add_locked(struct pixi *p, const struct yaml *reference, struct str platform,
                                struct str group, struct err *err)
{
    struct envfile_entry e = {.line = reference->line, .platform = platform, .group = group};
    struct locked wanted = {0};
    const struct locked *found;
    enum err_code code;

    if (!read_kind(reference, &e.manager, &wanted.url))
        return fail(err, ERR_INVALID, "line %d: neither \"conda\" nor \"pypi\" with a URL",
                    reference->line);
    found = bsearch(&wanted, p->packages, p->count, sizeof(*p->packages), by_url);
    if (!found)
        return fail(err, ERR_INVALID, "line %d: \"" STR_FMT "\" is not among the packages",
                    reference->line, STR_ARG(envfile_masked(p->r, wanted.url)));
    /* A package built from source is a path without a file name; its name may be told. */
    e.url = envfile_masked(p->r, wanted.url);
    if (!e.url.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (e.manager == ENVFILE_CONDA &&
        (str_ends(e.url, S(".conda")) || str_ends(e.url, S(".tar.bz2")))) {
        if ((code = envfile_package_url(p->r, wanted.url, &e, err)))
            return code;
    } else {
        e.name = get_text(found->package, "name");
        e.version = get_text(found->package, "version");
    }
    e.spec = e.url;
    if ((code = read_hashes(found->package, &e, err)))
        return code;
    return envfile_add(p->r, &e, err);
}

/* {platform: [reference, ...], ...} of one environment */
static enum err_code read_environment(struct pixi *p, struct str name, const struct yaml *v,
                                      struct err *err)
{
    const struct yaml *packages;
    enum err_code code;

    if ((code = need(v, "packages", YAML_MAP, &packages, err)) ||
        (code = read_channels(p->r, v, err)))
        return code;
    for (size_t i = 0; i < packages->count; i++) {
        const struct yaml_member *m = &packages->members[i];

        if (conda_check_subdir(m->key, NULL) || m->value->type != YAML_LIST)
            return fail(err, ERR_INVALID, "line %d: \"" STR_FMT "\" is no platform with a list",
                        m->line, STR_ARG(m->key));
        code = envfile_add_text(p->r, &p->r->file->platforms, m->key, err);
        for (size_t j = 0; !code && j < m->value->count; j++)
            code = add_locked(p, m->value->items[j], m->key, name, err);
        if (code)
            return code;
    }
    return OK;
}

enum err_code envfile_read_pixi_lock(struct envfile_reading *r, const struct yaml *root,
                                     struct err *err)
{
    const struct yaml *environments, *packages;
    struct pixi p = {.r = r};
    enum err_code code;

    r->file->format = ENVFILE_PIXI_LOCK;
    if ((code = check_version(root, "pixi.lock", 4, 6, err)) ||
        (code = need(root, "environments", YAML_MAP, &environments, err)) ||
        (code = need(root, "packages", YAML_LIST, &packages, err)) ||
        (code = index_packages(&p, packages, err)))
        return code;
    for (size_t i = 0; !code && i < environments->count; i++) {
        const struct yaml_member *m = &environments->members[i];

        if (text_has_control(m->key))
            return fail(err, ERR_INVALID,
                        "line %d: the name of an environment has a control "
                        "character",
                        m->line);
        code = read_environment(&p, m->key, m->value, err);
    }
    return code;
}
