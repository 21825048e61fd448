/* cran_desc.h: the DESCRIPTION of an R package ("Writing R Extensions", 1.1.1).
 *
 * It is one record of lines "Field: value", where a line that begins with a blank goes on with the
 * value before. What is read here ends up in the indexes of other people's clients, which have the
 * same form; so whatever R and other readers take differently is refused, not mended. */
#ifndef FORMAT_CRAN_DESC_H
#define FORMAT_CRAN_DESC_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/cran_name.h"

/* An object with a string in UTF-8 for each field, one reference. Blanks around lines are gone; the
 * lines of a value are parted by "\n". Encoding may be UTF-8, latin1, latin2 or latin9; without it
 * what is not UTF-8 is read as latin1. Package and Version are there and well-formed.
 *
 * ERR_INVALID, with the line or field and what is wrong with it: a byte order mark, which R does
 * not read past; a line that is neither field nor continuation; text after an empty line, which
 * would be a second record; a field that is there twice, of which R takes the last; control
 * characters and line ends of other systems; characters that are not of the encoding. ERR_TOO_BIG:
 * over LIMIT_INFO_MEMBER or LIMIT_CRAN_FIELDS. ERR_NOMEM. */
enum err_code cran_desc_parse(struct str text, json_t **ret_fields, struct err *err) MUST_USE;

/* Do the fields describe the file of this name, and could clients read them in an index? Its
 * package and version are the file's; Depends, Imports, LinkingTo, Suggests and Enhances are lists
 * of packages; OS_type and NeedsCompilation have values that R knows. ERR_INVALID. */
enum err_code cran_desc_check(const json_t *fields, const struct cran_filename *file,
                              struct err *err) MUST_USE;

/* A field on one line: runs of white space are one blank. ptr NULL: there is no such field, it is
 * empty, or out of memory. */
struct str cran_desc_line(struct arena *mem, const json_t *fields, const char *field);

/* The fields that indexes have, in the order of tools::write_PACKAGES: first those of every tree,
 * Package and Version before all; then one that trees of sources have, and one of binaries. */
enum {
    CRAN_PACKAGE,
    CRAN_VERSION,
    CRAN_EVERYWHERE = 13, /* so many are of every tree */
    CRAN_NEEDS_COMPILATION = CRAN_EVERYWHERE,
    CRAN_BUILT,
    CRAN_INDEXED
};
extern const char *const cran_indexed[CRAN_INDEXED];

/* Of the fields those that indexes have, each on one line; one reference. compiled: there is
 * something to compile in the package, which is what R says if NeedsCompilation does not.
 * ERR_NOMEM. */
enum err_code cran_desc_index(struct arena *mem, const json_t *fields, bool compiled,
                              json_t **ret_index, struct err *err) MUST_USE;

#endif
