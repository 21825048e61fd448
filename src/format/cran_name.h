/* cran_name.h: names in CRAN-like repositories: packages, versions, files and trees.
 *
 * The grammar of names and versions is that of "Writing R Extensions", 1.1.1; all 12,084 packages
 * of CRAN keep it, so no leniency for real data is needed. */
#ifndef FORMAT_CRAN_NAME_H
#define FORMAT_CRAN_NAME_H
#include "base/err.h"
#include "base/str.h"

/* Each: OK, or ERR_INVALID with the value and the rule in the message. */
enum err_code cran_check_package(struct str s, struct err *err) MUST_USE;
enum err_code cran_check_version(struct str s, struct err *err) MUST_USE;

/* <0, 0, >0, as R's package_version: number by number, "." and "-" alike, and the shorter one first
 * if it is the begin of the longer one. Both must have passed cran_check_version(). */
int cran_version_cmp(struct str a, struct str b);

enum cran_form {
    CRAN_TAR_GZ, /* "P_1.0.tar.gz": a source package, or a binary of Linux in a tree of its own */
    CRAN_ZIP,    /* "P_1.0.zip": a binary for Windows */
    CRAN_TGZ,    /* "P_1.0.tgz": a binary for macOS */
    CRAN_LINUX   /* "P_1.0_R_x86_64-pc-linux-gnu.tar.gz", as R CMD INSTALL --build names it */
};
/* Parts borrowed from the input. */
struct cran_filename {
    struct str package, version;
    struct str platform; /* of CRAN_LINUX: "x86_64-pc-linux-gnu"; else empty */
    enum cran_form form;
};
enum err_code cran_filename_parse(struct str in, struct cran_filename *ret,
                                  struct err *err) MUST_USE;
const char *cran_form_ext(enum cran_form f); /* ".tar.gz", with the dot */
/* The tree where such files belong, in words: "bin/windows/contrib/X.Y". */
const char *cran_form_tree(enum cran_form f);

/* A place that R calls a contrib URL: "src/contrib" or "bin/SYSTEM[/FLAVOUR]/contrib/X.Y", as
 * "bin/windows/contrib/4.2" and "bin/macosx/big-sur-arm64/contrib/4.2". Parts borrowed. */
struct cran_tree {
    struct str path;      /* as it was given */
    struct str system;    /* "windows"; empty: sources */
    struct str flavour;   /* "big-sur-arm64", or empty */
    struct str r_version; /* "4.2"; empty: sources */
};
/* in: without slashes at its ends. */
enum err_code cran_tree_parse(struct str in, struct cran_tree *ret, struct err *err) MUST_USE;
/* May a file of this name lie in this tree? Sources are .tar.gz; Windows has .zip, macOS .tgz,
 * every other system .tar.gz. ERR_INVALID, with what belongs there and where the file does. */
enum err_code cran_tree_admits(const struct cran_tree *tree, const struct cran_filename *file,
                               struct err *err) MUST_USE;

#endif
