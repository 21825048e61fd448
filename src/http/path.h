/* path.h: the one place where a request target becomes path segments.
 *
 * Decoded once, before routing, so that every later decision sees the same bytes. Refused with
 * ERR_INVALID: malformed escapes, %2f, NUL and other control characters, backslash, "." and
 * ".." segments in any spelling, empty segments, bytes that are not UTF-8. */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H
#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

struct path {
    struct str seg[LIMIT_PATH_SEGMENTS]; /* decoded */
    size_t count;                        /* 0 for "/" */
    bool trailing_slash;                 /* "/a/b/": count 2, true. "/": count 0, true */
    struct str query;                    /* after "?", undecoded, without it */
};

/* target: origin form ("/a?b") or absolute form ("http://host/a?b"), RFC 9112 3.2.
 * The segments lie in the arena. ERR_TOO_BIG over LIMIT_PATH or LIMIT_PATH_SEGMENTS. */
enum err_code path_parse(struct arena *mem, struct str target, struct path *ret_path,
                         struct err *err) MUST_USE;

/* Segments [from, count) joined with "/". ptr == NULL when out of memory. */
struct str path_tail(struct arena *mem, const struct path *p, size_t from);

/* First value of a query field, form-decoded; false when absent or malformed. */
bool path_query(struct arena *mem, const struct path *p, struct str name, struct str *ret_value);

#endif
