/* conda_meta.c: what of a package's info/ files reaches clients.
 *
 * The record is what conda-index makes of the same package (the whole of index.json, less a few
 * keys), except that
 *   | conda-index                      | here                       | because
 *   | keeps every other key            | only keys of `rows`        | what the server or a client
 *   |                                  |                            | owns (md5, size, fn, url,
 *   |                                  |                            | channel, indexed_timestamp,
 *   |                                  |                            | revoked ...) must not come
 *   |                                  |                            | from an uploader; the rest
 *   |                                  |                            | (requires, package_type,
 *   |                                  |                            | extra_depends, flags ...)
 *   |                                  |                            | is read by no client of
 *   |                                  |                            | today's index
 *   | keeps null                       | leaves it out              | clients fail on null
 *   | no depends if the package has    | depends: []                | clients fail without
 *   | none                             |                            |
 *   | no subdir if the package has     | subdir: where it lies      | clients fail without
 *   | none                             |                            |
 *   | takes any value                  | refuses wrong types, specs | one bad record breaks every
 *   |                                  | and versions that a client | solve that meets its name
 *   |                                  | cannot read                |
 */
#include "format/conda_meta.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_spec.h"
#include "format/conda_version.h"
#include "format/json.h"

/* Kept in every index, for each package: a licence text or a novel does not belong there. */
#define RECORD_WORD_MAX 1024
#define RECORD_TEXT_MAX 4096
/* Doubles, and so JavaScript clients, count exactly up to here; rattler's is 2^64 - 1. */
#define BUILD_NUMBER_MAX ((int64_t)1 << 53)
/* Clients take time stamps up to the first as seconds; the second is the end of year 9999. */
#define SECONDS_MAX   253402300799
#define TIMESTAMP_MAX 253402300799999
/* A list of package URLs, tags or keywords. */
#define LIST_MAX 100
/* about.json: a README may be the description. */
#define ABOUT_LINE_MAX 1024
#define ABOUT_TEXT_MAX (64 * KIB)

/* --- info/index.json ------------------------------------------------------------------------ */

struct reading {
    struct arena *mem;
    const json_t *index;
    const struct conda_filename *file;
    struct str subdir;
};
/* OK, or why the value of a key is refused: the message goes on from `"key" `. */
typedef enum err_code check_fn(const struct reading *r, const json_t *v, struct err *why);

/* One line, no control characters. */
static enum err_code check_word(const struct reading *r, const json_t *v, struct err *why)
{
    struct str s = json_str(v);

    (void)r;
    if (!s.ptr)
        return fail(why, ERR_INVALID, "is not a string");
    if (s.len > RECORD_WORD_MAX)
        return fail(why, ERR_INVALID, "is longer than %d bytes", RECORD_WORD_MAX);
    if (text_has_control(s))
        return fail(why, ERR_INVALID, "has a control character");
    return OK;
}

/* Free text: line ends and tabs too. */
static enum err_code check_text(const struct reading *r, const json_t *v, struct err *why)
{
    struct str s = json_str(v);

    (void)r;
    if (!s.ptr)
        return fail(why, ERR_INVALID, "is not a string");
    if (s.len > RECORD_TEXT_MAX)
        return fail(why, ERR_INVALID, "is longer than %d bytes", RECORD_TEXT_MAX);
    for (size_t i = 0; i < s.len; i++)
        if (text_has_control(str_sub(s, i, 1)) && !str_has(S("\t\n\r"), s.ptr[i]))
            return fail(why, ERR_INVALID, "has a control character");
    return OK;
}

static enum err_code check_integer(const json_t *v, int64_t max, struct err *why)
{
    if (!json_is_integer(v))
        return fail(why, ERR_INVALID, "is not an integer");
    if (json_integer_value(v) < 0 || json_integer_value(v) > max)
        return fail(why, ERR_INVALID, "is %" JSON_INTEGER_FORMAT ", not 0 to %" PRId64,
                    json_integer_value(v), max);
    return OK;
}

static enum err_code check_same(const json_t *v, struct str expected, const char *where,
                                struct err *why)
{
    struct str s = json_str(v);

    if (!s.ptr)
        return fail(why, ERR_INVALID, "is not a string");
    if (!str_eq(s, expected))
        return fail(why, ERR_INVALID, "is \"" STR_FMT "\", but %s says \"" STR_FMT "\"", STR_ARG(s),
                    where, STR_ARG(expected));
    return OK;
}

static enum err_code check_name(const struct reading *r, const json_t *v, struct err *why)
{
    return check_same(v, r->file->name, "the file name", why);
}

static enum err_code check_version(const struct reading *r, const json_t *v, struct err *why)
{
    const struct conda_version *version;
    struct err bad = {0};
    enum err_code code = check_same(v, r->file->version, "the file name", why);

    if (code)
        return code;
    code = conda_version_parse(r->mem, json_str(v), &version, &bad);
    return code ? fail(why, code, "cannot be read by clients: %s", bad.msg) : OK;
}

static enum err_code check_build(const struct reading *r, const json_t *v, struct err *why)
{
    return check_same(v, r->file->build, "the file name", why);
}

static enum err_code check_build_number(const struct reading *r, const json_t *v, struct err *why)
{
    (void)r;
    return check_integer(v, BUILD_NUMBER_MAX, why);
}

static enum err_code check_timestamp(const struct reading *r, const json_t *v, struct err *why)
{
    (void)r;
    return check_integer(v, TIMESTAMP_MAX, why);
}

static enum err_code check_size(const struct reading *r, const json_t *v, struct err *why)
{
    (void)r;
    return check_integer(v, INT64_MAX, why);
}

static enum err_code check_md5(const struct reading *r, const json_t *v, struct err *why)
{
    (void)r;
    return text_is_hex(json_str(v), 32) ? OK : fail(why, ERR_INVALID, "is not an MD5 in hex");
}

static enum err_code check_schema_version(const struct reading *r, const json_t *v, struct err *why)
{
    (void)r;
    if (json_is_integer(v) && json_integer_value(v) > 2)
        return fail(why, ERR_INVALID,
                    "is %" JSON_INTEGER_FORMAT
                    ": such packages need repodata v3, which this server does not write yet",
                    json_integer_value(v));
    return check_integer(v, 2, why);
}

static bool is_noarch(const json_t *v)
{
    return json_is_true(v) || str_eq(json_str(v), S("python")) || str_eq(json_str(v), S("generic"));
}

static enum err_code check_noarch(const struct reading *r, const json_t *v, struct err *why)
{
    /* "" as in a few old packages; clients read it as false */
    if (!is_noarch(v) && !json_is_false(v) && !(json_is_string(v) && !json_string_length(v)))
        return fail(why, ERR_INVALID, "is neither \"python\" nor \"generic\"");
    if (is_noarch(v) && !str_eq(r->subdir, S("noarch")))
        return fail(why, ERR_INVALID, "is set in a package for " STR_FMT, STR_ARG(r->subdir));
    return OK;
}

static enum err_code check_subdir(const struct reading *r, const json_t *v, struct err *why)
{
    return check_same(v, r->subdir, "the upload", why);
}

static enum err_code check_list(const json_t *v, size_t max, struct err *why)
{
    if (!json_is_array(v))
        return fail(why, ERR_INVALID, "is not a list of strings");
    if (json_array_size(v) > max)
        return fail(why, ERR_INVALID, "has %zu items, more than %zu", json_array_size(v), max);
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!json_is_string(json_array_get(v, i)))
            return fail(why, ERR_INVALID, "is not a list of strings");
    return OK;
}

static enum err_code check_specs(const struct reading *r, const json_t *v, struct err *why)
{
    enum err_code code = check_list(v, LIMIT_CONDA_DEPENDS, why);

    for (size_t i = 0; !code && i < json_array_size(v); i++) {
        struct str text = json_str(json_array_get(v, i));
        struct conda_spec spec;
        struct err bad = {0};

        code = conda_spec_parse(r->mem, text, &spec, &bad);
        if (code)
            return fail(why, code, "has a %s", bad.msg);
        if (spec.conditional)
            return fail(why, ERR_INVALID,
                        "has the conditional match spec \"" STR_FMT
                        "\", which only repodata v3 may hold",
                        STR_ARG(text));
    }
    return code;
}

static enum err_code check_features(const struct reading *r, const json_t *v, struct err *why)
{
    enum err_code code;

    if (!json_is_array(v))
        return check_word(r, v, why);
    code = check_list(v, LIST_MAX, why);
    for (size_t i = 0; !code && i < json_array_size(v); i++)
        code = check_word(r, json_array_get(v, i), why);
    return code;
}

/* "pkg:pypi/numpy" (package URL). rattler fails on others. */
static bool is_purl(struct str s)
{
    struct str type;

    if (!str_starts(s, S("pkg:")) || s.len > RECORD_WORD_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
            return false;
    s = str_from(s, 4);
    if (!str_cut(&s, '/', &type) || !type.len || !s.len || s.ptr[0] == '/' || s.ptr[0] == '@')
        return false;
    for (size_t i = 0; i < type.len; i++)
        if (!((type.ptr[i] >= 'a' && type.ptr[i] <= 'z') ||
              str_has(S("0123456789.-"), type.ptr[i])))
            return false;
    return true;
}

static enum err_code check_purls(const struct reading *r, const json_t *v, struct err *why)
{
    enum err_code code = check_list(v, LIST_MAX, why);

    (void)r;
    for (size_t i = 0; !code && i < json_array_size(v); i++)
        if (!is_purl(json_str(json_array_get(v, i))))
            return fail(why, ERR_INVALID, "has \"" STR_FMT "\", which is not a package URL",
                        STR_ARG(json_str(json_array_get(v, i))));
    return code;
}

/* Clients install below it: CEP 17. */
static enum err_code check_inner_path(const struct reading *r, const json_t *v, struct err *why)
{
    enum err_code code = check_word(r, v, why);
    struct str rest = json_str(v), part;

    if (code)
        return code;
    if (str_has(rest, '\\') || str_has(rest, ':'))
        return fail(why, ERR_INVALID, "is not a relative path with \"/\"");
    while (str_next(&rest, '/', &part))
        if (!part.len || str_eq(part, S(".")) || str_eq(part, S("..")))
            return fail(why, ERR_INVALID, "is not a relative path within the prefix");
    return OK;
}

static enum err_code check_file_name(const struct reading *r, const json_t *v, struct err *why)
{
    enum err_code code = check_word(r, v, why);

    if (!code && (str_has(json_str(v), '/') || str_has(json_str(v), '\\')))
        return fail(why, ERR_INVALID, "is not a plain file name");
    return code;
}

static enum err_code check_flag_or_word(const struct reading *r, const json_t *v, struct err *why)
{
    return json_is_boolean(v) ? OK : check_word(r, v, why);
}

static enum err_code check_word_map(const struct reading *r, const json_t *v, struct err *why)
{
    json_t *object = (json_t *)(uintptr_t)v; /* jansson's iterators know no const */

    if (!json_is_object(v))
        return check_word(r, v, why);
    if (json_object_size(v) > LIST_MAX)
        return fail(why, ERR_INVALID, "has more than %d members", LIST_MAX);
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        enum err_code code = check_word(r, json_object_iter_value(i), why);

        if (code)
            return code;
        if (text_has_control(str_of(json_object_iter_key(i))))
            return fail(why, ERR_INVALID, "has a control character");
    }
    return OK;
}

/* Every key that a record may have from index.json. */
static const struct row {
    const char *key;
    check_fn *check;
    bool required;
} rows[] = {
    {"name", check_name, true},
    {"version", check_version, true},
    {"build", check_build, true},
    {"build_number", check_build_number, true},
    {"depends", check_specs, false},
    {"constrains", check_specs, false},
    {"subdir", check_subdir, false},
    {"noarch", check_noarch, false},
    {"timestamp", check_timestamp, false},
    {"schema_version", check_schema_version, false},
    {"license", check_text, false},
    {"license_family", check_text, false},
    {"features", check_word, false},
    {"track_features", check_features, false},
    {"provides_features", check_word_map, false},
    {"preferred_env", check_word, false},
    {"python_site_packages_path", check_inner_path, false},
    {"purls", check_purls, false},
    {"legacy_bz2_md5", check_md5, false},
    {"legacy_bz2_size", check_size, false},
    {"namespace", check_word, false},
    {"namespace_in_name", check_flag_or_word, false},
    /* applications of Navigator */
    {"type", check_word, false},
    {"app_entry", check_word, false},
    {"app_type", check_word, false},
    {"app_cli_opts", check_word, false},
    {"app_own_environment", check_flag_or_word, false},
    {"icon", check_file_name, false},
    {"summary", check_text, false},
};

static json_t *member(const json_t *object, const char *key)
{
    json_t *v = json_object_get(object, key);

    return json_is_null(v) ? NULL : v;
}

/* Old packages have no subdir, but say what they were built for, in words. */
static enum err_code check_platform(const struct reading *r, struct err *err)
{
    struct str platform = json_str(member(r->index, "platform"));
    struct str arch = json_str(member(r->index, "arch")), subdir;

    if (member(r->index, "subdir"))
        return OK;
    if (is_noarch(member(r->index, "noarch")))
        return OK; /* the row of noarch has looked at it */
    if (!platform.ptr || !arch.ptr)
        return OK;
    if (str_eq(arch, S("x86_64")))
        arch = S("64");
    else if (str_eq(arch, S("x86")))
        arch = S("32");
    subdir = str_fmt(r->mem, STR_FMT "-" STR_FMT, STR_ARG(platform), STR_ARG(arch));
    if (!subdir.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!str_eq(subdir, r->subdir))
        return fail(err, ERR_INVALID,
                    "index.json: the package is for " STR_FMT ", but the upload says " STR_FMT,
                    STR_ARG(subdir), STR_ARG(r->subdir));
    return OK;
}

static enum err_code copy_rows(const struct reading *r, json_t *record, struct err *err)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *v = member(r->index, rows[i].key);
        struct err why = {0};
        enum err_code code = v ? rows[i].check(r, v, &why) : OK;

        if (code)
            return fail(err, code, "index.json: \"%s\" %s", rows[i].key, why.msg);
        if (!v && rows[i].required)
            return fail(err, ERR_INVALID, "index.json: \"%s\" is missing", rows[i].key);
        if (v && json_object_set(record, rows[i].key, v) != 0)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    if (!json_object_get(record, "depends") &&
        json_object_set_new(record, "depends", json_array()) != 0)
        return fail(err, ERR_NOMEM, "out of memory");
    if (json_object_set_new(record, "subdir", json_of(r->subdir)) != 0)
        return fail(err, ERR_NOMEM, "out of memory");
    return OK;
}

static int64_t integer(const json_t *record, const char *key, int64_t absent)
{
    const json_t *v = json_object_get(record, key);

    return v ? json_integer_value(v) : absent;
}

enum err_code conda_record_parse(struct arena *mem, struct str index_json,
                                 const struct conda_filename *file, struct str subdir,
                                 struct conda_record *ret, struct err *err)
{
    AUTO(json_decrefp) json_t *index = NULL;
    AUTO(json_decrefp) json_t *record = json_object();
    struct reading r = {mem, NULL, file, subdir};
    struct conda_record out = {0};
    struct err why = {0};
    enum err_code code = json_parse_object(index_json, &index, &why);

    if (code)
        return fail(err, code, "index.json: %s", why.msg);
    r.index = index;
    code = copy_rows(&r, record, err);
    if (!code)
        code = check_platform(&r, err);
    if (code)
        return code;
    out.name = str_dup(mem, file->name);
    out.version = str_dup(mem, file->version);
    out.build = str_dup(mem, file->build);
    out.subdir = str_dup(mem, subdir);
    if (!out.name.ptr || !out.version.ptr || !out.build.ptr || !out.subdir.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    out.build_number = integer(record, "build_number", 0);
    out.schema_version = integer(record, "schema_version", 1);
    out.timestamp_ms = integer(record, "timestamp", 0);
    if (out.timestamp_ms <= SECONDS_MAX)
        out.timestamp_ms *= 1000;
    out.record = TAKE(record);
    *ret = out;
    return OK;
}

void conda_record_done(struct conda_record *r)
{
    json_decref(r->record);
    *r = (struct conda_record){0};
}

/* --- info/run_exports.json ------------------------------------------------------------------ */

/* A new list of those items that are readable words; NULL when out of memory. */
static json_t *only_words(const json_t *list)
{
    AUTO(json_decrefp) json_t *kept = json_array();

    for (size_t i = 0; kept && i < json_array_size(list) && i < LIMIT_CONDA_DEPENDS; i++) {
        json_t *item = json_array_get(list, i);

        if (!check_word(NULL, item, NULL) && json_array_append(kept, item) != 0)
            return NULL;
    }
    return TAKE(kept);
}

enum err_code conda_run_exports_parse(struct str data, json_t **ret_object, struct err *err)
{
    /* CEP 12. */
    static const char *const kinds[] = {"weak", "strong", "noarch", "weak_constrains",
                                        "strong_constrains"};
    AUTO(json_decrefp) json_t *parsed = NULL;
    AUTO(json_decrefp) json_t *exports = json_object();
    struct err why = {0};
    enum err_code code = data.len ? json_parse(data, &parsed, &why) : OK;

    if (code)
        return fail(err, code, "run_exports.json: %s", why.msg);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        /* The old form is a list, all of it weak. */
        const json_t *list = json_is_array(parsed) && !i ? parsed : member(parsed, kinds[i]);

        if (json_is_array(list) && json_object_set_new(exports, kinds[i], only_words(list)) != 0)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    if (!exports)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_object = TAKE(exports);
    return OK;
}

/* --- info/about.json ------------------------------------------------------------------------ */

static const struct about_row {
    const char *key;
    bool url;  /* only http:// and https:// */
    bool list; /* a list of strings is fine too */
    size_t max;
} about_rows[] = {
    {"home", true, true, ABOUT_LINE_MAX},
    {"dev_url", true, true, ABOUT_LINE_MAX},
    {"doc_url", true, true, ABOUT_LINE_MAX},
    {"doc_source_url", true, true, ABOUT_LINE_MAX},
    {"source_url", true, true, ABOUT_LINE_MAX},
    {"source_git_url", true, true, ABOUT_LINE_MAX},
    {"license_url", true, true, ABOUT_LINE_MAX},
    {"icon_url", true, false, ABOUT_LINE_MAX},
    {"summary", false, false, ABOUT_LINE_MAX},
    {"description", false, false, ABOUT_TEXT_MAX},
    {"license", false, false, ABOUT_LINE_MAX},
    {"license_family", false, false, ABOUT_LINE_MAX},
    {"license_file", false, true, ABOUT_LINE_MAX},
    {"source_git_tag", false, false, ABOUT_LINE_MAX},
    {"source_git_rev", false, false, ABOUT_LINE_MAX},
    {"recipe_origin", false, false, ABOUT_LINE_MAX},
    {"tags", false, true, ABOUT_LINE_MAX},
    {"keywords", false, true, ABOUT_LINE_MAX},
    {"identifiers", false, true, ABOUT_LINE_MAX},
};

static bool is_web_url(struct str s)
{
    if (!str_eq_nocase(str_sub(s, 0, 7), S("http://")) &&
        !str_eq_nocase(str_sub(s, 0, 8), S("https://")))
        return false;
    return !text_has_control(s) && !str_has(s, ' ');
}

static struct str cut_at_character(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max && ((unsigned char)s.ptr[max] & 0xc0) == 0x80)
        max--;
    return str_sub(s, 0, max);
}

/* False when the value is of no use. *ret: a new value, or NULL when out of memory. */
static bool about_text(const struct about_row *row, const json_t *v, json_t **ret)
{
    struct str s = json_str(v);

    if (!s.ptr || (row->url && (!is_web_url(s) || s.len > row->max)))
        return false;
    *ret = json_of(cut_at_character(s, row->max));
    return true;
}

static bool about_list(const struct about_row *row, const json_t *v, json_t **ret)
{
    AUTO(json_decrefp) json_t *list = json_array();

    *ret = NULL;
    for (size_t i = 0; i < json_array_size(v) && i < LIST_MAX; i++) {
        json_t *item = NULL;

        if (about_text(row, json_array_get(v, i), &item) && json_array_append_new(list, item) != 0)
            return true;
    }
    if (list && !json_array_size(list))
        return false;
    *ret = TAKE(list);
    return true;
}

enum err_code conda_about_parse(struct str data, json_t **ret_object, struct err *err)
{
    AUTO(json_decrefp) json_t *about = NULL;
    AUTO(json_decrefp) json_t *kept = json_object();
    enum err_code code = json_parse_object(data, &about, NULL);

    if (code == ERR_NOMEM || !kept)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; !code && i < COUNT(about_rows); i++) {
        const struct about_row *row = &about_rows[i];
        const json_t *v = json_object_get(about, row->key);
        json_t *text = NULL;
        bool useful =
            row->list && json_is_array(v) ? about_list(row, v, &text) : about_text(row, v, &text);

        if (useful && json_object_set_new(kept, row->key, text) != 0)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    *ret_object = TAKE(kept);
    return OK;
}
