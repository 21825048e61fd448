/* credential.h: rows of sessions, access tokens and the one-time set-up code. Only SHA-256
 * hashes (32 bytes) of secrets are stored. */
#ifndef STORE_CREDENTIAL_H
#define STORE_CREDENTIAL_H
#include "base/arena.h"
#include "store/db.h"

/* Who a secret belongs to, joined with its account. */
struct credential_row {
    int64_t id; /* of the session or token */
    int64_t account_id;
    struct str login;
    bool superuser;
    struct str token_name;          /* empty for a session */
    struct str scopes;              /* blank-separated; empty: all */
    int64_t created_ms, expires_ms; /* 0: never */
};

struct session_row {
    struct str hash; /* of the cookie's value */
    int64_t account_id, created_ms, expires_ms;
    struct str remote, agent;
};
enum err_code session_insert(struct tx *tx, const struct session_row *row,
                             struct err *err) MUST_USE;
enum err_code session_find(struct tx *tx, struct arena *mem, struct str hash,
                           struct credential_row *ret, struct err *err) MUST_USE;
enum err_code session_delete(struct tx *tx, struct str hash, struct err *err) MUST_USE;
enum err_code session_delete_all(struct tx *tx, int64_t account_id, struct err *err) MUST_USE;
/* Is any session past its expiry? Removes at most `max` of them, the oldest first. */
enum err_code session_any_expired(struct tx *tx, int64_t now_ms, bool *ret_any,
                                  struct err *err) MUST_USE;
enum err_code session_sweep(struct tx *tx, int64_t now_ms, int64_t max, struct err *err) MUST_USE;

struct token_row {
    int64_t id, account_id;
    struct str hash, name, scopes, hostname, remote; /* hash is empty in lists */
    int64_t created_ms, expires_ms;
};
/* ERR_CONFLICT when the account has a token of this name. */
enum err_code token_insert(struct tx *tx, const struct token_row *row, struct err *err) MUST_USE;
enum err_code token_find(struct tx *tx, struct arena *mem, struct str hash,
                         struct credential_row *ret, struct err *err) MUST_USE;
enum err_code token_delete(struct tx *tx, int64_t id, struct err *err) MUST_USE;
/* ERR_NOT_FOUND when there is none of this name. */
enum err_code token_delete_by_name(struct tx *tx, int64_t account_id, struct str name,
                                   struct err *err) MUST_USE;
enum err_code token_name_taken(struct tx *tx, int64_t account_id, struct str name, bool *ret_taken,
                               struct err *err) MUST_USE;
struct token_list {
    struct token_row *rows;
    size_t count;
};
enum err_code token_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct token_list *ret, struct err *err) MUST_USE;

/* The one-time code that creates the first administrator; at most one exists. */
enum err_code setup_code_set(struct tx *tx, struct str hash, int64_t expires_ms,
                             struct err *err) MUST_USE; /* replaces */
enum err_code setup_code_find(struct tx *tx, struct str hash, int64_t now_ms, bool *ret_valid,
                              struct err *err) MUST_USE;
enum err_code setup_code_clear(struct tx *tx, struct err *err) MUST_USE;

#endif
