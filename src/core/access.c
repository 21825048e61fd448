#include "core/access.h"

#include "core/scope.h"

const char *access_right_name(enum right r)
{
    static const char *const names[] = {
        [RIGHT_ANYONE] = "anyone",
        [RIGHT_SIGNED_IN] = "signed-in",
        [RIGHT_WRITE] = "write",
        [RIGHT_SUPERUSER] = "superuser",
    };
    return names[r];
}

enum err_code access_check(const struct actor *actor, enum right right, unsigned scope,
                           struct str owner, struct err *err)
{
    if (actor->token_id && !scope_allows(actor->scopes, scope))
        return fail(err, ERR_DENIED,
                    "the token \"" STR_FMT "\" does not have the scope for this; it has: " STR_FMT,
                    STR_ARG(actor->token_name), STR_ARG(actor->scopes));
    if (right == RIGHT_ANYONE)
        return OK;
    if (!actor->account_id)
        return fail(err, ERR_UNAUTHENTICATED, "sign in first: this needs an account");
    if (right == RIGHT_SIGNED_IN || actor->superuser)
        return OK;
    if (right == RIGHT_WRITE && str_eq(actor->login, owner))
        return OK;
    if (right == RIGHT_WRITE)
        return fail(err, ERR_DENIED,
                    "\"" STR_FMT "\" may not publish or change anything under \"" STR_FMT "\"",
                    STR_ARG(actor->login), STR_ARG(owner));
    return fail(err, ERR_DENIED, "\"" STR_FMT "\" is not an administrator of this server",
                STR_ARG(actor->login));
}
