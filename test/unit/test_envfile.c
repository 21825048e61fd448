#include "unit.h"

#include <dirent.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "format/envfile.h"

static int open_arena(void **state)
{
    *state = arena_open(128 * MIB);
    return *state ? 0 : -1;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

static struct envfile parsed(struct arena *mem, const char *filename, struct str text)
{
    struct envfile file = {0};
    struct err err = {0};

    if (envfile_parse(mem, str_of(filename), text, &file, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    return file;
}

static void environments_are_read(void **state)
{
    struct envfile file = parsed(*state, "environment.yml",
                                 S("name: my env\n"
                                   "channels:\n"
                                   "  - conda-forge\n"
                                   "  - https://h/t/tk-1/c\n"
                                   "dependencies:\n"
                                   "  - python=3.11\n"
                                   "  - defaults::libgomp\n"
                                   "  - sel(win): pywin32 >=1\n"
                                   "  - pip\n"
                                   "  - pip:\n"
                                   "    - six==1.0\n"
                                   "    - -e .\n"
                                   "  - npm: [x]\n"
                                   "variables:\n"
                                   "  KEY: secret\n"
                                   "platforms: [linux-64]\n"
                                   "prefix: /opt/x\n"
                                   "extra: 1\n"));
    const struct envfile_entry *e = file.entries;

    assert_int_equal(file.format, ENVFILE_ENVIRONMENT);
    assert_str(file.name, "my env");
    assert_str(file.prefix, "/opt/x");
    assert_int_equal(file.channels.count, 2);
    assert_str(file.channels.items[1], "https://h/t/***/c");
    assert_int_equal(file.platforms.count, 1);
    assert_int_equal(file.variables.count, 1);
    assert_str(file.variables.items[0], "KEY");
    assert_int_equal(file.count, 6);
    assert_str(e[0].name, "python");
    assert_int_equal(e[0].line, 6);
    assert_str(e[1].channel, "defaults");
    assert_str(e[2].name, "pywin32");
    assert_str(e[2].platform, "win");
    assert_str(e[3].name, "pip");
    assert_int_equal(e[3].manager, ENVFILE_CONDA);
    assert_int_equal(e[4].manager, ENVFILE_PIP);
    assert_str(e[4].spec, "six==1.0");
    assert_str(e[5].spec, "-e .");
    assert_int_equal(file.notes.count, 3);
    assert_str(file.notes.items[0], "line 18: the key \"extra\" is not read");
    assert_str(file.notes.items[1], "line 13: the requirements under \"npm\" are not read");
    assert_str(file.notes.items[2], "a URL holds a password or token, which whoever may download "
                                    "this file can read");
}

static void missing_parts_are_empty(void **state)
{
    const char *const texts[] = {
        "dependencies: []\n",
        "dependencies:\n",
        "channels: [a]\n",
        "name:\nchannels:\n",
        "dependencies: [{pip: }]",
        "name: 3\ndependencies: ~\n",
        "variables: [A=1, {B: 2}, 3, []]\nchannels: ",
    };

    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(parsed(*state, "environment.yaml", str_of(texts[i])).count, 0);
    assert_int_equal(parsed(*state, "x.yml", str_of(texts[6])).variables.count, 2);
    assert_str(parsed(*state, "x.yml", str_of(texts[5])).name, "3");
}

static void formats_are_told_apart(void **state)
{
    static const struct {
        const char *filename, *text, *format;
    } cases[] = {
        {"environment.yml", "dependencies: []", "environment"},
        {"x.yml", "version: 3\ndependencies: []", "environment"},
        {"x.yml", "@EXPLICIT\n", "explicit"},
        {"x.txt", "# c\n@EXPLICIT\n", "explicit"},
        {"requirements.txt", "x==1", "requirements"},
        {"Requirements-dev.TXT", "-r x", "requirements"},
        {"spec.txt", "x=1", "specs"},
        {"conda-lock.yml", "version: 1\nmetadata: {}\npackage: []", "conda-lock"},
        {"pixi.lock", "version: 6\nenvironments: {}\npackages: []", "pixi-lock"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(
            envfile_format_name(parsed(*state, cases[i].filename, str_of(cases[i].text)).format),
            cases[i].format);
}

static void refusals_name_the_line(void **state)
{
    static const struct {
        const char *filename, *text, *msg;
    } bad[] = {
        {"x.yml", "",
         "not an environment file: it is empty, and must be a map with "
         "\"dependencies\", or a list of URLs after a line \"@EXPLICIT\""},
        {"x.yml", "- a\n",
         "not an environment file: it is a list, and must be a map with "
         "\"dependencies\", or a list of URLs after a line \"@EXPLICIT\""},
        {"x.yml", "name: x\n",
         "not an environment file: it has neither \"dependencies\" nor \"channels\""},
        {"x.yml", "names: x\ndependecies: [y]\n",
         "not an environment file: it has neither \"dependencies\" nor \"channels\""},
        {"x.yml", "name: [1]\ndependencies: []", "line 1: \"name\" is a list, and must be a text"},
        {"x.yml", "name: ../../x\ndependencies: []",
         "line 1: the name \"../../x\" must not have \"/\" in it: it becomes the name of a folder"},
        {"x.yml", "dependencies: []\nname: 'a\\b'\n",
         "line 2: the name \"a\\b\" must not have \"\\\" in it: it becomes the name of a folder"},
        {"x.yml", "name: ..\ndependencies: []", "line 1: \"..\" cannot be the name of a folder"},
        {"x.yml", "dependencies: {a: 1}", "line 1: \"dependencies\" is a map, and must be a list"},
        {"x.yml", "dependencies:\n- [a]\n",
         "line 2: a dependency is a list, and must be a text "
         "like \"numpy >=1.20\", or a map with \"pip\""},
        {"x.yml", "dependencies:\n-\n",
         "line 2: a dependency is null, and must be a text like "
         "\"numpy >=1.20\", or a map with \"pip\""},
        {"x.yml", "dependencies:\n- <b>\n",
         "line 2: match spec \"<b>\": the package name is empty"},
        {"x.yml", "dependencies:\n- pip: x\n", "line 2: \"pip\" is a text, and must be a list"},
        {"x.yml", "dependencies:\n- pip: [[]]\n",
         "line 2: a requirement of pip is a list, and must be a text"},
        {"x.yml", "channels: x\n", "line 1: \"channels\" is a text, and must be a list of texts"},
        {"x.yml", "channels:\n- {}\n",
         "line 2: an item of \"channels\" is a map, and must be a text"},
        {"x.yml", "dependencies: []\ndependencies: []\n",
         "line 2: the key \"dependencies\" stands twice (line 1)"},
        {"x.txt", "a\xff", "not an environment file: the text is not UTF-8"},
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct envfile file = {.count = 77};
        struct err err = {0};

        assert_int_equal(
            envfile_parse(*state, str_of(bad[i].filename), str_of(bad[i].text), &file, &err),
            ERR_INVALID);
        assert_string_equal(err.msg, bad[i].msg);
        assert_int_equal(file.count, 77);
    }
}

static void file_over_a_limit_is_refused(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(4 * MIB);
    struct envfile file;
    struct err err = {0};

    assert_int_equal(
        envfile_parse(*state, S("x.yml"), (struct str){"", LIMIT_ENVFILE + 1}, &file, &err),
        ERR_TOO_BIG);
    for (int i = 0; i <= LIMIT_ENVFILE_ENTRIES; i++)
        buf_addz(&text, "a\n");
    assert_int_equal(envfile_parse(*state, S("x.txt"), buf_str(&text), &file, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "line 100001: more than 100000 requirements");
}

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    for (size_t cap = 64; cap < 64 * KIB; cap += 64) {
        AUTO(arena_closep) struct arena *mem = arena_open(cap);
        struct envfile file;
        enum err_code code = envfile_parse(
            mem, S("x.yml"),
            S("name: a\nchannels: [b]\nunknown: 1\ndependencies: [a, 'b::c', {pip: [d, e]}]\n"),
            &file, NULL);

        assert_true(code == OK || code == ERR_NOMEM);
        if (code == OK)
            return;
    }
    assert_true(false); /* never enough */
}

/* Other files of the projects that the real ones are from, and those that are broken. */
static const char *const broken[] = {
    "/test.lock", /* of tests of conda-lock: lists without @EXPLICIT */
    "/no-auth.lock",
    "/config.yaml",
    "existing/anaconda-project.yml",
    "conda_build_config.yaml",
    "update-lockfile.yaml",
    "invalid_keys.yml",
    "bad_package-lock.yaml",
    "bad_version-lock.yaml",
    "conda-lock-v1-missing-metadata.yml",
    "conda-lock-v1-invalid-metadata-type.yml",
    "conda-lock-v1-missing-package.yml",
    "pixi-lock-v6-missing-packages.lock",
    "pixi-lock-v6-missing-environments.lock",
    "pixi-lock-v6-invalid-environments-type.lock",
};

static void read_file(struct arena *mem, const char *path, const char *name, size_t *ret_count)
{
    bool is_broken = false;
    struct envfile file;
    struct str text;
    struct err err = {0};

    for (size_t i = 0; i < COUNT(broken); i++)
        is_broken = is_broken || str_ends(str_of(path), str_of(broken[i]));
    assert_int_equal(fs_read(mem, path, LIMIT_ENVFILE, &text, NULL), OK);
    if ((envfile_parse(mem, str_of(name), text, &file, &err) != OK) != is_broken) {
        print_error("%s: %s\n", path, err.msg);
        assert_true(false);
    }
    (*ret_count)++;
}

static void read_folder(const char *path, size_t *ret_count)
{
    static const char *const ends[] = {".yml", ".yaml", ".lock", ".txt"};
    DIR *dir = opendir(path);

    for (struct dirent *e; dir && (e = readdir(dir));) {
        AUTO(arena_closep) struct arena *mem = arena_open(256 * MIB);
        char *below = str_z(mem, str_fmt(mem, "%s/%s", path, e->d_name));

        if (e->d_name[0] == '.' && (!e->d_name[1] || e->d_name[1] == '.'))
            continue;
        if (e->d_type == DT_DIR)
            read_folder(below, ret_count);
        for (size_t i = 0; e->d_type != DT_DIR && i < COUNT(ends); i++)
            if (str_ends(str_of(e->d_name), str_of(ends[i])))
                read_file(mem, below, e->d_name, ret_count);
    }
    if (dir)
        (void)closedir(dir);
}

static void real_files_are_read(void **state)
{
    const char *folder = getenv("TERRARIUM_TEST_DATA");
    size_t count = 0;

    read_folder(str_z(*state, str_fmt(*state, "%s/envs", folder ? folder : "../shared/data")),
                &count);
    if (!count) {
        print_message("skipped: no real data (TERRARIUM_TEST_DATA)\n");
        skip();
    }
    assert_true(count > 130);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(environments_are_read),        WITH_ARENA(missing_parts_are_empty),
        WITH_ARENA(formats_are_told_apart),       WITH_ARENA(refusals_name_the_line),
        WITH_ARENA(file_over_a_limit_is_refused), cmocka_unit_test(lack_of_memory_is_told),
        WITH_ARENA(real_files_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
