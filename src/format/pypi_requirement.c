#include "format/pypi_requirement.h"

#include "format/pypi_name.h"
#include "format/pypi_version.h"

/* Of one line. The longest that are published, with markers for a dozen platforms, have some 500.
 */
#define LINE_MAX_BYTES 4096

/* An operator that another begins with comes after that. */
static const char *const operators[] = {"===", "==", "~=", "!=", "<=", ">=", "<", ">"};

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name_char(char c)
{
    return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
}

static enum err_code refuse(const char *what, struct str s, const char *why, struct err *err)
{
    return fail(err, ERR_INVALID, "%s \"" STR_FMT "\" %s", what, STR_ARG(s), why);
}

/* --- specifiers ------------------------------------------------------------------------------- */

/* "===" compares text, so whatever follows it is fine. */
static bool version_ok(struct arena *mem, struct str op, struct str version)
{
    const struct pypi_version *parsed;

    for (size_t i = 0; i < version.len; i++)
        if (version.ptr[i] <= ' ' || version.ptr[i] > '~')
            return false;
    if (str_eq(op, S("===")))
        return version.len > 0;
    if (str_ends(version, S(".*")))
        version.len -= 2;
    return !pypi_version_parse(mem, version, &parsed, NULL);
}

static bool parse_specifier(struct arena *mem, struct str s, struct pypi_specifier *ret)
{
    for (size_t i = 0; i < COUNT(operators); i++) {
        struct str op = str_of(operators[i]);

        if (!str_starts(s, op))
            continue;
        ret->op = str_sub(s, 0, op.len);
        ret->version = str_trim(str_from(s, op.len));
        return version_ok(mem, ret->op, ret->version);
    }
    return false;
}

enum err_code pypi_specifiers_parse(struct arena *mem, struct str s, struct pypi_specifiers *ret,
                                    struct err *err)
{
    struct pypi_specifiers out = {0};
    struct str rest = str_trim(s), item;
    size_t room = 1;

    if (s.len > LINE_MAX_BYTES)
        return refuse("version specifier", s, "is too long", err);
    for (size_t i = 0; i < rest.len; i++)
        room += rest.ptr[i] == ',';
    out.items = arena_array(mem, struct pypi_specifier, room);
    if (!out.items)
        return fail(err, ERR_NOMEM, "out of memory");
    while (rest.len && str_next(&rest, ',', &item)) { /* nothing may follow the last comma */
        if (!parse_specifier(mem, str_trim(item), &out.items[out.count++]))
            return refuse("version specifier", str_trim(item),
                          "is not an operator (==, !=, <=, >=, <, >, ~=, ===) and a version", err);
        rest = str_trim(rest);
    }
    *ret = out;
    return OK;
}

/* --- requirements ----------------------------------------------------------------------------- */

/* Takes 'extra == "x"' off anywhere in a marker. */
static struct str find_extra(struct str marker)
{
    static const char word[] = "extra";
    struct str quoted = {0};

    for (; marker.len; marker = str_from(marker, 1)) {
        struct str rest = marker;
        char quote;

        if (!str_starts(rest, S("extra")))
            continue;
        rest = str_trim(str_from(rest, sizeof(word) - 1));
        if (!str_starts(rest, S("==")))
            continue;
        rest = str_trim(str_from(rest, 2));
        quote = rest.len ? rest.ptr[0] : '\0';
        rest = str_from(rest, 1);
        if ((quote == '"' || quote == '\'') && str_cut(&rest, quote, &quoted))
            return quoted;
    }
    return quoted;
}

static struct str take_name(struct str *s)
{
    struct str name = str_sub(*s, 0, 0);

    while (name.len < s->len && is_name_char(s->ptr[name.len]))
        name.len++;
    *s = str_trim(str_from(*s, name.len));
    return name;
}

/* Brackets of either kind around everything that is left, or around nothing. */
static bool take_brackets(struct str *s, char open, char close, struct str *ret)
{
    struct str inside = *s;

    if (!s->len || s->ptr[0] != open)
        return true;
    if (!str_cut(&inside, close, ret))
        return false;
    *ret = str_trim(str_from(*ret, 1));
    *s = str_trim(inside);
    return true;
}

/* A URL may have ";" in it: a marker has a blank before it then. */
static void take_url(struct str *rest, struct pypi_requirement *r)
{
    struct str url = str_trim(str_from(*rest, 1));
    size_t end = 0;

    while (end < url.len && url.ptr[end] != ' ' && url.ptr[end] != '\t')
        end++;
    r->url = str_sub(url, 0, end);
    *rest = str_trim(str_from(url, end));
}

enum err_code pypi_requirement_parse(struct arena *mem, struct str s, struct pypi_requirement *ret,
                                     struct err *err)
{
    struct pypi_requirement r = {0};
    struct str rest = str_trim(s), versions = {0};
    enum err_code rc;

    if (s.len > LINE_MAX_BYTES)
        return refuse("requirement", s, "is too long", err);
    r.name = take_name(&rest);
    if (pypi_check_name(r.name, NULL))
        return refuse("requirement", s, "does not begin with the name of a project", err);
    if (!take_brackets(&rest, '[', ']', &r.extras))
        return refuse("requirement", s, "has a \"[\" without a \"]\"", err);
    if (rest.len && rest.ptr[0] == '@')
        take_url(&rest, &r);
    if (!str_cut(&rest, ';', &versions)) {
        versions = rest;
        rest = str_from(rest, rest.len);
    }
    r.marker = str_trim(rest);
    r.extra = find_extra(r.marker);
    rest = str_trim(versions);
    versions = (struct str){0};
    if (!take_brackets(&rest, '(', ')', &versions) || (versions.ptr && rest.len) ||
        (r.url.ptr && (versions.ptr || rest.len)))
        return refuse("requirement", s, "is not name[extras] versions; marker", err);
    rc = pypi_specifiers_parse(mem, versions.ptr ? versions : rest, &r.specifiers, err);
    if (rc)
        return rc == ERR_NOMEM ? rc
                               : fail(err, rc, "requirement \"" STR_FMT "\": %s", STR_ARG(s),
                                      err ? err->msg : "");
    *ret = r;
    return OK;
}
