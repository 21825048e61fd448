/* query.h: the query of a URL ("a=1&b=x%20y"), as the fields that a route knows.
 *
 * Stricter than a form: what is not known, given twice or malformed is refused rather than left
 * out of account, because a filter that was mistyped must not show everything. */
#ifndef FORMAT_QUERY_H
#define FORMAT_QUERY_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct query_field {
    const char *name; /* static: failures name it */
    struct str value; /* decoded; left alone unless the field is given and not empty */
};

/* Fills the values of the fields. They are UTF-8 without control characters. ERR_UNPROCESSABLE
 * names the field that is at fault, where it is a known one. */
enum err_code query_read(struct arena *mem, struct str query, struct query_field *fields,
                         size_t count, struct err *err) MUST_USE;
/* The same, where one field, not NULL, may be given several times: its values come with "," between
 * them. */
enum err_code query_read_many(struct arena *mem, struct str query, struct query_field *fields,
                              size_t count, const struct query_field *many,
                              struct err *err) MUST_USE;

/* A page of a list: what comes after the place `before`, which the page ahead of it gave as "next",
 * and at most `limit` of it. */
struct query_page {
    int64_t before; /* INT64_MAX: from the beginning */
    int64_t limit;  /* from 1 to a maximum */
};
/* Reads the fields "before" and "limit" of a query that may have no others. *ret: what `limit` is
 * unless the query says it. ERR_UNPROCESSABLE names the field that is at fault. */
enum err_code query_read_page(struct arena *mem, struct str query, int64_t limit_max,
                              struct query_page *ret, struct err *err) MUST_USE;

#endif
