/* token.h: access tokens: random, recognisable, shown once, stored as SHA-256.
 *
 * A token is "tr-", 40 random characters of [A-Za-z0-9] (238 bits) and 6 of checksum: conda cuts
 * other alphabets in URLs, secret scanners find the prefix, and a mistyped token is refused
 * without asking the database. */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "core/limit.h"
#include "store/credential.h"

#define TOKEN_PREFIX "tr-"
#define TOKEN_LEN    49

bool token_looks_right(struct str token); /* prefix, length, alphabet and checksum */

struct token_request {
    struct str organization; /* whose it shall be; empty: the actor's own */
    struct str name;         /* unique within the account */
    const struct str *scopes;
    size_t scope_count;          /* 0: everything */
    struct limit_request limits; /* zero: none */
    struct str hostname;         /* as the client says; for lists */
    int64_t max_age_seconds;     /* 0: the setting token_days */
    bool replace;                /* a token of the same name dies; else ERR_CONFLICT */
};
/* *ret_token is the secret, to be shown once. Nothing changes a token later: whoever wants another
 * one makes another one. Whether the actor may make one for the organization is decided before
 * (core/access). ERR_NOT_FOUND: there is no such organization; ERR_UNPROCESSABLE names the field.
 */
enum err_code token_create(struct app *app, struct arena *mem, const struct actor *actor,
                           const struct token_request *req, struct str *ret_token,
                           struct err *err) MUST_USE;

/* Who holds this token? ERR_UNAUTHENTICATED: unknown, malformed, revoked or expired; which of them
 * is not told to whoever asks, but goes on record for the owner ("token.refused"), once in an hour
 * for each token. remote: who asks; may be empty. */
enum err_code token_identify(struct app *app, struct arena *mem, struct str token,
                             struct str remote, struct actor *ret, int64_t *ret_expires_ms,
                             struct err *err) MUST_USE;

enum err_code token_revoke_own(struct app *app, const struct actor *actor,
                               struct err *err) MUST_USE;
/* One of the actor's own, or of an organization (empty: none). ERR_NOT_FOUND */
enum err_code token_revoke_named(struct app *app, struct arena *mem, const struct actor *actor,
                                 struct str organization, struct str name,
                                 struct err *err) MUST_USE;

/* Revoked tokens are recognised for TOKEN_KEEP_MS. Are there older ones? Removes some of them. */
#define TOKEN_KEEP_MS (INT64_C(90) * 24 * 3600 * 1000)
enum err_code token_any_forgotten(struct tx *tx, int64_t now_ms, bool *ret_any,
                                  struct err *err) MUST_USE;
enum err_code token_sweep_forgotten(struct app *app, int64_t now_ms, struct err *err) MUST_USE;

#endif
