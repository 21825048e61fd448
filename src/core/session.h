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
 * and after the same time whether or not the account exists; ERR_LIMITED, before the cost of
 * hashing is paid, when there were too many failures (core/throttle.h); ERR_DENIED when the
 * password is right and the account suspended. */
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

/* Tells the session that it was used from actor->remote, if it does not know so since a while: so
 * much later at most, because reading must hardly ever write. No failure matters. */
#define SESSION_SEEN_MS (10 * 60 * 1000)
void session_touch(struct app *app, const struct actor *actor);

/* Ends one of the actor's own sessions, by its number. ERR_NOT_FOUND, also when it is another's. */
enum err_code session_revoke(struct app *app, struct arena *mem, const struct actor *actor,
                             int64_t id, struct err *err) MUST_USE;

#endif
