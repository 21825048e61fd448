/* What a reader gives comes whole and in order, whatever it knows. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/inspect.h"
#include "core/preview.h"

static void words_that_no_reader_knows_are_refused(void **state)
{
    struct core *f = *state;
    struct file_row row = {.basename = S("x"), .filename = S("x")};
    struct blob_id id;
    struct str text;

    must(f, blob_put(f->app.blobs, S("{}"), &id, &f->err));
    row.sha256 = str_of(id.sha256);
    must_fail(f, preview_make(&f->app, f->mem, &row, S("file/view"), &text, &f->err), ERR_INVALID,
              "files of type \"file/view\" are not read");
    must_fail(f, preview_make(&f->app, f->mem, &row, S("ipynb/view"), &text, &f->err), ERR_INVALID,
              "nbformat is missing");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(words_that_no_reader_knows_are_refused),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
