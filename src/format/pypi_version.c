/* pypi_version.c: a scanner for the grammar of PEP 440, appendix B.
 *
 * The parts are kept as text: numbers without their leading zeros, so that they compare by length
 * and then by digits, however many there are. The scanner never goes back. The grammar needs no
 * more: after each letter of a pre-, post- or development release an optional separator and an
 * optional number follow, and whoever takes them early leaves nothing that another part could
 * still use. */
#include "format/pypi_version.h"

#include "base/limits.h"

enum pre_kind { PRE_NONE, PRE_A, PRE_B, PRE_RC };

struct pypi_version {
    struct str epoch;   /* a number */
    struct str release; /* numbers joined by "."; leading zeros are still there */
    enum pre_kind pre_kind;
    struct str pre, post, dev; /* numbers; ptr NULL: no such part */
    struct str local;          /* segments joined by any separator; empty: none */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_separator(char c)
{
    return c == '.' || c == '-' || c == '_';
}

/* --- numbers --------------------------------------------------------------------------------- */

/* "007" -> "7", "" -> "0". */
static struct str number(struct str digits)
{
    while (digits.len > 1 && digits.ptr[0] == '0')
        digits = str_from(digits, 1);
    return digits.len ? digits : S("0");
}

static int cmp_numbers(struct str a, struct str b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return str_cmp(a, b);
}

/* --- parsing --------------------------------------------------------------------------------- */

static struct str take_digits(struct str *s)
{
    struct str digits = str_sub(*s, 0, 0);

    while (digits.len < s->len && is_digit(s->ptr[digits.len]))
        digits.len++;
    *s = str_from(*s, digits.len);
    return digits;
}

static bool take_word(struct str *s, struct str word)
{
    if (!str_starts(*s, word))
        return false;
    *s = str_from(*s, word.len);
    return true;
}

static void take_separator(struct str *s)
{
    if (s->len && is_separator(s->ptr[0]))
        *s = str_from(*s, 1);
}

/* "[sep]WORD[sep][number]" with the first of the words that fits; false, and nothing taken, if
 * none does. A word that another begins with comes after that. */
static bool take_part(struct str *s, const struct str *words, size_t count, size_t *ret_which,
                      struct str *ret_number)
{
    struct str rest = *s;

    take_separator(&rest);
    for (size_t i = 0; i < count; i++)
        if (take_word(&rest, words[i])) {
            take_separator(&rest);
            *ret_number = number(take_digits(&rest));
            *ret_which = i;
            *s = rest;
            return true;
        }
    return false;
}

static void take_pre(struct str *s, struct pypi_version *v)
{
    const struct str words[] = {S("alpha"),   S("a"),   S("beta"), S("b"),
                                S("preview"), S("pre"), S("c"),    S("rc")};
    static const enum pre_kind kinds[] = {PRE_A,  PRE_A,  PRE_B,  PRE_B,
                                          PRE_RC, PRE_RC, PRE_RC, PRE_RC};
    size_t which;

    if (take_part(s, words, COUNT(words), &which, &v->pre))
        v->pre_kind = kinds[which];
}

static void take_post(struct str *s, struct pypi_version *v)
{
    const struct str words[] = {S("post"), S("rev"), S("r")};
    size_t which;

    if (s->len > 1 && s->ptr[0] == '-' && is_digit(s->ptr[1])) { /* "1.0-1" */
        *s = str_from(*s, 1);
        v->post = number(take_digits(s));
        return;
    }
    (void)take_part(s, words, COUNT(words), &which, &v->post); /* it may be absent */
}

static void take_dev(struct str *s, struct pypi_version *v)
{
    const struct str word = S("dev");
    size_t which;

    (void)take_part(s, &word, 1, &which, &v->dev); /* it may be absent */
}

/* Everything up to the last digit of "1.0.2"; empty if there is no digit at the front. */
static struct str take_release(struct str *s)
{
    struct str rest = *s, release = str_sub(*s, 0, 0);

    while (take_digits(&rest).len) {
        release.len = (size_t)(rest.ptr - s->ptr);
        if (rest.len < 2 || rest.ptr[0] != '.' || !is_digit(rest.ptr[1]))
            break;
        rest = str_from(rest, 1);
    }
    *s = str_from(*s, release.len);
    return release;
}

static bool take_local(struct str *s, struct pypi_version *v)
{
    bool after_separator = true;

    if (!take_word(s, S("+")))
        return true;
    v->local = *s;
    for (size_t i = 0; i < s->len; i++) {
        bool separator = is_separator(s->ptr[i]);

        if ((separator && after_separator) ||
            (!separator && !is_digit(s->ptr[i]) && !(s->ptr[i] >= 'a' && s->ptr[i] <= 'z')))
            return false;
        after_separator = separator;
    }
    *s = str_from(*s, s->len);
    return !after_separator;
}

/* s: in lower case, and in the arena. */
static bool scan(struct str s, struct pypi_version *v)
{
    struct str rest = s, digits;

    v->epoch = S("0");
    (void)take_word(&rest, S("v")); /* it may be absent */
    s = rest;
    digits = take_digits(&rest);
    if (digits.len && take_word(&rest, S("!")))
        v->epoch = number(digits);
    else
        rest = s;
    v->release = take_release(&rest);
    if (!v->release.len)
        return false;
    take_pre(&rest, v);
    take_post(&rest, v);
    take_dev(&rest, v);
    return take_local(&rest, v) && !rest.len;
}

enum err_code pypi_version_parse(struct arena *mem, struct str s, const struct pypi_version **ret,
                                 struct err *err)
{
    struct pypi_version *v;
    struct str lower;

    if (s.len > LIMIT_PYPI_VERSION)
        return fail(err, ERR_INVALID, "version \"" STR_FMT "\" is longer than %d bytes", STR_ARG(s),
                    LIMIT_PYPI_VERSION);
    v = arena_new(mem, struct pypi_version);
    lower = str_lower(mem, s);
    if (!v || !lower.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    if (!scan(lower, v))
        return fail(err, ERR_INVALID,
                    "version \"" STR_FMT "\" is not one that Python's tools can read (PEP 440), "
                    "such as 1.0, 2.1rc1 or 1.0.post2",
                    STR_ARG(s));
    *ret = v;
    return OK;
}

/* --- writing --------------------------------------------------------------------------------- */

/* Takes the next segment of a local part. *ret_number: it counts as one. */
static bool next_segment(struct str *rest, struct str *ret, bool *ret_number)
{
    size_t len = 0;
    bool digits = true;

    if (!rest->len)
        return false;
    for (; len < rest->len && !is_separator(rest->ptr[len]); len++)
        digits = digits && is_digit(rest->ptr[len]);
    *ret = str_sub(*rest, 0, len);
    *rest = str_from(*rest, len + 1); /* nothing is left after the last */
    if (digits)
        *ret = number(*ret);
    *ret_number = digits;
    return true;
}

static void add_part(struct buf *out, const char *before, struct str part)
{
    if (!part.ptr)
        return;
    buf_addz(out, before);
    buf_add(out, part);
}

void pypi_version_add(struct buf *out, const struct pypi_version *v)
{
    static const char *const pre[] = {"", "a", "b", "rc"};
    struct str rest = v->release, item;
    const char *before = "";
    bool digits;

    if (!str_eq(v->epoch, S("0"))) {
        buf_add(out, v->epoch);
        buf_addc(out, '!');
    }
    for (; str_next(&rest, '.', &item); before = ".")
        add_part(out, before, number(item));
    add_part(out, pre[v->pre_kind], v->pre);
    add_part(out, ".post", v->post);
    add_part(out, ".dev", v->dev);
    rest = v->local;
    for (before = "+"; next_segment(&rest, &item, &digits); before = ".")
        add_part(out, before, item);
}

/* --- ordering -------------------------------------------------------------------------------- */

static int cmp_releases(struct str a, struct str b)
{
    for (;;) {
        struct str x = {0}, y = {0};
        bool more_a = str_next(&a, '.', &x), more_b = str_next(&b, '.', &y);
        int order = cmp_numbers(number(x), number(y)); /* a missing one counts as 0 */

        if (order || (!more_a && !more_b))
            return order;
    }
}

/* 1.0.dev1 stands before every pre-release of 1.0, 1.0 and 1.0.post1 after them. */
static int rank_of_pre(const struct pypi_version *v)
{
    if (v->pre_kind != PRE_NONE)
        return (int)v->pre_kind;
    return !v->post.ptr && v->dev.ptr ? 0 : PRE_RC + 1;
}

/* absent: where a missing part stands, -1: before each number, 1: after each. */
static int cmp_parts(struct str a, struct str b, int absent)
{
    if (a.ptr && b.ptr)
        return cmp_numbers(a, b);
    if (!a.ptr && !b.ptr)
        return 0;
    return a.ptr ? -absent : absent;
}

/* Numbers stand after words, and 1.0+a.1 after 1.0+a. */
static int cmp_locals(struct str a, struct str b)
{
    for (;;) {
        struct str x, y;
        bool digits_x = false, digits_y = false;
        bool more_a = next_segment(&a, &x, &digits_x), more_b = next_segment(&b, &y, &digits_y);
        int order;

        if (!more_a || !more_b)
            return more_a - more_b;
        if (digits_x != digits_y)
            return digits_x ? 1 : -1;
        order = digits_x ? cmp_numbers(x, y) : str_cmp(x, y);
        if (order)
            return order;
    }
}

int pypi_version_cmp(const struct pypi_version *a, const struct pypi_version *b)
{
    int order = cmp_numbers(a->epoch, b->epoch);

    if (!order)
        order = cmp_releases(a->release, b->release);
    if (!order)
        order = rank_of_pre(a) - rank_of_pre(b);
    if (!order && a->pre.ptr && b->pre.ptr)
        order = cmp_numbers(a->pre, b->pre);
    if (!order)
        order = cmp_parts(a->post, b->post, -1);
    if (!order)
        order = cmp_parts(a->dev, b->dev, 1);
    return order ? order : cmp_locals(a->local, b->local);
}

bool pypi_version_is_final(const struct pypi_version *v)
{
    return v->pre_kind == PRE_NONE && !v->dev.ptr;
}
