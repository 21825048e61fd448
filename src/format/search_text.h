/* search_text.h: text as it is searched: folded, cut into words, and told as terms.
 *
 * Engines differ in how they cut and fold text, and none knows what a package's name is. So the
 * text is judged here, once for documents and queries: an index holds terms, which are equal or
 * not.
 *
 * The key of a text has its words, folded, with "-" between them: "Scikit_Learn" is "scikit-learn".
 * Words are runs of letters and digits; "++" counts as "pp", so that "C++" is "cpp". Letters lose
 * case and, if Latin, their accents. Ideographs, kana and Hangul syllables are words of their own.
 *
 * A term is a letter that tells what it is about, then letters and digits of any script in lower
 * case: it stands for itself in the queries of SQLite's FTS5 and of PostgreSQL. */
#ifndef FORMAT_SEARCH_TEXT_H
#define FORMAT_SEARCH_TEXT_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/* Bytes of one word; the rest of a longer one is left out. */
#define SEARCH_WORD_MAX 64

/* Appends the key. Bytes that are not UTF-8 part words, like blanks. */
void search_add_key(struct buf *out, struct str text);
/* The key of a document's text, in mem. ptr NULL: out of memory. */
struct str search_key(struct arena *mem, struct str text);
/* The same of what somebody types: "r-" keeps its "-", which tells that he wants "r-base" rather
 * than "rust". */
struct str search_query_key(struct arena *mem, struct str text);

struct search_words {
    struct str *items; /* parts of the key */
    size_t count;
};
/* The words of a key, each once, in its order; max of them. False: out of memory. */
bool search_split(struct arena *mem, struct str key, size_t max, struct search_words *ret) MUST_USE;
/* English words that tell nothing ("the", "with"). */
bool search_is_stop_word(struct str word);

/* Where a word stands. What is in the name or a keyword is text as well. */
enum search_part {
    SEARCH_NAME,
    SEARCH_KEYWORD,
    SEARCH_TEXT,
};
/* Appends the terms by which a word of a document is found: its beginnings, of some lengths. Each
 * term has a blank before it. in_name: the word is one of the name, of which one letter is enough.
 */
void search_add_word(struct buf *out, enum search_part part, struct str word, bool in_name);
/* Appends those by which a name is found as a whole, and by its beginning. */
void search_add_name(struct buf *out, struct str key);
/* Appends the term of a property: kind is a letter that nothing else has. */
void search_add_tag(struct buf *out, char kind, struct str value);
#define SEARCH_TAGS "almopt" /* access, label, licence, owner, platform, type */

/* Appends the one term that all documents have in which some word at this place begins so. They may
 * have it for a word that only begins alike: one of the name is compared by its key, which tells.
 */
void search_add_word_query(struct buf *out, enum search_part part, struct str word);
/* The same for names that are, or begin, so. */
void search_add_name_query(struct buf *out, struct str key);
void search_add_beginning_query(struct buf *out, struct str key);

/* ---- typing mistakes ---- */

/* Words of letters and digits of ASCII, of four at least, can be mistyped. */
bool search_is_correctable(struct str word);
/* Appends, with blanks before them, the stems of such a word: its first letters, as they are and
 * with one of them left out. Words that differ by one mistake near their beginning, and all that
 * differ later, have a stem in common. */
void search_add_stems(struct buf *out, struct str word);
/* Letters to add, to leave out, to change, or to swap with the next: how far one word is from the
 * other; more than max: max + 1. */
unsigned search_distance(struct str a, struct str b, unsigned max);

#endif
