#include "store_fixture.h"

#include "base/buf.h"
#include "store/index_doc.h"
#include "store/label.h"
#include "store/upload.h"

/* --- files --------------------------------------------------------------------------------- */

static void inserted_file_is_found_by_its_basename(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row row = file_of(f, t.account, t.package, t.release, "linux-64/numpy-1.0-0.conda"),
                    got = {0};
    int64_t id = add_file(f, tx, &row);

    must(f,
         file_find(tx, f->mem, CONDA(t.account, S("linux-64/numpy-1.0-0.conda")), &got, &f->err));
    assert_int_equal(got.id, id);
    assert_int_equal(got.package_id, t.package);
    assert_int_equal(got.release_id, t.release);
    assert_int_equal(got.account_id, t.account);
    assert_str(got.owner, "alice");
    assert_str(got.package, "numpy");
    assert_str(got.version, "1.0");
    assert_str(got.type, "conda");
    assert_str(got.basename, "linux-64/numpy-1.0-0.conda");
    assert_str(got.subdir, "linux-64");
    assert_str(got.filename, "numpy-1.0-0.conda");
    assert_true(str_eq(got.sha256, row.sha256));
    assert_true(str_eq(got.md5, row.md5));
    assert_int_equal(got.size, 123);
    assert_str(got.record, "{\"build\":\"0\"}");
    assert_str(got.run_exports, "{}");
    assert_str(got.about, "{\"summary\":\"s\"}");
    assert_str(got.facts, "{\"icon\":null}");
    assert_str(got.description, "d");
    assert_int_equal(got.build_timestamp_ms, 4000);
    assert_int_equal(got.uploaded_ms, 5000);
    assert_int_equal(got.uploader_id, t.account);
    must(f, file_delete(tx, id, &f->err));
    assert_int_equal(file_delete(tx, id, NULL), ERR_NOT_FOUND);
    assert_int_equal(file_find(tx, f->mem, CONDA(t.account, row.basename), &got, NULL),
                     ERR_NOT_FOUND);
    tx_endp(&tx);
}

static void other_packages_with_files_below_a_key_are_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t other = add_package(f, tx, t.account, "z"), more = add_package(f, tx, t.account, "y"),
            of_other = add_release(f, tx, other, "1"), of_more = add_release(f, tx, more, "1");
    const struct {
        const char *key;
        int64_t package, release;
    } files[] = {
        {"a/x", t.package, t.release}, {"a/y", other, of_other}, {"a/z", other, of_other},
        {"a/a", more, of_more},        {"a-b/x", more, of_more}, {"a", more, of_more},
        {"a0", more, of_more},         {"b/x", more, of_more},
    };
    const struct file_name below_a = {t.account, S("pypi"), S("a")};
    struct name_list got = {0};

    for (size_t i = 0; i < COUNT(files); i++) {
        struct str basename = str_fmt(f->mem, "noarch/f%zu-1-0.conda", i);
        struct file_row row =
            file_of(f, t.account, files[i].package, files[i].release, str_z(f->mem, basename));

        row.type = S("pypi");
        row.name_key = str_of(files[i].key);
        (void)add_file(f, tx, &row);
    }
    must(f, file_packages_below(tx, f->mem, &below_a, t.package, &got, &f->err));
    assert_int_equal(got.count, 2);
    assert_str(got.names[0], "y");
    assert_str(got.names[1], "z");
    must(f, file_packages_below(tx, f->mem, &(struct file_name){t.account, S("pypi"), S("b")}, more,
                                &got, &f->err));
    assert_int_equal(got.count, 0);
    must(f, file_packages_below(tx, f->mem, &(struct file_name){t.account, S("r"), S("a")}, 0, &got,
                                &f->err));
    assert_int_equal(got.count, 0);
    must(f, file_packages_below(tx, f->mem, &(struct file_name){t.account + 1, S("pypi"), S("a")},
                                0, &got, &f->err));
    assert_int_equal(got.count, 0);
    tx_endp(&tx);
}

static void basename_is_unique_within_an_account(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row row = file_of(f, t.account, t.package, t.release, "noarch/x-1-0.conda");
    int64_t bob = add_account(f, tx, "bob"), package = add_package(f, tx, bob, "x"),
            release = add_release(f, tx, package, "1"), id = 0;
    struct file_row of_bob = file_of(f, bob, package, release, "noarch/x-1-0.conda");

    (void)add_file(f, tx, &row);
    (void)add_file(f, tx, &of_bob);
    assert_int_equal(file_insert(tx, &row, &id, &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.msg, "file \"noarch/x-1-0.conda\" exists already");
    assert_int_equal(id, 0);
    tx_endp(&tx);
}

/* The numbers of a file's parents are checked against each other, not only one by one. */
static void file_cannot_be_filed_under_the_wrong_parents(void **state)
{
    struct fixture *f = *state;

    for (int wrong = 0; wrong < 2; wrong++) {
        struct tx *tx = begin(f, TX_WRITE);
        struct tree t = add_tree(f, tx);
        int64_t bob = add_account(f, tx, "bob"), package = add_package(f, tx, bob, "x"), id = 0;
        struct file_row row = file_of(f, t.account, t.package, t.release, "noarch/x-1-0.conda");

        if (wrong == 0)
            row.account_id = bob; /* not the account of the package */
        else
            row.package_id = package; /* not the package of the release */
        assert_int_equal(file_insert(tx, &row, &id, &f->err), ERR_INVALID);
        tx_endp(&tx);
    }
}

static void unknown_uploader_is_nobody(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row row = file_of(f, t.account, t.package, t.release, "noarch/x-1-0.conda"),
                    got = {.uploader_id = 77};

    row.uploader_id = 0;
    (void)add_file(f, tx, &row);
    must(f, file_find(tx, f->mem, CONDA(t.account, row.basename), &got, &f->err));
    assert_int_equal(got.uploader_id, 0);
    tx_endp(&tx);
}

static void files_are_listed_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t second = add_release(f, tx, t.package, "2.0");
    struct file_row a = file_of(f, t.account, t.package, second, "noarch/a-2-0.conda"),
                    b = file_of(f, t.account, t.package, t.release, "noarch/b-1-0.conda"),
                    c = file_of(f, t.account, t.package, t.release, "noarch/c-1-0.conda");
    struct file_list list = {0};

    c.uploaded_ms = 10;
    b.uploaded_ms = 20;
    a.uploaded_ms = 30;
    (void)add_file(f, tx, &a);
    (void)add_file(f, tx, &b);
    (void)add_file(f, tx, &c);
    must(f, file_list_by_package(tx, f->mem, t.package, &list, &f->err));
    assert_int_equal(list.count, 3);
    assert_str(list.rows[0].filename, "c-1-0.conda");
    assert_str(list.rows[1].filename, "b-1-0.conda");
    assert_str(list.rows[2].filename, "a-2-0.conda");
    assert_str(list.rows[2].version, "2.0");
    must(f, file_list_by_release(tx, f->mem, t.release, &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.rows[0].filename, "c-1-0.conda");
    assert_str(list.rows[1].filename, "b-1-0.conda");
    tx_endp(&tx);
}

/* --- channels ------------------------------------------------------------------------------ */

/* Files of packages b (1.0) and a (1.0, 2.0): some carry "main", some "dev", one both. */
struct channel_rows {
    int64_t account, main, dev;
};

static void add_labelled(struct fixture *f, struct tx *tx, const struct channel_rows *c,
                         int64_t package, int64_t release, const char *basename, const char *labels)
{
    struct file_row row = file_of(f, c->account, package, release, basename);
    int64_t id = add_file(f, tx, &row);

    if (strchr(labels, 'm'))
        must(f, label_attach(tx, id, c->main, ACCESS_PUBLIC, &f->err));
    if (strchr(labels, 'd'))
        must(f, label_attach(tx, id, c->dev, ACCESS_PUBLIC, &f->err));
}

static struct channel_rows add_channel(struct fixture *f, struct tx *tx)
{
    struct channel_rows c = {.account = add_account(f, tx, "alice")};
    int64_t b = add_package(f, tx, c.account, "b"), a = add_package(f, tx, c.account, "a");
    int64_t b1 = add_release(f, tx, b, "1.0"), a2 = add_release(f, tx, a, "2.0"),
            a1 = add_release(f, tx, a, "1.0");

    must(f, label_ensure(tx, c.account, S("main"), &c.main, &f->err));
    must(f, label_ensure(tx, c.account, S("dev"), &c.dev, &f->err));
    add_labelled(f, tx, &c, b, b1, "noarch/b-1.0-0.conda", "m");
    add_labelled(f, tx, &c, b, b1, "linux-64/b-1.0-0.conda", "md");
    add_labelled(f, tx, &c, a, a2, "noarch/a-2.0-0.conda", "m");
    add_labelled(f, tx, &c, a, a1, "noarch/a-1.0-1.conda", "m");
    add_labelled(f, tx, &c, a, a1, "noarch/a-1.0-0.conda", "m");
    add_labelled(f, tx, &c, a, a1, "linux-64/a-1.0-0.conda", "d");
    add_labelled(f, tx, &c, a, a1, "noarch/nowhere-1.0-0.conda", "");
    return c;
}

static void assert_channel_up_to(struct fixture *f, struct tx *tx, int64_t account,
                                 const char *label, const char *subdir, enum access_level widest,
                                 const char *expected)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    AUTO(buf_done) struct buf got = BUF_INIT(4096);

    must(f, file_query_channel(tx, account, str_of(label), str_of(subdir), widest, &rows, &f->err));
    while (rows_next(rows)) {
        buf_add(&got, rows_text(rows, FILE_CHANNEL_SUBDIR));
        buf_addc(&got, '/');
        buf_add(&got, rows_text(rows, FILE_CHANNEL_FILENAME));
        buf_addc(&got, ' ');
        assert_int_equal(rows_text(rows, FILE_CHANNEL_SHA256).len, 64);
        assert_int_equal(rows_text(rows, FILE_CHANNEL_MD5).len, 32);
        assert_int_equal(rows_int(rows, FILE_CHANNEL_SIZE), 123);
        assert_str(rows_text(rows, FILE_CHANNEL_RECORD), "{\"build\":\"0\"}");
        assert_str(rows_text(rows, FILE_CHANNEL_RUN_EXPORTS), "{}");
        assert_str(rows_text(rows, FILE_CHANNEL_ABOUT), "{\"summary\":\"s\"}");
        assert_str(rows_text(rows, FILE_CHANNEL_FACTS), "{\"icon\":null}");
        assert_int_equal(rows_int(rows, FILE_CHANNEL_UPLOADED), 5000);
        assert_int_equal(rows_int(rows, FILE_CHANNEL_BUILT), 4000);
        assert_int_equal(rows_text(rows, FILE_CHANNEL_PACKAGE).len, 1);
        assert_int_equal(rows_text(rows, FILE_CHANNEL_VERSION).len, 3);
        assert_true(rows_int(rows, FILE_CHANNEL_PACKAGE_ID) > 0);
    }
    must(f, rows_error(rows, &f->err));
    assert_str(buf_str(&got), expected);
}

static void assert_channel(struct fixture *f, struct tx *tx, int64_t account, const char *label,
                           const char *subdir, const char *expected)
{
    bool any = expected[0] == '\0';

    assert_channel_up_to(f, tx, account, label, subdir, ACCESS_PUBLIC, expected);
    must(f, file_channel_any(tx, account, str_of(label), str_of(subdir), ACCESS_PUBLIC, &any,
                             &f->err));
    assert_int_equal(any, expected[0] != '\0');
}

static void channel_subdir_holds_the_labelled_files_by_filename(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct channel_rows c = add_channel(f, tx);

    assert_channel(f, tx, c.account, "main", "noarch",
                   "noarch/a-1.0-0.conda noarch/a-1.0-1.conda noarch/a-2.0-0.conda "
                   "noarch/b-1.0-0.conda ");
    assert_channel(f, tx, c.account, "main", "linux-64", "linux-64/b-1.0-0.conda ");
    assert_channel(f, tx, c.account, "dev", "linux-64",
                   "linux-64/a-1.0-0.conda linux-64/b-1.0-0.conda ");
    assert_channel(f, tx, c.account, "dev", "noarch", "");
    assert_channel(f, tx, c.account, "none", "noarch", "");
    assert_channel(f, tx, c.account + 1, "main", "noarch", "");
    tx_endp(&tx);
}

static void whole_channel_is_by_package_version_and_subdir(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct channel_rows c = add_channel(f, tx);

    assert_channel(f, tx, c.account, "main", "",
                   "noarch/a-1.0-0.conda noarch/a-1.0-1.conda noarch/a-2.0-0.conda "
                   "linux-64/b-1.0-0.conda noarch/b-1.0-0.conda ");
    assert_channel(f, tx, c.account, "dev", "", "linux-64/a-1.0-0.conda linux-64/b-1.0-0.conda ");
    assert_channel(f, tx, c.account + 1, "dev", "", "");
    tx_endp(&tx);
}

static void channel_holds_what_is_no_wider_than_asked_for(void **state)
{
    static const char *const noarch[ACCESS_LEVELS] = {
        "", "noarch/b-1.0-0.conda ",
        "noarch/a-1.0-0.conda noarch/a-1.0-1.conda noarch/a-2.0-0.conda noarch/b-1.0-0.conda "};
    static const char *const all_dev[ACCESS_LEVELS] = {
        "", "linux-64/b-1.0-0.conda ", "linux-64/a-1.0-0.conda linux-64/b-1.0-0.conda "};
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct channel_rows c = add_channel(f, tx);
    struct package_row a, b;
    struct file_row got = {0};

    must(f, package_find(tx, f->mem, S("alice"), S("a"), &a, &f->err));
    must(f, package_find(tx, f->mem, S("alice"), S("b"), &b, &f->err));
    must(f, package_set_access(tx, a.id, ACCESS_PRIVATE, &f->err));
    must(f, package_set_access(tx, b.id, ACCESS_AUTHENTICATED, &f->err));
    for (unsigned i = 0; i < ACCESS_LEVELS; i++) {
        enum access_level level = (enum access_level)i;
        bool any = i == ACCESS_PUBLIC;

        assert_channel_up_to(f, tx, c.account, "main", "noarch", level, noarch[i]);
        assert_channel_up_to(f, tx, c.account, "dev", "", level, all_dev[i]);
        must(f, file_channel_any(tx, c.account, S("dev"), S(""), level, &any, &f->err));
        assert_int_equal(any, i > ACCESS_PUBLIC);
        must(f, file_channel_any(tx, c.account, S("dev"), S("noarch"), level, &any, &f->err));
        assert_false(any);
    }
    must(f, file_in_channel(tx, f->mem, CONDA(c.account, S("noarch/a-2.0-0.conda")), S("main"),
                            &got, &f->err));
    assert_int_equal(got.package_id, a.id);
    assert_int_equal(got.access, ACCESS_PRIVATE);
    must(f, file_find(tx, f->mem, CONDA(c.account, S("noarch/b-1.0-0.conda")), &got, &f->err));
    assert_int_equal(got.access, ACCESS_AUTHENTICATED);
    tx_endp(&tx);
}

static void rows_of_a_channel_say_whose_they_are(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct channel_rows c = add_channel(f, tx);
    struct rows *rows = NULL;
    struct package_row b;

    must(f, package_find(tx, f->mem, S("alice"), S("b"), &b, &f->err));
    must(f, package_set_access(tx, b.id, ACCESS_PRIVATE, &f->err));
    must(f, file_query_channel(tx, c.account, S("main"), S("linux-64"), ACCESS_PRIVATE, &rows,
                               &f->err));
    assert_true(rows_next(rows));
    assert_int_equal(rows_int(rows, FILE_CHANNEL_PACKAGE_ID), b.id);
    assert_str(rows_text(rows, FILE_CHANNEL_ACCESS), "private");
    assert_false(rows_next(rows));
    rows_endp(&rows);
    tx_endp(&tx);
}

/* A label of the same name in another account opens nothing. */
static void label_of_another_account_does_not_count(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct channel_rows c = add_channel(f, tx);
    int64_t bob = add_account(f, tx, "bob"), label = 0;
    struct file_row got = {0};

    must(f, label_ensure(tx, bob, S("secret"), &label, &f->err));
    must(f,
         file_find(tx, f->mem, CONDA(c.account, S("noarch/nowhere-1.0-0.conda")), &got, &f->err));
    must(f, label_attach(tx, got.id, label, ACCESS_PUBLIC, &f->err));
    assert_int_equal(
        file_in_channel(tx, f->mem, CONDA(c.account, got.basename), S("secret"), &got, NULL),
        ERR_NOT_FOUND);
    assert_channel(f, tx, c.account, "secret", "noarch", "");
    assert_channel(f, tx, bob, "secret", "noarch", "");
    tx_endp(&tx);
}

static void file_is_in_the_channels_whose_label_it_carries(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct channel_rows c = add_channel(f, tx);
    struct file_row got = {0};
    struct str name = S("linux-64/a-1.0-0.conda");

    must(f, file_in_channel(tx, f->mem, CONDA(c.account, name), S("dev"), &got, &f->err));
    assert_true(got.id > 0);
    assert_true(str_eq(got.sha256, digest_of(f->mem, 'a')));
    assert_int_equal(got.size, 123);
    assert_int_equal(got.uploaded_ms, 5000);
    assert_int_equal(file_in_channel(tx, f->mem, CONDA(c.account, name), S("main"), &got, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(file_in_channel(tx, f->mem, CONDA(c.account + 1, name), S("dev"), &got, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(file_in_channel(tx, f->mem, CONDA(c.account, S("noarch/nowhere-1.0-0.conda")),
                                     S("main"), &got, NULL),
                     ERR_NOT_FOUND);
    tx_endp(&tx);
}

/* --- names and bytes ----------------------------------------------------------------------- */

static void retired_name_stays_known(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    int64_t alice = add_account(f, tx, "alice"), bob = add_account(f, tx, "bob");
    struct str name = S("noarch/x-1-0.conda");
    bool retired = true;

    must(f, file_name_retired(tx, CONDA(alice, name), &retired, &f->err));
    assert_false(retired);
    must(f, file_name_retire(tx, CONDA(alice, name), digest_of(f->mem, 'a'), 1, &f->err));
    must(f,
         file_name_retire(tx, CONDA(alice, name), digest_of(f->mem, 'b'), 2, &f->err)); /* again */
    must(f, file_name_retired(tx, CONDA(alice, name), &retired, &f->err));
    assert_true(retired);
    must(f, file_name_retired(tx, CONDA(bob, name), &retired, &f->err));
    assert_false(retired);
    tx_endp(&tx);
}

static bool used(struct fixture *f, struct tx *tx, char letter)
{
    bool is = false;

    must(f, file_blob_used(tx, digest_of(f->mem, letter), &is, &f->err));
    return is;
}

static void bytes_are_used_by_files_uploads_and_documents(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct file_row row = file_of(f, t.account, t.package, t.release, "noarch/x-1-0.conda");
    struct upload_row upload = {.ticket_hash = hash_of(f->mem, 't'),
                                .dist_id = S("d"),
                                .account_id = t.account,
                                .uploader_id = t.account,
                                .package_id = t.package,
                                .release_id = t.release,
                                .type = S("conda"),
                                .basename = S("noarch/y-1-0.conda"),
                                .expires_ms = 10};
    const struct index_place noarch = {t.account, S("main"), ACCESS_PUBLIC, S("noarch")};
    struct index_doc_row doc = {.name = S("repodata.json"), .sha256 = digest_of(f->mem, 'd')};

    assert_false(used(f, tx, 'a'));
    row.id = add_file(f, tx, &row);
    assert_true(used(f, tx, 'a'));
    must(f, upload_insert(tx, &upload, &f->err));
    must(f, upload_by_dist_id(tx, f->mem, S("d"), 0, &upload, &f->err));
    assert_false(used(f, tx, 'u'));
    must(f,
         upload_received(tx, upload.id, digest_of(f->mem, 'u'), hash_of(f->mem, 'm'), 1, &f->err));
    assert_true(used(f, tx, 'u'));
    must(f, upload_delete(tx, upload.id, &f->err));
    assert_false(used(f, tx, 'u'));
    must(f, index_doc_put(tx, &noarch, &doc, &f->err));
    assert_true(used(f, tx, 'd'));
    doc.sha256 = digest_of(f->mem, 'e');
    must(f, index_doc_put(tx, &noarch, &doc, &f->err));
    assert_true(used(f, tx, 'd')); /* replaced, but perhaps still being read */
    assert_true(used(f, tx, 'e'));
    must(f, file_delete(tx, row.id, &f->err));
    assert_false(used(f, tx, 'a'));
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(inserted_file_is_found_by_its_basename),
        WITH_DATABASE(other_packages_with_files_below_a_key_are_found),
        WITH_DATABASE(basename_is_unique_within_an_account),
        WITH_DATABASE(file_cannot_be_filed_under_the_wrong_parents),
        WITH_DATABASE(unknown_uploader_is_nobody),
        WITH_DATABASE(files_are_listed_oldest_first),
        WITH_DATABASE(channel_subdir_holds_the_labelled_files_by_filename),
        WITH_DATABASE(whole_channel_is_by_package_version_and_subdir),
        WITH_DATABASE(channel_holds_what_is_no_wider_than_asked_for),
        WITH_DATABASE(rows_of_a_channel_say_whose_they_are),
        WITH_DATABASE(label_of_another_account_does_not_count),
        WITH_DATABASE(file_is_in_the_channels_whose_label_it_carries),
        WITH_DATABASE(retired_name_stays_known),
        WITH_DATABASE(bytes_are_used_by_files_uploads_and_documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
