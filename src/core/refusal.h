/* refusal.h: what was refused, on record in the security log.
 *
 * Anybody may cause refusals, so they must not be a way to fill the database, nor to empty the
 * caches: of each kind and address so many are written as the setting refusal_rate says, and how
 * many were not stands in the next that is. */
#ifndef CORE_REFUSAL_H
#define CORE_REFUSAL_H
#include "app.h"
#include "core/actor.h"

/* A row of its own transaction, after that of the refused action has ended. account_id: whose
 * object it was about, 0: nobody's. action: "session.refused"; never pass secrets. */
enum err_code refusal_add(struct app *app, const struct actor *who, int64_t account_id,
                          const char *action, struct str object, struct str detail,
                          struct err *err) MUST_USE;

/* The same of a failure that goes on to the caller: puts `why` on record and then into err, and
 * returns its code; or what went wrong with that. */
enum err_code refusal_tell(struct app *app, const struct actor *who, int64_t account_id,
                           const char *action, struct str object, const struct err *why,
                           struct err *err) MUST_USE;

#endif
