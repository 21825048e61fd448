/* touched.h: what a change touches of the indexes of an account, each of which is then brought up
 * to date once. */
#ifndef CORE_TOUCHED_H
#define CORE_TOUCHED_H
#include "app.h"
#include "store/file.h"

struct channel; /* index/index.h */
struct touched;
/* Lies in mem; NULL when out of memory. owner: the account's login, borrowed. actor: who changes
 * it, as the channels' history says (empty: the server itself), borrowed. */
struct touched *touched_open(struct arena *mem, int64_t account_id, struct str owner,
                             struct str actor);
/* Notes a file, whose row is there, in every channel that it is in. */
enum err_code touched_file(struct touched *t, struct tx *tx, const struct file_row *file,
                           struct err *err) MUST_USE;
/* Notes it in the channel of one label, by its package's name. A file that is in no index is none
 * to note. */
enum err_code touched_add(struct touched *t, struct str label, const struct file_row *file,
                          struct err *err) MUST_USE;
/* Notes all files of a channel's subdir. Empty: none, no index has it. */
enum err_code touched_subdir(struct touched *t, struct str label, struct str subdir,
                             struct err *err) MUST_USE;
/* Brings the indexes up to the rows as tx sees them; if that changes one, it is a generation. */
enum err_code touched_update(struct touched *t, struct app *app, struct tx *tx,
                             struct err *err) MUST_USE;

/* A package of this access comes to be under a name that another may have had: what that one was
 * is not for those who see the new one, in shards and in generations before. */
enum err_code touched_forget_former(struct tx *tx, int64_t account_id, struct str package,
                                    enum access_level access, struct err *err) MUST_USE;
/* Takes a label's channel away, whose files have lost it already: a generation, too. */
enum err_code touched_drop(struct tx *tx, const struct channel *ch, struct str actor,
                           struct err *err) MUST_USE;
/* Fewer may see a package from the next generation on: call before touched_update, or after. Those
 * who may not will not find it in the generations before, either. */
enum err_code touched_hide(struct tx *tx, int64_t account_id, struct str package,
                           struct err *err) MUST_USE;

#endif
