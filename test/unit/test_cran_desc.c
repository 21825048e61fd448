#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "format/cran_desc.h"
#include "format/json.h"

#define BASE "Package: evil\nVersion: 1.0\n"

/* The value of a field, which lives as long as *fields. */
static struct str parse(const char *text, json_t **fields, const char *field)
{
    struct err err = {0};

    json_decref(*fields);
    *fields = NULL;
    if (cran_desc_parse(str_of(text), fields, &err))
        print_error("%s\n", err.msg);
    assert_non_null(*fields);
    return json_get_str(*fields, field);
}

static void fields_are_read(void **state)
{
    AUTO(json_decrefp) json_t *f = NULL;

    (void)state;
    assert_str(parse(BASE "Title:  A title \nEmpty:\nConfig/testthat/edition: 3", &f, "Title"),
               "A title");
    assert_int_equal(json_object_size(f), 5);
    assert_str(json_get_str(f, "Package"), "evil");
    assert_str(json_get_str(f, "Version"), "1.0");
    assert_str(json_get_str(f, "Empty"), "");
    assert_str(json_get_str(f, "Config/testthat/edition"), "3");
    assert_str(
        parse("\n \nPackage: evil\r\nVersion:1.0\r\nURL: https://x.org:8\r\n\r\n\n", &f, "URL"),
        "https://x.org:8");
    assert_str(json_get_str(f, "Version"), "1.0");
}

static void continued_lines_are_parted_by_line_ends(void **state)
{
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    AUTO(json_decrefp) json_t *f = NULL;
    const char *text =
        BASE "Depends: R (>= 3.5),\n    stats,\n\tutils\nAuthors@R:\n  c(person(\"A:B\"))\n";

    (void)state;
    assert_str(parse(text, &f, "Depends"), "R (>= 3.5),\nstats,\nutils");
    assert_str(json_get_str(f, "Authors@R"), "\nc(person(\"A:B\"))");
    assert_str(cran_desc_line(mem, f, "Depends"), "R (>= 3.5), stats, utils");
    assert_str(cran_desc_line(mem, f, "Authors@R"), "c(person(\"A:B\"))");
    assert_null(cran_desc_line(mem, f, "Imports").ptr);
}

static void declared_encodings_become_utf_8(void **state)
{
    static const struct {
        const char *text, *author;
    } cases[] = {
        {BASE "Author: caf\xe9\nEncoding: latin1\n", "café"},
        {BASE "Encoding: latin9\nAuthor: \xa4\n", "€"},
        {BASE "Encoding: latin2\nAuthor: \xb3\n", "ł"},
        {BASE "Encoding: UTF-8\nAuthor: caf\xc3\xa9\n", "café"},
        {BASE "Author: caf\xc3\xa9\n", "café"},
        {BASE "Author: caf\xe9\n", "café"}, /* as before encodings were declared */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(json_decrefp) json_t *f = NULL;

        assert_str(parse(cases[i].text, &f, "Author"), cases[i].author);
    }
}

static void what_readers_take_differently_is_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "there is no field \"Package\""},
        {"Version: 1.0\n", "there is no field \"Package\""},
        {"Package: evil\n", "there is no field \"Version\""},
        {"Package: e\nVersion: 1.0\n", "package name \"e\" is not at least two letters, digits and "
                                       "dots, a letter first and no dot last"},
        {"Package: evil\n x\nVersion: 1.0\n",
         "package name \"evil?x\" is not at least two letters, digits and dots, a letter first and "
         "no dot last"},
        {"Package: evil\nVersion: 1\n",
         "version \"1\" is not two or more numbers with \".\" or \"-\" between"},
        {"\xef\xbb\xbf" BASE, "it begins with a byte order mark, which R takes for a letter of the "
                              "first field"},
        {BASE "Title: T\n\nPackage: other\n",
         "line 5: text after an empty line would be a second record"},
        {BASE "Title: T\n \t\nPackage: other\n",
         "line 5: text after an empty line would be a second record"},
        {BASE "Version: 2.0\n", "field \"Version\" is there twice"},
        {BASE "Title: T\rPackage: other\n", "line 3 has the control character 0x0d"},
        {BASE "Title: T\r\r\n", "line 3 has the control character 0x0d"},
        {BASE "Title: T\fx\n", "line 3 has the control character 0x0c"},
        {BASE "Title: T\x7f\n", "line 3 has the control character 0x7f"},
        {BASE "Title: T\xc2\x85Package: other\n", "line 3 has a control character"},
        {BASE "Title: T\xe2\x80\xa8Package: other\n", "line 3 has a control character"},
        {BASE "Title: T\xe2\x80\xa9Package: other\n", "line 3 has a control character"},
        {BASE "Title\n", "line 3, \"Title\", is neither \"Field: value\" nor indented"},
        {BASE ": x\n", "line 3: \"\" is no name of a field"},
        {BASE "A title: x\n", "line 3: \"A title\" is no name of a field"},
        {BASE "Titl\xc3\xa9: x\n", "line 3: \"Titlé\" is no name of a field"},
        {BASE "# a: comment\n", "line 3: \"# a\" is no name of a field"},
        {BASE "#a: comment\n", "line 3: \"#a\" is no name of a field"},
        {" Package: evil\n", "line 1 is indented, but no field comes before it"},
        {BASE "Encoding: KOI8-R\n",
         "Encoding \"KOI8-R\" is none of UTF-8, latin1, latin2 and latin9"},
        {BASE "Encoding: UTF-8\nAuthor: caf\xe9\n", "line 4 is not UTF-8"},
        {BASE "Encoding: latin2\nAuthor: \x80\n", "line 4: byte 0x80 stands for no character"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_t *f = NULL;
        struct err err = {0};
        char why[400];

        (void)snprintf(why, sizeof(why), "DESCRIPTION: %s", cases[i].why);
        assert_int_equal(cran_desc_parse(str_of(cases[i].text), &f, &err), ERR_INVALID);
        assert_string_equal(err.msg, why);
        assert_null(f);
    }
    assert_int_equal(cran_desc_parse(S(BASE "Title: a\0b\n"), &(json_t *){NULL}, NULL),
                     ERR_INVALID);
}

static void size_and_number_of_fields_are_limited(void **state)
{
    AUTO(buf_done) struct buf text = BUF_INIT(8 * MIB);
    AUTO(json_decrefp) json_t *f = NULL;
    struct err err = {0};

    (void)state;
    buf_addz(&text, BASE);
    for (int i = 2; i < LIMIT_CRAN_FIELDS; i++)
        buf_addf(&text, "F%d: x\n", i);
    assert_int_equal(cran_desc_parse(buf_str(&text), &f, NULL), OK);
    assert_int_equal(json_object_size(f), LIMIT_CRAN_FIELDS);
    buf_addz(&text, "More: x\n");
    assert_int_equal(cran_desc_parse(buf_str(&text), &(json_t *){NULL}, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "DESCRIPTION: more than 500 fields");
    while (text.len <= LIMIT_INFO_MEMBER)
        buf_add(&text, S(" more of a very long value, again and again and again and again and\n"));
    assert_int_equal(cran_desc_parse(buf_str(&text), &(json_t *){NULL}, &err), ERR_TOO_BIG);
    assert_string_equal(err.msg, "DESCRIPTION: larger than 4194304 bytes");
}

static enum err_code check(const char *more, const char *file, struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(KIB);
    AUTO(json_decrefp) json_t *f = NULL;
    struct cran_filename name = {0};

    buf_addf(&text, BASE "%s\n", more);
    assert_int_equal(cran_desc_parse(buf_str(&text), &f, NULL), OK);
    assert_int_equal(cran_filename_parse(str_of(file), &name, NULL), OK);
    return cran_desc_check(f, &name, err);
}

static void fields_must_be_those_of_the_file(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(check("", "evil_1.0.tar.gz", NULL), OK);
    assert_int_equal(check("", "other_1.0.tar.gz", &err), ERR_INVALID);
    assert_string_equal(err.msg,
                        "DESCRIPTION: Package is \"evil\", but the file name says \"other\"");
    assert_int_equal(check("", "Evil_1.0.tar.gz", &err), ERR_INVALID);
    assert_int_equal(check("", "evil_1.0.0.tar.gz", &err), ERR_INVALID);
    assert_string_equal(err.msg,
                        "DESCRIPTION: Version is \"1.0\", but the file name says \"1.0.0\"");
}

static void lists_of_packages_are_judged(void **state)
{
    static const char *const good[] = {
        "Depends: R",
        "Depends: R (>= 3.5), methods",
        "Depends: R(>=3.5),methods",
        "Imports: a.b (== 1.0-1),\n  cd\n (>= 2),",
        "Suggests:",
        "LinkingTo: Rcpp (!= 1.0), Rcpp (< 2), , BH (> 1), xx (<= 3)",
        "Depends: R (>= r60001)",
        "Enhances: ab",
    };
    static const char *const bad[] = {
        "Depends: R (>= <script>alert(1)</script>)",
        "Depends: R (3.5)",
        "Depends: R (>= )",
        "Depends: R (>= 3.5",
        "Depends: R >= 3.5",
        "Depends: R (=> 3.5)",
        "Depends: R (>= 3..5)",
        "Depends: R (>= 3.)",
        "Depends: R (>= x)",
        "Depends: R () x",
        "Imports: a b",
        "Suggests: x",
        "LinkingTo: ../ab",
        "Enhances: github::ab",
        "Depends: (>= 3.5)",
    };
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(check(good[i], "evil_1.0.tar.gz", NULL), OK);
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (!check(bad[i], "evil_1.0.tar.gz", &err))
            print_error("\"%s\" is accepted\n", bad[i]);
        assert_int_equal(check(bad[i], "evil_1.0.tar.gz", &err), ERR_INVALID);
    }
    assert_int_equal(check("Imports: ab,\n  c d", "evil_1.0.tar.gz", &err), ERR_INVALID);
    assert_string_equal(err.msg, "DESCRIPTION: Imports: \"c d\" is neither \"package\" nor "
                                 "\"package (>= version)\"");
}

static void choices_are_judged(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(check("OS_type: unix\nNeedsCompilation: No", "evil_1.0.tar.gz", NULL), OK);
    assert_int_equal(check("OS_type:\nNeedsCompilation: yes", "evil_1.0.tar.gz", NULL), OK);
    assert_int_equal(check("OS_type: vms", "evil_1.0.tar.gz", &err), ERR_INVALID);
    assert_string_equal(err.msg, "DESCRIPTION: OS_type is \"vms\", not \"unix\" or \"windows\"");
    assert_int_equal(check("NeedsCompilation: maybe", "evil_1.0.tar.gz", &err), ERR_INVALID);
    assert_string_equal(err.msg,
                        "DESCRIPTION: NeedsCompilation is \"maybe\", not \"yes\" or \"no\"");
}

static void each_field_of_indexes_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < CRAN_INDEXED; i++)
        assert_non_null(cran_indexed[i]);
    assert_string_equal(cran_indexed[CRAN_PACKAGE], "Package");
    assert_string_equal(cran_indexed[CRAN_VERSION], "Version");
    assert_string_equal(cran_indexed[CRAN_EVERYWHERE - 1], "Archs");
    assert_string_equal(cran_indexed[CRAN_NEEDS_COMPILATION], "NeedsCompilation");
    assert_string_equal(cran_indexed[CRAN_BUILT], "Built");
}

static void index_has_its_fields_on_one_line_each(void **state)
{
    static const char text[] = BASE "Title: T\nDepends: R (>= 3.5),\n  stats\nPath: ../x\nFile: x\n"
                                    "MD5sum: x\nRepository: x\nOS_type:\n";
    AUTO(arena_closep) struct arena *mem = arena_open(MIB);
    AUTO(json_decrefp) json_t *f = NULL, *index = NULL;
    AUTO(json_decrefp)
    json_t *expected = json_pack("{s:s, s:s, s:s, s:s}", "Package", "evil", "Version", "1.0",
                                 "Depends", "R (>= 3.5), stats", "NeedsCompilation", "no");

    (void)state;
    assert_int_equal(cran_desc_parse(str_of(text), &f, NULL), OK);
    assert_int_equal(cran_desc_index(mem, f, false, &index, NULL), OK);
    assert_true(json_equal(index, expected));
    json_decref(index);
    assert_int_equal(cran_desc_index(mem, f, true, &index, NULL), OK);
    assert_str(json_get_str(index, "NeedsCompilation"), "yes");
    assert_int_equal(json_object_set_new(f, "NeedsCompilation", json_string("no")), 0);
    json_decref(index);
    assert_int_equal(cran_desc_index(mem, f, true, &index, NULL), OK);
    assert_str(json_get_str(index, "NeedsCompilation"), "no");
}

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        AUTO(json_decrefp) json_t *f = NULL;
        enum err_code rc;

        mem_fail_at(n);
        rc = cran_desc_parse(S(BASE "Title: T\n"), &f, NULL);
        mem_fail_at(0);
        if (!rc) {
            assert_true(n > 2);
            return;
        }
        assert_int_equal(rc, ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(continued_lines_are_parted_by_line_ends),
        cmocka_unit_test(declared_encodings_become_utf_8),
        cmocka_unit_test(what_readers_take_differently_is_refused),
        cmocka_unit_test(size_and_number_of_fields_are_limited),
        cmocka_unit_test(fields_must_be_those_of_the_file),
        cmocka_unit_test(lists_of_packages_are_judged),
        cmocka_unit_test(choices_are_judged),
        cmocka_unit_test(each_field_of_indexes_has_its_name),
        cmocka_unit_test(index_has_its_fields_on_one_line_each),
        cmocka_unit_test(lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
