/* deposit.h: a file that somebody sends in one request, with as much or as little said about it as
 * he likes: of which kind it is, and of which package and version, is else found out from the file.
 * Package and release are made if they are new. */
#ifndef CORE_DEPOSIT_H
#define CORE_DEPOSIT_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "core/publish_file.h"

/* What is not said is empty. */
struct deposit {
    struct str owner; /* login, in lower case */
    struct str
        filename; /* as the sender names it; folders may stand before ("linux-64/x-1-0.conda") */
    struct str type, package, version;
    const struct str *labels; /* none: "main" */
    size_t label_count;
    struct str summary, description, access; /* summary, access: of a package that is new */
    struct str sha256;                       /* hex: what the bytes must have */
    bool force;                              /* other bytes of that name give way */
};

/* As far as can be said before the bytes are there: is it well-formed, and may the actor publish
 * it? ERR_INVALID, ERR_UNPROCESSABLE, each with err->field; ERR_DENIED, ERR_UNAUTHENTICATED. */
enum err_code deposit_check(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct deposit *d, struct err *err) MUST_USE;

/* Is it clear already which package it is for, so that deposit_check asks for the right on that?
 * False: what is said later, or the moment, decides. */
bool deposit_is_clear(struct arena *mem, const struct deposit *d);

/* Receiving the bytes; in mem. ERR_TOO_BIG: more than the setting upload_max. */
struct incoming;
enum err_code incoming_open(struct app *app, struct arena *mem, struct incoming **ret,
                            struct err *err) MUST_USE;
/* From now on, also: more than the owner has room for, unless he has those bytes. For a deposit
 * that passed deposit_check: what an account uses is not for everybody to know. */
enum err_code incoming_heed_quota(struct incoming *in, const struct deposit *d,
                                  struct err *err) MUST_USE;
enum err_code incoming_write(struct incoming *in, struct str chunk, struct err *err) MUST_USE;
void incoming_close(void *in); /* drops what was not published; fit for arena_defer */

/* Publishes what was received; checks all of it again, since more may be known by now. A file
 * without a version of its own gets the moment as version (2026.09.01.120000, UTC), or the next
 * second that is free. Errors as above and as publish_file; ERR_INVALID of a file that is refused
 * has the field "file".
 */
enum err_code deposit_finish(struct incoming *in, const struct actor *actor,
                             const struct deposit *d, struct file_row *ret,
                             enum publish_outcome *ret_outcome, struct err *err) MUST_USE;

#endif
