#include "unit.h"

#include "base/limits.h"
#include "format/cran_name.h"

typedef enum err_code checker(struct str s, struct err *err);

static void assert_all_good(checker *check, const char *const *values)
{
    for (; *values; values++) {
        struct err err = {0};

        if (check(str_of(*values), &err))
            print_error("%s: %s\n", *values, err.msg);
        assert_int_equal(check(str_of(*values), &err), OK);
    }
}

static void assert_all_bad(checker *check, const char *const *values)
{
    for (; *values; values++) {
        struct err err = {0};

        if (!check(str_of(*values), &err))
            print_error("\"%s\" is accepted\n", *values);
        assert_int_equal(check(str_of(*values), &err), ERR_INVALID);
        assert_true(err.msg[0]);
    }
}

static void package_names_of_r(void **state)
{
    static const char *const good[] = {
        "R6", "A3", "data.table", "BSgenome.Mmulatta.NCBI.rheMac8", "abc.1", "xY", NULL};
    static const char *const bad[] = {"",    "R",    "6R",   ".a",   "a.",    "a_b",         "a-b",
                                      "a b", "a/b",  "..",   "a\\b", "a\n",   "a\xc3\xa9 b", "a%62",
                                      "a:b", "a<b>", "ab\r", "ab\"", "ab;cd", NULL};
    char text[LIMIT_CRAN_NAME + 1];

    (void)state;
    assert_all_good(cran_check_package, good);
    assert_all_bad(cran_check_package, bad);
    assert_int_equal(cran_check_package(S("a\0b"), NULL), ERR_INVALID);
    memset(text, 'a', sizeof(text));
    assert_int_equal(cran_check_package((struct str){text, LIMIT_CRAN_NAME}, NULL), OK);
    assert_int_equal(cran_check_package((struct str){text, LIMIT_CRAN_NAME + 1}, NULL),
                     ERR_INVALID);
}

static void versions_of_r(void **state)
{
    static const char *const good[] = {"1.0",          "0.1-3",      "1.8-4",
                                       "1.0.10",       "2023-04-01", "0.0.0.9000",
                                       "1.2147483647", "01.02",      NULL};
    static const char *const bad[] = {"",     "1",     "1.",           ".1",   "1..0", "1.-0",
                                      "-1.0", "1.0a",  "v1.0",         "1 .0", "1.0 ", "1_0",
                                      "1.0+", "1.0\n", "1.2147483648", "+1.0", "1,0",  NULL};
    struct err err = {0};

    (void)state;
    assert_all_good(cran_check_version, good);
    assert_all_bad(cran_check_version, bad);
    assert_int_equal(cran_check_version(S("1.99999999999"), &err), ERR_INVALID);
    assert_string_equal(err.msg, "version \"1.99999999999\" has a number over 2147483647, which R "
                                 "cannot hold");
}

/* What package_version() and compareVersion() of R 4.2.2 say. */
static void versions_are_ordered_as_in_r(void **state)
{
    static const char *const rising[] = {"0.1",   "0.1.0", "0.1-1",  "0.1.2",   "0.2",
                                         "0.10",  "1.0",   "1.0.0",  "1.0-1",   "1.0.1.9000",
                                         "1.0.2", "1.10",  "1.10-9", "1.10-10", "2022-01-01"};
    static const char *const equal[][2] = {
        {"1.0-1", "1.0.1"}, {"1.01", "1.1"}, {"2022.01.01", "2022-1-1"}};

    (void)state;
    for (size_t i = 0; i < COUNT(rising); i++)
        for (size_t k = 0; k < COUNT(rising); k++) {
            int order = cran_version_cmp(str_of(rising[i]), str_of(rising[k]));

            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    for (size_t i = 0; i < COUNT(equal); i++)
        assert_int_equal(cran_version_cmp(str_of(equal[i][0]), str_of(equal[i][1])), 0);
}

static void file_names_are_parted(void **state)
{
    static const struct {
        const char *in, *package, *version, *platform;
        enum cran_form form;
    } cases[] = {
        {"xtable_1.8-4.tar.gz", "xtable", "1.8-4", "", CRAN_TAR_GZ},
        {"data.table_1.14.8.zip", "data.table", "1.14.8", "", CRAN_ZIP},
        {"R6_2.5.1.tgz", "R6", "2.5.1", "", CRAN_TGZ},
        {"pkg_1.0.0_R_x86_64-pc-linux-gnu.tar.gz", "pkg", "1.0.0", "x86_64-pc-linux-gnu",
         CRAN_LINUX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cran_filename f = {0};

        assert_int_equal(cran_filename_parse(str_of(cases[i].in), &f, NULL), OK);
        assert_str(f.package, cases[i].package);
        assert_str(f.version, cases[i].version);
        assert_str(f.platform, cases[i].platform);
        assert_int_equal(f.form, cases[i].form);
        assert_true(str_ends(str_of(cases[i].in), str_of(cran_form_ext(f.form))));
    }
}

static void other_file_names_are_refused(void **state)
{
    static const struct {
        const char *in, *why;
    } cases[] = {
        {"", "file name is empty"},
        {"evil_1.0.tar.bz2",
         "file name \"evil_1.0.tar.bz2\" ends in none of \".tar.gz\", \".zip\" and \".tgz\""},
        {"evil-1.0.tar.gz", "file name \"evil-1.0.tar.gz\" is not Package_Version.tar.gz"},
        {"evil_1.0_x.zip", "file name \"evil_1.0_x.zip\" is not Package_Version.zip"},
        {"evil_1.0_R_x86_64.tgz", "file name \"evil_1.0_R_x86_64.tgz\" is not Package_Version.tgz"},
        {"evil_1.0_R_.tar.gz", "file name \"evil_1.0_R_.tar.gz\" is not Package_Version.tar.gz"},
        {"evil_1.0_R_a/b.tar.gz",
         "file name \"evil_1.0_R_a/b.tar.gz\" is not Package_Version.tar.gz"},
        {"evil_1.tar.gz", "version \"1\" is not two or more numbers with \".\" or \"-\" between"},
        {"../evil_1.0.tar.gz", "package name \"../evil\" is not at least two letters, digits and "
                               "dots, a letter first and no dot last"},
        {"_1.0.tar.gz", "package name is empty"},
        {"evil_.tar.gz", "version is empty"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cran_filename f = {0};
        struct err err = {0};

        assert_int_equal(cran_filename_parse(str_of(cases[i].in), &f, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].why);
        assert_null(f.package.ptr);
    }
}

static void trees_are_parted(void **state)
{
    static const struct {
        const char *in, *system, *flavour, *r_version;
    } cases[] = {
        {"src/contrib", "", "", ""},
        {"bin/windows/contrib/4.2", "windows", "", "4.2"},
        {"bin/macosx/contrib/3.6", "macosx", "", "3.6"},
        {"bin/macosx/big-sur-arm64/contrib/4.5", "macosx", "big-sur-arm64", "4.5"},
        {"bin/linux/4.2-jammy/contrib/4.2", "linux", "4.2-jammy", "4.2"},
    };
    static const char *const bad[] = {"",
                                      "src",
                                      "src/contrib/",
                                      "/src/contrib",
                                      "src/contrib/Archive",
                                      "bin/windows/contrib",
                                      "bin/windows/contrib/4",
                                      "bin/windows/contrib/4.2.1",
                                      "bin/windows/contrib/x.y",
                                      "bin/windows/contrib/.2",
                                      "bin//contrib/4.2",
                                      "bin/windows//contrib/4.2",
                                      "bin/../contrib/4.2",
                                      "bin/windows/../contrib/4.2",
                                      "bin/a/b/c/contrib/4.2",
                                      "bin/win dows/contrib/4.2",
                                      "bin/windows/Contrib/4.2",
                                      "Bin/windows/contrib/4.2",
                                      "bin/windows/contrib/4.2/x",
                                      "bin/%2e/contrib/4.2"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cran_tree t = {0};

        assert_int_equal(cran_tree_parse(str_of(cases[i].in), &t, NULL), OK);
        assert_str(t.path, cases[i].in);
        assert_str(t.system, cases[i].system);
        assert_str(t.flavour, cases[i].flavour);
        assert_str(t.r_version, cases[i].r_version);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct cran_tree t = {0};
        struct err err = {0};

        if (!cran_tree_parse(str_of(bad[i]), &t, &err))
            print_error("\"%s\" is accepted\n", bad[i]);
        assert_int_equal(cran_tree_parse(str_of(bad[i]), &t, &err), ERR_INVALID);
        assert_null(t.path.ptr);
    }
}

static void each_tree_has_files_of_its_form(void **state)
{
    static const char *const trees[] = {"src/contrib", "bin/windows/contrib/4.2",
                                        "bin/macosx/contrib/4.2",
                                        "bin/linux/4.2-jammy/contrib/4.2"};
    static const char *const files[] = {"ab_1.0.tar.gz", "ab_1.0.zip", "ab_1.0.tgz",
                                        "ab_1.0_R_x86_64-pc-linux-gnu.tar.gz"};
    static const bool fits[COUNT(trees)][COUNT(files)] = {{true, false, false, false},
                                                          {false, true, false, false},
                                                          {false, false, true, false},
                                                          {true, false, false, true}};
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(trees); i++)
        for (size_t k = 0; k < COUNT(files); k++) {
            struct cran_tree t = {0};
            struct cran_filename f = {0};

            assert_int_equal(cran_tree_parse(str_of(trees[i]), &t, NULL), OK);
            assert_int_equal(cran_filename_parse(str_of(files[k]), &f, NULL), OK);
            assert_int_equal(cran_tree_admits(&t, &f, &err), fits[i][k] ? OK : ERR_INVALID);
        }
    assert_string_equal(err.msg, "file \"ab_1.0.tgz\" does not belong in "
                                 "bin/linux/4.2-jammy/contrib/4.2, which has files "
                                 "Package_Version.tar.gz; its place is "
                                 "bin/macosx/FLAVOUR/contrib/X.Y");
}

static void whoever_puts_a_file_elsewhere_is_told_its_place(void **state)
{
    static const struct {
        const char *file, *place;
    } cases[] = {{"ab_1.0.tar.gz", "src/contrib"},
                 {"ab_1.0.zip", "bin/windows/contrib/X.Y"},
                 {"ab_1.0.tgz", "bin/macosx/FLAVOUR/contrib/X.Y"},
                 {"ab_1.0_R_arm-pc-linux-gnu.tar.gz", "bin/linux/DISTRIBUTION/contrib/X.Y"}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cran_tree t = {.system = S("none"), .path = S("bin/none/contrib/4.2")};
        struct cran_filename f = {0};
        struct err err = {0};

        assert_int_equal(cran_filename_parse(str_of(cases[i].file), &f, NULL), OK);
        assert_string_equal(cran_form_tree(f.form), cases[i].place);
        if (cran_tree_admits(&t, &f, &err))
            assert_non_null(strstr(err.msg, cases[i].file));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(package_names_of_r),
        cmocka_unit_test(versions_of_r),
        cmocka_unit_test(versions_are_ordered_as_in_r),
        cmocka_unit_test(file_names_are_parted),
        cmocka_unit_test(other_file_names_are_refused),
        cmocka_unit_test(trees_are_parted),
        cmocka_unit_test(each_tree_has_files_of_its_form),
        cmocka_unit_test(whoever_puts_a_file_elsewhere_is_told_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
