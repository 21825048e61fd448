#include "store/offer.h"

#include "store/statements.h"

#define OFFER "SELECT p.id, p.access, p.name, r.version, f.subdir, f.filename "
/* account, label: the places of the parameters. */
#define CARRIES(account, label)                                                                    \
    "EXISTS (SELECT 1 FROM file_label fl JOIN label l ON l.id = fl.label_id "                      \
    "WHERE fl.file_id = f.id AND l.account_id = " account " AND l.name = " label ") "

enum { OF_PACKAGE, OF_PROJECT };
static const struct stmt stmts[] = {
    [OF_PACKAGE] = {"offer_of_package",
                    OFFER "FROM package p JOIN release r ON r.package_id = p.id "
                          "JOIN file f ON f.release_id = r.id AND f.type = $1 "
                          "WHERE p.account_id = $2 AND lower(p.name) = lower($3) AND " CARRIES(
                              "$2", "$4") "ORDER BY r.version, f.subdir",
                    "titt", "ittttt"},
    /* Keys of a project begin with its name and a "/"; "0" is the character after that. */
    [OF_PROJECT] = {"offer_of_project",
                    OFFER
                    "FROM file f JOIN package p ON p.id = f.package_id "
                    "JOIN release r ON r.id = f.release_id WHERE f.account_id = $1 "
                    "AND f.type = 'pypi' AND f.name_key > $2 || '/' "
                    "AND f.name_key < $2 || '0' AND " CARRIES("$1", "$3") "ORDER BY r.version",
                    "itt", "ittttt"},
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

enum err_code offer_query_project(struct tx *tx, int64_t account_id, struct str label,
                                  struct str project, struct rows **ret_rows, struct err *err)
{
    return db_query_long(tx, &stmts[OF_PROJECT],
                         DB_ARGS(db_int(account_id), db_text(project), db_text(label)), ret_rows,
                         err);
}
