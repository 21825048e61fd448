/* access.h: the one rule that decides who may do what. Every surface asks here. */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H
#include "base/err.h"
#include "core/actor.h"

enum right {
    RIGHT_ANYONE,    /* public */
    RIGHT_SIGNED_IN, /* any account, on what is its own */
    RIGHT_WRITE,     /* publish, change and remove under an account's name */
    RIGHT_SUPERUSER, /* administer the server */
};
const char *access_right_name(enum right r);

/* May the actor use this right on what `owner` (a login; empty when the right needs none) has,
 * under these scope atoms? ERR_UNAUTHENTICATED: nobody is signed in, and signing in could help;
 * ERR_DENIED: known, but not allowed. */
enum err_code access_check(const struct actor *actor, enum right right, unsigned scope,
                           struct str owner, struct err *err) MUST_USE;

#endif
