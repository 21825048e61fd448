/* What is past its time goes, with its bytes; the rest stays, and caches stay warm. */
#include "core_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob/blob.h"
#include "core/job.h"
#include "store/credential.h"
#include "store/upload.h"

static const struct job *job_named(const char *name)
{
    const struct job *job = jobs;

    while (job->name && !str_eq(str_of(job->name), str_of(name)))
        job++;
    assert_non_null(job->name);
    return job;
}

static void run(struct core *f, const char *name)
{
    must(f, job_named(name)->run(&f->app, NULL, &f->err));
}

static void jobs_have_names_of_their_own_and_intervals(void **state)
{
    static const struct {
        const char *name;
        int64_t minutes;
    } expected[] = {{"sweep-uploads", 10},  {"sweep-indexes", 1},         {"sweep-sessions", 60},
                    {"sweep-tokens", 60},   {"warn-tokens", 60},          {"write-token-uses", 1},
                    {"write-downloads", 1}, {"apply-retention", 24 * 60}, {"empty-trash", 60},
                    {"fill-search", 60},    {"trim-search", 10}};

    (void)state;
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_int_equal(job_named(expected[i].name)->interval_ms, expected[i].minutes * 60000);
}

/* 32 bytes that differ from those of other numbers. */
static struct str hash_of(struct core *f, int64_t number)
{
    return str_fmt(f->mem, "%032lld", (long long)number);
}

static void add_session(struct core *f, const struct actor *whose, int64_t number,
                        int64_t expires_ms)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct session_row row = {.hash = hash_of(f, number),
                              .account_id = whose->account_id,
                              .created_ms = 1,
                              .expires_ms = expires_ms};

    must(f, session_insert(tx, &row, &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static void nothing_to_do_leaves_everything_as_it_is(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec spec = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path path = core_path(f, "alice", &spec);
    struct str rows;
    uint64_t before;

    (void)core_upload(f, &alice, &path, S("bytes"));
    add_session(f, &alice, 1, 0);
    run(f, "fill-search"); /* of a new database there is nothing to fill: that is written down */
    rows = core_rows(f);
    before = db_generation(f->app.db);
    for (const struct job *job = jobs; job->name; job++)
        run(f, job->name);
    assert_int_equal(db_generation(f->app.db), before);
    (void)usleep(250000);
    assert_int_equal(db_generation(f->app.db), before);
    assert_true(str_eq(core_rows(f), rows));
}

/* --- the trash ----------------------------------------------------------------------------- */

static void all_that_is_due_in_the_trash_goes_in_one_run(void **state)
{
    struct core *f = *state;

    (void)core_user(f, "alice");
    for (int i = 0; i < 3; i++)
        CORE_CHANGE(f, "INSERT INTO trash (account_id, kind, package_id, package, version, "
                       "basename, files, size, remover, reason, removed_ms, due_ms) "
                       "VALUES (1, 'package', 1, 'x', '', '', 0, 0, '', '', 0, 9)");
    CORE_CHANGE(f, "UPDATE trash SET package_id = id");
    CORE_CHANGE(f, "UPDATE trash SET due_ms = 9000000000000 WHERE id = 2");
    run(f, "empty-trash");
    assert_str(CORE_TEXT(f, "SELECT CAST(id AS TEXT) FROM trash"), "2");
}

/* --- uploads ------------------------------------------------------------------------------- */

static void expired_upload_goes_with_its_bytes(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec old = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct core_spec young = {"x", "2.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path old_path = core_path(f, "alice", &old);
    struct file_path young_path = core_path(f, "alice", &young);
    uint64_t before;

    (void)core_upload(f, &alice, &old_path, S("old"));
    CORE_CHANGE(f, "UPDATE upload SET expires_ms = 1");
    (void)core_upload(f, &alice, &young_path, S("young"));
    before = db_generation(f->app.db);
    run(f, "sweep-uploads");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 1);
    assert_str(CORE_TEXT(f, "SELECT basename FROM upload"), "noarch/x-2.0-0.tar.bz2");
    assert_false(core_has_blob(f, core_sha256(f, S("old"))));
    assert_true(core_has_blob(f, core_sha256(f, S("young"))));
    assert_int_equal(db_generation(f->app.db), before); /* nothing cached has to do with it */
}

static void bytes_that_another_upload_has_too_stay(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec old = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct core_spec young = {"x", "2.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path old_path = core_path(f, "alice", &old);
    struct file_path young_path = core_path(f, "alice", &young);

    (void)core_upload(f, &alice, &old_path, S("same"));
    CORE_CHANGE(f, "UPDATE upload SET expires_ms = 1");
    (void)core_upload(f, &alice, &young_path, S("same"));
    run(f, "sweep-uploads");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 1);
    assert_true(core_has_blob(f, core_sha256(f, S("same"))));
}

/* More than one transaction takes. */
#define MANY 150

/* Announced, without bytes. */
static void add_uploads(struct core *f, const struct actor *whose)
{
    struct upload_row row = {
        .account_id = whose->account_id,
        .uploader_id = whose->account_id,
        .package_id = CORE_NUMBER(f, "SELECT id FROM package"),
        .release_id = CORE_NUMBER(f, "SELECT id FROM release"),
        .basename = S("noarch/x-1.0-0.tar.bz2"),
        .attrs = S("{}"),
        .labels = S("[]"),
    };
    struct tx *tx = core_begin(f, TX_WRITE);

    for (row.expires_ms = 1; row.expires_ms <= MANY; row.expires_ms++) {
        row.dist_id = row.ticket_hash = hash_of(f, row.expires_ms);
        must(f, upload_insert(tx, &row, &f->err));
    }
    must(f, tx_commit(&tx, &f->err));
}

static void all_expired_uploads_go_in_one_run(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec spec = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path path = core_path(f, "alice", &spec);

    (void)core_upload(f, &alice, &path, S("bytes"));
    add_uploads(f, &alice);
    run(f, "sweep-uploads");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM upload"), 1);
    assert_true(core_has_blob(f, core_sha256(f, S("bytes"))));
}

static void disk_that_does_not_let_go_fails_the_job(void **state)
{
#ifdef TERRARIUM_FAULTS
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec spec = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path path = core_path(f, "alice", &spec);

    (void)core_upload(f, &alice, &path, S("bytes"));
    CORE_CHANGE(f, "UPDATE upload SET expires_ms = 1");
    assert_int_equal(setenv("TERRARIUM_FAULT", "blob.remove:1:EIO", 1), 0);
    must_fail(f, job_named("sweep-uploads")->run(&f->app, NULL, &f->err), ERR_IO, "cannot remove");
    assert_int_equal(unsetenv("TERRARIUM_FAULT"), 0);
    run(f, "sweep-uploads");
#else
    (void)state;
    print_message("skipped: built without fault points\n");
    skip();
#endif
}

/* --- sessions ------------------------------------------------------------------------------ */

static void sessions_that_are_over_go_and_the_rest_stays(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    uint64_t before;

    for (int64_t i = 1; i <= MANY; i++)
        add_session(f, &alice, i, i);
    CORE_CHANGE(f, "UPDATE session SET expires_ms = 0 WHERE expires_ms = 7"); /* never */
    CORE_CHANGE(f, "UPDATE session SET expires_ms = 9000000000000 WHERE expires_ms = 9");
    before = db_generation(f->app.db);
    run(f, "sweep-sessions");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM session"), 2);
    assert_int_equal(
        CORE_NUMBER(f, "SELECT COUNT(*) FROM session WHERE expires_ms IN (0, 9000000000000)"), 2);
    assert_int_equal(db_generation(f->app.db), before);
}

/* Their owners want to see which one does not work any more. */
static void tokens_that_are_over_stay(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct token_row row = {.hash = hash_of(f, 1),
                            .account_id = alice.account_id,
                            .name = S("old"),
                            .created_ms = 1,
                            .expires_ms = 2};
    struct tx *tx = core_begin(f, TX_WRITE);

    must(f, token_insert(tx, &row, &f->err));
    must(f, tx_commit(&tx, &f->err));
    run(f, "sweep-sessions");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM token"), 1);
}

static void tokens_revoked_long_ago_are_forgotten(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    for (int64_t i = 0; i < 2 * MANY + 1; i++) {
        struct token_row row = {
            .hash = hash_of(f, i), .account_id = alice.account_id, .name = S("ci")};
        struct tx *tx = core_begin(f, TX_WRITE);

        must(f, token_insert(tx, &row, &f->err));
        must(f, token_revoke(tx, i + 1, i < 2 * MANY ? 5 : clock_now_ms(), &f->err));
        must(f, tx_commit(&tx, &f->err));
    }
    run(f, "sweep-tokens");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM revoked_token"), 1);
}

/* --- indexes ------------------------------------------------------------------------------- */

static struct str put(struct core *f, const char *text)
{
    struct blob_id id;

    must(f, blob_put(f->app.blobs, str_of(text), &id, &f->err));
    return str_dup(f->mem, str_of(id.sha256));
}

/* The digest of "one". */
#define ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"

static void replaced_documents_go_with_their_bytes(void **state)
{
    struct core *f = *state;
    struct str digest = put(f, "one");

    assert_str(digest, ONE);
    (void)core_user(f, "alice");
    CORE_CHANGE(f, "INSERT INTO index_garbage (sha256, retired_ms) VALUES ('" ONE "', 1)");
    run(f, "sweep-indexes");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_garbage"), 0);
    assert_false(core_has_blob(f, digest));
}

static void all_replaced_documents_go_in_one_run(void **state)
{
    struct core *f = *state;
    struct str digest = put(f, "one");

    (void)core_user(f, "alice");
    for (int i = 0; i < 2 * MANY; i++)
        CORE_CHANGE(f, "INSERT INTO index_garbage (sha256, retired_ms) VALUES ('" ONE "', 1)");
    CORE_CHANGE(
        f, "INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
           "modified_ms) VALUES (1, 'main', 'public', '', 'x', '', '" ONE "', 3, 1)");
    run(f, "sweep-indexes");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_garbage"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc"), 1);
    assert_true(core_has_blob(f, digest)); /* a document has them still */
}

/* Its bytes go: whoever remembers where they are must look again. */
static void removed_document_moves_the_generation(void **state)
{
    struct core *f = *state;
    uint64_t before;

    (void)core_user(f, "alice");
    CORE_CHANGE(
        f,
        "INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
        "modified_ms, retired_ms) VALUES (1, 'main', 'public', '', 'x', '', '" ONE "', 3, 1, 1)");
    before = db_generation(f->app.db);
    run(f, "sweep-indexes");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc"), 0);
    assert_true(db_generation(f->app.db) != before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_have_names_of_their_own_and_intervals),
        WITH_CORE(nothing_to_do_leaves_everything_as_it_is),
        WITH_CORE(all_that_is_due_in_the_trash_goes_in_one_run),
        WITH_CORE(expired_upload_goes_with_its_bytes),
        WITH_CORE(bytes_that_another_upload_has_too_stay),
        WITH_CORE(all_expired_uploads_go_in_one_run),
        WITH_CORE(disk_that_does_not_let_go_fails_the_job),
        WITH_CORE(sessions_that_are_over_go_and_the_rest_stays),
        WITH_CORE(tokens_that_are_over_stay),
        WITH_CORE(tokens_revoked_long_ago_are_forgotten),
        WITH_CORE(replaced_documents_go_with_their_bytes),
        WITH_CORE(all_replaced_documents_go_in_one_run),
        WITH_CORE(removed_document_moves_the_generation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
