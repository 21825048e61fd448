/* upload.c: rows of staged uploads. */
#include "store/upload.h"

#include "store/reader.h"
#include "store/statements.h"

#define UPLOAD                                                                                     \
    "SELECT id, dist_id, account_id, uploader_id, package_id, release_id, type, basename, "        \
    "declared_sha256, attrs, labels, description, sha256, md5, size, created_ms, expires_ms, "     \
    "ticket_hash FROM upload "
#define UPLOAD_TYPES "itiiiittttttttiiib"

enum {
    INSERT,
    BY_TICKET,
    BY_DIST_ID,
    RECEIVED,
    EXISTS,
    DELETE,
    ANY_EXPIRED,
    DELETE_EXPIRED,
    DELETE_ALL
};
static const struct stmt stmts[] = {
    [INSERT] = {"upload_insert",
                "INSERT INTO upload (ticket_hash, dist_id, account_id, uploader_id, package_id, "
                "release_id, type, basename, declared_sha256, attrs, labels, description, sha256, "
                "md5, size, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                "$10, $11, $12, '', '', 0, $13, $14)",
                "btiiiittttttii", ""},
    [BY_TICKET] = {"upload_by_ticket", UPLOAD "WHERE ticket_hash = $1 AND expires_ms > $2", "bi",
                   UPLOAD_TYPES},
    [BY_DIST_ID] = {"upload_by_dist_id", UPLOAD "WHERE dist_id = $1 AND expires_ms > $2", "ti",
                    UPLOAD_TYPES},
    [RECEIVED] =
        {"upload_received",
         "UPDATE upload SET sha256 = $1, md5 = $2, size = $3 WHERE id = $4 AND sha256 = ''", "ttii",
         ""},
    [EXISTS] = {"upload_exists", "SELECT id FROM upload WHERE id = $1", "i", "i"},
    [DELETE] = {"upload_delete", "DELETE FROM upload WHERE id = $1", "i", ""},
    [ANY_EXPIRED] = {"upload_any_expired",
                     "SELECT id FROM upload WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT 1",
                     "i", "i"},
    [DELETE_EXPIRED] = {"upload_delete_expired",
                        "DELETE FROM upload WHERE id IN (SELECT id FROM upload "
                        "WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2) RETURNING sha256",
                        "ii", "t"},
    [DELETE_ALL] = {"upload_delete_all",
                    "DELETE FROM upload WHERE package_id = $1 "
                    "AND (CAST($2 AS BIGINT) = 0 OR release_id = $2) RETURNING sha256",
                    "ii", "t"},
};
const struct stmt_list upload_statements = {stmts, COUNT(stmts)};

enum err_code upload_insert(struct tx *tx, const struct upload_row *row, struct err *err)
{
    return db_exec(tx, &stmts[INSERT],
                   DB_ARGS(db_bytes(row->ticket_hash), db_text(row->dist_id),
                           db_int(row->account_id), db_int(row->uploader_id),
                           db_int(row->package_id), db_int(row->release_id), db_text(row->type),
                           db_text(row->basename), db_text(row->declared_sha256),
                           db_text(row->attrs), db_text(row->labels), db_text(row->description),
                           db_int(row->created_ms), db_int(row->expires_ms)),
                   NULL, err);
}

static enum err_code read_row(struct rows *rows, struct arena *mem, struct upload_row *ret,
                              struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct upload_row row = {0};
    enum err_code code;

    row.id = reader_int(&r);
    row.dist_id = reader_text(&r);
    row.account_id = reader_int(&r);
    row.uploader_id = reader_int(&r);
    row.package_id = reader_int(&r);
    row.release_id = reader_int(&r);
    row.type = reader_text(&r);
    row.basename = reader_text(&r);
    row.declared_sha256 = reader_text(&r);
    row.attrs = reader_text(&r);
    row.labels = reader_text(&r);
    row.description = reader_text(&r);
    row.sha256 = reader_text(&r);
    row.md5 = reader_text(&r);
    row.size = reader_int(&r);
    row.created_ms = reader_int(&r);
    row.expires_ms = reader_int(&r);
    row.ticket_hash = reader_bytes(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *ret = row;
    return code;
}

static enum err_code find(struct tx *tx, struct arena *mem, const struct stmt *s, struct db_val key,
                          int64_t now_ms, struct upload_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_ARGS(key, db_int(now_ms)), &rows, err);

    return code ? code : read_row(rows, mem, ret, err);
}

enum err_code upload_by_ticket(struct tx *tx, struct arena *mem, struct str ticket_hash,
                               int64_t now_ms, struct upload_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[BY_TICKET], db_bytes(ticket_hash), now_ms, ret, err);
}

enum err_code upload_by_dist_id(struct tx *tx, struct arena *mem, struct str dist_id,
                                int64_t now_ms, struct upload_row *ret, struct err *err)
{
    return find(tx, mem, &stmts[BY_DIST_ID], db_text(dist_id), now_ms, ret, err);
}

enum err_code upload_received(struct tx *tx, int64_t id, struct str sha256, struct str md5,
                              int64_t size, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    int64_t changes = 0;
    enum err_code code =
        db_exec(tx, &stmts[RECEIVED],
                DB_ARGS(db_text(sha256), db_text(md5), db_int(size), db_int(id)), &changes, err);

    if (code || changes)
        return code;
    code = db_one(tx, &stmts[EXISTS], DB_ARGS(db_int(id)), &rows, err);
    return code ? code : fail(err, ERR_CONFLICT, "the bytes of this upload were received already");
}

enum err_code upload_delete(struct tx *tx, int64_t id, struct err *err)
{
    return db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(id)), NULL, err);
}

enum err_code digest_list_add(struct arena *mem, struct digest_list *list, struct str digest,
                              struct err *err)
{
    struct str *items = arena_room(mem, list->items, list->count, sizeof(*items));
    struct str copy = str_dup(mem, digest);

    if (!items || !copy.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    items[list->count++] = copy;
    list->items = items;
    return OK;
}

/* Runs a DELETE that returns the digests of the bytes whose rows it removed. */
static enum err_code delete_listing(struct tx *tx, struct arena *mem, const struct stmt *s,
                                    const struct db_val args[2], struct digest_list *ret,
                                    struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct digest_list list = {0};
    enum err_code code = db_query(tx, s, args, 2, &rows, err);

    while (code == OK && rows_next(rows)) {
        if (rows_text(rows, 0).len) /* else nothing was received */
            code = digest_list_add(mem, &list, rows_text(rows, 0), err);
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        *ret = list;
    return code;
}

enum err_code upload_any_expired(struct tx *tx, int64_t now_ms, bool *ret_any, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[ANY_EXPIRED], DB_ARGS(db_int(now_ms)), &rows, err);

    if (code == OK || code == ERR_NOT_FOUND)
        *ret_any = code == OK;
    return code == ERR_NOT_FOUND ? OK : code;
}

enum err_code upload_delete_expired(struct tx *tx, struct arena *mem, int64_t now_ms, int64_t max,
                                    struct digest_list *ret, struct err *err)
{
    const struct db_val args[] = {db_int(now_ms), db_int(max)};

    return delete_listing(tx, mem, &stmts[DELETE_EXPIRED], args, ret, err);
}

enum err_code upload_delete_all(struct tx *tx, struct arena *mem, int64_t package_id,
                                int64_t release_id, struct digest_list *ret, struct err *err)
{
    const struct db_val args[] = {db_int(package_id), db_int(release_id)};

    return delete_listing(tx, mem, &stmts[DELETE_ALL], args, ret, err);
}
