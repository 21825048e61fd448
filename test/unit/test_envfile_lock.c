#include "unit.h"

#include "base/limits.h"
#include "format/envfile.h"

static int open_arena(void **state)
{
    *state = arena_open(64 * MIB);
    return *state ? 0 : -1;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

static struct envfile parsed(struct arena *mem, struct str text)
{
    struct envfile file = {0};
    struct err err = {0};

    if (envfile_parse(mem, S("x.lock"), text, &file, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    return file;
}

#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define METADATA                                                                                   \
    "metadata:\n  channels:\n  - {url: conda-forge, used_env_vars: []}\n"                          \
    "  - defaults\n  platforms: [linux-64, osx-64]\n"
#define PACKAGE                                                                                    \
    "- {name: zlib, version: 1.2, manager: conda, platform: linux-64, "                            \
    "url: 'https://u:p@h/c/linux-64/zlib-1.2-h1.conda', "

static void conda_lock_is_read(void **state)
{
    struct envfile file =
        parsed(*state, S("version: 1\n" METADATA "package:\n" PACKAGE "hash: {md5: " MD5
                         ", sha256: " SHA256 "}, category: main}\n"
                         "- name: six\n  version: '1.17'\n  manager: pip\n  platform: osx-64\n"
                         "  url: git+https://h/six@9eaa\n  hash: {sha256: 9eaa}\n"
                         "  category: dev\n"));
    const struct envfile_entry *e = file.entries;

    assert_int_equal(file.format, ENVFILE_CONDA_LOCK);
    assert_int_equal(file.channels.count, 2);
    assert_str(file.channels.items[0], "conda-forge");
    assert_str(file.channels.items[1], "defaults");
    assert_int_equal(file.platforms.count, 2);
    assert_int_equal(file.count, 2);
    assert_int_equal(e[0].manager, ENVFILE_CONDA);
    assert_int_equal(e[0].line, 8);
    assert_str(e[0].name, "zlib");
    assert_str(e[0].version, "1.2");
    assert_str(e[0].build, "h1");
    assert_str(e[0].platform, "linux-64");
    assert_str(e[0].group, "main");
    assert_str(e[0].md5, MD5);
    assert_str(e[0].sha256, SHA256);
    assert_str(e[0].url, "https://***@h/c/linux-64/zlib-1.2-h1.conda");
    assert_str(e[0].channel, "https://***@h/c");
    assert_int_equal(e[1].manager, ENVFILE_PIP);
    assert_str(e[1].name, "six");
    assert_str(e[1].version, "1.17");
    assert_str(e[1].sha256, "");
    assert_str(e[1].group, "dev");
    assert_int_equal(file.notes.count, 1);

    assert_int_equal(parsed(*state, S("version: 1\n" METADATA "package:\n")).count, 0);
}

static void pixi_lock_is_read(void **state)
{
    static const char *const packages[] = {
        /* 6 */
        "- conda: https://h/c/noarch/a-1-0.conda\n  sha256: " SHA256 "\n  md5: " MD5 "\n"
        "- pypi: https://p/b-2.whl\n  name: b\n  version: '2'\n"
        "- conda: ./src\n  name: mine\n",
        /* 4 and 5 */
        "- kind: conda\n  name: a\n  version: '1'\n  url: https://h/c/noarch/a-1-0.conda\n"
        "  sha256: " SHA256 "\n  md5: " MD5 "\n"
        "- kind: pypi\n  name: b\n  version: '2'\n  url: https://p/b-2.whl\n"
        "- kind: conda\n  name: mine\n  path: ./src\n",
    };

    for (int version = 4; version <= 6; version++) {
        struct envfile file = parsed(
            *state,
            str_fmt(*state,
                    "version: %d\nenvironments:\n"
                    "  default:\n    channels:\n    - url: https://h/t/tok/c/\n    packages:\n"
                    "      linux-64:\n      - conda: https://h/c/noarch/a-1-0.conda\n"
                    "      - pypi: https://p/b-2.whl\n      - conda: ./src\n"
                    "  dev:\n    packages:\n      osx-64:\n"
                    "      - conda: https://h/c/noarch/a-1-0.conda\npackages:\n%s",
                    version, packages[version < 6]));
        const struct envfile_entry *e = file.entries;

        assert_int_equal(file.format, ENVFILE_PIXI_LOCK);
        assert_str(file.channels.items[0], "https://h/t/***/c/");
        assert_int_equal(file.platforms.count, 2);
        assert_int_equal(file.count, 4);
        assert_str(e[0].name, "a");
        assert_str(e[0].version, "1");
        assert_str(e[0].build, "0");
        assert_str(e[0].channel, "https://h/c");
        assert_str(e[0].platform, "linux-64");
        assert_str(e[0].group, "default");
        assert_str(e[0].md5, MD5);
        assert_str(e[0].sha256, SHA256);
        assert_int_equal(e[0].line, 8);
        assert_int_equal(e[1].manager, ENVFILE_PIP);
        assert_str(e[1].name, "b");
        assert_str(e[1].version, "2");
        assert_str(e[2].name, "mine");
        assert_str(e[2].url, "./src");
        assert_str(e[3].platform, "osx-64");
        assert_str(e[3].group, "dev");
    }
}

static void broken_lock_files_are_refused_with_the_line(void **state)
{
    static const struct {
        const char *text, *msg;
    } bad[] = {
        {"version: 2\nmetadata: {}\npackage: []\n",
         "line 1: a conda-lock file of version \"2\"; 1 is known"},
        {"metadata: {}\npackage: []\n", "line 1: a conda-lock file without a \"version\""},
        {"version: 1\npackage: []\n", "line 1: \"metadata\" is missing, and must be a map"},
        {"version: 1\nmetadata: x\npackage: []\n",
         "line 2: \"metadata\" is a text, and must be a map"},
        {"version: 1\nmetadata: {}\n", "line 1: \"package\" is missing, and must be a list"},
        {"version: 1\nmetadata: {}\npackage: {}\n",
         "line 3: \"package\" is a map, and must be a list"},
        {"version: 1\nmetadata: {channels: x}\npackage: []\n",
         "line 2: \"channels\" is a text, and must be a list"},
        {"version: 1\nmetadata: {channels: [{}]}\npackage: []\n",
         "line 2: \"url\" is missing, and must be a text"},
        {"version: 1\nmetadata: {platforms: [[]]}\npackage: []\n",
         "line 2: an item of \"platforms\" is a list, and must be a text"},
        {"version: 1\nmetadata: {}\npackage:\n- x\n",
         "line 4: a package is a text, and must be a map"},
        {"version: 1\nmetadata: {}\npackage:\n- name: x\n  version: [1]\n",
         "line 5: \"version\" is a list, and must be a text"},
        {"version: 1\nmetadata: {}\npackage:\n- name: \"a\\x01\"\n",
         "line 4: \"name\" has a control character"},
        {"version: 1\nmetadata: {}\npackage:\n"
         "- {name: x, version: 1, manager: npm, platform: p, url: u}\n",
         "line 4: the manager \"npm\" is neither conda nor pip"},
        {"version: 1\nmetadata: {}\npackage:\n" PACKAGE "hash: {md5: x}}\n",
         "line 4: \"x\" is no MD5 or SHA-256 in lower-case digits"},
        {"version: 7\nenvironments: {}\npackages: []\n",
         "line 1: a pixi.lock file of version \"7\"; 4 to 6 are known"},
        {"version: 6\nenvironments: x\npackages: []\n",
         "line 2: \"environments\" is a text, and must be a map"},
        {"version: 6\npackages: []\n", "line 1: \"environments\" is missing, and must be a map"},
        {"version: 6\nenvironments: {}\n", "line 1: \"packages\" is missing, and must be a list"},
        {"version: 6\nenvironments: {}\npackages:\n- name: x\n",
         "line 4: a package has neither \"conda\" nor \"pypi\" with its URL"},
        {"version: 6\nenvironments:\n  a: {}\npackages: []\n",
         "line 3: \"packages\" is missing, and must be a map"},
        {"version: 6\nenvironments:\n  a: {packages: {linux-64: x}}\npackages: []\n",
         "line 3: \"linux-64\" is no platform with a list"},
        {"version: 6\nenvironments:\n  a: {packages: {'../x': []}}\npackages: []\n",
         "line 3: \"../x\" is no platform with a list"},
        {"version: 6\nenvironments:\n  a: {packages: {linux-64: [x]}}\npackages: []\n",
         "line 3: neither \"conda\" nor \"pypi\" with a URL"},
        {"version: 6\nenvironments:\n  a: {packages: {linux-64: [{conda: 'http://u:p@h/x'}]}}\n"
         "packages: []\n",
         "line 3: \"http://***@h/x\" is not among the packages"},
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct envfile file = {.count = 77};
        struct err err = {0};

        assert_int_equal(envfile_parse(*state, S("x.yml"), str_of(bad[i].text), &file, &err),
                         ERR_INVALID);
        assert_string_equal(err.msg, bad[i].msg);
        assert_int_equal(file.count, 77);
    }
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(conda_lock_is_read),
        WITH_ARENA(pixi_lock_is_read),
        WITH_ARENA(broken_lock_files_are_refused_with_the_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
