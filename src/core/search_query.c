#include "core/search_query.h"

#include "base/limits.h"
#include "core/kind.h"
#include "store/account.h"

#define TERMS_MAX (16 * KIB)

void search_fields(struct search_request *req, struct search_field ret[SEARCH_FIELDS])
{
    const struct search_field fields[SEARCH_FIELDS] = {
        {"q", &req->q},
        {"type", &req->type},
        {"platform", &req->platform},
        {"access", &req->access},
        {"label", &req->label},
        {"owner", &req->owner},
        {"license", &req->license},
        {"sort", &req->sort},
        {"limit", &req->limit},
        {"after", &req->after},
        {"facets", &req->facets},
    };

    memcpy(ret, fields, sizeof fields);
}

static enum err_code no_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

/* ---- filters ---- */

/* Tags on their way. */
struct tags {
    struct arena *mem;
    struct buf b;
};

static enum err_code add_type(struct tags *t, struct str type, struct err *err)
{
    const struct kind *kind = NULL;
    enum err_code rc = type.len ? kind_of_filter("type", type, &kind, err) : OK;

    if (!rc && kind)
        search_add_tag(&t->b, 't', kind->name);
    return rc;
}

static enum err_code add_folded(struct tags *t, char kind, struct str value, struct err *err)
{
    struct str lower = str_lower(t->mem, value);

    if (value.len && !lower.ptr)
        return no_memory(err);
    if (value.len)
        search_add_tag(&t->b, kind, lower);
    return OK;
}

static enum err_code add_license(struct tags *t, struct str license, struct err *err)
{
    struct str key = search_key(t->mem, license);

    if (!key.ptr)
        return no_memory(err);
    if (license.len && !key.len)
        return fail_field(err, "license", "license \"" STR_FMT "\" has neither letters nor digits",
                          STR_ARG(license));
    if (key.len)
        search_add_tag(&t->b, 'm', key);
    return OK;
}

/* *ret_found: there is such an account. */
static enum err_code add_owner(struct tx *tx, struct tags *t, struct str owner, bool *ret_found,
                               struct err *err)
{
    struct str login = str_lower(t->mem, owner);
    struct account_row row;
    enum err_code rc = login.ptr ? account_by_login(tx, t->mem, login, &row, err) : no_memory(err);

    *ret_found = rc == OK;
    if (rc == OK)
        buf_addf(&t->b, " o%lld", (long long)row.id);
    return rc == ERR_NOT_FOUND ? OK : rc;
}

static enum err_code read_access(struct tags *t, struct str access, struct search_query *ret,
                                 struct err *err)
{
    enum access_level level;

    ret->access_from = ACCESS_PUBLIC;
    ret->access_to = ACCESS_PRIVATE;
    if (!access.len)
        return OK;
    if (!access_level_parse(access, &level))
        return fail_field(err, "access",
                          "access \"" STR_FMT
                          "\" is not \"public\", \"authenticated\" or \"private\"",
                          STR_ARG(access));
    ret->access_from = ret->access_to = level;
    ret->hidden_only = level != ACCESS_PUBLIC;
    /* Most packages are public, so that tells little. */
    if (ret->hidden_only)
        buf_addf(&t->b, " a%d", (int)level);
    return OK;
}

/* ---- words ---- */

/* "alice/num": what alice has. Anything else with a slash is words. */
static enum err_code read_owner_of(struct tx *tx, struct tags *t, struct str *q, struct err *err)
{
    struct str name = str_trim(*q), owner;
    bool found = false;
    enum err_code rc;

    if (!str_cut(&name, '/', &owner) || !owner.len || str_has(name, '/'))
        return OK;
    rc = add_owner(tx, t, owner, &found, err);
    if (found)
        *q = name;
    return rc;
}

static enum err_code read_words(struct arena *mem, struct str q, struct search_query *ret,
                                struct err *err)
{
    struct search_words all;
    size_t kept = 0;

    ret->key = search_query_key(mem, q);
    if (!ret->key.ptr || !search_split(mem, ret->key, SEARCH_TEXT_MAX, &all))
        return no_memory(err);
    ret->words = all;
    for (size_t i = 0; i < all.count; i++)
        if (!search_is_stop_word(all.items[i]))
            ret->words.items[kept++] = all.items[i];
    if (kept) /* else they must tell what they can */
        ret->words.count = kept;
    if (ret->words.count > SEARCH_WORDS)
        ret->words.count = SEARCH_WORDS;
    return OK;
}

/* ---- order and page ---- */

static enum err_code read_sort(struct str sort, enum search_order *ret, struct err *err)
{
    static const struct {
        const char *name;
        enum search_order order;
    } names[] = {{"relevance", SEARCH_BY_FIT},
                 {"name", SEARCH_BY_NAME},
                 {"updated", SEARCH_BY_UPDATE},
                 {"downloads", SEARCH_BY_RANK},
                 {"favorites", SEARCH_BY_FAVORITES}};

    *ret = SEARCH_BY_FIT;
    for (size_t i = 0; i < COUNT(names); i++) {
        if (!str_eq(sort, str_of(names[i].name)))
            continue;
        *ret = names[i].order;
        return OK;
    }
    if (!sort.len)
        return OK;
    return fail_field(err, "sort",
                      "sort is relevance, name, updated, downloads or favorites, not \"" STR_FMT
                      "\"",
                      STR_ARG(sort));
}

static enum err_code read_limit(struct str limit, int64_t *ret, struct err *err)
{
    uint64_t n = SEARCH_LIMIT;

    if (limit.len && (!str_u64(limit, SEARCH_LIMIT_MAX, &n) || n == 0))
        return fail_field(err, "limit", "limit is a number from 1 to %d, not \"" STR_FMT "\"",
                          (int)SEARCH_LIMIT_MAX, STR_ARG(limit));
    *ret = (int64_t)n;
    return OK;
}

/* The numbers of a place, in the order of its text; the name is what follows them. */
enum { PLACE_NUMBERS = 7 };

struct str search_write_place(struct arena *mem, const struct search_place *p)
{
    const struct search_hit *h = &p->hit;

    return str_fmt(mem, "%d-%lld-%lld-%lld-%lld-%lld-%lld-%.*s", (int)h->fit, (long long)h->rank,
                   (long long)h->favorites, (long long)h->updated_ms, (long long)h->package_id,
                   (long long)p->given, (long long)p->total, (int)h->name_key.len, h->name_key.ptr);
}

/* Whoever writes one himself gets a page that he could have got. */
static enum err_code read_place(struct str after, struct search_place *ret, struct err *err)
{
    struct search_place place = {.any = true};
    struct str rest = after, item;
    uint64_t n[PLACE_NUMBERS];

    *ret = (struct search_place){0};
    if (!after.len)
        return OK;
    for (int i = 0; i < PLACE_NUMBERS; i++)
        if (!str_cut(&rest, '-', &item) || !str_u64(item, INT64_MAX, &n[i]))
            return fail_field(err, "after",
                              "after is what the page before gave as next, not \"" STR_FMT "\"",
                              STR_ARG(after));
    place.hit = (struct search_hit){.fit = n[0] > SEARCH_ANY ? SEARCH_ANY : (enum search_fit)n[0],
                                    .rank = (int64_t)n[1],
                                    .favorites = (int64_t)n[2],
                                    .updated_ms = (int64_t)n[3],
                                    .package_id = (int64_t)n[4],
                                    .name_key = rest};
    place.given = n[5] > SEARCH_DEPTH ? SEARCH_DEPTH : (int64_t)n[5]; /* more can be added to it */
    place.total = (int64_t)n[6];
    *ret = place;
    return OK;
}

/* ---- all of it ---- */

static enum err_code check_lengths(const struct search_request *req, struct err *err)
{
    struct search_request copy = *req;
    struct search_field fields[SEARCH_FIELDS];

    search_fields(&copy, fields);
    for (size_t i = 0; i < SEARCH_FIELDS; i++)
        if (fields[i].text->len > SEARCH_TEXT_MAX)
            return fail_field(err, fields[i].name, "%s has %zu bytes, more than %d", fields[i].name,
                              fields[i].text->len, (int)SEARCH_TEXT_MAX);
    return OK;
}

static enum err_code read_filters(struct tx *tx, struct tags *t, const struct search_request *req,
                                  struct search_query *ret, struct err *err)
{
    struct str q = req->q;
    bool found = true;
    enum err_code rc;

    if ((rc = add_type(t, req->type, err)) || (rc = add_folded(t, 'p', req->platform, err)) ||
        (rc = add_folded(t, 'l', req->label, err)) || (rc = add_license(t, req->license, err)) ||
        (rc = read_access(t, req->access, ret, err)))
        return rc;
    ret->by_files = req->type.len || req->platform.len;
    ret->label = str_lower(t->mem, req->label);
    if (req->label.len && !ret->label.ptr)
        return no_memory(err);
    if (req->owner.len)
        rc = add_owner(tx, t, req->owner, &found, err);
    else
        rc = read_owner_of(tx, t, &q, err);
    ret->nothing = !found;
    return rc ? rc : read_words(t->mem, q, ret, err);
}

enum err_code search_read_query(struct tx *tx, struct arena *mem, const struct search_request *req,
                                struct search_query *ret, struct err *err)
{
    struct tags t = {mem, BUF_INIT(TERMS_MAX)};
    struct search_query query = {0};
    enum err_code rc;

    if (!(rc = check_lengths(req, err)) && !(rc = read_sort(req->sort, &query.order, err)) &&
        !(rc = read_limit(req->limit, &query.limit, err)) &&
        !(rc = read_place(req->after, &query.from, err)) &&
        !(rc = facet_read(req->facets, &query.facets, err)))
        rc = read_filters(tx, &t, req, &query, err);
    if (!rc) {
        query.tags = buf_ok(&t.b) ? str_dup(mem, buf_str(&t.b)) : (struct str){0};
        rc = query.tags.ptr ? OK : no_memory(err);
    }
    buf_done(&t.b);
    if (!rc)
        *ret = query;
    return rc;
}

/* ---- terms ---- */

/* Keywords: one of the words must be one; all are in the text. */
static void add_keywords(struct buf *out, const struct search_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        AUTO(buf_done) struct buf term = BUF_INIT(KIB);

        search_add_word_query(&term, SEARCH_KEYWORD, words->items[i]);
        buf_addz(out, i ? " OR" : words->count > 1 ? " (" : "");
        buf_add(out, i || words->count == 1 ? buf_str(&term) : str_from(buf_str(&term), 1));
    }
    buf_addz(out, words->count > 1 ? ")" : "");
}

static void add_terms(struct buf *out, enum search_fit fit, struct str key,
                      const struct search_words *words)
{
    if (fit == SEARCH_EXACT)
        search_add_name_query(out, key);
    else if (fit == SEARCH_BEGINS)
        search_add_beginning_query(out, key);
    else
        for (size_t i = 0; i < words->count; i++)
            search_add_word_query(out, fit == SEARCH_IN_NAME ? SEARCH_NAME : SEARCH_TEXT,
                                  words->items[i]);
}

struct str search_terms(struct arena *mem, enum search_fit fit, struct str key,
                        const struct search_words *words, struct str tags)
{
    AUTO(buf_done) struct buf plain = BUF_INIT(TERMS_MAX), joined = BUF_INIT(TERMS_MAX);
    struct str rest, term;

    add_terms(&plain, fit, key, words);
    buf_add(&plain, tags);
    rest = str_from(buf_str(&plain), 1);
    while (plain.len && str_next(&rest, ' ', &term)) {
        buf_addz(&joined, joined.len ? " AND " : "");
        buf_add(&joined, term);
    }
    if (fit == SEARCH_IN_KEYWORDS) {
        buf_addz(&joined, " AND");
        add_keywords(&joined, words);
    }
    return buf_ok(&plain) && buf_ok(&joined) ? str_dup(mem, buf_str(&joined)) : (struct str){0};
}
