#include "format/pypi_match.h"

struct candidate {
    struct str text;                          /* lower case */
    const struct pypi_version *full, *public; /* with and without its local part */
};

static const struct pypi_version *parse(struct arena *mem, struct str text)
{
    const struct pypi_version *v = NULL;

    return text.ptr && pypi_version_parse(mem, text, &v, NULL) == OK ? v : NULL;
}

static struct str without_local(struct str text)
{
    struct str head;

    return str_cut(&text, '+', &head) ? head : text;
}

/* "1.2" -> "1.3", "1.9" -> "1.10". Digits at the end; ptr NULL when there are none. */
static struct str next_release(struct arena *mem, struct str text)
{
    size_t from = text.len, at = text.len;
    char *out = arena_alloc(mem, text.len + 1, 1);

    while (from && text.ptr[from - 1] >= '0' && text.ptr[from - 1] <= '9')
        from--;
    if (!out || from == text.len)
        return (struct str){NULL, 0};
    memcpy(out, text.ptr, text.len);
    while (at > from && out[at - 1] == '9')
        out[--at] = '0';
    if (at > from) {
        out[at - 1]++;
        return (struct str){out, text.len};
    }
    memmove(out + from + 1, out + from, text.len - from); /* 99 -> 100 */
    out[from] = '1';
    return (struct str){out, text.len + 1};
}

/* "1.2.*": from 1.2.dev0 up to 1.3.dev0. */
static bool has_prefix(struct arena *mem, const struct candidate *c, struct str prefix)
{
    const struct pypi_version *low = parse(mem, str_fmt(mem, STR_FMT ".dev0", STR_ARG(prefix)));
    struct str after = next_release(mem, prefix);
    const struct pypi_version *high =
        after.ptr ? parse(mem, str_fmt(mem, STR_FMT ".dev0", STR_ARG(after))) : NULL;

    return low && high && pypi_version_cmp(c->public, low) >= 0 &&
           pypi_version_cmp(c->public, high) < 0;
}

/* The release that "~=1.2.3rc1" holds fast: "1.2". ptr NULL: it has one part alone. */
static struct str family(struct str text)
{
    struct str head, tail;
    size_t n = 0;

    while (n < text.len && ((text.ptr[n] >= '0' && text.ptr[n] <= '9') ||
                            (n + 1 < text.len && (text.ptr[n] == '.' || text.ptr[n] == '!') &&
                             text.ptr[n + 1] >= '0' && text.ptr[n + 1] <= '9')))
        n++;
    return str_cut_last(str_sub(text, 0, n), '.', &head, &tail) ? head : (struct str){NULL, 0};
}

static bool is_post(struct str text)
{
    return memmem(text.ptr, text.len, "post", 4) || memmem(text.ptr, text.len, "rev", 3) ||
           str_has(text, '-');
}

/* ">1.0" leaves 1.0.post1 out, and "<1.0" 1.0rc1, unless they name such a version themselves. */
static bool is_above(struct arena *mem, const struct candidate *c, struct str text,
                     const struct pypi_version *v)
{
    const struct pypi_version *last =
        is_post(text) ? v : parse(mem, str_fmt(mem, STR_FMT ".post999999999999", STR_ARG(text)));

    return pypi_version_cmp(c->public, last ? last : v) > 0;
}

static bool is_below(struct arena *mem, const struct candidate *c, struct str text,
                     const struct pypi_version *v)
{
    const struct pypi_version *first =
        pypi_version_is_final(v) ? parse(mem, str_fmt(mem, STR_FMT ".dev0", STR_ARG(text))) : NULL;

    return pypi_version_cmp(c->public, first ? first : v) < 0;
}

static bool fits(struct arena *mem, const struct candidate *c, const struct pypi_specifier *s)
{
    struct str text = str_lower(mem, s->version), op = s->op, held;
    const struct pypi_version *v;
    bool glob = text.ptr && str_ends(text, S(".*"));

    if (str_eq(op, S("===")))
        return text.ptr && str_eq(text, c->text);
    if (glob) {
        text.len -= 2;
        if (str_eq(op, S("==")))
            return has_prefix(mem, c, text);
        if (str_eq(op, S("!=")))
            return !has_prefix(mem, c, text);
    }
    if (!(v = parse(mem, text)))
        return false;
    if (str_eq(op, S("==")) || str_eq(op, S("!=")))
        return (pypi_version_cmp(str_has(text, '+') ? c->full : c->public, v) == 0) ==
               str_eq(op, S("=="));
    if (str_eq(op, S(">=")))
        return pypi_version_cmp(c->public, v) >= 0;
    if (str_eq(op, S("<=")))
        return pypi_version_cmp(c->public, v) <= 0;
    if (str_eq(op, S(">")))
        return is_above(mem, c, text, v);
    if (str_eq(op, S("<")))
        return is_below(mem, c, text, v);
    held = family(text);
    return str_eq(op, S("~=")) && held.ptr && pypi_version_cmp(c->public, v) >= 0 &&
           has_prefix(mem, c, held);
}

static bool names_pre_release(struct arena *mem, const struct pypi_specifiers *specifiers)
{
    for (size_t i = 0; i < specifiers->count; i++) {
        const struct pypi_version *v = parse(mem, specifiers->items[i].version);

        if (v && !pypi_version_is_final(v) && !str_eq(specifiers->items[i].op, S("!=")))
            return true;
    }
    return false;
}

bool pypi_match(struct arena *mem, const struct pypi_specifiers *specifiers, struct str text)
{
    struct candidate c = {.text = str_lower(mem, text)};

    if (!c.text.ptr || !(c.full = parse(mem, c.text)) ||
        !(c.public = parse(mem, without_local(c.text))))
        return false;
    if (!pypi_version_is_final(c.full) && !names_pre_release(mem, specifiers))
        return false;
    for (size_t i = 0; i < specifiers->count; i++)
        if (!fits(mem, &c, &specifiers->items[i]))
            return false;
    return true;
}
