/* mark.h: does this blob store belong to this database?
 *
 * The first server puts a blob that is like no other into its store, and its digest into the
 * database. A database that was started with another bucket or folder by mistake would find nothing
 * of what it promises, and `terrarium gc` would remove all that belongs to another. */
#ifndef CORE_MARK_H
#define CORE_MARK_H
#include "app.h"
#include "base/err.h"

/* place: what to call the store in messages. may_set: put the mark if the database has none yet.
 * ERR_INVALID, saying what to do, when the store is not the one, or there is no mark. */
enum err_code mark_check(struct app *app, struct str place, bool may_set, struct err *err) MUST_USE;

#endif
