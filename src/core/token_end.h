/* token_end.h: the end of a token is told before it comes: to whoever uses it, in the header
 * Conda-Token-Warning of every answer, and by mail to whoever can make another one. */
#ifndef CORE_TOKEN_END_H
#define CORE_TOKEN_END_H
#include "app.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define TOKEN_END_MAIL "token.expires" /* the kind of mail */

/* Is the end (0: never) within the time of the setting token_warn_days? */
bool token_end_is_near(const struct app *app, int64_t expires_ms);
/* One line of ASCII that names the token (never its secret) and the day. ptr NULL when out of
 * memory. */
struct str token_end_text(struct arena *mem, struct str token_name, int64_t expires_ms);

/* Is there a token whose end is near at that time and was not announced by mail? */
enum err_code token_end_any(struct app *app, int64_t now_ms, bool *ret_any,
                            struct err *err) MUST_USE;
/* Puts mail about some of them into the outbox, once for each token and address: to the user whose
 * it is, to all owners of the organization. Who has no address is not told. params: "account"
 * (login), "expires_ms", "token" (name). */
enum err_code token_end_tell(struct app *app, int64_t now_ms, struct err *err) MUST_USE;

#endif
