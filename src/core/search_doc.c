#include "core/search_doc.h"

#include <stdlib.h>

#include "base/limits.h"
#include "format/json.h"
#include "format/search_text.h"
#include "store/search.h"

/* A package is found by no more than this. */
enum {
    NAME_WORDS = 32,
    KEYWORDS = 64,
    KEYWORD_BYTES = 2000,
    SUMMARY_WORDS = 200,
    LABELS = 500,
    LICENCE_NAMES = 16,
    LICENCE_BYTES = 250, /* to be told as it is: no more can be asked for */
};
#define TERMS_MAX (256 * KIB)

/* A row on its way. */
struct making {
    struct arena *mem;
    struct search_facts facts;
    const json_t *attrs;
    struct search_words name, keywords;
    struct buf terms;
};

/* ---- names, keywords, summary ---- */

static enum err_code no_memory(struct err *err)
{
    return fail(err, ERR_NOMEM, "out of memory");
}

/* A list of texts, or one text with commas. */
static void add_keywords(struct buf *out, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(v) && i < KEYWORDS && out->len < KEYWORD_BYTES; i++) {
        buf_addc(out, ' ');
        buf_add(out, str_sub(json_str(json_array_get(v, i)), 0, KEYWORD_BYTES));
    }
    buf_addc(out, ' ');
    buf_add(out, str_sub(json_str(v), 0, KEYWORD_BYTES));
}

static enum err_code read_keywords(struct making *m, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(4 * (size_t)KEYWORD_BYTES);
    struct str key;

    add_keywords(&text, json_object_get(m->attrs, "keywords"));
    add_keywords(&text, json_object_get(m->attrs, "tags"));
    key = buf_ok(&text) ? search_key(m->mem, buf_str(&text)) : (struct str){0};
    if (!key.ptr || !search_split(m->mem, key, KEYWORDS, &m->keywords))
        return no_memory(err);
    m->facts.doc.keyword_key = key.len ? str_fmt(m->mem, "-%.*s", (int)key.len, key.ptr) : S("");
    return m->facts.doc.keyword_key.ptr ? OK : no_memory(err);
}

static bool is_one_of(struct str word, const struct search_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (str_eq(word, words->items[i]))
            return true;
    return false;
}

static void add_words(struct making *m, enum search_part part, const struct search_words *words,
                      bool in_name)
{
    for (size_t i = 0; i < words->count; i++) {
        search_add_word(&m->terms, part, words->items[i], in_name);
        search_add_word(&m->terms, SEARCH_TEXT, words->items[i], in_name);
    }
}

static enum err_code add_summary(struct making *m, struct err *err)
{
    struct search_words words;
    struct str key = search_key(m->mem, m->facts.summary);

    if (!key.ptr || !search_split(m->mem, key, SUMMARY_WORDS, &words))
        return no_memory(err);
    for (size_t i = 0; i < words.count; i++)
        if (!search_is_stop_word(words.items[i]) && !is_one_of(words.items[i], &m->name))
            search_add_word(&m->terms, SEARCH_TEXT, words.items[i], false);
    return OK;
}

static enum err_code add_texts(struct making *m, struct err *err)
{
    struct search_doc *doc = &m->facts.doc;
    enum err_code rc = read_keywords(m, err);

    doc->name_key = search_key(m->mem, m->facts.name);
    if (rc)
        return rc;
    if (!doc->name_key.ptr || !search_split(m->mem, doc->name_key, NAME_WORDS, &m->name))
        return no_memory(err);
    search_add_name(&m->terms, doc->name_key);
    add_words(m, SEARCH_NAME, &m->name, true);
    add_words(m, SEARCH_KEYWORD, &m->keywords, false);
    return add_summary(m, err);
}

/* ---- properties ---- */

static void add_tags(struct making *m, char kind, struct str words)
{
    struct str rest = words, word;

    while (words.len && str_next(&rest, ' ', &word))
        search_add_tag(&m->terms, kind, word);
}

/* "MIT OR Apache-2.0" is found by either, and by itself. */
static enum err_code add_licence(struct making *m, struct str licence, struct err *err)
{
    struct str rest = str_sub(licence, 0, KEYWORD_BYTES), name, key;
    int names = 0;

    key = search_key(m->mem, rest);
    if (!key.ptr)
        return no_memory(err);
    if (key.len)
        search_add_tag(&m->terms, 'm', key);
    while (licence.len && names++ < LICENCE_NAMES && str_next(&rest, ' ', &name)) {
        key = search_key(m->mem, name);
        if (!key.ptr)
            return no_memory(err);
        if (key.len)
            search_add_tag(&m->terms, 'm', key);
    }
    return OK;
}

/* As the package says it, if in a few words. */
static struct str short_license(struct str license)
{
    return license.len && license.len <= LICENCE_BYTES ? license : S("");
}

static enum err_code join_labels(struct making *m, struct err *err)
{
    AUTO(buf_done) struct buf joined = BUF_INIT(TERMS_MAX);
    bool any = m->facts.label_count > 0;

    for (size_t i = 0; i < m->facts.label_count; i++)
        buf_addf(&joined, "%s" STR_FMT, i ? " " : "", STR_ARG(m->facts.labels[i]));
    if (any && !buf_ok(&joined))
        return no_memory(err);
    m->facts.doc.labels = any ? str_dup(m->mem, buf_str(&joined)) : S("");
    return m->facts.doc.labels.ptr ? OK : no_memory(err);
}

static enum err_code add_properties(struct making *m, struct err *err)
{
    struct search_doc *doc = &m->facts.doc;
    const json_t *licence = json_object_get(m->attrs, "license");
    enum err_code rc;

    buf_addf(&m->terms, " a%d o%lld", (int)doc->access, (long long)doc->account_id);
    add_tags(m, 't', doc->types);
    add_tags(m, 'p', doc->platforms);
    for (size_t i = 0; i < m->facts.label_count; i++)
        search_add_tag(&m->terms, 'l', m->facts.labels[i]);
    /* A text, or as anaconda-client declares it. */
    if (json_is_object(licence))
        licence = json_object_get(licence, "name");
    doc->license = short_license(json_str(licence));
    if (!(rc = join_labels(m, err)))
        rc = add_licence(m, json_str(licence), err);
    return rc ? rc : add_licence(m, json_get_str(m->attrs, "license_family"), err);
}

/* ---- the row ---- */

static int by_text(const void *a, const void *b)
{
    const struct str *x = a, *y = b;

    return str_cmp(*x, *y);
}

/* Each term once, and always in the same order. */
static enum err_code sort_terms(struct making *m, struct err *err)
{
    AUTO(buf_done) struct buf sorted = BUF_INIT(TERMS_MAX);
    struct str all = buf_str(&m->terms), rest = str_from(all, 1), *items;
    size_t count = 0;

    for (size_t i = 0; i < all.len; i++)
        count += all.ptr[i] == ' ';
    items = arena_array(m->mem, struct str, count + 1);
    if (!items)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        (void)!str_next(&rest, ' ', &items[i]); /* as many as there are blanks */
    qsort(items, count, sizeof *items, by_text);
    for (size_t i = 0; i < count; i++) {
        if (i && str_eq(items[i], items[i - 1]))
            continue;
        buf_addz(&sorted, i ? " " : "");
        buf_add(&sorted, items[i]);
    }
    m->facts.doc.terms = buf_ok(&sorted) ? str_dup(m->mem, buf_str(&sorted)) : (struct str){0};
    return m->facts.doc.terms.ptr ? OK : no_memory(err);
}

static enum err_code make(struct making *m, struct err *err)
{
    enum err_code rc;

    if ((rc = add_texts(m, err)) || (rc = add_properties(m, err)))
        return rc;
    return buf_ok(&m->terms) ? sort_terms(m, err) : no_memory(err);
}

/* The words of its name, so that they are found when they are mistyped. They stay when the package
 * goes: a word alone leads to nothing. */
static enum err_code learn(struct tx *tx, struct arena *mem, struct str word, struct err *err)
{
    AUTO(buf_done) struct buf stems = BUF_INIT(KIB);
    struct str rest, stem;
    bool known = false;
    enum err_code rc;

    search_add_stems(&stems, word);
    rest = buf_ok(&stems) ? str_dup(mem, str_from(buf_str(&stems), 1)) : (struct str){0};
    if (!rest.ptr)
        return no_memory(err);
    /* The first is written first, so it is there if any is. */
    rc = str_next(&rest, ' ', &stem) ? search_word_has(tx, stem, word, &known, err) : OK;
    if (rc || known)
        return rc;
    do
        rc = search_word_add(tx, stem, word, err);
    while (!rc && str_next(&rest, ' ', &stem));
    return rc;
}

enum err_code search_refresh(struct tx *tx, struct arena *mem, int64_t package_id, struct err *err)
{
    AUTO(json_decrefp) json_t *attrs = NULL;
    struct making m = {.mem = mem, .terms = BUF_INIT(TERMS_MAX)};
    enum err_code rc;

    if ((rc = search_facts(tx, mem, package_id, LABELS, &m.facts, err)) ||
        (rc = json_parse_object(m.facts.attrs, &attrs, err)))
        return rc;
    m.attrs = attrs;
    rc = make(&m, err);
    buf_done(&m.terms);
    if (!rc)
        rc = search_put(tx, &m.facts.doc, err);
    for (size_t i = 0; !rc && i < m.name.count; i++)
        if (search_is_correctable(m.name.items[i]))
            rc = learn(tx, mem, m.name.items[i], err);
    return rc;
}
