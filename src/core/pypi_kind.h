/* pypi_kind.h: Python distributions: wheels, source distributions, eggs. See core/kind.h.
 *
 * Names are unique in an account: name_key is "project/file name", the project normalised (PEP 503)
 * and the rest in lower case. So the files of a project stand together under its one spelling,
 * however the package, the file and the metadata spell it. anaconda-client names packages as the
 * metadata does, which differs between the files of one project: they may be in several packages
 * (core/namesake).
 *
 * record: what anaconda-client calls the attributes (packagetype, python_version, build_no, abi),
 * and platform. about: see format/pypi_meta.h. facts: metadata, the exact bytes of METADATA or
 * PKG-INFO in base64; metadata_sha256; dependencies as anaconda-client tells them. */
#ifndef CORE_PYPI_KIND_H
#define CORE_PYPI_KIND_H
#include "core/kind.h"

extern const struct kind pypi_kind;

#endif
