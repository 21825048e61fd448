/* kind_guess.h: of what kind a file is, and of which package and version, by its name alone: for
 * those who send one without saying so. */
#ifndef CORE_KIND_GUESS_H
#define CORE_KIND_GUESS_H
#include "core/kind.h"

/* filename: without folders. A name that tells nothing is that of a plain file. */
const struct kind *kind_guess(struct arena *mem, struct str filename);

/* Fills package and version of the path as far as they are empty and the name of a file of this
 * kind tells them. The version stays empty where names hold none. ERR_INVALID: the name breaks a
 * rule of the kind; ERR_UNPROCESSABLE (field "package"): nothing in it can be the name of a
 * package. */
enum err_code kind_guess_path(const struct kind *k, struct arena *mem, struct str filename,
                              struct file_path *path, struct err *err) MUST_USE;

#endif
