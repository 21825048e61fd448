/* pypi_requirement.h: what one distribution asks of others and of Python (PEP 508, PEP 440).
 *
 * Read as widely as pip and uv read published files: with or without parentheses around the
 * versions, and with ".*" behind any operator. */
#ifndef FORMAT_PYPI_REQUIREMENT_H
#define FORMAT_PYPI_REQUIREMENT_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* ">=1.0": texts borrowed from the input. */
struct pypi_specifier {
    struct str op, version;
};
struct pypi_specifiers {
    struct pypi_specifier *items;
    size_t count;
};
/* ">=3.8, !=3.9.*", or nothing: any version. ERR_INVALID, ERR_NOMEM. */
enum err_code pypi_specifiers_parse(struct arena *mem, struct str s, struct pypi_specifiers *ret,
                                    struct err *err) MUST_USE;

/* 'requests[socks] >=2.0; extra == "net"'. Texts are borrowed from the input. */
struct pypi_requirement {
    struct str name;
    struct str extras; /* what is between "[" and "]" */
    struct pypi_specifiers specifiers;
    struct str url;    /* what follows "@" */
    struct str marker; /* what follows ";" */
    struct str extra;  /* "net" when the marker asks for an extra */
};
enum err_code pypi_requirement_parse(struct arena *mem, struct str s, struct pypi_requirement *ret,
                                     struct err *err) MUST_USE;

#endif
