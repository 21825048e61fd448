#include "core/search_spell.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "store/search.h"

enum {
    NEAR_MAX = 1000,   /* words that are compared with one of the query */
    ALTERNATIVES = 16, /* for each of its words */
    LONG_WORD = 8,     /* from here on two mistakes are made in a word */
    BEGINNING_MIN = 6, /* letters of a word that is not typed to its end, to be taken for one */
};

/* What a word of the query may stand for. */
struct alternative {
    struct str word;
    unsigned mistakes;
};
struct alternatives {
    struct alternative items[ALTERNATIVES];
    size_t count;
};

static int cmp_alternatives(const struct alternative *a, const struct alternative *b)
{
    if (a->mistakes != b->mistakes)
        return a->mistakes < b->mistakes ? -1 : 1;
    if (a->word.len != b->word.len)
        return a->word.len < b->word.len ? -1 : 1;
    return str_cmp(a->word, b->word);
}

/* Keeps the best. */
static void add(struct alternatives *list, struct alternative a)
{
    size_t at = list->count;

    while (at && cmp_alternatives(&a, &list->items[at - 1]) < 0)
        at--;
    if (at == ALTERNATIVES)
        return;
    if (list->count < ALTERNATIVES)
        list->count++;
    for (size_t i = list->count - 1; i > at; i--)
        list->items[i] = list->items[i - 1];
    list->items[at] = a;
}

static enum err_code find_near(struct tx *tx, struct arena *mem, struct str word, int64_t min,
                               int64_t max, struct search_word_list *ret, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(KIB);
    struct str stems[SEARCH_STEMS] = {{0}}, rest;

    search_add_stems(&text, word);
    if (!buf_ok(&text))
        return fail(err, ERR_NOMEM, "out of memory");
    rest = str_from(buf_str(&text), 1);
    for (size_t i = 0; i < SEARCH_STEMS; i++)
        if (!str_next(&rest, ' ', &stems[i]))
            stems[i] = S("");
    return search_words_near(tx, mem, stems, min, max, NEAR_MAX, ret, err);
}

/* Words as long as this one, or nearly. */
static enum err_code find_whole(struct tx *tx, struct arena *mem, struct str word,
                                struct alternatives *ret, struct err *err)
{
    const unsigned most = word.len < LONG_WORD ? 1 : 2;
    const int64_t len = (int64_t)word.len;
    struct search_word_list near = {0};
    enum err_code rc = find_near(tx, mem, word, len - (int)most, len + (int)most, &near, err);

    for (size_t i = 0; !rc && i < near.count; i++) {
        unsigned mistakes = search_distance(word, near.items[i], most);

        if (mistakes <= most)
            add(ret, (struct alternative){near.items[i], mistakes});
    }
    return rc;
}

/* Longer ones, which somebody has begun to type. */
static enum err_code find_begun(struct tx *tx, struct arena *mem, struct str word,
                                struct alternatives *ret, struct err *err)
{
    struct search_word_list near = {0};
    enum err_code rc = find_near(tx, mem, word, (int64_t)word.len + 1, SEARCH_WORD_MAX, &near, err);

    for (size_t i = 0; !rc && i < near.count; i++)
        for (size_t len = word.len - 1; len <= word.len + 1; len++)
            if (search_distance(word, str_sub(near.items[i], 0, len), 1) == 1) {
                add(ret, (struct alternative){near.items[i], 1});
                break;
            }
    return rc;
}

static enum err_code find_alternatives(struct tx *tx, struct arena *mem, struct str word,
                                       bool is_last, struct alternatives *ret, struct err *err)
{
    enum err_code rc = OK;

    ret->count = 0;
    if (search_is_correctable(word))
        rc = find_whole(tx, mem, word, ret, err);
    if (!rc && !ret->count && is_last && search_is_correctable(word) && word.len >= BEGINNING_MIN)
        rc = find_begun(tx, mem, word, ret, err);
    if (!rc && !ret->count) /* it can only be what it is */
        add(ret, (struct alternative){word, 0});
    return rc;
}

/* ---- all words together ---- */

static size_t letters(const struct search_guess *g)
{
    size_t n = 0;

    for (size_t i = 0; i < g->words.count; i++)
        n += g->words.items[i].len;
    return n;
}

static int by_mistakes(const void *a, const void *b)
{
    const struct search_guess *x = a, *y = b;
    int order = 0;

    if (x->mistakes != y->mistakes)
        return x->mistakes < y->mistakes ? -1 : 1;
    if (letters(x) != letters(y))
        return letters(x) < letters(y) ? -1 : 1;
    for (size_t i = 0; !order && i < x->words.count; i++)
        order = str_cmp(x->words.items[i], y->words.items[i]);
    return order;
}

/* One more word: each guess so far with each of its alternatives; the best are kept. */
static enum err_code combine(struct arena *mem, const struct alternatives *more,
                             struct search_guesses *guesses, struct err *err)
{
    size_t count = 0, all = guesses->count * more->count;
    struct search_guess *items = arena_array(mem, struct search_guess, all);

    if (!items)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < guesses->count; i++)
        for (size_t k = 0; k < more->count; k++) {
            const struct search_guess *old = &guesses->items[i];
            size_t n = old->words.count;
            struct str *words = arena_array(mem, struct str, n + 1);

            if (!words)
                return fail(err, ERR_NOMEM, "out of memory");
            if (n)
                memcpy(words, old->words.items, n * sizeof *words);
            words[n] = more->items[k].word;
            items[count++] =
                (struct search_guess){{words, n + 1}, old->mistakes + more->items[k].mistakes};
        }
    qsort(items, count, sizeof *items, by_mistakes);
    *guesses = (struct search_guesses){items, count < SEARCH_GUESSES ? count : SEARCH_GUESSES};
    return OK;
}

enum err_code search_guess(struct tx *tx, struct arena *mem, const struct search_words *words,
                           struct search_guesses *ret, struct err *err)
{
    struct search_guess nothing = {0};
    struct search_guesses guesses = {&nothing, 1};
    size_t kept = 0;
    enum err_code rc = OK;

    for (size_t i = 0; !rc && i < words->count; i++) {
        struct alternatives found;

        rc = find_alternatives(tx, mem, words->items[i], i + 1 == words->count, &found, err);
        if (!rc)
            rc = combine(mem, &found, &guesses, err);
    }
    if (rc)
        return rc;
    for (size_t i = 0; i < guesses.count; i++)
        if (guesses.items[i].mistakes)
            guesses.items[kept++] = guesses.items[i];
    guesses.count = kept;
    *ret = guesses;
    return OK;
}
