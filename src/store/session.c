#include "store/session.h"

#include "store/reader.h"
#include "store/statements.h"

/* A new session has been seen when it was made. */
#define SEEN "CASE WHEN seen_ms = 0 THEN created_ms ELSE seen_ms END"

enum { LIST, DELETE_OF, USE_DUE, USE_NOTE };
static const struct stmt stmts[] = {
    [LIST] = {"session_list",
              "SELECT id, created_ms, " SEEN " AS seen, remote, agent FROM session "
              "WHERE account_id = $1 AND expires_ms > $2 ORDER BY seen DESC, id DESC",
              "ii", "iiitt"},
    [DELETE_OF] = {"session_delete_of", "DELETE FROM session WHERE account_id = $1 AND id = $2",
                   "ii", ""},
    [USE_DUE] = {"session_use_due",
                 "SELECT COUNT(*) FROM session WHERE id = $1 AND (" SEEN " <= $2 OR remote <> $3)",
                 "iit", "i"},
    [USE_NOTE] = {"session_use_note", "UPDATE session SET seen_ms = $1, remote = $2 WHERE id = $3",
                  "iti", ""},
};
const struct stmt_list session_statements = {stmts, COUNT(stmts)};

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct listed_session *row = ret;

    row->id = reader_int(&r);
    row->created_ms = reader_int(&r);
    row->seen_ms = reader_int(&r);
    row->remote = reader_text(&r);
    row->agent = reader_text(&r);
    return reader_end(&r, err);
}

enum err_code session_list(struct tx *tx, struct arena *mem, int64_t account_id, int64_t now_ms,
                           struct session_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, &stmts[LIST], DB_ARGS(db_int(account_id), db_int(now_ms)), read_row,
                    sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct session_list){found.rows, found.count};
    return code;
}

enum err_code session_delete_of(struct tx *tx, int64_t account_id, int64_t id, bool *ret_found,
                                struct err *err)
{
    int64_t changes = 0;
    enum err_code code =
        db_exec(tx, &stmts[DELETE_OF], DB_ARGS(db_int(account_id), db_int(id)), &changes, err);

    if (code == OK)
        *ret_found = changes > 0;
    return code;
}

enum err_code session_use_due(struct tx *tx, const struct session_use *use, bool *ret_due,
                              struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(
        tx, &stmts[USE_DUE],
        DB_ARGS(db_int(use->session_id), db_int(use->now_ms - use->every_ms), db_text(use->remote)),
        &rows, err);

    if (code == OK)
        *ret_due = rows_int(rows, 0) > 0;
    return code;
}

enum err_code session_use_note(struct tx *tx, const struct session_use *use, struct err *err)
{
    return db_exec(tx, &stmts[USE_NOTE],
                   DB_ARGS(db_int(use->now_ms), db_text(use->remote), db_int(use->session_id)),
                   NULL, err);
}
