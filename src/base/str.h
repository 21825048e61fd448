/* str.h: borrowed runs of bytes, passed by value. Not NUL-terminated. */
#ifndef BASE_STR_H
#define BASE_STR_H
#include "base/arena.h"
#include "base/common.h"

struct str {
    const char *ptr;
    size_t len;
};
#define S(lit)     ((struct str){"" lit, sizeof(lit) - 1})
#define STR_FMT    "%.*s" /* printf("..." STR_FMT, STR_ARG(s)) */
#define STR_ARG(s) (int)((s).len > 256 ? 256 : (s).len), ((s).ptr ? (s).ptr : "")

struct str str_of(const char *z); /* of a NUL-terminated string; empty for NULL */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
int str_cmp(struct str a, struct str b);        /* byte order, shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_has(struct str s, char c);
struct str str_from(struct str s, size_t from);            /* tail; empty if from > len */
struct str str_sub(struct str s, size_t from, size_t len); /* clipped to s */
struct str str_trim(struct str s);                         /* blanks and tabs at both ends */

/* Splits *rest at the first sep; false, and nothing changed, if there is none. */
bool str_cut(struct str *rest, char sep, struct str *ret_head);
/* Splits s at the last sep into head and tail; false, and nothing changed, if there is none. */
bool str_cut_last(struct str s, char sep, struct str *ret_head, struct str *ret_tail);
/* Takes the next sep-separated item off *rest; false once *rest is used up (ptr == NULL). */
bool str_next(struct str *rest, char sep, struct str *ret_item);

/* Decimal digits only, no sign, no blanks; false when empty, malformed or over max. */
bool str_u64(struct str s, uint64_t max, uint64_t *ret_value);

/* Copies into an arena. ptr == NULL when out of memory. */
struct str str_dup(struct arena *a, struct str s);
struct str str_lower(struct arena *a, struct str s); /* ASCII */
struct str str_fmt(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
char *str_z(struct arena *a,
            struct str s); /* NUL-terminated copy for libc; NULL when out of memory */

#endif
