#include "unit.h"

#include "base/limits.h"
#include "format/envfile_text.h"

struct fixture {
    struct arena *mem;
    struct envfile file;
    struct envfile_reading r;
};

static int open_fixture(void **state)
{
    struct arena *mem = arena_open(64 * MIB);
    struct fixture *f = mem ? arena_new(mem, struct fixture) : NULL;

    if (!f)
        return -1;
    f->mem = mem;
    f->r = (struct envfile_reading){.mem = mem, .file = &f->file};
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    arena_close(f->mem);
    return 0;
}

static void explicit_lists_are_known_by_their_line(void **state)
{
    (void)state;
    assert_true(envfile_is_explicit(S("# x\n@EXPLICIT\n")));
    assert_true(envfile_is_explicit(S("  @EXPLICIT\r\n")));
    assert_true(envfile_is_explicit(S("@EXPLICIT")));
    assert_false(envfile_is_explicit(S("")));
    assert_false(envfile_is_explicit(S("# @EXPLICIT\n@EXPLICITLY\nx @EXPLICIT")));
}

#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void explicit_lists_are_read(void **state)
{
    struct fixture *f = *state;
    const struct envfile_entry *e;
    struct err err = {0};

    assert_int_equal(envfile_read_explicit(&f->r,
                                           S("# platform: linux-64\r\n"
                                             "# platform: nowhere at all\n"
                                             "@EXPLICIT\n\n"
                                             "https://h/c/linux-64/a-1-0.conda#" MD5 "\n"
                                             "https://h/c/noarch/b-1-0.tar.bz2#sha256:" SHA256 "\n"
                                             "  https://u:p@h/c/win-64/c-1-0.conda#" SHA256 "\n"
                                             "d-1-0.conda\n"
                                             "# pip six @ https://p/six-1.whl --hash=sha256:1\n"
                                             "# pip is fine\n"),
                                           &err),
                     OK);
    e = f->file.entries;
    assert_int_equal(f->file.format, ENVFILE_EXPLICIT);
    assert_int_equal(f->file.platforms.count, 1);
    assert_str(f->file.platforms.items[0], "linux-64");
    assert_int_equal(f->file.count, 5);
    assert_int_equal(e[0].line, 5);
    assert_str(e[0].name, "a");
    assert_str(e[0].md5, MD5);
    assert_str(e[0].spec, "https://h/c/linux-64/a-1-0.conda");
    assert_str(e[0].channel, "https://h/c");
    assert_str(e[1].sha256, SHA256);
    assert_str(e[1].platform, "noarch");
    assert_str(e[2].sha256, SHA256);
    assert_str(e[2].url, "https://***@h/c/win-64/c-1-0.conda");
    assert_str(e[3].url, "d-1-0.conda");
    assert_int_equal(e[4].manager, ENVFILE_PIP);
    assert_str(e[4].name, "six");
    assert_str(e[4].url, "https://p/six-1.whl");
    assert_int_equal(e[4].line, 9);

    assert_int_equal(envfile_read_explicit(&f->r, S("@EXPLICIT\nhttps://h/a-1-0.conda#x\n"), &err),
                     ERR_INVALID);
    assert_string_equal(err.msg, "line 2: \"x\" is no MD5 or SHA-256 in lower-case digits");
    assert_int_equal(envfile_read_explicit(&f->r, S("@EXPLICIT\n\nnumpy\n"), &err), ERR_INVALID);
    assert_true(str_starts(str_of(err.msg), S("line 3: \"numpy\" is no conda package: ")));
}

static void lists_of_specs_are_read(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};

    assert_int_equal(envfile_read_specs(&f->r, S("# c\nnumpy >=1  # why\n\nzlib=1.2=h1\r\n"), &err),
                     OK);
    assert_int_equal(f->file.format, ENVFILE_SPECS);
    assert_int_equal(f->file.count, 2);
    assert_str(f->file.entries[0].spec, "numpy >=1");
    assert_int_equal(f->file.entries[0].line, 2);
    assert_str(f->file.entries[1].name, "zlib");
    assert_int_equal(f->file.entries[1].line, 4);
    assert_int_equal(envfile_read_specs(&f->r, S("a\n>1\n"), &err), ERR_INVALID);
    assert_string_equal(err.msg, "line 2: match spec \">1\": the package name is empty");
}

static void requirements_files_are_read(void **state)
{
    struct fixture *f = *state;
    const struct envfile_entry *e;
    struct err err = {0};

    assert_int_equal(envfile_read_requirements(
                         &f->r,
                         S("# c\n-r other.txt\nfoo==1.0 \\\n    --hash=sha256:1 \\\n"
                           "    --hash=sha256:2\nbar  # why\nx @ https://h/a.whl#sha256=1\nbaz\\"),
                         &err),
                     OK);
    e = f->file.entries;
    assert_int_equal(f->file.format, ENVFILE_REQUIREMENTS);
    assert_int_equal(f->file.count, 5);
    assert_str(e[0].spec, "-r other.txt");
    assert_str(e[1].spec, "foo==1.0");
    assert_int_equal(e[1].line, 3);
    assert_str(e[2].spec, "bar");
    assert_int_equal(e[2].line, 6);
    assert_str(e[3].url, "https://h/a.whl#sha256=1");
    assert_str(e[4].name, "baz");
    assert_int_equal(envfile_read_requirements(&f->r, S("ok\n=1\n"), &err), ERR_INVALID);
    assert_string_equal(err.msg, "line 2: \"=1\" is no requirement that pip reads, like "
                                 "\"name==1.0\"");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explicit_lists_are_known_by_their_line),
        WITH_FIXTURE(explicit_lists_are_read),
        WITH_FIXTURE(lists_of_specs_are_read),
        WITH_FIXTURE(requirements_files_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
