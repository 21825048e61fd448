/* favorite.h: packages that somebody has marked to find them again.
 *
 * Who may not see a package (any more) has it in no list, his own or another's; and is told of it
 * what is said of one that is not there. */
#ifndef CORE_FAVORITE_H
#define CORE_FAVORITE_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/favorite.h"

enum { FAVORITES_MAX = 5000 }; /* of one account */

/* Both: what is so already is no failure. ERR_NOT_FOUND: no such package, for the actor;
 * ERR_CONFLICT: the actor has too many. */
enum err_code favorite_add(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str package, struct err *err) MUST_USE;
enum err_code favorite_remove(struct app *app, struct arena *mem, const struct actor *actor,
                              struct str owner, struct str package, struct err *err) MUST_USE;

/* Those of an account that the actor sees. */
enum err_code favorite_list_shown(struct tx *tx, struct arena *mem, const struct actor *actor,
                                  int64_t account_id, struct favorite_list *ret,
                                  struct err *err) MUST_USE;

#endif
