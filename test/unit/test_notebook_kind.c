/* Notebooks through a real inspector: their rows, and what is shown of them. */
#include "core_fixture.h"

#include "base/limits.h"
#include "blob/blob.h"
#include "core/notebook_kind.h"
#include "core/preview.h"
#include "format/image.h"

static struct upload_row received(struct core *f, struct str bytes)
{
    struct blob_id id;

    must(f, blob_put(f->app.blobs, bytes, &id, &f->err));
    return (struct upload_row){
        .basename = S("x.ipynb"), .sha256 = str_dup(f->mem, str_of(id.sha256)), .attrs = S("{}")};
}

static enum err_code inspect(struct core *f, struct str bytes, struct file_row *ret)
{
    struct upload_row upload = received(f, bytes);
    const struct file_path path = {S("alice"), S("x"), S("1"), upload.basename};
    enum err_code rc = kind_place(&ipynb_kind, f->mem, &path, ret, &f->err);

    ret->sha256 = upload.sha256;
    return rc ? rc : kind_inspect(&ipynb_kind, &f->app, f->mem, &upload, ret, &f->err);
}

#define PICTURE "R0lGODlhAQABAAAAACw="
#define NOTEBOOK                                                                                   \
    "{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{\"title\":\"T\",\"authors\":[{\"name\":"   \
    "\"A\"}],\"kernelspec\":{\"name\":\"k\",\"display_name\":\"K\"},\"language_info\":{\"name\":"  \
    "\"python\",\"version\":\"3\"}},\"cells\":[{\"cell_type\":\"markdown\",\"source\":\"m\"},"     \
    "{\"cell_type\":\"code\",\"source\":\"c\",\"outputs\":[{\"output_type\":\"display_data\","     \
    "\"data\":{\"image/gif\":\"" PICTURE "\"}}]}]}"

static void a_row_tells_what_a_list_shows(void **state)
{
    struct core *f = *state;
    struct file_row row = {0};

    must(f, inspect(f, S(NOTEBOOK), &row));
    assert_str(row.type, "ipynb");
    assert_str(row.name_key, "x/1/x.ipynb");
    assert_str(row.record,
               "{\"authors\":[\"A\"],\"cells\":2,\"code_cells\":1,\"format\":[4,5],"
               "\"kernel\":\"k\",\"kernel_title\":\"K\",\"language\":\"python\","
               "\"language_version\":\"3\",\"markdown_cells\":1,\"outputs\":1,\"thumbnail\":true,"
               "\"title\":\"T\"}");
    assert_str(row.about, "{\"summary\":\"T\"}");

    row = (struct file_row){0};
    must(f, inspect(f, S("{\"nbformat\":4,\"cells\":[]}"), &row));
    assert_str(row.record, "{\"authors\":[],\"cells\":0,\"code_cells\":0,\"format\":[4,0],"
                           "\"markdown_cells\":0,\"outputs\":0}");
    assert_str(row.about, "{}");
}

static void what_is_no_notebook_is_refused(void **state)
{
    struct core *f = *state;
    struct file_row row = {0};

    must_fail(f, inspect(f, S("# no"), &row), ERR_INVALID, "not a notebook: not valid JSON");
    must_fail(f, inspect(f, S("{\"nbformat\":4,\"cells\":[1]}"), &row), ERR_INVALID,
              "cell 1 is a number, not an object");
}

static void it_is_shown_from_its_bytes(void **state)
{
    struct core *f = *state;
    struct file_row row = {0};
    struct image image;
    struct str text;

    must(f, inspect(f, S(NOTEBOOK), &row));
    must(f, preview_make(&f->app, f->mem, &row, S("ipynb/view"), &text, &f->err));
    assert_true(str_starts(text, S("{\"format\":[4,5],\"title\":\"T\",")));
    must(f, preview_make(&f->app, f->mem, &row, S("ipynb/picture"), &text, &f->err));
    must(f, image_parse(text, &image, &f->err));
    assert_int_equal(image.type, IMAGE_GIF);

    must(f, inspect(f, S("{\"nbformat\":4,\"cells\":[]}"), &row));
    must_fail(f, preview_make(&f->app, f->mem, &row, S("ipynb/picture"), &text, &f->err),
              ERR_INVALID, "the notebook has no picture");
    row.sha256 = S("0000000000000000000000000000000000000000000000000000000000000000");
    must_fail(f, preview_make(&f->app, f->mem, &row, S("ipynb/view"), &text, &f->err), ERR_IO,
              "are gone");
}

/* More than one text of the answer holds, and more than a thousand bytes to sort. */
static void large_views_come_whole(void **state)
{
    struct core *f = *state;
    AUTO(buf_done) struct buf b = BUF_INIT(32 * MIB);
    struct file_row row = {0};
    struct str text;

    buf_addz(&b, "{\"nbformat\":4,\"cells\":[");
    for (int i = 0; i < 10; i++) {
        buf_addz(&b, i ? ",{\"cell_type\":\"raw\",\"source\":\""
                       : "{\"cell_type\":\"raw\",\"source\":\"");
        for (size_t j = 0; j < LIMIT_NOTEBOOK_TEXT / 8; j++)
            buf_addz(&b, "01234567");
        buf_addz(&b, "\"}");
    }
    buf_addz(&b, ",{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":[{\"output_type\":"
                 "\"display_data\",\"data\":{\"application/json\":{");
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "%s\"k%d\":1", i ? "," : "", i);
    buf_addz(&b, "}}}]}]}");
    must(f, inspect(f, buf_str(&b), &row));
    must(f, preview_make(&f->app, f->mem, &row, S("ipynb/view"), &text, &f->err));
    assert_true(text.len > 10 * MIB && text.len < 11 * MIB);
    assert_true(str_ends(text, S("\\\"k999\\\":1}\"}]}]}")));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_row_tells_what_a_list_shows),
        WITH_INSPECTOR(what_is_no_notebook_is_refused),
        WITH_INSPECTOR(it_is_shown_from_its_bytes),
        WITH_INSPECTOR(large_views_come_whole),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
