/* suspension.h: a user whom an administrator has shut out, for a while or for good.
 *
 * From the next request on, on every node: no session, token or password of the account is
 * accepted, and what groups and collaborations grant it counts for nothing (store/grant). What it
 * has published stays, and so do tokens that it made for organizations: these are the
 * organizations'. Nothing is lost: once it is resumed, all is as it was. */
#ifndef CORE_SUSPENSION_H
#define CORE_SUSPENSION_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/account.h"

/* Suspends or resumes a user; nothing happens if it is so already. ERR_NOT_FOUND: there is no such
 * user; ERR_CONFLICT: it is the actor itself, or the last administrator. */
enum err_code suspension_set(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str login, bool suspended, struct err *err) MUST_USE;

/* May this account be used? Else `refused`, saying so. */
enum err_code suspension_check_row(const struct account_row *row, enum err_code refused,
                                   struct err *err) MUST_USE;
/* The same of an account by its number: ERR_UNAUTHENTICATED. */
enum err_code suspension_check(struct tx *tx, struct arena *mem, int64_t account_id,
                               struct err *err) MUST_USE;

#endif
