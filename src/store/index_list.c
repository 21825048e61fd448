/* index_list.c: rows of lists and chunks. */
#include "store/index_list.h"

#include "store/reader.h"
#include "store/statements.h"

/* $1 account, $2 label, $3 subdir, $4 name */
#define LIST   "account_id = $1 AND label = $2 AND subdir = $3 AND name = $4"
#define LIST_T "ittt"

#define CHUNK_COLS                                                                                 \
    "first_key, sha256, size, items, text_size, zstd_size, gzip_size, text_crc, newest_ms, since"
#define CHUNK   "SELECT id, " CHUNK_COLS " FROM index_chunk WHERE list_id = $1 "
#define CHUNK_T "ittiiiiiiii"
/* The lists of an account's label. */
#define OF_LABEL(account, label)                                                                   \
    "list_id IN (SELECT id FROM index_list WHERE account_id = " account " AND label = " label ") "

enum {
    FIND,
    ANY,
    IN_VIEW,
    ADD,
    COPY_CHUNKS,
    SET,
    RETIRE_LABEL,
    DISCARD_LABEL,
    EMPTY_LABEL,
    ZERO_LABEL,
    SUBDIRS,
    SUBDIRS_AT,
    PLACES,
    CHUNK_AT,
    CHUNK_BEFORE,
    CHUNK_AFTER,
    CHUNK_ALL,
    CHUNK_ALL_AT,
    CHUNK_NEWEST,
    CHUNK_ADD,
    CHUNK_DISCARD,
    CHUNK_REMOVE,
    CHUNK_RETIRE,
    CHUNK_SWEEP
};
static const struct stmt stmts[] = {
    [FIND] = {"index_list_find",
              "SELECT id, items, chunks, text_size, zstd_size, gzip_size, newest_ms, mark, since "
              "FROM index_list WHERE " LIST " AND access = $5",
              LIST_T "t", "iiiiiiiti"},
    [ANY] = {"index_list_any", "SELECT 1 FROM index_list WHERE " LIST " LIMIT 1", LIST_T, "i"},
    [IN_VIEW] = {"index_list_in_view",
                 "SELECT 1 FROM index_list WHERE account_id = $1 AND label = $2 AND subdir = $3 "
                 "AND access = $4 AND items > 0 LIMIT 1",
                 "ittt", "i"},
    [ADD] = {"index_list_add",
             "INSERT INTO index_list (account_id, label, subdir, name, access, items, chunks, "
             "text_size, zstd_size, gzip_size, newest_ms, mark, since) "
             "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
             LIST_T "tiiiiiiti", "i"},
    [COPY_CHUNKS] = {"index_list_copy_chunks",
                     "INSERT INTO index_chunk (list_id, first_key, sha256, size, items, text_size, "
                     "zstd_size, gzip_size, text_crc, newest_ms, since) "
                     "SELECT CAST($1 AS BIGINT), first_key, sha256, size, items, text_size, "
                     "zstd_size, gzip_size, text_crc, newest_ms, CAST($2 AS BIGINT) "
                     "FROM index_chunk WHERE list_id = $3",
                     "iii", ""},
    [SET] = {"index_list_set",
             "UPDATE index_list SET items = $1, chunks = $2, text_size = $3, zstd_size = $4, "
             "gzip_size = $5, newest_ms = $6, mark = $7 WHERE id = $8",
             "iiiiiiti", ""},
    [RETIRE_LABEL] = {"index_list_retire_label",
                      "INSERT INTO index_past_chunk (list_id, " CHUNK_COLS
                      ", until, retired_ms) SELECT list_id, " CHUNK_COLS
                      ", CAST($1 AS BIGINT), CAST($2 AS BIGINT) FROM index_chunk WHERE " OF_LABEL(
                          "$3", "$4") "AND since < $1",
                      "iiit", ""},
    [DISCARD_LABEL] = {"index_list_discard_label",
                       "INSERT INTO index_garbage (sha256, retired_ms) "
                       "SELECT sha256, CAST($1 AS BIGINT) FROM index_chunk WHERE " OF_LABEL(
                           "$2", "$3") "AND since >= $4",
                       "iiti", ""},
    [EMPTY_LABEL] = {"index_list_empty_label",
                     "DELETE FROM index_chunk WHERE " OF_LABEL("$1", "$2"), "it", ""},
    [ZERO_LABEL] = {"index_list_zero_label",
                    "UPDATE index_list SET items = 0, chunks = 0, text_size = 0, zstd_size = 0, "
                    "gzip_size = 0, newest_ms = 0, mark = $1 WHERE account_id = $2 AND label = $3",
                    "tit", ""},
    [SUBDIRS] = {"index_list_subdirs",
                 "SELECT DISTINCT subdir FROM index_list WHERE account_id = $1 AND label = $2 "
                 "AND name = $3 AND items > 0 AND (access = 'public' OR access = $4 OR "
                 "$4 = 'private') ORDER BY subdir",
                 "ittt", "t"},
    [SUBDIRS_AT] = {"index_list_subdirs_at",
                    "SELECT DISTINCT l.subdir FROM index_list l WHERE l.account_id = $1 "
                    "AND l.label = $2 AND l.name = $3 AND (l.access = 'public' OR l.access = $4 OR "
                    "$4 = 'private') AND (EXISTS (SELECT 1 FROM index_chunk c "
                    "WHERE c.list_id = l.id AND c.since <= $5) OR EXISTS (SELECT 1 FROM "
                    "index_past_chunk p WHERE p.list_id = l.id AND p.until > $5 AND p.since <= $5))"
                    " ORDER BY l.subdir",
                    "ittti", "t"},
    [PLACES] = {"index_list_places",
                "SELECT DISTINCT subdir FROM index_list WHERE account_id = $1 AND label = $2 "
                "AND subdir <> '' ORDER BY subdir",
                "it", "t"},
    [CHUNK_AT] = {"index_chunk_at", CHUNK "AND first_key <= $2 ORDER BY first_key DESC LIMIT 1",
                  "it", CHUNK_T},
    [CHUNK_BEFORE] = {"index_chunk_before",
                      CHUNK "AND first_key < $2 ORDER BY first_key DESC LIMIT 1", "it", CHUNK_T},
    [CHUNK_AFTER] = {"index_chunk_after", CHUNK "AND first_key > $2 ORDER BY first_key LIMIT 1",
                     "it", CHUNK_T},
    [CHUNK_ALL] = {"index_chunk_all", CHUNK "ORDER BY first_key", "i", CHUNK_T},
    [CHUNK_ALL_AT] = {"index_chunk_all_at",
                      CHUNK "AND since <= $2 UNION ALL SELECT id, " CHUNK_COLS
                            " FROM index_past_chunk WHERE list_id = $1 AND until > $2 "
                            "AND since <= $2 ORDER BY first_key",
                      "ii", CHUNK_T},
    [CHUNK_NEWEST] = {"index_chunk_newest", CHUNK "ORDER BY newest_ms DESC, first_key LIMIT $2",
                      "ii", CHUNK_T},
    [CHUNK_ADD] = {"index_chunk_add",
                   "INSERT INTO index_chunk (list_id, first_key, sha256, size, items, text_size, "
                   "zstd_size, gzip_size, text_crc, newest_ms, since) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   "ittiiiiiiii", ""},
    [CHUNK_DISCARD] = {"index_chunk_discard",
                       "INSERT INTO index_garbage (sha256, retired_ms) VALUES ($1, $2)", "ti", ""},
    [CHUNK_REMOVE] = {"index_chunk_remove", "DELETE FROM index_chunk WHERE id = $1", "i", ""},
    [CHUNK_RETIRE] = {"index_chunk_retire",
                      "INSERT INTO index_past_chunk (list_id, " CHUNK_COLS
                      ", until, retired_ms) SELECT list_id, " CHUNK_COLS
                      ", CAST($1 AS BIGINT), CAST($2 AS BIGINT) FROM index_chunk WHERE id = $3",
                      "iii", ""},
    [CHUNK_SWEEP] = {"index_chunk_sweep",
                     "DELETE FROM index_past_chunk WHERE id IN (SELECT id FROM index_past_chunk "
                     "WHERE retired_ms < $1 ORDER BY retired_ms LIMIT $2) RETURNING sha256",
                     "ii", "t"},
};
const struct stmt_list index_list_statements = {stmts, COUNT(stmts)};

/* The first arguments of a statement on a list. */
#define LIST_ARGS(p, name)                                                                         \
    db_int((p)->account_id), db_text((p)->label), db_text((p)->subdir), db_text(name)
#define ACCESS_ARG(p) db_text(access_level_name((p)->access))

/* ---- lists ---- */

enum err_code index_list_find(struct tx *tx, struct arena *mem, const struct index_place *place,
                              struct str name, struct index_list_row *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_one(tx, &stmts[FIND], DB_ARGS(LIST_ARGS(place, name), ACCESS_ARG(place)), &rows, err);
    struct index_list_row row;
    struct reader r;

    if (code)
        return code;
    r = reader_of(rows, mem);
    row.id = reader_int(&r);
    row.items = reader_int(&r);
    row.chunks = reader_int(&r);
    row.text_size = reader_int(&r);
    row.zstd_size = reader_int(&r);
    row.gzip_size = reader_int(&r);
    row.newest_ms = reader_int(&r);
    row.mark = reader_text(&r);
    row.since = reader_int(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *ret = row;
    return code;
}

static enum err_code exists(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, bool *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, args, nargs, &rows, err);

    if (code && code != ERR_NOT_FOUND)
        return code;
    *ret = code == OK;
    return OK;
}

enum err_code index_list_any(struct tx *tx, const struct index_place *place, struct str name,
                             bool *ret_any, struct err *err)
{
    return exists(tx, &stmts[ANY], DB_ARGS(LIST_ARGS(place, name)), ret_any, err);
}

enum err_code index_list_in_view(struct tx *tx, const struct index_place *place, bool *ret_any,
                                 struct err *err)
{
    return exists(tx, &stmts[IN_VIEW],
                  DB_ARGS(db_int(place->account_id), db_text(place->label), db_text(place->subdir),
                          ACCESS_ARG(place)),
                  ret_any, err);
}

enum err_code index_list_add(struct tx *tx, const struct index_place *place, struct str name,
                             const struct index_list_row *like, int64_t *ret_id, struct err *err)
{
    enum err_code code =
        db_insert(tx, &stmts[ADD],
                  DB_ARGS(LIST_ARGS(place, name), ACCESS_ARG(place), db_int(like->items),
                          db_int(like->chunks), db_int(like->text_size), db_int(like->zstd_size),
                          db_int(like->gzip_size), db_int(like->newest_ms), db_text(like->mark),
                          db_int(like->since)),
                  ret_id, err);

    if (code || !like->chunks)
        return code;
    return db_exec(tx, &stmts[COPY_CHUNKS],
                   DB_ARGS(db_int(*ret_id), db_int(like->since), db_int(like->id)), NULL, err);
}

enum err_code index_list_set(struct tx *tx, const struct index_list_row *row, struct err *err)
{
    return db_exec(tx, &stmts[SET],
                   DB_ARGS(db_int(row->items), db_int(row->chunks), db_int(row->text_size),
                           db_int(row->zstd_size), db_int(row->gzip_size), db_int(row->newest_ms),
                           db_text(row->mark), db_int(row->id)),
                   NULL, err);
}

enum err_code index_list_empty(struct tx *tx, int64_t account_id, struct str label,
                               int64_t generation, int64_t now_ms, struct err *err)
{
    const struct db_val account = db_int(account_id), name = db_text(label),
                        number = db_int(generation), now = db_int(now_ms);
    enum err_code code;

    if ((code =
             db_exec(tx, &stmts[RETIRE_LABEL], DB_ARGS(number, now, account, name), NULL, err)) ||
        (code =
             db_exec(tx, &stmts[DISCARD_LABEL], DB_ARGS(now, account, name, number), NULL, err)) ||
        (code = db_exec(tx, &stmts[EMPTY_LABEL], DB_ARGS(account, name), NULL, err)))
        return code;
    return db_exec(tx, &stmts[ZERO_LABEL], DB_ARGS(db_text(INDEX_MARK_EMPTY), account, name), NULL,
                   err);
}

static enum err_code list_subdirs(struct tx *tx, struct arena *mem, const struct stmt *s,
                                  const struct db_val *args, size_t nargs, struct name_list *ret,
                                  struct err *err)
{
    struct reader_list found = {0};
    enum err_code code =
        reader_list(tx, mem, s, args, nargs, reader_row_text, sizeof(struct str), &found, err);

    if (code == OK)
        *ret = (struct name_list){found.rows, found.count};
    return code;
}

enum err_code index_list_subdirs(struct tx *tx, struct arena *mem, const struct index_place *place,
                                 struct str name, struct name_list *ret, struct err *err)
{
    return list_subdirs(
        tx, mem, &stmts[SUBDIRS],
        DB_ARGS(db_int(place->account_id), db_text(place->label), db_text(name), ACCESS_ARG(place)),
        ret, err);
}

enum err_code index_list_subdirs_at(struct tx *tx, struct arena *mem,
                                    const struct index_place *place, struct str name,
                                    int64_t generation, struct name_list *ret, struct err *err)
{
    return list_subdirs(tx, mem, &stmts[SUBDIRS_AT],
                        DB_ARGS(db_int(place->account_id), db_text(place->label), db_text(name),
                                ACCESS_ARG(place), db_int(generation)),
                        ret, err);
}

enum err_code index_list_places(struct tx *tx, struct arena *mem, int64_t account_id,
                                struct str label, struct name_list *ret, struct err *err)
{
    return list_subdirs(tx, mem, &stmts[PLACES], DB_ARGS(db_int(account_id), db_text(label)), ret,
                        err);
}

/* ---- chunks ---- */

static enum err_code read_chunk(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct index_chunk_row row;
    enum err_code code;

    row.id = reader_int(&r);
    row.first_key = reader_text(&r);
    row.sha256 = reader_text(&r);
    row.size = reader_int(&r);
    row.items = reader_int(&r);
    row.text_size = reader_int(&r);
    row.zstd_size = reader_int(&r);
    row.gzip_size = reader_int(&r);
    row.text_crc = reader_int(&r);
    row.newest_ms = reader_int(&r);
    row.since = reader_int(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct index_chunk_row *)ret = row;
    return code;
}

static enum err_code find_chunk(struct tx *tx, struct arena *mem, const struct stmt *s,
                                int64_t list_id, struct str key, struct index_chunk_row *ret,
                                struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_ARGS(db_int(list_id), db_text(key)), &rows, err);

    return code ? code : read_chunk(rows, mem, ret, err);
}

enum err_code index_chunk_at(struct tx *tx, struct arena *mem, int64_t list_id, struct str key,
                             struct index_chunk_row *ret, struct err *err)
{
    return find_chunk(tx, mem, &stmts[CHUNK_AT], list_id, key, ret, err);
}

enum err_code index_chunk_before(struct tx *tx, struct arena *mem, int64_t list_id, struct str key,
                                 struct index_chunk_row *ret, struct err *err)
{
    return find_chunk(tx, mem, &stmts[CHUNK_BEFORE], list_id, key, ret, err);
}

enum err_code index_chunk_after(struct tx *tx, struct arena *mem, int64_t list_id, struct str key,
                                struct index_chunk_row *ret, struct err *err)
{
    return find_chunk(tx, mem, &stmts[CHUNK_AFTER], list_id, key, ret, err);
}

static enum err_code list_chunks(struct tx *tx, struct arena *mem, const struct stmt *s,
                                 const struct db_val *args, size_t nargs,
                                 struct index_chunk_list *ret, struct err *err)
{
    struct reader_list found = {0};
    enum err_code code =
        reader_list(tx, mem, s, args, nargs, read_chunk, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct index_chunk_list){found.rows, found.count};
    return code;
}

enum err_code index_chunk_all(struct tx *tx, struct arena *mem, int64_t list_id,
                              struct index_chunk_list *ret, struct err *err)
{
    return list_chunks(tx, mem, &stmts[CHUNK_ALL], DB_ARGS(db_int(list_id)), ret, err);
}

enum err_code index_chunk_all_at(struct tx *tx, struct arena *mem, int64_t list_id,
                                 int64_t generation, struct index_chunk_list *ret, struct err *err)
{
    return list_chunks(tx, mem, &stmts[CHUNK_ALL_AT], DB_ARGS(db_int(list_id), db_int(generation)),
                       ret, err);
}

enum err_code index_chunk_newest(struct tx *tx, struct arena *mem, int64_t list_id, int64_t max,
                                 struct index_chunk_list *ret, struct err *err)
{
    return list_chunks(tx, mem, &stmts[CHUNK_NEWEST], DB_ARGS(db_int(list_id), db_int(max)), ret,
                       err);
}

enum err_code index_chunk_add(struct tx *tx, int64_t list_id, const struct index_chunk_row *row,
                              struct err *err)
{
    return db_exec(tx, &stmts[CHUNK_ADD],
                   DB_ARGS(db_int(list_id), db_text(row->first_key), db_text(row->sha256),
                           db_int(row->size), db_int(row->items), db_int(row->text_size),
                           db_int(row->zstd_size), db_int(row->gzip_size), db_int(row->text_crc),
                           db_int(row->newest_ms), db_int(row->since)),
                   NULL, err);
}

enum err_code index_chunk_remove(struct tx *tx, const struct index_chunk_row *row, int64_t when_ms,
                                 struct err *err)
{
    enum err_code code = db_exec(tx, &stmts[CHUNK_DISCARD],
                                 DB_ARGS(db_text(row->sha256), db_int(when_ms)), NULL, err);

    return code ? code : db_exec(tx, &stmts[CHUNK_REMOVE], DB_ARGS(db_int(row->id)), NULL, err);
}

enum err_code index_chunk_retire(struct tx *tx, const struct index_chunk_row *row,
                                 int64_t generation, int64_t now_ms, struct err *err)
{
    enum err_code code =
        db_exec(tx, &stmts[CHUNK_RETIRE],
                DB_ARGS(db_int(generation), db_int(now_ms), db_int(row->id)), NULL, err);

    return code ? code : db_exec(tx, &stmts[CHUNK_REMOVE], DB_ARGS(db_int(row->id)), NULL, err);
}

enum err_code index_chunk_sweep(struct tx *tx, struct arena *mem, int64_t before_ms, int64_t max,
                                struct digest_list *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code =
        db_query(tx, &stmts[CHUNK_SWEEP], DB_ARGS(db_int(before_ms), db_int(max)), &rows, err);

    while (code == OK && rows_next(rows))
        code = digest_list_add(mem, ret, rows_text(rows, 0), err);
    return code ? code : rows_error(rows, err);
}
