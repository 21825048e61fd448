/* organization.h: accounts that several people act for: their groups, and collaborators of
 * packages. Who may call what is decided before, by core/access.
 *
 * Each: one transaction with its audit row. ERR_NOT_FOUND, with a message, for whatever is named
 * and not there. What is so already is no error. */
#ifndef CORE_ORGANIZATION_H
#define CORE_ORGANIZATION_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/account.h"
#include "store/group.h"
#include "store/package.h"

#define OWNERS "owners"

struct new_organization {
    struct str login, name, email;
};
/* The actor, who must be a user (organizations have tokens, too), becomes the first of its owners.
 * ERR_UNPROCESSABLE names the field. */
enum err_code organization_create(struct app *app, struct arena *mem, const struct actor *actor,
                                  const struct new_organization *in, struct err *err) MUST_USE;
/* The actor leaves all groups, and is no collaborator any more of what is in the organization.
 * ERR_CONFLICT: it is the last owner. */
enum err_code organization_leave(struct app *app, struct arena *mem, const struct actor *actor,
                                 struct str organization, struct err *err) MUST_USE;
/* The same for somebody else, who is told. Not being a member is no failure. */
enum err_code organization_dismiss(struct app *app, struct arena *mem, const struct actor *actor,
                                   struct str organization, struct str login,
                                   struct err *err) MUST_USE;

/* For package_create, in its transaction: where all members may make packages, the one who made
 * this becomes its collaborator, unless its groups let it change the package anyway. */
enum err_code organization_welcome_package(struct tx *tx, struct arena *mem,
                                           const struct actor *actor,
                                           const struct package_row *package,
                                           struct err *err) MUST_USE;

/* Looks an organization up, with a message for people. Inside any transaction. */
enum err_code organization_require(struct tx *tx, struct arena *mem, struct str login,
                                   struct account_row *ret, struct err *err) MUST_USE;
/* The group of this name, in whatever case. Inside any transaction. */
enum err_code group_require(struct tx *tx, struct arena *mem, struct str organization,
                            struct str name, struct group_row *ret, struct err *err) MUST_USE;

/* permission: "read", "write" or "admin", else ERR_UNPROCESSABLE (field "perms"). ERR_CONFLICT
 * when there is such a group with another permission. */
enum err_code group_create(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str organization, struct str name, struct str permission,
                           bool all_packages, struct err *err) MUST_USE;
/* ERR_CONFLICT: "owners" stays. */
enum err_code group_drop(struct app *app, struct arena *mem, const struct actor *actor,
                         struct str organization, struct str name, struct err *err) MUST_USE;

/* A user, a package, of a group. */
struct group_entry {
    struct str organization, group, subject;
};
enum err_code group_admit(struct app *app, struct arena *mem, const struct actor *actor,
                          const struct group_entry *entry, struct err *err) MUST_USE;
/* ERR_CONFLICT: the last owner cannot go. */
enum err_code group_dismiss(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct group_entry *entry, struct err *err) MUST_USE;
enum err_code group_include(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct group_entry *entry, struct err *err) MUST_USE;
enum err_code group_exclude(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct group_entry *entry, struct err *err) MUST_USE;

/* A user from outside who may see a package ("read"), or change it as well ("write"). Again: the
 * permission is then the new one. ERR_UNPROCESSABLE for another permission. */
enum err_code collaborator_add(struct app *app, struct arena *mem, const struct actor *actor,
                               struct str owner, struct str package, struct str login,
                               struct str permission, struct err *err) MUST_USE;
enum err_code collaborator_remove(struct app *app, struct arena *mem, const struct actor *actor,
                                  struct str owner, struct str package, struct str login,
                                  struct err *err) MUST_USE;

#endif
