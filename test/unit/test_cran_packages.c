#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/cran_archive.h"
#include "format/cran_desc.h"
#include "index/cran_packages.h"

#define MD5 "0123456789abcdef0123456789abcdef"

struct made {
    const char *package, *version, *filename; /* filename NULL: as R makes it of the other two */
};

static struct cran_packages *packages_of(bool binary, const struct made *files, size_t count)
{
    struct cran_packages *p = NULL;
    char name[256];

    assert_int_equal(cran_packages_open(binary, &p, NULL), OK);
    for (size_t i = 0; i < count; i++) {
        const struct made *m = &files[i];
        AUTO(json_decrefp)
        json_t *fields = json_pack("{s:s, s:s, s:s}", "Package", m->package, "Version", m->version,
                                   "License", "MIT");
        struct cran_file file = {.md5 = S(MD5),
                                 .size = (int64_t)i + 1,
                                 .uploaded_ms = 1500 * (int64_t)i,
                                 .fields = fields};

        (void)snprintf(name, sizeof name, "%s_%s.tar.gz", m->package, m->version);
        file.filename = str_of(m->filename ? m->filename : name);
        assert_int_equal(cran_packages_add(p, &file, NULL), OK);
    }
    cran_packages_end(p);
    return p;
}

typedef void writer(const struct cran_packages *p, struct buf *out);

static void assert_has(writer *write, const struct cran_packages *p, const char *what, bool has)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);

    write(p, &b);
    assert_true(buf_ok(&b));
    assert_int_equal(memmem(b.ptr, b.len, what, strlen(what)) != NULL, has);
}

static void newest_version_of_each_package_is_listed(void **state)
{
    static const struct made files[] = {{"zz", "1.0", NULL},    {"foo", "1.9", NULL},
                                        {"foo", "1.10", NULL},  {"Foo", "0.1", NULL},
                                        {"foo", "1.2-3", NULL}, {"ab", "2.0", NULL}};
    AUTO(cran_packages_closep) struct cran_packages *p = packages_of(false, files, COUNT(files));
    AUTO(buf_done) struct buf b = BUF_INIT(4 * KIB);

    (void)state;
    cran_packages_write(p, &b);
    assert_str(buf_str(&b), "Package: Foo\nVersion: 0.1\nLicense: MIT\nMD5sum: " MD5 "\n\n"
                            "Package: ab\nVersion: 2.0\nLicense: MIT\nMD5sum: " MD5 "\n\n"
                            "Package: foo\nVersion: 1.10\nLicense: MIT\nMD5sum: " MD5 "\n\n"
                            "Package: zz\nVersion: 1.0\nLicense: MIT\nMD5sum: " MD5 "\n");
    assert_has(cran_packages_write_rds, p, "1.10", true);
    assert_has(cran_packages_write_rds, p, "1.2-3", false);
    assert_has(cran_packages_write_archive, p, "foo/foo_1.2-3.tar.gz", true);
    assert_has(cran_packages_write_archive, p, "foo_1.10.tar.gz", false);
    assert_has(cran_packages_write_archive, p, "zz", false);
    assert_has(cran_packages_write_current, p, "foo_1.10.tar.gz", true);
    assert_has(cran_packages_write_current, p, "foo_1.9.tar.gz", false);
}

static void order_of_rows_does_not_matter(void **state)
{
    static const struct made one[] = {{"ab", "1.0", NULL}, {"ab", "1.0.0", NULL}},
                             other[] = {{"ab", "1.0.0", NULL}, {"ab", "1.0", NULL}};
    AUTO(cran_packages_closep) struct cran_packages *p = packages_of(false, one, 2);
    AUTO(cran_packages_closep) struct cran_packages *q = packages_of(false, other, 2);
    AUTO(buf_done) struct buf a = BUF_INIT(4 * KIB), b = BUF_INIT(4 * KIB);

    (void)state;
    cran_packages_write_rds(p, &a);
    cran_packages_write_rds(q, &b);
    assert_true(str_eq(buf_str(&a), buf_str(&b)));
    assert_has(cran_packages_write, p, "Version: 1.0.0\n", true);
}

static void binaries_have_columns_of_their_own(void **state)
{
    static const struct made files[] = {{"ab", "1.0", "ab_1.0.zip"},
                                        {"cd", "1.0", "cd_1.0_R_x86_64-pc-linux-gnu.tar.gz"}};
    AUTO(cran_packages_closep) struct cran_packages *p = packages_of(true, files, COUNT(files));
    AUTO(buf_done) struct buf b = BUF_INIT(4 * KIB);

    (void)state;
    cran_packages_write(p, &b);
    assert_str(buf_str(&b), "Package: ab\nVersion: 1.0\nLicense: MIT\nMD5sum: " MD5 "\n\n"
                            "Package: cd\nVersion: 1.0\nLicense: MIT\nMD5sum: " MD5
                            "\nFile: cd_1.0_R_x86_64-pc-linux-gnu.tar.gz\n");
    assert_has(cran_packages_write_rds, p, "Built", true);
    assert_has(cran_packages_write_rds, p, "NeedsCompilation", false);
}

static void an_empty_tree_has_empty_documents(void **state)
{
    static writer *const writers[] = {cran_packages_write_rds, cran_packages_write_current,
                                      cran_packages_write_archive};
    static const char columns[] = "\0\0\0\x0f\0\4\0\x09\0\0\0\7Package\0\4\0\x09\0\0\0\7Version";
    AUTO(cran_packages_closep) struct cran_packages *p = packages_of(false, NULL, 0);
    AUTO(buf_done) struct buf b = BUF_INIT(4 * KIB), rds = BUF_INIT(4 * KIB);

    (void)state;
    cran_packages_write(p, &b);
    assert_true(buf_ok(&b));
    assert_int_equal(b.len, 0);
    for (size_t i = 0; i < COUNT(writers); i++) {
        buf_clear(&b);
        writers[i](p, &b);
        assert_true(buf_ok(&b) && b.len > 14);
    }
    cran_packages_write_rds(p, &rds);
    /* A matrix of strings, 0 x 15, whose rows have no names. */
    assert_true(str_starts(str_from(buf_str(&rds), 14), S("\0\0\2\x10\0\0\0\0")));
    assert_non_null(memmem(rds.ptr, rds.len, columns, sizeof columns - 1));
}

static void lack_of_memory_is_told(void **state)
{
    AUTO(json_decrefp) json_t *fields = json_pack("{s:s, s:s}", "Package", "ab", "Version", "1.0");
    const struct cran_file file = {.filename = S("ab_1.0.tar.gz"), .md5 = S(MD5), .fields = fields};

    (void)state;
    for (long n = 1;; n++) {
        AUTO(cran_packages_closep) struct cran_packages *p = NULL;
        enum err_code rc;

        mem_fail_at(n);
        rc = cran_packages_open(false, &p, NULL);
        if (!rc)
            rc = cran_packages_add(p, &file, NULL);
        mem_fail_at(0);
        if (!rc) {
            assert_true(n > 2);
            return;
        }
        assert_int_equal(rc, ERR_NOMEM);
    }
}

/* ---- what R makes of the same packages ------------------------------------------------------- */

static void add_real(struct arena *a, struct cran_packages *p, const char *folder, const char *name)
{
    struct cran_filename parsed = {0};
    struct cran_archive archive = {0};
    struct cran_file file = {.filename = str_of(name)};
    AUTO(json_decrefp) json_t *fields = NULL, *index = NULL;
    AUTO(digest_closep) struct digest *digest = digest_open();
    char path[600], sha256[SHA256_HEX + 1], md5[MD5_HEX + 1];
    struct str bytes = {0};
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(fs_read(a, path, 64 * MIB, &bytes, NULL), OK);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(cran_filename_parse(file.filename, &parsed, NULL), OK);
    assert_int_equal(cran_archive_read(a, fd, bytes.len, &parsed, &archive, NULL), OK);
    fd_closep(&fd);
    assert_int_equal(cran_desc_parse(archive.description, &fields, NULL), OK);
    assert_int_equal(cran_desc_index(a, fields, archive.compiled, &index, NULL), OK);
    digest_add(digest, bytes);
    digest_finish(digest, sha256, md5);
    file.md5 = str_of(md5);
    file.fields = index;
    assert_int_equal(cran_packages_add(p, &file, NULL), OK);
}

/* The records of R, whose lines it folds, as ours are: each field on one line. */
static struct str unfolded(struct arena *a, struct str text)
{
    AUTO(buf_done) struct buf b = BUF_INIT(MIB);
    struct str rest = text, line;

    while (str_next(&rest, '\n', &line)) {
        bool more = str_starts(line, S("        "));

        if (b.len && more)
            buf_addc(&b, ' ');
        else if (b.len)
            buf_addc(&b, '\n');
        buf_add(&b, str_trim(line));
    }
    return str_dup(a, buf_str(&b));
}

/* R lists packages in the order of its language: so each of its records is looked for. */
static void records_are_those_of_r(void **state)
{
    const char *data = getenv("TERRARIUM_TEST_DATA");
    AUTO(arena_closep) struct arena *a = arena_open(512 * MIB);
    AUTO(cran_packages_closep) struct cran_packages *p = NULL;
    AUTO(buf_done) struct buf ours = BUF_INIT(MIB);
    char folder[300], golden[300];
    struct str theirs, rest, record;
    size_t count = 0, len = 0;
    struct dirent *e;
    DIR *dir;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s/r/src/contrib", data ? data : "/absent");
    (void)snprintf(golden, sizeof golden, "%s/golden/cran/PACKAGES", data ? data : "/absent");
    dir = opendir(folder);
    if (!dir) {
        print_message("skipped: no real data (TERRARIUM_TEST_DATA)\n");
        skip();
        return;
    }
    assert_int_equal(cran_packages_open(false, &p, NULL), OK);
    while ((e = readdir(dir)))
        if (str_ends(str_of(e->d_name), S(".tar.gz")))
            add_real(a, p, folder, e->d_name);
    (void)closedir(dir);
    cran_packages_end(p);
    cran_packages_write(p, &ours);
    assert_int_equal(fs_read(a, golden, MIB, &theirs, NULL), OK);
    theirs = unfolded(a, theirs);
    for (rest = theirs; rest.len; count++) {
        const char *end = memmem(rest.ptr, rest.len, "\n\n", 2);

        record = end ? str_sub(rest, 0, (size_t)(end - rest.ptr) + 1) : rest;
        rest = str_from(rest, record.len + 1);
        len += record.len + 1;
        if (!memmem(ours.ptr, ours.len, record.ptr, record.len))
            print_error("not in ours: %.*s\n", (int)record.len, record.ptr);
        assert_non_null(memmem(ours.ptr, ours.len, record.ptr, record.len));
    }
    assert_int_equal(count, 33);
    assert_int_equal(len, ours.len + 1); /* and nothing besides */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_version_of_each_package_is_listed),
        cmocka_unit_test(order_of_rows_does_not_matter),
        cmocka_unit_test(binaries_have_columns_of_their_own),
        cmocka_unit_test(an_empty_tree_has_empty_documents),
        cmocka_unit_test(lack_of_memory_is_told),
        cmocka_unit_test(records_are_those_of_r),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
