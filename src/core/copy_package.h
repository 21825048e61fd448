/* copy_package.h: what the packages and releases of a source become where files are copied to.
 * Internal to core/copy, but for copy_source. */
#ifndef CORE_COPY_PACKAGE_H
#define CORE_COPY_PACKAGE_H
#include "core/copy.h"
#include "store/package.h"

/* A package of the source, and of the target. */
struct copy_package {
    struct copy_package *next;
    struct package_row source, target;
};
struct copy_release;

/* Where one copy goes; the caller sets all but the lists. */
struct copy_target {
    struct app *app;
    struct tx *tx; /* that of the copy */
    struct arena *mem;
    const struct actor *actor;
    const struct account_row *owner;
    const struct view *view; /* what the actor sees of the source */
    enum copy_mode mode;
    struct copy_package *packages;
    struct copy_release *releases;
};

/* The package of the target for one of the source, which is made, or gets attributes, when it is
 * asked for first. ERR_COLLISION: the source is not to be seen any more. */
enum err_code copy_package_find(struct copy_target *t, int64_t source_id, struct copy_package **ret,
                                struct err *err) MUST_USE;
/* The same for the release of a file of the source. */
enum err_code copy_release_find(struct copy_target *t, const struct copy_package *package,
                                const struct file_row *file, struct release_row *ret,
                                struct err *err) MUST_USE;
/* Brings the target's packages up to their files. */
enum err_code copy_package_refresh(struct copy_target *t, struct err *err) MUST_USE;

/* What a package was copied from, as far as the actor may know: "acme/tool", as it is called now;
 * or was, if everybody saw it for as long as it was there. Else empty. In any transaction. */
enum err_code copy_source(struct tx *tx, struct arena *mem, const struct actor *actor,
                          const struct package_row *package, struct str *ret,
                          struct err *err) MUST_USE;

#endif
