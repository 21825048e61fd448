#include "format/conda_match.h"

struct matching {
    struct arena *mem;
    const struct conda_version *version;
    struct str rest; /* of the expression; without blanks */
    bool exact;      /* "=1.2" is 1.2 itself */
    int depth;
};

/* What conda_spec_parse() lets through has fewer. */
#define DEPTH_MAX 16

static bool take(struct str *s, struct str what)
{
    if (!str_starts(*s, what))
        return false;
    *s = str_from(*s, what.len);
    return true;
}

/* --- one comparison --------------------------------------------------------------------------- */

enum operation { AT_LEAST, AT_MOST, ABOVE, BELOW, EQUAL, DIFFERENT, STARTS, COMPATIBLE, NONE };

static enum operation take_operator(struct str *s)
{
    static const struct {
        struct str text;
        enum operation op;
    } operators[] = {
        {{">=", 2}, AT_LEAST},   {{"<=", 2}, AT_MOST}, {{"==", 2}, EQUAL}, {{"!=", 2}, DIFFERENT},
        {{"~=", 2}, COMPATIBLE}, {{">", 1}, ABOVE},    {{"<", 1}, BELOW},  {{"=", 1}, STARTS},
    };

    for (size_t i = 0; i < COUNT(operators); i++)
        if (take(s, operators[i].text))
            return operators[i].op;
    return NONE;
}

static const struct conda_version *parse(struct matching *m, struct str text)
{
    const struct conda_version *v = NULL;

    return conda_version_parse(m->mem, text, &v, NULL) == OK ? v : NULL;
}

/* "~=1.2.3": at least that, and still 1.2. */
static bool is_compatible(struct matching *m, struct str text, const struct conda_version *v)
{
    struct str head, tail;
    const struct conda_version *family;

    if (conda_version_cmp(m->version, v) < 0)
        return false;
    if (!str_cut_last(text, '.', &head, &tail))
        return true;
    family = parse(m, head);
    return family && conda_version_starts(m->version, family);
}

static bool compare(struct matching *m, enum operation op, struct str text)
{
    const struct conda_version *v = parse(m, text);
    int order = v ? conda_version_cmp(m->version, v) : 0;

    if (!v)
        return false;
    switch (op) {
    case AT_LEAST:
        return order >= 0;
    case AT_MOST:
        return order <= 0;
    case ABOVE:
        return order > 0;
    case BELOW:
        return order < 0;
    case DIFFERENT:
        return order != 0;
    case STARTS:
        return conda_version_starts(m->version, v);
    case COMPATIBLE:
        return is_compatible(m, text, v);
    case EQUAL:
    case NONE:
        break;
    }
    return order == 0;
}

/* "1.2*", "1.2.*" and "1.2.*.*" begin with 1.2; so do "=1.2" and "!=1.2.*" (negated). For the other
 * operators conda leaves the glob out. */
static bool match_clause(struct matching *m, struct str clause)
{
    enum operation op = take_operator(&clause);
    const char *star = clause.len ? memchr(clause.ptr, '*', clause.len) : NULL;

    if (star)
        clause.len = (size_t)(star - clause.ptr);
    while (star && str_ends(clause, S(".")))
        clause.len--;
    if (!clause.len)
        return true;
    if (star && op == DIFFERENT)
        return !compare(m, STARTS, clause);
    if (star && op == NONE)
        op = STARTS;
    if (!star && op == STARTS && m->exact)
        op = EQUAL;
    return compare(m, op, clause);
}

/* --- expressions ------------------------------------------------------------------------------ */

static bool match_either(struct matching *m);

static bool match_term(struct matching *m)
{
    struct str clause;
    size_t n = 0;

    if (take(&m->rest, S("("))) {
        bool fits = m->depth < DEPTH_MAX;

        m->depth++;
        fits = fits && match_either(m);
        m->depth--;
        return take(&m->rest, S(")")) && fits;
    }
    while (n < m->rest.len && !strchr(",|)", m->rest.ptr[n]))
        n++;
    clause = str_sub(m->rest, 0, n);
    m->rest = str_from(m->rest, n);
    return match_clause(m, clause);
}

/* "," binds more tightly than "|". */
static bool match_all(struct matching *m)
{
    bool fits = match_term(m);

    while (take(&m->rest, S(",")))
        fits = match_term(m) && fits; /* read in any case */
    return fits;
}

static bool match_either(struct matching *m)
{
    bool fits = match_all(m);

    while (take(&m->rest, S("|")))
        fits = match_all(m) || fits;
    return fits;
}

bool conda_match_version(struct arena *mem, const struct conda_spec *spec,
                         const struct conda_version *version)
{
    struct matching m = {
        .mem = mem, .version = version, .rest = spec->version, .exact = spec->build.len > 0};

    return !spec->version.len || (match_either(&m) && !m.rest.len);
}

/* --- builds ----------------------------------------------------------------------------------- */

bool conda_match_build(const struct conda_spec *spec, struct str build)
{
    struct str glob = spec->build;
    size_t g = 0, b = 0, star = glob.len, from = 0;

    if (!glob.len)
        return true;
    while (b < build.len) {
        if (g < glob.len && glob.ptr[g] == '*') {
            star = g++;
            from = b;
        } else if (g < glob.len && glob.ptr[g] == build.ptr[b]) {
            g++;
            b++;
        } else if (star < glob.len) { /* the last "*" takes one more */
            g = star + 1;
            b = ++from;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.ptr[g] == '*')
        g++;
    return g == glob.len;
}
