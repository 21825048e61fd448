/* trash.h: what was removed stays for some days in the trash of its owner, with everything that is
 * needed to have it back as it was (core/trash_restore), and is nowhere else meanwhile.
 *
 * Who may change the package, or might when it was removed, sees it there. Its bytes count among
 * those of the account. What is due, or was deleted for good, nobody finds any more: it is swept a
 * few rows at a time, and its bytes with what else was set aside (gc_discarded). */
#ifndef CORE_TRASH_H
#define CORE_TRASH_H
#include "app.h"
#include "base/arena.h"
#include "core/access.h"
#include "store/package.h"
#include "store/trash.h"

/* Is what is removed kept at all? Else it is gone at once. */
bool trash_keeps(const struct app *app);

/* What is about to be removed. */
struct trash_what {
    const struct package_row *package;
    const struct release_row *release; /* NULL: the whole package */
    const struct file_row *file;       /* NULL: the whole release */
    struct str reason;                 /* a rule of retention; empty: the actor's wish */
};
/* Copies it into the trash, in the transaction that deletes its rows next. */
enum err_code trash_put(struct app *app, struct tx *tx, const struct actor *actor,
                        const struct trash_what *what, struct err *err) MUST_USE;

/* "alice/x", "alice/x/1.0", "alice/x/1.0/noarch/x-1.0-0.conda". ptr NULL: no memory. */
struct str trash_object(struct arena *mem, const struct trash_row *item);

/* A page, as it was asked for; empty texts: not asked for. */
struct trash_request {
    struct str before; /* the place to go on from, as the page before it said */
    struct str limit;  /* items of the page */
};
struct trash_page {
    struct trash_list items; /* the newest first */
    struct str next;         /* `before` of the page after this; empty: there is none */
};
enum { TRASH_LIMIT = 100, TRASH_LIMIT_MAX = 1000 };
/* What the actor could put back. ERR_NOT_FOUND: no such account; ERR_UNPROCESSABLE names the field
 * that cannot be understood. */
enum err_code trash_read(struct app *app, struct arena *mem, const struct actor *actor,
                         struct str owner, const struct trash_request *req, struct trash_page *ret,
                         struct err *err) MUST_USE;

/* The item of this number (text, as in the URL), if the actor has the right on its package, inside
 * any transaction. ERR_DENIED in the same words whether there is one or not; ERR_NOT_FOUND for
 * those who may do it with all packages of the owner. */
enum err_code trash_require(struct tx *tx, struct arena *mem, const struct actor *actor,
                            enum right right, struct str owner, struct str number,
                            struct trash_row *ret, struct err *err) MUST_USE;

/* Deletes the item for good, for who may administer the package, and its bytes unless somebody else
 * has the same. Errors of trash_require. */
enum err_code trash_end(struct app *app, struct arena *mem, const struct actor *actor,
                        struct str owner, struct str number, struct err *err) MUST_USE;

/* Removes some rows of the item that is due for longest; account_id: of that account, unless 0.
 * *ret_more: there may be more. Each call is one short transaction. */
enum err_code trash_empty_some(struct app *app, int64_t account_id, bool *ret_more,
                               struct err *err) MUST_USE;
/* After a commit that left something of an account due: as much of it as somebody can wait for,
 * with its bytes; the rest is for the next jobs, as is what fails. */
void trash_empty_now(struct app *app, int64_t account_id);

#endif
