/* sight.h: what a caller sees of an owner's packages, kept in memory so that a repeated read asks
 * no database. core/access decides it. */
#ifndef WEB_SIGHT_H
#define WEB_SIGHT_H
#include "store/account.h"
#include "store/db.h"
#include "web/call.h"

/* Sets c->sight for the owner of this name (as in the path) if it is known without asking: visitors
 * see what everybody does. False: sight_load. */
bool sight_cached(struct call *c, struct str owner);
/* Sets c->sight for an owner; account NULL: there is none of this name. Keeps it. */
enum err_code sight_load(struct call *c, struct tx *tx, struct str owner,
                         const struct account_row *account, struct err *err) MUST_USE;

#endif
