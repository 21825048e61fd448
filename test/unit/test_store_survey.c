#include "store_fixture.h"

#include "store/index_doc.h"
#include "store/label.h"
#include "store/survey.h"
#include "store/upload.h"

/* A digest of these two digits, then all of one. */
static struct str sha(struct fixture *f, const char *two, char rest)
{
    struct str tail = digest_of(f->mem, rest);

    return str_fmt(f->mem, "%s%.62s", two, tail.ptr);
}

static int64_t put_file(struct fixture *f, struct tx *tx, const struct tree *t,
                        const char *basename, struct str sha256)
{
    struct file_row row = file_of(f, t->account, t->package, t->release, basename);

    row.sha256 = sha256;
    return add_file(f, tx, &row);
}

static void put_doc(struct fixture *f, struct tx *tx, const struct tree *t, const char *label,
                    const char *subdir, const char *name, struct str sha256, int64_t now_ms)
{
    const struct index_place place = {t->account, str_of(label), ACCESS_PUBLIC, str_of(subdir)};
    const struct index_doc_row row = {str_of(name), S(""), sha256, 7, now_ms, false};

    must(f, index_doc_put(tx, &place, &row, &f->err));
}

static void retire_doc(struct fixture *f, struct tx *tx, const struct tree *t, const char *label,
                       const char *subdir, const char *name)
{
    const struct index_place place = {t->account, str_of(label), ACCESS_PUBLIC, str_of(subdir)};

    must(f, index_doc_retire(tx, &place, str_of(name), 2, &f->err));
}

static void put_upload(struct fixture *f, struct tx *tx, const struct tree *t, char letter,
                       struct str sha256)
{
    struct upload_row row = {.ticket_hash = hash_of(f->mem, letter),
                             .dist_id = str_fmt(f->mem, "%c", letter),
                             .account_id = t->account,
                             .uploader_id = t->account,
                             .package_id = t->package,
                             .release_id = t->release,
                             .type = S("conda"),
                             .basename = S("noarch/u-1-0.conda"),
                             .attrs = S("{}"),
                             .labels = S("[]"),
                             .expires_ms = 10},
                      got;

    must(f, upload_insert(tx, &row, &f->err));
    must(f, upload_by_ticket(tx, f->mem, row.ticket_hash, 1, &got, &f->err));
    if (sha256.len)
        must(f, upload_received(tx, got.id, sha256, str_sub(digest_of(f->mem, 'd'), 0, 32), 9,
                                &f->err));
}

static void named_rows_come_by_digest_from_every_table(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct named_list list = {0};
    int64_t second = put_file(f, tx, &t, "noarch/b-1-0.conda", sha(f, "ab", 'f')),
            first = put_file(f, tx, &t, "noarch/a-1-0.conda", sha(f, "ab", '0'));

    put_doc(f, tx, &t, "main", "noarch", "index.html", sha(f, "ab", '0'), 77);
    put_doc(f, tx, &t, "main", "noarch", "index.html", sha(f, "ab", '5'), 78); /* 0: garbage */
    put_upload(f, tx, &t, 'u', sha(f, "ab", '0'));
    put_upload(f, tx, &t, 'v', S("")); /* nothing received yet */
    must(f, survey_named(tx, f->mem, S("ab"), &list, &f->err));
    assert_int_equal(list.count, 5);
    assert_str(sha(f, "ab", '0'), list.rows[0].sha256);
    assert_int_equal(list.rows[0].kind, NAMED_FILE);
    assert_int_equal(list.rows[0].id, first);
    assert_string_equal(list.rows[0].md5, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_int_equal(list.rows[0].size, 123);
    assert_int_equal(list.rows[0].modified_ms, 0);
    assert_str(sha(f, "ab", '0'), list.rows[1].sha256);
    assert_int_equal(list.rows[1].kind, NAMED_UPLOAD);
    assert_string_equal(list.rows[1].md5, "dddddddddddddddddddddddddddddddd");
    assert_int_equal(list.rows[1].size, 9);
    assert_str(sha(f, "ab", '0'), list.rows[2].sha256);
    assert_int_equal(list.rows[2].kind, NAMED_GARBAGE);
    assert_string_equal(list.rows[2].md5, "");
    assert_str(sha(f, "ab", '5'), list.rows[3].sha256);
    assert_int_equal(list.rows[3].kind, NAMED_DOC);
    assert_string_equal(list.rows[3].md5, "");
    assert_int_equal(list.rows[3].size, 7);
    assert_int_equal(list.rows[3].modified_ms, 78);
    assert_str(sha(f, "ab", 'f'), list.rows[4].sha256);
    assert_int_equal(list.rows[4].id, second);
    tx_endp(&tx);
}

static void each_digest_is_in_the_range_of_its_first_digits_alone(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);

    for (unsigned i = 0; i < 256; i++) {
        const char *two = str_fmt(f->mem, "%02x", i).ptr;

        for (unsigned end = 0; end < 2; end++)
            (void)put_file(f, tx, &t, str_fmt(f->mem, "noarch/%s%u-1-0.conda", two, end).ptr,
                           sha(f, two, end ? 'f' : '0'));
    }
    for (unsigned i = 0; i < 256; i++) {
        const char *two = str_fmt(f->mem, "%02x", i).ptr;
        struct named_list list = {0};

        must(f, survey_named(tx, f->mem, str_of(two), &list, &f->err));
        assert_int_equal(list.count, 2);
        assert_str(sha(f, two, '0'), list.rows[0].sha256);
        assert_str(sha(f, two, 'f'), list.rows[1].sha256);
    }
    tx_endp(&tx);
}

static void subject_is(struct fixture *f, struct tx *tx, const struct named_row *row,
                       const char *expected)
{
    struct str subject = {0};

    if (!expected) {
        assert_int_equal(survey_subject(tx, f->mem, row, &subject, &f->err), ERR_NOT_FOUND);
        return;
    }
    must(f, survey_subject(tx, f->mem, row, &subject, &f->err));
    assert_str(subject, expected);
}

static void a_row_has_a_subject_as_long_as_it_says_the_same(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct named_list list = {0};
    struct named_row changed;

    (void)put_file(f, tx, &t, "noarch/a-1-0.conda", sha(f, "ab", '0'));
    put_upload(f, tx, &t, 'u', sha(f, "ab", '1'));
    put_doc(f, tx, &t, "main", "noarch", "index.html", sha(f, "ab", '2'), 1);
    put_doc(f, tx, &t, "dev", "", "rss.xml", sha(f, "ab", '3'), 1);
    must(f, survey_named(tx, f->mem, S("ab"), &list, &f->err));
    assert_int_equal(list.count, 4);
    subject_is(f, tx, &list.rows[0], "alice/numpy/1.0/noarch/a-1-0.conda");
    subject_is(f, tx, &list.rows[1], "alice/numpy/1.0/noarch/u-1-0.conda");
    subject_is(f, tx, &list.rows[2], "alice/noarch/index.html");
    subject_is(f, tx, &list.rows[3], "alice/label/dev/rss.xml");
    for (size_t i = 0; i < list.count; i++) {
        changed = list.rows[i];
        changed.size++;
        subject_is(f, tx, &changed, NULL);
        changed = list.rows[i];
        changed.sha256[63] = '7';
        subject_is(f, tx, &changed, NULL);
        changed = list.rows[i];
        changed.id += 1000;
        subject_is(f, tx, &changed, NULL);
    }
    changed = list.rows[0];
    changed.md5[0] = '7';
    subject_is(f, tx, &changed, NULL);
    changed = list.rows[1];
    changed.md5[0] = '7';
    subject_is(f, tx, &changed, NULL);
    changed = list.rows[2];
    changed.modified_ms++;
    subject_is(f, tx, &changed, NULL);
    /* The same bytes once more, but not all the time. */
    put_doc(f, tx, &t, "main", "noarch", "index.html", sha(f, "ab", '4'), 2);
    put_doc(f, tx, &t, "main", "noarch", "index.html", sha(f, "ab", '2'), 3);
    subject_is(f, tx, &list.rows[2], NULL);
    tx_endp(&tx);
}

static void channels_have_files_or_current_documents(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct surveyed_channels list = {0};
    int64_t file = put_file(f, tx, &t, "noarch/a-1-0.conda", sha(f, "ab", '0')), label;

    must(f, survey_channels(tx, f->mem, &list, &f->err));
    assert_int_equal(list.count, 0);
    must(f, label_ensure(tx, t.account, S("unused"), &label, &f->err));
    must(f, label_ensure(tx, t.account, S("main"), &label, &f->err));
    must(f, label_attach(tx, file, label, ACCESS_PUBLIC, &f->err));
    put_doc(f, tx, &t, "main", "noarch", "index.html", sha(f, "ab", '2'), 1);
    put_doc(f, tx, &t, "dev", "noarch", "index.html", sha(f, "ab", '2'), 1);
    put_doc(f, tx, &t, "old", "noarch", "index.html", sha(f, "ab", '2'), 1);
    retire_doc(f, tx, &t, "old", "noarch", "index.html");
    t.account = add_account(f, tx, "aaron");
    put_doc(f, tx, &t, "main", "", "rss.xml", sha(f, "ab", '2'), 1);
    must(f, survey_channels(tx, f->mem, &list, &f->err));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.rows[0].account_id, t.account);
    assert_str(list.rows[0].owner, "aaron");
    assert_str(list.rows[0].label, "main");
    assert_str(list.rows[1].owner, "alice");
    assert_str(list.rows[1].label, "dev");
    assert_str(list.rows[2].owner, "alice");
    assert_str(list.rows[2].label, "main");
    tx_endp(&tx);
}

static void subdirs_have_files_or_current_documents(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    struct surveyed_subdirs list = {0};
    int64_t file = put_file(f, tx, &t, "noarch/a-1-0.conda", sha(f, "ab", '0')),
            other = put_file(f, tx, &t, "osx-64/a-1-0.conda", sha(f, "ab", '0')), label;

    must(f, survey_subdirs(tx, f->mem, t.account, S("main"), &list, &f->err));
    assert_int_equal(list.count, 0);
    must(f, label_ensure(tx, t.account, S("main"), &label, &f->err));
    must(f, label_attach(tx, file, label, ACCESS_PUBLIC, &f->err));
    must(f, label_ensure(tx, t.account, S("dev"), &label, &f->err));
    must(f, label_attach(tx, other, label, ACCESS_PUBLIC, &f->err));
    put_doc(f, tx, &t, "main", "", "rss.xml", sha(f, "ab", '2'), 1);
    put_doc(f, tx, &t, "main", "linux-64", "index.html", sha(f, "ab", '2'), 1);
    put_doc(f, tx, &t, "main", "noarch", "index.html", sha(f, "ab", '2'), 1);
    put_doc(f, tx, &t, "main", "win-64", "index.html", sha(f, "ab", '2'), 1);
    retire_doc(f, tx, &t, "main", "win-64", "index.html");
    must(f, survey_subdirs(tx, f->mem, t.account, S("main"), &list, &f->err));
    assert_int_equal(list.count, 2);
    assert_str(list.items[0], "linux-64");
    assert_str(list.items[1], "noarch");
    tx_endp(&tx);
}

static void versions_that_have_files_come_with_their_package(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = begin(f, TX_WRITE);
    struct tree t = add_tree(f, tx);
    int64_t bare = add_package(f, tx, t.account, "bare");
    struct rows *rows = NULL;

    (void)add_release(f, tx, t.package, "2.0"); /* without files */
    (void)add_release(f, tx, bare, "1.0");
    (void)put_file(f, tx, &t, "noarch/a-1-0.conda", sha(f, "ab", '0'));
    (void)put_file(f, tx, &t, "noarch/b-1-0.conda", sha(f, "ab", '0'));
    must(f, package_update(tx, t.package, S(""), S("{}"), S("1.0"), 1, &f->err));
    must(f, survey_versions(tx, &rows, &f->err));
    assert_true(rows_next(rows));
    assert_int_equal(rows_int(rows, SURVEY_VERSION_PACKAGE_ID), t.package);
    assert_str(rows_text(rows, SURVEY_VERSION_OWNER), "alice");
    assert_str(rows_text(rows, SURVEY_VERSION_PACKAGE), "numpy");
    assert_str(rows_text(rows, SURVEY_VERSION_LATEST), "1.0");
    assert_str(rows_text(rows, SURVEY_VERSION_VERSION), "1.0");
    assert_true(rows_next(rows));
    assert_int_equal(rows_int(rows, SURVEY_VERSION_PACKAGE_ID), bare);
    assert_str(rows_text(rows, SURVEY_VERSION_LATEST), "");
    assert_true(rows_null(rows, SURVEY_VERSION_VERSION));
    assert_false(rows_next(rows));
    must(f, rows_error(rows, &f->err));
    rows_endp(&rows);
    tx_endp(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(named_rows_come_by_digest_from_every_table),
        WITH_DATABASE(each_digest_is_in_the_range_of_its_first_digits_alone),
        WITH_DATABASE(a_row_has_a_subject_as_long_as_it_says_the_same),
        WITH_DATABASE(channels_have_files_or_current_documents),
        WITH_DATABASE(subdirs_have_files_or_current_documents),
        WITH_DATABASE(versions_that_have_files_come_with_their_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
