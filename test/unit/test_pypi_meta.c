#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "format/json.h"
#include "format/pypi_meta.h"

#define LEAST "Metadata-Version: 2.1\nName: Demo.Pkg\nVersion: 1.0\n"

static int enter(void **state)
{
    *state = arena_open(64 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static void check_about(struct arena *a, const char *text, const char *expected)
{
    AUTO(buf_done) struct buf out = BUF_INIT(MIB);
    struct pypi_meta m = {0};
    struct err err = {0};

    if (pypi_meta_parse(a, str_of(text), &m, &err))
        print_error("%s\n", err.msg);
    assert_int_equal(err.code, OK);
    json_canonical(&out, m.about);
    assert_str(buf_str(&out), expected);
    pypi_meta_done(&m);
}

static void refused(struct arena *a, const char *text, const char *why)
{
    struct pypi_meta m = {0};
    struct err err = {0};

    assert_int_equal(pypi_meta_parse(a, str_of(text), &m, &err), ERR_INVALID);
    if (!strstr(err.msg, why))
        print_error("%s\n", err.msg);
    assert_non_null(strstr(err.msg, why));
    assert_null(m.about);
}

static void name_and_version_are_as_spelled(void **state)
{
    struct pypi_meta m = {0};

    assert_int_equal(pypi_meta_parse(*state, S(LEAST), &m, NULL), OK);
    assert_str(m.name, "Demo.Pkg");
    assert_str(m.version, "1.0");
    assert_str(m.requires_python, "");
    assert_true(json_is_object(m.about) && !json_object_size(m.about));
    pypi_meta_done(&m);
}

static void metadata_versions_of_the_known_kinds_pass(void **state)
{
    static const char *const good[] = {"1.0", "1.1", "1.2", "1.3", "2.0", "2.1",
                                       "2.2", "2.3", "2.4", "2.5", "2.99"};

    for (size_t i = 0; i < COUNT(good); i++) {
        struct pypi_meta m = {0};
        struct str text = str_fmt(*state, "Metadata-Version: %s\nName: a\nVersion: 1\n", good[i]);

        assert_int_equal(pypi_meta_parse(*state, text, &m, NULL), OK);
        pypi_meta_done(&m);
    }
}

static void what_everything_hangs_on_must_be_there_once(void **state)
{
    refused(*state, "", "the metadata has no field \"Metadata-Version\"");
    refused(*state, "Metadata-Version: 9.9\nName: a\nVersion: 1\n",
            "Metadata-Version \"9.9\" is unknown");
    refused(*state, "Metadata-Version: 2\nName: a\nVersion: 1\n", "\"2\" is not a number like 2.1");
    refused(*state, "Metadata-Version: 2.x\nName: a\nVersion: 1\n", "is not a number like 2.1");
    refused(*state, "Metadata-Version: 2.1\nVersion: 1\n", "has no field \"Name\"");
    refused(*state, "Metadata-Version: 2.1\nName: a\n", "has no field \"Version\"");
    refused(*state, "Metadata-Version: 2.1\nName: a\nVersion: UNKNOWN\n", "no field \"Version\"");
    refused(*state, LEAST "Name: other\n", "the metadata has 2 fields \"Name\"");
    refused(*state, LEAST "version: 1.0\n", "the metadata has 2 fields \"Version\"");
    refused(*state, "Metadata-Version: 2.1\nName: a/b\nVersion: 1\n",
            "metadata: project name \"a/b\" has a character");
    refused(*state, "Metadata-Version: 2.1\nName: a\nVersion: 2010i\n",
            "metadata: version \"2010i\" is not one");
}

static void requires_python_must_be_readable(void **state)
{
    struct pypi_meta m = {0};

    refused(*state, LEAST "Requires-Python: >=3.8\"><script>\n",
            "Requires-Python: version specifier");
    refused(*state, LEAST "Requires-Python: >=3\nRequires-Python: >=2\n",
            "the metadata has several fields \"Requires-Python\"");
    assert_int_equal(
        pypi_meta_parse(*state, S(LEAST "Requires-Python: >=3.8, !=3.9.*\n"), &m, NULL), OK);
    assert_str(m.requires_python, ">=3.8, !=3.9.*");
    pypi_meta_done(&m);
}

static void about_has_what_the_file_says(void **state)
{
    check_about(*state,
                LEAST "Summary: A  demo\n of it\nAuthor: J\xc3\xbcrgen\nAuthor-email: j@x.org\n"
                      "Classifier: A :: B\nClassifier: C\nPlatform: UNKNOWN\nProvides-Extra: x\n"
                      "License: MIT\nHome-page: UNKNOWN\nRequires-Dist: a>1\nRequires-Dist: b\n"
                      "Description-Content-Type: text/markdown\n\n\n# Demo\n\ntext\n\n",
                "{\"author\":\"J\\u00fcrgen\",\"author_email\":\"j@x.org\","
                "\"classifiers\":[\"A :: B\",\"C\"],\"description\":\"# Demo\\n\\ntext\","
                "\"description_content_type\":\"text/markdown\",\"license\":\"MIT\","
                "\"provides_extra\":[\"x\"],\"requires_dist\":[\"a>1\",\"b\"],"
                "\"summary\":\"A  demo of it\"}");
}

static void description_of_old_stands_in_a_header(void **state)
{
    check_about(*state, LEAST "Description: first\n        \n          second\n        third\n",
                "{\"description\":\"first\\n\\n  second\\nthird\"}");
    check_about(*state, LEAST "Description: header\n\nbody\n", "{\"description\":\"body\"}");
    check_about(*state, LEAST "\nUNKNOWN\n\n", "{}");
}

static void keywords_are_split(void **state)
{
    check_about(*state, LEAST "Keywords: big dog,,cat , UNKNOWN\n",
                "{\"keywords\":[\"big dog\",\"cat\"]}");
    check_about(*state, LEAST "Keywords: dog  cat\n", "{\"keywords\":[\"dog\",\"cat\"]}");
}

static void only_addresses_of_the_web_are_kept(void **state)
{
    check_about(*state,
                LEAST "Home-page: javascript:alert(1)\nProject-URL: Home, javascript:alert(1)\n"
                      "Project-URL: no address\nDownload-URL: ftp://h/x\n",
                "{}");
    check_about(*state,
                LEAST "Project-URL: Source Code, https://h/s\nProject-URL: Docs, http://h/d\n"
                      "Project-URL: Home-Page, HTTPS://h\nProject-URL: Other, https://h/a,b\n",
                "{\"dev_url\":\"https://h/s\",\"doc_url\":\"http://h/d\",\"home\":\"HTTPS://h\","
                "\"project_urls\":{\"Docs\":\"http://h/d\",\"Home-Page\":\"HTTPS://h\","
                "\"Other\":\"https://h/a,b\",\"Source Code\":\"https://h/s\"}}");
    check_about(*state, LEAST "Home-page: https://a\nProject-URL: Homepage, https://b\n",
                "{\"home\":\"https://a\",\"project_urls\":{\"Homepage\":\"https://b\"}}");
}

static void license_expression_goes_before_the_text(void **state)
{
    check_about(*state, LEAST "License: long text\n        of it\nLicense-Expression: MIT\n",
                "{\"license\":\"MIT\",\"license_expression\":\"MIT\"}");
    check_about(*state, LEAST "License: long text\n        of it\n",
                "{\"license\":\"long text\\nof it\"}");
}

static void overlong_texts_are_cut_at_a_character(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(MIB);
    struct pypi_meta m = {0};

    buf_addz(&text, LEAST "Summary: ");
    for (size_t i = 0; i < 2000; i++)
        buf_addz(&text, i ? "\xc3\xa4" : "x");
    buf_addz(&text, "\n\n");
    for (size_t i = 0; i < 70 * KIB; i++)
        buf_addc(&text, 'd');
    assert_int_equal(pypi_meta_parse(*state, buf_str(&text), &m, NULL), OK);
    assert_int_equal(json_get_str(m.about, "summary").len, 1023);
    assert_int_equal(json_get_str(m.about, "description").len, 64 * KIB);
    pypi_meta_done(&m);
}

static void lists_end_somewhere(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(MIB);
    struct pypi_meta m = {0};

    buf_addz(&text, LEAST);
    for (size_t i = 0; i < 300; i++)
        buf_addf(&text, "Classifier: c%zu\nRequires-Dist: r%zu\n", i, i);
    assert_int_equal(pypi_meta_parse(*state, buf_str(&text), &m, NULL), OK);
    assert_int_equal(json_array_size(json_object_get(m.about, "classifiers")), 200);
    assert_int_equal(json_array_size(json_object_get(m.about, "requires_dist")), 300);
    pypi_meta_done(&m);
}

static void file_name_must_agree(void **state)
{
    static const struct {
        const char *name, *why;
    } cases[] = {
        {"demo_pkg-1.0.0-py3-none-any.whl", NULL},
        {"Demo.Pkg-1.tar.gz", NULL},
        {"other-1.0.tar.gz",
         "the metadata is of project \"Demo.Pkg\", but the file name says \"other\""},
        {"demo_pkg-1.1.tar.gz",
         "the metadata is of version \"1.0\", but the file name says \"1.1\""},
        {"demo_pkg-1.0+l.tar.gz", "the metadata is of version"},
    };
    struct pypi_meta m = {0};

    assert_int_equal(pypi_meta_parse(*state, S(LEAST), &m, NULL), OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pypi_filename f;
        struct err err = {0};

        assert_int_equal(pypi_filename_parse(*state, str_of(cases[i].name), S(""), &f, NULL), OK);
        assert_int_equal(pypi_meta_check_filename(&m, &f, &err), cases[i].why ? ERR_INVALID : OK);
        if (cases[i].why)
            assert_non_null(strstr(err.msg, cases[i].why));
    }
    pypi_meta_done(&m);
}

static void attributes_are_what_the_client_would_say(void **state)
{
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"a-1-cp311-abi3-linux_x86_64.whl",
         "{\"abi\":\"abi3\",\"build_no\":0,\"packagetype\":\"bdist_wheel\","
         "\"platform\":\"linux_x86_64\",\"python_version\":\"cp311\"}"},
        {"a-1-2b-py2.py3-none-any.whl",
         "{\"abi\":null,\"build_no\":\"2b\",\"packagetype\":\"bdist_wheel\",\"platform\":null,"
         "\"python_version\":\"py2.py3\"}"},
        {"a-1.tar.gz", "{\"packagetype\":\"sdist\",\"python_version\":\"source\"}"},
        {"a-1-py3.8.egg", "{\"packagetype\":\"bdist_egg\",\"python_version\":\"py3.8\"}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(json_decrefp) json_t *attrs = NULL;
        AUTO(buf_done) struct buf out = BUF_INIT(KIB);
        struct pypi_filename f;

        assert_int_equal(pypi_filename_parse(*state, str_of(cases[i].name), S(""), &f, NULL), OK);
        attrs = pypi_attrs(&f);
        json_canonical(&out, attrs);
        assert_str(buf_str(&out), cases[i].expected);
    }
}

static void every_lack_of_arena_is_told(void **state)
{
    size_t refusals = 0;

    (void)state;
    for (size_t room = 0; room < 8 * KIB; room += 64) {
        AUTO(arena_closep) struct arena *a = arena_open(room);
        struct pypi_meta m = {0};
        enum err_code rc = pypi_meta_parse(
            a,
            S(LEAST "Summary: s\nKeywords: a,b\nProject-URL: a, https://b\nRequires-Dist: x>1\n"
                    "Classifier: c\n\nbody\n"),
            &m, NULL);

        assert_true(rc == OK || rc == ERR_NOMEM);
        refusals += rc == ERR_NOMEM;
        if (!rc)
            pypi_meta_done(&m);
    }
    assert_true(refusals > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_and_version_are_as_spelled),
        cmocka_unit_test(metadata_versions_of_the_known_kinds_pass),
        cmocka_unit_test(what_everything_hangs_on_must_be_there_once),
        cmocka_unit_test(requires_python_must_be_readable),
        cmocka_unit_test(about_has_what_the_file_says),
        cmocka_unit_test(description_of_old_stands_in_a_header),
        cmocka_unit_test(keywords_are_split),
        cmocka_unit_test(only_addresses_of_the_web_are_kept),
        cmocka_unit_test(license_expression_goes_before_the_text),
        cmocka_unit_test(overlong_texts_are_cut_at_a_character),
        cmocka_unit_test(lists_end_somewhere),
        cmocka_unit_test(file_name_must_agree),
        cmocka_unit_test(attributes_are_what_the_client_would_say),
        cmocka_unit_test(every_lack_of_arena_is_told),
    };

    return cmocka_run_group_tests_name("pypi_meta", tests, enter, leave);
}
