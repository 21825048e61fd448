/* audit.c: rows of the audit log. */
#include "store/audit.h"

#include "store/statements.h"

enum { INSERT };
static const struct stmt stmts[] = {
    [INSERT] = {"audit_insert",
                "INSERT INTO audit (time_ms, actor_id, actor, token_name, remote, action, object, "
                "detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                "iitttttt", ""},
};
const struct stmt_list audit_statements = {stmts, COUNT(stmts)};

enum err_code audit_insert(struct tx *tx, const struct audit_row *row, struct err *err)
{
    return db_exec(tx, &stmts[INSERT],
                   DB_ARGS(db_int(row->time_ms), db_int(row->actor_id), db_text(row->actor),
                           db_text(row->token_name), db_text(row->remote), db_text(row->action),
                           db_text(row->object), db_text(row->detail)),
                   NULL, err);
}
