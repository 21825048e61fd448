/* search_spell.h: what somebody may have meant who mistyped the name of a package. */
#ifndef CORE_SEARCH_SPELL_H
#define CORE_SEARCH_SPELL_H
#include "base/arena.h"
#include "base/err.h"
#include "format/search_text.h"
#include "store/db.h"
#include "store/search_find.h"

/* The words with one or more of them corrected, all other words being as they were. */
struct search_guess {
    struct search_words words;
    unsigned mistakes;
};
struct search_guesses {
    struct search_guess *items; /* those with the fewest mistakes first, then the shortest */
    size_t count;
};
/* Words of names of any packages, whoever may see them: what a guess leads to must be asked for as
 * anything else is. No guess without a mistake. All lies in mem. */
enum err_code search_guess(struct tx *tx, struct arena *mem, const struct search_words *words,
                           struct search_guesses *ret, struct err *err) MUST_USE;
#define SEARCH_GUESSES 16 /* at most: each is asked for by itself */

#endif
