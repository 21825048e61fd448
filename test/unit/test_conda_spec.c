#include "unit.h"

#include "base/fs.h"
#include "base/limits.h"
#include "format/conda_name.h"
#include "format/conda_spec.h"
#include "format/conda_version.h"
#include "format/json.h"

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

/* Most of them stand in real channels; all are read by conda 26.7 and py-rattler 0.28. */
static void specs_are_taken_apart(void **state)
{
    static const struct {
        const char *text, *name, *version, *build;
    } cases[] = {
        {"numpy", "numpy", "", ""},
        {"NumPy", "numpy", "", ""},
        {"numpy ", "numpy", "", ""},
        {"_libgcc_mutex 0.1 conda_forge", "_libgcc_mutex", "0.1", "conda_forge"},
        {"__cuda  >= 11.0", "__cuda", ">=11.0", ""},
        {"__osx>=10.12", "__osx", ">=10.12", ""},
        {"imath<3.2.0a0", "imath", "<3.2.0a0", ""},
        {"python >=3.9,<3.10.0a0 *_cpython", "python", ">=3.9,<3.10.0a0", "*_cpython"},
        {"python *", "python", "*", ""},
        {"python_abi 3.9.* *_cp39", "python_abi", "3.9.*", "*_cp39"},
        {"blas * openblas", "blas", "*", "openblas"},
        {"blas 2.132   mkl", "blas", "2.132", "mkl"},
        {"libcblas   3.11.0   1*_mkl", "libcblas", "3.11.0", "1*_mkl"},
        {"blas =2.131=openblas", "blas", "=2.131", "openblas"},
        {"faiss-proc =*=cpu", "faiss-proc", "=*", "cpu"},
        {"nbconvert =7.16.4=*_1", "nbconvert", "=7.16.4", "*_1"},
        {"foo=1.2=py*", "foo", "=1.2", "py*"},
        {"foo==1.2", "foo", "==1.2", ""},
        {"foo 1.2=0", "foo", "1.2", "0"},
        {"typeguard ~=2.13.3", "typeguard", "~=2.13.3", ""},
        {"libopenblas >=0.3.18, !=0.3.20", "libopenblas", ">=0.3.18,!=0.3.20", ""},
        {"foo >=1.0 , <2.0 py34_0", "foo", ">=1.0,<2.0", "py34_0"},
        {"pillow >=5.3.0,!=8.3.*", "pillow", ">=5.3.0,!=8.3.*", ""},
        {"python 2.7|>=3.7", "python", "2.7|>=3.7", ""},
        {"llvm-meta ==5.0.0|5.0.0.*", "llvm-meta", "==5.0.0|5.0.0.*", ""},
        {"openblas 0.2.18|0.2.18.*.", "openblas", "0.2.18|0.2.18.*.", ""},
        {"pytorch 1.*.*", "pytorch", "1.*.*", ""},
        {"python >=3.10.*", "python", ">=3.10.*", ""},
        {"libcxx >=*", "libcxx", ">=*", ""},
        {"foo 1.2*", "foo", "1.2*", ""},
        {"foo *.*", "foo", "*.*", ""},
        {"xarray !=v2023.09.0", "xarray", "!=v2023.09.0", ""},
        {"google-api-core >=1.34,<3.0.0dev,!=2.0.*", "google-api-core", ">=1.34,<3.0.0dev,!=2.0.*",
         ""},
        {"x264 >=1!164.3095,<1!165", "x264", ">=1!164.3095,<1!165", ""},
        {"x264 >=1 !164.3095,<1!165", "x264", ">=1", "!164.3095,<1!165"},
        {"openssl 1.0.1_", "openssl", "1.0.1_", ""},
        {"foo 3.0+cu118", "foo", "3.0+cu118", ""},
        {"conda-forge::foo 1.0", "foo", "1.0", ""},
        {"conda-forge/linux-64::foo", "foo", "", ""},
        {"foo[version=1.0]", "foo", "1.0", ""},
        {"foo [version='>=1.0,<2', build=\"py*\"]", "foo", ">=1.0,<2", "py*"},
        {"foo 1.0[version=2.0]", "foo", "2.0", ""},
        {"foo[version='(>=1.0, <2)|3']", "foo", "(>=1.0,<2)|3", ""},
        {"foo[build_number='>=2',subdir=linux-64,channel=conda-forge]", "foo", "", ""},
        {"foo[build_number=2,license=MIT,fn=a.conda]", "foo", "", ""},
        {"foo[md5=d41d8cd98f00b204e9800998ecf8427e]", "foo", "", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conda_spec spec = {.conditional = true};
        struct err err = {0};

        if (conda_spec_parse(*state, str_of(cases[i].text), &spec, &err))
            print_error("%s\n", err.msg);
        assert_int_equal(err.code, OK);
        assert_str(spec.name, cases[i].name);
        assert_str(spec.version, cases[i].version);
        assert_str(spec.build, cases[i].build);
        assert_false(spec.conditional);
    }
}

static void specs_that_some_client_cannot_read_are_refused(void **state)
{
    static const char *const bad[] = {
        /* nothing, or not a name */
        "",
        " ",
        " x",
        "[version=1]",
        ">=1",
        "=1",
        "x/y",
        "x&y",
        ".x",
        "-x",
        "x..y",
        "x--y",
        "___x",
        "__",
        "x*",
        "*",
        "\xc3\xa9",
        "x\t1",
        "x\n",
        "x\x7f",
        "x,1",

        "Foo Bar",
        "ray[default,data] >=2.9.0,<3.0.0",
        /* operators and versions */
        "x >=,",
        "x >=1,",
        "x >=1|",
        "x ,1",
        "x |1",
        "x =",
        "x= ",
        "x=",
        "x==",
        "x >=",
        "x <>1",
        "x =>1",
        "x ===1",
        "x >==1",
        "x =!1",
        "x 1..2",
        "x 1.",
        "x >=1.,<2",
        "x 1-",
        "x 1-2_3",
        "x 1+a_",
        "x 1._",
        "x >=18446744073709551616",
        "x 1 2 3",
        "x <2 >1",
        "x 1=",
        "x 1 =",
        "x V1",
        "x >=1 , ",
        "x !1",
        "x ~1",
        /* globs */
        "x <*",
        "x >*",
        "x !=*",
        "x ~=*",
        "x ~=1.*",
        "x 1.*.2",
        "x *.1",
        "x *1",
        "x 1**",
        "x 1.**",
        "x 1.*.*x",
        "x >=1.*.",
        "x ** b",
        "x 1 b**",
        /* parentheses and brackets */
        "x (1",
        "x 1)",
        "x ()",
        "x (1)",
        "x(optional)",
        "x [1]",
        "x]",
        "x[",
        "x[]",
        "x[version]",
        "x[version=]",
        "x[version=1",
        "x version=1]",
        "x[version=1]]",
        "x[[version=1]]",
        "x[version=1][build=2]",
        "x[version=1] b",
        "x[version='1]",
        "x[version=\"1']",
        "x[version='(1']",
        "x[version='1)']",
        "x[version='1),(1']",
        "x[version='((((((((((1))))))))))']",
        "x[version='>= 1']",
        "x[version=1 build=2]",
        "x[version=1,version=2]",
        "x[version=1,]",
        "x[,version=1]",
        "x[ version=1]",
        "x[version =1]",
        "x[foo=1]",
        "x[name=y]",
        "x[features=a]",
        "x[extras='a']",
        "x[flags='a']",
        "x[url='http://a/b.conda']",
        "x[build_number=a]",
        "x[build_number='=1']",
        "x[build_number='<>1']",
        "x[build_number=99999999999999999999]",
        "x[md5=abc]",
        "x[sha256=d41d8cd98f00b204e9800998ecf8427g]",
        "x[build='a b']",
        "x[when='']",
        "x[when='(a)']",
        "x[when='or b']",
        "x[when='a and']",
        "x[when='a or or b']",
        /* channels */
        "a:x",
        "a:b:x",
        "::x",
        ":x",
        "a::",
        "a::b::x",
        "a//b::x",
        "../a::x",
        "http://a/b::x",
        "x[channel='a b']",
        /* other things to some client */
        "x # comment",
        "x#",
        "x;y",
        "x; if y",
        "x 1 if y",
        "x@",
        "@x",
        "x ^1.*$",
        "x 1 ^py.*$",
        "x\\y",
        "x.conda",
        "a-1-0.tar.bz2",
        "http://a/b-1-0.conda",
        "x 1 \"b\"",
        "x 1 b'",
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct conda_spec spec = {0};
        struct err err = {0};

        if (!conda_spec_parse(*state, str_of(bad[i]), &spec, &err))
            print_error("\"%s\" is accepted\n", bad[i]);
        assert_int_equal(err.code, ERR_INVALID);
        assert_true(str_starts(str_of(err.msg), S("match spec \"")));
        assert_null(spec.name.ptr);
    }
}

static void messages_say_what_is_wrong(void **state)
{
    struct conda_spec spec;
    struct err err = {0};

    assert_int_equal(conda_spec_parse(*state, S("x >=1,"), &spec, &err), ERR_INVALID);
    assert_string_equal(err.msg, "match spec \"x >=1,\": \">=1,\" is not a version and a build");
    assert_int_equal(conda_spec_parse(*state, S("x =>1"), &spec, &err), ERR_INVALID);
    assert_string_equal(err.msg, "match spec \"x =>1\": \"=>\" is not an operator");
    assert_int_equal(conda_spec_parse(*state, S("x 1..2"), &spec, &err), ERR_INVALID);
    assert_string_equal(err.msg, "match spec \"x 1..2\": version \"1..2\" has an empty part");
}

static void conditions_are_marked(void **state)
{
    struct conda_spec spec = {0};

    assert_int_equal(conda_spec_parse(*state, S("x[when=\"__linux\"]"), &spec, NULL), OK);
    assert_true(spec.conditional);
    assert_str(spec.name, "x");
    spec.conditional = false;
    assert_int_equal(
        conda_spec_parse(*state, S("x 1[when='python <3.9 and __unix or y=2']"), &spec, NULL), OK);
    assert_true(spec.conditional);
    assert_int_equal(conda_spec_parse(*state, S("x[when='python <3.9 and y ==']"), &spec, NULL),
                     ERR_INVALID);
}

static void long_specs_are_refused(void **state)
{
    static char text[LIMIT_CONDA_SPEC + 1];
    struct conda_spec spec;
    struct err err = {0};
    size_t n = 0;

    memset(text, '1', sizeof(text));
    text[n++] = 'x';
    text[n++] = ' ';
    for (; n + 5 < LIMIT_CONDA_SPEC; n += 5)
        memcpy(text + n, ">=10,", 5);
    assert_int_equal(conda_spec_parse(*state, (struct str){text, LIMIT_CONDA_SPEC}, &spec, &err),
                     OK);
    assert_int_equal(
        conda_spec_parse(*state, (struct str){text, LIMIT_CONDA_SPEC + 1}, &spec, &err),
        ERR_INVALID);
    assert_non_null(strstr(err.msg, "too long"));
}

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 40; cap++) {
        struct arena *tiny = arena_open(cap);
        struct conda_spec spec = {0};
        enum err_code code = conda_spec_parse(tiny, S("abcdef >=1.2.3"), &spec, NULL);

        assert_true(code == ERR_NOMEM || (code == OK && cap > 30));
        arena_close(tiny);
    }
}

/* --- real channels -------------------------------------------------------------------------- */

struct tally {
    struct arena *mem;
    size_t specs, versions;
};

static void check_list(struct tally *t, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct conda_spec spec;
        struct err err = {0};

        if (conda_spec_parse(t->mem, json_str(json_array_get(list, i)), &spec, &err))
            print_error("%s\n", err.msg);
        assert_int_equal(err.code, OK);
        t->specs++;
    }
}

static void check_records(struct tally *t, json_t *records)
{
    for (void *i = json_object_iter(records); i; i = json_object_iter_next(records, i)) {
        const json_t *record = json_object_iter_value(i);
        struct str file = str_of(json_object_iter_key(i));
        const struct conda_version *version;
        struct conda_filename name;
        struct arena *mem = arena_open(MIB);
        struct tally one = {.mem = mem};
        struct err err = {0};

        if (conda_filename_parse(file, &name, &err) ||
            conda_version_parse(mem, json_get_str(record, "version"), &version, &err))
            print_error("%s\n", err.msg);
        assert_int_equal(err.code, OK);
        check_list(&one, json_object_get(record, "depends"));
        check_list(&one, json_object_get(record, "constrains"));
        t->specs += one.specs;
        t->versions++;
        arena_close(mem);
    }
}

static void all_records_of_real_channels_are_accepted(void **state)
{
    static const char *const indexes[] = {
        "conda-forge-subchannel/linux-64",   "conda-forge-subchannel/linux-aarch64",
        "conda-forge-subchannel/osx-64",     "conda-forge-subchannel/osx-arm64",
        "conda-forge-subchannel/win-64",     "conda-forge-subchannel/noarch",
        "rattler-channels/pytorch/linux-64",
    };
    const char *folder = getenv("TERRARIUM_TEST_DATA");
    struct tally t = {0};

    for (size_t i = 0; i < COUNT(indexes); i++) {
        AUTO(json_decrefp) json_t *repodata = NULL;
        struct str text;
        char *path = str_z(*state, str_fmt(*state, "%s/repodata/%s/repodata.json",
                                           folder ? folder : "../shared/data", indexes[i]));

        if (fs_read(*state, path, 8 * MIB, &text, NULL)) {
            print_message("skipped: no real data (TERRARIUM_TEST_DATA)\n");
            skip();
        }
        assert_int_equal(json_parse_object(text, &repodata, NULL), OK);
        check_records(&t, json_object_get(repodata, "packages"));
        check_records(&t, json_object_get(repodata, "packages.conda"));
    }
    assert_true(t.versions > 10000);
    assert_true(t.specs > 40000);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(specs_are_taken_apart),
        WITH_ARENA(specs_that_some_client_cannot_read_are_refused),
        WITH_ARENA(messages_say_what_is_wrong),
        WITH_ARENA(conditions_are_marked),
        WITH_ARENA(long_specs_are_refused),
        cmocka_unit_test(lack_of_memory_is_told),
        WITH_ARENA(all_records_of_real_channels_are_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
