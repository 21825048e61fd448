/* copy.c: each table is its name, its columns and their types; the statements are made of these. */
#include "store/copy.h"

#include "base/limits.h"
#include "store/db_engine.h"
#include "store/statements.h"

#define COLUMNS_MAX 24

/* What a batch of rows holds in memory at most, besides one row that is longer. */
#define BATCH_BYTES (32 * MIB)

#define P(n) "$" #n
#define P4   P(1) ", " P(2) ", " P(3) ", " P(4)
#define P5   P4 ", " P(5)
#define P8   P5 ", " P(6) ", " P(7) ", " P(8)
#define P9   P8 ", " P(9)
#define P14  P9 ", " P(10) ", " P(11) ", " P(12) ", " P(13) ", " P(14)
#define P16  P14 ", " P(15) ", " P(16)
#define P17  P16 ", " P(17)
#define P19  P17 ", " P(18) ", " P(19)

/* Three statements for each table: to read all, to write one, to count. */
enum { READ, WRITE, ROWS, PER_TABLE };
#define TABLE(name, columns, places, types, key)                                                   \
    {"copy_read_" name, "SELECT " columns " FROM " name " ORDER BY " key, "", types},              \
        {"copy_write_" name, "INSERT INTO " name " (" columns ") VALUES (" places ")", types, ""}, \
    {                                                                                              \
        "copy_rows_" name, "SELECT COUNT(*) FROM " name, "", "i"                                   \
    }

static const struct stmt stmts[] = {
    TABLE("account",
          "id, login, kind, email, email_key, password_hash, name, company, location, url, "
          "description, superuser, terms_version, default_access, created_ms, suspended_ms, "
          "contact_email, package_creators",
          P16 ", $17, $18",
          "ittt"
          "T"
          "tttttt"
          "ittiitt",
          "id"),
    TABLE("retired_login", "login, kind, retired_ms", "$1, $2, $3", "tti", "login"),
    TABLE("session", "id, hash, account_id, remote, agent, created_ms, expires_ms, seen_ms", P8,
          "ibittiii", "id"),
    TABLE("token",
          "id, hash, account_id, name, scopes, hostname, remote, created_ms, expires_ms, limits, "
          "last_used_ms, last_used_from, last_used_by, warned_ms, refused_ms",
          P14 ", $15", "ibittttiitIttII", "id"),
    TABLE("revoked_token", "id, hash, account_id, name, revoked_ms, refused_ms", P5 ", $6",
          "ibitiI", "id"),
    TABLE("notification", "id, account_id, kind, parameters, created_ms, read_ms", P5 ", $6",
          "iittiI", "id"),
    TABLE("channel_notice",
          "id, account_id, uuid, status, level, message, expires_ms, created_ms, updated_ms", P9,
          "iittttiii", "id"),
    TABLE("package",
          "id, account_id, name, access, summary, attrs, latest_version, created_ms, updated_ms, "
          "edits, copied_from_id, copied_from",
          P9 ", $10, $11, $12", "iitttttiitIt", "id"),
    TABLE("org_group", "id, account_id, name, permission, all_packages, created_ms", P5 ", $6",
          "iittii", "id"),
    TABLE("group_member", "group_id, account_id", "$1, $2", "ii", "group_id, account_id"),
    TABLE("group_package", "group_id, account_id, package_id", "$1, $2, $3", "iii",
          "group_id, package_id"),
    TABLE("collaborator", "package_id, account_id, permission", "$1, $2, $3", "iit",
          "package_id, account_id"),
    TABLE("release", "id, package_id, version, attrs, created_ms", P5, "iitti", "id"),
    TABLE("file",
          "id, account_id, package_id, release_id, type, name_key, basename, subdir, filename, "
          "sha256, md5, size, record, run_exports, about, facts, description, build_timestamp_ms, "
          "uploaded_ms, "
          "uploader_id",
          P19 ", $20", "iiiitttttttitttttiiI", "id"),
    TABLE("download", "file_id, day, client, count", P4, "iiti", "file_id, day, client"),
    TABLE("download_total", "file_id, count", "$1, $2", "ii", "file_id"),
    TABLE("package_download", "package_id, day, client, count", P4, "iiti",
          "package_id, day, client"),
    TABLE("package_download_total", "package_id, count", "$1, $2", "ii", "package_id"),
    TABLE("favorite", "account_id, package_id, created_ms", "$1, $2, $3", "iii",
          "account_id, package_id"),
    TABLE("transfer", "id, package_id, target_id, offerer_id, created_ms", P5, "iiiii", "id"),
    TABLE("label", "id, account_id, name, locked, access", P5, "iitit", "id"),
    TABLE("file_label", "file_id, label_id", "$1, $2", "ii", "file_id, label_id"),
    TABLE("retired_name", "account_id, type, name_key, sha256, retired_ms", P5, "ittti",
          "account_id, type, name_key"),
    TABLE("trash",
          "id, account_id, kind, package_id, package, version, basename, files, size, remover, "
          "reason, removed_ms, due_ms",
          P9 ", $10, $11, $12, $13",
          "iitittt"
          "iittii",
          "id"),
    TABLE("trash_package",
          "id, trash_id, access, summary, attrs, latest_version, created_ms, updated_ms, edits, "
          "copied_from_id, copied_from, rules, downloads",
          P9 ", $10, $11, $12, $13",
          "iittttiit"
          "Itti",
          "id"),
    TABLE("trash_collaborator", "package_id, account_id, permission", "$1, $2, $3", "iit",
          "package_id, account_id"),
    TABLE("trash_group_package", "package_id, group_id", "$1, $2", "ii", "package_id, group_id"),
    TABLE("trash_favorite", "package_id, account_id, created_ms", "$1, $2, $3", "iii",
          "package_id, account_id"),
    TABLE("trash_package_download", "package_id, day, client, count", P4, "iiti",
          "package_id, day, client"),
    TABLE("trash_release", "trash_id, id, version, attrs, created_ms", P5, "iitti", "trash_id, id"),
    TABLE("trash_file",
          "id, trash_id, account_id, release_id, type, name_key, basename, subdir, filename, "
          "sha256, md5, size, record, run_exports, about, facts, description, build_timestamp_ms, "
          "uploaded_ms, uploader_id, downloads",
          P19 ", $20, $21", "iiiitttttttitttttiiIi", "id"),
    TABLE("trash_download", "file_id, day, client, count", P4, "iiti", "file_id, day, client"),
    TABLE("trash_file_label", "file_id, label_id, name", "$1, $2, $3", "iit", "file_id, label_id"),
    TABLE("account_space", "account_id, used, quota", "$1, $2, $3", "iiI", "account_id"),
    TABLE("account_retention", "account_id, rules, changed_ms", "$1, $2, $3", "iti", "account_id"),
    TABLE("package_retention", "package_id, rules, changed_ms", "$1, $2, $3", "iti", "package_id"),
    TABLE("retention_run", "account_id, ended_ms, files, size, problem", P5, "iiiit", "account_id"),
    TABLE("upload",
          "id, ticket_hash, dist_id, account_id, uploader_id, package_id, release_id, type, "
          "basename, declared_sha256, attrs, labels, description, sha256, md5, size, created_ms, "
          "expires_ms",
          P17 ", $18", "ibtiiiittttttttiii", "id"),
    TABLE("index_doc",
          "id, account_id, label, access, subdir, name, package, sha256, size, modified_ms, "
          "retired_ms, composed",
          P9 ", $10, $11, $12", "iittttttiiIi", "id"),
    TABLE("index_list",
          "id, account_id, label, subdir, name, access, items, chunks, text_size, zstd_size, "
          "gzip_size, newest_ms, mark, since",
          P14, "iittttiiiiiiti", "id"),
    TABLE("index_chunk",
          "id, list_id, first_key, sha256, size, items, text_size, zstd_size, gzip_size, text_crc, "
          "newest_ms, since",
          P9 ", $10, $11, $12", "iittiiiiiiii", "id"),
    TABLE("index_past_chunk",
          "id, list_id, first_key, sha256, size, items, text_size, zstd_size, gzip_size, text_crc, "
          "newest_ms, since, until, retired_ms",
          P14, "iittiiiiiiiiii", "id"),
    TABLE("generation", "account_id, number, made_ms, actor", P4, "iiit", "account_id, number"),
    TABLE("generation_change", "id, account_id, number, label, subdir, package, filename",
          P5 ", $6, $7", "iiitttt", "id"),
    TABLE("generation_hidden", "account_id, package, number, package_id", P4, "itiI",
          "account_id, package"),
    TABLE("mail_outbox", "id, recipient, kind, params, created_ms, sent_ms", P5 ", $6", "itttiI",
          "id"),
    TABLE("audit",
          "id, time_ms, actor_id, actor, token_name, remote, action, object, detail, account_id, "
          "account",
          P9 ", $10, $11",
          "iiitttttt"
          "it",
          "id"),
};
const struct stmt_list copy_statements = {stmts, COUNT(stmts)};
const size_t copy_table_count = COUNT(stmts) / PER_TABLE;

/* Those whose rows are numbered; garbage is not copied, its numbers count all the same. */
static const char *const numbered[] = {"account",     "session",          "token",
                                       "package",     "release",          "file",
                                       "label",       "upload",           "index_doc",
                                       "audit",       "index_garbage",    "org_group",
                                       "mail_outbox", "notification",     "transfer",
                                       "trash",       "channel_notice",   "index_list",
                                       "index_chunk", "index_past_chunk", "generation_change"};

static const struct stmt *stmt_of(size_t table, size_t which)
{
    return &stmts[table * PER_TABLE + which];
}

const char *copy_table_name(size_t table)
{
    return stmt_of(table, READ)->name + sizeof("copy_read_") - 1;
}

size_t copy_table_columns(size_t table)
{
    return strlen(stmt_of(table, READ)->cols);
}

/* --- values -------------------------------------------------------------------------------- */

static struct db_val value_of(struct rows *rows, const struct stmt *s, size_t i)
{
    int col = (int)i;

    if (rows_null(rows, col))
        return db_null();
    switch (s->cols[i] | 0x20) {
    case 'i':
        return db_int(rows_int(rows, col));
    case 't':
        return db_text(rows_text(rows, col));
    default:
        return db_bytes(rows_bytes(rows, col));
    }
}

/* Unambiguous: kind, length, bytes. */
static void add_to_digest(struct digest *d, const struct db_val *v)
{
    char head[48];
    int len = snprintf(head, sizeof head, "%d:%lld:%zu:", (int)v->type, (long long)v->i, v->s.len);

    digest_add(d, (struct str){head, (size_t)len});
    digest_add(d, v->s.len ? v->s : (struct str){"", 0});
}

enum err_code copy_sum(struct tx *tx, size_t table, struct copy_sum *ret, struct err *err)
{
    AUTO(digest_closep) struct digest *d = digest_open();
    AUTO(rows_endp) struct rows *rows = NULL;
    const struct stmt *s = stmt_of(table, READ);
    size_t columns = strlen(s->cols);
    char md5[MD5_HEX + 1];
    enum err_code code;

    if (!d)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = (struct copy_sum){0};
    code = db_query_long(tx, s, DB_NO_ARGS, &rows, err);
    while (code == OK && rows_next(rows)) {
        for (size_t i = 0; i < columns; i++) {
            struct db_val v = value_of(rows, s, i);

            add_to_digest(d, &v);
        }
        ret->rows++;
    }
    if (code == OK)
        code = rows_error(rows, err);
    if (code == OK)
        digest_finish(d, ret->sha256, md5);
    return code;
}

enum err_code copy_rows(struct tx *tx, size_t table, int64_t *ret_rows, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, stmt_of(table, ROWS), DB_NO_ARGS, &rows, err);

    if (code == OK)
        *ret_rows = rows_int(rows, 0);
    return code;
}

/* --- copying ------------------------------------------------------------------------------- */

static enum err_code rows_there(struct db *db, size_t table, int64_t *ret, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    enum err_code code = tx_begin(db, TX_READ, &tx, err);

    return code ? code : copy_rows(tx, table, ret, err);
}

/* Writes the row on which rows stands; *ret_bytes grows by what it takes. */
static enum err_code write_row(struct tx *to, struct rows *rows, size_t table, size_t *ret_bytes,
                               struct err *err)
{
    const struct stmt *read = stmt_of(table, READ);
    struct db_val values[COLUMNS_MAX];
    size_t columns = strlen(read->cols);

    for (size_t i = 0; i < columns; i++) {
        values[i] = value_of(rows, read, i);
        *ret_bytes += values[i].s.len + sizeof values[i];
    }
    return db_exec(to, stmt_of(table, WRITE), values, columns, NULL, err);
}

/* One transaction. *ret_rows: how many were written; fewer than COPY_BATCH only where memory says
 * so, or at the end (*ret_over). */
static enum err_code write_batch(struct db *to, struct rows *rows, size_t table, int64_t *ret_rows,
                                 bool *ret_over, struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    size_t bytes = 0;
    enum err_code code = tx_begin(to, TX_WRITE, &tx, err);

    *ret_rows = 0;
    *ret_over = false;
    while (code == OK && *ret_rows < COPY_BATCH && bytes < BATCH_BYTES) {
        if (!rows_next(rows)) {
            *ret_over = true;
            code = rows_error(rows, err);
            break;
        }
        code = write_row(tx, rows, table, &bytes, err);
        if (code == OK)
            ++*ret_rows;
    }
    return code ? code : tx_commit(&tx, err);
}

enum err_code copy_table(struct tx *from, struct db *to, size_t table, copy_progress_fn *progress,
                         void *ctx, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    bool over = false;
    int64_t there = 0, more = 0;
    enum err_code code = rows_there(to, table, &there, err);

    if (code == OK)
        code = db_query_long(from, stmt_of(table, READ), DB_NO_ARGS, &rows, err);
    for (int64_t i = 0; code == OK && i < there; i++)
        if (!rows_next(rows)) {
            code = rows_error(rows, err);
            return code ? code
                        : fail(err, ERR_CONFLICT, "the target has more rows in %s than the source",
                               copy_table_name(table));
        }
    while (code == OK && !over) {
        code = write_batch(to, rows, table, &more, &over, err);
        if (code)
            return code;
        there += more;
        progress(ctx, table, there);
    }
    return code;
}

enum err_code copy_last_ids(struct tx *from, struct tx *to, struct err *err)
{
    enum err_code code = OK;

    for (size_t i = 0; code == OK && i < COUNT(numbered); i++) {
        int64_t id = 0;

        code = tx_last_id(from, numbered[i], &id, err);
        if (code == OK)
            code = tx_set_last_id(to, numbered[i], id, err);
    }
    return code;
}
