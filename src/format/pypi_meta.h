/* pypi_meta.h: the core metadata of a Python distribution, judged and made into what is kept.
 *
 * All versions that were ever in use are read: 1.0 to 1.2 (PEP 241, 314, 345), 2.1 to 2.5 (PEP 566,
 * 643, 685, 639, 794), and those that tools wrote before their time (1.3, 2.0). */
#ifndef FORMAT_PYPI_META_H
#define FORMAT_PYPI_META_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/pypi_filename.h"

struct pypi_meta {
    struct str name, version;          /* as the file spells them */
    const struct pypi_version *parsed; /* the version */
    struct str requires_python;        /* ">=3.8", one that clients can read; empty: any */

    /* What the distribution says of itself, each only if it does: summary, description,
     * description_content_type, home, dev_url, doc_url, download_url, project_urls {label: url},
     * license, license_expression, author, author_email, maintainer, maintainer_email,
     * requires_python, keywords, classifiers, platform, requires_dist, provides_extra, dynamic,
     * license_files, import_names, import_namespaces (lists). URLs are http(s) or left out;
     * over-long texts are cut at a character border. One reference. */
    json_t *about;

    /* {has_dep_errors, depends, extras, environments} as anaconda-client tells them: lists of
     * {name, specs: [[op, version]]}, those of extras and environments under a name. */
    json_t *dependencies;
};
void pypi_meta_done(struct pypi_meta *m);

/* text: the bytes of METADATA or PKG-INFO. ERR_INVALID: no or unknown Metadata-Version, no
 * readable Name or Version, two of one of those, or a Requires-Python that nobody can read;
 * ERR_TOO_BIG: too many lines; ERR_NOMEM. A requirement that cannot be read is told in
 * has_dep_errors: many are published. *ret is untouched on failure. */
enum err_code pypi_meta_parse(struct arena *mem, struct str text, struct pypi_meta *ret,
                              struct err *err) MUST_USE;

/* Name and version are those of the file's name, which may spell them otherwise. ERR_INVALID. */
enum err_code pypi_meta_check_filename(const struct pypi_meta *m, const struct pypi_filename *f,
                                       struct err *err) MUST_USE;

/* {packagetype, python_version, ...}: what anaconda-client calls the attributes of such a file, and
 * its platform. A new value; NULL when out of memory. */
json_t *pypi_attrs(const struct pypi_filename *f);

#endif
