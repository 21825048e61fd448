/* trash_restore.h: puts back what was removed, as it was: rows with their numbers, labels, access,
 * collaborators, permissions of groups. The bytes never went. */
#ifndef CORE_TRASH_RESTORE_H
#define CORE_TRASH_RESTORE_H
#include "core/trash.h"

/* One transaction with the indexes and the audit rows. All of the item or nothing: a release is
 * made again for its files where it is gone, but a package only with the item that has it.
 *
 * Errors of trash_require with RIGHT_WRITE; ERR_CONFLICT: something else has the name of the
 * package or of a file by now, or had it since and it stays reserved, the package is in the trash
 * itself, or a label is locked; ERR_DENIED: the actor's token is not for a label. */
enum err_code trash_restore(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str owner, struct str number, struct trash_row *ret,
                            struct err *err) MUST_USE;

#endif
