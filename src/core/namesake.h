/* namesake.h: packages that are told apart here and taken for one by clients.
 *
 * To Python's clients my-pkg, my_pkg and My.Pkg are one project, and all its files are offered
 * together. So whoever publishes to one of them publishes to all, and must be allowed to: else
 * somebody who may change one package could slip files into another. */
#ifndef CORE_NAMESAKE_H
#define CORE_NAMESAKE_H
#include "core/kind.h"

/* Packages that have files of the same project as a file that was placed, but for its own. */
struct namesakes {
    const struct kind *kind;
    int64_t package_id; /* of the file */
    struct file_name project;
    struct name_list others;
};

/* Finds them, and asks for each whether the actor may publish to it. file: placed, with account_id
 * and package_id. Kinds without projects have none. Not within a transaction. ERR_DENIED. */
enum err_code namesakes_check(struct app *app, struct arena *mem, const struct actor *actor,
                              const struct kind *kind, struct str owner,
                              const struct file_row *file, struct namesakes *ret,
                              struct err *err) MUST_USE;

/* Within the transaction that adds the file: are there only those that were asked about? ERR_BUSY:
 * another was published to meanwhile. */
enum err_code namesakes_check_again(struct tx *tx, struct arena *mem, const struct namesakes *n,
                                    struct err *err) MUST_USE;

#endif
