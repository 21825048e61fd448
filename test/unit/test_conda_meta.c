#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "format/conda_meta.h"
#include "format/json.h"

static int open_arena(void **state)
{
    *state = arena_open(16 * MIB);
    return *state ? 0 : -1;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

/* As if index_json lay in the package `file`, uploaded to subdir. */
static enum err_code parse(struct arena *mem, struct str index_json, const char *file,
                           const char *subdir, struct conda_record *ret, struct err *err)
{
    struct conda_filename name;

    assert_int_equal(conda_filename_parse(str_of(file), &name, NULL), OK);
    return conda_record_parse(mem, index_json, &name, str_of(subdir), ret, err);
}

static void assert_json(const json_t *v, const char *expected)
{
    AUTO(buf_done) struct buf text = BUF_INIT(MIB);

    json_canonical(&text, v);
    assert_true(buf_ok(&text));
    assert_str(buf_str(&text), expected);
}

static void assert_record(struct arena *mem, const char *index_json, const char *file,
                          const char *subdir, const char *expected)
{
    struct conda_record r = {0};
    struct err err = {0};

    if (parse(mem, str_of(index_json), file, subdir, &r, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    assert_json(r.record, expected);
    conda_record_done(&r);
    assert_null(r.record);
}

/* A good index.json of evil-1.0-0, with more members before the last ones. */
#define EVIL                                                                                       \
    "\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\",\"build_number\":0,\"depends\":[]"
#define NOARCH "\"subdir\":\"noarch\""

static void assert_refused(struct arena *mem, struct str index_json, const char *why)
{
    struct conda_record r = {.build_number = 7};
    struct err err = {0};

    if (!parse(mem, index_json, "evil-1.0-0.conda", "noarch", &r, &err))
        print_error(STR_FMT " is accepted\n", STR_ARG(index_json));
    assert_int_equal(err.code, ERR_INVALID);
    if (!strstr(err.msg, why))
        print_error("\"%s\" does not say \"%s\"\n", err.msg, why);
    assert_non_null(strstr(err.msg, why));
    assert_true(str_starts(str_of(err.msg), S("index.json: ")));
    assert_null(r.record);
    assert_int_equal(r.build_number, 7);
}

/* The whole of index.json of numpy-1.26.4-py312heda63a1_0.conda on conda-forge. */
static void a_record_is_the_index_json_less_what_nobody_reads(void **state)
{
    assert_record(
        *state,
        "{\n \"arch\": \"x86_64\", \"platform\": \"linux\", \"has_prefix\": true,"
        "\"build\": \"py312heda63a1_0\", \"build_number\": 0, \"constrains\": "
        "[\"numpy-base <0a0\"], \"depends\": [\"libblas >=3.9.0,<4.0a0\", \"libgcc-ng >=12\", "
        "\"python >=3.12,<3.13.0a0\", \"python_abi 3.12.* *_cp312\"], \"license\": "
        "\"BSD-3-Clause\", \"license_family\": \"BSD\", \"name\": \"numpy\", \"subdir\": "
        "\"linux-64\", \"timestamp\": 1707225421156, \"version\": \"1.26.4\"}",
        "numpy-1.26.4-py312heda63a1_0.conda", "linux-64",
        "{\"build\":\"py312heda63a1_0\",\"build_number\":0,\"constrains\":[\"numpy-base <0a0\"],"
        "\"depends\":[\"libblas >=3.9.0,<4.0a0\",\"libgcc-ng >=12\",\"python >=3.12,<3.13.0a0\","
        "\"python_abi 3.12.* *_cp312\"],\"license\":\"BSD-3-Clause\",\"license_family\":\"BSD\","
        "\"name\":\"numpy\",\"subdir\":\"linux-64\",\"timestamp\":1707225421156,"
        "\"version\":\"1.26.4\"}");
}

static void all_known_keys_are_kept(void **state)
{
    static const char *const text =
        "{\"app_cli_opts\":\"-a\",\"app_entry\":\"run\",\"app_own_environment\":true,"
        "\"app_type\":\"desk\",\"build\":\"0\",\"build_number\":9007199254740992,"
        "\"constrains\":[],\"depends\":[],\"features\":\"mkl\",\"icon\":\"a.png\","
        "\"legacy_bz2_md5\":\"d41d8cd98f00b204e9800998ecf8427e\",\"legacy_bz2_size\":0,"
        "\"license\":\"a\\nb\",\"license_family\":\"MIT\",\"name\":\"evil\","
        "\"namespace\":\"python\",\"namespace_in_name\":false,\"noarch\":\"python\","
        "\"preferred_env\":\"_evil_\",\"provides_features\":{\"blas\":\"mkl\"},"
        "\"purls\":[\"pkg:pypi/evil\",\"pkg:github/a/b@1.0\"],"
        "\"python_site_packages_path\":\"lib/python3.13t/site-packages\",\"schema_version\":1,"
        "\"subdir\":\"noarch\",\"summary\":\"x\\ty\",\"timestamp\":253402300799999,"
        "\"track_features\":[\"mkl\"],\"type\":\"app\",\"version\":\"1.0\"}";

    assert_record(*state, text, "evil-1.0-0.conda", "noarch", text);
}

static void what_the_server_or_a_client_owns_is_dropped(void **state)
{
    assert_record(*state,
                  "{" EVIL "," NOARCH ",\"md5\":\"0\",\"sha256\":\"f\",\"size\":1,\"fn\":\"x\","
                  "\"filename\":\"x\",\"url\":\"http://evil.example/x\",\"channel\":\"x\","
                  "\"schannel\":\"x\",\"signatures\":{},\"revoked\":true,"
                  "\"indexed_timestamp\":1,\"record_version\":2,\"run_exports\":{},"
                  "\"extra_depends\":{},\"flags\":[],\"requires\":[\"a\"],\"binstar\":{},"
                  "\"machine\":\"x\",\"operatingsystem\":\"x\",\"requires_features\":{},"
                  "\"mtime\":1,\"ucs\":4,\"target-triplet\":\"x\",\"__proto__\":1,\"\":[]}",
                  "evil-1.0-0.conda", "noarch",
                  "{\"build\":\"0\",\"build_number\":0,\"depends\":[],\"name\":\"evil\","
                  "\"subdir\":\"noarch\",\"version\":\"1.0\"}");
}

static void null_is_left_out_and_depends_and_subdir_are_always_there(void **state)
{
    assert_record(*state,
                  "{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\",\"build_number\":1,"
                  "\"depends\":null,\"constrains\":null,\"subdir\":null,\"noarch\":null,"
                  "\"license\":null,\"timestamp\":null,\"track_features\":null,\"arch\":null}",
                  "evil-1.0-0.tar.bz2", "linux-64",
                  "{\"build\":\"0\",\"build_number\":1,\"depends\":[],\"name\":\"evil\","
                  "\"subdir\":\"linux-64\",\"version\":\"1.0\"}");
}

static void facts_are_told_beside_the_record(void **state)
{
    struct conda_record r = {0};

    assert_int_equal(parse(*state,
                           S("{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\","
                             "\"build_number\":12,\"schema_version\":2,\"timestamp\":1700000000}"),
                           "evil-1.0-0.conda", "osx-64", &r, NULL),
                     OK);
    assert_str(r.name, "evil");
    assert_str(r.version, "1.0");
    assert_str(r.build, "0");
    assert_str(r.subdir, "osx-64");
    assert_int_equal(r.build_number, 12);
    assert_int_equal(r.schema_version, 2);
    assert_true(r.timestamp_ms == 1700000000000); /* old packages have seconds */
    assert_int_equal(r.record->refcount, 1);
    conda_record_done(&r);

    assert_int_equal(parse(*state, S("{" EVIL ",\"timestamp\":1707225421156}"), "evil-1.0-0.conda",
                           "osx-64", &r, NULL),
                     OK);
    assert_true(r.timestamp_ms == 1707225421156);
    assert_int_equal(r.schema_version, 1);
    conda_record_done(&r);

    assert_int_equal(parse(*state, S("{" EVIL "}"), "evil-1.0-0.conda", "osx-64", &r, NULL), OK);
    assert_int_equal(r.timestamp_ms, 0);
    conda_record_done(&r);
}

static void packages_without_a_subdir_say_it_in_other_words(void **state)
{
    static const struct {
        const char *members, *subdir;
    } good[] = {
        {"\"platform\":\"osx\",\"arch\":\"x86_64\"", "osx-64"},
        {"\"platform\":\"win\",\"arch\":\"x86\"", "win-32"},
        {"\"platform\":\"linux\",\"arch\":\"aarch64\"", "linux-aarch64"},
        {"\"platform\":\"zos\",\"arch\":\"z\"", "zos-z"},
        {"\"platform\":\"linux\",\"arch\":null", "win-64"},
        {"\"platform\":5,\"arch\":[]", "win-64"},
        {"\"noarch\":\"generic\"", "noarch"},
        {"\"noarch\":true,\"platform\":\"linux\",\"arch\":\"x86_64\"", "noarch"},
        {"\"noarch\":false", "linux-64"},
        {"\"noarch\":\"\"", "linux-64"},
        {"\"license\":\"MIT\"", "noarch"},
    };
    static const char *const bad[][2] = {
        {"\"platform\":\"osx\",\"arch\":\"x86_64\"", "linux-64"},
        {"\"platform\":\"osx\",\"arch\":\"x86_64\"", "noarch"},
        {"\"platform\":\"..\",\"arch\":\"x86\"", "win-32"},
        {"\"noarch\":\"generic\"", "linux-64"},
        {"\"noarch\":true", "linux-64"},
    };

    for (size_t i = 0; i < COUNT(good) + COUNT(bad); i++) {
        bool is_good = i < COUNT(good);
        const char *members = is_good ? good[i].members : bad[i - COUNT(good)][0];
        const char *subdir = is_good ? good[i].subdir : bad[i - COUNT(good)][1];
        struct str text = str_fmt(*state, "{" EVIL ",%s}", members);
        struct conda_record r = {0};
        struct err err = {0};

        if (!parse(*state, text, "evil-1.0-0.conda", subdir, &r, &err) != is_good)
            print_error("%s in %s: %s\n", members, subdir, err.msg);
        assert_int_equal(err.code, is_good ? OK : ERR_INVALID);
        conda_record_done(&r);
    }
}

/* --- hostile and broken packages ------------------------------------------------------------ */

static void wrong_values_are_refused(void **state)
{
    static const struct {
        const char *member, *why;
    } cases[] = {
        {"\"constrains\":\"a\"", "\"constrains\" is not a list of strings"},
        {"\"constrains\":[[\"a\"]]", "\"constrains\" is not a list of strings"},
        {"\"constrains\":[null]", "\"constrains\" is not a list of strings"},
        {"\"constrains\":{}", "\"constrains\" is not a list of strings"},
        {"\"constrains\":[\"x >=,\"]", "\"constrains\" has a match spec \"x >=,\""},
        {"\"constrains\":[\"\"]", "it is empty"},
        {"\"constrains\":[\"a\\u001b[31m\"]", "printable ASCII"},
        {"\"constrains\":[\"a[when='b']\"]", "repodata v3"},
        {"\"timestamp\":1600000000000.0", "\"timestamp\" is not an integer"},
        {"\"timestamp\":\"1600000000000\"", "\"timestamp\" is not an integer"},
        {"\"timestamp\":-1", "\"timestamp\" is -1, not 0 to 253402300799999"},
        {"\"timestamp\":253402300800000", "\"timestamp\" is 253402300800000"},
        {"\"noarch\":\"Python\"", "\"noarch\" is neither"},
        {"\"noarch\":1", "\"noarch\" is neither"},
        {"\"noarch\":[]", "\"noarch\" is neither"},
        {"\"schema_version\":3", "repodata v3"},
        {"\"schema_version\":9223372036854775807", "repodata v3"},
        {"\"schema_version\":\"1\"", "\"schema_version\" is not an integer"},
        {"\"schema_version\":-1", "\"schema_version\" is -1"},
        {"\"license\":5", "\"license\" is not a string"},
        {"\"license\":[\"MIT\"]", "\"license\" is not a string"},
        {"\"license\":\"a\\u001b[31m\"", "\"license\" has a control character"},
        {"\"license\":\"a\\u007f\"", "\"license\" has a control character"},
        {"\"license_family\":{}", "\"license_family\" is not a string"},
        {"\"track_features\":1", "\"track_features\" is not a string"},
        {"\"track_features\":{}", "\"track_features\" is not a string"},
        {"\"track_features\":[1]", "\"track_features\" is not a list of strings"},
        {"\"track_features\":[\"a\\n\"]", "\"track_features\" has a control character"},
        {"\"features\":[\"a\"]", "\"features\" is not a string"},
        {"\"features\":\"a\\nb\"", "\"features\" has a control character"},
        {"\"provides_features\":{\"a\":1}", "\"provides_features\" is not a string"},
        {"\"provides_features\":{\"a\\n\":\"b\"}", "control character"},
        {"\"purls\":\"pkg:pypi/a\"", "\"purls\" is not a list"},
        {"\"purls\":[\"https://x\"]", "not a package URL"},
        {"\"purls\":[\"pkg:pypi\"]", "not a package URL"},
        {"\"purls\":[\"pkg:/a\"]", "not a package URL"},
        {"\"purls\":[\"pkg:pypi/a b\"]", "not a package URL"},
        {"\"purls\":[\"pkg:pypi/\"]", "not a package URL"},
        {"\"python_site_packages_path\":\"/lib\"", "within the prefix"},
        {"\"python_site_packages_path\":\"lib/../../x\"", "within the prefix"},
        {"\"python_site_packages_path\":\"..\"", "within the prefix"},
        {"\"python_site_packages_path\":\"lib//x\"", "within the prefix"},
        {"\"python_site_packages_path\":\"\"", "within the prefix"},
        {"\"python_site_packages_path\":\"C:\\\\x\"", "relative path"},
        {"\"python_site_packages_path\":\"a\\\\..\\\\b\"", "relative path"},
        {"\"python_site_packages_path\":1", "is not a string"},
        {"\"legacy_bz2_md5\":\"D41D8CD98F00B204E9800998ECF8427E\"", "MD5"},
        {"\"legacy_bz2_md5\":5", "MD5"},
        {"\"legacy_bz2_size\":-5", "\"legacy_bz2_size\" is -5"},
        {"\"icon\":\"../a.png\"", "plain file name"},
        {"\"app_entry\":\"a\\u0007\"", "control character"},
        {"\"app_own_environment\":1", "is not a string"},
        {"\"summary\":[]", "\"summary\" is not a string"},
        {"\"build\":\"0\"", "duplicate"},
        {"\"x\":1e999", "64 bits"},
        {"\"x\":\"\\ud800\"", "Unicode"},
        {"\"x\":\"\\u0000\"", "\\u0000"},
        {"\"x\":NaN", "line 1"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(*state, str_fmt(*state, "{" EVIL "," NOARCH ",%s}", cases[i].member),
                       cases[i].why);
}

static void texts_that_are_no_record_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "empty"},
        {"not json", "not valid JSON"},
        {"[]", "not an object"},
        {"null", "not an object"},
        {"\xef\xbb\xbf{" EVIL "}", "byte order mark"},
        {"{\"name\":\"evil\",\"license\":\"\xe9\"}", "unable to decode"},
        {"{" EVIL "} ,", "end of file"},
        {"{}", "\"name\" is missing"},
        {"{\"version\":\"1.0\",\"build\":\"0\",\"build_number\":0}", "\"name\" is missing"},
        {"{\"name\":null,\"version\":\"1.0\"}", "\"name\" is missing"},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\"}", "\"build_number\" is missing"},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build_number\":0}", "\"build\" is missing"},
        {"{\"name\":\"evil\",\"build\":\"0\",\"build_number\":0}", "\"version\" is missing"},
        {"{\"name\":\"innocent\"}", "\"name\" is \"innocent\", but the file name says \"evil\""},
        {"{\"name\":\"Evil\"}", "\"name\" is \"Evil\""},
        {"{\"name\":\"a/b\"}", "\"name\" is \"a/b\""},
        {"{\"name\":\"..\"}", "\"name\" is \"..\""},
        {"{\"name\":\"ev\\u0000il\"}", "\\u0000"},
        {"{\"name\":\"<script>alert(1)</script>\"}", "\"name\" is"},
        {"{\"name\":[\"evil\"]}", "\"name\" is not a string"},
        {"{\"name\":\"evil\",\"version\":[1,0]}", "\"version\" is not a string"},
        {"{\"name\":\"evil\",\"version\":1.0}", "\"version\" is not a string"},
        {"{\"name\":\"evil\",\"version\":\"1/../../2\"}", "\"version\" is \"1/../../2\""},
        {"{\"name\":\"evil\",\"version\":\"1.0.0\"}", "\"version\" is \"1.0.0\""},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"1\"}", "\"build\" is \"1\""},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\",\"build_number\":\"0\"}",
         "\"build_number\" is not an integer"},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\",\"build_number\":-1}",
         "\"build_number\" is -1"},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\",\"build_number\":1.0}",
         "\"build_number\" is not an integer"},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\",\"build_number\":true}",
         "\"build_number\" is not an integer"},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\","
         "\"build_number\":9007199254740993}",
         "\"build_number\" is 9007199254740993"},
        {"{\"name\":\"evil\",\"version\":\"1.0\",\"build\":\"0\","
         "\"build_number\":10000000000000000000000000000000000000000}",
         "64 bits"},
        {"{" EVIL ",\"subdir\":\"win-64\"}",
         "\"subdir\" is \"win-64\", but the upload says \"noarch\""},
        {"{" EVIL ",\"subdir\":\"../../x\"}", "\"subdir\" is \"../../x\""},
        {"{" EVIL ",\"subdir\":1}", "\"subdir\" is not a string"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(*state, str_of(cases[i].text), cases[i].why);
    assert_refused(*state, S("\xff\xfe{\0\"\0"), "unable to decode");
}

static void a_version_that_clients_cannot_read_is_refused(void **state)
{
    struct conda_record r = {0};
    struct err err = {0};

    assert_int_equal(parse(*state,
                           S("{\"name\":\"evil\",\"version\":\"1..2\",\"build\":\"0\","
                             "\"build_number\":0}"),
                           "evil-1..2-0.conda", "noarch", &r, &err),
                     ERR_INVALID);
    assert_string_equal(
        err.msg, "index.json: \"version\" cannot be read by clients: version \"1..2\" has an empty "
                 "part");
}

/* "[open][unit],[unit],...[close]": n units. */
static struct str repeated(struct arena *mem, const char *open, const char *unit, size_t n,
                           const char *close)
{
    AUTO(buf_done) struct buf text = BUF_INIT(8 * MIB);

    buf_addz(&text, open);
    for (size_t i = 0; i < n; i++) {
        buf_addz(&text, i ? "," : "");
        buf_addz(&text, unit);
    }
    buf_addz(&text, close);
    assert_true(buf_ok(&text));
    return str_dup(mem, buf_str(&text));
}

static void sizes_are_bounded(void **state)
{
    struct conda_record r = {0};
    struct arena *mem = *state;

    assert_int_equal(
        parse(mem,
              repeated(mem, "{" EVIL ",\"constrains\":[", "\"a >=1\"", LIMIT_CONDA_DEPENDS, "]}"),
              "evil-1.0-0.conda", "noarch", &r, NULL),
        OK);
    conda_record_done(&r);
    assert_refused(
        mem,
        repeated(mem, "{" EVIL ",\"constrains\":[", "\"a >=1\"", LIMIT_CONDA_DEPENDS + 1, "]}"),
        "has 2001 items, more than 2000");
    assert_refused(mem, repeated(mem, "{" EVIL ",\"constrains\":[", "\"a\"", 100000, "]}"),
                   "has 100000 items");
    assert_refused(mem, repeated(mem, "{" EVIL ",\"license\":\"", "x", 5000, "\"}"),
                   "longer than 4096");
    assert_refused(mem, repeated(mem, "{" EVIL ",\"features\":\"", "x", 5000, "\"}"),
                   "longer than 1024");
    assert_refused(mem, repeated(mem, "{" EVIL ",\"purls\":[", "\"pkg:a/b\"", 101, "]}"),
                   "more than 100");
    assert_refused(mem, repeated(mem, "{" EVIL ",\"track_features\":[", "\"a\"", 101, "]}"),
                   "more than 100");
    assert_refused(
        mem, repeated(mem, "[", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 2, "]"),
        "nested deeper");
}

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 24; cap++) {
        struct arena *tiny = arena_open(cap);
        struct conda_record r = {0};

        assert_int_equal(parse(tiny, S("{" EVIL "}"), "evil-1.0-0.conda", "noarch", &r, NULL),
                         ERR_NOMEM);
        assert_null(r.record);
        arena_close(tiny);
    }
}

/* --- run_exports.json and about.json --------------------------------------------------------- */

static void run_exports_keep_lists_of_strings(void **state)
{
    static const char *const cases[][2] = {
        {"", "{}"},
        {"{}", "{}"},
        {"null", "{}"},
        {"\"oops\"", "{}"},
        {"5", "{}"},
        {"{\"weak\":[\"zlib >=1.2.11,<1.3.0a0\"]}", "{\"weak\":[\"zlib >=1.2.11,<1.3.0a0\"]}"},
        {"[\"a\",\"b >=1\"]", "{\"weak\":[\"a\",\"b >=1\"]}"},
        {"[]", "{\"weak\":[]}"},
        {"{\"weak\":[],\"strong\":[\"a\"],\"noarch\":[\"b\"],\"weak_constrains\":[\"c\"],"
         "\"strong_constrains\":[\"d\"]}",
         "{\"noarch\":[\"b\"],\"strong\":[\"a\"],\"strong_constrains\":[\"d\"],\"weak\":[],"
         "\"weak_constrains\":[\"c\"]}"},
        {"{\"weak\":\"a\",\"strong\":{},\"noarch\":null,\"x\":[\"a\"]}", "{}"},
        {"{\"weak\":[1,null,\"a\",[\"b\"],\"c\\n\"]}", "{\"weak\":[\"a\"]}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(json_decrefp) json_t *v = NULL;

        assert_int_equal(conda_run_exports_parse(str_of(cases[i][0]), &v, NULL), OK);
        assert_json(v, cases[i][1]);
    }
}

static void run_exports_that_are_not_json_are_refused(void **state)
{
    struct err err = {0};
    json_t *v = NULL;

    (void)state;
    assert_int_equal(conda_run_exports_parse(S("{weak}"), &v, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "run_exports.json: not valid JSON"));
    assert_null(v);
}

static void about_keeps_what_people_read(void **state)
{
    static const char *const cases[][2] = {
        {"", "{}"},
        {"not json", "{}"},
        {"[]", "{}"},
        {"{\"summary\":\"a\\u0000\"}", "{}"},
        {"{\"home\":\"https://example.org/\",\"dev_url\":[\"http://a\",\"HTTPS://b\"],"
         "\"summary\":\"s\",\"description\":\"d\\n<b>\",\"license_file\":[\"a\",\"b\"],"
         "\"keywords\":[\"k\"],\"tags\":[],\"identifiers\":[],\"channels\":[\"x\"],"
         "\"extra\":{\"a\":1},\"root_pkgs\":[\"a\"],\"conda_version\":\"4\"}",
         "{\"description\":\"d\\n<b>\",\"dev_url\":[\"http://a\",\"HTTPS://b\"],"
         "\"home\":\"https://example.org/\",\"keywords\":[\"k\"],\"license_file\":[\"a\",\"b\"],"
         "\"summary\":\"s\"}"},
        {"{\"home\":\"javascript:alert(1)\",\"dev_url\":[\"javascript:alert(2)\","
         "\"data:text/html,x\"],\"doc_url\":\"vbscript:x\",\"source_url\":\"//a\","
         "\"source_git_url\":\"git@a:b\",\"license_url\":\"https://a b\","
         "\"doc_source_url\":\"https://a\\nb\",\"icon_url\":\" https://a\"}",
         "{}"},
        {"{\"home\":null,\"summary\":[\"a\"],\"description\":{\"x\":1},\"license\":5,"
         "\"tags\":[1,\"a\",null],\"source_git_tag\":1.5}",
         "{\"tags\":[\"a\"]}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(json_decrefp) json_t *v = NULL;
        struct err err = {0};

        assert_int_equal(conda_about_parse(str_of(cases[i][0]), &v, &err), OK);
        assert_int_equal(err.code, OK);
        assert_json(v, cases[i][1]);
    }
}

static void over_long_texts_are_cut_at_a_character(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(MIB);
    AUTO(json_decrefp) json_t *v = NULL;

    (void)state;
    buf_addz(&text, "{\"home\":\"https://");
    for (size_t i = 0; i < 2000; i++)
        buf_addc(&text, 'a');
    buf_addz(&text, "\",\"summary\":\"a");
    for (size_t i = 0; i < 1000; i++)
        buf_addz(&text, "\xe2\x82\xac");
    buf_addz(&text, "\",\"description\":\"");
    for (size_t i = 0; i < 100000; i++)
        buf_addc(&text, 'd');
    buf_addz(&text, "\",\"tags\":[");
    for (size_t i = 0; i < 1000; i++)
        buf_addz(&text, i ? ",\"t\"" : "\"t\"");
    buf_addz(&text, "]}");
    assert_int_equal(conda_about_parse(buf_str(&text), &v, NULL), OK);
    assert_null(json_object_get(v, "home"));
    assert_int_equal(json_get_str(v, "summary").len, 1 + 341 * 3); /* of at most 1024 */
    assert_int_equal(json_get_str(v, "description").len, 64 * KIB);
    assert_int_equal(json_array_size(json_object_get(v, "tags")), 100);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(a_record_is_the_index_json_less_what_nobody_reads),
        WITH_ARENA(all_known_keys_are_kept),
        WITH_ARENA(what_the_server_or_a_client_owns_is_dropped),
        WITH_ARENA(null_is_left_out_and_depends_and_subdir_are_always_there),
        WITH_ARENA(facts_are_told_beside_the_record),
        WITH_ARENA(packages_without_a_subdir_say_it_in_other_words),
        WITH_ARENA(wrong_values_are_refused),
        WITH_ARENA(texts_that_are_no_record_are_refused),
        WITH_ARENA(a_version_that_clients_cannot_read_is_refused),
        WITH_ARENA(sizes_are_bounded),
        cmocka_unit_test(lack_of_memory_is_told),
        cmocka_unit_test(run_exports_keep_lists_of_strings),
        cmocka_unit_test(run_exports_that_are_not_json_are_refused),
        cmocka_unit_test(about_keeps_what_people_read),
        cmocka_unit_test(over_long_texts_are_cut_at_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
