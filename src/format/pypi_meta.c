/* pypi_meta.c: fields -> JSON by one table; a few of them are judged. */
#include "format/pypi_meta.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/json.h"
#include "format/pypi_depends.h"
#include "format/pypi_headers.h"
#include "format/pypi_name.h"
#include "format/pypi_requirement.h"

/* The same ceilings as for the words of conda packages. */
#define LINE_BYTES_MAX 1024
#define TEXT_BYTES_MAX (64 * KIB)
/* Lists of words, such as keywords and classifiers. */
#define WORDS_MAX 200
#define LABEL_MAX 32 /* of a project URL, as on PyPI */

struct reading {
    struct arena *mem;
    struct pypi_headers h;
};

/* --- values ----------------------------------------------------------------------------------- */

/* Tools write this where they have nothing to say. */
static bool says_nothing(struct str s)
{
    return !s.len || str_eq(s, S("UNKNOWN"));
}

static struct str cut_at_character(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max && ((unsigned char)s.ptr[max] & 0xc0) == 0x80)
        max--;
    return str_sub(s, 0, max);
}

static bool is_web_url(struct str s)
{
    if (!str_eq_nocase(str_sub(s, 0, 7), S("http://")) &&
        !str_eq_nocase(str_sub(s, 0, 8), S("https://")))
        return false;
    return s.len <= LINE_BYTES_MAX && !text_has_control(s) && !str_has(s, ' ');
}

/* The first field of this name that says something, as one line; empty if there is none. */
static enum err_code first_line(const struct reading *r, const char *field, struct str *ret,
                                struct err *err)
{
    struct str value = S(""), line;

    (void)pypi_headers_find(&r->h, str_of(field), &value); /* it may be absent */
    line = pypi_header_line(r->mem, value);
    if (!line.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = says_nothing(line) ? S("") : line;
    return OK;
}

/* --- what is judged --------------------------------------------------------------------------- */

/* A field that everything hangs on: exactly once. */
static enum err_code only_line(const struct reading *r, const char *field, struct str *ret,
                               struct err *err)
{
    struct str value;
    size_t count = pypi_headers_find(&r->h, str_of(field), &value);
    enum err_code rc;

    if (count > 1)
        return fail(err, ERR_INVALID, "the metadata has %zu fields \"%s\"", count, field);
    rc = first_line(r, field, ret, err);
    if (!rc && !ret->len)
        rc = fail(err, ERR_INVALID, "the metadata has no field \"%s\"", field);
    return rc;
}

/* "2.1". A minor version that is not known yet only adds fields. */
static enum err_code check_metadata_version(const struct reading *r, struct err *err)
{
    struct str text, minor, major;
    uint64_t number;
    enum err_code rc = only_line(r, "Metadata-Version", &text, err);

    if (rc)
        return rc;
    minor = text;
    if (!str_cut(&minor, '.', &major) || !str_u64(major, UINT64_MAX, &number) ||
        !str_u64(minor, UINT64_MAX, &number))
        return fail(err, ERR_INVALID, "Metadata-Version \"" STR_FMT "\" is not a number like 2.1",
                    STR_ARG(text));
    if (!str_eq(major, S("1")) && !str_eq(major, S("2")))
        return fail(err, ERR_INVALID,
                    "Metadata-Version \"" STR_FMT "\" is unknown; known are 1.0 to 2.5",
                    STR_ARG(text));
    return OK;
}

static enum err_code judge_name(const struct reading *r, struct pypi_meta *m, struct err *err)
{
    struct err why = {0};
    enum err_code rc = only_line(r, "Name", &m->name, err);

    if (!rc && pypi_check_name(m->name, &why))
        rc = fail(err, ERR_INVALID, "metadata: %s", why.msg);
    return rc;
}

static enum err_code judge_version(const struct reading *r, struct pypi_meta *m, struct err *err)
{
    struct err why = {0};
    enum err_code rc = only_line(r, "Version", &m->version, err);

    if (rc)
        return rc;
    rc = pypi_version_parse(r->mem, m->version, &m->parsed, &why);
    return rc ? fail(err, rc, "metadata: %s", why.msg) : OK;
}

static enum err_code judge_requires_python(const struct reading *r, struct pypi_meta *m,
                                           struct err *err)
{
    struct pypi_specifiers specifiers;
    struct str value;
    struct err why = {0};
    enum err_code rc;

    if (pypi_headers_find(&r->h, S("Requires-Python"), &value) > 1)
        return fail(err, ERR_INVALID, "the metadata has several fields \"Requires-Python\"");
    rc = first_line(r, "Requires-Python", &m->requires_python, err);
    if (rc)
        return rc;
    rc = pypi_specifiers_parse(r->mem, m->requires_python, &specifiers, &why);
    return rc ? fail(err, rc, "Requires-Python: %s", why.msg) : OK;
}

/* --- about ------------------------------------------------------------------------------------ */

enum shape {
    LINE,  /* one line */
    LINES, /* a text; the first kilobyte of it */
    URL,   /* a line that is an address on the web */
    LIST,  /* every field of this name */
};
static const struct row {
    const char *field, *key;
    enum shape shape;
} rows[] = {
    {"Summary", "summary", LINE},
    {"Description-Content-Type", "description_content_type", LINE},
    {"Home-page", "home", URL},
    {"Download-URL", "download_url", URL},
    {"License", "license", LINES},
    {"License-Expression", "license_expression", LINE},
    {"Author", "author", LINE},
    {"Author-email", "author_email", LINE},
    {"Maintainer", "maintainer", LINE},
    {"Maintainer-email", "maintainer_email", LINE},
    {"Requires-Python", "requires_python", LINE},
    {"Classifier", "classifiers", LIST},
    {"Platform", "platform", LIST},
    {"Provides-Extra", "provides_extra", LIST},
    {"Dynamic", "dynamic", LIST},
    {"License-File", "license_files", LIST},
    {"Import-Name", "import_names", LIST},
    {"Import-Namespace", "import_namespaces", LIST},
};

/* Adds every field of a name to a list, which is left out when it would be empty. */
static void put_list(const struct reading *r, const char *field, const char *key, size_t max,
                     json_t **about)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < r->h.count && json_array_size(list) < max; i++) {
        struct str line;

        if (!str_eq_nocase(r->h.items[i].name, str_of(field)))
            continue;
        line = pypi_header_line(r->mem, r->h.items[i].value);
        if (!line.ptr || !says_nothing(line))
            json_add(&list, line.ptr ? json_of(cut_at_character(line, LINE_BYTES_MAX)) : NULL);
    }
    if (list && !json_array_size(list))
        json_decref(list);
    else
        json_put(about, str_of(key), list);
}

static void put_text(const struct reading *r, const struct row *row, json_t **about)
{
    struct str value = S(""), text;

    (void)pypi_headers_find(&r->h, str_of(row->field), &value); /* it may be absent */
    text = row->shape == LINES ? pypi_header_lines(r->mem, value) : pypi_header_line(r->mem, value);
    if (!text.ptr) /* out of memory */
        json_put(about, str_of(row->key), NULL);
    else if (!says_nothing(text) && (row->shape != URL || is_web_url(text)))
        json_put(about, str_of(row->key), json_of(cut_at_character(text, LINE_BYTES_MAX)));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Without empty lines before and blanks after. */
static struct str trim_lines(struct str s)
{
    struct str line;

    while (s.len && is_space(s.ptr[s.len - 1]))
        s.len--;
    for (struct str rest = s; str_cut(&rest, '\n', &line) && !str_trim(line).len;)
        s = rest;
    return s;
}

/* The body, or the field of old. */
static void put_description(const struct reading *r, json_t **about)
{
    struct str value = S(""), text = pypi_body_lines(r->mem, r->h.body);

    if (text.ptr && !trim_lines(text).len &&
        pypi_headers_find(&r->h, S("Description"), &value)) /* setuptools before 2.1 */
        text = pypi_header_lines(r->mem, value);
    if (!text.ptr) { /* out of memory */
        json_put(about, S("description"), NULL);
        return;
    }
    text = trim_lines(text);
    if (!says_nothing(text))
        json_put(about, S("description"), json_of(cut_at_character(text, TEXT_BYTES_MAX)));
}

/* Between commas, or between blanks where there are none. */
static void put_keywords(const struct reading *r, json_t **about)
{
    struct str value = S(""), rest, word;
    json_t *list = json_array();
    char separator;

    (void)pypi_headers_find(&r->h, S("Keywords"), &value); /* it may be absent */
    rest = pypi_header_line(r->mem, value);
    separator = str_has(rest, ',') ? ',' : ' ';
    if (!rest.ptr) /* out of memory */
        json_add(&list, NULL);
    while (list && json_array_size(list) < WORDS_MAX && str_next(&rest, separator, &word)) {
        word = str_trim(word);
        if (!says_nothing(word))
            json_add(&list, json_of(cut_at_character(word, LINE_BYTES_MAX)));
    }
    if (list && !json_array_size(list))
        json_decref(list);
    else
        json_put(about, S("keywords"), list);
}

/* Labels that say which address it is (PEP 753), without case, blanks and punctuation. */
static const struct known_label {
    const char *label, *key;
} known_labels[] = {
    {"homepage", "home"},         {"home", "home"},          {"source", "dev_url"},
    {"repository", "dev_url"},    {"sourcecode", "dev_url"}, {"github", "dev_url"},
    {"documentation", "doc_url"}, {"docs", "doc_url"},
};

static const char *key_of_label(struct str label)
{
    char bare[LABEL_MAX + 1] = {0};
    size_t len = 0;

    for (size_t i = 0; i < label.len && len < LABEL_MAX; i++) {
        char c = label.ptr[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c >= 'a' && c <= 'z')
            bare[len++] = c;
    }
    for (size_t i = 0; i < COUNT(known_labels); i++)
        if (str_eq(str_of(bare), str_of(known_labels[i].label)))
            return known_labels[i].key;
    return NULL;
}

/* "Label, https://..." */
static void put_project_urls(const struct reading *r, json_t **about)
{
    json_t *urls = json_object();

    for (size_t i = 0; urls && *about && i < r->h.count; i++) {
        struct str url, label;
        const char *key;

        if (!str_eq_nocase(r->h.items[i].name, S("Project-URL")))
            continue;
        url = pypi_header_line(r->mem, r->h.items[i].value);
        if (!url.ptr)
            json_put(&urls, S("Project-URL"), NULL); /* out of memory */
        if (!url.ptr || !str_cut(&url, ',', &label))
            continue;
        url = str_trim(url);
        label = cut_at_character(str_trim(label), LABEL_MAX);
        if (!label.len || !is_web_url(url) || json_object_size(urls) == WORDS_MAX)
            continue;
        json_put(&urls, label, json_of(url));
        key = key_of_label(label);
        if (key && *about && !json_object_get(*about, key))
            json_put(about, str_of(key), json_of(url));
    }
    if (urls && !json_object_size(urls))
        json_decref(urls);
    else
        json_put(about, S("project_urls"), urls);
}

/* An expression is what the licence is; the field beside it may be a whole text. */
static void prefer_expression(json_t **about)
{
    json_t *expression = *about ? json_object_get(*about, "license_expression") : NULL;

    if (expression)
        json_put(about, S("license"), json_incref(expression));
}

static enum err_code make_about(const struct reading *r, json_t **ret, struct err *err)
{
    json_t *about = json_object();

    for (size_t i = 0; about && i < COUNT(rows); i++)
        if (rows[i].shape == LIST)
            put_list(r, rows[i].field, rows[i].key, WORDS_MAX, &about);
        else
            put_text(r, &rows[i], &about);
    put_list(r, "Requires-Dist", "requires_dist", LIMIT_PYPI_HEADERS, &about);
    put_description(r, &about);
    put_keywords(r, &about);
    put_project_urls(r, &about);
    prefer_expression(&about);
    if (!about)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = about;
    return OK;
}

/* ---------------------------------------------------------------------------------------------- */

static enum err_code judge(const struct reading *r, struct pypi_meta *m, struct err *err)
{
    enum err_code rc = check_metadata_version(r, err);

    if (!rc)
        rc = judge_name(r, m, err);
    if (!rc)
        rc = judge_version(r, m, err);
    return rc ? rc : judge_requires_python(r, m, err);
}

enum err_code pypi_meta_parse(struct arena *mem, struct str text, struct pypi_meta *ret,
                              struct err *err)
{
    struct reading r = {.mem = mem};
    struct pypi_meta m = {0};
    enum err_code rc = pypi_headers_parse(mem, text, &r.h, err);

    if (!rc)
        rc = judge(&r, &m, err);
    if (!rc)
        rc = make_about(&r, &m.about, err);
    if (!rc)
        rc = pypi_depends(mem, &r.h, &m.dependencies, err);
    if (rc)
        pypi_meta_done(&m);
    else
        *ret = m;
    return rc;
}

void pypi_meta_done(struct pypi_meta *m)
{
    json_decref(m->about);
    json_decref(m->dependencies);
    *m = (struct pypi_meta){0};
}

enum err_code pypi_meta_check_filename(const struct pypi_meta *m, const struct pypi_filename *f,
                                       struct err *err)
{
    if (!pypi_same_name(m->name, f->name))
        return fail(err, ERR_INVALID,
                    "the metadata is of project \"" STR_FMT "\", but the file name says \"" STR_FMT
                    "\"",
                    STR_ARG(m->name), STR_ARG(f->name));
    if (pypi_version_cmp(m->parsed, f->parsed) != 0)
        return fail(err, ERR_INVALID,
                    "the metadata is of version \"" STR_FMT "\", but the file name says \"" STR_FMT
                    "\"",
                    STR_ARG(m->version), STR_ARG(f->version));
    return OK;
}

json_t *pypi_attrs(const struct pypi_filename *f)
{
    json_t *attrs = json_object();
    struct str python = f->python.len ? f->python : S("source");

    json_put(&attrs, S("packagetype"), json_string(pypi_packagetype(f->kind)));
    json_put(&attrs, S("python_version"), json_of(python));
    if (f->kind == PYPI_WHEEL) {
        json_put(&attrs, S("build_no"), f->build.len ? json_of(f->build) : json_integer(0));
        json_put(&attrs, S("abi"), str_eq(f->abi, S("none")) ? json_null() : json_of(f->abi));
    }
    if (f->platform.len)
        json_put(&attrs, S("platform"),
                 str_eq(f->platform, S("any")) ? json_null() : json_of(f->platform));
    return attrs;
}
