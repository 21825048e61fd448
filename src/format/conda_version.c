/* conda_version.c: version literals and their order (CEP 33).
 *
 * A literal is kept as text in a normal form: lower case, every separator a ".", the epoch and
 * the local part apart. Comparing walks two such texts part by part, so nothing is allocated.
 *
 * Accepted is what conda, libmamba and rattler all accept; so a trailing "-" (libmamba refuses
 * it) and a "_" at the end of the local part (conda refuses it) are not.
 * Numbers reach 2^64 - 1 as in rattler, although CEP 33 stops at 2^31 - 1: versions made of
 * time stamps are common. Where rattler's order differs from conda's and CEP 33's ("1.a" before
 * "1.a_"), this is CEP 33's. */
#include "format/conda_version.h"

/* rattler counts the segments before a local part in seven bits; 255 bytes never hold more. */
#define VERSION_MAX 255

struct conda_version {
    uint64_t epoch;
    struct str release, local; /* segments joined by "."; local may be empty */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Takes a run of digits, or of anything else, off the front. */
static struct str take_run(struct str *s)
{
    size_t n = 1;

    while (n < s->len && is_digit(s->ptr[n]) == is_digit(s->ptr[0]))
        n++;
    struct str run = str_sub(*s, 0, n);
    *s = str_from(*s, n);
    return run;
}

/* --- parsing ------------------------------------------------------------------------------- */

static const char *segment_problem(struct str segment)
{
    uint64_t number;

    if (!segment.len)
        return "has an empty part";
    while (segment.len) {
        struct str run = take_run(&segment);

        if (is_digit(run.ptr[0]) && !str_u64(run, UINT64_MAX, &number))
            return "has a number that is too large";
        for (size_t i = 0; i < run.len; i++)
            if (!is_digit(run.ptr[i]) && !is_letter(run.ptr[i]))
                return "has a character that versions may not have";
    }
    return NULL;
}

/* release: a single "_" may close it, as in "1.0.1_" (openssl's scheme). */
static const char *list_problem(struct str list, bool release)
{
    struct str segment;

    if (release && str_ends(list, S("._"))) /* "1__": a segment of its own */
        list.len -= 2;
    else if (release && str_ends(list, S("_")))
        list.len--;
    while (str_next(&list, '.', &segment)) {
        const char *problem = segment_problem(segment);

        if (problem)
            return problem;
    }
    return NULL;
}

/* Lower case, separators become "."; a "_" at an end stays: list_problem() judges it. */
static void normalise(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool at_end = i + 1 == len || text[i + 1] == '+';

        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] - 'A' + 'a');
        else if (text[i] == '-' || (text[i] == '_' && !at_end))
            text[i] = '.';
    }
}

static const char *split(struct str text, struct conda_version *v)
{
    struct str epoch;

    v->epoch = 0;
    v->release = text;
    v->local = (struct str){NULL, 0};
    if (str_cut(&v->release, '!', &epoch) && !str_u64(epoch, UINT64_MAX, &v->epoch))
        return "has an epoch that is not a number";
    if (str_has(v->release, '+')) {
        v->local = v->release;
        (void)str_cut(&v->local, '+', &v->release); /* there is one */
    }
    if (!v->release.len)
        return "has nothing before its local part";
    if (v->local.ptr && !v->local.len)
        return "has an empty local part";
    return NULL;
}

enum err_code conda_version_parse(struct arena *mem, struct str s, const struct conda_version **ret,
                                  struct err *err)
{
    struct conda_version *v;
    const char *problem;
    char *text;

    if (!s.len)
        return fail(err, ERR_INVALID, "the version is empty");
    if (s.len > VERSION_MAX)
        return fail(err, ERR_INVALID, "version \"" STR_FMT "\" is longer than %d bytes", STR_ARG(s),
                    VERSION_MAX);
    if (str_has(s, '-') && str_has(s, '_'))
        return fail(err, ERR_INVALID, "version \"" STR_FMT "\" has both \"-\" and \"_\"",
                    STR_ARG(s));
    if (memmem(s.ptr, s.len, "._", 2)) /* rattler cannot read it in a match spec */
        return fail(err, ERR_INVALID, "version \"" STR_FMT "\" has an empty part", STR_ARG(s));
    v = arena_new(mem, struct conda_version);
    text = str_z(mem, s);
    if (!v || !text)
        return fail(err, ERR_NOMEM, "out of memory");
    normalise(text, s.len);
    problem = split((struct str){text, s.len}, v);
    if (!problem)
        problem = list_problem(v->release, true);
    if (!problem && v->local.ptr)
        problem = list_problem(v->local, false);
    if (problem)
        return fail(err, ERR_INVALID, "version \"" STR_FMT "\" %s", STR_ARG(s), problem);
    *ret = v;
    return OK;
}

/* --- ordering ------------------------------------------------------------------------------ */

/* In the order of CEP 33. */
enum part_kind { PART_DEV, PART_TEXT, PART_NUMBER, PART_POST };
struct part {
    enum part_kind kind;
    uint64_t number;
    struct str text;
};

/* A missing part counts as 0, and so does one before a segment that begins with a letter. */
static struct part take_part(struct str *segment, bool first)
{
    struct part part = {PART_NUMBER, 0, {NULL, 0}};

    if (!segment->len || (first && !is_digit(segment->ptr[0])))
        return part;
    part.text = take_run(segment);
    if (is_digit(part.text.ptr[0]))
        (void)str_u64(part.text, UINT64_MAX, &part.number); /* checked when parsed */
    else if (str_eq(part.text, S("dev")))
        part.kind = PART_DEV;
    else if (str_eq(part.text, S("post")))
        part.kind = PART_POST;
    else
        part.kind = PART_TEXT;
    return part;
}

static int cmp_parts(const struct part *a, const struct part *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == PART_TEXT)
        return str_cmp(a->text, b->text);
    return (a->number > b->number) - (a->number < b->number);
}

static int cmp_segments(struct str a, struct str b)
{
    bool first = true;

    do {
        struct part x = take_part(&a, first), y = take_part(&b, first);
        int order = cmp_parts(&x, &y);

        if (order)
            return order;
        first = false;
    } while (a.len || b.len);
    return 0;
}

static int cmp_lists(struct str a, struct str b)
{
    for (;;) {
        struct str x = {NULL, 0}, y = {NULL, 0};
        bool more_a = str_next(&a, '.', &x), more_b = str_next(&b, '.', &y);
        int order = cmp_segments(x, y);

        if (order || (!more_a && !more_b))
            return order;
    }
}

int conda_version_cmp(const struct conda_version *a, const struct conda_version *b)
{
    int order = (a->epoch > b->epoch) - (a->epoch < b->epoch);

    if (!order)
        order = cmp_lists(a->release, b->release);
    return order ? order : cmp_lists(a->local, b->local);
}

/* As conda's VersionOrder.startswith(): all is equal but the last part of the last segment, of
 * which a word may go on. */
static bool segment_starts(struct str segment, struct str prefix)
{
    bool first = true;

    for (;; first = false) {
        struct part x = take_part(&segment, first), y = take_part(&prefix, first);

        if (prefix.len && cmp_parts(&x, &y))
            return false;
        if (!prefix.len)
            return y.kind == PART_TEXT ? x.kind == PART_TEXT && str_starts(x.text, y.text)
                                       : cmp_parts(&x, &y) == 0;
    }
}

static bool list_starts(struct str list, struct str prefix)
{
    struct str x, y;

    while (str_next(&prefix, '.', &y)) {
        if (!str_next(&list, '.', &x))
            x = (struct str){NULL, 0};
        if (prefix.ptr ? cmp_segments(x, y) != 0 : !segment_starts(x, y))
            return false;
    }
    return true;
}

bool conda_version_starts(const struct conda_version *v, const struct conda_version *prefix)
{
    if (v->epoch != prefix->epoch)
        return false;
    if (!prefix->local.ptr)
        return list_starts(v->release, prefix->release);
    return cmp_lists(v->release, prefix->release) == 0 && list_starts(v->local, prefix->local);
}
