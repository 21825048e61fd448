#include "format/search_text.h"

/* ---- folding ---- */

/* U+00C0 to U+017F in ASCII; empty: no letter. */
static const char latin[][3] = {
    "a", "a", "a",  "a",  "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",  /* C0 */
    "d", "n", "o",  "o",  "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "ss", /* D0 */
    "a", "a", "a",  "a",  "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",  /* E0 */
    "d", "n", "o",  "o",  "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "y",  /* F0 */
    "a", "a", "a",  "a",  "a", "a", "c",  "c", "c", "c", "c", "c", "c", "c", "d",  "d",  /* 100 */
    "d", "d", "e",  "e",  "e", "e", "e",  "e", "e", "e", "e", "e", "g", "g", "g",  "g",  /* 110 */
    "g", "g", "g",  "g",  "h", "h", "h",  "h", "i", "i", "i", "i", "i", "i", "i",  "i",  /* 120 */
    "i", "i", "ij", "ij", "j", "j", "k",  "k", "k", "l", "l", "l", "l", "l", "l",  "l",  /* 130 */
    "l", "l", "l",  "n",  "n", "n", "n",  "n", "n", "n", "n", "n", "o", "o", "o",  "o",  /* 140 */
    "o", "o", "oe", "oe", "r", "r", "r",  "r", "r", "r", "s", "s", "s", "s", "s",  "s",  /* 150 */
    "s", "s", "t",  "t",  "t", "t", "t",  "t", "u", "u", "u", "u", "u", "u", "u",  "u",  /* 160 */
    "u", "u", "u",  "u",  "w", "w", "y",  "y", "y", "z", "z", "z", "z", "z", "z",  "s",  /* 170 */
};

enum class {
    CLASS_LETTER,
    CLASS_ALONE,   /* a word by itself */
    CLASS_GAP,     /* between words */
    CLASS_NOTHING, /* as if it were not there: accents apart from their letter, joiners */
};
static const struct {
    uint32_t first, last;
    enum class class;
} classes[] = {
    {0x00000, 0x0002f, CLASS_GAP},     {0x0003a, 0x00040, CLASS_GAP},
    {0x0005b, 0x00060, CLASS_GAP},     {0x0007b, 0x000bf, CLASS_GAP},
    {0x000d7, 0x000d7, CLASS_GAP},     {0x000f7, 0x000f7, CLASS_GAP},
    {0x00300, 0x0036f, CLASS_NOTHING}, {0x0037e, 0x0037e, CLASS_GAP},
    {0x0200b, 0x0200f, CLASS_NOTHING}, {0x02000, 0x02bff, CLASS_GAP},
    {0x03000, 0x0303f, CLASS_GAP},     {0x03040, 0x030ff, CLASS_ALONE},
    {0x03400, 0x09fff, CLASS_ALONE},   {0x0ac00, 0x0d7a3, CLASS_ALONE},
    {0x0e000, 0x0f8ff, CLASS_GAP},     {0x0fe00, 0x0fe0f, CLASS_NOTHING},
    {0x0fe10, 0x0fe6f, CLASS_GAP},     {0x0feff, 0x0feff, CLASS_NOTHING},
    {0x0fff0, 0x0ffff, CLASS_GAP},     {0x1f000, 0x1faff, CLASS_GAP},
    {0x20000, 0x3ffff, CLASS_ALONE},   {0xe0000, 0x10ffff, CLASS_GAP},
};

static enum class class_of(uint32_t c) {
    for (size_t i = 0; i < COUNT(classes);
         i++) if (c >= classes[i].first && c <= classes[i].last) return classes[i]
        .class;
    return CLASS_LETTER;
}

/* Takes one character off the front of what is left; 0 for bytes that are none. */
static uint32_t take_char(struct str *s)
{
    unsigned char lead = (unsigned char)s->ptr[0];
    size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    struct str bytes = str_sub(*s, 0, len);
    static const unsigned char bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = lead & bits[len];

    *s = str_from(*s, 1);
    if (len == 1)
        return c;
    for (size_t i = 1; i < bytes.len; i++) {
        if (((unsigned char)bytes.ptr[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | ((unsigned char)bytes.ptr[i] & 0x3f);
    }
    /* What is longer than it need be, a surrogate, or cut off is no character either. */
    if (lead < 0xc2 || lead > 0xf4 || bytes.len < len || (len == 3 && c < 0x800) ||
        (len == 4 && c < 0x10000) || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
        return 0;
    *s = str_from(*s, len - 1);
    return c;
}

static uint32_t lower(uint32_t c)
{
    static const uint32_t greek[] = {0x3ac, 0, 0x3ad, 0x3ae, 0x3af, 0, 0x3cc, 0, 0x3cd, 0x3ce};

    if ((c >= 'A' && c <= 'Z') || (c >= 0x391 && c <= 0x3ab) || (c >= 0x410 && c <= 0x42f))
        return c + 0x20;
    if (c >= 0x386 && c <= 0x38f && greek[c - 0x386])
        return greek[c - 0x386];
    if (c == 0x3c2) /* sigma at the end of a word */
        return 0x3c3;
    return c >= 0x400 && c <= 0x40f ? c + 0x50 : c;
}

static size_t put_char(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* A key that is being written. */
struct folder {
    struct buf *out;
    bool any;    /* it has a word */
    size_t word; /* bytes of the last word; 0: a new one is to begin */
};

static void put(struct folder *f, struct str letters)
{
    if (!f->word && f->any)
        buf_addc(f->out, '-');
    f->any = true;
    if (f->word + letters.len > SEARCH_WORD_MAX)
        return;
    f->word += letters.len;
    buf_add(f->out, letters);
}

static void put_folded(struct folder *f, uint32_t c)
{
    char bytes[4];

    if (c >= 0xc0 && c < 0xc0 + COUNT(latin))
        put(f, str_of(latin[c - 0xc0]));
    else
        put(f, (struct str){bytes, put_char(lower(c), bytes)});
}

void search_add_key(struct buf *out, struct str text)
{
    struct folder f = {.out = out};

    while (text.len) {
        uint32_t c = take_char(&text);

        if (c >= 0xff01 && c <= 0xff5e) /* of full width */
            c -= 0xff01 - '!';
        if (c == '+' && f.word && text.len && text.ptr[0] == '+') {
            text = str_from(text, 1);
            put(&f, S("pp"));
            continue;
        }
        switch (class_of(c)) {
        case CLASS_LETTER:
            put_folded(&f, c);
            break;
        case CLASS_ALONE:
            f.word = 0;
            put_folded(&f, c);
            f.word = 0;
            break;
        case CLASS_GAP:
            f.word = 0;
            break;
        case CLASS_NOTHING:
            break;
        }
    }
}

static struct str key_of(struct arena *mem, struct str text, const char *more)
{
    /* No character grows to more than three bytes for each of its own. */
    AUTO(buf_done) struct buf b = BUF_INIT(3 * text.len + 64);

    search_add_key(&b, text);
    if (b.len)
        buf_addz(&b, more);
    return buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
}

struct str search_key(struct arena *mem, struct str text)
{
    return key_of(mem, text, "");
}

struct str search_query_key(struct arena *mem, struct str text)
{
    struct str trimmed = str_trim(text);
    char last = trimmed.len ? trimmed.ptr[trimmed.len - 1] : 'x';

    return key_of(mem, text, last == '-' || last == '_' || last == '.' ? "-" : "");
}

/* ---- words ---- */

static bool has(const struct search_words *words, struct str word)
{
    for (size_t i = 0; i < words->count; i++)
        if (str_eq(words->items[i], word))
            return true;
    return false;
}

bool search_split(struct arena *mem, struct str key, size_t max, struct search_words *ret)
{
    struct search_words words = {arena_array(mem, struct str, max), 0};
    struct str rest = key, word;

    if (!words.items)
        return false;
    while (words.count < max && key.len && str_next(&rest, '-', &word))
        if (word.len && !has(&words, word))
            words.items[words.count++] = word;
    *ret = words;
    return true;
}

bool search_is_stop_word(struct str word)
{
    static const char *const words[] = {"a",   "an",   "and", "are",  "as", "at",   "be",  "by",
                                        "for", "from", "in",  "is",   "it", "its",  "of",  "on",
                                        "or",  "that", "the", "this", "to", "with", "your"};

    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq(word, str_of(words[i])))
            return true;
    return false;
}

/* ---- terms ---- */

/* Lengths, in characters, of the beginnings that are terms. Each more is about as long an index
 * again as all words are; those of long words tell enough of them. */
static const unsigned word_lengths[] = {1, 2, 3, 4, 5, 7};
/* Names are compared with what was written: what only begins alike ("provider" for "provides")
 * would be looked at in vain, thousands of times. */
static const unsigned name_word_lengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16};
static const unsigned beginning_lengths[] = {1, 2, 3, 4, 5, 7, 9, 12, 16};

static char letter_of(enum search_part part)
{
    return part == SEARCH_NAME ? 'n' : part == SEARCH_KEYWORD ? 'k' : 's';
}

/* The first characters of a word; all of a shorter one. */
static struct str first(struct str word, unsigned characters)
{
    size_t len = 0;

    for (; characters && len < word.len; characters--) {
        len++;
        while (len < word.len && ((unsigned char)word.ptr[len] & 0xc0) == 0x80)
            len++;
    }
    return str_sub(word, 0, len);
}

static void add_term(struct buf *out, char kind, struct str text)
{
    buf_addc(out, ' ');
    buf_addc(out, kind);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '-')
            buf_addc(out, text.ptr[i]);
}

static bool is_shorter(struct str word, unsigned characters)
{
    return first(word, characters - 1).len == word.len;
}

static const unsigned *lengths_of(enum search_part part, size_t *ret_count)
{
    *ret_count = part == SEARCH_NAME ? COUNT(name_word_lengths) : COUNT(word_lengths);
    return part == SEARCH_NAME ? name_word_lengths : word_lengths;
}

void search_add_word(struct buf *out, enum search_part part, struct str word, bool in_name)
{
    size_t count;
    const unsigned *lengths = lengths_of(part, &count);

    for (size_t i = 0; i < count && !is_shorter(word, lengths[i]); i++) {
        struct str start = first(word, lengths[i]);

        if (in_name || lengths[i] >= 3 || start.len == word.len)
            add_term(out, letter_of(part), start);
    }
}

/* The longest beginning that is a term. */
static struct str longest(struct str word, const unsigned *lengths, size_t count)
{
    struct str start = word;

    for (size_t i = 0; i < count && !is_shorter(word, lengths[i]); i++)
        start = first(word, lengths[i]);
    return start;
}

void search_add_word_query(struct buf *out, enum search_part part, struct str word)
{
    size_t count;
    const unsigned *lengths = lengths_of(part, &count);

    add_term(out, letter_of(part), longest(word, lengths, count));
}

/* A key without what parts its words. */
static size_t squash(struct str key, char out[SEARCH_WORD_MAX])
{
    size_t len = 0, i = 0;

    for (; i < key.len && len < SEARCH_WORD_MAX; i++)
        if (key.ptr[i] != '-')
            out[len++] = key.ptr[i];
    /* Not within a character. */
    if (i < key.len && ((unsigned char)key.ptr[i] & 0xc0) == 0x80) {
        while (((unsigned char)out[len - 1] & 0xc0) == 0x80)
            len--;
        len--;
    }
    return len;
}

void search_add_name(struct buf *out, struct str key)
{
    char bytes[SEARCH_WORD_MAX];
    struct str name = {bytes, squash(key, bytes)};

    add_term(out, 'e', name);
    for (size_t i = 0; i < COUNT(beginning_lengths); i++)
        if (!is_shorter(name, beginning_lengths[i]))
            add_term(out, 'b', first(name, beginning_lengths[i]));
}

void search_add_name_query(struct buf *out, struct str key)
{
    char bytes[SEARCH_WORD_MAX];

    add_term(out, 'e', (struct str){bytes, squash(key, bytes)});
}

void search_add_beginning_query(struct buf *out, struct str key)
{
    char bytes[SEARCH_WORD_MAX];
    struct str name = {bytes, squash(key, bytes)};

    add_term(out, 'b', longest(name, beginning_lengths, COUNT(beginning_lengths)));
}

void search_add_tag(struct buf *out, char kind, struct str value)
{
    static const char digits[] = "0123456789abcdef";

    buf_addc(out, ' ');
    buf_addc(out, kind);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if (c >= 0x80 || (c >= 'a' && c < 'z') || (c >= '0' && c <= '9')) {
            buf_addc(out, (char)c);
        } else { /* "z" as well, so that no two values are one */
            buf_addc(out, 'z');
            buf_addc(out, digits[c >> 4]);
            buf_addc(out, digits[c & 15]);
        }
    }
}

/* ---- typing mistakes ---- */

enum { STEM_LETTERS = 6, CORRECTABLE_MIN = 4 };

bool search_is_correctable(struct str word)
{
    for (size_t i = 0; i < word.len; i++)
        if ((unsigned char)word.ptr[i] >= 0x80)
            return false;
    return word.len >= CORRECTABLE_MIN && word.len <= SEARCH_WORD_MAX;
}

void search_add_stems(struct buf *out, struct str word)
{
    struct str start = str_sub(word, 0, STEM_LETTERS);

    buf_addc(out, ' ');
    buf_add(out, start);
    for (size_t i = 0; i < start.len; i++) {
        if (i && start.ptr[i] == start.ptr[i - 1])
            continue; /* the same stem again */
        buf_addc(out, ' ');
        buf_add(out, str_sub(start, 0, i));
        buf_add(out, str_from(start, i + 1));
    }
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* By rows of the usual table: three of them, since a swap looks back two. */
unsigned search_distance(struct str a, struct str b, unsigned max)
{
    unsigned rows[3][SEARCH_WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];

    if (a.len > SEARCH_WORD_MAX || b.len > SEARCH_WORD_MAX)
        return max + 1;
    for (size_t j = 0; j <= b.len; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *spare = before;

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned differ = a.ptr[i - 1] != b.ptr[j - 1];

            now[j] = least(last[j - 1] + differ, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        before = last;
        last = now;
        now = spare;
    }
    return least(last[b.len], max + 1);
}
