#include "unit.h"

#include "base/limits.h"
#include "format/cran_built.h"

static void built_is_parted(void **state)
{
    struct cran_built b = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(
        cran_built_parse(S("R 4.1.1; aarch64-apple-darwin20; 2022-04-06 00:14:41 UTC; unix"), &b,
                         NULL),
        OK);
    assert_str(b.r_version, "4.1");
    assert_str(b.platform, "aarch64-apple-darwin20");
    assert_false(b.windows);
    assert_int_equal(cran_built_parse(S("R 4.10.0; ; 2020-06-09 05:30:21 UTC; windows"), &b, NULL),
                     OK);
    assert_str(b.r_version, "4.10");
    assert_int_equal(b.platform.len, 0);
    assert_true(b.windows);
    assert_int_equal(cran_built_parse(S("R 4.2"), &b, &err), ERR_INVALID);
    assert_string_equal(err.msg,
                        "DESCRIPTION: Built is \"R 4.2\", not \"R version; platform; date; "
                        "unix or windows\"");
}

static void other_forms_of_built_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "; ; ; unix",
                                      "R 4; ; x; unix",
                                      "4.1.1; ; x; unix",
                                      "R 4-1; ; x; unix",
                                      "R 4.1.x; ; x; unix",
                                      "R ../..; ; x; unix",
                                      "R 4.1.1; ; x; vms",
                                      "R 4.1.1; ; x; unix; more",
                                      "R 4.1.1; ; x"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct cran_built b = {0};

        assert_int_equal(cran_built_parse(str_of(bad[i]), &b, NULL), ERR_INVALID);
        assert_null(b.r_version.ptr);
    }
}

static json_t *fields_with(const char *built)
{
    json_t *f = json_pack("{s:s, s:s}", "Package", "evil", "Version", "1.0");

    assert_non_null(f);
    if (built)
        assert_int_equal(json_object_set_new(f, "Built", json_string(built)), 0);
    return f;
}

static void a_package_finds_its_tree(void **state)
{
    static const struct {
        const char *built, *file, *tree; /* tree NULL: none, and why: */
        const char *why;
    } cases[] = {
        {NULL, "evil_1.0.tar.gz", "src/contrib", NULL},
        {NULL, "evil_1.0.zip", NULL,
         "DESCRIPTION has no field \"Built\", so this is not the binary package that the file name "
         "says it is"},
        {"R 4.2.1; ; x; windows", "evil_1.0.zip", "bin/windows/contrib/4.2", NULL},
        {"R 4.2.1; aarch64-apple-darwin20; x; unix", "evil_1.0.tgz",
         "bin/macosx/big-sur-arm64/contrib/4.2", NULL},
        {"R 4.2.1; x86_64-apple-darwin17.0; x; unix", "evil_1.0.tgz", "bin/macosx/contrib/4.2",
         NULL},
        {"R 4.3.0; x86_64-apple-darwin20; x; unix", "evil_1.0.tgz",
         "bin/macosx/big-sur-x86_64/contrib/4.3", NULL},
        {"R 4.0.0; ; x; unix", "evil_1.0.tgz", "bin/macosx/contrib/4.0", NULL},
        {"R 4.2.1; ; x; unix", "evil_1.0.tgz", NULL,
         "a binary package does not say for which Mac it is: put it into its tree, as "
         "bin/macosx/big-sur-arm64/contrib/4.2"},
        {"R 3.6.1; x86_64-apple-darwin15.6.0; x; unix", "evil_1.0.tgz", NULL,
         "a binary package does not say for which Mac it is: put it into its tree, as "
         "bin/macosx/big-sur-arm64/contrib/3.6"},
        {"R 4.2.1; x86_64-pc-linux-gnu; x; unix", "evil_1.0_R_x86_64-pc-linux-gnu.tar.gz", NULL,
         "a binary package does not say for which distribution of Linux it is: put it into its "
         "tree, as bin/linux/DISTRIBUTION/contrib/4.2"},
        {"R 4.2.1; ; x; unix", "evil_1.0.tar.gz", NULL,
         "a binary package does not say for which distribution of Linux it is: put it into its "
         "tree, as bin/linux/DISTRIBUTION/contrib/4.2"},
        {"R 4", "evil_1.0.zip", NULL,
         "DESCRIPTION: Built is \"R 4\", not \"R version; platform; date; unix or windows\""},
    };
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(json_decrefp) json_t *f = fields_with(cases[i].built);
        struct cran_filename file = {0};
        struct str tree = {0};
        struct err err = {0};
        enum err_code rc;

        assert_int_equal(cran_filename_parse(str_of(cases[i].file), &file, NULL), OK);
        rc = cran_built_tree(mem, f, &file, &tree, &err);
        assert_int_equal(rc, cases[i].tree ? OK : ERR_INVALID);
        assert_str(tree, cases[i].tree ? cases[i].tree : "");
        assert_string_equal(err.msg, cases[i].why ? cases[i].why : "");
    }
}

static void a_tree_has_what_was_built_for_it(void **state)
{
    static const char UNIX[] = "R 4.2.1; ; x; unix", WINDOWS[] = "R 4.2.1; ; x; windows";
    static const struct {
        const char *built, *tree, *why; /* why NULL: it belongs there */
    } cases[] = {
        {NULL, "src/contrib", NULL},
        {UNIX, "src/contrib",
         "DESCRIPTION has a field \"Built\": this is a binary package, and "
         "src/contrib is for sources; binaries go into bin/SYSTEM/contrib/X.Y"},
        {NULL, "bin/windows/contrib/4.2",
         "DESCRIPTION has no field \"Built\", so this is not the "
         "binary package that this folder has"},
        {WINDOWS, "bin/windows/contrib/4.2", NULL},
        {WINDOWS, "bin/windows/contrib/4.3",
         "the package was built with R 4.2, but bin/windows/contrib/4.3 is for R 4.3"},
        {UNIX, "bin/windows/contrib/4.2",
         "the package was built on unix, but bin/windows/contrib/4.2 is for windows"},
        {WINDOWS, "bin/macosx/contrib/4.2",
         "the package was built on windows, but bin/macosx/contrib/4.2 is for macosx"},
        {UNIX, "bin/linux/4.2-jammy/contrib/4.2", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(json_decrefp) json_t *f = fields_with(cases[i].built);
        struct cran_tree tree = {0};
        struct err err = {0};

        assert_int_equal(cran_tree_parse(str_of(cases[i].tree), &tree, NULL), OK);
        assert_int_equal(cran_built_check(f, &tree, &err), cases[i].why ? ERR_INVALID : OK);
        assert_string_equal(err.msg, cases[i].why ? cases[i].why : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_is_parted),
        cmocka_unit_test(other_forms_of_built_are_refused),
        cmocka_unit_test(a_package_finds_its_tree),
        cmocka_unit_test(a_tree_has_what_was_built_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
