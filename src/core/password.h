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
 * at once in this process, whatever the number of workers, so memory is bounded: others wait. */
enum err_code password_hash(struct arena *mem, struct str password, struct str *ret_hash,
                            struct err *err) MUST_USE;

/* Whether the password belongs to the hash. An empty hash (no such account) costs the same time
 * and is never right. */
bool password_verify(struct str hash, struct str password);

#endif
