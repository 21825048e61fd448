/* Packages made here, then every real and every hostile one of the test data. */
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/conda_archive.h"
#include "make_archive.h"

#define INDEX                                                                                      \
    {                                                                                              \
        "info/index.json", S("{\"name\": \"pkg\"}"), 0, NULL                                       \
    }
#define PNG "\x89PNG\r\n\x1a\n"

static int enter(void **state)
{
    *state = arena_open(512 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static enum err_code read_bytes(struct arena *a, struct str bytes, const char *name,
                                struct conda_archive *ret, struct err *err)
{
    AUTO(fd_closep) int fd = make_fd(bytes);
    struct conda_filename file;
    enum err_code rc = conda_filename_parse(str_of(name), &file, err);

    return rc ? rc : conda_archive_read(a, fd, bytes.len, &file, ret, err);
}

#define CONDA "pkg-1.0-0.conda"
#define BZ2   "pkg-1.0-0.tar.bz2"

static struct str conda_of(struct arena *a, struct str info_tar)
{
    return make_conda(a, make_zstd(a, info_tar), (struct str){0});
}

static void refused_at(struct arena *a, struct str bytes, const char *name, enum err_code code,
                       const char *msg, int line)
{
    struct conda_archive out = {0};
    struct err err = {0};
    enum err_code rc = read_bytes(a, bytes, name, &out, &err);

    if (rc != code || !strstr(err.msg, msg))
        print_error("line %d: %s \"%s\"\n", line, err_slug(rc), err.msg);
    assert_int_equal(rc, code);
    assert_non_null(strstr(err.msg, msg));
    assert_null(out.index_json.ptr);
}
#define refused(a, bytes, name, msg) refused_at((a), (bytes), (name), ERR_INVALID, (msg), __LINE__)

/* A tar archive of info/ is refused in both formats. */
#define refused_in_both(a, tar_bytes, msg)                                                         \
    do {                                                                                           \
        struct str tar_ = (tar_bytes);                                                             \
        refused((a), conda_of((a), tar_), CONDA, (msg));                                           \
        refused((a), make_bzip2((a), tar_), BZ2, (msg));                                           \
    } while (0)

/* ---- What is read ---------------------------------------------------------------------------- */

static struct str full_tar(struct arena *a)
{
    return MAKE_TAR(
        a, INDEX, {"info/about.json", S("{\"home\": \"x\"}"), 0, NULL},
        {"info/run_exports.json", S("{\"weak\": []}"), 0, NULL}, {"info/recipe", S(""), '5', NULL},
        {"info/recipe/meta.yaml", S("package: {}"), 0, NULL},
        {"info/recipe/rendered_recipe.yaml", S("recipe: {}"), 0, NULL},
        {"info/icon.png", S(PNG "pixels"), 0, NULL}, {"info/test/run_test.py", S("pass"), 0, NULL},
        {"info/paths.json", S("{\"paths\": [{\"_path\": \"etc/conda/activate.d/x.sh\"}]}"), 0,
         NULL});
}

static void texts_and_facts_are_read_out_of_both_formats(void **state)
{
    struct arena *a = *state;
    struct str packages[] = {conda_of(a, full_tar(a)), make_bzip2(a, full_tar(a))};
    const char *names[] = {CONDA, BZ2};

    for (size_t i = 0; i < 2; i++) {
        struct conda_archive out = {0};

        assert_int_equal(read_bytes(a, packages[i], names[i], &out, NULL), OK);
        assert_str(out.index_json, "{\"name\": \"pkg\"}");
        assert_str(out.about_json, "{\"home\": \"x\"}");
        assert_str(out.run_exports_json, "{\"weak\": []}");
        assert_str(out.recipe, "package: {}");
        assert_str(out.icon_png, PNG "pixels");
        assert_true(out.activate_d);
        assert_false(out.deactivate_d || out.pre_link || out.post_link || out.pre_unlink ||
                     out.binary_prefix || out.text_prefix);
    }
}

static void a_package_needs_no_more_than_an_index(void **state)
{
    struct arena *a = *state;
    struct conda_archive out = {0};

    assert_int_equal(read_bytes(a, conda_of(a, MAKE_TAR(a, INDEX)), CONDA, &out, NULL), OK);
    assert_str(out.index_json, "{\"name\": \"pkg\"}");
    assert_int_equal(
        out.about_json.len + out.run_exports_json.len + out.recipe.len + out.icon_png.len, 0);
}

static void recipes_of_the_newer_tool_are_read_when_alone(void **state)
{
    struct arena *a = *state;
    struct conda_archive out = {0};
    struct str tar =
        MAKE_TAR(a, INDEX, {"info/recipe/rendered_recipe.yaml", S("recipe: {}"), 0, NULL});

    assert_int_equal(read_bytes(a, conda_of(a, tar), CONDA, &out, NULL), OK);
    assert_str(out.recipe, "recipe: {}");
}

static void icons_that_are_no_png_or_large_are_left_out(void **state)
{
    struct arena *a = *state;
    struct str huge = make_joined(a, S(PNG), make_run(a, 'x', 256 * KIB));
    struct str cases[] = {S("<svg onload='alert(1)'/>"), S(""), huge};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conda_archive out = {0};
        struct str tar = MAKE_TAR(a, INDEX, {"info/icon.png", cases[i], 0, NULL});

        assert_int_equal(read_bytes(a, conda_of(a, tar), CONDA, &out, NULL), OK);
        assert_int_equal(out.icon_png.len, 0);
    }
}

static void old_packages_tell_facts_by_other_files_and_member_names(void **state)
{
    struct arena *a = *state;
    struct conda_archive out = {0};
    struct str tar = MAKE_TAR(a, {"bin/.pkg-post-link.sh", S("x"), 0, NULL}, INDEX,
                              {"info/files", S("etc/conda/activate.d/x.sh\n"), 0, NULL},
                              {"info/has_prefix", S("/opt/p binary lib/x\n"), 0, NULL});

    assert_int_equal(read_bytes(a, make_bzip2(a, tar), BZ2, &out, NULL), OK);
    assert_true(out.post_link && out.activate_d && out.binary_prefix);
    assert_false(out.text_prefix || out.pre_link || out.deactivate_d || out.pre_unlink);
    assert_str(out.index_json, "{\"name\": \"pkg\"}");
}

static void members_may_be_written_with_a_leading_dot(void **state)
{
    struct arena *a = *state;
    struct conda_archive out = {0};
    struct str tar = MAKE_TAR(a, {"./", S(""), '5', NULL}, {"./info/", S(""), '5', NULL},
                              {"./info/index.json", S("{}"), 0, NULL});

    assert_int_equal(read_bytes(a, make_bzip2(a, tar), BZ2, &out, NULL), OK);
    assert_int_equal(read_bytes(a, conda_of(a, tar), CONDA, &out, NULL), OK);
    assert_str(out.index_json, "{}");
}

/* ---- What is refused in either format -------------------------------------------------------- */

static void exactly_one_index_is_required(void **state)
{
    struct arena *a = *state;
    struct str filler = make_run(a, 'x', MIB);

    refused_in_both(a, MAKE_TAR(a, {"info/about.json", S("{}"), 0, NULL}), "no info/index.json");
    refused_in_both(a, MAKE_TAR(a, {"info/index.json", S(""), 0, NULL}), "is empty");
    refused_in_both(a, MAKE_TAR(a, INDEX, INDEX), "two members are named \"info/index.json\"");
    refused_in_both(
        a,
        MAKE_TAR(a, INDEX, {"share/x", filler, 0, NULL}, {"./info//index.json", S("{}"), 0, NULL}),
        "two members are named \"info/index.json\"");
    refused_in_both(a, MAKE_TAR(a, INDEX, {"Info/Index.json", S("{}"), 0, NULL}),
                    "should be spelled \"info/index.json\"");
}

static void links_and_odd_names_under_info_are_refused(void **state)
{
    struct arena *a = *state;

    refused_in_both(a, MAKE_TAR(a, {"info/index.json", S(""), '2', "/etc/passwd"}), "is a link");
    refused_in_both(a, MAKE_TAR(a, {"info/index.json", S(""), '1', "/etc/passwd"}), "is a link");
    refused_in_both(a, MAKE_TAR(a, INDEX, {"info/x", S(""), '2', "y"}), "is a link");
    refused_in_both(a, MAKE_TAR(a, {"info", S(""), '2', "y"}, INDEX), "is a link");
    refused_in_both(a, MAKE_TAR(a, {"info", S("x"), 0, NULL}, INDEX), "is not a folder");
    refused_in_both(a, MAKE_TAR(a, INDEX, {"info/a\\b", S("x"), 0, NULL}), "has a backslash");
    refused_in_both(a, MAKE_TAR(a, {"info/index.json", S(""), '5', NULL}), "is not a file");
    refused_in_both(a, MAKE_TAR(a, INDEX, {"info/../../x", S("x"), 0, NULL}), "segment \"..\"");
}

static void texts_over_their_limit_are_refused(void **state)
{
    struct arena *a = *state;
    struct str huge = make_run(a, '{', LIMIT_INFO_MEMBER + 1);
    static const char *const names[] = {"info/index.json", "info/about.json",
                                        "info/run_exports.json"};

    for (size_t i = 0; i < COUNT(names); i++) {
        struct str tar = MAKE_TAR(a, {names[i], huge, 0, NULL});

        refused_at(a, conda_of(a, tar), CONDA, ERR_TOO_BIG, "larger than 4194304", __LINE__);
        refused_at(a, make_bzip2(a, tar), BZ2, ERR_TOO_BIG, "larger than 4194304", __LINE__);
    }
}

static void unpacking_is_bounded(void **state)
{
    struct arena *a = *state;
    struct str tar = MAKE_TAR(a, {"info/big", make_run(a, '\0', LIMIT_INFO_TOTAL), 0, NULL}, INDEX);

    refused_at(a, conda_of(a, tar), CONDA, ERR_TOO_BIG, "unpacks to more than 67108864", __LINE__);
    /* The factor of .tar.bz2: 64 MiB of zeros pack to 60 bytes or so, 68 MiB are too much. */
    tar = MAKE_TAR(a, {"info/big", make_run(a, '\0', LIMIT_INFO_TOTAL + 4 * MIB), 0, NULL}, INDEX);
    refused_at(a, make_bzip2(a, tar), BZ2, ERR_TOO_BIG, "unpacks to more than", __LINE__);
}

/* ---- .tar.bz2 -------------------------------------------------------------------------------- */

static void damaged_bzip2_is_refused(void **state)
{
    struct arena *a = *state;
    struct str good = make_bzip2(a, full_tar(a));

    refused(a, S(""), BZ2, "not bzip2 data");
    refused(a, S("<html>404</html>"), BZ2, "not bzip2 data");
    refused(a, str_sub(good, 0, good.len - 20), BZ2, "bzip2");
    refused(a, make_joined(a, good, S("junk")), BZ2, "bytes after the end");
    refused(a, make_patched(a, good, good.len / 2, 4, 0), BZ2, "its first block is damaged");
    refused(a, conda_of(a, full_tar(a)), BZ2, "not bzip2 data");
}

static void a_file_shorter_than_said_is_an_error_of_ours(void **state)
{
    struct arena *a = *state;
    struct str packages[] = {make_bzip2(a, full_tar(a)), conda_of(a, full_tar(a))};
    const char *names[] = {BZ2, CONDA};

    for (size_t i = 0; i < 2; i++) {
        AUTO(fd_closep) int fd = make_fd(packages[i]);
        struct conda_filename file;
        struct conda_archive out;
        struct err err = {0};

        assert_int_equal(conda_filename_parse(str_of(names[i]), &file, &err), OK);
        assert_int_equal(conda_archive_read(a, fd, packages[i].len + 1, &file, &out, &err), ERR_IO);
        assert_string_equal(err.msg, "the file is shorter than it was said to be");
        assert_int_equal(conda_archive_read(a, fd, UINT64_MAX, &file, &out, &err), ERR_TOO_BIG);
    }
}

/* ---- .conda ---------------------------------------------------------------------------------- */

#define INFO_NAME "info-pkg-1.0-0.tar.zst"
#define PKG_NAME  "pkg-pkg-1.0-0.tar.zst"
#define VERSION_2 S("{\"conda_pkg_format_version\": 2}")

/* A package of up to four components. */
#define ZIP_OF(a, ...) make_zip((a), &(const struct zip_layout){ZIP_PARTS(__VA_ARGS__)})

static void components_must_be_the_three_of_the_format(void **state)
{
    struct arena *a = *state;
    struct str zst = make_zstd(a, MAKE_TAR(a, INDEX));
    struct conda_archive out;

    refused(a, ZIP_OF(a, {.name = INFO_NAME, .data = zst}, {.name = PKG_NAME, .data = zst}), CONDA,
            "no component \"metadata.json\"");
    refused(
        a, ZIP_OF(a, {.name = "metadata.json", .data = VERSION_2}, {.name = PKG_NAME, .data = zst}),
        CONDA, "no component \"" INFO_NAME "\"");
    refused(
        a,
        ZIP_OF(a, {.name = "metadata.json", .data = VERSION_2}, {.name = INFO_NAME, .data = zst}),
        CONDA, "no component \"" PKG_NAME "\"");
    refused(a,
            ZIP_OF(a, {.name = "metadata.json", .data = VERSION_2},
                   {.name = INFO_NAME, .data = zst}, {.name = PKG_NAME, .data = zst},
                   {.name = "info-other-2-1.tar.zst", .data = zst}),
            CONDA, "4 components instead of 3");
    refused(a, make_conda(a, zst, zst), "other-2.0-1.conda",
            "no component \"info-other-2.0-1.tar.zst\"");
    assert_int_equal(read_bytes(a,
                                ZIP_OF(a, {.name = INFO_NAME, .data = zst, .zip64 = true},
                                       {.name = PKG_NAME, .data = zst},
                                       {.name = "metadata.json", .data = VERSION_2}),
                                CONDA, &out, NULL),
                     OK); /* in any order, with or without ZIP64 */
}

static void format_version_must_be_2(void **state)
{
    static const struct {
        const char *text, *msg;
    } cases[] = {
        {"{\"conda_pkg_format_version\": 3}", "conda_pkg_format_version is not 2"},
        {"{\"conda_pkg_format_version\": \"2\"}", "conda_pkg_format_version is not 2"},
        {"{\"conda_pkg_format_version\": 2.0}", "conda_pkg_format_version is not 2"},
        {"{}", "conda_pkg_format_version is not 2"},
        {"[]", ""},
        {"nonsense", ""},
    };
    struct arena *a = *state;
    struct str zst = make_zstd(a, MAKE_TAR(a, INDEX));
    struct conda_archive out;

    for (size_t i = 0; i < COUNT(cases); i++)
        refused(a,
                ZIP_OF(a, {.name = "metadata.json", .data = str_of(cases[i].text)},
                       {.name = INFO_NAME, .data = zst}, {.name = PKG_NAME, .data = zst}),
                CONDA, cases[i].msg);
    assert_int_equal(
        read_bytes(a,
                   ZIP_OF(a, {.name = "metadata.json", .data = S("")},
                          {.name = INFO_NAME, .data = zst}, {.name = PKG_NAME, .data = zst}),
                   CONDA, &out, NULL),
        OK); /* the first writers left it so */
}

static void components_must_be_stored_and_whole(void **state)
{
    struct arena *a = *state;
    struct str zst = make_zstd(a, MAKE_TAR(a, INDEX)), good, bad;

    good = ZIP_OF(a, {.name = "metadata.json", .data = VERSION_2}, {.name = INFO_NAME, .data = zst},
                  {.name = PKG_NAME, .data = zst});
    bad = make_patched(a, good, 8, 2, 8);
    bad = make_patched(a, bad, zip_central(bad, 0) + 10, 2, 8);
    refused(a, bad, CONDA, "not stored uncompressed");
    bad = make_patched(a, good, 30 + 13 + 5, 1, '!');
    refused(a, bad, CONDA, "does not match its CRC");
    refused(a, make_joined(a, good, S("x")), CONDA, "does not end as a ZIP file");
}

static void info_component_must_be_whole_zstd(void **state)
{
    struct arena *a = *state;
    struct str zst = make_zstd(a, MAKE_TAR(a, INDEX)), none = {0};

    refused(a, make_conda(a, S(""), none), CONDA, "empty where zstd data should be");
    refused(a, make_conda(a, str_sub(zst, 0, zst.len - 1), none), CONDA, "cut off");
    refused(a, make_conda(a, make_joined(a, zst, S("x")), none), CONDA, "zstd");
    refused(a, make_conda(a, make_bzip2(a, MAKE_TAR(a, INDEX)), none), CONDA, "damaged zstd");
    refused_at(a, make_conda(a, S("\x28\xb5\x2f\xfd\x00\xa8\1\0\0"), none), CONDA, ERR_TOO_BIG,
               "window over 2^27", __LINE__);
}

static void pkg_component_must_begin_like_zstd(void **state)
{
    struct arena *a = *state;
    struct str zst = make_zstd(a, MAKE_TAR(a, INDEX));
    struct conda_archive out;

    refused(a, make_conda(a, zst, S("BZh9")), CONDA, "is not zstd data");
    refused(a, make_conda(a, zst, S("\x28\xb5\x2f")), CONDA, "is not zstd data");
    assert_int_equal(
        read_bytes(a, make_conda(a, zst, S("\x5e\x2a\x4d\x18\0\0\0\0")), CONDA, &out, NULL), OK);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void every_lack_of_memory_is_told(void **state)
{
    struct arena *a = *state;
    struct str packages[] = {conda_of(a, full_tar(a)), make_bzip2(a, full_tar(a))};
    const char *names[] = {CONDA, BZ2};

    for (size_t i = 0; i < 2; i++) {
        AUTO(fd_closep) int fd = make_fd(packages[i]);
        struct conda_filename file;

        assert_int_equal(conda_filename_parse(str_of(names[i]), &file, NULL), OK);
        for (long n = 1;; n++) {
            AUTO(arena_closep) struct arena *own = arena_open(MIB);
            struct conda_archive out = {0};
            enum err_code rc;

            mem_fail_at(n);
            rc = conda_archive_read(own, fd, packages[i].len, &file, &out, NULL);
            mem_fail_at(0);
            if (!rc) {
                assert_true(n > 5);
                break;
            }
            assert_int_equal(rc, ERR_NOMEM);
        }
    }
}

/* ---- The test data --------------------------------------------------------------------------- */

static const char *data_folder(void)
{
    const char *folder = getenv("TERRARIUM_TEST_DATA");

    return folder ? folder : "../shared/data";
}

static bool data_is_missing(const char *part)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", data_folder(), part);
    if (access(path, R_OK) == 0)
        return false;
    print_message("skipped: there is no %s\n", path);
    return true;
}

static enum err_code read_path(const char *path, struct err *err)
{
    AUTO(arena_closep) struct arena *a = arena_open(64 * MIB);
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct conda_filename file;
    struct conda_archive out;
    struct stat st;
    enum err_code rc;

    assert_non_null(a);
    assert_int_equal(fstat(fd, &st), 0);
    rc = conda_filename_parse(str_of(strrchr(path, '/') + 1), &file, err);
    return rc ? rc : conda_archive_read(a, fd, (uint64_t)st.st_size, &file, &out, err);
}

/* Real files that are no packages, broken by life, or made so by the projects they come from. */
static const char *const unsound[] = {
    "archives/a.tar.bz2",
    "archives/b.tar.bz2",
    "archives/subfolder.tar.bz2",
    "archives/subfolder2.tar.bz2",
    "history/nano-2.4.1-0.tar.bz2", /* gzip */
    "corrupt/noarch/another_bad_package.conda",
    "corrupt/noarch/bad_package.tar.bz2",
    "history/pkg_with_unicode.conda",
    "history/pkg_with_unicode.tar.bz2",
    "linux-64/repodata.tar.bz2",
    "win-64/repodata.tar.bz2",
    "linux-64/ca-certificates-2024.7.4-hbcca054_0.conda", /* zipped by hand, in a folder */
    "sparse/dotslash-test-1.0.0-0.conda",                 /* no metadata.json, here and below */
    "sparse/info-only-1.0.0-0.conda",
    "sparse/sparse-test-1.0.0-0.conda",
    "sparse/symlink-test-1.0.0-0.conda",
    "sparse/zip64-test-1.0.0-0.conda",
};

static bool is_unsound(struct str path)
{
    for (size_t i = 0; i < COUNT(unsound); i++)
        if (str_ends(path, str_of(unsound[i])))
            return true;
    return false;
}

static int judge_real(const char *path, const struct stat *st, int type, struct FTW *where)
{
    struct str p = str_of(path);
    struct err err = {0};
    enum err_code rc;

    (void)st;
    (void)where;
    if (type != FTW_F || (!str_ends(p, S(".conda")) && !str_ends(p, S(".tar.bz2"))))
        return 0;
    rc = read_path(path, &err);
    if (is_unsound(p) == (rc == OK)) {
        print_error("%s: %s %s\n", path, err_slug(rc), rc ? err.msg : "");
        return 1;
    }
    return 0;
}

static void real_packages_are_accepted(void **state)
{
    char path[512];

    (void)state;
    if (data_is_missing("conda"))
        skip();
    (void)snprintf(path, sizeof(path), "%s/conda", data_folder());
    assert_int_equal(nftw(path, judge_real, 20, FTW_PHYS), 0);
}

/* Hostile ones that are wrong as archives. What is wrong in the texts is judged elsewhere, and
 * the pkg component of a .conda is not unpacked. */
static const struct {
    const char *name;
    enum err_code code;
} hostile[] = {
    {"about-huge/evil-1.0-0.conda", ERR_TOO_BIG},
    {"bomb-bz2-1G/evil-1.0-0.tar.bz2", ERR_TOO_BIG},
    {"bomb-index-64M/evil-1.0-0.conda", ERR_TOO_BIG},
    {"bomb-zst-info-1G/evil-1.0-0.conda", ERR_TOO_BIG},
    {"bz2-trailing/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"bz2-truncated/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"device/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"empty/evil-1.0-0.conda", ERR_INVALID},
    {"gz-as-bz2/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"hardlink-index/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"html/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"index-raw-empty/evil-1.0-0.conda", ERR_INVALID},
    {"info-dotdot/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"lfs-pointer/evil-1.0-0.conda", ERR_INVALID},
    {"member-absolute/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"member-dot/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"member-dotdot/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"member-drive/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"member-winpath/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"no-index/evil-1.0-0.conda", ERR_INVALID},
    {"symlink-index/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"two-index/evil-1.0-0.tar.bz2", ERR_INVALID},
    {"zip-deflated/evil-1.0-0.conda", ERR_INVALID},
    {"zip-dup/evil-1.0-0.conda", ERR_INVALID},
    {"zip-meta-v3/evil-1.0-0.conda", ERR_INVALID},
    {"zip-noinfo/evil-1.0-0.conda", ERR_INVALID},
    {"zip-nometa/evil-1.0-0.conda", ERR_INVALID},
    {"zip-prefixed/evil-1.0-0.conda", ERR_INVALID},
    {"zip-stem/evil-1.0-0.conda", ERR_INVALID},
    {"zip-subfolder/evil-1.0-0.conda", ERR_INVALID},
    {"zip-trailing/evil-1.0-0.conda", ERR_INVALID},
    {"zip-truncated/evil-1.0-0.conda", ERR_INVALID},
    {"zst-as-conda/evil-1.0-0.conda", ERR_INVALID},
    {"zstd-window-2G/evil-1.0-0.conda", ERR_TOO_BIG},
};

static enum err_code hostile_verdict(struct str path)
{
    for (size_t i = 0; i < COUNT(hostile); i++)
        if (str_ends(path, str_of(hostile[i].name)))
            return hostile[i].code;
    return OK;
}

static int judge_hostile(const char *path, const struct stat *st, int type, struct FTW *where)
{
    struct err err = {0};
    enum err_code rc;

    (void)st;
    (void)where;
    if (type != FTW_F)
        return 0;
    rc = read_path(path, &err);
    if (rc != hostile_verdict(str_of(path))) {
        print_error("%s: %s %s\n", path, err_slug(rc), rc ? err.msg : "");
        return 1;
    }
    return 0;
}

static void hostile_packages_are_refused_for_what_they_are(void **state)
{
    char path[512];

    (void)state;
    if (data_is_missing("hostile/made/conda"))
        skip();
    (void)snprintf(path, sizeof(path), "%s/hostile/made/conda", data_folder());
    assert_int_equal(nftw(path, judge_hostile, 20, FTW_PHYS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_facts_are_read_out_of_both_formats),
        cmocka_unit_test(a_package_needs_no_more_than_an_index),
        cmocka_unit_test(recipes_of_the_newer_tool_are_read_when_alone),
        cmocka_unit_test(icons_that_are_no_png_or_large_are_left_out),
        cmocka_unit_test(old_packages_tell_facts_by_other_files_and_member_names),
        cmocka_unit_test(members_may_be_written_with_a_leading_dot),
        cmocka_unit_test(exactly_one_index_is_required),
        cmocka_unit_test(links_and_odd_names_under_info_are_refused),
        cmocka_unit_test(texts_over_their_limit_are_refused),
        cmocka_unit_test(unpacking_is_bounded),
        cmocka_unit_test(damaged_bzip2_is_refused),
        cmocka_unit_test(a_file_shorter_than_said_is_an_error_of_ours),
        cmocka_unit_test(components_must_be_the_three_of_the_format),
        cmocka_unit_test(format_version_must_be_2),
        cmocka_unit_test(components_must_be_stored_and_whole),
        cmocka_unit_test(info_component_must_be_whole_zstd),
        cmocka_unit_test(pkg_component_must_begin_like_zstd),
        cmocka_unit_test(every_lack_of_memory_is_told),
        cmocka_unit_test(real_packages_are_accepted),
        cmocka_unit_test(hostile_packages_are_refused_for_what_they_are),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
