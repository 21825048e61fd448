/* account.h: rows of users and organizations. Logins are stored in lower case. */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H
#include "base/arena.h"
#include "store/db.h"

struct account_row {
    int64_t id;
    struct str login, kind;   /* "user", "organization" */
    struct str email;         /* never shown to others */
    struct str password_hash; /* argon2id string; empty: cannot sign in by password */
    struct str name, company, location, url, description;
    bool superuser;
    int64_t created_ms;
    struct str default_access; /* of new packages; empty: as the settings say */
    int64_t suspended_ms;      /* since when it may not be used; 0: it may */
};
/* Texts of results lie in mem. ERR_NOT_FOUND when absent. */
enum err_code account_by_login(struct tx *tx, struct arena *mem, struct str login,
                               struct account_row *ret, struct err *err) MUST_USE;
enum err_code account_by_id(struct tx *tx, struct arena *mem, int64_t id, struct account_row *ret,
                            struct err *err) MUST_USE;
enum err_code account_by_email(struct tx *tx, struct arena *mem, struct str email,
                               struct account_row *ret,
                               struct err *err) MUST_USE; /* case-insensitive */
/* ERR_CONFLICT with err->field "login" or "email" when taken. Ignores row->id and suspended_ms. */
enum err_code account_insert(struct tx *tx, const struct account_row *row, struct str terms_version,
                             int64_t *ret_id, struct err *err) MUST_USE;
enum err_code account_set_password(struct tx *tx, int64_t id, struct str password_hash,
                                   struct err *err) MUST_USE;
enum err_code account_set_superuser(struct tx *tx, int64_t id, bool superuser,
                                    struct err *err) MUST_USE;
/* suspended_ms: since when; 0: not any more. */
enum err_code account_set_suspended(struct tx *tx, int64_t id, int64_t suspended_ms,
                                    struct err *err) MUST_USE;
enum err_code account_count_superusers(struct tx *tx, int64_t *ret_count, struct err *err) MUST_USE;
/* Those that are not suspended. */
enum err_code account_count_active_superusers(struct tx *tx, int64_t *ret_count,
                                              struct err *err) MUST_USE;

struct account_list {
    struct account_row *rows;
    size_t count;
};
/* All accounts by login; password_hash left empty. */
enum err_code account_list(struct tx *tx, struct arena *mem, struct account_list *ret,
                           struct err *err) MUST_USE;

#endif
