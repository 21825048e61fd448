/* search_facet.h: what packages that were found have in common, counted. */
#ifndef CORE_SEARCH_FACET_H
#define CORE_SEARCH_FACET_H
#include "core/actor.h"
#include "store/search_find.h"

/* By what is counted. A package counts once under each type, platform and label of its files. */
enum search_facet {
    FACET_TYPE,
    FACET_PLATFORM,
    FACET_OWNER,
    FACET_LICENSE,
    FACET_LABEL,
    FACET_ACCESS,
};
#define SEARCH_FACETS (FACET_ACCESS + 1)

enum {
    FACET_PACKAGES_MAX = 250,  /* packages that are counted: those that rank first */
    FACET_VALUES_MAX = 50,     /* values that are given of a facet: those that most have */
    FACET_DISTINCT_MAX = 4096, /* values that are told apart; others do not count */
};

/* Which facets somebody asks for. */
struct facet_wish {
    bool of[SEARCH_FACETS];
    bool any;
};
/* Reads "type,platform"; empty: none. ERR_UNPROCESSABLE (field "facets") names what is no facet. */
enum err_code facet_read(struct str text, struct facet_wish *ret, struct err *err) MUST_USE;
/* "type", ... */
struct str facet_name(enum search_facet facet);

struct facet_value {
    struct str value;
    int64_t count;
};
struct facet_values {
    struct facet_value *items; /* most first, then by their bytes */
    size_t count;
    bool is_all; /* neither was a value left out nor one not told apart */
};
struct search_facets {
    struct facet_wish wish; /* the others are empty */
    struct facet_values of[SEARCH_FACETS];
    int64_t packages; /* so many were counted */
    bool is_exact;    /* there are no more than those */
};
/* Counts the hits, of which the actor may see all; of those that are past FACET_PACKAGES_MAX it is
 * said that they are there. Texts lie in mem. */
enum err_code facet_count(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct facet_wish *wish, const struct search_hits *hits,
                          struct search_facets *ret, struct err *err) MUST_USE;

#endif
