/* identify.h: who is asking. First what was presented, then whose it is. */
#ifndef WEB_IDENTIFY_H
#define WEB_IDENTIFY_H
#include "web/call.h"

/* Takes a token out of the path ("/t/X/...", "/conda/t/X/...") so that neither routing nor logs
 * ever see it, and turns "/t/X/owner/..." into "/conda/owner/...". Fills c->credential, c->secret.
 * Then looks at Authorization, Cookie, and the headers of keys. What cannot be read becomes
 * CRED_MALFORMED, because some routes do not care. */
void identify_read(struct call *c);

/* Fills c->actor from memory: true if the caller is anonymous or was seen under this generation
 * of the data. Never blocks. */
bool identify_cached(struct call *c);

/* The same from the database; for workers. Checks that the route accepts this kind of credential.
 * ERR_UNAUTHENTICATED when it does not hold. */
enum err_code identify_load(struct call *c, struct err *err) MUST_USE;

#endif
