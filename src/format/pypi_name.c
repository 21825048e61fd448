#include "format/pypi_name.h"

#include "base/limits.h"

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

enum err_code pypi_check_name(struct str s, struct err *err)
{
    if (!s.len)
        return fail(err, ERR_INVALID, "the project name is empty");
    if (s.len > LIMIT_PYPI_NAME)
        return fail(err, ERR_INVALID,
                    "project name \"" STR_FMT "\" has %zu characters, more than %d", STR_ARG(s),
                    s.len, LIMIT_PYPI_NAME);
    for (size_t i = 0; i < s.len; i++)
        if (!is_letter_or_digit(s.ptr[i]) && !is_separator(s.ptr[i]))
            return fail(err, ERR_INVALID,
                        "project name \"" STR_FMT "\" has a character other than A-Z, a-z, 0-9, "
                        "\".\", \"_\" and \"-\"",
                        STR_ARG(s));
    if (is_separator(s.ptr[0]) || is_separator(s.ptr[s.len - 1]))
        return fail(err, ERR_INVALID,
                    "project name \"" STR_FMT "\" does not begin and end with a letter or a digit",
                    STR_ARG(s));
    return OK;
}

/* Takes the next character of the normalised spelling off the front. */
static char take_normal(struct str *s)
{
    char c = s->ptr[0];

    *s = str_from(*s, 1);
    if (is_separator(c)) {
        while (s->len && is_separator(s->ptr[0]))
            *s = str_from(*s, 1);
        return '-';
    }
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct str pypi_normalise_name(struct arena *mem, struct str name)
{
    char *out = arena_alloc(mem, name.len ? name.len : 1, 1);
    size_t len = 0;

    if (!out)
        return (struct str){0};
    while (name.len)
        out[len++] = take_normal(&name);
    return (struct str){out, len};
}

bool pypi_same_name(struct str a, struct str b)
{
    while (a.len && b.len)
        if (take_normal(&a) != take_normal(&b))
            return false;
    return !a.len && !b.len;
}
