/* search_find.h: packages that have some terms, in some order. What terms and orders mean is known
 * to core/search. Nothing is given that whoever asks may not see. */
#ifndef STORE_SEARCH_FIND_H
#define STORE_SEARCH_FIND_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/search.h"

/* Words of a query, at most. */
#define SEARCH_WORDS 6

/* How a package fits the words of a query: the lower, the better. */
enum search_fit {
    SEARCH_EXACT = 1, /* its name is the query */
    SEARCH_BEGINS,    /* its name begins so */
    SEARCH_IN_NAME,   /* all words are, or begin, words of its name */
    SEARCH_MISTYPED,  /* the same, but for typing mistakes: never of a row, see core/search */
    SEARCH_IN_KEYWORDS,
    SEARCH_IN_TEXT,
    SEARCH_ANY, /* nothing was asked */
};

/* What is looked for. */
struct search_cond {
    struct str terms; /* "sdata AND tconda": all must be there; groups: "(o1 OR o2)" */
    struct str key;   /* that the name is compared with */
    struct str words[SEARCH_WORDS]; /* of the key, each with "-" before it; "-" for those that are
                                       not needed */
    enum search_fit best, worst;    /* nothing else is given */
    int64_t access_from, access_to; /* of the filter, as enum access_level */
    const struct reach *reach;      /* of whoever asks */
};

struct search_hit {
    int64_t package_id;
    enum search_fit fit;
    int64_t rank, favorites, updated_ms;
    struct str name_key;
};
struct search_hits {
    struct search_hit *rows;
    size_t count;
};

/* The order: each way ends with the package's number, so that no two are equal. */
enum search_order {
    SEARCH_BY_RANK,      /* higher first */
    SEARCH_BY_FIT,       /* better first, then by rank */
    SEARCH_BY_UPDATE,    /* later first */
    SEARCH_BY_FAVORITES, /* more first, then by rank */
    SEARCH_BY_NAME,      /* by name_key; smaller numbers first */
};
#define SEARCH_ORDERS (SEARCH_BY_NAME + 1)

/* Those of the table of a level from 1 on (see store/search.h), over its floor, by rank: limit at
 * most. after: a hit that they come after in the order, or NULL. Hits lie in mem, as below. */
enum err_code search_in_level(struct tx *tx, struct arena *mem, int level, int64_t floor,
                              const struct search_cond *cond, const struct search_hit *after,
                              int64_t limit, struct search_hits *ret, struct err *err) MUST_USE;
/* Those of all packages, in any order: whatever has the terms is looked at. */
enum err_code search_in_all(struct tx *tx, struct arena *mem, enum search_order order,
                            const struct search_cond *cond, const struct search_hit *after,
                            int64_t limit, struct search_hits *ret, struct err *err) MUST_USE;
/* The same, found by going along the order (not SEARCH_BY_FIT) until there are enough, or very many
 * were looked at: fewer than limit may not be all. The terms have no groups, or are empty: then
 * every package is there. */
enum err_code search_along(struct tx *tx, struct arena *mem, enum search_order order,
                           const struct search_cond *cond, const struct search_hit *after,
                           int64_t limit, struct search_hits *ret, struct err *err) MUST_USE;

/* What is told of a package that was found. */
struct search_row {
    int64_t package_id;
    struct str owner, name, summary, latest_version, types, platforms;
    enum access_level access;
    int64_t created_ms, updated_ms, downloads, favorites;
};
struct search_rows {
    struct search_row *rows;
    size_t count;
};
/* The rows of hits, in their order. */
enum err_code search_read(struct tx *tx, struct arena *mem, const struct search_hits *hits,
                          struct search_rows *ret, struct err *err) MUST_USE;

/* What they are counted by, in no order. */
struct search_props {
    int64_t package_id;
    struct str owner;
    enum access_level access;
    struct str types, platforms, labels; /* blank-separated */
    struct str license;                  /* empty: it says none */
};
struct search_props_list {
    struct search_props *rows;
    size_t count;
};
enum err_code search_read_props(struct tx *tx, struct arena *mem, const struct search_hits *hits,
                                struct search_props_list *ret, struct err *err) MUST_USE;

#endif
