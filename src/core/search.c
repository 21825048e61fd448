/* search.c: how the index is asked, so that each answer takes few looks.
 *
 * What few packages have is found among all of them at once. What many have is looked for among
 * those that rank first, one way of fitting after the other: the page is full long before the rest
 * need be looked at. */
#include "core/search.h"

#include "base/limits.h"
#include "core/label_sight.h"
#include "core/limit.h"
#include "core/reach.h"
#include "core/search_spell.h"

enum {
    NEED_MAX = SEARCH_TOTAL_MAX + 1,
    COMMON = 2,       /* so many of the smallest level: what is looked for is common */
    VERY_COMMON = 20, /* ... and soon met wherever one goes along */
    NAMED_ENOUGH = 5, /* packages of the very name: nobody has mistyped it */
    TYPOS_MAX = 30,   /* packages of other names */
    TYPOS_EACH = 10,  /* of one guess */
    FRUITFUL_MAX = 5, /* guesses that led to some */
    OWNERS_MAX = 100,
};

struct run {
    struct tx *tx;
    struct arena *mem;
    const struct actor *actor;
    const struct search_query *query;
    struct reach reach;
    struct str group; /* whose packages alone can be meant, as terms; empty: anybody's */
    int64_t floors[SEARCH_LEVELS];
    struct search_hits found; /* of this page, and of later ones as far as they are counted */
    int64_t need;             /* of them */
    struct search_hits typos; /* packages that may have been meant */
    bool has_typos;           /* they were looked for */
    bool knows_named;         /* found has all packages of the very name */
};

static enum err_code no_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

/* ---- what is asked ---- */

static enum err_code add_words(struct run *r, struct search_cond *c,
                               const struct search_words *words, struct err *err)
{
    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        c->words[i] = i < words->count
                          ? str_fmt(r->mem, "-%.*s", (int)words->items[i].len, words->items[i].ptr)
                          : S("-");
        if (!c->words[i].ptr)
            return no_memory(err);
    }
    return OK;
}

/* by: whose terms are asked for; from best to worst: what is given of what has them. */
static enum err_code cond_of(struct run *r, struct str key, const struct search_words *words,
                             enum search_fit by, enum search_fit best, enum search_fit worst,
                             struct search_cond *ret, struct err *err)
{
    const struct search_query *q = r->query;
    struct search_cond c = {.key = key,
                            .best = best,
                            .worst = worst,
                            .access_from = q->access_from,
                            .access_to = q->access_to,
                            .reach = &r->reach};

    c.terms = search_terms(r->mem, by, key, words, q->tags);
    if (c.terms.ptr && r->group.len)
        c.terms = str_fmt(r->mem, "%.*s%s%.*s", (int)c.terms.len, c.terms.ptr,
                          c.terms.len ? " AND " : "", (int)r->group.len, r->group.ptr);
    if (!c.terms.ptr)
        return no_memory(err);
    *ret = c;
    return add_words(r, ret, words, err);
}

/* What was written. */
static enum err_code own_cond(struct run *r, enum search_fit by, enum search_fit best,
                              enum search_fit worst, struct search_cond *ret, struct err *err)
{
    return cond_of(r, r->query->key, &r->query->words, by, best, worst, ret, err);
}

/* ---- finding ---- */

/* The first by rank. A level of which little is in it promises little of the next; not the
 * smallest, of what is liked most: what is in thousands of names may be in none of it. */
static enum err_code collect(struct run *r, const struct search_cond *c,
                             const struct search_hit *after, int64_t want, struct search_hits *ret,
                             struct err *err)
{
    enum err_code rc;

    for (int level = SEARCH_LEVELS - 1; level > 0 && r->floors[level] > 0; level--) {
        if (after && after->rank < r->floors[level])
            continue;
        rc = search_in_level(r->tx, r->mem, level, r->floors[level], c, after, want, ret, err);
        if (rc || (int64_t)ret->count >= want)
            return rc;
        if (!after && level < SEARCH_LEVELS - 1 && (int64_t)ret->count < COMMON)
            break;
    }
    return search_in_all(r->tx, r->mem, SEARCH_BY_RANK, c, after, want, ret, err);
}

/* Has what many packages have? Where there are no levels, nothing counts as common. */
static enum err_code is_common(struct run *r, const struct search_cond *c, int64_t enough,
                               bool *ret_is, struct err *err)
{
    const int smallest = SEARCH_LEVELS - 1;
    struct search_hits hits = {0};
    enum err_code rc = OK;

    if (r->floors[smallest] > 0)
        rc = search_in_level(r->tx, r->mem, smallest, r->floors[smallest], c, NULL, enough, &hits,
                             err);
    *ret_is = (int64_t)hits.count >= enough;
    return rc;
}

static bool has(const struct search_hits *hits, int64_t package_id)
{
    for (size_t i = 0; i < hits->count; i++)
        if (hits->rows[i].package_id == package_id)
            return true;
    return false;
}

static bool is_full(const struct run *r)
{
    return (int64_t)r->found.count >= r->need;
}

/* Those of the hits that are not in `known`, as long as there is room. */
static void take(struct run *r, const struct search_hits *hits, const struct search_hits *known)
{
    for (size_t i = 0; i < hits->count && !is_full(r); i++)
        if (!has(known, hits->rows[i].package_id))
            r->found.rows[r->found.count++] = hits->rows[i];
}

/* ---- typing mistakes ---- */

/* What a guess leads to: packages of the very name first. */
static enum err_code try_guess(struct run *r, const struct search_guess *g, struct search_hits *ret,
                               struct err *err)
{
    AUTO(buf_done) struct buf joined = BUF_INIT(KIB);
    struct search_hits exact = {0}, others = {0};
    struct search_cond c;
    struct str key;
    enum err_code rc;

    for (size_t i = 0; i < g->words.count; i++) {
        buf_addz(&joined, i ? "-" : "");
        buf_add(&joined, g->words.items[i]);
    }
    key = buf_ok(&joined) ? str_dup(r->mem, buf_str(&joined)) : (struct str){0};
    ret->rows = arena_array(r->mem, struct search_hit, TYPOS_EACH);
    if (!key.ptr || !ret->rows)
        return no_memory(err);
    if ((rc = cond_of(r, key, &g->words, SEARCH_EXACT, SEARCH_EXACT, SEARCH_EXACT, &c, err)) ||
        (rc = search_in_all(r->tx, r->mem, SEARCH_BY_RANK, &c, NULL, TYPOS_EACH, &exact, err)) ||
        (rc = cond_of(r, key, &g->words, SEARCH_IN_NAME, SEARCH_BEGINS, SEARCH_IN_NAME, &c, err)) ||
        (rc = collect(r, &c, NULL, TYPOS_EACH, &others, err)))
        return rc;
    for (size_t i = 0; i < exact.count; i++)
        ret->rows[ret->count++] = exact.rows[i];
    for (size_t i = 0; i < others.count && ret->count < TYPOS_EACH; i++)
        ret->rows[ret->count++] = others.rows[i];
    return OK;
}

static enum err_code add_typos(struct run *r, const struct search_hits *named,
                               struct search_hits *ret, struct err *err)
{
    struct search_guesses guesses;
    int fruitful = 0;
    enum err_code rc = search_guess(r->tx, r->mem, &r->query->words, &guesses, err);

    for (size_t i = 0; !rc && i < guesses.count && fruitful < FRUITFUL_MAX; i++) {
        struct search_hits hits = {0};
        size_t before = ret->count;

        rc = try_guess(r, &guesses.items[i], &hits, err);
        for (size_t k = 0; !rc && k < hits.count && ret->count < TYPOS_MAX; k++) {
            struct search_hit hit = hits.rows[k];

            if (has(named, hit.package_id) || has(ret, hit.package_id))
                continue;
            hit.fit = SEARCH_MISTYPED;
            hit.rank = (int64_t)ret->count + 1;
            ret->rows[ret->count++] = hit;
        }
        fruitful += ret->count > before;
    }
    return rc;
}

/* Packages of the very name, as many as are enough. */
static enum err_code find_named(struct run *r, struct search_hits *ret, struct err *err)
{
    struct search_cond c;
    enum err_code rc;

    if (r->knows_named) {
        *ret = r->found;
        return OK;
    }
    if ((rc = own_cond(r, SEARCH_IN_NAME, SEARCH_EXACT, SEARCH_IN_NAME, &c, err)) ||
        (rc = search_in_all(r->tx, r->mem, SEARCH_BY_FIT, &c, NULL, NAMED_ENOUGH, ret, err)))
        return rc;
    return OK;
}

/* Are there enough of the very name when filters leave nothing out? Then it is no mistake that few
 * pass them. */
static enum err_code is_a_name(struct run *r, bool *ret_is, struct err *err)
{
    const struct search_query *q = r->query;
    struct search_hits hits = {0};
    struct search_cond c;
    enum err_code rc = own_cond(r, SEARCH_IN_NAME, SEARCH_EXACT, SEARCH_IN_NAME, &c, err);

    if (rc)
        return rc;
    c.terms = search_terms(r->mem, SEARCH_IN_NAME, q->key, &q->words, S(""));
    if (!c.terms.ptr)
        return no_memory(err);
    rc = collect(r, &c, NULL, NAMED_ENOUGH, &hits, err);
    *ret_is = hits.count >= NAMED_ENOUGH;
    return rc;
}

static enum err_code look_for_typos(struct run *r, struct search_hits *ret, struct err *err)
{
    struct search_hits named = {0};
    bool known = false;
    enum err_code rc = OK;

    *ret = (struct search_hits){arena_array(r->mem, struct search_hit, TYPOS_MAX), 0};
    if (!ret->rows)
        return no_memory(err);
    if (r->query->tags.len)
        rc = is_a_name(r, &known, err);
    if (rc || known || (rc = find_named(r, &named, err)))
        return rc;
    return named.count < NAMED_ENOUGH ? add_typos(r, &named, ret, err) : OK;
}

/* All packages that may have been meant, always in the same order. None if there are enough of the
 * very name. */
static enum err_code find_typos(struct run *r, struct search_hits *ret, struct err *err)
{
    enum err_code rc = r->has_typos ? OK : look_for_typos(r, &r->typos, err);

    r->has_typos = !rc;
    *ret = r->typos;
    return rc;
}

/* ---- by relevance ---- */

static const struct search_hits nothing = {0};

/* Those that fit in one way, from the place where the page before ended. */
static enum err_code take_fit(struct run *r, enum search_fit fit, const struct search_hits *known,
                              struct err *err)
{
    const struct search_place *from = &r->query->from;
    const bool goes_on = from->any && from->hit.fit == fit;
    struct search_hits hits = {0};
    struct search_cond c;
    enum err_code rc;

    if (is_full(r) || (from->any && from->hit.fit > fit))
        return OK;
    if ((rc = own_cond(r, fit, fit, fit, &c, err)) ||
        (rc = collect(r, &c, goes_on ? &from->hit : NULL, r->need + (int64_t)known->count, &hits,
                      err)))
        return rc;
    take(r, &hits, known);
    return OK;
}

/* The typing mistakes come between names and all else, which does not repeat them. */
static enum err_code take_typos(struct run *r, struct search_hits *ret_all, struct err *err)
{
    const struct search_place *from = &r->query->from;
    struct search_hits rest;
    size_t given = 0;
    enum err_code rc = find_typos(r, ret_all, err);

    if (rc)
        return rc;
    if (from->any && from->hit.fit >= SEARCH_MISTYPED)
        given = from->hit.fit > SEARCH_MISTYPED || from->hit.rank > (int64_t)ret_all->count
                    ? ret_all->count
                    : (size_t)from->hit.rank;
    rest = (struct search_hits){ret_all->rows + given, ret_all->count - given};
    take(r, &rest, &nothing);
    return OK;
}

static enum err_code find_common(struct run *r, struct err *err)
{
    struct search_hits typos = {0};
    enum err_code rc = OK;

    for (int fit = SEARCH_EXACT; !rc && fit <= SEARCH_IN_NAME; fit++)
        rc = take_fit(r, (enum search_fit)fit, &nothing, err);
    r->knows_named = !r->query->from.any;
    if (!rc && !is_full(r))
        rc = take_typos(r, &typos, err);
    for (int fit = SEARCH_IN_KEYWORDS; !rc && fit <= SEARCH_IN_TEXT; fit++)
        rc = take_fit(r, (enum search_fit)fit, &typos, err);
    return rc;
}

static enum err_code find_rare(struct run *r, const struct search_cond *c, struct err *err)
{
    const struct search_place *from = &r->query->from;
    struct search_hits hits = {0}, typos = {0}, rest;
    enum err_code rc = search_in_all(r->tx, r->mem, SEARCH_BY_FIT, c, from->any ? &from->hit : NULL,
                                     r->need + TYPOS_MAX, &hits, err);
    size_t named = 0;

    while (named < hits.count && hits.rows[named].fit <= SEARCH_IN_NAME)
        named++;
    rest = (struct search_hits){hits.rows, named};
    if (rc)
        return rc;
    take(r, &rest, &nothing);
    r->knows_named = !from->any;
    if (!is_full(r))
        rc = take_typos(r, &typos, err);
    rest = (struct search_hits){hits.rows + named, hits.count - named};
    take(r, &rest, &typos);
    return rc;
}

static enum err_code find_relevant(struct run *r, struct err *err)
{
    struct search_cond c;
    bool common = false;
    enum err_code rc;

    if ((rc = own_cond(r, SEARCH_IN_TEXT, SEARCH_EXACT, SEARCH_IN_TEXT, &c, err)) ||
        (rc = is_common(r, &c, COMMON, &common, err)))
        return rc;
    return common ? find_common(r, err) : find_rare(r, &c, err);
}

/* ---- by something else ---- */

/* Terms that all packages have that can be seen, for when nothing is asked. */
static struct str any_terms(const struct run *r)
{
    return r->reach.widest == ACCESS_PUBLIC && !r->reach.package_count ? S("a0")
                                                                       : S("(a0 OR a1 OR a2)");
}

/* By going along the order, where that soon leads to enough. */
static enum err_code find_along(struct run *r, const struct search_cond *c, enum search_order order,
                                struct search_hits *ret, struct err *err)
{
    const struct search_place *from = &r->query->from;
    const struct search_hit *after = from->any ? &from->hit : NULL;
    struct search_cond all = *c;
    bool soon = !c->terms.len;
    enum err_code rc = OK;

    if (!soon && !r->group.len)
        rc = is_common(r, c, VERY_COMMON, &soon, err);
    if (!rc && soon)
        rc = search_along(r->tx, r->mem, order, c, after, r->query->limit + 1, ret, err);
    if (rc || (soon && (int64_t)ret->count > r->query->limit))
        return rc;
    if (!all.terms.len)
        all.terms = any_terms(r);
    return search_in_all(r->tx, r->mem, order, &all, after, r->query->limit + 1, ret, err);
}

/* The first by rank of all that there are. */
static enum err_code collect_any(struct run *r, const struct search_cond *c, int64_t want,
                                 struct search_hits *ret, struct err *err)
{
    struct search_cond all = *c;
    enum err_code rc;

    if (all.terms.len)
        return collect(r, &all, NULL, want, ret, err);
    rc = search_along(r->tx, r->mem, SEARCH_BY_RANK, &all, NULL, want, ret, err);
    if (rc || (int64_t)ret->count >= want)
        return rc;
    all.terms = any_terms(r);
    return collect(r, &all, NULL, want, ret, err);
}

/* How many there are, as far as they are counted; *found has one page and a package more. */
static enum err_code count_all(struct run *r, const struct search_cond *c,
                               const struct search_hits *found, int64_t *ret_total, struct err *err)
{
    struct search_hits hits = {0};
    enum err_code rc;

    *ret_total = r->query->from.any ? r->query->from.total : (int64_t)found->count;
    if (r->query->from.any || (int64_t)found->count <= r->query->limit)
        return OK;
    rc = collect_any(r, c, NEED_MAX, &hits, err);
    *ret_total = (int64_t)hits.count;
    return rc;
}

/* Whatever of a query may have: without words, everything. */
static enum err_code whole_cond(struct run *r, struct search_cond *ret, struct err *err)
{
    const bool asks = r->query->words.count > 0;

    return own_cond(r, SEARCH_IN_TEXT, asks ? SEARCH_EXACT : SEARCH_ANY,
                    asks ? SEARCH_IN_TEXT : SEARCH_ANY, ret, err);
}

static enum err_code find_sorted(struct run *r, int64_t *ret_total, struct err *err)
{
    const struct search_query *q = r->query;
    const enum search_order order = q->order == SEARCH_BY_FIT ? SEARCH_BY_RANK : q->order;
    const struct search_hit *after = q->from.any ? &q->from.hit : NULL;
    const bool asks = q->words.count > 0;
    struct search_hits hits = {0};
    struct search_cond c;
    enum err_code rc = whole_cond(r, &c, err);

    if (rc)
        return rc;
    if (order == SEARCH_BY_RANK && c.terms.len)
        rc = collect(r, &c, after, q->limit + 1, &hits, err);
    else
        rc = find_along(r, &c, order, &hits, err);
    if (!rc)
        rc = count_all(r, &c, &hits, ret_total, err);
    if (!rc && asks && !hits.count && !q->from.any) {
        rc = find_typos(r, &hits, err);
        *ret_total = (int64_t)hits.count;
        r->need = q->limit; /* they have no order of this kind to go on in */
    }
    take(r, &hits, &nothing);
    return rc;
}

/* ---- what is counted ---- */

/* *hits, and what was mistyped. */
static enum err_code add_meant(struct run *r, struct search_hits *hits, struct err *err)
{
    struct search_hits typos = {0}, both;
    enum err_code rc = find_typos(r, &typos, err);

    if (rc || !typos.count)
        return rc;
    both = (struct search_hits){arena_array(r->mem, struct search_hit, hits->count + typos.count),
                                hits->count};
    if (!both.rows)
        return no_memory(err);
    if (hits->count)
        memcpy(both.rows, hits->rows, hits->count * sizeof *hits->rows);
    for (size_t i = 0; i < typos.count; i++)
        if (!has(hits, typos.rows[i].package_id))
            both.rows[both.count++] = typos.rows[i];
    *hits = both;
    return OK;
}

/* Of all pages, whichever this one is. */
static enum err_code count_facets(struct run *r, struct search_facets *ret, struct err *err)
{
    const struct search_query *q = r->query;
    struct search_hits hits = {0};
    struct search_cond c;
    enum err_code rc = OK;

    if (!q->facets.any)
        return OK;
    if (!q->nothing && !(rc = whole_cond(r, &c, err)))
        rc = collect_any(r, &c, FACET_PACKAGES_MAX + 1, &hits, err);
    if (!rc && !q->nothing && q->words.count && (q->order == SEARCH_BY_FIT || !hits.count))
        rc = add_meant(r, &hits, err);
    return rc ? rc : facet_count(r->tx, r->mem, r->actor, &q->facets, &hits, ret, err);
}

/* ---- the page ---- */

/* Whom a token is limited to labels by is not told by filters what there is under others. */
static bool asks_too_much(const struct actor *actor, const struct search_query *q)
{
    return limit_has_labels(actor->limits) &&
           (q->by_files || (q->label.len && !limit_allows_label(actor->limits, q->label)));
}

static enum err_code begin(struct run *r, const struct actor *actor, struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(16 * KIB);
    const struct search_query *q = r->query;
    enum err_code rc;

    r->need = q->from.any ? q->limit + 1 : NEED_MAX;
    r->group = S("");
    r->found = (struct search_hits){arena_array(r->mem, struct search_hit, NEED_MAX), 0};
    if (!r->found.rows)
        return no_memory(err);
    if ((rc = reach_of(r->tx, r->mem, actor, &r->reach, err)) ||
        (rc = search_floors(r->tx, actor->account_id != 0, r->floors, err)))
        return rc;
    if (asks_too_much(actor, q))
        r->reach = (struct reach){.widest = ACCESS_PUBLIC, .labels = S("")};
    /* Most of what is hidden is hidden from whoever sees little of it. */
    if (!q->hidden_only || (int64_t)r->reach.widest >= q->access_from ||
        r->reach.owner_count > OWNERS_MAX)
        return OK;
    for (size_t i = 0; i < r->reach.owner_count; i++)
        buf_addf(&b, "%so%lld", i ? " OR " : "(", (long long)r->reach.owners[i]);
    buf_addz(&b, r->reach.owner_count ? ")" : "o0"); /* of nobody */
    r->group = buf_ok(&b) ? str_dup(r->mem, buf_str(&b)) : (struct str){0};
    return r->group.ptr ? OK : no_memory(err);
}

/* A row says no more of its files than the actor is told. */
static enum err_code tell_rows(struct run *r, struct search_rows *rows, struct err *err)
{
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < rows->count; i++) {
        struct search_row *row = &rows->rows[i];
        struct label_sight sight;

        if (!label_sight_is_less(r->actor, row->access))
            continue;
        rc = label_sight_of(r->tx, r->mem, r->actor, row->package_id, &sight, err);
        if (rc)
            break;
        row->types = sight.types;
        row->platforms = sight.platforms;
        row->latest_version = sight.latest_version;
    }
    return rc;
}

static enum err_code finish(struct run *r, int64_t total, struct search_page *ret, struct err *err)
{
    const struct search_query *q = r->query;
    struct search_place next = {.any = true, .given = q->from.given + q->limit, .total = total};
    struct search_page page = {.total = total < SEARCH_TOTAL_MAX ? total : SEARCH_TOTAL_MAX,
                               .is_total = total <= SEARCH_TOTAL_MAX,
                               .next = S("")};
    bool more = (int64_t)r->found.count > q->limit;
    enum err_code rc;

    page.hits = (struct search_hits){r->found.rows, more ? (size_t)q->limit : r->found.count};
    if (more && next.given < SEARCH_DEPTH) {
        next.hit = page.hits.rows[page.hits.count - 1];
        page.next = search_write_place(r->mem, &next);
        if (!page.next.ptr)
            return no_memory(err);
    }
    if ((rc = search_read(r->tx, r->mem, &page.hits, &page.packages, err)) ||
        (rc = tell_rows(r, &page.packages, err)) || (rc = count_facets(r, &page.facets, err)))
        return rc;
    *ret = page;
    return OK;
}

static enum err_code find(struct run *r, int64_t *ret_total, struct err *err)
{
    const struct search_query *q = r->query;
    enum err_code rc;

    if (q->nothing || q->from.given >= SEARCH_DEPTH)
        return OK;
    if (q->order != SEARCH_BY_FIT || !q->words.count)
        return find_sorted(r, ret_total, err);
    rc = find_relevant(r, err);
    *ret_total = q->from.any ? q->from.total : (int64_t)r->found.count;
    return rc;
}

enum err_code search_run(struct app *app, struct arena *mem, const struct actor *actor,
                         const struct search_request *req, struct search_page *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct search_query query;
    struct run r = {.mem = mem, .actor = actor, .query = &query};
    int64_t total = 0;
    enum err_code rc;

    if ((rc = tx_begin(app->db, TX_READ, &tx, err)) ||
        (rc = search_read_query(tx, mem, req, &query, err)))
        return rc;
    r.tx = tx;
    if ((rc = begin(&r, actor, err)) || (rc = find(&r, &total, err)))
        return rc;
    return finish(&r, total, ret, err);
}

struct str search_fit_name(enum search_fit fit)
{
    static const char *const names[] = {
        [SEARCH_EXACT] = "exact",   [SEARCH_BEGINS] = "beginning",    [SEARCH_IN_NAME] = "name",
        [SEARCH_MISTYPED] = "typo", [SEARCH_IN_KEYWORDS] = "keyword", [SEARCH_IN_TEXT] = "text",
        [SEARCH_ANY] = ""};

    return str_of(names[fit]);
}
