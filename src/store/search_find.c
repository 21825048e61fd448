/* search_find.c: the statements of searches, put together of the same parts. */
#include "store/search_find.h"

#include "base/buf.h"
#include "base/limits.h"
#include "store/reader.h"
#include "store/statements.h"

/* ---- parts ---- */

/* What both engines have for "stands in this text". */
#define HAS(text, word) "replace(" text ", " word ", '') <> " text
/* The words $2 to $7 stand in this text; most queries have one or two, and "-" for the others. at:
 * each engine's function that tells where a word stands, from 1 on. */
#define HAS_WORD(at, text, word) "(" word " = '-' OR " at "(" text ", " word ") > 0)"
#define HAS_WORDS(at, text)                                                                        \
    HAS_WORD(at, text, "$2")                                                                       \
    " AND " HAS_WORD(at, text, "$3") " AND " HAS_WORD(at, text, "$4") " AND " HAS_WORD(            \
        at, text, "$5") " AND " HAS_WORD(at, text, "$6") " AND " HAS_WORD(at, text, "$7")
/* enum search_fit */
#define FIT(at)                                                                                    \
    "CASE WHEN $1 = '' THEN 7 WHEN d.name_key = $1 THEN 1 "                                        \
    "WHEN substr(d.name_key, 1, length($1)) = $1 THEN 2 "                                          \
    "WHEN " HAS_WORDS(                                                                             \
        at, "'-' || d.name_key") " THEN 3 "                                                        \
                                 "WHEN " HAS_WORDS(                                                \
                                     at,                                                           \
                                     "'-' || d.name_key || d.keyword_key") " THEN 5 ELSE 6 END"
#define COLUMNS      "package_id, fit, rank, favorites, updated_ms, name_key"
#define COLUMN_TYPES "iiiiit"
#define SELECT_AT(at)                                                                              \
    "SELECT " COLUMNS " FROM (SELECT d.package_id, " FIT(                                          \
        at) " AS fit, d.rank, d.favorites, d.updated_ms, d.name_key FROM "
#define SQLITE_SELECT SELECT_AT("instr")
#define PG_SELECT     SELECT_AT("strpos")

/* One of the labels of a list, which are words of plain letters, must be one of the package's. */
#define HAS_LABEL(list)                                                                            \
    "EXISTS (SELECT 1 FROM " list                                                                  \
    " WHERE " HAS("(' ' || d.labels || ' ')", "' ' || j.value || ' '") ")"
#define SQLITE_HAS_LABEL HAS_LABEL("json_each('[\"' || replace($14, ' ', '\",\"') || '\"]') AS j")
#define PG_HAS_LABEL     HAS_LABEL("unnest(string_to_array($14, ' ')) AS j (value)")
/* Is the number in a list ("1,2,3")? Made a set once, if any row asks. */
#define SQLITE_LISTED_IN(number, list)                                                             \
    number " IN (SELECT value FROM json_each('[' || " list " || ']'))"
#define PG_LISTED_IN(number, list)                                                                 \
    number " IN (SELECT CAST(n.value AS BIGINT) FROM unnest(string_to_array(" list                 \
           ", ',')) AS n (value))"
/* The sign keeps SQLite from going along an index of the access, of which there are three. */
#define SEEN(listed_in, has_label)                                                                 \
    "+d.access BETWEEN $9 AND $10 AND (d.access <= $11 OR " listed_in(                             \
        "d.account_id",                                                                            \
        "$12") " OR " listed_in("d.package_id",                                                    \
                                "$13") ") "                                                        \
                                       "AND (d.access = 0 OR $14 = '' OR " has_label               \
                                       ")) AS hit WHERE fit BETWEEN $15 AND $16 AND "
#define SQLITE_SEEN SEEN(SQLITE_LISTED_IN, SQLITE_HAS_LABEL)
#define PG_SEEN     SEEN(PG_LISTED_IN, PG_HAS_LABEL)
#define SEEN_TYPES                                                                                 \
    "tttttttt"                                                                                     \
    "iiitttii"

/* The rows of a table of terms that have those of $8, and their packages. PostgreSQL would like to
 * go another way about it, for what it thinks the terms are: OFFSET 0 keeps it to ours. */
#define SQLITE_IN(table)                                                                           \
    table " CROSS JOIN search_doc d ON d.package_id = " table ".rowid WHERE " table " MATCH $8 "   \
          "AND "
#define PG_QUERY "CAST(replace(replace($8, ' AND ', ' & '), ' OR ', ' | ') AS tsquery)"
#define PG_IN(table)                                                                               \
    "(SELECT rowid FROM " table " WHERE terms @@ " PG_QUERY " OFFSET 0) AS t CROSS JOIN LATERAL "  \
    "(SELECT * FROM search_doc x WHERE x.package_id = t.rowid OFFSET 0) AS d WHERE "

/* The packages along an index, of which each is looked at whether it has the terms: the operator in
 * its form of a function cannot lure PostgreSQL to another index. */
#define PG_WALK(after, order)                                                                      \
    "(SELECT * FROM search_doc WHERE " after " ORDER BY " order " LIMIT 20000) AS d WHERE "
#define SQLITE_HAS_TERMS                                                                           \
    "CASE WHEN $8 = '' THEN 1 ELSE (SELECT NOT EXISTS (SELECT 1 FROM "                             \
    "json_each('[\"' || replace($8, ' AND ', '\",\"') || '\"]') AS j "                             \
    "WHERE instr(' ' || t.terms || ' ', ' ' || j.value || ' ') = 0) "                              \
    "FROM search_terms t WHERE t.rowid = d.package_id) END AND "
#define PG_HAS_TERMS                                                                               \
    "CASE WHEN $8 = '' THEN TRUE ELSE EXISTS (SELECT 1 FROM search_terms t "                       \
    "WHERE t.rowid = d.package_id AND ts_match_vq(t.terms, " PG_QUERY ")) END AND "

/* Each order: what comes after a hit, and how it is sorted. */
#define AFTER_RANK      "(rank, package_id) < ($17, $18)"
#define ORDER_RANK      "rank DESC, package_id DESC"
#define AFTER_FIT       "(-fit, rank, package_id) < (-$17, $18, $19)"
#define ORDER_FIT       "fit, rank DESC, package_id DESC"
#define AFTER_UPDATE    "(updated_ms, package_id) < ($17, $18)"
#define ORDER_UPDATE    "updated_ms DESC, package_id DESC"
#define AFTER_FAVORITES "(favorites, rank, package_id) < ($17, $18, $19)"
#define ORDER_FAVORITES "favorites DESC, rank DESC, package_id DESC"
#define AFTER_NAME      "(name_key, package_id) > ($17, $18)"
#define ORDER_NAME      "name_key, package_id"

#define IN(name, table, after, types, order, limit)                                                \
    {                                                                                              \
        "search_in_" name,                                                                         \
            DB_APART(SQLITE_SELECT SQLITE_IN(table) SQLITE_SEEN after " ORDER BY " order           \
                                                                      " LIMIT " limit,             \
                     PG_SELECT PG_IN(table) PG_SEEN after " ORDER BY " order " LIMIT " limit),     \
            SEEN_TYPES types, COLUMN_TYPES                                                         \
    }
#define IN_LEVEL(level)                                                                            \
    IN("level_" level, "search_terms_" level, AFTER_RANK " AND rank >= $19", "iiii", ORDER_RANK,   \
       "$20")
/* PostgreSQL is to go along the index, and gives up where it has gone too far. */
#define ALONG(name, after, types, order, limit)                                                    \
    {                                                                                              \
        "search_along_" name,                                                                      \
            DB_APART(SQLITE_SELECT "search_doc d WHERE " SQLITE_HAS_TERMS SQLITE_SEEN after        \
                                   " ORDER BY " order " LIMIT " limit,                             \
                     PG_SELECT PG_WALK(after, order) PG_HAS_TERMS PG_SEEN "TRUE ORDER BY " order   \
                                                                          " LIMIT " limit),        \
            SEEN_TYPES types, COLUMN_TYPES                                                         \
    }

#define PAGE(list)                                                                                 \
    "SELECT p.id, a.login, p.name, p.summary, p.latest_version, d.types, d.platforms, p.access, "  \
    "p.created_ms, p.updated_ms, COALESCE(t.count, 0), d.favorites FROM package p "                \
    "JOIN account a ON a.id = p.account_id JOIN search_doc d ON d.package_id = p.id "              \
    "LEFT JOIN package_download_total t ON t.package_id = p.id WHERE p.id " list
#define PROPS(list)                                                                                \
    "SELECT d.package_id, a.login, p.access, d.types, d.platforms, d.labels, d.license "           \
    "FROM search_doc d JOIN package p ON p.id = d.package_id "                                     \
    "JOIN account a ON a.id = p.account_id WHERE d.package_id " list
#define SQLITE_LISTED "IN (SELECT value FROM json_each('[' || $1 || ']'))"
#define PG_LISTED     "= ANY (CAST(string_to_array($1, ',') AS BIGINT[]))"

enum {
    IN_LEVEL_1, /* search_in_level, one after the other */
    IN_LEVEL_2,
    IN_LEVEL_3,
    IN_ALL, /* in the order of enum search_order */
    ALONG = IN_ALL + SEARCH_ORDERS,
    READ = ALONG + SEARCH_ORDERS,
    READ_PROPS,
};
static const struct stmt stmts[] = {
    [IN_LEVEL_1] = IN_LEVEL("1"),
    [IN_LEVEL_2] = IN_LEVEL("2"),
    [IN_LEVEL_3] = IN_LEVEL("3"),
    [IN_ALL + SEARCH_BY_RANK] =
        IN("all_by_rank", "search_terms", AFTER_RANK, "iii", ORDER_RANK, "$19"),
    [IN_ALL + SEARCH_BY_FIT] =
        IN("all_by_fit", "search_terms", AFTER_FIT, "iiii", ORDER_FIT, "$20"),
    [IN_ALL + SEARCH_BY_UPDATE] =
        IN("all_by_update", "search_terms", AFTER_UPDATE, "iii", ORDER_UPDATE, "$19"),
    [IN_ALL + SEARCH_BY_FAVORITES] =
        IN("all_by_favorites", "search_terms", AFTER_FAVORITES, "iiii", ORDER_FAVORITES, "$20"),
    [IN_ALL + SEARCH_BY_NAME] =
        IN("all_by_name", "search_terms", AFTER_NAME, "tii", ORDER_NAME, "$19"),
    [ALONG + SEARCH_BY_RANK] = ALONG("rank", AFTER_RANK, "iii", ORDER_RANK, "$19"),
    [ALONG + SEARCH_BY_FIT] = ALONG("nothing", AFTER_RANK, "iii", ORDER_RANK, "$19"), /* unused */
    [ALONG + SEARCH_BY_UPDATE] = ALONG("update", AFTER_UPDATE, "iii", ORDER_UPDATE, "$19"),
    [ALONG + SEARCH_BY_FAVORITES] =
        ALONG("favorites", AFTER_FAVORITES, "iiii", ORDER_FAVORITES, "$20"),
    [ALONG + SEARCH_BY_NAME] = ALONG("name", AFTER_NAME, "tii", ORDER_NAME, "$19"),
    [READ] = {"search_read", DB_APART(PAGE(SQLITE_LISTED), PAGE(PG_LISTED)), "t", "itttttttiiii"},
    [READ_PROPS] = {"search_read_props", DB_APART(PROPS(SQLITE_LISTED), PROPS(PG_LISTED)), "t",
                    "itttttt"},
};
const struct stmt_list search_find_statements = {stmts, COUNT(stmts)};

/* ---- arguments ---- */

#define LIST_MAX (4 * MIB)

/* "1,2,3" */
static struct str list_of(struct arena *mem, const int64_t *numbers, size_t count)
{
    AUTO(buf_done) struct buf b = BUF_INIT(LIST_MAX);

    for (size_t i = 0; i < count; i++)
        buf_addf(&b, "%s%lld", i ? "," : "", (long long)numbers[i]);
    if (!count)
        return S("");
    return buf_ok(&b) ? str_dup(mem, buf_str(&b)) : (struct str){0};
}

enum { ARGS_MAX = 21 };
struct args {
    struct db_val items[ARGS_MAX];
    size_t count;
};

static void add(struct args *a, struct db_val v)
{
    a->items[a->count++] = v;
}

static enum err_code add_cond(struct args *a, struct arena *mem, const struct search_cond *cond,
                              struct err *err)
{
    const struct reach *reach = cond->reach;
    struct str accounts = list_of(mem, reach->accounts, reach->account_count),
               packages = list_of(mem, reach->packages, reach->package_count);

    if (!accounts.ptr || !packages.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    add(a, db_text(cond->key));
    for (size_t i = 0; i < SEARCH_WORDS; i++)
        add(a, db_text(cond->words[i]));
    add(a, db_text(cond->terms));
    add(a, db_int(cond->access_from));
    add(a, db_int(cond->access_to));
    add(a, db_int((int64_t)reach->widest));
    add(a, db_text(accounts));
    add(a, db_text(packages));
    add(a, db_text(reach->labels.len ? reach->labels : S("")));
    add(a, db_int((int64_t)cond->best));
    add(a, db_int((int64_t)cond->worst));
    return OK;
}

static void add_place(struct args *a, enum search_order order, const struct search_hit *after)
{
    /* What no hit can come after. */
    static const struct search_hit first = {INT64_MAX, 0, INT64_MAX, INT64_MAX, INT64_MAX, {0}};
    const struct search_hit *h = after ? after : &first;

    switch (order) {
    case SEARCH_BY_RANK:
        add(a, db_int(h->rank));
        break;
    case SEARCH_BY_FIT:
        add(a, db_int((int64_t)h->fit));
        add(a, db_int(h->rank));
        break;
    case SEARCH_BY_UPDATE:
        add(a, db_int(h->updated_ms));
        break;
    case SEARCH_BY_FAVORITES:
        add(a, db_int(h->favorites));
        add(a, db_int(h->rank));
        break;
    case SEARCH_BY_NAME:
        add(a, db_text(h->name_key));
        break;
    }
    add(a, db_int(order == SEARCH_BY_NAME && !after ? 0 : h->package_id));
}

/* ---- hits ---- */

static enum err_code read_hit(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct search_hit *hit = ret;

    hit->package_id = reader_int(&r);
    hit->fit = (enum search_fit)reader_int(&r);
    hit->rank = reader_int(&r);
    hit->favorites = reader_int(&r);
    hit->updated_ms = reader_int(&r);
    hit->name_key = reader_text(&r);
    return reader_end(&r, err);
}

static enum err_code list_hits(struct tx *tx, struct arena *mem, const struct stmt *s,
                               const struct args *a, struct search_hits *ret, struct err *err)
{
    struct reader_list found = {0};
    enum err_code code = reader_list(tx, mem, s, a->items, a->count, read_hit,
                                     sizeof(struct search_hit), &found, err);

    if (code == OK)
        *ret = (struct search_hits){found.rows, found.count};
    return code;
}

static enum err_code find(struct tx *tx, struct arena *mem, const struct stmt *s,
                          enum search_order order, const struct search_cond *cond,
                          const struct search_hit *after, int64_t limit, struct search_hits *ret,
                          struct err *err)
{
    struct args a = {.count = 0};
    enum err_code code = add_cond(&a, mem, cond, err);

    if (code)
        return code;
    add_place(&a, order, after);
    add(&a, db_int(limit));
    return list_hits(tx, mem, s, &a, ret, err);
}

enum err_code search_in_level(struct tx *tx, struct arena *mem, int level, int64_t floor,
                              const struct search_cond *cond, const struct search_hit *after,
                              int64_t limit, struct search_hits *ret, struct err *err)
{
    struct args a = {.count = 0};
    enum err_code code = add_cond(&a, mem, cond, err);

    if (code)
        return code;
    add_place(&a, SEARCH_BY_RANK, after);
    add(&a, db_int(floor));
    add(&a, db_int(limit));
    return list_hits(tx, mem, &stmts[IN_LEVEL_1 + level - 1], &a, ret, err);
}

enum err_code search_in_all(struct tx *tx, struct arena *mem, enum search_order order,
                            const struct search_cond *cond, const struct search_hit *after,
                            int64_t limit, struct search_hits *ret, struct err *err)
{
    return find(tx, mem, &stmts[IN_ALL + (int)order], order, cond, after, limit, ret, err);
}

enum err_code search_along(struct tx *tx, struct arena *mem, enum search_order order,
                           const struct search_cond *cond, const struct search_hit *after,
                           int64_t limit, struct search_hits *ret, struct err *err)
{
    return find(tx, mem, &stmts[ALONG + (int)order], order, cond, after, limit, ret, err);
}

/* ---- what is told of them ---- */

static enum err_code read_row(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct search_row *row = ret;

    row->package_id = reader_int(&r);
    row->owner = reader_text(&r);
    row->name = reader_text(&r);
    row->summary = reader_text(&r);
    row->latest_version = reader_text(&r);
    row->types = reader_text(&r);
    row->platforms = reader_text(&r);
    row->access = reader_access(&r);
    row->created_ms = reader_int(&r);
    row->updated_ms = reader_int(&r);
    row->downloads = reader_int(&r);
    row->favorites = reader_int(&r);
    return reader_end(&r, err);
}

/* In the order of the hits; the database gave them in its own. */
static enum err_code sort_rows(struct arena *mem, const struct search_hits *hits,
                               const struct reader_list *found, struct search_rows *ret,
                               struct err *err)
{
    const struct search_row *rows = found->rows;
    struct search_rows sorted = {arena_array(mem, struct search_row, found->count + 1), 0};

    if (!sorted.rows)
        return fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < hits->count; i++)
        for (size_t k = 0; k < found->count; k++)
            if (rows[k].package_id == hits->rows[i].package_id)
                sorted.rows[sorted.count++] = rows[k];
    *ret = sorted;
    return OK;
}

/* One row of what is read for each hit. */
static enum err_code read_rows(struct tx *tx, struct arena *mem, const struct stmt *s,
                               const struct search_hits *hits, reader_row_fn *fn, size_t size,
                               struct reader_list *ret, struct err *err)
{
    AUTO(buf_done) struct buf ids = BUF_INIT(LIST_MAX);

    for (size_t i = 0; i < hits->count; i++)
        buf_addf(&ids, "%s%lld", i ? "," : "", (long long)hits->rows[i].package_id);
    if (hits->count && !buf_ok(&ids))
        return fail(err, ERR_NOMEM, "out of memory");
    return reader_list(tx, mem, s, DB_ARGS(db_text(buf_str(&ids))), fn, size, ret, err);
}

enum err_code search_read(struct tx *tx, struct arena *mem, const struct search_hits *hits,
                          struct search_rows *ret, struct err *err)
{
    struct reader_list found = {0};
    enum err_code code =
        read_rows(tx, mem, &stmts[READ], hits, read_row, sizeof(struct search_row), &found, err);

    return code ? code : sort_rows(mem, hits, &found, ret, err);
}

/* ---- what they are counted by ---- */

static enum err_code read_props(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct search_props *p = ret;

    p->package_id = reader_int(&r);
    p->owner = reader_text(&r);
    p->access = reader_access(&r);
    p->types = reader_text(&r);
    p->platforms = reader_text(&r);
    p->labels = reader_text(&r);
    p->license = reader_text(&r);
    return reader_end(&r, err);
}

enum err_code search_read_props(struct tx *tx, struct arena *mem, const struct search_hits *hits,
                                struct search_props_list *ret, struct err *err)
{
    struct reader_list found = {0};
    enum err_code code = read_rows(tx, mem, &stmts[READ_PROPS], hits, read_props,
                                   sizeof(struct search_props), &found, err);

    if (code == OK)
        *ret = (struct search_props_list){found.rows, found.count};
    return code;
}
