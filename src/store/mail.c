#include "store/mail.h"

#include "store/reader.h"
#include "store/statements.h"

enum { INSERT, ADDRESSES };
static const struct stmt stmts[] = {
    [INSERT] = {"mail_insert",
                "INSERT INTO mail_outbox (recipient, kind, params, created_ms) "
                "VALUES ($1, $2, $3, $4)",
                "ttti", ""},
    [ADDRESSES] = {"mail_addresses",
                   "SELECT a.email FROM account a WHERE a.id = $1 AND a.kind = 'user' "
                   "AND a.email <> '' UNION SELECT a.email FROM account a "
                   "JOIN group_member m ON m.account_id = a.id JOIN org_group g "
                   "ON g.id = m.group_id WHERE g.account_id = $1 AND g.name = 'owners' "
                   "AND a.email <> '' ORDER BY 1",
                   "i", "t"},
};
const struct stmt_list mail_statements = {stmts, COUNT(stmts)};

enum err_code mail_insert(struct tx *tx, const struct mail_row *row, struct err *err)
{
    return db_exec(tx, &stmts[INSERT],
                   DB_ARGS(db_text(row->recipient), db_text(row->kind), db_text(row->params),
                           db_int(row->created_ms)),
                   NULL, err);
}

enum err_code mail_addresses(struct tx *tx, struct arena *mem, int64_t account_id,
                             struct address_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[ADDRESSES], DB_ARGS(db_int(account_id)),
                                     reader_row_text, sizeof(*ret->items), &found, err);

    if (code == OK)
        *ret = (struct address_list){found.rows, found.count};
    return code;
}
