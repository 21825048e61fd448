/* Whatever the text is: its key is text, is its own key, and has words whose terms are letters and
 * digits alone, in whatever part of an index; a word's own query is among its terms. */
#include <assert.h>

#include "base/limits.h"
#include "base/text.h"
#include "format/search_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_terms(struct str terms)
{
    assert(text_is_utf8(terms));
    for (size_t i = 0; i < terms.len; i++) {
        char c = terms.ptr[i];

        assert(c == ' ' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80));
        assert(c != ' ' || (i + 1 < terms.len && terms.ptr[i + 1] != ' '));
    }
}

static bool has(struct str terms, struct str term)
{
    struct str rest = str_from(terms, 1), item;

    while (terms.len && str_next(&rest, ' ', &item))
        if (str_eq(item, term))
            return true;
    return false;
}

static void check_word(struct str word)
{
    AUTO(buf_done) struct buf terms = BUF_INIT(KIB), query = BUF_INIT(KIB), stems = BUF_INIT(KIB);

    search_add_word(&terms, SEARCH_TEXT, word, false);
    search_add_word_query(&query, SEARCH_TEXT, word);
    assert(buf_ok(&terms) && buf_ok(&query));
    check_terms(buf_str(&terms));
    assert(has(buf_str(&terms), str_from(buf_str(&query), 1)));
    assert(search_distance(word, word, 2) == 0);
    if (search_is_correctable(word)) {
        search_add_stems(&stems, word);
        check_terms(buf_str(&stems));
    }
}

static void check_name(struct str key)
{
    AUTO(buf_done) struct buf terms = BUF_INIT(KIB), query = BUF_INIT(KIB);

    search_add_name(&terms, key);
    check_terms(buf_str(&terms));
    search_add_name_query(&query, key);
    assert(has(buf_str(&terms), str_from(buf_str(&query), 1)));
    buf_clear(&query);
    search_add_beginning_query(&query, key);
    assert(has(buf_str(&terms), str_from(buf_str(&query), 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_closep) struct arena *mem = arena_open((size_t)64 << 20);
    AUTO(buf_done) struct buf tag = BUF_INIT((size_t)8 << 20);
    struct str text = {(const char *)data, size}, key, typed;
    struct search_words words;

    assert(mem);
    if (size > 64 * KIB)
        return 0;
    key = search_key(mem, text);
    typed = search_query_key(mem, text);
    assert(key.ptr && typed.ptr && text_is_utf8(key));
    assert(str_eq(typed, key) || (str_starts(typed, key) && typed.len == key.len + 1));
    assert(str_eq(search_key(mem, key), key));
    assert(!str_starts(key, S("-")) && !str_ends(key, S("-")));
    assert(search_split(mem, key, 1000, &words));
    for (size_t i = 0; i < words.count; i++) {
        assert(words.items[i].len <= SEARCH_WORD_MAX);
        check_word(words.items[i]);
    }
    if (key.len)
        check_name(key);
    if (text_is_utf8(text)) {
        search_add_tag(&tag, 'l', text);
        check_terms(buf_str(&tag));
    }
    return 0;
}
