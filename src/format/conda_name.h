/* conda_name.h: the grammar of names in conda channels (CEP 26). */
#ifndef FORMAT_CONDA_NAME_H
#define FORMAT_CONDA_NAME_H
#include "base/err.h"
#include "base/str.h"

enum conda_format { CONDA_TAR_BZ2, CONDA_V2 }; /* ".tar.bz2", ".conda" */

/* "numpy-2.1.0-py312_0.conda": parts borrowed from the input. */
struct conda_filename {
    struct str name, version, build;
    struct str stem; /* without the extension */
    enum conda_format format;
};
enum err_code conda_filename_parse(struct str in, struct conda_filename *ret,
                                   struct err *err) MUST_USE;
const char *conda_format_ext(enum conda_format f); /* ".conda", with the dot */

/* Each: OK, or ERR_INVALID with the value and the rule in the message. */
enum err_code conda_check_name(struct str s,
                               struct err *err) MUST_USE; /* also refuses "__*" virtual names */
enum err_code conda_check_version_text(struct str s,
                                       struct err *err) MUST_USE; /* alphabet and length only */
enum err_code conda_check_build(struct str s, struct err *err) MUST_USE;
enum err_code conda_check_subdir(struct str s, struct err *err) MUST_USE;
enum err_code conda_check_label(struct str s, struct err *err)
    MUST_USE; /* also "//", "." and ".." parts, and any part that is a known subdir or "t" */

/* The subdirs that clients know by name; also words that no login, label part or mount may be. */
bool conda_known_subdir(struct str s);
extern const char *const conda_known_subdirs[]; /* NULL-terminated, "noarch" first */

#endif
