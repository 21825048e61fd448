/* search.c: rows of what packages are found by. On PostgreSQL a package's row is locked before it
 * is changed: its owner's transactions and those that count downloads may come at the same time. */
#include "store/search.h"

#include "base/digest.h"
#include "store/reader.h"
#include "store/statements.h"

#define TABLES(name, sql_of)                                                                       \
    [name] = sql_of("0", "search_terms"), [(name) + 1] = sql_of("1", "search_terms_1"),            \
    [(name) + 2] = sql_of("2", "search_terms_2"), [(name) + 3] = sql_of("3", "search_terms_3")

#define DELETE_TERMS(level, table)                                                                 \
    {                                                                                              \
        "search_delete_terms_" level, "DELETE FROM " table " WHERE rowid = $1", "i", ""            \
    }
#define DELETE_ALL_TERMS(level, table)                                                             \
    {                                                                                              \
        "search_delete_all_terms_" level,                                                          \
            "DELETE FROM " table " WHERE rowid IN (SELECT id FROM package WHERE account_id = $1)", \
            "i", ""                                                                                \
    }
#define INSERT_TERMS(level, table)                                                                 \
    {                                                                                              \
        "search_insert_terms_" level,                                                              \
            DB_APART("INSERT INTO " table " (rowid, terms) VALUES ($1, $2)",                       \
                     "INSERT INTO " table " (rowid, terms) "                                       \
                     "VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))"),                  \
            "it", ""                                                                               \
    }
#define COPY_TERMS(level, table)                                                                   \
    {                                                                                              \
        "search_copy_terms_" level,                                                                \
            "INSERT INTO " table                                                                   \
            " (rowid, terms) SELECT rowid, terms FROM search_terms WHERE rowid = $1",              \
            "i", ""                                                                                \
    }

#define FOUND_ROW                                                                                  \
    "SELECT access, updated_ms, level, terms_sha256 FROM search_doc WHERE package_id = $1"

enum {
    FACTS,
    PLACES,
    LABELS,
    FIND,
    COUNTS,
    PUT,
    SET_COUNTS,
    SET_LEVEL,
    DELETE,
    WORD_HAS,
    WORD_ADD,
    WORDS_FORGET,
    WORDS_NEAR,
    LEVEL_OF,
    FLOORS,
    LEVEL_COUNT,
    RANK_AT,
    LEVEL_RAISE,
    UNDER_FLOOR,
    PROGRESS,
    PROGRESS_SET,
    PACKAGES_AFTER,
    DELETE_TERMS, /* each of a level, from here on */
    DELETE_ALL_TERMS = DELETE_TERMS + SEARCH_LEVELS,
    INSERT_TERMS = DELETE_ALL_TERMS + SEARCH_LEVELS,
    COPY_TERMS = INSERT_TERMS + SEARCH_LEVELS,
};
static const struct stmt stmts[] = {
    [FACTS] = {"search_facts",
               "SELECT p.id, p.account_id, a.login, p.name, p.summary, p.attrs, p.access, "
               "p.updated_ms, COALESCE(t.count, 0), "
               "(SELECT COUNT(*) FROM favorite f WHERE f.package_id = p.id) FROM package p "
               "JOIN account a ON a.id = p.account_id "
               "LEFT JOIN package_download_total t ON t.package_id = p.id WHERE p.id = $1",
               "i", "iitttttiii"},
    [PLACES] = {"search_places",
                "SELECT DISTINCT type, subdir FROM file WHERE package_id = $1 "
                "ORDER BY type, subdir",
                "i", "tt"},
    [LABELS] = {"search_labels",
                "SELECT DISTINCT l.name FROM file f JOIN file_label c ON c.file_id = f.id "
                "JOIN label l ON l.id = c.label_id WHERE f.package_id = $1 "
                "ORDER BY l.name LIMIT $2",
                "ii", "t"},
    [FIND] = {"search_find", DB_APART(FOUND_ROW, FOUND_ROW " FOR UPDATE"), "i", "iiit"},
    [COUNTS] = {"search_counts",
                "SELECT COALESCE((SELECT count FROM package_download_total WHERE package_id = $1), "
                "0), (SELECT COUNT(*) FROM favorite WHERE package_id = $1)",
                "i", "ii"},
    [PUT] = {"search_put",
             "INSERT INTO search_doc (package_id, account_id, access, name_key, keyword_key, "
             "types, platforms, labels, license, rank, favorites, updated_ms, level, "
             "terms_sha256) "
             "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
             "ON CONFLICT (package_id) DO UPDATE SET account_id = excluded.account_id, "
             "access = excluded.access, name_key = excluded.name_key, "
             "keyword_key = excluded.keyword_key, types = excluded.types, "
             "platforms = excluded.platforms, labels = excluded.labels, "
             "license = excluded.license, rank = excluded.rank, "
             "favorites = excluded.favorites, updated_ms = excluded.updated_ms, "
             "level = excluded.level, terms_sha256 = excluded.terms_sha256",
             "iiittttttiiiit", ""},
    [SET_COUNTS] = {"search_set_counts",
                    "UPDATE search_doc SET rank = $1, favorites = $2, level = $3 "
                    "WHERE package_id = $4",
                    "iiii", ""},
    [SET_LEVEL] = {"search_set_level", "UPDATE search_doc SET level = $1 WHERE package_id = $2",
                   "ii", ""},
    [DELETE] = {"search_delete", "DELETE FROM search_doc WHERE package_id = $1", "i", ""},
    [WORD_HAS] = {"search_word_has",
                  "SELECT COUNT(*) FROM search_word WHERE stem = $1 AND word = $2", "tt", "i"},
    [WORD_ADD] = {"search_word_add",
                  "INSERT INTO search_word (stem, word) VALUES ($1, $2) "
                  "ON CONFLICT (stem, word) DO NOTHING",
                  "tt", ""},
    [WORDS_FORGET] = {"search_words_forget", "DELETE FROM search_word", "", ""},
    [WORDS_NEAR] = {"search_words_near",
                    "SELECT DISTINCT word FROM search_word "
                    "WHERE stem IN ($1, $2, $3, $4, $5, $6, $7) "
                    "AND length(word) BETWEEN $8 AND $9 ORDER BY word LIMIT $10",
                    "tttttttiii", "t"},
    [LEVEL_OF] = {"search_level_of",
                  "SELECT COUNT(*) FROM search_level WHERE hidden = $1 AND floor <= $2", "ii", "i"},
    [FLOORS] = {"search_floors",
                "SELECT level, MAX(floor) FROM search_level WHERE hidden <= $1 GROUP BY level", "i",
                "ii"},
    [LEVEL_COUNT] = {"search_level_count",
                     "SELECT COUNT(*) FROM (SELECT package_id FROM search_doc WHERE level >= $1 "
                     "AND access BETWEEN $2 AND $3 LIMIT $4) AS counted",
                     "iiii", "i"},
    [RANK_AT] = {"search_rank_at",
                 "SELECT rank FROM search_doc WHERE access BETWEEN $1 AND $2 "
                 "ORDER BY rank DESC, package_id DESC LIMIT 1 OFFSET $3",
                 "iii", "i"},
    [LEVEL_RAISE] = {"search_level_raise",
                     "UPDATE search_level SET floor = $1 WHERE floor < $1 AND level = $2 "
                     "AND hidden = $3",
                     "iii", ""},
    [UNDER_FLOOR] =
        {"search_under_floor",
         "SELECT package_id FROM search_doc WHERE level = $1 AND access = $2 AND rank < "
         "(SELECT floor FROM search_level WHERE level = $1 AND hidden = $3) LIMIT $4",
         "iiii", "i"},
    [PROGRESS] = {"search_progress", "SELECT form, filled FROM search_progress WHERE id = 1", "",
                  "ii"},
    [PROGRESS_SET] = {"search_progress_set",
                      "UPDATE search_progress SET form = $1, filled = $2 WHERE id = 1", "ii", ""},
    [PACKAGES_AFTER] = {"search_packages_after",
                        "SELECT id FROM package WHERE id > $1 ORDER BY id LIMIT $2", "ii", "i"},
    TABLES(DELETE_TERMS, DELETE_TERMS),
    TABLES(DELETE_ALL_TERMS, DELETE_ALL_TERMS),
    TABLES(INSERT_TERMS, INSERT_TERMS),
    TABLES(COPY_TERMS, COPY_TERMS),
};
const struct stmt_list search_statements = {stmts, COUNT(stmts)};

/* ---- ranks ---- */

#define TIME_BITS     44 /* milliseconds until the year 2527 */
#define EXACT_BITS    18 /* fewer downloads than 2^18 are told one by one */
#define FRACTION_BITS 6  /* beyond, each doubling in 64 steps */

static int64_t popularity(int64_t downloads)
{
    int exponent = EXACT_BITS;
    int64_t fraction;

    if (downloads < 1 << EXACT_BITS)
        return downloads > 0 ? downloads : 0;
    while (exponent < 62 && downloads >> (exponent + 1))
        exponent++;
    fraction = (downloads >> (exponent - FRACTION_BITS)) - (1 << FRACTION_BITS);
    return (1 << EXACT_BITS) + ((int64_t)(exponent - EXACT_BITS) << FRACTION_BITS) + fraction;
}

int64_t search_rank(int64_t downloads, int64_t updated_ms)
{
    const int64_t latest = (INT64_C(1) << TIME_BITS) - 1;
    int64_t time = updated_ms < 0 ? 0 : updated_ms > latest ? latest : updated_ms;

    return popularity(downloads) << TIME_BITS | time;
}

/* ---- the row of a package ---- */

static enum err_code number(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, int64_t *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, args, nargs, &rows, err);

    if (code == OK)
        *ret = rows_int(rows, 0);
    return code;
}

struct found {
    bool is_there;
    int64_t access, updated_ms, level;
    char sha256[SHA256_HEX + 1];
};

static enum err_code find(struct tx *tx, int64_t package_id, struct found *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[FIND], DB_ARGS(db_int(package_id)), &rows, err);

    *ret = (struct found){.level = -1}; /* in no table */
    if (code == ERR_NOT_FOUND)
        return OK;
    if (code)
        return code;
    *ret = (struct found){true, rows_int(rows, 0), rows_int(rows, 1), rows_int(rows, 2), ""};
    (void)snprintf(ret->sha256, sizeof ret->sha256, STR_FMT, STR_ARG(rows_text(rows, 3)));
    return OK;
}

static enum err_code level_of(struct tx *tx, int64_t access, int64_t rank, int64_t *ret,
                              struct err *err)
{
    return number(tx, &stmts[LEVEL_OF], DB_ARGS(db_int(access != ACCESS_PUBLIC), db_int(rank)), ret,
                  err);
}

/* Terms that stay as they are go into the tables up to a level, and out of those past it. */
static enum err_code move_terms(struct tx *tx, int64_t package_id, int64_t from, int64_t to,
                                struct err *err)
{
    enum err_code code = OK;

    for (int64_t i = from + 1; code == OK && i <= to; i++)
        code = db_exec(tx, &stmts[COPY_TERMS + i], DB_ARGS(db_int(package_id)), NULL, err);
    for (int64_t i = to + 1; code == OK && i <= from; i++)
        code = db_exec(tx, &stmts[DELETE_TERMS + i], DB_ARGS(db_int(package_id)), NULL, err);
    return code;
}

static enum err_code write_terms(struct tx *tx, const struct search_doc *doc,
                                 const struct found *before, int64_t level, struct err *err)
{
    enum err_code code = OK;

    for (int64_t i = 0; code == OK && i <= before->level; i++)
        code = db_exec(tx, &stmts[DELETE_TERMS + i], DB_ARGS(db_int(doc->package_id)), NULL, err);
    for (int64_t i = 0; code == OK && i <= level; i++)
        code = db_exec(tx, &stmts[INSERT_TERMS + i],
                       DB_ARGS(db_int(doc->package_id), db_text(doc->terms)), NULL, err);
    return code;
}

enum err_code search_put(struct tx *tx, const struct search_doc *doc, struct err *err)
{
    int64_t rank = search_rank(doc->downloads, doc->updated_ms), level = 0;
    char sha256[SHA256_HEX + 1];
    struct found before;
    enum err_code code = find(tx, doc->package_id, &before, err);

    if (code == OK)
        code = level_of(tx, doc->access, rank, &level, err);
    if (code)
        return code;
    digest_sha256_hex(doc->terms, sha256);
    if (!before.is_there) /* whatever was left of it anywhere goes */
        before.level = SEARCH_LEVELS - 1;
    /* Most uploads add a version to what is there, and change no terms. */
    if (str_eq(str_of(sha256), str_of(before.sha256)))
        code = move_terms(tx, doc->package_id, before.level, level, err);
    else
        code = write_terms(tx, doc, &before, level, err);
    if (code)
        return code;
    return db_exec(tx, &stmts[PUT],
                   DB_ARGS(db_int(doc->package_id), db_int(doc->account_id),
                           db_int((int64_t)doc->access), db_text(doc->name_key),
                           db_text(doc->keyword_key), db_text(doc->types), db_text(doc->platforms),
                           db_text(doc->labels), db_text(doc->license), db_int(rank),
                           db_int(doc->favorites), db_int(doc->updated_ms), db_int(level),
                           db_text(str_of(sha256))),
                   NULL, err);
}

static enum err_code read_counts(struct tx *tx, int64_t package_id, int64_t *ret_downloads,
                                 int64_t *ret_favorites, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[COUNTS], DB_ARGS(db_int(package_id)), &rows, err);

    if (code == OK) {
        *ret_downloads = rows_int(rows, 0);
        *ret_favorites = rows_int(rows, 1);
    }
    return code;
}

enum err_code search_recount(struct tx *tx, int64_t package_id, struct err *err)
{
    int64_t downloads = 0, favorites = 0, rank, level = 0;
    struct found before;
    enum err_code code = find(tx, package_id, &before, err);

    if (code || !before.is_there)
        return code;
    code = read_counts(tx, package_id, &downloads, &favorites, err);
    rank = search_rank(downloads, before.updated_ms);
    if (code == OK)
        code = level_of(tx, before.access, rank, &level, err);
    if (code == OK)
        code = move_terms(tx, package_id, before.level, level, err);
    if (code)
        return code;
    return db_exec(tx, &stmts[SET_COUNTS],
                   DB_ARGS(db_int(rank), db_int(favorites), db_int(level), db_int(package_id)),
                   NULL, err);
}

enum err_code search_forget(struct tx *tx, int64_t package_id, struct err *err)
{
    struct found before;
    enum err_code code = find(tx, package_id, &before, err);

    if (code == OK)
        code = move_terms(tx, package_id, before.level, -1, err);
    return code ? code : db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(package_id)), NULL, err);
}

enum err_code search_forget_account(struct tx *tx, int64_t account_id, struct err *err)
{
    enum err_code code = OK;

    for (int i = 0; code == OK && i < SEARCH_LEVELS; i++)
        code = db_exec(tx, &stmts[DELETE_ALL_TERMS + i], DB_ARGS(db_int(account_id)), NULL, err);
    return code;
}

/* ---- what it is made of ---- */

static enum err_code read_facts(struct rows *rows, struct arena *mem, struct search_facts *ret,
                                struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct search_facts f = {0};

    f.doc.package_id = reader_int(&r);
    f.doc.account_id = reader_int(&r);
    f.owner = reader_text(&r);
    f.name = reader_text(&r);
    f.summary = reader_text(&r);
    f.attrs = reader_text(&r);
    f.doc.access = reader_access(&r);
    f.doc.updated_ms = reader_int(&r);
    f.doc.downloads = reader_int(&r);
    f.doc.favorites = reader_int(&r);
    *ret = f;
    return reader_end(&r, err);
}

/* Appends a word that is not the last one already: they come sorted. */
static bool append(struct arena *mem, struct str *words, struct str word)
{
    struct str before, last = *words;

    (void)str_cut_last(*words, ' ', &before, &last);
    if (!word.len || str_eq(last, word))
        return true;
    *words = words->len
                 ? str_fmt(mem, "%.*s %.*s", (int)words->len, words->ptr, (int)word.len, word.ptr)
                 : str_dup(mem, word);
    return words->ptr;
}

/* Types, and the platforms of those that have some. */
static enum err_code read_places(struct tx *tx, struct arena *mem, struct search_doc *doc,
                                 struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_query(tx, &stmts[PLACES], DB_ARGS(db_int(doc->package_id)), &rows, err);

    doc->types = doc->platforms = S("");
    while (code == OK && rows_next(rows)) {
        struct str type = rows_text(rows, 0);

        if (!append(mem, &doc->types, type) ||
            (str_eq(type, S("conda")) && !append(mem, &doc->platforms, rows_text(rows, 1))))
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return code ? code : rows_error(rows, err);
}

static enum err_code find_facts(struct tx *tx, struct arena *mem, int64_t package_id,
                                struct search_facts *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[FACTS], DB_ARGS(db_int(package_id)), &rows, err);

    return code ? code : read_facts(rows, mem, ret, err);
}

enum err_code search_facts(struct tx *tx, struct arena *mem, int64_t package_id, int64_t max_labels,
                           struct search_facts *ret, struct err *err)
{
    struct reader_list labels = {0};
    struct search_facts facts;
    enum err_code code = find_facts(tx, mem, package_id, &facts, err);

    if (code == OK)
        code = read_places(tx, mem, &facts.doc, err);
    if (code == OK)
        code = reader_list(tx, mem, &stmts[LABELS], DB_ARGS(db_int(package_id), db_int(max_labels)),
                           reader_row_text, sizeof(struct str), &labels, err);
    if (code)
        return code;
    facts.labels = labels.rows;
    facts.label_count = labels.count;
    *ret = facts;
    return OK;
}

/* ---- words of names ---- */

enum err_code search_word_has(struct tx *tx, struct str stem, struct str word, bool *ret_has,
                              struct err *err)
{
    int64_t count = 0;
    enum err_code code =
        number(tx, &stmts[WORD_HAS], DB_ARGS(db_text(stem), db_text(word)), &count, err);

    if (code == OK)
        *ret_has = count > 0;
    return code;
}

enum err_code search_word_add(struct tx *tx, struct str stem, struct str word, struct err *err)
{
    return db_exec(tx, &stmts[WORD_ADD], DB_ARGS(db_text(stem), db_text(word)), NULL, err);
}

enum err_code search_words_forget(struct tx *tx, struct err *err)
{
    return db_exec(tx, &stmts[WORDS_FORGET], DB_NO_ARGS, NULL, err);
}

enum err_code search_words_near(struct tx *tx, struct arena *mem,
                                const struct str stems[SEARCH_STEMS], int64_t min, int64_t max,
                                int64_t limit, struct search_word_list *ret, struct err *err)
{
    struct db_val args[SEARCH_STEMS + 3];
    struct reader_list found = {0};
    enum err_code code;

    for (size_t i = 0; i < SEARCH_STEMS; i++)
        args[i] = db_text(stems[i]);
    args[SEARCH_STEMS] = db_int(min);
    args[SEARCH_STEMS + 1] = db_int(max);
    args[SEARCH_STEMS + 2] = db_int(limit);
    code = reader_list(tx, mem, &stmts[WORDS_NEAR], args, COUNT(args), reader_row_text,
                       sizeof(struct str), &found, err);
    if (code == OK)
        *ret = (struct search_word_list){found.rows, found.count};
    return code;
}

/* ---- levels ---- */

enum err_code search_floors(struct tx *tx, bool hidden, int64_t ret_floors[SEARCH_LEVELS],
                            struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_query(tx, &stmts[FLOORS], DB_ARGS(db_int(hidden)), &rows, err);

    for (int i = 0; i < SEARCH_LEVELS; i++)
        ret_floors[i] = 0;
    while (code == OK && rows_next(rows))
        ret_floors[rows_int(rows, 0) % SEARCH_LEVELS] = rows_int(rows, 1);
    return code ? code : rows_error(rows, err);
}

/* The access of packages of a kind: from, to. */
static struct db_val from_access(bool hidden)
{
    return db_int(hidden ? ACCESS_AUTHENTICATED : ACCESS_PUBLIC);
}

static struct db_val to_access(bool hidden)
{
    return db_int(hidden ? ACCESS_PRIVATE : ACCESS_PUBLIC);
}

enum err_code search_level_count(struct tx *tx, int level, bool hidden, int64_t max,
                                 int64_t *ret_count, struct err *err)
{
    return number(tx, &stmts[LEVEL_COUNT],
                  DB_ARGS(db_int(level), from_access(hidden), to_access(hidden), db_int(max)),
                  ret_count, err);
}

enum err_code search_level_raise(struct tx *tx, int level, bool hidden, int64_t keep,
                                 struct err *err)
{
    int64_t rank = 0;
    enum err_code code =
        number(tx, &stmts[RANK_AT], DB_ARGS(from_access(hidden), to_access(hidden), db_int(keep)),
               &rank, err);

    if (code)
        return code == ERR_NOT_FOUND ? OK : code; /* there are no more than that */
    return db_exec(tx, &stmts[LEVEL_RAISE], DB_ARGS(db_int(rank), db_int(level), db_int(hidden)),
                   NULL, err);
}

static enum err_code read_number(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    int64_t *value = ret;

    *value = reader_int(&r);
    return reader_end(&r, err);
}

static enum err_code read_numbers(struct tx *tx, struct arena *mem, const struct stmt *s,
                                  const struct db_val *args, size_t nargs,
                                  struct search_id_list *ret, struct err *err)
{
    struct reader_list found = {0};
    enum err_code code =
        reader_list(tx, mem, s, args, nargs, read_number, sizeof(int64_t), &found, err);

    if (code == OK)
        *ret = (struct search_id_list){found.rows, found.count};
    return code;
}

/* Those of one level and access. */
static enum err_code trim_some(struct tx *tx, struct arena *mem, int level, int64_t access,
                               int64_t max, int64_t *ret_count, struct err *err)
{
    struct search_id_list ids;
    enum err_code code = read_numbers(
        tx, mem, &stmts[UNDER_FLOOR],
        DB_ARGS(db_int(level), db_int(access), db_int(access != ACCESS_PUBLIC), db_int(max)), &ids,
        err);

    for (size_t i = 0; code == OK && i < ids.count; i++) {
        code = move_terms(tx, ids.items[i], level, level - 1, err);
        if (code == OK)
            code = db_exec(tx, &stmts[SET_LEVEL], DB_ARGS(db_int(level - 1), db_int(ids.items[i])),
                           NULL, err);
    }
    if (code == OK)
        *ret_count += (int64_t)ids.count;
    return code;
}

enum err_code search_level_trim(struct tx *tx, struct arena *mem, int64_t max, int64_t *ret_count,
                                struct err *err)
{
    enum err_code code = OK;

    *ret_count = 0;
    for (int level = SEARCH_LEVELS - 1; level > 0; level--)
        for (int64_t a = 0; code == OK && a < ACCESS_LEVELS && *ret_count < max; a++)
            code = trim_some(tx, mem, level, a, max - *ret_count, ret_count, err);
    return code;
}

/* ---- packages that were there before ---- */

enum err_code search_progress(struct tx *tx, int64_t *ret_form, int64_t *ret_filled,
                              struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[PROGRESS], DB_NO_ARGS, &rows, err);

    if (code == OK) {
        *ret_form = rows_int(rows, 0);
        *ret_filled = rows_int(rows, 1);
    }
    return code;
}

enum err_code search_progress_set(struct tx *tx, int64_t form, int64_t filled, struct err *err)
{
    return db_exec(tx, &stmts[PROGRESS_SET], DB_ARGS(db_int(form), db_int(filled)), NULL, err);
}

enum err_code search_packages_after(struct tx *tx, struct arena *mem, int64_t package_id,
                                    int64_t max, struct search_id_list *ret, struct err *err)
{
    return read_numbers(tx, mem, &stmts[PACKAGES_AFTER], DB_ARGS(db_int(package_id), db_int(max)),
                        ret, err);
}
