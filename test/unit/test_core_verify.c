/* Everything that can be wrong is told, and nothing that is right. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/inspect.h"
#include "core/verify.h"

static const struct core_spec x1 = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
static const struct core_spec y1 = {"y", "1.0", "0", "linux-64", NULL, NULL, NULL};

/* What a run found. */
struct findings {
    struct core *f;
    struct buf lines; /* "kind subject detail\n" */
    struct verify_report report;
    uint64_t progress; /* calls */
    uint64_t when;     /* the call of progress at which something happens meanwhile */
    void (*meanwhile)(struct core *f);
};

static void found(void *ctx, const struct verify_finding *finding)
{
    struct findings *v = ctx;

    buf_addf(&v->lines, "%s ", finding->kind);
    buf_add(&v->lines, finding->subject);
    buf_addc(&v->lines, ' ');
    buf_add(&v->lines, finding->detail);
    buf_addc(&v->lines, '\n');
}

static void progress(void *ctx, const struct verify_report *so_far)
{
    struct findings *v = ctx;

    assert_true(so_far->bytes >= v->report.bytes);
    v->report = *so_far;
    if (v->meanwhile && v->progress == v->when)
        v->meanwhile(v->f);
    v->progress++;
}

static struct findings run(struct core *f, bool quick)
{
    struct findings v = {.f = f, .lines = BUF_INIT(1024 * 1024)};
    const struct verify_options options = {quick, found, progress, &v};

    must(f, verify_all(&f->app, &options, &v.report, &f->err));
    return v;
}

static void assert_found(struct core *f, bool quick, struct str expected)
{
    struct findings v = run(f, quick);
    uint64_t lines = 0;

    assert_non_null(expected.ptr);
    assert_str(buf_str(&v.lines), str_z(f->mem, expected));
    for (size_t i = 0; i < v.lines.len; i++)
        lines += v.lines.ptr[i] == '\n';
    assert_int_equal(v.report.problems, lines);
    buf_done(&v.lines);
}

static void assert_well(struct core *f)
{
    assert_found(f, false, S(""));
    assert_found(f, true, S(""));
}

static void remove_blob(struct core *f, struct str sha256)
{
    must(f, blob_remove(f->app.blobs, sha256, &f->err));
}

/* ---- what is in order ---- */

static void an_empty_site_is_in_order(void **state)
{
    struct core *f = *state;
    struct findings v = run(f, false);

    assert_int_equal(v.lines.len, 0);
    assert_int_equal(v.report.files + v.report.uploads + v.report.documents + v.report.channels +
                         v.report.packages + v.report.bytes + v.report.orphans,
                     0);
}

static void everything_is_counted_and_nothing_changed(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct file_path path = core_path(f, "alice", &y1);
    struct file_row x = core_publish(f, &alice, &x1);
    struct str before;
    struct findings v;

    core_publish(f, &bob, &x1);
    (void)core_upload(f, &alice, &path, S("half a package"));
    (void)core_stage(f, &alice, &path); /* nothing received */
    before = core_rows(f);
    v = run(f, false);
    assert_int_equal(v.lines.len, 0);
    assert_int_equal(v.report.problems, 0);
    assert_int_equal(v.report.files, 2);
    assert_int_equal(v.report.uploads, 1);
    /* Of each channel a shard, and a chunk of each list that has something. */
    assert_int_equal(v.report.documents,
                     CORE_NUMBER(f, "SELECT (SELECT COUNT(*) FROM index_doc WHERE composed = 0) + "
                                    "(SELECT COUNT(*) FROM index_chunk)"));
    assert_int_equal(v.report.documents, 14);
    assert_int_equal(v.report.channels, 2);
    assert_int_equal(v.report.packages, 3);
    assert_true(v.report.bytes >= (uint64_t)x.size);
    assert_int_equal(v.report.orphans, 0);
    assert_true(v.progress > 20);
    assert_true(str_eq(core_rows(f), before));
    v = run(f, true);
    assert_int_equal(v.report.bytes, 0);
    assert_int_equal(v.report.documents, 14);
    buf_done(&v.lines);
}

static void replaced_documents_are_in_order(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    core_publish(f, &alice, &x1);
    core_publish(f, &alice, &y1);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_true(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_past_chunk") > 0);
    assert_well(f);
}

/* Bytes that nobody is promised any more: readers of a moment ago may still get them. */
static void missing_garbage_is_no_problem(void **state)
{
    struct core *f = *state;
    struct blob_id id;
    struct findings v;

    CORE_CHANGE(f, "INSERT INTO index_garbage (sha256, retired_ms) VALUES "
                   "('7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', 1)");
    assert_well(f);
    must(f, blob_put(f->app.blobs, S("one"), &id, &f->err));
    v = run(f, false);
    assert_int_equal(v.report.bytes + v.report.problems + v.report.orphans, 0);
    buf_done(&v.lines);
}

static void orphans_are_told_and_no_problem(void **state)
{
    struct core *f = *state;
    struct blob_id id;
    struct findings v;

    must(f, blob_put(f->app.blobs, S("one"), &id, &f->err));
    must(f, blob_put(f->app.blobs, S("three"), &id, &f->err));
    v = run(f, true);
    assert_int_equal(v.lines.len, 0);
    assert_int_equal(v.report.orphans, 2);
    assert_int_equal(v.report.orphan_bytes, 8);
    assert_int_equal(v.report.problems, 0);
}

/* ---- bytes ---- */

#define X_OF(f, owner) str_fmt((f)->mem, "%s/x/1.0/noarch/x-1.0-0.tar.bz2", (owner))

static void a_missing_file_is_told_of_each_who_has_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct file_row x = core_publish(f, &alice, &x1);
    const char *sha256 = str_z(f->mem, x.sha256);

    core_publish(f, &bob, &x1);
    core_publish(f, &bob, &y1);
    remove_blob(f, x.sha256);
    for (int quick = 0; quick < 2; quick++)
        assert_found(f, quick,
                     str_fmt(f->mem, "missing %s sha256:%s\nmissing %s sha256:%s\n",
                             X_OF(f, "alice").ptr, sha256, X_OF(f, "bob").ptr, sha256));
}

static void a_truncated_file_is_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row x = core_publish(f, &alice, &x1);
    struct str bytes = core_read_blob(f, x.sha256);

    core_break_blob(f, x.sha256, str_sub(bytes, 0, bytes.len - 1));
    for (int quick = 0; quick < 2; quick++)
        assert_found(f, quick,
                     str_fmt(f->mem, "size %s sha256:" STR_FMT ", %zu bytes instead of %zu\n",
                             X_OF(f, "alice").ptr, STR_ARG(x.sha256), bytes.len - 1, bytes.len));
}

static void a_damaged_file_is_told_by_reading_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row x = core_publish(f, &alice, &x1);
    struct str bytes = core_read_blob(f, x.sha256);
    char *broken = str_z(f->mem, bytes);

    broken[bytes.len / 2] ^= 1;
    core_break_blob(f, x.sha256, (struct str){broken, bytes.len});
    assert_found(f, true, S(""));
    assert_found(f, false,
                 str_fmt(f->mem,
                         "damaged %s sha256:" STR_FMT ", the bytes have sha256:" STR_FMT "\n",
                         X_OF(f, "alice").ptr, STR_ARG(x.sha256),
                         STR_ARG(core_sha256(f, (struct str){broken, bytes.len}))));
}

static void a_wrong_md5_is_told_by_reading(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &x1);
    struct str bytes = S("one"), sha256 = core_sha256(f, bytes);

    (void)core_upload(f, &alice, &path, bytes);
    CORE_CHANGE(f, "UPDATE upload SET md5 = '00000000000000000000000000000000'");
    assert_found(f, true, S(""));
    assert_found(f, false,
                 str_fmt(f->mem,
                         "md5 %s sha256:" STR_FMT
                         ", the bytes have md5:f97c5d29941bfb1b2fdab0874906ab82 instead of "
                         "md5:00000000000000000000000000000000\n",
                         X_OF(f, "alice").ptr, STR_ARG(sha256)));
}

static void larger_files_are_read_in_pieces(void **state)
{
    enum { SIZE = 9 * 1024 * 1024 + 1 };
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &y1);
    char *bytes = arena_alloc(f->mem, SIZE, 1);
    struct str all = {bytes, SIZE};
    struct findings v;

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 7 + i / 4096);
    (void)core_upload(f, &alice, &path, all);
    v = run(f, false);
    assert_int_equal(v.lines.len, 0);
    assert_int_equal(v.report.bytes, SIZE);
    bytes[SIZE - 1] ^= 1;
    core_break_blob(f, CORE_TEXT(f, "SELECT sha256 FROM upload"), all);
    v = run(f, false);
    assert_true(str_starts(buf_str(&v.lines), S("damaged alice/y/1.0/linux-64/y-1.0-0.tar.bz2 ")));
    assert_int_equal(v.report.problems, 1);
    buf_done(&v.lines);
}

static void what_is_in_the_trash_must_be_whole(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &x1);
    struct file_row file = core_publish(f, &alice, &x1), removed;

    must(f, file_remove(&f->app, f->mem, &alice, &path, &removed, &f->err));
    assert_well(f);
    assert_int_equal(run(f, true).report.trash, 1);
    assert_int_equal(run(f, true).report.files, 0);
    remove_blob(f, file.sha256);
    assert_found(f, false,
                 str_fmt(f->mem,
                         "missing trash: alice/x/1.0/noarch/x-1.0-0.tar.bz2 sha256:" STR_FMT "\n",
                         STR_ARG(file.sha256)));
}

static void a_wrong_count_of_bytes_is_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row file = core_publish(f, &alice, &x1);

    CORE_CHANGE(f, "UPDATE account_space SET used = 7");
    assert_found(f, true,
                 str_fmt(f->mem, "space alice says 7 bytes, its files and its trash have %lld\n",
                         (long long)file.size));
}

static void missing_bytes_of_an_upload_are_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &x1);
    struct str bytes = S("half a package");

    (void)core_upload(f, &alice, &path, bytes);
    remove_blob(f, core_sha256(f, bytes));
    assert_found(f, true,
                 str_fmt(f->mem, "missing %s sha256:" STR_FMT "\n", X_OF(f, "alice").ptr,
                         STR_ARG(core_sha256(f, bytes))));
}

static void missing_bytes_of_documents_are_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str chunk, shard, shard_name;

    core_publish(f, &alice, &x1);
    shard = CORE_TEXT(f, "SELECT sha256 FROM index_doc WHERE composed = 0");
    shard_name = CORE_TEXT(f, "SELECT name FROM index_doc WHERE composed = 0");
    remove_blob(f, shard);
    assert_found(f, false,
                 str_fmt(f->mem, "missing alice/noarch/" STR_FMT " sha256:" STR_FMT "\n",
                         STR_ARG(shard_name), STR_ARG(shard)));
    CORE_CHANGE(f, "UPDATE index_doc SET retired_ms = 1 WHERE composed = 0");
    assert_found(f, false,
                 str_fmt(f->mem,
                         "missing alice/noarch/" STR_FMT " sha256:" STR_FMT
                         "\nindex alice/noarch/" STR_FMT " is not what the files give\n",
                         STR_ARG(shard_name), STR_ARG(shard), STR_ARG(shard_name)));
    CORE_CHANGE(f, "DELETE FROM index_doc WHERE retired_ms = 1");
    CORE_CHANGE(f, "UPDATE index_doc SET retired_ms = 1 WHERE name = 'channeldata.json'");
    chunk = CORE_TEXT(f, "SELECT c.sha256 FROM index_chunk c JOIN index_list l ON l.id = c.list_id "
                         "WHERE l.name = 'channeldata'");
    remove_blob(f, chunk);
    assert_found(f, false,
                 str_fmt(f->mem,
                         "missing alice/channeldata sha256:" STR_FMT "\n"
                         "index alice/noarch/" STR_FMT " is not what the files give\n"
                         "index alice/channeldata.json is not what the files give\n",
                         STR_ARG(chunk), STR_ARG(shard_name)));
}

/* ---- what is derived ---- */

static void documents_that_differ_are_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    core_publish(f, &alice, &x1);
    core_publish(f, &alice, &y1);
    CORE_CHANGE(f, "UPDATE file SET uploaded_ms = uploaded_ms + 1000 WHERE subdir = 'noarch'");
    {
        struct findings v = run(f, true);

        assert_true(str_starts(buf_str(&v.lines), S("index alice/noarch/shards/")));
        assert_non_null(memmem(v.lines.ptr, v.lines.len, "index alice/noarch/packages is not", 34));
        assert_true(v.report.problems > 4);
        assert_null(memmem(v.lines.ptr, v.lines.len, "linux-64/", 9));
        buf_done(&v.lines);
    }
}

static void documents_of_labels_are_named_by_their_path(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    core_publish(f, &alice, &x1);
    CORE_CHANGE(
        f, "INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
           "modified_ms, composed) SELECT account_id, 'dev', access, subdir, name, package, "
           "sha256, size, 1, 1 "
           "FROM index_doc WHERE subdir = '' AND name = 'index.html'");
    assert_found(f, true,
                 S("index alice/label/dev/channeldata.json is not what the files give\n"
                   "index alice/label/dev/index.html is not what the files give\n"
                   "index alice/label/dev/rss.xml is not what the files give\n"));
}

static void a_wrong_newest_version_is_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    core_publish(f, &alice, &x1);
    CORE_CHANGE(f, "UPDATE package SET latest_version = '2.0'");
    assert_found(f, true, S("latest alice/x says version \"2.0\", its files give \"1.0\"\n"));
}

/* ---- beside a running server ---- */

/* Two uploads whose bytes are looked at one after the other, since their digests begin alike:
 * while the first is looked at, the second goes. */
static struct str text_in_7f(struct core *f, unsigned nth)
{
    for (unsigned i = 0;; i++) {
        struct str text = str_fmt(f->mem, "upload %u", i);

        if (str_starts(core_sha256(f, text), S("7f")) && nth-- == 0)
            return text;
    }
}

static void two_uploads(struct core *f)
{
    struct actor alice = core_user(f, "alice");
    struct file_path x = core_path(f, "alice", &x1), y = core_path(f, "alice", &y1);

    (void)core_upload(f, &alice, &x, text_in_7f(f, 0));
    (void)core_upload(f, &alice, &y, text_in_7f(f, 1));
    assert_well(f);
}

static struct str last_digest(struct core *f)
{
    return CORE_TEXT(f, "SELECT MAX(sha256) FROM upload WHERE sha256 <> ''");
}

static void remove_with_row(struct core *f)
{
    struct str sha256 = last_digest(f);

    CORE_CHANGE(f, "DELETE FROM upload WHERE sha256 = (SELECT MAX(sha256) FROM upload)");
    remove_blob(f, sha256);
}

static void remove_bytes_only(struct core *f)
{
    remove_blob(f, last_digest(f));
}

static struct findings run_meanwhile(struct core *f, uint64_t when,
                                     void (*meanwhile)(struct core *f))
{
    struct findings v = {
        .f = f, .lines = BUF_INIT(1024 * 1024), .when = when, .meanwhile = meanwhile};
    const struct verify_options options = {false, found, progress, &v};

    must(f, verify_all(&f->app, &options, &v.report, &f->err));
    return v;
}

static void what_is_removed_meanwhile_is_not_missing(void **state)
{
    struct core *f = *state;
    struct findings v;

    two_uploads(f);
    v = run_meanwhile(f, 0, remove_with_row);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 1);
    assert_str(buf_str(&v.lines), "");
    assert_int_equal(v.report.problems, 0);
    buf_done(&v.lines);
}

static void what_is_lost_meanwhile_is_missing(void **state)
{
    struct core *f = *state;
    struct findings v;

    two_uploads(f);
    v = run_meanwhile(f, 0, remove_bytes_only);
    assert_true(str_starts(buf_str(&v.lines), S("missing alice/")));
    assert_int_equal(v.report.problems, 1);
    buf_done(&v.lines);
}

/* While the damaged bytes are read for the second time, to be sure. */
static void what_is_removed_at_the_second_look_is_not_damaged(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path x = core_path(f, "alice", &x1);
    struct findings v;

    (void)core_upload(f, &alice, &x, S("one"));
    core_break_blob(f, last_digest(f), S("two"));
    v = run_meanwhile(f, 1, remove_with_row);
    assert_str(buf_str(&v.lines), "");
    assert_int_equal(v.report.bytes, 6);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 0);
    buf_done(&v.lines);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(an_empty_site_is_in_order),
        WITH_INSPECTOR(everything_is_counted_and_nothing_changed),
        WITH_INSPECTOR(replaced_documents_are_in_order),
        WITH_CORE(missing_garbage_is_no_problem),
        WITH_CORE(orphans_are_told_and_no_problem),
        WITH_INSPECTOR(a_missing_file_is_told_of_each_who_has_it),
        WITH_INSPECTOR(a_truncated_file_is_told),
        WITH_INSPECTOR(a_damaged_file_is_told_by_reading_it),
        WITH_INSPECTOR(a_wrong_md5_is_told_by_reading),
        WITH_CORE(larger_files_are_read_in_pieces),
        WITH_INSPECTOR(what_is_in_the_trash_must_be_whole),
        WITH_INSPECTOR(a_wrong_count_of_bytes_is_told),
        WITH_CORE(missing_bytes_of_an_upload_are_told),
        WITH_INSPECTOR(missing_bytes_of_documents_are_told),
        WITH_INSPECTOR(documents_that_differ_are_told),
        WITH_INSPECTOR(documents_of_labels_are_named_by_their_path),
        WITH_INSPECTOR(a_wrong_newest_version_is_told),
        WITH_CORE(what_is_removed_meanwhile_is_not_missing),
        WITH_CORE(what_is_lost_meanwhile_is_missing),
        WITH_CORE(what_is_removed_at_the_second_look_is_not_damaged),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
