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
    TOKEN_ID_BY_NAME,
    TOKEN_LIST,
    TOKEN_SET_USED,
    TOKEN_LIST_ENDING,
    TOKEN_SET_WARNED,
    TOKEN_NOTE_REFUSAL,
    TOKEN_DELETE,
    REVOKED_TOKEN_INSERT,
    REVOKED_TOKEN_FIND,
    REVOKED_TOKEN_NOTE_REFUSAL,
    REVOKED_TOKEN_ANY,
    REVOKED_TOKEN_SWEEP,
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
                      "SELECT s.id, a.id, a.login, a.superuser, '', '', '', s.created_ms, "
                      "s.expires_ms, 0 FROM session s JOIN account a ON a.id = s.account_id "
                      "WHERE s.hash = $1",
                      "b", "iititttiii"},
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
                      "INSERT INTO token (hash, account_id, name, scopes, limits, hostname, "
                      "remote, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                      "bitttttii", ""},
    [TOKEN_FIND] = {"token_find",
                    "SELECT t.id, a.id, a.login, a.superuser, t.name, t.scopes, t.limits, "
                    "t.created_ms, t.expires_ms, t.refused_ms FROM token t JOIN account a "
                    "ON a.id = t.account_id WHERE t.hash = $1",
                    "b", "iititttiiI"},
    [TOKEN_ID_BY_NAME] = {"token_id_by_name",
                          "SELECT id FROM token WHERE account_id = $1 AND name = $2", "it", "i"},
    [TOKEN_LIST] = {"token_list",
                    "SELECT id, account_id, name, scopes, limits, hostname, remote, created_ms, "
                    "expires_ms, last_used_ms, last_used_from, last_used_by FROM token "
                    "WHERE account_id = $1 ORDER BY name",
                    "i", "iitttttiiItt"},
    [TOKEN_SET_USED] = {"token_set_used",
                        "UPDATE token SET last_used_ms = $1, last_used_from = $2, "
                        "last_used_by = $3 WHERE id = $4 AND COALESCE(last_used_ms, 0) < $1",
                        "itti", ""},
    [TOKEN_LIST_ENDING] = {"token_list_ending",
                           "SELECT t.id, t.account_id, t.expires_ms, a.login, t.name FROM token t "
                           "JOIN account a ON a.id = t.account_id WHERE t.warned_ms IS NULL "
                           "AND t.expires_ms > $1 AND t.expires_ms <= $2 "
                           "ORDER BY t.expires_ms, t.id LIMIT $3",
                           "iii", "iiitt"},
    [TOKEN_SET_WARNED] = {"token_set_warned",
                          "UPDATE token SET warned_ms = $1 WHERE id = $2 AND warned_ms IS NULL",
                          "ii", ""},
    [TOKEN_NOTE_REFUSAL] = {"token_note_refusal",
                            "UPDATE token SET refused_ms = $1 WHERE id = $2 "
                            "AND COALESCE(refused_ms, 0) <= $3",
                            "iii", ""},
    [TOKEN_DELETE] = {"token_delete", "DELETE FROM token WHERE id = $1", "i", ""},
    [REVOKED_TOKEN_INSERT] = {"revoked_token_insert",
                              "INSERT INTO revoked_token (id, hash, account_id, name, revoked_ms) "
                              "SELECT id, hash, account_id, name, CAST($1 AS BIGINT) FROM token "
                              "WHERE id = $2",
                              "ii", ""},
    [REVOKED_TOKEN_FIND] = {"revoked_token_find",
                            "SELECT t.id, a.id, t.refused_ms, a.login, t.name FROM revoked_token t "
                            "JOIN account a ON a.id = t.account_id WHERE t.hash = $1",
                            "b", "iiItt"},
    [REVOKED_TOKEN_NOTE_REFUSAL] = {"revoked_token_note_refusal",
                                    "UPDATE revoked_token SET refused_ms = $1 WHERE id = $2 "
                                    "AND COALESCE(refused_ms, 0) <= $3",
                                    "iii", ""},
    [REVOKED_TOKEN_ANY] = {"revoked_token_any",
                           "SELECT COUNT(*) FROM (SELECT id FROM revoked_token "
                           "WHERE revoked_ms <= $1 LIMIT 1) AS old",
                           "i", "i"},
    [REVOKED_TOKEN_SWEEP] = {"revoked_token_sweep",
                             "DELETE FROM revoked_token WHERE id IN (SELECT id FROM revoked_token "
                             "WHERE revoked_ms <= $1 ORDER BY revoked_ms LIMIT $2)",
                             "ii", ""},
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
    row.limits = reader_text(&r);
    row.created_ms = reader_int(&r);
    row.expires_ms = reader_int(&r);
    row.refused_ms = reader_int(&r);
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
                        db_text(row->scopes), db_text(row->limits), db_text(row->hostname),
                        db_text(row->remote), db_int(row->created_ms), db_int(row->expires_ms)),
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

enum err_code token_id_by_name(struct tx *tx, int64_t account_id, struct str name, int64_t *ret_id,
                               struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[TOKEN_ID_BY_NAME],
                                DB_ARGS(db_int(account_id), db_text(name)), &rows, err);

    if (code == ERR_NOT_FOUND)
        return fail(err, code, "there is no token \"" STR_FMT "\"", STR_ARG(name));
    if (code == OK)
        *ret_id = rows_int(rows, 0);
    return code;
}

static enum err_code read_token(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct token_row row = {.hash = S("")};

    row.id = reader_int(&r);
    row.account_id = reader_int(&r);
    row.name = reader_text(&r);
    row.scopes = reader_text(&r);
    row.limits = reader_text(&r);
    row.hostname = reader_text(&r);
    row.remote = reader_text(&r);
    row.created_ms = reader_int(&r);
    row.expires_ms = reader_int(&r);
    row.last_used_ms = reader_int(&r);
    row.last_used_from = reader_text(&r);
    row.last_used_by = reader_text(&r);
    *(struct token_row *)ret = row;
    return reader_end(&r, err);
}

enum err_code token_list(struct tx *tx, struct arena *mem, int64_t account_id,
                         struct token_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[TOKEN_LIST], DB_ARGS(db_int(account_id)),
                                     read_token, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct token_list){found.rows, found.count};
    return code;
}

enum err_code token_set_used(struct tx *tx, int64_t id, int64_t used_ms, struct str from,
                             struct str by, struct err *err)
{
    return db_exec(tx, &stmts[TOKEN_SET_USED],
                   DB_ARGS(db_int(used_ms), db_text(from), db_text(by), db_int(id)), NULL, err);
}

/* Runs a statement that changes a row, or none: did it? */
static enum err_code change(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, bool *ret_changed, struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, s, args, nargs, &changes, err);

    if (code == OK)
        *ret_changed = changes > 0;
    return code;
}

static enum err_code read_ending(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct ending_token *row = ret;

    row->id = reader_int(&r);
    row->account_id = reader_int(&r);
    row->expires_ms = reader_int(&r);
    row->login = reader_text(&r);
    row->name = reader_text(&r);
    return reader_end(&r, err);
}

enum err_code token_list_ending(struct tx *tx, struct arena *mem, int64_t after_ms,
                                int64_t until_ms, int64_t max, struct ending_token_list *ret,
                                struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[TOKEN_LIST_ENDING],
                                     DB_ARGS(db_int(after_ms), db_int(until_ms), db_int(max)),
                                     read_ending, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct ending_token_list){found.rows, found.count};
    return code;
}

enum err_code token_set_warned(struct tx *tx, int64_t id, int64_t now_ms, bool *ret_set,
                               struct err *err)
{
    return change(tx, &stmts[TOKEN_SET_WARNED], DB_ARGS(db_int(now_ms), db_int(id)), ret_set, err);
}

/* --- tokens that were revoked -------------------------------------------------------------- */

enum err_code token_revoke(struct tx *tx, int64_t id, int64_t now_ms, struct err *err)
{
    enum err_code code =
        db_exec(tx, &stmts[REVOKED_TOKEN_INSERT], DB_ARGS(db_int(now_ms), db_int(id)), NULL, err);

    return code ? code : db_exec(tx, &stmts[TOKEN_DELETE], DB_ARGS(db_int(id)), NULL, err);
}

enum err_code revoked_token_find(struct tx *tx, struct arena *mem, struct str hash,
                                 struct revoked_token_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct revoked_token_row row = {0};
    struct reader r;
    enum err_code code =
        db_one(tx, &stmts[REVOKED_TOKEN_FIND], DB_ARGS(db_bytes(hash)), &rows, err);

    if (code)
        return code;
    r = reader_of(rows, mem);
    row.id = reader_int(&r);
    row.account_id = reader_int(&r);
    row.refused_ms = reader_int(&r);
    row.login = reader_text(&r);
    row.name = reader_text(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *ret = row;
    return code;
}

enum err_code revoked_token_any(struct tx *tx, int64_t until_ms, bool *ret_any, struct err *err)
{
    return any(tx, &stmts[REVOKED_TOKEN_ANY], DB_ARGS(db_int(until_ms)), ret_any, err);
}

enum err_code revoked_token_sweep(struct tx *tx, int64_t until_ms, int64_t max, struct err *err)
{
    return db_exec(tx, &stmts[REVOKED_TOKEN_SWEEP], DB_ARGS(db_int(until_ms), db_int(max)), NULL,
                   err);
}

enum err_code token_note_refusal(struct tx *tx, int64_t id, bool revoked, int64_t now_ms,
                                 int64_t since_ms, bool *ret_noted, struct err *err)
{
    return change(tx, &stmts[revoked ? REVOKED_TOKEN_NOTE_REFUSAL : TOKEN_NOTE_REFUSAL],
                  DB_ARGS(db_int(now_ms), db_int(id), db_int(since_ms)), ret_noted, err);
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
