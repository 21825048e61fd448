/* version_order.h: which of two versions is newer, whatever kind of files they are of.
 *
 * One package may hold files of several kinds, and has one newest version. Conda's order (CEP 33)
 * is also that of R's versions, where "-" is another ".", of Python's, but for rare spellings, and
 * of dates. What conda could not read is older than what it can, and ordered by its bytes. */
#ifndef FORMAT_VERSION_ORDER_H
#define FORMAT_VERSION_ORDER_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/conda_version.h"

struct version_order {
    const struct conda_version *parsed; /* NULL: conda could not read it */
    struct str text;
};
/* text is borrowed; what is parsed lies in mem. ERR_NOMEM alone. */
enum err_code version_order_of(struct arena *mem, struct str text, struct version_order *ret,
                               struct err *err) MUST_USE;
/* < 0: a is older; 0: equally new, which "1.0" and "1.0.0" are. */
int version_order_cmp(const struct version_order *a, const struct version_order *b);

#endif
