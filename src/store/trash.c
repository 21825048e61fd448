#include "store/trash.h"

#include "store/reader.h"
#include "store/space.h"
#include "store/statements.h"

#define ITEM                                                                                       \
    "SELECT t.id, t.account_id, a.login, t.kind, t.package_id, t.package, t.version, t.basename, " \
    "t.files, t.size, t.remover, t.reason, t.removed_ms, t.due_ms "                                \
    "FROM trash t JOIN account a ON a.id = t.account_id "
#define ITEM_TYPES "iittitttiittii"

/* What the tables of the living and their copies have in common. */
#define PACKAGE_COLUMNS "access, summary, attrs, latest_version, created_ms, updated_ms, edits"
#define FILE_COLUMNS                                                                               \
    "type, name_key, basename, subdir, filename, sha256, md5, size, record, run_exports, about, "  \
    "facts, "                                                                                      \
    "description, build_timestamp_ms, uploaded_ms, uploader_id"

/* The packages, also those in the trash, that a user may change because he was let into them one by
 * one: as grant_list says it of one package. */
#define IN_GROUP(table, user)                                                                      \
    "SELECT c.package_id FROM group_member m JOIN org_group g ON g.id = m.group_id "               \
    "JOIN " table " c ON c.group_id = g.id "                                                       \
    "WHERE m.account_id = " user " AND g.permission <> 'read' "
#define AS_COLLABORATOR(table, user)                                                               \
    "SELECT package_id FROM " table " WHERE account_id = " user " AND permission = 'write' "
#define WRITABLE(user)                                                                             \
    IN_GROUP("group_package", user)                                                                \
    "UNION ALL " IN_GROUP("trash_group_package", user) "UNION ALL " AS_COLLABORATOR(               \
        "collaborator", user) "UNION ALL " AS_COLLABORATOR("trash_collaborator", user)

enum {
    INSERT,
    KEEP_PACKAGE,
    KEEP_COLLABORATORS,
    KEEP_GROUPS,
    KEEP_FAVORITES,
    KEEP_PACKAGE_DOWNLOADS,
    KEEP_RELEASES,
    KEEP_FILES,
    KEEP_LABELS,
    KEEP_DOWNLOADS,
    KEEP_SUM,
    FIND,
    LIST,
    HAS,
    FILES,
    LABELS,
    TAKEN,
    RETIRED,
    RETURN_PACKAGE,
    RETURN_RULES,
    RETURN_COLLABORATORS,
    RETURN_GROUPS,
    RETURN_FAVORITES,
    RETURN_PACKAGE_DOWNLOADS,
    RETURN_PACKAGE_TOTAL,
    RETURN_RELEASES,
    RETURN_FILES,
    RETURN_LABELS,
    RETURN_NAMES,
    RETURN_DOWNLOADS,
    RETURN_TOTALS,
    DELETE,
    MOVE,
    MOVE_FILES,
    EXPIRE,
    EXPIRE_ALL,
    NEXT_DUE,
    DISCARD,
    SWEEP,
    EXPIRE_ORPHANS
};
static const struct stmt stmts[] = {
    [INSERT] = {"trash_insert",
                "INSERT INTO trash (account_id, kind, package_id, package, version, basename, "
                "files, size, remover, reason, removed_ms, due_ms) "
                "VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, $9, $10) RETURNING id",
                "ititttttii", "i"},
    [KEEP_PACKAGE] = {"trash_keep_package",
                      "INSERT INTO trash_package (trash_id, id, " PACKAGE_COLUMNS
                      ", copied_from_id, copied_from, rules, downloads) "
                      "SELECT CAST($1 AS BIGINT), p.id, " PACKAGE_COLUMNS
                      ", copied_from_id, copied_from, "
                      "COALESCE((SELECT r.rules FROM package_retention r "
                      "WHERE r.package_id = p.id), ''), "
                      "COALESCE((SELECT d.count FROM package_download_total d "
                      "WHERE d.package_id = p.id), 0) FROM package p WHERE p.id = $2",
                      "ii", ""},
    [KEEP_COLLABORATORS] = {"trash_keep_collaborators",
                            "INSERT INTO trash_collaborator (package_id, account_id, permission) "
                            "SELECT c.package_id, c.account_id, c.permission FROM trash_package p "
                            "JOIN collaborator c ON c.package_id = p.id WHERE p.trash_id = $1",
                            "i", ""},
    [KEEP_GROUPS] = {"trash_keep_groups",
                     "INSERT INTO trash_group_package (package_id, group_id) "
                     "SELECT g.package_id, g.group_id FROM trash_package p "
                     "JOIN group_package g ON g.package_id = p.id WHERE p.trash_id = $1",
                     "i", ""},
    [KEEP_FAVORITES] = {"trash_keep_favorites",
                        "INSERT INTO trash_favorite (package_id, account_id, created_ms) "
                        "SELECT v.package_id, v.account_id, v.created_ms FROM trash_package p "
                        "JOIN favorite v ON v.package_id = p.id WHERE p.trash_id = $1",
                        "i", ""},
    [KEEP_PACKAGE_DOWNLOADS] =
        {"trash_keep_package_downloads",
         "INSERT INTO trash_package_download (package_id, day, client, count) "
         "SELECT d.package_id, d.day, d.client, d.count FROM trash_package p "
         "JOIN package_download d ON d.package_id = p.id WHERE p.trash_id = $1",
         "i", ""},
    [KEEP_RELEASES] = {"trash_keep_releases",
                       "INSERT INTO trash_release (trash_id, id, version, attrs, created_ms) "
                       "SELECT CAST($1 AS BIGINT), id, version, attrs, created_ms FROM release "
                       "WHERE package_id = $2 AND (CAST($3 AS BIGINT) = 0 OR id = $3)",
                       "iii", ""},
    [KEEP_FILES] =
        {"trash_keep_files",
         "INSERT INTO trash_file (trash_id, id, account_id, release_id, " FILE_COLUMNS
         ", downloads) SELECT CAST($1 AS BIGINT), f.id, account_id, release_id, " FILE_COLUMNS
         ", COALESCE((SELECT d.count FROM download_total d "
         "WHERE d.file_id = f.id), 0) FROM file f WHERE package_id = $2 "
         "AND (CAST($3 AS BIGINT) = 0 OR release_id = $3) "
         "AND (CAST($4 AS BIGINT) = 0 OR f.id = $4)",
         "iiii", ""},
    [KEEP_LABELS] = {"trash_keep_labels",
                     "INSERT INTO trash_file_label (file_id, label_id, name) "
                     "SELECT fl.file_id, l.id, l.name FROM trash_file t "
                     "JOIN file_label fl ON fl.file_id = t.id "
                     "JOIN label l ON l.id = fl.label_id WHERE t.trash_id = $1",
                     "i", ""},
    [KEEP_DOWNLOADS] = {"trash_keep_downloads",
                        "INSERT INTO trash_download (file_id, day, client, count) "
                        "SELECT d.file_id, d.day, d.client, d.count FROM trash_file t "
                        "JOIN download d ON d.file_id = t.id WHERE t.trash_id = $1",
                        "i", ""},
    [KEEP_SUM] = {"trash_keep_sum",
                  "UPDATE trash SET files = (SELECT COUNT(*) FROM trash_file f "
                  "WHERE f.trash_id = $1), size = (SELECT COALESCE(CAST(SUM(f.size) AS BIGINT), 0) "
                  "FROM trash_file f WHERE f.trash_id = $1) WHERE id = $1",
                  "i", ""},
    [FIND] = {"trash_find", ITEM "WHERE t.id = $1 AND t.account_id = $2 AND t.due_ms > $3", "iii",
              ITEM_TYPES},
    [LIST] = {"trash_list",
              ITEM "WHERE t.account_id = $1 AND t.id < $2 AND t.due_ms > $3 "
                   "AND (CAST($4 AS BIGINT) = 0 OR t.package_id IN (" WRITABLE(
                       "$4") ")) ORDER BY t.id DESC LIMIT $5",
              "iiiii", ITEM_TYPES},
    [HAS] = {"trash_has", "SELECT COUNT(*) FROM trash WHERE package_id = $1", "i", "i"},
    [FILES] = {"trash_files",
               "SELECT f.id, f.type, f.name_key, f.basename, f.subdir, f.filename, r.version, "
               "f.sha256, f.size "
               "FROM trash_file f JOIN trash_release r ON r.trash_id = f.trash_id "
               "AND r.id = f.release_id WHERE f.trash_id = $1 ORDER BY f.basename, f.id",
               "i",
               "itttttt"
               "ti"},
    [LABELS] = {"trash_labels",
                "SELECT DISTINCT COALESCE(l.id, n.id, 0), COALESCE(l.name, t.name), "
                "COALESCE(l.locked, n.locked, 0), COALESCE(l.access, n.access, 'private') "
                "FROM trash_file f JOIN trash_file_label t ON t.file_id = f.id "
                "LEFT JOIN label l ON l.id = t.label_id AND l.account_id = f.account_id "
                "LEFT JOIN label n ON n.account_id = f.account_id AND n.name = t.name "
                "WHERE f.trash_id = $1 ORDER BY 2",
                "i", "itit"},
    [TAKEN] = {"trash_taken",
               "SELECT t.basename FROM trash_file t JOIN file f ON f.account_id = t.account_id "
               "AND f.type = t.type AND f.name_key = t.name_key WHERE t.trash_id = $1 UNION "
               "SELECT t.basename FROM trash i JOIN trash_file t ON t.trash_id = i.id "
               "JOIN trash_release k ON k.trash_id = i.id AND k.id = t.release_id "
               "JOIN release r ON r.package_id = i.package_id AND r.version = k.version "
               "JOIN file f ON f.release_id = r.id AND f.basename = t.basename "
               "WHERE i.id = $1 ORDER BY 1 LIMIT 1",
               "i", "t"},
    [RETIRED] = {"trash_retired",
                 "SELECT t.basename FROM trash_file t JOIN retired_name r "
                 "ON r.account_id = t.account_id AND r.type = t.type AND r.name_key = t.name_key "
                 "WHERE t.trash_id = $1 AND r.sha256 <> t.sha256 ORDER BY t.basename LIMIT 1",
                 "i", "t"},
    /* The source may have been hidden meanwhile, and gone. */
    [RETURN_PACKAGE] = {"trash_return_package",
                        "INSERT INTO package (id, account_id, name, " PACKAGE_COLUMNS
                        ", copied_from_id, copied_from) "
                        "SELECT p.id, t.account_id, t.package, " PACKAGE_COLUMNS
                        ", (SELECT s.id FROM package s WHERE s.id = p.copied_from_id), "
                        "CASE WHEN EXISTS (SELECT 1 FROM package s WHERE s.id = p.copied_from_id "
                        "AND s.access = 'public') THEN p.copied_from ELSE '' END "
                        "FROM trash_package p JOIN trash t ON t.id = p.trash_id "
                        "WHERE p.trash_id = $1",
                        "i", ""},
    [RETURN_RULES] = {"trash_return_rules",
                      "INSERT INTO package_retention (package_id, rules, changed_ms) "
                      "SELECT id, rules, updated_ms FROM trash_package "
                      "WHERE trash_id = $1 AND rules <> ''",
                      "i", ""},
    [RETURN_COLLABORATORS] = {"trash_return_collaborators",
                              "INSERT INTO collaborator (package_id, account_id, permission) "
                              "SELECT c.package_id, c.account_id, c.permission "
                              "FROM trash_package p JOIN trash_collaborator c "
                              "ON c.package_id = p.id WHERE p.trash_id = $1",
                              "i", ""},
    [RETURN_GROUPS] = {"trash_return_groups",
                       "INSERT INTO group_package (group_id, account_id, package_id) "
                       "SELECT t.group_id, g.account_id, t.package_id FROM trash_package p "
                       "JOIN trash_group_package t ON t.package_id = p.id "
                       "JOIN org_group g ON g.id = t.group_id WHERE p.trash_id = $1",
                       "i", ""},
    [RETURN_FAVORITES] = {"trash_return_favorites",
                          "INSERT INTO favorite (account_id, package_id, created_ms) "
                          "SELECT v.account_id, v.package_id, v.created_ms FROM trash_package p "
                          "JOIN trash_favorite v ON v.package_id = p.id WHERE p.trash_id = $1",
                          "i", ""},
    [RETURN_PACKAGE_DOWNLOADS] =
        {"trash_return_package_downloads",
         "INSERT INTO package_download (package_id, day, client, count) "
         "SELECT d.package_id, d.day, d.client, d.count FROM trash_package p "
         "JOIN trash_package_download d ON d.package_id = p.id WHERE p.trash_id = $1",
         "i", ""},
    [RETURN_PACKAGE_TOTAL] = {"trash_return_package_total",
                              "INSERT INTO package_download_total (package_id, count) "
                              "SELECT id, downloads FROM trash_package "
                              "WHERE trash_id = $1 AND downloads > 0",
                              "i", ""},
    [RETURN_RELEASES] = {"trash_return_releases",
                         "INSERT INTO release (id, package_id, version, attrs, created_ms) "
                         "SELECT t.id, CAST($1 AS BIGINT), t.version, t.attrs, t.created_ms "
                         "FROM trash_release t WHERE t.trash_id = $2 AND NOT EXISTS "
                         "(SELECT 1 FROM release r WHERE r.package_id = $1 "
                         "AND r.version = t.version)",
                         "ii", ""},
    /* A release that was made again has another number. */
    [RETURN_FILES] = {"trash_return_files",
                      "INSERT INTO file (id, account_id, package_id, release_id, " FILE_COLUMNS
                      ") SELECT t.id, t.account_id, CAST($1 AS BIGINT), r.id, " FILE_COLUMNS
                      " FROM trash_file t JOIN trash_release k ON k.trash_id = t.trash_id "
                      "AND k.id = t.release_id JOIN release r ON r.package_id = $1 "
                      "AND r.version = k.version WHERE t.trash_id = $2",
                      "ii", ""},
    [RETURN_LABELS] = {"trash_return_labels",
                       "INSERT INTO file_label (file_id, label_id) "
                       "SELECT DISTINCT t.file_id, COALESCE(l.id, n.id) FROM trash_file f "
                       "JOIN trash_file_label t ON t.file_id = f.id "
                       "LEFT JOIN label l ON l.id = t.label_id AND l.account_id = f.account_id "
                       "LEFT JOIN label n ON n.account_id = f.account_id AND n.name = t.name "
                       "WHERE f.trash_id = $1",
                       "i", ""},
    [RETURN_NAMES] = {"trash_return_names",
                      "DELETE FROM retired_name WHERE EXISTS (SELECT 1 FROM trash_file t "
                      "WHERE t.trash_id = $1 AND t.account_id = retired_name.account_id "
                      "AND t.type = retired_name.type AND t.name_key = retired_name.name_key "
                      "AND t.sha256 = retired_name.sha256)",
                      "i", ""},
    [RETURN_DOWNLOADS] = {"trash_return_downloads",
                          "INSERT INTO download (file_id, day, client, count) "
                          "SELECT d.file_id, d.day, d.client, d.count FROM trash_file t "
                          "JOIN trash_download d ON d.file_id = t.id WHERE t.trash_id = $1",
                          "i", ""},
    [RETURN_TOTALS] = {"trash_return_totals",
                       "INSERT INTO download_total (file_id, count) SELECT id, downloads "
                       "FROM trash_file WHERE trash_id = $1 AND downloads > 0",
                       "i", ""},
    [DELETE] = {"trash_delete", "DELETE FROM trash WHERE id = $1", "i", ""},
    [MOVE] = {"trash_move", "UPDATE trash SET account_id = $1 WHERE package_id = $2", "ii", ""},
    [MOVE_FILES] = {"trash_move_files",
                    "UPDATE trash_file SET account_id = $1 WHERE trash_id IN "
                    "(SELECT id FROM trash WHERE package_id = $2)",
                    "ii", ""},
    [EXPIRE] = {"trash_expire", "UPDATE trash SET due_ms = 0 WHERE id = $1", "i", ""},
    [EXPIRE_ALL] = {"trash_expire_all",
                    "UPDATE trash SET due_ms = 0 WHERE package_id = $1 "
                    "AND ($2 = '' OR version = $2)",
                    "it", ""},
    [NEXT_DUE] = {"trash_next_due",
                  ITEM "WHERE t.due_ms <= $1 AND (CAST($2 AS BIGINT) = 0 OR t.account_id = $2) "
                       "ORDER BY t.due_ms, t.id LIMIT 1",
                  "ii", ITEM_TYPES},
    [DISCARD] = {"trash_discard", "INSERT INTO index_garbage (sha256, retired_ms) VALUES ($1, 0)",
                 "t", ""},
    [SWEEP] = {"trash_sweep",
               "DELETE FROM trash_file WHERE id IN (SELECT id FROM trash_file "
               "WHERE trash_id = $1 ORDER BY id LIMIT $2) RETURNING sha256, size",
               "ii", "ti"},
    [EXPIRE_ORPHANS] = {"trash_expire_orphans",
                        "UPDATE trash SET due_ms = 0 WHERE package_id = $1 "
                        "AND NOT EXISTS (SELECT 1 FROM package p WHERE p.id = $1) "
                        "AND NOT EXISTS (SELECT 1 FROM trash_package p WHERE p.id = $1)",
                        "i", ""},
};
const struct stmt_list trash_statements = {stmts, COUNT(stmts)};

/* Runs a statement with as many of the arguments as it takes. */
static enum err_code run(struct tx *tx, int which, const struct db_val *args, struct err *err)
{
    return db_exec(tx, &stmts[which], args, strlen(stmts[which].params), NULL, err);
}

/* Runs those from the first to the last, all of which take the number of an item. */
static enum err_code run_from(struct tx *tx, int first, int last, int64_t id, struct err *err)
{
    const struct db_val arg = db_int(id);
    enum err_code code = OK;

    for (int which = first; code == OK && which <= last; which++)
        code = run(tx, which, &arg, err);
    return code;
}

/* --- keeping ------------------------------------------------------------------------------- */

enum err_code trash_insert(struct tx *tx, const struct trash_row *row, int64_t *ret_id,
                           struct err *err)
{
    return db_insert(tx, &stmts[INSERT],
                     DB_ARGS(db_int(row->account_id), db_text(row->kind), db_int(row->package_id),
                             db_text(row->package), db_text(row->version), db_text(row->basename),
                             db_text(row->remover), db_text(row->reason), db_int(row->removed_ms),
                             db_int(row->due_ms)),
                     ret_id, err);
}

enum err_code trash_keep_package(struct tx *tx, int64_t id, int64_t package_id, struct err *err)
{
    const struct db_val args[] = {db_int(id), db_int(package_id)};
    enum err_code code = run(tx, KEEP_PACKAGE, args, err);

    return code ? code : run_from(tx, KEEP_COLLABORATORS, KEEP_PACKAGE_DOWNLOADS, id, err);
}

enum err_code trash_keep_files(struct tx *tx, int64_t id, int64_t package_id, int64_t release_id,
                               int64_t file_id, struct err *err)
{
    const struct db_val args[] = {db_int(id), db_int(package_id), db_int(release_id),
                                  db_int(file_id)};
    enum err_code code = run(tx, KEEP_RELEASES, args, err);

    if (code == OK)
        code = run(tx, KEEP_FILES, args, err);
    return code ? code : run_from(tx, KEEP_LABELS, KEEP_SUM, id, err);
}

/* --- looking ------------------------------------------------------------------------------- */

static enum err_code read_item(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct trash_row row = {0};
    enum err_code code;

    row.id = reader_int(&r);
    row.account_id = reader_int(&r);
    row.owner = reader_text(&r);
    row.kind = reader_text(&r);
    row.package_id = reader_int(&r);
    row.package = reader_text(&r);
    row.version = reader_text(&r);
    row.basename = reader_text(&r);
    row.files = reader_int(&r);
    row.size = reader_int(&r);
    row.remover = reader_text(&r);
    row.reason = reader_text(&r);
    row.removed_ms = reader_int(&r);
    row.due_ms = reader_int(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *(struct trash_row *)ret = row;
    return code;
}

static enum err_code read_one(struct tx *tx, struct arena *mem, const struct stmt *s,
                              const struct db_val *args, size_t nargs, struct trash_row *ret,
                              struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, args, nargs, &rows, err);

    return code ? code : read_item(rows, mem, ret, err);
}

enum err_code trash_find(struct tx *tx, struct arena *mem, int64_t account_id, int64_t id,
                         int64_t now_ms, struct trash_row *ret, struct err *err)
{
    return read_one(tx, mem, &stmts[FIND], DB_ARGS(db_int(id), db_int(account_id), db_int(now_ms)),
                    ret, err);
}

enum err_code trash_list(struct tx *tx, struct arena *mem, int64_t account_id, int64_t before_id,
                         int64_t now_ms, int64_t user_id, int64_t max, struct trash_list *ret,
                         struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[LIST],
                                     DB_ARGS(db_int(account_id), db_int(before_id), db_int(now_ms),
                                             db_int(user_id), db_int(max)),
                                     read_item, sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct trash_list){found.rows, found.count};
    return code;
}

enum err_code trash_has(struct tx *tx, int64_t package_id, bool *ret_has, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, &stmts[HAS], DB_ARGS(db_int(package_id)), &rows, err);

    if (code == OK)
        *ret_has = rows_int(rows, 0) > 0;
    return code;
}

static enum err_code read_file(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct file_row *row = ret;

    row->id = reader_int(&r);
    row->type = reader_text(&r);
    row->name_key = reader_text(&r);
    row->basename = reader_text(&r);
    row->subdir = reader_text(&r);
    row->filename = reader_text(&r);
    row->version = reader_text(&r);
    row->sha256 = reader_text(&r);
    row->size = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code trash_files(struct tx *tx, struct arena *mem, int64_t id, struct file_list *ret,
                          struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[FILES], DB_ARGS(db_int(id)), read_file,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct file_list){found.rows, found.count};
    return code;
}

static enum err_code read_label(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct label_row *row = ret;

    row->id = reader_int(&r);
    row->name = reader_text(&r);
    row->locked = reader_bool(&r);
    row->access = reader_access(&r);
    return reader_end(&r, err);
}

enum err_code trash_labels(struct tx *tx, struct arena *mem, int64_t id, struct label_list *ret,
                           struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[LABELS], DB_ARGS(db_int(id)), read_label,
                                     sizeof(*ret->rows), &found, err);

    if (code == OK)
        *ret = (struct label_list){found.rows, found.count};
    return code;
}

/* The first text that a statement gives of an item. */
static enum err_code first_text(struct tx *tx, struct arena *mem, const struct stmt *s, int64_t id,
                                struct str *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    enum err_code code = db_one(tx, s, DB_ARGS(db_int(id)), &rows, err);

    return code ? code : reader_row_text(rows, mem, ret, err);
}

enum err_code trash_taken(struct tx *tx, struct arena *mem, int64_t id, struct str *ret_basename,
                          struct err *err)
{
    return first_text(tx, mem, &stmts[TAKEN], id, ret_basename, err);
}

enum err_code trash_retired(struct tx *tx, struct arena *mem, int64_t id, struct str *ret_basename,
                            struct err *err)
{
    return first_text(tx, mem, &stmts[RETIRED], id, ret_basename, err);
}

/* --- putting back -------------------------------------------------------------------------- */

enum err_code trash_return_package(struct tx *tx, const struct trash_row *item, struct err *err)
{
    return run_from(tx, RETURN_PACKAGE, RETURN_PACKAGE_TOTAL, item->id, err);
}

enum err_code trash_return_files(struct tx *tx, const struct trash_row *item, struct err *err)
{
    const struct db_val args[] = {db_int(item->package_id), db_int(item->id)};
    enum err_code code = run(tx, RETURN_RELEASES, args, err);

    if (code == OK)
        code = run(tx, RETURN_FILES, args, err);
    return code ? code : run_from(tx, RETURN_LABELS, RETURN_TOTALS, item->id, err);
}

enum err_code trash_delete(struct tx *tx, int64_t id, struct err *err)
{
    return db_exec(tx, &stmts[DELETE], DB_ARGS(db_int(id)), NULL, err);
}

/* --- moving -------------------------------------------------------------------------------- */

enum err_code trash_move(struct tx *tx, int64_t package_id, int64_t account_id, struct err *err)
{
    const struct db_val args[] = {db_int(account_id), db_int(package_id)};
    enum err_code code = run(tx, MOVE, args, err);

    return code ? code : run(tx, MOVE_FILES, args, err);
}

/* --- sweeping ------------------------------------------------------------------------------ */

enum err_code trash_expire(struct tx *tx, int64_t id, struct err *err)
{
    return db_exec(tx, &stmts[EXPIRE], DB_ARGS(db_int(id)), NULL, err);
}

enum err_code trash_expire_all(struct tx *tx, int64_t package_id, struct str version,
                               struct err *err)
{
    return db_exec(tx, &stmts[EXPIRE_ALL], DB_ARGS(db_int(package_id), db_text(version)), NULL,
                   err);
}

enum err_code trash_next_due(struct tx *tx, struct arena *mem, int64_t account_id, int64_t now_ms,
                             struct trash_row *ret, struct err *err)
{
    return read_one(tx, mem, &stmts[NEXT_DUE], DB_ARGS(db_int(now_ms), db_int(account_id)), ret,
                    err);
}

/* The digest and the size of bytes, as SWEEP gives them. */
struct swept {
    struct str sha256;
    int64_t size;
};

static enum err_code read_swept(struct rows *rows, struct arena *mem, void *ret, struct err *err)
{
    struct reader r = reader_of(rows, mem);
    struct swept *row = ret;

    row->sha256 = reader_text(&r);
    row->size = reader_int(&r);
    return reader_end(&r, err);
}

enum err_code trash_sweep(struct tx *tx, struct arena *mem, const struct trash_row *item,
                          int64_t max, bool *ret_gone, struct err *err)
{
    struct reader_list found;
    enum err_code code = reader_list(tx, mem, &stmts[SWEEP], DB_ARGS(db_int(item->id), db_int(max)),
                                     read_swept, sizeof(struct swept), &found, err);
    const struct swept *swept = code ? NULL : found.rows;

    for (size_t i = 0; code == OK && i < found.count; i++) {
        code = space_drop_blob(tx, item->account_id, swept[i].sha256, swept[i].size, err);
        if (code == OK)
            code = db_exec(tx, &stmts[DISCARD], DB_ARGS(db_text(swept[i].sha256)), NULL, err);
    }
    if (code == OK && (int64_t)found.count < max) {
        code = trash_delete(tx, item->id, err);
        if (code == OK)
            code =
                db_exec(tx, &stmts[EXPIRE_ORPHANS], DB_ARGS(db_int(item->package_id)), NULL, err);
    }
    if (code == OK)
        *ret_gone = (int64_t)found.count < max;
    return code;
}
