/* audit.h: what was done, by whom, from where; written in the transaction of the action. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H
#include "store/db.h"

struct audit_row {
    int64_t actor_id;      /* 0: nobody is signed in */
    struct str actor;      /* login, or "admin command" */
    struct str token_name; /* empty unless by token */
    struct str remote;     /* address; empty for commands */
    struct str action;     /* "file.create", "session.create" ... */
    struct str object;     /* "alice/numpy/1.0/linux-64/numpy-1.0-0.conda" */
    struct str detail;     /* free text, no secrets */
    int64_t time_ms;
};
enum err_code audit_insert(struct tx *tx, const struct audit_row *row, struct err *err) MUST_USE;

#endif
