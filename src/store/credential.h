/* credential.h: rows of sessions, access tokens, living and revoked, and the one-time set-up code.
 * Only SHA-256 hashes (32 bytes) of secrets are stored. */
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
    struct str limits;              /* as core/limit has them; empty: none */
    int64_t created_ms, expires_ms; /* 0: never */
    int64_t refused_ms;             /* of a token; 0: no refusal is on record */
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
    struct str hash, name, scopes, limits, hostname, remote; /* hash is empty in lists */
    int64_t created_ms, expires_ms;
    int64_t last_used_ms; /* 0: never; then the two below are empty */
    struct str last_used_from, last_used_by;
};
/* Ignores the last use. ERR_CONFLICT when the account has a token of this name. */
enum err_code token_insert(struct tx *tx, const struct token_row *row, struct err *err) MUST_USE;
enum err_code token_find(struct tx *tx, struct arena *mem, struct str hash,
                         struct credential_row *ret, struct err *err) MUST_USE;
/* ERR_NOT_FOUND when the account has none of this name. */
enum err_code token_id_by_name(struct tx *tx, int64_t account_id, struct str name, int64_t *ret_id,
                               struct err *err) MUST_USE;
struct token_list {
    struct token_row *rows;
    size_t count;
};
/* By name. */
enum err_code token_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct token_list *ret, struct err *err) MUST_USE;

/* A use is kept if it is later than the one that is there; of what is gone, nothing. */
enum err_code token_set_used(struct tx *tx, int64_t id, int64_t used_ms, struct str from,
                             struct str by, struct err *err) MUST_USE;

/* The token moves from the one table to the other. */
enum err_code token_revoke(struct tx *tx, int64_t id, int64_t now_ms, struct err *err) MUST_USE;
struct revoked_token_row {
    int64_t id, account_id, refused_ms; /* 0: no refusal is on record */
    struct str login, name;             /* whose it was */
};
enum err_code revoked_token_find(struct tx *tx, struct arena *mem, struct str hash,
                                 struct revoked_token_row *ret, struct err *err) MUST_USE;
/* Are there any that were revoked until then? Removes at most `max` of them, the oldest first. */
enum err_code revoked_token_any(struct tx *tx, int64_t until_ms, bool *ret_any,
                                struct err *err) MUST_USE;
enum err_code revoked_token_sweep(struct tx *tx, int64_t until_ms, int64_t max,
                                  struct err *err) MUST_USE;
/* Notes a refusal, of a token that has expired or was revoked, unless there was one after `since`:
 * *ret_noted. */
enum err_code token_note_refusal(struct tx *tx, int64_t id, bool revoked, int64_t now_ms,
                                 int64_t since_ms, bool *ret_noted, struct err *err) MUST_USE;

/* Tokens whose end comes in (after, until] and whose owner was not told. */
struct ending_token {
    int64_t id, account_id, expires_ms;
    struct str login, name; /* whose it is */
};
struct ending_token_list {
    struct ending_token *rows;
    size_t count;
};
/* At most `max`, the first to end first. */
enum err_code token_list_ending(struct tx *tx, struct arena *mem, int64_t after_ms,
                                int64_t until_ms, int64_t max, struct ending_token_list *ret,
                                struct err *err) MUST_USE;
/* *ret_set: the owner was not told before. */
enum err_code token_set_warned(struct tx *tx, int64_t id, int64_t now_ms, bool *ret_set,
                               struct err *err) MUST_USE;

/* The one-time code that creates the first administrator; at most one exists. */
enum err_code setup_code_set(struct tx *tx, struct str hash, int64_t expires_ms,
                             struct err *err) MUST_USE; /* replaces */
enum err_code setup_code_find(struct tx *tx, struct str hash, int64_t now_ms, bool *ret_valid,
                              struct err *err) MUST_USE;
enum err_code setup_code_clear(struct tx *tx, struct err *err) MUST_USE;

#endif
