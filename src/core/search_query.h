/* search_query.h: what somebody searches for, as he writes it and as the index is asked.
 *
 * Words are matched by their beginnings, so that results come while somebody types. */
#ifndef CORE_SEARCH_QUERY_H
#define CORE_SEARCH_QUERY_H
#include "core/actor.h"
#include "core/search_facet.h"
#include "format/search_text.h"
#include "store/search_find.h"

/* As written. Empty texts: not asked for. */
struct search_request {
    struct str q;        /* words; "owner/name" is understood */
    struct str type;     /* a kind of files, as anaconda-client names it */
    struct str platform; /* "linux-64" */
    struct str access;   /* "public", "authenticated", "private" */
    struct str label, owner;
    struct str license; /* an SPDX name, or an expression as the package has it */
    struct str sort;    /* "relevance", "name", "updated", "downloads", "favorites" */
    struct str limit;   /* packages of the page */
    struct str after;   /* the place to go on from, as a page before it said */
    struct str facets;  /* what is counted: "type,platform" */
};
enum { SEARCH_FIELDS = 11 };
/* The request's texts by name, for whoever reads them out of a query or a command line. */
struct search_field {
    const char *name;
    struct str *text;
};
void search_fields(struct search_request *req, struct search_field ret[SEARCH_FIELDS]);

enum {
    SEARCH_LIMIT = 20,
    SEARCH_LIMIT_MAX = 100,
    SEARCH_TEXT_MAX = 250,  /* bytes of each text of a request */
    SEARCH_TOTAL_MAX = 100, /* more are not counted */
    SEARCH_DEPTH = 10000,   /* more are not given, page after page */
};

/* Where a page goes on. */
struct search_place {
    bool any;              /* false: it is the first */
    struct search_hit hit; /* the last of the page before; of a mistyped one, rank is its number
                              among those */
    int64_t given;         /* packages on the pages before */
    int64_t total;         /* as the first page said */
};

struct search_query {
    struct str key;            /* of all that was written; empty: no words */
    struct search_words words; /* of the key, without those that tell nothing */
    struct str tags;           /* terms of the filters, each with a blank before it */
    bool hidden_only;          /* the filter lets nothing public through */
    bool by_files;             /* a filter asks what files there are */
    struct str label;          /* of the filter, in lower case; empty: none */
    bool nothing;              /* the filters are such that nothing can be found */
    int64_t access_from, access_to;
    enum search_order order; /* SEARCH_BY_FIT without words: by rank */
    int64_t limit;
    struct search_place from;
    struct facet_wish facets;
};
/* Looks up accounts. ERR_UNPROCESSABLE names the field that cannot be understood. */
enum err_code search_read_query(struct tx *tx, struct arena *mem, const struct search_request *req,
                                struct search_query *ret, struct err *err) MUST_USE;

/* The place after a hit, as text for `after`; ptr NULL: out of memory. */
struct str search_write_place(struct arena *mem, const struct search_place *place);

/* The term or terms (joined by AND) that all packages have whose names fit so; those in the text
 * for SEARCH_IN_TEXT. tags are added. ptr NULL: out of memory. */
struct str search_terms(struct arena *mem, enum search_fit fit, struct str key,
                        const struct search_words *words, struct str tags);

#endif
