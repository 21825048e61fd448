#include "format/envfile.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/envfile_entry.h"
#include "format/envfile_lock.h"
#include "format/envfile_text.h"

/* --- environment.yml -------------------------------------------------------------------------- */

/* conda refuses "/", ":" and "#" since the name becomes a folder; micromamba takes blanks. */
static enum err_code read_name(struct envfile_reading *r, const struct yaml *root, struct err *err)
{
    const struct yaml *v = yaml_get(root, "name");
    struct str s = yaml_str(v);

    if (yaml_is_null(v))
        return OK;
    if (!s.ptr)
        return fail(err, ERR_INVALID, "line %d: \"name\" is %s, and must be a text", v->line,
                    yaml_type_name(v));
    for (size_t i = 0; i < s.len; i++)
        if (strchr("/\\:#", s.ptr[i]))
            return fail(err, ERR_INVALID,
                        "line %d: the name \"" STR_FMT "\" must not have \"%c\" in it: it becomes "
                        "the name of a folder",
                        v->line, STR_ARG(s), s.ptr[i]);
    if (text_has_control(s) || str_eq(s, S(".")) || str_eq(s, S("..")))
        return fail(err, ERR_INVALID, "line %d: \"" STR_FMT "\" cannot be the name of a folder",
                    v->line, STR_ARG(s));
    r->file->name = s;
    return OK;
}

static enum err_code read_pip(struct envfile_reading *r, const struct yaml *list, struct err *err)
{
    enum err_code code = OK;

    if (yaml_is_null(list))
        return OK;
    if (list->type != YAML_LIST)
        return fail(err, ERR_INVALID, "line %d: \"pip\" is %s, and must be a list", list->line,
                    yaml_type_name(list));
    for (size_t i = 0; !code && i < list->count; i++) {
        struct envfile_entry e = {.line = list->items[i]->line};
        struct str s = yaml_str(list->items[i]);

        if (!s.ptr)
            return fail(err, ERR_INVALID, "line %d: a requirement of pip is %s, and must be a text",
                        e.line, yaml_type_name(list->items[i]));
        code = envfile_add_pip(r, s, &e, err);
    }
    return code;
}

/* {pip: [...]}, or mamba's {"sel(win)": spec}. */
static enum err_code read_special(struct envfile_reading *r, const struct yaml_member *m,
                                  struct err *err)
{
    struct envfile_entry e = {.line = m->line};
    struct str spec = yaml_str(m->value);

    if (str_eq(m->key, S("pip")))
        return read_pip(r, m->value, err);
    if (str_starts(m->key, S("sel(")) && str_ends(m->key, S(")")) && spec.ptr) {
        e.platform = str_sub(m->key, 4, m->key.len - 5);
        return envfile_add_conda(r, spec, &e, err);
    }
    if (envfile_note(r, "line %d: the requirements under \"" STR_FMT "\" are not read", m->line,
                     STR_ARG(m->key)))
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

static enum err_code read_dependency(struct envfile_reading *r, const struct yaml *v,
                                     struct err *err)
{
    struct envfile_entry e = {.line = v->line};
    struct str spec = yaml_str(v);
    enum err_code code = OK;

    if (spec.ptr)
        return envfile_add_conda(r, spec, &e, err);
    if (v->type != YAML_MAP)
        return fail(err, ERR_INVALID,
                    "line %d: a dependency is %s, and must be a text like "
                    "\"numpy >=1.20\", or a map with \"pip\"",
                    v->line, yaml_type_name(v));
    for (size_t i = 0; !code && i < v->count; i++)
        code = read_special(r, &v->members[i], err);
    return code;
}

static enum err_code read_dependencies(struct envfile_reading *r, const struct yaml *root,
                                       struct err *err)
{
    const struct yaml *list = yaml_get(root, "dependencies");
    enum err_code code = OK;

    if (yaml_is_null(list))
        return OK;
    if (list->type != YAML_LIST)
        return fail(err, ERR_INVALID, "line %d: \"dependencies\" is %s, and must be a list",
                    list->line, yaml_type_name(list));
    for (size_t i = 0; !code && i < list->count; i++)
        code = read_dependency(r, list->items[i], err);
    return code;
}

/* {NAME: value, ...}, or a list of such maps or of "NAME=value" */
static enum err_code read_variables(struct envfile_reading *r, const struct yaml *v,
                                    struct err *err)
{
    struct str name, value = yaml_str(v);
    enum err_code code = OK;

    if (!v)
        return OK;
    if (v->type == YAML_SCALAR) {
        if (value.ptr && str_cut(&value, '=', &name))
            return envfile_add_text(r, &r->file->variables, name, err);
        return OK;
    }
    for (size_t i = 0; !code && i < v->count; i++)
        code = v->type == YAML_MAP
                   ? envfile_add_text(r, &r->file->variables, v->members[i].key, err)
               : v->items[i]->type == YAML_LIST ? OK
                                                : read_variables(r, v->items[i], err);
    return code;
}

static enum err_code check_keys(struct envfile_reading *r, const struct yaml *root, struct err *err)
{
    static const char *const known[] = {"name",      "channels",  "dependencies", "prefix",
                                        "variables", "platforms", "category"};
    bool any = false;

    for (size_t i = 0; i < root->count; i++) {
        struct str key = root->members[i].key;
        bool one = false;

        for (size_t j = 0; !one && j < COUNT(known); j++)
            one = str_eq(key, str_of(known[j]));
        any = any || (one && !str_eq(key, S("name")) && !str_eq(key, S("category")));
        if (!one && envfile_note(r, "line %d: the key \"" STR_FMT "\" is not read",
                                 root->members[i].line, STR_ARG(key)))
            return fail(err, ERR_NOMEM, "out of memory");
    }
    if (!any)
        return fail(err, ERR_INVALID,
                    "not an environment file: it has neither \"dependencies\" nor \"channels\"");
    return OK;
}

static enum err_code read_environment(struct envfile_reading *r, const struct yaml *root,
                                      struct err *err)
{
    struct str prefix = yaml_str(yaml_get(root, "prefix"));
    enum err_code code;

    r->file->format = ENVFILE_ENVIRONMENT;
    if (prefix.ptr && !text_has_control(prefix))
        r->file->prefix = prefix;
    if ((code = check_keys(r, root, err)) || (code = read_name(r, root, err)) ||
        (code = envfile_read_texts(r, root, "channels", &r->file->channels, err)) ||
        (code = envfile_read_texts(r, root, "platforms", &r->file->platforms, err)) ||
        (code = read_variables(r, yaml_get(root, "variables"), err)))
        return code;
    return read_dependencies(r, root, err);
}

/* --- which of them ---------------------------------------------------------------------------- */

static enum err_code read_yaml(struct envfile_reading *r, struct str text, struct err *err)
{
    const struct yaml *root = NULL;
    enum err_code code = yaml_parse(r->mem, text, &root, err);

    if (code)
        return code;
    if (root->type != YAML_MAP)
        return fail(err, ERR_INVALID,
                    "not an environment file: it is %s, and must be a map with "
                    "\"dependencies\", or a list of URLs after a line \"@EXPLICIT\"",
                    yaml_is_null(root) ? "empty" : yaml_type_name(root));
    if (yaml_get(root, "dependencies"))
        return read_environment(r, root, err);
    if (yaml_get(root, "package") || yaml_get(root, "metadata"))
        return envfile_read_conda_lock(r, root, err);
    if (yaml_get(root, "version") && (yaml_get(root, "environments") || yaml_get(root, "packages")))
        return envfile_read_pixi_lock(r, root, err);
    return read_environment(r, root, err);
}

enum err_code envfile_parse(struct arena *mem, struct str filename, struct str text,
                            struct envfile *ret, struct err *err)
{
    struct envfile file = {0};
    struct envfile_reading r = {.mem = mem, .file = &file};
    struct str lower = str_lower(mem, filename);
    enum err_code code;

    if (text.len > LIMIT_ENVFILE)
        return fail(err, ERR_TOO_BIG, "an environment file of %zu bytes is over the limit of %zu",
                    text.len, LIMIT_ENVFILE);
    if (!lower.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!text_is_utf8(text))
        return fail(err, ERR_INVALID, "not an environment file: the text is not UTF-8");
    if (envfile_is_explicit(text))
        code = envfile_read_explicit(&r, text, err);
    else if (str_ends(lower, S(".txt")) && str_starts(lower, S("requirements")))
        code = envfile_read_requirements(&r, text, err);
    else if (str_ends(lower, S(".txt")))
        code = envfile_read_specs(&r, text, err);
    else
        code = read_yaml(&r, text, err);
    if (code)
        return code;
    if (r.secrets && envfile_note(&r, "a URL holds a password or token, which whoever may download "
                                      "this file can read"))
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = file;
    return OK;
}

const char *envfile_format_name(enum envfile_format format)
{
    static const char *const names[] = {"environment",  "explicit",   "specs",
                                        "requirements", "conda-lock", "pixi-lock"};

    return names[format];
}
