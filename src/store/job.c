/* job.c: rows of jobs. */
#include "store/job.h"

#include "store/reader.h"
#include "store/statements.h"

enum { CREATE, FIND, TAKE_IT, RENEW, END, GIVE_BACK };
static const struct stmt stmts[] = {
    [CREATE] = {"job_create",
                "INSERT INTO job (name, due_ms, holder, lease_ms, ended_ms, problem) "
                "VALUES ($1, $2, '', 0, 0, '') ON CONFLICT (name) DO NOTHING",
                "ti", ""},
    [FIND] = {"job_find",
              "SELECT due_ms, holder, lease_ms, ended_ms, problem FROM job WHERE name = $1", "t",
              "itiit"},
    [TAKE_IT] = {"job_take",
                 "UPDATE job SET holder = $1, lease_ms = $2 "
                 "WHERE name = $3 AND due_ms = $4 AND holder = $5 AND lease_ms = $6",
                 "tititi", ""},
    [RENEW] = {"job_renew", "UPDATE job SET lease_ms = $1 WHERE name = $2 AND holder = $3", "itt",
               ""},
    [END] = {"job_end",
             "UPDATE job SET due_ms = $1, ended_ms = $2, problem = $3, holder = '', lease_ms = 0 "
             "WHERE name = $4 AND holder = $5",
             "iittt", ""},
    [GIVE_BACK] = {"job_give_back",
                   "UPDATE job SET holder = '', lease_ms = 0 WHERE name = $1 AND holder = $2", "tt",
                   ""},
};
const struct stmt_list job_statements = {stmts, COUNT(stmts)};

enum err_code job_create(struct tx *tx, struct str name, int64_t due_ms, struct err *err)
{
    return db_exec(tx, &stmts[CREATE], DB_ARGS(db_text(name), db_int(due_ms)), NULL, err);
}

enum err_code job_find(struct tx *tx, struct arena *mem, struct str name, struct job_row *ret,
                       struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct job_row row;
    struct reader r;
    enum err_code code = db_one(tx, &stmts[FIND], DB_ARGS(db_text(name)), &rows, err);

    if (code)
        return code;
    r = reader_of(rows, mem);
    row.due_ms = reader_int(&r);
    row.holder = reader_text(&r);
    row.lease_ms = reader_int(&r);
    row.ended_ms = reader_int(&r);
    row.problem = reader_text(&r);
    code = reader_end(&r, err);
    if (code == OK)
        *ret = row;
    return code;
}

/* Runs an UPDATE of at most one row; *ret_hit: there was one. */
static enum err_code update(struct tx *tx, const struct stmt *s, const struct db_val *args,
                            size_t nargs, bool *ret_hit, struct err *err)
{
    int64_t changes = 0;
    enum err_code code = db_exec(tx, s, args, nargs, &changes, err);

    if (code == OK)
        *ret_hit = changes > 0;
    return code;
}

enum err_code job_take(struct tx *tx, struct str name, const struct job_row *seen,
                       struct str holder, int64_t lease_ms, bool *ret_taken, struct err *err)
{
    return update(tx, &stmts[TAKE_IT],
                  DB_ARGS(db_text(holder), db_int(lease_ms), db_text(name), db_int(seen->due_ms),
                          db_text(seen->holder), db_int(seen->lease_ms)),
                  ret_taken, err);
}

enum err_code job_renew(struct tx *tx, struct str name, struct str holder, int64_t lease_ms,
                        bool *ret_held, struct err *err)
{
    return update(tx, &stmts[RENEW], DB_ARGS(db_int(lease_ms), db_text(name), db_text(holder)),
                  ret_held, err);
}

enum err_code job_end(struct tx *tx, struct str name, struct str holder, const struct job_row *row,
                      bool *ret_held, struct err *err)
{
    return update(tx, &stmts[END],
                  DB_ARGS(db_int(row->due_ms), db_int(row->ended_ms), db_text(row->problem),
                          db_text(name), db_text(holder)),
                  ret_held, err);
}

enum err_code job_give_back(struct tx *tx, struct str name, struct str holder, bool *ret_held,
                            struct err *err)
{
    return update(tx, &stmts[GIVE_BACK], DB_ARGS(db_text(name), db_text(holder)), ret_held, err);
}
