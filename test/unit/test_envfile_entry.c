#include "unit.h"

#include "base/limits.h"
#include "format/envfile_entry.h"

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

static void secrets_of_urls_are_left_out(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text, *masked;
        bool secret;
    } cases[] = {
        {"conda-forge", "conda-forge", false},
        {"a/t/b/c", "a/t/b/c", false},
        {"https://h/t/tk-secret/c", "https://h/t/***/c", true},
        {"https://h/conda/t/tk-secret", "https://h/conda/t/***", true},
        {"https://h/t/${TOKEN}/c", "https://h/t/${TOKEN}/c", false},
        {"https://h/t/%TOKEN%/c", "https://h/t/%TOKEN%/c", false},
        {"https://u:p@h:1/x@y", "https://***@h:1/x@y", true},
        {"https://u:p@q@h/x", "https://***@h/x", true},
        {"https://$USER:$PASSWORD@h/x", "https://$USER:$PASSWORD@h/x", false},
        {"https://h?q=u@v", "https://h?q=u@v", false},
        {"x @ git+https://u:p@h/r@v1 ; a < 'b' -i http://k@h",
         "x @ git+https://***@h/r@v1 ; a < 'b' -i http://***@h", true},
        {"http://u@h/t/a/t/b", "http://***@h/t/***/t/***", true},
        {"https://h/t/", "https://h/t/", false},
        {"https://", "https://", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        f->r.secrets = false;
        assert_str(envfile_masked(&f->r, str_of(cases[i].text)), cases[i].masked);
        assert_int_equal(f->r.secrets, cases[i].secret);
    }
}

static void requirements_of_conda_are_read(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text, *name, *spec, *channel, *version, *platform, *url;
    } cases[] = {
        {"NumPy  >=1.20", "numpy", "NumPy  >=1.20", "", "", "", ""},
        {"python=3.9=h1_0", "python", "python=3.9=h1_0", "", "", "", ""},
        {" zlib ", "zlib", "zlib", "", "", "", ""},
        {"conda-forge::blas[build=mkl]", "blas", "blas[build=mkl]", "conda-forge", "", "", ""},
        {"https://1.2.3.4:443::flask=1.0.2", "flask", "flask=1.0.2", "https://1.2.3.4:443", "", "",
         ""},
        {"http://u:p@h/c::flask", "flask", "flask", "http://***@h/c", "", "", ""},
        {"https://h/t/tk/c/linux-64/numpy-1!2.0-py_0.conda", "numpy",
         "https://h/t/***/c/linux-64/numpy-1!2.0-py_0.conda", "https://h/t/***/c", "1!2.0",
         "linux-64", "https://h/t/***/c/linux-64/numpy-1!2.0-py_0.conda"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct envfile_entry e = {.line = 7, .group = S("g")};
        const struct envfile_entry *got;

        assert_int_equal(envfile_add_conda(&f->r, str_of(cases[i].text), &e, NULL), OK);
        got = &f->file.entries[i];
        assert_int_equal(got->manager, ENVFILE_CONDA);
        assert_int_equal(got->line, 7);
        assert_str(got->group, "g");
        assert_str(got->name, cases[i].name);
        assert_str(got->spec, cases[i].spec);
        assert_str(got->channel, cases[i].channel);
        assert_str(got->version, cases[i].version);
        assert_str(got->platform, cases[i].platform);
        assert_str(got->url, cases[i].url);
    }
}

static void requirements_of_pip_are_read(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text, *name, *url;
    } cases[] = {
        {"requests", "requests", ""},
        {"Foo.Bar_1 == 1.0 ; python_version < '3'", "Foo.Bar_1", ""},
        {"pydantic[email,dotenv]==1.10", "pydantic", ""},
        {"foo(>1)", "foo", ""},
        {"foo===1 --hash=sha256:1234", "foo", ""},
        {"foo @ https://h/foo-1.whl ; x", "foo", "https://h/foo-1.whl"},
        {"foo@https://h/foo-1.whl", "foo", "https://h/foo-1.whl"},
        {"x @ file:///etc/passwd", "x", "file:///etc/passwd"},
        {"git+https://github.com/a/b@v2", "", ""},
        {"https://h/x.whl", "", ""},
        {"-e .", "", ""},
        {"--index-url http://evil.example", "", ""},
        {"-r /etc/passwd", "", ""},
        {"./local", "", ""},
        {"local/x.whl", "", ""},
        {"C:\\x.whl", "", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct envfile_entry e = {.line = 3};
        const struct envfile_entry *got;

        assert_int_equal(envfile_add_pip(&f->r, str_of(cases[i].text), &e, NULL), OK);
        got = &f->file.entries[i];
        assert_int_equal(got->manager, ENVFILE_PIP);
        assert_str(got->name, cases[i].name);
        assert_str(got->spec, cases[i].text);
        assert_str(got->url, cases[i].url);
    }
    assert_int_equal(envfile_add_pip(&f->r, S("  "), &(struct envfile_entry){0}, NULL), OK);
    assert_int_equal(f->file.count, COUNT(cases));
}

static void what_is_none_is_refused(void **state)
{
    struct fixture *f = *state;
    struct envfile_entry e = {.line = 5};
    struct err err = {0};

    assert_int_equal(envfile_add_conda(&f->r, S("<script>"), &e, &err), ERR_INVALID);
    assert_string_equal(err.msg, "line 5: match spec \"<script>\": the package name is empty");
    assert_int_equal(envfile_add_conda(&f->r, S("a\x01::b"), &e, &err), ERR_INVALID);
    assert_string_equal(err.msg, "line 5: a channel has a control character");
    assert_int_equal(envfile_add_conda(&f->r, S("https://h/x.conda"), &e, &err), ERR_INVALID);
    assert_true(
        str_starts(str_of(err.msg), S("line 5: \"https://h/x.conda\" is no conda package: ")));
    assert_int_equal(envfile_add_conda(&f->r, S("https://h/a%zz-1-0.conda"), &e, &err),
                     ERR_INVALID);
    assert_string_equal(err.msg, "line 5: \"https://h/a%zz-1-0.conda\" is no conda package: its "
                                 "escapes are broken");
    assert_int_equal(envfile_add_conda(&f->r, S("https://h/\x01/a-1-0.conda"), &e, &err),
                     ERR_INVALID);
    assert_int_equal(envfile_add_pip(&f->r, S("<script>alert(1)</script>"), &e, &err), ERR_INVALID);
    assert_string_equal(err.msg, "line 5: \"<script>alert(1)</script>\" is no requirement that pip "
                                 "reads, like \"name==1.0\"");
    assert_int_equal(envfile_add_pip(&f->r, S("foo bar\x01"), &e, &err), ERR_INVALID);
    assert_int_equal(envfile_hash(S("D41D8CD98F00B204E9800998ECF8427E"), &e, &err), ERR_INVALID);
    assert_string_equal(err.msg,
                        "line 5: \"D41D8CD98F00B204E9800998ECF8427E\" is no MD5 or SHA-256 "
                        "in lower-case digits");
    assert_int_equal(f->file.count, 0);
}

static void package_urls_tell_what_they_hold(void **state)
{
    struct fixture *f = *state;
    struct envfile_entry e = {.line = 1};

    assert_int_equal(
        envfile_package_url(&f->r, S("https://h/c/noarch/a-b-1.0%2Bx-py_0.tar.bz2"), &e, NULL), OK);
    assert_str(e.name, "a-b");
    assert_str(e.version, "1.0+x");
    assert_str(e.build, "py_0");
    assert_str(e.channel, "https://h/c");
    assert_str(e.platform, "noarch");

    e = (struct envfile_entry){.line = 1, .platform = S("win-64")};
    assert_int_equal(envfile_package_url(&f->r, S("C:\\pkgs\\a-1-0.conda"), &e, NULL), OK);
    assert_str(e.name, "a");
    assert_str(e.channel, "");
    assert_str(e.platform, "win-64");
    assert_int_equal(envfile_package_url(&f->r, S("a-1-0.conda"), &e, NULL), OK);
    assert_str(e.url, "a-1-0.conda");
}

static void notes_and_texts_are_bounded(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};

    for (int i = 0; i < 30; i++)
        assert_int_equal(envfile_note(&f->r, "note %d", i), OK);
    assert_int_equal(f->file.notes.count, 20);
    assert_str(f->file.notes.items[19], "note 19");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(
            envfile_add_text(&f->r, &f->file.channels, str_fmt(f->mem, "c%d", i), &err), OK);
    assert_int_equal(envfile_add_text(&f->r, &f->file.channels, S("c7"), &err), OK);
    assert_int_equal(f->file.channels.count, 1000);
    assert_int_equal(envfile_add_text(&f->r, &f->file.channels, S("d"), &err), ERR_TOO_BIG);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(secrets_of_urls_are_left_out),
        WITH_FIXTURE(requirements_of_conda_are_read),
        WITH_FIXTURE(requirements_of_pip_are_read),
        WITH_FIXTURE(what_is_none_is_refused),
        WITH_FIXTURE(package_urls_tell_what_they_hold),
        WITH_FIXTURE(notes_and_texts_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
