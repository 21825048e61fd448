/* quota.h: how much an account may store, and how much it has.
 *
 * Each digest of the account's files counts once, those in its trash too. The setting `quota` is
 * for all accounts; an administrator gives one its own. What would go over it is refused as soon as
 * that can be known: when it is announced, while it arrives, and at last in the transaction that
 * makes it a file, where no other upload to the account can come between. It is refused as too
 * large (ERR_TOO_BIG, 413), not as forbidden: signing in as somebody else would not help. */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H
#include "app.h"
#include "base/arena.h"
#include "core/actor.h"
#include "store/space.h"

struct quota {
    int64_t used, limit; /* bytes; limit 0: none */
    bool own;            /* of this account alone */
};
enum err_code quota_find(struct app *app, struct tx *tx, int64_t account_id, struct quota *ret,
                         struct err *err) MUST_USE;
/* Is there room for `size` more bytes? ERR_TOO_BIG says what is used, the limit and the size. */
enum err_code quota_admit(const struct quota *q, int64_t size, struct err *err) MUST_USE;
/* The same for a file of the account, in any transaction: bytes that it has already take no room.
 * sha256 empty: not known yet. size 0: not known yet, and then any room will do. */
enum err_code quota_check(struct app *app, struct tx *tx, int64_t account_id, struct str sha256,
                          int64_t size, struct err *err) MUST_USE;

/* A package, with what the trash has of it, is another account's now: counts that, and refuses it
 * if that is more than the account may have (ERR_TOO_BIG). In the transaction that moves it. */
enum err_code quota_move(struct app *app, struct tx *tx, int64_t package_id, int64_t from_id,
                         int64_t to_id, struct err *err) MUST_USE;

/* Gives an account its own; limit -1: takes it away again. What it has beyond it stays.
 * ERR_NOT_FOUND. */
enum err_code quota_set(struct app *app, struct arena *mem, const struct actor *actor,
                        struct str login, int64_t limit, struct err *err) MUST_USE;

struct usage {
    struct quota quota;
    struct space_share_list types; /* of the files */
    struct space_share trash;
};
/* ERR_NOT_FOUND. */
enum err_code quota_usage(struct app *app, struct arena *mem, struct str login, struct usage *ret,
                          struct err *err) MUST_USE;

#endif
