/* index_doc.c: rows of the generated index documents. */
#include "store/index_doc.h"

#include "store/file.h"
#include "store/reader.h"
#include "store/statements.h"

/* $1 account, $2 label, $3 access, $4 subdir */
#define PLACE   "account_id = $1 AND label = $2 AND access = $3 AND subdir = $4 "
#define PLACE_T "ittt"
#define ROW     "SELECT name, package, sha256, size, modified_ms, composed FROM index_doc WHERE "
#define ROW_T   "tttiii"

/* The retired shards of a package that are in a wider place than an access. Those without a package
 * are of a time when every package was public. */
#define WITHDRAWN(account, package, access)                                                        \
    "FROM index_doc WHERE account_id = " account " AND (package = " package                        \
    " OR (package = '' AND substr(name, 1, 7) = 'shards/')) AND retired_ms IS NOT NULL "           \
    "AND (access = 'public' OR " access " = 'private') AND access <> " access

/* The same wherever they are. */
#define FORGOTTEN(account, package)                                                                \
    "FROM index_doc WHERE account_id = " account " AND (package = " package                        \
    " OR (package = '' AND substr(name, 1, 7) = 'shards/')) AND retired_ms IS NOT NULL"

/* The same, but in public places where the access is public. Only conda's packages have shards, and
 * their names are in lower case. Asked for each new package: along index_doc_by_package, which has
 * only what is of a package. */
#define FORMER(account, package, access)                                                           \
    "FROM index_doc WHERE account_id = " account " AND package = lower(" package ") "              \
    "AND package <> '' AND retired_ms IS NOT NULL AND NOT (access = 'public' AND " access          \
    " = 'public')"

enum {
    FIND,
    LIST,
    SHARDS,
    CURRENT,
    PUT,
    DISCARD,
    RETIRE,
    RETIRE_ALL,
    DISCARD_WITHDRAWN,
    WITHDRAW,
    DISCARD_FORGOTTEN,
    FORGET,
    DISCARD_FORMER,
    FORGET_FORMER,
    SWEEP_GARBAGE,
    SWEEP_RETIRED
};
static const struct stmt stmts[] = {
    [FIND] = {"index_doc_find",
              ROW PLACE "AND name = $5 AND "
                        "(retired_ms IS NULL OR substr(name, 1, 7) = 'shards/')",
              PLACE_T "t", ROW_T},
    [LIST] = {"index_doc_list", ROW PLACE "AND retired_ms IS NULL ORDER BY name", PLACE_T, ROW_T},
    [SHARDS] = {"index_doc_shards",
                "SELECT name, access FROM index_doc WHERE account_id = $1 AND label = $2 "
                "AND subdir = $3 AND package = $4 AND retired_ms IS NULL",
                "ittt", "tt"},
    [CURRENT] = {"index_doc_current",
                 "SELECT sha256, retired_ms, composed FROM index_doc WHERE " PLACE "AND name = $5",
                 PLACE_T "t", "tIi"},
    [PUT] = {"index_doc_put",
             "INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, "
             "size, modified_ms, composed, retired_ms) "
             "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL) "
             "ON CONFLICT (account_id, label, access, subdir, name) DO UPDATE SET "
             "package = excluded.package, sha256 = excluded.sha256, size = excluded.size, "
             "modified_ms = excluded.modified_ms, composed = excluded.composed, "
             "retired_ms = NULL",
             PLACE_T "tttiii", ""},
    [DISCARD] = {"index_doc_discard",
                 "INSERT INTO index_garbage (sha256, retired_ms) VALUES ($1, $2)", "ti", ""},
    [RETIRE] = {"index_doc_retire",
                "UPDATE index_doc SET retired_ms = $1 WHERE account_id = $2 AND label = $3 "
                "AND access = $4 AND subdir = $5 AND name = $6 AND retired_ms IS NULL",
                "i" PLACE_T "t", ""},
    [RETIRE_ALL] = {"index_doc_retire_all",
                    "UPDATE index_doc SET retired_ms = $1 WHERE account_id = $2 AND label = $3 "
                    "AND retired_ms IS NULL",
                    "iit", ""},
    [DISCARD_WITHDRAWN] = {"index_doc_discard_withdrawn",
                           "INSERT INTO index_garbage (sha256, retired_ms) "
                           "SELECT sha256, CAST($1 AS BIGINT) " WITHDRAWN("$2", "$3", "$4"),
                           "iitt", ""},
    [WITHDRAW] = {"index_doc_withdraw", "DELETE " WITHDRAWN("$1", "$2", "$3"), "itt", ""},
    [DISCARD_FORGOTTEN] = {"index_doc_discard_forgotten",
                           "INSERT INTO index_garbage (sha256, retired_ms) "
                           "SELECT sha256, CAST($1 AS BIGINT) " FORGOTTEN("$2", "$3"),
                           "iit", ""},
    [FORGET] = {"index_doc_forget", "DELETE " FORGOTTEN("$1", "$2"), "it", ""},
    [DISCARD_FORMER] = {"index_doc_discard_former",
                        "INSERT INTO index_garbage (sha256, retired_ms) "
                        "SELECT sha256, CAST($1 AS BIGINT) " FORMER("$2", "$3", "$4"),
                        "iitt", ""},
    [FORGET_FORMER] = {"index_doc_forget_former", "DELETE " FORMER("$1", "$2", "$3"), "itt", ""},
    [SWEEP_GARBAGE] = {"index_doc_sweep_garbage",
                       "DELETE FROM index_garbage WHERE id IN (SELECT id FROM index_garbage "
                       "WHERE retired_ms < $1 ORDER BY retired_ms LIMIT $2) RETURNING sha256",
                       "ii", "t"},
    [SWEEP_RETIRED] = {"index_doc_sweep_retired",
                       "DELETE FROM index_doc WHERE id IN (SELECT id FROM index_doc WHERE "
                       "retired_ms IS NOT NULL AND retired_ms < CASE substr(name, 1, 7) "
                       "WHEN 'shards/' THEN CAST($1 AS BIGINT) ELSE CAST($2 AS BIGINT) END "
                       "ORDER BY retired_ms LIMIT $3) "
                       /* once more: it may have become current while this waited for it */
                       "AND retired_ms IS NOT NULL RETURNING sha256",
                       "iii", "t"},
};
const struct stmt_list index_doc_statements = {stmts, COUNT(stmts)};

/* The first arguments of a statement on a place. */
#define PLACE_ARGS(p)                                                                              \
    db_int((p)->account_id), db_text((p)->label), db_text(access_level_name((p)->access)),         \
        db_text((p)->subdir)

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct index_doc_row row = {0};
    enum err_code code;

    row.name = reader_text(&r);
    row.package = reader_text(&r);
    row.sha256 = reader_text(&r);
    row.size = reader_int(&r);
    row.modified_ms = reader_int(&r);
    row.composed = reader_bool(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct index_doc_row *)ret = row;
    return code;
}

enum err_code index_doc_find(struct tx *tx, struct arena *mem, const struct index_place *place,
                             struct str name, struct index_doc_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[FIND], DB_ARGS(PLACE_ARGS(place), db_text(name)), &rows, err);

    return code ? code : read_row(rows, mem, ret, err);
}

enum err_code index_doc_list(struct tx *tx, struct arena *mem, const struct index_place *place,
                             struct index_doc_list *ret, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[LIST], DB_ARGS(PLACE_ARGS(place)), read_row,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct index_doc_list){found.rows, found.count};
    return code;
}

static enum err_code read_shard(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct index_shard_row row = {0};
    enum err_code code;

    row.name = reader_text(&r);
    row.access = reader_access(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct index_shard_row *)ret = row;
    return code;
}

enum err_code index_doc_shards(struct tx *tx, struct arena *mem, const struct index_place *place,
                               struct str package, struct index_shard_list *ret, struct err *err)
{
    const struct db_val args[] = {db_int(place->account_id), db_text(place->label),
                                  db_text(place->subdir), db_text(package)};
    struct reader_list found = {0};
    enum err_code code = reader_list(tx, mem, &stmts[SHARDS], args, COUNT(args), read_shard,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct index_shard_list){found.rows, found.count};
    return code;
}

/* Remembers the bytes of the row that is about to be overwritten. *ret_same: there is nothing to
 * overwrite, the row has these bytes and is current. */
static enum err_code make_way(struct tx *tx, const struct index_place *place,
                              const struct index_doc_row *row, bool *ret_same, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[CURRENT], DB_ARGS(PLACE_ARGS(place), db_text(row->name)), &rows, err);
    bool same_bytes;

    *ret_same = false;
    if (code == ERR_NOT_FOUND)
        return OK;
    if (code)
        return code;
    same_bytes = str_eq(rows_text(rows, 0), row->sha256);
    if (same_bytes) {
        *ret_same = rows_null(rows, 1);
        return OK;
    }
    if (rows_int(rows, 2)) /* it has no bytes of its own */
        return OK;
    return db_exec(tx, &stmts[DISCARD],
                   DB_ARGS(db_text(rows_text(rows, 0)), db_int(row->modified_ms)), NULL, err);
}

enum err_code index_doc_put(struct tx *tx, const struct index_place *place,
                            const struct index_doc_row *row, struct err *err)
{
    bool same = false;
    enum err_code code = make_way(tx, place, row, &same, err);

    if (code || same)
        return code;
    return db_exec(tx, &stmts[PUT],
                   DB_ARGS(PLACE_ARGS(place), db_text(row->name), db_text(row->package),
                           db_text(row->sha256), db_int(row->size), db_int(row->modified_ms),
                           db_int(row->composed)),
                   NULL, err);
}

enum err_code index_doc_retire(struct tx *tx, const struct index_place *place, struct str name,
                               int64_t now_ms, struct err *err)
{
    return db_exec(tx, &stmts[RETIRE], DB_ARGS(db_int(now_ms), PLACE_ARGS(place), db_text(name)),
                   NULL, err);
}

enum err_code index_doc_retire_all(struct tx *tx, int64_t account_id, struct str label,
                                   int64_t now_ms, struct err *err)
{
    return db_exec(tx, &stmts[RETIRE_ALL],
                   DB_ARGS(db_int(now_ms), db_int(account_id), db_text(label)), NULL, err);
}

enum err_code index_doc_withdraw(struct tx *tx, int64_t account_id, struct str package,
                                 enum access_level access, int64_t now_ms, struct err *err)
{
    const struct db_val id = db_int(account_id), name = db_text(package),
                        level = db_text(access_level_name(access));
    enum err_code code =
        db_exec(tx, &stmts[DISCARD_WITHDRAWN], DB_ARGS(db_int(now_ms), id, name, level), NULL, err);

    return code ? code : db_exec(tx, &stmts[WITHDRAW], DB_ARGS(id, name, level), NULL, err);
}

enum err_code index_doc_forget(struct tx *tx, int64_t account_id, struct str package,
                               int64_t now_ms, struct err *err)
{
    const struct db_val id = db_int(account_id), name = db_text(package);
    enum err_code code =
        db_exec(tx, &stmts[DISCARD_FORGOTTEN], DB_ARGS(db_int(now_ms), id, name), NULL, err);

    return code ? code : db_exec(tx, &stmts[FORGET], DB_ARGS(id, name), NULL, err);
}

enum err_code index_doc_forget_former(struct tx *tx, int64_t account_id, struct str package,
                                      enum access_level access, int64_t now_ms, struct err *err)
{
    const struct db_val id = db_int(account_id), name = db_text(package),
                        level = db_text(access_level_name(access));
    enum err_code code =
        db_exec(tx, &stmts[DISCARD_FORMER], DB_ARGS(db_int(now_ms), id, name, level), NULL, err);

    return code ? code : db_exec(tx, &stmts[FORGET_FORMER], DB_ARGS(id, name, level), NULL, err);
}

static enum err_code sweep(struct tx *tx, struct arena *mem, const struct stmt *s,
                           const struct db_val *args, size_t nargs, struct digest_list *list,
                           struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_query(tx, s, args, nargs, &rows, err);

    while (code == OK && rows_next(rows))
        code = digest_list_add(mem, list, rows_text(rows, 0), err);
    return code ? code : rows_error(rows, err);
}

static int by_digest(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Leaves each digest once, and only those that no row uses. */
static enum err_code keep_unused(struct tx *tx, struct digest_list *list, struct err *err)
{
    size_t kept = 0;

    if (list->count)
        qsort(list->items, list->count, sizeof(*list->items), by_digest);
    for (size_t i = 0; i < list->count; i++) {
        bool used = false;
        enum err_code code;

        if (i + 1 < list->count && str_eq(list->items[i], list->items[i + 1]))
            continue;
        code = file_blob_used(tx, list->items[i], &used, err);
        if (code)
            return code;
        if (!used)
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
    return OK;
}

enum err_code index_doc_sweep(struct tx *tx, struct arena *mem, int64_t docs_before_ms,
                              int64_t shards_before_ms, int64_t max, struct digest_list *ret,
                              bool *ret_more, struct err *err)
{
    struct digest_list list = {0};
    enum err_code code = sweep(tx, mem, &stmts[SWEEP_GARBAGE],
                               DB_ARGS(db_int(docs_before_ms), db_int(max)), &list, err);
    bool full;

    if (code == OK)
        code = sweep(tx, mem, &stmts[SWEEP_RETIRED],
                     DB_ARGS(db_int(shards_before_ms), db_int(docs_before_ms),
                             db_int(max - (int64_t)list.count)),
                     &list, err);
    full = (int64_t)list.count >= max; /* one digest for each row, as yet */
    if (code == OK)
        code = keep_unused(tx, &list, err);
    if (code)
        return code;
    *ret = list;
    *ret_more = full;
    return OK;
}
