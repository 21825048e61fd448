/* conda_version.h: versions as conda orders them (CEP 33). */
#ifndef FORMAT_CONDA_VERSION_H
#define FORMAT_CONDA_VERSION_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct conda_version; /* in the arena */
enum err_code conda_version_parse(struct arena *mem, struct str s, const struct conda_version **ret,
                                  struct err *err) MUST_USE;
int conda_version_cmp(const struct conda_version *a, const struct conda_version *b); /* <0, 0, >0 */

#endif
