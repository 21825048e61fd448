/* retention.h: the rules by which files go by themselves: of an account, and of packages that have
 * their own, which hold instead. What a rule means is in core/retention_plan, who applies them in
 * core/retention_apply. */
#ifndef CORE_RETENTION_H
#define CORE_RETENTION_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "core/retention_plan.h"
#include "store/account.h"
#include "store/package.h"
#include "store/retention.h"

/* Whose rules: an account's, or those of one package. */
struct retention_place {
    struct str owner, package; /* package empty: the account */
};

struct retention_state {
    struct str rules; /* {"rules": [...]}, canonical; empty: none hold */
    bool inherited;   /* they are the account's; the package has none */
    bool has_run;     /* the account's rules were applied before: how */
    struct retention_run run;
};
/* ERR_NOT_FOUND. */
enum err_code retention_state(struct app *app, struct arena *mem, const struct retention_place *at,
                              struct retention_state *ret, struct err *err) MUST_USE;
/* object: {"rules": [...]}; NULL: no more rules; with an empty array nothing goes, whatever the
 * account says. ERR_NOT_FOUND, ERR_UNPROCESSABLE. */
enum err_code retention_set(struct app *app, struct arena *mem, const struct actor *actor,
                            const struct retention_place *at, const json_t *object,
                            struct err *err) MUST_USE;

/* What is decided of the files of a package. */
struct retention_package {
    struct str name;
    const struct retention_file *files; /* in the order of their uploads */
    const struct retention_verdict *verdicts;
    size_t count;
};
struct retention_page {
    struct retention_package *packages;
    size_t count;
    struct str next; /* `after` of the page after this; empty: there is none */
};
enum { RETENTION_PAGE_FILES = 1000 };
/* What would go now, and why the rest stays; changes nothing. object: the rules to try instead of
 * those that are set (of packages with their own: the package's own, unless it is asked for
 * alone); NULL: those. after: begins behind this package. A page ends with the package that
 * makes it RETENTION_PAGE_FILES files. Errors as above; ERR_CONFLICT: it cannot be decided. */
enum err_code retention_preview(struct app *app, struct arena *mem,
                                const struct retention_place *at, const json_t *object,
                                struct str after, struct retention_page *ret,
                                struct err *err) MUST_USE;

/* ---- for core/retention_apply ---- */

/* "acme", "acme/tool". ptr NULL: no memory. */
struct str retention_object(struct arena *mem, const struct retention_place *at);

/* The account, and the package unless the place is the account (then its id is 0). */
enum err_code retention_find_place(struct tx *tx, struct arena *mem,
                                   const struct retention_place *at,
                                   struct account_row *ret_account, struct package_row *ret_package,
                                   struct err *err) MUST_USE;
/* Some packages behind a name, none at the end; or the one alone that the place names. */
enum err_code retention_list_packages(struct tx *tx, struct arena *mem, int64_t account_id,
                                      const struct retention_place *at, struct str after,
                                      struct retention_list *ret, struct err *err) MUST_USE;

/* What an account is looked at with. */
struct retention_looker {
    struct account_row account;
    const struct retention_rules *instead; /* of those that hold for it; NULL: none */
    bool instead_of_own;                   /* also of those that a package has */
    int64_t now_ms;
};
/* What is decided of a package now; all lies in mem. */
enum err_code retention_look(const struct retention_looker *l, struct tx *tx, struct arena *mem,
                             const struct retention_row *row, struct retention_package *ret,
                             struct err *err) MUST_USE;

#endif
