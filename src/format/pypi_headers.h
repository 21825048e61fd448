/* pypi_headers.h: "Name: value" lines and a body, as METADATA, PKG-INFO and WHEEL files have them.
 *
 * They are read as Python's email.parser reads them, because that is what pip and most other
 * clients use: lines end at CR, LF or both; a line that begins with a blank goes on with the one
 * before; the first line that is no header ends the headers. What is not UTF-8 is taken for
 * Latin-1, in which old files are written. */
#ifndef FORMAT_PYPI_HEADERS_H
#define FORMAT_PYPI_HEADERS_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct pypi_header {
    struct str name;
    struct str value; /* with the ends and the blanks of folded lines still in it */
};
struct pypi_headers {
    struct pypi_header *items; /* in the order of the file */
    size_t count;
    struct str body; /* what follows the empty line; may be empty */
};

/* All texts lie in mem and are UTF-8; only "\n" ends lines. ERR_TOO_BIG: more than
 * LIMIT_PYPI_HEADERS; ERR_NOMEM. There is no malformed input: at worst all of it is body. */
enum err_code pypi_headers_parse(struct arena *mem, struct str text, struct pypi_headers *ret,
                                 struct err *err) MUST_USE;

/* How many headers have this name (in any case); *ret_value: the value of the first. */
size_t pypi_headers_find(const struct pypi_headers *h, struct str name, struct str *ret_value);

/* A value as one line: folded lines are joined by single blanks, control characters become
 * blanks, and there are none at the ends. ptr == NULL when out of memory. */
struct str pypi_header_line(struct arena *mem, struct str value);

/* A value as lines: without the indentation that folding needed (eight blanks, or seven and a
 * "|"), and without control characters but line ends and tabs. ptr == NULL when out of memory. */
struct str pypi_header_lines(struct arena *mem, struct str value);

/* A body, likewise without control characters. ptr == NULL when out of memory. */
struct str pypi_body_lines(struct arena *mem, struct str body);

#endif
