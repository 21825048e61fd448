/* audit.h: one row of the security log, in the transaction of the action it tells of. */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H
#include "core/actor.h"
#include "store/db.h"

/* action: "file.create"; object: what it was done to, as str_fmt gives it: ptr NULL is ERR_NOMEM.
 * Never pass secrets. */
enum err_code audit_add(struct tx *tx, const struct actor *actor, const char *action,
                        struct str object, struct str detail, struct err *err) MUST_USE;

#endif
