/* What is particular to the SQLite engine: its file, its settings, its failures. */
#include "store_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/clock.h"

static const struct stmt pragma_journal = {"journal", "PRAGMA journal_mode", "", "t"};
static const struct stmt pragma_sync = {"synchronous", "PRAGMA synchronous", "", "i"};
static const struct stmt pragma_keys = {"keys", "PRAGMA foreign_keys", "", "i"};
static const struct stmt pragma_secure = {"secure", "PRAGMA secure_delete", "", "i"};
static const struct stmt pragma_check = {"check", "PRAGMA integrity_check", "", "t"};
static const struct stmt pages = {"pages", "PRAGMA max_page_count = 60", "", "i"};

static int own_place(void **state)
{
    struct fixture *f;

    if (fixture_place(state))
        return -1;
    f = *state;
    (void)snprintf(f->url, sizeof(f->url), "sqlite://%s/terrarium.db", f->folder);
    return 0;
}

static int own_database(void **state)
{
    struct fixture *f;

    if (own_place(state))
        return -1;
    f = *state;
    must(f, db_open(fixture_url(f), true, NULL, &f->db, &f->err));
    return 0;
}
#define OWN_PLACE(test)    cmocka_unit_test_setup_teardown(test, own_place, fixture_close)
#define OWN_DATABASE(test) cmocka_unit_test_setup_teardown(test, own_database, fixture_close)

static const char *path_of(const struct fixture *f)
{
    return f->url + sizeof("sqlite://") - 1;
}

static int64_t number(struct fixture *f, struct tx *tx, const struct stmt *s)
{
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(tx, s, DB_NO_ARGS, &rows, &f->err));
    return rows_int(rows, 0);
}

static void assert_text(struct fixture *f, struct tx *tx, const struct stmt *s, const char *text)
{
    AUTO(rows_endp) struct rows *rows = NULL;

    must(f, db_one(tx, s, DB_NO_ARGS, &rows, &f->err));
    assert_str(rows_text(rows, 0), text);
}

/* --- the file ------------------------------------------------------------------------------ */

static void missing_file_is_created_only_when_asked(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_open(fixture_url(f), false, NULL, &f->db, &f->err), ERR_NOT_FOUND);
    assert_int_equal(access(path_of(f), F_OK), -1);
    must(f, db_open(fixture_url(f), true, NULL, &f->db, &f->err));
    assert_int_equal(access(path_of(f), F_OK), 0);
}

static void files_are_for_their_owner_only(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(endings); i++) {
        struct stat st;
        char path[160];

        (void)snprintf(path, sizeof(path), "%s%s", path_of(f), endings[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void closing_leaves_one_file(void **state)
{
    struct fixture *f = *state;
    char path[160];

    db_closep(&f->db);
    (void)snprintf(path, sizeof(path), "%s-wal", path_of(f));
    assert_int_equal(access(path, F_OK), -1);
    (void)snprintf(path, sizeof(path), "%s-shm", path_of(f));
    assert_int_equal(access(path, F_OK), -1);
}

static void url_without_a_file_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_open(S("sqlite://"), true, NULL, &f->db, NULL), ERR_INVALID);
    assert_int_equal(db_open(S("sqlite://:memory:"), true, NULL, &f->db, NULL), ERR_INVALID);
    assert_int_equal(db_open(S("sqlite:///tmp/a\0b"), true, NULL, &f->db, NULL), ERR_INVALID);
    assert_int_equal(db_open(S("sqlite:///nowhere/at/all.db"), true, NULL, &f->db, &f->err),
                     ERR_IO);
    assert_string_equal(f->err.msg, "database \"/nowhere/at/all.db\": No such file or directory");
}

static void write_bytes(const char *path, const char *data, size_t len, off_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, len, at), len);
    assert_int_equal(close(fd), 0);
}

static void file_that_is_no_database_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    char text[4096], message[256];

    memset(text, 'x', sizeof(text));
    write_bytes(path_of(f), text, sizeof(text), 0);
    assert_int_equal(db_open(fixture_url(f), true, NULL, &f->db, &f->err), ERR_IO);
    (void)snprintf(message, sizeof(message), "database \"%s\": database: file is not a database",
                   path_of(f));
    assert_true(str_starts(str_of(f->err.msg), str_of(message)));
}

static void damaged_page_is_an_error_not_a_wrong_answer(void **state)
{
    struct fixture *f = *state;
    char junk[4096];
    struct tx *tx = begin(f, TX_WRITE);

    (void)add_account(f, tx, "alice");
    commit(f, &tx);
    db_closep(&f->db);
    memset(junk, 0xee, sizeof(junk));
    for (off_t page = 1; page < 60; page++)
        write_bytes(path_of(f), junk, sizeof(junk), page * 4096);
    assert_int_equal(db_open(fixture_url(f), true, NULL, &f->db, &f->err), ERR_IO);
    assert_non_null(strstr(f->err.msg, "database disk image is malformed"));
}

/* --- settings ------------------------------------------------------------------------------ */

static void every_connection_is_set_up(void **state)
{
    struct fixture *f = *state;

    for (int mode = TX_READ; mode <= TX_WRITE; mode++) {
        struct tx *tx = begin(f, (enum tx_mode)mode);

        assert_text(f, tx, &pragma_journal, "wal");
        assert_int_equal(number(f, tx, &pragma_sync), 2); /* FULL */
        assert_int_equal(number(f, tx, &pragma_keys), 1);
        assert_int_equal(number(f, tx, &pragma_secure), 0);
        tx_endp(&tx);
    }
}

/* --- statements ---------------------------------------------------------------------------- */

static void unexpected_nothing_is_an_error(void **state)
{
    static const struct stmt nothing = {"nothing", "SELECT NULL", "", "i"};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    struct rows *rows = NULL;

    assert_int_equal(db_one(tx, &nothing, DB_NO_ARGS, &rows, &f->err), ERR_IO);
    assert_string_equal(f->err.msg, "database: column 0 of nothing is NULL");
    tx_endp(&tx);
}

/* That may be: all that is held for it is a part of the channel. */
static bool sorts_one_package(const struct stmt *s, struct str step)
{
    return str_eq(str_of(s->name), S("file_channel_package")) ||
           (str_eq(str_of(s->name), S("file_channel_packages")) &&
            str_eq(step, S("USE TEMP B-TREE FOR RIGHT PART OF ORDER BY")));
}

/* A channel of a million files must never be sorted as a whole. */
static void channels_are_read_along_indexes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_READ);
    int found = 0;

    for (size_t l = 0; all_statements[l]; l++)
        for (size_t i = 0; i < all_statements[l]->count; i++) {
            static struct stmt plan[8];
            const struct stmt *s = &all_statements[l]->stmts[i];
            AUTO(rows_endp) struct rows *rows = NULL;

            if (!str_starts(str_of(s->name), S("file_channel_")))
                continue;
            plan[found] = (struct stmt){
                .name = "plan",
                .sql = str_z(f->mem, str_fmt(f->mem, "EXPLAIN QUERY PLAN %s", s->sql)),
                .params = s->params,
                .cols = "iiit",
            };
            must(f, db_query(tx, &plan[found++],
                             (const struct db_val[]){db_int(1), db_text(S("main")),
                                                     db_text(S("noarch")), db_text(S("public"))},
                             strlen(s->params), &rows, &f->err));
            while (rows_next(rows)) {
                struct str step = rows_text(rows, 3);

                if (str_starts(step, S("USE TEMP B-TREE")))
                    assert_true(sorts_one_package(s, step));
                assert_false(str_starts(step, S("SCAN")));
            }
        }
    assert_int_equal(found, 5);
    tx_endp(&tx);
}

/* --- failures ------------------------------------------------------------------------------ */

static void full_disk_rolls_back_and_the_next_write_succeeds(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct account_row row = account_of(f, "alice"), got = {0};
    enum err_code code = OK;
    char *text = arena_alloc(f->mem, 5000, 1);
    int64_t id;

    (void)number(f, tx, &pages);
    memset(text, 'x', 5000);
    row.description = (struct str){text, 5000};
    for (int i = 0; i < 200 && code == OK; i++) {
        row.login = str_fmt(f->mem, "user%d", i);
        row.email = S("");
        code = account_insert(tx, &row, S("1"), &id, &f->err);
    }
    assert_int_equal(code, ERR_NO_SPACE);
    assert_int_equal(tx_commit(&tx, NULL), ERR_IO);
    tx = begin(f, TX_WRITE);
    assert_int_equal(account_by_login(tx, f->mem, S("user0"), &got, NULL), ERR_NOT_FOUND);
    (void)add_account(f, tx, "alice");
    commit(f, &tx);
}

struct holder {
    sqlite3 *other;
    pthread_t thread;
};

static void *release_later(void *arg)
{
    struct holder *h = arg;

    (void)usleep(300000);
    (void)sqlite3_exec(h->other, "ROLLBACK", NULL, NULL, NULL);
    return NULL;
}

/* A connection of its own stands for another process. */
static void writer_waits_while_another_process_writes(void **state)
{
    struct fixture *f = *state;
    struct holder h = {0};
    struct tx *tx = NULL;
    int64_t start = clock_now_ms();

    assert_int_equal(sqlite3_open(path_of(f), &h.other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(h.other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(pthread_create(&h.thread, NULL, release_later, &h), 0);
    must(f, tx_begin(f->db, TX_WRITE, &tx, &f->err));
    assert_true(clock_now_ms() - start >= 290);
    tx_endp(&tx);
    assert_int_equal(pthread_join(h.thread, NULL), 0);
    assert_int_equal(sqlite3_close(h.other), SQLITE_OK);
}

/* --- memory: SQLite's own allocations, each failing in turn -------------------------------- */

static sqlite3_mem_methods plain;
static long countdown; /* 0: no failure planned */

static bool fails_now(void)
{
    return countdown > 0 && --countdown == 0;
}

static void *failing_malloc(int n)
{
    return fails_now() ? NULL : plain.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
    return fails_now() ? NULL : plain.xRealloc(p, n);
}

static int with_failing_memory(void **state)
{
    sqlite3_mem_methods methods;

    (void)state;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain))
        return -1;
    methods = plain;
    methods.xMalloc = failing_malloc;
    methods.xRealloc = failing_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

static enum err_code insert_in_new_connection(struct fixture *f, struct str login)
{
    AUTO(db_closep) struct db *db = NULL;
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row row = account_of(f, "x"), got;
    int64_t id = 0;
    enum err_code code = db_open_bare(fixture_url(f), false, NULL, &db, &f->err);

    row.login = login;
    row.email = S("");
    if (code == OK)
        code = tx_begin(db, TX_WRITE, &tx, &f->err);
    if (code == OK)
        code = account_insert(tx, &row, S("1"), &id, &f->err);
    if (code == OK)
        code = account_by_id(tx, f->mem, id, &got, &f->err);
    if (code == OK)
        code = tx_commit(&tx, &f->err);
    return code;
}

static void memory_that_runs_out_within_sqlite_leaves_no_half_transaction(void **state)
{
    struct fixture *f = *state;
    struct account_list list = {0};
    struct tx *tx;
    size_t inserted = 0;
    bool fired = true;
    long n = 0;

    for (; fired; n += 5) { /* all of them take minutes under a sanitizer */
        struct str login = str_fmt(f->mem, "user%ld", n);
        enum err_code code;

        countdown = n + 1;
        code = insert_in_new_connection(f, login);
        fired = countdown == 0;
        countdown = 0;
        assert_true(code == OK || fired);
        assert_true(code == OK || code == ERR_NOMEM || code == ERR_IO);
        inserted += code == OK;
    }
    print_message("up to allocation %ld, %zu of those tried were dispensable\n", n, inserted);
    assert_true(n > 100);
    tx = begin(f, TX_READ);
    must(f, account_list(tx, f->mem, &list, &f->err));
    assert_int_equal(list.count, inserted);
    assert_text(f, tx, &pragma_check, "ok");
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN_PLACE(missing_file_is_created_only_when_asked),
        OWN_DATABASE(files_are_for_their_owner_only),
        OWN_DATABASE(closing_leaves_one_file),
        OWN_PLACE(url_without_a_file_is_refused),
        OWN_PLACE(file_that_is_no_database_is_refused_by_name),
        OWN_DATABASE(damaged_page_is_an_error_not_a_wrong_answer),
        OWN_DATABASE(every_connection_is_set_up),
        OWN_DATABASE(unexpected_nothing_is_an_error),
        OWN_DATABASE(channels_are_read_along_indexes),
        OWN_DATABASE(full_disk_rolls_back_and_the_next_write_succeeds),
        OWN_DATABASE(writer_waits_while_another_process_writes),
        OWN_DATABASE(memory_that_runs_out_within_sqlite_leaves_no_half_transaction),
    };

    return cmocka_run_group_tests(tests, with_failing_memory, NULL);
}
