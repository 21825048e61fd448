#include "store/mark.h"

#include "store/statements.h"

enum { FIND, INSERT, DELETE };
static const struct stmt stmts[] = {
    [FIND] = {"mark_find", "SELECT sha256 FROM blob_mark", "", "t"},
    [DELETE] = {"mark_delete", "DELETE FROM blob_mark", "", ""},
    [INSERT] = {"mark_insert", "INSERT INTO blob_mark (id, sha256) VALUES (1, $1)", "t", ""},
};
const struct stmt_list mark_statements = {stmts, COUNT(stmts)};

enum err_code mark_find(struct tx *tx, struct arena *mem, struct str *ret_sha256, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[FIND], DB_NO_ARGS, &rows, err);

    if (code)
        return code;
    *ret_sha256 = str_dup(mem, rows_text(rows, 0));
    return ret_sha256->ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

enum err_code mark_insert(struct tx *tx, struct str sha256, struct err *err)
{
    return db_exec(tx, &stmts[INSERT], DB_ARGS(db_text(sha256)), NULL, err);
}

enum err_code mark_delete(struct tx *tx, struct err *err)
{
    return db_exec(tx, &stmts[DELETE], DB_NO_ARGS, NULL, err);
}
