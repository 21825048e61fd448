/* plain_kind.h: files that are kept as they are: "file", "installer", "project". Nothing is read of
 * them; each release has a name space of its own. See core/kind.h. */
#ifndef CORE_PLAIN_KIND_H
#define CORE_PLAIN_KIND_H
#include "core/kind.h"

extern const struct kind file_kind, installer_kind, project_kind;

/* For kinds whose files are named within their release: the place of one. */
enum err_code plain_place(struct arena *mem, const struct file_path *path, struct file_row *ret,
                          struct err *err) MUST_USE;

#endif
