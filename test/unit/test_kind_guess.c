/* Of what kind a file is, and whose, by its name. */
#include "core_fixture.h"

#include "base/limits.h"
#include "core/kind_guess.h"

/* "kind package version", with "-" for what the name does not tell; or why it is refused. */
static struct str guess(struct core *f, const char *filename, struct str package)
{
    const struct kind *k = kind_guess(f->mem, str_of(filename));
    struct file_path path = {.package = package};

    f->err = (struct err){0};
    if (kind_guess_path(k, f->mem, str_of(filename), &path, &f->err))
        return str_fmt(f->mem, STR_FMT " %s", STR_ARG(k->name), err_slug(f->err.code));
    return str_fmt(f->mem, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(k->name), STR_ARG(path.package),
                   STR_ARG(path.version.len ? path.version : S("-")));
}

static void names_tell_kind_package_and_version(void **state)
{
    static const char *const cases[][2] = {
        {"numpy-2.1.0-py312_0.conda", "conda numpy 2.1.0"},
        {"a-b-1!2.0+l-0.tar.bz2", "conda a-b 1!2.0+l"},
        {"numpy.conda", "conda invalid"},
        {"notes.tar.bz2", "file notes -"},
        {"my_pkg-1.0-py3-none-any.whl", "pypi my_pkg 1.0"},
        {"x.whl", "pypi invalid"},
        {"my_pkg-1.0.tar.gz", "pypi my_pkg 1.0"},
        {"x-1.0-py3.8.egg", "pypi x 1.0"},
        {"basket.egg", "file basket -"},
        {"dplyr_1.1.4.tar.gz", "r dplyr 1.1.4"},
        {"R6_2.5-1.tgz", "r R6 2.5-1"},
        {"dplyr_1.1.4.zip", "r dplyr 1.1.4"},
        {"photos-2026.zip", "file photos-2026 -"},
        {"backup.tar.gz", "file backup -"},
        {"Fit of curves.ipynb", "ipynb fit-of-curves -"},
        {"environment.yml", "env environment -"},
        {"dev.yaml", "env dev -"},
        {"pixi.lock", "env pixi -"},
        {"Sales report (1).PDF", "file sales-report--1 -"},
        {"installer.sh", "file installer -"},
        {"README", "file readme -"},
        {"v1.2.csv", "file v1.2 -"},
        {"\xc3\xa4.csv", "file unprocessable"},
        {"...", "file unprocessable"},
    };
    struct core *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_str(guess(f, cases[i][0], S("")), cases[i][1]);
    (void)guess(f, "---.csv", S(""));
    assert_string_equal(f->err.field, "package");
}

static void what_is_said_stands(void **state)
{
    struct core *f = *state;
    struct file_path path = {.package = S("x"), .version = S("9")};

    assert_str(guess(f, "report.pdf", S("sales")), "file sales -");
    assert_str(guess(f, "numpy-2.1.0-0.conda", S("other")), "conda other 2.1.0");
    /* Of the ways to take this name apart the one that is that of the project. */
    assert_str(guess(f, "a-1-2.tar.gz", S("a-1")), "pypi a-1 2");
    must(f, kind_guess_path(kind_find(S("conda")), f->mem, S("nonsense"), &path, &f->err));
    assert_str(path.package, "x");
    assert_str(path.version, "9");
}

static void a_long_name_is_cut(void **state)
{
    struct core *f = *state;
    char name[LIMIT_PACKAGE + 40];
    struct file_path path = {0};

    memset(name, 'x', sizeof name);
    must(f, kind_guess_path(kind_find(S("file")), f->mem, (struct str){name, sizeof name}, &path,
                            &f->err));
    assert_int_equal(path.package.len, LIMIT_PACKAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(names_tell_kind_package_and_version),
        WITH_CORE(what_is_said_stands),
        WITH_CORE(a_long_name_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
