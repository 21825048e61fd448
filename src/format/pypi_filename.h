/* pypi_filename.h: what the file name of a Python distribution says.
 *
 * Wheels: the binary distribution format (PEP 427 and its successor at packaging.python.org).
 * Source distributions: PEP 625, and what was usual before it. Eggs: setuptools' egg format. Names
 * and versions may be spelled in ways that are no longer normal, as those of many published files
 * are; what is compared are normalised names and parsed versions. */
#ifndef FORMAT_PYPI_FILENAME_H
#define FORMAT_PYPI_FILENAME_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/pypi_version.h"

enum pypi_kind { PYPI_WHEEL, PYPI_SDIST, PYPI_EGG };
enum pypi_packing { PYPI_ZIP, PYPI_TAR_GZ, PYPI_TAR_BZ2 };

/* Texts are borrowed from the input. */
struct pypi_filename {
    enum pypi_kind kind;
    enum pypi_packing packing;
    struct str name, version;
    const struct pypi_version *parsed; /* the version; in the arena */
    struct str build;                  /* wheels: "1" of "-1-"; empty when there is none */
    struct str python;                 /* wheels: "py2.py3"; eggs: "py3.8", or empty */
    struct str abi;                    /* wheels: "cp311.abi3" */
    struct str platform;               /* wheels: "any"; eggs: "linux-x86_64", or empty */
};

/* project: whose file it should be, or empty if that is not known. The name of a source
 * distribution can be taken apart in several ways ("a-1-2.tar.gz"), of which that of the project
 * is meant; without it the version is as short as can be. ERR_INVALID: the name breaks a rule, or
 * is that of another project; ERR_NOMEM. */
enum err_code pypi_filename_parse(struct arena *mem, struct str in, struct str project,
                                  struct pypi_filename *ret, struct err *err) MUST_USE;

/* The word for it in metadata: "bdist_wheel", "sdist", "bdist_egg". */
const char *pypi_packagetype(enum pypi_kind kind);

#endif
