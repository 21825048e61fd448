#include "unit.h"

#include "base/fs.h"
#include "base/limits.h"
#include "format/conda_name.h"

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

/* A value of as many characters as are allowed is accepted, one more is not. */
static void assert_limit(checker *check, const char *begin, size_t max)
{
    char text[300];

    memset(text, 'a', sizeof(text));
    memcpy(text, begin, strlen(begin));
    assert_int_equal(check((struct str){text, max}, NULL), OK);
    assert_int_equal(check((struct str){text, max + 1}, NULL), ERR_INVALID);
}

static void package_names_of_cep_26(void **state)
{
    static const char *const good[] = {
        "a",  "7zip", "_libgcc_mutex", "numpy", "r-a.b_c", "a-1.0", "x_", "x-", "x.", "_",
        "_x", "_0",   "ruamel.yaml",   NULL};
    static const char *const bad[] = {
        "",    "__glibc", "__",   "Numpy", "numPy",     "a b",   "a/b", "a\\b", "..",  ".",
        ".a",  "-a",      "a--b", "a._b",  "a__b",      "_-x",   "_.x", "a%62", "a#b", "a?b",
        "a+b", "a!b",     "a\nb", "a\tb",  "a\xc3\xa9", "a\x7f", "a:b", NULL};

    (void)state;
    assert_all_good(conda_check_name, good);
    assert_all_bad(conda_check_name, bad);
    assert_int_equal(conda_check_name(S("a\0b"), NULL), ERR_INVALID);
    assert_limit(conda_check_name, "", LIMIT_CONDA_NAME);
}

static void version_alphabet_of_cep_26(void **state)
{
    static const char *const good[] = {"1", "1.0", "1!2.0_a+local", "2024a", "v1.0", "1.0__", NULL};
    static const char *const bad[] = {"",    "1.0RC", "1-0", "1 0", "1/0", "1*", "1%2b0",
                                      "1,0", "1~0",   "1\n", "1\\", "1#",  "1?", NULL};

    (void)state;
    assert_all_good(conda_check_version_text, good);
    assert_all_bad(conda_check_version_text, bad);
    assert_limit(conda_check_version_text, "1", LIMIT_CONDA_VERSION);
}

static void build_strings_of_cep_26(void **state)
{
    static const char *const good[] = {"0", "py312_0", "H_1.2+cuda", "_", ".", NULL};
    static const char *const bad[] = {"",    "a-b", "a b",      "a!b", "a/b",
                                      "a%b", "a*",  "\xc3\xa9", NULL};

    (void)state;
    assert_all_good(conda_check_build, good);
    assert_all_bad(conda_check_build, bad);
    assert_limit(conda_check_build, "", LIMIT_CONDA_BUILD);
}

static void subdirs_need_not_be_known(void **state)
{
    static const char *const good[] = {"noarch", "linux-64", "win-arm64", "zos-z", "foo-1", NULL};
    static const char *const bad[] = {"",         "linux",     "linux-",    "-64",     "linux-64-1",
                                      "Linux-64", "linux_64",  "linux-6 4", "../../x", "..",
                                      "noarch/",  "linux-64/", "-",         NULL};

    (void)state;
    assert_all_good(conda_check_subdir, good);
    assert_all_bad(conda_check_subdir, bad);
    assert_limit(conda_check_subdir, "linux-", LIMIT_CONDA_SUBDIR);
}

static void labels_do_not_confuse_clients(void **state)
{
    static const char *const good[] = {"main", "dev", "A",       "cf-2024_1.x", "team/dev", "a/b/c",
                                       "t1",   "a.b", "noarch1", "locked",      NULL};
    static const char *const bad[] = {
        "",         "1a",         "_a",      "-a",       "/a",          "a/",
        "a//b",     "a/./b",      "a/../b",  "a/..",     "a b",         "a%2f",
        "a+b",      "t",          "a/t/b",   "a/T",      "noarch",      "a/noarch",
        "linux-64", "a/Win-64/b", "nolabel", "x.conda",  "a/x.tar.bz2", "a\n",
        "a:b",      "\xc3\xa9",   "lock",    "a/copy/b", NULL};

    (void)state;
    assert_all_good(conda_check_label, good);
    assert_all_bad(conda_check_label, bad);
    assert_limit(conda_check_label, "", LIMIT_CONDA_LABEL);
}

static void known_subdirs_are_known_in_any_case(void **state)
{
    (void)state;
    assert_string_equal(conda_known_subdirs[0], "noarch");
    assert_true(conda_known_subdir(S("linux-64")));
    assert_true(conda_known_subdir(S("LINUX-AARCH64")));
    assert_true(conda_known_subdir(S("emscripten-wasm32")));
    assert_false(conda_known_subdir(S("linux-65")));
    assert_false(conda_known_subdir(S("linux-6")));
    assert_false(conda_known_subdir(S("")));
    for (size_t i = 0; conda_known_subdirs[i]; i++)
        assert_int_equal(conda_check_subdir(str_of(conda_known_subdirs[i]), NULL), OK);
}

static void file_names_split_at_the_last_dashes(void **state)
{
    struct conda_filename f = {0};

    (void)state;
    assert_int_equal(conda_filename_parse(S("scikit-learn-1.5.2-py312_0.conda"), &f, NULL), OK);
    assert_str(f.name, "scikit-learn");
    assert_str(f.version, "1.5.2");
    assert_str(f.build, "py312_0");
    assert_str(f.stem, "scikit-learn-1.5.2-py312_0");
    assert_int_equal(f.format, CONDA_V2);
    assert_int_equal(conda_filename_parse(S("x264-1!164.3095-h_2+a.tar.bz2"), &f, NULL), OK);
    assert_str(f.version, "1!164.3095");
    assert_str(f.build, "h_2+a");
    assert_int_equal(f.format, CONDA_TAR_BZ2);
    assert_string_equal(conda_format_ext(CONDA_V2), ".conda");
    assert_string_equal(conda_format_ext(CONDA_TAR_BZ2), ".tar.bz2");
}

static enum err_code check_filename(struct str s, struct err *err)
{
    struct conda_filename f = {.format = CONDA_V2};
    enum err_code code = conda_filename_parse(s, &f, err);

    if (code)
        assert_null(f.name.ptr);
    return code;
}

static void malformed_file_names_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      ".conda",
                                      "a.conda",
                                      "a-1.conda",
                                      "a--b.conda",
                                      "-1-0.conda",
                                      "a-1-.conda",
                                      "--.conda",
                                      "a-1-0",
                                      "a-1-0.zip",
                                      "a-1-0.CONDA",
                                      "a-1-0.tar.gz",
                                      "a-1-0.conda/",
                                      "../a-1-0.conda",
                                      "linux-64/a-1-0.conda",
                                      "a-1-0%2e.conda",
                                      "a%2d-1-0.conda",
                                      "a-1-0#x.conda",
                                      "a-1-0?x.conda",
                                      "a\\b-1-0.conda",
                                      "a-1-0\n.conda",
                                      "A-1-0.conda",
                                      "__glibc-1-0.conda",
                                      "a-1 -0.conda",
                                      NULL};

    (void)state;
    assert_all_bad(check_filename, bad);
    assert_int_equal(check_filename(S("a-1-0\0.conda"), NULL), ERR_INVALID);
}

static void parts_and_the_whole_file_name_are_bounded(void **state)
{
    char text[300];
    int len = snprintf(text, sizeof(text), "%064d-%064d-%064d.tar.bz2", 1, 1, 1);
    struct conda_filename f;
    struct err err = {0};

    (void)state;
    assert_int_equal(conda_filename_parse((struct str){text, (size_t)len}, &f, NULL), OK);
    len = snprintf(text, sizeof(text), "%065d-1-0.conda", 1);
    assert_int_equal(conda_filename_parse((struct str){text, (size_t)len}, &f, NULL), ERR_INVALID);
    len = snprintf(text, sizeof(text), "%0203d.conda-1-0", 1);
    assert_int_equal(conda_filename_parse((struct str){text, (size_t)len}, &f, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "has 213 characters, more than 211"));
}

static void all_names_of_conda_forge_are_accepted(void **state)
{
    const char *folder = getenv("TERRARIUM_TEST_DATA");
    struct arena *mem = arena_open(8 * MIB);
    struct str names = {0}, name;
    size_t count = 0;
    const char *path = str_z(mem, str_fmt(mem, "%s/facts/conda-forge-output-names.txt",
                                          folder ? folder : "../shared/data"));

    (void)state;
    assert_non_null(path);
    if (fs_read(mem, path, 4 * MIB, &names, NULL)) {
        arena_close(mem);
        print_message("skipped: no real data (TERRARIUM_TEST_DATA)\n");
        skip();
    }
    while (str_cut(&names, '\n', &name)) {
        struct err err = {0};

        if (conda_check_name(name, &err))
            print_error("%s\n", err.msg);
        assert_int_equal(conda_check_name(name, &err), OK);
        count++;
    }
    assert_true(count > 30000);
    arena_close(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(package_names_of_cep_26),
        cmocka_unit_test(version_alphabet_of_cep_26),
        cmocka_unit_test(build_strings_of_cep_26),
        cmocka_unit_test(subdirs_need_not_be_known),
        cmocka_unit_test(labels_do_not_confuse_clients),
        cmocka_unit_test(known_subdirs_are_known_in_any_case),
        cmocka_unit_test(file_names_split_at_the_last_dashes),
        cmocka_unit_test(malformed_file_names_are_refused),
        cmocka_unit_test(parts_and_the_whole_file_name_are_bounded),
        cmocka_unit_test(all_names_of_conda_forge_are_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
