#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/cran_archive.h"
#include "format/cran_desc.h"
#include "format/zip.h"
#include "make_archive.h"

#define DESCRIPTION "Package: evil\nVersion: 1.0\n"

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

static enum err_code read_fd(struct arena *a, int fd, uint64_t size, const char *name,
                             struct cran_archive *ret, struct err *err)
{
    struct cran_filename file = {0};
    enum err_code rc = cran_filename_parse(str_of(name), &file, err);

    return rc ? rc : cran_archive_read(a, fd, size, &file, ret, err);
}

static enum err_code read_bytes(struct arena *a, struct str bytes, const char *name,
                                struct cran_archive *ret, struct err *err)
{
    AUTO(fd_closep) int fd = make_fd(bytes);

    return read_fd(a, fd, bytes.len, name, ret, err);
}

static void assert_read(struct arena *a, struct str bytes, const char *name, const char *text,
                        bool compiled)
{
    struct cran_archive got = {0};
    struct err err = {0};
    enum err_code rc = read_bytes(a, bytes, name, &got, &err);

    if (rc)
        print_error("%s\n", err.msg);
    assert_int_equal(rc, OK);
    assert_str(got.description, text);
    assert_int_equal(got.compiled, compiled);
}

static void assert_refused(struct arena *a, struct str bytes, const char *name, enum err_code code,
                           const char *why)
{
    struct cran_archive got = {0};
    struct err err = {0};

    assert_int_equal(read_bytes(a, bytes, name, &got, &err), code);
    assert_string_equal(err.msg, why);
    assert_null(got.description.ptr);
}

#define TGZ(a, ...) make_gzip((a), MAKE_TAR((a), __VA_ARGS__))

static void description_is_found_in_tar_archives(void **state)
{
    struct arena *a = *state;
    struct str bytes = TGZ(
        a, {.name = "evil/", .type = '5'}, {.name = "evil/inst/DESCRIPTION", .data = S("inner")},
        {.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)}, {.name = "evil/src/", .type = '5'});

    assert_read(a, bytes, "evil_1.0.tar.gz", DESCRIPTION, false);
    assert_read(a, bytes, "evil_1.0.tgz", DESCRIPTION, false);
    assert_read(a, bytes, "evil_1.0_R_x86_64-pc-linux-gnu.tar.gz", DESCRIPTION, false);
    bytes =
        TGZ(a, {.name = "./", .type = '5'}, {.name = "./evil/DESCRIPTION", .data = S(DESCRIPTION)},
            {.name = "./evil/src/evil.c", .data = S("int x;")});
    assert_read(a, bytes, "evil_1.0.tar.gz", DESCRIPTION, true);
}

static void description_is_found_in_zip_files(void **state)
{
    struct arena *a = *state;
    struct zip_layout stored = {
        ZIP_PARTS({.name = "evil/"}, {.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)})};
    struct zip_layout deflated = {ZIP_PARTS({.name = "evil/DESCRIPTION",
                                             .data = S(DESCRIPTION),
                                             .packed = make_deflated(a, S(DESCRIPTION))},
                                            {.name = "evil/src/x.c", .data = S("x")})};

    assert_read(a, make_zip(a, &stored), "evil_1.0.zip", DESCRIPTION, false);
    assert_read(a, make_zip(a, &deflated), "evil_1.0.zip", DESCRIPTION, true);
}

static void there_must_be_one_description_in_the_folder(void **state)
{
    static const char NAME[] = "evil_1.0.tar.gz";
    struct arena *a = *state;

    assert_refused(a, TGZ(a, {.name = "evil/inst/DESCRIPTION", .data = S(DESCRIPTION)}), NAME,
                   ERR_INVALID, "the package has no file \"evil/DESCRIPTION\"");
    assert_refused(a, TGZ(a, {.name = "evil/DESCRIPTION", .data = S("")}), NAME, ERR_INVALID,
                   "\"evil/DESCRIPTION\" is empty");
    assert_refused(a,
                   TGZ(a, {.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)},
                       {.name = "evil/./DESCRIPTION", .data = S(DESCRIPTION)}),
                   NAME, ERR_INVALID, "two members are named \"evil/DESCRIPTION\"");
    assert_refused(a,
                   TGZ(a, {.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)},
                       {.name = "evil/Description", .data = S("other")}),
                   NAME, ERR_INVALID,
                   "member \"evil/Description\" should be a file \"evil/DESCRIPTION\"");
    assert_refused(a, TGZ(a, {.name = "evil/DESCRIPTION/", .type = '5'}), NAME, ERR_INVALID,
                   "member \"evil/DESCRIPTION\" should be a file \"evil/DESCRIPTION\"");
}

static void everything_must_be_in_the_folder(void **state)
{
    static const char NAME[] = "evil_1.0.tar.gz";
    struct arena *a = *state;

    assert_refused(a, TGZ(a, {.name = "other/DESCRIPTION", .data = S(DESCRIPTION)}), NAME,
                   ERR_INVALID, "member \"other/DESCRIPTION\" is not in the folder \"evil\"");
    assert_refused(a, TGZ(a, {.name = "Evil/DESCRIPTION", .data = S(DESCRIPTION)}), NAME,
                   ERR_INVALID, "member \"Evil/DESCRIPTION\" is not in the folder \"evil\"");
    assert_refused(a, TGZ(a, {.name = "evil", .data = S("file")}), NAME, ERR_INVALID,
                   "member \"evil\" is not in the folder \"evil\"");
    assert_refused(a, TGZ(a, {.name = "DESCRIPTION", .data = S(DESCRIPTION)}), NAME, ERR_INVALID,
                   "member \"DESCRIPTION\" is not in the folder \"evil\"");
    assert_refused(a,
                   TGZ(a, {.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)},
                       {.name = "../../pwned", .data = S("x")}),
                   NAME, ERR_INVALID, "member name \"../../pwned\" has a segment \"..\"");
    assert_refused(a, TGZ(a, {.name = "/evil/DESCRIPTION", .data = S(DESCRIPTION)}), NAME,
                   ERR_INVALID, "member name \"/evil/DESCRIPTION\" is absolute");
}

static void links_and_backslashes_are_refused(void **state)
{
    static const char NAME[] = "evil_1.0.tar.gz";
    struct arena *a = *state;
    struct zip_layout zip = {ZIP_PARTS({.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)},
                                       {.name = "evil/a\\b", .data = S("x")})};
    struct cran_archive got = {0};

    assert_refused(a, TGZ(a, {.name = "evil/DESCRIPTION", .type = '2', .link = "/etc/passwd"}),
                   NAME, ERR_INVALID,
                   "member \"evil/DESCRIPTION\" is a link; R CMD build packs what links lead to");
    assert_refused(a, TGZ(a, {.name = "evil/x", .type = '1', .link = "evil/y"}), NAME, ERR_INVALID,
                   "member \"evil/x\" is a link; R CMD build packs what links lead to");
    assert_refused(a, TGZ(a, {.name = "evil\\DESCRIPTION", .data = S(DESCRIPTION)}), NAME,
                   ERR_INVALID, "member name \"evil\\DESCRIPTION\" has a backslash");
    assert_int_equal(read_bytes(a, make_zip(a, &zip), "evil_1.0.zip", &got, NULL), ERR_INVALID);
}

static void what_is_packed_in_another_way_is_refused(void **state)
{
    struct arena *a = *state;
    struct str tar = MAKE_TAR(a, {.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)});
    struct zip_layout layout = {ZIP_PARTS({.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)})};
    struct str zip = make_zip(a, &layout);

    assert_refused(a, tar, "evil_1.0.tar.gz", ERR_INVALID,
                   "damaged gzip data: incorrect header check");
    assert_int_equal(
        read_bytes(a, make_bzip2(a, tar), "evil_1.0.tar.gz", &(struct cran_archive){0}, NULL),
        ERR_INVALID);
    assert_int_equal(read_bytes(a, zip, "evil_1.0.tar.gz", &(struct cran_archive){0}, NULL),
                     ERR_INVALID);
    assert_int_equal(
        read_bytes(a, make_gzip(a, tar), "evil_1.0.zip", &(struct cran_archive){0}, NULL),
        ERR_INVALID);
    assert_refused(a, S(""), "evil_1.0.tar.gz", ERR_INVALID, "empty where gzip data should be");
}

static void unpacking_is_bounded(void **state)
{
    struct arena *a = *state;
    struct str bomb = make_gzip(a, make_run(a, '\0', 128 * MIB));
    struct str much =
        TGZ(a, {.name = "evil/DESCRIPTION", .data = make_run(a, 'x', LIMIT_INFO_MEMBER + 1)});
    struct zip_layout layout = {ZIP_PARTS({.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)})};
    struct str zip = make_zip(a, &layout), claims;
    struct cran_archive got = {0};

    assert_int_equal(read_bytes(a, bomb, "evil_1.0.tar.gz", &got, NULL), ERR_TOO_BIG);
    assert_refused(a, much, "evil_1.0.tar.gz", ERR_TOO_BIG,
                   "member \"evil/DESCRIPTION\" is larger than 4194304 bytes");
    /* Both headers of a member that claims to be deflated and huge. */
    claims = make_patched(a, zip, 8, 2, ZIP_DEFLATED);
    claims = make_patched(a, claims, 22, 4, 0x7fffffff);
    claims = make_patched(a, claims, zip_central(zip, 0) + 10, 2, ZIP_DEFLATED);
    claims = make_patched(a, claims, zip_central(zip, 0) + 24, 4, 0x7fffffff);
    assert_int_equal(read_bytes(a, claims, "evil_1.0.zip", &got, NULL), ERR_TOO_BIG);
}

static void lack_of_memory_is_told(void **state)
{
    struct arena *a = *state;
    struct str bytes = TGZ(a, {.name = "evil/DESCRIPTION", .data = S(DESCRIPTION)});
    AUTO(fd_closep) int fd = make_fd(bytes);

    for (long n = 1;; n++) {
        struct cran_archive got = {0};
        enum err_code rc;

        mem_fail_at(n);
        rc = read_fd(a, fd, bytes.len, "evil_1.0.tar.gz", &got, NULL);
        mem_fail_at(0);
        if (!rc) {
            assert_true(n > 4);
            return;
        }
        assert_int_equal(rc, ERR_NOMEM);
    }
}

/* ---- Real and hostile packages --------------------------------------------------------------- */

static const char *data_folder(void)
{
    return getenv("TERRARIUM_TEST_DATA");
}

static bool data_is_missing(const char *part)
{
    char path[512];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", data_folder() ? data_folder() : "/absent", part);
    if (stat(path, &st) == 0)
        return false;
    print_message("skipped: no real data (TERRARIUM_TEST_DATA)\n");
    return true;
}

static enum err_code judge(struct arena *a, const char *path, struct err *err)
{
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO(json_decrefp) json_t *fields = NULL;
    struct cran_filename file = {0};
    struct cran_archive got = {0};
    struct stat st;
    enum err_code rc;

    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    rc = cran_filename_parse(str_of(strrchr(path, '/') + 1), &file, err);
    if (!rc)
        rc = cran_archive_read(a, fd, (uint64_t)st.st_size, &file, &got, err);
    if (!rc)
        rc = cran_desc_parse(got.description, &fields, err);
    return rc ? rc : cran_desc_check(fields, &file, err);
}

/* What is refused, and the begin of why. */
static const struct {
    const char *path, *why;
} refused[] = {
    {"/desc/notpkg_1.0.tar.gz", "member \"xxx\" is not in the folder \"notpkg\""},
    {"/desc/xxx.gz", "file name "},
    {"/desc/xxx.tar.gz", "file name "},
    {"/desc/xxx.zip", "file name "},
    {"/dcf-injection/evil_1.0.tar.gz", "DESCRIPTION: line 5: text after an empty line"},
    {"/depends-html/evil_1.0.tar.gz", "DESCRIPTION: Depends: \"R (>= <script>alert(1)</script>)\""},
    {"/mismatch/evil_1.0.tar.gz", "DESCRIPTION: Package is \"other\""},
    {"/no-package/evil_1.0.tar.gz", "DESCRIPTION: there is no field \"Package\""},
    {"/traversal/evil_1.0.tar.gz", "member name \"../../pwned\" has a segment \"..\""},
};

static size_t judged;

static int judge_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
    AUTO(arena_closep) struct arena *a = arena_open(64 * MIB);
    struct str name = str_of(path), why = {0};
    struct err err = {0};

    (void)st;
    (void)where;
    if (type != FTW_F || strstr(path, "PACKAGES") || strstr(path, "/pkgcache/") ||
        (!str_ends(name, S("gz")) && !str_ends(name, S(".zip"))))
        return 0;
    for (size_t i = 0; i < COUNT(refused); i++)
        if (str_ends(name, str_of(refused[i].path)))
            why = str_of(refused[i].why);
    judged++;
    if ((judge(a, path, &err) == OK) == (why.len == 0) && str_starts(str_of(err.msg), why))
        return 0;
    print_error("%s: %s\n", path, err.msg);
    return 1;
}

static void assert_judged(const char *part, size_t at_least)
{
    char path[512];

    if (data_is_missing(part))
        skip();
    judged = 0;
    (void)snprintf(path, sizeof(path), "%s/%s", data_folder(), part);
    assert_int_equal(nftw(path, judge_file, 20, FTW_PHYS), 0);
    assert_true(judged >= at_least);
}

static void real_packages_are_accepted(void **state)
{
    (void)state;
    assert_judged("r", 50);
}

static void hostile_packages_are_refused_for_what_they_are(void **state)
{
    (void)state;
    assert_judged("hostile/made/r", 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(description_is_found_in_tar_archives),
        cmocka_unit_test(description_is_found_in_zip_files),
        cmocka_unit_test(there_must_be_one_description_in_the_folder),
        cmocka_unit_test(everything_must_be_in_the_folder),
        cmocka_unit_test(links_and_backslashes_are_refused),
        cmocka_unit_test(what_is_packed_in_another_way_is_refused),
        cmocka_unit_test(unpacking_is_bounded),
        cmocka_unit_test(lack_of_memory_is_told),
        cmocka_unit_test(real_packages_are_accepted),
        cmocka_unit_test(hostile_packages_are_refused_for_what_they_are),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
