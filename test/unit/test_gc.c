/* Bytes go when no row names them, and not before. */
#include "channel_fixture.h"
#include "core_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "blob/blob.h"
#include "core/gc.h"
#include "core/inspect.h"
#include "core/verify.h"
#include "index/index.h"
#include "store/file.h"

static struct str put(struct core *f, const char *text)
{
    struct blob_id id;

    must(f, blob_put(f->app.blobs, str_of(text), &id, &f->err));
    return str_dup(f->mem, str_of(id.sha256));
}

static void unused_bytes_are_removed(void **state)
{
    struct core *f = *state;
    struct str digests[] = {put(f, "one"), put(f, "two")}, kept = put(f, "three");

    must(f, gc_blobs(&f->app, digests, 2, &f->err));
    assert_false(core_has_blob(f, digests[0]));
    assert_false(core_has_blob(f, digests[1]));
    assert_true(core_has_blob(f, kept));
}

static void nothing_to_remove_is_fine(void **state)
{
    struct core *f = *state;

    must(f, gc_blobs(&f->app, NULL, 0, &f->err));
}

static void absent_bytes_are_removed_already(void **state)
{
    struct core *f = *state;
    struct str twice[] = {put(f, "one"), put(f, "one")};

    must(f, gc_blobs(&f->app, twice, 2, &f->err));
    must(f, gc_blobs(&f->app, twice, 2, &f->err));
}

/* The digest of "one". */
#define ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"

static void bytes_that_an_index_or_its_garbage_names_stay(void **state)
{
    struct core *f = *state;
    struct str digest = put(f, "one");

    assert_str(digest, ONE);
    (void)core_user(f, "alice");
    CORE_CHANGE(f, "INSERT INTO index_garbage (sha256, retired_ms) VALUES ('" ONE "', 1)");
    must(f, gc_blobs(&f->app, &digest, 1, &f->err));
    assert_true(core_has_blob(f, digest));
    CORE_CHANGE(f, "DELETE FROM index_garbage");
    CORE_CHANGE(
        f,
        "INSERT INTO index_doc (account_id, label, access, subdir, name, package, sha256, size, "
        "modified_ms, retired_ms) VALUES (1, 'main', 'public', '', 'x', '', '" ONE "', 3, 1, 1)");
    must(f, gc_blobs(&f->app, &digest, 1, &f->err));
    assert_true(core_has_blob(f, digest));
    CORE_CHANGE(f, "DELETE FROM index_doc");
    must(f, gc_blobs(&f->app, &digest, 1, &f->err));
    assert_false(core_has_blob(f, digest));
}

static void bytes_of_a_pending_upload_stay(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec spec = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path path = core_path(f, "alice", &spec);
    struct str digest = core_sha256(f, S("one"));

    (void)core_upload(f, &alice, &path, S("one"));
    must(f, gc_blobs(&f->app, &digest, 1, &f->err));
    assert_true(core_has_blob(f, digest));
}

/* No row is changed, so nothing that is cached becomes stale. */
static void the_generation_stays(void **state)
{
    struct core *f = *state;
    struct str digest = put(f, "one");
    uint64_t before = db_generation(f->app.db);

    must(f, gc_blobs(&f->app, &digest, 1, &f->err));
    assert_int_equal(db_generation(f->app.db), before);
}

static void what_the_disk_does_not_let_go_is_told(void **state)
{
    struct core *f = *state;
    struct str digest = put(f, "one");

#ifdef TERRARIUM_FAULTS
    assert_int_equal(setenv("TERRARIUM_FAULT", "blob.remove:1:EIO", 1), 0);
    must_fail(f, gc_blobs(&f->app, &digest, 1, &f->err), ERR_IO, "cannot remove");
    assert_true(core_has_blob(f, digest));
    assert_int_equal(unsetenv("TERRARIUM_FAULT"), 0);
#else
    print_message("skipped: built without fault points\n");
    skip();
#endif
    must(f, gc_blobs(&f->app, &digest, 1, &f->err));
}

/* Who has put bytes, but not committed the row that names them yet. */
static void bytes_that_a_transaction_holds_stay(void **state)
{
    struct core *f = *state;
    const struct gc_options options = {.older_than_ms = GC_ABANDONED_MS};
    struct gc_report report = {0};
    struct tx *tx = NULL;
    struct str digest = core_sha256(f, S("one"));
    enum err_code code;
    bool stayed;

    if (core_is_sqlite(f)) {
        print_message("skipped: on SQLite write transactions wait for each other\n");
        skip();
    }
    must(f, tx_begin_part(f->app.db, S("alice"), &tx, &f->err));
    must(f, file_hold_blob(tx, digest, &f->err));
    (void)put(f, "one");
    code = gc_blobs(&f->app, &digest, 1, &f->err);
    stayed = core_has_blob(f, digest);
    if (!code)
        code = gc_orphans(&f->app, &options, &report, &f->err);
    tx_endp(&tx); /* before anything can end the test */
    must(f, code);
    assert_true(stayed);
    assert_true(core_has_blob(f, digest));
    assert_int_equal(report.blobs, 0);
    assert_int_equal(report.kept, 1);
    must(f, gc_blobs(&f->app, &digest, 1, &f->err));
    assert_false(core_has_blob(f, digest));
}

/* The same for documents of an index: they are put while the transaction goes on. */
static void documents_that_are_not_committed_yet_stay(void **state)
{
    struct core *f = *state;
    const struct gc_options options = {.older_than_ms = GC_ABANDONED_MS};
    struct channels c = {.core = f, .mem = f->mem};
    struct gc_report report = {0};
    enum err_code code;

    if (core_is_sqlite(f)) {
        print_message("skipped: on SQLite write transactions wait for each other\n");
        skip();
    }
    c.ch = (struct channel){core_user(f, "alice").account_id, S("alice"), S("main"), 0};
    must(f, tx_begin_part(f->app.db, S("alice"), &c.tx, &f->err));
    (void)channel_add(&c, &(struct channel_file){"x", "1", "0", "noarch", true, 5});
    code = index_update(c.tx, f->app.blobs, &c.ch, S("noarch"), NULL, 0, 1, &f->err);
    if (!code)
        code = gc_orphans(&f->app, &options, &report, &f->err);
    if (!code)
        code = tx_commit(&c.tx, &f->err);
    tx_endp(&c.tx);
    must(f, code);
    assert_int_equal(report.blobs, 0);
    assert_int_equal(report.kept, 7);   /* a shard, four chunks of the subdir, two of the channel */
    CORE_CHANGE(f, "DELETE FROM file"); /* whose bytes were never there */
    core_check_bytes(f);
}

/* ---- orphans ---- */

static struct gc_report collect(struct core *f, bool dry_run)
{
    const struct gc_options options = {.older_than_ms = GC_ABANDONED_MS, .dry_run = dry_run};
    struct gc_report report = {.blobs = 99};

    must(f, gc_orphans(&f->app, &options, &report, &f->err));
    assert_int_equal(report.kept, 0);
    assert_int_equal(report.uploads, 0);
    return report;
}

static void orphans_are_removed_and_nothing_else(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = {"x", "1.0", "0", "noarch", NULL, NULL, NULL},
                     y = {"y", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct file_path path = core_path(f, "alice", &y);
    struct str orphans[] = {put(f, "one"), put(f, "three"), put(f, "")}, rows;
    struct gc_report report;

    core_publish(f, &alice, &x);
    (void)core_upload(f, &alice, &path, S("half a package"));
    rows = core_rows(f);
    report = collect(f, false);
    assert_int_equal(report.blobs, 3);
    assert_int_equal(report.bytes, 8);
    for (size_t i = 0; i < COUNT(orphans); i++)
        assert_false(core_has_blob(f, orphans[i]));
    core_check_bytes(f);
    assert_true(str_eq(core_rows(f), rows));
    assert_int_equal(collect(f, false).blobs, 0);
}

static void a_dry_run_counts_and_removes_nothing(void **state)
{
    struct core *f = *state;
    struct str orphans[] = {put(f, "one"), put(f, "three")};
    struct gc_report report = collect(f, true);

    assert_int_equal(report.blobs, 2);
    assert_int_equal(report.bytes, 8);
    for (size_t i = 0; i < COUNT(orphans); i++)
        assert_true(core_has_blob(f, orphans[i]));
}

static bool times_left(void *ctx)
{
    int *left = ctx;

    return (*left)-- > 0;
}

/* Also between two orphans of one part of the store. */
static void it_ends_when_told_to(void **state)
{
    struct core *f = *state;
    struct gc_report report = {0};
    int orphans = 0;

    for (unsigned i = 0; orphans < 3; i++) {
        const char *text = str_fmt(f->mem, "%u", i).ptr;

        if (!str_starts(core_sha256(f, str_of(text)), S("7f")))
            continue;
        (void)put(f, text);
        orphans++;
    }
    for (int allowed = 0; orphans; allowed += report.blobs == 0) {
        int left = allowed;
        const struct gc_options options = {.go_on = times_left, .ctx = &left};

        assert_true(allowed < 1000);
        must(f, gc_orphans(&f->app, &options, &report, &f->err));
        assert_true(left >= -3); /* it does not ask on and on */
        assert_true(report.blobs <= 1);
        orphans -= (int)report.blobs;
    }
}

/* ---- beside those who bring the same bytes back ---- */

enum { RACERS = 3, PACKAGES = 3, ROUNDS = 40, WEEK_MS = 8 * 24 * 3600 * 1000 };

/* One account, whose thread knows what it was told is done. */
struct racer {
    struct app *app;
    struct actor actor;
    const struct file_path *paths; /* of each package, of this account */
    const struct str *bytes;       /* of each package, the same for all */
    unsigned seed;
    bool published[PACKAGES];
    struct err err; /* what ended it */
    pthread_t thread;
};

static enum err_code publish(struct racer *r, struct arena *mem, unsigned k)
{
    const struct stage_request req = {.type = S("conda")};
    const struct file_path *path = &r->paths[k];
    struct package_row package;
    struct release_row release;
    struct receiver *receiver = NULL;
    struct file_row file;
    struct staged staged;
    enum err_code rc;

    if ((rc = package_create(r->app, mem, &r->actor, path->owner, path->package, S(""), NULL,
                             &package, &r->err)) ||
        (rc = release_create(r->app, mem, &r->actor, path->owner, path->package, path->version,
                             NULL, &release, &r->err)) ||
        (rc = publish_stage(r->app, mem, &r->actor, path, &req, &staged, &r->err)) ||
        (rc = publish_receive(r->app, mem, staged.ticket, &receiver, &r->err)))
        return rc;
    rc = receiver_write(receiver, r->bytes[k], &r->err);
    if (!rc)
        rc = receiver_finish(receiver, -1, S(""), &r->err);
    receiver_close(receiver);
    return rc ? rc : publish_commit(r->app, mem, &r->actor, path, staged.dist_id, &file, &r->err);
}

static enum err_code turn(struct racer *r, unsigned k)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    enum err_code rc;

    if (!mem)
        return ERR_NOMEM;
    do
        rc = r->published[k] ? package_remove(r->app, mem, &r->actor, r->actor.login,
                                              r->paths[k].package, &r->err)
                             : publish(r, mem, k);
    while (rc == ERR_COLLISION);
    if (!rc)
        r->published[k] = !r->published[k];
    return rc;
}

static void *race(void *racer)
{
    struct racer *r = racer;

    for (int i = 0; i < ROUNDS; i++) {
        r->err.code = turn(r, (unsigned)rand_r(&r->seed) % PACKAGES);
        if (r->err.code)
            break;
    }
    return NULL;
}

/* Removes, again and again, what it may. */
struct collector {
    struct app *app;
    enum err_code (*collect)(struct collector *c);
    const struct str *digests; /* of the packages */
    atomic_bool stop;
    struct err err;
    pthread_t thread;
};

static enum err_code collect_orphans(struct collector *c)
{
    const struct gc_options options = {.older_than_ms = GC_ABANDONED_MS};
    struct gc_report report;

    return gc_orphans(c->app, &options, &report, &c->err);
}

/* The moment between the bytes of an upload and its row is short: this looks all the time. */
static enum err_code collect_packages(struct collector *c)
{
    return gc_blobs(c->app, c->digests, PACKAGES, &c->err);
}

/* As if a week had passed: what was replaced goes at once. */
static enum err_code collect_replaced(struct collector *c)
{
    AUTO(arena_closep) struct arena *mem = arena_open(64 * MIB);
    AUTO(tx_endp) struct tx *tx = NULL;
    struct digest_list digests = {0};
    bool more;
    enum err_code rc;

    if ((rc = tx_begin_part(c->app->db, S("job/sweep"), &tx, &c->err)) ||
        (rc = index_sweep(tx, mem, clock_now_ms() + WEEK_MS, 0, &digests, &more, &c->err)) ||
        (rc = tx_commit(&tx, &c->err)))
        return rc;
    return gc_blobs(c->app, digests.items, digests.count, &c->err);
}

static void *collect_always(void *collector)
{
    struct collector *c = collector;

    while (!c->err.code && !atomic_load(&c->stop))
        c->err.code = c->collect(c);
    return NULL;
}

static void start(struct collector *c)
{
    assert_int_equal(pthread_create(&c->thread, NULL, collect_always, c), 0);
}

static void stop(struct collector *c)
{
    atomic_store(&c->stop, true);
    assert_int_equal(pthread_join(c->thread, NULL), 0);
    assert_string_equal(c->err.code ? c->err.msg : "", "");
    assert_int_equal(c->err.code, OK);
}

static void tell(void *ctx, const struct verify_finding *finding)
{
    (void)ctx;
    print_error("%s " STR_FMT " " STR_FMT "\n", finding->kind, STR_ARG(finding->subject),
                STR_ARG(finding->detail));
}

static void assert_all_is_well(struct core *f, const struct racer *racers)
{
    const struct verify_options options = {.found = tell};
    struct verify_report report = {0};
    uint64_t published = 0;

    must(f, verify_all(&f->app, &options, &report, &f->err));
    assert_int_equal(report.problems, 0);
    for (size_t i = 0; i < RACERS; i++)
        for (size_t k = 0; k < PACKAGES; k++) {
            AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
            struct file_row file;
            enum err_code code = file_require(tx, f->mem, &racers[i].paths[k], &file, &f->err);

            assert_int_equal(code, racers[i].published[k] ? OK : ERR_NOT_FOUND);
            published += racers[i].published[k];
        }
    assert_int_equal(report.files, published);
    assert_int_equal(report.uploads, 0);
}

static void racers_open(struct core *f, struct racer *racers, struct str *bytes)
{
    static const char *const names[PACKAGES] = {"x", "y", "z"};
    static const char *const owners[RACERS] = {"alice", "bob", "carol"};

    for (unsigned i = 0; i < RACERS; i++) {
        struct file_path *paths = arena_array(f->mem, struct file_path, PACKAGES);

        assert_non_null(paths);
        for (unsigned k = 0; k < PACKAGES; k++) {
            const struct core_spec spec = {names[k], "1.0", "0", "noarch", NULL, NULL, NULL};

            paths[k] = core_path(f, owners[i], &spec);
            bytes[k] = core_package(f, &spec);
        }
        racers[i] = (struct racer){.app = &f->app,
                                   .actor = core_user(f, owners[i]),
                                   .paths = paths,
                                   .bytes = bytes,
                                   .seed = i + 1};
    }
}

static void nothing_is_lost_beside_publishers_of_the_same_bytes(void **state)
{
    struct core *f = *state;
    struct racer racers[RACERS];
    struct str bytes[PACKAGES], digests[PACKAGES];
    struct collector collectors[] = {
        {.app = &f->app, .collect = collect_orphans},
        {.app = &f->app, .collect = collect_packages, .digests = digests},
        {.app = &f->app, .collect = collect_replaced},
    };

    racers_open(f, racers, bytes);
    for (size_t i = 0; i < PACKAGES; i++)
        digests[i] = core_sha256(f, bytes[i]);
    for (size_t i = 0; i < COUNT(collectors); i++)
        start(&collectors[i]);
    for (size_t i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (size_t i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    for (size_t i = 0; i < COUNT(collectors); i++)
        stop(&collectors[i]);
    for (size_t i = 0; i < RACERS; i++) {
        assert_string_equal(racers[i].err.code ? racers[i].err.msg : "", "");
        assert_int_equal(racers[i].err.code, OK);
    }
    assert_all_is_well(f, racers);
    (void)collect(f, false);
    assert_all_is_well(f, racers);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(unused_bytes_are_removed),
        WITH_CORE(nothing_to_remove_is_fine),
        WITH_CORE(absent_bytes_are_removed_already),
        WITH_CORE(bytes_that_an_index_or_its_garbage_names_stay),
        WITH_CORE(bytes_of_a_pending_upload_stay),
        WITH_CORE(the_generation_stays),
        WITH_CORE(what_the_disk_does_not_let_go_is_told),
        WITH_CORE(bytes_that_a_transaction_holds_stay),
        WITH_CORE(documents_that_are_not_committed_yet_stay),
        WITH_INSPECTOR(orphans_are_removed_and_nothing_else),
        WITH_CORE(a_dry_run_counts_and_removes_nothing),
        WITH_CORE(it_ends_when_told_to),
        WITH_INSPECTOR(nothing_is_lost_beside_publishers_of_the_same_bytes),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
