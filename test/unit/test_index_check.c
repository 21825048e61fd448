/* Documents are compared with what the rows give, in both directions. */
#include "core_fixture.h"

#include "core/inspect.h"
#include "index/index.h"
#include "store/account.h"

static const struct core_spec x1 = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
static const struct core_spec y1 = {"y", "1.0", "0", "linux-64", NULL, NULL, NULL};

/* "private: noarch/repodata.json"; of everybody's view the path alone. */
static void note(void *ctx, const struct index_place *place, struct str name)
{
    struct buf *b = ctx;

    if (place->access != ACCESS_PUBLIC)
        buf_addf(b, STR_FMT ": ", STR_ARG(access_level_name(place->access)));
    buf_add(b, place->subdir);
    buf_addc(b, '/');
    buf_add(b, name);
    buf_addc(b, '\n');
}

/* What differs in a channel of alice, one line each. */
static void assert_differs(struct core *f, const char *label, const char *expected)
{
    AUTO(buf_done) struct buf b = BUF_INIT(65536);
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct account_row account;
    struct channel ch = {.owner = S("alice"), .label = str_of(label)};

    must(f, account_by_login(tx, f->mem, ch.owner, &account, &f->err));
    ch.account_id = account.id;
    must(f, index_check(tx, &ch, note, &b, &f->err));
    assert_true(buf_ok(&b));
    assert_str(buf_str(&b), expected);
}

static int setup(void **state)
{
    struct actor alice;

    if (core_open_inspecting(state))
        return -1;
    alice = core_user(*state, "alice");
    core_publish(*state, &alice, &x1);
    core_publish(*state, &alice, &y1);
    return 0;
}

static void what_was_published_agrees(void **state)
{
    struct core *f = *state;
    struct str before = core_rows(f);

    assert_differs(f, "main", "");
    assert_true(str_eq(core_rows(f), before));
}

static void what_became_empty_agrees(void **state)
{
    struct core *f = *state;
    struct actor alice = {.account_id = 1, .login = S("alice"), .remote = S("192.0.2.1")};

    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_differs(f, "main", "");
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("y"), &f->err));
    assert_differs(f, "main", "");
}

static void a_label_that_nothing_carries_agrees(void **state)
{
    struct core *f = *state;

    assert_differs(f, "dev", "");
    CORE_CHANGE(f, "INSERT INTO label (account_id, name) SELECT id, 'dev' FROM account");
    assert_differs(f, "dev", "");
}

static void documents_with_other_bytes_are_told(void **state)
{
    struct core *f = *state;

    CORE_CHANGE(f, "UPDATE index_doc SET sha256 = (SELECT sha256 FROM file WHERE subdir = 'noarch')"
                   " WHERE (subdir = 'noarch' AND name = 'run_exports.json.zst') OR "
                   "(subdir = '' AND name = 'index.html')");
    assert_differs(f, "main", "noarch/run_exports.json.zst\n/index.html\n");
}

static void documents_of_another_size_are_told(void **state)
{
    struct core *f = *state;

    CORE_CHANGE(f, "UPDATE index_doc SET size = size + 1 WHERE subdir = 'linux-64' AND "
                   "name = 'index.html'");
    assert_differs(f, "main", "linux-64/index.html\n");
}

static void documents_that_are_missing_are_told(void **state)
{
    struct core *f = *state;

    CORE_CHANGE(f, "DELETE FROM index_doc WHERE subdir = 'linux-64' AND name = 'repodata.json'");
    CORE_CHANGE(f, "UPDATE index_doc SET retired_ms = 1 WHERE subdir = 'noarch' AND "
                   "name = 'repodata.json.zst'");
    CORE_CHANGE(f, "DELETE FROM index_doc WHERE name = 'channeldata.json'");
    assert_differs(f, "main",
                   "linux-64/repodata.json\nnoarch/repodata.json.zst\n/channeldata.json\n");
}

/* Also where the channel has no files: only documents lead there. */
static void documents_that_should_not_be_there_are_told(void **state)
{
    struct core *f = *state;

    CORE_CHANGE(
        f, "INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
           "modified_ms) SELECT a.id, 'main', 'public', 'noarch', 'current_repodata.json', '', "
           "f.sha256, 1, 1 FROM account a, file f WHERE f.subdir = 'noarch'");
    assert_differs(f, "main", "noarch/current_repodata.json\n");
    CORE_CHANGE(f, "UPDATE index_doc SET subdir = 'osx-65' WHERE name = 'current_repodata.json'");
    assert_differs(f, "main",
                   "osx-65/repodata.json\nosx-65/repodata.json.zst\n"
                   "osx-65/repodata_shards.msgpack.zst\nosx-65/run_exports.json\n"
                   "osx-65/run_exports.json.zst\nosx-65/index.html\n"
                   "osx-65/current_repodata.json\n");
}

static void documents_of_the_channel_alone_are_looked_at(void **state)
{
    struct core *f = *state;

    CORE_CHANGE(
        f, "INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
           "modified_ms) SELECT a.id, 'dev', 'public', '', 'rss.xml', '', f.sha256, 1, 1 "
           "FROM account a, file f WHERE f.subdir = 'noarch'");
    assert_differs(f, "dev", "/channeldata.json\n/index.html\n/rss.xml\n");
}

static void files_that_no_document_knows_are_told(void **state)
{
    struct core *f = *state;
    struct str shard =
        CORE_TEXT(f, "SELECT name FROM index_doc WHERE subdir = 'noarch' AND name LIKE 'shards/%'");

    CORE_CHANGE(f, "DELETE FROM file_label WHERE file_id IN "
                   "(SELECT id FROM file WHERE subdir = 'noarch')");
    /* What documents say of themselves fits to the lists, which do not fit to the files. */
    assert_differs(f, "main",
                   str_fmt(f->mem,
                           "noarch/packages\nnoarch/run_exports\nnoarch/shards\nnoarch/page\n"
                           "noarch/" STR_FMT "\n/channeldata\n/page\n",
                           STR_ARG(shard))
                       .ptr);
}

static void channels_with_a_label_are_looked_at_alike(void **state)
{
    struct core *f = *state;

    CORE_CHANGE(f, "INSERT INTO label (account_id, name) SELECT id, 'dev' FROM account");
    CORE_CHANGE(f, "INSERT INTO file_label (file_id, label_id) SELECT f.id, l.id FROM file f, "
                   "label l WHERE f.subdir = 'linux-64' AND l.name = 'dev'");
    assert_differs(f, "main", "");
    {
        AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
        struct channel ch = {1, S("alice"), S("dev"), 0};

        must(f, index_update(tx, f->app.blobs, &ch, S("linux-64"), NULL, 0, 1, &f->err));
        must(f, tx_commit(&tx, &f->err));
    }
    assert_differs(f, "dev", "");
    CORE_CHANGE(f, "UPDATE index_doc SET size = 0 WHERE label = 'dev' AND name = 'repodata.json'");
    assert_differs(f, "dev", "linux-64/repodata.json\n");
    assert_differs(f, "main", "");
}

/* ---- views ----------------------------------------------------------------------------------- */

/* A package of another access, with one file. */
static void publish_as(struct core *f, const char *access, const char *name, const char *subdir)
{
    struct actor alice = {.account_id = 1, .login = S("alice"), .remote = S("192.0.2.1")};
    const struct core_spec spec = {name, "1.0", "0", subdir, NULL, NULL, NULL};
    struct package_row package;

    must(f, package_create(&f->app, f->mem, &alice, S("alice"), str_of(name), str_of(access), NULL,
                           &package, &f->err));
    (void)core_publish(f, &alice, &spec);
}

static void every_view_is_looked_at(void **state)
{
    struct core *f = *state;

    publish_as(f, "authenticated", "auth", "noarch");
    publish_as(f, "private", "priv", "linux-64");
    assert_differs(f, "main", "");
    CORE_CHANGE(f, "UPDATE index_doc SET size = size + 1 WHERE access = 'private' AND "
                   "subdir = 'linux-64' AND name = 'repodata.json'");
    CORE_CHANGE(f, "UPDATE index_doc SET size = size + 1 WHERE access = 'authenticated' AND "
                   "name = 'run_exports.json'");
    assert_differs(f, "main",
                   "private: linux-64/repodata.json\n"
                   "authenticated: noarch/run_exports.json\n");
}

/* It is told where it is, and not again of the views that share it. */
static void what_differs_for_everybody_is_told_once(void **state)
{
    struct core *f = *state;

    publish_as(f, "private", "priv", "linux-64");
    CORE_CHANGE(f, "UPDATE index_doc SET size = size + 1 WHERE access = 'public' AND "
                   "subdir = 'noarch' AND name = 'index.html'");
    assert_differs(f, "main", "noarch/index.html\n");
}

static void documents_of_a_hidden_file_are_not_for_others(void **state)
{
    struct core *f = *state;

    publish_as(f, "private", "priv", "osx-64");
    CORE_CHANGE(f, "UPDATE index_doc SET access = 'public' WHERE access = 'private' AND "
                   "name = 'repodata.json' AND subdir = 'osx-64'");
    assert_differs(f, "main",
                   "osx-64/packages\nosx-64/packages.conda\nosx-64/run_exports\n"
                   "osx-64/run_exports.conda\nosx-64/shards\nosx-64/page\n"
                   "osx-64/repodata.json\nosx-64/repodata.json.zst\n"
                   "osx-64/run_exports.json\nosx-64/run_exports.json.zst\n"
                   "osx-64/repodata_shards.msgpack.zst\nosx-64/index.html\n");
}

static void a_copy_of_what_everybody_has_should_not_be_there(void **state)
{
    struct core *f = *state;

    publish_as(f, "private", "priv", "linux-64");
    CORE_CHANGE(
        f, "INSERT INTO index_doc (account_id, label, access, subdir, name, package, "
           "sha256, size, modified_ms, composed) SELECT account_id, label, 'private', "
           "subdir, name, package, sha256, size, 1, 1 FROM index_doc WHERE subdir = 'noarch' AND "
           "name = 'index.html'");
    /* Nor has the view lists there. */
    assert_differs(f, "main",
                   "private: noarch/packages\nprivate: noarch/packages.conda\n"
                   "private: noarch/run_exports\nprivate: noarch/run_exports.conda\n"
                   "private: noarch/shards\nprivate: noarch/page\n"
                   "private: noarch/index.html\n");
}

/* Where they were all that there was they stay, and are right, though the last private package of
 * the account became public elsewhere. */
static void views_that_are_left_behind_agree(void **state)
{
    struct core *f = *state;
    struct actor alice = {.account_id = 1, .login = S("alice"), .remote = S("192.0.2.1")};

    publish_as(f, "private", "priv", "osx-64");
    publish_as(f, "private", "last", "linux-64");
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("priv"), S("1.0"), &f->err));
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("last"), ACCESS_PUBLIC,
                                  &f->err));
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("priv"), ACCESS_PUBLIC,
                                  &f->err));
    assert_differs(f, "main", "");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_close)
    const struct CMUnitTest tests[] = {
        TEST(what_was_published_agrees),
        TEST(what_became_empty_agrees),
        TEST(a_label_that_nothing_carries_agrees),
        TEST(documents_with_other_bytes_are_told),
        TEST(documents_of_another_size_are_told),
        TEST(documents_that_are_missing_are_told),
        TEST(documents_that_should_not_be_there_are_told),
        TEST(documents_of_the_channel_alone_are_looked_at),
        TEST(files_that_no_document_knows_are_told),
        TEST(channels_with_a_label_are_looked_at_alike),
        TEST(every_view_is_looked_at),
        TEST(what_differs_for_everybody_is_told_once),
        TEST(documents_of_a_hidden_file_are_not_for_others),
        TEST(a_copy_of_what_everybody_has_should_not_be_there),
        TEST(views_that_are_left_behind_agree),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
