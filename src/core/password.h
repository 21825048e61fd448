/* password.h: the rule for passwords, and argon2id. */
#ifndef CORE_PASSWORD_H
#define CORE_PASSWORD_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Is this password good enough? min_chars: the setting, at least 7. Refused with
 * ERR_UNPROCESSABLE (field "password"): shorter, longer than 1024 bytes, not UTF-8, equal to the
 * login, all one character, or among the commonest of published leaks. */
enum err_code password_check(struct str password, struct str login, int64_t min_chars,
                             struct err *err) MUST_USE;

/* An argon2id string (t=2, 19 MiB: OWASP's recommendation, about 25 ms). At most two are computed
 * at once in this process, so that memory is bounded, and four callers wait, so that a flood of
 * sign-ins does not take every worker: more is ERR_BUSY. The same bound holds for verifying. */
enum err_code password_hash(struct arena *mem, struct str password, struct str *ret_hash,
                            struct err *err) MUST_USE;

/* OK if the password belongs to the hash, ERR_UNAUTHENTICATED if not, or ERR_BUSY. An empty hash
 * (no such account) costs the same time and is never right. */
enum err_code password_verify(struct str hash, struct str password, struct err *err) MUST_USE;

#endif
