/* audit.h: what was done, by whom, to whose account, from where; written in the transaction of the
 * action. The rows outlive the accounts. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H
#include "base/arena.h"
#include "store/db.h"

struct audit_row {
    int64_t id;            /* of rows that were read */
    int64_t actor_id;      /* 0: nobody is signed in */
    struct str actor;      /* login, or "admin command" */
    struct str token_name; /* empty unless by token */
    struct str remote;     /* address; empty for commands */
    struct str action;     /* "file.create", "session.create" ... */
    struct str object;     /* "alice/numpy/1.0/linux-64/numpy-1.0-0.conda" */
    struct str detail;     /* free text, no secrets */
    int64_t account_id;    /* the owner of the object; 0: it is nobody's */
    struct str account;    /* its login, of rows that were read */
    int64_t time_ms;
};
/* Writes the login of account_id beside it, as long as there is such an account. */
enum err_code audit_insert(struct tx *tx, const struct audit_row *row, struct err *err) MUST_USE;

/* Which rows to read; of empty texts any will do. */
struct audit_filter {
    int64_t account_id;               /* 0: of all accounts */
    struct str action;                /* the whole word, or with a "." at its end the beginning */
    struct str actor, object, remote; /* exactly */
    int64_t since_ms;                 /* not before */
    int64_t before_ms, before_id;     /* only rows before this place in the order of the log */
};
struct audit_list {
    struct audit_row *rows;
    size_t count;
    bool more;                /* there may be rows after those */
    int64_t next_ms, next_id; /* the place to go on from, if there are */
};
/* The newest `max` rows that fit, the newest first. Looks at no more than AUDIT_WINDOW rows, so
 * that a filter that hardly any row passes costs no more than one that all do: there may be
 * more although fewer than max were found. */
#define AUDIT_WINDOW 10000
enum err_code audit_list(struct tx *tx, struct arena *mem, const struct audit_filter *filter,
                         int64_t max, struct audit_list *ret, struct err *err) MUST_USE;

#endif
