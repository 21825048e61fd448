/* session.h: signing in and out of the web API. A session is a random cookie value; only its
 * SHA-256 is stored. */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/db.h"

#define SESSION_COOKIE "terrarium_session"

/* Whose password is this? login: a username or an e-mail address. ERR_UNAUTHENTICATED, the same
 * and after the same time whether or not the account exists. */
enum err_code session_check_password(struct app *app, struct arena *mem, struct str login,
                                     struct str password, struct str remote, struct actor *ret,
                                     struct err *err) MUST_USE;

/* Starts a session; *ret_secret is the cookie's value, to be shown once. */
enum err_code session_start(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str agent, struct str *ret_secret, struct err *err) MUST_USE;
enum err_code session_end(struct app *app, const struct actor *actor, struct str secret,
                          struct err *err) MUST_USE;

/* Who holds this cookie? ERR_UNAUTHENTICATED when nobody does (any more). *ret_expires_ms: until
 * when. */
enum err_code session_identify(struct tx *tx, struct arena *mem, struct str secret,
                               struct actor *ret, int64_t *ret_expires_ms,
                               struct err *err) MUST_USE;

#endif
