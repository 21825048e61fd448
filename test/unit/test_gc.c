/* Bytes go when no row names them, and not before. */
#include "core_fixture.h"

#include <stdlib.h>

#include "blob/blob.h"
#include "core/gc.h"

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
    CORE_CHANGE(f, "INSERT INTO index_doc (account_id, label, subdir, name, sha256, size, "
                   "modified_ms, retired_ms) VALUES (1, 'main', '', 'x', '" ONE "', 3, 1, 1)");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(unused_bytes_are_removed),
        WITH_CORE(nothing_to_remove_is_fine),
        WITH_CORE(absent_bytes_are_removed_already),
        WITH_CORE(bytes_that_an_index_or_its_garbage_names_stay),
        WITH_CORE(bytes_of_a_pending_upload_stay),
        WITH_CORE(the_generation_stays),
        WITH_CORE(what_the_disk_does_not_let_go_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
