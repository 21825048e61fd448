/* The kinds and packings, real files, and hostile ones: archive, metadata and file name together.
 */
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "format/pypi_archive.h"
#include "format/pypi_meta.h"
#include "make_archive.h"

#define INFO "Metadata-Version: 1.1\nName: a\nVersion: 1\n"

static int enter(void **state)
{
    *state = arena_open(256 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static enum err_code read_bytes(struct arena *a, const char *name, struct str bytes,
                                struct str *ret, struct err *err)
{
    AUTO(fd_closep) int fd = make_fd(bytes);
    struct pypi_filename file;

    assert_int_equal(pypi_filename_parse(a, str_of(name), S(""), &file, NULL), OK);
    return pypi_archive_read(a, fd, bytes.len, &file, ret, err);
}

static void check(struct arena *a, const char *name, struct str bytes)
{
    struct str metadata = {0};
    struct err err = {0};

    if (read_bytes(a, name, bytes, &metadata, &err))
        print_error("%s: %s\n", name, err.msg);
    assert_str(metadata, INFO);
}

static void all_kinds_and_packings_are_read(void **state)
{
    struct arena *a = *state;
    struct str tar = MAKE_TAR(a, {.name = "a-1/PKG-INFO", .data = S(INFO)});
    struct zip_layout sdist = {ZIP_PARTS({.name = "a-1/PKG-INFO", .data = S(INFO)})};
    struct zip_layout egg = {ZIP_PARTS({.name = "EGG-INFO/PKG-INFO", .data = S(INFO)})};
    struct zip_layout wheel = {
        ZIP_PARTS({.name = "a-1.dist-info/METADATA", .data = S(INFO)},
                  {.name = "a-1.dist-info/WHEEL", .data = S("Wheel-Version: 1.0\n")},
                  {.name = "a-1.dist-info/RECORD",
                   .data = S("a-1.dist-info/METADATA,,\na-1.dist-info/WHEEL,,\n")})};

    check(a, "a-1.tar.gz", make_gzip(a, tar));
    check(a, "a-1.tar.bz2", make_bzip2(a, tar));
    check(a, "a-1.zip", make_zip(a, &sdist));
    check(a, "a-1-py3.8.egg", make_zip(a, &egg));
    check(a, "a-1-py3-none-any.whl", make_zip(a, &wheel));
}

static void refused(struct arena *a, const char *name, struct str bytes, const char *why)
{
    struct str metadata = {0};
    struct err err = {0};

    assert_int_equal(read_bytes(a, name, bytes, &metadata, &err), ERR_INVALID);
    if (!strstr(err.msg, why))
        print_error("%s: %s\n", name, err.msg);
    assert_non_null(strstr(err.msg, why));
    assert_null(metadata.ptr);
}

static void eggs_need_their_metadata_in_one_spelling(void **state)
{
    struct arena *a = *state;
    struct zip_layout without = {ZIP_PARTS({.name = "PKG-INFO", .data = S(INFO)})};
    struct zip_layout spelled = {ZIP_PARTS({.name = "EGG-INFO/PKG-INFO", .data = S(INFO)},
                                           {.name = "egg-info/PKG-INFO", .data = S(INFO)})};

    refused(a, "a-1.egg", make_zip(a, &without), "the egg has no \"EGG-INFO/PKG-INFO\"");
    refused(a, "a-1.egg", make_zip(a, &spelled), "should be spelled \"EGG-INFO/PKG-INFO\"");
}

static void what_is_not_what_its_name_says_is_refused(void **state)
{
    struct arena *a = *state;
    struct str tar = MAKE_TAR(a, {.name = "a-1/PKG-INFO", .data = S(INFO)});
    struct str gzip = make_gzip(a, tar);

    refused(a, "a-1.tar.gz", tar, "gzip");
    refused(a, "a-1.tar.gz", make_bzip2(a, tar), "gzip");
    refused(a, "a-1.tar.gz", S(""), "gzip");
    refused(a, "a-1.tar.gz", str_sub(gzip, 0, gzip.len - 1), "cut off");
    refused(a, "a-1.tar.gz", make_joined(a, gzip, S("something else than gzip")),
            "bytes after the end");
    refused(a, "a-1.tar.gz", make_gzip(a, S("not a tar archive")), "tar archive");
    refused(a, "a-1.tar.bz2", gzip, "bzip2");
    refused(a, "a-1.zip", gzip, "does not end as a ZIP file");
    refused(a, "a-1-py3-none-any.whl", S("<html>"), "too short for a ZIP file");
}

static void unpacking_is_bounded(void **state)
{
    struct arena *a = *state;
    struct str zeros = make_gzip(a, make_run(a, 0, 20 * MIB)), metadata;
    struct str tar = MAKE_TAR(a, {.name = "a-1/PKG-INFO", .data = S(INFO)});
    struct err err = {0};

    for (size_t i = 0; i < 4; i++) /* each member is a stream of its own; zeros may end a tar */
        tar = make_joined(a, i ? tar : make_gzip(a, tar), zeros);
    assert_int_equal(read_bytes(a, "a-1.tar.gz", tar, &metadata, &err), ERR_TOO_BIG);
    assert_non_null(strstr(err.msg, "unpacks to more than"));
}

/* --- real files ------------------------------------------------------------------------------- */

static struct {
    size_t accepted, refused;
} tally;

/* Everything that is judged without the server. */
static enum err_code judge(const char *path, struct err *err)
{
    AUTO(arena_closep) struct arena *a = arena_open(64 * MIB);
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct pypi_filename file;
    struct pypi_meta m = {0};
    struct str metadata = {0};
    struct stat st;
    enum err_code rc;

    assert_int_equal(fstat(fd, &st), 0);
    rc = pypi_filename_parse(a, str_of(strrchr(path, '/') + 1), S(""), &file, err);
    if (!rc)
        rc = pypi_archive_read(a, fd, (uint64_t)st.st_size, &file, &metadata, err);
    if (!rc)
        rc = pypi_meta_parse(a, metadata, &m, err);
    if (!rc)
        rc = pypi_meta_check_filename(&m, &file, err);
    pypi_meta_done(&m);
    return rc;
}

static bool is_distribution(struct str path)
{
    static const char *const endings[] = {".whl", ".tar.gz", ".zip", ".egg", ".tar.bz2"};

    for (size_t i = 0; i < COUNT(endings); i++)
        if (str_ends(path, str_of(endings[i])))
            return true;
    return false;
}

static int judge_real(const char *path, const struct stat *st, int type, struct FTW *where)
{
    struct err err = {0};
    enum err_code rc;

    (void)where;
    if (type != FTW_F || !is_distribution(str_of(path)) || !st->st_size)
        return 0;
    tally.accepted++;
    rc = judge(path, &err);
    /* poetry's tests need little of a file: one is gzip data under another name, one is emptied. */
    if ((rc == OK) !=
        (strstr(path, "/Twisted-18.9.0.tar.bz2") || strstr(path, "/jupyter-1.0.0.zip")))
        return 0;
    print_error("%s: %s\n", path, err.msg);
    return 1;
}

static const char *data_folder(void)
{
    const char *folder = getenv("TERRARIUM_TEST_DATA");

    return folder ? folder : "../shared/data";
}

static void in_folder(const char *name,
                      int (*fn)(const char *, const struct stat *, int, struct FTW *))
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", data_folder(), name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: there is no %s\n", path);
        skip();
    }
    assert_int_equal(nftw(path, fn, 20, FTW_PHYS), 0);
}

static void real_distributions_are_accepted(void **state)
{
    (void)state;
    tally.accepted = 0;
    in_folder("pypi/auditwheel-tests", judge_real);
    in_folder("pypi/delocate-tests", judge_real);
    in_folder("pypi/pip-tests/pypi_packages", judge_real);
    in_folder("pypi/poetry-tests/pypi-org/stubbed", judge_real);
    in_folder("pypi/warehouse-tests/functional", judge_real);
    assert_true(tally.accepted > 90);
}

/* Those of which the archive, the name and the metadata are well; the rest is for who shows them.
 */
static const char *const harmless[] = {"/ok/", "/description-xss/", "/rst-raw/", "/url-xss/",
                                       "/crlf/"};

static int judge_hostile(const char *path, const struct stat *st, int type, struct FTW *where)
{
    bool expected = false;
    struct err err = {0};
    enum err_code rc;

    (void)st;
    (void)where;
    if (type != FTW_F)
        return 0;
    for (size_t i = 0; i < COUNT(harmless); i++)
        expected = expected || strstr(path, harmless[i]);
    rc = judge(path, &err);
    tally.refused += rc != OK;
    if ((rc == OK) == expected && (!rc || rc == ERR_INVALID || rc == ERR_TOO_BIG))
        return 0;
    print_error("%s: %s %s\n", path, err_slug(rc), err.msg);
    return 1;
}

static void hostile_distributions_are_refused(void **state)
{
    (void)state;
    tally.refused = 0;
    in_folder("hostile/made/pypi", judge_hostile);
    assert_true(tally.refused >= 15); /* one is made by a script only */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_and_packings_are_read),
        cmocka_unit_test(eggs_need_their_metadata_in_one_spelling),
        cmocka_unit_test(what_is_not_what_its_name_says_is_refused),
        cmocka_unit_test(unpacking_is_bounded),
        cmocka_unit_test(real_distributions_are_accepted),
        cmocka_unit_test(hostile_distributions_are_refused),
    };

    return cmocka_run_group_tests_name("pypi_archive", tests, enter, leave);
}
