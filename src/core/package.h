/* package.h: creating and removing packages, releases and files. */
#ifndef CORE_PACKAGE_H
#define CORE_PACKAGE_H
#include <jansson.h>

#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "core/publish.h"
#include "core/touched.h"
#include "store/account.h"
#include "store/package.h"

/* Both: what exists already is returned as it is. Jobs that publish builds of one package side by
 * side all look first, find nothing, and create it. attrs: object, kept for pages. access: who may
 * see it, a name of access_level_name; empty: as the owner or the settings say. */
enum err_code package_create(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str name, struct str access,
                             const json_t *attrs, struct package_row *ret,
                             struct err *err) MUST_USE;
enum err_code release_create(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str package, struct str version,
                             const json_t *attrs, struct release_row *ret,
                             struct err *err) MUST_USE;

/* What pages show of a package in one line. */
#define PACKAGE_SUMMARY_MAX 2000
/* For others that make packages, in their transaction: one that is not there yet, of an owner, with
 * its audit row. attrs: a JSON object. */
struct new_package {
    struct str name, summary, attrs;
    enum access_level access;
};
enum err_code package_add(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct account_row *owner, const struct new_package *in,
                          struct package_row *ret, struct err *err) MUST_USE;
enum err_code release_add(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct package_row *package, struct str version, struct str attrs,
                          struct release_row *ret, struct err *err) MUST_USE;
/* The access of a new package: what was asked for, else the owner's habit, else the server's.
 * ERR_UNPROCESSABLE (field "access"). */
enum err_code package_access_of_new(struct app *app, const struct account_row *owner,
                                    struct str asked, enum access_level *ret,
                                    struct err *err) MUST_USE;

/* Each: one transaction with everything below the object, its indexes and the audit row. What has
 * files goes to the trash (core/trash), unless the settings have none: then it is purged.
 * ERR_NOT_FOUND, also of a package or release that the actor was told is empty (core/told_empty);
 * ERR_DENIED: a file has a label that the actor's token is not for, or a locked one.
 */
enum err_code package_remove(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str name, struct err *err) MUST_USE;
enum err_code release_remove(struct app *app, struct arena *mem, const struct actor *actor,
                             struct str owner, struct str package, struct str version,
                             struct err *err) MUST_USE;
enum err_code file_remove(struct app *app, struct arena *mem, const struct actor *actor,
                          const struct file_path *path, struct file_row *ret_removed,
                          struct err *err) MUST_USE;

/* The same for good, with what the trash has of the package or release, and bytes that nothing else
 * uses. Whoever asks has to see whether the actor may (RIGHT_ADMIN). */
enum err_code package_purge(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str owner, struct str name, struct err *err) MUST_USE;
enum err_code release_purge(struct app *app, struct arena *mem, const struct actor *actor,
                            struct str owner, struct str package, struct str version,
                            struct err *err) MUST_USE;
enum err_code file_purge(struct app *app, struct arena *mem, const struct actor *actor,
                         const struct file_path *path, struct file_row *ret_removed,
                         struct err *err) MUST_USE;

/* For others that remove files, or put one in the place of another, in their transaction: notes the
 * file's channels, and moves it to the trash if there is one, with its audit row. reason: why,
 * unless it is the actor's wish (empty). ERR_DENIED as above. Its bytes are for gc_blobs after the
 * commit. */
enum err_code file_drop(struct app *app, struct tx *tx, struct arena *mem,
                        const struct actor *actor, const struct file_row *file, struct str reason,
                        struct touched *touched, struct err *err) MUST_USE;

/* Says who may see a package from now on: in the transaction that brings its channels up to it.
 * Narrower: what was served of it goes, too. ERR_NOT_FOUND. */
enum err_code package_change_access(struct app *app, struct arena *mem, const struct actor *actor,
                                    struct str owner, struct str name, enum access_level access,
                                    struct err *err) MUST_USE;
/* The access that a name means. ERR_UNPROCESSABLE (field "access") for an unknown one. */
enum err_code package_read_access(struct str name, enum access_level *ret,
                                  struct err *err) MUST_USE;

/* ERR_NOT_FOUND: what is said of a package that is not there, or not to be seen. */
enum err_code package_missing(struct str owner, struct str name, struct err *err);
enum err_code file_missing(const struct file_path *path, struct err *err); /* the same of a file */
/* Looking up by names, with messages for people. Inside any transaction. */
enum err_code package_require(struct tx *tx, struct arena *mem, struct str owner, struct str name,
                              struct package_row *ret, struct err *err) MUST_USE;
/* ERR_NOT_FOUND, in the words that are said of a release that is not there. */
enum err_code release_missing(const struct package_row *package, struct str version,
                              struct err *err);
enum err_code release_require(struct tx *tx, struct arena *mem, const struct package_row *package,
                              struct str version, struct release_row *ret,
                              struct err *err) MUST_USE;
enum err_code file_require(struct tx *tx, struct arena *mem, const struct file_path *path,
                           struct file_row *ret, struct err *err) MUST_USE;

/* For publish: brings a package's summary and newest version up to its files. */
enum err_code package_refresh(struct tx *tx, struct arena *mem, int64_t package_id,
                              const struct package_row *package, struct err *err) MUST_USE;

#endif
