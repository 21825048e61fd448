/* search.h: packages that somebody may see and looks for.
 *
 * How well a package fits comes first: its name is what was written; begins so; has words that
 * begin so; does so but for a typing mistake; then keywords; then the summary. Among equals those
 * that were downloaded more, then those changed later. See docs/decisions/007-search.md. */
#ifndef CORE_SEARCH_H
#define CORE_SEARCH_H
#include "app.h"
#include "base/arena.h"
#include "core/search_query.h"

struct search_page {
    struct search_rows packages;
    struct search_hits hits;     /* the same, in the same order */
    int64_t total;               /* on all pages; SEARCH_TOTAL_MAX: so many at least */
    bool is_total;               /* it is not just so many at least */
    struct str next;             /* `after` of the next page; empty: there is none */
    struct search_facets facets; /* of all pages, if the request asks for some */
};
/* ERR_UNPROCESSABLE names the field that cannot be understood. What the actor may not see neither
 * comes nor counts. */
enum err_code search_run(struct app *app, struct arena *mem, const struct actor *actor,
                         const struct search_request *req, struct search_page *ret,
                         struct err *err) MUST_USE;
/* "exact", "beginning", "name", "typo", "keyword", "text"; empty: nothing was asked. */
struct str search_fit_name(enum search_fit fit);

#endif
