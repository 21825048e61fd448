/* account.h: the rules of signing up and administering accounts. */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/account.h"

struct signup {
    struct str login, email, password, password_again;
    bool accept_terms;
    bool superuser; /* set by callers who may, never from a request's body */
};
#define SIGNUP_FIELDS 5
struct field_error {
    const char *field; /* "login" */
    struct str message;
};
struct signup_errors { /* every refused field at once, in the order of the form */
    struct field_error items[SIGNUP_FIELDS];
    size_t count;
};

/* Creates an account. ERR_UNPROCESSABLE: *ret_errors says which fields and why; err holds the
 * first of them. ERR_DENIED: registration is closed; ERR_LIMITED: too many signed up from this
 * address (neither for a superuser's or the command's call: by_admin). The password is hashed
 * before the transaction begins. */
enum err_code account_sign_up(struct app *app, struct arena *mem, const struct actor *actor,
                              const struct signup *in, bool by_admin, int64_t *ret_id,
                              struct signup_errors *ret_errors, struct err *err) MUST_USE;

/* Looks an account up, with a message for people. Inside any transaction. ERR_NOT_FOUND. */
enum err_code account_require(struct tx *tx, struct arena *mem, struct str login,
                              struct account_row *ret, struct err *err) MUST_USE;
/* The same, of a user: ERR_NOT_FOUND also when it is an organization. */
enum err_code account_require_user(struct tx *tx, struct arena *mem, struct str login,
                                   struct account_row *ret, struct err *err) MUST_USE;
/* ERR_CONFLICT if without this account nobody could administer the server any more. The
 * transaction is the only writer: two administrators could take each other's right. */
enum err_code account_keep_administrator(struct tx *tx, const struct account_row *row,
                                         struct err *err) MUST_USE;

/* Sets a user's password; ends all sessions of the account. Same password rule as signing up. */
enum err_code account_reset_password(struct app *app, struct arena *mem, const struct actor *actor,
                                     struct str login, struct str password,
                                     struct err *err) MUST_USE;
/* Of a user. ERR_CONFLICT: it is the last one that is not suspended. */
enum err_code account_change_superuser(struct app *app, struct arena *mem,
                                       const struct actor *actor, struct str login, bool superuser,
                                       struct err *err) MUST_USE;

/* The two halves of signing up, for core/setup, which puts a one-time code between them: judge
 * and hash (slow, no transaction), then insert with the audit row (inside one). */
struct judged_signup {
    struct signup in; /* the login in lower case */
    struct str password_hash;
};
enum err_code account_validate_signup(struct app *app, struct arena *mem, const struct signup *in,
                                      struct judged_signup *ret, struct signup_errors *ret_errors,
                                      struct err *err) MUST_USE;
/* ERR_UNPROCESSABLE: a name was taken meanwhile; err names the field. */
enum err_code account_insert_signup(struct app *app, struct tx *tx, const struct actor *actor,
                                    const struct judged_signup *judged, int64_t *ret_id,
                                    struct err *err) MUST_USE;
/* One more refused field, of a failure that names one. */
void signup_errors_add(struct signup_errors *errors, struct arena *mem, const struct err *e);

/* The login's rule: 2 to 64 of [a-z0-9_.-], begins with a letter or digit; not a reserved word
 * (every first word of our URLs, known subdirs, "t", "label" ...). Input is folded to lower case.
 */
enum err_code account_check_login(struct str login, struct err *err) MUST_USE;
/* The shape of an address, ERR_UNPROCESSABLE (field "email"); whether it exists only a mail can
 * tell. */
enum err_code account_check_email(struct str email, struct err *err) MUST_USE;

#endif
