/* conda_spec.h: is this text a MatchSpec that every client can read (CEP 29)? */
#ifndef FORMAT_CONDA_SPEC_H
#define FORMAT_CONDA_SPEC_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct conda_spec {
    struct str name;    /* lower case, in mem; may be virtual ("__glibc") */
    struct str version; /* in mem, without blanks; empty: any */
    struct str build;   /* borrowed; empty: any */
    bool conditional;   /* has [when=...]: only records of repodata v3 may (CEP 43, CEP 48) */
};
/* Parses "name", "name version", "name version build", "name[key=value,...]", "channel::name ..."
 * and their "=" forms, as they stand in depends and constrains. ERR_INVALID where conda, libmamba
 * or rattler would fail; among others on globs in the name, regular expressions and comments. */
enum err_code conda_spec_parse(struct arena *mem, struct str s, struct conda_spec *ret,
                               struct err *err) MUST_USE;

#endif
