/* access.h: the one rule that decides who may do what. Every surface asks here.
 *
 * Somebody may do with an account's packages what its rows grant (store/grant.h): as the account
 * itself, as an owner of the organization, as a member of its groups, as a collaborator of one
 * package. A token may do no more than its owner, and no more than its scopes and limits. Public
 * packages are seen by everybody, authenticated ones by whoever is signed in, private ones by those
 * of above. */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H
#include "app.h"
#include "base/arena.h"
#include "base/err.h"
#include "core/actor.h"
#include "store/access_level.h"
#include "store/account.h"

enum right {
    RIGHT_ANYONE,      /* public */
    RIGHT_SELF,        /* see who one is: any account, by any token */
    RIGHT_SIGNED_IN,   /* any account, on what is its own */
    RIGHT_READ,        /* see a package: what others may not see is not there for them */
    RIGHT_MEMBER,      /* look into the groups of an organization: its members */
    RIGHT_WRITE,       /* publish, change and remove a package, or make one */
    RIGHT_ADMIN,       /* say who else may change a package */
    RIGHT_GROUP_ADMIN, /* say who is in a group: owners, and members of one that administers */
    RIGHT_OWN,         /* say what groups there are and what they may do */
    RIGHT_SUPERUSER,   /* administer the server */
};
const char *access_right_name(enum right r);
/* May somebody have the right without being signed in? */
bool access_is_for_visitors(enum right r);

/* What the right is asked for; texts that it does not need are empty. */
struct access_object {
    struct str owner;   /* login, in lower case */
    struct str package; /* of the owner; need not exist: then it is about making it, which the
                           owner's package_creators decide */
    struct str group;   /* of the owner */
};
/* ERR_UNAUTHENTICATED: nobody is signed in, and signing in could help; ERR_DENIED: known, but not
 * allowed; ERR_NOT_FOUND for RIGHT_READ, in the words that are said of what is not there. Asks the
 * database for RIGHT_READ, else only for what somebody wants of another account: workers only
 * then. Of what is allowed, *err says nothing. */
enum err_code access_check(struct app *app, struct arena *mem, const struct actor *actor,
                           enum right right, unsigned scope, const struct access_object *object,
                           struct err *err) MUST_USE;

/* The same for RIGHT_WRITE and RIGHT_ADMIN on the package of a number, which may be in the trash,
 * of an owner; 0: on all his packages, also new ones. Without regard to scopes and limits, inside
 * any transaction. */
enum err_code access_to_package(struct tx *tx, struct arena *mem, const struct actor *actor,
                                enum right right, const struct account_row *owner,
                                int64_t package_id, bool *ret_may, struct err *err) MUST_USE;

/* What the actor sees of an account's packages: of the views that show him the same, the narrowest,
 * so that callers who see the same have the same. *ret lies in mem. */
enum err_code access_view(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct account_row *owner, struct view *ret,
                          struct err *err) MUST_USE;
/* The same under one label, in whatever case: by a token that is limited to other labels, nothing
 * that is not public. */
enum err_code access_view_of_label(struct tx *tx, struct arena *mem, const struct actor *actor,
                                   const struct account_row *owner, struct str label,
                                   struct view *ret, struct err *err) MUST_USE;

#endif
