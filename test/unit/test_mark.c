/* A database and its blob store belong together. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/gc.h"
#include "core/mark.h"
#include "store/file.h"

static struct str marked(struct core *f)
{
    return CORE_TEXT(f, "SELECT sha256 FROM blob_mark");
}

/* Another store, empty. */
static void change_store(struct core *f)
{
    const struct blob_place place = {.dir = str_fmt(f->mem, "%s/other", f->folder).ptr};

    blob_closep(&f->app.blobs);
    must(f, blob_open(&place, BLOB_SERVE, &f->app.blobs, &f->err));
}

static void the_first_server_sets_the_mark_and_the_next_finds_it(void **state)
{
    struct core *f = *state;
    struct str mark;

    must(f, mark_check(&f->app, S("here"), true, &f->err));
    mark = marked(f);
    assert_int_equal(mark.len, 64);
    assert_true(core_has_blob(f, mark));
    must(f, mark_check(&f->app, S("here"), true, &f->err));
    must(f, mark_check(&f->app, S("here"), false, &f->err));
    assert_true(str_eq(marked(f), mark));
}

static void another_store_is_refused_and_left_alone(void **state)
{
    struct core *f = *state;

    must(f, mark_check(&f->app, S("here"), true, &f->err));
    change_store(f);
    must_fail(f, mark_check(&f->app, S("there"), true, &f->err), ERR_INVALID,
              "the files of this database are not in \"there\", which lacks their mark ");
    assert_false(core_has_blob(f, marked(f)));
}

static void a_command_does_not_decide(void **state)
{
    struct core *f = *state;

    must_fail(f, mark_check(&f->app, S("here"), false, &f->err), ERR_INVALID,
              "nobody has said yet that the files of this database are in \"here\"");
    assert_int_equal(marked(f).len, 0);
}

static void the_mark_is_no_orphan(void **state)
{
    const struct gc_options options = {.older_than_ms = GC_ABANDONED_MS};
    struct core *f = *state;
    struct gc_report report = {0};
    bool used = false;

    must(f, mark_check(&f->app, S("here"), true, &f->err));
    struct str mark = marked(f);
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    must(f, file_blob_used(tx, mark, &used, &f->err));
    tx_endp(&tx);
    tx = NULL;
    assert_true(used);
    must(f, gc_orphans(&f->app, &options, &report, &f->err));
    assert_int_equal(report.blobs, 0);
    assert_int_equal(report.kept, 0);
    assert_true(core_has_blob(f, mark));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(the_first_server_sets_the_mark_and_the_next_finds_it),
        WITH_CORE(another_store_is_refused_and_left_alone),
        WITH_CORE(a_command_does_not_decide),
        WITH_CORE(the_mark_is_no_orphan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
