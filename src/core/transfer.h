/* transfer.h: a package changes its owner.
 *
 * Whoever administers a package may give it to another account: at once, where he may create
 * packages, else as an offer that somebody who may has to accept. An offer holds for 30 days, and
 * no longer than the right by which it was made.
 *
 * The package keeps its numbers, files, statistics, favorites, and collaborators from outside. What
 * members of its former owner could do with it ends. Under its former address it is not there, as
 * if it had never been; names of its files stay reserved there. */
#ifndef CORE_TRANSFER_H
#define CORE_TRANSFER_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/transfer.h"

enum { TRANSFER_DAYS = 30, TRANSFER_OFFERS_MAX = 100 };

struct transfer_result {
    int64_t offer_id; /* 0: it was transferred */
    struct str owner, package, target;
};
/* The actor administers the package: the route has asked. To the account to whom it is offered
 * already: no effect. ERR_NOT_FOUND; ERR_UNPROCESSABLE (field "to"): no such account; ERR_CONFLICT:
 * it is that account's already, or offered to another, or something there is in the way (a package,
 * file or Python project of this name, the name of a removed file), or the actor has offered too
 * many; ERR_DENIED: a label of its files is locked, on either side. */
enum err_code transfer_package(struct app *app, struct arena *mem, const struct actor *actor,
                               struct str owner, struct str package, struct str to,
                               struct transfer_result *ret, struct err *err) MUST_USE;

/* ERR_NOT_FOUND: no such offer that the actor may accept; ERR_CONFLICT and ERR_DENIED as above, or
 * whoever made the offer may not do so any more. */
enum err_code transfer_accept(struct app *app, struct arena *mem, const struct actor *actor,
                              int64_t id, struct transfer_result *ret, struct err *err) MUST_USE;
/* Declines an offer that the actor may accept, or withdraws one that he made, or of a package that
 * he administers. ERR_NOT_FOUND. */
enum err_code transfer_end(struct app *app, struct arena *mem, const struct actor *actor,
                           int64_t id, struct err *err) MUST_USE;

/* Offers that the actor may accept, and those that he made or that are of his packages. */
struct transfer_view {
    struct transfer_list incoming, outgoing;
};
enum err_code transfer_view(struct app *app, struct arena *mem, const struct actor *actor,
                            struct transfer_view *ret, struct err *err) MUST_USE;

#endif
