/* The same rules for both packings, and those of links for tar. */
#include "unit.h"

#include "base/limits.h"
#include "format/pypi_sdist.h"
#include "make_archive.h"

#define INFO "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"

static int enter(void **state)
{
    *state = arena_open(64 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

/* The archive of such members: each name that ends with "/" is a folder. */
static enum err_code read_tar(struct arena *a, const struct tar_part *parts, size_t count,
                              struct str *ret, struct err *err)
{
    AUTO(unpack_closep) struct unpack *u = NULL;
    struct str packed = make_gzip(a, make_tar(a, parts, count));
    struct unpack_source from = unpack_source_mem(&packed);

    assert_int_equal(unpack_open(UNPACK_GZIP, &from, MIB, &u, NULL), OK);
    return pypi_sdist_read_tar(a, u, ret, err);
}

static enum err_code read_zip(struct arena *a, const struct tar_part *parts, size_t count,
                              struct str *ret, struct err *err)
{
    struct zip_part zip_parts[8];
    struct zip_layout layout = {.parts = zip_parts, .count = count};
    struct zip_source from;
    struct str bytes;

    assert_true(count <= COUNT(zip_parts));
    for (size_t i = 0; i < count; i++)
        zip_parts[i] = (struct zip_part){.name = parts[i].name, .data = parts[i].data};
    bytes = make_zip(a, &layout);
    from = zip_source_mem(&bytes);
    return pypi_sdist_read_zip(a, &from, ret, err);
}

static void refused_at(struct arena *a, const struct tar_part *parts, size_t count, bool zip_too,
                       const char *why, int line)
{
    struct str text = {0};
    struct err err = {0};

    assert_int_equal(read_tar(a, parts, count, &text, &err), ERR_INVALID);
    if (!strstr(err.msg, why))
        print_error("line %d: %s\n", line, err.msg);
    assert_non_null(strstr(err.msg, why));
    assert_null(text.ptr);
    if (!zip_too)
        return;
    err = (struct err){0};
    assert_int_equal(read_zip(a, parts, count, &text, &err), ERR_INVALID);
    if (!strstr(err.msg, why))
        print_error("line %d, as ZIP: %s\n", line, err.msg);
    assert_non_null(strstr(err.msg, why));
    assert_null(text.ptr);
}
#define PARTS(...)                                                                                 \
    (const struct tar_part[]){__VA_ARGS__}, COUNT(((const struct tar_part[]){__VA_ARGS__}))
#define refused(a, why, ...)     refused_at((a), PARTS(__VA_ARGS__), true, (why), __LINE__)
#define refused_tar(a, why, ...) refused_at((a), PARTS(__VA_ARGS__), false, (why), __LINE__)

static void pkg_info_of_the_top_folder_is_found(void **state)
{
    static const struct tar_part parts[] = {
        {.name = "demo-1.0/", .type = '5'},
        {.name = "demo-1.0/demo.egg-info/PKG-INFO", .data = {"other", 5}},
        {.name = "demo-1.0/PKG-INFO", .data = {INFO, sizeof(INFO) - 1}},
        {.name = "demo-1.0/tests/PKG-INFO", .data = {"other", 5}},
    };
    struct str text = {0};

    assert_int_equal(read_tar(*state, parts, COUNT(parts), &text, NULL), OK);
    assert_str(text, INFO);
    text = (struct str){0};
    assert_int_equal(read_zip(*state, parts, COUNT(parts), &text, NULL), OK);
    assert_str(text, INFO);
}

static void archive_that_begins_with_a_dot_is_well(void **state)
{
    struct str text = {0};

    assert_int_equal(read_tar(*state,
                              PARTS({.name = "./", .type = '5'}, {.name = "./d/", .type = '5'},
                                    {.name = "./d/PKG-INFO", .data = S(INFO)}),
                              &text, NULL),
                     OK);
    assert_str(text, INFO);
}

static void pkg_info_must_be_in_the_top_folder(void **state)
{
    refused(*state, "has no PKG-INFO in its folder", {.name = "d/setup.py", .data = S("x")});
    refused(*state, "has no PKG-INFO in its folder", {.name = "d/e/PKG-INFO", .data = S(INFO)});
    refused(*state, "file \"PKG-INFO\" lies beside", {.name = "PKG-INFO", .data = S(INFO)});
    refused_tar(*state, "has no PKG-INFO in its folder", {.name = "d/", .type = '5'});
}

static void everything_must_be_in_one_folder(void **state)
{
    refused(*state, "more than one folder at the top: \"d\" and \"e\"",
            {.name = "d/PKG-INFO", .data = S(INFO)}, {.name = "e/x", .data = S("x")});
    refused(*state, "more than one folder at the top: \"d\" and \"D\"",
            {.name = "d/PKG-INFO", .data = S(INFO)}, {.name = "D/PKG-INFO", .data = S("x")});
    refused(*state, "file \"x\" lies beside the folder", {.name = "d/PKG-INFO", .data = S(INFO)},
            {.name = "x", .data = S("x")});
}

static void pkg_info_must_be_one(void **state)
{
    refused_tar(*state, "two members are named \"d/PKG-INFO\"",
                {.name = "d/PKG-INFO", .data = S(INFO)}, {.name = "d/PKG-INFO", .data = S("x")});
    refused(*state, "member \"d/pkg-info\" should be spelled \"PKG-INFO\"",
            {.name = "d/PKG-INFO", .data = S(INFO)}, {.name = "d/pkg-info", .data = S("x")});
}

static void pkg_info_must_be_a_file(void **state)
{
    refused_tar(*state, "member \"d/PKG-INFO\" is not a file",
                {.name = "d/PKG-INFO", .type = '2', .link = "/etc/passwd"});
    refused_tar(*state, "member \"d/PKG-INFO\" is not a file", {.name = "d/x", .data = S(INFO)},
                {.name = "d/PKG-INFO", .type = '1', .link = "d/x"});
    refused(*state, "member \"d/PKG-INFO\" is not a file",
            {.name = "d/PKG-INFO/", .type = '5', .data = S("")});
}

static void links_within_the_folder_pass(void **state)
{
    static const char *const symbolic[] = {"x", "../d/../x", "./a/../b", "../a/b"};
    struct str text;

    for (size_t i = 0; i < COUNT(symbolic); i++)
        assert_int_equal(read_tar(*state,
                                  PARTS({.name = "d/PKG-INFO", .data = S(INFO)},
                                        {.name = "d/e/l", .type = '2', .link = symbolic[i]}),
                                  &text, NULL),
                         OK);
    assert_int_equal(read_tar(*state,
                              PARTS({.name = "d/PKG-INFO", .data = S(INFO)},
                                    {.name = "d/e/l", .type = '1', .link = "d/PKG-INFO"}),
                              &text, NULL),
                     OK);
}

static void links_out_of_the_folder_are_refused(void **state)
{
    static const struct {
        char type;
        const char *to;
    } bad[] = {
        {'2', "/etc/passwd"},  {'2', "../../x"}, {'2', "../../d/x"},
        {'2', "a/../../../x"}, {'2', "..\\x"},   {'1', "x"},
        {'1', "e/x"},          {'1', "d/../x"},  {'1', "d/"},
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        refused_tar(*state, "which leads out of the source distribution",
                    {.name = "d/PKG-INFO", .data = S(INFO)},
                    {.name = "d/e/l", .type = bad[i].type, .link = bad[i].to});
}

static void sparse_members_are_refused(void **state)
{
    refused_tar(*state, "member \"d/x\" is sparse", {.name = "d/PKG-INFO", .data = S(INFO)},
                {.name = "d/x",
                 .type = 'x',
                 .data = S("25 GNU.sparse.map=1000,4\n24 GNU.sparse.size=1004\n")},
                {.name = "d/x", .data = S("data")});
}

static void names_that_leave_are_refused(void **state)
{
    refused(*state, "d/../../x", {.name = "d/PKG-INFO", .data = S(INFO)},
            {.name = "d/../../x", .data = S("x")});
    refused(*state, "/tmp/x", {.name = "/tmp/x", .data = S("x")});
}

static void overlong_pkg_info_is_refused(void **state)
{
    struct arena *a = *state;
    struct str text, data = make_run(a, 'x', LIMIT_INFO_MEMBER + 1);

    assert_int_equal(read_zip(a, PARTS({.name = "d/PKG-INFO", .data = data}), &text, NULL),
                     ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pkg_info_of_the_top_folder_is_found),
        cmocka_unit_test(archive_that_begins_with_a_dot_is_well),
        cmocka_unit_test(pkg_info_must_be_in_the_top_folder),
        cmocka_unit_test(everything_must_be_in_one_folder),
        cmocka_unit_test(pkg_info_must_be_one),
        cmocka_unit_test(pkg_info_must_be_a_file),
        cmocka_unit_test(links_within_the_folder_pass),
        cmocka_unit_test(links_out_of_the_folder_are_refused),
        cmocka_unit_test(sparse_members_are_refused),
        cmocka_unit_test(names_that_leave_are_refused),
        cmocka_unit_test(overlong_pkg_info_is_refused),
    };

    return cmocka_run_group_tests_name("pypi_sdist", tests, enter, leave);
}
