/* What each URL of a CRAN-like repository leads to. */
#include "unit.h"

#include "base/limits.h"
#include "web/cran_path.h"

static int enter(void **state)
{
    *state = arena_open(MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static enum err_code parse(struct arena *mem, const char *target, struct cran_path *ret)
{
    struct path p;

    assert_int_equal(path_parse(mem, str_of(target), &p, NULL), OK);
    return cran_path_parse(mem, &p, ret, NULL);
}

static bool text_has_label(const char *target)
{
    return strstr(target, "/label/") != NULL;
}

static void paths_are_taken_apart(void **state)
{
    static const struct {
        const char *target, *label, *tree, *document, *filename;
        bool archived;
    } cases[] = {
        {"/cran/a/src/contrib/PACKAGES", "main", "src/contrib", "PACKAGES", "", false},
        {"/cran/a/src/contrib/PACKAGES.rds", "main", "src/contrib", "PACKAGES.rds", "", false},
        {"/cran/a/src/contrib/Meta/archive.rds", "main", "src/contrib", "Meta/archive.rds", "",
         false},
        {"/cran/a/src/contrib/R6_2.5.1.tar.gz", "main", "src/contrib", "", "R6_2.5.1.tar.gz",
         false},
        {"/cran/a/src/contrib/Archive/R6/R6_2.5.1.tar.gz", "main", "src/contrib", "",
         "R6_2.5.1.tar.gz", true},
        {"/cran/a/src/contrib/Archive/src/src_1.0.tar.gz", "main", "src/contrib", "",
         "src_1.0.tar.gz", true},
        {"/cran/a/bin/windows/contrib/4.2/R6_2.5.1.zip", "main", "bin/windows/contrib/4.2", "",
         "R6_2.5.1.zip", false},
        {"/cran/a/bin/macosx/big-sur-arm64/contrib/4.5/PACKAGES.gz", "main",
         "bin/macosx/big-sur-arm64/contrib/4.5", "PACKAGES.gz", "", false},
        {"/cran/a/label/Dev/src/contrib/PACKAGES", "dev", "src/contrib", "PACKAGES", "", false},
        {"/cran/a/label/a/b/src/contrib/PACKAGES", "a/b", "src/contrib", "PACKAGES", "", false},
        {"/cran/a/label/x/bin/src/src/contrib/PACKAGES", "x/bin/src", "src/contrib", "PACKAGES", "",
         false},
        {"/cran/a/label/src/contrib/src/contrib/PACKAGES", "src/contrib", "src/contrib", "PACKAGES",
         "", false},
        {"/cran/a/label/bin/windows/contrib/4.2/src/contrib/PACKAGES", "bin/windows/contrib/4.2",
         "src/contrib", "PACKAGES", "", false},
        {"/cran/a/web/packages/packages.rds", "main", "src/contrib", "PACKAGES.rds", "", false},
        {"/cran/a/label/dev/web/packages/packages.rds", "dev", "src/contrib", "PACKAGES.rds", "",
         false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cran_path p = {0};

        assert_int_equal(parse(*state, cases[i].target, &p), OK);
        assert_str(p.owner, "a");
        assert_str(p.label, cases[i].label);
        assert_str(p.tree, cases[i].tree);
        assert_str(p.document, cases[i].document);
        assert_str(p.filename, cases[i].filename);
        assert_int_equal(p.archived, cases[i].archived);
        assert_int_equal(p.labelled, text_has_label(cases[i].target));
    }
}

static void other_paths_lead_nowhere(void **state)
{
    static const char *const bad[] = {
        "/cran",
        "/cran/a",
        "/cran/a/",
        "/cran/a/src/contrib",
        "/cran/a/src/contrib/",
        "/cran/a/src/contrib/PACKAGES/",
        "/cran/a/src/contrib/packages",
        "/cran/a/src/PACKAGES",
        "/cran/a/contrib/PACKAGES",
        "/cran/a/src/contrib/R6.tar.gz",
        "/cran/a/src/contrib/R6/R6_2.5.1.tar.gz",
        "/cran/a/src/contrib/Archive/R6_2.5.1.tar.gz",
        "/cran/a/src/contrib/Archive/r6/R6_2.5.1.tar.gz",
        "/cran/a/src/contrib/Archive/R6/Meta/R6_2.5.1.tar.gz",
        "/cran/a/src/contrib/Archive/R6/PACKAGES",
        "/cran/a/bin/windows/contrib/PACKAGES",
        "/cran/a/bin/windows/contrib/x/PACKAGES",
        "/cran/a/bin/a/b/c/contrib/4.2/PACKAGES",
        "/cran/a/dev/src/contrib/PACKAGES",
        "/cran/a/label/src/contrib/PACKAGES",
        "/cran/a/labels/dev/src/contrib/PACKAGES",
        "/cran/a/label/nolabel/src/contrib/PACKAGES",
        "/cran/a/label/9/src/contrib/PACKAGES",
        "/cran/a/__api__/status",
        "/cran/a/web/packages/PACKAGES.rds",
        "/cran/a/packages/packages.rds",
        "/cran/a/label/web/packages/packages.rds",
        "/cran/a/src/contrib/web/packages/packages.rds",
        "/cran/a/web/packages/packages.rds/",
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct cran_path p = {0};

        if (parse(*state, bad[i], &p) != ERR_NOT_FOUND)
            print_error("\"%s\" leads somewhere\n", bad[i]);
        assert_int_equal(parse(*state, bad[i], &p), ERR_NOT_FOUND);
        assert_null(p.tree.ptr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_taken_apart),
        cmocka_unit_test(other_paths_lead_nowhere),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
