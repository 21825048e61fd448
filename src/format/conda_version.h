/* conda_version.h: versions as conda orders them (CEP 33). */
#ifndef FORMAT_CONDA_VERSION_H
#define FORMAT_CONDA_VERSION_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct conda_version; /* in the arena */
enum err_code conda_version_parse(struct arena *mem, struct str s, const struct conda_version **ret,
                                  struct err *err) MUST_USE;
/* Does v begin with the prefix: is "1.12" of "1.1.*"? (No; "1.1.2" and "1.1" are.) The prefix's
 * last part may be the beginning of a word: "1.0a" of "1.0alpha". */
bool conda_version_starts(const struct conda_version *v, const struct conda_version *prefix);
int conda_version_cmp(const struct conda_version *a, const struct conda_version *b); /* <0, 0, >0 */

#endif
