/* conda_match.h: does a package fit a MatchSpec (CEP 29)? */
#ifndef FORMAT_CONDA_MATCH_H
#define FORMAT_CONDA_MATCH_H
#include "format/conda_spec.h"
#include "format/conda_version.h"

/* The version against spec->version, which conda_spec_parse() made. mem is for passing use; false
 * also when it is used up. "=1.2" is "1.2.*", but 1.2 itself where a build is told as well, as
 * conda reads "name=1.2=build". */
bool conda_match_version(struct arena *mem, const struct conda_spec *spec,
                         const struct conda_version *version) MUST_USE;
/* The build string against spec->build, in which "*" stands for any text. */
bool conda_match_build(const struct conda_spec *spec, struct str build) MUST_USE;

#endif
