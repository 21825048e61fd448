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

/* Gives the store a new mark, in place of any. */
enum err_code mark_renew(struct app *app, struct err *err) MUST_USE;
/* The digest of the mark, in mem; ERR_NOT_FOUND. */
enum err_code mark_of(struct app *app, struct arena *mem, struct str *ret_sha256,
                      struct err *err) MUST_USE;

/* A mark that no store has: of a target of a migration that has not come to its end. Names the
 * source, so that nobody goes on with another one's work; out[65]. */
#define MARK_UNFINISHED "0000000000"
void mark_unfinished(struct str source_mark, char *out);

#endif
