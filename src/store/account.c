/* account.c: rows of users and organizations, and the logins of those that were deleted. */
#include "store/account.h"

#include "store/reader.h"
#include "store/statements.h"

#define COLUMNS                                                                                    \
    "id, login, kind, " EMAIL ", password_hash, name, company, location, url, description, "       \
    "superuser, created_ms, default_access, suspended_ms, package_creators"
#define COLUMN_TYPES "itttttttttiitit"
/* Each kind has its own column: an organization's address may be anybody's. */
#define EMAIL "CASE kind WHEN 'organization' THEN contact_email ELSE email END"

enum {
    BY_LOGIN,
    BY_ID,
    BY_EMAIL,
    INSERT,
    SET_PASSWORD,
    SET_SUPERUSER,
    SET_SUSPENDED,
    SET_PROFILE,
    COUNT_SUPERUSERS,
    COUNT_ACTIVE_SUPERUSERS,
    LIST,
    DISCARD_BYTES,
    DELETE,
    RETIRE,
    RETIRED_KIND,
    FREE
};
static const struct stmt stmts[] = {
    [BY_LOGIN] = {"account_by_login", "SELECT " COLUMNS " FROM account WHERE login = lower($1)",
                  "t", COLUMN_TYPES},
    [BY_ID] = {"account_by_id", "SELECT " COLUMNS " FROM account WHERE id = $1", "i", COLUMN_TYPES},
    [BY_EMAIL] = {"account_by_email", "SELECT " COLUMNS " FROM account WHERE email_key = lower($1)",
                  "t", COLUMN_TYPES},
    [INSERT] = {"account_insert",
                "INSERT INTO account (login, kind, email, email_key, password_hash, name, company, "
                "location, url, description, superuser, terms_version, created_ms, contact_email) "
                "VALUES (lower($1), $2, $3, lower($4), $5, $6, $7, $8, $9, $10, $11, $12, $13, "
                "$14) RETURNING id",
                "tttTttttttitit", "i"},
    [SET_PASSWORD] = {"account_set_password", "UPDATE account SET password_hash = $1 WHERE id = $2",
                      "ti", ""},
    [SET_SUPERUSER] = {"account_set_superuser", "UPDATE account SET superuser = $1 WHERE id = $2",
                       "ii", ""},
    [SET_SUSPENDED] = {"account_set_suspended",
                       "UPDATE account SET suspended_ms = $1 WHERE id = $2", "ii", ""},
    [COUNT_ACTIVE_SUPERUSERS] = {"account_count_active_superusers",
                                 "SELECT COUNT(*) FROM account WHERE superuser = 1 "
                                 "AND suspended_ms = 0",
                                 "", "i"},
    [SET_PROFILE] = {"account_set_profile",
                     "UPDATE account SET name = $1, company = $2, location = $3, url = $4, "
                     "description = $5, default_access = $6, package_creators = $7 "
                     "WHERE id = $8",
                     "ttttttti", ""},
    [COUNT_SUPERUSERS] = {"account_count_superusers",
                          "SELECT COUNT(*) FROM account WHERE superuser = 1", "", "i"},
    [LIST] = {"account_list",
              "SELECT id, login, kind, " EMAIL ", '', name, company, location, url, description, "
              "superuser, created_ms, default_access, suspended_ms, package_creators "
              "FROM account ORDER BY login",
              "", COLUMN_TYPES},
    [DISCARD_BYTES] = {"account_discard_bytes",
                       "INSERT INTO index_garbage (sha256, retired_ms) "
                       "SELECT sha256, 0 FROM file WHERE account_id = $1 UNION "
                       "SELECT sha256, 0 FROM trash_file WHERE account_id = $1 UNION "
                       "SELECT sha256, 0 FROM upload "
                       "WHERE (account_id = $1 OR uploader_id = $1) AND sha256 <> '' UNION "
                       "SELECT sha256, CAST($2 AS BIGINT) FROM index_doc "
                       "WHERE account_id = $1 AND composed = 0 UNION "
                       "SELECT c.sha256, CAST($2 AS BIGINT) FROM index_chunk c "
                       "JOIN index_list l ON l.id = c.list_id WHERE l.account_id = $1 UNION "
                       "SELECT c.sha256, CAST($2 AS BIGINT) FROM index_past_chunk c "
                       "JOIN index_list l ON l.id = c.list_id WHERE l.account_id = $1",
                       "ii", ""},
    [DELETE] = {"account_delete", "DELETE FROM account WHERE id = $1", "i", ""},
    [RETIRE] = {"login_retire",
                "INSERT INTO retired_login (login, kind, retired_ms) VALUES (lower($1), $2, $3)",
                "tti", ""},
    [RETIRED_KIND] = {"login_retired", "SELECT kind FROM retired_login WHERE login = lower($1)",
                      "t", "t"},
    [FREE] = {"login_free", "DELETE FROM retired_login WHERE login = lower($1)", "t", ""},
};
const struct stmt_list account_statements = {stmts, COUNT(stmts)};

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct account_row row = {0};
    enum err_code code;

    row.id = reader_int(&r);
    row.login = reader_text(&r);
    row.kind = reader_text(&r);
    row.email = reader_text(&r);
    row.password_hash = reader_text(&r);
    row.name = reader_text(&r);
    row.company = reader_text(&r);
    row.location = reader_text(&r);
    row.url = reader_text(&r);
    row.description = reader_text(&r);
    row.superuser = reader_bool(&r);
    row.created_ms = reader_int(&r);
    row.default_access = reader_text(&r);
    row.suspended_ms = reader_int(&r);
    row.package_creators = reader_text(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct account_row *)ret = row;
    return code;
}

static enum err_code find(struct tx *tx, struct arena *mem, const struct stmt *s, struct db_val key,
                          struct account_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, &key, 1, &rows, err);

    return code ? code : read_row(rows, mem, ret, err);
}

enum err_code account_by_login(struct tx *tx, struct arena *mem, struct str login,
                               struct account_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[BY_LOGIN], db_text(login), ret, err);
}

enum err_code account_by_id(struct tx *tx, struct arena *mem, int64_t id, struct account_row *ret,
                            struct err *err)
{
    return find(tx, mem, &stmts[BY_ID], db_int(id), ret, err);
}

enum err_code account_by_email(struct tx *tx, struct arena *mem, struct str email,
                               struct account_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[BY_EMAIL], db_text(email), ret, err);
}

/* ERR_CONFLICT when a row has this key. Asked before inserting, because engines do not agree on
 * how to tell which of two unique columns was violated. */
static enum err_code refuse_taken(struct tx *tx, const struct stmt *s, const char *field,
                                  struct str key, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_ARGS(db_text(key)), &rows, err);

    if (code == ERR_NOT_FOUND)
        return OK;
    if (code)
        return code;
    return err_set_field(
        err, field, fail(err, ERR_CONFLICT, "%s \"" STR_FMT "\" is taken", field, STR_ARG(key)));
}

static enum err_code refuse_retired(struct tx *tx, struct str login, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[RETIRED_KIND], DB_ARGS(db_text(login)), &rows, err);

    if (code == ERR_NOT_FOUND)
        return OK;
    if (code)
        return code;
    return err_set_field(err, "login",
                         fail(err, ERR_CONFLICT,
                              "login \"" STR_FMT "\" belonged to a deleted " STR_FMT
                              " and stays reserved",
                              STR_ARG(login), STR_ARG(rows_text(rows, 0))));
}

enum err_code account_insert(struct tx *tx, const struct account_row *row, struct str terms_version,
                             int64_t *ret_id, struct err *err)
{
    bool is_organization = str_eq(row->kind, S("organization"));
    struct str email = is_organization ? S("") : row->email;
    struct str contact = is_organization ? row->email : S("");
    enum err_code code = refuse_taken(tx, &stmts[BY_LOGIN], "login", row->login, err);

    if (code == OK)
        code = refuse_retired(tx, row->login, err);
    if (code == OK && email.len)
        code = refuse_taken(tx, &stmts[BY_EMAIL], "email", email, err);
    if (code)
        return code;
    return db_insert(tx, &stmts[INSERT],
                     DB_ARGS(db_text(row->login), db_text(row->kind), db_text(email),
                             db_text_or_null(email), db_text(row->password_hash),
                             db_text(row->name), db_text(row->company), db_text(row->location),
                             db_text(row->url), db_text(row->description), db_int(row->superuser),
                             db_text(terms_version), db_int(row->created_ms), db_text(contact)),
                     ret_id, err);
}

static enum err_code change(struct tx *tx, const struct stmt *s, struct db_val value, int64_t id,
                            struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, s, DB_ARGS(value, db_int(id)), &changes, err);

    if (code)
        return code;
    return changes ? OK : fail(err, ERR_NOT_FOUND, "no account has the number %lld", (long long)id);
}

enum err_code account_set_password(struct tx *tx, int64_t id, struct str password_hash,
                                   struct err *err)
{
    return change(tx, &stmts[SET_PASSWORD], db_text(password_hash), id, err);
}

enum err_code account_set_superuser(struct tx *tx, int64_t id, bool superuser, struct err *err)
{
    return change(tx, &stmts[SET_SUPERUSER], db_int(superuser), id, err);
}

enum err_code account_set_suspended(struct tx *tx, int64_t id, int64_t suspended_ms,
                                    struct err *err)
{
    return change(tx, &stmts[SET_SUSPENDED], db_int(suspended_ms), id, err);
}

enum err_code account_set_profile(struct tx *tx, const struct account_row *row, struct err *err)
{
    return db_exec(tx, &stmts[SET_PROFILE],
                   DB_ARGS(db_text(row->name), db_text(row->company), db_text(row->location),
                           db_text(row->url), db_text(row->description),
                           db_text(row->default_access), db_text(row->package_creators),
                           db_int(row->id)),
                   NULL, err);
}

static enum err_code count(struct tx *tx, const struct stmt *s, int64_t *ret_count, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_NO_ARGS, &rows, err);

    if (code == OK)
        *ret_count = rows_int(rows, 0);
    return code;
}

enum err_code account_count_superusers(struct tx *tx, int64_t *ret_count, struct err *err)
{
    return count(tx, &stmts[COUNT_SUPERUSERS], ret_count, err);
}

enum err_code account_count_active_superusers(struct tx *tx, int64_t *ret_count, struct err *err)
{
    return count(tx, &stmts[COUNT_ACTIVE_SUPERUSERS], ret_count, err);
}

enum err_code account_list(struct tx *tx, struct arena *mem, struct account_list *ret,
                           struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, &stmts[LIST], DB_NO_ARGS, read_row, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct account_list){found.rows, found.count};
    return code;
}

/* --- the end of an account ----------------------------------------------------------------- */

enum err_code account_discard_bytes(struct tx *tx, int64_t id, int64_t now_ms, struct err *err)
{
    return db_exec(tx, &stmts[DISCARD_BYTES], DB_ARGS(db_int(id), db_int(now_ms)), NULL, err);
}

enum err_code account_delete(struct tx *tx, int64_t id, struct err *err)
{
    return db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(id)), NULL, err);
}

enum err_code login_retire(struct tx *tx, struct str login, struct str kind, int64_t now_ms,
                           struct err *err)
{
    return db_exec(tx, &stmts[RETIRE], DB_ARGS(db_text(login), db_text(kind), db_int(now_ms)), NULL,
                   err);
}

enum err_code login_is_retired(struct tx *tx, struct str login, bool *ret_is, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[RETIRED_KIND], DB_ARGS(db_text(login)), &rows, err);

    if (code && code != ERR_NOT_FOUND)
        return code;
    *ret_is = code == OK;
    return OK;
}

enum err_code login_free(struct tx *tx, struct str login, bool *ret_was, struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, &stmts[FREE], DB_ARGS(db_text(login)), &changes, err);

    if (code == OK)
        *ret_was = changes > 0;
    return code;
}
