/* `terrarium gc`, on a folder with a few orphans. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "cli_run.h"

static void put(struct core *f, struct str bytes)
{
    struct blob_id id;

    must(f, blob_put(f->app.blobs, bytes, &id, &f->err));
}

/* Runs it on the fixture's site. flag: "--json" or the like; NULL: none. */
static void gc(struct core *f, struct cli_run *r, const char *flag)
{
    CLI_RUN(r, "", "gc", "--data", f->folder, "--db", str_z(f->mem, f->config.db), flag);
}

static void assert_gc(struct core *f, const char *flag, const char *out)
{
    struct cli_run r;

    gc(f, &r, flag);
    assert_string_equal(r.err, "");
    assert_string_equal(r.out, out);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
}

static void it_says_what_it_removed(void **state)
{
    struct core *f = *state;
    char *large = arena_alloc(f->mem, 3500, 1);

    core_mark_store(f);
    assert_gc(f, NULL, "removed 0 orphan blobs, 0 B\n");
    put(f, S("one"));
    assert_gc(f, "--dry-run", "would remove 1 orphan blob, 3 B\n");
    assert_gc(f, "--dry-run", "would remove 1 orphan blob, 3 B\n");
    assert_gc(f, NULL, "removed 1 orphan blob, 3 B\n");
    assert_gc(f, NULL, "removed 0 orphan blobs, 0 B\n");
    put(f, S("one"));
    put(f, (struct str){large, 3500});
    assert_gc(f, NULL, "removed 2 orphan blobs, 3.4 KiB\n");
}

static void it_says_it_in_json(void **state)
{
    struct core *f = *state;
    struct cli_run r;

    core_mark_store(f);
    put(f, S("one"));
    put(f, S("three"));
    CLI_RUN(&r, "", "gc", "--data", f->folder, "--db", str_z(f->mem, f->config.db), "--dry-run",
            "--json");
    assert_string_equal(
        r.out, "{\"dry_run\":true,\"blobs\":2,\"bytes\":8,\"kept\":0,\"abandoned_uploads\":0}\n");
    cli_run_done(&r);
    assert_gc(f, "--json",
              "{\"dry_run\":false,\"blobs\":2,\"bytes\":8,\"kept\":0,\"abandoned_uploads\":0}\n");
}

static void it_takes_flags_only(void **state)
{
    struct core *f = *state;
    struct cli_run r;

    gc(f, &r, "everything");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.err, "terrarium: gc takes flags only\nTry: terrarium gc --help\n");
    cli_run_done(&r);
}

static void a_mistyped_folder_is_not_made(void **state)
{
    struct core *f = *state;
    const char *typo = core_path_in(f, "typo").ptr;

    for (int i = 0; i < 2; i++) { /* the first did not make it either */
        struct cli_run r;

        CLI_RUN(&r, "", i ? "verify" : "gc", "--data", typo);
        assert_int_equal(r.status, 1);
        assert_string_equal(r.out, "");
        assert_string_equal(
            r.err, str_fmt(f->mem, "terrarium: there is no data folder \"%s\"\n", typo).ptr);
        cli_run_done(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(it_says_what_it_removed),
        WITH_CORE(it_says_it_in_json),
        WITH_CORE(it_takes_flags_only),
        WITH_CORE(a_mistyped_folder_is_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
