/* mail.h: rows of mail that is to be sent, and the addresses it goes to. */
#ifndef STORE_MAIL_H
#define STORE_MAIL_H
#include "base/arena.h"
#include "store/db.h"

struct mail_row {
    struct str recipient; /* an address */
    struct str kind;      /* what it is about: "token.expires" */
    struct str params; /* what its text tells of: a JSON object, of which the kind knows the keys */
    int64_t created_ms;
};
enum err_code mail_insert(struct tx *tx, const struct mail_row *row, struct err *err) MUST_USE;

struct address_list {
    struct str *items;
    size_t count;
};
/* Where mail for an account goes: a user's address; those of all owners of an organization. Each
 * once, sorted; who has none is left out. */
enum err_code mail_addresses(struct tx *tx, struct arena *mem, int64_t account_id,
                             struct address_list *ret, struct err *err) MUST_USE;

#endif
