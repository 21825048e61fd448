/* notify.h: tells people what others did that changes what they may do. */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/db.h"

/* kind: "added_to_group" (owner, group), "made_owner" (owner), "made_collaborator" (owner,
 * package), "removed_from_group" (owner, group), "removed_from_organization" (owner),
 * "removed_as_collaborator" (owner, package), "package_offered", "package_transferred",
 * "transfer_declined" (owner, package, target). */
struct notice {
    const char *kind;
    struct str owner;          /* an organization, or whose package it is */
    struct str group, package; /* empty where the kind has none */
    struct str target;         /* the account that a package was offered or given to; likewise */
};
/* Leaves the account a notice of what the actor does, in the transaction of the deed. What somebody
 * does to himself he is not told of. */
enum err_code notify(struct tx *tx, struct arena *mem, const struct actor *actor,
                     int64_t account_id, const struct notice *notice, struct err *err) MUST_USE;

/* The actor has read these of its notifications, or with count 0 all of them. Numbers of others'
 * are passed over. */
enum err_code notify_mark_read(struct app *app, const struct actor *actor, const int64_t *ids,
                               size_t count, struct err *err) MUST_USE;

#endif
