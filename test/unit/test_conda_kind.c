/* What a package says of itself, made into a row. The bytes are read by a real inspector. */
#include "core_fixture.h"

#include "blob/blob.h"
#include "core/conda_kind.h"
#include "core/inspect.h"
#include "format/conda_name.h"
#include "make_archive.h"

static const struct core_spec tiny = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};

/* As if these bytes had been received under this name. */
static struct upload_row received(struct core *f, const char *basename, struct str bytes)
{
    struct blob_id id;

    must(f, blob_put(f->app.blobs, bytes, &id, &f->err));
    return (struct upload_row){
        .basename = str_of(basename),
        .sha256 = str_dup(f->mem, str_of(id.sha256)),
        .attrs = S("{}"),
    };
}

static enum err_code inspect(struct core *f, const struct upload_row *upload, struct file_row *ret)
{
    struct file_path path = {S("alice"), S("x"), S("1.0"), upload->basename};
    struct file_row row = *ret;
    struct str subdir, filename;
    struct conda_filename name;
    enum err_code rc;

    if (str_cut_last(path.basename, '/', &subdir, &filename) &&
        conda_filename_parse(filename, &name, NULL) == OK) {
        path.package = name.name;
        path.version = name.version;
    }
    rc = kind_place(&conda_kind, f->mem, &path, &row, &f->err);
    if (!rc)
        rc = kind_inspect(&conda_kind, &f->app, f->mem, upload, &row, &f->err);
    if (!rc)
        *ret = row;
    return rc;
}

static void a_row_holds_what_the_package_says(void **state)
{
    struct core *f = *state;
    const struct core_spec spec = {
        .name = "x",
        .version = "1.0",
        .build = "py_0",
        .subdir = "linux-64",
        .about = "{\"summary\": \"A test.\", \"secret\": 1, \"home\": \"javascript:x\"}",
        .index = "{\"name\":\"x\",\"version\":\"1.0\",\"build\":\"py_0\",\"build_number\":3,"
                 "\"depends\":[\"python\"],\"subdir\":\"linux-64\",\"timestamp\":1600000000123,"
                 "\"md5\":\"forged\",\"license\":null}",
    };
    struct upload_row upload = received(f, "linux-64/x-1.0-py_0.tar.bz2", core_package(f, &spec));
    struct file_row row = {0};

    must(f, inspect(f, &upload, &row));
    assert_str(row.type, "conda");
    assert_str(row.subdir, "linux-64");
    assert_str(row.filename, "x-1.0-py_0.tar.bz2");
    assert_str(row.record, "{\"build\":\"py_0\",\"build_number\":3,\"depends\":[\"python\"],"
                           "\"name\":\"x\",\"subdir\":\"linux-64\",\"timestamp\":1600000000123,"
                           "\"version\":\"1.0\"}");
    assert_str(row.about, "{\"summary\":\"A test.\"}");
    assert_str(row.run_exports, "{}");
    assert_str(row.facts, "{\"activate.d\":false,\"binary_prefix\":false,\"deactivate.d\":false,"
                          "\"post_link\":false,\"pre_link\":false,\"pre_unlink\":false,"
                          "\"text_prefix\":false}");
    assert_int_equal(row.build_timestamp_ms, 1600000000123);
}

static void what_was_declared_must_agree_where_it_says_something(void **state)
{
    struct core *f = *state;
    struct upload_row upload = received(f, "noarch/x-1.0-0.tar.bz2", core_package(f, &tiny));
    static const struct {
        const char *attrs, *refusal;
    } cases[] = {
        {"{}", NULL},
        {"{\"subdir\":\"noarch\",\"build\":\"0\",\"build_number\":0}", NULL},
        {"{\"subdir\":null,\"build\":null,\"build_number\":null}", NULL},
        {"{\"platform\":\"linux\",\"arch\":\"none\",\"depends\":[\"other\"]}", NULL},
        {"{\"subdir\":\"linux-64\"}", "another subdir"},
        {"{\"build\":\"1\"}", "another build"},
        {"{\"build\":0}", "another build"},
        {"{\"build_number\":1}", "another build_number"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct file_row row = {.id = 5};

        upload.attrs = str_of(cases[i].attrs);
        if (cases[i].refusal) {
            must_fail(f, inspect(f, &upload, &row), ERR_INVALID, cases[i].refusal);
            assert_int_equal(row.id, 5);
        } else {
            must(f, inspect(f, &upload, &row));
        }
    }
}

static void a_package_under_a_foreign_name_is_refused(void **state)
{
    struct core *f = *state;
    struct str bytes = core_package(f, &tiny);
    static const struct {
        const char *basename, *refusal;
    } cases[] = {
        {"x-1.0-0.tar.bz2", "does not begin with its subdir"},
        {"noarch/x-1.0.tar.bz2", "x-1.0.tar.bz2"},
        {"noarch/y-1.0-0.tar.bz2", "\"name\" is \"x\""},
        {"noarch/x-1.1-0.tar.bz2", "\"version\" is \"1.0\""},
        {"noarch/x-1.0-1.tar.bz2", "\"build\" is \"0\""},
        {"linux-64/x-1.0-0.tar.bz2", "\"subdir\" is \"noarch\""},
        {"noarch/x-1.0-0.conda", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct upload_row upload = received(f, cases[i].basename, bytes);
        struct file_row row = {0};

        must_fail(f, inspect(f, &upload, &row), ERR_INVALID, cases[i].refusal);
    }
}

static void bytes_that_are_no_package_are_refused(void **state)
{
    struct core *f = *state;
    struct arena *mem = f->mem;
    struct str whole = core_package(f, &tiny);
    const struct str index = S("{\"name\":\"x\",\"version\":\"1.0\",\"build\":\"0\","
                               "\"build_number\":0,\"depends\":[]}");
    const struct str hostile[] = {
        S(""),
        S("not an archive"),
        str_sub(whole, 0, whole.len - 1),
        make_joined(mem, whole, S("more")),
        make_bzip2(mem, MAKE_TAR(mem, {.name = "info/files", .data = S("")})),
        make_bzip2(mem, MAKE_TAR(mem, {.name = "info/index.json", .data = S("[1]")})),
        make_bzip2(mem, MAKE_TAR(mem, {.name = "info/index.json", .data = index},
                                 {.name = "info/index.json", .data = index})),
        make_bzip2(mem, MAKE_TAR(mem, {.name = "info/../info/index.json", .data = index})),
        make_bzip2(mem,
                   MAKE_TAR(mem, {.name = "info/index.json", .type = '2', .link = "/etc/passwd"})),
    };

    for (size_t i = 0; i < COUNT(hostile); i++) {
        struct upload_row upload = received(f, "noarch/x-1.0-0.tar.bz2", hostile[i]);
        struct file_row row = {0};
        enum err_code code = inspect(f, &upload, &row);

        if (code != ERR_INVALID)
            print_error("bytes %zu: code %d\n", i, code);
        assert_int_equal(code, ERR_INVALID);
        assert_true(strlen(f->err.msg) > 0);
    }
}

static void bytes_that_are_gone_are_told(void **state)
{
    struct core *f = *state;
    struct upload_row upload = received(f, "noarch/x-1.0-0.tar.bz2", core_package(f, &tiny));
    struct file_row row;

    must(f, blob_remove(f->app.blobs, upload.sha256, &f->err));
    must_fail(f, inspect(f, &upload, &row), ERR_NOT_FOUND, "no bytes have the digest");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_row_holds_what_the_package_says),
        WITH_INSPECTOR(what_was_declared_must_agree_where_it_says_something),
        WITH_INSPECTOR(a_package_under_a_foreign_name_is_refused),
        WITH_INSPECTOR(bytes_that_are_no_package_are_refused),
        WITH_INSPECTOR(bytes_that_are_gone_are_told),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
