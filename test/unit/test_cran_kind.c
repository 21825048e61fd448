/* Packages of R, through the whole of an upload, into the indexes. */
#include "cran_fixture.h"

#include "base/limits.h"
#include "core/cran_kind.h"
#include "core/package.h"
#include "format/gzip.h"

static enum err_code publish(struct core *f, const struct actor *actor, const char *package,
                             const char *version, const char *basename, struct str bytes,
                             struct file_row *ret)
{
    const struct file_path path = {S("alice"), str_of(package), str_of(version), str_of(basename)};

    return cran_publish(f, actor, &path, NULL, bytes, ret);
}

#define EVIL "Package: evil\nVersion: 1.0\n"

static void a_row_holds_what_the_package_says(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row row = {0};

    must(f, publish(f, &alice, "evil", "1.0", "evil_1.0.tar.gz",
                    make_cran(f->mem, "evil",
                              EVIL "Title: An evil\n  package\nDescription: It is.\n  Evil.\n"
                                   "License: MIT + file LICENSE\nDepends: R (>= 3.5),\n    stats\n"
                                   "Suggests: ab,\nFile: ../x\n"
                                   "URL: ftp://x.org, https://evil.example.org,\n"
                                   "  https://github.com/evil/evil\n",
                              "int x;"),
                    &row));
    assert_str(row.type, "r");
    assert_str(row.subdir, "cran/src/contrib");
    assert_str(row.filename, "evil_1.0.tar.gz");
    assert_str(row.name_key, "src/contrib/evil_1.0.tar.gz");
    assert_str(row.record,
               "{\"NeedsCompilation\":\"yes\",\"depends\":[\"R (>= 3.5)\",\"stats\"],\"fields\":{"
               "\"Depends\":\"R (>= 3.5), stats\",\"License\":\"MIT + file LICENSE\","
               "\"NeedsCompilation\":\"yes\",\"Package\":\"evil\",\"Suggests\":\"ab,\","
               "\"Version\":\"1.0\"},\"suggests\":[\"ab\"],\"type\":\"source\"}");
    assert_str(row.about,
               "{\"description\":\"It is. Evil.\",\"dev_url\":\"https://github.com/evil/evil\","
               "\"home\":\"https://evil.example.org\",\"license\":\"MIT + file LICENSE\","
               "\"summary\":\"An evil package\"}");
    assert_str(CORE_TEXT(f, "SELECT summary FROM package"), "An evil package");
    assert_str(CORE_TEXT(f, "SELECT latest_version FROM package"), "1.0");
    core_check_bytes(f);
}

static void a_binary_finds_its_tree_or_is_told_it(void **state)
{
    static const char ARM[] = EVIL "Built: R 4.2.1; aarch64-apple-darwin20; x; unix\n",
                      ANY[] = EVIL "Built: R 4.2.1; ; x; unix\n";
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str any = make_cran(f->mem, "evil", ANY, NULL);
    struct file_row one = {0}, two = {0};

    must(f, publish(f, &alice, "evil", "1.0", "evil_1.0.tgz", make_cran(f->mem, "evil", ARM, NULL),
                    &one));
    assert_str(one.subdir, "cran/bin/macosx/big-sur-arm64/contrib/4.2");
    assert_str(one.name_key, "bin/macosx/big-sur-arm64/contrib/4.2/evil_1.0.tgz");
    assert_str(one.basename, "evil_1.0.tgz");
    must_fail(f,
              publish(f, &alice, "evil", "1.0", "evil_1.0_R_x86_64-pc-linux-gnu.tar.gz", any, &two),
              ERR_INVALID, "for which distribution of Linux");
    must(f, publish(f, &alice, "evil", "1.0", "bin/linux/4.2-jammy/contrib/4.2/evil_1.0.tar.gz",
                    any, &two));
    assert_str(two.subdir, "cran/bin/linux/4.2-jammy/contrib/4.2");
    assert_str(two.filename, "evil_1.0.tar.gz");
    assert_true(two.id != one.id);
    must_fail(f,
              publish(f, &alice, "evil", "1.0", "bin/linux/4.3-jammy/contrib/4.3/evil_1.0.tar.gz",
                      any, &two),
              ERR_INVALID, "built with R 4.2, but");
    must_fail(f,
              publish(f, &alice, "evil", "1.0", "bin/macosx/contrib/4.3/evil_1.0.tgz",
                      make_cran(f->mem, "evil", ARM, NULL), &two),
              ERR_INVALID, "is for R 4.3; it belongs in bin/macosx/big-sur-arm64/contrib/4.2");
    must_fail(f, publish(f, &alice, "evil", "1.0", "evil_1.0.tar.gz", any, &two), ERR_INVALID,
              "a binary package, and src/contrib is for sources");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 2);
}

static void names_must_be_those_of_the_url(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str bytes = make_cran(f->mem, "evil", EVIL, NULL);
    struct file_row row = {0};
    static const struct {
        const char *package, *version, *basename, *why;
    } cases[] = {
        {"other", "1.0", "evil_1.0.tar.gz", "does not belong to package \"other\""},
        {"evil", "1.0.0", "evil_1.0.tar.gz", "version \"1.0.0\""},
        {"evil", "1.0", "evil-1.0.tar.gz", "is not Package_Version.tar.gz"},
        {"evil", "1.0", "src/evil_1.0.tar.gz", "tree \"src\" is neither"},
        {"evil", "1.0", "bin/windows/contrib/4.2/evil_1.0.tar.gz",
         "does not belong in bin/windows"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        must_fail(
            f,
            publish(f, &alice, cases[i].package, cases[i].version, cases[i].basename, bytes, &row),
            ERR_INVALID, cases[i].why);
    must(f, publish(f, &alice, "Evil2", "1.0", "evil2_1.0.tar.gz",
                    make_cran(f->mem, "evil2", "Package: evil2\nVersion: 1.0\n", NULL), &row));
    must_fail(f, publish(f, &alice, "evil", "1.1", "evil_1.1.tar.gz", bytes, &row), ERR_INVALID,
              "Version is \"1.0\", but the file name says \"1.1\"");
}

static struct str unpacked(struct core *f, struct str packed)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    must(f, gzip_unpack(packed, &b, &f->err));
    return str_dup(f->mem, buf_str(&b));
}

static bool says(struct str document, const char *text)
{
    return memmem(document.ptr, document.len, text, strlen(text)) != NULL;
}

static void indexes_follow_each_change(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str old = make_cran(f->mem, "evil", EVIL, NULL);
    struct str new = make_cran(f->mem, "evil", "Package: evil\nVersion: 1.1\n", NULL);
    const struct file_path newest = {S("alice"), S("evil"), S("1.1"), S("evil_1.1.tar.gz")};
    const char *tree = "cran/src/contrib";
    struct file_row row = {0};
    struct str plain;

    must(f, publish(f, &alice, "evil", "1.1", "evil_1.1.tar.gz", new, &row));
    must(f, publish(f, &alice, "evil", "1.0", "evil_1.0.tar.gz", old, &row));
    plain = core_document(f, "alice", "main", tree, "PACKAGES");
    assert_true(says(plain, "Version: 1.1\n") && !says(plain, "1.0"));
    assert_true(str_eq(plain, unpacked(f, core_document(f, "alice", "main", tree, "PACKAGES.gz"))));
    assert_true(says(unpacked(f, core_document(f, "alice", "main", tree, "PACKAGES.rds")), "1.1"));
    assert_true(says(unpacked(f, core_document(f, "alice", "main", tree, "Meta/archive.rds")),
                     "evil/evil_1.0.tar.gz"));
    assert_true(says(unpacked(f, core_document(f, "alice", "main", tree, "Meta/current.rds")),
                     "evil_1.1.tar.gz"));
    assert_null(core_document(f, "alice", "main", "", "channeldata.json").ptr); /* conda's */
    must(f, file_remove(&f->app, f->mem, &alice, &newest, &row, &f->err));
    assert_true(says(core_document(f, "alice", "main", tree, "PACKAGES"), "Version: 1.0\n"));
    core_check_bytes(f);
}

static void private_packages_are_in_no_index_of_others(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row row = {0};
    const struct view all = {.widest = ACCESS_PRIVATE};
    const char *tree = "cran/src/contrib";

    must(f, publish(f, &alice, "evil", "1.0", "evil_1.0.tar.gz",
                    make_cran(f->mem, "evil", EVIL, NULL), &row));
    must(f, publish(f, &alice, "good", "1.0", "good_1.0.tar.gz",
                    make_cran(f->mem, "good", "Package: good\nVersion: 1.0\n", NULL), &row));
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("evil"), ACCESS_PRIVATE,
                                  &f->err));
    assert_false(says(core_document(f, "alice", "main", tree, "PACKAGES"), "evil"));
    assert_true(says(core_document(f, "alice", "main", tree, "PACKAGES"), "good"));
    assert_true(says(core_document_in(f, &all, "alice", "main", tree, "PACKAGES"), "evil"));
}

/* Or else each package of R would cost as much as all of conda that is there, and fail with it. */
static void a_tree_is_made_without_reading_what_conda_has(void **state)
{
    static const struct core_spec spec = {
        .name = "x", .version = "1.0", .build = "0", .subdir = "noarch"};
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_row row = {0};

    (void)core_publish(f, &alice, &spec);
    CORE_CHANGE(f, "UPDATE file SET record = 'broken'");
    must(f, publish(f, &alice, "evil", "1.0", "evil_1.0.tar.gz",
                    make_cran(f->mem, "evil", EVIL, NULL), &row));
    assert_true(says(core_document(f, "alice", "main", "cran/src/contrib", "PACKAGES"), "evil"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_row_holds_what_the_package_says),
        WITH_INSPECTOR(a_binary_finds_its_tree_or_is_told_it),
        WITH_INSPECTOR(names_must_be_those_of_the_url),
        WITH_INSPECTOR(indexes_follow_each_change),
        WITH_INSPECTOR(private_packages_are_in_no_index_of_others),
        WITH_INSPECTOR(a_tree_is_made_without_reading_what_conda_has),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
