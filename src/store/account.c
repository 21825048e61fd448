/* account.c: rows of users. */
#include "store/account.h"

#include "store/reader.h"
#include "store/statements.h"

#define COLUMNS                                                                                    \
    "id, login, kind, email, password_hash, name, company, location, url, description, "           \
    "superuser, created_ms, default_access, suspended_ms"
#define COLUMN_TYPES "itttttttttiiti"

enum {
    BY_LOGIN,
    BY_ID,
    BY_EMAIL,
    INSERT,
    SET_PASSWORD,
    SET_SUPERUSER,
    SET_SUSPENDED,
    COUNT_SUPERUSERS,
    COUNT_ACTIVE_SUPERUSERS,
    LIST
};
static const struct stmt stmts[] = {
    [BY_LOGIN] = {"account_by_login", "SELECT " COLUMNS " FROM account WHERE login = lower($1)",
                  "t", COLUMN_TYPES},
    [BY_ID] = {"account_by_id", "SELECT " COLUMNS " FROM account WHERE id = $1", "i", COLUMN_TYPES},
    [BY_EMAIL] = {"account_by_email", "SELECT " COLUMNS " FROM account WHERE email_key = lower($1)",
                  "t", COLUMN_TYPES},
    [INSERT] = {"account_insert",
                "INSERT INTO account (login, kind, email, email_key, password_hash, name, company, "
                "location, url, description, superuser, terms_version, created_ms) "
                "VALUES (lower($1), $2, $3, lower($4), $5, $6, $7, $8, $9, $10, $11, $12, $13) "
                "RETURNING id",
                "tttTttttttiti", "i"},
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
    [COUNT_SUPERUSERS] = {"account_count_superusers",
                          "SELECT COUNT(*) FROM account WHERE superuser = 1", "", "i"},
    [LIST] = {"account_list",
              "SELECT id, login, kind, email, '', name, company, location, url, description, "
              "superuser, created_ms, default_access, suspended_ms FROM account ORDER BY login",
              "", COLUMN_TYPES},
};
const struct stmt_list account_statements = {stmts, COUNT(stmts)};

static enum err_code read_row(struct rows *rows, struct arena *mem, struct account_row *ret,
                              struct err *err)
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
    code = reader_end(&r, err);
    if (code == OK)
        *ret = row;
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

enum err_code account_insert(struct tx *tx, const struct account_row *row, struct str terms_version,
                             int64_t *ret_id, struct err *err)
{
    enum err_code code = refuse_taken(tx, &stmts[BY_LOGIN], "login", row->login, err);

    if (code == OK && row->email.len)
        code = refuse_taken(tx, &stmts[BY_EMAIL], "email", row->email, err);
    if (code)
        return code;
    return db_insert(tx, &stmts[INSERT],
                     DB_ARGS(db_text(row->login), db_text(row->kind), db_text(row->email),
                             db_text_or_null(row->email), db_text(row->password_hash),
                             db_text(row->name), db_text(row->company), db_text(row->location),
                             db_text(row->url), db_text(row->description), db_int(row->superuser),
                             db_text(terms_version), db_int(row->created_ms)),
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
    AUTO(rows_endp) struct rows *rows = NULL;
    struct account_list list = {0};
    enum err_code code = db_query(tx, &stmts[LIST], DB_NO_ARGS, &rows, err);

    while (code == OK && rows_next(rows)) {
        list.rows = reader_room(mem, list.rows, list.count, sizeof(*list.rows));
        if (!list.rows)
            return fail(err, ERR_NOMEM, "out of memory");
        code = read_row(rows, mem, &list.rows[list.count++], err);
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        *ret = list;
    return code;
}
