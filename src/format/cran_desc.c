#include "format/cran_desc.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/charset.h"
#include "format/json.h"

#define BOM S("\xef\xbb\xbf")

/* ---- Lines ----------------------------------------------------------------------------------- */

/* A line without its end, "\n" or "\r\n". */
static bool next_line(struct str *rest, struct str *ret)
{
    if (!str_next(rest, '\n', ret))
        return false;
    if (str_ends(*ret, S("\r")))
        ret->len--;
    return true;
}

/* Characters at which some reader would begin a new line: of C1, and U+2028 and U+2029. */
static bool has_hidden_break(struct str s)
{
    for (size_t i = 0; i + 1 < s.len; i++) {
        if (s.ptr[i] == '\xc2' && (unsigned char)s.ptr[i + 1] < 0xa0)
            return true;
        if (str_starts(str_from(s, i), S("\xe2\x80\xa8")) ||
            str_starts(str_from(s, i), S("\xe2\x80\xa9")))
            return true;
    }
    return false;
}

static enum err_code check_line(struct str line, size_t number, struct err *err)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] != '\t' && text_has_control(str_sub(line, i, 1)))
            return fail(err, ERR_INVALID, "line %zu has the control character 0x%02x", number,
                        (unsigned char)line.ptr[i]);
    if (has_hidden_break(line))
        return fail(err, ERR_INVALID, "line %zu has a control character", number);
    return OK;
}

static bool is_field_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
            return false;
    return s.len && s.ptr[0] != '#' && s.ptr[0] != '-';
}

/* ---- Fields ---------------------------------------------------------------------------------- */

struct reading {
    json_t *fields;    /* the ones that are complete */
    struct str name;   /* of the one at hand; ptr NULL: none */
    struct buf *value; /* of the one at hand */
    size_t number;     /* of the line at hand */
    bool ended;        /* an empty line came after the record */
};

static enum err_code finish_field(struct reading *r, struct err *err)
{
    if (!r->name.ptr)
        return OK;
    if (!buf_ok(r->value))
        return fail(err, ERR_NOMEM, "out of memory");
    if (json_object_getn(r->fields, r->name.ptr, r->name.len))
        return fail(err, ERR_INVALID, "field \"" STR_FMT "\" is there twice", STR_ARG(r->name));
    if (json_object_size(r->fields) == LIMIT_CRAN_FIELDS)
        return fail(err, ERR_TOO_BIG, "more than %d fields", LIMIT_CRAN_FIELDS);
    json_put(&r->fields, r->name, json_of(buf_str(r->value)));
    r->name = (struct str){0};
    return r->fields ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code begin_field(struct reading *r, struct str line, struct err *err)
{
    struct str rest = line, name;
    enum err_code rc = finish_field(r, err);

    if (rc)
        return rc;
    if (!str_cut(&rest, ':', &name))
        return fail(err, ERR_INVALID,
                    "line %zu, \"" STR_FMT "\", is neither \"Field: value\" nor indented",
                    r->number, STR_ARG(line));
    if (!is_field_name(name))
        return fail(err, ERR_INVALID, "line %zu: \"" STR_FMT "\" is no name of a field", r->number,
                    STR_ARG(name));
    r->name = name;
    buf_clear(r->value);
    buf_add(r->value, str_trim(rest));
    return OK;
}

static enum err_code take_line(struct reading *r, struct str line, struct err *err)
{
    enum err_code rc = check_line(line, r->number, err);

    if (rc)
        return rc;
    if (!str_trim(line).len) {
        r->ended = r->ended || r->name.ptr;
        return OK;
    }
    if (r->ended)
        return fail(err, ERR_INVALID, "line %zu: text after an empty line would be a second record",
                    r->number);
    if (line.ptr[0] != ' ' && line.ptr[0] != '\t')
        return begin_field(r, line, err);
    if (!r->name.ptr)
        return fail(err, ERR_INVALID, "line %zu is indented, but no field comes before it",
                    r->number);
    buf_addc(r->value, '\n');
    buf_add(r->value, str_trim(line));
    return OK;
}

/* ---- The text -------------------------------------------------------------------------------- */

/* How the text is encoded: all that are supported have ASCII in common, in which this is said. */
static enum err_code find_charset(struct str text, enum charset *ret, struct err *err)
{
    struct str rest = text, line, name;

    while (next_line(&rest, &line)) {
        if (!str_starts(line, S("Encoding:")))
            continue;
        name = str_trim(str_from(line, S("Encoding:").len));
        if (charset_find(name, ret))
            return OK;
        return fail(err, ERR_INVALID,
                    "Encoding \"" STR_FMT "\" is none of UTF-8, latin1, latin2 and latin9",
                    STR_ARG(name));
    }
    *ret = text_is_utf8(text) ? CHARSET_UTF8 : CHARSET_LATIN1;
    return OK;
}

static enum err_code parse_lines(struct str text, struct reading *r, struct err *err)
{
    struct str rest = text, line;
    enum err_code rc = OK;

    while (!rc && next_line(&rest, &line)) {
        r->number++;
        rc = take_line(r, line, err);
    }
    return rc ? rc : finish_field(r, err);
}

/* Package and Version, whose grammar keeps them on one line. */
static enum err_code check_identity(const json_t *fields, struct err *err)
{
    struct str package = json_get_str(fields, "Package"), version = json_get_str(fields, "Version");
    enum err_code rc;

    if (!package.ptr || !version.ptr)
        return fail(err, ERR_INVALID, "there is no field \"%s\"",
                    package.ptr ? "Version" : "Package");
    rc = cran_check_package(package, err);
    return rc ? rc : cran_check_version(version, err);
}

static enum err_code parse_text(struct str text, json_t **ret_fields, struct err *err)
{
    AUTO(buf_done) struct buf decoded = BUF_INIT(3 * LIMIT_INFO_MEMBER);
    AUTO(buf_done) struct buf value = BUF_INIT(3 * LIMIT_INFO_MEMBER);
    struct reading r = {.fields = json_object(), .value = &value};
    enum charset charset = CHARSET_UTF8;
    enum err_code rc = r.fields ? OK : fail(err, ERR_NOMEM, "out of memory");

    if (!rc)
        rc = find_charset(text, &charset, err);
    if (!rc)
        rc = charset_decode(charset, text, &decoded, err);
    if (!rc)
        rc = parse_lines(buf_str(&decoded), &r, err);
    if (!rc)
        rc = check_identity(r.fields, err);
    if (rc)
        json_decref(r.fields);
    else
        *ret_fields = r.fields;
    return rc;
}

enum err_code cran_desc_parse(struct str text, json_t **ret_fields, struct err *err)
{
    struct err why = {0};
    enum err_code rc;

    if (text.len > LIMIT_INFO_MEMBER)
        rc = fail(&why, ERR_TOO_BIG, "larger than %zu bytes", LIMIT_INFO_MEMBER);
    else if (str_starts(text, BOM))
        rc = fail(&why, ERR_INVALID,
                  "it begins with a byte order mark, which R takes for a letter "
                  "of the first field");
    else
        rc = parse_text(text, ret_fields, &why);
    return rc ? fail(err, rc, "DESCRIPTION: %s", why.msg) : OK;
}

struct str cran_desc_line(struct arena *mem, const json_t *fields, const char *field)
{
    struct str in = json_get_str(fields, field);
    char *out = in.len ? arena_alloc(mem, in.len, 1) : NULL;
    size_t len = 0;

    if (!out)
        return (struct str){0};
    for (size_t i = 0; i < in.len; i++) {
        bool space = str_has(S(" \t\n"), in.ptr[i]);

        if (!space)
            out[len++] = in.ptr[i];
        else if (len && out[len - 1] != ' ')
            out[len++] = ' ';
    }
    return (struct str){out, len}; /* it ends in no blank, because the value does not */
}

/* ---- What clients read ----------------------------------------------------------------------- */

/* Blanks, and the ends of lines. */
static struct str trim_space(struct str s)
{
    while (s.len && str_has(S(" \t\n"), s.ptr[0]))
        s = str_from(s, 1);
    while (s.len && str_has(S(" \t\n"), s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* "4.2", "4", or a revision of R's own sources, "r12345". */
static bool is_bound(struct str s)
{
    bool any = false;

    if (str_starts(s, S("r")))
        s = str_from(s, 1);
    for (size_t i = 0; i < s.len; i++) {
        bool digit = s.ptr[i] >= '0' && s.ptr[i] <= '9';

        if (!digit && (!any || (s.ptr[i] != '.' && s.ptr[i] != '-')))
            return false;
        any = digit;
    }
    return any && s.len <= LIMIT_CRAN_VERSION;
}

/* "(>= 4.2)" */
static bool is_condition(struct str s)
{
    static const char *const operators[] = {">=", "<=", "==", "!=", ">", "<"};

    if (!str_starts(s, S("(")) || !str_ends(s, S(")")) || s.len < 2)
        return false;
    s = trim_space(str_sub(s, 1, s.len - 2));
    for (size_t i = 0; i < COUNT(operators); i++)
        if (str_starts(s, str_of(operators[i])))
            return is_bound(trim_space(str_from(s, strlen(operators[i]))));
    return false;
}

/* "pkg", "pkg (>= 1.0)", or nothing at all: many lists end in a comma. */
static bool is_dependency(struct str s)
{
    size_t end = 0;
    struct str name, rest;

    s = trim_space(s);
    while (end < s.len && s.ptr[end] != '(' && !str_has(S(" \t\n"), s.ptr[end]))
        end++;
    name = str_sub(s, 0, end);
    rest = trim_space(str_from(s, end));
    if (!s.len)
        return true;
    return (str_eq(name, S("R")) || !cran_check_package(name, NULL)) &&
           (!rest.len || is_condition(rest));
}

static enum err_code check_dependencies(const json_t *fields, const char *field, struct err *err)
{
    struct str rest = json_get_str(fields, field), item;

    while (str_next(&rest, ',', &item))
        if (!is_dependency(item))
            return fail(err, ERR_INVALID,
                        "DESCRIPTION: %s: \"" STR_FMT "\" is neither \"package\" nor \"package (>= "
                        "version)\"",
                        field, STR_ARG(trim_space(item)));
    return OK;
}

static enum err_code check_choice(const json_t *fields, const char *field, const char *one,
                                  const char *other, struct err *err)
{
    struct str value = json_get_str(fields, field);

    if (!value.len || str_eq_nocase(value, str_of(one)) || str_eq_nocase(value, str_of(other)))
        return OK;
    return fail(err, ERR_INVALID, "DESCRIPTION: %s is \"" STR_FMT "\", not \"%s\" or \"%s\"", field,
                STR_ARG(value), one, other);
}

static enum err_code check_same(const json_t *fields, const char *field, struct str file,
                                struct err *err)
{
    struct str value = json_get_str(fields, field);

    if (str_eq(value, file))
        return OK;
    return fail(err, ERR_INVALID,
                "DESCRIPTION: %s is \"" STR_FMT "\", but the file name says \"" STR_FMT "\"", field,
                STR_ARG(value), STR_ARG(file));
}

enum err_code cran_desc_check(const json_t *fields, const struct cran_filename *file,
                              struct err *err)
{
    static const char *const lists[] = {"Depends", "Imports", "LinkingTo", "Suggests", "Enhances"};
    enum err_code rc = check_same(fields, "Package", file->package, err);

    if (!rc)
        rc = check_same(fields, "Version", file->version, err);
    for (size_t i = 0; !rc && i < COUNT(lists); i++)
        rc = check_dependencies(fields, lists[i], err);
    if (!rc)
        rc = check_choice(fields, "OS_type", "unix", "windows", err);
    if (!rc)
        rc = check_choice(fields, "NeedsCompilation", "yes", "no", err);
    return rc;
}

/* ---- For indexes ----------------------------------------------------------------------------- */

const char *const cran_indexed[CRAN_INDEXED] = {"Package",
                                                "Version",
                                                "Priority",
                                                "Depends",
                                                "Imports",
                                                "LinkingTo",
                                                "Suggests",
                                                "Enhances",
                                                "License",
                                                "License_is_FOSS",
                                                "License_restricts_use",
                                                "OS_type",
                                                "Archs",
                                                [CRAN_NEEDS_COMPILATION] = "NeedsCompilation",
                                                [CRAN_BUILT] = "Built"};

enum err_code cran_desc_index(struct arena *mem, const json_t *fields, bool compiled,
                              json_t **ret_index, struct err *err)
{
    json_t *index = json_object();

    for (size_t i = 0; i < CRAN_INDEXED; i++)
        if (json_get_str(fields, cran_indexed[i]).len) {
            struct str line = cran_desc_line(mem, fields, cran_indexed[i]);

            json_put(&index, str_of(cran_indexed[i]), line.ptr ? json_of(line) : NULL);
        }
    if (!json_object_get(index, "NeedsCompilation"))
        json_put(&index, S("NeedsCompilation"), json_string(compiled ? "yes" : "no"));
    if (!index)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret_index = index;
    return OK;
}
