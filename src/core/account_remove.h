/* account_remove.h: the end of users and organizations. */
#ifndef CORE_ACCOUNT_REMOVE_H
#define CORE_ACCOUNT_REMOVE_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"

/* What somebody gives to show that he means it, and that it is he. */
struct removal_proof {
    struct str name;     /* the whole login of what goes, as it was typed */
    struct str password; /* the actor's */
};
/* ERR_UNPROCESSABLE (field "name") for another name, ERR_DENIED for a wrong password: that is on
 * record as a refused sign-in. Slow; no transaction may be open. */
enum err_code removal_check(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str login, const struct removal_proof *proof,
                            struct err *err) MUST_USE;

/* Removes the account of this login and kind ("user", "organization") with all that belongs to it:
 * packages with their channels, groups, tokens, sessions, uploads under way. What it uploaded for
 * others stays; so do the audit rows; the login stays reserved. One transaction, which waits until
 * it is the only one; then some of the bytes go at once, the others with the next sweeps.
 *
 * ERR_NOT_FOUND; ERR_CONFLICT: a user who is the last owner of an organization, or the last
 * superuser. */
enum err_code account_remove(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str login, struct str kind, struct err *err) MUST_USE;

/* The login of a deleted account may be had again. ERR_NOT_FOUND when it is not reserved. */
enum err_code login_release(struct app *app, const struct actor *actor, struct str login,
                            struct err *err) MUST_USE;

#endif
