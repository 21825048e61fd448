/* profile.h: what an account says of itself, and the settings of organizations. */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/account.h"

/* One field and its new value: "name", "description", "url" (http or https), "location", "company",
 * "default_access" of new packages, and of an organization "package_creators". An empty value
 * clears it. */
struct profile_field {
    const char *name;
    struct str value;
};
/* Changes all of them or none, in one transaction with the audit row, which names the fields that
 * have another value now; without any nothing is written. ERR_UNPROCESSABLE names the first that is
 * refused: in err->field, which is the name that was given. *ret: the account as it is now. */
enum err_code profile_change(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str login, const struct profile_field *fields, size_t count,
                             struct account_row *ret, struct err *err) MUST_USE;

#endif
