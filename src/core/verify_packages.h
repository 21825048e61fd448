/* verify_packages.h: what is derived of packages, for core/verify. */
#ifndef CORE_VERIFY_PACKAGES_H
#define CORE_VERIFY_PACKAGES_H
#include "app.h"
#include "base/err.h"
#include "base/str.h"

/* package: "alice/x". says: its newest version as the row has it; should: by its files. */
typedef void latest_differs_fn(void *ctx, struct str package, struct str says, struct str should);
/* Calls differs for each package whose newest version is not the newest that has files.
 * *ret_count: packages looked at. */
enum err_code verify_latest(struct app *app, latest_differs_fn *differs, void *ctx,
                            uint64_t *ret_count, struct err *err) MUST_USE;

#endif
