/* file_remove.h: several files of an owner, removed at once. */
#ifndef CORE_FILE_REMOVE_H
#define CORE_FILE_REMOVE_H
#include "core/choice.h"

/* All or nothing, in one transaction with the indexes and the audit rows; their packages and
 * releases stay. May be called by anybody, for whom it asks core/access. ERR_UNPROCESSABLE: a
 * choice names no file, but all of something, or one is named twice; else as file_remove. What is
 * wrong with choices is in *ret_errors. */
enum err_code files_remove(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct choices *in, struct choice_errors *ret_errors,
                           struct err *err) MUST_USE;

#endif
