/* audit.h: one row of the security log, in the transaction of the action it tells of.
 *
 * Every change that matters to somebody's security has exactly one. Whoever owns the object finds
 * it in the log of its account (core/history), whoever was the actor. */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H
#include "core/actor.h"
#include "store/db.h"

/* account_id: of the owner of the object; 0: it is nobody's. action: "file.create"; object: what it
 * was done to, as str_fmt gives it: ptr NULL is ERR_NOMEM. Never pass secrets. */
enum err_code audit_add_of(struct tx *tx, const struct actor *actor, int64_t account_id,
                           const char *action, struct str object, struct str detail,
                           struct err *err) MUST_USE;
/* The same for what is the actor's own. */
enum err_code audit_add(struct tx *tx, const struct actor *actor, const char *action,
                        struct str object, struct str detail, struct err *err) MUST_USE;

#endif
