/* pypi_match.h: does a version fit what a requirement asks for (PEP 440, "Version specifiers")? */
#ifndef FORMAT_PYPI_MATCH_H
#define FORMAT_PYPI_MATCH_H
#include "format/pypi_requirement.h"
#include "format/pypi_version.h"

/* text: the version as it is written. Pre-releases fit only where a specifier names one, as pip and
 * uv take them. False also for a version that is none, and when mem, which is for passing use, is
 * used up. */
bool pypi_match(struct arena *mem, const struct pypi_specifiers *specifiers,
                struct str text) MUST_USE;

#endif
