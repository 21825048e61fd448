/* store_fixture.h: what the tests of src/store begin with: an empty database and a few rows.
 *
 * These tests are the conformance suite of the engines: the database is that of the environment
 * variable TERRARIUM_TEST_DB_URL (which is emptied!), or a new SQLite file. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H
#include "unit.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/account.h"
#include "store/db.h"
#include "store/db_engine.h"
#include "store/file.h"
#include "store/group.h"
#include "store/package.h"
#include "trust.h"

struct fixture {
    struct arena *mem;
    char folder[64]; /* removed at the end */
    char url[512];
    struct db *db;
    struct err err;
};

/* Runs a call that must succeed; shows why it did not. */
#define must(f, call)                                                                              \
    do {                                                                                           \
        enum err_code code_ = (call);                                                              \
        if (code_)                                                                                 \
            print_error("%s: %s\n", #call, (f)->err.msg);                                          \
        assert_int_equal(code_, OK);                                                               \
    } while (0)

static inline struct str fixture_url(const struct fixture *f)
{
    return str_of(f->url);
}

static inline bool fixture_is_sqlite(const struct fixture *f)
{
    return str_starts(fixture_url(f), S("sqlite:"));
}

static inline struct tx *begin(struct fixture *f, enum tx_mode mode)
{
    struct tx *tx = NULL;

    must(f, tx_begin(f->db, mode, &tx, &f->err));
    return tx;
}

static inline struct tx *begin_part(struct fixture *f, const char *part)
{
    struct tx *tx = NULL;

    must(f, tx_begin_part(f->db, str_of(part), &tx, &f->err));
    return tx;
}

static inline void commit(struct fixture *f, struct tx **tx)
{
    must(f, tx_commit(tx, &f->err));
    assert_null(*tx);
}

/* Opens the database as a serving node does. */
static inline void open_database(struct fixture *f)
{
    static const struct db_options options = {.node = "test"};

    must(f, db_open(fixture_url(f), true, &options, &f->db, &f->err));
    wait_for_trust(f->db);
}

/* A script in a transaction of its own. */
static inline void run_script(struct fixture *f, const char *sql)
{
    struct tx *tx = begin(f, TX_WRITE);

    must(f, tx_script(tx, sql, &f->err));
    commit(f, &tx);
}

static inline void fixture_empty(struct fixture *f)
{
    /* Everything that belongs to an account goes with it. */
    run_script(
        f,
        "DELETE FROM account; DELETE FROM retired_login; DELETE FROM setup_code; DELETE FROM audit;"
        "DELETE FROM index_garbage; DELETE FROM job; DELETE FROM blob_mark; DROP TABLE "
        "IF EXISTS scratch;"
        "DELETE FROM search_terms; DELETE FROM search_terms_1; DELETE FROM search_terms_2;"
        "DELETE FROM search_terms_3; DELETE FROM search_word; UPDATE search_level SET floor = 0;"
        "UPDATE search_progress SET form = 0, filled = 0;");
}

/* A place for a database, not yet opened. */
static inline int fixture_place(void **state)
{
    const char *given = getenv("TERRARIUM_TEST_DB_URL");
    struct fixture *f = mem_new(struct fixture);

    if (!f)
        return -1;
    f->mem = arena_open(64 * MIB);
    (void)snprintf(f->folder, sizeof(f->folder), "%s/test_store_XXXXXX", temp_root());
    if (!f->mem || !mkdtemp(f->folder))
        return -1;
    if (given)
        (void)snprintf(f->url, sizeof(f->url), "%s", given);
    else
        (void)snprintf(f->url, sizeof(f->url), "sqlite://%s/terrarium.db", f->folder);
    *state = f;
    return 0;
}

static inline int fixture_open(void **state)
{
    struct fixture *f;

    if (fixture_place(state))
        return -1;
    f = *state;
    open_database(f);
    if (getenv("TERRARIUM_TEST_DB_URL"))
        fixture_empty(f);
    return 0;
}

/* A test that failed may have left transactions open: then the database cannot be closed, and the
 * program must live on to tell the failure. */
static inline void close_database(struct fixture *f)
{
    if (f->db && !atomic_load(&f->db->transactions))
        db_close(f->db);
    f->db = NULL;
}

static inline int fixture_close(void **state)
{
    struct fixture *f = *state;
    char command[128];

    close_database(f);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
    arena_close(f->mem);
    mem_free(f);
    return system(command); /* NOLINT(cert-env33-c): fixed text */
}
#define WITH_PLACE(test)    cmocka_unit_test_setup_teardown(test, fixture_place, fixture_close)
#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

/* --- rows ---------------------------------------------------------------------------------- */

/* 64 hex digits, or 32 bytes, of one letter. */
static inline struct str digest_of(struct arena *mem, char letter)
{
    char *text = arena_alloc(mem, 64, 1);

    assert_non_null(text);
    memset(text, letter, 64);
    return (struct str){text, 64};
}

static inline struct str hash_of(struct arena *mem, char letter)
{
    return str_sub(digest_of(mem, letter), 0, 32);
}

static inline struct account_row account_of(struct fixture *f, const char *login)
{
    return (struct account_row){
        .login = str_of(login),
        .kind = S("user"),
        .email = str_fmt(f->mem, "%s@Example.org", login),
        .password_hash = S("$argon2id$"),
        .name = S("A Name"),
        .created_ms = 1000,
    };
}

static inline int64_t add_account(struct fixture *f, struct tx *tx, const char *login)
{
    struct account_row row = account_of(f, login);
    int64_t id = 0;

    must(f, account_insert(tx, &row, S("1"), &id, &f->err));
    return id;
}

static inline int64_t add_package_with(struct fixture *f, struct tx *tx, int64_t account,
                                       const char *name, enum access_level access)
{
    int64_t id = 0;

    must(f, package_insert(tx, account, str_of(name), access, S("A summary."), S("{}"), 2000, &id,
                           &f->err));
    return id;
}

static inline int64_t add_package(struct fixture *f, struct tx *tx, int64_t account,
                                  const char *name)
{
    return add_package_with(f, tx, account, name, ACCESS_PUBLIC);
}

static inline int64_t add_group(struct fixture *f, struct tx *tx, int64_t account, const char *name,
                                const char *permission, bool all)
{
    const struct group_row row = {.account_id = account,
                                  .name = str_of(name),
                                  .permission = str_of(permission),
                                  .all_packages = all};
    int64_t id = 0;

    must(f, group_insert(tx, &row, 1000, &id, &f->err));
    assert_true(id > 0);
    return id;
}

static inline int64_t add_release(struct fixture *f, struct tx *tx, int64_t package,
                                  const char *version)
{
    int64_t id = 0;

    must(f, release_insert(tx, package, str_of(version), S("{}"), 3000, &id, &f->err));
    return id;
}

/* The name of a conda package, for the functions that look for it. */
#define CONDA(account, key) (&(const struct file_name){account, S("conda"), key})

static inline struct file_row file_of(struct fixture *f, int64_t account, int64_t package,
                                      int64_t release, const char *basename)
{
    struct str subdir = S(""), filename = S("");

    assert_true(str_cut_last(str_of(basename), '/', &subdir, &filename));
    return (struct file_row){
        .account_id = account,
        .package_id = package,
        .release_id = release,
        .type = S("conda"),
        .name_key = str_of(basename),
        .basename = str_of(basename),
        .subdir = subdir,
        .filename = filename,
        .sha256 = digest_of(f->mem, 'a'),
        .md5 = str_sub(digest_of(f->mem, 'b'), 0, 32),
        .size = 123,
        .record = S("{\"build\":\"0\"}"),
        .run_exports = S("{}"),
        .about = S("{\"summary\":\"s\"}"),
        .facts = S("{\"icon\":null}"),
        .description = S("d"),
        .build_timestamp_ms = 4000,
        .uploaded_ms = 5000,
        .uploader_id = account,
    };
}

static inline int64_t add_file(struct fixture *f, struct tx *tx, const struct file_row *row)
{
    int64_t id = 0;

    must(f, file_insert(tx, row, &id, &f->err));
    return id;
}

/* One account, package and release. */
struct tree {
    int64_t account, package, release;
};
static inline struct tree add_tree(struct fixture *f, struct tx *tx)
{
    struct tree t = {.account = add_account(f, tx, "alice")};

    t.package = add_package(f, tx, t.account, "numpy");
    t.release = add_release(f, tx, t.package, "1.0");
    return t;
}

/* --- processes ----------------------------------------------------------------------------- */

/* Runs fn in a child process; call it before the test opens the database, because a connection
 * does not survive a fork. The child must return 0 from fn. */
static inline pid_t start_child(int (*fn)(struct fixture *f), struct fixture *f)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(fn(f));
    return pid;
}

static inline int exit_status_of(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
