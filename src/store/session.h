/* session.h: sessions as their owners see them: a list, to end one of. What makes and finds them by
 * their secrets is in credential.h. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H
#include "base/arena.h"
#include "store/db.h"

struct listed_session {
    int64_t id, created_ms;
    int64_t seen_ms;          /* the last use that is known of */
    struct str remote, agent; /* of it */
};
struct session_list {
    struct listed_session *rows;
    size_t count;
};
/* Those of an account that are not over, the one that was used last first. */
enum err_code session_list(struct tx *tx, struct arena *mem, int64_t account_id, int64_t now_ms,
                           struct session_list *ret, struct err *err) MUST_USE;
/* *ret_found: the account had a session of this number. */
enum err_code session_delete_of(struct tx *tx, int64_t account_id, int64_t id, bool *ret_found,
                                struct err *err) MUST_USE;

/* A session is used. */
struct session_use {
    int64_t session_id, now_ms;
    int64_t every_ms; /* is noted so often, or when the address is another one */
    struct str remote;
};
enum err_code session_use_due(struct tx *tx, const struct session_use *use, bool *ret_due,
                              struct err *err) MUST_USE;
enum err_code session_use_note(struct tx *tx, const struct session_use *use,
                               struct err *err) MUST_USE;

#endif
