/* preview.h: what pages show of a file, made of its bytes in the sandbox each time it is asked for.
 *
 * Nothing of it is stored: what is right to show changes with the program, and the bytes stay. */
#ifndef CORE_PREVIEW_H
#define CORE_PREVIEW_H
#include "app.h"
#include "base/arena.h"
#include "base/err.h"
#include "store/file.h"

/* word: one that the reader of the file's kind knows besides its name, such as "ipynb/view". The
 * bytes are still outside bytes. At most two are made at once, and six wait: more is ERR_BUSY.
 * ERR_INVALID: there is nothing to show, and why. */
enum err_code preview_make(struct app *app, struct arena *mem, const struct file_row *file,
                           struct str word, struct str *ret, struct err *err) MUST_USE;

#endif
