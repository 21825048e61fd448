/* pypi_record.h: two lists inside a wheel: RECORD, of its files, and entry_points.txt, of the
 * commands that installing it makes. */
#ifndef FORMAT_PYPI_RECORD_H
#define FORMAT_PYPI_RECORD_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The paths of a RECORD (PEP 376, CSV), sorted, with "/" between segments. */
struct pypi_record {
    struct str *paths;
    size_t count;
};
/* ERR_INVALID: not CSV; ERR_NOMEM. Hashes and sizes are not looked at. */
enum err_code pypi_record_parse(struct arena *mem, struct str text, struct pypi_record *ret,
                                struct err *err) MUST_USE;
bool pypi_record_has(const struct pypi_record *r, struct str path);

/* Commands become files in a folder of programs, so a name like "../x" must not reach clients.
 * text: entry_points.txt. ERR_INVALID: a name in [console_scripts] or [gui_scripts] has other
 * characters than letters, digits, ".", "_" and "-". */
enum err_code pypi_check_commands(struct str text, struct err *err) MUST_USE;

#endif
