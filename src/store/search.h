/* search.h: what packages are found by: derived rows, one for each package, and the words of names.
 * Queries are in store/search_find. core/search_doc makes the rows; format/search_text the terms.
 *
 * Most of what is searched is either rare, and quickly found, or so common that only what ranks
 * first will be looked at. For the latter there are small tables beside the one of all terms, with
 * the terms of the packages that rank first: some 2,000, 20,000 and 200,000 of them. A floor says
 * from which rank on each is complete. Floors only rise. */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H
#include "base/arena.h"
#include "store/access_level.h"
#include "store/db.h"

/* The table of all terms is level 0; the larger the number, the fewer packages. */
#define SEARCH_LEVELS 4

/* Higher for what was downloaded more, then for what was changed later: the first 19 bits are the
 * downloads (those beyond 262,143 in steps of a hundredth), then comes the time. */
int64_t search_rank(int64_t downloads, int64_t updated_ms);

/* What a package is found by. */
struct search_doc {
    int64_t package_id, account_id;
    enum access_level access;
    struct str name_key, keyword_key;    /* of format/search_text */
    struct str types, platforms, labels; /* blank-separated */
    struct str license;                  /* empty: it says none */
    struct str terms;                    /* blank-separated, each once */
    int64_t downloads, favorites, updated_ms;
};
/* Writes the package's row and terms, or writes them anew. */
enum err_code search_put(struct tx *tx, const struct search_doc *doc, struct err *err) MUST_USE;
/* Brings the row of a package up to its downloads and favorites. Without a row nothing is done. */
enum err_code search_recount(struct tx *tx, int64_t package_id, struct err *err) MUST_USE;
/* Before a package goes, or an account with all it has: the rows would go with it, the terms are to
 * be removed. */
enum err_code search_forget(struct tx *tx, int64_t package_id, struct err *err) MUST_USE;
enum err_code search_forget_account(struct tx *tx, int64_t account_id, struct err *err) MUST_USE;

/* What a package's row is made of, read from the package, its files and labels. */
struct search_facts {
    struct search_doc doc; /* without keys and terms */
    struct str owner, name, summary, attrs;
    struct str *labels; /* that its files carry, by name, max_labels at most */
    size_t label_count;
};
/* ERR_NOT_FOUND: there is no such package. Texts lie in mem. */
enum err_code search_facts(struct tx *tx, struct arena *mem, int64_t package_id, int64_t max_labels,
                           struct search_facts *ret, struct err *err) MUST_USE;

/* ---- words of names ---- */

/* Is the word there under this stem (of format/search_text)? */
enum err_code search_word_has(struct tx *tx, struct str stem, struct str word, bool *ret_has,
                              struct err *err) MUST_USE;
enum err_code search_word_add(struct tx *tx, struct str stem, struct str word,
                              struct err *err) MUST_USE;
enum err_code search_words_forget(struct tx *tx, struct err *err) MUST_USE; /* all of them */
#define SEARCH_STEMS 7
struct search_word_list {
    struct str *items;
    size_t count;
};
/* The words that have one of the stems, of which those that are not needed are empty, and between
 * min and max bytes, in the order of their bytes; limit at most. */
enum err_code search_words_near(struct tx *tx, struct arena *mem,
                                const struct str stems[SEARCH_STEMS], int64_t min, int64_t max,
                                int64_t limit, struct search_word_list *ret,
                                struct err *err) MUST_USE;

/* ---- levels ---- */

/* From which rank on the table of a level has all packages of those who see no more than public
 * ones (hidden false), or of everybody. floors[0] is 0. */
enum err_code search_floors(struct tx *tx, bool hidden, int64_t ret_floors[SEARCH_LEVELS],
                            struct err *err) MUST_USE;
/* How many packages of a kind, public or hidden, a level has; no more than max are counted. */
enum err_code search_level_count(struct tx *tx, int level, bool hidden, int64_t max,
                                 int64_t *ret_count, struct err *err) MUST_USE;
/* Raises the floor so that about `keep` packages of the kind are over it. */
enum err_code search_level_raise(struct tx *tx, int level, bool hidden, int64_t keep,
                                 struct err *err) MUST_USE;
/* Takes up to max packages out of tables whose floors they are under: a TX_WRITE alone. *ret_count:
 * how many. */
enum err_code search_level_trim(struct tx *tx, struct arena *mem, int64_t max, int64_t *ret_count,
                                struct err *err) MUST_USE;

/* ---- packages that were there before ---- */

/* How far they have come: made for programs of this form, up to this package. */
enum err_code search_progress(struct tx *tx, int64_t *ret_form, int64_t *ret_filled,
                              struct err *err) MUST_USE;
enum err_code search_progress_set(struct tx *tx, int64_t form, int64_t filled,
                                  struct err *err) MUST_USE;
/* The numbers of the packages that come next, in mem. */
struct search_id_list {
    int64_t *items;
    size_t count;
};
enum err_code search_packages_after(struct tx *tx, struct arena *mem, int64_t package_id,
                                    int64_t max, struct search_id_list *ret,
                                    struct err *err) MUST_USE;

#endif
