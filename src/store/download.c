#include "store/download.h"

#include "store/reader.h"
#include "store/statements.h"

/* Adds to the count of a key, if what it belongs to is there. */
#define ADD(table, columns, values, owner, key)                                                    \
    "INSERT INTO " table " (" columns ", count) SELECT " values " FROM " owner                     \
    " o WHERE o.id = " key " ON CONFLICT "
#define PLUS(table) "DO UPDATE SET count = " table ".count + excluded.count"

#define SUM " CAST(SUM(d.count) AS BIGINT) "
/* $1: the package, $2 and $3: the days. */
#define OF_PACKAGE                                                                                 \
    "FROM package_download d WHERE d.package_id = $1 AND d.day >= $2 AND d.day <= $3 "
#define OF_FILES                                                                                   \
    "FROM file f JOIN release r ON r.id = f.release_id JOIN download d ON d.file_id = f.id "       \
    "WHERE f.package_id = $1 AND d.day >= $2 AND d.day <= $3 "
/* Two statements for each way to tell downloads apart. */
#define GROUPS(name, column, from)                                                                 \
    {"download_groups_" name,                                                                      \
     "SELECT " column "," SUM from "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $4", "iiii", "ti"},        \
    {                                                                                              \
        "download_days_" name, "SELECT " column ", d.day," SUM from "GROUP BY 1, 2", "iii", "tii"  \
    }

enum {
    ADD_PACKAGE_DAY,
    ADD_PACKAGE_TOTAL,
    ADD_FILE_DAY,
    ADD_FILE_TOTAL,
    TOTAL,
    PACKAGES,
    ACCOUNT_DAYS,
    FIRST_GROUP, /* for each enum download_group: its groups, then their days */
};
static const struct stmt stmts[] = {
    [ADD_PACKAGE_DAY] = {"download_add_package_day",
                         ADD("package_download", "day, client, package_id",
                             "CAST($1 AS BIGINT), CAST($2 AS TEXT), o.id, CAST($3 AS BIGINT)",
                             "package", "$4") "(package_id, day, client) " PLUS("package_download"),
                         "itii", ""},
    [ADD_PACKAGE_TOTAL] = {"download_add_package_total",
                           ADD("package_download_total", "package_id", "o.id, CAST($1 AS BIGINT)",
                               "package", "$2") "(package_id) " PLUS("package_download_total"),
                           "ii", ""},
    [ADD_FILE_DAY] = {"download_add_file_day",
                      ADD("download", "day, client, file_id",
                          "CAST($1 AS BIGINT), CAST($2 AS TEXT), o.id, CAST($3 AS BIGINT)", "file",
                          "$4") "(file_id, day, client) " PLUS("download"),
                      "itii", ""},
    [ADD_FILE_TOTAL] = {"download_add_file_total",
                        ADD("download_total", "file_id", "o.id, CAST($1 AS BIGINT)", "file",
                            "$2") "(file_id) " PLUS("download_total"),
                        "ii", ""},
    [TOTAL] = {"download_total", "SELECT count FROM package_download_total WHERE package_id = $1",
               "i", "i"},
    [PACKAGES] = {"download_list_packages",
                  "SELECT p.id, p.access, p.name, COALESCE(t.count, 0), COALESCE((SELECT" SUM
                  "FROM package_download d WHERE d.package_id = p.id AND d.day >= $1 "
                  "AND d.day <= $2), 0) FROM package p LEFT JOIN package_download_total t "
                  "ON t.package_id = p.id WHERE p.account_id = $3 ORDER BY 5 DESC, p.name",
                  "iii", "ittii"},
    [ACCOUNT_DAYS] = {"download_account_days",
                      "SELECT p.id, p.access, d.day," SUM "FROM package p "
                      "JOIN package_download d ON d.package_id = p.id WHERE p.account_id = $1 "
                      "AND d.day >= $2 AND d.day <= $3 GROUP BY p.id, p.access, d.day",
                      "iii", "itii"},
    [FIRST_GROUP] = GROUPS("all", "''", OF_PACKAGE),
    GROUPS("by_client", "d.client", OF_PACKAGE),
    GROUPS("by_version", "r.version", OF_FILES),
    GROUPS("by_platform", "f.subdir", OF_FILES),
    GROUPS("by_file", "f.basename", OF_FILES),
};
const struct stmt_list download_statements = {stmts, COUNT(stmts)};

_Static_assert(COUNT(stmts) == FIRST_GROUP + 2 * DOWNLOAD_GROUPS, "two statements for each group");

/* --- counting ------------------------------------------------------------------------------ */

static enum err_code add(struct tx *tx, const struct stmt *day, const struct stmt *total,
                         int64_t id, const struct download_row *row, struct err *err)
{
    enum err_code code = db_exec(
        tx, day, DB_ARGS(db_int(row->day), db_text(row->client), db_int(row->count), db_int(id)),
        NULL, err);

    return code ? code : db_exec(tx, total, DB_ARGS(db_int(row->count), db_int(id)), NULL, err);
}

enum err_code download_add_to_package(struct tx *tx, const struct download_row *row,
                                      struct err *err)
{
    return add(tx, &stmts[ADD_PACKAGE_DAY], &stmts[ADD_PACKAGE_TOTAL], row->package_id, row, err);
}

enum err_code download_add_to_file(struct tx *tx, const struct download_row *row, struct err *err)
{
    return add(tx, &stmts[ADD_FILE_DAY], &stmts[ADD_FILE_TOTAL], row->file_id, row, err);
}

/* --- reading ------------------------------------------------------------------------------- */

enum err_code download_total(struct tx *tx, int64_t package_id, int64_t *ret_total, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[TOTAL], DB_ARGS(db_int(package_id)), &rows, err);

    if (code && code != ERR_NOT_FOUND) /* without a row: none */
        return code;
    *ret_total = code ? 0 : rows_int(rows, 0);
    return OK;
}

static const struct stmt *statement_of(enum download_group group, bool by_day)
{
    return &stmts[FIRST_GROUP + 2 * (size_t)group + by_day];
}

static enum err_code read_sum(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct download_sum *row = ret;

    row->name = reader_text(&r);
    row->count = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code download_list_groups(struct tx *tx, struct arena *mem, enum download_group group,
                                   int64_t package_id, struct download_span span, int64_t max,
                                   struct download_sum_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(
        tx, mem, statement_of(group, false),
        DB_ARGS(db_int(package_id), db_int(span.first_day), db_int(span.last_day), db_int(max)),
        read_sum, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct download_sum_list){found.rows, found.count};
    return code;
}

enum err_code download_query_package(struct tx *tx, enum download_group group, int64_t package_id,
                                     struct download_span span, struct rows **ret_rows,
                                     struct err *err)
{
    return db_query_long(tx, statement_of(group, true),
                         DB_ARGS(db_int(package_id), db_int(span.first_day), db_int(span.last_day)),
                         ret_rows, err);
}

static enum err_code read_package(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct downloaded_package *row = ret;

    row->id = reader_int(&r);
    row->access = reader_access(&r);
    row->name = reader_text(&r);
    row->total = reader_int(&r);
    row->count = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code download_list_packages(struct tx *tx, struct arena *mem, int64_t account_id,
                                     struct download_span span, struct downloaded_package_list *ret,
                                     struct err *err)
{
    struct reader_list found;
    enum err_code code =
        reader_list(tx, mem, &stmts[PACKAGES],
                    DB_ARGS(db_int(span.first_day), db_int(span.last_day), db_int(account_id)),
                    read_package, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct downloaded_package_list){found.rows, found.count};
    return code;
}

enum err_code download_query_account(struct tx *tx, int64_t account_id, struct download_span span,
                                     struct rows **ret_rows, struct err *err)
{
    return db_query_long(tx, &stmts[ACCOUNT_DAYS],
                         DB_ARGS(db_int(account_id), db_int(span.first_day), db_int(span.last_day)),
                         ret_rows, err);
}
