/* account.h: rows of users and organizations. Logins are stored in lower case. */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H
#include "base/arena.h"
#include "store/db.h"

struct account_row {
    int64_t id;
    struct str login, kind;   /* "user", "organization" */
    struct str email;         /* never shown to others; a user's is nobody else's */
    struct str password_hash; /* argon2id string; empty: cannot sign in by password */
    struct str name, company, location, url, description;
    bool superuser;
    int64_t created_ms;
    struct str default_access;   /* of new packages; empty: as the settings say */
    int64_t suspended_ms;        /* since when it may not be used; 0: it may */
    struct str package_creators; /* of an organization: "owners", "writers", "members" */
};
/* Texts of results lie in mem. ERR_NOT_FOUND when absent. */
enum err_code account_by_login(struct tx *tx, struct arena *mem, struct str login,
                               struct account_row *ret, struct err *err) MUST_USE;
enum err_code account_by_id(struct tx *tx, struct arena *mem, int64_t id, struct account_row *ret,
                            struct err *err) MUST_USE;
enum err_code account_by_email(struct tx *tx, struct arena *mem, struct str email,
                               struct account_row *ret,
                               struct err *err) MUST_USE; /* users; case-insensitive */
/* ERR_CONFLICT with err->field "login" or "email" when taken, or when the login is retired. Ignores
 * row->id, suspended_ms, default_access and package_creators. */
enum err_code account_insert(struct tx *tx, const struct account_row *row, struct str terms_version,
                             int64_t *ret_id, struct err *err) MUST_USE;
enum err_code account_set_password(struct tx *tx, int64_t id, struct str password_hash,
                                   struct err *err) MUST_USE;
enum err_code account_set_superuser(struct tx *tx, int64_t id, bool superuser,
                                    struct err *err) MUST_USE;
/* suspended_ms: since when; 0: not any more. */
enum err_code account_set_suspended(struct tx *tx, int64_t id, int64_t suspended_ms,
                                    struct err *err) MUST_USE;
/* Name, company, location, url, description, default_access and package_creators of the row become
 * those of the account with its number. */
enum err_code account_set_profile(struct tx *tx, const struct account_row *row,
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

/* Sets aside all bytes that only this account's files, uploads and documents may name, for
 * index_doc_sweep: of files and uploads at once, of documents when nobody reads them any more. To
 * be called before account_delete, with which those rows go. */
enum err_code account_discard_bytes(struct tx *tx, int64_t id, int64_t now_ms,
                                    struct err *err) MUST_USE;
/* Everything that belongs to the account goes with it; what it did elsewhere stays, as nobody's. */
enum err_code account_delete(struct tx *tx, int64_t id, struct err *err) MUST_USE;

/* Logins that nobody can have, because somebody had them. kind: of that account. */
enum err_code login_retire(struct tx *tx, struct str login, struct str kind, int64_t now_ms,
                           struct err *err) MUST_USE;
enum err_code login_is_retired(struct tx *tx, struct str login, bool *ret_is,
                               struct err *err) MUST_USE;
/* *ret_was: it was retired. */
enum err_code login_free(struct tx *tx, struct str login, bool *ret_was, struct err *err) MUST_USE;

#endif
