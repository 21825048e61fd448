/* edit.h: what the owner of a package says of it, and of a release, beside what its files say.
 *
 * A package's attributes are the words of its newest file, and over them those that somebody has
 * set: these stay when newer files come. A release's are those that were sent when it was made. */
#ifndef CORE_EDIT_H
#define CORE_EDIT_H
#include <jansson.h>

#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/package.h"

/* Each sets the members that attrs has; one that is null is taken back, to what the file says. Of
 * the license, both {name, url, family} and its name alone are understood. In one transaction with
 * the audit row. ERR_NOT_FOUND; ERR_UNPROCESSABLE names a member that must be a text; ERR_TOO_BIG.
 */
enum err_code edit_package(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str name, const json_t *attrs,
                           struct package_row *ret, struct err *err) MUST_USE;
enum err_code edit_release(struct app *app, struct arena *mem, const struct actor *actor,
                           struct str owner, struct str package, struct str version,
                           const json_t *attrs, struct err *err) MUST_USE;

/* What may be sent, for as long as it is kept. */
#define EDIT_ATTRS_MAX (512 * KIB)
/* A JSON object with all members of one, and those of the other that it lacks. Texts, as rows keep
 * them. */
enum err_code edit_lay_over(struct arena *mem, struct str over, struct str under, struct str *ret,
                            struct err *err) MUST_USE;

#endif
