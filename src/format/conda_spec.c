/* conda_spec.c: match specs (CEP 29), as strictly as their strictest reader.
 *
 * One unreadable dependency breaks every solve that touches its package: conda and libmamba stop,
 * rattler drops the record. So accepted is only what conda (classic parser), libmamba and rattler
 * (lenient mode) all read. Where they split "VERSION BUILD" at different blanks, every reading
 * must be valid: "x264 >=1 !164.3095,<1!165" is on conda-forge and is one version to conda, but a
 * version and a build to the others. */
#include "format/conda_spec.h"

#include "base/limits.h"
#include "base/text.h"
#include "format/conda_name.h"
#include "format/conda_version.h"

/* Parentheses in a version expression. Nobody writes more than two. */
#define NESTING_MAX 8

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static size_t span(struct str s, size_t from, const char *set)
{
    while (from < s.len && one_of(s.ptr[from], set))
        from++;
    return from;
}

#define OPERATOR_CHARS "=!<>~"

/* A version with its glob: what conda_version_parse() reads, and "*". */
static size_t span_literal(struct str s, size_t from)
{
    while (from < s.len && (is_alnum(s.ptr[from]) || one_of(s.ptr[from], "!._+-*")))
        from++;
    return from;
}

/* --- version expressions ------------------------------------------------------------------- */

static const struct {
    struct str text;
    bool any; /* may stand before a lone "*": it then says nothing */
} operators[] = {
    {{"", 0}, true},    {{"==", 2}, true},  {{">=", 2}, true}, {{"<=", 2}, true}, {{"=", 1}, true},
    {{"~=", 2}, false}, {{"!=", 2}, false}, {{"<", 1}, false}, {{">", 1}, false},
};

/* "*", ".*", ".*.*"; without an operator also ".*." and ".*.*.", which conda-forge once had. */
static bool is_glob_tail(struct str tail, bool with_operator)
{
    if (str_eq(tail, S("*")))
        return true;
    if (!with_operator && tail.len > 2 && str_ends(tail, S(".")))
        tail.len--;
    while (str_ends(tail, S(".*")))
        tail.len -= 2;
    return !tail.len;
}

/* One comparison: ">=1.2", "1.2.*", "*". */
static enum err_code check_clause(struct arena *mem, struct str clause, struct err *err)
{
    const struct conda_version *version;
    struct str op = str_sub(clause, 0, span(clause, 0, OPERATOR_CHARS)), head, tail;
    size_t known = 0;

    head = str_from(clause, op.len);
    while (known < COUNT(operators) && !str_eq(op, operators[known].text))
        known++;
    if (known == COUNT(operators))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not an operator", STR_ARG(op));
    if (str_eq(head, S("*")) && operators[known].any)
        return OK;
    if (str_eq(clause, S("*.*")))
        return OK;

    tail = str_from(head, head.len);
    for (size_t i = 0; i < head.len && !tail.len; i++)
        if (head.ptr[i] == '*')
            tail = str_from(head, i && head.ptr[i - 1] == '.' ? i - 1 : i);
    head.len -= tail.len;
    if (tail.len && (!is_glob_tail(tail, op.len > 0) || str_eq(op, S("~="))))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" has a \"*\" where clients refuse it",
                    STR_ARG(clause));
    /* libmamba */
    if (!op.len && head.len && !is_digit(head.ptr[0]) && !is_lower(head.ptr[0]))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" does not begin with a digit or a-z",
                    STR_ARG(clause));
    return conda_version_parse(mem, head, &version, err);
}

/* Comparisons joined by "," and "|", which may have blanks around them, and parentheses. */
static enum err_code check_version_spec(struct arena *mem, struct str s, struct err *err)
{
    size_t at = 0, depth = 0;

    for (;;) {
        size_t from;
        enum err_code code;

        for (at = span(s, at, " "); at < s.len && s.ptr[at] == '('; at = span(s, at + 1, " "))
            if (++depth > NESTING_MAX)
                return fail(err, ERR_INVALID, "the version is nested too deep");
        from = at;
        at = span_literal(s, span(s, from, OPERATOR_CHARS));
        code = check_clause(mem, str_sub(s, from, at - from), err);
        if (code)
            return code;
        for (at = span(s, at, " "); at < s.len && s.ptr[at] == ')'; at = span(s, at + 1, " "))
            if (!depth--)
                return fail(err, ERR_INVALID, "the version has a \")\" too many");
        if (at == s.len && depth)
            return fail(err, ERR_INVALID, "the version lacks a \")\"");
        if (at == s.len)
            return OK;
        if (!one_of(s.ptr[at], ",|"))
            return fail(err, ERR_INVALID, "\"" STR_FMT "\" does not follow a \",\" or \"|\"",
                        STR_ARG(str_from(s, at)));
        at++;
    }
}

/* --- "VERSION", "VERSION BUILD", "VERSION=BUILD" -------------------------------------------- */

struct halves {
    struct str version, build;
};

/* As rattler: the version is the longest list of comparisons. False where there is none. */
static bool split_as_rattler(struct str s, struct halves *ret)
{
    size_t at = 0, end;
    struct str build;

    for (;;) {
        size_t from = span(s, span(s, span(s, at, " "), OPERATOR_CHARS), " ");

        end = span_literal(s, from);
        if (end == from)
            return false;
        at = span(s, end, " ");
        if (at == s.len || !one_of(s.ptr[at], ",|"))
            break;
        at++;
    }
    build = str_from(s, end);
    if (build.len && !one_of(build.ptr[0], " ="))
        return false;
    *ret = (struct halves){str_sub(s, 0, end), str_trim(str_from(build, 1))};
    return true;
}

/* As conda: the build follows the first " " or "=" that is part of no operator and after which
 * there are no characters of operators. */
static struct halves split_as_conda(struct str s)
{
    for (size_t i = 1; i + 1 < s.len; i++) {
        size_t end = i + 1;

        if (!one_of(s.ptr[i], " =") || one_of(s.ptr[i - 1], "=!|,<>~"))
            continue;
        while (end < s.len && !one_of(s.ptr[end], "-=,|<>~"))
            end++;
        if (end == s.len)
            return (struct halves){str_sub(s, 0, i), str_trim(str_from(s, i + 1))};
    }
    return (struct halves){s, {NULL, 0}};
}

static struct str without_blanks(struct arena *mem, struct str s)
{
    char *text = str_z(mem, s);
    size_t len = 0;

    if (!text)
        return (struct str){NULL, 0};
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != ' ')
            text[len++] = s.ptr[i];
    return (struct str){text, len};
}

/* A build string or a glob. rattler refuses "**". */
static enum err_code check_build(struct str s, struct err *err)
{
    for (size_t i = 0; i < s.len; i++) {
        bool twice = i && s.ptr[i] == '*' && s.ptr[i - 1] == '*';

        if (twice || (!is_alnum(s.ptr[i]) && !one_of(s.ptr[i], "_.+*-!,<>|~=")))
            return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not a build string or glob",
                        STR_ARG(s));
    }
    return OK;
}

static enum err_code parse_constraint(struct arena *mem, struct str s, struct conda_spec *spec,
                                      struct err *err)
{
    struct halves rattler, conda;
    struct str version, other;
    enum err_code code;

    if (!split_as_rattler(s, &rattler))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not a version and a build", STR_ARG(s));
    conda = split_as_conda(s);
    version = without_blanks(mem, rattler.version);
    other = without_blanks(mem, conda.version);
    if (!version.ptr || !other.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    code = check_version_spec(mem, version, err);
    if (!code && !str_eq(version, other))
        code = check_version_spec(mem, other, err);
    if (!code)
        code = check_build(rattler.build, err);
    if (code)
        return code;
    spec->version = version;
    spec->build = rattler.build;
    return OK;
}

/* --- name and channel ---------------------------------------------------------------------- */

/* As conda_check_name(), in either case; or a virtual name, "__cuda". */
static enum err_code parse_name(struct arena *mem, struct str s, struct str *ret, struct err *err)
{
    struct str name = str_lower(mem, s), real = name;

    if (!name.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (str_starts(name, S("__"))) {
        real = str_from(name, 2);
        if (!real.len || real.ptr[0] == '_')
            return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not a package name", STR_ARG(s));
    }
    *ret = name;
    return conda_check_name(real, err);
}

/* "conda-forge", "conda-forge/linux-64". */
static enum err_code check_channel(struct str s, struct err *err)
{
    struct str rest = s, part;

    while (str_next(&rest, '/', &part)) {
        bool good = part.len && is_alnum(part.ptr[0]);

        for (size_t i = 0; i < part.len; i++)
            good = good && (is_alnum(part.ptr[i]) || one_of(part.ptr[i], "._-"));
        if (!good)
            return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not a channel name", STR_ARG(s));
    }
    return OK;
}

/* All but the brackets. */
static enum err_code parse_plain(struct arena *mem, struct str s, struct conda_spec *spec,
                                 struct err *err)
{
    struct str head, channel;
    enum err_code code;
    size_t len = 0;

    if (str_has(s, ':')) {
        if (!str_cut_last(s, ':', &head, &s) || !str_ends(head, S(":")))
            return fail(err, ERR_INVALID, "it has a \":\" that does not end a channel");
        channel = str_sub(head, 0, head.len - 1);
        code = check_channel(channel, err);
        if (code)
            return code;
    }
    while (len < s.len && !one_of(s.ptr[len], " " OPERATOR_CHARS))
        len++;
    code = parse_name(mem, str_sub(s, 0, len), &spec->name, err);
    s = str_trim(str_from(s, len));
    if (code || !s.len)
        return code;
    return parse_constraint(mem, s, spec, err);
}

/* --- [key=value,...] ------------------------------------------------------------------------ */

typedef enum err_code value_parser(struct arena *mem, struct str value, struct conda_spec *spec,
                                   struct err *err);

static enum err_code read_version(struct arena *mem, struct str value, struct conda_spec *spec,
                                  struct err *err)
{
    enum err_code code = check_version_spec(mem, value, err);

    if (code)
        return code;
    spec->version = without_blanks(mem, value);
    return spec->version.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code read_build(struct arena *mem, struct str value, struct conda_spec *spec,
                                struct err *err)
{
    (void)mem;
    spec->build = value;
    return check_build(value, err);
}

static enum err_code read_build_number(struct arena *mem, struct str value, struct conda_spec *spec,
                                       struct err *err)
{
    struct str op = str_sub(value, 0, span(value, 0, OPERATOR_CHARS));
    uint64_t number;

    (void)mem;
    (void)spec;
    if (str_eq(op, S("=")) || str_eq(op, S("~=")) ||
        !str_u64(str_from(value, op.len), INT64_MAX, &number))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not a build number", STR_ARG(value));
    for (size_t i = 0; i < COUNT(operators); i++)
        if (str_eq(op, operators[i].text))
            return OK;
    return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not an operator", STR_ARG(op));
}

static enum err_code read_channel(struct arena *mem, struct str value, struct conda_spec *spec,
                                  struct err *err)
{
    (void)mem;
    (void)spec;
    return check_channel(value, err);
}

static enum err_code read_digest(struct arena *mem, struct str value, struct conda_spec *spec,
                                 struct err *err)
{
    uint8_t bytes[32];

    (void)mem;
    (void)spec;
    if (!text_unhex(value, bytes, 16) && !text_unhex(value, bytes, 32))
        return fail(err, ERR_INVALID, "\"" STR_FMT "\" is not a digest", STR_ARG(value));
    return OK;
}

static enum err_code read_text(struct arena *mem, struct str value, struct conda_spec *spec,
                               struct err *err)
{
    (void)mem;
    (void)value;
    (void)spec;
    (void)err;
    return OK;
}

/* Where the next word "and" or "or" stands; s.len if there is none. */
static size_t find_joint(struct str s, size_t *ret_len)
{
    for (size_t at = 0; at < s.len; at++) {
        size_t end = at;

        while (end < s.len && s.ptr[end] != ' ')
            end++;
        *ret_len = end - at;
        if (str_eq(str_sub(s, at, end - at), S("and")) || str_eq(str_sub(s, at, end - at), S("or")))
            return at;
        at = end;
    }
    return s.len;
}

/* Specs without brackets, joined by "and" and "or" (CEP 43). */
static enum err_code read_condition(struct arena *mem, struct str value, struct conda_spec *spec,
                                    struct err *err)
{
    size_t at, joint;

    spec->conditional = true;
    do {
        struct conda_spec part = {0};
        enum err_code code;

        at = find_joint(value, &joint);
        code = parse_plain(mem, str_trim(str_sub(value, 0, at)), &part, err);
        if (code)
            return code;
        value = at < value.len ? str_from(value, at + joint) : (struct str){NULL, 0};
    } while (value.ptr);
    return OK;
}

/* Missing: url (no dependency is one), features and name (rattler refuses them), extras and
 * flags (conda's classic parser refuses them). */
static const struct {
    struct str name;
    value_parser *parse;
} keys[] = {
    {{"version", 7}, read_version},
    {{"build", 5}, read_build},
    {{"build_number", 12}, read_build_number},
    {{"channel", 7}, read_channel},
    {{"subdir", 6}, read_channel},
    {{"md5", 3}, read_digest},
    {{"sha256", 6}, read_digest},
    {{"fn", 2}, read_text},
    {{"license", 7}, read_text},
    {{"license_family", 14}, read_text},
    {{"track_features", 14}, read_text},
    {{"when", 4}, read_condition},
};

/* Takes "key=value" off the front; the value may be quoted, to hold blanks, "," and "=". */
static bool take_pair(struct str *s, struct str *ret_key, struct str *ret_value)
{
    size_t len = 0;
    char quote;

    if (!str_cut(s, '=', ret_key) || !s->len)
        return false;
    quote = s->ptr[0];
    if (quote == '"' || quote == '\'') {
        *s = str_from(*s, 1);
        if (!str_cut(s, quote, ret_value))
            return false;
    } else {
        while (len < s->len && !one_of(s->ptr[len], " ,="))
            len++;
        *ret_value = str_sub(*s, 0, len);
        *s = str_from(*s, len);
    }
    return ret_value->len && !str_has(*ret_value, '"') && !str_has(*ret_value, '\'');
}

static enum err_code parse_brackets(struct arena *mem, struct str s, struct conda_spec *spec,
                                    struct err *err)
{
    unsigned seen = 0;

    for (;;) {
        struct str key, value;
        enum err_code code;
        size_t i = 0;

        if (!take_pair(&s, &key, &value))
            return fail(err, ERR_INVALID, "its brackets do not hold key=value pairs");
        while (i < COUNT(keys) && !str_eq(key, keys[i].name))
            i++;
        if (i == COUNT(keys))
            return fail(err, ERR_INVALID, "not all clients know the key \"" STR_FMT "\"",
                        STR_ARG(key));
        if (seen & 1U << i)
            return fail(err, ERR_INVALID, "it has the key \"" STR_FMT "\" twice", STR_ARG(key));
        seen |= 1U << i;
        code = keys[i].parse(mem, value, spec, err);
        if (code)
            return code;
        if (!s.len)
            return OK;
        if (s.ptr[0] != ',')
            return fail(err, ERR_INVALID, "its brackets lack a \",\"");
        s = str_from(s, span(s, 1, " "));
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

/* What some client takes for something else than a match spec. */
static const char *trap(struct str s)
{
    if (!s.len)
        return "it is empty";
    if (s.len > LIMIT_CONDA_SPEC)
        return "it is too long";
    if (s.ptr[0] == ' ')
        return "it begins with a blank"; /* conda */
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < ' ' || s.ptr[i] > '~')
            return "it has a character other than printable ASCII";
        if (one_of(s.ptr[i], "#;\\^$@"))
            return "it has a comment, a regular expression or another character clients refuse";
        if (str_starts(str_from(s, i), S(" if ")))
            return "it has an \"if\", where conda stops reading";
    }
    if (str_ends(s, S(".conda")) || str_ends(s, S(".tar.bz2")))
        return "it ends like a package file"; /* conda, libmamba */
    return NULL;
}

static enum err_code parse(struct arena *mem, struct str s, struct conda_spec *spec,
                           struct err *err)
{
    struct str inside = {NULL, 0};
    enum err_code code;

    if (str_ends(s, S("]"))) {
        inside = str_sub(s, 0, s.len - 1);
        if (!str_cut(&inside, '[', &s) || !inside.len)
            return fail(err, ERR_INVALID, "its brackets are empty or not a pair");
        if (str_has(inside, '[') || str_has(inside, ']'))
            return fail(err, ERR_INVALID, "it has brackets inside brackets");
        s = str_trim(s);
    }
    code = parse_plain(mem, s, spec, err);
    if (!code && inside.ptr)
        code = parse_brackets(mem, inside, spec, err);
    return code;
}

enum err_code conda_spec_parse(struct arena *mem, struct str s, struct conda_spec *ret,
                               struct err *err)
{
    struct conda_spec spec = {0};
    struct err why = {0};
    const char *problem = trap(s);
    enum err_code code;

    if (problem)
        return fail(err, ERR_INVALID, "match spec \"" STR_FMT "\": %s", STR_ARG(s), problem);
    code = parse(mem, str_trim(s), &spec, &why);
    if (code)
        return fail(err, code, "match spec \"" STR_FMT "\": %s", STR_ARG(s), why.msg);
    *ret = spec;
    return OK;
}
