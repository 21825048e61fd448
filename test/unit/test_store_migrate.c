#include "store_fixture.h"

#include "store/index_doc.h"
#include "store/label.h"
#include "store/migrate.h"

/* Steps that a later program brings. */
#define BOTH(sql)                                                                                  \
    {                                                                                              \
        (sql), (sql)                                                                               \
    }
static const char add_shelf[] = "CREATE TABLE shelf (n BIGINT NOT NULL);";
static const char add_books[] =
    "CREATE TABLE book (n BIGINT NOT NULL); INSERT INTO shelf VALUES (7);";
static const char break_it[] = "CREATE TABLE book (n BIGINT); CREATE TABLE shelf (n INT);";

static const struct stmt shelf = {"shelf", "SELECT n FROM shelf", "", "i"};
static const struct stmt versions = {
    "versions", "SELECT version, name FROM schema_version ORDER BY version", "", "it"};

/* How many steps this program knows. */
static int known(void)
{
    int n = 0;

    while (migrations[n].version)
        n++;
    return n;
}

/* All of them, and two more. */
static const struct migration *later(struct fixture *f, const char *first, const char *second)
{
    int n = known();
    struct migration *list = arena_array(f->mem, struct migration, (size_t)n + 3);

    assert_non_null(list);
    memcpy(list, migrations, (size_t)n * sizeof(*list));
    list[n] = (struct migration){n + 1, "shelf", BOTH(first)};
    list[n + 1] = (struct migration){n + 2, "books", BOTH(second)};
    return list;
}

static int64_t version_of(struct fixture *f)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct tx *tx = begin(f, TX_READ);
    int64_t last = 0;

    must(f, db_query(tx, &versions, DB_NO_ARGS, &rows, &f->err));
    while (rows_next(rows)) {
        assert_int_equal(rows_int(rows, 0), last + 1); /* no gaps */
        last = rows_int(rows, 0);
    }
    must(f, rows_error(rows, &f->err));
    rows_endp(&rows);
    tx_endp(&tx);
    return last;
}

static void fresh_database_gets_all_steps(void **state)
{
    struct fixture *f = *state;

    assert_true(known() >= 1);
    assert_string_equal(migrations[0].name, "initial");
    assert_int_equal(version_of(f), known());
}

static void current_database_is_left_alone(void **state)
{
    struct fixture *f = *state;
    uint64_t before = db_generation(f->db);
    struct tx *writer = begin(f, TX_WRITE);
    struct fixture other = *f;

    /* Opening does not even wait for the writer. */
    must(f, db_open(fixture_url(f), false, NULL, &other.db, &other.err));
    db_close(other.db);
    tx_endp(&writer);
    assert_int_equal(db_generation(f->db), before);
}

/* --- databases of their own, to be thrown away --------------------------------------------- */

/* A schema of a PostgreSQL database is as good as a database. */
#define OWN_SCHEMA "test_store_migrate"

static void run_on_given(struct fixture *f, const char *sql)
{
    struct fixture given = *f;

    (void)snprintf(given.url, sizeof(given.url), "%s", getenv("TERRARIUM_TEST_DB_URL"));
    must(&given, db_open_bare(fixture_url(&given), true, NULL, &given.db, &given.err));
    run_script(&given, sql);
    db_close(given.db);
}

/* f->url becomes that of an empty place; number: another for each. */
static void empty_place(struct fixture *f, int number)
{
    const char *given = getenv("TERRARIUM_TEST_DB_URL");

    if (!given || str_starts(str_of(given), S("sqlite:"))) {
        (void)snprintf(f->url, sizeof(f->url), "sqlite://%s/%d.db", f->folder, number);
        return;
    }
    run_on_given(f, "DROP SCHEMA IF EXISTS " OWN_SCHEMA " CASCADE; CREATE SCHEMA " OWN_SCHEMA);
    (void)snprintf(f->url, sizeof(f->url), "%s%coptions=-csearch_path%%3D" OWN_SCHEMA, given,
                   strchr(given, '?') ? '&' : '?');
}

static int own_place(void **state)
{
    if (fixture_place(state))
        return -1;
    empty_place(*state, 0);
    return 0;
}

static int own_open(void **state)
{
    if (own_place(state))
        return -1;
    open_database(*state);
    return 0;
}

static int own_close(void **state)
{
    struct fixture *f = *state;

    close_database(f);
    if (!fixture_is_sqlite(f))
        run_on_given(f, "DROP SCHEMA IF EXISTS " OWN_SCHEMA " CASCADE");
    return fixture_close(state);
}
#define WITH_OWN(test)       cmocka_unit_test_setup_teardown(test, own_open, own_close)
#define WITH_OWN_PLACE(test) cmocka_unit_test_setup_teardown(test, own_place, own_close)

static void older_database_gets_the_steps_it_lacks(void **state)
{
    struct fixture *f = *state;
    const struct migration *list = later(f, add_shelf, add_books);
    struct account_row alice = {0};
    struct rows *rows = NULL;
    struct tx *tx = begin(f, TX_WRITE);

    (void)add_account(f, tx, "alice");
    commit(f, &tx);
    assert_int_equal(version_of(f), known());
    must(f, migrate(f->db, list, &f->err));
    assert_int_equal(version_of(f), known() + 2);
    tx = begin(f, TX_WRITE);
    must(f, db_one(tx, &shelf, DB_NO_ARGS, &rows, &f->err));
    assert_int_equal(rows_int(rows, 0), 7);
    assert_false(rows_next(rows)); /* once */
    rows_endp(&rows);
    must(f, account_by_login(tx, f->mem, S("alice"), &alice, &f->err));
    tx_endp(&tx);
    must(f, migrate(f->db, list, &f->err)); /* again: nothing to do */
}

/* The step that adds accounts to the log reads them out of what the rows say. */
static void rows_of_the_log_find_the_account_that_they_are_about(void **state)
{
    struct fixture *f = *state;
    static const struct stmt found = {
        "found", "SELECT action || ' ' || account || ' ' || account_id FROM audit ORDER BY id", "",
        "t"};
    static const char *const expected[] = {"package.create alice 1", "account.create bob 2",
                                           "token.create bob 2", "session.refused bob 2",
                                           "package.create  9"};
    struct migration before[6] = {0};
    struct rows *rows = NULL;
    struct tx *tx;
    size_t n = 0;

    memcpy(before, migrations, 4 * sizeof(*before));
    must(f, db_open_bare(fixture_url(f), true, NULL, &f->db, &f->err));
    must(f, migrate(f->db, before, &f->err));
    run_script(f,
               "INSERT INTO account (id, login, kind, email, password_hash, name, company, "
               "location, url, description, superuser, terms_version, created_ms) VALUES "
               "(1, 'alice', 'user', '', '', '', '', '', '', '', 0, '', 0), "
               "(2, 'bob', 'user', '', '', '', '', '', '', '', 0, '', 0);"
               "INSERT INTO audit (time_ms, actor_id, actor, token_name, remote, action, object, "
               "detail) VALUES (1, 2, 'bob', '', '', 'package.create', 'alice/p', ''), "
               "(2, 0, 'admin command', '', '', 'account.create', 'bob', ''), "
               "(3, 2, 'bob', '', '', 'token.create', 'alice', ''), "
               "(4, 0, '', '', '', 'session.refused', 'bob', ''), "
               "(5, 9, 'gone', '', '', 'package.create', 'alicex/p', '');");
    must(f, migrate(f->db, migrations, &f->err));
    tx = begin(f, TX_READ);
    must(f, db_query(tx, &found, DB_NO_ARGS, &rows, &f->err));
    for (; rows_next(rows); n++)
        assert_str(rows_text(rows, 0), expected[n]);
    must(f, rows_error(rows, &f->err));
    assert_int_equal(n, COUNT(expected));
    rows_endp(&rows);
    tx_endp(&tx);
}

/* Schema 005 gives packages, accounts and labels an access, and documents a place. */
#define OLD_ROWS                                                                                   \
    "INSERT INTO account (id, login, kind, email, email_key, password_hash, name, company, "       \
    "location, url, description, superuser, terms_version, created_ms) "                           \
    "VALUES (7, 'alice', 'user', 'a@b', 'a@b', '', '', '', '', '', '', 0, '1', 1);"                \
    "INSERT INTO package (id, account_id, name, summary, attrs, latest_version, created_ms, "      \
    "updated_ms) VALUES (8, 7, 'x', '', '{}', '1', 1, 1);"                                         \
    "INSERT INTO label (id, account_id, name) VALUES (9, 7, 'dev');"
static const char before_access[] = OLD_ROWS
    "INSERT INTO index_doc (id, account_id, label, subdir, name, sha256, size, modified_ms, "
    "retired_ms) VALUES (5, 7, 'dev', 'noarch', 'repodata.json', "
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 3, 11, NULL), "
    "(6, 7, 'main', '', 'shards/old', "
    "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 4, 12, 13);";
static const struct stmt retired_docs = {
    "retired_docs", "SELECT retired_ms, size FROM index_doc WHERE retired_ms IS NOT NULL", "",
    "Ii"};

/* The first steps of this program, in f->url, with some rows in it. */
static void open_before_access(struct fixture *f)
{
    struct migration list[] = {migrations[0], migrations[1], migrations[2], migrations[3], {0}};

    assert_int_equal(migrations[4].version, 5);
    assert_string_equal(migrations[4].name, "access");
    must(f, db_open_bare(fixture_url(f), true, NULL, &f->db, &f->err));
    must(f, migrate(f->db, list, &f->err));
    run_script(f, before_access);
    db_closep(&f->db);
}

static void what_was_there_before_access_is_public(void **state)
{
    struct fixture *f = *state;
    struct index_place place = {7, S("dev"), ACCESS_PUBLIC, S("noarch")};
    struct account_row alice;
    struct index_doc_row doc;
    struct label_row label;
    struct package_row x;
    struct rows *rows = NULL;
    struct tx *tx;

    open_before_access(f);
    open_database(f);
    assert_int_equal(version_of(f), known());
    tx = begin(f, TX_WRITE);
    must(f, account_by_login(tx, f->mem, S("alice"), &alice, &f->err));
    assert_str(alice.default_access, "");
    must(f, package_find(tx, f->mem, S("alice"), S("x"), &x, &f->err));
    assert_int_equal(x.id, 8);
    assert_int_equal(x.access, ACCESS_PUBLIC);
    must(f, label_find(tx, f->mem, 7, S("dev"), &label, &f->err));
    assert_int_equal(label.access, ACCESS_PUBLIC);
    must(f, index_doc_find(tx, f->mem, &place, S("repodata.json"), &doc, &f->err));
    assert_str(doc.package, "");
    assert_true(str_eq(doc.sha256, digest_of(f->mem, 'a')));
    assert_int_equal(doc.size, 3);
    assert_int_equal(doc.modified_ms, 11);
    must(f, db_one(tx, &retired_docs, DB_NO_ARGS, &rows, &f->err));
    assert_int_equal(rows_int(rows, 0), 13);
    assert_int_equal(rows_int(rows, 1), 4);
    assert_false(rows_next(rows));
    rows_endp(&rows);
    /* New rows have a place among the old ones. */
    doc.name = S("index.html");
    must(f, index_doc_put(tx, &place, &doc, &f->err));
    must(f, index_doc_find(tx, f->mem, &place, S("index.html"), &doc, &f->err));
    must(f, index_doc_withdraw(tx, 7, S("x"), ACCESS_PRIVATE, 14, &f->err));
    assert_int_equal(db_one(tx, &retired_docs, DB_NO_ARGS, &rows, NULL), ERR_NOT_FOUND);
    commit(f, &tx);
}

/* Numbers of documents can be told, and set, under the table's name. */
static void documents_are_numbered_after_those_before_access(void **state)
{
    struct fixture *f = *state;
    struct index_place place = {7, S("dev"), ACCESS_PUBLIC, S("")};
    const struct index_doc_row doc = {
        .name = S("rss.xml"), .sha256 = digest_of(f->mem, 'c'), .size = 1, .modified_ms = 1};
    int64_t last = 0, next = 0;
    struct tx *tx;

    open_before_access(f);
    open_database(f);
    tx = begin(f, TX_WRITE);
    must(f, tx_last_id(tx, "index_doc", &last, &f->err));
    assert_true(last >= 2);
    must(f, index_doc_put(tx, &place, &doc, &f->err));
    must(f, tx_last_id(tx, "index_doc", &next, &f->err));
    assert_int_equal(next, last + 1);
    must(f, tx_set_last_id(tx, "index_doc", 41, &f->err));
    must(f, tx_last_id(tx, "index_doc", &last, &f->err));
    assert_int_equal(last, 41);
    tx_endp(&tx);
}

/* The step that lets files be of any kind makes new tables of what was there. */
static void files_keep_their_numbers_labels_and_names(void **state)
{
    struct fixture *f = *state;
    struct migration before[10] = {0};
    struct file_row file, next;
    struct label_list labels;
    bool retired = false;
    struct tx *tx;

    memcpy(before, migrations, 8 * sizeof(*before));
    assert_string_equal(migrations[8].name, "kinds");
    must(f, db_open_bare(fixture_url(f), true, NULL, &f->db, &f->err));
    must(f, migrate(f->db, before, &f->err));
    run_script(f, OLD_ROWS);
    run_script(
        f,
        "INSERT INTO release (id, package_id, version, attrs, created_ms) VALUES (4, 8, '1', '{}', "
        "1);"
        "INSERT INTO file (id, account_id, package_id, release_id, type, basename, subdir, "
        "filename, "
        "sha256, md5, size, record, run_exports, about, facts, description, build_timestamp_ms, "
        "uploaded_ms, uploader_id) VALUES (41, 7, 8, 4, 'conda', 'noarch/x-1-0.conda', 'noarch', "
        "'x-1-0.conda', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', "
        "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 3, '{}', '{}', '{}', '{}', 'd', 5, 6, 7);"
        "INSERT INTO file_label (file_id, label_id) VALUES (41, 9);"
        "INSERT INTO retired_name (account_id, basename, sha256, retired_ms) VALUES "
        "(7, 'noarch/old-1-0.conda', "
        "'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 2);");
    must(f, migrate(f->db, migrations, &f->err));
    tx = begin(f, TX_WRITE);
    must(f, tx_set_last_id(tx, "file", 41, &f->err)); /* as its insertion by the program does */
    must(f, file_find(tx, f->mem, CONDA(7, S("noarch/x-1-0.conda")), &file, &f->err));
    assert_int_equal(file.id, 41);
    assert_int_equal(file.size, 3);
    assert_int_equal(file.uploaded_ms, 6);
    assert_int_equal(file.uploader_id, 7);
    must(f, label_list_by_file(tx, f->mem, 41, &labels, &f->err));
    assert_int_equal(labels.count, 1);
    assert_str(labels.rows[0].name, "dev");
    must(f, file_name_retired(tx, CONDA(7, S("noarch/old-1-0.conda")), &retired, &f->err));
    assert_true(retired);
    next = file;
    next.type = S("file");
    next.basename = S("notes.txt");
    next.name_key = S("x/1/notes.txt");
    assert_int_equal(add_file(f, tx, &next), 42);
    must(f, label_attach(tx, 42, 9, ACCESS_PUBLIC, &f->err));
    must(f, file_delete(tx, 41, &f->err)); /* its label goes with it, as before */
    must(f, label_list_by_file(tx, f->mem, 41, &labels, &f->err));
    assert_int_equal(labels.count, 0);
    tx_endp(&tx);
}

/* An organization's address is nobody's to sign in with. */
static void addresses_of_organizations_are_set_apart(void **state)
{
    static const char rows[] =
        "INSERT INTO account (login, kind, email, email_key, password_hash, name, company, "
        "location, url, description, superuser, terms_version, created_ms) VALUES "
        "('acme', 'organization', 'A@b.example', 'a@b.example', '', '', '', '', '', '', 0, "
        "'1', 1),"
        "('beta', 'organization', '', NULL, '', '', '', '', '', '', 0, '1', 1),"
        "('alice', 'user', 'Alice@b.example', 'alice@b.example', '', '', '', '', '', '', 0, "
        "'1', "
        "1)";
    struct migration first[5] = {0};
    struct fixture *f = *state;
    struct account_row row = {0};
    struct tx *tx;

    memcpy(first, migrations, 4 * sizeof(*first));
    must(f, db_open_bare(fixture_url(f), true, NULL, &f->db, &f->err));
    must(f, migrate(f->db, first, &f->err));
    run_script(f, rows);
    must(f, migrate(f->db, migrations, &f->err));
    tx = begin(f, TX_READ);
    must(f, account_by_login(tx, f->mem, S("acme"), &row, &f->err));
    assert_str(row.email, "A@b.example");
    assert_str(row.package_creators, "writers");
    must(f, account_by_login(tx, f->mem, S("beta"), &row, &f->err));
    assert_str(row.email, "");
    assert_int_equal(account_by_email(tx, f->mem, S("a@b.example"), &row, NULL), ERR_NOT_FOUND);
    must(f, account_by_email(tx, f->mem, S("alice@b.example"), &row, &f->err));
    assert_str(row.email, "Alice@b.example");
    tx_endp(&tx);
}

static void newer_database_is_refused_naming_both_versions(void **state)
{
    struct fixture *f = *state;
    char why[200];

    must(f, migrate(f->db, later(f, add_shelf, add_books), &f->err));
    db_closep(&f->db);
    assert_int_equal(db_open(fixture_url(f), true, NULL, &f->db, &f->err), ERR_INVALID);
    assert_null(f->db);
    (void)snprintf(why, sizeof(why),
                   "the database has schema version %d, this program knows versions up to %d: it "
                   "was written by a newer program",
                   known() + 2, known());
    assert_string_equal(f->err.msg, why);
}

static void failed_step_leaves_the_version_before_it(void **state)
{
    struct fixture *f = *state;
    char why[200];

    assert_int_equal(migrate(f->db, later(f, add_shelf, break_it), &f->err), ERR_IO);
    (void)snprintf(why, sizeof(why), "migration %03d_books: database: %s already exists",
                   known() + 2, fixture_is_sqlite(f) ? "table shelf" : "relation \"shelf\"");
    assert_true(str_starts(str_of(f->err.msg), str_of(why)));
    assert_int_equal(version_of(f), known() + 1);
    /* Of the broken one not even a part is there. */
    must(f, migrate(f->db, later(f, add_shelf, add_books), &f->err));
    assert_int_equal(version_of(f), known() + 2);
}

static int open_fresh(struct fixture *f)
{
    must(f, db_open(fixture_url(f), true, NULL, &f->db, &f->err));
    db_closep(&f->db);
    return 0;
}

static void processes_that_open_a_fresh_database_at_once_all_succeed(void **state)
{
    struct fixture *f = *state;
    pid_t children[4];

    for (int round = 0; round < 5; round++) {
        empty_place(f, round);
        for (size_t i = 0; i < COUNT(children); i++)
            children[i] = start_child(open_fresh, f);
        for (size_t i = 0; i < COUNT(children); i++)
            assert_int_equal(exit_status_of(children[i]), 0);
    }
    must(f, db_open(fixture_url(f), false, NULL, &f->db, &f->err));
    assert_int_equal(version_of(f), known());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(fresh_database_gets_all_steps),
        WITH_DATABASE(current_database_is_left_alone),
        WITH_OWN(older_database_gets_the_steps_it_lacks),
        WITH_OWN_PLACE(rows_of_the_log_find_the_account_that_they_are_about),
        WITH_OWN_PLACE(what_was_there_before_access_is_public),
        WITH_OWN_PLACE(documents_are_numbered_after_those_before_access),
        WITH_OWN_PLACE(files_keep_their_numbers_labels_and_names),
        WITH_OWN_PLACE(addresses_of_organizations_are_set_apart),
        WITH_OWN(newer_database_is_refused_naming_both_versions),
        WITH_OWN(failed_step_leaves_the_version_before_it),
        WITH_OWN_PLACE(processes_that_open_a_fresh_database_at_once_all_succeed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
