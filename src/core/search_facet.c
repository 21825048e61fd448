#include "core/search_facet.h"

#include <stdlib.h>

#include "core/label_sight.h"

/* ---- names ---- */

struct str facet_name(enum search_facet facet)
{
    static const char *const names[] = {
        [FACET_TYPE] = "type",       [FACET_PLATFORM] = "platform", [FACET_OWNER] = "owner",
        [FACET_LICENSE] = "license", [FACET_LABEL] = "label",       [FACET_ACCESS] = "access"};

    return str_of(names[facet]);
}

static enum err_code read_one(struct str name, struct facet_wish *wish, struct err *err)
{
    for (size_t i = 0; i < SEARCH_FACETS; i++) {
        if (!str_eq(name, facet_name((enum search_facet)i)))
            continue;
        wish->of[i] = wish->any = true;
        return OK;
    }
    return fail_field(err, "facets",
                      "facets are type, platform, owner, license, label and access, not \"" STR_FMT
                      "\"",
                      STR_ARG(name));
}

enum err_code facet_read(struct str text, struct facet_wish *ret, struct err *err)
{
    struct facet_wish wish = {0};
    struct str rest = text, name;
    enum err_code rc = OK;

    while (!rc && text.len && str_next(&rest, ',', &name))
        rc = read_one(name, &wish, err);
    if (!rc)
        *ret = wish;
    return rc;
}

/* ---- counting ---- */

/* Values by their bytes, each with its count. */
struct tally {
    struct facet_value *items;
    size_t count;
    bool is_full; /* a value had no place any more */
};

/* Where the value is, or belongs. */
static size_t place_of(const struct tally *t, struct str value)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(t->items[middle].value, value) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add(struct tally *t, struct str value)
{
    size_t at = place_of(t, value);

    if (at < t->count && str_eq(t->items[at].value, value)) {
        t->items[at].count++;
        return;
    }
    if (t->count == FACET_DISTINCT_MAX) {
        t->is_full = true;
        return;
    }
    memmove(&t->items[at + 1], &t->items[at], (t->count - at) * sizeof *t->items);
    t->items[at] = (struct facet_value){value, 1};
    t->count++;
}

static void add_words(struct tally *t, struct str words)
{
    struct str rest = words, word;

    while (words.len && str_next(&rest, ' ', &word))
        add(t, word);
}

/* All that is counted of one package. */
static void add_package(struct tally tallies[SEARCH_FACETS], const struct facet_wish *wish,
                        const struct search_props *p)
{
    const struct str words[SEARCH_FACETS] = {
        [FACET_TYPE] = p->types, [FACET_PLATFORM] = p->platforms, [FACET_LABEL] = p->labels};
    const struct str whole[SEARCH_FACETS] = {[FACET_OWNER] = p->owner,
                                             [FACET_LICENSE] = p->license,
                                             [FACET_ACCESS] = access_level_name(p->access)};

    for (size_t i = 0; i < SEARCH_FACETS; i++) {
        if (!wish->of[i])
            continue;
        add_words(&tallies[i], words[i]);
        if (whole[i].len)
            add(&tallies[i], whole[i]);
    }
}

static int by_count(const void *a, const void *b)
{
    const struct facet_value *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return str_cmp(x->value, y->value);
}

static struct facet_values best_of(struct tally *t)
{
    if (t->count)
        qsort(t->items, t->count, sizeof *t->items, by_count);
    return (struct facet_values){t->items,
                                 t->count < FACET_VALUES_MAX ? t->count : FACET_VALUES_MAX,
                                 t->count <= FACET_VALUES_MAX && !t->is_full};
}

static enum err_code count_rows(struct tx *tx, struct arena *mem, const struct actor *actor,
                                const struct facet_wish *wish, const struct search_props_list *rows,
                                struct search_facets *ret, struct err *err)
{
    struct tally tallies[SEARCH_FACETS] = {0};
    enum err_code rc = OK;

    for (size_t i = 0; i < SEARCH_FACETS; i++) {
        if (wish->of[i])
            tallies[i].items = arena_array(mem, struct facet_value, FACET_DISTINCT_MAX);
        if (wish->of[i] && !tallies[i].items)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; !rc && i < rows->count; i++) {
        struct search_props p = rows->rows[i];

        rc = label_sight_props(tx, mem, actor, &p, err);
        if (!rc)
            add_package(tallies, wish, &p);
    }
    for (size_t i = 0; i < SEARCH_FACETS; i++)
        if (wish->of[i])
            ret->of[i] = best_of(&tallies[i]);
    return rc;
}

enum err_code facet_count(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct facet_wish *wish, const struct search_hits *hits,
                          struct search_facets *ret, struct err *err)
{
    struct search_hits first = *hits;
    struct search_facets facets = {.wish = *wish};
    struct search_props_list rows;
    enum err_code rc;

    facets.is_exact = first.count <= FACET_PACKAGES_MAX;
    if (!facets.is_exact)
        first.count = FACET_PACKAGES_MAX;
    facets.packages = (int64_t)first.count;
    if ((rc = search_read_props(tx, mem, &first, &rows, err)) ||
        (rc = count_rows(tx, mem, actor, wish, &rows, &facets, err)))
        return rc;
    *ret = facets;
    return OK;
}
