#include "store/notice.h"

#include "store/reader.h"
#include "store/statements.h"

#define COLUMNS "id, account_id, uuid, status, level, message, expires_ms, created_ms, updated_ms"
#define TYPES   "iittttiii"
#define FILTER                                                                                     \
    "account_id = $1 AND (status = $2 OR ($2 = '' AND status <> 'deleted')) AND expires_ms > $3"

enum { INSERT, UPDATE, FIND, PAGE, NUMBER_OF, TRIM };
static const struct stmt stmts[] = {
    [INSERT] = {"notice_insert",
                "INSERT INTO channel_notice (account_id, uuid, status, level, message, expires_ms, "
                "created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                "ittttiii", ""},
    [UPDATE] = {"notice_update",
                "UPDATE channel_notice SET status = $1, level = $2, message = $3, expires_ms = $4, "
                "updated_ms = $5 WHERE id = $6",
                "tttiii", ""},
    [FIND] = {"notice_find",
              "SELECT " COLUMNS " FROM channel_notice WHERE account_id = $1 AND uuid = $2", "it",
              TYPES},
    [PAGE] = {"notice_page",
              "SELECT " COLUMNS " FROM channel_notice WHERE " FILTER
              " ORDER BY id DESC LIMIT $4 OFFSET $5",
              "itiii", TYPES},
    [NUMBER_OF] = {"notice_count", "SELECT COUNT(*) FROM channel_notice WHERE " FILTER, "iti", "i"},
    [TRIM] = {"notice_trim_deleted",
              "DELETE FROM channel_notice WHERE account_id = $1 AND status = 'deleted' AND id < "
              "(SELECT MIN(id) FROM (SELECT id FROM channel_notice WHERE account_id = $1 AND "
              "status = 'deleted' ORDER BY id DESC LIMIT $2) kept)",
              "ii", ""},
};
const struct stmt_list notice_statements = {stmts, COUNT(stmts)};

enum err_code notice_insert(struct tx *tx, const struct notice_row *row, struct err *err)
{
    return db_exec(tx, &stmts[INSERT],
                   DB_ARGS(db_int(row->account_id), db_text(row->uuid), db_text(row->status),
                           db_text(row->level), db_text(row->message), db_int(row->expires_ms),
                           db_int(row->created_ms), db_int(row->updated_ms)),
                   NULL, err);
}

enum err_code notice_update(struct tx *tx, const struct notice_row *row, struct err *err)
{
    return db_exec(tx, &stmts[UPDATE],
                   DB_ARGS(db_text(row->status), db_text(row->level), db_text(row->message),
                           db_int(row->expires_ms), db_int(row->updated_ms), db_int(row->id)),
                   NULL, err);
}

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct notice_row *row = ret;

    row->id = reader_int(&r);
    row->account_id = reader_int(&r);
    row->uuid = reader_text(&r);
    row->status = reader_text(&r);
    row->level = reader_text(&r);
    row->message = reader_text(&r);
    row->expires_ms = reader_int(&r);
    row->created_ms = reader_int(&r);
    row->updated_ms = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code notice_find(struct tx *tx, struct arena *mem, int64_t account_id, struct str uuid,
                          struct notice_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct notice_row row = {0};
    enum err_code code =
        db_one(tx, &stmts[FIND], DB_ARGS(db_int(account_id), db_text(uuid)), &rows, err);

    if (code == OK)
        code = read_row(rows, mem, &row, err);
    if (code == OK)
        *ret = row;
    return code;
}

enum err_code notice_page(struct tx *tx, struct arena *mem, const struct notice_filter *filter,
                          int64_t offset, int64_t limit, struct notice_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, &stmts[PAGE],
                    DB_ARGS(db_int(filter->account_id), db_text(filter->status),
                            db_int(filter->ends_after_ms), db_int(limit), db_int(offset)),
                    read_row, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct notice_list){found.rows, found.count};
    return code;
}

enum err_code notice_count(struct tx *tx, const struct notice_filter *filter, int64_t *ret_count,
                           struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(
        tx, &stmts[NUMBER_OF],
        DB_ARGS(db_int(filter->account_id), db_text(filter->status), db_int(filter->ends_after_ms)),
        &rows, err);

    if (code == OK)
        *ret_count = rows_int(rows, 0);
    return code;
}

enum err_code notice_trim_deleted(struct tx *tx, int64_t account_id, int64_t kept, struct err *err)
{
    return db_exec(tx, &stmts[TRIM], DB_ARGS(db_int(account_id), db_int(kept)), NULL, err);
}
