/* credential.c: rows of sessions, access tokens and the set-up code. */
#include "store/credential.h"

#include "store/reader.h"
#include "store/statements.h"

enum {
    SESSION_INSERT,
    SESSION_FIND,
    SESSION_DELETE,
    SESSION_DELETE_ALL,
    SESSION_ANY_EXPIRED,
    SESSION_SWEEP,
    TOKEN_INSERT,
    TOKEN_FIND,
    TOKEN_DELETE,
    TOKEN_DELETE_BY_NAME,
    TOKEN_NAME_TAKEN,
    TOKEN_LIST,
    SETUP_CODE_SET,
    SETUP_CODE_FIND,
    SETUP_CODE_CLEAR
};
static const struct stmt stmts[] = {
    [SESSION_INSERT] = {"session_insert",
                        "INSERT INTO session (hash, account_id, remote, agent, created_ms, "
                        "expires_ms) VALUES ($1, $2, $3, $4, $5, $6)",
                        "bittii", ""},
    [SESSION_FIND] = {"session_find",
                      "SELECT s.id, a.id, a.login, a.superuser, '', '', s.created_ms, s.expires_ms "
                      "FROM session s JOIN account a ON a.id = s.account_id WHERE s.hash = $1",
                      "b", "iitittii"},
    [SESSION_DELETE] = {"session_delete", "DELETE FROM session WHERE hash = $1", "b", ""},
    [SESSION_DELETE_ALL] = {"session_delete_all", "DELETE FROM session WHERE account_id = $1", "i",
                            ""},
    [SESSION_ANY_EXPIRED] = {"session_any_expired",
                             "SELECT COUNT(*) FROM (SELECT id FROM session WHERE expires_ms > 0 "
                             "AND expires_ms <= $1 LIMIT 1) AS expired",
                             "i", "i"},
    [SESSION_SWEEP] = {"session_sweep",
                       "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE "
                       "expires_ms > 0 AND expires_ms <= $1 ORDER BY expires_ms LIMIT $2)",
                       "ii", ""},
    [TOKEN_INSERT] = {"token_insert",
                      "INSERT INTO token (hash, account_id, name, scopes, hostname, remote, "
                      "created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                      "bittttii", ""},
    [TOKEN_FIND] = {"token_find",
                    "SELECT t.id, a.id, a.login, a.superuser, t.name, t.scopes, t.created_ms, "
                    "t.expires_ms FROM token t JOIN account a ON a.id = t.account_id "
                    "WHERE t.hash = $1",
                    "b", "iitittii"},
    [TOKEN_DELETE] = {"token_delete", "DELETE FROM token WHERE id = $1", "i", ""},
    [TOKEN_DELETE_BY_NAME] = {"token_delete_by_name",
                              "DELETE FROM token WHERE account_id = $1 AND name = $2", "it", ""},
    [TOKEN_NAME_TAKEN] = {"token_name_taken",
                          "SELECT COUNT(*) FROM token WHERE account_id = $1 AND name = $2", "it",
                          "i"},
    [TOKEN_LIST] = {"token_list",
                    "SELECT id, account_id, name, scopes, hostname, remote, created_ms, expires_ms "
                    "FROM token WHERE account_id = $1 ORDER BY name",
                    "i", "iittttii"},
    [SETUP_CODE_SET] = {"setup_code_set",
                        "INSERT INTO setup_code (id, hash, expires_ms) VALUES (1, $1, $2) "
                        "ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, "
                        "expires_ms = excluded.expires_ms",
                        "bi", ""},
    [SETUP_CODE_FIND] = {"setup_code_find",
                         "SELECT COUNT(*) FROM setup_code WHERE hash = $1 "
                         "AND (expires_ms = 0 OR expires_ms > $2)",
                         "bi", "i"},
    [SETUP_CODE_CLEAR] = {"setup_code_clear", "DELETE FROM setup_code", "", ""},
};
const struct stmt_list credential_statements = {stmts, COUNT(stmts)};

static enum err_code find(struct tx *tx, struct arena *mem, const struct stmt *s, struct str hash,
                          struct credential_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct credential_row row = {0};
    struct reader r;
    enum err_code code = db_one(tx, s, DB_ARGS(db_bytes(hash)), &rows, err);

    if (code)
        return code;
    r = reader_of(rows, mem);
    row.id = reader_int(&r);
    row.account_id = reader_int(&r);
    row.login = reader_text(&r);
    row.superuser = reader_bool(&r);
    row.token_name = reader_text(&r);
    row.scopes = reader_text(&r);
    row.created_ms = reader_int(&r);
    row.expires_ms = reader_int(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *ret = row;
    return code;
}

/* A SELECT COUNT(*): is there any? */
static enum err_code any(struct tx *tx, const struct stmt *s, const struct db_val *args,
                         size_t nargs, bool *ret_any, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, args, nargs, &rows, err);

    if (code == OK)
        *ret_any = rows_int(rows, 0) > 0;
    return code;
}

/* --- sessions ------------------------------------------------------------------------------ */

enum err_code session_insert(struct tx *tx, const struct session_row *row, struct err *err)
{
    return db_exec(tx, &stmts[SESSION_INSERT],
                   DB_ARGS(db_bytes(row->hash), db_int(row->account_id), db_text(row->remote),
                           db_text(row->agent), db_int(row->created_ms), db_int(row->expires_ms)),
                   NULL, err);
}

enum err_code session_find(struct tx *tx, struct arena *mem, struct str hash,
                           struct credential_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[SESSION_FIND], hash, ret, err);
}

enum err_code session_delete(struct tx *tx, struct str hash, struct err *err)
{
    return db_exec(tx, &stmts[SESSION_DELETE], DB_ARGS(db_bytes(hash)), NULL, err);
}

enum err_code session_delete_all(struct tx *tx, int64_t account_id, struct err *err)
{
    return db_exec(tx, &stmts[SESSION_DELETE_ALL], DB_ARGS(db_int(account_id)), NULL, err);
}

enum err_code session_any_expired(struct tx *tx, int64_t now_ms, bool *ret_any, struct err *err)
{
    return any(tx, &stmts[SESSION_ANY_EXPIRED], DB_ARGS(db_int(now_ms)), ret_any, err);
}

enum err_code session_sweep(struct tx *tx, int64_t now_ms, int64_t max, struct err *err)
{
    return db_exec(tx, &stmts[SESSION_SWEEP], DB_ARGS(db_int(now_ms), db_int(max)), NULL, err);
}

/* --- tokens -------------------------------------------------------------------------------- */

enum err_code token_insert(struct tx *tx, const struct token_row *row, struct err *err)
{
    enum err_code code =
        db_exec(tx, &stmts[TOKEN_INSERT],
                DB_ARGS(db_bytes(row->hash), db_int(row->account_id), db_text(row->name),
                        db_text(row->scopes), db_text(row->hostname), db_text(row->remote),
                        db_int(row->created_ms), db_int(row->expires_ms)),
                NULL, err);

    if (code == ERR_CONFLICT)
        return fail(err, code, "token \"" STR_FMT "\" exists already", STR_ARG(row->name));
    return code;
}

enum err_code token_find(struct tx *tx, struct arena *mem, struct str hash,
                         struct credential_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[TOKEN_FIND], hash, ret, err);
}

enum err_code token_delete(struct tx *tx, int64_t id, struct err *err)
{
    return db_exec(tx, &stmts[TOKEN_DELETE], DB_ARGS(db_int(id)), NULL, err);
}

enum err_code token_delete_by_name(struct tx *tx, int64_t account_id, struct str name,
                                   struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, &stmts[TOKEN_DELETE_BY_NAME],
                                 DB_ARGS(db_int(account_id), db_text(name)), &changes, err);

    if (code)
        return code;
    return changes ? OK
                   : fail(err, ERR_NOT_FOUND, "there is no token \"" STR_FMT "\"", STR_ARG(name));
}

enum err_code token_name_taken(struct tx *tx, int64_t account_id, struct str name, bool *ret_taken,
                               struct err *err)
{
    return any(tx, &stmts[TOKEN_NAME_TAKEN], DB_ARGS(db_int(account_id), db_text(name)), ret_taken,
               err);
}

static enum err_code read_token(struct rows *rows, struct arena *mem, struct token_row *ret,
                                struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct token_row row = {.hash = S("")};

    row.id = reader_int(&r);
    row.account_id = reader_int(&r);
    row.name = reader_text(&r);
    row.scopes = reader_text(&r);
    row.hostname = reader_text(&r);
    row.remote = reader_text(&r);
    row.created_ms = reader_int(&r);
    row.expires_ms = reader_int(&r);
    *ret = row;
    return reader_end(&r, err);
}

enum err_code token_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct token_list *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct token_list list = {0};
    enum err_code code = db_query(tx, &stmts[TOKEN_LIST], DB_ARGS(db_int(account_id)), &rows, err);

    while (code == OK && rows_next(rows)) {
        list.rows = reader_room(mem, list.rows, list.count, sizeof(*list.rows));
        if (!list.rows)
            return fail(err, ERR_NOMEM, "out of memory");
        code = read_token(rows, mem, &list.rows[list.count++], err);
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        *ret = list;
    return code;
}

/* --- the set-up code ----------------------------------------------------------------------- */

enum err_code setup_code_set(struct tx *tx, struct str hash, int64_t expires_ms, struct err *err)
{
    return db_exec(tx, &stmts[SETUP_CODE_SET], DB_ARGS(db_bytes(hash), db_int(expires_ms)), NULL,
                   err);
}

enum err_code setup_code_find(struct tx *tx, struct str hash, int64_t now_ms, bool *ret_valid,
                              struct err *err)
{
    return any(tx, &stmts[SETUP_CODE_FIND], DB_ARGS(db_bytes(hash), db_int(now_ms)), ret_valid,
               err);
}

enum err_code setup_code_clear(struct tx *tx, struct err *err)
{
    return db_exec(tx, &stmts[SETUP_CODE_CLEAR], DB_NO_ARGS, NULL, err);
}
