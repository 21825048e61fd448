#include "store/offer.h"

#include "store/statements.h"

enum { OF_PACKAGE };
static const struct stmt stmts[] = {
    [OF_PACKAGE] = {"offer_of_package",
                    "SELECT p.id, p.access, p.name, r.version, f.subdir, f.filename "
                    "FROM package p JOIN release r ON r.package_id = p.id "
                    "JOIN file f ON f.release_id = r.id AND f.type = $1 "
                    "WHERE p.account_id = $2 AND lower(p.name) = lower($3) AND EXISTS (SELECT 1 "
                    "FROM file_label fl JOIN label l ON l.id = fl.label_id WHERE fl.file_id = f.id "
                    "AND l.account_id = $2 AND l.name = $4) ORDER BY r.version, f.subdir",
                    "titt", "ittttt"},
};
const struct stmt_list offer_statements = {stmts, COUNT(stmts)};

enum err_code offer_query(struct tx *tx, int64_t account_id, struct str label, struct str type,
                          struct str package, struct rows **ret_rows, struct err *err)
{
    return db_query_long(
        tx, &stmts[OF_PACKAGE],
        DB_ARGS(db_text(type), db_int(account_id), db_text(package), db_text(label)), ret_rows,
        err);
}
