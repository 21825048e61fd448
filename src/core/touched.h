/* touched.h: what a change touches of the indexes of an account, each of which is then brought up to
 * date once. */
#ifndef CORE_TOUCHED_H
#define CORE_TOUCHED_H
#include "app.h"
#include "store/file.h"

struct touched;
/* Lies in mem; NULL when out of memory. owner: the account's login, borrowed. */
struct touched *touched_open(struct arena *mem, int64_t account_id, struct str owner);
/* Notes a file, whose row is there, in every channel that it is in. */
enum err_code touched_file(struct touched *t, struct tx *tx, const struct file_row *file,
                           struct err *err) MUST_USE;
/* Notes it in the channel of one label, by its package's name. A file that is in no index is none to
 * note. */
enum err_code touched_add(struct touched *t, struct str label, const struct file_row *file,
                          struct err *err) MUST_USE;
/* Notes all files of a channel's subdir. Empty: none, no index has it. */
enum err_code touched_subdir(struct touched *t, struct str label, struct str subdir,
                             struct err *err) MUST_USE;
/* Brings the indexes up to the rows as tx sees them. */
enum err_code touched_update(struct touched *t, struct app *app, struct tx *tx,
                             struct err *err) MUST_USE;

#endif
