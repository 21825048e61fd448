/* err.h: why an operation failed. The code is for programs, the message for people. */
#ifndef BASE_ERR_H
#define BASE_ERR_H
#include "base/common.h"

enum err_code {
    OK = 0,
    ERR_NOMEM,           /* out of memory, or over the cap of an arena or buffer of ours */
    ERR_IO,              /* the disk, the database or a child process failed */
    ERR_INVALID,         /* the input breaks a rule of its format */
    ERR_UNPROCESSABLE,   /* well-formed, but a field's value is refused; err.field names it */
    ERR_TOO_BIG,         /* over a limit of limits.h or of the settings */
    ERR_NOT_FOUND,       /* absent, or hidden from this caller */
    ERR_CONFLICT,        /* exists already, with other content */
    ERR_UNAUTHENTICATED, /* no credentials, or credentials that do not hold */
    ERR_DENIED,          /* known caller, right not held */
    ERR_LIMITED,         /* tried too often; err.retry_s says when to try again */
    ERR_BUSY,            /* a queue is full, a resource is taken or away; worth a retry later */
    ERR_COLLISION,       /* another transaction was in the way, and this one was undone: worth a
                            retry at once */
    ERR_NO_SPACE,        /* the disk or a quota is full */
    ERR_CODE_MAX
};

struct err {
    enum err_code code;
    int line;
    const char *file;
    const char *field; /* static name of the offending input field, or NULL */
    unsigned retry_s;  /* of ERR_LIMITED: seconds until it is worth a retry; else 0 */
    char msg[400];     /* one line, lower case, quotes the offending value, no function names */
};

/* Fills *e (which may be NULL) and returns code, so that callers can `return fail(...)`. The
 * message is made valid UTF-8 without control characters, and cut if it is too long. An
 * argument may be e->msg itself: `return fail(e, e->code, "line %d: %s", n, e->msg)`. */
enum err_code err_set(struct err *e, enum err_code code, const char *file, int line,
                      const char *fmt, ...) PRINTF(5, 6);
#define fail(e, code, ...) err_set((e), (code), __FILE__, __LINE__, __VA_ARGS__)

/* As fail(ERR_UNPROCESSABLE), naming the input field that is at fault. field: static string. */
#define fail_field(e, field_, ...)                                                                 \
    err_set_field((e), (field_), err_set((e), ERR_UNPROCESSABLE, __FILE__, __LINE__, __VA_ARGS__))
enum err_code err_set_field(struct err *e, const char *field, enum err_code code);

/* As fail(ERR_LIMITED), saying when to try again. */
#define fail_limited(e, seconds, ...)                                                              \
    err_set_retry((e), (seconds), err_set((e), ERR_LIMITED, __FILE__, __LINE__, __VA_ARGS__))
enum err_code err_set_retry(struct err *e, unsigned seconds, enum err_code code);

/* As fail(ERR_IO), or ERR_NO_SPACE for ENOSPC and EDQUOT; appends ": " and strerror(errno). */
enum err_code err_set_errno(struct err *e, const char *file, int line, const char *fmt, ...)
    PRINTF(4, 5);
#define fail_errno(e, ...) err_set_errno((e), __FILE__, __LINE__, __VA_ARGS__)

/* Short stable name of a code for logs and API answers: "not_found". Never NULL. */
const char *err_slug(enum err_code code);

#endif
