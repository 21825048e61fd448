/* setup.h: the one-time link that creates the first administrator (no default password). */
#ifndef CORE_SETUP_H
#define CORE_SETUP_H
#include "core/account.h"

/* If there is no superuser yet: makes a fresh code (older ones die), to be shown once; it holds
 * for 24 hours. *ret_code is empty when there is a superuser already. */
enum err_code setup_begin(struct app *app, struct arena *mem, struct str *ret_code,
                          struct err *err) MUST_USE;
enum err_code setup_check(struct app *app, struct str code,
                          struct err *err) MUST_USE; /* ERR_NOT_FOUND */
/* The same for whoever came with it from there: wrong ones are counted (ERR_LIMITED, when there
 * were too many) and put on record. */
enum err_code setup_admit(struct app *app, struct str code, struct str remote,
                          struct err *err) MUST_USE;
/* Creates the administrator and uses the code up, in one transaction. */
enum err_code setup_finish(struct app *app, struct arena *mem, struct str code,
                           const struct signup *in, struct str remote, int64_t *ret_id,
                           struct signup_errors *ret_errors, struct err *err) MUST_USE;

#endif
